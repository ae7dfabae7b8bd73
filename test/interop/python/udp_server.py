"""Binds to 127.0.0.1, prints the port, and sends each datagram back to where it came from, printing its length.

usage: udp_server.py COUNT     ends after so many
"""

import socket
import sys


def main():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.settimeout(30)
        server.bind(("127.0.0.1", 0))
        print(server.getsockname()[1], flush=True)
        for _ in range(int(sys.argv[1])):
            data, address = server.recvfrom(4096)
            print("got", len(data), flush=True)
            server.sendto(data, address)


main()
