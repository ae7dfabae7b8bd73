"""Sends its stdin as one datagram to 127.0.0.1:PORT, and writes the one datagram that comes back.

usage: udp_client.py PORT
"""

import socket
import sys


def main():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.settimeout(30)
        peer.sendto(sys.stdin.buffer.read(), ("127.0.0.1", int(sys.argv[1])))
        data, _ = peer.recvfrom(4096)
        sys.stdout.buffer.write(data)
    sys.stdout.flush()


main()
