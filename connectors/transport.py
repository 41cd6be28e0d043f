"""Our own way out: HTTP/1.1 over asyncio protocols and httptools, no proxy, no redirects, nothing read in advance.

    handle_async_request   httpx's types, the body as it came: for everybody
    exchange               prepared bytes out, status, fields and inflated body in: for the hot path

`Connection` reads one answer at a time, `_Pool` lends connections of one origin, `LeanTransport` asks. An answer is
read whole, under a cap. Whatever is not plainly one answer to one request ends its connection, and so does a caller
who is cancelled: nothing left on a wire becomes the next caller's answer. Why: docs/decisions/0012-lean-transport.md.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import OrderedDict, deque
from collections.abc import Coroutine
from functools import cache
from math import inf
from time import monotonic
from typing import NamedTuple

import httpx

from connectors.connection import Connection
from connectors.http1 import FRAMING, MAX_BODY_BYTES, Answer, Origin, header_lines, inflate, request_head, target_of

CONNECT_SECONDS = 2.0
IDLE_SECONDS = 30.0
TIMER_SECONDS = 0.001
"""Timers go off up to so much early: uvloop's are set in milliseconds."""


class _Limits(NamedTuple):
    connections: int
    idle_seconds: float
    connect_seconds: float


class _Pool:
    """The connections of one origin.

    A slot is the right to have one exchange under way; a connection is opened only by a holder of a slot who found
    none idle, so that open connections never outnumber slots. A slot that comes free goes to whoever has waited
    longest, and never past them.

    One timer watches over all deadlines: it is set for the earliest that was known when it was set, and finds out who
    is late when it goes off. A question that is answered in time costs it nothing.
    """

    def __init__(self, origin: Origin, tls: ssl.SSLContext | None, limits: _Limits) -> None:
        self.free_slots = limits.connections
        self.idle: deque[Connection] = deque()  # the newest at the right
        self._origin = origin
        self._tls = tls
        self._limits = limits
        self._waiters: OrderedDict[asyncio.Future[None], None] = OrderedDict()
        self._open: set[Connection] = set()
        self._sweeper: asyncio.TimerHandle | None = None
        self._alarm: asyncio.TimerHandle | None = None
        self._alarm_at = inf
        self._is_closed = False

    def take_idle(self) -> Connection | None:
        """A live connection and its slot where both are at hand, until `give_back`."""
        if self.idle and self.free_slots:
            connection = self._reuse()
            if connection is not None:
                self.free_slots -= 1
            return connection
        return None

    async def take(self, slot_by: float, connect_seconds: float, deadline_at: float) -> Connection:
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

    def give_back(self, connection: Connection) -> None:
        if connection.is_reusable and not self._is_closed:
            connection.idle_since = monotonic()
            self.idle.append(connection)
            if self._sweeper is None:
                self._sweeper = asyncio.get_running_loop().call_later(self._limits.idle_seconds, self._sweep)
        else:
            connection.abort()
        if self._waiters:
            self._free_slot()
        else:
            self.free_slots += 1

    def watch(self, deadline_at: float) -> None:
        """See to it that the connection which has just been asked is told when this moment comes."""
        if deadline_at < self._alarm_at:
            if self._alarm is not None:
                self._alarm.cancel()
            self._alarm_at = deadline_at
            self._alarm = asyncio.get_running_loop().call_later(deadline_at - monotonic(), self._expire)

    async def aclose(self) -> None:
        self._is_closed = True
        for timer in (self._sweeper, self._alarm):
            if timer is not None:
                timer.cancel()
        self.idle.clear()
        for connection in list(self._open):
            connection.abort()
            await asyncio.wait([connection.lost])  # which leaves it alone should we be cancelled

    def _check_open(self) -> None:
        if self._is_closed:
            raise httpx.ConnectError("the transport is closed")

    def _reuse(self) -> Connection | None:
        oldest = monotonic() - self._limits.idle_seconds
        while self.idle:
            connection = self.idle.pop()
            if connection.idle_since > oldest and connection.is_quiet():
                return connection
            connection.abort()
        return None

    async def _connect(self, seconds: float) -> Connection:
        is_tls, host, port = self._origin
        connection = Connection()
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

    def _expire(self) -> None:
        """End what is late; come back for the rest."""
        self._alarm, self._alarm_at = None, inf
        now = monotonic() + TIMER_SECONDS
        for connection in list(self._open):
            if connection.deadline_at <= now:
                connection.expire()
        self.watch(min((connection.deadline_at for connection in self._open), default=inf))

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
        self._limits = _Limits(max_connections, idle_seconds, connect_seconds)
        self._max_body_bytes = max_body_bytes
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

    def exchange(
        self, origin: Origin, head: bytes, body: bytes | None, deadline_at: float, max_body_bytes: int | None = None
    ) -> Coroutine[None, None, Answer]:
        """`head` is from `request_head`; `deadline_at` is on the scale of `time.monotonic` and covers everything.

        `max_body_bytes`, as it came and inflated: the transport's own where it is None.
        """
        request = head if body is None else head + body
        max_body_bytes = max_body_bytes or self._max_body_bytes
        return self._ask(origin, request, deadline_at, self._limits.connect_seconds, deadline_at, max_body_bytes)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The answer's body is whole and as it came, compressed or not.

        Of `timeout`'s four, `read` is the time for everything, and `write` is part of it.
        """
        body = await request.aread()
        raw = request.headers.raw
        pairs = [pair for pair in raw if pair[0].lower() not in FRAMING]
        content = body if body or len(pairs) < len(raw) else None
        target = target_of(request.url.raw_path.decode("latin-1"))
        head = request_head(request.method.encode(errors="replace"), target, header_lines(pairs), content)
        timeout = {name: s for name, s in request.extensions.get("timeout", {}).items() if s is not None}
        now = monotonic()
        deadline_at = now + timeout.get("read", inf)
        slot_by = min(now + timeout.get("pool", inf), deadline_at)
        connect_seconds = timeout.get("connect", self._limits.connect_seconds)
        origin = Origin.of(request.url)
        answer = await self._ask(
            origin, head + body, slot_by, connect_seconds, deadline_at, self._max_body_bytes, is_packed=True
        )
        return httpx.Response(answer.status, headers=answer.pairs, stream=httpx.ByteStream(answer.body))

    async def aclose(self) -> None:
        """What is under way fails; returns when every connection is closed."""
        self._is_closed = True
        for pool in self._pools.values():
            await pool.aclose()

    async def _ask(
        self,
        origin: Origin,
        request: bytes,
        slot_by: float,
        connect_seconds: float,
        deadline_at: float,
        max_body_bytes: int,
        is_packed: bool = False,
    ) -> Answer:
        """`is_packed`: leave the body as it came."""
        pool = self._pools.get(origin) or self._pool(origin)
        connection = pool.take_idle() or await pool.take(slot_by, connect_seconds, deadline_at)
        try:
            if deadline_at <= monotonic():
                raise httpx.ReadTimeout("no time was left to ask")
            asked = connection.ask(request, deadline_at, max_body_bytes)
            pool.watch(deadline_at)
            outcome = await asked
        finally:
            pool.give_back(connection)
        if isinstance(outcome, httpx.RequestError):
            raise outcome
        if outcome.encoding is not None and not is_packed:
            outcome.body = inflate(outcome.body, outcome.encoding, max_body_bytes)
        return outcome

    def _pool(self, origin: Origin) -> _Pool:
        if self._is_closed:
            raise httpx.ConnectError("the transport is closed")
        tls = (self._tls or _default_tls()) if origin.is_tls else None
        pool = self._pools[origin] = _Pool(origin, tls, self._limits)
        return pool
