"""Connections: kept, shared, waited for, and never handed on with something in them."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from time import monotonic

import httpx
import pytest

from connectors import transport as module
from connectors.http1 import Origin
from connectors.transport import LeanTransport
from tests.connectors.transport.wire import (
    HEAD,
    HELLO,
    Peer,
    Wire,
    always,
    ask,
    ask_once,
    chunked,
    head_for,
    only_open,
    open_files,
    refused,
    saying,
    serving,
    sized,
)


@asynccontextmanager
async def asking(**limits: float) -> AsyncIterator[LeanTransport]:
    transport = LeanTransport(**limits)  # type: ignore[arg-type]
    try:
        yield transport
    finally:
        await transport.aclose()
        assert (transport.active, transport.idle) == (0, 0)


# Kept


@pytest.mark.parametrize(
    "reply",
    [
        HELLO,
        chunked(b"hello", trailers=b"A: b\r\n"),
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: </a>\r\n\r\n" + HELLO,
        HELLO.replace(b"HTTP/1.1", b"HTTP/1.0").replace(b"\r\n\r\n", b"\r\nConnection: keep-alive\r\n\r\n"),
        sized(b"hello", "Connection: Upgrade, Keep-Alive", "Upgrade: h2c"),
    ],
)
async def test_a_connection_serves_again(reply: bytes):
    async with serving(always(reply)) as wire, asking() as transport:
        for _ in range(5):
            assert (await ask(transport, wire)).body == b"hello"
        assert (wire.connections, transport.active, transport.idle) == (1, 0, 1)


@pytest.mark.parametrize(
    "reply",
    [
        sized(b"hello", "Connection: close"),
        sized(b"hello", "Connection: keep-alive, Close"),
        HELLO.replace(b"HTTP/1.1", b"HTTP/1.0"),
        HEAD + b"\r\nhello",
    ],
)
async def test_a_connection_that_was_announced_to_end_does_not_serve_again(reply: bytes):
    async with serving(saying(reply)) as wire, asking() as transport:
        for expected in (1, 2, 3):
            assert (await ask(transport, wire)).body == b"hello"
            assert (wire.connections, transport.idle) == (expected, 0)


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
async def test_an_answer_without_a_body_leaves_the_connection_usable(status: str):
    empty = f"HTTP/1.1 {status}\r\nContent-Encoding: gzip\r\n\r\n".encode()
    with_length = f"HTTP/1.1 {status}\r\nContent-Length: 5\r\n\r\n".encode()

    async def script(peer: Peer) -> None:
        for reply in (empty, with_length, HELLO):
            await peer.hear()
            await peer.say(reply)

    async with serving(script) as wire, asking() as transport:
        bodies = [(await ask(transport, wire)).body for _ in range(3)]
        assert bodies == [b"", b"", b"hello"] and wire.connections == 1


async def test_an_answer_to_head_has_no_body():
    async with serving(always(HEAD + b"Content-Length: 5\r\n\r\n")) as wire, asking() as transport:
        answer = await ask(transport, wire, method=b"HEAD")
        assert (answer.status, answer.fields, answer.body) == (200, {b"content-length": b"5"}, b"")
        await refused(wire, httpx.ReadTimeout, seconds=0.05)  # to GET it is half an answer


async def test_the_newest_connection_is_taken_first():
    async def script(peer: Peer) -> None:
        while True:
            await peer.hear()
            await asyncio.sleep(0.02)
            await peer.say(sized(b"%d" % peer.number))

    async with serving(script) as wire, asking() as transport:
        last = [answer.body for answer in await asyncio.gather(*(ask(transport, wire) for _ in range(4)))][-1]
        assert wire.connections == 4 and transport.idle == 4
        assert {(await ask(transport, wire)).body for _ in range(5)} == {last}


async def test_idle_connections_end_by_themselves():
    async with serving(always(HELLO)) as wire:
        before = open_files()
        async with asking(idle_seconds=0.1) as transport:
            await asyncio.gather(*(ask(transport, wire) for _ in range(3)))
            assert transport.idle == 3
            await asyncio.sleep(0.06)
            await ask(transport, wire)
            await asyncio.sleep(0.06)
            assert transport.idle == 1
            await asyncio.sleep(0.2)
            assert transport.idle == 0
            await only_open(before)
            await ask(transport, wire)
        assert wire.connections == 4


async def test_after_a_long_sleep_of_the_machine_old_connections_are_not_used(monkeypatch: pytest.MonkeyPatch):
    """No timer has run, and a firewall in between may have forgotten them without a word."""
    async with serving(always(HELLO)) as wire, asking(idle_seconds=30) as transport:
        await ask(transport, wire)
        monkeypatch.setattr(module, "monotonic", lambda: monotonic() + 31)
        await ask(transport, wire, seconds=60)
        assert wire.connections == 2


async def test_a_deadline_ends_with_its_own_question():
    async def script(peer: Peer) -> None:
        for pause_seconds in (0.0, 0.15):
            await peer.hear()
            await asyncio.sleep(pause_seconds)
            await peer.say(HELLO)

    async with serving(script) as wire, asking() as transport:
        await ask(transport, wire, seconds=0.1)
        assert (await ask(transport, wire, seconds=5)).body == b"hello"
        assert wire.connections == 1


async def test_every_question_has_its_own_deadline():
    """One timer watches over all of them: set for the first, it must find those that come before it and after it."""
    async with serving(Peer.wait_until_they_leave) as wire, asking() as transport:

        async def late_by(seconds: float, after_seconds: float) -> float:
            await asyncio.sleep(after_seconds)
            started = monotonic()
            with pytest.raises(httpx.ReadTimeout):
                await ask(transport, wire, seconds=seconds)
            return monotonic() - started - seconds

        asked = [(0.3, 0.0), (0.1, 0.01), (0.2, 0.02), (0.05, 0.1), (0.25, 0.15), (0.1, 0.5)]
        late = await asyncio.gather(*(late_by(*each) for each in asked))
        assert all(-0.005 < seconds < 0.04 for seconds in late), late
        assert transport.active == 0


async def test_a_deadline_is_not_kept_for_who_was_answered_in_time():
    async with serving(always(HELLO)) as wire, asking() as transport:
        for _ in range(20):
            await ask(transport, wire, seconds=0.02)
        await asyncio.sleep(0.06)
        assert (wire.connections, transport.idle) == (1, 1)
        pool = transport._pools[wire.origin]
        assert pool._alarm is None  # it went off once, and was not set again


async def test_origins_do_not_share():
    async with serving(always(sized(b"one"))) as one, serving(always(sized(b"two"))) as two, asking() as transport:
        for _ in range(3):
            assert (await ask(transport, one)).body == b"one"
            assert (await ask(transport, two)).body == b"two"
        assert (one.connections, two.connections, transport.idle) == (1, 1, 2)


# Gone, or poisoned, between two requests, before the loop could see it


class Manual:
    """A server whose every move the test makes itself, within one turn of the loop."""

    def __init__(self) -> None:
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.listening.setblocking(False)
        self.wire = Wire(port=self.listening.getsockname()[1])

    async def accept(self) -> socket.socket:
        accepted, _ = await asyncio.get_running_loop().sock_accept(self.listening)
        accepted.setblocking(False)
        return accepted

    async def answer(self, accepted: socket.socket, reply: bytes) -> None:
        loop = asyncio.get_running_loop()
        assert await loop.sock_recv(accepted, 65536)
        await loop.sock_sendall(accepted, reply)


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda s: s.close(), id="closed"),
        pytest.param(lambda s: s.shutdown(socket.SHUT_WR), id="half closed"),
        pytest.param(lambda s: s.send(sized(b"wrong")), id="a planted answer"),
        pytest.param(lambda s: s.send(b"\r\n"), id="an empty line"),
        pytest.param(lambda s: s.send(b"HTTP/1.1 200"), id="the start of an answer"),
    ],
)
async def test_a_connection_spoilt_while_idle_is_not_used(spoil: Callable[[socket.socket], object]):
    server = Manual()
    async with asking() as transport:
        first = asyncio.create_task(ask(transport, server.wire))
        accepted = await server.accept()
        await server.answer(accepted, HELLO)
        await first
        spoil(accepted)  # and, without the loop having turned:
        second = asyncio.create_task(ask(transport, server.wire))
        replacement = await asyncio.wait_for(server.accept(), 5)
        await server.answer(replacement, sized(b"right"))
        assert (await second).body == b"right"
        accepted.close()
        replacement.close()
    server.listening.close()


async def test_a_connection_that_ends_just_as_it_is_used_is_a_failure_and_leaves_no_trace():
    async def script(peer: Peer) -> None:
        await peer.hear()
        await peer.say(HELLO)
        await peer.hear()

    async with serving(script) as wire, asking() as transport:
        await ask(transport, wire)
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            await ask(transport, wire)
        assert (transport.active, transport.idle) == (0, 0)
        assert (await ask(transport, wire)).body == b"hello"


async def test_a_server_that_closes_after_each_answer_without_a_word():
    async with serving(saying(HELLO)) as wire, asking() as transport:
        for _ in range(20):
            assert (await ask(transport, wire)).body == b"hello"
            await asyncio.sleep(0.002)
        assert wire.connections == 20


# Answered before it was all asked


async def test_an_early_answer_is_an_answer_and_ends_the_connection():
    async def script(peer: Peer) -> None:
        await peer.hear()
        await peer.say(sized(b"too large", status="413 Content Too Large"))
        await asyncio.Event().wait()  # the rest is never read

    async with serving(script) as wire, asking() as transport:
        answer = await ask(transport, wire, method=b"POST", body=bytes(32 * 1024 * 1024))
        assert (answer.status, answer.body) == (413, b"too large")
        assert (transport.active, transport.idle) == (0, 0)


async def test_a_body_that_is_not_read_is_a_timeout():
    async def script(peer: Peer) -> None:
        await peer.hear()
        await asyncio.Event().wait()

    async with serving(script) as wire, asking() as transport:
        with pytest.raises(httpx.ReadTimeout):
            await ask(transport, wire, method=b"POST", body=bytes(32 * 1024 * 1024), seconds=0.2)
        assert transport.active == 0


async def test_a_half_closed_server_that_has_answered_is_not_asked_again():
    async def script(peer: Peer) -> None:
        await peer.hear()
        await peer.say(HELLO)
        peer.writer.write_eof()
        await peer.wait_until_they_leave()

    async with serving(script) as wire, asking() as transport:
        for _ in range(3):
            assert (await ask(transport, wire)).body == b"hello"
            await asyncio.sleep(0.01)
        assert wire.connections == 3


# Shared


class Crowd:
    """Answers nobody until told to, and counts."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.at_once = 0
        self.most = 0
        self._changed = asyncio.Condition()

    async def of(self, number: int) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: self.at_once >= number)

    async def __call__(self, peer: Peer) -> None:
        while True:
            await peer.hear()
            async with self._changed:
                self.at_once += 1
                self.most = max(self.most, self.at_once)
                self._changed.notify_all()
            await self.go.wait()
            self.at_once -= 1
            await peer.say(HELLO)


async def test_there_are_never_more_connections_than_allowed_and_the_first_to_wait_is_served_first():
    crowd = Crowd()
    order: list[int] = []

    async def one(transport: LeanTransport, wire: Wire, number: int) -> None:
        await ask(transport, wire)
        order.append(number)

    async with serving(crowd) as wire, asking(max_connections=3) as transport:
        tasks = [asyncio.create_task(one(transport, wire, number)) for number in range(30)]
        await crowd.of(3)
        assert transport.active == 3
        crowd.go.set()
        await asyncio.gather(*tasks)
        assert wire.connections == 3 and crowd.most == 3
        assert all(abs(place - number) < 3 for place, number in enumerate(order))


async def test_waiting_for_a_connection_ends_with_the_deadline():
    crowd = Crowd()
    async with serving(crowd) as wire, asking(max_connections=1) as transport:
        first = asyncio.create_task(ask(transport, wire))
        await crowd.of(1)
        started = monotonic()
        with pytest.raises(httpx.PoolTimeout):
            await ask(transport, wire, seconds=0.05)
        assert monotonic() - started < 1 and not transport._pools[wire.origin]._waiters
        crowd.go.set()
        assert (await first).body == b"hello" and transport.active == 0
        assert (await ask(transport, wire)).body == b"hello"


@pytest.mark.parametrize("place", [0, 1, 2])
async def test_who_is_cancelled_while_waiting_holds_nobody_up(place: int):
    crowd = Crowd()
    async with serving(crowd) as wire, asking(max_connections=1) as transport:
        tasks = [asyncio.create_task(ask(transport, wire)) for _ in range(4)]
        await crowd.of(1)
        tasks[place].cancel()
        crowd.go.set()
        done = await asyncio.gather(*tasks, return_exceptions=True)
        assert [isinstance(outcome, asyncio.CancelledError) for outcome in done] == [n == place for n in range(4)]
        assert transport.active == 0


async def test_a_slot_that_comes_with_the_cancellation_goes_to_the_next():
    crowd = Crowd()
    async with serving(crowd) as wire, asking(max_connections=1) as transport:

        async def first_and_cancel_second() -> bytes:
            body = (await ask(transport, wire)).body
            second.cancel()  # it has been handed the slot, and has not run since
            return body

        first = asyncio.create_task(first_and_cancel_second())
        second, third = (asyncio.create_task(ask(transport, wire)) for _ in range(2))
        await crowd.of(1)
        crowd.go.set()
        await asyncio.wait([second])
        assert second.cancelled()
        assert await first == (await third).body == b"hello"
        assert transport.active == 0


# Connecting


@pytest.mark.parametrize(("connect_seconds", "seconds"), [(0.1, 5.0), (5.0, 0.1)])
async def test_a_connection_that_is_not_accepted_is_a_timeout(connect_seconds: float, seconds: float):
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listening:
        wire = Wire(port=listening.getsockname()[1])
        blocking = [socket.socket() for _ in range(3)]
        for one in blocking:
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", wire.port))
        started = monotonic()
        await refused(wire, httpx.ConnectTimeout, seconds=seconds, connect_seconds=connect_seconds)
        assert monotonic() - started < 2
        for one in blocking:
            one.close()


@pytest.mark.parametrize("host", ["nowhere.invalid", "a..b", "x" * 70])
async def test_a_name_that_leads_nowhere(host: str):
    transport = LeanTransport()
    with pytest.raises(httpx.ConnectError) as caught:
        await transport.exchange(Origin(False, host, 80), head_for(Wire()), None, monotonic() + 5)
    assert host not in str(caught.value) and transport.active == 0
    await transport.aclose()


async def test_closing_wakes_who_is_waiting():
    crowd = Crowd()
    async with serving(crowd) as wire:
        transport = LeanTransport(max_connections=2)
        tasks = [asyncio.create_task(ask(transport, wire)) for _ in range(6)]
        await crowd.of(2)
        await transport.aclose()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(outcome, (httpx.ReadError, httpx.ConnectError)) for outcome in outcomes)
        assert (transport.active, wire.connections) == (0, 2)
        await transport.aclose()


async def test_closing_while_connecting_leaves_nothing_open():
    async with serving(always(HELLO)) as wire:
        before = open_files()
        transport = LeanTransport()
        task = asyncio.create_task(ask(transport, wire))
        await asyncio.sleep(0)
        await transport.aclose()
        with pytest.raises((httpx.ConnectError, httpx.ReadError)):
            await task
        assert transport.active == 0
        await only_open(before)


async def test_one_that_asks_nothing_closes_too():
    await LeanTransport().aclose()


async def test_a_fresh_connection_every_time_is_clean():
    async with serving(always(HELLO)) as wire:
        for _ in range(20):
            assert (await ask_once(wire)).body == b"hello"
