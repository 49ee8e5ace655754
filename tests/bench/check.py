#!/usr/bin/env python3
"""Has wsserve become slower than what tests/bench/recorded.json says?

    tests/bench/check.py [--pairs N] [--seconds S] [--record]

Two kinds of figures. Instructions a message, counted by callgrind, are the same on a busy machine. Messages
a second of the server's CPU time, from when all are connected until they close, are compared with those of a
bare TCP echo: pairs of runs, one after the other, of which the median ratio counts. Fails if a figure is more than 15 % worse than the recorded one;
--record writes what was measured.
"""
import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

from measure import ROOT, Server, generated, pinned, progress

BENCH = os.path.join(ROOT, "build", "bench")
RECORDED = os.path.join(ROOT, "tests", "bench", "recorded.json")
WORSE = 0.15
WSSERVE = [f"{ROOT}/build/wsserve", "--port=0", "--announce", "--quiet", "--max-connections=0",
           "--max-message-size=0"]

# Connections, bytes, in flight.
COUNTED = {
    "20 B, 32 in flight": (4, 20, 32),
    "20 B, one in flight": (4, 20, 1),
    "512 B, 32 in flight": (4, 512, 32),
    "16 KiB, one in flight": (4, 16384, 1),
}
TIMED = {
    "20 B, 100 connections": (100, 20, 1),
    "20 B, 100 connections, 32 in flight": (100, 20, 32),
    "16 KiB, 16 connections": (16, 16384, 1),
    "1 MiB, 4 connections": (4, 1 << 20, 1),
    "512 B, 1000 connections": (1000, 512, 1),
}


def generate(server, row, seconds, *mode):
    """How many messages came back."""
    done = pinned(f"{BENCH}/generator", *mode, server.port, *row, seconds)
    if done.returncode != 0:
        raise RuntimeError(f"{server.name}: {done.stderr.strip()}")
    return int(done.stdout.split()[0])


def control(server, action):
    subprocess.run(["callgrind_control", action, str(server.process.pid)], check=True, capture_output=True)


def dumped(name, seconds=10):
    """The instructions that a dump of callgrind says, once it is complete."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if os.path.exists(name):
            with open(name) as file:
                found = re.search(r"^totals: (\d+)$", file.read(), re.M)
            if found:
                return int(found.group(1))
        time.sleep(0.05)
    raise RuntimeError(f"callgrind did not write {name}")


def instructions(row):
    """Instructions a message, after a run that is not counted."""
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "out")
        server = Server("wsserve", ["valgrind", "-q", "--tool=callgrind", f"--callgrind-out-file={out}", *WSSERVE])
        try:
            generate(server, row, 0.3)
            control(server, "-z")
            messages = generate(server, row, 2)
            control(server, "-d")
            return dumped(f"{out}.1") / messages
        finally:
            server.stop()


def ratio(row, pairs, seconds):
    """The median ratio to the TCP echo, and the least and the largest."""
    def rate(server, *mode):
        messages, cpu = generated(server, *row, seconds, *mode)
        return messages / cpu
    ours, echo = Server("wsserve", WSSERVE), Server("TCP echo", [f"{BENCH}/yardstick_raw"])
    try:
        values = sorted(rate(ours) / rate(echo, "raw") for _ in range(pairs))
    finally:
        ours.stop()
        echo.stop()
    return statistics.median(values), values[0], values[-1]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--pairs", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=0.6)
    parser.add_argument("--record", action="store_true", help="write what was measured")
    args = parser.parse_args()
    with open(RECORDED) as file:
        recorded = json.load(file)
    measured, worse = {"instructions": {}, "ratio": {}}, 0

    def say(kind, row, value, bad, spread=""):
        nonlocal worse
        before = recorded[kind].get(row)
        measured[kind][row] = value
        worse += before is not None and bad(value, before)
        verdict = "new" if before is None else f"recorded {before:g}" + (", WORSE" if bad(value, before) else "")
        if sys.stderr.isatty():
            progress("")
        print(f"{kind:13} {row:36} {value:8g}{spread}  {verdict}", flush=True)

    for row, load in COUNTED.items():
        progress(f"counting: {row}")
        say("instructions", row, round(instructions(load)), lambda now, then: now > then * (1 + WORSE))
    for row, load in TIMED.items():
        progress(f"timing: {row}")
        value, least, most = ratio(load, args.pairs, args.seconds)
        say("ratio", row, round(value, 3), lambda now, then: now < then * (1 - WORSE),
            f" ({least:.2f}-{most:.2f})")
    if args.record:
        with open(RECORDED, "w") as file:
            json.dump(measured, file, indent=2)
            file.write("\n")
    elif worse:
        sys.exit(f"{worse} of {len(COUNTED) + len(TIMED)} figures are more than {WORSE:.0%} worse than recorded")


if __name__ == "__main__":
    main()
