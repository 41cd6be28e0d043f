"""One HTTP/1.1 connection, lent to one caller at a time, and the answer that is being read from it."""

from __future__ import annotations

import asyncio
import select
from math import inf
from typing import cast

import httpx
from httptools import HttpParserError, HttpResponseParser

from connectors.http1 import Answer, TooLargeError, framing

MAX_HEAD_BYTES = 64 * 1024
"""An answer's head with the interim answers before it; and what may come on a wire without a single byte of body: a
header without end, a chunk extension without end, trailers."""
MAX_FIELDS = 256
MAX_INTERIM_ANSWERS = 16

_H = ord("H")
_FEW_BYTES = 4 * MAX_FIELDS
"""Heads that take no more cannot hold too many fields: none takes less than four bytes."""
Outcome = Answer | httpx.RequestError


class _Stop(Exception):
    """Raised in a parser's callback: read no further."""


class Connection(asyncio.Protocol):
    """`is_reusable` turns true only when an answer was read to its last byte and nothing came behind it.

    `deadline_at`: when whoever watches the clock should call `expire`, on the scale of `time.monotonic`; never while
    nobody asks.
    """

    def __init__(self) -> None:
        self.is_reusable = False
        self.idle_since = 0.0
        self.deadline_at = inf
        loop = asyncio.get_running_loop()
        self._create_future = loop.create_future
        self.lost: asyncio.Future[None] = loop.create_future()
        self._transport: asyncio.Transport | None = None
        self._poll = select.poll()
        self._waiter: asyncio.Future[Outcome] | None = None
        self._body = bytearray()  # of an answer that comes in several reads
        self._pieces: list[bytes] = []  # what one read brought of it
        self.on_body = self._pieces.append  # the parser calls it straight, without a frame of Python for each piece
        self._parser = HttpResponseParser(self)

    # For its borrower

    def ask(self, request: bytes, deadline_at: float, max_body_bytes: int) -> asyncio.Future[Outcome]:
        """Send it. The future holds what became of it; nothing is ever raised from there."""
        transport = self._transport
        assert transport is not None and self._waiter is None
        self.deadline_at = deadline_at
        self._max_body_bytes = max_body_bytes
        self._is_head_request = request.startswith(b"HEAD ")
        self._came = b""  # until the last head is there
        self._status = 0  # until the last head is there; an interim one is none
        self._encoding: bytes | None = None
        self._refusal: httpx.RequestError | None = None
        self._is_complete = self._ends_with_connection = self.is_reusable = False
        self._head_at = self._silent_bytes = self._interim_answers = 0
        self._waiter = waiter = self._create_future()
        if transport.is_closing():
            self.eof_received()
        else:
            transport.write(request)
        return waiter

    def expire(self) -> None:
        if self._waiter is not None:
            self._end(httpx.ReadTimeout("no complete answer within the deadline"))

    def is_quiet(self) -> bool:
        """Still open, and nothing has arrived since the last answer, not even what the loop has yet to see."""
        return self.is_reusable and not self._poll.poll(0)

    def abort(self) -> None:
        self.is_reusable = False
        if self._transport is not None:
            self._transport.abort()

    # For the loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._poll.register(transport.get_extra_info("socket").fileno(), select.POLLIN)

    def data_received(self, data: bytes) -> None:
        if self._waiter is None:  # nobody asked; whatever it is, it must not be taken for the next answer
            self.abort()
            return
        if not self._status:
            self._came = self._came + data if self._came else data
        try:
            self._parser.feed_data(data)
        except HttpParserError:
            self.is_reusable = False
            if not self._is_complete:
                self._end(self._refusal or httpx.RemoteProtocolError("the answer is not HTTP/1.1"))
                return
        pieces = self._pieces
        if self._is_complete and len(pieces) == 1 and not self._body:  # most answers come in one read
            body = pieces[0]
        else:
            if pieces:
                self._body += b"".join(pieces)
            if not self._is_complete:
                self._wait_for_more(len(data))
                return
            body = bytes(self._body)
        if len(body) > self._max_body_bytes:
            self._end(TooLargeError("the answer is too large"))
        else:
            self._end(Answer(self._status, self._head, body, self._encoding))

    def eof_received(self) -> None:
        self.is_reusable = False
        if self._waiter is not None:
            if self._ends_with_connection:
                self._end(Answer(self._status, self._head, bytes(self._body), self._encoding))
            else:
                self._end(httpx.RemoteProtocolError("the connection was closed before the answer was complete"))

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_reusable = False
        self.lost.set_result(None)
        if self._waiter is not None:  # no end was announced: broken, or aborted by us
            self._end(httpx.ReadError("the connection broke before the answer was complete"))

    def _wait_for_more(self, read_bytes: int) -> None:
        """Within bounds."""
        self._silent_bytes = 0 if self._pieces else self._silent_bytes + read_bytes
        self._pieces.clear()
        if len(self._body) > self._max_body_bytes:
            self._end(TooLargeError("the answer is too large"))
        elif self._silent_bytes > MAX_HEAD_BYTES:
            self._end(httpx.RemoteProtocolError("the answer's head is too large"))

    def _end(self, outcome: Outcome) -> None:
        assert self._waiter is not None and self._transport is not None
        waiter, self._waiter = self._waiter, None
        self.deadline_at = inf
        self._body.clear()
        self._pieces.clear()
        if outcome.__class__ is not Answer or self._transport.get_write_buffer_size():
            self.is_reusable = False  # it failed, or was answered before it was all asked
        if not waiter.done():
            waiter.set_result(outcome)

    # For the parser

    def on_message_begin(self) -> None:
        if self._is_complete:  # something follows the answer; data_received keeps the one and drops the other
            raise _Stop

    def on_headers_complete(self) -> None:
        """Heads come one behind the other, and the parser has seen to it that each ends in the one way it may."""
        came, start = self._came, self._head_at
        if came[start] != _H:  # empty lines may come first
            start = len(came) - len(came[start:].lstrip(b"\r\n"))
        self._head_at = end = came.index(b"\r\n\r\n", start) + 4
        head = came[start:end]
        status = self._parser.get_status_code()
        fields = framing(head)
        length, coding = fields.get(b"content-length"), fields.get(b"transfer-encoding")
        if end > _FEW_BYTES and (end > MAX_HEAD_BYTES or head.count(b"\r\n") > MAX_FIELDS + 2):
            self._refuse("the answer's head is too large")
        if status < 200:
            self._interim_answers += 1
            is_framed = length is not None or coding is not None
            if status < 100 or status == 101 or is_framed or self._interim_answers > MAX_INTERIM_ANSWERS:
                self._refuse("the answer cannot be told from what comes before it")
            return
        is_1_1 = head.startswith(b"HTTP/1.1 ")
        if not is_1_1 and not head.startswith(b"HTTP/1.0 "):
            self._refuse("the answer is not HTTP/1.1")
        if coding is not None and (coding != b"chunked" or not is_1_1):  # RFC 9112 §6.1
            self._refuse("the answer's transfer encoding is not one to trust")
        self._status, self._head, self._came = status, head, b""
        self._encoding = fields.get(b"content-encoding")
        if self._is_head_request:  # the parser does not know and would wait for a body
            self._is_complete = True
            raise _Stop
        if status not in (204, 304):
            self._ends_with_connection = coding is None and length is None
            if length is not None and int(length) > self._max_body_bytes:
                self._refusal = TooLargeError("the answer is too large")
                raise _Stop

    def on_message_complete(self) -> None:
        if self._status:
            self._is_complete = True
            self.is_reusable = self._parser.should_keep_alive()

    def _refuse(self, why: str) -> None:
        self._refusal = httpx.RemoteProtocolError(why)
        raise _Stop
