#!/usr/bin/env python3
"""Prints wall time and peak memory of a command with all its child processes, as one line of a table.

processes.py --head            the head of the table
processes.py RUNS COMMAND...   the median of so many runs; what the command prints goes nowhere

Memory is the sum of the resident sets of all its processes at one moment, the most that was seen: looked at every few
milliseconds, so that a very short peak may be missed, and with shared pages counted once for each process.
"""
import os
import statistics
import subprocess
import sys
import time

PAUSE = 0.003
PAGE = os.sysconf("SC_PAGE_SIZE")


def resident(pid):
    """Bytes that a process and all below it hold, and how many they are."""
    total, count, todo = 0, 0, [pid]
    while todo:
        one = todo.pop()
        try:
            with open(f"/proc/{one}/statm") as file:
                total += int(file.read().split()[1]) * PAGE
            count += 1
            for task in os.listdir(f"/proc/{one}/task"):
                with open(f"/proc/{one}/task/{task}/children") as file:
                    todo += [int(child) for child in file.read().split()]
        except (OSError, IndexError):
            continue
    return total, count


def measure(command):
    start = time.perf_counter()
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    memory = processes = 0
    while process.poll() is None:
        now, count = resident(process.pid)
        memory, processes = max(memory, now), max(processes, count)
        time.sleep(PAUSE)
    return time.perf_counter() - start, memory, processes, process.returncode


def main():
    row = "{:<24} {:>9} {:>14} {:>15} {:>5}"
    if sys.argv[1] == "--head":
        print(row.format("command", "seconds", "peak memory", "most processes", "exit"))
        return
    runs = [measure(sys.argv[2:]) for _ in range(int(sys.argv[1]))]
    seconds, memory, processes, code = (statistics.median(column) for column in zip(*runs))
    name = " ".join([os.path.basename(sys.argv[2]), *sys.argv[3:]])[:24]
    print(row.format(name, f"{seconds:.2f}", f"{memory / 2**20:.1f} MiB", int(processes), int(code)))


if __name__ == "__main__":
    main()
