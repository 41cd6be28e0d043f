"""The header above a journey: what a person must know in five seconds.

Counts only what this viewer is shown. Each source is read newest first as far back as its figures need: sixty days
for activity, the last answered survey, every ticket that is not closed, the newest row of all, and, where the source
finds it, every conversation that is going on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from connectors.base import Window
from connectors.interaction import Channel, InteractionStatus
from gateway.journey.figures import (
    UNCOUNTED_CHANNELS,
    Basis,
    Count,
    FigureState,
    is_active_ticket,
    is_activity,
    is_escalated,
    is_lost,
    nps_score,
)
from gateway.journey.filter import Filter
from gateway.journey.liveness import MESSAGING_CHANNELS, Liveness, liveness_of
from gateway.journey.merge import plan
from gateway.journey.read import LaneReader, Reading, open_lanes, pull_until
from gateway.permissions import EVENT_VIEW
from gateway.sources.report import ANSWERED, Report
from gateway.visibility import Shown

THIRTY_DAYS = timedelta(days=30)
PAGE_ROWS = 100
ACTIVE_STATUSES = frozenset(
    {
        InteractionStatus.QUEUED,
        InteractionStatus.ACTIVE,
        InteractionStatus.PENDING,
        InteractionStatus.ON_HOLD,
    }
)
"""What tickets that are not closed are mapped to."""
TICKETS = frozenset({Channel.TICKET})


@dataclass(frozen=True, slots=True)
class Activity:
    interactions: Count
    missed: Count


@dataclass(frozen=True, slots=True)
class Nps:
    """`survey` is the newest row with a score; None when there is none, or the state says why."""

    state: FigureState
    survey: Shown | None


@dataclass(frozen=True, slots=True)
class Summary:
    as_of: datetime
    reports: tuple[Report, ...]
    nps: Nps
    last_30_days: Activity
    previous_30_days: Activity
    today: Activity
    active_tickets: Count
    escalated_tickets: Count
    last_interaction: Shown | None
    live: tuple[Shown, ...]


async def summarise(reading: Reading, time_zone: ZoneInfo) -> Summary:
    """Never raises for a source that fails: its figures say so."""
    since = reading.now - 2 * THIRTY_DAYS
    recent = open_lanes(reading, Window())
    open_tickets = [
        reader
        for reader in open_lanes(
            reading,
            Window(end=since),
            Filter(channels=TICKETS, statuses=ACTIVE_STATUSES),
        )
        if Channel.TICKET in reading.judge.source_channels(reader.source.name)
    ]
    talks = [reader for reader in open_lanes(reading, Window(end=since), _going_on(reading)) if _can_tell(reader)]
    await asyncio.gather(
        pull_until(recent, _short_of(recent, reading, since), PAGE_ROWS, reading),
        pull_until(open_tickets, _unread(open_tickets), PAGE_ROWS, reading),
        pull_until(talks, _unread(talks), PAGE_ROWS, reading),
    )
    return _Figures(reading, recent, open_tickets, talks, since).summary(time_zone)


def _going_on(reading: Reading) -> Filter:
    """Conversations in which something happened a moment ago, whenever they began. By the minute, so that who asks
    next asks the same."""
    active_since = reading.now - timedelta(seconds=reading.limits.inactive_seconds)
    return Filter(channels=MESSAGING_CHANNELS, active_since=active_since.replace(second=0, microsecond=0))


def _can_tell(reader: LaneReader) -> bool:
    """Whether its source finds what is going on among what is old: one that is read whole gives it anyhow, and of
    others all the years would have to be read."""
    sheet = reader.source.connector.capabilities
    return sheet.seek and "active_since" in sheet.pushes


def _short_of(readers: list[LaneReader], reading: Reading, since: datetime) -> Callable[[frozenset[str]], list[str]]:
    """Sources not yet read back to `since`, to their newest row, or to the last answered survey."""

    def hungry(waiting: frozenset[str]) -> list[str]:
        return [
            reader.source.name
            for reader in readers
            if not reader.lane.done
            and reader.source.name not in waiting
            and not _read_far_enough(reader, reading, since)
        ]

    return hungry


def _read_far_enough(reader: LaneReader, reading: Reading, since: datetime) -> bool:
    lane = reader.lane
    if lane.reached is None or lane.reached >= since or not lane.rows:
        return False
    surveys = Channel.SURVEY in reading.judge.source_channels(reader.source.name)
    return not surveys or any(nps_score(shown) is not None for shown in lane.rows)


def _unread(readers: list[LaneReader]) -> Callable[[frozenset[str]], list[str]]:
    def hungry(waiting: frozenset[str]) -> list[str]:
        return [r.source.name for r in readers if not r.lane.done and r.source.name not in waiting]

    return hungry


@dataclass(frozen=True, slots=True)
class _Figures:
    reading: Reading
    recent: list[LaneReader]
    open_tickets: list[LaneReader]
    talks: list[LaneReader]
    since: datetime

    def summary(self, time_zone: ZoneInfo) -> Summary:
        reading = self.reading
        now = reading.now
        rows = [shown for reader in self.recent for shown in reader.lane.rows]
        older = [shown for reader in self.open_tickets for shown in reader.lane.rows]
        tickets = [s for s in rows if s.row.started_at >= self.since and is_active_ticket(s)]
        tickets += [s for s in older if is_active_ticket(s)]
        midnight = now.astimezone(time_zone).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
        ticket_basis = self._basis(TICKETS, self._stopped_short)
        merged = plan([reader.lane for reader in self.recent], 1).rows
        read = {reader.source.name: self._read_for_sure(reader) for reader in self.recent}
        live = [
            s
            for shown in (*read.values(), *(reader.lane.rows for reader in self.talks))
            for s in shown
            if liveness_of(s.row, now, reading.limits).liveness is not Liveness.INACTIVE
        ]
        return Summary(
            as_of=now,
            reports=tuple(replace(r.report, items=len(read[r.source.name])) for r in self.recent),
            nps=self._nps(rows),
            last_30_days=self._activity(rows, now - THIRTY_DAYS, None),
            previous_30_days=self._activity(rows, self.since, now - THIRTY_DAYS),
            today=self._activity(rows, midnight, None),
            active_tickets=ticket_basis.count(len(tickets)),
            escalated_tickets=ticket_basis.count(sum(map(is_escalated, tickets))),
            last_interaction=merged[0] if merged else None,
            live=tuple(sorted(live, key=lambda s: s.row.started_at, reverse=True)),
        )

    def _read_for_sure(self, reader: LaneReader) -> list[Shown]:
        """How much more came with the last page depends on rows that this viewer may not see, so it doesn't count."""
        whole = not reader.source.connector.capabilities.seek
        return [s for s in reader.lane.rows if whole or s.row.started_at >= self.since]

    def _activity(self, rows: Iterable[Shown], start: datetime, end: datetime | None) -> Activity:
        counted = [s for s in rows if is_activity(s) and Window(start, end).holds(s.row.started_at)]
        basis = self._basis(frozenset(Channel) - UNCOUNTED_CHANNELS, self._stopped_short)
        return Activity(basis.count(len(counted)), basis.count(sum(map(is_lost, counted))))

    def _nps(self, rows: Iterable[Shown]) -> Nps:
        state = self._basis(frozenset({Channel.SURVEY}), self._missed_survey).state
        if state not in (FigureState.EXACT, FigureState.AT_LEAST):
            return Nps(state, None)
        answered = (s for s in rows if nps_score(s) is not None)
        return Nps(state, max(answered, key=lambda s: s.row.started_at, default=None))

    def _basis(self, channels: frozenset[Channel], bounded: Callable[[LaneReader], bool]) -> Basis:
        """What a figure of these channels stands on, over the sources that report one of them."""
        judge = self.reading.judge
        readers = [r for r in self.recent if not channels.isdisjoint(judge.source_channels(r.source.name))]
        failed = {r.source.name for r in (*readers, *self._deeper(channels)) if r.report.state not in ANSWERED}
        return Basis(
            licensed=any(judge.deployment.licenses(c) for c in channels),
            permitted=judge.viewer.holds(EVENT_VIEW) and not channels.isdisjoint(judge.channels),
            sources=len(readers),
            failed=len(failed),
            bounded=any(map(bounded, readers))
            or any(r.lane.stopped_at is not None or r.report.capped for r in self._deeper(channels)),
        )

    def _deeper(self, channels: frozenset[Channel]) -> list[LaneReader]:
        return self.open_tickets if channels == TICKETS else []

    def _stopped_short(self, reader: LaneReader) -> bool:
        """A bound, ours or the vendor's, struck within the last sixty days."""
        lane = reader.lane
        if lane.stopped_at is not None:
            return lane.stopped_at >= self.since
        return reader.report.capped and (reader.oldest is None or reader.oldest >= self.since)

    def _missed_survey(self, reader: LaneReader) -> bool:
        if any(nps_score(shown) is not None for shown in reader.lane.rows):
            return False
        return reader.lane.stopped_at is not None or reader.report.capped
