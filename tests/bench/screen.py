#!/usr/bin/env python3
"""Prints how a full-screen program behaves on a terminal of 80x24, as one line of a table.

screen.py --head                                the head of the table
screen.py RUNS 'KEYS' 'QUIT-KEYS' -- COMMAND... the median of so many runs

first frame   from the start to the last byte before the first pause of 60 ms
bytes         of that frame, and the fewest and most for one of the keys; those before a `|` are not counted
idle          bytes a second while nobody presses a key
memory        resident set of the program and all below it, at the end
back          whether the terminal's settings are as they were before
"""
import errno
import fcntl
import os
import pty
import re
import select
import signal
import statistics
import struct
import sys
import termios
import time

from processes import resident

KEYS = {"UP": b"\x1b[A", "DOWN": b"\x1b[B", "RIGHT": b"\x1b[C", "LEFT": b"\x1b[D", "ENTER": b"\r", "ESC": b"\x1b",
        "SPACE": b" ", "TAB": b"\t"}
# What a plain terminal answers, so that a program which asks it at the start does not wait in vain.
ANSWERS = [(re.compile(rb"\x1b\[6n"), b"\x1b[1;1R"), (re.compile(rb"\x1b\[5n"), b"\x1b[0n"),
           (re.compile(rb"\x1b\[0?c"), b"\x1b[?62;22c")]
QUIET, LIMIT, IDLE = 0.06, 5.0, 1.0
SIZE = struct.pack("HHHH", 24, 80, 0, 0)


class Screen:
    def __init__(self, command):
        self.seen, self.answered, self.gone = bytearray(), 0, False
        self.master, self.slave = pty.openpty()
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, SIZE)
        self.before = termios.tcgetattr(self.slave)
        environment = {name: value for name, value in os.environ.items() if name not in ("LINES", "COLUMNS")}
        environment["TERM"] = "linux"
        self.start = time.perf_counter()
        self.pid = os.fork()
        if self.pid == 0:
            os.setsid()
            fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)
            for descriptor in (0, 1, 2):
                os.dup2(self.slave, descriptor)
            os.closerange(3, 256)
            try:
                os.execvpe(command[0], command, environment)
            except OSError:
                os._exit(127)

    def read(self, seconds):
        """What comes within this time; when its last byte came, if any did."""
        last = None
        while select.select([self.master], [], [], 0 if last else seconds)[0]:
            try:
                chunk = os.read(self.master, 65536)
            except OSError as error:
                if error.errno != errno.EIO:
                    raise
                chunk = b""
            if not chunk:
                self.gone = True
                break
            last = time.perf_counter()
            self.seen += chunk
            for question, answer in ANSWERS:
                for found in question.finditer(self.seen, max(0, self.answered - 8)):
                    if found.end() > self.answered:
                        os.write(self.master, answer)
            self.answered = len(self.seen)
        return last

    def settle(self, quiet, limit):
        """Reads until something came and then nothing for a while; when the last byte came."""
        begun, last = time.perf_counter(), None
        while not self.gone and (now := time.perf_counter()) - begun < limit:
            if last and now - last > quiet:
                break
            last = self.read(0.005) or last
        return last or time.perf_counter()

    def press(self, name):
        """Sends a key; the bytes that came for it."""
        data, before = KEYS.get(name, name.encode()), len(self.seen)
        if self.seen.rfind(b"\x1b[?1h") > self.seen.rfind(b"\x1b[?1l"):
            data = data.replace(b"\x1b[", b"\x1bO")
        os.write(self.master, data)
        self.settle(QUIET, 1.0)
        return len(self.seen) - before

    def end(self, keys):
        """Leaves the program; whether the terminal is as before."""
        for name in keys:
            if not self.gone:
                self.press(name)
        end = time.perf_counter() + 1
        while os.waitpid(self.pid, os.WNOHANG)[0] == 0:
            if time.perf_counter() > end:
                os.kill(self.pid, signal.SIGKILL)
            self.read(0.01)
        back = termios.tcgetattr(self.slave)[:4] == self.before[:4]
        os.close(self.slave)
        os.close(self.master)
        return back


def measure(command, before_keys, keys, leaving):
    screen = Screen(command)
    first = (screen.settle(QUIET, LIMIT) - screen.start) * 1000
    frame = len(screen.seen)
    # What a look at the host found comes a little later; idle begins when that has ended.
    screen.settle(IDLE, LIMIT)
    before, end = len(screen.seen), time.perf_counter() + IDLE
    while time.perf_counter() < end:
        screen.read(0.02)
    idle = (len(screen.seen) - before) / IDLE
    for name in before_keys:
        screen.press(name)
    pressed = [screen.press(name) for name in keys]
    memory = resident(screen.pid)[0] / 2**20
    return first, frame, min(pressed), max(pressed), idle, memory, screen.end(leaving)


def main():
    row = "{:<24} {:>12} {:>7} {:>15} {:>10} {:>10} {:>5}"
    if sys.argv[1] == "--head":
        print(row.format("command", "first frame", "bytes", "bytes per key", "idle", "memory", "back"))
        return
    command = sys.argv[5:]
    before, _, keys = sys.argv[2].rpartition("|")
    runs = [measure(command, before.split(), keys.split(), sys.argv[3].split()) for _ in range(int(sys.argv[1]))]
    first, frame, low, high, idle, memory = (statistics.median(column) for column in list(zip(*runs))[:6])
    name = " ".join([os.path.basename(command[0]), *command[1:]])[:24]
    print(row.format(name, f"{first:.1f} ms", int(frame), f"{low:.0f} to {high:.0f}", f"{idle:.0f} B/s",
                     f"{memory:.1f} MiB", "yes" if all(run[6] for run in runs) else "NO"))


if __name__ == "__main__":
    main()
