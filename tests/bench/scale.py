#!/usr/bin/env python3
"""Benchmark: what a message costs as connections become more, what a second thread costs, and what broadcasting does.
For run.py; by itself it prints its section, or puts it into docs/benchmarks.md. Plots the first part to
docs/growth.svg:

    tests/bench/scale.py [--rounds N] [--seconds S] [--into FILE] [--busy]

--busy: also where others use the machine, which the section says.
"""
import json
import os
import resource
import statistics
import subprocess

from measure import ROOT, Board, Server, dropped, generated, pinned, progress, quietly, section_alone, table, today

BENCH = os.path.join(ROOT, "build", "bench")
HERE = os.path.join(ROOT, "tests", "bench")
BUN = os.path.join(ROOT, "build", "npm", "node_modules", ".bin", "bun")
WSSERVE = [os.path.join(ROOT, "build", "wsserve"), "--port=0", "--announce", "--quiet", "--max-connections=0"]
TITLE = "## As the work grows"
RAW, BARE, OURS = "raw TCP echo", "bare WebSocket echo", "wsserve"
ECHOES = {RAW: [f"{BENCH}/yardstick_raw"], BARE: [f"{BENCH}/yardstick_bare"],
          OURS: [*WSSERVE, "--ping-interval=10m"],  # the generator answers none, and is long in connecting so many
          "bun": [BUN, f"{HERE}/echo_bun.js"]}
SIZE, CONNECTIONS = 64, (10, 100, 1000, 8000, 18000)
PLOT = os.path.join(ROOT, "docs", "growth.svg")
ONE, TWO = "one thread", "two threads"
THREADS = {ONE: WSSERVE, TWO: [*WSSERVE, "-t", "2"]}
LOOP = "bare loop of sends"
FANS = {LOOP: [f"{BENCH}/yardstick_fan"], OURS: [*WSSERVE, "--broadcast"], "wsserve, two threads": [
    *WSSERVE, "--broadcast", "-t", "2"], "bun": [BUN, f"{HERE}/publish_bun.js"]}
RECEIVERS, PUBLISHED = (100, 1000, 10000), 1024


def echoes(server, connections, window, seconds):
    """Messages a second of the server's CPU, without what opening the connections took."""
    def run():
        raw = ["raw"] if server.name == RAW else []
        return generated(server, connections, SIZE, window, seconds, *raw)
    (messages, cpu), _ = quietly(server, run)
    return messages / cpu if cpu > 0 else None


def deliveries(server, receivers, seconds):
    """Messages that were received a second of the server's CPU, likewise."""
    def run():
        rate = max(20, 200000 // receivers)
        done = pinned(f"{ROOT}/build/wsbench", "--quiet", "--mode=broadcast", "-c", receivers + 1, "-R", rate,
                      "-s", PUBLISHED, "-d", f"{seconds}s", f"--server-pid={server.process.pid}", "--format=json",
                      f"ws://127.0.0.1:{server.port}/")
        return json.loads(done.stdout)
    report, _ = quietly(server, run)
    messages = report["messages"]
    if messages["lost"] + messages["duplicated"]:
        raise RuntimeError(f"{server.name}: {messages['lost']} lost, {messages['duplicated']} duplicated")
    return messages["received"] / report["server"]["cpu_s"] if report["server"]["cpu_s"] > 0 else None


def started(commands):
    servers = []
    for name, command in commands.items():
        try:
            servers.append(Server(name, command))
        except (OSError, RuntimeError) as error:
            print(f"left out: {name}: {error}")
    return servers


def measured(board, commands, rounds, rows, run):
    """Each row with each server, one after the other."""
    servers = started(commands)
    try:
        for index in range(rounds):
            for row, value in rows.items():
                for server in servers:
                    progress(f"scale, round {index + 1}: {row}: {server.name}")
                    board.measure(row, server.name, lambda: run(server, value))
    finally:
        for server in servers:
            server.stop()
    return [server.name for server in servers]


def growth(board, rows, name):
    """How the cost of a message beside the TCP echo's changes from the first row to the last, in per cent."""
    first, last = (statistics.median(board.ratios(row, name, RAW)) for row in (rows[0], rows[-1]))
    return f"{name} {100 * (first / last - 1):+.0f} %"


def plot(board, crowds, names):
    """A line a server: microseconds of CPU a message, the median and its range, over the connections."""
    blocks = []
    for name in names:
        points = [(count, board.good(row, name)) for row, count in crowds.items()]
        blocks.append("\n".join(f"{count} {1e6 / statistics.median(good)} {1e6 / max(good)} {1e6 / min(good)}"
                                for count, good in points if good))
    lines = [f'$data index {i} using 1:2:3:4 with yerrorlines linewidth 1.5 title "{name}"' for i, name in enumerate(names)]
    script = [f'$data << EOD\n{(chr(10) * 3).join(blocks)}\nEOD',
              'set terminal svg size 760,420 background "white" font "sans-serif,12"', f'set output "{PLOT}"',
              'set logscale x', 'set yrange [0:*]', 'set grid', 'set key bottom right', 'set xlabel "connections"',
              f'set ylabel "µs of CPU a message of {SIZE} bytes"', "plot " + ", ".join(lines)]
    subprocess.run(["gnuplot"], input="\n".join(script), text=True, check=True)


def open_files_for(count):
    """True when a process may have so many connections; the programs that this one starts may then, too."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard == resource.RLIM_INFINITY or count + 100 <= hard


def section(rounds, seconds):
    board = Board()
    crowds = {f"{count:,} connections": count for count in CONNECTIONS if open_files_for(count)}
    names = measured(board, ECHOES, rounds, crowds, lambda s, n: echoes(s, n, 1, seconds))
    windows = {f"100 connections, {window} in flight": window for window in (1, 32)}
    plot(board, crowds, names)
    threads = measured(board, THREADS, rounds, windows, lambda s, w: echoes(s, 100, w, seconds))
    fans = {f"{count:,} receivers": count for count in RECEIVERS}
    senders = measured(board, FANS, rounds, fans, lambda s, n: deliveries(s, n, max(seconds, 2)))
    grown = ", ".join(growth(board, list(crowds), name) for name in names if name != RAW)
    return f"""{TITLE}

Of {today()}, in {rounds} rounds; {dropped(board)}. {SIZE} bytes, one in flight on each of so many
connections: messages per second of the server's CPU; after ×, the ratio to the TCP echo of the same round. From the
fewest connections to the most a message costs more by, beyond what the TCP echo's does: {grown}.

{table(board, crowds, names, RAW)}

![Microseconds of the server's CPU a message, from ten to eighteen thousand connections](growth.svg)

Two threads have both cores, and share one of them with the generator; after ×, the ratio to one thread:

{table(board, windows, threads, ONE)}

One connection publishes {PUBLISHED} bytes: what the others received, per second of the server's CPU; after ×, the
ratio to a loop that sends the same frame to each:

{table(board, fans, senders, LOOP)}

"""


if __name__ == "__main__":
    section_alone(section, TITLE)
