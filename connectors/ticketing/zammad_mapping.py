"""Zammad: its users, tickets, states and articles, and what they become.

Shapes: Zammad's documentation, "REST API" (Introduction, Users, Tickets, Articles, States), read with `expand=true`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr
from functools import cache
from typing import Annotated, Any, Literal

import msgspec

from connectors import identifiers
from connectors.identifiers import external
from connectors.interaction import (
    Address,
    AddressKind,
    Agent,
    Channel,
    Direction,
    HeldIdentifier,
    Interaction,
    InteractionStatus,
    Queue,
    Record,
    TicketDetails,
    TicketPriority,
    TicketStatus,
)
from connectors.mapping import decode_rows, legs_of, plain_text, plausible, preview, seconds_between

Id = Annotated[int, msgspec.Meta(gt=0)]
Instant = Annotated[datetime, msgspec.Meta(tz=True)]

NOBODY = 1
"""The user `-`: owner of tickets that nobody has."""

BODY_CHARACTERS = 4000
"""How much of an article is looked at for the preview."""

STATUSES = {
    "new": (InteractionStatus.QUEUED, TicketStatus.NEW),
    "open": (InteractionStatus.ACTIVE, TicketStatus.OPEN),
    "pending reminder": (InteractionStatus.PENDING, TicketStatus.PENDING),
    "pending action": (InteractionStatus.PENDING, TicketStatus.PENDING),
    "closed": (InteractionStatus.COMPLETED, TicketStatus.CLOSED),
    "merged": (InteractionStatus.COMPLETED, TicketStatus.CLOSED),
    "removed": (InteractionStatus.COMPLETED, TicketStatus.CLOSED),
}
UNKNOWN_STATUS = (InteractionStatus.UNKNOWN, TicketStatus.UNKNOWN)

STATE_TYPES = dict(enumerate(STATUSES, start=1))
"""By their ids in a new installation, for when the name is not told."""

PRIORITIES = {
    "1 low": TicketPriority.LOW,
    "2 normal": TicketPriority.NORMAL,
    "3 high": TicketPriority.HIGH,
}

CHANNELS = {
    "email": Channel.EMAIL,
    "phone": Channel.VOICE,
    "web": Channel.WEB,
    "chat": Channel.CHAT,
    "sms": Channel.SMS,
    "fax": Channel.FAX,
    "whatsapp message": Channel.WHATSAPP,
    "telegram personal-message": Channel.TELEGRAM,
    "twitter status": Channel.X,
    "twitter direct-message": Channel.X,
    "facebook feed post": Channel.FACEBOOK,
    "facebook feed comment": Channel.FACEBOOK,
}


class State(msgspec.Struct):
    """A state is named by the installation, in any language; what it means is its type."""

    id: Id
    name: str | None = None
    state_type_id: int | None = None
    state_type: str | None = None

    @property
    def type(self) -> str:
        return self.state_type or STATE_TYPES.get(self.state_type_id or 0, "")

    @property
    def is_known(self) -> bool:
        return self.type in STATUSES

    @property
    def status(self) -> InteractionStatus:
        return STATUSES.get(self.type, UNKNOWN_STATUS)[0]


class User(msgspec.Struct):
    """`verified` says that somebody signed up with the address; most customers never do."""

    id: Id
    firstname: str | None = None
    lastname: str | None = None
    email: str | None = None
    phone: str | None = None
    mobile: str | None = None
    verified: bool | None = None
    created_at: Instant | None = None

    @property
    def name(self) -> str | None:
        return plain_text(" ".join(part for part in (self.firstname, self.lastname) if part))


class Ticket(msgspec.Struct):
    id: Id
    customer_id: Id
    created_at: Instant
    updated_at: Instant | None = None
    close_at: Instant | None = None
    escalation_at: Instant | None = None
    number: str | None = None
    title: str | None = None
    state_id: int | None = None
    state: str | None = None
    priority: str | None = None
    group_id: int | None = None
    group: str | None = None
    organization_id: int | None = None
    owner_id: int | None = None
    create_article_type: str | None = None
    create_article_sender: str | None = None


class Article(msgspec.Struct):
    """`internal` is what the customer must not see; an article that does not say is taken for one."""

    id: Id
    ticket_id: Id
    internal: bool = True
    type: str | None = None
    sender: str | None = None
    from_: str | None = msgspec.field(default=None, name="from")
    to: str | None = None
    body: str | None = None


@dataclass(frozen=True, slots=True)
class Story:
    """What only a single ticket is asked for. `opening`: the first article that the customer may read."""

    opening: Article | None = None
    tags: tuple[str, ...] = ()


NO_STORY = Story()


@cache
def _custom(attribute: str) -> type[Any]:
    value = ("value", str | int | None, msgspec.field(default=None, name=attribute))
    return msgspec.defstruct("Custom", [("id", int), value])


def custom_values(rows: Iterable[msgspec.Raw], attribute: str | None) -> dict[int, str]:
    """An attribute that this installation added to its users or tickets, by their id."""
    if attribute is None:
        return {}
    found: list[Any] = decode_rows(rows, _custom(attribute))[0]
    return {row.id: str(row.value) for row in found if row.value not in (None, "")}


def opening_of(ticket_id: int, articles: Iterable[Article]) -> Article | None:
    """What was said first, and not among agents or by a machine."""
    said = (a for a in articles if a.ticket_id == ticket_id and not a.internal and a.sender in ("Agent", "Customer"))
    return min(said, key=lambda article: article.id, default=None)


@dataclass(frozen=True, slots=True)
class Mapper:
    """What the operator says of this source, and the mapping that depends on it."""

    source: str
    agent_url: str
    external_id_source: str | None
    region: str | None
    division: Literal["group", "organization"] | None
    priorities: Mapping[str, TicketPriority]

    def record(self, user: User, external_id: str | None) -> Record:
        held: dict[Any, bool | None] = {external(self.source, str(user.id)): True}
        if self.external_id_source and external_id:
            held[external(self.external_id_source, external_id)] = True
        address = identifiers.email(user.email) if user.email else None
        if address is not None:
            held[address] = user.verified or None
        for number in (user.mobile, user.phone):
            identifier = identifiers.phone(number, self.region) if number else None
            if identifier is not None:
                held[identifier] = None
        return Record(
            source=self.source,
            id=str(user.id),
            identifiers=tuple(HeldIdentifier(identifier, verified) for identifier, verified in held.items()),
            name=user.name,
            since=plausible(user.created_at),
        )

    def interaction(
        self,
        ticket: Ticket,
        state: State | None,
        agent: Agent | None,
        topic: str | None,
        now: datetime,
        story: Story = NO_STORY,
    ) -> Interaction | None:
        """None for a ticket that tells no time."""
        started_at = plausible(ticket.created_at)
        if started_at is None:
            return None
        status, ticket_status = STATUSES.get(state.type if state else "", UNKNOWN_STATUS)
        touched_at = max(started_at, plausible(ticket.updated_at) or started_at)
        ended_at = None
        if status is InteractionStatus.COMPLETED:
            ended_at = max(started_at, plausible(ticket.close_at) or touched_at)
        division_ids = self._division_ids(ticket)
        direction = _direction(ticket)
        return Interaction(
            source=self.source,
            external_id=str(ticket.id),
            record_id=str(ticket.customer_id),
            channel=Channel.TICKET,
            direction=direction,
            started_at=started_at,
            last_activity_at=max(touched_at, ended_at or touched_at),
            status=status,
            ended_at=ended_at,
            duration_seconds=seconds_between(started_at, ended_at),
            url=f"{self.agent_url}/#ticket/zoom/{ticket.id}",
            legs=legs_of(started_at, ended_at, _queue(ticket), agent, division_ids),
            tags=story.tags,
            division_ids=division_ids,
            address=self._address(story.opening),
            subject=plain_text(ticket.title),
            topic=plain_text(topic),
            preview=preview((story.opening.body or "")[:BODY_CHARACTERS]) if story.opening else None,
            details=TicketDetails(
                number=ticket.number or str(ticket.id),
                status=ticket_status,
                source_status=ticket.state or (state.name if state else None) or "",
                priority=self.priorities.get(ticket.priority or "") or PRIORITIES.get(ticket.priority or ""),
                escalated=_is_escalated(ticket, status, now),
                opened_via=_opened_via(ticket),
            ),
        )

    def _division_ids(self, ticket: Ticket) -> tuple[str, ...]:
        id_ = {"group": ticket.group_id, "organization": ticket.organization_id}.get(self.division or "")
        return () if id_ is None else (str(id_),)

    def _address(self, opening: Article | None) -> Address | None:
        """Of the customer's side: who wrote, or whom an agent wrote to."""
        told = None if opening is None else opening.from_ if opening.sender == "Customer" else opening.to
        if not told:
            return None
        identifier = identifiers.email(parseaddr(told)[1]) or identifiers.phone(told, self.region)
        return None if identifier is None else Address(AddressKind.OTHER, identifier.kind, identifier.value)


def _queue(ticket: Ticket) -> Queue | None:
    return None if ticket.group_id is None else Queue(str(ticket.group_id), ticket.group or str(ticket.group_id))


def _direction(ticket: Ticket) -> Direction:
    """An agent who opens one with a note may have been called, or have written to nobody."""
    if ticket.create_article_sender == "Customer":
        return Direction.INBOUND
    if ticket.create_article_sender == "Agent" and ticket.create_article_type not in (None, "note"):
        return Direction.OUTBOUND
    return Direction.UNKNOWN


def _opened_via(ticket: Ticket) -> Channel | None:
    if ticket.create_article_type is None:
        return None
    return CHANNELS.get(ticket.create_article_type, Channel.OTHER)


def _is_escalated(ticket: Ticket, status: InteractionStatus, now: datetime) -> bool:
    """The next of its service levels has passed. A closed ticket keeps none."""
    due = plausible(ticket.escalation_at)
    return status is not InteractionStatus.COMPLETED and due is not None and due < now


def agent_of(ticket: Ticket, names: Mapping[int, str | None]) -> Agent | None:
    owner = ticket.owner_id
    return None if owner in (None, NOBODY) else Agent(str(owner), names.get(owner or 0) or str(owner))


def is_removed(state: State | None) -> bool:
    """What people deleted stays in the table under a state of this type."""
    return state is not None and state.type == "removed"


def owner_ids(tickets: Sequence[Ticket]) -> list[int]:
    return sorted({ticket.owner_id for ticket in tickets if ticket.owner_id not in (None, NOBODY)})
