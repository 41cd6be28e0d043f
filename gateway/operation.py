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
from gateway.customers.identity import Cluster, IdentityRules, cluster, matching, own_id
from gateway.customers.resolve import PEOPLE, Resolved, Resolver
from gateway.journey.history import History, read_history
from gateway.journey.read import Reading
from gateway.privacy.trail import Trail
from gateway.sources.cache import Answer
from gateway.sources.report import Report
from gateway.sources.source import Source
from gateway.store.errors import StoreError
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
    """`nodes`: those of queues and agents that are known already, see `Gateway.nodes`. `identity`: who is who, as far
    as it was said when the operation began. `trail`: what was shown so far."""

    gateway: Gateway
    viewer: Viewer
    request_id: str
    now: datetime
    deadline: Deadline
    judge: Judge
    nodes: dict[Hashable, Any]
    identity: IdentityRules
    live: Hub | None = None
    credential: Credential | None = None
    trail: Trail = field(default_factory=Trail)
    _questions: int = 0
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
            gateway.identity(),
            live,
            credential,
        )

    def again(self) -> Operation:
        """The same viewer at the same moment, with nothing looked up yet: after an edit everybody may be another."""
        again = self.begin(self.gateway, self.viewer, self.request_id, self.live, self.credential)
        again.trail = self.trail
        return again

    def as_viewer(self, viewer: Viewer) -> Operation:
        """The same for somebody else, who has no streams; what they are shown is noted here."""
        other = self.begin(self.gateway, viewer, self.request_id)
        other.trail = self.trail
        return other

    # ---------------------------------------------------------------- what was shown

    def note_person(self, person: Person) -> None:
        if person.handle not in self.trail.people:
            self.trail.people[person.handle] = own_id(person.cluster.records[0]) if person.cluster.records else None

    def note_row(self, person: Person, shown: Shown) -> None:
        self.note_person(person)
        self.trail.rows.add((shown.position.source, shown.position.external_id))

    def told(self, what: str) -> None:
        """The answer to `what` is complete: whom it shows, or was asked for in vain, goes on record."""
        if self.trail and self.gateway.recorder is not None:
            self.gateway.recorder.note(self.viewer, what, self.trail, self.request_id)

    # ---------------------------------------------------------------- who is it

    async def look_up(self, identifier: Identifier) -> Lookup:
        """The people an identifier points at, as far as a visible record of theirs carries it."""
        resolved = await self._resolve(identifier)
        found = matching(await self._mine(resolved.clusters), identifier, self.identity, self.judge.sees_record)
        (self.trail.asked if found else self.trail.missed)[identifier] = None
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
        found = self._answering(handle, await self._mine(resolved.clusters))
        if found is None and (record := await self._record_behind(handle)) is not None:
            resolved = await self._resolve(record)
            found = self._answering(record, await self._mine(resolved.clusters))
        if found is None:
            self.trail.missed[handle] = None
            return None
        return Person(found, resolved.reports)

    async def anybody(self, handle: Identifier) -> tuple[list[Cluster], list[Cluster]]:
        """Whom `handle` points at, whoever may see them, and everybody who was met on the way: for what concerns all
        that is kept of a customer. Asked anew."""
        found, met = await self._ask_for_anybody(handle)
        if not found and (record := await self._record_behind(handle)) is not None:
            _, met = await self._ask_for_anybody(record)
            found = [c for c in met if record in map(own_id, c.records)]
        return found, met

    async def _ask_for_anybody(self, handle: Identifier) -> tuple[list[Cluster], list[Cluster]]:
        resolver = self._resolver()
        clusters = (await resolver.resolve(handle)).clusters
        own = [c for c in clusters if handle == c.handle or handle in c.linking or handle in c.known_as]
        return own or matching(clusters, handle, self.identity), cluster(resolver.records.values(), self.identity)

    async def _record_behind(self, handle: Identifier) -> Identifier | None:
        """Of an id that was given once and is made of what no source says any more: a record of whoever it was."""
        store = self.gateway.store
        if store is None:
            return None
        try:
            known = await store.handles.among([handle])
        except StoreError:
            return None  # an id that leads nowhere for now
        return known[0].record if known else None

    def _answering(self, handle: Identifier, clusters: Iterable[Cluster]) -> Cluster | None:
        visible = [c for c in clusters if any(map(self.judge.sees_record, c.records))]
        owners = [c for c in visible if handle == c.handle or handle in c.linking or handle in c.known_as]
        candidates = owners or matching(visible, handle, self.identity, self.judge.sees_record)
        return candidates[0] if len(candidates) == 1 else None

    async def _mine(self, clusters: list[Cluster]) -> list[Cluster]:
        """Those of whom this viewer may know at all: everybody, but for the one who is shown a single customer."""
        only = self.viewer.only
        if only is None or not clusters:
            return clusters
        mine = self._answering(only, (await self._resolve(only)).clusters)
        records = set() if mine is None else set(map(own_id, mine.records))
        return [c for c in clusters if not records.isdisjoint(map(own_id, c.records))]

    async def holders(self, identifier: Identifier) -> list[Person]:
        """Everybody of whom a visible record carries it, shared or not."""
        resolved = await self._resolve(identifier)
        return [
            Person(c, resolved.reports)
            for c in await self._mine(resolved.clusters)
            if self.judge.show_identifier(identifier, c.records) is not None
        ]

    async def search(self, text: str, keys: Sequence[Identifier], limit: int) -> Lookup:
        """People whose name holds every word of `text` (or, with the right to see them, an identifier holds it),
        and those that one of `keys` points at. In the order of their names."""
        resolver = self._resolver()
        sources = [source for source in self._licensed() if self.judge.reaches(source.name)]

        def hits(records: Iterable[Record]) -> Iterable[Record]:
            return [r for r in records if self.judge.sees_record(r) and self._matches(r, text, keys)]

        clusters = await self._mine(await resolver.search(text, limit, keys, sources, hits))
        people = [Person(c, resolver.reports) for c in clusters]
        people.sort(key=lambda p: self.search_key(p))
        self.trail.searches_missed += not people
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
        if identifier not in self._resolved:
            self._charge()
        return await _once(self._resolved, identifier, lambda: self._find_out(identifier))

    def _charge(self) -> None:
        """The first question of an operation is paid for when it is let in. Raises `RateLimitedError`."""
        self._questions += 1
        if self._questions > 1:
            self.gateway.charge(self.viewer)

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
        if resolved.is_fresh and self.identity is self.gateway.identity():
            await cache.keep(key, resolved, PEOPLE)
        return resolved

    def _resolver(self) -> Resolver:
        seconds = self.deadline.remaining_seconds() * IDENTITY_SHARE
        return Resolver(self._licensed(), self.identity, Deadline.after(seconds, self.gateway.clocks.monotonic))

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
        self._charge()
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
        for person in await self._mine(resolved.clusters):
            if any((r.source, r.id) == (source_name, record_id) for r in person.records):
                return Person(person, resolved.reports)
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
