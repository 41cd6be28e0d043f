"""The one shape every vendor is mapped to: who a record is about, and what happened when.

All values are immutable. Every instant is timezone-aware UTC. Texts are plain text, never markup.
The public meaning of each field is the one of `Interaction` in `schema.graphql`.

`gc=False`: nothing here can hold itself, so the collector of cycles need not look at every row there is.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec


class Channel(StrEnum):
    VOICE = "VOICE"
    CALLBACK = "CALLBACK"
    VIDEO = "VIDEO"
    EMAIL = "EMAIL"
    TICKET = "TICKET"
    CHAT = "CHAT"
    WEB_MESSAGING = "WEB_MESSAGING"
    COBROWSE = "COBROWSE"
    WEB = "WEB"
    WHATSAPP = "WHATSAPP"
    SMS = "SMS"
    LINE = "LINE"
    X = "X"
    FACEBOOK = "FACEBOOK"
    INSTAGRAM = "INSTAGRAM"
    TELEGRAM = "TELEGRAM"
    APPLE_MESSAGES = "APPLE_MESSAGES"
    SURVEY = "SURVEY"
    CAMPAIGN = "CAMPAIGN"
    KNOWLEDGE = "KNOWLEDGE"
    FAX = "FAX"
    IN_PERSON = "IN_PERSON"
    OTHER = "OTHER"


CALL_CHANNELS = frozenset({Channel.VOICE, Channel.CALLBACK, Channel.VIDEO})
WEB_VISIT_CHANNELS = frozenset({Channel.WEB, Channel.KNOWLEDGE})
CONVERSATION_CHANNELS = frozenset(
    {
        Channel.CHAT,
        Channel.WEB_MESSAGING,
        Channel.COBROWSE,
        Channel.EMAIL,
        Channel.WHATSAPP,
        Channel.SMS,
        Channel.LINE,
        Channel.X,
        Channel.FACEBOOK,
        Channel.INSTAGRAM,
        Channel.TELEGRAM,
        Channel.APPLE_MESSAGES,
    }
)


class Direction(StrEnum):
    INBOUND = "INBOUND"
    OUTBOUND = "OUTBOUND"
    INTERNAL = "INTERNAL"
    UNKNOWN = "UNKNOWN"


class InteractionStatus(StrEnum):
    """QUEUED waits for the company, ACTIVE is in hand, ON_HOLD is set aside by the company, PENDING waits for
    the customer, MISSED was answered by nobody, ABANDONED was given up by the customer."""

    SCHEDULED = "SCHEDULED"
    QUEUED = "QUEUED"
    ACTIVE = "ACTIVE"
    ON_HOLD = "ON_HOLD"
    PENDING = "PENDING"
    COMPLETED = "COMPLETED"
    MISSED = "MISSED"
    ABANDONED = "ABANDONED"
    FAILED = "FAILED"
    UNKNOWN = "UNKNOWN"


class TicketStatus(StrEnum):
    NEW = "NEW"
    OPEN = "OPEN"
    PENDING = "PENDING"
    ON_HOLD = "ON_HOLD"
    SOLVED = "SOLVED"
    CLOSED = "CLOSED"
    UNKNOWN = "UNKNOWN"


class TicketPriority(StrEnum):
    LOW = "LOW"
    NORMAL = "NORMAL"
    HIGH = "HIGH"
    URGENT = "URGENT"


class OutcomeKind(StrEnum):
    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"
    NEUTRAL = "NEUTRAL"


class AddressKind(StrEnum):
    HOME = "HOME"
    WORK = "WORK"
    MOBILE = "MOBILE"
    OFFICE = "OFFICE"
    OTHER = "OTHER"


class LegKind(StrEnum):
    IVR = "IVR"
    QUEUE = "QUEUE"
    AGENT = "AGENT"
    TRANSFER = "TRANSFER"
    CONSULT = "CONSULT"
    CONFERENCE = "CONFERENCE"
    HOLD = "HOLD"
    VOICEMAIL = "VOICEMAIL"
    BOT = "BOT"
    OTHER = "OTHER"


class MessageParty(StrEnum):
    CUSTOMER = "CUSTOMER"
    AGENT = "AGENT"
    BOT = "BOT"
    SYSTEM = "SYSTEM"


class DeliveryState(StrEnum):
    SENT = "SENT"
    DELIVERED = "DELIVERED"
    READ = "READ"
    FAILED = "FAILED"


class JourneyStage(StrEnum):
    NEED = "NEED"
    RESEARCH = "RESEARCH"
    COMPARISON = "COMPARISON"
    PURCHASE = "PURCHASE"
    USE = "USE"
    SUPPORT = "SUPPORT"


class LinkKind(StrEnum):
    """What two interactions have in common: one ticket or case; one hangs on the other; one answers or follows up the
    other; one was transferred and became the other. Either of them may say it."""

    TICKET = "TICKET"
    PARENT = "PARENT"
    REPLY = "REPLY"
    TRANSFER = "TRANSFER"


class IdentifierKind(StrEnum):
    PHONE = "PHONE"
    EMAIL = "EMAIL"
    WHATSAPP = "WHATSAPP"
    EXTERNAL_ID = "EXTERNAL_ID"
    SOCIAL = "SOCIAL"
    COOKIE = "COOKIE"


class SourceKind(StrEnum):
    TELEPHONY = "TELEPHONY"
    TICKETING = "TICKETING"
    SURVEY = "SURVEY"
    CHAT = "CHAT"
    WHATSAPP = "WHATSAPP"
    CAMPAIGN = "CAMPAIGN"
    WEB = "WEB"
    OTHER = "OTHER"


class Identifier(msgspec.Struct, gc=False, frozen=True, order=True):
    """One address or id of a person, in its normal form (see `connectors.identifiers`).

    PHONE: E.164 (`+393331112222`). EMAIL: case-folded. WHATSAPP: E.164, or WhatsApp's own user id as it is.
    EXTERNAL_ID: as the source named by `source` spells it. SOCIAL: the network's id, the network in `channel`.
    """

    kind: IdentifierKind
    value: str
    channel: Channel | None = None
    source: str | None = None


class HeldIdentifier(msgspec.Struct, gc=False, frozen=True):
    """An identifier as a source's record carries it; `verified` is None where the source has no such flag."""

    identifier: Identifier
    verified: bool | None = None


class Agent(msgspec.Struct, gc=False, frozen=True):
    """`id` is the vendor's; `name` falls back to it where the vendor tells no name."""

    id: str
    name: str


class Queue(msgspec.Struct, gc=False, frozen=True):
    id: str
    name: str


class Campaign(msgspec.Struct, gc=False, frozen=True):
    id: str
    name: str


class Outcome(msgspec.Struct, gc=False, frozen=True):
    kind: OutcomeKind
    label: str


class WrapUpCode(msgspec.Struct, gc=False, frozen=True):
    """`levels`: the dispositions, outermost first; the last is `label`."""

    code: str
    label: str
    levels: tuple[str, ...] = ()
    note: str | None = None
    at: datetime | None = None


class Comment(msgspec.Struct, gc=False, frozen=True):
    text: str
    author: Agent | None = None
    at: datetime | None = None


class Attachment(msgspec.Struct, gc=False, frozen=True):
    name: str | None = None
    content_type: str | None = None
    url: str | None = None


class Message(msgspec.Struct, gc=False, frozen=True):
    at: datetime
    party: MessageParty
    text: str | None = None
    agent: Agent | None = None
    attachments: tuple[Attachment, ...] = ()
    delivery: DeliveryState | None = None


class WebEvent(msgspec.Struct, gc=False, frozen=True):
    at: datetime
    name: str
    title: str | None = None
    url: str | None = None


class SurveyAnswer(msgspec.Struct, gc=False, frozen=True):
    question: str
    answer: str | None = None


class ScoreChange(msgspec.Struct, gc=False, frozen=True):
    previous: float | None = None
    current: float | None = None


class Touchpoint(msgspec.Struct, gc=False, frozen=True):
    name: str
    stage: JourneyStage


class Address(msgspec.Struct, gc=False, frozen=True):
    """The customer's address that was used."""

    kind: AddressKind
    identifier_kind: IdentifierKind
    value: str


class Link(msgspec.Struct, gc=False, frozen=True):
    """To another interaction of the same source, by its `external_id`; only where the source itself says so."""

    kind: LinkKind
    external_id: str


class Leg(msgspec.Struct, gc=False, frozen=True, omit_defaults=True):
    """One stretch of an interaction with one queue, agent or machine. `division_ids` are the vendor's own."""

    started_at: datetime
    ended_at: datetime | None = None
    kind: LegKind = LegKind.OTHER
    queue: Queue | None = None
    agent: Agent | None = None
    division_ids: tuple[str, ...] = ()
    wrap_up_codes: tuple[WrapUpCode, ...] = ()


class CallDetails(msgspec.Struct, gc=False, frozen=True, tag="call"):
    answered_at: datetime | None = None
    wait_seconds: int | None = None
    talk_seconds: int | None = None
    hold_seconds: int | None = None


class TicketDetails(msgspec.Struct, gc=False, frozen=True, tag="ticket"):
    """`source_status` is the vendor's word; `escalated` is None where the vendor has no such mark of its own."""

    number: str
    status: TicketStatus
    source_status: str
    priority: TicketPriority | None = None
    escalated: bool | None = None
    opened_via: Channel | None = None


class ConversationDetails(msgspec.Struct, gc=False, frozen=True, tag="conversation"):
    """`messages`: oldest first; `message_count` is None where the source does not say."""

    agentless: bool = False
    message_count: int | None = None
    messages: tuple[Message, ...] = ()


class SurveyDetails(msgspec.Struct, gc=False, frozen=True, tag="survey"):
    """`nps_score`: 0 to 10, when the survey asked the recommendation question and it was answered."""

    survey_name: str
    nps_score: int | None = None
    answers: tuple[SurveyAnswer, ...] = ()


class WebVisitDetails(msgspec.Struct, gc=False, frozen=True, tag="web"):
    """`events`: oldest first."""

    page_count: int | None = None
    events: tuple[WebEvent, ...] = ()


Details = CallDetails | TicketDetails | ConversationDetails | SurveyDetails | WebVisitDetails


class Interaction(msgspec.Struct, gc=False, frozen=True, kw_only=True, omit_defaults=True):
    """One contact between a customer and the company.

    `external_id` is unique in its source. `record_id` is the `Record.id` of the source's contact it hangs on,
    taken from the row's own identity fields, never from what was asked. Queue and agent live in `legs` (oldest
    first); a row whose vendor tells no legs but a queue or an agent has one leg. `wrap_up_codes` here are those
    that belong to no leg. `division_ids` are the vendor's own ids. `duration_seconds` is None while it runs.
    `details` is of the kind that `channel` asks for, or None for CAMPAIGN, FAX, IN_PERSON and OTHER. `inbox`: what the
    vendor calls the inbox, mailbox or number of the company it came in by (ids and names), for operators' rules alone.
    """

    source: str
    external_id: str
    record_id: str
    channel: Channel
    direction: Direction
    started_at: datetime
    last_activity_at: datetime
    status: InteractionStatus
    ended_at: datetime | None = None
    duration_seconds: int | None = None
    url: str | None = None
    outcome: Outcome | None = None
    legs: tuple[Leg, ...] = ()
    wrap_up_codes: tuple[WrapUpCode, ...] = ()
    tags: tuple[str, ...] = ()
    campaign: Campaign | None = None
    division_ids: tuple[str, ...] = ()
    address: Address | None = None
    subject: str | None = None
    topic: str | None = None
    preview: str | None = None
    comments: tuple[Comment, ...] = ()
    score: ScoreChange | None = None
    touchpoint: Touchpoint | None = None
    details: Details | None = None
    inbox: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()


class Record(msgspec.Struct, gc=False, frozen=True, kw_only=True):
    """A source's contact: what one system knows one person as.

    `identifiers` always holds the EXTERNAL_ID of the record itself. `since`: when the source made it.
    `campaigns`: those that list this person, contacted or not.
    """

    source: str
    id: str
    identifiers: tuple[HeldIdentifier, ...]
    name: str | None = None
    division_ids: tuple[str, ...] = ()
    since: datetime | None = None
    campaigns: tuple[Campaign, ...] = ()
