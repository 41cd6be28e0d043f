"""Who is it: asks every licensed source, and widens to what it learns, at most twice."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from connectors.deadline import Deadline
from connectors.errors import ConnectorError
from connectors.interaction import Identifier, Record
from gateway.customers.identity import Cluster, IdentityRules, cluster, matching, preference, shared_identifiers
from gateway.sources.report import Report, report_of
from gateway.sources.source import Source

WIDENINGS = 2
MAX_IDENTIFIERS_ASKED = 50
"""Of one source in one round: a person with more is asked for by the first of them."""


@dataclass(slots=True)
class Resolved:
    """`clusters`: those that the identifier points at. `reports`: one a source that was asked."""

    clusters: list[Cluster]
    reports: dict[str, Report]


@dataclass(slots=True)
class Resolver:
    """One resolution: remembers what was asked of whom, so that nothing is asked twice."""

    sources: Sequence[Source]
    rules: IdentityRules
    deadline: Deadline
    records: dict[tuple[str, str], Record] = field(default_factory=dict)
    reports: dict[str, Report] = field(default_factory=dict)
    _asked: dict[str, set[Identifier]] = field(default_factory=dict)

    async def resolve(self, identifier: Identifier) -> Resolved:
        """Everybody that `identifier` points at; never raises for a source that fails."""
        await self.ask([identifier])
        found = matching(cluster(self.records.values(), self.rules), identifier, self.rules)
        for _ in range(WIDENINGS):
            news = self._news(found)
            if not news:
                break
            await self.ask(news)
            found = matching(cluster(self.records.values(), self.rules), identifier, self.rules)
        return Resolved(found, self.reports)

    async def widen(self, records: Iterable[Record]) -> list[Cluster]:
        """The clusters of records that a search found, after one round of asking for the rest of each person."""
        chosen = {(r.source, r.id) for r in records}
        self.records.update({(r.source, r.id): r for r in records})
        await self.ask(self._news(self._clusters_of(chosen)))
        return self._clusters_of(chosen)

    async def ask(self, identifiers: Collection[Identifier]) -> None:
        """Ask every source at once for what it was not asked yet, leaving out those that failed before."""
        async with asyncio.TaskGroup() as group:
            for source in self.sources:
                asked = self._asked.setdefault(source.name, set())
                fresh = [i for i in sorted(identifiers, key=preference) if i not in asked][:MAX_IDENTIFIERS_ASKED]
                report = self.reports.get(source.name)
                if fresh and (report is None or report.complete):
                    asked.update(fresh)
                    group.create_task(self._ask_one(source, fresh))

    async def _ask_one(self, source: Source, identifiers: Sequence[Identifier]) -> None:
        try:
            found = await source.find(identifiers, self.deadline)
        except ConnectorError as error:
            self.reports[source.name] = report_of(source.name, error)
            return
        self.reports.setdefault(source.name, Report(source.name))
        self.records.update({(r.source, r.id): r for r in found})

    def _clusters_of(self, chosen: Collection[tuple[str, str]]) -> list[Cluster]:
        every = cluster(self.records.values(), self.rules)
        return [c for c in every if any((r.source, r.id) in chosen for r in c.records)]

    def _news(self, clusters: Iterable[Cluster]) -> set[Identifier]:
        """Verified identifiers of these people that nobody was asked about."""
        shared = shared_identifiers(self.records.values(), self.rules)
        learned = {
            h.identifier for c in clusters for r in c.records for h in r.identifiers if self.rules.verified(r, h)
        }
        return learned - shared - self.rules.shared
