"""Intercom: contacts and conversations, and what they become.

Shapes: REST API 2.14, "Contacts" and "Conversations". Times are Unix seconds. Ids of admins and teams are numbers in
conversations and texts everywhere else. Texts are HTML.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import msgspec

from connectors import identifiers
from connectors.interaction import (
    Address,
    AddressKind,
    Agent,
    Attachment,
    CallDetails,
    Channel,
    ConversationDetails,
    Details,
    Direction,
    HeldIdentifier,
    IdentifierKind,
    Interaction,
    InteractionStatus,
    Message,
    MessageParty,
    Queue,
    Record,
)
from connectors.mapping import decode_rows, from_unix, legs_of, plain_text, preview, seconds_between

CHANNELS = {
    "conversation": Channel.CHAT,
    "phone_switch": Channel.CHAT,  # a caller who was led over to the messenger
    "email": Channel.EMAIL,
    "facebook": Channel.FACEBOOK,
    "instagram": Channel.INSTAGRAM,
    "phone_call": Channel.VOICE,
    "sms": Channel.SMS,
    "twitter": Channel.X,
    "whatsapp": Channel.WHATSAPP,
}
DIRECTIONS = {
    "customer_initiated": Direction.INBOUND,
    "admin_initiated": Direction.OUTBOUND,
    "automated": Direction.OUTBOUND,
    "campaigns_initiated": Direction.OUTBOUND,
}
"""`operator_initiated` is a bot that speaks first, to a visitor who came on purpose or not: that cannot be told."""

PUBLIC_PARTS = frozenset({"comment", "open", "close", "quick_reply"})
"""Parts that the customer was shown. Notes, assignments and all that is not known stay inside."""

_CUSTOMERS = frozenset({"user", "lead", "contact"})
_NOBODY = ("", "0")

Id = int | str


class ContactRow(msgspec.Struct):
    id: str
    external_id: str | None = None
    email: str | None = None
    phone: str | None = None
    name: str | None = None
    created_at: float | None = None


class _Author(msgspec.Struct):
    type: str | None = None
    id: Id | None = None
    name: str | None = None
    email: str | None = None
    from_ai_agent: bool | None = None


class _File(msgspec.Struct):
    name: str | None = None
    url: str | None = None
    content_type: str | None = None


class _Source(msgspec.Struct):
    """What began the conversation; also its first message."""

    type: str | None = None
    delivered_as: str | None = None
    subject: str | None = None
    body: str | None = None
    author: _Author | None = None
    attachments: list[_File] | None = None


class Part(msgspec.Struct):
    created_at: float
    part_type: str
    body: str | None = None
    author: _Author | None = None
    attachments: list[_File] | None = None
    redacted: bool | None = None


class _Parts(msgspec.Struct):
    conversation_parts: list[msgspec.Raw] | None = None
    total_count: int | None = None


class _Contact(msgspec.Struct):
    id: str


class _Contacts(msgspec.Struct):
    contacts: list[_Contact] | None = None


class _Tag(msgspec.Struct):
    name: str | None = None


class _Tags(msgspec.Struct):
    tags: list[_Tag] | None = None


class _Statistics(msgspec.Struct):
    last_close_at: float | None = None


class ConversationRow(msgspec.Struct):
    id: str
    created_at: float
    contacts: _Contacts
    title: str | None = None
    updated_at: float | None = None
    waiting_since: float | None = None
    state: str | None = None
    admin_assignee_id: Id | None = None
    team_assignee_id: Id | None = None
    tags: _Tags | None = None
    source: _Source | None = None
    statistics: _Statistics | None = None
    conversation_parts: _Parts | None = None


def record(contact: ContactRow, source: str, external_id_source: str | None, region: str | None) -> Record:
    """Intercom takes what a company's pages or apps send, and tells of no verification."""
    carried = [identifiers.email(contact.email or ""), identifiers.phone(contact.phone or "", region)]
    customer = (contact.external_id or "").strip()
    if external_id_source is not None and customer:
        carried.append(identifiers.external(external_id_source, customer))
    held = [HeldIdentifier(identifiers.external(source, contact.id), True)]
    held += [HeldIdentifier(one) for one in dict.fromkeys(carried) if one is not None]
    return Record(
        source=source,
        id=contact.id,
        identifiers=tuple(held),
        name=(contact.name or "").strip() or None,
        since=from_unix(contact.created_at),
    )


@dataclass(frozen=True, slots=True)
class Names:
    """Of admins and teams, by id; those that may not be read are missing."""

    admins: Mapping[str, str]
    teams: Mapping[str, str]

    def agent(self, id_: Id | None) -> Agent | None:
        found = _id(id_)
        return None if found is None else Agent(found, self.admins.get(found) or found)

    def queue(self, id_: Id | None) -> Queue | None:
        found = _id(id_)
        return None if found is None else Queue(found, self.teams.get(found) or found)


@dataclass(frozen=True, slots=True)
class ConversationMapper:
    source: str

    def conversation(
        self, row: ConversationRow, names: Names, inbox_url: str, asked: Collection[str] = ()
    ) -> Interaction | None:
        """None for one that is nobody's, or that does not say when it began.

        asked: contacts whose conversations were asked for; of several in one conversation it is told of such a one.
        inbox_url: what an admin's link to a conversation begins with.
        """
        started_at = from_unix(row.created_at)
        people = [contact.id for contact in row.contacts.contacts or () if contact.id]
        if started_at is None or not people or not row.id:
            return None
        source = row.source or _Source()
        channel = CHANNELS.get(source.type or "", Channel.OTHER)
        told = _messages(row, source, names)
        active_at = max(started_at, from_unix(row.updated_at) or started_at, *(message.at for message in told))
        closed_at = None if row.statistics is None else from_unix(row.statistics.last_close_at)
        ended_at = max(started_at, closed_at or active_at) if row.state == "closed" else None
        agent, queue = names.agent(row.admin_assignee_id), names.queue(row.team_assignee_id)
        direction = _direction(source)
        return Interaction(
            source=self.source,
            external_id=row.id,
            record_id=next((id_ for id_ in people if id_ in asked), people[0]),
            channel=channel,
            direction=direction,
            started_at=started_at,
            ended_at=ended_at,
            last_activity_at=max(active_at, ended_at or active_at),
            duration_seconds=seconds_between(started_at, ended_at),
            status=_status(row, agent, direction),
            url=f"{inbox_url}/{row.id}",
            legs=legs_of(started_at, ended_at, queue, agent),
            tags=tuple(tag.name for tag in (row.tags.tags if row.tags else None) or () if tag.name),
            address=_address(channel, source),
            subject=plain_text(row.title) or plain_text(source.subject),
            preview=preview(source.body),
            details=_details(channel, row, told),
        )


def _id(id_: Id | None) -> str | None:
    text = "" if id_ is None else str(id_)
    return None if text in _NOBODY else text


def _direction(source: _Source) -> Direction:
    known = DIRECTIONS.get(source.delivered_as or "")
    if known is not None:
        return known
    by_customer = source.author is not None and source.author.type in _CUSTOMERS
    return Direction.INBOUND if by_customer else Direction.UNKNOWN


def _status(row: ConversationRow, agent: Agent | None, direction: Direction) -> InteractionStatus:
    """An open one waits for the customer when the company spoke last: `waiting_since` is null then."""
    if row.state == "snoozed":
        return InteractionStatus.ON_HOLD
    if row.state == "closed":
        return InteractionStatus.COMPLETED
    if row.state != "open":
        return InteractionStatus.UNKNOWN
    if from_unix(row.waiting_since) is None and (agent is not None or direction is Direction.OUTBOUND):
        return InteractionStatus.PENDING
    return InteractionStatus.QUEUED if agent is None else InteractionStatus.ACTIVE


def _address(channel: Channel, source: _Source) -> Address | None:
    """Of an e-mail that the customer wrote; other channels do not tell which of the contact's addresses it was."""
    if channel is not Channel.EMAIL or source.author is None or source.author.type not in _CUSTOMERS:
        return None
    used = identifiers.email(source.author.email or "")
    return None if used is None else Address(AddressKind.OTHER, IdentifierKind.EMAIL, used.value)


def _messages(row: ConversationRow, source: _Source, names: Names) -> tuple[Message, ...]:
    """The first message, and the public parts where they were told: of one conversation, not of a list."""
    parts = (row.conversation_parts.conversation_parts if row.conversation_parts else None) or ()
    shown = [part for part in decode_rows(parts, Part)[0] if part.part_type in PUBLIC_PARTS]
    first = Part(row.created_at, "comment", source.body, source.author, source.attachments)
    told = (_message(part, names) for part in (first, *shown) if part.body or part.attachments)
    return tuple(sorted((message for message in told if message is not None), key=lambda message: message.at))


def _message(part: Part, names: Names) -> Message | None:
    at = from_unix(part.created_at)
    if at is None:
        return None
    party = _party(part.author)
    files = part.attachments or ()
    return Message(
        at=at,
        party=party,
        text=None if part.redacted else plain_text(part.body),
        agent=_speaker(part.author, names) if party is MessageParty.AGENT else None,
        attachments=tuple(Attachment(file.name, file.content_type, file.url) for file in files),
    )


def _party(author: _Author | None) -> MessageParty:
    if author is None:
        return MessageParty.SYSTEM
    if author.type in _CUSTOMERS:
        return MessageParty.CUSTOMER
    if author.type == "bot" or author.from_ai_agent:
        return MessageParty.BOT
    return MessageParty.AGENT if author.type == "admin" else MessageParty.SYSTEM


def _speaker(author: _Author | None, names: Names) -> Agent | None:
    agent = names.agent(author.id) if author is not None else None
    if agent is None or author is None:
        return None
    return Agent(agent.id, author.name) if author.name and agent.name == agent.id else agent


def _details(channel: Channel, row: ConversationRow, told: tuple[Message, ...]) -> Details | None:
    if channel is Channel.OTHER:
        return None
    if channel is Channel.VOICE:
        return CallDetails()
    spoke = {message.party for message in told}
    parts = row.conversation_parts
    is_whole = parts is not None and len(parts.conversation_parts or ()) == (parts.total_count or 0)
    return ConversationDetails(
        agentless=is_whole and not spoke & {MessageParty.AGENT, MessageParty.CUSTOMER},
        message_count=len(told) if is_whole else None,
        messages=told,
    )
