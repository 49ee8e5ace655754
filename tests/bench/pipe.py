"""Benchmark: what a client in a pipe costs: lines and bytes through an echo server and back. For run.py; by
itself it prints its section."""
import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time

from measure import CLIENT_CPU, ENV, ROOT, Server, progress

LINES = 1_000_000
LINE = b"sixty bytes, the line's end included, are a short message..\n"
BYTES = 4 << 30
LIMIT_S = 60  # for clients that lose something, and would wait for it

RAW = [os.path.join(ROOT, "build", "bench", "yardstick_raw")]
WSSERVE = [os.path.join(ROOT, "build", "wsserve"), "--port=0", "--announce", "--max-message-size=0",
           "--ping-interval=0", "--loglevel=error"]


def clients(binary):
    """Name, the server's command, and how to call the client with a port and the number of messages."""
    npm = os.path.join(ROOT, "build", "npm", "node_modules", ".bin", "wscat")
    cat = [os.path.join(ROOT, "build", "wscat")]
    yield "wscat", WSSERVE, lambda port, count: cat + (
        ["-b", "-w", "1"] if binary else ["-N", str(count)]) + [f"ws://127.0.0.1:{port}/"]
    if shutil.which("nc"):
        yield "nc, a TCP echo", RAW, lambda port, count: ["nc", "-N", "127.0.0.1", str(port)]
    if not binary and os.path.exists(npm):
        yield "npm wscat", WSSERVE, lambda port, count: ["node", npm, "-c", f"ws://127.0.0.1:{port}/"]
    if not binary:
        yield "python3-websockets", WSSERVE, lambda port, count: [
            "/usr/bin/python3", "-m", "websockets", f"ws://127.0.0.1:{port}/"]


def drain(stream, result):
    """Counts the bytes and the lines that are ours: interactive clients print more."""
    received, lines, rest = 0, 0, b""
    while data := os.read(stream.fileno(), 1 << 18):
        received += len(data)
        lines += (rest + data).count(LINE[:-1])
        rest = (rest + data)[2 - len(LINE):]  # less than a line
    result.extend((received, lines))


def measure(server_command, command, binary, size):
    """CPU seconds, peak memory and what came back, of one client."""
    server, result = Server("echo", server_command), []
    feed = subprocess.Popen(["head", "-c", str(size), "/dev/zero"], stdout=subprocess.PIPE) if binary else None
    source = feed.stdout if binary else open(lines_file(), "rb")
    try:
        client = subprocess.Popen(["taskset", "-c", str(CLIENT_CPU)] + command(server.port, LINES), stdin=source,
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=ENV)
        source.close()
        reader = threading.Thread(target=drain, args=(client.stdout, result))
        reader.start()
        begun, memory = time.monotonic(), 0
        while os.waitid(os.P_PID, client.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            if time.monotonic() - begun > LIMIT_S:
                client.kill()
            memory = max(memory, peak(client.pid))
            time.sleep(0.01)
        _, _, usage = os.wait4(client.pid, 0)
        client.returncode = 0
        reader.join()
    finally:
        server.stop()
        if feed:
            feed.kill()
            feed.wait()
    return usage.ru_utime + usage.ru_stime, memory, result[0] if binary else result[1]


def peak(pid):
    """Peak memory since the last exec, in bytes; 0 when it is over."""
    with open(f"/proc/{pid}/status") as file:
        return next((int(line.split()[1]) << 10 for line in file if line.startswith("VmHWM")), 0)


def lines_file():
    path = os.path.join(tempfile.gettempdir(), f"libws-bench-lines-{os.getpid()}")
    if not os.path.exists(path):
        with open(path, "wb") as file:
            file.write(LINE * LINES)
    return path


def rows(binary, rounds, size):
    for name, server, command in clients(binary):
        best = None
        for index in range(rounds):
            progress(f"pipe: {'bytes' if binary else 'lines'}: {name}, round {index + 1}")
            run = measure(server, command, binary, size)
            best = run if best is None or run[0] < best[0] else best
        yield name, best


def section(rounds):
    text = f"""## A client in a pipe

{LINES:,} lines of {len(LINE)} bytes, and {BYTES >> 30} GiB of binary data, through an echo server and back: the client's own
CPU seconds (the least of {rounds} rounds), what came back for each of them, and its peak memory. wscat's server
is wsserve, nc's is the raw TCP echo. A client that has lost something is ended after {LIMIT_S} s.

| | CPU | a CPU second | came back | memory |
|---|---:|---:|---:|---:|
"""
    try:
        for name, (cpu, memory, back) in rows(False, rounds, 0):
            text += f"| lines: {name} | {cpu:.2f} s | {back / cpu / 1e6:.2f} M | {back:,} of {LINES:,} | {memory >> 20} MiB |\n"
        for name, (cpu, memory, back) in rows(True, rounds, BYTES):
            text += (f"| bytes: {name} | {cpu:.2f} s | {back / cpu / (1 << 30):.2f} GiB | {back / (1 << 30):.2f} GiB of "
                     f"{BYTES >> 30} | {memory >> 20} MiB |\n")
    finally:
        os.unlink(lines_file())
    return text + "\n"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    text = section(args.rounds)
    progress("")
    print(text, end="")


if __name__ == "__main__":
    sys.exit(main())
