"""Sends to ports and listens on them: what gets through is what a caller would see.

serve PROTOCOL:PORT...            answers on all of them, over IPv4 and IPv6; says "ready"
probe PROTOCOL/ADDRESS/PORT...    prints a line for each: open or closed
echo PORT                         repeats what it is told over TCP
hold ADDRESS PORT                 connects; repeats each line of its input by way of the other end
flood ADDRESS FROM COUNT          sends a datagram to each of so many ports, each from another port of its own
"""

import os
import select
import socket
import sys
import threading
import time

PATIENCE = float(os.environ.get("PROBE_PATIENCE", "2"))
AGAIN = 0.4


def serve(wanted):
    sockets = {}
    for one in wanted:
        protocol, port = one.split(":")
        kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
        listener = socket.socket(socket.AF_INET6, kind)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listener.bind(("::", int(port)))
        if protocol == "tcp":
            listener.listen(64)
        sockets[listener] = protocol
    print("ready", flush=True)
    while True:
        for ready in select.select(list(sockets), [], [])[0]:
            if sockets[ready] == "tcp":
                connection, _ = ready.accept()
                connection.setblocking(False)
                try:
                    connection.send(b"!")
                except OSError:
                    pass
                connection.close()
            else:
                data, sender = ready.recvfrom(100)
                try:
                    ready.sendto(data, sender)
                except OSError:
                    pass


def probe(wanted):
    waiting = {}
    answered = set()
    for number, one in enumerate(wanted):
        protocol, address, port = one.split("/")
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
        sender = socket.socket(family, kind)
        sender.setblocking(False)
        try:
            sender.connect((address, int(port)))
        except BlockingIOError:
            pass
        waiting[sender] = (number, protocol)
    end = time.monotonic() + PATIENCE
    again = 0.0
    while waiting and time.monotonic() < end:
        if time.monotonic() >= again:
            again = time.monotonic() + AGAIN
            for sender, (_, protocol) in waiting.items():
                if protocol == "udp":
                    try:
                        sender.send(b"?")
                    except OSError:
                        pass
        for ready in select.select(list(waiting), [], [], 0.05)[0]:
            number, _ = waiting[ready]
            try:
                if ready.recv(1):
                    answered.add(number)
            except OSError:
                pass
            del waiting[ready]
    for number, _ in enumerate(wanted):
        print("open" if number in answered else "closed")


def echo(wanted):
    listener = socket.create_server(("::", int(wanted[0])), family=socket.AF_INET6, dualstack_ipv6=True)
    print("ready", flush=True)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=repeat, args=[connection], daemon=True).start()


def repeat(connection):
    while data := connection.recv(100):
        connection.send(data)


def hold(wanted):
    connection = socket.create_connection((wanted[0], int(wanted[1])), timeout=5)
    print("ready", flush=True)
    for line in sys.stdin:
        connection.send(line.encode())
        try:
            print(connection.recv(100).decode(), end="", flush=True)
        except OSError:
            print("lost", flush=True)


def flood(wanted):
    family = socket.AF_INET6 if ":" in wanted[0] else socket.AF_INET
    for port in range(int(wanted[1]), int(wanted[1]) + int(wanted[2])):
        sender = socket.socket(family, socket.SOCK_DGRAM)
        sender.sendto(b"media", (wanted[0], port))
        sender.close()


if __name__ == "__main__":
    {"serve": serve, "probe": probe, "echo": echo, "hold": hold, "flood": flood}[sys.argv[1]](sys.argv[2:])
