"""The messages for echo tests with other implementations: 0 B to 1 MiB, text and binary, from a seed.

corpus.py URL COUNT [WSCAT-OPTION]... has wscat send it to an echo server, as text and as binary
messages, and compares what wscat prints. Each line of standard input, unless it is a terminal, is a
query to be added to the URL, and a pattern for the negotiated extensions.
"""

import asyncio
import base64
import json
import os
import random
import re
import sys

EDGES = (0, 1, 125, 126, 65535, 65536, 1 << 20)
WORDS = '{"id":%d,"name":"grüße, 世界 🌍","values":[1,2.5,null,true],"tags":["a","b"]},\n'


def sizes(rng, count):
    """The edge cases, as far as they fit, and otherwise mostly small ones."""
    most = 1 << 20 if count >= 500 else 1 << 16
    result = [size for size in EDGES if size <= most][:count]
    while len(result) < count:
        kind = rng.random()
        limit = 200 if kind < 0.9 else 16 << 10 if kind < 0.99 else most // 4
        result.append(rng.randrange(limit))
    rng.shuffle(result)
    return result


def text(rng, size):
    if rng.random() < 0.5:
        data = "".join(WORDS % rng.randrange(100) for _ in range(size // 60 + 1)).encode()
    else:
        data = "".join(chr(rng.randrange(32, 0x3000)) for _ in range(size)).encode()
    # Cut between characters, and padded.
    data = data[:size].decode(errors="ignore").encode()
    return (data + b"." * (size - len(data))).decode()


def binary(rng, size):
    kind = rng.random()
    if kind < 0.5:
        return rng.randbytes(size)
    if kind < 0.75:
        return bytes(size)
    unit = rng.randbytes(rng.randrange(1, 400))
    return (unit * (size // len(unit) + 1))[:size]


def messages(seed, count):
    """`count` messages, str and bytes mixed by the seed."""
    rng = random.Random(seed)
    return [
        text(rng, size) if rng.random() < 0.5 else binary(rng, size) for size in sizes(rng, count)
    ]


async def through_wscat(url, sent, options, extensions=""):
    """Sends all of one kind, str or bytes, over one connection. Raises AssertionError."""
    kind = "-t" if isinstance(sent[0], str) else "-b"
    raw = [m.encode() if isinstance(m, str) else m for m in sent]
    process = await asyncio.create_subprocess_exec(
        *("wscat", "-J", kind, "--input=hex", "-N", str(len(sent)), "-T", "50s", *options, url),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    lines = b"".join(m.hex().encode() + b"\n" for m in raw)
    out, _ = await process.communicate(lines)
    assert process.returncode == 0, (url, process.returncode)
    records = [json.loads(line) for line in out.splitlines()]
    agreed = next(r for r in records if r["type"] == "open")["extensions"] or ""
    assert re.search(extensions, agreed), (url, extensions, agreed)
    got = [r for r in records if r["dir"] == "in" and r["type"] in ("text", "binary")]
    assert len(got) == len(sent), (url, len(got))
    for i, (record, m) in enumerate(zip(got, raw)):
        back = record["data"].encode() if "data" in record else base64.b64decode(record["b64"])
        assert record["type"] == ("text" if kind == "-t" else "binary"), (url, i)
        assert back == m, (url, i, len(m), len(back))


async def corpus_through_wscat(url, seed, count, options, extensions=""):
    """Sends both kinds, over one connection each."""
    corpus = messages(seed, count)
    for kind in (str, bytes):
        sent = [m for m in corpus if isinstance(m, kind)]
        await through_wscat(url, sent, options, extensions)


async def main(url, count, options):
    queries = [] if sys.stdin.isatty() else sys.stdin.read().splitlines()
    rows = [(line.split(" ", 1) + [""])[:2] for line in queries] or [["", ""]]
    gate = asyncio.Semaphore(os.cpu_count() or 1)

    async def one(seed, query, extensions):
        async with gate:
            await corpus_through_wscat(url + query, seed, count, options, extensions)

    await asyncio.gather(*(one(seed, *row) for seed, row in enumerate(rows)))
    print("%d times %d messages came back" % (len(rows), count))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3:]))
