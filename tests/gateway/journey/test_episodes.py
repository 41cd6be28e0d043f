"""Episodes as pure functions: what joins, how it ended, and what holds for every history."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from msgspec.structs import replace

from connectors.base import Position
from connectors.interaction import (
    Agent,
    Channel,
    ConversationDetails,
    Direction,
    Interaction,
    InteractionStatus,
    Leg,
    LegKind,
    Link,
    LinkKind,
    Outcome,
    OutcomeKind,
    TicketDetails,
    TicketStatus,
)
from gateway.journey.episodes import (
    Episode,
    Resolution,
    Rule,
    Terms,
    agents_of,
    find_episodes,
    is_contact,
    key_of,
    oldest_first,
    topic_of,
    transfers_of,
)
from gateway.visibility import Shown
from tests.gateway.support import NOW, row_of

DAY = timedelta(days=1)
WITHIN = 7 * DAY
TERMS = Terms(NOW, WITHIN)
GOOD, BAD, SO_SO = (Outcome(kind, "x") for kind in (OutcomeKind.SUCCESS, OutcomeKind.FAILURE, OutcomeKind.NEUTRAL))
RESOLVED, UNRESOLVED, OPEN, UNKNOWN = Resolution


def shown_of(row: Interaction) -> Shown:
    agent = next((leg.agent for leg in reversed(row.legs) if leg.agent), None)
    return Shown(row, Position(row.started_at, row.source, row.external_id), None, agent, (), ("Home",))


def contact(external_id: str, days_ago: float, source: str = "calls", **fields: Any) -> Shown:
    """An answered call that took no time."""
    return shown_of(row_of(source, external_id, NOW - days_ago * DAY, **fields))


def ticket(external_id: str, days_ago: float, state: TicketStatus, number: str = "", **fields: Any) -> Shown:
    details = TicketDetails(number or external_id, state, "x")
    return contact(external_id, days_ago, "desk", channel=Channel.TICKET, details=details, **fields)


def linked(*ids: str, kind: LinkKind = LinkKind.REPLY) -> tuple[Link, ...]:
    return tuple(Link(kind, id_) for id_ in ids)


def ids_of(episodes: list[Episode]) -> list[list[str]]:
    return [[shown.row.external_id for shown in episode.rows] for episode in episodes]


def only(*shown: Shown, terms: Terms = TERMS) -> Episode:
    (episode,) = find_episodes(shown, terms)
    return episode


# ------------------------------------------------------------------------ what joins


def test_a_contact_alone_is_an_episode_of_its_own():
    episode = only(contact("1", 20))
    assert (episode.joined_by, len(episode.contacts), episode.topic) == ("single", 1, None)
    assert episode.started_at == episode.ended_at == NOW - 20 * DAY


@pytest.mark.parametrize("kind", LinkKind)
def test_a_link_joins_and_is_named(kind: LinkKind):
    assert only(contact("1", 90), contact("2", 20, links=linked("1", kind=kind))).joined_by == kind.lower()
    assert only(contact("1", 90, links=linked("2", kind=kind)), contact("2", 20)).joined_by == kind.lower()


def test_chains_of_links_are_one_episode_and_every_rule_is_named():
    transfer, reply = linked("2", kind=LinkKind.TRANSFER), linked("3")
    episode = only(contact("1", 3, links=transfer), contact("2", 40, links=reply), contact("3", 90))
    assert ids_of([episode]) == [["3", "2", "1"]]
    assert episode.joined_by == "reply, transfer"


def test_a_link_to_a_row_that_is_not_shown_joins_nothing():
    rows = [contact("1", 1, links=linked("hidden")), contact("2", 2, links=linked("hidden"))]
    assert ids_of(find_episodes(rows, TERMS)) == [["1"], ["2"]]


def test_links_stay_in_their_source_and_a_row_is_not_joined_to_itself():
    rows = [contact("1", 1, links=linked("1", "2")), contact("2", 2, source="desk")]
    assert [e.joined_by for e in find_episodes(rows, TERMS)] == ["single", "single"]


def test_rows_with_the_number_of_one_ticket_of_one_source_are_one_episode():
    rows = [ticket("a", 90, TicketStatus.OPEN, "7"), ticket("b", 5, TicketStatus.SOLVED, "7")]
    assert only(*rows).joined_by == "ticket"
    elsewhere = replace(rows[1], row=replace(rows[1].row, source="crm"), position=Position(NOW, "crm", "b"))
    assert len(find_episodes([rows[0], elsewhere], TERMS)) == 2


@pytest.mark.parametrize(
    ("days_apart", "one", "other", "joined"),
    [
        (7, "Invoices", "invoices", True),
        (7, " the  BILL", "The bill ", True),
        (7.01, "Invoices", "Invoices", False),
        (1, "Invoices", "Deliveries", False),
        (1, None, None, False),
        (1, "  ", "", False),
    ],
)
def test_contacts_on_one_topic_within_the_window_are_one_episode(
    days_apart: float, one: str | None, other: str | None, joined: bool
):
    rows = [contact("1", 30, topic=one), contact("2", 30 - days_apart, source="chats", topic=other)]
    episodes = find_episodes(rows, TERMS)
    assert [e.joined_by for e in episodes] == (["topic"] if joined else ["single", "single"])


def test_a_topic_is_measured_from_the_end_and_stands_with_a_ticket():
    long = contact("1", 30, topic="bill", ended_at=NOW - 20 * DAY)
    assert len(find_episodes([long, contact("2", 14, topic="bill")], TERMS)) == 1
    short_between = [long, contact("2", 29, topic="bill"), contact("3", 14, topic="bill")]
    assert len(find_episodes(short_between, TERMS)) == 1
    assert len(find_episodes([long, contact("2", 12, topic="bill")], TERMS)) == 2
    standing = ticket("9", 300, TicketStatus.ON_HOLD, topic="bill")
    assert len(find_episodes([standing, contact("2", 12, topic="bill"), contact("3", 1, topic="bill")], TERMS)) == 1


NO_CONTACTS: list[dict[str, Any]] = [
    {"channel": Channel.WEB},
    {"channel": Channel.KNOWLEDGE},
    {"channel": Channel.SURVEY},
    {"direction": Direction.INTERNAL},
    {"channel": Channel.SMS, "direction": Direction.OUTBOUND, "details": ConversationDetails(agentless=True)},
]


@pytest.mark.parametrize("fields", NO_CONTACTS)
def test_what_is_no_contact_is_in_an_episode_by_a_link_alone_and_is_no_step(fields: dict[str, Any]):
    call = contact("1", 3, topic="bill")
    assert find_episodes([contact("2", 2, topic="bill", **fields)], TERMS) == []
    assert ids_of(find_episodes([call, contact("2", 2, topic="bill", **fields)], TERMS)) == [["1"]]
    episode = only(call, contact("2", 2, links=linked("1"), **fields))
    assert (ids_of([episode]), len(episode.contacts), episode.channels) == ([["1", "2"]], 1, (Channel.VOICE,))


def test_what_an_episode_tells():
    ada, bruno, bot = Agent("a1", "Ada"), Agent("b1", "Bruno"), Agent("x1", "Robot")
    legs = (Leg(NOW, kind=LegKind.BOT, agent=bot), Leg(NOW, agent=ada), Leg(NOW, kind=LegKind.TRANSFER, agent=bruno))
    chat = contact("1", 9, "chats", channel=Channel.CHAT, topic="Bill", legs=legs)
    call = contact("2", 8, topic="bill", legs=(Leg(NOW, agent=ada),))
    mail = contact("3", 3, topic="bill", channel=Channel.EMAIL, outcome=GOOD, ended_at=NOW - DAY)
    episode = only(mail, chat, call)
    assert episode.topic == "Bill"
    assert episode.channels == (Channel.CHAT, Channel.VOICE, Channel.EMAIL)
    assert episode.agents == (("chats", ada), ("chats", bruno), ("calls", ada))
    assert (episode.started_at, episode.ended_at) == (NOW - 9 * DAY, NOW - DAY)
    assert transfers_of(episode.contacts) == 1


def test_where_legs_are_withheld_the_last_agent_is_known():
    shown = replace(contact("1", 1), agent=Agent("a1", "Ada"))
    assert agents_of([shown]) == (("calls", Agent("a1", "Ada")),)


# ------------------------------------------------------------------------ how it ended


def running(status: InteractionStatus, days_ago: float = 30, channel: Channel = Channel.WHATSAPP) -> Shown:
    return contact("1", days_ago, status=status, channel=channel)


def lost(days_ago: float, **fields: Any) -> Shown:
    return contact("9", days_ago, status=InteractionStatus.MISSED, topic="bill", **fields)


CASES: list[tuple[str, Resolution, list[Shown]]] = [
    ("it went well", RESOLVED, [contact("1", 1, outcome=GOOD)]),
    ("it went badly", UNRESOLVED, [contact("1", 30, outcome=BAD)]),
    ("a solved ticket", RESOLVED, [ticket("1", 1, TicketStatus.SOLVED)]),
    ("a closed ticket that was rated badly", UNRESOLVED, [ticket("1", 90, TicketStatus.CLOSED, outcome=BAD)]),
    ("a ticket on hold, however old", OPEN, [ticket("1", 900, TicketStatus.ON_HOLD)]),
    ("a ticket that stands, although a call went well", OPEN, [
        ticket("1", 9, TicketStatus.OPEN, topic="bill"), contact("2", 1, topic="bill", outcome=GOOD)
    ]),
    ("a ticket in a state without a word", UNKNOWN, [
        ticket("1", 90, TicketStatus.UNKNOWN, status=InteractionStatus.UNKNOWN)
    ]),
    ("answered, and silence since", RESOLVED, [contact("1", 7)]),
    ("answered without success or failure, and silence", RESOLVED, [contact("1", 30, outcome=SO_SO)]),
    ("answered: too early to tell", OPEN, [contact("1", 6.9)]),
    ("nobody answered", UNRESOLVED, [contact("1", 30, status=InteractionStatus.MISSED)]),
    ("given up", UNRESOLVED, [contact("1", 0.1, status=InteractionStatus.ABANDONED)]),
    ("nobody answered, but they were called back", RESOLVED, [
        lost(30), contact("1", 29, topic="bill", direction=Direction.OUTBOUND)
    ]),
    ("solved; a call to the customer afterwards was not taken", RESOLVED, [
        contact("1", 30, topic="bill", outcome=GOOD), lost(29, direction=Direction.OUTBOUND)
    ]),
    ("solved, and then nobody answered", UNRESOLVED, [contact("1", 30, topic="bill", outcome=GOOD), lost(29)]),
    ("solved; they came back, and nothing says how that went", UNKNOWN, [
        contact("1", 30, topic="bill", outcome=GOOD),
        contact("2", 29, topic="bill", status=InteractionStatus.UNKNOWN),
    ]),
    ("a call to the customer, who had asked for nothing", UNKNOWN, [contact("1", 30, direction=Direction.OUTBOUND)]),
    ("the customer could not be reached", UNKNOWN, [lost(30, direction=Direction.OUTBOUND)]),
    ("waits for the company, however old", OPEN, [running(InteractionStatus.QUEUED, channel=Channel.EMAIL)]),
    ("set aside by the company", OPEN, [running(InteractionStatus.ON_HOLD)]),
    ("nobody closed it, and it is long silent", RESOLVED, [running(InteractionStatus.ACTIVE)]),
    ("it waits for the customer, for long", RESOLVED, [running(InteractionStatus.PENDING)]),
    ("it waits for the customer", OPEN, [running(InteractionStatus.PENDING, 6)]),
    ("a call back to come", OPEN, [running(InteractionStatus.SCHEDULED, -2, Channel.CALLBACK)]),
    ("a call back that never came", UNKNOWN, [running(InteractionStatus.SCHEDULED, 30, Channel.CALLBACK)]),
]  # fmt: skip


@pytest.mark.parametrize(("resolution", "rows"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_resolution(resolution: Resolution, rows: list[Shown]):
    episode = only(*rows)
    assert episode.resolution is resolution
    assert (episode.ended_at is None) is (resolution is OPEN)


BACK: list[tuple[str, Resolution, list[Shown]]] = [
    ("about something else", RESOLVED, [contact("1", 30, topic="bill"), contact("2", 29, topic="parcel")]),
    ("nobody knows about what", UNKNOWN, [contact("1", 30, topic="bill"), contact("2", 29)]),
    ("nobody knew what it was about", UNKNOWN, [contact("1", 30), contact("2", 29, topic="bill")]),
    ("too late for a repeat", RESOLVED, [contact("1", 30), contact("2", 22)]),
    ("a call to the customer is no repeat", RESOLVED, [contact("1", 30), lost(29, direction=Direction.OUTBOUND)]),
    ("it went well, and nobody knows what the other was about", RESOLVED, [
        contact("1", 30, outcome=GOOD), contact("2", 29)
    ]),
    ("the same topic, past what joins it", UNRESOLVED, [
        contact("1", 30, topic="bill"),
        ticket("2", 18, TicketStatus.SOLVED, links=linked("3")),
        ticket("3", 30, TicketStatus.SOLVED, topic="bill"),
        contact("4", 15, topic="bill"),
    ]),
]  # fmt: skip


@pytest.mark.parametrize(("resolution", "rows"), [c[1:] for c in BACK], ids=[c[0] for c in BACK])
def test_coming_back_in_another_episode(resolution: Resolution, rows: list[Shown]):
    episodes = find_episodes(rows, TERMS)
    assert len(episodes) == 2
    assert episodes[-1].resolution is resolution


def test_silence_proves_nothing_when_a_source_did_not_answer():
    deaf = Terms(NOW, WITHIN, silence_counts=False)
    assert only(contact("1", 30), terms=deaf).resolution is UNKNOWN
    assert only(contact("1", 30, outcome=GOOD), terms=deaf).resolution is RESOLVED


def test_the_window_is_a_setting():
    rows = [contact("1", 30, topic="bill"), contact("2", 20, topic="bill")]
    assert len(find_episodes(rows, Terms(NOW, 9 * DAY))) == 2
    assert len(find_episodes(rows, Terms(NOW, 10 * DAY))) == 1
    assert only(contact("1", 2), terms=Terms(NOW, DAY)).resolution is RESOLVED


# ------------------------------------------------------------------------ whatever the history


def a_history(random: Random) -> list[Shown]:
    rows: list[Shown] = []
    size = random.choice([0, 1, 3, 8, 20, 60])
    for number in range(size):
        source = random.choice(["calls", "desk", "chats"])
        channel = Channel.TICKET if source == "desk" else random.choice(list(Channel))
        started_at = NOW - random.choice([1, 7, 60]) * DAY * random.random() - random.choice([0, 0, 30]) * DAY
        details: Any = None
        if channel is Channel.TICKET and random.random() < 0.8:
            details = TicketDetails(str(random.randrange(1, 12)), random.choice(list(TicketStatus)), "x")
        elif random.random() < 0.2:
            details = ConversationDetails(agentless=True)
        ended = maybe_end(random, started_at)
        row = row_of(
            source,
            str(number),
            started_at.replace(microsecond=0) if random.random() < 0.5 else NOW - DAY,
            channel=channel,
            direction=random.choice(list(Direction)),
            status=random.choice(list(InteractionStatus)),
            topic=random.choice([None, None, "bill", "Bill", "parcel", " "]),
            outcome=random.choice([None, None, GOOD, BAD, SO_SO]),
            ended_at=ended,
            details=details,
            links=tuple(
                Link(random.choice(list(LinkKind)), str(random.randrange(size + 3)))
                for _ in range(random.choice([0, 0, 0, 1, 2]))
            ),
        )
        rows.append(shown_of(row))
    return rows


def maybe_end(random: Random, started_at: datetime) -> datetime | None:
    return started_at + random.choice([0, 1, 5]) * DAY * random.random() if random.random() < 0.7 else None


def as_told(episodes: list[Episode]) -> list[tuple[Any, ...]]:
    return [(list(map(key_of, e.rows)), e.joined_by, e.resolution, e.topic, e.ended_at) for e in episodes]


@pytest.mark.parametrize("batch", range(4))
def test_what_holds_for_every_history(batch: int):
    for number in range(batch * 250, (batch + 1) * 250):
        seed = f"episodes {number}"
        print(f"seed {seed}")
        random = Random(seed)
        rows = a_history(random)
        episodes = find_episodes(rows, TERMS)
        placed = [key_of(s) for e in episodes for s in e.rows]
        assert len(placed) == len(set(placed)), "no row is in two"
        assert {key_of(s) for s in rows if is_contact(s)} == {key_of(s) for e in episodes for s in e.contacts}
        assert set(placed) <= set(map(key_of, rows))
        for episode in episodes:
            assert episode.contacts and list(episode.rows) == oldest_first(episode.rows)
            assert set(episode.contacts) == {s for s in episode.rows if is_contact(s)}
            assert (episode.rules == (Rule.SINGLE,)) is (len(episode.rows) == 1)
            assert is_held_together(episode)
        starts = [e.started_at for e in episodes]
        assert starts == sorted(starts, reverse=True)
        shuffled = random.sample(rows, len(rows))
        assert as_told(find_episodes(shuffled, TERMS)) == as_told(episodes), "the order of rows makes no difference"


def is_held_together(episode: Episode) -> bool:
    """From any row every other is reached, from one to the next by a rule that the episode names."""
    reached, waiting = {key_of(episode.rows[0])}, [episode.rows[0]]
    while waiting:
        one = waiting.pop()
        for other in episode.rows:
            if key_of(other) not in reached and are_joined(one, other, episode):
                reached.add(key_of(other))
                waiting.append(other)
    return len(reached) == len(episode.rows)


def are_joined(one: Shown, other: Shown, episode: Episode) -> bool:
    """As a person would say it, and not as the product finds it."""
    same_source = one.row.source == other.row.source
    if same_source and any(
        Rule(link.kind.lower()) in episode.rules
        for a, b in ((one, other), (other, one))
        for link in a.row.links
        if link.external_id == b.row.external_id
    ):
        return True
    numbers = [s.row.details.number for s in (one, other) if isinstance(s.row.details, TicketDetails)]
    if same_source and len(numbers) == 2 and numbers[0] == numbers[1] and Rule.TICKET in episode.rules:
        return True
    on_topic = topic_of(one) is not None and topic_of(one) == topic_of(other) and is_contact(one) and is_contact(other)
    return on_topic and Rule.TOPIC in episode.rules


@pytest.mark.parametrize("batch", range(2))
def test_a_row_that_is_hidden_joins_no_two_that_are_shown(batch: int):
    """Episodes of what is shown are what they would be if the rest had never been; and hiding never joins."""
    for number in range(batch * 300, (batch + 1) * 300):
        seed = f"hidden {number}"
        print(f"seed {seed}")
        random = Random(seed)
        rows = a_history(random)
        shown = [s for s in rows if random.random() < 0.7]
        whole = {key_of(s): e for e in find_episodes(rows, TERMS) for s in e.rows}
        for episode in find_episodes(shown, TERMS):
            assert all(key_of(s) in set(map(key_of, shown)) for s in episode.rows)
            if all(key_of(s) in whole for s in episode.rows):
                assert len({whole[key_of(s)].position for s in episode.rows}) == 1


@pytest.mark.parametrize("batch", range(2))
def test_an_episode_only_grows_when_more_is_known(batch: int):
    """So an id, which is made of the oldest row, goes on answering: that row is still in one episode."""
    for number in range(batch * 200, (batch + 1) * 200):
        seed = f"growing {number}"
        print(f"seed {seed}")
        random = Random(seed)
        rows = a_history(random)
        some = rows[: len(rows) // 2]
        later = {key_of(s): e for e in find_episodes(rows, TERMS) for s in e.rows}
        for episode in find_episodes(some, TERMS):
            grown = {later[key_of(s)].position for s in episode.contacts}
            assert len(grown) == 1
            assert (episode.position.source, episode.position.external_id) in later
