"""Small tools that vendor modules share: tolerant rows, plain text, times, values kept for a while, calls at once."""

from __future__ import annotations

import asyncio
import html
import re
import unicodedata
from collections.abc import Awaitable, Callable, Coroutine, Hashable, Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any, Generic, TypeVar, cast
from weakref import WeakValueDictionary

import msgspec

from connectors.deadline import Deadline
from connectors.http import VendorHttp
from connectors.interaction import Agent, Leg, LegKind, Queue, Record

T = TypeVar("T")
R = TypeVar("R")
K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

PREVIEW_LENGTH = 140
_BLOCK = re.compile(r"<\s*(?:br|/p|/div|/li|/tr|/h[1-6])\b[^>]*>", re.IGNORECASE)
_UNSEEN = re.compile(r"<(script|style)\b.*?</\1\s*>|<!--.*?-->", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[/a-zA-Z!][^>]*>")


def decode_rows(rows: Iterable[msgspec.Raw], type_: type[T]) -> tuple[list[T], int]:
    """Rows of that shape, and how many were not: one odd row does not cost the page."""
    rows = list(rows)
    try:
        return _decoder(cast(Hashable, list[type_])).decode(b"[" + b",".join(rows) + b"]"), 0  # type: ignore[valid-type]
    except _ODD:
        pass
    decoded = []
    for row in rows:
        try:
            decoded.append(_decoder(cast(Hashable, type_)).decode(row))
        except _ODD:
            continue
    return decoded, len(rows) - len(decoded)


_ODD = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


@cache
def _decoder(type_: Hashable) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(cast(type[Any], type_))


def decode_listing(http: VendorHttp, body: bytes, listing: type[Any], row: type[Any]) -> tuple[Any, int]:
    """A listing with its `rows` decoded, and how many of them could not be. `listing` is generic in its rows.

    Read in one go where all rows are in order, else row by row. Malformed when it is no listing at all.
    """
    try:
        return _listing_decoder(cast(Hashable, listing), cast(Hashable, row)).decode(body), 0
    except _ODD:
        raw = http.decode(body, listing[msgspec.Raw])
    raw.rows, dropped = decode_rows(raw.rows, row)
    return raw, dropped


@cache
def _listing_decoder(listing: Hashable, row: Hashable) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(cast(Any, listing)[row])


def map_rows(rows: Iterable[msgspec.Raw], type_: type[T], convert: Callable[[T], R | None]) -> tuple[list[R], int]:
    """Rows decoded and converted, and how many could not be: `convert` answers None for those."""
    decoded, dropped = decode_rows(rows, type_)
    converted = [convert(row) for row in decoded]
    kept = [row for row in converted if row is not None]
    return kept, dropped + len(converted) - len(kept)


def plain_text(markup: str | None) -> str | None:
    """HTML (or text) without its tags, entities and runs of space; None when nothing is left."""
    if not markup:
        return None
    text = html.unescape(_TAG.sub("", _BLOCK.sub("\n", _UNSEEN.sub("", markup))))
    lines = (" ".join(line.split()) for line in text.splitlines())
    return "\n".join(line for line in lines if line) or None


def preview(markup: str | None, length: int = PREVIEW_LENGTH) -> str | None:
    """The beginning of a text on one line, cut between words where there are any."""
    text = plain_text(markup)
    if text is None:
        return None
    text = " ".join(text.split())
    if len(text) <= length:
        return text
    return (text[: length - 1].rsplit(" ", 1)[0] or text[: length - 1]).rstrip() + "…"


def from_unix(seconds: float | None) -> datetime | None:
    """None for what vendors write when there is no time: null, zero, or a number that is no `plausible` time."""
    if seconds is None or not 0 < seconds < 253_402_300_800:
        return None
    return plausible(datetime.fromtimestamp(seconds, UTC))


def plausible(at: datetime | None) -> datetime | None:
    """In UTC; None for what is no time of a contact, such as the first or last day of a vendor's calendar."""
    return at.astimezone(UTC) if at is not None and 1970 < at.year < 2200 else None


def seconds_between(start: datetime, end: datetime | None) -> int | None:
    """Whole seconds; None without an end, zero when a vendor's clock ran backwards."""
    return None if end is None else max(0, int((end - start).total_seconds()))


async def together(calls: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """What the calls answer, in their order. The first failure ends the others and is raised as it is."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(call) for call in calls]
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return [task.result() for task in tasks]


async def both(first: Coroutine[Any, Any, T], second: Coroutine[Any, Any, R]) -> tuple[T, R]:
    """As `together`, of two that answer differently."""
    one, other = await together([cast(Coroutine[Any, Any, T | R], first), second])
    return cast(T, one), cast(R, other)


class Kept(Generic[K, V]):
    """Values read from a vendor that seldom change (names, questions), kept for a while; at most `size` of them.

    Callers that want the same value at the same time wait for one of them to read it.
    """

    def __init__(self, lifetime_seconds: float, size: int = 1000) -> None:
        self._lifetime_seconds = lifetime_seconds
        self._size = size
        self._values: dict[K, tuple[float, V]] = {}
        self._locks: WeakValueDictionary[K, asyncio.Lock] = WeakValueDictionary()

    async def get(self, key: K, deadline: Deadline, read: Callable[[], Awaitable[V]]) -> V:
        lock = self._locks.get(key)
        if lock is None:
            lock = self._locks[key] = asyncio.Lock()
        async with lock:
            held = self._values.get(key)
            if held is not None and deadline.clock() < held[0]:
                return held[1]
            value = await read()
            self._values.pop(key, None)
            while len(self._values) >= self._size:
                del self._values[next(iter(self._values))]
            self._values[key] = (deadline.clock() + self._lifetime_seconds, value)
            return value


def from_rfc2822(text: str | None) -> datetime | None:
    """A time as in e-mail headers (`Fri, 24 May 2019 17:44:46 +0000`), or None for what is no `plausible` one."""
    try:
        at = parsedate_to_datetime(text or "")
    except (ValueError, OverflowError):
        return None
    return plausible(at.replace(tzinfo=UTC) if at.tzinfo is None else at)


def legs_of(
    started_at: datetime,
    ended_at: datetime | None,
    queue: Queue | None,
    agent: Agent | None,
    division_ids: tuple[str, ...] = (),
) -> tuple[Leg, ...]:
    """Who has it now, as from the beginning, for vendors that tell no more without a call for each row."""
    if queue is None and agent is None:
        return ()
    kind = LegKind.QUEUE if agent is None else LegKind.AGENT
    return (Leg(started_at, ended_at, kind, queue, agent, division_ids),)


def holds_text(record: Record, text: str) -> bool:
    """Whether every word shows in the name or an identifier: vendors also search what is not ours to reveal."""
    haystack = _folded(" ".join([record.name or "", *(held.identifier.value for held in record.identifiers)]))
    return all(word in haystack for word in _folded(text).split())


def _folded(text: str) -> str:
    """Without case and accents."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))
