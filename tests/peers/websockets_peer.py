"""Python's websockets as a peer:

websockets_peer.py wscat COUNT CERTIFICATE KEY [QUERY]... -- [WSCAT-OPTION]...
    is an echo server that wscat sends COUNT messages to, for each QUERY, which has the server's
    parameters of permessage-deflate as in ws.js; "-" for no certificate
websockets_peer.py talk URL COUNT CA [QUERY]...
    sends COUNT messages and compares what comes back, over a connection for each QUERY
"""

import asyncio
import ssl
import sys
import urllib.parse

import websockets
from websockets.extensions import permessage_deflate as deflate

import corpus


def query(text):
    return dict(urllib.parse.parse_qsl(text.removeprefix('?'), keep_blank_values=True))


def window(q, name):
    return int(q[name]) if q.get(name) else None


def extensions(factory, text, client_window):
    q = query(text)
    if "deflate" not in q:
        return []
    return [
        factory(
            server_no_context_takeover="sn" in q,
            client_no_context_takeover="cn" in q,
            server_max_window_bits=window(q, "sw"),
            client_max_window_bits=window(q, "cw") or client_window,
        )
    ]


async def echo(socket, path=None):
    async for message in socket:
        await socket.send(message)


def expected(text):
    """A pattern for the server's response."""
    q = query(text)
    if "deflate" not in q:
        return "^$"
    names = {
        "sn": "server_no_context_takeover",
        "cn": "client_no_context_takeover",
        "sw": "server_max_window_bits=%s",
        "cw": "client_max_window_bits=%s",
    }
    return "^permessage-deflate" + "".join(
        "(?=.*%s)" % (names[k] % q[k] if "%" in names[k] else names[k]) for k in names if k in q
    )


async def serve_wscat(count, certificate, key, *rest):
    split = rest.index("--")
    queries, options = rest[:split] or [""], rest[split + 1 :]
    context = None
    if certificate != "-":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
    for seed, text in enumerate(queries):
        async with websockets.serve(
            echo,
            "127.0.0.1",
            0,
            max_size=None,
            ssl=context,
            compression=None,
            extensions=extensions(deflate.ServerPerMessageDeflateFactory, text, None),
        ) as server:
            port = server.sockets[0].getsockname()[1]
            url = "%s://127.0.0.1:%d/" % ("wss" if context else "ws", port)
            await corpus.corpus_through_wscat(url, seed, int(count), options, expected(text))
    print("%d times %s messages came back" % (len(queries), count))


async def talk(url, count, ca, *queries):
    context = None
    if ca != "-":
        context = ssl.create_default_context(cafile=ca)
    for seed, text in enumerate(queries or [""]):
        sent = corpus.messages(seed, count)
        async with websockets.connect(
            url,
            max_size=None,
            ssl=context,
            compression=None,
            extensions=extensions(deflate.ClientPerMessageDeflateFactory, text, True),
        ) as socket:
            agreed = bool(socket.extensions)
            assert agreed == ("deflate" in query(text)), (text, socket.extensions)

            async def send():
                for message in sent:
                    await socket.send(message)

            sending = asyncio.create_task(send())
            for i, message in enumerate(sent):
                back = await asyncio.wait_for(socket.recv(), 30)
                assert back == message, (text, i, len(message), len(back))
            await sending
    print("%d times %d messages came back" % (len(queries) or 1, count))


if __name__ == "__main__":
    what, first, second, *others = sys.argv[1:]
    if what == "wscat":
        asyncio.run(serve_wscat(first, second, *others))
    else:
        asyncio.run(talk(first, int(second), *others))
