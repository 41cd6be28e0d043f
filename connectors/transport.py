"""Our own way out: HTTP/1.1 over asyncio protocols and httptools, no proxy, no redirects, nothing read in advance.

    handle_async_request   httpx's types, the body as it came: for everybody
    exchange               prepared bytes out, status, fields and inflated body in: for the hot path

`_Connection` reads one answer at a time, `_Pool` lends connections of one origin, `LeanTransport` asks. An answer is
read whole, under a cap. Whatever is not plainly one answer to one request ends its connection, and so does a caller
who is cancelled: nothing left on a wire becomes the next caller's answer. Why: docs/decisions/0012-lean-transport.md.
"""

from __future__ import annotations

import asyncio
import re
import select
import ssl
import zlib
from collections import OrderedDict, deque
from collections.abc import Iterable
from functools import cache
from math import inf
from time import monotonic
from typing import NamedTuple, cast

import httpx
from httptools import HttpParserError, HttpResponseParser

MAX_BODY_BYTES = 10 * 1024 * 1024
MAX_HEAD_BYTES = 64 * 1024
"""Names and values of one answer's header fields, trailers and interim answers included; and what may come on a wire
without a single byte of body: a header without end, a chunk extension without end."""
MAX_FIELDS = 256
MAX_INTERIM_ANSWERS = 16
CONNECT_SECONDS = 2.0
IDLE_SECONDS = 30.0

_TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")  # RFC 9110 §5.6.2
_VALUE = re.compile(rb"[^\x00\r\n]*")  # RFC 9110 §5.5
_TARGET = re.compile(rb"/[!\"$-~]*")  # RFC 9112 §3.2.1: visible ASCII, no fragment
_FRAMING = (b"content-length", b"transfer-encoding")  # how long a body is, is for `request_head` to say

Pairs = list[tuple[bytes, bytes]]
Fields = dict[bytes, bytes]
"""Header fields by their name in lower case; repeated ones joined by a comma (RFC 9110 §5.3)."""
_Read = tuple[int, Pairs, Fields, bytes]


class TooLargeError(httpx.DecodingError):
    """The answer is larger than the cap, as it came or inflated. No `TransportError`: asking again would not help."""


class Origin(NamedTuple):
    """Where connections lead, and what a certificate is checked against."""

    is_tls: bool
    host: str
    port: int

    @classmethod
    def of(cls, url: httpx.URL) -> Origin:
        if url.scheme not in ("http", "https") or not url.raw_host:
            raise httpx.UnsupportedProtocol("only http:// and https:// can be asked")
        is_tls = url.scheme == "https"
        return cls(is_tls, url.raw_host.decode("ascii"), url.port or (443 if is_tls else 80))


class Answer(NamedTuple):
    status: int
    fields: Fields
    body: bytes


def header_lines(pairs: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Header fields as they are sent, to be prepared once. LocalProtocolError for what could become another line."""
    lines = bytearray()
    for name, value in pairs:
        if _TOKEN.fullmatch(name) is None or _VALUE.fullmatch(value) is None or name.lower() in _FRAMING:
            raise httpx.LocalProtocolError("a header field cannot be written down")
        lines += b"%b: %b\r\n" % (name, value)
    return bytes(lines)


def request_head(method: bytes, target: bytes, lines: bytes, body: bytes | None = None) -> bytes:
    """The request up to its body. `target`: path and query, escaped. `lines`: from `header_lines`, with Host in them.

    LocalProtocolError for a target or method that could become anything else, and for CONNECT.
    """
    if _TARGET.fullmatch(target) is None or _TOKEN.fullmatch(method) is None or method == b"CONNECT":
        raise httpx.LocalProtocolError("a request line cannot be written down")
    length = b"" if body is None else b"Content-Length: %d\r\n" % len(body)
    return b"%b %b HTTP/1.1\r\n%b%b\r\n" % (method, target, lines, length)


def inflate(body: bytes, encoding: bytes | None, max_bytes: int) -> bytes:
    """The body without its content encoding; at most `max_bytes` (and one) are ever inflated."""
    coding = (encoding or b"identity").lower()
    if coding == b"identity" or not body:
        return body
    if coding in (b"gzip", b"x-gzip"):
        window_bits = 16 + zlib.MAX_WBITS
    elif coding == b"deflate":  # zlib's format (RFC 9110 §8.4.1.2); some servers leave its header out
        has_header = body[0] & 0x0F == 8 and int.from_bytes(body[:2], "big") % 31 == 0
        window_bits = zlib.MAX_WBITS if has_header else -zlib.MAX_WBITS
    else:
        raise httpx.DecodingError("the answer is compressed in a way that was not asked for")
    stream = zlib.decompressobj(window_bits)
    try:
        inflated = stream.decompress(body, max_bytes + 1)
    except zlib.error:
        raise httpx.DecodingError("the answer could not be decompressed") from None
    if len(inflated) > max_bytes:
        raise TooLargeError("the answer is too large")
    if not stream.eof:
        raise httpx.RemoteProtocolError("the compressed answer ended too early")
    if stream.unused_data:
        raise httpx.DecodingError("something follows the compressed answer")
    return inflated


class _Stop(Exception):
    """Raised in a parser's callback: read no further."""


class _Connection(asyncio.Protocol):
    """One connection, lent to one caller at a time, and the answer that is being read from it.

    `is_reusable` turns true only when an answer was read to its last byte and nothing came behind it.
    """

    def __init__(self, max_body_bytes: int) -> None:
        self.is_reusable = False
        self.idle_since = 0.0
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._max_body_bytes = max_body_bytes
        self._transport: asyncio.Transport | None = None
        self._poll = select.poll()
        self._waiter: asyncio.Future[_Read | httpx.RequestError] | None = None
        self._body = bytearray()
        self.on_body = self._body.extend  # the parser calls it straight, without a frame of Python for each piece
        self._parser = HttpResponseParser(self)

    # For its borrower

    def ask(self, request: bytes) -> asyncio.Future[_Read | httpx.RequestError]:
        """Send it. The future holds what became of it; nothing is ever raised from there."""
        assert self._transport is not None and self._waiter is None
        self._is_head_request = request.startswith(b"HEAD ")
        self._pairs: Pairs = []
        self._status = 0  # until the last head is there; an interim one is none
        self._refusal: httpx.RequestError | None = None
        self._is_complete = self._ends_with_connection = self.is_reusable = False
        self._head_bytes = self._silent_bytes = self._interim_answers = 0
        self._waiter = waiter = asyncio.get_running_loop().create_future()
        if self._transport.is_closing():
            self.eof_received()
        else:
            self._transport.write(request)
        return waiter

    def expire(self) -> None:
        if self._waiter is not None:
            self._end(httpx.ReadTimeout("no complete answer within the deadline"))

    def is_quiet(self) -> bool:
        """Still open, and nothing has arrived since the last answer, not even what the loop has yet to see."""
        return self._transport is not None and not self._transport.is_closing() and not self._poll.poll(0)

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
        body_bytes = len(self._body)
        try:
            self._parser.feed_data(data)
        except HttpParserError:
            self.is_reusable = False
            if not self._is_complete:
                self._end(self._refusal or httpx.RemoteProtocolError("the answer is not HTTP/1.1"))
                return
        self._silent_bytes = self._silent_bytes + len(data) if len(self._body) == body_bytes else 0
        if len(self._body) > self._max_body_bytes:
            self._end(TooLargeError("the answer is too large"))
        elif self._is_complete:
            self._end(None)
        elif self._silent_bytes > MAX_HEAD_BYTES:
            self._end(httpx.RemoteProtocolError("the answer's head is too large"))

    def eof_received(self) -> None:
        if self._waiter is not None:
            early = httpx.RemoteProtocolError("the connection was closed before the answer was complete")
            self._end(None if self._ends_with_connection else early)

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.set_result(None)
        if self._waiter is not None:  # no end was announced: broken, or aborted by us
            self._end(httpx.ReadError("the connection broke before the answer was complete"))

    def _end(self, error: httpx.RequestError | None) -> None:
        assert self._waiter is not None and self._transport is not None
        waiter, self._waiter = self._waiter, None
        outcome = error or (self._status, self._head, self._fields, bytes(self._body))
        self._body.clear()
        if error is not None or self._transport.get_write_buffer_size():  # answered before it was all asked
            self.is_reusable = False
        if not waiter.done():
            waiter.set_result(outcome)

    # For the parser

    def on_message_begin(self) -> None:
        if self._is_complete:  # something follows the answer; data_received keeps the one and drops the other
            raise _Stop

    def on_header(self, name: bytes, value: bytes) -> None:
        self._head_bytes += len(name) + len(value) + 4
        if self._head_bytes > MAX_HEAD_BYTES:
            self._refuse("the answer's head is too large")
        self._pairs.append((name.lower(), value.rstrip(b" \t")))

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        head, self._pairs = self._pairs, []  # trailers go into the new list, and nowhere
        fields = _joined(head)
        coding = fields.get(b"transfer-encoding")
        length = fields.get(b"content-length")
        if status < 200:
            self._interim_answers += 1
            if status < 100 or status == 101 or coding or length or self._interim_answers > MAX_INTERIM_ANSWERS:
                self._refuse("the answer cannot be told from what comes before it")
            return
        version = self._parser.get_http_version()
        if version not in ("1.1", "1.0"):
            self._refuse("the answer is not HTTP/1.1")
        if coding and (coding.lower() != b"chunked" or version == "1.0"):  # RFC 9112 §6.1
            self._refuse("the answer's transfer encoding is not one to trust")
        if len(head) > MAX_FIELDS:
            self._refuse("the answer's head is too large")
        self._status, self._head, self._fields = status, head, fields
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


def _joined(pairs: Pairs) -> Fields:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        fields = {}
        for name, value in pairs:
            fields[name] = fields[name] + b", " + value if name in fields else value
    return fields


class _Limits(NamedTuple):
    connections: int
    body_bytes: int
    idle_seconds: float
    connect_seconds: float


class _Pool:
    """The connections of one origin.

    A slot is the right to have one exchange under way; a connection is opened only by a holder of a slot who found
    none idle, so that open connections never outnumber slots. A slot that comes free goes to whoever has waited
    longest, and never past them.
    """

    def __init__(self, origin: Origin, tls: ssl.SSLContext | None, limits: _Limits) -> None:
        self.free_slots = limits.connections
        self.idle: deque[_Connection] = deque()  # the newest at the right
        self._origin = origin
        self._tls = tls
        self._limits = limits
        self._waiters: OrderedDict[asyncio.Future[None], None] = OrderedDict()
        self._open: set[_Connection] = set()
        self._sweeper: asyncio.TimerHandle | None = None
        self._is_closed = False

    async def take(self, slot_by: float, connect_seconds: float, deadline_at: float) -> _Connection:
        """A live connection and the slot that goes with it, until `give_back`."""
        if self.free_slots:
            self.free_slots -= 1
        else:
            await self._wait_for_slot(slot_by)
        try:
            self._check_open()
            return self._reuse() or await self._connect(min(connect_seconds, deadline_at - monotonic()))
        except BaseException:
            self._free_slot()
            raise

    def give_back(self, connection: _Connection) -> None:
        if connection.is_reusable and not self._is_closed:
            connection.idle_since = monotonic()
            self.idle.append(connection)
            if self._sweeper is None:
                self._sweeper = asyncio.get_running_loop().call_later(self._limits.idle_seconds, self._sweep)
        else:
            connection.abort()
        self._free_slot()

    async def aclose(self) -> None:
        self._is_closed = True
        if self._sweeper is not None:
            self._sweeper.cancel()
        self.idle.clear()
        for connection in list(self._open):
            connection.abort()
            await asyncio.wait([connection.lost])  # which leaves it alone should we be cancelled

    def _check_open(self) -> None:
        if self._is_closed:
            raise httpx.ConnectError("the transport is closed")

    def _reuse(self) -> _Connection | None:
        oldest = monotonic() - self._limits.idle_seconds
        while self.idle:
            connection = self.idle.pop()
            if connection.idle_since > oldest and connection.is_quiet():
                return connection
            connection.abort()
        return None

    async def _connect(self, seconds: float) -> _Connection:
        is_tls, host, port = self._origin
        connection = _Connection(self._limits.body_bytes)
        connect = asyncio.get_running_loop().create_connection
        try:
            async with asyncio.timeout(seconds):
                name = host if is_tls else None
                await connect(lambda: connection, host, port, ssl=self._tls, server_hostname=name)
            self._check_open()
        except BaseException as error:
            connection.abort()
            if isinstance(error, TimeoutError):
                raise httpx.ConnectTimeout("no connection within the deadline") from None
            if isinstance(error, (OSError, UnicodeError)):  # UnicodeError: a name that is none
                raise httpx.ConnectError("no connection could be made") from None
            raise
        self._open.add(connection)  # not earlier: uvloop calls none lost that was cancelled while it was being made
        connection.lost.add_done_callback(lambda _: self._open.discard(connection))
        return connection

    async def _wait_for_slot(self, by: float) -> None:
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters[waiter] = None
        try:
            async with asyncio.timeout(by - monotonic()):
                await waiter
        except BaseException as error:
            if waiter.done() and not waiter.cancelled():  # the slot came while we were being cancelled
                self._free_slot()
            if isinstance(error, TimeoutError):
                raise httpx.PoolTimeout("no connection came free within the deadline") from None
            raise
        finally:
            self._waiters.pop(waiter, None)

    def _free_slot(self) -> None:
        while self._waiters:
            waiter, _ = self._waiters.popitem(last=False)
            if not waiter.done():
                waiter.set_result(None)
                return
        self.free_slots += 1

    def _sweep(self) -> None:
        """Close what has been idle for too long; come back for the rest."""
        now, idle_seconds = monotonic(), self._limits.idle_seconds
        while self.idle and self.idle[0].idle_since + idle_seconds <= now:
            self.idle.popleft().abort()
        self._sweeper = None
        if self.idle:
            seconds = self.idle[0].idle_since + idle_seconds - now
            self._sweeper = asyncio.get_running_loop().call_later(seconds, self._sweep)


@cache
def _default_tls() -> ssl.SSLContext:
    """The machine's certificates, loaded once: that costs 10 to 30 ms."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


class LeanTransport(httpx.AsyncBaseTransport):
    """Every method raises an `httpx.RequestError` that names neither address nor content. Nothing is tried twice.

    `max_connections` is for each origin. `tls`: whom to trust; the machine's certificates where it is None.
    """

    def __init__(
        self,
        max_connections: int = 20,
        *,
        max_body_bytes: int = MAX_BODY_BYTES,
        idle_seconds: float = IDLE_SECONDS,
        connect_seconds: float = CONNECT_SECONDS,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._limits = _Limits(max_connections, max_body_bytes, idle_seconds, connect_seconds)
        self._tls = tls
        self._pools: dict[Origin, _Pool] = {}
        self._is_closed = False

    @property
    def active(self) -> int:
        """Exchanges under way, those that are connecting included."""
        return sum(self._limits.connections - pool.free_slots for pool in self._pools.values())

    @property
    def idle(self) -> int:
        """Connections that wait for their next request."""
        return sum(len(pool.idle) for pool in self._pools.values())

    async def exchange(self, origin: Origin, head: bytes, body: bytes | None, deadline_at: float) -> Answer:
        """`head` is from `request_head`; `deadline_at` is on the scale of `time.monotonic` and covers everything."""
        request = head if body is None else head + body
        limits = self._limits
        status, _, fields, packed = await self._ask(origin, request, deadline_at, limits.connect_seconds, deadline_at)
        return Answer(status, fields, inflate(packed, fields.get(b"content-encoding"), limits.body_bytes))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The answer's body is whole and as it came, compressed or not.

        Of `timeout`'s four, `read` is the time for everything, and `write` is part of it.
        """
        body = await request.aread()
        raw = request.headers.raw
        pairs = [pair for pair in raw if pair[0].lower() not in _FRAMING]
        content = body if body or len(pairs) < len(raw) else None
        head = request_head(request.method.encode(errors="replace"), request.url.raw_path, header_lines(pairs), content)
        timeout = {name: s for name, s in request.extensions.get("timeout", {}).items() if s is not None}
        now = monotonic()
        deadline_at = now + timeout.get("read", inf)
        slot_by = min(now + timeout.get("pool", inf), deadline_at)
        connect_seconds = timeout.get("connect", self._limits.connect_seconds)
        origin = Origin.of(request.url)
        status, pairs, _, packed = await self._ask(origin, head + body, slot_by, connect_seconds, deadline_at)
        return httpx.Response(status, headers=pairs, stream=httpx.ByteStream(packed))

    async def aclose(self) -> None:
        """What is under way fails; returns when every connection is closed."""
        self._is_closed = True
        for pool in self._pools.values():
            await pool.aclose()

    async def _ask(
        self, origin: Origin, request: bytes, slot_by: float, connect_seconds: float, deadline_at: float
    ) -> _Read:
        pool = self._pools.get(origin) or self._pool(origin)
        connection = await pool.take(slot_by, connect_seconds, deadline_at)
        try:
            seconds = deadline_at - monotonic()
            if seconds <= 0:
                raise httpx.ReadTimeout("no time was left to ask")
            timer = asyncio.get_running_loop().call_later(seconds, connection.expire)
            try:
                outcome = await connection.ask(request)
            finally:
                timer.cancel()
        finally:
            pool.give_back(connection)
        if isinstance(outcome, httpx.RequestError):
            raise outcome
        return outcome

    def _pool(self, origin: Origin) -> _Pool:
        if self._is_closed:
            raise httpx.ConnectError("the transport is closed")
        tls = (self._tls or _default_tls()) if origin.is_tls else None
        pool = self._pools[origin] = _Pool(origin, tls, self._limits)
        return pool
