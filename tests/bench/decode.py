"""Benchmark: how fast wsframe reads captures and raw frames, beside tshark. For run.py; by itself it prints
its section."""
import argparse
import base64
import os
import statistics
import subprocess
import sys
import tempfile
import time

from measure import ROOT, progress

WSFRAME = os.path.join(ROOT, "build", "wsframe")
CAPTURE = 100 << 20
FRAME = 1000
EMPTY = 52_000_000
LARGE = 2 << 30
TSHARK = "tshark -Y websocket"
REPEATS = 3  # of what takes some hundredths of a second


def make_capture(path):
    """Messages of 1000 bytes, which client and server send by turns."""
    with open(path, "wb") as out, subprocess.Popen(
            [WSFRAME, "encode", "--from=jsonl", "-o", "pcap"], stdin=subprocess.PIPE, stdout=out) as run:
        for i in range(CAPTURE // (FRAME + 56)):
            data = base64.b64encode(os.urandom(FRAME)).decode()
            run.stdin.write(b'{"type":"binary","dir":"%s","b64":"%s"}\n' % (
                b"in" if i % 2 else b"out", data.encode()))
        run.stdin.close()
    if run.returncode:
        raise RuntimeError("wsframe encode failed")


def timed(command):
    """CPU seconds: the machine may be shared."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
        _, status, usage = os.wait4(run.pid, 0)
        run.returncode = status
    if status:
        raise RuntimeError(f"{command[0]} failed")
    return usage.ru_utime + usage.ru_stime


def large_input():
    """Seconds and peak memory of 2 GiB of frames from a pipe."""
    block = bytes([0x82, 126, 1000 >> 8, 1000 & 255]) + bytes(1000)
    block *= 1000
    start = time.monotonic()
    with subprocess.Popen([WSFRAME, "-f", "raw", "--only=close"], stdin=subprocess.PIPE,
                          stdout=subprocess.DEVNULL) as run:
        for _ in range(LARGE // len(block)):
            run.stdin.write(block)
        run.stdin.close()
        _, status, usage = os.wait4(run.pid, 0)
        run.returncode = status
    return time.monotonic() - start, usage.ru_maxrss << 10


def section(rounds):
    with tempfile.TemporaryDirectory() as folder:
        capture, empty = os.path.join(folder, "capture"), os.path.join(folder, "empty")
        progress("decode: making a capture")
        make_capture(capture)
        size = os.path.getsize(capture)
        with open(empty, "wb") as out:
            for _ in range(EMPTY // 1_000_000):
                out.write(b"\x82\0" * 1_000_000)
        commands = {
            "wsframe --only=close": [WSFRAME, "--only=close", capture],
            "wsframe -o json --only=close": [WSFRAME, "-o", "json", "--only=close", capture],
            "wsframe": [WSFRAME, capture],
            TSHARK: ["tshark", "-r", capture, "-Y", "websocket"],
        }
        times = {name: [] for name in commands}
        empties = []
        for index in range(rounds):
            progress(f"decode: round {index + 1}")
            for name, command in commands.items():
                # The first of them pays for what the program before has left in the caches.
                times[name] += [timed(command) for _ in range(1 if command[0] == "tshark" else REPEATS)]
            empties.append(timed([WSFRAME, "-f", "raw", "--only=close", empty]))
        progress("decode: 2 GiB from a pipe")
        seconds, memory = large_input()
    text = f"""## Decoding

A capture of {size >> 20} MiB, in messages of {FRAME} bytes; medians of {rounds} rounds of CPU time,
in each of which wsframe ran {REPEATS} times.

| | CPU seconds | MB a CPU second | tshark's time ÷ its time |
|---|---:|---:|---:|
"""
    slowest = statistics.median(times[TSHARK])
    for name, runs in times.items():
        median = statistics.median(runs)
        text += f"| {name} | {median:.3f} | {size / median / 1e6:.0f} | {slowest / median:.1f} |\n"
    text += (f"\n{EMPTY // 1_000_000} million empty frames: {statistics.median(empties):.2f} s. "
             f"{LARGE >> 30} GiB of frames from a pipe: {seconds:.1f} s, {memory / (1 << 20):.0f} MiB of memory.\n")
    return text


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    text = section(args.rounds)
    progress("")
    print(text, end="")


if __name__ == "__main__":
    sys.exit(main())
