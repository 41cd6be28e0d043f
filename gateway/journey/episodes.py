"""Episodes: which contacts are about one matter, by which rule, and whether the customer got an answer. Pure.

They are made of rows as one viewer is shown them, and of nothing else: a link to a row that is not among them joins
nothing. Which order the rows come in makes no difference. docs/episodes.md explains it to operators.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from connectors.base import Position
from connectors.interaction import (
    Agent,
    Channel,
    ConversationDetails,
    Direction,
    InteractionStatus,
    LegKind,
    LinkKind,
    OutcomeKind,
    TicketDetails,
    TicketStatus,
)
from gateway.journey.figures import LOST, UNFINISHED, is_active_ticket, is_activity
from gateway.visibility import Shown

Key = tuple[str, str]
"""A row's source and its true external id."""

FOREVER = datetime.max.replace(tzinfo=UTC)
WAITING_FOR_US = frozenset({InteractionStatus.QUEUED, InteractionStatus.ON_HOLD})
UNDER_WAY = frozenset({InteractionStatus.ACTIVE, InteractionStatus.PENDING})
SOLVED = frozenset({TicketStatus.SOLVED, TicketStatus.CLOSED})


class Rule(StrEnum):
    """What joins two rows, the surest first; SINGLE where nothing had to be joined."""

    TICKET = "ticket"
    PARENT = "parent"
    REPLY = "reply"
    TRANSFER = "transfer"
    TOPIC = "topic"
    SINGLE = "single"


_RULE_OF = {
    LinkKind.TICKET: Rule.TICKET,
    LinkKind.PARENT: Rule.PARENT,
    LinkKind.REPLY: Rule.REPLY,
    LinkKind.TRANSFER: Rule.TRANSFER,
}


class Resolution(StrEnum):
    RESOLVED = "RESOLVED"
    UNRESOLVED = "UNRESOLVED"
    OPEN = "OPEN"
    UNKNOWN = "UNKNOWN"


class Word(StrEnum):
    """What a contact says of the matter: it was settled, it went badly, or somebody dealt with it."""

    GOOD = "GOOD"
    BAD = "BAD"
    HANDLED = "HANDLED"


@dataclass(frozen=True, slots=True)
class Terms:
    """What episodes are judged by. within: the days in which coming back is a repeat. silence_counts: every source
    answered, so that a contact which is not there did not take place."""

    now: datetime
    within: timedelta
    silence_counts: bool = True


@dataclass(frozen=True, slots=True)
class Episode:
    """rows: everything it is made of, oldest first; contacts: those of them that count as steps, one at least.
    rules: what joined them, the surest first."""

    rows: tuple[Shown, ...]
    contacts: tuple[Shown, ...]
    rules: tuple[Rule, ...]
    resolution: Resolution

    @property
    def position(self) -> Position:
        """Of its oldest row: where it stands among episodes, and what its id is made of."""
        return self.rows[0].position

    @property
    def started_at(self) -> datetime:
        return self.rows[0].row.started_at

    @property
    def ended_at(self) -> datetime | None:
        """None as long as it is open."""
        return None if self.resolution is Resolution.OPEN else max(map(end_of, self.rows))

    @property
    def topic(self) -> str | None:
        """The first that was named, by a contact if any did."""
        return next((s.row.topic for s in (*self.contacts, *self.rows) if topic_of(s)), None)

    @property
    def channels(self) -> tuple[Channel, ...]:
        return channels_of(self.contacts)

    @property
    def agents(self) -> tuple[tuple[str, Agent], ...]:
        return agents_of(self.contacts)

    @property
    def joined_by(self) -> str:
        return ", ".join(self.rules)


def find_episodes(shown: Iterable[Shown], terms: Terms) -> list[Episode]:
    """Newest first. Every contact is in one episode, and in no other; what is no contact is in one by a link alone."""
    rows = oldest_first(shown)
    groups = _joined(rows, terms.within)
    contacts = [s for s in rows if is_contact(s)]
    starts = [s.row.started_at for s in contacts]
    episodes = []
    for group in groups:
        own = tuple(s for s in group.rows if is_contact(s))
        if own:
            resolution = _resolution(own, _Others(contacts, starts, frozenset(map(key_of, own))), terms)
            episodes.append(Episode(group.rows, own, group.rules or (Rule.SINGLE,), resolution))
    return newest_first(episodes)


# ------------------------------------------------------------------------ rows


def key_of(shown: Shown) -> Key:
    return shown.position.source, shown.position.external_id


def oldest_first(shown: Iterable[Shown]) -> list[Shown]:
    """The journey's order, read backwards."""
    rows = sorted(shown, key=key_of)
    rows.sort(key=lambda s: s.position.started_at, reverse=True)
    rows.reverse()
    return rows


def newest_first(episodes: Iterable[Episode]) -> list[Episode]:
    """By where their oldest rows stand in the journey."""
    ordered = sorted(episodes, key=lambda e: (e.position.source, e.position.external_id))
    ordered.sort(key=lambda e: e.position.started_at, reverse=True)
    return ordered


def is_contact(shown: Shown) -> bool:
    """A step of somebody's way to an answer. Visits, surveys, notices and what the company did by itself are none."""
    details = shown.row.details
    notice = isinstance(details, ConversationDetails) and details.agentless
    return is_activity(shown) and shown.row.channel is not Channel.SURVEY and not notice


def end_of(shown: Shown) -> datetime:
    return shown.row.ended_at or shown.row.last_activity_at


def topic_of(shown: Shown) -> str | None:
    """As topics are compared; None for an empty one."""
    topic = shown.row.topic
    return None if topic is None else " ".join(topic.casefold().split()) or None


def channels_of(contacts: Iterable[Shown]) -> tuple[Channel, ...]:
    """In the order of their first use."""
    return tuple(dict.fromkeys(s.row.channel for s in contacts))


def agents_of(contacts: Iterable[Shown]) -> tuple[tuple[str, Agent], ...]:
    """(source, agent) of the people who had to do with it; bots are none. Where no leg is shown, the last agent is."""
    found: dict[tuple[str, str], tuple[str, Agent]] = {}
    for shown in contacts:
        legs = shown.row.legs
        people = [leg.agent for leg in legs if leg.kind is not LegKind.BOT] if legs else [shown.agent]
        for agent in people:
            if agent is not None:
                found.setdefault((shown.row.source, agent.id), (shown.row.source, agent))
    return tuple(found.values())


def transfers_of(contacts: Iterable[Shown]) -> int:
    return sum(leg.kind is LegKind.TRANSFER for shown in contacts for leg in shown.row.legs)


# ------------------------------------------------------------------------ what belongs together


class _Group(NamedTuple):
    rows: tuple[Shown, ...]
    rules: tuple[Rule, ...]


class _Join(NamedTuple):
    """Two rows, by their places, and why they belong together."""

    rule: Rule
    one: int
    other: int


def _joined(rows: Sequence[Shown], within: timedelta) -> list[_Group]:
    """Rows in groups that no rule joins to each other, in the order of their oldest rows."""
    joins = [*_linked(rows), *_of_one_ticket(rows), *_on_one_topic(rows, within)]
    leaders = list(range(len(rows)))

    def leader(place: int) -> int:
        while leaders[place] != place:
            leaders[place] = leaders[leaders[place]]
            place = leaders[place]
        return place

    for join in joins:
        one, other = leader(join.one), leader(join.other)
        leaders[max(one, other)] = min(one, other)
    members: dict[int, list[Shown]] = {}
    for place, shown in enumerate(rows):
        members.setdefault(leader(place), []).append(shown)
    rules: dict[int, set[Rule]] = {}
    for join in joins:
        rules.setdefault(leader(join.one), set()).add(join.rule)
    return [_Group(tuple(group), tuple(r for r in Rule if r in rules.get(led, ()))) for led, group in members.items()]


def _linked(rows: Sequence[Shown]) -> Iterator[_Join]:
    """What a source itself says, as far as both ends are shown."""
    places = {key_of(shown): place for place, shown in enumerate(rows)}
    for place, shown in enumerate(rows):
        for link in shown.row.links:
            other = places.get((shown.position.source, link.external_id))
            if other is not None and other != place:
                yield _Join(_RULE_OF[link.kind], place, other)


def _of_one_ticket(rows: Sequence[Shown]) -> Iterator[_Join]:
    """Several rows of a source that carry the number of one ticket."""
    places: dict[Key, int] = {}
    for place, shown in enumerate(rows):
        details = shown.row.details
        if isinstance(details, TicketDetails) and details.number:
            first = places.setdefault((shown.position.source, details.number), place)
            if first != place:
                yield _Join(Rule.TICKET, first, place)


def _on_one_topic(rows: Sequence[Shown], within: timedelta) -> Iterator[_Join]:
    """Contacts on one topic, each begun soon after those before it ended, or while a ticket among them stands."""
    places: dict[str, tuple[int, datetime]] = {}
    for place, shown in enumerate(rows):
        topic = topic_of(shown)
        if topic is None or not is_contact(shown):
            continue
        end = FOREVER if is_active_ticket(shown) else end_of(shown)
        before = places.get(topic)
        if before is not None and (before[1] is FOREVER or shown.row.started_at <= before[1] + within):
            yield _Join(Rule.TOPIC, before[0], place)
            end = max(end, before[1])
        places[topic] = (place, end)


# ------------------------------------------------------------------------ how it ended


class _Others(NamedTuple):
    """A customer's contacts, oldest first, beside those of one episode."""

    contacts: Sequence[Shown]
    starts: Sequence[datetime]
    own: frozenset[Key]

    def between(self, after: datetime, until: datetime) -> Iterator[Shown]:
        for place in range(bisect_right(self.starts, after), bisect_right(self.starts, until)):
            if key_of(self.contacts[place]) not in self.own:
                yield self.contacts[place]


def _resolution(contacts: Sequence[Shown], others: _Others, terms: Terms) -> Resolution:
    """By what is still going on; by the last word, unless the customer came back; by silence, where it proves any."""
    if any(_stands(s, terms) for s in contacts):
        return Resolution.OPEN
    told = [(end_of(s), place, word) for place, s in enumerate(contacts) if (word := _word(s)) is not None]
    if not told:
        return Resolution.UNKNOWN
    at, _, word = max(told)
    if word is Word.BAD:
        return Resolution.UNRESOLVED
    topics = {topic_of(s) for s in contacts} - {None}
    later = [topic_of(s) for s in others.between(at, at + terms.within) if is_asked_for(s)]
    if not topics.isdisjoint(later):
        return Resolution.UNRESOLVED
    if any(s.row.started_at > at and is_asked_for(s) for s in contacts):
        return Resolution.UNKNOWN  # they came back about it, and nothing says how that went
    if word is Word.GOOD:
        return Resolution.RESOLVED
    if not any(map(is_asked_for, contacts)):
        return Resolution.UNKNOWN  # nobody had asked for anything
    if terms.now < at + terms.within:
        return Resolution.OPEN
    may_be_about_it = later and (not topics or None in later)
    return Resolution.RESOLVED if terms.silence_counts and not may_be_about_it else Resolution.UNKNOWN


def is_asked_for(shown: Shown) -> bool:
    """Begun by the customer, as far as the source says."""
    return shown.row.direction is not Direction.OUTBOUND


def _stands(shown: Shown, terms: Terms) -> bool:
    """Not over. What waits for the company stands however old; a conversation that nobody closed is over with time."""
    row, details = shown.row, shown.row.details
    if isinstance(details, TicketDetails) and details.status is not TicketStatus.UNKNOWN:
        return details.status in UNFINISHED
    if row.ended_at is not None:
        return False
    if row.status is InteractionStatus.SCHEDULED:
        return row.started_at > terms.now - terms.within
    return row.status in WAITING_FOR_US or (row.status in UNDER_WAY and row.last_activity_at > terms.now - terms.within)


def _word(shown: Shown) -> Word | None:
    """What a contact that is over says; None for nothing. A call that did not reach the customer changes nothing."""
    row, details = shown.row, shown.row.details
    if row.outcome is not None and row.outcome.kind is not OutcomeKind.NEUTRAL:
        return Word.GOOD if row.outcome.kind is OutcomeKind.SUCCESS else Word.BAD
    if isinstance(details, TicketDetails) and details.status in SOLVED:
        return Word.GOOD
    if row.status in LOST or row.status is InteractionStatus.FAILED:
        return Word.BAD if is_asked_for(shown) else None
    return Word.HANDLED if row.status in UNDER_WAY or row.status is InteractionStatus.COMPLETED else None
