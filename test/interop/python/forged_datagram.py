"""Sends one UDP datagram over a raw socket (root only), its source address and port as given.

usage: forged_datagram.py SOURCE_ADDRESS SOURCE_PORT PORT TEXT
"""

import socket
import struct
import sys


def main():
    source, source_port, port, text = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4].encode()
    # RFC 768; a checksum of 0 says that there is none. The kernel fills in the length and checksum of the IP header.
    udp = struct.pack("!HHHH", source_port, port, 8 + len(text), 0) + text
    addresses = socket.inet_aton(source) + socket.inet_aton("127.0.0.1")
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 0, 0, 0, 64, socket.IPPROTO_UDP, 0) + addresses
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as raw:
        raw.sendto(ip + udp, ("127.0.0.1", 0))


main()
