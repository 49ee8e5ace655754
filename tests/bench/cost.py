#!/usr/bin/env python3
"""The cost of TLS and permessage-deflate in wsserve, npm's ws and bun.

Called by run.py; on its own it writes its section to standard output:

    tests/bench/cost.py [--rounds N] [--seconds S]
"""
import argparse
import json
import os
import subprocess
import tempfile

from measure import ROOT, Board, Server, idle, pinned, progress, quietly, table

HERE = os.path.dirname(os.path.abspath(__file__))
CONNECTIONS, WINDOWS, SIZE = 8, (1, 32), 1024
OURS, FAST, THEIRS = "wsserve", "bun", "npm ws"
BUN = os.path.join(ROOT, "build", "npm", "node_modules", ".bin", "bun")

# A row: TLS or not, wsserve's --compress, the other servers' argument, wsbench's --compress.
ALONE, BOTH = "takeover=none,threshold=0", "takeover=both,threshold=0"
ROWS = {
    "plain": (False, None, "plain", None),
    "TLS": (True, None, "plain", None),
    "deflate, each message by itself": (False, ALONE, "alone", ALONE),
    "deflate, with those before": (False, BOTH, "takeover", BOTH),
    "TLS and deflate, each by itself": (True, ALONE, "alone", ALONE),
}


def certificate(folder):
    """Makes a self-signed certificate on P-256: returns its two files."""
    files = [os.path.join(folder, name) for name in ("cert.pem", "key.pem")]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
         "-subj", "/CN=localhost", "-days", "30", "-out", files[0], "-keyout", files[1]],
        check=True, stderr=subprocess.DEVNULL)
    return files


def command(name, row, pair):
    tls, ours, theirs, _ = ROWS[row]
    if name == THEIRS:
        return ["node", f"{HERE}/echo_ws.js", theirs, *(pair if tls else [])]
    if name == FAST:
        return [BUN, f"{HERE}/echo_bun.js", theirs, *(pair if tls else [])]
    return [f"{ROOT}/build/wsserve", "--port=0", "--announce", "--quiet", "--max-connections=0",
            *([f"--cert={pair[0]}", f"--key={pair[1]}"] if tls else []),
            *([f"--compress={ours}"] if ours else [])]


def target(server, row):
    """The options of wsbench."""
    tls, _, _, params = ROWS[row]
    return [*(["--insecure"] if tls else []), *([f"--compress={params}"] if params else []),
            f"{'wss' if tls else 'ws'}://127.0.0.1:{server.port}/"]


def load(server, row, window, seconds):
    def run():
        done = pinned(f"{ROOT}/build/wsbench", "--quiet", "-c", CONNECTIONS, "-w", window, "-s", SIZE,
                      "-d", seconds, "--format=json", *target(server, row))
        report = json.loads(done.stdout)
        if done.returncode != 0:
            raise RuntimeError(f"{server.name}: {done.stderr.strip()}")
        return report["messages"]["received"]
    messages, cpu = quietly(server, run)
    return messages / cpu if cpu > 0 else None


def section(rounds, seconds):
    board, servers = Board(), {}
    names = (OURS, FAST, THEIRS)
    rows = {f"{row}, {window} in flight": (row, window) for row in ROWS for window in WINDOWS}
    idle_rows = ["plain", "TLS", "deflate, each message by itself"]
    with tempfile.TemporaryDirectory() as folder:
        pair = certificate(folder)
        try:
            for row in ROWS:
                for name in names:
                    servers[row, name] = Server(name, command(name, row, pair))
            for row in idle_rows:
                for name in names:
                    progress(f"idle: {row}: {name}")
                    server = servers[row, name]
                    board.measure(row, name, lambda: idle(server, *target(server, row)))
            warm_up = Board()
            for (row, name), server in servers.items():
                progress(f"warming up: {row}: {name}")  # compilers that work while a server runs
                warm_up.measure(row, name, lambda: load(server, row, 32, 0.5))
            for index in range(rounds):
                for text, (row, window) in rows.items():
                    for name in names:
                        progress(f"round {index + 1}: {text}: {name}")
                        server = servers[row, name]
                        board.measure(text, name, lambda: load(server, row, window, seconds))
        finally:
            for server in servers.values():
                server.stop()
    return f"""## What TLS and compression cost

Echoes of 1 KiB of text that looks like JSON, over {CONNECTIONS} connections: messages per second of the
server's CPU, over all its threads; after ×, the ratio to npm's ws in the same round. All compress
messages of any size, with what each uses where no level is asked for: wsserve ISA-L, and zlib to inflate, which
together take nine tenths of its time; bun (uWebSockets) libraries of its own; ws zlib's level 6. wsbench's
messages are of different places in 1 MiB of lines of JSON, so that context takeover finds their keys and few of their values. {board.dropped} runs were dropped because of foreign load or steal and repeated, {board.failed} failed.

{table(board, rows, names, THEIRS)}

Bytes of memory (RSS) per idle connection, of 2,000 to a new server:

{table(board, idle_rows, names, THEIRS)}

"""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=0.8)
    args = parser.parse_args()
    text = section(args.rounds, args.seconds)
    progress("")
    print(text, end="")


if __name__ == "__main__":
    main()
