"""A server of raw bytes on the loopback, and ways to ask it."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import struct
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import httpx
import pytest

from connectors.http1 import Answer, Origin, header_lines, request_head
from connectors.testing.faults import CANARY
from connectors.transport import LeanTransport

Script = Callable[["Peer"], Awaitable[None]]

HEAD = b"HTTP/1.1 200 OK\r\n"
HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


def sized(body: bytes, *lines: str, status: str = "200 OK") -> bytes:
    head = "".join(f"{line}\r\n" for line in (f"HTTP/1.1 {status}", *lines, f"Content-Length: {len(body)}"))
    return head.encode("latin-1") + b"\r\n" + body


def chunked(*chunks: bytes, trailers: bytes = b"") -> bytes:
    pieces = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
    return HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + pieces + b"0\r\n" + trailers + b"\r\n"


@dataclass
class Peer:
    """The server's end of one connection. `number` counts connections from 1."""

    number: int
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    wire: Wire

    async def hear(self) -> bytes:
        """One request's head; IncompleteReadError when they hang up."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        self.wire.heard.append(head)
        return head

    async def say(self, *pieces: bytes, pause_seconds: float = 0.0) -> None:
        for piece in pieces:
            if self.writer.is_closing():
                raise ConnectionError
            self.writer.write(piece)
            await self.writer.drain()
            await asyncio.sleep(pause_seconds)

    def reset(self) -> None:
        """RST instead of FIN."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    async def wait_until_they_leave(self) -> None:
        with suppress(ConnectionError):
            while await self.reader.read(65536):
                pass


@dataclass
class Wire:
    """What a server was told, and where it is."""

    port: int = 0
    scheme: str = "http"
    host: str = "127.0.0.1"
    connections: int = 0
    heard: list[bytes] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}"

    @property
    def origin(self) -> Origin:
        return Origin.of(httpx.URL(self.url))


@asynccontextmanager
async def serving(script: Script, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> AsyncIterator[Wire]:
    """Run `script` for each connection, until the block ends."""
    wire = Wire(scheme="http" if tls is None else "https", host=host)
    peers: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        wire.connections += 1
        try:
            await script(Peer(wire.connections, reader, writer, wire))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.transport.abort() if tls else writer.close()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(serve(reader, writer))
        peers[task] = writer
        task.add_done_callback(peers.pop)

    server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=tls, limit=2**20)
    wire.port = server.sockets[0].getsockname()[1]
    try:
        yield wire
    finally:
        server.close()
        for task, writer in list(peers.items()):
            task.cancel()
            writer.transport.abort()
        await asyncio.gather(*peers, return_exceptions=True)


def saying(*replies: bytes) -> Script:
    """Each connection answers its requests with these in turn, and hangs up after the last."""

    async def script(peer: Peer) -> None:
        for reply in replies:
            await peer.hear()
            await peer.say(reply)

    return script


def always(reply: bytes) -> Script:
    async def script(peer: Peer) -> None:
        while True:
            await peer.hear()
            await peer.say(reply)

    return script


def head_for(
    wire: Wire, target: bytes = b"/", method: bytes = b"GET", body: bytes | None = None, **lines: str
) -> bytes:
    pairs = [(b"Host", f"{wire.host}:{wire.port}".encode()), *((k.encode(), v.encode()) for k, v in lines.items())]
    return request_head(method, target, header_lines(pairs), body)


async def ask(
    transport: LeanTransport,
    wire: Wire,
    target: bytes = b"/",
    *,
    method: bytes = b"GET",
    body: bytes | None = None,
    seconds: float = 5.0,
) -> Answer:
    head = head_for(wire, target, method, body, Authorization=CANARY)
    return await transport.exchange(wire.origin, head, body, monotonic() + seconds)


async def ask_once(wire: Wire, method: bytes = b"GET", seconds: float = 5.0, **limits: Any) -> Answer:
    """Over a transport of its own, which must be left clean."""
    transport = LeanTransport(**limits)
    try:
        return await ask(transport, wire, method=method, seconds=seconds)
    finally:
        assert transport.active == 0
        await transport.aclose()


async def refused(wire: Wire, error: type[Exception], method: bytes = b"GET", **options: Any) -> None:
    """The question fails with exactly this error, which tells nothing of where and what."""
    with pytest.raises(error) as caught:
        await ask_once(wire, method, **options)
    assert type(caught.value) is error
    said = str(caught.value) + repr(caught.value) + repr(vars(caught.value))
    told = said + "".join(traceback.format_exception_only(caught.value))
    assert CANARY not in told and str(wire.port) not in told and wire.host not in told


def open_files() -> set[str]:
    """This process's sockets, as the kernel counts them."""
    links = set()
    for number in os.listdir("/proc/self/fd"):
        with suppress(OSError):
            links.add(f"{number} {os.readlink(f'/proc/self/fd/{number}')}")
    return {link for link in links if "socket" in link}


async def only_open(files: set[str]) -> None:
    """Nothing but these is open, once both ends of what was closed have noticed it."""
    for _ in range(200):
        if open_files() <= files:
            return
        await asyncio.sleep(0.01)
    assert open_files() <= files
