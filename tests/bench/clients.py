#!/usr/bin/env python3
"""What load testers cost, and round trips at half of each server's peak, as wsbench measures them.

Called by run.py; on its own it writes its section to standard output:

    tests/bench/clients.py [--rounds N] [--seconds S]
"""
import argparse
import json
import os
import tempfile

from measure import ROOT, Board, Dropped, Server, children_cpu, pinned, progress, quietly, table

BENCH = os.path.join(ROOT, "build", "bench")
WSBENCH = os.path.join(ROOT, "build", "wsbench")
CONNECTIONS = 8
GENERATOR, OURS, ARTILLERY = "bare generator", "wsbench", "artillery"
# Bytes, in flight, connections.
LOADS = {"20 B, 1 in flight": (20, 1, CONNECTIONS), "20 B, 32 in flight": (20, 32, CONNECTIONS),
         "20 B, 1 in flight, 100 connections": (20, 1, 100), "16 KiB, 1 in flight": (16384, 1, CONNECTIONS)}
# Programs take a while to start and to report: that is a part of the cost, but not of each message's.
COST_SECONDS = 2
ARTILLERY_MESSAGES = 60000
PERCENTILES = ["p50", "p99", "p99.9"]


def wsbench(server, *options, connections=CONNECTIONS):
    done = pinned(WSBENCH, "--quiet", "--format=json", "-c", connections, *options,
                  f"ws://127.0.0.1:{server.port}/")
    if not done.stdout:
        raise RuntimeError(f"{server.name}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def artillery(server, size, connections):
    """Sends text, waits for its echo and looks for a number in it; returns how many echoes came."""
    text = '{"id":1,"p":""}'
    send = {"payload": text[:-2] + "x" * (size - len(text)) + text[-2:], "match": {"json": "$.id", "value": 1}}
    script = {"config": {"target": f"ws://127.0.0.1:{server.port}/",
                         "phases": [{"duration": 1, "arrivalCount": connections}]},
              "scenarios": [{"engine": "ws", "flow": [
                  {"loop": [{"send": send}], "count": ARTILLERY_MESSAGES // connections}]}]}
    with tempfile.TemporaryDirectory() as folder:
        with open(f"{folder}/script.json", "w") as file:
            json.dump(script, file)
        pinned("env", "ARTILLERY_DISABLE_TELEMETRY=true", f"{ROOT}/build/npm/node_modules/.bin/artillery", "run",
               "--quiet", "--output", f"{folder}/report.json", f"{folder}/script.json")
        with open(f"{folder}/report.json") as file:
            return json.load(file)["aggregate"]["counters"]["websocket.messages_received"]


def cost(server, name, size, window, connections, seconds):
    """Messages per second of the client's CPU."""
    def run():
        before = children_cpu()
        if name == GENERATOR:
            done = pinned(f"{BENCH}/generator", server.port, connections, size, window, seconds)
            messages = int(done.stdout.split()[0])
        elif name == ARTILLERY:
            messages = artillery(server, size, connections)
        else:
            messages = wsbench(server, "--binary", "-s", size, "-w", window, "-d", seconds,
                               connections=connections)["messages"]["received"]
        return messages / (children_cpu() - before)
    return quietly(server, run)[0]


def half_of_peak(server, seconds):
    """The percentiles in microseconds at half of the rate that the server reaches in the closed model."""
    peak = wsbench(server, "-w", 32, "-d", seconds)["rate_per_s"]
    report = quietly(server, lambda: wsbench(server, "-R", f"{peak / 2:.0f}", "-w", 4096, "-d", 2 * seconds))[0]
    if sum(report["messages"]["unsent"].values()) * 100 > report["messages"]["sent"]:
        raise Dropped
    return [report["rtt"][name + "_us"] for name in PERCENTILES]


def section(rounds, seconds, commands):
    costs, latencies, names = Board(), Board(), []
    server = Server("bare WebSocket echo", [f"{BENCH}/yardstick_bare"])
    try:
        for index in range(rounds):
            for row, (size, window, connections) in LOADS.items():
                for name in (GENERATOR, OURS, ARTILLERY):
                    if name == ARTILLERY and window > 1:  # it has one message of a connection in flight
                        costs.values.setdefault((row, name), []).append(None)
                        continue
                    progress(f"round {index + 1}: client: {row}: {name}")
                    costs.measure(row, name, lambda: cost(server, name, size, window, connections,
                                                          max(seconds, COST_SECONDS)))
    finally:
        server.stop()
    for name, command in commands.items():
        try:
            server = Server(name, command)
        except (OSError, RuntimeError):
            continue
        names.append(name)
        try:
            for index in range(rounds):
                progress(f"round {index + 1}: half of the peak: {name}")
                values = Board()
                values.measure("all", name, lambda: half_of_peak(server, seconds))
                good = values.good("all", name)
                for row, value in zip(PERCENTILES, good[0] if good else [None] * len(PERCENTILES)):
                    latencies.values.setdefault((row, name), []).append(value)
                latencies.dropped += values.dropped
        finally:
            server.stop()
    return f"""## What the load tester costs

Messages per second of the client's CPU, with the bare echo as server; after ×, the ratio to the bare generator of
the same round, which sends the same bytes for each echo and compares nothing. wsbench compares every byte and
keeps a histogram; artillery 2 looks for a number in each answer, and its starting is a part of the
{ARTILLERY_MESSAGES:,} messages' cost. npm's thor cannot be installed: it depends on git:// addresses, which nothing
serves any more.

{table(costs, LOADS, [GENERATOR, OURS, ARTILLERY], GENERATOR)}

## Round trips at half of the peak

In the open model, at half of the rate that each server reaches with {CONNECTIONS} connections and 32 messages in
flight, 20 B, in microseconds from when each message was due. {costs.dropped + latencies.dropped} runs were dropped because of foreign load or steal and repeated.

{table(latencies, PERCENTILES, names, None)}

"""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=0.8)
    args = parser.parse_args()
    from run import RAW, SERVERS
    text = section(args.rounds, args.seconds, {n: c for n, c in SERVERS.items() if n != RAW})
    progress("")
    print(text, end="")


if __name__ == "__main__":
    main()
