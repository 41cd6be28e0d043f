"""Interim answers, and statuses that have no body."""

from __future__ import annotations

import httpx
import pytest

from connectors.transport import LeanTransport
from tests.connectors.transport.wire import (
    HELLO,
    always,
    ask,
    ask_once,
    refused,
    saying,
    serving,
    sized,
)


@pytest.mark.parametrize(
    "interim",
    [
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 103 Hints\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 150 What\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 17,
    ],
)
async def test_interim_answers_that_hide_something_are_refused(interim: bytes):
    async with serving(saying(interim + HELLO)) as wire:
        await refused(wire, httpx.RemoteProtocolError)


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
async def test_a_body_where_none_may_be_is_dropped_with_its_connection(status: str):
    async with serving(always(sized(b"HTTP/1.1 500 No\r\n\r\n", status=status))) as wire:
        transport = LeanTransport()
        for expected in (1, 2):
            answer = await ask(transport, wire)
            assert (answer.status, answer.body) == (int(status[:3]), b"")
            assert wire.connections == expected
        await transport.aclose()


HINTS = b"HTTP/1.1 103 Hints\r\nLink: </a>\r\nX-A: 1\r\n\r\n"


@pytest.mark.parametrize("start", [b"\r\n", b"\r\n\r\n", HINTS * 2, b"\r\n\r\n\r\n" + HINTS + b"\r\n\r\n"])
async def test_empty_lines_and_interim_answers_are_not_part_of_the_head(start: bytes):
    async with serving(always(start + sized(b"hello", "X-A: 2"))) as wire:
        answer = await ask_once(wire)
        assert (answer.body, answer.fields) == (b"hello", {b"x-a": b"2", b"content-length": b"5"})


@pytest.mark.parametrize(("bytes_each", "fits"), [(15_000, True), (16_400, False)])
async def test_interim_answers_count_towards_the_head(bytes_each: int, fits: bool):
    hints = b"HTTP/1.1 103 Hints\r\nLink: " + b"a" * bytes_each + b"\r\n\r\n"
    async with serving(saying(hints * 4 + HELLO)) as wire:
        if fits:
            assert (await ask_once(wire)).body == b"hello"
        else:
            await refused(wire, httpx.RemoteProtocolError)
