#!/usr/bin/env python3
"""Benchmark: what a cluster costs: fan-out to local clients with Redis and without, and the time from node to node.
For run.py; by itself it prints its section, or puts it into docs/benchmarks.md:

    tests/bench/cluster.py [--rounds N] [--seconds S] [--into FILE] [--busy]

--busy: also where others use the machine, which the section says.
"""
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

from measure import (CLIENT_CPU, ENV, ROOT, Board, Server, dropped, pinned, progress, quietly, section_alone, table,
                     today)

sys.path.append(os.path.join(ROOT, "tests", "fixtures"))
import wire  # noqa: E402

WSBENCH = os.path.join(ROOT, "build", "wsbench")
WSSERVE = [os.path.join(ROOT, "build", "wsserve"), "--port=0", "--announce", "--quiet", "--broadcast",
           "--max-connections=0"]
WS = ["node", os.path.join(ROOT, "tests", "bench", "broadcast_ws.js")]
ALONE, TOGETHER, THEIRS, THEIRS_TOGETHER = "wsserve", "wsserve --cluster", "npm ws", "npm ws, redis"
NAMES = [ALONE, TOGETHER, THEIRS, THEIRS_TOGETHER]
RECEIVERS = {10: 20000, 100: 4000, 1000: 400}  # and the messages a second that are sent to them
SIZE = 100
PROBES, APART_S = 500, 0.002
BACKGROUND = 2000  # messages a second beside the probes
BESIDE = ["nothing else", f"{BACKGROUND:,} messages a second"]
TITLE = "## A cluster through Redis"


class Redis(Server):
    """Without files, on the clients' core."""

    def __init__(self):
        self.name = "Redis"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.folder = tempfile.TemporaryDirectory()
        self.process = subprocess.Popen(
            ["taskset", "-c", str(CLIENT_CPU), "redis-server", "--port", str(self.port), "--bind", "127.0.0.1",
             "--save", "", "--appendonly", "no", "--dir", self.folder.name], stdout=subprocess.DEVNULL)
        for _ in range(200):
            with socket.socket() as test:
                if test.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise RuntimeError("Redis did not start")

    def stop(self):
        super().stop()
        self.folder.cleanup()


def command(name, redis):
    url = f"redis://127.0.0.1:{redis.port}"
    return {ALONE: WSSERVE, TOGETHER: WSSERVE + [f"--cluster={url}/bench"], THEIRS: WS,
            THEIRS_TOGETHER: WS + [url]}[name]


def started(name, redis):
    server = Server(name, command(name, redis))
    time.sleep(0.2)  # until it has subscribed
    return server


def fan_out(name, redis, receivers, seconds):
    """Deliveries a second of the server's CPU: one client sends, the others receive."""
    server = started(name, redis)

    def run():
        done = pinned(WSBENCH, "--quiet", "--mode=broadcast", "-c", receivers + 1, "-R", RECEIVERS[receivers],
                      "-s", SIZE, "-d", f"{seconds}s", "--format=json", f"ws://127.0.0.1:{server.port}/")
        if done.returncode != 0:
            raise RuntimeError(done.stderr.strip())
        return json.loads(done.stdout)["messages"]["received"]
    try:
        received, cpu = quietly(server, run, redis)
    finally:
        server.stop()
    return received / cpu if cpu > 0 else None


def probe(source, target):
    """Milliseconds from a client of one node to a client of another, one message at a time."""
    times = []
    sender = wire.connect(f"ws://127.0.0.1:{source.port}/")
    receiver = wire.connect(f"ws://127.0.0.1:{target.port}/")
    for index in range(PROBES):
        mark = f"probe {index}".encode()
        begun = time.perf_counter()
        sender.send(wire.BINARY, mark)
        while receiver.message()[1] != mark:
            pass
        times.append((time.perf_counter() - begun) * 1e3)
        time.sleep(APART_S)
    for stream in (sender, receiver):
        stream.sock.close()
    return times


def crossing(name, redis, busy):
    """The median and the 99th percentile of probe()."""
    nodes, load = [], None
    try:
        nodes = [started(name, redis), started(name, redis)]
        if busy:
            load = subprocess.Popen(
                ["taskset", "-c", str(CLIENT_CPU), WSBENCH, "--quiet", "--mode=broadcast", "-c", "10", "-R",
                 str(BACKGROUND), "-s", str(SIZE), "-d", "60s", f"ws://127.0.0.1:{nodes[0].port}/"], env=ENV,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(0.3)
        times = sorted(probe(*nodes))
        return statistics.median(times), times[len(times) * 99 // 100]
    finally:
        if load:
            load.kill()
            load.wait()
        for node in nodes:
            node.stop()


def span(values):
    values = list(values)
    return f"{statistics.median(values):.2f} ({min(values):.2f}–{max(values):.2f})" if values else "–"


def section(rounds, seconds):
    if not shutil.which("redis-server"):
        return ""
    board, redis = Board(), Redis()
    rows = {n: f"{n:,} receivers" for n in RECEIVERS}
    try:
        for index in range(rounds):
            for receivers, row in rows.items():
                for name in NAMES:
                    progress(f"round {index + 1}: cluster: {row}: {name}")
                    board.measure(row, name, lambda: fan_out(name, redis, receivers, seconds))
            for name in (TOGETHER, THEIRS_TOGETHER):
                for busy in (False, True):
                    progress(f"round {index + 1}: from node to node: {name}")
                    board.measure(BESIDE[busy], name, lambda: crossing(name, redis, busy))
    finally:
        redis.stop()
    lines = [f"| {name} | {beside} | {span(m for m, _ in board.good(beside, name))} | "
             f"{span(p for _, p in board.good(beside, name))} |"
             for name in (TOGETHER, THEIRS_TOGETHER) for beside in BESIDE]
    return f"""{TITLE}

Measured on {today()}, {rounds} interleaved rounds. `wsserve --broadcast`, and npm's ws with the
same work in JavaScript (`tests/bench/broadcast_ws.js`), by itself and with npm's `redis` through one Redis:
one client sends {SIZE} bytes, 20,000, 4,000 and 400 times a second, all others of the node receive. Deliveries per
second of the server's CPU, and after × the ratio to `wsserve` without a cluster in the same round;
{dropped(board)}, {board.failed} failed.

{table(board, list(rows.values()), NAMES, ALONE)}

From a client of one node to a client of another, both nodes on one core, Redis and the clients on the other:
milliseconds, the median and the 99th percentile of {PROBES} messages one at a time, with nothing else to do and
beside {BACKGROUND:,} messages a second that the first node publishes:

| | beside | median | 99th percentile |
|---|---|---:|---:|
{chr(10).join(lines)}

"""


if __name__ == "__main__":
    section_alone(section, TITLE)
