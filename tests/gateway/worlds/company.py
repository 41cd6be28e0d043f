"""Whole companies in memory, seeded: an operator's decisions, a viewer, and what every source knows of a few people.

Deployments, viewers and rows are those of the rule's own tests; here they get people whose records lie in several
sources, vendors that page in small steps, and an operator's touchpoints and escalations.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from random import Random

from msgspec.structs import replace as with_fields

from connectors.base import Fetched, Query
from connectors.deadline import Deadline
from connectors.errors import MalformedError, RateLimitedError, RefusedError, TimedOutError, UnavailableError
from connectors.interaction import (
    Channel,
    HeldIdentifier,
    Identifier,
    IdentifierKind,
    Interaction,
    InteractionStatus,
    JourneyStage,
    Link,
    LinkKind,
    Record,
    TicketPriority,
    Touchpoint,
)
from gateway.customers.identity import Cluster, IdentityRules, cluster
from gateway.deployment import Deployment
from gateway.permissions import EVENT_VIEW, SESSION_VIEW
from gateway.sources.enrich import Enrichment, EscalationRule, TopicRule, TouchpointRule
from gateway.viewer.viewer import Scope, Viewer
from tests.gateway.support import FakeVendor, Habits
from tests.gateway.visibility import worlds
from tests.gateway.visibility.oracle import Oracle
from tests.gateway.visibility.worlds import CAMPAIGNS, DIVISIONS, START, VENDOR_DIVISIONS, World, a_text, maybe, some

NOW = START + timedelta(minutes=11)
AGES = [timedelta(days=d) for d in (0, 0, 0, 1, 12, 29, 31, 58, 61, 90, 200, 364, 366, 900)]
FAULTS = {
    "unavailable": lambda name: UnavailableError(name, "it answered with status 500"),
    "refused": lambda name: RefusedError(name, "the credential is not accepted"),
    "malformed": lambda name: MalformedError(name, "that is no JSON"),
    "timed out": lambda name: TimedOutError(name, "no answer within the deadline"),
    "limited": lambda name: RateLimitedError(name, "it asked us to slow down", 7),
    "bug": lambda name: KeyError(name),
}
GIVEN = ("Rosa", "Livia", "Piero", "Marta")
FAMILY = ("Neri", "Conti")
SHARED_AFTER = 3
TOPICS = (
    TopicRule("Sales", tags=frozenset({"sales"}), queues=frozenset({"q2", "Board"})),
    TopicRule("Money", words=frozenset({"delivery"}), wrap_up_codes=frozenset({"money", "Threatened", "w3"})),
)
"""Made of words that some viewers are shown and others are not."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Holdings:
    """What one source knows, and how it tells it. fault: a key of `FAULTS`, when it answers nothing;
    pages_fail: it knows who somebody is, and fails when it is asked for rows."""

    records: tuple[Record, ...] = ()
    rows: tuple[Interaction, ...] = ()
    fault: str | None = None
    pages_fail: bool = False
    page_size: int = 100
    seek: bool = True
    ascending: bool = True

    @property
    def answers(self) -> bool:
        return self.fault is None or self.pages_fail


@dataclass(frozen=True)
class Company:
    """`holdings`: by source. `touchpoints` and `escalation`: the operator's, of every source."""

    deployment: Deployment
    viewer: Viewer
    holdings: Mapping[str, Holdings]
    touchpoints: tuple[TouchpointRule, ...] = ()
    escalation: EscalationRule | None = None
    identity: IdentityRules = field(default_factory=lambda: IdentityRules({}, shared_after=SHARED_AFTER))

    @cached_property
    def oracle(self) -> Oracle:
        return Remembering(self.deployment, self.viewer)

    @property
    def records(self) -> list[Record]:
        return [record for held in self.holdings.values() for record in held.records]

    @property
    def rows(self) -> list[Interaction]:
        return [row for held in self.holdings.values() for row in held.rows]

    @property
    def identifiers(self) -> list[Identifier]:
        return list(dict.fromkeys(h.identifier for record in self.records for h in record.identifiers))

    def record_of(self, row: Interaction) -> Record | None:
        return next((r for r in self.holdings[row.source].records if r.id == row.record_id), None)

    def enrichment(self, source: str) -> Enrichment:
        return Enrichment(self.deployment.sources[source], self.escalation, self.touchpoints, TOPICS)

    @cached_property
    def clusters(self) -> list[Cluster]:
        """Who is who, as far as the licensed sources that answer say."""
        licensed = [
            name
            for name, rules in self.deployment.sources.items()
            if self.holdings[name].answers and any(map(self.oracle.licensed, rules.channels))
        ]
        return cluster([r for name in licensed for r in self.holdings[name].records], self.identity)

    def with_source(self, name: str, **changes: object) -> Company:
        return replace(self, holdings={**self.holdings, name: replace(self.holdings[name], **changes)})


class Remembering(Oracle):
    """Says nothing twice: thousands of worlds are asked which sources are in reach."""

    @cached_property
    def _reached(self) -> dict[str, bool]:
        return {}

    def reaches(self, source: str) -> bool:
        if source not in self._reached:
            self._reached[source] = super().reaches(source)
        return self._reached[source]


class Vendor(FakeVendor):
    """A vendor in memory that can be searched, and that fails for good."""

    def __init__(self, name: str, held: Holdings, channels: frozenset[Channel]) -> None:
        super().__init__(
            name,
            held.rows,
            records=held.records,
            channels=channels,
            seek=held.seek,
            ascending=held.ascending,
            habits=Habits(page_size=held.page_size, pushes=held.page_size % 2 == 1),
            search=True,
            order_guaranteed=True,
            utc_now=lambda: NOW,
        )
        self.held = held

    def _meet(self) -> None:
        if self.held.fault is not None:
            raise FAULTS[self.held.fault](self.name)

    async def fetch_records(self, identifiers: Sequence[Identifier], deadline: Deadline) -> list[Record]:
        if not self.held.pages_fail:
            self._meet()
        return self.records

    async def fetch_by_text(self, text: str, limit: int, deadline: Deadline) -> list[Record]:
        if not self.held.pages_fail:
            self._meet()
        words = text.casefold().split()
        told = {r.id: " ".join([r.name or "", *(h.identifier.value for h in r.identifiers)]) for r in self.records}
        return [r for r in self.records if all(word in told[r.id].casefold() for word in words)]

    async def fetch_page(self, records: Sequence[Record], query: Query, deadline: Deadline) -> Fetched:
        self._meet()
        return await super().fetch_page(records, query, deadline)

    async def fetch_one(self, external_id: str, deadline: Deadline) -> Interaction | None:
        self._meet()
        return await super().fetch_one(external_id, deadline)


# ------------------------------------------------------------------------ made up


def a_company(random: Random) -> Company:
    deployment = worlds.a_deployment(random)
    viewer = narrowed(random, worlds.a_viewer(random, deployment))
    profiles = [worlds.a_profile(random), replace(worlds.a_profile(random), name="night shift")]
    if viewer.active is not None:
        profiles[0] = viewer.active
    deployment = replace(deployment, work_profiles={p.name: p for p in profiles})
    if random.random() < 0.35:
        deployment = with_a_closed_source(random, deployment, viewer)
    viewer = replace(viewer, profiles=("day shift",), name="Viewer")
    company = Company(
        deployment,
        viewer,
        {name: Holdings() for name in deployment.sources},
        touchpoints=some_touchpoints(random),
        escalation=maybe(random, 0.5, lambda: an_escalation(random)),
        identity=IdentityRules({}, frozenset(some(random, some_identifiers(9), 0.3)), SHARED_AFTER),
    )
    people = [some_identifiers(number) for number in range(random.choice([1, 2, 2, 3, 4]))]
    for number, own in enumerate(people):
        others = [i for other in people if other is not own for i in other] + some_identifiers(9)
        name = f"{GIVEN[number]} {random.choice(FAMILY)}"
        for source in random.sample(list(deployment.sources), random.choice([1, 2, 2, 3, 3])):
            for _ in range(random.choice([1, 1, 1, 2])):
                company = with_record(company, a_record(random, source, new_id(company), name, own, others))
    company = with_a_hidden_side(random, company)
    for name in deployment.sources:
        company = with_rows(random, company, name, random.choice([0, 3, 6, 12]))
        company = company.with_source(name, **a_manner(random))
    return company


def with_a_closed_source(random: Random, deployment: Deployment, viewer: Viewer) -> Deployment:
    """One of the sources tells of channels alone that this viewer has no part in, licensed or not."""
    oracle = Oracle(deployment, viewer)
    closed = [c for c in Channel if not (oracle.licensed(c) and oracle.on_profile(c))]
    name = random.choice(list(deployment.sources))
    rules = replace(deployment.sources[name], channels=frozenset(some(random, closed, 0.5)))
    return replace(deployment, sources={**deployment.sources, name: rules})


def narrowed(random: Random, viewer: Viewer) -> Viewer:
    """Mostly to a division or two, so that there is something to hide."""
    if random.random() < 0.35:
        return viewer
    base = viewer.scope(EVENT_VIEW) & viewer.scope(SESSION_VIEW)
    seen = sorted(DIVISIONS if base.everywhere else base.divisions)
    few = Scope(divisions=frozenset(random.sample(seen, min(len(seen), random.choice([1, 2, 2])))))
    return replace(viewer, grants={permission: scope & few for permission, scope in viewer.grants.items()})


def some_identifiers(number: int) -> list[Identifier]:
    """One person's; number 9 is a switchboard."""
    return [
        Identifier(IdentifierKind.PHONE, f"+39333111220{number}"),
        Identifier(IdentifierKind.EMAIL, f"somebody{number}@example.org"),
        Identifier(IdentifierKind.WHATSAPP, f"+39333111440{number}"),
        Identifier(IdentifierKind.SOCIAL, f"somebody_{number}", channel=Channel.INSTAGRAM),
    ]


def new_id(company: Company) -> str:
    return f"r{len(company.records)}"


def a_record(
    random: Random, source: str, record_id: str, name: str, own: Sequence[Identifier], others: Sequence[Identifier]
) -> Record:
    """Its person's identifiers, verified or not, and now and then somebody else's."""
    held = [HeldIdentifier(Identifier(IdentifierKind.EXTERNAL_ID, record_id, source=source), verified=True)]
    held += [HeldIdentifier(i, verified=random.random() < 0.8) for i in some(random, own, 0.6)]
    held += [HeldIdentifier(i, verified=random.random() < 0.3) for i in some(random, others, 0.06)]
    return Record(
        source=source,
        id=record_id,
        identifiers=tuple(held),
        name=maybe(random, 0.8, lambda: a_text(random, name, own)),
        division_ids=tuple(random.sample(VENDOR_DIVISIONS, random.choice([0, 1, 1, 1, 2]))),
        since=maybe(random, 0.5, lambda: EPOCH + timedelta(days=random.randrange(20_000))),
        campaigns=some(random, CAMPAIGNS, 0.3),
    )


def with_record(company: Company, record: Record) -> Company:
    return company.with_source(record.source, records=(*company.holdings[record.source].records, record))


def with_a_hidden_side(random: Random, company: Company) -> Company:
    """Somebody whom the viewer sees has, in a source in reach, a record that they don't see."""
    visible = [r for r in company.records if company.oracle.sees_record(r)]
    reached = [name for name in company.holdings if company.oracle.reaches(name)]
    for _ in range(4 if visible and random.random() < 0.7 else 0):
        known = random.choice(visible)
        own = [h.identifier for h in known.identifiers if h.identifier.kind is not IdentifierKind.EXTERNAL_ID]
        if not own:
            continue
        record = a_record(random, random.choice(reached), new_id(company), known.name or "Rosa Neri", own, own)
        if not company.oracle.sees_record(record):
            link = HeldIdentifier(random.choice(own), verified=True)
            kept = tuple(held for held in record.identifiers if held.identifier != link.identifier)
            return with_record(company, with_fields(record, identifiers=(*kept, link)))
    return company


def with_rows(random: Random, company: Company, source: str, count: int) -> Company:
    held = company.holdings[source]
    rows = list(held.rows)
    for _ in range(count if held.records else 0):
        rows.append(a_row(random, company, random.choice(held.records), rows))
    return company.with_source(source, rows=tuple(rows))


def a_row(random: Random, company: Company, record: Record, beside: Iterable[Interaction]) -> Interaction:
    """Of any age; its id is its own in its source."""
    number = random.randrange(10**6)
    row = worlds.a_row(random, World(company.deployment, company.viewer, (record,)), record, number)
    if row.external_id in {other.external_id for other in beside}:
        row = with_fields(row, external_id=f"item-{number}-{random.randrange(10**6)}")
    row = with_fields(row, links=some_links(Random(f"links of {row.external_id}"), beside))
    if random.random() < 0.3:
        row = with_fields(row, ended_at=None, status=random.choice(list(InteractionStatus)), last_activity_at=NOW)
    return aged(row, random.choice(AGES))


def some_links(random: Random, beside: Iterable[Interaction]) -> tuple[Link, ...]:
    """To rows of the same source, seen or not. By a Random of their own: the seeds of `leaks.py` stay what they are."""
    others = [row.external_id for row in beside]
    chosen = random.sample(others, min(len(others), random.choice([0, 0, 1, 2])))
    return tuple(Link(random.choice(list(LinkKind)), external_id) for external_id in chosen)


def aged(row: Interaction, age: timedelta) -> Interaction:
    """So much earlier, legs and all; with what is still going on, still going on."""
    lasts = row.last_activity_at == NOW
    return with_fields(
        row,
        started_at=row.started_at - age,
        last_activity_at=row.last_activity_at if lasts else row.last_activity_at - age,
        ended_at=row.ended_at and row.ended_at - age,
        legs=tuple(
            with_fields(leg, started_at=leg.started_at - age, ended_at=leg.ended_at and leg.ended_at - age)
            for leg in row.legs
        ),
    )


def a_manner(random: Random) -> dict[str, object]:
    """How a source pages, and whether it answers at all."""
    fault = random.choice(list(FAULTS)) if random.random() < 0.12 else None
    return {
        "page_size": random.choice([1, 2, 3, 7, 100]),
        "seek": random.random() < 0.7,
        "ascending": random.random() < 0.6,
        "fault": fault,
        "pages_fail": fault not in (None, "limited") and random.random() < 0.5,
    }


def some_touchpoints(random: Random) -> tuple[TouchpointRule, ...]:
    return tuple(
        TouchpointRule(
            Touchpoint(f"Touchpoint {queue}", random.choice(list(JourneyStage))),
            queues=frozenset({queue}) if random.random() < 0.8 else frozenset(),
            campaigns=frozenset(some(random, ["calls/c1", "desk/c2"], 0.2)),
        )
        for queue in some(random, ["q1", "billing", "Care", "calls/c1", "q8", "Board"], 0.3)
    )


def an_escalation(random: Random) -> EscalationRule:
    return EscalationRule(
        tags=frozenset(some(random, ["vip", "Sales", "Solved", "Money"], 0.4)),
        priorities=frozenset(some(random, list(TicketPriority), 0.2)),
        queues=frozenset(some(random, ["q2", "sales", "Returns", "q9", "Complaints"], 0.4)),
    )
