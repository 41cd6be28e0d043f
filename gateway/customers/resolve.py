"""Who is it: asks every licensed source, and widens to what it learns, at most twice.

A source that is slow holds nobody up: after its part of the time the others are asked on with what is known by then,
and what it says later counts as well.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from connectors.deadline import Deadline
from connectors.errors import ConnectorError
from connectors.interaction import Identifier, Record
from gateway.customers.identity import (
    Cluster,
    IdentityRules,
    cluster,
    own_id,
    preference,
    shared_identifiers,
)
from gateway.sources.cache import Answer
from gateway.sources.report import GIVES_ROWS, Report, SourceState, report_of, worse
from gateway.sources.source import Source

WIDENINGS = 2
MAX_IDENTIFIERS_ASKED = 50
"""Of one source in one round: a person with more is asked for by the first of them."""

MEMORY_FOR_A_RECORD = 2_000
"""Bytes, roughly."""

Key = tuple[str, str]
"""Of a record: its source and its id."""
Hits = Callable[[Iterable[Record]], Iterable[Record]]
"""Those of some records that a search is after."""


@dataclass(slots=True)
class Resolved:
    """`clusters`: all that carry the identifier, see `matching`. `reports`: one a source that was asked.

    at_first: what they said to the identifier itself. To somebody who may see none of these people, what was asked
    afterwards would tell that there are some.
    """

    clusters: list[Cluster]
    reports: dict[str, Report]
    at_first: dict[str, Report]

    @property
    def is_fresh(self) -> bool:
        return all(report.state is SourceState.FRESH for report in self.reports.values())

    def remembered_at(self, at: datetime | None) -> Resolved:
        """The same, said to be from then."""

        def remembered(reports: dict[str, Report]) -> dict[str, Report]:
            return {name: Report(name, SourceState.CACHED, as_of=at) for name in reports}

        return Resolved(self.clusters, remembered(self.reports), remembered(self.at_first))


class _People:
    """A codec, as it is."""

    def pack(self, value: Resolved) -> tuple[Resolved, int]:
        return value, self.weigh(value)

    def unpack(self, packed: Resolved) -> Resolved:
        return packed

    def weigh(self, value: Resolved) -> int:
        return MEMORY_FOR_A_RECORD * (1 + sum(len(cluster.records) for cluster in value.clusters))


PEOPLE = _People()


@dataclass(slots=True)
class Resolver:
    """One resolution: remembers what was asked of whom, so that nothing is asked twice.

    found: what a text search brought, which joins nobody until somebody has looked at it.
    """

    sources: Sequence[Source]
    rules: IdentityRules
    deadline: Deadline
    records: dict[Key, Record] = field(default_factory=dict)
    found: dict[Key, Record] = field(default_factory=dict)
    reports: dict[str, Report] = field(default_factory=dict)
    _clusters: list[Cluster] | None = None
    _asked: dict[str, set[Identifier]] = field(default_factory=dict)
    _waiting: dict[asyncio.Task[None], str] = field(default_factory=dict)

    async def resolve(self, identifier: Identifier) -> Resolved:
        """Everybody that `identifier` points at; never raises for a source that fails."""
        at_first: dict[str, Report] = {}
        self._ask({identifier}, at_first)
        return Resolved(await self._widen(lambda: self._carrying(identifier)), self.reports, at_first)

    async def search(
        self, text: str, limit: int, keys: Collection[Identifier], sources: Iterable[Source], hits: Hits
    ) -> list[Cluster]:
        """The clusters of records that `keys` point at or `sources` find by `text`, as far as `hits` takes them."""
        self._ask(set(keys))
        for source in sources:
            self._start(source.name, partial(source.search, text, limit, self.deadline), self.found)
        return await self._widen(lambda: self._clusters_of(hits))

    async def _widen(self, people: Callable[[], list[Cluster]]) -> list[Cluster]:
        """These people as they are when all has been asked that their records let ask for."""
        known: list[Cluster] | None = None
        try:
            for widenings_left in range(WIDENINGS, -1, -1):
                await self._answers(widenings_left)
                found, asked_more = people(), False
                if widenings_left and self._clusters is not known:  # somebody has said something new
                    known = self._clusters
                    asked_more = self._ask(self._news(found))
                if not asked_more and not self._waiting:
                    break
        finally:
            await self._end()
        return people()

    def _ask(self, identifiers: set[Identifier], reports: dict[str, Report] | None = None) -> bool:
        """Ask every source at once for what it was not asked yet, leaving out those that failed or are still at it.
        `reports` keeps what they say to this. False when nobody had to be asked."""
        busy = set(self._waiting.values())
        ordered = sorted(identifiers, key=preference) if len(identifiers) > 1 else list(identifiers)
        asked_any = False
        for source in self.sources:
            if source.name in busy or self._has_failed(source.name):
                continue
            asked, known, names = self._asked.setdefault(source.name, set()), self.records, source.namespaces
            fresh = [
                i
                for i in ordered
                if (i.source is None or i.source in names)
                and i not in asked
                and not (i.source == source.name and (i.source, i.value) in known)  # the record is here already
                and source.finds(i)
            ]
            asked.update(ordered)
            asked.difference_update(fresh[MAX_IDENTIFIERS_ASKED:])
            if fresh:
                asked_any = True
                self._find(source, fresh[:MAX_IDENTIFIERS_ASKED], reports)
        return asked_any

    def _has_failed(self, source: str) -> bool:
        report = self.reports.get(source)
        return report is not None and report.state not in GIVES_ROWS

    def _find(self, source: Source, identifiers: Sequence[Identifier], reports: dict[str, Report] | None) -> None:
        try:
            records = source.find_at_once(identifiers)
        except ConnectorError as error:
            self._note(source.name, report_of(source.name, error), reports)
            return
        if records is None:
            self._start(source.name, partial(source.find, identifiers, self.deadline), self.records, reports)
        else:
            self._take(records, self.records)
            self._note(source.name, Report(source.name), reports)

    def _start(
        self,
        name: str,
        question: Callable[[], Awaitable[Answer[list[Record]]]],
        into: dict[Key, Record],
        reports: dict[str, Report] | None = None,
    ) -> None:
        async def take() -> None:
            try:
                answer = await question()
            except ConnectorError as error:
                self._note(name, report_of(name, error), reports)
            else:
                self._take(answer.value, into)
                self._note(name, Report(name, answer.state, as_of=answer.as_of), reports)

        self._waiting[asyncio.create_task(take())] = name

    def _take(self, records: Iterable[Record], into: dict[Key, Record]) -> None:
        for record in records:
            key = (record.source, record.id)
            if into.get(key) != record:
                into[key] = record
                self._clusters = None

    def _note(self, name: str, report: Report, reports: dict[str, Report] | None) -> None:
        for kept in (self.reports, reports):
            if kept is not None:
                known = kept.get(name)
                if known is None:
                    kept[name] = report
                elif report.state is not SourceState.FRESH:
                    kept[name] = worse(known, report)

    async def _answers(self, rounds_left: int) -> None:
        """Until all have answered, or this round's part of the time is over; the last one ends with the deadline,
        at which every source ends by itself."""
        if self._waiting:
            seconds = max(0.0, self.deadline.remaining_seconds()) / (rounds_left + 1)
            finished, _ = await asyncio.wait(self._waiting, timeout=seconds if rounds_left else None)
            for task in finished:
                del self._waiting[task]
                task.result()

    async def _end(self) -> None:
        for task in self._waiting:
            task.cancel()
        await asyncio.gather(*self._waiting, return_exceptions=True)

    def _every_cluster(self) -> list[Cluster]:
        if self._clusters is None:
            self._clusters = cluster(self.records.values(), self.rules)
        return self._clusters

    def _carrying(self, identifier: Identifier) -> list[Cluster]:
        return [c for c in self._every_cluster() if c.carries(identifier)]

    def _clusters_of(self, hits: Hits) -> list[Cluster]:
        chosen = {(r.source, r.id): r for r in hits({**self.found, **self.records}.values())}
        self._take(chosen.values(), self.records)
        return [c for c in self._every_cluster() if any((r.source, r.id) in chosen for r in c.records)]

    def _news(self, clusters: Iterable[Cluster]) -> set[Identifier]:
        """Verified identifiers of these people that nobody was asked about."""
        shared = shared_identifiers(self.records.values(), self.rules)
        learned = {
            h.identifier for c in clusters for r in c.records for h in r.identifiers if self.rules.verified(r, h)
        }
        if self.rules.links:
            learned |= self.rules.links.beside(own_id(r) for c in clusters for r in c.records)
        return learned - shared - self.rules.shared
