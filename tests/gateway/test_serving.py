"""The gateway's server over a real socket: how requests arrive, and what the collector of cycles does meanwhile."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware

from gateway.serving import GC_THRESHOLDS, listen, make_server, settled_heap
from gateway.web import Answer, Call, Entrance

HEAD = b"POST /graphql HTTP/1.1\r\nHost: localhost\r\n"


@dataclass
class Echo:
    """An endpoint that gives back what it was sent."""

    calls: list[Call] = field(default_factory=list)
    called: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, call: Call) -> Answer:
        self.calls.append(call)
        self.called.set()
        return Answer(200, "text/plain", call.body or b"")


@asynccontextmanager
async def serving(endpoint: Echo) -> AsyncIterator[int]:
    """The port it listens at."""
    entrance = Middleware(Entrance, endpoints={"/graphql": endpoint}, max_body_bytes=200_000, hosts=["localhost"])
    listening = asyncio.Event()
    server = make_server(Starlette(middleware=[entrance]), listening.set)
    with listen("127.0.0.1", 0) as bound:
        running = asyncio.create_task(server.serve(sockets=[bound]))
        try:
            await asyncio.wait_for(listening.wait(), 10)
            yield bound.getsockname()[1]
        finally:
            server.should_exit = True
            await asyncio.wait_for(running, 10)


async def read_answer(reader: asyncio.StreamReader) -> tuple[bytes, dict[bytes, bytes], bytes]:
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
    first, *lines = head.rstrip().split(b"\r\n")
    headers = {name: value for name, _, value in (line.partition(b": ") for line in lines)}
    return first, headers, await reader.readexactly(int(headers[b"content-length"]))


async def test_a_connection_takes_one_request_after_the_other_however_it_is_written() -> None:
    """Names of headers in any case, a body with its length, in chunks, slowly, and larger than a read."""
    large = b"x" * 150_000
    requests: list[tuple[list[bytes], bytes]] = [
        ([HEAD, b"Content-Length: 3\r\nX-REQUEST-ID: an-id-of-theirs\r\n\r\nabc"], b"abc"),
        ([HEAD, b"content-length: 3\r\nx-Request-Id: an-id-of-theirs\r\n\r\n", b"a", b"bc"], b"abc"),
        ([HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n", b"2\r\nbc\r\n0\r\n\r\n"], b"abc"),
        ([HEAD + b"Content-Length: 150000\r\n\r\n", large], large),
        ([HEAD + b"\r\n"], b""),
    ]
    echo = Echo()
    async with serving(echo) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for parts, body in requests:
            for part in parts:
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(0)
            status, headers, answered = await read_answer(reader)
            assert (status, answered) == (b"HTTP/1.1 200 OK", body)
            assert headers[b"cache-control"] == b"no-store"
            assert b"date" in headers
            assert b"server" not in headers
        writer.close()
    assert [call.request_id for call in echo.calls[:2]] == ["an-id-of-theirs"] * 2


async def test_too_large_in_chunks_is_refused_over_a_real_connection() -> None:
    echo = Echo()
    async with serving(echo) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + (b"8000\r\n" + b"x" * 0x8000 + b"\r\n") * 7)
        status, _, _ = await read_answer(reader)
        writer.close()
    assert status.startswith(b"HTTP/1.1 413 ")
    assert echo.calls == []


async def test_who_leaves_in_the_middle_disturbs_nobody() -> None:
    echo = Echo()
    async with serving(echo) as port:
        _, leaving = await asyncio.open_connection("127.0.0.1", port)
        leaving.write(HEAD + b"Content-Length: 10\r\n\r\nabc")
        await leaving.drain()
        leaving.close()
        await asyncio.wait_for(echo.called.wait(), 10)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HEAD + b"Content-Length: 3\r\n\r\nabc")
        assert (await read_answer(reader))[2] == b"abc"
        writer.close()
    assert [call.body for call in echo.calls] == [None, b"abc"]


# ------------------------------------------------------------------------ the collector of cycles


class Knot:
    """A cycle, such as failures and tasks leave behind."""

    def __init__(self) -> None:
        self.itself = self


def leave(count: int) -> Callable[[], int]:
    """That many cycles, and how many of them are still there."""
    left = weakref.WeakSet(Knot() for _ in range(count))
    return lambda: len(left)


async def test_start_up_is_settled_while_it_serves_and_no_longer() -> None:
    before = gc.get_threshold(), gc.get_freeze_count()
    async with serving(Echo()):
        await asyncio.sleep(0)
        assert gc.isenabled()
        assert gc.get_threshold() == GC_THRESHOLDS
        assert gc.get_freeze_count() > 10_000
    assert (gc.get_threshold(), gc.get_freeze_count()) == before


def test_cycles_of_requests_are_collected_all_the_same() -> None:
    with settled_heap():
        still_there = leave(10 * GC_THRESHOLDS[0])
        assert still_there() < 2 * GC_THRESHOLDS[0]


def test_what_fails_gives_the_collector_back() -> None:
    before = gc.get_threshold()
    with pytest.raises(RuntimeError), settled_heap():
        raise RuntimeError
    assert gc.get_threshold() == before
