"""Functions for benchmarks: servers on a core of their own, runs that are repeated when other processes were
busy, and statistics over all rounds. For run.py and cost.py."""
import argparse
import datetime
import json
import os
import re
import statistics
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TICKS = os.sysconf("SC_CLK_TCK")
SERVER_CPU, CLIENT_CPU = 0, 1
FOREIGN_LIMIT = 0.10  # share of one core that others may use during a run
STEAL_LIMIT = 0.02
TRIES = 3
accept_busy = False  # such runs count, which their section says

ENV = dict(os.environ, NODE_PATH=os.path.join(ROOT, "build", "npm", "node_modules"))


def progress(text):
    print(f"\r{text}\033[K" if sys.stderr.isatty() else text, end="" if sys.stderr.isatty() else "\n",
          file=sys.stderr, flush=True)


class Server:
    def __init__(self, name, command):
        self.name = name
        self.process = subprocess.Popen(
            ["taskset", "-c", str(SERVER_CPU)] + command, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, env=ENV, text=True)
        line = self.process.stdout.readline()
        found = re.search(r"(\d+)/?\s*$", line)
        if not line.startswith("listening") or not found:
            self.stop()
            raise RuntimeError(f"{name} did not start: {line!r}")
        self.port = int(found.group(1))

    def cpu(self):
        """Seconds of CPU time of all its threads, to the nanosecond: by clock_getcpuclockid(3)."""
        return time.clock_gettime(~self.process.pid << 3 | 2)

    def rss(self):
        with open(f"/proc/{self.process.pid}/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")

    def stop(self):
        self.process.kill()
        self.process.wait()


def machine_times():
    """Busy and stolen CPU seconds of the whole machine."""
    with open("/proc/stat") as file:
        user, nice, system, idle, iowait, irq, softirq, steal = map(int, file.readline().split()[1:9])
    return (user + nice + system + irq + softirq) / TICKS, steal / TICKS


def children_cpu():
    times = os.times()
    return times.children_user + times.children_system


class Dropped(Exception):
    pass


def quietly(server, run, *helpers):
    """Calls `run`, and raises Dropped when other processes than the server, its clients and the servers that help
    it were busy. Returns its result and the server's CPU seconds."""
    helped = sum(helper.cpu() for helper in helpers)
    busy, stolen = machine_times()
    own, cpu, begun = children_cpu(), server.cpu(), time.monotonic()
    result = run()
    seconds = time.monotonic() - begun
    busy_after, stolen_after = machine_times()
    cpu = server.cpu() - cpu
    helped = sum(helper.cpu() for helper in helpers) - helped
    foreign = (busy_after - busy) - cpu - (children_cpu() - own) - helped
    # The clock has a hundred ticks a second, which limits the resolution of short runs.
    if not accept_busy and (
            foreign > FOREIGN_LIMIT * seconds + 0.06 or stolen_after - stolen > STEAL_LIMIT * seconds + 0.02):
        raise Dropped
    return result, cpu


def pinned(*command):
    return subprocess.run(["taskset", "-c", str(CLIENT_CPU), *map(str, command)], env=ENV,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)


def generated(server, connections, size, window, seconds, *mode):
    """The messages that came back to the generator, and the server's CPU seconds for them: from when all were
    connected until they close."""
    with subprocess.Popen(
            ["taskset", "-c", str(CLIENT_CPU), os.path.join(ROOT, "build", "bench", "generator"), *mode,
             str(server.port), *map(str, (connections, size, window, seconds))],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        first = process.stderr.readline()
        cpu = server.cpu()
        output = process.stdout.readline()
        cpu = server.cpu() - cpu
        _, errors = process.communicate(timeout=60)
    if process.returncode != 0:
        raise RuntimeError(f"{server.name}: {(first + errors).strip()}")
    return int(output.split()[0]), cpu


class Board:
    def __init__(self):
        self.values = {}  # (row, server) → one value per round, None if missing
        self.dropped = self.failed = 0

    def measure(self, row, name, run):
        value = None
        for _ in range(TRIES):
            try:
                value = run()
                break
            except Dropped:
                self.dropped += 1
            except (RuntimeError, ValueError, subprocess.TimeoutExpired) as error:
                self.failed += 1
                print(f"\n{row}: {name}: {error}", file=sys.stderr)
                break
        self.values.setdefault((row, name), []).append(value)

    def good(self, row, name):
        return [v for v in self.values.get((row, name), []) if v is not None]

    def ratios(self, row, name, to):
        pairs = zip(self.values.get((row, name), []), self.values.get((row, to), []))
        return [a / b for a, b in pairs if a and b]


def short(value):
    for limit, unit in ((1e6, " M"), (1e3, " k")):
        if value >= limit:
            return f"{value / limit:.3g}{unit}"
    return f"{value:.3g}"


def cell(board, row, name, to):
    values = board.good(row, name)
    if not values:
        return "–"
    text = f"{short(statistics.median(values))} ({short(min(values))}–{short(max(values))})"
    ratios = board.ratios(row, name, to) if to else []
    return text + (f" ×{statistics.median(ratios):.2f}" if ratios else "")


def idle(server, *target):
    """Bytes of RSS per idle connection."""
    count = 2000
    done = pinned(f"{ROOT}/build/wsbench", "--quiet", "--mode=idle", "-c", count, "-d", "1s",
                  f"--server-pid={server.process.pid}", "--format=json", *target)
    report = json.loads(done.stdout)
    if report["connections"]["opened"] != count:
        raise RuntimeError(f"{server.name}: {done.stderr.strip()}")
    return (report["server"]["rss_most_bytes"] - report["server"]["rss_before_bytes"]) / count


def table(board, rows, names, to):
    lines = ["| | " + " | ".join(names) + " |", "|---|" + "---:|" * len(names)]
    for row in rows:
        lines.append(f"| {row} | " + " | ".join(cell(board, row, n, to) for n in names) + " |")
    return "\n".join(lines)


# --- sections of docs/benchmarks.md that can be measured by themselves ---

def today():
    return datetime.date.today().isoformat()


def dropped(board):
    if accept_busy:
        return "other processes used both cores meanwhile, so the ratios say more than the figures"
    return f"{board.dropped} runs dropped because of foreign load or steal and repeated"


def put(title, text, path):
    """In place of the section of the same title, or at the end."""
    with open(path) as file:
        whole = file.read()
    begin = whole.find(title + "\n")
    if begin < 0:
        whole = whole.rstrip("\n") + "\n\n" + text
    else:
        after = re.compile(r"^## ", re.M).search(whole, begin + len(title))
        whole = whole[:begin] + text + (whole[after.start():] if after else "")
    with open(path, "w") as file:
        file.write(whole.rstrip("\n") + "\n")


def section_alone(section, title):
    """The command line of a script with one section: prints it, or puts it into a file."""
    global accept_busy
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=0.8)
    parser.add_argument("--into", metavar="FILE")
    parser.add_argument("--busy", action="store_true")
    args = parser.parse_args()
    accept_busy = args.busy
    text = section(args.rounds, args.seconds)
    progress("")
    if args.into:
        put(title, text, args.into)
    else:
        print(text, end="")
