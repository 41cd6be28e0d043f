"""connectors/http.py over its transport for real vendors, against servers on the loopback."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from connectors.deadline import Deadline
from connectors.errors import RefusedError, TimedOutError, UnavailableError
from connectors.http import VendorHttp, aiohttp_transport, segment
from tests.connectors.http_client import Thing


@asynccontextmanager
async def server(*replies: bytes | None) -> AsyncIterator[tuple[str, list[bytes]]]:
    """Says these in turn, the last for ever, to whoever asks; None hangs up. Yields its address and what it heard."""
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                heard.append(head)
                reply = replies[min(len(heard), len(replies)) - 1]
                if reply is None:
                    break
                writer.write(reply)
                await writer.drain()
                if b"Connection: close" in reply:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}/v2", heard
    finally:
        listening.close()


def said(body: bytes, head: str = "200 OK", *headers: str) -> bytes:
    lines = "\r\n".join([f"HTTP/1.1 {head}", f"Content-Length: {len(body)}", *headers])
    return f"{lines}\r\n\r\n".encode() + body


async def ask(address: str, path: str = "/", times: int = 1) -> Any:
    http = VendorHttp("desk", address, aiohttp_transport())
    try:
        return [await http.get(path, Thing, Deadline.after(5)) for _ in range(times)]
    finally:
        await http.aclose()


async def test_really_a_packed_answer_is_unpacked_once():
    packed = said(gzip.compress(b'{"id": 1}'), "200 OK", "Content-Encoding: gzip")
    async with server(packed) as (address, heard):
        assert await ask(address, f"/things/{segment('a/b')}?DateSent%3E=2026-01-01", times=2) == [Thing(1)] * 2
    assert heard[0].startswith(b"GET /v2/things/a%2Fb?DateSent%3E=2026-01-01 HTTP/1.1\r\n")
    assert heard[0].lower().count(b"\r\nhost:") == heard[0].lower().count(b"\r\nuser-agent:") == 1


async def test_really_no_redirect_is_followed_and_no_cookie_kept():
    elsewhere = said(b"", "302 Found", "Location: /v2/login", "Set-Cookie: a=b; Path=/")
    async with server(elsewhere, said(b'{"id": 1}')) as (address, heard):
        with pytest.raises(RefusedError):
            await ask(address)
        assert await ask(address) == [Thing(1)]
    assert len(heard) == 2 and b"cookie" not in heard[1].lower()


async def test_really_a_connection_that_died_in_between_is_replaced():
    async with server(said(b'{"id": 1}'), None, said(b'{"id": 2}')) as (address, _):
        assert await ask(address, times=2) == [Thing(1), Thing(2)]


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(None, id="hangs up"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\nConnection: close\r\n\r\n{", id="hangs up in the body"),
        pytest.param(b"SSH-2.0-OpenSSH_9\r\nConnection: close\r\n\r\n", id="is no web server"),
    ],
)
async def test_really_a_server_that_breaks_off_is_unavailable(reply: bytes | None):
    async with server(reply) as (address, _):
        with pytest.raises(UnavailableError):
            await ask(address)


async def test_really_nobody_there_is_unavailable():
    async with server(None) as (address, _):
        pass
    with pytest.raises(UnavailableError):
        await ask(address)


async def test_really_a_server_that_says_nothing_is_timed_out():
    async with server(b"") as (address, _):
        http = VendorHttp("desk", address, aiohttp_transport())
        with pytest.raises(TimedOutError):
            await http.get("/", Thing, Deadline.after(0.05))
        await http.aclose()
