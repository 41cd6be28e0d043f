"""Live Helper Chat: chats, and whom they are with.

Shapes: the REST API's description and a real server's answers. Times are Unix seconds, zero is written for "never".
Whole numbers come as numbers or, from some servers, as texts. `hash` is the visitor's key to a chat and `remarks` are
the operators' own: neither is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import msgspec

from connectors import identifiers
from connectors.interaction import (
    Agent,
    Attachment,
    Channel,
    ConversationDetails,
    Direction,
    HeldIdentifier,
    Identifier,
    Interaction,
    InteractionStatus,
    Message,
    MessageParty,
    Queue,
    Record,
)
from connectors.mapping import decode_rows, from_unix, legs_of, plain_text, preview, seconds_between

PENDING, ACTIVE, CLOSED, CHATBOX, BOT = 0, 1, 2, 3, 5
CLOSED_BY_VISITOR, ON_HOLD = 3, 8
PROACTIVE = 1
BOT_USER = -2

_FILE = re.compile(r"\[file=[^\]]*\]", re.IGNORECASE)
"""Holds the key to the file, so nothing of it is told but that there was one."""

_BBCODE = re.compile(r"\[/?[a-z_]{1,40}(?:=[^\]]*)?\]", re.IGNORECASE)

Whole = int | str


class MessageRow(msgspec.Struct):
    id: Whole
    time: Whole
    user_id: Whole
    msg: str | None = None
    name_support: str | None = None


class ChatRow(msgspec.Struct):
    id: Whole
    time: Whole
    status: Whole
    status_sub: Whole | None = None
    email: str | None = None
    phone: str | None = None
    nick: str | None = None
    dep_id: Whole | None = None
    user_id: Whole | None = None
    gbot_id: Whole | None = None
    cls_time: Whole | None = None
    last_user_msg_time: Whole | None = None
    last_op_msg_time: Whole | None = None
    chat_initiator: Whole | None = None
    department_name: str | None = None
    plain_user_name: str | None = None
    messages: list[msgspec.Raw] | None = None


def whole(value: Whole | None) -> int:
    """Zero for what is none."""
    if isinstance(value, int):
        return value
    text = (value or "").strip()
    return int(text) if re.fullmatch(r"-?[0-9]{1,18}", text) else 0


def _at(value: Whole | None) -> datetime | None:
    return from_unix(whole(value))


def addresses(chat: ChatRow, region: str | None) -> list[Identifier]:
    """As the visitor gave them; the first says who it is."""
    told = (identifiers.email(chat.email or ""), identifiers.phone(chat.phone or "", region))
    return [address for address in told if address is not None]


def records(chats: Iterable[ChatRow], source: str, region: str | None) -> list[Record]:
    """One for each person, by the e-mail that chats carry, or by the number of those without one."""
    theirs: dict[str, list[ChatRow]] = {}
    for chat in chats:
        carried = addresses(chat, region)
        if carried:
            theirs.setdefault(carried[0].value, []).append(chat)
    return [_record(person, rows, source, region) for person, rows in theirs.items()]


def _record(person: str, chats: list[ChatRow], source: str, region: str | None) -> Record:
    """Anybody may write any address into a form: nothing is verified."""
    held = [HeldIdentifier(identifiers.external(source, person), True)]
    carried = (address for chat in chats for address in addresses(chat, region))
    held += [HeldIdentifier(address) for address in dict.fromkeys(carried)]
    names = (plain_text(chat.nick) for chat in chats)
    return Record(source=source, id=person, identifiers=tuple(held), name=next((name for name in names if name), None))


@dataclass(frozen=True, slots=True)
class ChatMapper:
    """`chats_url`: what an operator's link to a chat begins with."""

    source: str
    chats_url: str
    region: str | None

    def chat(self, row: ChatRow) -> Interaction | None:
        """None for one that does not say when it began, or with whom it was."""
        started_at, id_, people = _at(row.time), whole(row.id), addresses(row, self.region)
        if started_at is None or id_ <= 0 or not people:
            return None
        status = whole(row.status)
        told = tuple(_messages(row))
        seen = (_at(row.last_user_msg_time), _at(row.last_op_msg_time), _at(row.cls_time) if status == CLOSED else None)
        active_at = max([started_at, *(at for at in seen if at is not None), *(message.at for message in told)])
        ended_at = max(started_at, _at(row.cls_time) or active_at) if status == CLOSED else None
        queue = _queue(row)
        agent = _agent(row)
        return Interaction(
            source=self.source,
            external_id=str(id_),
            record_id=people[0].value,
            channel=Channel.CHAT,
            direction=Direction.OUTBOUND if whole(row.chat_initiator) == PROACTIVE else Direction.INBOUND,
            started_at=started_at,
            ended_at=ended_at,
            last_activity_at=active_at,
            duration_seconds=seconds_between(started_at, ended_at),
            status=_status(row, told),
            url=f"{self.chats_url}/{id_}",
            legs=legs_of(started_at, ended_at, queue, agent),
            inbox=() if queue is None else tuple(dict.fromkeys((queue.id, queue.name))),
            preview=next((preview(message.text) for message in reversed(told) if message.text), None),
            details=ConversationDetails(
                message_count=None if row.messages is None else len(told),
                messages=told,
            ),
        )


def _status(row: ChatRow, told: tuple[Message, ...]) -> InteractionStatus:
    """One that was closed before anybody answered was given up by the visitor, or missed."""
    status, sub = whole(row.status), whole(row.status_sub)
    if status == PENDING:
        return InteractionStatus.QUEUED
    if status in (ACTIVE, CHATBOX, BOT):
        return InteractionStatus.ON_HOLD if sub == ON_HOLD else InteractionStatus.ACTIVE
    if status != CLOSED:
        return InteractionStatus.UNKNOWN
    is_answered = whole(row.user_id) > 0 or any(m.party in (MessageParty.AGENT, MessageParty.BOT) for m in told)
    if is_answered or whole(row.gbot_id) > 0:
        return InteractionStatus.COMPLETED
    return InteractionStatus.ABANDONED if sub == CLOSED_BY_VISITOR else InteractionStatus.MISSED


def _queue(row: ChatRow) -> Queue | None:
    id_ = whole(row.dep_id)
    return None if id_ <= 0 else Queue(str(id_), plain_text(row.department_name) or str(id_))


def _agent(row: ChatRow) -> Agent | None:
    id_ = whole(row.user_id)
    return None if id_ <= 0 else Agent(str(id_), plain_text(row.plain_user_name) or str(id_))


def _messages(row: ChatRow) -> Iterable[Message]:
    """What was said, oldest first. What the system notes down (-1) is for operators alone."""
    rows = decode_rows(row.messages or (), MessageRow)[0]
    for said in sorted(rows, key=lambda message: (whole(message.time), whole(message.id))):
        at, party = _at(said.time), _party(whole(said.user_id))
        if at is None or party is None:
            continue
        files = len(_FILE.findall(said.msg or ""))
        yield Message(
            at=at,
            party=party,
            text=plain_text(_BBCODE.sub("", _FILE.sub("", said.msg or ""))),
            agent=_speaker(said) if party is MessageParty.AGENT else None,
            attachments=(Attachment(),) * files,
        )


def _party(user_id: int) -> MessageParty | None:
    if user_id >= 0:
        return MessageParty.CUSTOMER if user_id == 0 else MessageParty.AGENT
    return MessageParty.BOT if user_id == BOT_USER else None


def _speaker(said: MessageRow) -> Agent:
    id_ = str(whole(said.user_id))
    return Agent(id_, plain_text(said.name_support) or id_)
