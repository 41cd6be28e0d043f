"""Freshdesk: its contacts and tickets, and what they become.

Shapes: Freshdesk's API documentation v2, "Contacts", "Tickets" (with `include=stats,description`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

from connectors import identifiers
from connectors.identifiers import external
from connectors.interaction import (
    Agent,
    Channel,
    Direction,
    HeldIdentifier,
    Identifier,
    Interaction,
    InteractionStatus,
    Queue,
    Record,
    TicketDetails,
    TicketPriority,
    TicketStatus,
)
from connectors.mapping import legs_of, plain_text, plausible, preview, seconds_between
from connectors.ticketing.shared import INTERACTION_STATUS

Id = Annotated[int, msgspec.Meta(gt=0)]
Instant = Annotated[datetime, msgspec.Meta(tz=True)]

DESCRIPTION_CHARACTERS = 4000
"""How much of a description is looked at for its preview."""

STATUSES = {2: TicketStatus.OPEN, 3: TicketStatus.PENDING, 4: TicketStatus.SOLVED, 5: TicketStatus.CLOSED}
"""Numbers from 6 on are the account's own."""

STATUS_WORDS = {2: "Open", 3: "Pending", 4: "Resolved", 5: "Closed"}

PRIORITIES = {1: TicketPriority.LOW, 2: TicketPriority.NORMAL, 3: TicketPriority.HIGH, 4: TicketPriority.URGENT}

EMAIL, PORTAL, PHONE, FORUM, TWITTER, FACEBOOK, CHAT, MOBILE_APP, WIDGET, OUTBOUND_EMAIL = range(1, 11)
CHANNELS = {
    EMAIL: Channel.EMAIL,
    PORTAL: Channel.WEB,
    PHONE: Channel.VOICE,
    FORUM: Channel.WEB,
    TWITTER: Channel.X,
    FACEBOOK: Channel.FACEBOOK,
    CHAT: Channel.CHAT,
    MOBILE_APP: Channel.WEB,
    WIDGET: Channel.WEB,
    OUTBOUND_EMAIL: Channel.EMAIL,
}


class Contact(msgspec.Struct):
    """`active`: the contact is verified. An address of somebody who never activated the account is not flagged."""

    id: Id
    name: str | None = None
    email: str | None = None
    other_emails: list[str] | None = None
    phone: str | None = None
    mobile: str | None = None
    unique_external_id: str | int | None = None
    active: bool | None = None
    deleted: bool | None = None
    created_at: Instant | None = None


class Stats(msgspec.Struct):
    resolved_at: Instant | None = None
    closed_at: Instant | None = None


class Ticket(msgspec.Struct):
    id: Id
    requester_id: Id
    created_at: Instant
    updated_at: Instant | None = None
    status: int | None = None
    priority: int | None = None
    source: int | None = None
    subject: str | None = None
    description_text: str | None = None
    type: str | None = None
    responder_id: int | None = None
    group_id: int | None = None
    product_id: int | None = None
    company_id: int | None = None
    tags: list[str] | None = None
    custom_fields: dict[str, Any] | None = None
    is_escalated: bool | None = None
    fr_escalated: bool | None = None
    spam: bool | None = None
    deleted: bool | None = None
    stats: Stats | None = None


@dataclass(frozen=True, slots=True)
class Mapper:
    """What the operator says of this source, and the mapping that depends on it."""

    source: str
    agent_url: str
    external_id_source: str | None
    region: str | None
    division: Literal["group", "product", "company"] | None
    topic_field: str | None
    statuses: Mapping[str, TicketStatus]

    def record(self, contact: Contact) -> Record | None:
        """None for a contact that was deleted."""
        if contact.deleted:
            return None
        held: dict[Identifier, bool | None] = {external(self.source, str(contact.id)): True}
        if self.external_id_source and contact.unique_external_id not in (None, ""):
            held[external(self.external_id_source, str(contact.unique_external_id))] = True
        for address in (contact.email, *(contact.other_emails or ())):
            identifier = identifiers.email(address) if address else None
            if identifier is not None:
                held.setdefault(identifier, contact.active or None)
        for number in (contact.mobile, contact.phone):
            identifier = identifiers.phone(number, self.region) if number else None
            if identifier is not None:
                held[identifier] = None
        return Record(
            source=self.source,
            id=str(contact.id),
            identifiers=tuple(HeldIdentifier(identifier, verified) for identifier, verified in held.items()),
            name=plain_text(contact.name),
            since=plausible(contact.created_at),
        )

    def interaction(self, ticket: Ticket, queue: Queue | None, agent: Agent | None) -> Interaction | None:
        """None for a ticket that tells no time."""
        started_at = plausible(ticket.created_at)
        if started_at is None:
            return None
        ticket_status = self._status(ticket)
        status = INTERACTION_STATUS[ticket_status]
        touched_at = max(started_at, plausible(ticket.updated_at) or started_at)
        ended_at = _ended_at(ticket, started_at, touched_at) if status is InteractionStatus.COMPLETED else None
        division_ids = self._division_ids(ticket)
        return Interaction(
            source=self.source,
            external_id=str(ticket.id),
            record_id=str(ticket.requester_id),
            channel=Channel.TICKET,
            direction=_direction(ticket),
            started_at=started_at,
            last_activity_at=max(touched_at, ended_at or touched_at),
            status=status,
            ended_at=ended_at,
            duration_seconds=seconds_between(started_at, ended_at),
            url=f"{self.agent_url}/a/tickets/{ticket.id}",
            legs=legs_of(started_at, ended_at, queue, agent, division_ids),
            tags=tuple(ticket.tags or ()),
            division_ids=division_ids,
            subject=plain_text(ticket.subject),
            topic=self._topic(ticket),
            preview=preview((ticket.description_text or "")[:DESCRIPTION_CHARACTERS]),
            details=TicketDetails(
                number=str(ticket.id),
                status=ticket_status,
                source_status="" if ticket.status is None else STATUS_WORDS.get(ticket.status, str(ticket.status)),
                priority=PRIORITIES.get(ticket.priority or 0),
                escalated=_is_escalated(ticket),
                opened_via=None if ticket.source is None else CHANNELS.get(ticket.source, Channel.OTHER),
            ),
        )

    def _status(self, ticket: Ticket) -> TicketStatus:
        unlisted = STATUSES.get(ticket.status or 0, TicketStatus.UNKNOWN)
        return self.statuses.get(str(ticket.status), unlisted)

    def _division_ids(self, ticket: Ticket) -> tuple[str, ...]:
        ids = {"group": ticket.group_id, "product": ticket.product_id, "company": ticket.company_id}
        id_ = ids.get(self.division or "")
        return () if id_ is None else (str(id_),)

    def _topic(self, ticket: Ticket) -> str | None:
        if self.topic_field == "type":
            return plain_text(ticket.type)
        value = (ticket.custom_fields or {}).get(self.topic_field or "")
        return plain_text(value) if isinstance(value, str) else None


def _ended_at(ticket: Ticket, started_at: datetime, touched_at: datetime) -> datetime:
    """When it was solved, or else closed: closing follows by itself days later."""
    stats = ticket.stats or Stats()
    return max(started_at, plausible(stats.resolved_at) or plausible(stats.closed_at) or touched_at)


def _direction(ticket: Ticket) -> Direction:
    """Agents note calls of either direction."""
    if ticket.source == OUTBOUND_EMAIL:
        return Direction.OUTBOUND
    if ticket.source in CHANNELS and ticket.source != PHONE:
        return Direction.INBOUND
    return Direction.UNKNOWN


def _is_escalated(ticket: Ticket) -> bool | None:
    """For the first answer or for the solution; None where neither is told."""
    marks = [mark for mark in (ticket.is_escalated, ticket.fr_escalated) if mark is not None]
    return any(marks) if marks else None
