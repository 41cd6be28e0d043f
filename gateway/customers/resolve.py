"""Who is it: asks every licensed source, and widens to what it learns, at most twice.

A source that is slow holds nobody up: after its part of the time the others are asked on with what is known by then,
and what it says later counts as well.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial

from connectors.deadline import Deadline
from connectors.errors import ConnectorError
from connectors.interaction import Identifier, Record
from gateway.customers.identity import Cluster, IdentityRules, cluster, preference, shared_identifiers
from gateway.sources.report import Report, report_of
from gateway.sources.source import Source

WIDENINGS = 2
MAX_IDENTIFIERS_ASKED = 50
"""Of one source in one round: a person with more is asked for by the first of them."""

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
    _asked: dict[str, set[Identifier]] = field(default_factory=dict)
    _waiting: dict[asyncio.Task[None], str] = field(default_factory=dict)

    async def resolve(self, identifier: Identifier) -> Resolved:
        """Everybody that `identifier` points at; never raises for a source that fails."""
        at_first: dict[str, Report] = {}
        self._ask([identifier], at_first)
        return Resolved(await self._widen(lambda: self._carrying(identifier)), self.reports, at_first)

    async def search(
        self, text: str, limit: int, keys: Collection[Identifier], sources: Iterable[Source], hits: Hits
    ) -> list[Cluster]:
        """The clusters of records that `keys` point at or `sources` find by `text`, as far as `hits` takes them."""
        self._ask(keys)
        for source in sources:
            self._start(source.name, partial(source.search, text, limit, self.deadline), self.found)
        return await self._widen(lambda: self._clusters_of(hits))

    async def _widen(self, people: Callable[[], list[Cluster]]) -> list[Cluster]:
        """These people as they are when all has been asked that their records let ask for."""
        try:
            for widenings_left in range(WIDENINGS, -1, -1):
                await self._answers(widenings_left)
                if widenings_left:
                    self._ask(self._news(people()))
                if not self._waiting:
                    break
        finally:
            await self._end()
        return people()

    def _ask(self, identifiers: Collection[Identifier], reports: dict[str, Report] | None = None) -> None:
        """Ask every source at once for what it was not asked yet, leaving out those that failed or are still at it.
        `reports` keeps what they say to this."""
        busy = set(self._waiting.values())
        for source in self.sources:
            asked = self._asked.setdefault(source.name, set())
            fresh = [i for i in sorted(identifiers, key=preference) if i not in asked][:MAX_IDENTIFIERS_ASKED]
            report = self.reports.get(source.name)
            if fresh and source.name not in busy and (report is None or report.complete):
                asked.update(fresh)
                self._start(source.name, partial(source.find, fresh, self.deadline), self.records, reports)

    def _start(
        self,
        name: str,
        question: Callable[[], Awaitable[list[Record]]],
        into: dict[Key, Record],
        reports: dict[str, Report] | None = None,
    ) -> None:
        async def take() -> None:
            report = Report(name)
            try:
                into.update({(r.source, r.id): r for r in await question()})
            except ConnectorError as error:
                report = report_of(name, error)
            for kept in (self.reports, reports):
                if kept is not None and (name not in kept or not report.complete):
                    kept[name] = report

        self._waiting[asyncio.create_task(take())] = name

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

    def _carrying(self, identifier: Identifier) -> list[Cluster]:
        return [c for c in cluster(self.records.values(), self.rules) if c.carries(identifier)]

    def _clusters_of(self, hits: Hits) -> list[Cluster]:
        chosen = {(r.source, r.id): r for r in hits({**self.found, **self.records}.values())}
        self.records.update(chosen)
        every = cluster(self.records.values(), self.rules)
        return [c for c in every if any((r.source, r.id) in chosen for r in c.records)]

    def _news(self, clusters: Iterable[Cluster]) -> set[Identifier]:
        """Verified identifiers of these people that nobody was asked about."""
        shared = shared_identifiers(self.records.values(), self.rules)
        learned = {
            h.identifier for c in clusters for r in c.records for h in r.identifiers if self.rules.verified(r, h)
        }
        return learned - shared - self.rules.shared
