#!/usr/bin/env python3
"""Measures what a node and a Redis of a cluster cost here, and computes what many connections need from it: the
figures of docs/scaling.md.

    tests/bench/scaling.py [--rounds N] [--seconds S] [--into docs/scaling.md] [--busy]
"""
import os
import socket
import statistics
import subprocess
import time

import cluster
from cluster import TOGETHER, WSBENCH, WSSERVE, Redis, fan_out, started
from measure import CLIENT_CPU, ENV, Server, pinned, progress, section_alone, today

TITLE = "## The figures"
IDLE = 10000
SUBSCRIBERS, PUBLISHES = (1, 50), {1: 100000, 50: 10000}
CHANNELS = 50000
ENVELOPE = 100 + 52  # a message of 100 bytes as it is published
# What the plan assumes of a machine, and of what its clients do.
CORES, MEMORY, USED = 16, 64 << 30, 0.7
PER_NODE, SPARE = 250000, 0.1
RECEIVED = 0.1  # messages a second that a client gets
TLS = 15 << 10  # bytes more of a connection: docs/benchmarks.md


def slab():
    with open("/proc/meminfo") as file:
        return next(int(line.split()[1]) << 10 for line in file if line.startswith("Slab:"))


def idle():
    """Bytes of an idle connection: of the server's memory, and of the kernel's for its end of it."""
    server = Server("wsserve", WSSERVE)
    clients = None
    try:
        memory, kernel = server.rss(), slab()
        clients = subprocess.Popen(
            ["taskset", "-c", str(CLIENT_CPU), WSBENCH, "--quiet", "--mode=idle", "-c", str(IDLE), "-d", "20s",
             f"ws://127.0.0.1:{server.port}/"], env=ENV, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(200):
            if len(os.listdir(f"/proc/{server.process.pid}/fd")) > IDLE:
                break
            time.sleep(0.05)
        else:
            raise RuntimeError("the connections were not opened")
        time.sleep(0.5)
        return (server.rss() - memory) / IDLE, (slab() - kernel) / (2 * IDLE)
    finally:
        if clients:
            clients.kill()
            clients.wait()
        server.stop()


def redis_cost():
    """Microseconds of Redis for a message, and for each node that gets it."""
    cost = {}
    redis = Redis()
    address = ["-p", str(redis.port)]
    try:
        for count in SUBSCRIBERS:
            listeners = [subprocess.Popen(["redis-cli", *address, "SUBSCRIBE", "a"], stdout=subprocess.DEVNULL)
                         for _ in range(count)]
            while f"a\n{count}" not in pinned("redis-cli", *address, "PUBSUB", "NUMSUB", "a").stdout:
                time.sleep(0.05)
            cpu = redis.cpu()
            pinned("redis-benchmark", *address, "-c", "4", "-P", "8", "-n", PUBLISHES[count], "-q",
                   "PUBLISH", "a", "x" * ENVELOPE)
            cost[count] = (redis.cpu() - cpu) / PUBLISHES[count] * 1e6
            for listener in listeners:
                listener.kill()
                listener.wait()
    finally:
        redis.stop()
    few, many = SUBSCRIBERS
    each = (cost[many] - cost[few]) / (many - few)
    return cost[few] - each * few, each


def subscription():
    """Bytes of Redis for a node's subscription to one room."""
    redis = Redis()
    try:
        memory = redis.rss()
        with socket.create_connection(("127.0.0.1", redis.port)) as node:
            names = [f"{{chat}}/room{i}" for i in range(CHANNELS)]
            command = [f"*{CHANNELS + 1}\r\n$9\r\nSUBSCRIBE\r\n", *(f"${len(n)}\r\n{n}\r\n" for n in names)]
            node.sendall("".join(command).encode())
            answered = b""
            while f":{CHANNELS}\r\n".encode() not in answered[-32:]:
                answered = answered[-32:] + node.recv(1 << 16)
            return (redis.rss() - memory) / CHANNELS
    finally:
        redis.stop()


def foreign():
    """Microseconds of a node for a message of another node that none of its clients gets."""
    redis, nodes = Redis(), []
    try:
        nodes = [started(TOGETHER, redis), started(TOGETHER, redis)]
        cpu, rate = nodes[1].cpu(), 10000
        pinned(WSBENCH, "--quiet", "--mode=broadcast", "-c", 2, "-R", rate, "-s", 100, "-d", "2s",
               f"ws://127.0.0.1:{nodes[0].port}/")
        return (nodes[1].cpu() - cpu) / (2 * rate) * 1e6
    finally:
        for node in nodes:
            node.stop()
        redis.stop()


def plan(clients, per_room, costs):
    """A row: nodes, memory, the share of a node's cores, Redis's cores and memory."""
    rss, kernel, deliveries, publish, each, node_us, room = costs
    serving = -(-clients // PER_NODE)
    nodes = serving + max(1, round(serving * SPARE))
    published = clients * RECEIVED / per_room
    reached = nodes * (1 - (1 - 1 / nodes) ** per_room)  # nodes with members of it
    node_cores = clients / nodes * RECEIVED / deliveries + published * reached / nodes * node_us / 1e6
    redis_cores = published * (publish + each * reached) / 1e6
    memory = clients / serving * (rss + kernel + TLS)
    return (f"| {clients:,} | {per_room:,} | {nodes} | {memory / (1 << 30):.1f} GiB | {node_cores:.2f} | "
            f"{published:,.0f} | {redis_cores:.2f} | {clients / per_room * reached * room / (1 << 30):.1f} GiB |")


def section(rounds, seconds):
    samples = []
    for index in range(rounds):
        progress(f"round {index + 1}: what a node and Redis cost")
        redis = Redis()
        try:
            deliveries = fan_out(TOGETHER, redis, max(cluster.RECEIVERS), seconds)
        finally:
            redis.stop()
        samples.append((*idle(), deliveries, *redis_cost(), foreign(), subscription()))
    costs = [statistics.median(column) for column in zip(*samples)]
    rss, kernel, deliveries, publish, each, node_us, room = costs
    rows = [plan(clients, per_room, costs) for clients in (10**6, 10**7) for per_room in (2, 100, 10000)]
    most = int(MEMORY * USED / (rss + kernel + TLS))
    everyone = 1e6 / (publish + each * (10**7 // PER_NODE * (1 + SPARE)))
    return f"""{TITLE}

Measured on {today()} by `tests/bench/scaling.py`, {rounds} round{'s' if rounds > 1 else ''}, medians, with {os.cpu_count()} cores that server, clients
and Redis share, and other programs too: times may differ by half from one run to the next:

| what | measured |
|---|---:|
| an idle connection: wsserve's memory | {rss:,.0f} B |
| an idle connection: the kernel's memory for the server's end | {kernel:,.0f} B |
| deliveries of 100 B to clients, a second of a node's CPU, with a cluster | {deliveries:,.0f} |
| Redis's CPU for a message | {publish:.2f} µs |
| and for each node that gets it | {each:.2f} µs |
| a node's CPU for a message from another node that none of its clients gets | {node_us:.2f} µs |
| Redis's memory for each channel that a node subscribes to | {room:,.0f} B |

Computed from these, and measured on no such machines: nodes of {CORES} cores and {MEMORY >> 30} GiB; {PER_NODE:,} connections with
TLS each ({TLS >> 10} KiB more, [benchmarks](benchmarks.md)), and a tenth of the nodes in reserve; each client gets a message of
100 B every {1 / RECEIVED:.0f} s. Memory is that of connections at rest; a node's cores are for deliveries, without TLS and without what its clients send;
Redis's memory is for rooms alone:

| connections | members per room | nodes | memory of a node | cores of a node | messages/s through Redis | cores of Redis | memory of Redis |
|---:|---:|---:|---:|---:|---:|---:|---:|
{chr(10).join(rows)}

By memory alone a node would hold {most:,} such connections. A message for everyone is work for the nodes: with
ten million connections and all cores busy they deliver {deliveries * CORES / PER_NODE:,.0f} of them a second, and one Redis
would carry {everyone:,.0f}.
"""


if __name__ == "__main__":
    section_alone(section, TITLE)
