"""What sources said a moment ago: raw answers, below visibility, alike for every viewer.

An answer is as good as new for its soft lifetime. For a while after that it is served once more and a new one fetched
behind the caller's back; later the caller waits for the new one, and gets the old one, marked stale, when the source
fails before its hard lifetime is over. Many callers who ask the same at once cost one call. Nothing here knows a
viewer: keys are made of the source, the question and the identity alone. Why: docs/decisions/0013-source-cache.md.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import inf
from typing import Any, Generic, Protocol, TypeVar

import msgspec
from aiocache.backends.memory import SimpleMemoryBackend
from msgspec.structs import replace

from connectors.errors import ConnectorError
from gateway.sources.report import SourceState

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class CacheLimits:
    """Lifetimes in seconds; `jitter` varies them by so much either way, so that answers do not all end at once.

    soft: as good as new. grace: served at once while a new one is fetched. hard: served instead of a failure.
    failure: for so long a failed source is not asked the same again. max_bytes: of all answers together, roughly.
    """

    soft_seconds: float = 5.0
    grace_seconds: float = 10.0
    hard_seconds: float = 300.0
    failure_seconds: float = 1.0
    jitter: float = 0.1
    max_bytes: int = 32 * 1024 * 1024


class Answer(msgspec.Struct, Generic[T], frozen=True):
    """FRESH was fetched for this call or together with it; CACHED and STALE were true at `as_of`."""

    value: T
    state: SourceState = SourceState.FRESH
    as_of: datetime | None = None


class Codec(Protocol[T]):
    """How an answer is kept until somebody asks again: small, and with its weight in bytes."""

    def pack(self, value: T) -> tuple[Any, int]: ...
    def unpack(self, packed: Any) -> T: ...
    def weigh(self, value: T) -> int:
        """Of the answer itself, which is kept instead once it was asked for again."""
        ...


class Store(Protocol):
    """Where entries live. aiocache's backends fit; entries are immutable, so they need not be copied."""

    async def get(self, key: Hashable) -> Any: ...
    async def set(self, key: Hashable, value: Any) -> Any: ...
    async def delete(self, key: Hashable) -> Any: ...


class _Entry(msgspec.Struct, frozen=True):
    """`error` is the last failure, remembered until `failed_until`; `value` is what was said before it, if anything
    was. Instants are monotonic seconds. `is_packed`: nobody has asked again yet."""

    value: Any
    as_of: datetime
    soft_until: float
    grace_until: float
    hard_until: float
    error: ConnectorError | None = None
    failed_until: float = 0.0
    is_packed: bool = True


class MemoryStore(SimpleMemoryBackend):  # type: ignore[misc]
    """aiocache's memory, asked straight: its public methods go by plugins, a timeout and the environment each time."""

    async def get(self, key: Hashable) -> Any:
        return await self._get(key)

    async def set(self, key: Hashable, value: Any) -> None:
        await self._set(key, value)

    async def delete(self, key: Hashable) -> None:
        await self._delete(key)


@dataclass(slots=True)
class SourceCache:
    """The clocks and the jitter are passed in. Most answers are never asked for again: they are kept packed, and as
    they are from the second time on."""

    limits: CacheLimits = field(default_factory=CacheLimits)
    store: Store = field(default_factory=MemoryStore)
    monotonic: Callable[[], float] = time.monotonic
    utc_now: Callable[[], datetime] = lambda: datetime.now(UTC)
    vary: Callable[[], float] = random.random
    _weights: OrderedDict[Hashable, int] = field(default_factory=OrderedDict)
    _bytes: int = 0
    _flights: dict[Hashable, asyncio.Future[Any]] = field(default_factory=dict)
    _background: set[asyncio.Task[Any]] = field(default_factory=set)
    _overtaken: set[Hashable] = field(default_factory=set)

    async def ask(
        self,
        key: Hashable,
        fetch: Callable[[], Awaitable[T]],
        codec: Codec[T],
        patience: Callable[[], float] = lambda: inf,
    ) -> Answer[T]:
        """The answer to `key`, fetched when there is none that will do. Raises what `fetch` raises when there is
        not even a stale one, and TimeoutError after `patience` seconds of waiting for somebody else's fetch."""
        entry: _Entry | None = await self.store.get(key)
        if entry is None:
            return Answer(await self._fetch_once(key, fetch, codec, None, patience))
        now = self.monotonic()
        entry = await self._opened(key, entry, codec)
        if now < entry.soft_until:
            return Answer(entry.value, SourceState.CACHED, entry.as_of)
        old = Answer(entry.value, SourceState.STALE, entry.as_of) if now < entry.hard_until else None
        if entry.error is not None and now < entry.failed_until:
            if old is None:
                raise entry.error.with_traceback(None)
            return old
        if now < entry.grace_until:
            if key not in self._flights:
                self.run_on(asyncio.create_task(self._fetch_once(key, fetch, codec, entry, patience)))
            return Answer(entry.value, SourceState.CACHED, entry.as_of)
        try:
            return Answer(await self._fetch_once(key, fetch, codec, entry, patience))
        except ConnectorError:
            if old is None:
                raise
            return old

    async def peek(self, key: Hashable, codec: Codec[T]) -> Answer[T] | None:
        """The answer to `key` that is as good as new, if there is one."""
        entry: _Entry | None = await self.store.get(key)
        if entry is None or self.monotonic() >= entry.soft_until:
            return None
        entry = await self._opened(key, entry, codec)
        return Answer(entry.value, SourceState.CACHED, entry.as_of)

    async def _opened(self, key: Hashable, entry: _Entry, codec: Codec[Any]) -> _Entry:
        """The entry with its answer as it is; kept so from now on, since it was asked for again."""
        if not entry.is_packed:
            if key in self._weights:
                self._weights.move_to_end(key)
            return entry
        value = codec.unpack(entry.value)
        opened = replace(entry, value=value, is_packed=False)
        await self._remember(key, opened, codec.weigh(value))
        return opened

    def run_on(self, task: asyncio.Task[Any]) -> None:
        """Let it finish for what it leaves here; nobody waits for it any more."""
        self._background.add(task)
        task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[Any]) -> None:
        self._background.discard(task)
        if not task.cancelled():
            task.exception()  # seen: whoever asks next is told

    async def aclose(self) -> None:
        tasks = list(self._background)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def forget(self, belongs: Callable[[Hashable], bool]) -> int:
        """Drop every answer whose key `belongs` says so: something has changed at its source. How many there were. What
        is being fetched at this moment may be older than the change: it is given, and not kept."""
        self._overtaken.update(key for key in self._flights if belongs(key))
        keys = [key for key in self._weights if belongs(key)]
        for key in keys:
            await self._drop(key)
        return len(keys)

    async def _fetch_once(
        self,
        key: Hashable,
        fetch: Callable[[], Awaitable[T]],
        codec: Codec[T],
        keep: _Entry | None,
        patience: Callable[[], float],
    ) -> T:
        """Fetched by whoever comes first; the others wait for it, and one of them begins anew if that one goes away."""
        while (flight := self._flights.get(key)) is not None:
            try:
                async with asyncio.timeout(None if (seconds := patience()) == inf else seconds):
                    value: T = await asyncio.shield(flight)
                    return value
            except asyncio.CancelledError:
                caller = asyncio.current_task()
                if not flight.cancelled() or (caller is not None and caller.cancelling()):
                    raise
        flight = self._flights[key] = asyncio.get_running_loop().create_future()
        try:
            value = await self._fetch(key, fetch, codec, keep)
        except asyncio.CancelledError:
            flight.cancel()
            raise
        except BaseException as error:
            flight.set_exception(error)
            flight.exception()  # seen, also when nobody else waits
            raise
        else:
            flight.set_result(value)
            return value
        finally:
            del self._flights[key]
            self._overtaken.discard(key)

    async def _fetch(self, key: Hashable, fetch: Callable[[], Awaitable[T]], codec: Codec[T], keep: _Entry | None) -> T:
        try:
            value = await fetch()
        except ConnectorError as error:
            failed_until = self.monotonic() + self.limits.failure_seconds
            entry = keep or _Entry(None, self.utc_now(), 0.0, 0.0, 0.0, is_packed=False)
            await self._remember(key, replace(entry, error=error, failed_until=failed_until), self._weights.get(key, 0))
            raise
        if key not in self._overtaken:
            await self.keep(key, value, codec)
        return value

    async def keep(self, key: Hashable, value: T, codec: Codec[T]) -> None:
        """Remember what was just found out."""
        packed, weight = codec.pack(value)
        now, factor, limits = self.monotonic(), 1 + self.limits.jitter * (2 * self.vary() - 1), self.limits
        entry = _Entry(
            packed,
            self.utc_now(),
            now + limits.soft_seconds * factor,
            now + limits.grace_seconds * factor,
            now + limits.hard_seconds * factor,
        )
        await self._remember(key, entry, weight)

    async def _remember(self, key: Hashable, entry: _Entry, weight: int) -> None:
        """Keep it, and let the least recently used go until the bound holds again."""
        self._bytes += weight - self._weights.pop(key, 0)
        self._weights[key] = weight
        await self.store.set(key, entry)
        while self._bytes > self.limits.max_bytes and len(self._weights) > 1:
            await self._drop(next(iter(self._weights)))

    async def _drop(self, key: Hashable) -> None:
        self._bytes -= self._weights.pop(key, 0)
        await self.store.delete(key)

    @property
    def bytes_held(self) -> int:
        """Of all answers together, as their codecs told."""
        return self._bytes
