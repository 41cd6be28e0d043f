"""A source as somebody else's package would bring it: `bench_desk`, found through the entry-point group.

It knows who somebody is without asking (its record ids are the customers' numbers), so that a page costs exactly one
call a source: what is measured is the gateway, not a vendor's lookup.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Generic, TypeVar

import msgspec

from connectors.base import Capabilities, Fetched, Query, VendorConnector
from connectors.deadline import Deadline
from connectors.http import Auth
from connectors.identifiers import external
from connectors.interaction import (
    Agent,
    Channel,
    Direction,
    HeldIdentifier,
    Identifier,
    IdentifierKind,
    Interaction,
    InteractionStatus,
    Leg,
    LegKind,
    Queue,
    Record,
    SourceKind,
)
from connectors.mapping import decode_listing

R = TypeVar("R")

PHONE_PREFIX = "+999"
"""A country code that nobody has."""
_MAIL_DOMAIN = "@example.org"


class Row(msgspec.Struct):
    id: str
    customer: str
    url: str
    channel: Channel
    direction: Direction
    started_at: datetime
    ended_at: datetime | None
    last_activity_at: datetime
    duration_seconds: int | None
    status: InteractionStatus
    subject: str | None
    topic: str | None
    preview: str | None
    agent: Agent | None
    queue: Queue | None
    tags: tuple[str, ...]
    division: str


class RowPage(msgspec.Struct, Generic[R]):
    rows: list[R]
    next: int | None


class BenchDesk(VendorConnector):
    vendor = "bench_desk"
    kind = SourceKind.OTHER
    channels = frozenset({Channel.VOICE, Channel.TICKET, Channel.CHAT, Channel.WHATSAPP, Channel.EMAIL})
    capabilities = Capabilities(
        seek=True,
        ascending=False,
        finds_by=frozenset({IdentifierKind.PHONE, IdentifierKind.EMAIL, IdentifierKind.EXTERNAL_ID}),
        order_guaranteed=True,
        window_granularity_seconds=0,
        page_cap=250,
    )

    def auth(self) -> Auth | None:
        return None

    async def check(self, deadline: Deadline) -> None:
        await self.http.get("/rows", RowPage[msgspec.Raw], deadline, [("customer", "00000000"), ("limit", 1)])

    def records_at_once(self, identifiers: Sequence[Identifier]) -> list[Record]:
        customers = dict.fromkeys(map(_customer_of, identifiers))
        return [record_of(self.name, customer) for customer in customers]

    async def fetch_records(self, identifiers: Sequence[Identifier], deadline: Deadline) -> list[Record]:
        return self.records_at_once(identifiers)

    async def fetch_page(self, records: Sequence[Record], query: Query, deadline: Deadline) -> Fetched:
        """One record a source: this desk has no duplicates."""
        params: list[tuple[str, str | int]] = [("customer", records[0].id), ("limit", query.limit)]
        if query.cursor is not None:
            params.append(("before", query.cursor))
        elif query.window.end is not None:
            params.append(("before", _microseconds(query.window.end)))
        answer = await self.http.send("GET", "/rows", deadline, params=params)
        page, dropped = decode_listing(self.http, answer.body, RowPage, Row)
        return Fetched(list(map(self._interaction, page.rows)), page.next, dropped=dropped)

    async def fetch_one(self, external_id: str, deadline: Deadline) -> Interaction | None:
        return None

    def _interaction(self, row: Row) -> Interaction:
        leg = Leg(row.started_at, row.ended_at, LegKind.AGENT, row.queue, row.agent)
        return Interaction(
            source=self.name,
            external_id=row.id,
            record_id=row.customer,
            channel=row.channel,
            direction=row.direction,
            started_at=row.started_at,
            ended_at=row.ended_at,
            last_activity_at=row.last_activity_at,
            duration_seconds=row.duration_seconds,
            status=row.status,
            url=row.url,
            legs=(leg,),
            tags=row.tags,
            division_ids=(row.division,),
            subject=row.subject,
            topic=row.topic,
            preview=row.preview,
        )


def phone_of(customer: str) -> Identifier:
    return Identifier(IdentifierKind.PHONE, PHONE_PREFIX + customer)


def record_of(source: str, customer: str) -> Record:
    return Record(
        source=source,
        id=customer,
        name=f"Customer {customer}",
        identifiers=(
            HeldIdentifier(external(source, customer), verified=True),
            HeldIdentifier(phone_of(customer), verified=True),
            HeldIdentifier(Identifier(IdentifierKind.EMAIL, customer + _MAIL_DOMAIN), verified=True),
        ),
        division_ids=("north",),
    )


def _customer_of(identifier: Identifier) -> str:
    return identifier.value.removeprefix(PHONE_PREFIX).removesuffix(_MAIL_DOMAIN)


def _microseconds(at: datetime) -> int:
    return int(at.timestamp()) * 1_000_000 + at.microsecond
