"""Interim answers, and statuses that have no body."""

from __future__ import annotations

import httpx
import pytest

from connectors.transport import LeanTransport
from tests.connectors.transport.wire import (
    HELLO,
    always,
    ask,
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
