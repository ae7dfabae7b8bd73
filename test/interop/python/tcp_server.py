"""Listens on 127.0.0.1, prints the port, and echoes one connection 16 bytes at a time, printing each piece as text.

usage: tcp_server.py
"""

import socket


def main():
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(30)
        print(server.getsockname()[1], flush=True)
        connection, _ = server.accept()
        with connection:
            connection.settimeout(30)
            while data := connection.recv(16):
                print("got", repr(data.decode()), flush=True)
                connection.sendall(data)
            print("end", flush=True)


main()
