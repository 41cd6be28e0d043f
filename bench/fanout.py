"""The raw fan-out in Python, without GraphQL, rights or reports: ask five, decode, merge, encode.

    python -m bench.fanout PORT UPSTREAM (gateway | floor)

`gateway`: over the transport that the gateway itself uses, behind the same uvicorn. `floor`: over the least client
that works (bench/wire.py), behind a protocol of its own: what this interpreter cannot go below.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from operator import itemgetter
from time import monotonic
from typing import Any, cast
from urllib.parse import urlsplit

import httpx
import msgspec
import uvicorn
import uvloop

from bench import wire
from bench.data import SOURCES
from connectors.http import network_transport
from connectors.http1 import Origin, header_lines, request_head, target_of
from connectors.transport import LeanTransport

SECONDS = 30.0
Get = Callable[[str], Awaitable[bytes]]
TYPE_OF = {
    "VOICE": "Call",
    "TICKET": "Ticket",
    "CHAT": "Conversation",
    "WHATSAPP": "Conversation",
    "EMAIL": "Conversation",
}


class Named(msgspec.Struct):
    name: str


class Row(msgspec.Struct):
    """Times stay text: nothing here looks at them but the sort."""

    id: str
    url: str
    channel: str
    direction: str
    started_at: str
    ended_at: str | None
    last_activity_at: str
    duration_seconds: int | None
    status: str
    subject: str | None
    topic: str | None
    preview: str | None
    agent: Named | None
    queue: Named | None
    tags: list[str]


class RowPage(msgspec.Struct):
    rows: list[Row]
    next: int | None


class Node(msgspec.Struct):
    typename: str = msgspec.field(name="__typename")
    externalId: str
    url: str
    channel: str
    direction: str
    startedAt: str
    endedAt: str | None
    lastActivityAt: str
    durationSeconds: int | None
    status: str
    liveness: str
    subject: str | None
    topic: str | None
    preview: str | None
    agent: Named | None
    queue: Named | None
    tags: list[str]


class _Variables(msgspec.Struct):
    id: str
    first: int


class _Question(msgspec.Struct):
    variables: _Variables


_page = msgspec.json.Decoder(RowPage)
_question = msgspec.json.Decoder(_Question)
_encoder = msgspec.json.Encoder()


async def answer(body: bytes, get: Get) -> bytes:
    variables = _question.decode(body).variables
    customer, first = variables.id, variables.first
    bodies = await asyncio.gather(*[get(f"/{source}/rows?customer={customer}&limit={first + 1}") for source in SOURCES])
    pages = [_page.decode(body) for body in bodies]
    rows = [(row.started_at, place, row) for place, page in enumerate(pages) for row in page.rows]
    rows.sort(key=itemgetter(0), reverse=True)
    shown = rows[:first]
    items = [0] * len(SOURCES)
    nodes = []
    for _, place, row in shown:
        items[place] += 1
        nodes.append(
            Node(
                TYPE_OF[row.channel],
                row.id,
                row.url,
                row.channel,
                row.direction,
                row.started_at,
                row.ended_at,
                row.last_activity_at,
                row.duration_seconds,
                row.status,
                "LIVE" if row.ended_at is None else "INACTIVE",
                row.subject,
                row.topic,
                row.preview,
                row.agent,
                row.queue,
                row.tags,
            )
        )
    more = len(rows) > first or any(page.next is not None for page in pages)
    journey = {
        "nodes": nodes,
        "pageInfo": {"hasNextPage": more},
        "complete": True,
        "sources": [{"source": {"name": s}, "state": "FRESH", "items": items[n]} for n, s in enumerate(SOURCES)],
    }
    return _encoder.encode({"data": {"customer": {"journey": journey}}})


# ---------------------------------------------------------------- over the gateway's own transport


def over_gateway_transport(upstream: str) -> Get:
    transport = network_transport(max_connections=500, lean=os.environ.get("BENCH_TRANSPORT", "lean") == "lean")
    base = httpx.URL(upstream)
    if isinstance(transport, LeanTransport):
        return over_lean_transport(transport, base)
    return over_httpx_types(transport, base)


def over_lean_transport(transport: LeanTransport, base: httpx.URL) -> Get:
    origin = Origin.of(base)
    lines = header_lines([(b"Host", base.netloc), (b"Accept", b"application/json")])

    async def get(target: str) -> bytes:
        head = request_head(b"GET", target_of(target), lines)
        return (await transport.exchange(origin, head, None, monotonic() + SECONDS)).body

    return get


def over_httpx_types(transport: httpx.AsyncBaseTransport, base: httpx.URL) -> Get:
    headers = [("Host", base.netloc.decode()), ("Accept", "application/json")]

    async def get(target: str) -> bytes:
        request = httpx.Request("GET", base.copy_with(raw_path=target.encode()), headers=headers)
        response = await transport.handle_async_request(request)
        stream = response.stream
        assert isinstance(stream, httpx.AsyncByteStream)
        body = b"".join([chunk async for chunk in stream])
        await response.aclose()
        return body

    return get


def application(get: Get) -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            while (await receive())["type"] != "lifespan.shutdown":
                await send({"type": "lifespan.startup.complete"})
            await send({"type": "lifespan.shutdown.complete"})
            return
        body = b""
        more = True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        answered = await answer(body, get)
        head = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(answered))]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        await send({"type": "http.response.body", "body": answered})

    return app


# ---------------------------------------------------------------- as low as it goes


def over_bare_connections(upstream: str) -> Get:
    port = urlsplit(upstream).port
    assert port is not None
    idle: list[wire.Connection] = []
    tail = f" HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: application/json\r\n\r\n".encode()

    async def get(target: str) -> bytes:
        connection = idle.pop() if idle else await wire.connect(port)
        status, body = await wire.exchange(connection, b"GET " + target.encode() + tail)
        idle.append(connection)
        assert status == 200
        return body

    return get


class BareServer(asyncio.Protocol):
    """A whole POST in, an answer out; no routing, no pipelining."""

    def __init__(self, get: Get) -> None:
        self._get = get
        self._buffer = b""
        self._tasks: set[asyncio.Task[None]] = set()
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance

    def data_received(self, received: bytes) -> None:
        self._buffer += received
        head, separator, body = self._buffer.partition(b"\r\n\r\n")
        if separator and len(body) >= int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0] or 0):
            self._buffer = b""
            task = asyncio.ensure_future(self._serve(body))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _serve(self, body: bytes) -> None:
        answered = await answer(body, self._get)
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        self._transport.write(head % len(answered) + answered)


async def serve_bare(port: int, upstream: str) -> None:
    get = over_bare_connections(upstream)
    server = await asyncio.get_running_loop().create_server(lambda: BareServer(get), "127.0.0.1", port)
    async with server:
        await server.serve_forever()


async def serve_asgi(port: int, upstream: str) -> None:
    config = uvicorn.Config(
        application(over_gateway_transport(upstream)),
        port=port,
        http="httptools",
        loop="uvloop",
        log_config=None,
        access_log=False,
        server_header=False,
    )
    await uvicorn.Server(config).serve()


if __name__ == "__main__":
    kind = sys.argv[3]
    serving = serve_bare if kind == "floor" else serve_asgi
    with suppress(KeyboardInterrupt):
        uvloop.run(serving(int(sys.argv[1]), sys.argv[2]))
