"""Clients that break every rule, at a steady rate, each over a connection of its own. For run.py."""
import itertools
import socket
import ssl
import struct
import threading
import time

HEAD = (b"GET /bad HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n")
DEFLATE = b"Sec-WebSocket-Extensions: permessage-deflate\r\n"
KEY = b"\0\0\0\0"

# What each sends: before an answer to the upgrade, and after it.
SINS = [
    (b"\x16\x03\x01\0\0\0\0\0", None),                                  # no HTTP
    (HEAD[:40], None),                                                  # half a request
    (HEAD + b"X: " + b"a" * 20000 + b"\r\n\r\n", None),                 # a head too large
    (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n", None),  # no upgrade, and a body
    (HEAD + b"\r\n", b"\x81\x05hello"),                                 # not masked
    (HEAD + b"\r\n", b"\x81\x82" + KEY + b"\xff\xfe"),                  # not UTF-8
    (HEAD + b"\r\n", b"\xf1\x80" + KEY),                                # reserved bits
    (HEAD + b"\r\n", b"\x82\xff" + struct.pack(">Q", 1 << 62) + KEY),   # a length that cannot be
    (HEAD + b"\r\n", b"\x82\xfe\x10\0" + KEY + b"half of it"),          # the end is missing
    (HEAD + b"\r\n", b"\x01\x81" + KEY + b"a" + b"\x81\x81" + KEY + b"b"),  # a message within another
    (HEAD + b"\r\n", b"\x89\x80" + KEY),                                # a ping, and its answer is not read
    (HEAD + b"\r\n", b"\x88\x81" + KEY + b"\x03"),                      # half a close code
    (HEAD + DEFLATE + b"\r\n", b"\xc1\x84" + KEY + b"\xff\xff\xff\xff"),  # nothing that inflates
    (HEAD + b"\r\n", (b"\x82\xfe\xff\xff" + KEY + bytes(65535)) * 4),   # much, and nothing is read
]


class BadPeers(threading.Thread):
    """`rate` clients a second on each of `servers`, of (port, secure), until stop()."""

    def __init__(self, servers, rate):
        super().__init__(daemon=True)
        self.servers, self.rate, self.count = servers, rate, 0
        self.ended = threading.Event()
        self.context = ssl.create_default_context()
        self.context.check_hostname, self.context.verify_mode = False, ssl.CERT_NONE

    def run(self):
        due, waiting = time.monotonic(), []
        for number in itertools.count():
            for port, secure in self.servers:
                try:
                    waiting.append((time.monotonic() + 1, self.sin(number, port, secure)))
                    self.count += 1
                except OSError:
                    pass  # refused in the middle: that is its good right
            # They stay for a second, and leave half with a FIN and half with a reset.
            while waiting and waiting[0][0] < time.monotonic():
                sock = waiting.pop(0)[1]
                if number % 2:
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                sock.close()
            due += 1 / self.rate
            if self.ended.wait(max(0, due - time.monotonic())):
                break
        for _, sock in waiting:
            sock.close()

    def sin(self, number, port, secure):
        before, after = SINS[number % len(SINS)]
        sock = socket.create_connection(("127.0.0.1", port), timeout=2)
        try:
            if secure and number % 5:  # the others talk plainly to TLS
                sock = self.context.wrap_socket(sock)
            sock.sendall(before)
            if after and sock.recv(4096):
                sock.settimeout(0.1)
                sock.sendall(after)
        except OSError:
            pass
        return sock

    def stop(self):
        self.ended.set()
        self.join()
