"""Acme Desk: the tickets of its contacts.

Shapes: the documentation of Acme Desk's API v2, "Contacts" and "Tickets".
Times are ISO 8601 with an offset; an opaque cursor leads on.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec

from connectors import identifiers
from connectors.base import Capabilities, Fetched, NoOptions, Query, VendorConnector
from connectors.deadline import Deadline
from connectors.http import Auth, StaticAuth, segment
from connectors.interaction import (
    Address,
    AddressKind,
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
    TicketDetails,
    TicketStatus,
)
from connectors.mapping import decode_rows, map_rows, plain_text, plausible, preview, seconds_between, together

API = "/api/v2"
STATUSES = {
    "new": InteractionStatus.QUEUED,
    "open": InteractionStatus.ACTIVE,
    "waiting": InteractionStatus.PENDING,
    "closed": InteractionStatus.COMPLETED,
}
TICKET_STATUSES = {
    "new": TicketStatus.NEW,
    "open": TicketStatus.OPEN,
    "waiting": TicketStatus.PENDING,
    "closed": TicketStatus.CLOSED,
}
DIRECTIONS = {"in": Direction.INBOUND, "out": Direction.OUTBOUND}

Time = Annotated[datetime, msgspec.Meta(tz=True)]


class ContactRow(msgspec.Struct):
    id: str
    name: str | None = None
    phone: str | None = None
    email: str | None = None
    external_id: str | None = None


class _Contacts(msgspec.Struct):
    contacts: list[msgspec.Raw]


class _Named(msgspec.Struct):
    id: str
    name: str | None = None


class TicketRow(msgspec.Struct):
    id: str
    contact_id: str
    opened_at: Time
    updated_at: Time | None = None
    closed_at: Time | None = None
    status: str | None = None
    direction: str | None = None
    subject: str | None = None
    text: str | None = None
    phone: str | None = None
    queue: _Named | None = None
    agent: _Named | None = None
    tags: list[str] | None = None


class _Tickets(msgspec.Struct):
    tickets: list[msgspec.Raw]
    next: str | None = None


class Credentials(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    token: str


class AcmeDesk(VendorConnector):
    vendor = "acme_desk"
    kind = SourceKind.TICKETING
    channels = frozenset({Channel.TICKET})
    Credentials = Credentials
    Options = NoOptions
    capabilities = Capabilities(
        seek=True,
        ascending=True,
        finds_by=frozenset({IdentifierKind.PHONE, IdentifierKind.EMAIL, IdentifierKind.EXTERNAL_ID}),
        order_guaranteed=True,
        window_granularity_seconds=0,
        page_cap=100,
        cannot_see="Whatever the token's owner may not read.",
    )

    def auth(self) -> Auth:
        return StaticAuth("Authorization", f"Bearer {self.credentials.token}")

    async def check(self, deadline: Deadline) -> None:
        await self.http.get(f"{API}/contacts", _Contacts, deadline, [("email", "nobody@example.org")])

    async def fetch_records(self, identifiers: Sequence[Identifier], deadline: Deadline) -> list[Record]:
        found = await together(self._contacts(identifier, deadline) for identifier in identifiers)
        return [self._record(contact) for contacts in found for contact in contacts]

    async def _contacts(self, identifier: Identifier, deadline: Deadline) -> list[ContactRow]:
        if identifier.kind is IdentifierKind.EXTERNAL_ID and identifier.source == self.name:
            one = await self.http.get_or_none(f"{API}/contacts/{segment(identifier.value)}", ContactRow, deadline)
            return [] if one is None else [one]
        listing = await self.http.get(
            f"{API}/contacts", _Contacts, deadline, [(identifier.kind.lower(), identifier.value)]
        )
        return decode_rows(listing.contacts, ContactRow)[0]

    async def fetch_page(self, records: Sequence[Record], query: Query, deadline: Deadline) -> Fetched:
        """The vendor's window is exact, includes its start and leaves out its end, as ours does."""
        params: list[tuple[str, str | int]] = [
            ("contact_ids", ",".join(record.id for record in records)),
            ("order", "asc" if query.ascending else "desc"),
            ("limit", query.limit),
        ]
        edges = (("from", query.window.start), ("until", query.window.end))
        params += [(name, at.isoformat()) for name, at in edges if at is not None]
        params += [] if query.cursor is None else [("cursor", query.cursor)]
        page = await self.http.get(f"{API}/tickets", _Tickets, deadline, params)
        rows, dropped = map_rows(page.tickets, TicketRow, self._interaction)
        return Fetched(rows, page.next, dropped=dropped)

    async def fetch_one(self, external_id: str, deadline: Deadline) -> Interaction | None:
        row = await self.http.get_or_none(f"{API}/tickets/{segment(external_id)}", TicketRow, deadline)
        return None if row is None else self._interaction(row)

    def _record(self, contact: ContactRow) -> Record:
        told = [
            identifiers.phone(contact.phone or "", self.config.region),
            identifiers.email(contact.email or ""),
        ]
        if self.config.external_id_source is not None and contact.external_id:
            told.append(identifiers.external(self.config.external_id_source, contact.external_id))
        held = [HeldIdentifier(identifiers.external(self.name, contact.id), verified=True)]
        held += [HeldIdentifier(identifier) for identifier in dict.fromkeys(told) if identifier is not None]
        return Record(source=self.name, id=contact.id, identifiers=tuple(held), name=plain_text(contact.name))

    def _interaction(self, row: TicketRow) -> Interaction | None:
        """None for one that does not say when it began."""
        started_at = plausible(row.opened_at)
        if started_at is None or not row.id.strip():
            return None
        closed_at = plausible(row.closed_at)
        ended_at = None if closed_at is None else max(started_at, closed_at)
        queue = None if row.queue is None else Queue(row.queue.id, row.queue.name or row.queue.id)
        agent = None if row.agent is None else Agent(row.agent.id, row.agent.name or row.agent.id)
        leg = Leg(started_at, ended_at, LegKind.QUEUE if agent is None else LegKind.AGENT, queue, agent)
        phone = identifiers.phone(row.phone or "", self.config.region)
        return Interaction(
            source=self.name,
            external_id=row.id,
            record_id=row.contact_id,
            channel=Channel.TICKET,
            direction=DIRECTIONS.get(row.direction or "", Direction.UNKNOWN),
            started_at=started_at,
            last_activity_at=max(started_at, ended_at or started_at, plausible(row.updated_at) or started_at),
            ended_at=ended_at,
            duration_seconds=seconds_between(started_at, ended_at),
            status=STATUSES.get(row.status or "", InteractionStatus.UNKNOWN),
            url=f"{self.config.base_url.rstrip('/')}/tickets/{segment(row.id)}",
            legs=(leg,) if queue or agent else (),
            tags=tuple(row.tags or ()),
            address=None if phone is None else Address(AddressKind.OTHER, IdentifierKind.PHONE, phone.value),
            subject=plain_text(row.subject),
            preview=preview(row.text),
            details=_details(row),
        )


def _details(row: TicketRow) -> TicketDetails:
    status = row.status or ""
    return TicketDetails(row.id, TICKET_STATUSES.get(status, TicketStatus.UNKNOWN), status)
