"""What tests of the gateway share: vendors that live in memory, clocks that stand still, and builders."""

from __future__ import annotations

import asyncio
import selectors
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count, islice
from typing import Any, TypeVar
from zlib import crc32

import httpx

from connectors.base import Capabilities, Fetched, Position, Query, SourceConfig, VendorConnector, Wanted
from connectors.deadline import Deadline
from connectors.http import Auth
from connectors.interaction import (
    Channel,
    Direction,
    HeldIdentifier,
    Identifier,
    IdentifierKind,
    Interaction,
    InteractionStatus,
    Record,
    SourceKind,
)
from gateway.core import Clocks, Gateway
from gateway.customers.following import Following
from gateway.customers.identity import Cluster, IdentityRules
from gateway.deployment import Deployment, Module, SourceRules, WorkProfile
from gateway.graph.ids import Ids
from gateway.journey.liveness import LivenessLimits
from gateway.journey.read import Reading
from gateway.operation import Operation, Person
from gateway.permissions import ALL_PERMISSIONS
from gateway.sealing import Sealer
from gateway.sources.cache import SourceCache
from gateway.sources.enrich import Enrichment
from gateway.sources.report import Report
from gateway.sources.source import Source
from gateway.viewer.viewer import EVERYWHERE, Viewer, ViewerKind

T = TypeVar("T")

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
SECRET = bytes(range(32))
HOME = "home"
PHONE = Identifier(IdentifierKind.PHONE, "+393331112201")
EVERY_CHANNEL = frozenset(Channel)


# ------------------------------------------------------------------------ time


@dataclass
class StoppedClock:
    """Both clocks of the gateway; they move when told to."""

    now: datetime = NOW
    seconds: float = 0.0

    def utc_now(self) -> datetime:
        return self.now

    def monotonic(self) -> float:
        return self.seconds

    def move(self, seconds: float) -> None:
        self.seconds += seconds
        self.now += timedelta(seconds=seconds)


class _LeapingSelector(selectors.DefaultSelector):
    """Waits for nothing: the time that would pass has passed."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            ready = super().select(5)
            assert ready, "everything waits, for ever"
            return ready
        ready = super().select(0)
        if not ready:
            self.seconds += timeout
        return ready


class LeapingLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock leaps to the next timer, so that waiting takes no time."""

    def __init__(self) -> None:
        self._leaping = _LeapingSelector()
        super().__init__(self._leaping)

    def time(self) -> float:
        return self._leaping.seconds


def run_leaping(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run to the end; fails when a task is left over."""

    async def alone() -> T:
        result = await coroutine
        assert asyncio.all_tasks() == {asyncio.current_task()}, "a task was left over"
        return result

    with asyncio.Runner(loop_factory=LeapingLoop) as runner:
        return runner.run(alone())


def loop_clock() -> float:
    return asyncio.get_running_loop().time()


# ------------------------------------------------------------------------ vendors


Fault = BaseException | asyncio.Event | Callable[[], None] | None
"""What one call meets: an error, a wait, something that happens meanwhile, or nothing."""


@dataclass
class Habits:
    """How a vendor pages. The window's grain, the page's cap and the order's promise stand in its sheet.

    by_activity: sorts by last activity, and says how far that reached. counts_rows: a cursor is a number of rows,
    which moves under inserts, and not a place. pushes: leaves out what is not wanted.
    """

    page_size: int = 100
    by_activity: bool = False
    counts_rows: bool = False
    pushes: bool = False


class FakeVendor(VendorConnector):
    """A vendor over a list of rows. faults: one for each coming `fetch_page`; find_faults: `fetch_records`."""

    vendor = "fake"

    def __init__(
        self,
        name: str,
        rows: Iterable[Interaction] = (),
        *,
        seek: bool = True,
        ascending: bool = True,
        habits: Habits | None = None,
        kind: SourceKind = SourceKind.OTHER,
        channels: frozenset[Channel] = EVERY_CHANNEL,
        records: Sequence[Record] | None = None,
        utc_now: Callable[[], datetime] = lambda: NOW,
        **sheet: Any,
    ) -> None:
        transport = httpx.MockTransport(lambda request: httpx.Response(500))
        super().__init__(SourceConfig(name, "https://vendor.example.org"), transport, utc_now)
        self.kind = kind  # type: ignore[misc]
        self.channels = channels  # type: ignore[misc]
        sheet.setdefault("finds_by", frozenset(IdentifierKind))
        self.capabilities = Capabilities(seek=seek, ascending=ascending, **sheet)
        self.habits = habits or Habits()
        self.records = [record_of(name)] if records is None else list(records)
        self.faults: deque[Fault] = deque()
        self.find_faults: deque[Fault] = deque()
        self.queries: list[Query] = []
        self.rows_given = 0
        self.asked: list[Sequence[Identifier]] = []
        self._rows = list(rows)
        self._reads = count()
        self._sorted: dict[tuple[int, bool], tuple[list[Interaction], list[tuple[int, int]]]] = {}

    # ---------------------------------------------------------------- what a test does

    @property
    def rows(self) -> list[Interaction]:
        return self._rows

    def add(self, *rows: Interaction) -> None:
        self._rows.extend(rows)
        self._sorted.clear()

    def tells(self) -> list[Interaction]:
        """Everything that can be had of it at all: less than `rows` where its sheet has a `row_cap`."""
        return self._in_order(0, ascending=False)[0][: self.capabilities.row_cap]

    @property
    def is_capped(self) -> bool:
        cap = self.capabilities.row_cap
        return cap is not None and len(self._rows) > cap

    # ---------------------------------------------------------------- what a vendor does

    def auth(self) -> Auth | None:
        return None

    async def check(self, deadline: Deadline) -> None:
        await _meet(self.find_faults)

    async def fetch_records(self, identifiers: Sequence[Identifier], deadline: Deadline) -> list[Record]:
        self.asked.append(identifiers)
        await _meet(self.find_faults)
        return self.records

    async def fetch_one(self, external_id: str, deadline: Deadline) -> Interaction | None:
        await _meet(self.faults)
        return next((row for row in self._rows if row.external_id == external_id), None)

    async def fetch_page(self, records: Sequence[Record], query: Query, deadline: Deadline) -> Fetched:
        self.queries.append(query)
        await _meet(self.faults)
        read, place = query.cursor or (next(self._reads), None)
        rows, keys = self._in_order(0 if self.capabilities.order_guaranteed else read, query.ascending)
        start = 0 if place is None or self.habits.counts_rows else bisect_right(keys, place)
        skipped = place if place is not None and self.habits.counts_rows else 0
        ids = {record.id for record in records}
        told = rows[start : self.capabilities.row_cap]
        matching = islice((row for row in told if row.record_id in ids and self._matches(row, query)), skipped, None)
        size = min(self.habits.page_size, query.limit)
        page = list(islice(matching, size))
        is_last = next(matching, None) is None
        self.rows_given += len(page)
        if is_last:
            return Fetched(page, capped=self.is_capped)
        place = skipped + size if self.habits.counts_rows else self._key(page[-1], read, query.ascending)
        return Fetched(page, (read, place), page[-1].last_activity_at if self.habits.by_activity else None)

    def _in_order(self, read: int, ascending: bool) -> tuple[list[Interaction], list[tuple[int, int]]]:
        """Without a promise of order, ties come in another order in every read."""
        found = self._sorted.get((read, ascending))
        if found is None:
            rows = sorted(self._rows, key=lambda row: self._key(row, read, ascending))
            found = self._sorted[read, ascending] = rows, [self._key(row, read, ascending) for row in rows]
        return found

    def _key(self, row: Interaction, read: int, ascending: bool) -> tuple[int, int]:
        at = row.last_activity_at if self.habits.by_activity else row.started_at
        ticks = (at - NOW) // timedelta(microseconds=1)
        if self.capabilities.order_guaranteed:
            read = 0
        return ticks if ascending else -ticks, crc32(f"{read}{row.external_id}".encode())

    def _matches(self, row: Interaction, query: Query) -> bool:
        """Wider than asked by a grain, never narrower; by activity only the older side can be cut."""
        if self.habits.pushes and not _is_wanted(row, query.wanted):
            return False
        seconds = self.capabilities.window_granularity_seconds
        if seconds is None:
            return True
        grain, window = timedelta(seconds=seconds), query.window
        if window.start is not None and row.last_activity_at < window.start - grain:
            return False
        return self.habits.by_activity or window.end is None or row.started_at < window.end + grain


def _is_wanted(row: Interaction, wanted: Wanted) -> bool:
    return (
        (wanted.channels is None or row.channel in wanted.channels)
        and (wanted.directions is None or row.direction in wanted.directions)
        and (wanted.statuses is None or row.status in wanted.statuses)
        and (wanted.active_since is None or row.last_activity_at >= wanted.active_since)
    )


async def _meet(faults: deque[Fault]) -> None:
    fault = faults.popleft() if faults else None
    if isinstance(fault, asyncio.Event):
        await fault.wait()
    elif isinstance(fault, BaseException):
        raise fault
    elif fault is not None:
        fault()


# ------------------------------------------------------------------------ rows and records


def record_of(source: str, record_id: str = "anna", **fields: Any) -> Record:
    own = HeldIdentifier(Identifier(IdentifierKind.EXTERNAL_ID, record_id, source=source), verified=True)
    fields.setdefault("identifiers", (own, HeldIdentifier(PHONE, verified=True)))
    return Record(source=source, id=record_id, **fields)


def row_of(source: str, external_id: str, started_at: datetime = NOW, **fields: Any) -> Interaction:
    fields.setdefault("record_id", "anna")
    fields.setdefault("channel", Channel.VOICE)
    fields.setdefault("direction", Direction.INBOUND)
    fields.setdefault("last_activity_at", started_at)
    fields.setdefault("status", InteractionStatus.COMPLETED)
    return Interaction(source=source, external_id=external_id, started_at=started_at, **fields)


def rows_every(source: str, step: timedelta, amount: int, **fields: Any) -> Iterator[Interaction]:
    """Newest first, the first of them one step ago."""
    return (row_of(source, f"{source}-{n:06}", NOW - step * (n + 1), **fields) for n in range(amount))


def place_of(row: Interaction) -> Position:
    return Position(row.started_at, row.source, row.external_id)


# ------------------------------------------------------------------------ the gateway


def deployment_of(vendors: Iterable[FakeVendor], *, profiles: Iterable[WorkProfile] = (), **fields: Any) -> Deployment:
    fields.setdefault("modules", frozenset(Module))
    fields.setdefault("divisions", frozenset({HOME, "north", "south"}))
    fields.setdefault("sources", {v.name: SourceRules(v.name, v.channels) for v in vendors})
    return Deployment(home_division=HOME, work_profiles={p.name: p for p in profiles}, **fields)


def supervisor(**fields: Any) -> Viewer:
    """Sees everything, everywhere, unless told otherwise."""
    fields.setdefault("grants", dict.fromkeys(ALL_PERMISSIONS, EVERYWHERE))
    fields.setdefault("kind", ViewerKind.SUPERVISOR)
    return Viewer("emma", **fields)


def gateway_of(
    *vendors: FakeVendor,
    deployment: Deployment | None = None,
    clock: StoppedClock | None = None,
    monotonic: Callable[[], float] | None = None,
    timeout_seconds: float | None = None,
    cache: SourceCache | None = None,
    **fields: Any,
) -> Gateway:
    """Over these vendors, in this order; its clocks stand still unless told otherwise."""
    clock = clock or StoppedClock()
    rights = deployment or deployment_of(vendors)
    fields.setdefault("deadline_seconds", 30.0)  # the machine may be busy
    fields.setdefault("limits", LivenessLimits())
    rules = Following(IdentityRules(verifies={}), None)
    return Gateway(
        deployment=lambda: rights,
        sources={
            v.name: Source(v, Enrichment(rights.sources[v.name]), timeout_seconds=timeout_seconds, cache=cache)
            for v in vendors
        },
        cache=cache,
        identity=rules.rules,
        ids=Ids(Sealer(SECRET, "id")),
        cursors=Sealer(SECRET, "cursor"),
        clocks=Clocks(clock.utc_now, monotonic or clock.monotonic),
        **fields,
    )


def person_of(vendors: Iterable[FakeVendor], found: dict[str, Report] | None = None) -> Person:
    """The one customer whom these vendors' records are about."""
    records = tuple(record for vendor in vendors for record in vendor.records)
    return Person(Cluster(records, PHONE, frozenset()), found or {})


def begin(gateway: Gateway, viewer: Viewer | None = None) -> Operation:
    return Operation.begin(gateway, viewer or supervisor(), "request-1")


def reading_of(
    gateway: Gateway,
    vendors: Iterable[FakeVendor],
    *,
    viewer: Viewer | None = None,
    wait_seconds: float | None = None,
    found: dict[str, Report] | None = None,
) -> Reading:
    return begin(gateway, viewer).reading(person_of(vendors, found), wait_seconds)
