"""Reads one page of a journey: every source at once, each row judged, merged until the page is full.

The page ends full, exhausted, or late. A source that fails costs its own rows and a report, never the answer.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from msgspec.structs import replace

from connectors.base import Continuation, Page, Position, Window
from connectors.deadline import Deadline
from connectors.errors import ConnectorError, TimedOutError
from connectors.interaction import Identifier, Interaction, Record
from gateway.customers.identity import Cluster
from gateway.journey.filter import EVERYTHING_SHOWN, Filter
from gateway.journey.liveness import LivenessLimits
from gateway.journey.merge import Lane, Plan, comes_first, edge_position, plan
from gateway.sources.cache import Answer
from gateway.sources.report import GIVES_ROWS, Report, SourceState, report_of, worse
from gateway.sources.source import Source
from gateway.visibility import Judge, Shown

MAX_ROWS_SCANNED = 2_000
"""Of one source for one page: a filter that keeps almost nothing must not read a whole history."""
MAX_PULLS = 100
MANY_SOURCES = 4
"""From here on each of them is asked for its likely share of a page, not for all of it."""
SPECULATE_AFTER = 0.2
"""Of the caller's patience: how long the others wait for a slow source before they are read on without it."""
FAR_FUTURE = datetime(9999, 1, 1, tzinfo=UTC)
FAR_PAST = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Reading:
    """What is read of whom, for whom. `patience`: when to stop waiting; `deadline`: when to stop asking."""

    judge: Judge
    sources: Mapping[str, Source]
    cluster: Cluster
    found: Mapping[str, Report]
    now: datetime
    limits: LivenessLimits
    deadline: Deadline
    patience: Deadline

    @cached_property
    def identifiers(self) -> Sequence[Identifier]:
        return self.judge.visible_identifiers(self.cluster.records)

    def reachable(self) -> list[Source]:
        return [s for s in self.sources.values() if self.judge.reaches(s.name)]


@dataclass(frozen=True, slots=True)
class JourneyPage:
    """rows: newest first. more: the reader's direction may hold more. end: where that is read on from, when
    there is no row to read on from. ended_early: a bound struck, or a source did not answer."""

    rows: tuple[Shown, ...]
    more: bool
    end: Position
    reports: tuple[Report, ...]

    @property
    def complete(self) -> bool:
        return all(report.complete for report in self.reports)


class LaneReader:
    """Pulls one source's pages into its lane: judged, filtered, bounded."""

    def __init__(
        self,
        reading: Reading,
        source: Source,
        records: Sequence[Record],
        window: Window,
        filter_: Filter,
        *,
        position: Position | None = None,
        ascending: bool = False,
        max_rows: int = MAX_ROWS_SCANNED,
    ) -> None:
        self.reading = reading
        self.source = source
        self.lane = Lane(source.name, ascending)
        self.report = Report(source.name)
        self._has_failed = False
        self.oldest: datetime | None = None
        self.beside = 1
        self._records = {record.id: record for record in records}
        self._asked_records = list(records)
        self._window = window
        self._filter = filter_
        self._wanted = filter_.wanted(reading.judge.asked_channels(source.name))
        self._position = position
        self._max_rows = max_rows
        self._after: Continuation | None = None
        self._scanned = 0
        self._pulls = 0

    async def recall(self) -> bool:
        """One more page, if the source's answer is remembered: nobody has to wait for it."""
        self._question = self.source.question(
            self._asked_records,
            self._window,
            self._position,
            ascending=self.lane.ascending,
            wanted=self._wanted,
            after=self._after,
        )
        answer = await self.source.recall(self._question)
        if answer is None:
            return False
        self._pulls += 1
        self._take(answer)
        return True

    async def pull(self, limit: int) -> None:
        """One more page, after `recall` had none; a failure closes the lane and is told by `report`.

        At first, beside many others, as many rows as this source is likely to have among `limit`; then ever more,
        since little of what came was kept.
        """
        is_sized = self.beside >= MANY_SOURCES
        limit = self.source.likely_rows(limit) if is_sized and not self._pulls else limit << min(self._pulls, 4)
        self._pulls += 1
        try:
            answer = await self.source.page(self._question, limit, self.reading.deadline)
        except ConnectorError as error:
            self.fail(report_of(self.source.name, error))
            return
        if not self._has_failed:
            self._take(answer)

    def _take(self, answer: Answer[Page]) -> None:
        page = answer.value
        self._after = page.next
        self._scanned += len(page.items)
        if page.items:
            oldest = min(page.items[0].started_at, page.items[-1].started_at)
            self.oldest = oldest if self.oldest is None else min(oldest, self.oldest)
        capped = self.report.capped or page.capped
        if capped or answer.state is not SourceState.FRESH:
            told = Report(self.source.name, answer.state, as_of=answer.as_of)
            self.report = replace(worse(self.report, told), capped=capped)
        spent = self._scanned >= self._max_rows or self._pulls >= MAX_PULLS
        self.lane.add(self._kept(page.items), page.reached, done=page.next is None or spent)
        if spent and page.next is not None:
            self.lane.stopped_at = self.lane.reached or (FAR_PAST if self.lane.ascending else FAR_FUTURE)

    def fail(self, report: Report) -> None:
        """Nothing more is taken from it, should it answer after all."""
        self._has_failed = True
        self.report = report
        self.lane.done = True

    def _kept(self, items: Sequence[Interaction]) -> list[Shown]:
        reading = self.reading
        judge = reading.judge
        kept = self.source.show(judge, items, self._records, reading.identifiers)
        if self._filter == EVERYTHING_SHOWN:
            return kept
        deployment, now, limits = judge.deployment, reading.now, reading.limits
        return [shown for shown in kept if self._filter.keeps(shown, deployment, now, limits)]


def open_lanes(
    reading: Reading,
    window: Window,
    filter_: Filter = EVERYTHING_SHOWN,
    *,
    position: Position | None = None,
    ascending: bool = False,
    max_rows: int = MAX_ROWS_SCANNED,
) -> list[LaneReader]:
    """A lane for every source in reach. One without a visible record of this customer has nothing to say; whether
    that is because it failed when it was asked who this is stands in its report."""
    judge = reading.judge
    readers = []
    for source in reading.reachable():
        records = [r for r in reading.cluster.records if r.source == source.name and judge.sees_record(r)]
        reader = LaneReader(
            reading,
            source,
            records,
            window,
            filter_,
            position=position,
            ascending=ascending,
            max_rows=max_rows,
        )
        if not records:
            reader.fail(reading.found.get(source.name, Report(source.name)))
        elif not _may_match(reading, source, filter_):
            reader.lane.done = True
        readers.append(reader)
    reading_on = sum(not reader.lane.done for reader in readers)
    for reader in readers:
        reader.beside = reading_on
    return readers


def _may_match(reading: Reading, source: Source, filter_: Filter) -> bool:
    channels = set(reading.judge.source_channels(source.name))
    return (filter_.sources is None or source.name in filter_.sources) and (
        filter_.channels is None or not channels.isdisjoint(filter_.channels)
    )


async def read_page(
    reading: Reading,
    window: Window,
    filter_: Filter,
    count: int,
    *,
    position: Position | None = None,
    ascending: bool = False,
) -> JourneyPage:
    """At most `count` rows behind `position` (ascending: in front of it), newest first either way."""
    readers = open_lanes(reading, window, filter_, position=position, ascending=ascending)
    lanes = [reader.lane for reader in readers]
    planned: Plan | None = None

    def hungry(ignoring: frozenset[str]) -> list[str]:
        nonlocal planned
        planned = plan(lanes, count + 1, ignoring)
        return [lane.source for lane in planned.hungry]

    is_settled = await pull_until(readers, hungry, count + 1, reading)
    if planned is None or not is_settled:
        planned = plan(lanes, count + 1)
    rows = planned.rows[:count]
    unanswered = any(reader.report.state not in GIVES_ROWS for reader in readers)
    more = len(planned.rows) > count or planned.stopped_at is not None or unanswered
    items = Counter(shown.row.source for shown in rows)
    if planned.stopped_at is not None and len(planned.rows) <= count:
        end = edge_position(planned.stopped_at, ascending)
        if position is not None and comes_first(end, position, ascending):
            end = position  # rows of that very instant were given before
    elif rows:
        end = rows[-1].position
    else:
        end = position or edge_position(FAR_PAST if ascending else FAR_FUTURE, ascending)
    reports = tuple(replace(reader.report, items=items[reader.source.name]) for reader in readers)
    if len(rows) == count:
        for reader in readers:
            reader.source.note_share(items[reader.source.name] / count)
    return JourneyPage(tuple(reversed(rows)) if ascending else tuple(rows), more, end, reports)


async def pull_until(
    readers: Sequence[LaneReader],
    hungry: Callable[[frozenset[str]], Sequence[str]],
    limit: int,
    reading: Reading,
) -> bool:
    """Pull from the sources that `hungry` names until it names none, all at once, as long as patience lasts.

    `hungry` is given sources to be taken as if they had nothing more. After a while that is done with those still
    being waited for, and the others are read on for that case: when they never answer, what can be shown without
    them is already here. False when patience ended first.
    """
    by_name = {reader.source.name: reader for reader in readers}
    waiting: dict[asyncio.Task[None], str] = {}
    speculate_below = reading.patience.remaining_seconds() * (1 - SPECULATE_AFTER)
    is_late = False
    try:
        while names := set(hungry(frozenset())):
            remaining = reading.patience.remaining_seconds()
            if remaining <= speculate_below:
                names |= set(hungry(frozenset(waiting.values())))
            is_at_hand = False
            for name in names - set(waiting.values()):
                if await by_name[name].recall():
                    is_at_hand = True
                elif remaining <= 0:
                    by_name[name].fail(_late(reading, name))
                else:
                    waiting[asyncio.create_task(by_name[name].pull(limit))] = name
            if is_at_hand or not waiting:
                continue  # or lanes were closed for lack of time: see what can be given without them
            if not await _some_finish(waiting, reading, speculate_below):
                for name in waiting.values():
                    by_name[name].fail(_late(reading, name))
                is_late = True
                return False
        return True
    finally:
        # what is only late for this caller runs on, to be there for the next
        left = [task for task, name in waiting.items() if not (is_late and by_name[name].source.runs_on(task))]
        for task in left:
            task.cancel()
        if left:
            await asyncio.gather(*left, return_exceptions=True)


async def _some_finish(waiting: dict[asyncio.Task[None], str], reading: Reading, speculate_below: float) -> bool:
    """Take those that have finished out of `waiting`; False when patience ended before any did.

    At first all are waited for together: what one of them gave is of no use before the others have answered.
    """
    remaining = reading.patience.remaining_seconds()
    if remaining > speculate_below:
        finished, _ = await asyncio.wait(waiting, timeout=remaining - speculate_below)
        ends = False
    else:
        # a source ends by itself at the deadline, and takes note of it: only less patience than that ends a wait
        timeout = max(0.0, remaining) if reading.patience.at < reading.deadline.at else None
        finished, _ = await asyncio.wait(waiting, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        ends = not finished
    for task in finished:
        del waiting[task]
        task.result()
    return not ends


def _late(reading: Reading, source: str) -> Report:
    """Out of the caller's patience: still being asked, unless the operation's own time is up as well."""
    if reading.patience.at < reading.deadline.at:
        return Report(source, SourceState.PENDING)
    return report_of(source, TimedOutError(source, "no answer within the deadline"))
