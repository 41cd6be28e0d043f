"""A row becomes an `Interaction`, a person a `Record`, as the manifest says.

A required field that is missing or odd costs the row; any other is left empty. Words nobody knows are UNKNOWN or OTHER.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from connectors import identifiers
from connectors.declarative.manifest import AddressTable, Call, Conversation, Fields, Named, Person, Survey, Ticket, Web
from connectors.declarative.templates import fill_link
from connectors.declarative.times import Times
from connectors.declarative.values import Cell, Row, UnmappableError, as_text, as_whole
from connectors.interaction import (
    CALL_CHANNELS,
    CONVERSATION_CHANNELS,
    WEB_VISIT_CHANNELS,
    Address,
    AddressKind,
    Agent,
    CallDetails,
    Campaign,
    Channel,
    Comment,
    ConversationDetails,
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
    Outcome,
    OutcomeKind,
    Queue,
    Record,
    ScoreChange,
    SurveyAnswer,
    SurveyDetails,
    TicketDetails,
    TicketPriority,
    TicketStatus,
    WebEvent,
    WebVisitDetails,
    WrapUpCode,
)
from connectors.mapping import preview, seconds_between

RUNNING = frozenset(
    {
        InteractionStatus.SCHEDULED,
        InteractionStatus.QUEUED,
        InteractionStatus.ACTIVE,
        InteractionStatus.ON_HOLD,
        InteractionStatus.PENDING,
    }
)
NPS_SCORES = range(11)


@dataclass(frozen=True, slots=True)
class Context:
    """What rows do not say: whose source it is, and how it writes numbers and times."""

    source: str
    link_base: str
    region: str | None
    zone: ZoneInfo
    time_format: str
    external_id_source: str | None = None

    def times(self, format_: str | None) -> Times:
        return Times(format_ or self.time_format, self.zone)

    def row(self, data: Any, trace: list[Cell] | None = None) -> Row:
        return Row(data, self.times, trace)


def interaction(
    data: Any, fields: Fields, prefix: str, context: Context, trace: list[Cell] | None = None
) -> Interaction:
    """Raises `UnmappableError`."""
    if not isinstance(data, dict):
        raise UnmappableError("row", "is no object")
    row = context.row(data, trace)
    own_id = row.need("id", row.text("id", fields.id))
    record_id = row.need("record_id", row.text("record_id", fields.record_id))
    started_at: datetime = row.need("started_at", row.time("started_at", fields.started_at))
    channel = row.word("channel", fields.channel, Channel.OTHER)
    status = row.word("status", fields.status, InteractionStatus.UNKNOWN)
    ended_at, last_at, seconds = _span(row, fields, started_at, status)
    division_ids = row.texts("divisions", fields.divisions)
    wrap_up_codes = _wrap_up(row, fields)
    legs = _legs(row, fields, started_at, ended_at, division_ids, wrap_up_codes)
    return Interaction(
        source=context.source,
        external_id=prefix + own_id,
        record_id=record_id,
        channel=channel,
        direction=row.word("direction", fields.direction, Direction.UNKNOWN),
        status=status,
        started_at=started_at,
        last_activity_at=last_at,
        ended_at=ended_at,
        duration_seconds=seconds,
        url=_url(fields, context, own_id, record_id),
        outcome=_outcome(row, fields),
        legs=legs,
        wrap_up_codes=() if legs else wrap_up_codes,
        tags=row.texts("tags", fields.tags),
        campaign=_named(row, "campaign", fields.campaign, Campaign),
        division_ids=division_ids,
        address=None if fields.address is None else _address(row, fields.address, context),
        subject=row.prose("subject", fields.subject),
        topic=row.prose("topic", fields.topic),
        preview=row.take("preview", fields.preview, lambda raw: preview(as_text(raw))),
        comments=_comments(row, fields),
        score=_score(row, fields),
        details=_details(row, fields, channel, own_id),
    )


def _span(
    row: Row, fields: Fields, started_at: datetime, status: InteractionStatus
) -> tuple[datetime | None, datetime, int | None]:
    """End, last activity and length. Each is reckoned from the others where the vendor tells it not."""
    ended_at: datetime | None = row.time("ended_at", fields.ended_at)
    seconds = row.seconds("duration", fields.duration)
    if ended_at is None and seconds is not None and status not in RUNNING:
        ended_at = started_at + timedelta(seconds=seconds)
    if ended_at is None or status in RUNNING:
        ended_at, seconds = None, None
    else:
        ended_at = max(ended_at, started_at)
        seconds = seconds_between(started_at, ended_at) if seconds is None else seconds
    last_at: datetime | None = row.time("last_activity_at", fields.last_activity_at)
    return ended_at, max(at for at in (last_at, ended_at, started_at) if at is not None), seconds


def _url(fields: Fields, context: Context, own_id: str, record_id: str) -> str | None:
    if fields.url is None:
        return None
    behind = fill_link(fields.url.path, fields.url.query, {"id": own_id, "record_id": record_id})
    return None if behind is None else context.link_base + behind


def _outcome(row: Row, fields: Fields) -> Outcome | None:
    if fields.outcome is None:
        return None
    label = row.prose("outcome.label", fields.outcome.label)
    if label is None:
        return None
    return Outcome(row.word("outcome.kind", fields.outcome.kind, OutcomeKind.NEUTRAL), label)


def _named(row: Row, field: str, named: Named | None, make: Callable[[str, str], Any]) -> Any:
    """A queue, agent or campaign: the name falls back to the id, and the id to the name."""
    if named is None:
        return None
    id_, name = row.text(f"{field}.id", named.id), row.prose(f"{field}.name", named.name)
    return make(id_ or name or "", name or id_ or "") if id_ or name else None


def _legs(
    row: Row,
    fields: Fields,
    started_at: datetime,
    ended_at: datetime | None,
    division_ids: tuple[str, ...],
    wrap_up_codes: tuple[WrapUpCode, ...],
) -> tuple[Leg, ...]:
    queue: Queue | None = _named(row, "queue", fields.queue, Queue)
    agent: Agent | None = _named(row, "agent", fields.agent, Agent)
    if queue is None and agent is None:
        return ()
    kind = LegKind.QUEUE if agent is None else LegKind.AGENT
    return (Leg(started_at, ended_at, kind, queue, agent, division_ids, wrap_up_codes),)


def _wrap_up(row: Row, fields: Fields) -> tuple[WrapUpCode, ...]:
    given = fields.wrap_up
    if given is None:
        return ()
    told = (row.prose(f"wrap_up.levels[{i}]", level) for i, level in enumerate(given.levels))
    levels = tuple(level for level in told if level)
    code = row.text("wrap_up.code", given.code)
    label = row.prose("wrap_up.label", given.label) or (levels[-1] if levels else code)
    if label is None:
        return ()
    note, at = row.prose("wrap_up.note", given.note), row.time("wrap_up.at", given.at)
    return (WrapUpCode(code or label, label, levels, note, at),)


def _comments(row: Row, fields: Fields) -> tuple[Comment, ...]:
    given = fields.comments
    if given is None:
        return ()
    found = []
    for each in [row] if given.rows is None else row.rows("comments", given.rows):
        text = each.prose("comments.text", given.text)
        if text is not None:
            author: Agent | None = _named(each, "comments.author", given.author, Agent)
            found.append(Comment(text, author, each.time("comments.at", given.at)))
    return tuple(found)


def _score(row: Row, fields: Fields) -> ScoreChange | None:
    if fields.score is None:
        return None
    previous = row.number("score.previous", fields.score.previous)
    current = row.number("score.current", fields.score.current)
    return None if previous is None and current is None else ScoreChange(previous, current)


def _address(row: Row, given: AddressTable, context: Context) -> Address | None:
    kind = IdentifierKind(given.type)
    found = row.take("address.value", given.value, lambda raw: normal(kind, raw, context.region))
    if found is None:
        return None
    return Address(row.word("address.kind", given.kind, AddressKind.OTHER), found.kind, found.value)


def normal(kind: IdentifierKind, raw: Any, region: str | None) -> Identifier | None:
    """An address in its normal form; None of what is none."""
    text = as_text(raw)
    if text is None:
        return None
    match kind:
        case IdentifierKind.PHONE:
            return identifiers.phone(text, region)
        case IdentifierKind.WHATSAPP:
            return identifiers.whatsapp(text, region)
        case IdentifierKind.EMAIL:
            return identifiers.email(text)
    return identifiers.cookie(text)


def _details(row: Row, fields: Fields, channel: Channel, own_id: str) -> Details | None:
    """Of the kind that the channel asks for."""
    if channel in CALL_CHANNELS:
        return _call(row, fields.call or Call())
    if channel is Channel.TICKET:
        return _ticket(row, fields.ticket or Ticket(), own_id)
    if channel in CONVERSATION_CHANNELS:
        return _conversation(row, fields.conversation or Conversation())
    if channel is Channel.SURVEY:
        return _survey(row, fields.survey or Survey())
    if channel in WEB_VISIT_CHANNELS:
        return _web(row, fields.web or Web())
    return None


def _call(row: Row, given: Call) -> CallDetails:
    return CallDetails(
        answered_at=row.time("call.answered_at", given.answered_at),
        wait_seconds=row.seconds("call.wait", given.wait),
        talk_seconds=row.seconds("call.talk", given.talk),
        hold_seconds=row.seconds("call.hold", given.hold),
    )


def _ticket(row: Row, given: Ticket, own_id: str) -> TicketDetails:
    words, priority, via = given.status, given.priority, given.opened_via
    source_status = row.text("ticket.source_status", given.source_status or (words.origin if words else None))
    level = row.word("ticket.priority", priority, TicketPriority.NORMAL) if priority else None
    return TicketDetails(
        number=row.text("ticket.number", given.number) or own_id,
        status=row.word("ticket.status", words, TicketStatus.UNKNOWN),
        source_status=source_status or "",
        priority=level,
        escalated=row.flag("ticket.escalated", given.escalated),
        opened_via=row.word("ticket.opened_via", via, Channel.OTHER) if via else None,
    )


def _conversation(row: Row, given: Conversation) -> ConversationDetails:
    messages: list[Message] = []
    said = given.messages
    for each in row.rows("conversation.messages", said.rows) if said else ():
        assert said is not None
        at: datetime | None = each.time("at", said.at)
        if at is not None:
            party = each.word("party", said.party, MessageParty.SYSTEM)
            agent: Agent | None = _named(each, "agent", said.agent, Agent)
            text = each.prose("text", said.text)
            messages.append(Message(at, party, text, agent if party is MessageParty.AGENT else None))
    return ConversationDetails(
        agentless=row.flag("conversation.agentless", given.agentless) or False,
        message_count=row.take("conversation.message_count", given.message_count, as_whole),
        messages=tuple(sorted(messages, key=lambda message: message.at)),
    )


def _survey(row: Row, given: Survey) -> SurveyDetails:
    score = row.take("survey.nps_score", given.nps_score, lambda raw: _within(as_whole(raw), NPS_SCORES))
    answers = []
    for each in row.rows("survey.answers", given.answers.rows) if given.answers else ():
        assert given.answers is not None
        question = each.prose("question", given.answers.question)
        if question is not None:
            answers.append(SurveyAnswer(question, each.prose("answer", given.answers.answer)))
    return SurveyDetails(row.prose("survey.name", given.name) or "", score, tuple(answers))


def _within(number: int | None, allowed: range) -> int | None:
    return number if number in allowed else None


def _web(row: Row, given: Web) -> WebVisitDetails:
    events = []
    for each in row.rows("web.events", given.events.rows) if given.events else ():
        assert given.events is not None
        at, name = each.time("at", given.events.at), each.text("name", given.events.name)
        if at is not None and name is not None:
            title, url = each.prose("title", given.events.title), each.text("url", given.events.url)
            events.append(WebEvent(at, name, title, url))
    events.sort(key=lambda event: event.at)
    return WebVisitDetails(row.take("web.page_count", given.page_count, as_whole), tuple(events))


def record(data: Any, person: Person, context: Context, trace: list[Cell] | None = None) -> Record:
    """Raises `UnmappableError`."""
    if not isinstance(data, dict):
        raise UnmappableError("person", "is no object")
    row = context.row(data, trace)
    id_ = row.need("id", row.text("id", person.id))
    verified = row.flag("verified", person.verified)
    held: dict[Identifier, bool | None] = {identifiers.external(context.source, id_): True}
    held |= dict.fromkeys(_held(row, person, context), verified)
    campaign: Campaign | None = _named(row, "campaigns", person.campaigns, Campaign)
    return Record(
        source=context.source,
        id=id_,
        identifiers=tuple(HeldIdentifier(identifier, flag) for identifier, flag in held.items()),
        name=row.prose("name", person.name),
        division_ids=row.texts("divisions", person.divisions),
        since=row.time("since", person.since),
        campaigns=() if campaign is None else (campaign,),
    )


def _held(row: Row, person: Person, context: Context) -> Iterator[Identifier]:
    addresses: Mapping[IdentifierKind, tuple[str, list[str]]] = {
        IdentifierKind.PHONE: ("phones", person.phones),
        IdentifierKind.EMAIL: ("emails", person.emails),
        IdentifierKind.WHATSAPP: ("whatsapp", person.whatsapp),
        IdentifierKind.COOKIE: ("cookies", person.cookies),
    }
    for kind, (field, expressions) in addresses.items():
        for place, expression in enumerate(expressions):
            found = row.take(f"{field}[{place}]", expression, partial(_normals, kind, context.region))
            yield from found or ()
    if context.external_id_source is not None:
        external_id = row.text("external_id", person.external_id)
        if external_id is not None:
            yield identifiers.external(context.external_id_source, external_id)


def _normals(kind: IdentifierKind, region: str | None, raw: Any) -> list[Identifier] | None:
    """Of one value, or of a list of them."""
    values = raw if isinstance(raw, list) else [raw]
    return [found for value in values if (found := normal(kind, value, region)) is not None] or None


def together(first: Record, second: Record) -> Record:
    """One record of two rows that tell of the same one."""
    held = {held.identifier: held for held in (*second.identifiers, *first.identifiers)}
    return Record(
        source=first.source,
        id=first.id,
        identifiers=tuple(held.values()),
        name=first.name or second.name,
        division_ids=first.division_ids or second.division_ids,
        since=min((at for at in (first.since, second.since) if at is not None), default=None),
        campaigns=tuple(dict.fromkeys((*first.campaigns, *second.campaigns))),
    )
