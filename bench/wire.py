"""The least HTTP/1.1 client that keeps a connection alive: for the load, and for the raw fan-out's floor.

Only for servers that are known and well-behaved: Content-Length or chunked, one question at a time.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import cast

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)

Answered = Callable[["Connection", int, bytes], None]
"""Called with the status and the whole body; status 0 when the connection was lost."""


class Connection(asyncio.Protocol):
    def __init__(self) -> None:
        self.transport: asyncio.Transport
        self._answered: Answered | None = None
        self._buffer = b""
        self._body_at = 0
        self._whole = -1

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance

    def ask(self, request: bytes, answered: Answered) -> None:
        self._answered = answered
        if self.transport.is_closing():
            self._end(0, b"")
        else:
            self.transport.write(request)

    def data_received(self, received: bytes) -> None:
        self._buffer = self._buffer + received if self._buffer else received
        buffer = self._buffer
        if not self._body_at:
            end = buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            self._body_at = end + 4
            length = _LENGTH.search(buffer, 0, end)
            self._whole = self._body_at + int(length[1]) if length else -1
        if len(buffer) >= self._whole if self._whole >= 0 else buffer.endswith(b"0\r\n\r\n"):
            body = buffer[self._body_at :] if self._whole >= 0 else _join(buffer[self._body_at :])
            status = int(buffer[9:12])
            self._buffer, self._body_at = b"", 0
            self._end(status, body)

    def connection_lost(self, error: Exception | None) -> None:
        self._end(0, b"")

    def _end(self, status: int, body: bytes) -> None:
        answered, self._answered = self._answered, None
        if answered is not None:
            answered(self, status, body)


def _join(chunked: bytes) -> bytes:
    body, at = b"", 0
    while True:
        end = chunked.index(b"\r\n", at)
        size = int(chunked[at:end].partition(b";")[0], 16)
        if not size:
            return body
        body += chunked[end + 2 : end + 2 + size]
        at = end + 4 + size


async def connect(port: int) -> Connection:
    _, connection = await asyncio.get_running_loop().create_connection(Connection, "127.0.0.1", port)
    return connection


async def exchange(connection: Connection, request: bytes) -> tuple[int, bytes]:
    """One question and its answer, awaited."""
    future: asyncio.Future[tuple[int, bytes]] = asyncio.get_running_loop().create_future()

    def done(_: Connection, status: int, body: bytes) -> None:
        if not future.done():
            future.set_result((status, body))

    connection.ask(request, done)
    return await future


def get(target: str, port: int) -> bytes:
    return f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: application/json\r\n\r\n".encode()


def post(target: str, port: int, body: bytes, headers: str = "") -> bytes:
    head = f"POST {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n{headers}"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
