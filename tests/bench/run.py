#!/usr/bin/env python3
"""The benchmarks: messages per second of the server's CPU, compared in interleaved rounds.

    tests/bench/run.py [--rounds N] [--seconds S] [--out FILE]

Server on one core, generator on another. Every figure is the median of its rounds with minimum and maximum, and
its ratio to the bare WebSocket echo of the same round. A run during which other processes were busy, or
the hypervisor took time, is dropped, counted and repeated. Writes Markdown to --out and progress to standard error.
"""
import argparse
import datetime
import json
import os
import platform
import sys
import time

import clients
import cluster
import cost
import crowd
import decode
import http2
import pipe
import scale
from measure import ROOT, Board, Server, idle, pinned, progress, quietly, table

BENCH = os.path.join(ROOT, "build", "bench")
HERE = os.path.join(ROOT, "tests", "bench")
PYTHON = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else "python3"
CONNECTIONS = 8
SIZES = [(20, "20 B"), (512, "512 B"), (16384, "16 KiB"), (1 << 20, "1 MiB")]
WINDOWS = [1, 32]

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


def machine():
    model = "unknown processor"
    with open("/proc/cpuinfo") as file:
        for line in file:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    return f"{model}, {os.cpu_count()} cores, Linux {platform.release().split('-')[0]}"


def write(board, names, rows, sections, args, seconds):
    ws = [n for n in names if n != RAW]
    text = f"""# Benchmarks

Written by `make bench` on {datetime.date.today().isoformat()}: {machine()}. {args.rounds} interleaved
rounds of {args.seconds:g} s a figure, {CONNECTIONS} connections, server on one core and generator on
another; {board.dropped} runs dropped because of foreign load or steal and repeated, {board.failed}
failed; {seconds / 60:.0f} minutes in all. The machine is shared: the ratios are more reliable than the figures.

Each cell is the median (minimum–maximum) and, after ×, the median ratio to the bare WebSocket echo of the
same round. The raw TCP echo and the bare echoes are references without any checks. "Cut through" echoes
large frames while they arrive, as wsserve does; the others buffer them.

## Echo: messages per second of the server's CPU

{table(board, rows, names, BARE)}

## Handshakes per second of the server's CPU

Each connection: upgrade, one echo, closing handshake. No ratio, as the reference does not close.

{table(board, ["handshakes"], [n for n in ws if n not in (BARE, "bare, cut through")], None)}

## Bytes of memory (RSS) per idle connection

Of 2,000 connections to a new server, including the server's initial allocations; the cost of one more is
measured with 10,000 below.

{table(board, ["bytes"], ws, None)}

{sections}"""
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
            servers[name] = Server(name, SERVERS[name])
            names.append(name)
        except (OSError, RuntimeError) as error:
            print(f"left out: {name}: {error}", file=sys.stderr)
    rows = [f"{label}, {window} in flight" for _, label in SIZES for window in WINDOWS]
    try:
        for name in names:
            if name != RAW:
                progress(f"idle: {name}")
                url = f"ws://127.0.0.1:{servers[name].port}/"
                board.measure("bytes", name, lambda: idle(servers[name], url))
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
    costs = cost.section(args.rounds, args.seconds)
    costs += clients.section(args.rounds, args.seconds, {n: c for n, c in SERVERS.items() if n != RAW})
    many = crowd.section(args.rounds, progress) + "\n" + pipe.section(args.rounds) + decode.section(args.rounds)
    many += "\n" + cluster.section(args.rounds, args.seconds)
    many += http2.section(args.rounds, args.seconds) + scale.section(args.rounds, args.seconds)
    write(board, names, rows, costs + many, args, time.monotonic() - begun)
    progress(f"wrote {os.path.relpath(args.out)}\n")


if __name__ == "__main__":
    main()
