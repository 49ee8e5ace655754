#!/usr/bin/env python3
"""Mutated conversations against a running wsserve, which is built with the sanitizers.

    tests/fuzz/live.py [--build DIR] [--seconds S] [--seed N]

Conversations that are right, of HTTP/1.1 and HTTP/2, are cut, repeated, spliced and spoilt, sent in pieces
and ended in several ways, to servers in several modes. After each batch an honest client must get its echo,
and at the end the server must stop by itself, with nothing found by a sanitizer. A failure prints the seed
of its batch, with which the same bytes are sent again.
"""
import argparse
import os
import random
import signal
import socket
import struct
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BATCH = 40  # conversations between two looks at the server
PATIENCE_S = 20
MODES = {
    "echo": [],
    "deflate": ["-z", "--maxframesize=100"],
    "broadcast": ["--broadcast"],
    "program": ["--", "cat"],
    "http2": ["--http2=prior", "--health", "--metrics", "--max-streams=8"],
    "rooms": ["--rooms", "--max-rate=200", "--max-message-size=2000"],
}


class Failure(Exception):
    pass


def frame(opcode, payload, first=0x80, key=b"\x01\x02\x03\x04"):
    """A frame of a client."""
    size = len(payload)
    if size < 126:
        head = struct.pack("!BB", first | opcode, 0x80 | size)
    elif size < 65536:
        head = struct.pack("!BBH", first | opcode, 0xFE, size)
    else:
        head = struct.pack("!BBQ", first | opcode, 0xFF, size)
    return head + key + bytes(byte ^ key[i % 4] for i, byte in enumerate(payload))


def upgrade(*more):
    lines = ["GET /room?token=1 HTTP/1.1", "Host: localhost", "Upgrade: websocket", "Connection: Upgrade",
             "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", *more]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def http2(kind, flags, stream, payload):
    return struct.pack("!I", len(payload))[1:] + struct.pack("!BBI", kind, flags, stream) + payload


def literal(name, value):
    """A header field without indexing, as HPACK writes it."""
    return b"\x00" + bytes([len(name)]) + name + bytes([len(value)]) + value


HEAD2 = b"".join(literal(name, value) for name, value in (
    (b":method", b"CONNECT"), (b":protocol", b"websocket"), (b":scheme", b"http"), (b":path", b"/"),
    (b":authority", b"localhost"), (b"sec-websocket-version", b"13"),
    (b"sec-websocket-extensions", b"permessage-deflate")))
# Each a list of pieces that make sense by themselves.
CONVERSATIONS = [
    [upgrade(), frame(1, b"hello"), frame(2, bytes(300)), frame(9, b"?"), frame(8, b"\x03\xe8bye")],
    [upgrade(), frame(1, b"a", 0), frame(9, b""), frame(0, b"b", 0), frame(0, "ä€😀".encode()), frame(8, b"")],
    [upgrade("Sec-WebSocket-Extensions: permessage-deflate"), frame(1, b"\xca\x48\xcd\xc9\xc9\x07\x00", 0xC0),
     frame(1, b"\xca\x48", 0x40), frame(0, b"\xcd\xc9\xc9\x07\x00"), frame(8, b"\x03\xe8")],
    [upgrade("Sec-WebSocket-Protocol: a, b", "Origin: http://localhost"), frame(2, b"x" * 70000), frame(8, b"")],
    [b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n", b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"],
    [b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello", upgrade()],
    [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", http2(4, 0, 0, b"\x00\x03\x00\x00\x00\x64"), http2(1, 4, 1, HEAD2),
     http2(0, 0, 1, frame(1, b"hello")), http2(6, 0, 0, bytes(8)), http2(8, 0, 1, b"\x00\x01\x00\x00"),
     http2(1, 4, 3, HEAD2), http2(3, 0, 3, b"\x00\x00\x00\x08"), http2(0, 1, 1, frame(8, b"\x03\xe8")),
     http2(7, 0, 0, bytes(8))],
    [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", http2(4, 0, 0, b""), http2(1, 0, 1, HEAD2[:20]),
     http2(9, 0, 1, HEAD2[20:40]), http2(9, 4, 1, HEAD2[40:]), http2(0, 8, 1, b"\x02" + frame(2, b"padded") + bytes(2)),
     http2(4, 1, 0, b""), http2(2, 0, 1, bytes(5))],
]


def mutate(draw, pieces):
    """Of the pieces of one conversation, and some of another's, what is sent."""
    pieces = list(pieces)
    for _ in range(draw.choice((0, 1, 1, 2, 4))):
        at = draw.randrange(len(pieces))
        how = draw.randrange(7)
        if how == 0:
            pieces.insert(at, draw.choice(draw.choice(CONVERSATIONS)))
        elif how == 1:
            pieces[at:at + 1] = [pieces[at]] * draw.choice((2, 3, 200))
        elif how == 2 and len(pieces) > 1:
            del pieces[at]
        elif how == 3:
            pieces[at] = pieces[at][:draw.randrange(len(pieces[at]) + 1)]
        elif how == 4:
            cut = draw.randrange(len(pieces[at]) + 1)
            pieces[at] = pieces[at][:cut] + draw.randbytes(draw.choice((1, 4, 100))) + pieces[at][cut:]
        elif pieces[at]:
            spoilt = bytearray(pieces[at])
            for _ in range(draw.choice((1, 1, 1, 8))):
                byte = draw.randrange(min(len(spoilt), draw.choice((2, 14, 1 << 20))))
                spoilt[byte] = draw.choice((spoilt[byte] ^ 1 << draw.randrange(8), 0, 0x7F, 0xFF))
            pieces[at] = bytes(spoilt)
    return b"".join(pieces)


class Server:
    def __init__(self, build, mode):
        self.mode, (options, command) = mode, split(MODES[mode])
        self.process = subprocess.Popen(
            [f"{build}/wsserve", "--port=0", "--announce", "--loglevel=error", "--closems=500", *options, *command],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
        line = self.process.stdout.readline()
        if not line:
            raise Failure(f"{mode}: the server did not start: {self.process.stderr.read()}")
        self.port = int(line.rsplit(":", 1)[1].strip().strip("/"))

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            _, errors = self.process.communicate(timeout=PATIENCE_S)
        except subprocess.TimeoutExpired:
            raise Failure(f"{self.mode}: the server did not stop") from None
        if self.process.returncode != 0 or "Sanitizer" in errors or "runtime error" in errors:
            raise Failure(f"{self.mode}: exit {self.process.returncode}\n{errors}")

    def kill(self):
        """It and its programs, if they are still there."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate()


def split(options):
    at = options.index("--") if "--" in options else len(options)
    return options[:at], options[at:]


def converse(draw, port):
    """One mutated conversation: True if something was answered."""
    answered = False
    data = mutate(draw, draw.choice(CONVERSATIONS))
    with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as peer:
        peer.settimeout(0.02)
        try:
            while data:
                size = draw.choice((1, 7, 100, 1 << 20, 1 << 20))
                peer.sendall(data[:size])
                data = data[size:] if size > 1 or draw.random() < 0.9 else b""
            if draw.random() < 0.5:
                peer.shutdown(socket.SHUT_WR)
            answered = bool(peer.recv(1 << 16))
        except OSError:
            pass  # the server is free to end it
        if draw.random() < 0.3:  # with a reset
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return answered


def honest(server):
    """Is an honest client served?"""
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE_S) as peer:
        peer.settimeout(PATIENCE_S)
        peer.sendall(upgrade() + frame(2, b"honest") + frame(9, b"there"))
        got = b""
        while b"\x8a\x05there" not in got:
            some = peer.recv(65536)
            if not some:
                raise Failure(f"{server.mode}: an honest client got {got!r}")
            got += some


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default=f"{ROOT}/build/san")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=time.time_ns() & 0xFFFFFFFF)
    args = parser.parse_args()
    end = time.monotonic() + args.seconds
    seed, said, count, answered = args.seed, 0, 0, 0
    servers = []
    try:
        servers += [Server(args.build, mode) for mode in MODES]
        while count == 0 or time.monotonic() < end:
            for server in servers:
                draw = random.Random(seed)
                try:
                    for _ in range(BATCH):
                        answered += converse(draw, server.port)
                        count += 1
                    honest(server)
                except OSError as error:
                    raise Failure(f"{server.mode}: {error}") from None
                seed += 1
            if time.monotonic() - said > 5:
                said = time.monotonic()
                print(f"{count} conversations", file=sys.stderr)
        for server in servers:
            server.stop()
    except Failure as failure:
        sys.exit(f"not ok - with --seed={seed}: {failure}")
    finally:
        for server in servers:
            server.kill()
    print(f"{count} conversations, {answered} of them answered; seeds {args.seed} to {seed - 1}")


if __name__ == "__main__":
    main()
