"""Five sources that are never the bottleneck: one uvloop protocol, answers built beforehand.

    python -m bench.upstream PORT EPOCH

`GET /s{1-5}/rows?customer=…&limit=…[&before=…]` · `GET /_stats` · `POST /_reset` · `POST /_latency?ms=20,35,50,65,80`
(0: at once). HTTP/1.1 with keep-alive; one question at a time on a connection.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections import deque
from functools import lru_cache
from typing import cast
from urllib.parse import parse_qs, urlsplit

import uvloop

from bench import data

_QUESTION = re.compile(rb"GET /s([1-5])/rows\?(\S+) HTTP/1\.1\r\n")
_WHOLE_JOURNEYS = (50, 200)
"""Depths whose first page is prebuilt; the others are seldom asked."""


def answer(body: bytes, status: bytes = b"200 OK") -> bytes:
    return b"HTTP/1.1 %b\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (status, len(body), body)


class Wheel:
    """Answers that are due later, by the millisecond: one timer while anything waits, however many wait."""

    SLOTS = 1024

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._slots: list[deque[tuple[asyncio.Transport, bytes]]] = [deque() for _ in range(self.SLOTS)]
        self._waiting = 0
        self._tick = 0

    def later(self, milliseconds: int, transport: asyncio.Transport, payload: bytes) -> None:
        now = int(self._loop.time() * 1000)
        if not self._waiting:
            self._tick = now
            self._loop.call_later(0.001, self._turn)
        self._waiting += 1
        self._slots[(now + milliseconds) % self.SLOTS].append((transport, payload))

    def _turn(self) -> None:
        now = int(self._loop.time() * 1000)
        while self._tick <= now:
            slot = self._slots[self._tick % self.SLOTS]
            while slot:
                transport, payload = slot.popleft()
                self._waiting -= 1
                if not transport.is_closing():
                    transport.write(payload)
            self._tick += 1
        if self._waiting:
            self._loop.call_later(0.001, self._turn)


class Sources:
    """What every connection shares."""

    def __init__(self, epoch: int, loop: asyncio.AbstractEventLoop) -> None:
        self.epoch = epoch
        self.wheel = Wheel(loop)
        self.latency_ms = [0] * len(data.SOURCES)
        self.calls = [0] * len(data.SOURCES)
        self.body_bytes = [0] * len(data.SOURCES)
        self.prebuilt = {
            (source, str(data.DEPTHS.index(depth)).encode(), variant): data.page(
                epoch, source, data.customer(depth, 0), depth, None, variant
            )
            for source in range(1, len(data.SOURCES) + 1)
            for depth in _WHOLE_JOURNEYS
            for variant in range(data.VARIANTS)
        }
        self._computed = lru_cache(maxsize=20_000)(self._compute)

    def rows(self, source: int, query: bytes) -> bytes:
        params = dict(part.split(b"=", 1) for part in query.split(b"&"))
        customer, limit = params[b"customer"], int(params[b"limit"])
        variant = int(customer) % data.VARIANTS
        whole = self.prebuilt.get((source, customer[:1], variant)) if b"before" not in params else None
        if whole is None or limit < data.rows_a_source(customer.decode()):
            body = self._computed(source, customer.decode(), limit, int(params.get(b"before", 0)))
        else:
            body = whole.replace(data.PLACEHOLDER.encode(), customer)
        self.calls[source - 1] += 1
        self.body_bytes[source - 1] += len(body)
        return answer(body)

    def _compute(self, source: int, customer: str, limit: int, before: int) -> bytes:
        return data.page(self.epoch, source, customer, min(limit, 1000), before or None, -1)

    def manage(self, line: bytes) -> bytes:
        method, target, _ = line.decode("latin-1").split(" ", 2)
        url = urlsplit(target)
        if (method, url.path) == ("GET", "/_stats"):
            return answer(json.dumps({"calls": self.calls, "bytes": self.body_bytes}).encode())
        if (method, url.path) == ("POST", "/_reset"):
            self.calls = [0] * len(data.SOURCES)
            self.body_bytes = [0] * len(data.SOURCES)
            return answer(b"{}")
        if (method, url.path) == ("POST", "/_latency"):
            self.latency_ms = [int(ms) for ms in parse_qs(url.query)["ms"][0].split(",")]
            return answer(b"{}")
        return answer(b'{"error":"unknown"}', b"404 Not Found")


class Upstream(asyncio.Protocol):
    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._buffer = b""
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance

    def data_received(self, received: bytes) -> None:
        self._buffer = self._buffer + received if self._buffer else received
        if not self._buffer.endswith(b"\r\n\r\n"):
            return
        buffer, self._buffer = self._buffer, b""
        question = _QUESTION.match(buffer)
        sources = self._sources
        if question is None:
            self._transport.write(sources.manage(buffer.partition(b"\r\n")[0]))
            return
        source = int(question[1])
        payload = sources.rows(source, question[2])
        latency = sources.latency_ms[source - 1]
        if latency:
            sources.wheel.later(latency, self._transport, payload)
        else:
            self._transport.write(payload)


async def serve(port: int, epoch: int) -> None:
    loop = asyncio.get_running_loop()
    sources = Sources(epoch, loop)
    server = await loop.create_server(lambda: Upstream(sources), "127.0.0.1", port, backlog=1024)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), int(sys.argv[2])))
