"""One connection, fed by hand: how the bytes are cut must not matter, nor what came before."""

from __future__ import annotations

import asyncio
import random
import socket
from collections.abc import Callable, Iterable
from math import inf
from typing import Any

import httpx
import pytest

from connectors.connection import Connection
from connectors.http1 import MAX_BODY_BYTES, Answer
from tests.connectors.transport.answers import sample
from tests.connectors.transport.wire import HELLO, chunked, sized

Outcome = tuple[Any, ...]


class Line(asyncio.Transport):
    """Stands for the network: takes what is written, and knows whether it was closed."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__({"socket": sock})
        self.closed = False

    def write(self, data: Any) -> None:
        pass

    def abort(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def get_write_buffer_size(self) -> int:
        return 0


class Reading:
    def __init__(self) -> None:
        self.sockets = socket.socketpair()
        self.line = Line(self.sockets[0])
        self.connection = Connection()
        self.connection.connection_made(self.line)

    def read(self, pieces: Iterable[bytes], method: bytes = b"GET", ends: bool = True) -> Outcome:
        """What becomes of one answer in these pieces, behind which the server hangs up."""
        waiter = self.connection.ask(method + b" / HTTP/1.1\r\n\r\n", inf, MAX_BODY_BYTES)
        for piece in pieces:
            if waiter.done():
                break
            self.connection.data_received(piece)
        if ends and not waiter.done():
            self.connection.eof_received()
        outcome = waiter.result()
        if isinstance(outcome, Answer):
            return outcome.status, outcome.pairs, outcome.encoding, outcome.body
        return type(outcome), str(outcome)

    def close(self) -> None:
        for sock in self.sockets:
            sock.close()


def cut(whole: bytes, rng: random.Random) -> list[bytes]:
    places = sorted(rng.sample(range(1, len(whole)), min(len(whole) - 1, rng.choice([1, 3, 10, 50]))))
    return [whole[a:b] for a, b in zip([0, *places], [*places, len(whole)], strict=True)]


def outcome_of(pieces: Iterable[bytes], method: bytes) -> Outcome:
    reading = Reading()
    try:
        return reading.read(pieces, method)
    finally:
        reading.close()


def bent(whole: bytes, rng: random.Random) -> bytes:
    """With a few bytes changed, lost, doubled or moved, mostly in the head."""
    bytes_ = bytearray(whole)
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(min(len(bytes_), rng.choice([20, 200, 100_000])))
        match rng.randrange(4):
            case 0:
                bytes_[at] = rng.choice(b"\r\n\x00 :;,0159afxZ\x80\xff")
            case 1:
                del bytes_[at : at + rng.choice([1, 2, 10])]
            case 2:
                bytes_[at:at] = rng.choice([b"\r\n", b"\n", b" ", b"\x00", b"Content-Length: 3\r\n", b"0\r\n\r\n"])
            case _:
                bytes_[at:at] = bytes_[at : at + rng.choice([1, 5, 30])]
        if len(bytes_) < 2:
            return b"HT"
    return bytes(bytes_)


@pytest.mark.parametrize("seed", range(5))
async def test_how_an_answer_is_cut_does_not_matter(seed: int):
    print(f"seed {seed}")
    rng = random.Random(1000 + seed)
    accepted = 0
    for _ in range(60):
        whole = sample(rng)
        method = whole.method.encode()
        expected = outcome_of([whole.wire], method)
        accepted += not isinstance(expected[0], type)
        for _ in range(5):
            assert outcome_of(cut(whole.wire, rng), method) == expected
        if len(whole.wire) < 5000:
            assert outcome_of([whole.wire[i : i + 1] for i in range(len(whole.wire))], method) == expected
    assert accepted == 60


@pytest.mark.parametrize("seed", range(5))
async def test_nor_when_it_is_bent(seed: int):
    print(f"seed {seed}")
    rng = random.Random(2000 + seed)
    refused = 0
    for _ in range(300):
        whole = sample(rng)
        wire = bent(whole.wire, rng)
        method = whole.method.encode()
        expected = outcome_of([wire], method)
        refused += isinstance(expected[0], type)
        for _ in range(3):
            assert outcome_of(cut(wire, rng), method) == expected, wire[:2000]
    assert 60 < refused < 290


@pytest.mark.parametrize("seed", range(3))
async def test_nor_what_was_read_before(seed: int):
    """One connection reads many answers as if each were its first."""
    rng = random.Random(3000 + seed)
    reading = Reading()
    served = 0
    for _ in range(300):
        whole = sample(rng)
        pieces, method = cut(whole.wire, rng), whole.method.encode()
        expected = outcome_of(pieces, method)
        assert reading.read(pieces, method) == expected
        served += reading.connection.is_reusable
        if not reading.connection.is_reusable:
            reading.close()
            reading = Reading()
    reading.close()
    assert served > 60


@pytest.mark.parametrize("seed", range(3))
async def test_rubbish_is_refused_and_breaks_nothing(seed: int):
    rng = random.Random(4000 + seed)
    for _ in range(500):
        start = rng.choice(
            [b"", b"HTTP/1.1 ", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"]
        )
        outcome = outcome_of(cut(start + rng.randbytes(rng.randrange(2, 300)), rng), b"GET")
        assert outcome[0] is httpx.RemoteProtocolError


@pytest.mark.parametrize("late", [HELLO, HELLO[:-2], chunked(b"late")])
async def test_an_answer_to_a_caller_who_left_is_not_the_next_ones(late: bytes):
    reading = Reading()
    waiter = reading.connection.ask(b"GET / HTTP/1.1\r\n\r\n", inf, MAX_BODY_BYTES)
    reading.connection.data_received(late[:40])
    waiter.cancel()
    reading.connection.data_received(late[40:])
    if reading.connection.is_reusable:
        assert reading.read([sized(b"right")])[3] == b"right"
    else:
        assert late == HELLO[:-2]
    reading.close()


async def test_what_nobody_asked_for_ends_the_connection():
    reading = Reading()
    assert reading.read([HELLO])[3] == b"hello" and reading.connection.is_reusable
    reading.connection.data_received(HELLO)
    assert reading.line.closed and not reading.connection.is_reusable and not reading.connection.is_quiet()
    reading.close()


@pytest.mark.parametrize("end", [Connection.eof_received, lambda connection: connection.connection_lost(None)])
async def test_a_connection_that_ended_is_not_lent_again(end: Callable[[Connection], None]):
    """Whatever else the loop has yet to do with it."""
    reading = Reading()
    assert reading.read([HELLO])[3] == b"hello" and reading.connection.is_quiet()
    end(reading.connection)
    assert not reading.connection.is_reusable and not reading.connection.is_quiet()
    reading.close()


async def test_a_connection_that_died_before_it_was_asked_says_so_at_once():
    reading = Reading()
    reading.line.abort()
    assert reading.read([], ends=False)[0] is httpx.RemoteProtocolError
    reading.close()


@pytest.mark.parametrize(("method", "status"), [(b"HEAD", b"200"), (b"GET", b"304"), (b"GET", b"204")])
async def test_the_length_of_what_does_not_come_does_not_matter(method: bytes, status: bytes):
    reading = Reading()
    outcome = reading.read([b"HTTP/1.1 " + status + b" OK\r\nContent-Length: 99999999999\r\n\r\n"], method)
    assert outcome[0] == int(status) and outcome[3] == b""
    reading.close()


async def test_each_answer_has_the_caps_to_itself():
    reading = Reading()
    interim = b"HTTP/1.1 100 Continue\r\n\r\n" * 9
    for _ in range(300):
        assert reading.read([interim, sized(b"", "X-A: " + "b" * 1000)], ends=False)[0] == 200
        assert reading.connection.is_reusable
    reading.close()
