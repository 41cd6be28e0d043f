"""A customer, and the ways to find one, as the API shows them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import strawberry

from connectors import identifiers
from connectors.base import Position, Window
from connectors.interaction import Channel, IdentifierKind, Record
from connectors.interaction import Identifier as IdentifierValue
from connectors.interaction import Interaction as InteractionValue
from gateway.customers.edits import brought
from gateway.customers.identity import own_id
from gateway.customers.links import Merge
from gateway.errors import BadCursorError, BadUserInputError
from gateway.graph.enums import EvidenceKind, MatchState
from gateway.graph.episodes import JourneyAnalysis
from gateway.graph.ids import CustomerId, ServiceId
from gateway.graph.inputs import (
    JourneyFilter,
    as_sent,
    given,
    only_campaigns,
    read_count,
    read_episodes,
    read_filter,
    read_text,
    read_window,
)
from gateway.graph.interactions import Interaction, interaction_node
from gateway.graph.journey import (
    AgentCount,
    CampaignCount,
    ChannelCount,
    JourneyEdge,
    JourneyFacets,
    JourneySummary,
    QueueCount,
    TagCount,
    WithheldField,
    summary_node,
)
from gateway.graph.nodes import (
    Campaign,
    Info,
    Node,
    PageInfo,
    Source,
    SourceReport,
    agent_node,
    campaign_node,
    derived,
    report_nodes,
    service_id,
    service_node,
    source_node,
)
from gateway.graph.parts import plain
from gateway.journey.cursor import Cursors, digest_of, open_cursor
from gateway.journey.facets import read_facets
from gateway.journey.figures import Facets
from gateway.journey.filter import Filter
from gateway.journey.merge import edge_position
from gateway.journey.read import JourneyPage, Reading, read_page
from gateway.journey.summary import summarise
from gateway.live.stream import Subject, baseline
from gateway.operation import Lookup, Operation, Person

K = TypeVar("K")

DEFAULT_ROWS = 50
SEARCH_LIMIT = 100
"""Records that a source is asked for in one search: nobody reads further down a list of names."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@strawberry.type(description="Who says that an identifier is this customer's.")
class IdentifierEvidence:
    source: Source | None = plain("The source whose record it is.")
    by: EvidenceKind = plain("A source's record, or a person.")
    since: datetime = plain("Since when; the Unix epoch when the source does not say.")


@strawberry.type(description="An address or id of a customer. Masked unless the viewer has `customer:pii:view`.")
class Identifier:
    id: strawberry.ID = plain("Opaque and stable.")
    kind: IdentifierKind = plain("What kind of address or id it is.")
    channel: Channel | None = plain("The network of a SOCIAL one.")
    source: Source | None = plain("The source whose EXTERNAL_ID it is.")
    value: str = plain("In its normal form, or masked.")
    masked: bool = plain("Whether `value` is masked.")
    evidence: list[IdentifierEvidence] = plain("Which sources say that it is this customer's.")


@strawberry.type(description="A page of a customer's journey, newest first.")
class JourneyConnection:
    """Rows become nodes, and cursors are sealed, when they are asked for. resumed_at: where this page was read from,
    unless that was the journey's end."""

    page: strawberry.Private[JourneyPage]
    person: strawberry.Private[Person]
    reading: strawberry.Private[Reading]
    operation: strawberry.Private[Operation]
    cursors: strawberry.Private[Cursors]
    window: strawberry.Private[Window]
    filter: strawberry.Private[Filter]
    question: strawberry.Private[bytes]
    backward: strawberry.Private[bool]
    resumed_at: strawberry.Private[Position | None]

    @strawberry.field(description="Rows with their cursors.")
    def edges(self) -> list[JourneyEdge]:
        return [
            JourneyEdge(shown=shown, cursors=self.cursors, node=interaction_node(self.operation, self.person, shown))
            for shown in self.page.rows
        ]

    @strawberry.field(description="The rows alone.")
    def nodes(self) -> list[Interaction]:
        return [interaction_node(self.operation, self.person, shown) for shown in self.page.rows]

    @strawberry.field(description="Where this page stands.")
    def page_info(self) -> PageInfo:
        rows, more = self.page.rows, self.page.more
        far = self.page.end if more or rows else None
        near = rows[-1 if self.backward else 0].position if rows else self.resumed_at
        start, end = (far, near) if self.backward else (near, far)
        return PageInfo(
            has_next_page=self.resumed_at is not None if self.backward else more,
            has_previous_page=more if self.backward else self.resumed_at is not None,
            start=start,
            end=end,
            seal=self.cursors.seal,
        )

    @strawberry.field(
        description="True when every source that should have answered has: nothing of this page is missing."
    )
    def complete(self) -> bool:
        return self.page.complete

    @strawberry.field(
        description="The server's clock when this was put together: measure `idleAt` and `inactiveAt` by it."
    )
    def as_of(self) -> datetime:
        return self.operation.now

    @strawberry.field(
        description="One report a source, also for those that failed. Only sources this viewer's licence and profile "
        "reach."
    )
    def sources(self) -> list[SourceReport]:
        return report_nodes(self.operation, self.page.reports)

    @strawberry.field(description="Fields left null or empty throughout for want of a permission.")
    def withheld(self) -> list[WithheldField]:
        return [WithheldField(field=field, permission=name) for field, name in self.operation.judge.withheld]

    @strawberry.field(
        description="Give it to `journeyUpdated(after:)`: nothing between this page and the stream is lost, late "
        "sources included."
    )
    def update_cursor(self) -> str:
        live, credential = self.operation.live, self.operation.credential
        assert live is not None and credential is not None, "pages are asked for with both"
        subject = Subject(self.person.handle, self.operation.viewer.caller, self.filter, self.window, self.question)
        known = baseline(self.page.rows, self.operation)
        watch = live.open(
            subject, self.operation.viewer, credential, self.person, known, self._is_elsewhere, self.page.reports
        )
        return live.cursor(watch, 0)

    def _is_elsewhere(self, row: InteractionValue) -> bool:
        """Whether a row was there already, beyond this page's ends."""
        page, now = self.page, self.operation.now
        far, near = (page.end if page.more else None), self.resumed_at
        behind = far is not None and (far.is_after(row) if self.backward else far.is_before(row))
        in_front = near is not None and (near.is_before(row) if self.backward else near.is_after(row))
        return behind or (in_front and row.last_activity_at < now)

    @strawberry.field(description="For filter menus. Permission-filtered like the rows.")
    async def facets(self) -> JourneyFacets | None:
        facets = await read_facets(
            self.reading, self.window, only_campaigns(self.filter), lambda s, q: service_id(self.operation, s, q)
        )
        return _facets_node(self.operation, facets)


@strawberry.federation.type(keys=["id"], description="One person, as far as the sources and this viewer's rights say.")
class Customer(Node):
    operation: strawberry.Private[Operation]
    person: strawberry.Private[Person]

    id: strawberry.ID = derived(
        lambda self: self.operation.gateway.ids.customer(self.person.handle),
        "Opaque, unique over all types, and stable.",
    )

    @classmethod
    async def resolve_reference(cls, info: Info, id: strawberry.ID) -> Customer | None:
        """For a federation gateway that knows the id from another subgraph."""
        opened = info.context.gateway.ids.open(id)
        person = await info.context.customer(opened.identifier) if isinstance(opened, CustomerId) else None
        return None if person is None else customer_node(info.context, person)

    @strawberry.field(description="Of the first configured source that has one.")
    def display_name(self) -> str | None:
        return self.operation.judge.show_name(self.person.cluster.records)

    @strawberry.field(description="Masked unless the viewer has `customer:pii:view`.")
    def identifiers(self) -> list[Identifier]:
        person = self.person.cluster
        merged = brought(person, self.operation.identity) if person.merges else {}
        nodes = (_identifier_node(self.operation, i, person.records, merged) for i in person.identifiers)
        return [node for node in nodes if node is not None]

    @strawberry.field(description="Campaigns that list this customer, contacted or not.")
    def campaigns(self) -> list[Campaign]:
        listed = self.operation.judge.show_campaigns(self.person.cluster.records)
        return [campaign_node(self.operation, source, campaign) for source, campaign in listed]

    @strawberry.field(
        description="Newest `startedAt` first. Without `first` and `last`: 50. Without `period`, `from` or `to` in the "
        "filter: the last 12 months; the cursor keeps the window."
    )
    async def journey(
        self,
        first: Annotated[
            int | None, strawberry.argument(description="Rows from the front, 1 to 200.")
        ] = strawberry.UNSET,
        after: Annotated[
            str | None, strawberry.argument(description="An `endCursor`: rows behind it.")
        ] = strawberry.UNSET,
        last: Annotated[
            int | None, strawberry.argument(description="Rows from the back, 1 to 200.")
        ] = strawberry.UNSET,
        before: Annotated[
            str | None, strawberry.argument(description="A `startCursor`: rows in front of it.")
        ] = strawberry.UNSET,
        filter: Annotated[JourneyFilter | None, strawberry.argument(description="Which rows.")] = strawberry.UNSET,
        wait_ms: Annotated[
            int | None,
            strawberry.argument(
                description="Longest wait for slow sources, in milliseconds; at most the deployment's deadline."
            ),
        ] = strawberry.UNSET,
    ) -> JourneyConnection | None:
        operation = self.operation
        first, after, last, before = given(first), given(after), given(last), given(before)
        filter, wait_ms = given(filter), given(wait_ms)
        count = read_count(first, last, after, before, DEFAULT_ROWS)
        if wait_ms is not None and wait_ms < 1:
            raise BadUserInputError("`waitMs` must be 1 or more.")
        backward = last is not None or before is not None
        window = read_window(filter, operation.now)
        rows = await self._read_filter(filter)
        question = digest_of(as_sent(filter))
        position = None
        cursor = before if backward else after
        if cursor is not None:
            opened = open_cursor(operation.gateway.cursors, cursor, question)
            if opened is None:
                raise BadCursorError
            position, window = opened
        reading = operation.reading(self.person, None if wait_ms is None else wait_ms / 1000)
        page = await read_page(reading, window, rows, count, position=position, ascending=backward)
        return JourneyConnection(
            page=page,
            person=self.person,
            reading=reading,
            operation=operation,
            cursors=Cursors(operation.gateway.cursors, question, window),
            window=window,
            filter=rows,
            question=question,
            backward=backward,
            resumed_at=None if position is None else edge_position(position.started_at, not backward),
        )

    @strawberry.field(description="The header above a journey. Counts only what this viewer may see.")
    async def summary(
        self,
        time_zone: Annotated[
            str | None,
            strawberry.argument(description="IANA name, for `today`; else the deployment's."),
        ] = strawberry.UNSET,
    ) -> JourneySummary | None:
        name = given(time_zone)
        zone = self.operation.gateway.time_zone if name is None else _read_zone(name)
        reading = self.operation.reading(self.person)
        return summary_node(self.operation, self.person, await summarise(reading, zone))

    @strawberry.field(
        description="Did they get an answer, in how many steps, channels and agents: computed from what this viewer "
        "may see, over the whole history, within a bound a source."
    )
    async def analysis(
        self,
        filter: Annotated[
            JourneyFilter | None,
            strawberry.argument(
                description="Which interactions count, the last 12 months unless it says otherwise; and the episodes "
                "that one of them belongs to."
            ),
        ] = strawberry.UNSET,
    ) -> JourneyAnalysis | None:
        filter = given(filter)
        window = read_window(filter, self.operation.now)
        rows = await self._read_filter(filter)
        history = await self.operation.history(self.person)
        return JourneyAnalysis(
            operation=self.operation,
            person=self.person,
            history=history,
            sent=as_sent(filter),
            window=window,
            rows=rows,
        )

    async def _read_filter(self, filter_: JourneyFilter | None) -> Filter:
        """With the rows that `episodeIds` stand for."""
        rows, episodes = read_filter(self.operation, filter_), read_episodes(self.operation, filter_)
        if episodes is None:
            return rows
        history = await self.operation.history(self.person)
        return replace(rows, rows=history.holding((e.source, e.external_id) for e in episodes))


@strawberry.type(description="The answer to: who is this?")
class SingleCustomerView:
    state: MatchState = plain("What the key found.")
    customer: Customer | None = plain("Null unless `state` is MATCHED.")
    candidates: list[Customer] = plain("Filled when `state` is AMBIGUOUS: never merged in silence, the caller chooses.")
    sources: list[SourceReport] = plain(
        "Which sources were asked who this is, and how that went: with one down, NOT_FOUND may be wrong."
    )


@strawberry.type(description="One customer of a list and their place in it.")
class CustomerEdge:
    cursor: str = plain("For `after`.")
    node: Customer = plain("The customer.")


@strawberry.type(description="A page of customers.")
class CustomerConnection:
    edges: list[CustomerEdge] = plain("Customers with their cursors.")
    nodes: list[Customer] = plain("The customers alone.")
    page_info: PageInfo = plain("Where this page stands.")
    sources: list[SourceReport] = plain("Which sources were searched: with one down, somebody may be missing.")


def customer_node(operation: Operation, person: Person) -> Customer:
    operation.note_person(person)
    return Customer(operation=operation, person=person)


def view_node(operation: Operation, lookup: Lookup) -> SingleCustomerView:
    """One person is a match, several are candidates."""
    nodes = [customer_node(operation, person) for person in lookup.people]
    state = MatchState.NOT_FOUND if not nodes else MatchState.MATCHED if len(nodes) == 1 else MatchState.AMBIGUOUS
    return SingleCustomerView(
        state=state,
        customer=nodes[0] if state is MatchState.MATCHED else None,
        candidates=sorted(nodes, key=lambda n: operation.gateway.ids.customer(n.person.handle))
        if state is MatchState.AMBIGUOUS
        else [],
        sources=report_nodes(operation, lookup.reports),
    )


async def search_customers(info: Info, search: str, first: int | None, after: str | None) -> CustomerConnection:
    """A page of the people that a text finds, by name and then by id."""
    operation = info.context
    text = read_text("search", search)
    count = read_count(first, None, after, None, 20)
    question = digest_of(["customers", text.casefold()])
    start: tuple[str, str] | None = None
    if after is not None:
        opened = operation.gateway.cursors.open(after, tuple[bytes, str, str])
        if opened is None or opened[0] != question:
            raise BadCursorError
        start = opened[1:]
    lookup = await operation.search(text, _keys_in(operation, text), SEARCH_LIMIT)
    people = [p for p in lookup.people if start is None or operation.search_key(p) > start]
    edges = [
        CustomerEdge(
            cursor=operation.gateway.cursors.seal((question, *operation.search_key(person))),
            node=customer_node(operation, person),
        )
        for person in people[:count]
    ]
    return CustomerConnection(
        edges=edges,
        nodes=[edge.node for edge in edges],
        page_info=PageInfo(
            has_next_page=len(people) > count,
            has_previous_page=after is not None,
            start=edges[0].cursor if edges else None,
            end=edges[-1].cursor if edges else None,
            seal=str,
        ),
        sources=report_nodes(operation, lookup.reports),
    )


def _keys_in(operation: Operation, text: str) -> list[IdentifierValue]:
    """What a search text may be besides a name: a phone, an e-mail, or an id of some source."""
    gateway = operation.gateway
    keys = [identifiers.phone(text, gateway.region), identifiers.email(text)]
    if any(map(str.isdigit, text)) and not any(map(str.isspace, text)):
        keys += [identifiers.external(name, text) for name in (*gateway.sources, *sorted(gateway.namespaces))]
    return [key for key in keys if key is not None]


def _identifier_node(
    operation: Operation,
    identifier: IdentifierValue,
    records: Iterable[Record],
    merged: Mapping[IdentifierValue, Merge],
) -> Identifier | None:
    """`merged`: records that an operator declared to be this customer's."""
    judge = operation.judge
    visible = [r for r in records if judge.sees_record(r)]
    shown = judge.show_identifier(identifier, visible)
    if shown is None:
        return None
    carriers = [r for r in visible if any(h.identifier == identifier for h in r.identifiers)]
    said = {merge.id: merge for record in carriers if (merge := merged.get(own_id(record))) is not None}
    source = identifier.source
    return Identifier(
        id=strawberry.ID(operation.gateway.ids.identifier(identifier)),
        kind=identifier.kind,
        channel=identifier.channel,
        source=source_node(operation, source) if source is not None and judge.reaches(source) else None,
        value=shown.value,
        masked=shown.masked,
        evidence=[
            IdentifierEvidence(
                source=source_node(operation, record.source), by=EvidenceKind.SOURCE, since=record.since or EPOCH
            )
            for record in carriers
        ]
        + [
            IdentifierEvidence(source=None, by=EvidenceKind.OPERATOR, since=merge.at)
            for _, merge in sorted(said.items())
        ],
    )


def _facets_node(operation: Operation, facets: Facets[ServiceId]) -> JourneyFacets:
    return JourneyFacets(
        exhaustive=facets.exhaustive,
        channels=[ChannelCount(channel=c, count=n) for c, n in _ranked(facets.channels)],
        campaigns=[
            CampaignCount(campaign=campaign_node(operation, *key), count=n) for key, n in _ranked(facets.campaigns)
        ],
        queues=[QueueCount(queue=service_node(operation, s), count=n) for s, n in _ranked(facets.queues)],
        agents=[AgentCount(agent=agent_node(operation, *key), count=n) for key, n in _ranked(facets.agents)],
        tags=[TagCount(tag=tag, count=n) for tag, n in _ranked(facets.tags)],
    )


def _ranked(counts: Counter[K]) -> list[tuple[K, int]]:
    """Most frequent first; ties in an order that does not depend on who was read first."""
    return sorted(counts.items(), key=lambda item: (-item[1], str(item[0])))


def _read_zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(read_text("timeZone", name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadUserInputError("`timeZone` must be an IANA time zone, such as Europe/Rome.") from None
