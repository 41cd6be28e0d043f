"""What one human contact is before a vendor spells it, and how one is made up from a seeded generator."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Literal, overload

from sandbox.company import (
    CAMPAIGNS,
    DIVISION_OF,
    SPECIALISTS,
    Agent,
    Campaign,
    Division,
    Queue,
    WrapUpCode,
    agents_of,
    queues_of,
    wrap_up_code,
)
from sandbox.words import CRITICISM, NOTES, PRAISE, THANKS, TOPICS, Topic

Channel = Literal["voice", "callback", "email", "web_chat", "web_messaging", "whatsapp", "sms", "ticket", "survey"]
Direction = Literal["inbound", "outbound"]
Status = Literal["queued", "active", "on_hold", "pending", "completed", "missed", "abandoned", "failed"]
Party = Literal["customer", "agent", "bot", "system"]
Priority = Literal["low", "normal", "high", "urgent"]
PhoneKind = Literal["home", "work", "mobile", "office"]

OPEN_STATUSES: tuple[Status, ...] = ("queued", "active", "pending", "on_hold")
OPEN_WITHIN = timedelta(days=45)
"""Tickets older than this are done."""

LONGEST = timedelta(days=5)
"""Nothing happens on a contact later than this after it began."""

MEMO_SIZE = 20_000


@dataclass(frozen=True, slots=True)
class Person:
    """`phones`: E.164 and kind, the one every vendor knows first. `known_in`: names of vendors."""

    number: int
    key: str
    given_name: str
    family_name: str
    language: str
    phones: tuple[tuple[str, PhoneKind], ...]
    emails: tuple[str, ...]
    whatsapp: str | None
    crm_id: str | None
    known_in: frozenset[str]
    division: Division
    known_since: datetime

    @property
    def name(self) -> str:
        return f"{self.given_name} {self.family_name}"


@dataclass(frozen=True, slots=True)
class Stretch:
    """Time with one queue (`agent` is None) or with an agent of that queue; `end` is None while it runs."""

    queue: Queue
    agent: Agent | None
    division: Division
    start: datetime
    end: datetime | None


@dataclass(frozen=True, slots=True)
class Turn:
    """`private`: a note among agents, which a vendor never shows to the customer."""

    at: datetime
    party: Party
    text: str
    agent: Agent | None = None
    private: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """One human contact in one vendor. `number` is unique in the vendor and grows with `started_at`.

    `address`: the customer's phone (E.164), e-mail or WhatsApp number that was used. `ended_at` is None while the
    contact is open; `live` marks those that are in hand right now. `stretches` and `texts`: oldest first.
    """

    vendor: str
    person: Person
    number: int
    channel: Channel
    direction: Direction
    started_at: datetime
    ended_at: datetime | None
    last_activity_at: datetime
    status: Status
    subject: str
    address: str
    topic: Topic
    queue: Queue
    stretches: tuple[Stretch, ...] = ()
    texts: tuple[Turn, ...] = ()
    wrap_up: WrapUpCode | None = None
    wrap_up_note: str | None = None
    tags: tuple[str, ...] = ()
    priority: Priority | None = None
    escalated: bool = False
    nps_score: int | None = None
    nps_comment: str | None = None
    campaign: Campaign | None = None
    via: Literal["email", "web", "phone", "chat"] = "email"
    live: bool = False

    @property
    def agent(self) -> Agent | None:
        """The last agent."""
        return next((stretch.agent for stretch in reversed(self.stretches) if stretch.agent), None)

    @property
    def last_queue(self) -> Queue:
        return self.stretches[-1].queue if self.stretches else self.queue


class ContactLog(Sequence[Contact]):
    """One person's contacts in one vendor, newest first, each made when it is first looked at.

    Start times are known without making the contact, so windows are found by bisection at any depth.
    """

    def __init__(self, length: int, starts_at: Callable[[int], datetime], make: Callable[[int], Contact]) -> None:
        self._length = length
        self._make = make
        self._memo: dict[int, Contact] = {}
        self.starts_at = starts_at

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, index: int) -> Contact: ...

    @overload
    def __getitem__(self, index: slice) -> list[Contact]: ...

    def __getitem__(self, index: int | slice) -> Contact | list[Contact]:
        if isinstance(index, slice):
            return [self[position] for position in range(*index.indices(self._length))]
        position = index + self._length if index < 0 else index
        if not 0 <= position < self._length:
            raise IndexError(index)
        contact = self._memo.get(position)
        if contact is None:
            if len(self._memo) >= MEMO_SIZE:
                self._memo.clear()
            contact = self._memo[position] = self._make(position)
        return contact

    def window(self, start: datetime | None = None, end: datetime | None = None) -> range:
        """Positions of the contacts that started in [start, end), newest first."""
        positions = range(self._length)

        def age(position: int) -> float:
            return -self.starts_at(position).timestamp()

        first = 0 if end is None else bisect_right(positions, -end.timestamp(), key=age)
        last = self._length if start is None else bisect_right(positions, -start.timestamp(), key=age)
        return range(first, max(first, last))

    def between(self, start: datetime | None = None, end: datetime | None = None) -> list[Contact]:
        return [self[position] for position in self.window(start, end)]

    def at(self, moment: datetime) -> int:
        """Position of the newest contact that started at `moment` or before."""
        return bisect_left(
            range(self._length), -moment.timestamp(), key=lambda position: -self.starts_at(position).timestamp()
        )


MINUTES_LONG: dict[Channel, tuple[int, int]] = {
    "voice": (3, 20),
    "callback": (2, 12),
    "email": (60, 1_800),
    "web_chat": (5, 30),
    "web_messaging": (10, 60),
    "whatsapp": (5, 180),
    "sms": (1, 60),
    "ticket": (60, 5_760),
    "survey": (1, 4),
}
LOST: dict[Channel, tuple[Status, float]] = {
    "voice": ("abandoned", 0.14),
    "callback": ("missed", 0.2),
    "web_chat": ("abandoned", 0.1),
    "web_messaging": ("abandoned", 0.08),
    "survey": ("abandoned", 0.08),
}
"""How a contact of this channel is lost when it is, and how often."""


def compose(
    random: Random, person: Person, vendor: str, channel: Channel, number: int, started_at: datetime, now: datetime
) -> Contact:
    """A contact like many: made up from `random` alone, so that the same generator gives the same contact."""
    topic = random.choice(TOPICS)
    lost_as, lost_share = LOST.get(channel, ("completed", 0.0))
    lost = random.random() < lost_share
    ended_at: datetime | None = min(
        started_at + timedelta(seconds=random.randint(*(minutes * 60 for minutes in MINUTES_LONG[channel]))), now
    )
    lingers = channel == "ticket" and random.random() < 0.3 and now - started_at < OPEN_WITHIN
    status: Status = lost_as if lost else random.choice(OPEN_STATUSES) if lingers else "completed"
    assert ended_at is not None
    last_activity_at = ended_at
    if lingers:
        ended_at = None
    if lost:
        ended_at = last_activity_at = min(started_at + timedelta(seconds=random.randint(20, 150)), now)
    queue = random.choice(queues_of(person.division))
    transferred = not lost and channel not in ("survey", "sms") and random.random() < 0.25
    stretches = _stretches(random, queue, started_at, last_activity_at, ended_at, lost, transferred, status)
    direction: Direction = "outbound" if channel in ("callback", "survey") or random.random() < 0.2 else "inbound"
    handled = status == "completed" and channel != "survey"
    language = person.language
    score = random.choice((2, 5, 6, 7, 8, 8, 9, 9, 10, 10))
    scored = (channel == "survey" and not lost) or (
        channel in ("voice", "web_messaging") and handled and random.random() < 0.15
    )
    priorities: tuple[Priority, ...] = ("low", "normal", "normal", "high", "urgent")
    priority = random.choice(priorities) if channel == "ticket" else None
    return Contact(
        vendor=vendor,
        person=person,
        number=number,
        channel=channel,
        direction=direction,
        started_at=started_at,
        ended_at=ended_at,
        last_activity_at=last_activity_at,
        status=status,
        subject=topic.subject[language],
        address=_address(random, person, channel),
        topic=topic,
        queue=queue,
        stretches=() if channel == "survey" else stretches,
        texts=_texts(random, person, channel, topic, stretches, started_at, last_activity_at, direction, lost),
        wrap_up=wrap_up_code(topic.outcome) if handled else None,
        wrap_up_note=topic.answers[language] if handled and random.random() < 0.5 else None,
        tags=(topic.tag, *(("vip",) if random.random() < 0.1 else ())),
        priority=priority,
        escalated=channel == "ticket" and (priority == "urgent" or random.random() < 0.08),
        nps_score=score if scored else None,
        nps_comment=(PRAISE if score >= 7 else CRITICISM)[language] if scored and random.random() < 0.6 else None,
        campaign=_campaign_of(person.division)
        if direction == "outbound" and channel in ("voice", "callback")
        else None,
        via=random.choice(("email", "web", "phone", "chat")) if channel == "ticket" else "email",
    )


def _campaign_of(division: Division) -> Campaign:
    return next(campaign for campaign in CAMPAIGNS if campaign.division is division)


def _address(random: Random, person: Person, channel: Channel) -> str:
    phone = random.choice(person.phones)[0] if person.phones else ""
    email = person.emails[0] if person.emails else ""
    if channel in ("voice", "callback"):
        return phone or email
    if channel in ("whatsapp", "sms"):
        return person.whatsapp or phone
    return email or phone


def _stretches(
    random: Random,
    queue: Queue,
    start: datetime,
    last: datetime,
    end: datetime | None,
    lost: bool,
    transferred: bool,
    status: Status,
) -> tuple[Stretch, ...]:
    """Queue, agent and, when transferred, the next queue and agent: without a gap from `start` to `end`."""
    if lost or status == "queued":
        return (Stretch(queue, None, queue.division, start, end),)
    length = last - start
    answered = start + min(timedelta(seconds=random.randint(5, 90)), length / 4)
    agent = random.choice(agents_of(queue.division))
    first = Stretch(queue, None, queue.division, start, answered)
    if not transferred:
        return first, Stretch(queue, agent, queue.division, answered, end)
    handed, taken = start + length / 2, start + length / 2 + min(timedelta(seconds=30), length / 8)
    second = random.choice(agents_of(SPECIALISTS.division))
    division = SPECIALISTS.division
    return (
        first,
        Stretch(queue, agent, queue.division, answered, handed),
        Stretch(SPECIALISTS, None, division, handed, taken),
        Stretch(SPECIALISTS, second, division, taken, end),
    )


def _texts(
    random: Random,
    person: Person,
    channel: Channel,
    topic: Topic,
    stretches: tuple[Stretch, ...],
    start: datetime,
    last: datetime,
    direction: Direction,
    lost: bool,
) -> tuple[Turn, ...]:
    if channel in ("voice", "callback", "survey"):
        return ()
    language = person.language
    agent = next((stretch.agent for stretch in stretches if stretch.agent), None)
    opening = Turn(start, "customer", topic.asks[language])
    if lost or agent is None:
        return (opening,)
    length = last - start
    answer = Turn(start + length / 3, "agent", topic.answers[language], agent)
    if direction == "outbound":
        opening, answer = Turn(start, "agent", topic.answers[language], agent), Turn(answer.at, "customer", "Ok.")
    note = Turn(start + length / 2, "agent", NOTES[language], agent, private=True)
    thanks = Turn(last, "customer", THANKS[language])
    return (opening, answer, *((note,) if random.random() < 0.3 else ()), thanks)


def division_of(language: str) -> Division:
    return DIVISION_OF[language]
