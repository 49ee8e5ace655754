#!/usr/bin/python3
"""Plays the rows of the conformance tables over sockets, against servers and against clients.

    tests/conformance/play.py [--only NAME,NAME] [--cases TEXT] [--write FILE]

A row's bytes are sent to each subject: a server is connected to; a client is started with the URL of a
server that lives here. What the subject answers is read without libws: its echoes and pongs, or what
it printed, and the code of its close frame. Prints a line a case; ends with status 1 if one of the
toolkit's own programs (wsserve, wscat, wsbench) is not right in all of them. The rows come from
build/san/conformance; the cases of the Autobahn TestSuite's sections 9 and 10, which are about large
messages and many of them, are made here.
"""
import argparse
import base64
import concurrent.futures
import functools
import json
import os
import re
import socket
import subprocess
import sys
import threading
import zlib

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
sys.path.insert(0, os.path.join(ROOT, "tests", "fixtures"))
import wire  # noqa: E402

PATIENCE_S = 20
PATIENCE_WITH_OTHERS_S = 3  # most of what they do not answer, they never will
OK, LOOSE, FAILED, ABSENT = "ok", "not strict", "failed", "-"
MODULES = os.path.join(ROOT, "build", "npm", "node_modules")
ENVIRONMENT = dict(os.environ, NODE_PATH=MODULES)


class Wrong(Exception):
    """What a subject did that it must not."""


# --- rows ---


@functools.lru_cache(maxsize=64)
def trace(name, data):
    """One event as the tables' program prints it."""
    if not data:
        return name
    shown = "".join(chr(b) if 0x20 <= b < 0x7F and b not in b'"\\' else "\\x%02x" % b
                    for b in data[: 100 if len(data) <= 100 else 12])
    if len(data) <= 100:
        return '%s "%s"' % (name, shown)
    total = len(data)
    for at in range(0, len(data), 8):
        word = int.from_bytes(data[at : at + 8], "little")
        total = ((total ^ word) * 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF
        total ^= total >> 32
    return '%s "%s"... %d bytes, sum %016x' % (name, shown, len(data), total)


class Row:
    def __init__(self, row):
        self.id, self.autobahn, self.role = row["id"], row["autobahn"], row["role"]
        self.deflate, self.max, self.chop = row["deflate"], row["max"], row["chop"]
        self.playable = row["actions"] == 0
        self.feed = bytes.fromhex(row["feed"])
        self.request = b""
        if row["http"]:
            self.request, _, self.feed = self.feed.partition(b"\r\n\r\n")
            self.request += b"\r\n\r\n"
        codes = [int(word) for word in bytes.fromhex(row["answer"]).decode().split() if word.isdigit()]
        self.code = codes[-1] if codes and codes[-1] != 101 else None
        events = bytes.fromhex(row["events"]).decode().splitlines()
        # Pieces of a message that came to nothing are not echoed.
        self.messages = [line for line in events if re.match(r"(text|binary)( |$)", line)]
        self.pongs = ["pong" + line[4:] for line in events if re.match(r"ping( |$)", line)]
        if not row["whole"]:
            self.messages = None  # the pieces' lines cannot be joined

    def pieces(self):
        step = self.chop or len(self.feed) or 1
        return [self.feed[at : at + step] for at in range(0, len(self.feed), step)]


class Load:
    """A case of section 9 or 10: its messages are made when they are sent."""

    deflate, max, playable, code, request = None, 0, True, 1000, b""

    def __init__(self, autobahn, name, role, opcode, size, count=1, fragment=0, chop=0):
        self.autobahn, self.id, self.role = autobahn, name, role
        self.opcode, self.size, self.count, self.fragment, self.chop = opcode, size, count, fragment, chop
        self.pongs = []
        self.rounds = count > 1  # each message waits for the answer of the one before

    def message(self):
        frames, mask = [], self.role == "server"
        payload = (b"*" if self.opcode == wire.TEXT else b"\xfe") * self.size
        step = self.fragment or self.size or 1
        for at in range(0, max(self.size, 1), step):
            frames.append(wire.frame(0 if at else self.opcode, payload[at : at + step], mask=mask,
                                     fin=at + step >= self.size))
        return b"".join(frames)

    def pieces(self):
        data = self.message() * (1 if self.rounds else self.count)
        data += b"" if self.rounds else wire.frame(wire.CLOSE, wire.close_payload(1000), mask=self.role == "server")
        step = self.chop or 1 << 16
        return [data[at : at + step] for at in range(0, len(data), step)]

    @property
    def messages(self):
        payload = (b"*" if self.opcode == wire.TEXT else b"\xfe") * self.size
        return [trace("text" if self.opcode == wire.TEXT else "binary", payload)] * self.count


def loads():
    kib, mib = 1 << 10, 1 << 20
    for role in ("server", "client"):
        for second, (kind, opcode) in enumerate((("text", wire.TEXT), ("binary", wire.BINARY)), 1):
            for n, size in enumerate((64 * kib, 256 * kib, mib, 4 * mib, 8 * mib, 16 * mib), 1):
                yield Load("9.%d.%d" % (second, n), "%s-%dk" % (kind, size // kib), role, opcode, size)
            for n, size in enumerate((64, 256, kib, 4 * kib, 16 * kib, 64 * kib, 256 * kib, mib, 4 * mib), 1):
                yield Load("9.%d.%d" % (2 + second, n), "%s-4096k-by-%d" % (kind, size), role, opcode, 4 * mib,
                           fragment=size)
            for n, size in enumerate((64, 128, 256, 512, kib, 2 * kib), 1):
                yield Load("9.%d.%d" % (4 + second, n), "%s-1024k-chop-%d" % (kind, size), role, opcode, mib, chop=size)
            for n, size in enumerate((0, 16, 64, 256, kib, 4 * kib), 1):
                yield Load("9.%d.%d" % (6 + second, n), "%s-1000-times-%d" % (kind, size), role, opcode, size, 1000)
        yield Load("10.1.1", "text-65536-by-1300", role, wire.TEXT, 64 * kib, fragment=1300)


def rows():
    printed = subprocess.run([os.path.join(ROOT, "build/san/conformance"), "--rows"], cwd=ROOT, check=True,
                             stdout=subprocess.PIPE, text=True).stdout
    return [Row(json.loads(line)) for line in printed.splitlines() if line.startswith("{")] + list(loads())


# --- the other end ---


class Ear:
    """Reads what a subject sends: messages (inflated), pongs and the code of its close frame."""

    def __init__(self, stream, deflated):
        self.stream = stream
        self.inflater = zlib.decompressobj(-15) if deflated else None
        self.messages, self.pongs, self.code, self.ended = [], [], None, False
        self.opcode, self.parts, self.compressed = 0, [], False

    def frame(self):
        """Takes in one frame; False at the end of the stream."""
        try:
            first, second = self.stream.exactly(2)
            length = second & 0x7F
            if length > 125:
                length = int.from_bytes(self.stream.exactly(2 if length == 126 else 8), "big")
            key = self.stream.exactly(4) if second & 0x80 else None
            payload = self.stream.exactly(length)
        except (EOFError, ConnectionError):
            self.ended = True
            return False
        if self.code is not None:
            raise Wrong("a frame after its close frame")
        self.take(first, wire.xor(payload, key) if key else payload)
        return True

    def take(self, first, payload):
        opcode = first & 15
        if opcode == wire.CLOSE:
            self.code = int.from_bytes(payload[:2], "big") if len(payload) > 1 else 1005
        elif opcode == wire.PONG:
            self.pongs.append(trace("pong", payload))
        elif opcode < wire.CLOSE:
            if opcode:
                self.opcode, self.parts, self.compressed = opcode, [], bool(first & 0x40)
            self.parts.append(payload)
            if first & 0x80:
                data = b"".join(self.parts)
                if self.compressed:
                    data = self.inflater.decompress(data + b"\x00\x00\xff\xff")
                self.messages.append(trace("text" if self.opcode == wire.TEXT else "binary", data))


def extension(deflate):
    """The parameters of a row as an offer or an answer."""
    if not deflate:
        return ""
    parts = ["permessage-deflate"]
    for name, value in deflate.items():
        if value is True:
            parts.append(name)
        elif value is not False and value < 15:
            parts.append("%s=%d" % (name, value))
    return "; ".join(parts)


def agreed(answer, deflate):
    """Do the parameters that a server answered with fit a row's compressed bytes?"""
    given = dict((part.strip().split("=") + ["yes"])[:2] for part in answer.split(";")[1:])
    return answer.startswith("permessage-deflate") and (
        ("client_no_context_takeover" not in given or deflate["client_no_context_takeover"])
        and int(given.get("client_max_window_bits", 15)) >= deflate["client_max_window_bits"])


def say(sock, row, ear):
    """Sends the row while its answers are read. Rows without an end are ended by the end of our stream."""
    def send():
        try:
            for piece in row.pieces():
                sock.sendall(piece)
        except OSError:
            pass  # it has closed: what it said before counts
    speaker = threading.Thread(target=send)
    speaker.start()
    if row.code is None:
        wanted = len(row.messages or []) if row.role == "server" else 0
        while len(ear.messages) < wanted or len(ear.pongs) < len(row.pongs):
            if not ear.frame():
                break
        speaker.join()
        sock.shutdown(socket.SHUT_WR)
    while ear.code is None and ear.frame():
        pass
    speaker.join()


def say_rounds(sock, row, ear):
    message = row.message()
    for _ in range(row.count):
        sock.sendall(message)
        if row.role == "server" and not ear.frame():
            return
    sock.sendall(wire.frame(wire.CLOSE, wire.close_payload(1000), mask=row.role == "server"))
    while ear.code is None and ear.frame():
        pass


def converse(sock, row, ear, patience_s=PATIENCE_S):
    sock.settimeout(patience_s)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        (say_rounds if getattr(row, "rounds", False) else say)(sock, row, ear)
    except socket.timeout:
        raise Wrong("no answer in %d s" % patience_s) from None


def judge(row, messages, ear):
    """Is what came what the row wants?"""
    if row.code is None and ear.code == 1009 and not row.max:
        return ABSENT  # the row is about a session without a limit, and all programs have one
    if row.code is not None and ear.code != row.code:
        raise Wrong("closed with %s, expected %d" % (ear.code, row.code))
    if row.code is None and ear.code not in (None, 1000, 1001, 1005, 1006):
        raise Wrong("closed with %s, expected no close" % ear.code)
    if messages is not None and row.messages is not None and messages != row.messages:
        return LOOSE
    return OK if ear.pongs == row.pongs else LOOSE


# --- subjects ---


class Server:
    role = "server"

    def __init__(self, name, command, own=False, limited=False):
        self.name, self.command, self.own, self.limited = name, command, own, limited
        self.running = {}

    def url(self, limit):
        """Of the server with this limit of a message's size."""
        if limit not in self.running:
            command = self.command + (["--max-message-size=%d" % limit] if limit else [])
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                                       env=ENVIRONMENT)
            port = re.search(r"(\d+)/?$", process.stdout.readline())
            if not port:
                raise Wrong("it did not start: %s" % " ".join(command))
            self.running[limit] = process, "ws://127.0.0.1:%s/" % port[1]
        return self.running[limit][1]

    def play(self, row):
        if row.max and not self.limited:
            return ABSENT
        stream = wire.Stream(wire.dial(self.url(row.max)))
        try:
            offer = extension(row.deflate)
            stream.sock.settimeout(PATIENCE_S)
            stream.sock.sendall(row.request or wire.request(
                extra=b"Sec-WebSocket-Extensions: %s\r\n" % offer.encode() if offer else b""))
            head = stream.head()
            if not head.startswith(b"HTTP/1.1 101 "):
                raise Wrong("no upgrade")
            if offer and not agreed(wire.headers(head).get(b"sec-websocket-extensions", b"").decode(), row.deflate):
                return ABSENT
            ear = Ear(stream, bool(offer))
            converse(stream.sock, row, ear, PATIENCE_S if self.own else PATIENCE_WITH_OTHERS_S)
            return judge(row, ear.messages, ear)
        finally:
            stream.sock.close()

    def stop(self):
        for process, _ in self.running.values():
            process.kill()
            process.wait()


class Client:
    """A client of the toolkit's own; `reads` makes traces of what it printed."""

    role, own = "client", True

    def __init__(self, name, command, reads=None):
        self.name, self.command, self.reads = name, command, reads
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(1)
        self.listener.settimeout(PATIENCE_S)

    def play(self, row):
        if row.max and not self.reads:
            return ABSENT
        command = self.command + (["--max-message-size=%d" % row.max] if row.max else [])
        command += (["--compress"] if row.deflate else []) + ["ws://127.0.0.1:%d/" % self.listener.getsockname()[1]]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        printed = []
        reader = threading.Thread(target=lambda: printed.append(process.stdout.read()))
        reader.start()
        sock, _ = self.listener.accept()
        try:
            stream = wire.Stream(sock)
            self.upgrade(stream, row)
            ear = Ear(stream, bool(row.deflate))
            converse(sock, row, ear)
            sock.close()
            if not self.reads:
                process.kill()
            process.wait(PATIENCE_S)
            reader.join()
            return judge(row, self.reads(printed[0]) if self.reads else None, ear)
        except subprocess.TimeoutExpired:
            raise Wrong("it did not end") from None
        finally:
            sock.close()
            process.kill()
            process.wait()
            reader.join()

    @staticmethod
    def upgrade(stream, row):
        stream.sock.settimeout(PATIENCE_S)
        key = wire.headers(stream.head())[b"sec-websocket-key"]
        agreed_on = extension(row.deflate)
        stream.sock.sendall(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + wire.accept_key(key) + b"\r\n"
            + (b"Sec-WebSocket-Extensions: %s\r\n" % agreed_on.encode() if agreed_on else b"") + b"\r\n")

    def stop(self):
        self.listener.close()


def read_records(printed):
    """The messages that wscat --jsonl printed."""
    records = [json.loads(line) for line in printed.splitlines()]
    return [trace(r["type"], r["data"].encode() if "data" in r else base64.b64decode(r.get("b64", "")))
            for r in records if r["dir"] == "in" and r["type"] in ("text", "binary")]


def subjects():
    tool = lambda name: os.path.join(ROOT, "build", name)  # noqa: E731
    return [
        Server("wsserve", [tool("wsserve"), "-p0", "--announce", "--compress=takeover=both,threshold=0", "--max-message-size=64M"], own=True,
               limited=True),
        Client("wscat", [tool("wscat"), "--jsonl", "--no-stdin", "--wait=-1"], read_records),
        Client("wsbench", [tool("wsbench"), "--quiet", "--mode=source", "-c1", "-d60s"]),
        Server("ws", ["node", os.path.join(ROOT, "tests/bench/echo_ws.js"), "takeover"]),
        Server("websockets", [sys.executable, os.path.join(ROOT, "tests/fixtures/echo_websockets.py")]),
        Server("bun", [os.path.join(MODULES, ".bin/bun"), os.path.join(ROOT, "tests/bench/echo_bun.js"), "takeover"]),
    ]


# --- the report ---


def order(case):
    return [int(n) for n in case.split(".")] if case else [99]


def page(results, names):
    """docs/conformance.md."""
    played = {key: verdicts for key, verdicts in results.items() if verdicts}
    counts = []
    for name in names:
        verdicts = [v[name].split(":")[0] for v in played.values() if name in v]
        counts.append("| %s | %s |" % (name, " | ".join(str(verdicts.count(w)) for w in (OK, LOOSE, FAILED, ABSENT))))
    numbered = sorted((k for k in played if k[0]), key=lambda k: order(k[0]))
    others = [k for k in played if not k[0]]
    line = lambda k: "| %s | %s | %s |" % (  # noqa: E731
        k[0], k[1], " | ".join(played[k].get(n, "").split(":")[0] for n in names))
    head = "| case | row | %s |\n|---|---|%s" % (" | ".join(names), "---|" * len(names))
    return f"""# Conformance over the wire

Written by `make conformance`, which plays the rows of [tests/conformance](../tests/conformance/) over sockets:
to servers, which echo, and to clients. "ok": each echo, pong and close code is as the row says. "not strict":
the close code is right, but an answer before it is missing or another. "failed": another close code, or none.
"-": it did not agree to the row's parameters of permessage-deflate, or has no such limit, or always has one.
A row's bytes come without a pause, its close frame straight after the messages: that is why an echo that is
made later is missing.

| program | ok | not strict | failed | - |
|---|---|---|---|---|
{chr(10).join(counts)}

## The cases of the Autobahn TestSuite

By its numbers: {len(numbered)} cases. wsserve, ws, websockets and bun are servers, wscat and wsbench clients;
wsbench prints no messages, so only its pongs and close codes are compared.

{head}
{chr(10).join(map(line, numbered))}

## Rows without a number

{head}
{chr(10).join(map(line, others))}
"""


def play_all(subject, cases):
    """All cases of one subject, one after the other; a line of output each."""
    verdicts = []
    for row in cases:
        try:
            verdict = subject.play(row)
        except (Wrong, OSError, EOFError) as wrong:
            verdict = "%s: %s" % (FAILED, wrong)
        verdicts.append((row, verdict))
        print("%-8s %-40s %-10s %s\n" % (row.autobahn, row.id, subject.name, verdict), end="", flush=True)
    return verdicts


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", help="these programs, separated by commas")
    parser.add_argument("--cases", default="", help="the cases whose number begins so, or with this in their name")
    parser.add_argument("--write", help="a page with all results")
    options = parser.parse_args()
    chosen = [s for s in subjects() if not options.only or s.name in options.only.split(",")]
    cases = [row for row in rows() if row.playable and (
        row.autobahn.startswith(options.cases) or options.cases in row.id)]
    results = {(row.autobahn, row.id): {} for row in cases}
    bad = count = 0
    try:
        with concurrent.futures.ThreadPoolExecutor(len(chosen)) as pool:
            jobs = {s: pool.submit(play_all, s, [row for row in cases if row.role == s.role]) for s in chosen}
            for subject, job in jobs.items():
                for row, verdict in job.result():
                    results[row.autobahn, row.id][subject.name] = verdict
                    bad += subject.own and verdict not in (OK, ABSENT)
                    count += 1
    finally:
        for subject in chosen:
            subject.stop()
    if options.write:
        with open(options.write, "w") as file:
            file.write(page(results, [s.name for s in chosen]))
    print("%d played, %d not right" % (count, bad))
    return 1 if bad or not count else 0


sys.exit(main())
