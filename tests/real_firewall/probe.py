"""Sends to ports and listens on them: what gets through is what a caller would see.

serve PROTOCOL:PORT...            answers on all of them, over IPv4 and IPv6; says "ready"
probe PROTOCOL/ADDRESS/PORT...    prints a line for each: open or closed
"""

import os
import select
import socket
import sys
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


if __name__ == "__main__":
    {"serve": serve, "probe": probe}[sys.argv[1]](sys.argv[2:])
