"""One viewer's watch over one customer: looks again and again, and keeps what it told for those who were away.

A watch runs by itself, whether or not somebody listens at this moment: a listener who comes back within a while reads
on where they were, and misses nothing. Why: docs/decisions/0017-streams.md.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

import structlog

from connectors.base import Position, Window
from connectors.interaction import Identifier, Interaction
from gateway.core import Gateway
from gateway.deployment import Deployment
from gateway.errors import BadUserInputError, GatewayError, InternalError, RateLimitedError
from gateway.journey.filter import Filter
from gateway.journey.merge import comes_first
from gateway.journey.read import read_page
from gateway.journey.summary import Summary, summarise
from gateway.live import changes
from gateway.live.bus import Whom
from gateway.live.changes import Key, Look, Reset, SummaryChanged, Update
from gateway.operation import Operation, Person
from gateway.sources.report import Report
from gateway.viewer.viewer import Viewer
from gateway.visibility import Shown

log = structlog.get_logger()

MAX_FOLLOWED_ROWS = 500
"""The newest of a journey: what happens to older ones is told where news name them, else seen when they are read."""
MAX_NAMED_ROWS = 50
"""Older ones that news named, looked at one by one."""
MAX_KEPT_UPDATES = 1_000
RIGHTS_SECONDS = 2.0
"""How often a viewer's rights are looked at: a change counts within five seconds."""

Credential = Callable[[], Awaitable[Viewer]]
"""Who somebody is now. Raises a `GatewayError` when they are nobody any more."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is watched, and by whom. `question`: the digest of the filter as it was sent."""

    handle: Identifier
    viewer: str
    filter: Filter
    window: Window
    question: bytes


class Told(NamedTuple):
    """`operation`: the one under whose rights it was judged; `person`: who the customer was then."""

    number: int
    update: Update
    operation: Operation
    person: Person


@dataclass(eq=False)
class Watch:
    """`viewer`: under whose rights was looked last. `person`: who the customer was then; None before the first look.
    `known`: what they were last shown, by fingerprint; None likewise. `unread`: rows that a page left out, since the
    reader has yet to come there. `with_summary`: whether somebody reads the header as well.
    """

    id: str
    gateway: Gateway
    subject: Subject
    viewer: Viewer
    credential: Credential
    poll_seconds: float
    person: Person | None = None
    known: dict[Key, bytes] | None = None
    unread: Callable[[Interaction], bool] | None = None
    reports: dict[str, Report] | None = None
    with_summary: bool = False
    number: int = 0
    listeners: int = 0
    left_at: float = 0.0
    ended_by: GatewayError | None = None
    _places: dict[Key, Position] = field(default_factory=dict)
    _named: set[Key] = field(default_factory=set)
    _digests: frozenset[bytes] = frozenset()
    _digests_of: Person | None = None
    _summary: bytes | None = None
    _begins_anew: bool = False
    _forgotten: int = 0
    _gone: int = 0
    _deployment: Deployment | None = None
    _latest: Told = field(init=False)
    _told: deque[Told] = field(default_factory=lambda: deque(maxlen=MAX_KEPT_UPDATES))
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _listened_to: asyncio.Event = field(default_factory=asyncio.Event)

    # ---------------------------------------------------------------- listening

    async def listen(self, after: int) -> AsyncGenerator[Told, None]:
        """What was told after number `after`, and what will be. Ends with the error that ended the watch."""
        self.listeners += 1
        self._listened_to.set()
        try:
            while True:
                news = self._news
                for told in [told for told in self._told if told.number > after]:
                    if after < self._gone:
                        break
                    after = told.number
                    yield told
                if after < self._gone:  # too slow, or what was told then may not be shown any more
                    after = self.number
                    yield self._latest._replace(number=after, update=Reset())
                    continue
                if self.ended_by is not None:
                    raise self.ended_by
                await news.wait()
        finally:
            self.listeners -= 1
            if not self.listeners:
                self._listened_to.clear()
            self.left_at = self.gateway.clocks.monotonic()

    def suits(self, viewer: Viewer) -> bool:
        """Whether somebody has the rights that this watch looks under."""
        return rights_of(viewer) == rights_of(self.viewer)

    def is_about(self, digest: Callable[[Identifier], bytes], digests: Collection[bytes]) -> bool:
        """Whether one of these keyed hashes is of something that the watched person is known by."""
        return not self._known_by(digest).isdisjoint(digests)

    def _known_by(self, digest: Callable[[Identifier], bytes]) -> frozenset[bytes]:
        """Keyed hashes of everything that the watched person is known by; worked out once a person."""
        if self._digests_of is not self.person or not self._digests:
            known = () if self.person is None else self.person.cluster.identifiers
            self._digests, self._digests_of = frozenset(map(digest, {*known, self.subject.handle})), self.person
        return self._digests

    def forget(self) -> int:
        """What was told, and what it was compared with; how much that was. Whoever listens is told to read anew."""
        count = len(self._told) + len(self.known or ())
        self._told.clear()
        self._gone = self.number
        self.known, self._places, self.reports, self._summary, self.person = None, {}, None, None, None
        self._begins_anew = True
        self._forgotten += 1
        self.wake()
        return count

    def wake(self) -> None:
        """Something may have happened: look at once."""
        self._wake.set()

    def hear(self, whom: Whom, digest: Callable[[Identifier], bytes]) -> None:
        """Look at once if it is about the watched person; at rows that it names, even if they are old."""
        if self.person is None:
            self.wake()
            return
        records = {(record.source, record.id) for record in self.person.cluster.records}
        told = [rows for record in records if (rows := whom.records.get(record)) is not None]
        told += [rows for key in self._known_by(digest) if (rows := whom.digests.get(key)) is not None]
        if told or any(source in whom.sources for source, _ in records):
            self._named.update(Key(*row) for rows in told for row in rows)
            self.wake()

    def touches(self, keys: Sequence[Identifier], record_ids: Sequence[tuple[str, str]]) -> bool:
        """Whether news of these people are news for this watch."""
        person = self.person
        if person is None:
            return True
        return any(person.cluster.carries(key) for key in keys) or any(
            (r.source, r.id) in record_ids for r in person.cluster.records
        )

    # ---------------------------------------------------------------- watching

    async def run(self) -> None:
        try:
            while True:
                if self.known is not None:  # nobody is asked for nobody: who comes back is told what is new by then
                    await self._listened_to.wait()
                viewer = await self.credential()
                due_at = await self._look(viewer)
                await self._pause(viewer, due_at)
        except GatewayError as error:
            self._end(error)
        except asyncio.CancelledError:
            self._end(InternalError())
            raise
        except Exception as error:
            log.error("internal_error", error=type(error).__name__)
            self._end(InternalError())

    async def _pause(self, viewer: Viewer, due_at: datetime | None) -> None:
        """Until something happens, a row changes by itself, it is time to look again, or the viewer's rights change."""
        clocks = self.gateway.clocks
        until = clocks.monotonic() + self.poll_seconds
        if due_at is not None:
            until = min(until, clocks.monotonic() + max(0.0, (due_at - clocks.utc_now()).total_seconds()))
        while not self._wake.is_set() and (left := until - clocks.monotonic()) > 0:
            try:
                async with asyncio.timeout(min(left, RIGHTS_SECONDS)):
                    await self._wake.wait()
            except TimeoutError:
                if await self.credential() is not viewer:
                    break
        self._wake.clear()

    async def _look(self, viewer: Viewer) -> datetime | None:
        """Tells what has changed; gives the moment at which something changes by itself."""
        deployment = self.gateway.deployment()
        if not self.suits(viewer) or deployment is not self._deployment:  # what was told then is not told again
            self._told.clear()
            self._gone = self.number
        self.viewer, self._deployment = viewer, deployment
        operation = Operation.begin(self.gateway, viewer, self.id)
        forgotten = self._forgotten
        person = await operation.customer(self.subject.handle)
        if person is None:
            if self.known is None:
                raise BadUserInputError("`customerId` must be the id of a customer.")
            assert self.person is not None
            self._tell([changes.Retracted(key) for key in self.known], operation, self.person)
            self.known, self._places = {}, {}
            return None
        if self.person is not None and _is_another(self.person, person):
            self.person, self.known, self._places = person, None, {}
            self._tell([Reset()], operation, person)
        if self._begins_anew:
            self._begins_anew = False
            self._tell([Reset()], operation, person)
        self.person = person
        reading = operation.reading(person)
        page = await read_page(reading, self.subject.window, self.subject.filter, MAX_FOLLOWED_ROWS)
        silent = changes.unanswered(page.reports)
        end = page.end if page.more and not silent else None
        named, self._named = self._named, set()
        rows = page.rows if end is None else (*page.rows, *await self._behind(end, named, operation, person))
        look = Look(rows, end, silent, page.reports)
        prints = changes.prints_of(rows, operation.now, self.gateway.limits)
        summary = None
        if self.with_summary:
            summary = await summarise(reading, self.gateway.time_zone)
        if self._forgotten != forgotten:  # what was seen may be of before; forgetting has it looked at again
            return None
        self._compare(look, prints, summary, operation, person)
        return changes.next_change(page.rows, operation.now, self.gateway.limits)

    async def _behind(self, end: Position, named: Collection[Key], operation: Operation, person: Person) -> list[Shown]:
        """Older rows that news named, as far as they are this journey's and this viewer is shown them."""
        found = []
        for source, external_id in sorted(named)[:MAX_NAMED_ROWS]:
            try:
                known = await operation.interaction(source, external_id)
            except RateLimitedError:
                break  # they are seen when they are read
            if known is None or known[1].handle != person.handle:
                continue
            shown = known[0]
            deployment, limits = operation.judge.deployment, self.gateway.limits
            is_asked_for = self.subject.window.holds(shown.row.started_at) and self.subject.filter.keeps(
                shown, deployment, operation.now, limits
            )
            if is_asked_for and comes_first(end, shown.position, ascending=False):
                found.append(shown)
        return sorted(found, key=lambda shown: shown.row.started_at, reverse=True)

    def _compare(
        self, look: Look, prints: dict[Key, bytes], summary: Summary | None, operation: Operation, person: Person
    ) -> None:
        updates: list[Update] = []
        if self.known is not None:
            known = self._with_what_lies_behind(look, prints)
            updates += changes.compare_rows(known, self._places, look, prints)
        if self.reports is not None:
            updates += changes.compare_reports(self.reports, look.reports)
        if summary is not None:
            mark = changes.summary_print(summary)
            if self._summary is not None and mark != self._summary:
                updates.append(SummaryChanged(summary))
            self._summary = mark
        kept = {} if self.known is None else {k: p for k, p in self.known.items() if self._is_out_of_sight(k, look)}
        self.known = {**kept, **prints}
        self._places.update({changes.key_of(shown): shown.position for shown in look.rows})
        self._places = {key: at for key, at in self._places.items() if key in self.known}
        self.reports = {report.source: report for report in look.reports}
        self._tell(updates, operation, person)

    def _is_out_of_sight(self, key: Key, look: Look) -> bool:
        """Whether it may be there, though the look did not show it: its source is silent, or it lies behind the end."""
        place = self._places.get(key)
        is_behind = look.end is not None and place is not None and not comes_first(place, look.end, ascending=False)
        return key.source in look.unanswered or is_behind

    def _with_what_lies_behind(self, look: Look, prints: dict[Key, bytes]) -> dict[Key, bytes]:
        """At the first look after a page: what that left out is no news."""
        assert self.known is not None
        if self.unread is None:
            return self.known
        unread, self.unread = self.unread, None
        return {**{changes.key_of(s): prints[changes.key_of(s)] for s in look.rows if unread(s.row)}, **self.known}

    def _tell(self, updates: Sequence[Update], operation: Operation, person: Person) -> None:
        for update in updates:
            self.number += 1
            self._latest = Told(self.number, update, operation, person)
            self._told.append(self._latest)
            self._gone = max(self._gone, self._told[0].number - 1)
        if updates:
            self._announce()

    def _end(self, error: GatewayError) -> None:
        self.ended_by = error
        self._announce()

    def _announce(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    @property
    def has_ended(self) -> bool:
        return self.ended_by is not None


def _is_another(before: Person, now: Person) -> bool:
    """Merged or separated since: what was shown is another person's journey now."""
    return _standing(before) != _standing(now)


def _standing(person: Person) -> tuple[object, ...]:
    """What operators said of somebody comes to."""
    cluster = person.cluster
    return cluster.handle, cluster.merges, cluster.known_as, cluster.anchor


def rights_of(viewer: Viewer) -> tuple[object, ...]:
    return viewer.caller, viewer.kind, viewer.grants, viewer.active


def baseline(rows: Sequence[Shown], operation: Operation) -> dict[Key, bytes]:
    return changes.prints_of(rows, operation.now, operation.gateway.limits)
