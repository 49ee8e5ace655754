#!/usr/bin/env python3
"""A long mixed load: `make soak SOAK_SECONDS=600`. Does anything grow, is anything lost?

    run.py [--build DIR] [--seconds N] [--samples FILE.csv] [--plot FILE.svg]

Two servers: one echoes over TLS, compressed, on two threads; one has rooms. Each serves honest clients (wsbench:
echo, large fragmented messages, churn, broadcast), readers that are too slow, and peers that break every rule;
every few seconds it reads its configuration and certificate again. All rates are fixed. Once a second its memory,
descriptors, timers, queues and connections are noted. Prints TAP and the figures, and exits with 1 when

- a series grows after the warm-up, which is a third of the time: trend.py says how that is judged;
- a message of an honest client was lost, changed, duplicated or overtaken, or a connection of it was ended;
- a server has more descriptors, connections or queued bytes afterwards than before, or does not end with 0.
"""
import argparse
import csv
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

from peers import BadPeers
from trend import Trend

WATCHED = {  # of /metrics; the share of its median, and the least, that a series may grow
    "process_resident_memory_bytes": (0.02, 256 * 1024),
    "process_open_fds": (0.02, 2),
    "wsserve_timers": (0.02, 2),
    "wsserve_queue_bytes": (0.1, 64 * 1024),
    "wsserve_held_bytes": (0.1, 64 * 1024),
    "connections": (0.02, 2),
}
# What must be as before once all clients have gone.
RESTORED = ["process_open_fds", "wsserve_queue_bytes", "connections"]

# Half of the reloads find the file as it was: what log rotation does.
CHANGED_EVERY = 2

failed = 0
tests = 0


def say(ok, name, *details):
    global tests, failed
    tests += 1
    failed += not ok
    print(f"{'ok' if ok else 'not ok'} {tests} - {name}")
    for line in details:
        print("#", line)
    sys.stdout.flush()


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


class Server:
    """A wsserve with a configuration that reload() changes."""

    def __init__(self, name, program, folder, *options):
        self.name, self.config, self.reloads = name, os.path.join(folder, name + ".conf"), 0
        self.log = open(os.path.join(folder, name + ".log"), "w")
        self.admin = free_port()
        self.samples = []
        self.configure()
        self.process = subprocess.Popen(
            [program, "-p", "0", "--announce", f"--admin=127.0.0.1:{self.admin}", "--config=" + self.config, *options],
            stdout=subprocess.PIPE, stderr=self.log, stdin=subprocess.DEVNULL, text=True)
        found = re.match(r"listening (wss?://127\.0\.0\.1:(\d+)/)", self.process.stdout.readline())
        if not found:
            sys.exit(f"{name} does not listen")
        self.url, self.port = found[1], int(found[2])
        self.before = self.metrics()

    def configure(self):
        with open(self.config, "w") as file:
            file.write(f"max-connections = {800 + self.reloads // CHANGED_EVERY}\nloglevel = error\n")

    def reload(self):
        self.reloads += 1
        self.configure()
        self.process.send_signal(signal.SIGHUP)

    def metrics(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.admin}/metrics", timeout=20) as answer:
            lines = [line.rsplit(" ", 1) for line in answer.read().decode().split("\n") if line and line[0] != "#"]
        values = {name: float(value) for name, value in lines}
        values["connections"] = sum(value for name, value in values.items() if name.startswith("wsserve_connections{"))
        return values

    def sample(self, at):
        values = self.metrics()
        self.samples.append([at] + [values[name] for name in WATCHED])
        return values

    def series(self, name, since):
        column = 1 + list(WATCHED).index(name)
        return [(row[0], row[column]) for row in self.samples if row[0] >= since]

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(timeout=30)
        self.log.close()
        return status


class Bench:
    """A wsbench; an honest one's report is judged."""

    def __init__(self, name, program, seconds, honest, *arguments):
        self.name, self.honest = name, honest
        self.process = subprocess.Popen(
            [program, "-q", "--format=json", "-T", "30s", "-d", f"{seconds}s",
             *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)

    def judge(self):
        output = self.process.communicate()[0]
        if not output:
            say(False, f"{self.name}: reports")
            return
        report = json.loads(output)
        if not self.honest:
            return
        messages, connections = report["messages"], report["connections"]
        wrong = [f"{messages[what]} {what}" for what in ("lost", "duplicated", "reordered", "corrupted", "unasked")
                 if messages[what]]
        wrong += [f"connections {what}: {connections[what]} {json.dumps(connections['causes'])}"
                  for what in ("failed", "dropped", "given_up") if connections[what]]
        wrong += [f"unsent, {what}: {messages['unsent'][what]}" for what in ("connection_gone", "queue_full")
                  if messages["unsent"][what]]
        say(not wrong and messages["sent"] > 0,
            f"{self.name}: {messages['sent']} messages sent, {messages['received']} received, none lost", *wrong)


def certificate(folder):
    cert, key = os.path.join(folder, "cert.pem"), os.path.join(folder, "key.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-days", "2", "-subj", "/CN=localhost", "-keyout", key, "-out", cert], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return ["--tls", f"--cert={cert}", f"--key={key}"]


def loads(wsbench, seconds, echo, rooms):
    def bench(name, honest, *arguments):
        return Bench(name, wsbench, seconds, honest, *arguments)

    return [
        bench("echo", True, "-k", "-z", "-c", "20", "-w", "1000", "-R", "300", "-s", "40-2000", echo.url),
        bench("large", True, "-k", "-c", "2", "-w", "1000", "-R", "4", "-s", "100000", "--fragment=9000", echo.url),
        bench("churn", True, "-k", "--mode=churn", "-c", "4", "-R", "8", echo.url),
        bench("broadcast", True, "-z", "--mode=broadcast", "--publishers=2", "-c", "10", "-R", "40", "-s", "200",
              rooms.url + "honest"),
        bench("slow readers", False, "--mode=broadcast", "--publishers=1", "-c", "6", "-R", "40", "-s", "9000",
              "--slow-readers=50:300ms", "-T", "2s", rooms.url + "slow"),
    ]


def soak(seconds, servers, benches):
    """Samples once a second, reloads now and then, until the time is over."""
    begun, interval = time.monotonic(), max(0.25, min(1, seconds / 100))
    limits, due, reload_due = {server: set() for server in servers}, begun, begun + 2
    while time.monotonic() - begun < seconds:
        for server in servers:
            values = server.sample(time.monotonic() - begun)
            limits[server].add(values['wsserve_limit{option="max-connections"}'])
        if time.monotonic() >= reload_due:
            reload_due += max(2, seconds / 60)
            for server in servers:
                server.reload()
        due += interval
        time.sleep(max(0, due - time.monotonic()))
    for server in servers:
        say(server.process.poll() is None and len(limits[server]) > 1,
            f"{server.name}: read its configuration again, {server.reloads} times", f"values seen: {len(limits[server])}")


def judge_series(server, since):
    for name, (share, least) in WATCHED.items():
        trend = Trend(server.series(name, since), share, least)
        hour = [value * 3600 for value in (trend.slope, trend.low, trend.high)]
        say(not trend.grows, f"{server.name}: {name} does not grow",
            "median {:.0f}; slope {:+.0f} an hour, 99.9 %: {:+.0f} to {:+.0f}".format(trend.median, *hour))


def judge_end(server):
    end = time.monotonic() + 30
    while True:
        after = server.metrics()
        left = [f"{name}: {server.before[name]:.0f} before, {after[name]:.0f} after"
                for name in RESTORED if after[name] > server.before[name]]
        if not left or time.monotonic() > end:
            break
        time.sleep(0.2)
    say(not left, f"{server.name}: no descriptor, connection or queued byte is left", *left)
    say(server.stop() == 0, f"{server.name}: ends with 0")


def write_samples(path, servers):
    with open(path, "w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["server", "t_s"] + list(WATCHED))
        for server in servers:
            table.writerows([server.name, f"{row[0]:.2f}"] + [f"{value:.0f}" for value in row[1:]] for row in server.samples)


def plot(path, samples, seconds, servers):
    """A panel a series, a line a server."""
    titles = ["resident memory (MiB)", "descriptors", "timers", "queued (KiB)", "memory held (KiB)", "connections"]
    scales = [2 ** 20, 1, 1, 2 ** 10, 2 ** 10, 1]
    script = ['set terminal svg size 900,760 background "white" font "sans-serif,12"', f'set output "{path}"',
              'set datafile separator ","', 'set grid', 'set yrange [0:*]', f'set xrange [0:{seconds}]',
              'set key center right', f'set multiplot layout 3,2 title "{seconds} s of mixed load; the first third is warm-up"',
              f'set arrow from {seconds / 3},graph 0 to {seconds / 3},graph 1 nohead dashtype 3',
              'set xlabel "seconds"']
    for i, (title, scale) in enumerate(zip(titles, scales)):
        lines = [f'"{samples}" every {max(1, seconds // 150)} using (strcol(1) eq "{server.name}" ? $2 : NaN):(${i + 3}/{scale}) with lines'
                 f' linewidth 1.5 title "{server.name}"' for server in servers]
        script += [f'set title "{title}"', "plot " + ", ".join(lines)]
    subprocess.run(["gnuplot"], input="\n".join(script), text=True, check=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build")
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--samples", default="build/soak.csv")
    parser.add_argument("--plot")
    arguments = parser.parse_args()
    wsserve, wsbench = (os.path.join(arguments.build, tool) for tool in ("wsserve", "wsbench"))
    with tempfile.TemporaryDirectory() as folder:
        servers = [
            Server("echo", wsserve, folder, "-t", "2", "-z", f"--access-log={folder}/access", *certificate(folder)),
            Server("rooms", wsserve, folder, "-z", "--rooms", "--slow=drop-old", "--write-timeout=5s"),
        ]
        try:
            bad = BadPeers([(server.port, server.url.startswith("wss")) for server in servers], 8)
            bad.start()
            benches = loads(wsbench, arguments.seconds, *servers)
            soak(arguments.seconds, servers, benches)
            for bench in benches:
                bench.judge()
            bad.stop()
            say(bad.count > 0, f"{bad.count} bad peers came and went")
            write_samples(arguments.samples, servers)
            for server in servers:
                judge_series(server, arguments.seconds / 3)
                judge_end(server)
        finally:
            for server in servers:
                if server.process.poll() is None:
                    server.process.kill()
    if arguments.plot:
        plot(arguments.plot, arguments.samples, arguments.seconds, servers)
    print(f"1..{tests}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
