"""What a manifest says, as TOML has it. Each key is told in docs/connectors/declarative.md.

`extra={"is": …}` marks texts that have a grammar of their own, which `reading` checks.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Generic, Literal, TypeVar

import msgspec

from connectors.declarative.times import Granularity
from connectors.interaction import (
    AddressKind,
    Channel,
    Direction,
    InteractionStatus,
    MessageParty,
    OutcomeKind,
    SourceKind,
    TicketPriority,
    TicketStatus,
)

E = TypeVar("E", bound=StrEnum)

Expr = Annotated[str, msgspec.Meta(extra={"is": "expression"})]
PathText = Annotated[str, msgspec.Meta(extra={"is": "path"})]
LinkText = Annotated[str, msgspec.Meta(extra={"is": "link"})]
TimeFormat = Annotated[str, msgspec.Meta(extra={"is": "time format"})]
HeaderName = Annotated[str, msgspec.Meta(extra={"is": "header name"})]
Word = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Prefix = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9_-]{0,24}$")]


class Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the manifest; a key that nobody knows is a fault."""


class FindBy(StrEnum):
    PHONE = "PHONE"
    EMAIL = "EMAIL"
    WHATSAPP = "WHATSAPP"
    COOKIE = "COOKIE"
    RECORD_ID = "RECORD_ID"
    EXTERNAL_ID = "EXTERNAL_ID"


class AuthTable(Table, frozen=True):
    kind: Literal["none", "basic", "bearer", "header", "client_credentials"]
    header: HeaderName | None = None
    scheme: str | None = None
    token_path: PathText | None = None
    token_url: str | None = None
    scope: str | None = None
    audience: str | None = None


class Request(Table, frozen=True):
    path: PathText
    method: Literal["GET", "POST"] = "GET"
    query: dict[str, Any] = {}
    body: dict[str, Any] | None = None
    headers: dict[HeaderName, str] = {}


class Check(Request, frozen=True, kw_only=True):
    expect: Expr


class Find(Request, frozen=True, kw_only=True):
    by: Annotated[list[FindBy], msgspec.Meta(min_length=1)]
    spelling: Literal["e164", "digits", "national"] = "e164"
    rows: Expr | None = None
    row: Expr | None = None


class Search(Request, frozen=True, kw_only=True):
    rows: Expr


class One(Request, frozen=True):
    row: Expr = "@"


class Rule(Table, Generic[E], frozen=True, rename={"then": "is"}):
    when: Expr
    then: E


class Words(Table, Generic[E], frozen=True, rename={"origin": "from", "otherwise": "else"}):
    """One of our words: a fixed one, or that of the first rule that holds, or what the map makes of a value."""

    fixed: E | None = None
    rules: list[Rule[E]] = []
    origin: Expr | None = None
    map: dict[str, E] = {}
    otherwise: E | None = None


class TimeAt(Table, frozen=True):
    at: Expr
    format: TimeFormat | None = None


TimeValue = Expr | TimeAt


class Length(Table, frozen=True, rename={"origin": "from"}):
    """A length of time; a bare expression counts seconds."""

    origin: Expr
    unit: Literal["milliseconds", "seconds", "minutes", "clock"] = "seconds"


LengthValue = Expr | Length


class Named(Table, frozen=True):
    id: Expr | None = None
    name: Expr | None = None


class Link(Table, frozen=True):
    """The page of an interaction for people, behind the option `agent_url`, else behind the base address."""

    path: LinkText
    query: dict[str, str] = {}


class OutcomeTable(Table, frozen=True):
    label: Expr
    kind: Words[OutcomeKind] | None = None


class WrapUp(Table, frozen=True):
    code: Expr | None = None
    label: Expr | None = None
    levels: list[Expr] = []
    note: Expr | None = None
    at: TimeValue | None = None


class CommentTable(Table, frozen=True):
    """`rows`: where there are several; the other expressions then look at one of them."""

    text: Expr
    rows: Expr | None = None
    author: Named | None = None
    at: TimeValue | None = None


class Score(Table, frozen=True):
    previous: Expr | None = None
    current: Expr | None = None


class AddressTable(Table, frozen=True, rename={"type": "is"}):
    value: Expr
    type: Literal["PHONE", "EMAIL", "WHATSAPP"] = "PHONE"
    kind: Words[AddressKind] | None = None


class Call(Table, frozen=True):
    answered_at: TimeValue | None = None
    wait: LengthValue | None = None
    talk: LengthValue | None = None
    hold: LengthValue | None = None


class Ticket(Table, frozen=True):
    number: Expr | None = None
    status: Words[TicketStatus] | None = None
    source_status: Expr | None = None
    priority: Words[TicketPriority] | None = None
    escalated: Expr | None = None
    opened_via: Words[Channel] | None = None


class Messages(Table, frozen=True):
    rows: Expr
    at: TimeValue
    party: Words[MessageParty]
    text: Expr | None = None
    agent: Named | None = None


class Conversation(Table, frozen=True):
    agentless: Expr | None = None
    message_count: Expr | None = None
    messages: Messages | None = None


class Answers(Table, frozen=True):
    rows: Expr
    question: Expr
    answer: Expr | None = None


class Survey(Table, frozen=True):
    name: Expr | None = None
    nps_score: Expr | None = None
    answers: Answers | None = None


class Events(Table, frozen=True):
    rows: Expr
    at: TimeValue
    name: Expr
    title: Expr | None = None
    url: Expr | None = None


class Web(Table, frozen=True):
    page_count: Expr | None = None
    events: Events | None = None


class Fields(Table, frozen=True):
    """What becomes of a row. In `[fields]` for every list, in `[interactions.fields]` for one, which goes first."""

    id: Expr | None = None
    record_id: Expr | None = None
    channel: Words[Channel] | None = None
    direction: Words[Direction] | None = None
    status: Words[InteractionStatus] | None = None
    started_at: TimeValue | None = None
    ended_at: TimeValue | None = None
    last_activity_at: TimeValue | None = None
    duration: LengthValue | None = None
    url: Link | None = None
    outcome: OutcomeTable | None = None
    queue: Named | None = None
    agent: Named | None = None
    wrap_up: WrapUp | None = None
    tags: Expr | None = None
    campaign: Named | None = None
    divisions: Expr | None = None
    subject: Expr | None = None
    topic: Expr | None = None
    preview: Expr | None = None
    comments: CommentTable | None = None
    score: Score | None = None
    address: AddressTable | None = None
    call: Call | None = None
    ticket: Ticket | None = None
    conversation: Conversation | None = None
    survey: Survey | None = None
    web: Web | None = None


class Person(Table, frozen=True):
    id: Expr
    name: Expr | None = None
    phones: list[Expr] = []
    emails: list[Expr] = []
    whatsapp: list[Expr] = []
    cookies: list[Expr] = []
    external_id: Expr | None = None
    verified: Expr | None = None
    since: TimeValue | None = None
    divisions: Expr | None = None
    campaigns: Named | None = None


class PagingTable(Table, frozen=True):
    style: Literal["page", "offset", "cursor", "next_url", "link_header", "keyset"]
    size: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 100
    first: Annotated[int, msgspec.Meta(ge=0, le=1)] = 1
    next: Expr | None = None
    more: Expr | None = None
    total: Expr | None = None
    cap: Annotated[int, msgspec.Meta(ge=1)] | None = None


class WindowTable(Table, frozen=True):
    format: TimeFormat = "iso"
    granularity: Granularity = "second"
    end: Literal["exclusive", "inclusive"] = "exclusive"


class OrderWords(Table, frozen=True):
    newest: str
    oldest: str


class Interactions(Table, frozen=True):
    """One list of the vendor's. `requests`: each is asked, and each has pages of its own."""

    requests: Annotated[list[Request], msgspec.Meta(min_length=1)]
    rows: Expr
    prefix: Prefix = ""
    order: Literal["newest", "none"] = "none"
    order_words: OrderWords | None = None
    window: WindowTable = WindowTable()
    paging: PagingTable | None = None
    one: One | None = None
    fields: Fields = Fields()


class TimeTable(Table, frozen=True):
    format: TimeFormat = "iso"


class Manifest(Table, frozen=True):
    name: Word
    kind: SourceKind
    auth: AuthTable
    check: Check
    find: Annotated[list[Find], msgspec.Meta(min_length=1)]
    person: Person
    interactions: Annotated[list[Interactions], msgspec.Meta(min_length=1)]
    search: Search | None = None
    time: TimeTable = TimeTable()
    fields: Fields = Fields()
    live_state: bool = False
    history_days: Annotated[int, msgspec.Meta(ge=1)] | None = None
    cannot_see: str = ""


def merged(first: Fields, second: Fields) -> Fields:
    """What `first` says, and of the rest what `second` says."""
    said = {name: value for name, value in msgspec.structs.asdict(first).items() if value is not None}
    return msgspec.structs.replace(second, **said)
