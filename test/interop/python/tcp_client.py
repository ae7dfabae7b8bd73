"""Sends all of its stdin to 127.0.0.1:PORT, then reads 16 bytes at a time until as many have come back, and writes them.

usage: tcp_client.py PORT [half-close]     with half-close: ends its sending first, and reads to the end instead
"""

import socket
import sys
import threading


def main():
    message = sys.stdin.buffer.read()
    half_close = sys.argv[2:] == ["half-close"]
    with socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=30) as connection:

        def send():
            connection.sendall(message)
            if half_close:
                connection.shutdown(socket.SHUT_WR)

        # Beside the reading: nobody echoes without limit to one who does not read.
        sender = threading.Thread(target=send)
        sender.start()
        received = 0
        while half_close or received < len(message):
            data = connection.recv(65536 if half_close else 16)
            if not data:
                break
            received += len(data)
            sys.stdout.buffer.write(data)
        sender.join()
    sys.stdout.flush()


main()
