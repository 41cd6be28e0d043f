"""Chatwoot: contacts, conversations and messages, and what they become.

Shapes: Chatwoot's Application API description, "Contacts", "Conversations", "Messages", "Inboxes". Times are Unix
seconds, some with a fraction; zero is written for "never".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

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
    DeliveryState,
    Details,
    Direction,
    HeldIdentifier,
    Identifier,
    IdentifierKind,
    Interaction,
    InteractionStatus,
    Leg,
    LegKind,
    Message,
    MessageParty,
    Queue,
    Record,
)
from connectors.mapping import decode_rows, from_unix, plain_text, preview, seconds_between

CHANNELS = {
    "Channel::WebWidget": Channel.CHAT,
    "Channel::Api": Channel.CHAT,  # a chat of the company's own, on the web or in an app
    "Channel::Email": Channel.EMAIL,
    "Channel::Whatsapp": Channel.WHATSAPP,
    "Channel::TwilioSms": Channel.SMS,
    "Channel::Sms": Channel.SMS,
    "Channel::FacebookPage": Channel.FACEBOOK,
    "Channel::Instagram": Channel.INSTAGRAM,
    "Channel::Telegram": Channel.TELEGRAM,
    "Channel::Line": Channel.LINE,
    "Channel::TwitterProfile": Channel.X,
    "Channel::Voice": Channel.VOICE,
}
_PHONE_CHANNELS = frozenset({Channel.SMS, Channel.VOICE})
STATUSES = {
    "pending": InteractionStatus.QUEUED,  # with a bot, until it hands over
    "snoozed": InteractionStatus.ON_HOLD,
    "resolved": InteractionStatus.COMPLETED,
}
_DELIVERIES = {
    "sent": DeliveryState.SENT,
    "delivered": DeliveryState.DELIVERED,
    "read": DeliveryState.READ,
    "failed": DeliveryState.FAILED,
}
_INCOMING, _OUTGOING, _TEMPLATE = 0, 1, 3
_BOTS = frozenset({"agentbot", "agent_bot", "captain::assistant", "captain_assistant"})
OPENING_SECONDS = 2.0
"""A person's message so soon after a conversation's start opened it: nobody answers that fast."""


class InboxRow(msgspec.Struct):
    id: int
    name: str | None = None
    channel_type: str | None = None
    medium: str | None = None
    csat_survey_enabled: bool | None = None


class _ContactInbox(msgspec.Struct):
    source_id: str | None = None
    inbox: InboxRow | None = None


class ContactRow(msgspec.Struct):
    id: int
    name: str | None = None
    email: str | None = None
    phone_number: str | None = None
    identifier: str | None = None
    created_at: float | None = None
    contact_inboxes: list[msgspec.Raw] | None = None


class _Person(msgspec.Struct):
    id: int | None = None
    name: str | None = None
    available_name: str | None = None
    type: str | None = None


class _File(msgspec.Struct):
    data_url: str | None = None


class MessageRow(msgspec.Struct):
    id: int
    created_at: float
    message_type: int
    content: str | None = None
    private: bool | None = None
    status: str | None = None
    sender_type: str | None = None
    sender: _Person | None = None
    attachments: list[_File] | None = None


class _Contact(msgspec.Struct):
    """The customer as a conversation carries it."""

    id: int
    email: str | None = None
    phone_number: str | None = None


class _Team(msgspec.Struct):
    id: int
    name: str | None = None


class _Meta(msgspec.Struct):
    sender: _Contact
    channel: str | None = None
    assignee: _Person | None = None
    team: _Team | None = None


class ConversationRow(msgspec.Struct):
    id: int
    meta: _Meta
    created_at: float
    status: str | None = None
    inbox_id: int | None = None
    labels: list[str] | None = None
    additional_attributes: dict[str, Any] | None = None
    first_reply_created_at: float | None = None
    last_activity_at: float | None = None
    updated_at: float | None = None
    messages: list[msgspec.Raw] | None = None
    last_non_activity_message: msgspec.Raw = msgspec.Raw(b"null")

    def last_messages(self) -> list[MessageRow]:
        """The one or two that come with a conversation, oldest first."""
        return by_age(decode_rows([*(self.messages or ()), self.last_non_activity_message], MessageRow)[0])


def by_age(messages: Iterable[MessageRow]) -> list[MessageRow]:
    """Each once, oldest first."""
    return sorted({m.id: m for m in messages}.values(), key=lambda m: (m.created_at, m.id))


def record(contact: ContactRow, source: str, external_id_source: str | None, region: str | None) -> Record:
    held = [HeldIdentifier(identifiers.external(source, str(contact.id)), True)]
    told = [
        identifiers.phone(contact.phone_number or "", region),
        identifiers.email(contact.email or ""),
        *(_whatsapp(row) for row in decode_rows(contact.contact_inboxes or (), _ContactInbox)[0]),
    ]
    if external_id_source is not None and contact.identifier:
        told.append(identifiers.external(external_id_source, contact.identifier))
    held += [HeldIdentifier(identifier) for identifier in dict.fromkeys(told) if identifier is not None]
    return Record(
        source=source,
        id=str(contact.id),
        identifiers=tuple(held),
        name=(contact.name or "").strip() or None,
        since=from_unix(contact.created_at),
    )


def _whatsapp(row: _ContactInbox) -> Identifier | None:
    """The number or user id that a WhatsApp inbox knows the contact by."""
    if row.inbox is None or not row.source_id or inbox_channel(row.inbox) is not Channel.WHATSAPP:
        return None
    return identifiers.whatsapp(row.source_id)


def inbox_channel(inbox: InboxRow) -> Channel:
    if inbox.channel_type == "Channel::TwilioSms" and inbox.medium == "whatsapp":
        return Channel.WHATSAPP
    return CHANNELS.get(inbox.channel_type or "", Channel.OTHER)


@dataclass(frozen=True, slots=True)
class ConversationMapper:
    """`conversations_url`: what an agent's link to one begins with."""

    source: str
    conversations_url: str
    region: str | None

    def conversation(
        self,
        row: ConversationRow,
        inboxes: Mapping[int, InboxRow],
        messages: Sequence[MessageRow] | None = None,
        *,
        is_whole: bool = False,
    ) -> Interaction | None:
        """None for one that does not say when it began.

        messages: oldest first, where they were read apart from the conversation. is_whole: these are all of them.
        """
        started_at = from_unix(row.created_at)
        if started_at is None:
            return None
        inbox = inboxes.get(row.inbox_id or 0) or InboxRow(row.inbox_id or 0, channel_type=row.meta.channel)
        channel = _channel(row, inbox)
        public = [m for m in (row.last_messages() if messages is None else messages) if _is_public(m)]
        told = tuple(message for message in map(_message, public) if message is not None)
        active_at = from_unix(row.last_activity_at) or from_unix(row.updated_at) or started_at
        active_at = max(started_at, active_at, *(message.at for message in told))
        ended_at = active_at if row.status == "resolved" else None
        agent = _agent(row.meta.assignee)
        direction = _direction(row, public, is_whole=is_whole)
        return Interaction(
            source=self.source,
            external_id=str(row.id),
            record_id=str(row.meta.sender.id),
            channel=channel,
            direction=direction,
            started_at=started_at,
            ended_at=ended_at,
            last_activity_at=active_at,
            duration_seconds=seconds_between(started_at, ended_at),
            status=_status(row.status, agent),
            url=f"{self.conversations_url}/{row.id}",
            legs=(
                Leg(
                    started_at=started_at,
                    ended_at=ended_at,
                    kind=LegKind.QUEUE if agent is None else LegKind.AGENT,
                    queue=_queue(row.meta.team, inbox),
                    agent=agent,
                ),
            ),
            tags=tuple(row.labels or ()),
            address=self._address(channel, row.meta.sender),
            subject=_mail_subject(row),
            inbox=(str(inbox.id), *([inbox.name] if inbox.name else ())),
            preview=next((preview(m.text) for m in reversed(told) if m.text), None),
            details=_details(channel, agent, direction, told, len(told) if is_whole else None),
        )

    def _address(self, channel: Channel, contact: _Contact) -> Address | None:
        """What the conversation was held with, where the channel says which of the contact's addresses that is."""
        used: Identifier | None = None
        if channel is Channel.EMAIL:
            used = identifiers.email(contact.email or "")
        elif channel is Channel.WHATSAPP:
            number = identifiers.e164(contact.phone_number or "", self.region)
            used = None if number is None else Identifier(IdentifierKind.WHATSAPP, number)
        elif channel in _PHONE_CHANNELS:
            used = identifiers.phone(contact.phone_number or "", self.region)
        return None if used is None else Address(AddressKind.OTHER, used.kind, used.value)


def _channel(row: ConversationRow, inbox: InboxRow) -> Channel:
    channel = inbox_channel(inbox)
    kind = (row.additional_attributes or {}).get("type")
    if channel is Channel.FACEBOOK and kind == "instagram_direct_message":  # older servers carry both on one page
        return Channel.INSTAGRAM
    return channel


def _status(word: str | None, agent: Agent | None) -> InteractionStatus:
    if word == "open":
        return InteractionStatus.QUEUED if agent is None else InteractionStatus.ACTIVE
    return STATUSES.get(word or "", InteractionStatus.UNKNOWN)


def _agent(person: _Person | None) -> Agent | None:
    if person is None or person.id is None:
        return None
    return Agent(str(person.id), person.name or person.available_name or str(person.id))


def _queue(team: _Team | None, inbox: InboxRow) -> Queue:
    """The team, else the inbox. Both are counted from one, so the id says which it is."""
    if team is not None:
        return Queue(f"team-{team.id}", team.name or str(team.id))
    return Queue(f"inbox-{inbox.id}", inbox.name or str(inbox.id))


def _mail_subject(row: ConversationRow) -> str | None:
    subject = (row.additional_attributes or {}).get("mail_subject")
    return plain_text(subject) if isinstance(subject, str) else None


def _direction(row: ConversationRow, public: Sequence[MessageRow], *, is_whole: bool) -> Direction:
    """By the first message that is no greeting.

    A list brings only the last message. The company opened the conversation if a person of it wrote just as it
    began, by the time of the first reply or of that message; otherwise a customer who writes in is the rule.
    """
    if is_whole and public:
        is_greeting = [m.message_type == _TEMPLATE or _party(m) is MessageParty.BOT for m in public]
        first = next((m for m, greets in zip(public, is_greeting, strict=True) if not greets), public[0])
        return Direction.INBOUND if first.message_type == _INCOMING else Direction.OUTBOUND
    written = [m.created_at for m in public if _party(m) is MessageParty.AGENT]
    if row.first_reply_created_at:
        written.append(row.first_reply_created_at)
    is_opened = any(at - row.created_at <= OPENING_SECONDS for at in written)
    return Direction.OUTBOUND if is_opened else Direction.INBOUND


def _details(
    channel: Channel, agent: Agent | None, direction: Direction, told: tuple[Message, ...], count: int | None
) -> Details | None:
    if channel is Channel.OTHER:
        return None
    if channel is Channel.VOICE:
        return CallDetails()
    spoke = {message.party for message in told}
    is_notice = direction is Direction.OUTBOUND and agent is None
    return ConversationDetails(
        agentless=is_notice and not spoke & {MessageParty.AGENT, MessageParty.CUSTOMER},
        message_count=count,
        messages=told,
    )


def _is_public(row: MessageRow) -> bool:
    """Neither a note among agents nor a line of the conversation's log. What does not say so is taken for a note."""
    return row.private is False and row.message_type in (_INCOMING, _OUTGOING, _TEMPLATE)


def _party(row: MessageRow) -> MessageParty:
    """Automatic messages have no sender; who sends, where a sender is there, the type of message does not tell."""
    if row.message_type == _INCOMING:
        return MessageParty.CUSTOMER
    if row.message_type == _TEMPLATE:
        return MessageParty.SYSTEM
    kind = (row.sender_type or (row.sender.type if row.sender else None) or "").lower()
    if kind == "user":
        return MessageParty.AGENT
    return MessageParty.BOT if kind in _BOTS else MessageParty.SYSTEM


def _message(row: MessageRow) -> Message | None:
    at = from_unix(row.created_at)
    if at is None:
        return None
    party = _party(row)
    return Message(
        at=at,
        party=party,
        text=(row.content or "").strip() or None,
        agent=_agent(row.sender) if party is MessageParty.AGENT else None,
        attachments=tuple(Attachment(url=file.data_url) for file in row.attachments or () if file.data_url),
        delivery=None if party is MessageParty.CUSTOMER else _DELIVERIES.get(row.status or ""),
    )
