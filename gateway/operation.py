"""One operation of one viewer: one clock reading, one deadline, and every customer looked up once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from connectors.deadline import Deadline
from connectors.errors import ConnectorError
from connectors.interaction import Identifier, IdentifierKind, Record
from gateway.core import Gateway
from gateway.customers.identity import Cluster, matching
from gateway.customers.resolve import PEOPLE, Resolved, Resolver
from gateway.journey.history import History, read_history
from gateway.journey.read import Reading
from gateway.sources.cache import Answer
from gateway.sources.report import Report
from gateway.sources.source import Source
from gateway.viewer.viewer import Viewer
from gateway.visibility import Judge, Shown

if TYPE_CHECKING:
    from gateway.live.hub import Hub
    from gateway.live.stream import Credential

K = TypeVar("K")
T = TypeVar("T")

IDENTITY_SHARE = 0.6
"""Of the deadline: what finding out who it is may take, so that there is time left to read."""


@dataclass(frozen=True, slots=True)
class Person:
    """A customer whom this viewer may know of. `found`: how each source answered when asked who this is."""

    cluster: Cluster
    found: dict[str, Report]

    @property
    def handle(self) -> Identifier:
        return self.cluster.handle


@dataclass(frozen=True, slots=True)
class Lookup:
    """`people`: visible to the viewer; `reports`: of the sources in reach, in the configuration's order."""

    people: list[Person]
    reports: tuple[Report, ...]


@dataclass(slots=True)
class Operation:
    """`nodes`: those of queues and agents that are known already, see `Gateway.nodes`."""

    gateway: Gateway
    viewer: Viewer
    request_id: str
    now: datetime
    deadline: Deadline
    judge: Judge
    nodes: dict[Hashable, Any]
    live: Hub | None = None
    credential: Credential | None = None
    _resolved: dict[Identifier, asyncio.Future[Resolved]] = field(default_factory=dict)
    _histories: dict[frozenset[tuple[str, str]], asyncio.Future[History]] = field(default_factory=dict)

    @classmethod
    def begin(
        cls,
        gateway: Gateway,
        viewer: Viewer,
        request_id: str,
        live: Hub | None = None,
        credential: Credential | None = None,
    ) -> Operation:
        """`live` and `credential`: where streams are opened, and how their viewer is known again."""
        clocks, judge = gateway.clocks, gateway.judge(viewer)
        return cls(
            gateway,
            viewer,
            request_id,
            clocks.utc_now(),
            Deadline.after(gateway.deadline_seconds, clocks.monotonic),
            judge,
            gateway.nodes.under(judge.deployment),
            live,
            credential,
        )

    # ---------------------------------------------------------------- who is it

    async def look_up(self, identifier: Identifier) -> Lookup:
        """The people an identifier points at, as far as a visible record of theirs carries it."""
        resolved = await self._resolve(identifier)
        found = matching(resolved.clusters, identifier, self.gateway.identity, self.judge.sees_record)
        return self._lookup([Person(c, resolved.reports) for c in found], resolved)

    async def look_up_handle(self, handle: Identifier) -> Lookup:
        """The person whose id holds `handle`."""
        person = await self.customer(handle)
        resolved = await self._resolve(handle)
        return self._lookup([] if person is None else [person], resolved)

    def _lookup(self, people: list[Person], resolved: Resolved) -> Lookup:
        return Lookup(people, self._reports(resolved.reports if people else resolved.at_first))

    def nobody(self) -> Lookup:
        """What an id that this deployment never gave points at."""
        return Lookup([], self._reports({}))

    async def customer(self, handle: Identifier) -> Person | None:
        """The person whose id holds `handle`, or who took over from them."""
        resolved = await self._resolve(handle)
        visible = [c for c in resolved.clusters if any(map(self.judge.sees_record, c.records))]
        owners = [c for c in visible if handle == c.handle or handle in c.linking or handle in c.known_as]
        candidates = owners or matching(visible, handle, self.gateway.identity, self.judge.sees_record)
        return Person(candidates[0], resolved.reports) if len(candidates) == 1 else None

    async def search(self, text: str, keys: Sequence[Identifier], limit: int) -> Lookup:
        """People whose name holds every word of `text` (or, with the right to see them, an identifier holds it),
        and those that one of `keys` points at. In the order of their names."""
        resolver = self._resolver()
        sources = [source for source in self._licensed() if self.judge.reaches(source.name)]

        def hits(records: Iterable[Record]) -> Iterable[Record]:
            return [r for r in records if self.judge.sees_record(r) and self._matches(r, text, keys)]

        clusters = await resolver.search(text, limit, keys, sources, hits)
        people = [Person(c, resolver.reports) for c in clusters]
        people.sort(key=lambda p: self.search_key(p))
        return Lookup(people, self._reports(resolver.reports))

    def search_key(self, person: Person) -> tuple[str, str]:
        """Where somebody stands in a list of people: by the name shown, then by id."""
        name = self.judge.show_name(person.cluster.records) or "\U0010ffff"
        return name.casefold(), self.gateway.ids.customer(person.handle)

    def _matches(self, record: Record, text: str, keys: Sequence[Identifier]) -> bool:
        name = (self.judge.show_name([record]) or "").casefold()
        words = text.casefold().split()
        if words and all(word in name for word in words):
            return True
        needle = text.strip().casefold()
        for held in record.identifiers:
            shown = self.judge.show_identifier(held.identifier, [record])
            if shown is not None and not shown.masked and (held.identifier in keys or needle in shown.value.casefold()):
                return True
        return False

    async def _resolve(self, identifier: Identifier) -> Resolved:
        return await _once(self._resolved, identifier, lambda: self._find_out(identifier))

    async def _find_out(self, identifier: Identifier) -> Resolved:
        """Asked of the sources, unless all of them said so a moment ago."""
        cache = self.gateway.cache
        if cache is None:
            return await self._resolver().resolve(identifier)
        key = ("who", identifier, *[source.name for source in self._licensed()])
        answer: Answer[Resolved] | None = await cache.peek(key, PEOPLE)
        if answer is not None:
            return answer.value.remembered_at(answer.as_of)
        resolved = await self._resolver().resolve(identifier)
        if resolved.is_fresh:
            await cache.keep(key, resolved, PEOPLE)
        return resolved

    def _resolver(self) -> Resolver:
        seconds = self.deadline.remaining_seconds() * IDENTITY_SHARE
        return Resolver(self._licensed(), self.gateway.identity, Deadline.after(seconds, self.gateway.clocks.monotonic))

    def _licensed(self) -> list[Source]:
        """Who somebody is, is asked of every licensed source; what of it is shown depends on the viewer."""
        return [source for source in self.gateway.sources.values() if self.judge.asked_channels(source.name)]

    def _reports(self, reports: dict[str, Report]) -> tuple[Report, ...]:
        return tuple(reports.get(name, Report(name)) for name in self.gateway.sources if self.judge.reaches(name))

    # ---------------------------------------------------------------- reading

    def reading(self, person: Person, wait_seconds: float | None = None) -> Reading:
        """`wait_seconds`: the caller's patience; never longer than the operation's deadline."""
        patience = self.deadline
        if wait_seconds is not None:
            waited = Deadline.after(wait_seconds, self.gateway.clocks.monotonic)
            patience = min(waited, self.deadline, key=lambda d: d.at)
        return Reading(
            self.judge,
            self.gateway.sources,
            person.cluster,
            person.found,
            self.now,
            self.gateway.limits,
            self.deadline,
            patience,
        )

    async def history(self, person: Person) -> History:
        """All of a customer, and the episodes it makes: read once an operation, and only where somebody asks."""
        within = self.gateway.repeat_within
        records = frozenset((record.source, record.id) for record in person.cluster.records)
        return await _once(self._histories, records, lambda: read_history(self.reading(person), within))

    async def interaction(self, source_name: str, external_id: str) -> tuple[Shown, Person] | None:
        """One row and its customer, judged as in a list; None when it is unknown, hidden, or cannot be had now."""
        source = self.gateway.sources.get(source_name)
        if source is None or not self.judge.reaches(source_name):
            return None
        try:
            row = await source.get(external_id, self.deadline)
        except ConnectorError:
            return None
        if row is None:
            return None
        person = await self._owner(source_name, row.record_id)
        if person is None:
            return None
        records = {r.id: r for r in person.cluster.records if r.source == source_name}
        known = self.judge.visible_identifiers(person.cluster.records)
        shown = source.show(self.judge, [row], records, known)
        return (shown[0], person) if shown else None

    async def _owner(self, source_name: str, record_id: str) -> Person | None:
        handle = Identifier(IdentifierKind.EXTERNAL_ID, record_id, source=source_name)
        resolved = await self._resolve(handle)
        for cluster in resolved.clusters:
            if any((r.source, r.id) == (source_name, record_id) for r in cluster.records):
                return Person(cluster, resolved.reports)
        return None


async def _once(known: dict[K, asyncio.Future[T]], key: K, find_out: Callable[[], Awaitable[T]]) -> T:
    """Whoever asks first finds out; the others of this operation wait for it."""
    asked = known.get(key)
    if asked is not None:
        return await asyncio.shield(asked)
    asked = known[key] = asyncio.get_running_loop().create_future()
    try:
        found = await find_out()
    except BaseException as error:
        asked.set_exception(error)
        asked.exception()  # seen, also when nobody else waits
        raise
    asked.set_result(found)
    return found
