#!/usr/bin/env python3
"""Benchmark: WebSockets that share HTTP/2 connections beside those of HTTP/1.1, all through TLS: what a message costs,
what opening one costs, and the memory of one that is idle. For run.py; by itself it prints its section, or puts it
into docs/benchmarks.md:

    tests/bench/http2.py [--rounds N] [--seconds S] [--into FILE] [--busy]

--busy: also where others use the machine, which the section says.
"""
import json
import os
import tempfile

from cost import certificate
from measure import ROOT, Board, Server, dropped, pinned, progress, quietly, section_alone, table, today

WSBENCH = os.path.join(ROOT, "build", "wsbench")
WSSERVE = [os.path.join(ROOT, "build", "wsserve"), "--port=0", "--announce", "--quiet", "--max-connections=0"]
H1 = "HTTP/1.1"
STREAMS = {H1: None, "1 stream": 1, "10 streams": 10, "100 streams": 100}
ECHOES, IDLE, OPENED = 100, 2000, 1000
SIZES, WINDOWS = {20: "20 B", 1024: "1 KiB", 16384: "16 KiB"}, (1, 32)
TITLE = "## WebSockets over HTTP/2"


def wsbench(server, name, *options):
    shared = [] if name == H1 else ["--http2=auto", f"--streams={STREAMS[name]}"]
    done = pinned(WSBENCH, "--quiet", "--insecure", "--format=json", *shared, *options,
                  f"wss://127.0.0.1:{server.port}/")
    if done.returncode != 0:
        raise RuntimeError(f"{name}: {done.stderr.strip()}")
    report = json.loads(done.stdout)
    sockets = report["connections"]["opened"] // (STREAMS[name] or 1)
    if report["connections"]["tcp"] != sockets:
        raise RuntimeError(f"{name}: {report['connections']['tcp']} TCP connections, not {sockets}")
    return report


def echoes(server, name, size, window, seconds):
    """Messages a second of the server's CPU."""
    def run():
        return wsbench(server, name, "-c", ECHOES, "-s", size, "-w", window, "-d", f"{seconds}s")["messages"]["received"]
    messages, cpu = quietly(server, run)
    return messages / cpu if cpu > 0 else None


def handshakes(server, name):
    """WebSockets that are opened and closed a second of the server's CPU."""
    opened, cpu = quietly(server, lambda: wsbench(server, name, "--mode=connect", "-c", OPENED)["connections"]["opened"])
    return opened / cpu if cpu > 0 else None


def idle(command, name):
    """Bytes of memory that a new server needs for each that does nothing."""
    server = Server(name, command)
    try:
        report = wsbench(server, name, "--mode=idle", "-c", IDLE, "-d", "200ms", f"--server-pid={server.process.pid}")
        return report["server"]["rss_per_connection_bytes"]
    finally:
        server.stop()


def section(rounds, seconds):
    board, names = Board(), list(STREAMS)
    rows = {f"{label}, {window} in flight": (size, window) for size, label in SIZES.items() for window in WINDOWS}
    with tempfile.TemporaryDirectory() as folder:
        pair = certificate(folder)
        command = WSSERVE + [f"--cert={pair[0]}", f"--key={pair[1]}"]
        server = Server("wsserve", command)
        try:
            for index in range(rounds):
                for name in names:
                    for row, (size, window) in rows.items():
                        progress(f"round {index + 1}: HTTP/2: {row}: {name}")
                        board.measure(row, name, lambda: echoes(server, name, size, window, seconds))
                    progress(f"round {index + 1}: HTTP/2: handshakes, memory: {name}")
                    board.measure("opened and closed", name, lambda: handshakes(server, name))
                    board.measure("bytes", name, lambda: idle(command, name))
        finally:
            server.stop()
    return f"""{TITLE}

Measured on {today()}, {rounds} interleaved rounds. `wsserve` through TLS: each WebSocket with a TCP connection
of its own, and with HTTP/2 as a stream of one that 1, 10 or 100 share (RFC 8441). After ×, the ratio to HTTP/1.1 in
the same round; {dropped(board)}, {board.failed} failed.

Echoes over {ECHOES} WebSockets: messages per second of the server's CPU.

{table(board, list(rows), names, H1)}

{OPENED:,} WebSockets are opened, and closed: so many per second of the server's CPU.

{table(board, ["opened and closed"], names, H1)}

Bytes of memory (RSS) that {IDLE:,} idle WebSockets add to a new server, for each:

{table(board, ["bytes"], names, H1)}

"""


if __name__ == "__main__":
    section_alone(section, TITLE)
