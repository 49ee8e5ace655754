#!/usr/bin/env python3
"""wsserve with many connections, a stuck receiver and a flooding client.

Called by run.py; on its own it writes its section to standard output:

    tests/bench/crowd.py [--rounds N]
"""
import argparse
import json
import os
import statistics
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
WSSERVE = os.path.join(ROOT, "build", "wsserve")
WSBENCH = os.path.join(ROOT, "build", "wsbench")
CROWD = os.path.join(ROOT, "build", "bench", "crowd")


class Server:
    """wsserve on one core, ended at the end of the block."""

    def __init__(self, *options, core=None):
        pin = [] if core is None else ["taskset", "-c", str(core)]
        self.process = subprocess.Popen(
            pin + [WSSERVE, "--port=0", "--announce", "--quiet", *options],
            stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
        self.url = self.process.stdout.readline().split()[1]
        self.port = self.url.rstrip("/").rsplit(":", 1)[1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def crowd(connections, processes, *stuck):
    # The crowd knows no pings, and takes long on a slow machine.
    with Server("--broadcast", "--max-connections=20000", "--ping-interval=10m") as server:
        done = subprocess.run(
            [CROWD, server.port, str(server.process.pid), str(connections), str(processes), *stuck],
            stdout=subprocess.PIPE, text=True, timeout=300, check=False)
    return {name: float(value) for name, value in map(str.split, done.stdout.splitlines())}


def steady(url):
    """The 99th percentile of the round trips of 100 clients that send 2,000 messages a second."""
    done = subprocess.run(
        ["taskset", "-c", "1", WSBENCH, "-c", "100", "-R", "2000", "-d", "1s", "-s", "100",
         "--format=json", url], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        timeout=60, check=False)
    return json.loads(done.stdout)["rtt"]["p99_us"]


def flooded(server, target):
    flood = subprocess.Popen(
        ["nice", "-n", "19", "taskset", "-c", "1", WSBENCH, "--quiet", "-c", "1", "-w", "16",
         "-s", "1M", "-d", "2s", target.url], stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL)
    try:
        return steady(server.url)
    finally:
        flood.terminate()
        flood.wait()


def times(values):
    return f"{statistics.median(values):.0f} µs ({min(values):.0f}–{max(values):.0f})"


def ratio(ones, others):
    return f"× {statistics.median(a / b for a, b in zip(ones, others)):.2f}"


def section(rounds, progress):
    progress("10,000 connections")
    many = crowd(10000, 4)
    without, stuck, alone, flood, control = [], [], [], [], []
    for index in range(rounds):
        progress(f"round {index + 1}: a receiver that is stuck, a client that floods")
        without.append(crowd(1000, 1, "0")["p99_us"])
        stuck.append(crowd(1000, 1, "1")["p99_us"])
        with Server(core=0) as server, Server(core=0) as other:
            alone.append(steady(server.url))
            flood.append(flooded(server, server))
            control.append(flooded(server, other))
    return f"""## Many connections

{many["connections"]:,.0f} connections from four processes to `wsserve --broadcast`, all limits but
`--max-connections` at their defaults, without pings: {many["idle_bytes"]:.0f} bytes of RSS a connection while all are idle.
Then each sends a message to all others: {many["expected"]:,.0f} deliveries in {many["seconds"]:.1f} s,
{many["lost"]:.0f} lost, {many["wrong"]:.0f} connections with a wrong sum.

One sends to 1,000 connections, one of which never reads; the 99th percentile of the others' delivery
times:

| all read | one does not | |
|---|---|---|
| {times(without)} | {times(stuck)} | {ratio(stuck, without)} |

100 clients with 2,000 messages a second between them, and one that floods with 1 MiB messages, 16 in
flight; the 99th percentile of the 100 clients' round trips. The flood uses the rest of both cores, so it is also sent to another server on the same core, to separate
the server's effect from the machine's:

| no flood | a flood to another server | a flood to the same server | to another |
|---|---|---|---|
| {times(alone)} | {times(control)} | {times(flood)} | {ratio(flood, control)} |
"""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    print(section(args.rounds, lambda text: print(text, file=sys.stderr)))


if __name__ == "__main__":
    main()
