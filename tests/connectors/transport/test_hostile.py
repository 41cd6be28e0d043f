"""Servers that lie, stall, break off or talk too much."""

from __future__ import annotations

import asyncio
import gzip
import tracemalloc
import zlib
from time import monotonic

import httpx
import pytest

from connectors.connection import MAX_FIELDS, MAX_HEAD_BYTES
from connectors.http1 import TooLargeError
from connectors.testing.faults import CANARY
from connectors.transport import LeanTransport
from tests.connectors.transport.wire import (
    HEAD,
    HELLO,
    Peer,
    always,
    ask,
    ask_once,
    chunked,
    refused,
    saying,
    serving,
    sized,
)

CHUNKED = chunked(b"hel", b"lo", trailers=b"X-Sum: 1\r\n")
SIZED = sized(b"hello", "X-A: b", "X-A: c")


# Cut off


@pytest.mark.parametrize("whole", [SIZED, CHUNKED], ids=["sized", "chunked"])
@pytest.mark.parametrize("how", ["closed", "half closed"])
async def test_an_answer_cut_at_any_byte_is_refused(whole: bytes, how: str):
    async def script(peer: Peer) -> None:
        await peer.hear()
        await peer.say(whole[: peer.number - 1])
        if how == "half closed":
            peer.writer.write_eof()
            await peer.wait_until_they_leave()

    async with serving(script) as wire:
        for _ in range(len(whole)):
            await refused(wire, httpx.RemoteProtocolError)
        assert (await ask_once(wire)).body == b"hello"
    assert wire.connections == len(whole) + 1


@pytest.mark.parametrize("whole", [SIZED, CHUNKED], ids=["sized", "chunked"])
async def test_an_answer_reset_at_any_byte_is_refused(whole: bytes):
    async def script(peer: Peer) -> None:
        await peer.hear()
        await peer.say(whole[: peer.number - 1])
        peer.reset()

    async with serving(script) as wire:
        for _ in range(len(whole)):
            with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
                await ask_once(wire)


async def test_an_answer_that_ends_with_the_connection_must_end_and_not_break():
    async def script(peer: Peer) -> None:
        await peer.hear()
        await peer.say(HEAD + b"\r\nhel", pause_seconds=0.01)
        if peer.number == 1:
            await peer.say(b"lo")
        else:
            peer.reset()

    async with serving(script) as wire:
        assert (await ask_once(wire)).body == b"hello"
        await refused(wire, httpx.ReadError)


async def test_closing_the_transport_does_not_make_half_an_answer_a_whole_one():
    async def script(peer: Peer) -> None:
        await peer.hear()
        await peer.say(HEAD + b"\r\nhel")
        await peer.wait_until_they_leave()

    async with serving(script) as wire:
        transport = LeanTransport()
        asking = asyncio.create_task(ask(transport, wire))
        await asyncio.sleep(0.05)
        await transport.aclose()
        with pytest.raises(httpx.ReadError):
            await asking
        assert transport.active == 0
        with pytest.raises(httpx.ConnectError):
            await ask(transport, wire)


@pytest.mark.parametrize("reset", [True, False])
async def test_a_server_that_hangs_up_at_once(reset: bool):
    async def script(peer: Peer) -> None:
        if reset:
            peer.reset()

    async with serving(script) as wire:
        with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError, httpx.ConnectError)):
            await ask_once(wire)


async def test_nobody_there():
    async with serving(always(HELLO)) as wire:
        pass
    await refused(wire, httpx.ConnectError)


# Lengths that smuggle

SMUGGLED = [
    "Content-Length: 5\r\nTransfer-Encoding: chunked",
    "Transfer-Encoding: chunked\r\nContent-Length: 5",
    "Content-Length: 5\r\nContent-Length: 6",
    "Content-Length: 5\r\nContent-Length: 5",
    "Content-Length: 5, 5",
    "Content-Length: 5 5",
    "Content-Length: +5",
    "Content-Length: -5",
    "Content-Length: 0x5",
    "Content-Length: 5a",
    "Content-Length: 5.0",
    "Content-Length: 5e0",
    "Content-Length: ",
    "Content-Length: \xb2",
    "Content-Length: 99999999999999999999999",
    "Content-Length : 5",
    "Transfer-Encoding: gzip",
    "Transfer-Encoding: gzip, chunked",
    "Transfer-Encoding: chunked, gzip",
    "Transfer-Encoding: chunked, chunked",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
    "Transfer-Encoding: identity",
    "Transfer-Encoding: xchunked",
    "Transfer-Encoding: chunked;a=b",
    "Transfer-Encoding: \x0bchunked",
    "Transfer-Encoding:\r\n chunked",
    "Transfer-Encoding: ",
]


@pytest.mark.parametrize("lines", SMUGGLED)
@pytest.mark.parametrize("body", [b"5\r\nhello\r\n0\r\n\r\n", b"hello"])
async def test_a_length_that_can_be_read_in_two_ways_is_refused(lines: str, body: bytes):
    async with serving(saying(HEAD + lines.encode("latin-1") + b"\r\n\r\n" + body)) as wire:
        await refused(wire, httpx.RemoteProtocolError)


CHUNKS = [
    b"5\nhello\n0\n\n",
    b"5\r\nhello\n0\r\n\r\n",
    b"5 \r\nhello\r\n0\r\n\r\n",
    b" 5\r\nhello\r\n0\r\n\r\n",
    b"0x5\r\nhello\r\n0\r\n\r\n",
    b"+5\r\nhello\r\n0\r\n\r\n",
    b"-5\r\nhello\r\n0\r\n\r\n",
    b"5_0\r\nhello\r\n0\r\n\r\n",
    b"g\r\nhello\r\n0\r\n\r\n",
    b"\r\nhello\r\n0\r\n\r\n",
    b"ffffffffffffffff1\r\nhello\r\n0\r\n\r\n",
    b"ffffffffffffffff\r\nhello\r\n0\r\n\r\n",
    b"6\r\nhello\r\n0\r\n\r\n",
    b"4\r\nhello\r\n0\r\n\r\n",
    b"5;\x00\r\nhello\r\n0\r\n\r\n",
    b"5;a\nb\r\nhello\r\n0\r\n\r\n",
    b"5\rXhello\r\n0\r\n\r\n",
    b"5\r\nhello\r\n0\r\nno trailer\r\n\r\n",
    b"5\r\nhello\r\n0\r\nA: \x00\r\n\r\n",
    b"5\r\nhello\r\n0\r\n\rX",
    b"5\r\nhello\r\n",
]


@pytest.mark.parametrize("chunks", CHUNKS)
async def test_chunks_that_are_none_are_refused(chunks: bytes):
    async with serving(saying(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunks)) as wire:
        await refused(wire, httpx.RemoteProtocolError)


async def test_chunked_is_not_for_http_1_0():
    async with serving(saying(CHUNKED.replace(b"HTTP/1.1", b"HTTP/1.0"))) as wire:
        await refused(wire, httpx.RemoteProtocolError)


# Heads that are none

LINES = [
    b"HTTP/1.1  200 OK",
    b"HTTP/1.1 20 OK",
    b"HTTP/1.1 2000 OK",
    b"HTTP/1.1 099 OK",
    b"HTTP/1.1 000 OK",
    b"HTTP/1.1 -20 OK",
    b"HTTP/1.1 2x0 OK",
    b"HTTP/1.1 200OK",
    b"HTTP/1.1 200\tOK",
    b"HTTP/1.1\t200 OK",
    b"HTTP/1.1 200 O\rK",
    b"HTTP/1.1",
    b"HTTP/1.2 200 OK",
    b"HTTP/11.1 200 OK",
    b"HTTP/0.9 200 OK",
    b"HTTP/2.0 200 OK",
    b"HTTP/2 200",
    b"http/1.1 200 OK",
    b" HTTP/1.1 200 OK",
    b"ICY 200 OK",
    b"SSH-2.0-OpenSSH_9",
    b"220 mail.example.org ESMTP",
    b"\x16\x03\x01\x02\x00\x01",
    b"\x00",
    b"<html>",
    b"GET / HTTP/1.1",
]


@pytest.mark.parametrize("line", LINES)
async def test_a_status_line_that_is_none_is_refused(line: bytes):
    async with serving(saying(line + b"\r\nContent-Length: 5\r\n\r\nhello")) as wire:
        await refused(wire, httpx.RemoteProtocolError)


FIELDS = [
    b"A : b\r\n",
    b" A: b\r\n",
    b"A: b\r\n c\r\n",
    b"A: b\r\n\tc\r\n",
    b"A:\r\n \r\n",
    b"A: b\x00c\r\n",
    b"A\x00: b\r\n",
    b"A: \x01\r\n",
    b"A: b\x7f\r\n",
    b"A: b\rc\r\n",
    b"A: b\r\r\n",
    b"A: b\n",
    b"A: b\nC: d\r\n",
    b": b\r\n",
    b"A\r\n",
    b"A(: b\r\n",
    b"A\xff: b\r\n",
    b"\n",
]


@pytest.mark.parametrize("field", FIELDS)
async def test_a_header_field_that_is_none_is_refused(field: bytes):
    async with serving(saying(HEAD + field + b"Content-Length: 5\r\n\r\nhello")) as wire:
        await refused(wire, httpx.RemoteProtocolError)


@pytest.mark.parametrize("bare", [HELLO.replace(b"\r\n", b"\n"), HELLO.replace(b"\r\n\r\n", b"\r\n\n")])
async def test_a_line_that_ends_in_a_bare_newline_is_refused(bare: bytes):
    async with serving(saying(bare)) as wire:
        await refused(wire, httpx.RemoteProtocolError)


# Too much

ENDLESS = {
    "header fields": (HEAD, b"X-A: b\r\n" * 500),
    "one header value": (HEAD + b"X-A: ", b"b" * 4000),
    "one header name": (HEAD, b"b" * 4000),
    "one status line": (HEAD[:-2], b"b" * 4000),
    "empty lines": (b"", b"\r\n" * 2000),
    "interim answers": (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 200),
    "interim answers with fields": (b"", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 100),
    "a chunk extension": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n5;a=", b"b" * 4000),
    "a chunk size": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"0" * 4000),
    "trailers": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X-A: b\r\n" * 500),
    "one trailer": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX-A: ", b"b" * 4000),
}


@pytest.mark.parametrize("name", ENDLESS)
async def test_what_has_no_end_is_refused_soon(name: str):
    start, more = ENDLESS[name]
    sent = 0

    async def script(peer: Peer) -> None:
        nonlocal sent
        await peer.hear()
        await peer.say(start)
        while True:
            await peer.say(more)
            sent += len(more)

    async with serving(script) as wire:
        await refused(wire, httpx.RemoteProtocolError)
    assert sent < 16 * 1024 * 1024  # what the kernel may have swallowed besides


@pytest.mark.parametrize(
    ("fields", "fits"),
    [
        (b"X-A: b\r\n" * (MAX_FIELDS - 1), True),
        (b"X-A: b\r\n" * MAX_FIELDS, False),
        (b"X-A: " + b"b" * (MAX_HEAD_BYTES - 100) + b"\r\n", True),
        (b"X-A: " + b"b" * MAX_HEAD_BYTES + b"\r\n", False),
    ],
)
async def test_a_large_head(fields: bytes, fits: bool):
    async with serving(saying(HEAD + fields + b"Content-Length: 5\r\n\r\nhello")) as wire:
        if fits:
            assert (await ask_once(wire)).body == b"hello"
        else:
            await refused(wire, httpx.RemoteProtocolError)


@pytest.mark.parametrize("size", [1000, 1001])
@pytest.mark.parametrize("how", ["sized", "chunked", "tiny chunks", "until the end"])
async def test_the_cap_on_a_body_is_exact(size: int, how: str):
    body = b"x" * size
    reply = {
        "sized": sized(body),
        "chunked": chunked(body),
        "tiny chunks": chunked(*[b"x"] * size),
        "until the end": HEAD + b"\r\n" + body,
    }[how]
    async with serving(saying(reply)) as wire:
        if size == 1000:
            assert (await ask_once(wire, max_body_bytes=1000)).body == body
        else:
            await refused(wire, TooLargeError, max_body_bytes=1000)


async def test_a_length_beyond_the_cap_is_refused_before_it_comes():
    async def script(peer: Peer) -> None:
        await peer.hear()
        await peer.say(HEAD + b"Content-Length: 1001\r\n\r\n")
        await peer.wait_until_they_leave()

    async with serving(script) as wire:
        await refused(wire, TooLargeError, max_body_bytes=1000)


@pytest.mark.parametrize("start", [HEAD + b"\r\n", HEAD + b"Transfer-Encoding: chunked\r\n\r\n"])
async def test_a_body_without_end_is_refused(start: bytes):
    async def script(peer: Peer) -> None:
        await peer.hear()
        await peer.say(start)
        while True:
            await peer.say(b"fa0\r\n" + b"x" * 4000 + b"\r\n")

    async with serving(script) as wire:
        await refused(wire, TooLargeError, max_body_bytes=100_000)


# Compressed


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
async def test_a_bomb_does_not_fill_the_memory(coding: str):
    packed = (gzip.compress if coding == "gzip" else zlib.compress)(bytes(300 * 1024 * 1024), 1)
    async with serving(saying(sized(packed, f"Content-Encoding: {coding}"))) as wire:
        tracemalloc.start()
        await refused(wire, TooLargeError)
        _, peak_bytes = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak_bytes < 48 * 1024 * 1024  # ten of them the cap, the rest the server's and the wire's


@pytest.mark.parametrize(
    ("packed", "coding", "error"),
    [
        (gzip.compress(b"hello", mtime=0)[:-1], "gzip", httpx.RemoteProtocolError),
        (gzip.compress(b"hello", mtime=0)[:12], "gzip", httpx.RemoteProtocolError),
        (gzip.compress(b"hello", mtime=0)[:3], "gzip", httpx.RemoteProtocolError),
        (zlib.compress(b"hello")[:-1], "deflate", httpx.RemoteProtocolError),
        (gzip.compress(b"hello", mtime=0)[:-1] + b"\x01", "gzip", httpx.DecodingError),
        (gzip.compress(b"hello", mtime=0) + b"!", "gzip", httpx.DecodingError),
        (gzip.compress(b"hel", mtime=0) + gzip.compress(b"lo", mtime=0), "gzip", httpx.DecodingError),
        (CANARY.encode(), "gzip", httpx.DecodingError),
        (CANARY.encode(), "deflate", httpx.DecodingError),
        (zlib.compress(b"hello"), "gzip", httpx.DecodingError),
        (gzip.compress(b"hello", mtime=0), "br", httpx.DecodingError),
        (gzip.compress(b"hello", mtime=0), "gzip, gzip", httpx.DecodingError),
        (gzip.compress(b"hello", mtime=0), "gzip\r\nContent-Encoding: gzip", httpx.DecodingError),
        (gzip.compress(b"hello", mtime=0), CANARY, httpx.DecodingError),
    ],
)
async def test_a_compressed_answer_that_is_none_is_refused(packed: bytes, coding: str, error: type[Exception]):
    async with serving(saying(sized(packed, f"Content-Encoding: {coding}"))) as wire:
        await refused(wire, error)


# Too slow


@pytest.mark.parametrize("reply", [HELLO, CHUNKED, HEAD + b"\r\nhello", b"HTTP/1.1 100 Continue\r\n\r\n" * 9])
async def test_a_drip_does_not_stretch_the_deadline(reply: bytes):
    async def script(peer: Peer) -> None:
        await peer.hear()
        await peer.say(*(reply[i : i + 1] for i in range(len(reply))), pause_seconds=0.02)
        await peer.wait_until_they_leave()

    async with serving(script) as wire:
        started = monotonic()
        await refused(wire, httpx.ReadTimeout, seconds=0.1)
        assert monotonic() - started < 1.0


async def test_silence_is_a_timeout():
    async with serving(Peer.wait_until_they_leave) as wire:
        await refused(wire, httpx.ReadTimeout, seconds=0.05)


async def test_nothing_is_sent_after_the_deadline():
    async with serving(always(HELLO)) as wire:
        transport = LeanTransport()
        await ask(transport, wire)
        with pytest.raises(httpx.TimeoutException):
            await ask(transport, wire, seconds=0.0)
        assert len(wire.heard) == 1 and transport.active == 0
        await transport.aclose()


# More than was asked for


@pytest.mark.parametrize(
    "surplus", [b"x", b"HTTP/1.1 200 OK\r\n", sized(CANARY.encode()), b"\x00", b"\r\n\r\nHTTP/1.1 500 No\r\n\r\n"]
)
@pytest.mark.parametrize("reply", [HELLO, CHUNKED], ids=["sized", "chunked"])
@pytest.mark.parametrize("pause_seconds", [0.0, 0.01])
async def test_what_follows_an_answer_is_dropped_with_its_connection(
    reply: bytes, surplus: bytes, pause_seconds: float
):
    async def script(peer: Peer) -> None:
        await peer.hear()
        if pause_seconds:
            await peer.say(reply, surplus, pause_seconds=pause_seconds)
        else:
            await peer.say(reply + surplus)
        while True:
            await peer.hear()
            await peer.say(sized(b"wrong"))

    async with serving(script) as wire:
        transport = LeanTransport()
        for expected in range(1, 4):
            assert (await ask(transport, wire)).body == b"hello"
            await asyncio.sleep(pause_seconds * 3)
            assert wire.connections == expected
        await transport.aclose()


@pytest.mark.parametrize("early", [HELLO, b"HTTP/1.1 408 Too late\r\n\r\n", b"x", b"HTTP/1.1 100 Continue\r\n\r\n"])
async def test_what_comes_before_the_question_is_no_answer(early: bytes):
    """To be seen by the loop before the second question: it must go out over another connection."""

    async def script(peer: Peer) -> None:
        await peer.hear()
        await peer.say(HELLO)
        if peer.number == 1:
            await asyncio.sleep(0.01)
            await peer.say(early)
        await peer.hear()
        await peer.say(sized(b"right" if peer.number == 2 else b"wrong"))

    async with serving(script) as wire:
        transport = LeanTransport()
        assert (await ask(transport, wire)).body == b"hello"
        await asyncio.sleep(0.05)
        assert (await ask(transport, wire)).body == b"hello"
        assert (await ask(transport, wire)).body == b"right"
        assert wire.connections == 2
        await transport.aclose()
