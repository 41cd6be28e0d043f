"""Zendesk Support: its users and tickets, and what they become.

Shapes: Zendesk's API reference, "Users", "User Identities", "Tickets"; "Via object reference", "Via types reference".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

from connectors import identifiers
from connectors.identifiers import external
from connectors.interaction import (
    Address,
    AddressKind,
    Agent,
    Channel,
    Comment,
    Direction,
    HeldIdentifier,
    Identifier,
    Interaction,
    InteractionStatus,
    Link,
    LinkKind,
    Outcome,
    OutcomeKind,
    Queue,
    Record,
    TicketDetails,
    TicketPriority,
    TicketStatus,
)
from connectors.mapping import legs_of, plain_text, plausible, preview, seconds_between

Id = Annotated[int, msgspec.Meta(gt=0)]
Instant = Annotated[datetime, msgspec.Meta(tz=True)]

DESCRIPTION_CHARACTERS = 4000
"""How much of a description is looked at for its preview."""

STATUSES = {
    "new": (InteractionStatus.QUEUED, TicketStatus.NEW),
    "open": (InteractionStatus.ACTIVE, TicketStatus.OPEN),
    "pending": (InteractionStatus.PENDING, TicketStatus.PENDING),
    "hold": (InteractionStatus.ON_HOLD, TicketStatus.ON_HOLD),
    "solved": (InteractionStatus.COMPLETED, TicketStatus.SOLVED),
    "closed": (InteractionStatus.COMPLETED, TicketStatus.CLOSED),
}
UNKNOWN_STATUS = (InteractionStatus.UNKNOWN, TicketStatus.UNKNOWN)

PRIORITIES = {
    "low": TicketPriority.LOW,
    "normal": TicketPriority.NORMAL,
    "high": TicketPriority.HIGH,
    "urgent": TicketPriority.URGENT,
}

CHANNELS = {
    "email": Channel.EMAIL,
    "mail": Channel.EMAIL,
    "web": Channel.WEB,
    "web_form": Channel.WEB,
    "web_widget": Channel.WEB,
    "help_center": Channel.WEB,
    "helpcenter": Channel.WEB,
    "mobile_sdk": Channel.WEB,
    "chat": Channel.CHAT,
    "native_messaging": Channel.WEB_MESSAGING,
    "voice": Channel.VOICE,
    "voicemail": Channel.VOICE,
    "phone_call_inbound": Channel.VOICE,
    "phone_call_outbound": Channel.VOICE,
    "sms": Channel.SMS,
    "text_message": Channel.SMS,
    "whatsapp": Channel.WHATSAPP,
    "line": Channel.LINE,
    "telegram": Channel.TELEGRAM,
    "apple_business_chat": Channel.APPLE_MESSAGES,
    "instagram_dm": Channel.INSTAGRAM,
    "twitter": Channel.X,
    "twitter_dm": Channel.X,
    "twitter_favorite": Channel.X,
    "facebook": Channel.FACEBOOK,
    "facebook_post": Channel.FACEBOOK,
    "facebook_message": Channel.FACEBOOK,
}

# Only an answer is an outcome; `offered` and `unoffered` are none.
RATINGS = {
    "good": Outcome(OutcomeKind.SUCCESS, "CSAT: good"),
    "good_with_comment": Outcome(OutcomeKind.SUCCESS, "CSAT: good"),
    "bad": Outcome(OutcomeKind.FAILURE, "CSAT: bad"),
    "bad_with_comment": Outcome(OutcomeKind.FAILURE, "CSAT: bad"),
}


class User(msgspec.Struct):
    """`active` is false for a deleted user. `phone` may be a number that several users share."""

    id: int
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    external_id: str | None = None
    role: str | None = None
    active: bool | None = None
    created_at: Instant | None = None


class Identity(msgspec.Struct):
    type: str
    value: str
    verified: bool | None = None
    user_id: int | None = None


class Party(msgspec.Struct):
    address: str | None = None
    phone: str | None = None


class ViaSource(msgspec.Struct):
    sender: Party | None = msgspec.field(default=None, name="from")
    receiver: Party | None = msgspec.field(default=None, name="to")
    rel: str | None = None


class Via(msgspec.Struct):
    channel: str | int | None = None
    source: ViaSource | None = None


class Rating(msgspec.Struct):
    """`reason`: of a bad one, where the account asks for it."""

    score: str | None = None
    comment: str | None = None
    reason: str | None = None

    def told(self) -> tuple[str | None, str | None, str | None]:
        return self.score, self.comment, self.reason


class CustomField(msgspec.Struct):
    id: int
    value: Any = None


class Ticket(msgspec.Struct):
    id: int
    requester_id: Id
    created_at: Instant
    updated_at: Instant | None = None
    submitter_id: int | None = None
    assignee_id: Id | None = None
    group_id: Id | None = None
    brand_id: int | None = None
    subject: str | None = None
    description: str | None = None
    status: str | None = None
    priority: str | None = None
    via: Via | None = None
    tags: list[str] | None = None
    custom_fields: list[CustomField] | None = None
    satisfaction_rating: Rating | str | None = None
    is_public: bool | None = None
    from_messaging_channel: bool | None = None
    followup_ids: list[int] | None = None


@dataclass(frozen=True, slots=True)
class Mapper:
    """What the operator says of this source, and the mapping that depends on it."""

    source: str
    agent_url: str
    external_id_source: str | None
    region: str | None
    division: Literal["brand", "group"] | None
    topic_field: int | None

    def record(self, user: User, identities: list[Identity]) -> Record:
        """An address of the profile that is no identity (such as a shared number) was never verified."""
        held = {external(self.source, str(user.id)): True}
        if self.external_id_source and user.external_id:
            held[external(self.external_id_source, user.external_id)] = True
        for identity in identities:
            identifier = self._identifier(identity)
            if identifier is not None:
                held[identifier] = held.get(identifier, False) or identity.verified is True
        profile = (
            identifiers.email(user.email) if user.email else None,
            identifiers.phone(user.phone, self.region) if user.phone else None,
        )
        for identifier in profile:
            if identifier is not None:
                held.setdefault(identifier, False)
        return Record(
            source=self.source,
            id=str(user.id),
            identifiers=tuple(HeldIdentifier(identifier, verified) for identifier, verified in held.items()),
            name=plain_text(user.name),
            since=plausible(user.created_at),
        )

    def _identifier(self, identity: Identity) -> Identifier | None:
        if identity.type == "email":
            return identifiers.email(identity.value)
        if identity.type == "phone_number":
            return identifiers.phone(identity.value, self.region)
        return None

    def interaction(self, ticket: Ticket, queue: Queue | None, agent: Agent | None) -> Interaction | None:
        """None for a ticket that tells no time."""
        started_at = plausible(ticket.created_at)
        if started_at is None:
            return None
        status, ticket_status = STATUSES.get(ticket.status or "", UNKNOWN_STATUS)
        touched_at = max(started_at, plausible(ticket.updated_at) or started_at)
        ended_at = touched_at if status is InteractionStatus.COMPLETED else None
        direction = _direction(ticket)
        outcome, comments = _rating(ticket.satisfaction_rating)
        return Interaction(
            source=self.source,
            external_id=str(ticket.id),
            record_id=str(ticket.requester_id),
            channel=Channel.TICKET,
            direction=direction,
            started_at=started_at,
            last_activity_at=touched_at,
            status=status,
            ended_at=ended_at,
            duration_seconds=seconds_between(started_at, ended_at),
            url=f"{self.agent_url}/agent/tickets/{ticket.id}",
            outcome=outcome,
            legs=legs_of(started_at, ended_at, queue, agent),
            tags=tuple(ticket.tags or ()),
            division_ids=self._division_ids(ticket),
            address=self._address(ticket, direction),
            subject=plain_text(ticket.subject),
            topic=self._topic(ticket),
            preview=_preview(ticket),
            comments=comments,
            details=TicketDetails(
                number=str(ticket.id),
                status=ticket_status,
                source_status=ticket.status or "",
                priority=PRIORITIES.get(ticket.priority or ""),
                opened_via=_opened_via(ticket),
            ),
            links=tuple(Link(LinkKind.REPLY, str(id_)) for id_ in ticket.followup_ids or ()),
        )

    def _division_ids(self, ticket: Ticket) -> tuple[str, ...]:
        id_ = {"brand": ticket.brand_id, "group": ticket.group_id}.get(self.division or "")
        return () if id_ is None else (str(id_),)

    def _topic(self, ticket: Ticket) -> str | None:
        for custom in ticket.custom_fields or ():
            if custom.id == self.topic_field and isinstance(custom.value, str):
                return plain_text(custom.value)
        return None

    def _address(self, ticket: Ticket, direction: Direction) -> Address | None:
        """Of the customer's side alone: where it is not certain who wrote to whom, it might be an agent's."""
        source = ticket.via.source if ticket.via else None
        if source is None or direction is Direction.UNKNOWN:
            return None
        party = source.receiver if direction is Direction.OUTBOUND else source.sender
        if party is None:
            return None
        identifier = identifiers.phone(party.phone, self.region) if party.phone else None
        if identifier is None and party.address:
            identifier = identifiers.email(party.address)
        return None if identifier is None else Address(AddressKind.OTHER, identifier.kind, identifier.value)


def _direction(ticket: Ticket) -> Direction:
    """Calls say it. Else the one who opened it does, unless that was an agent: they note calls, and write first."""
    relation = ticket.via.source.rel if ticket.via and ticket.via.source else None
    if relation == "outbound":
        return Direction.OUTBOUND
    if relation in ("inbound", "voicemail") or ticket.submitter_id == ticket.requester_id:
        return Direction.INBOUND
    return Direction.UNKNOWN


def _preview(ticket: Ticket) -> str | None:
    """The description is the first comment, which agents may write as an internal note; customers cannot."""
    if ticket.is_public is False or ticket.submitter_id != ticket.requester_id or ticket.description is None:
        return None
    return preview(ticket.description[:DESCRIPTION_CHARACTERS])


def _opened_via(ticket: Ticket) -> Channel | None:
    if ticket.via is None or ticket.via.channel is None:
        return None
    unlisted = Channel.WEB_MESSAGING if ticket.from_messaging_channel else Channel.OTHER
    return CHANNELS.get(str(ticket.via.channel), unlisted)


def _rating(rating: Rating | str | None) -> tuple[Outcome | None, tuple[Comment, ...]]:
    """Satisfaction with this ticket (CSAT), which is no NPS."""
    score, text = (rating.score, rating.comment) if isinstance(rating, Rating) else (rating, None)
    outcome = RATINGS.get(score or "")
    said = plain_text(text) if outcome is not None else None
    return outcome, () if said is None else (Comment(said),)
