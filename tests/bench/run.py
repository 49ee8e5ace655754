#!/usr/bin/env python3
"""The scoreboard: messages per second of the server's CPU, side by side, in interleaved rounds.

    tests/bench/run.py [--rounds N] [--seconds S] [--out FILE]

Server on one core, generator on another. Every figure is the median of its rounds with the least and
the most beside it, and its ratio to the bare WebSocket echo of the same round. A run during which
something else was busy on the machine, or the hypervisor took time away, is dropped, counted and
repeated. Writes Markdown to --out and progress to standard error.
"""
import argparse
import datetime
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import time

import crowd

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BENCH = os.path.join(ROOT, "build", "bench")
HERE = os.path.join(ROOT, "tests", "bench")
TICKS = os.sysconf("SC_CLK_TCK")
PYTHON = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else "python3"
SERVER_CPU, CLIENT_CPU = 0, 1
CONNECTIONS = 8
SIZES = [(20, "20 B"), (512, "512 B"), (16384, "16 KiB"), (1 << 20, "1 MiB")]
WINDOWS = [1, 32]
FOREIGN_LIMIT = 0.10  # of one core, by others, during a run
STEAL_LIMIT = 0.02
TRIES = 3

ENV = dict(os.environ, NODE_PATH=os.path.join(ROOT, "build", "npm", "node_modules"))
BUN = os.path.join(ROOT, "build", "npm", "node_modules", ".bin", "bun")
SERVERS = {
    "raw TCP echo": [f"{BENCH}/yardstick_raw"],
    "bare WebSocket echo": [f"{BENCH}/yardstick_bare"],
    "bare, cut through": [f"{BENCH}/yardstick_bare", "cut"],
    "wsserve": [f"{ROOT}/build/wsserve", "--port=0", "--announce", "--quiet",
                "--max-message-size=0", "--max-connections=0"],
    "bun": [BUN, f"{HERE}/echo_bun.js"],
    "npm ws": ["node", f"{HERE}/echo_ws.js"],
    "libwebsockets": [f"{BENCH}/echo_lws"],
    "python3-websockets": [PYTHON, f"{HERE}/echo_websockets.py"],
}
RAW, BARE = "raw TCP echo", "bare WebSocket echo"


def progress(text):
    print(f"\r{text}\033[K" if sys.stderr.isatty() else text, end="" if sys.stderr.isatty() else "\n",
          file=sys.stderr, flush=True)


class Server:
    def __init__(self, name):
        self.name = name
        self.process = subprocess.Popen(
            ["taskset", "-c", str(SERVER_CPU)] + SERVERS[name], stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, env=ENV, text=True)
        line = self.process.stdout.readline()
        found = re.search(r"(\d+)/?\s*$", line)
        if not line.startswith("listening") or not found:
            self.stop()
            raise RuntimeError(f"{name} did not start: {line!r}")
        self.port = int(found.group(1))

    def cpu(self):
        """Seconds of CPU time of all its threads."""
        with open(f"/proc/{self.process.pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def rss(self):
        with open(f"/proc/{self.process.pid}/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")

    def stop(self):
        self.process.kill()
        self.process.wait()


def machine_times():
    """Busy and stolen CPU seconds of the whole machine."""
    with open("/proc/stat") as file:
        user, nice, system, idle, iowait, irq, softirq, steal = map(int, file.readline().split()[1:9])
    return (user + nice + system + irq + softirq) / TICKS, steal / TICKS


def children_cpu():
    times = os.times()
    return times.children_user + times.children_system


class Dropped(Exception):
    pass


def quietly(server, run):
    """Runs `run`, and raises Dropped when the machine was not ours meanwhile. Returns its result and
    the server's CPU seconds."""
    busy, stolen = machine_times()
    own, cpu, begun = children_cpu(), server.cpu(), time.monotonic()
    result = run()
    seconds = time.monotonic() - begun
    busy_after, stolen_after = machine_times()
    cpu = server.cpu() - cpu
    foreign = (busy_after - busy) - cpu - (children_cpu() - own)
    # The clock ticks a hundred times a second: short runs cannot be judged finer than that.
    if foreign > FOREIGN_LIMIT * seconds + 0.06 or stolen_after - stolen > STEAL_LIMIT * seconds + 0.02:
        raise Dropped
    return result, cpu


def pinned(*command):
    return subprocess.run(["taskset", "-c", str(CLIENT_CPU), *map(str, command)], env=ENV,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)


def echo_run(server, size, window, seconds):
    def run():
        raw = ["raw"] if server.name == RAW else []
        done = pinned(f"{BENCH}/generator", *raw, server.port, CONNECTIONS, size, window, seconds)
        if done.returncode != 0:
            raise RuntimeError(f"{server.name}: {done.stderr.strip()}")
        return int(done.stdout.split()[0])
    messages, cpu = quietly(server, run)
    return messages / cpu if cpu > 0 else None


def churn_run(server, seconds):
    def run():
        done = pinned(f"{ROOT}/build/wsbench", "--quiet", "--mode=churn", "-c", 16, "-d", seconds,
                      "--format=json", f"ws://127.0.0.1:{server.port}/")
        return json.loads(done.stdout)["connections"]["opened"]
    opened, cpu = quietly(server, run)
    return opened / cpu if cpu > 0 else None


def idle_run(server):
    """Bytes of RSS that an idle connection costs."""
    count = 2000
    done = pinned(f"{ROOT}/build/wsbench", "--quiet", "--mode=idle", "-c", count, "-d", "1s",
                  f"--server-pid={server.process.pid}", "--format=json",
                  f"ws://127.0.0.1:{server.port}/")
    report = json.loads(done.stdout)
    if report["connections"]["opened"] != count:
        raise RuntimeError(f"{server.name}: {done.stderr.strip()}")
    return (report["server"]["rss_most_bytes"] - report["server"]["rss_before_bytes"]) / count


class Board:
    def __init__(self):
        self.values = {}  # (row, server) → a value a round, None where there is none
        self.dropped = self.failed = 0

    def measure(self, row, name, run):
        value = None
        for _ in range(TRIES):
            try:
                value = run()
                break
            except Dropped:
                self.dropped += 1
            except (RuntimeError, ValueError, subprocess.TimeoutExpired) as error:
                self.failed += 1
                print(f"\n{row}: {name}: {error}", file=sys.stderr)
                break
        self.values.setdefault((row, name), []).append(value)

    def good(self, row, name):
        return [v for v in self.values.get((row, name), []) if v is not None]

    def ratios(self, row, name, to):
        pairs = zip(self.values.get((row, name), []), self.values.get((row, to), []))
        return [a / b for a, b in pairs if a and b]


def short(value):
    for limit, unit in ((1e6, " M"), (1e3, " k")):
        if value >= limit:
            return f"{value / limit:.3g}{unit}"
    return f"{value:.3g}"


def cell(board, row, name, to):
    values = board.good(row, name)
    if not values:
        return "–"
    text = f"{short(statistics.median(values))} ({short(min(values))}–{short(max(values))})"
    ratios = board.ratios(row, name, to) if to else []
    return text + (f" ×{statistics.median(ratios):.2f}" if ratios else "")


def table(board, rows, names, to):
    lines = ["| | " + " | ".join(names) + " |", "|---|" + "---:|" * len(names)]
    for row in rows:
        lines.append(f"| {row} | " + " | ".join(cell(board, row, n, to) for n in names) + " |")
    return "\n".join(lines)


def machine():
    model = "unknown processor"
    with open("/proc/cpuinfo") as file:
        for line in file:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    return f"{model}, {os.cpu_count()} cores, Linux {platform.release().split('-')[0]}"


def write(board, names, rows, many, args, seconds):
    ws = [n for n in names if n != RAW]
    text = f"""# Benchmarks

Written by `make bench` on {datetime.date.today().isoformat()}: {machine()}. {args.rounds} interleaved
rounds of {args.seconds:g} s a figure, {CONNECTIONS} connections, server on one core and generator on
another; {board.dropped} runs dropped because of foreign load or steal and repeated, {board.failed}
failed; {seconds / 60:.0f} minutes in all. The machine is shared: trust the ratios more than the figures.

Each cell is the median (least–most) and, behind ×, the median ratio to the bare WebSocket echo of the
same round. The raw TCP echo and the bare echoes are yardsticks: they check nothing. "Cut through"
passes large frames on while they arrive, as wsserve does; the others gather them whole.

## Echo: messages per second of the server's CPU

{table(board, rows, names, BARE)}

## Handshakes per second of the server's CPU

Each connection: upgrade, one echo, closing handshake. No ratio where the yardstick does not close.

{table(board, ["handshakes"], [n for n in ws if n not in (BARE, "bare, cut through")], None)}

## Bytes of memory (RSS) an idle connection

Of 2,000 connections to a fresh server, so what a server sets up for its first one is shared by these
2,000; what one more costs is measured with 10,000 below.

{table(board, ["bytes"], ws, None)}

{many}"""
    with open(args.out, "w") as file:
        file.write(text)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=0.8)
    parser.add_argument("--out", default=os.path.join(ROOT, "docs", "benchmarks.md"))
    args = parser.parse_args()
    begun = time.monotonic()
    board, servers, names = Board(), {}, []
    for name in SERVERS:
        try:
            servers[name] = Server(name)
            names.append(name)
        except (OSError, RuntimeError) as error:
            print(f"left out: {name}: {error}", file=sys.stderr)
    rows = [f"{label}, {window} in flight" for _, label in SIZES for window in WINDOWS]
    try:
        for name in names:
            if name != RAW:
                progress(f"idle: {name}")
                board.measure("bytes", name, lambda: idle_run(servers[name]))
        for index in range(args.rounds):
            for size, label in SIZES:
                for window in WINDOWS:
                    row = f"{label}, {window} in flight"
                    for name in names:
                        progress(f"round {index + 1}: {row}: {name}")
                        board.measure(
                            row, name, lambda: echo_run(servers[name], size, window, args.seconds))
            for name in names:
                if name not in (RAW, BARE, "bare, cut through"):
                    progress(f"round {index + 1}: handshakes: {name}")
                    board.measure("handshakes", name,
                                  lambda: churn_run(servers[name], args.seconds))
    finally:
        for server in servers.values():
            server.stop()
    many = crowd.section(args.rounds, progress)
    write(board, names, rows, many, args, time.monotonic() - begun)
    progress(f"wrote {os.path.relpath(args.out)}\n")


if __name__ == "__main__":
    main()
