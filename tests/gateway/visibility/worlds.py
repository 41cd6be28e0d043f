"""Seeded worlds: deployments, viewers, customers and rows, small enough that everything collides with everything.

Vocabularies are tiny on purpose: a queue named as a tag, a campaign with the id of a queue, a division that only the
vendor knows, two legs that start together, a url that ends in somebody's number come up in every few cases.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TypeVar
from urllib.parse import quote

from msgspec.structs import replace as with_fields

from connectors.interaction import (
    CALL_CHANNELS,
    CONVERSATION_CHANNELS,
    WEB_VISIT_CHANNELS,
    Address,
    AddressKind,
    Agent,
    Attachment,
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
    JourneyStage,
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
    TicketStatus,
    Touchpoint,
    WebEvent,
    WebVisitDetails,
    WrapUpCode,
)
from gateway.deployment import Deployment, Module, SourceRules, WorkProfile
from gateway.permissions import (
    EVENT_TYPE_VIEW,
    EVENT_VIEW,
    PII_VIEW,
    QUEUE_SEARCH,
    SESSION_VIEW,
    WRAP_UP_CODE_VIEW,
)
from gateway.viewer.viewer import Scope, Viewer, ViewerKind

T = TypeVar("T")

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HOME = "home"
DIVISIONS = (HOME, "north", "south", "east")
VENDOR_DIVISIONS = ("d1", "d2", "d3", "d4")
SOURCES = ("calls", "desk", "forms")
PERMISSIONS = (EVENT_VIEW, SESSION_VIEW, EVENT_TYPE_VIEW, QUEUE_SEARCH, WRAP_UP_CODE_VIEW, PII_VIEW)
QUEUES = (Queue("q1", "Sales"), Queue("q2", "Billing"), Queue("q3", "Care"), Queue("c1", "Returns"))
SERVICES = ("sales", "billing", "calls/q3", "desk/q3", "calls/c1")
CAMPAIGNS = (Campaign("c1", "Spring"), Campaign("c2", "Autumn"), Campaign("q3", "Renewals"))
AGENTS = (Agent("a1", "Ada Ferri"), Agent("a2", "Bruno Sala"), Agent("a3", "Carla 1112201"))
CODES = (
    WrapUpCode("W1", "Solved", ("Support", "Solved")),
    WrapUpCode("W2", "Sold", ("Sales", "Sold"), note="will call back"),
    WrapUpCode("W3", "Refused"),
    WrapUpCode("W4", "Refunded", ("Care", "Money", "Refunded"), at=START + timedelta(minutes=7)),
)
TAGS = ("Sales", "q2", "care", "Solved", "w2", "Money", "vip", "support", "follow-up", "BILLING", "sales", "calls/q3")
PEOPLE = (
    Identifier(IdentifierKind.PHONE, "+393331112201"),
    Identifier(IdentifierKind.PHONE, "+390611122"),
    Identifier(IdentifierKind.EMAIL, "rosa.neri@example.org"),
    Identifier(IdentifierKind.EMAIL, "r@example.com"),
    Identifier(IdentifierKind.WHATSAPP, "+393331112207"),
    Identifier(IdentifierKind.WHATSAPP, "IT.abcDEF123"),
    Identifier(IdentifierKind.EXTERNAL_ID, "k-4711", source="desk"),
    Identifier(IdentifierKind.SOCIAL, "rosa_neri", channel=Channel.INSTAGRAM),
    Identifier(IdentifierKind.COOKIE, "6f1c9e0a"),
    Identifier(IdentifierKind.EXTERNAL_ID, "7", source="forms"),
)
STRANGERS = (
    *PEOPLE,
    Identifier(IdentifierKind.PHONE, "+393331119999"),
    Identifier(IdentifierKind.PHONE, "anonymous"),
    Identifier(IdentifierKind.PHONE, "112"),
    Identifier(IdentifierKind.EMAIL, "someone.else@example.net"),
    Identifier(IdentifierKind.WHATSAPP, "+447700900123"),
    Identifier(IdentifierKind.EXTERNAL_ID, "k-0815"),
    Identifier(IdentifierKind.SOCIAL, "someone@network"),
    Identifier(IdentifierKind.EXTERNAL_ID, "+393331114444"),
)


@dataclass(frozen=True)
class World:
    """One deployment, one viewer, and one customer's records in its sources."""

    deployment: Deployment
    viewer: Viewer
    records: tuple[Record, ...]

    @property
    def identifiers(self) -> tuple[Identifier, ...]:
        return tuple(dict.fromkeys(held.identifier for record in self.records for held in record.identifiers))


@dataclass(frozen=True)
class Case:
    world: World
    row: Interaction
    record: Record


def worlds(seed: int) -> Iterator[World]:
    random = Random(seed)
    while True:
        deployment = a_deployment(random)
        yield World(deployment, a_viewer(random, deployment), some_records(random))


def cases(seed: int, rows_per_world: int = 8) -> Iterator[Case]:
    """Without end; the same ones for the same seed, in every process."""
    random = Random(seed)
    for world in worlds(random.randrange(2**32)):
        for number in range(rows_per_world):
            record = random.choice(world.records)
            yield Case(world, a_row(random, world, record, number), record)


def maybe(random: Random, chance: float, make: Callable[[], T]) -> T | None:
    return make() if random.random() < chance else None


def some(random: Random, values: Sequence[T], chance: float) -> tuple[T, ...]:
    return tuple(value for value in values if random.random() < chance)


# ------------------------------------------------------------------------ what an operator configured


def a_deployment(random: Random) -> Deployment:
    modules = set(Module) if random.random() < 0.8 else set(some(random, list(Module), 0.7))
    if random.random() < 0.9:
        modules.add(Module.JOURNEY)
    known = {HOME, *some(random, DIVISIONS[1:], 0.8), *some(random, ["calls/d4", "desk/d3"], 0.2)}
    return Deployment(
        modules=frozenset(modules),
        sources={name: some_rules(random, name) for name in random.sample(SOURCES, len(SOURCES))},
        home_division=HOME,
        divisions=frozenset(known),
    )


def some_rules(random: Random, name: str) -> SourceRules:
    default = random.choice([(), ("*",), ("north",), ("north", "south"), ("east",), ("nowhere",)])
    everything = random.random() < 0.8
    return SourceRules(
        name=name,
        channels=frozenset(Channel) if everything else frozenset(some(random, list(Channel), 0.5)),
        divisions=default,
        division_names={
            vendor_id: random.choice([*DIVISIONS, "nowhere"]) for vendor_id in some(random, VENDOR_DIVISIONS, 0.7)
        },
        services={
            key: random.choice(SERVICES) for key in some(random, ["q1", "Sales", "q2", "Billing", "q3", "c1"], 0.5)
        },
    )


# ------------------------------------------------------------------------ who asks


def a_viewer(random: Random, deployment: Deployment) -> Viewer:
    """Mostly somebody who sees something: else most cases would be won by seeing nothing."""
    base = a_scope(random, 0.8)
    grants = {
        permission: scope
        for permission in PERMISSIONS
        if (scope := base if random.random() < 0.55 else a_scope(random, 0.5))
    }
    if random.random() < 0.9:
        grants[EVENT_VIEW] = grants.get(EVENT_VIEW, NOWHERE) | base
        grants[SESSION_VIEW] = grants.get(SESSION_VIEW, NOWHERE) | base
    return Viewer(
        subject="viewer",
        kind=random.choice(list(ViewerKind)),
        grants=grants,
        active=maybe(random, 0.65, lambda: a_profile(random)),
    )


NOWHERE = Scope()


def a_scope(random: Random, chance: float) -> Scope:
    if random.random() < 0.2:
        return Scope(everywhere=True)
    return Scope(divisions=frozenset(some(random, [*DIVISIONS, "calls/d4", "desk/d3", "nowhere"], chance)))


def a_profile(random: Random) -> WorkProfile:
    return WorkProfile(
        name="day shift",
        channels=frozenset(Channel) if random.random() < 0.8 else frozenset(some(random, list(Channel), 0.5)),
        queues=frozenset(some(random, SERVICES, 0.6)),
        campaigns=frozenset(some(random, ["calls/c1", "calls/c2", "desk/c1", "calls/q3", "desk/q3"], 0.3)),
    )


# ------------------------------------------------------------------------ one customer


def some_records(random: Random) -> tuple[Record, ...]:
    sources = [*SOURCES, random.choice(SOURCES)][: random.randrange(1, 5)]
    return tuple(a_record(random, source, f"r{number}") for number, source in enumerate(sources))


def a_record(random: Random, source: str, record_id: str) -> Record:
    own = Identifier(IdentifierKind.EXTERNAL_ID, f"contact-{record_id}", source=source)
    held = (own, *some(random, PEOPLE, 0.35))
    return Record(
        source=source,
        id=record_id,
        identifiers=tuple(HeldIdentifier(identifier) for identifier in held),
        name=maybe(random, 0.8, lambda: a_text(random, "Rosa Neri", PEOPLE)),
        division_ids=tuple(random.sample(VENDOR_DIVISIONS, random.choice([0, 0, 0, 1, 2]))),
    )


def a_text(random: Random, plain: str, identifiers: Sequence[Identifier]) -> str:
    """A name or url, sometimes with somebody's identifier or the end of a phone number in it."""
    if random.random() < 0.5:
        return plain
    value = random.choice(identifiers).value
    spellings = (
        f"{plain}/{value}",
        f"{plain}?who={quote(value)}&x=1",
        f"{plain}?return={quote(quote(f'?who={value}'))}",
        f"{plain} {value[-7:-4]}-{value[-4:]}",
        f"{plain}{value}",
        value.upper(),
    )
    return random.choice(spellings)


# ------------------------------------------------------------------------ what happened


def minutes(random: Random) -> datetime:
    return START + timedelta(minutes=random.randrange(-2, 12))


def a_row(random: Random, world: World, record: Record, number: int = 0) -> Interaction:
    channel = random.choice(list(Channel))
    url = f"https://{record.source}.example/items/{number}"
    started_at = minutes(random)
    return Interaction(
        source=record.source,
        external_id=a_text(random, f"item-{number}", world.identifiers),
        record_id=record.id,
        channel=channel,
        direction=random.choice(list(Direction)),
        started_at=started_at,
        last_activity_at=started_at + timedelta(minutes=10),
        status=random.choice(list(InteractionStatus)),
        ended_at=maybe(random, 0.5, lambda: started_at + timedelta(minutes=10)),
        duration_seconds=maybe(random, 0.5, lambda: random.randrange(900)),
        url=maybe(random, 0.7, lambda: a_text(random, url, world.identifiers)),
        outcome=maybe(random, 0.5, lambda: Outcome(random.choice(list(OutcomeKind)), "Done")),
        legs=some_legs(random, random.choice([0, 1, 1, 2, 2, 3, 4])),
        wrap_up_codes=some(random, CODES, 0.2),
        tags=some(random, TAGS, 0.25),
        campaign=maybe(random, 0.4, lambda: random.choice(CAMPAIGNS)),
        division_ids=tuple(random.sample(VENDOR_DIVISIONS, random.choice([0, 0, 1, 1, 2]))),
        address=maybe(random, 0.7, lambda: an_address(random)),
        subject=maybe(random, 0.5, lambda: f"about {random.choice(PEOPLE).value}"),
        topic=maybe(random, 0.3, lambda: "Delivery"),
        preview=maybe(random, 0.6, lambda: "Good morning"),
        comments=tuple(a_comment(random) for _ in range(random.choice([0, 0, 1, 2]))),
        score=maybe(random, 0.3, lambda: ScoreChange(1.0, 2.0)),
        touchpoint=maybe(random, 0.3, lambda: Touchpoint("Help line", random.choice(list(JourneyStage)))),
        details=some_details(random, channel, world),
    )


def some_legs(random: Random, count: int) -> tuple[Leg, ...]:
    legs = [a_leg(random) for _ in range(count)]
    if random.random() < 0.9:  # a connector may break its promise
        legs.sort(key=lambda leg: leg.started_at)
    return tuple(legs)


def a_leg(random: Random) -> Leg:
    started_at = minutes(random)
    return Leg(
        started_at=started_at,
        ended_at=maybe(random, 0.8, lambda: started_at + timedelta(minutes=random.randrange(5))),
        kind=random.choice(list(LegKind)),
        queue=maybe(random, 0.65, lambda: random.choice(QUEUES)),
        agent=maybe(random, 0.65, lambda: random.choice(AGENTS)),
        division_ids=tuple(random.sample(VENDOR_DIVISIONS, random.choice([0, 0, 1, 1, 2]))),
        wrap_up_codes=some(random, CODES, 0.25),
    )


def an_address(random: Random) -> Address:
    used = random.choice(STRANGERS)
    return Address(random.choice(list(AddressKind)), used.kind, used.value)


def a_comment(random: Random) -> Comment:
    return Comment(
        f"comment {random.randrange(100)}",
        author=maybe(random, 0.6, lambda: random.choice(AGENTS)),
        at=maybe(random, 0.8, lambda: minutes(random)),
    )


def some_details(random: Random, channel: Channel, world: World) -> Details | None:
    if random.random() < 0.05:
        return None
    if channel in CALL_CHANNELS:
        return CallDetails(minutes(random), *(random.randrange(100) for _ in range(3)))
    if channel in CONVERSATION_CHANNELS:
        messages = sorted((a_message(random, world) for _ in range(random.randrange(4))), key=lambda m: m.at)
        return ConversationDetails(random.random() < 0.2, random.choice([None, 3]), tuple(messages))
    if channel in WEB_VISIT_CHANNELS:
        return WebVisitDetails(random.choice([None, 2]), tuple(an_event(random, world) for _ in range(2)))
    if channel is Channel.SURVEY:
        name = a_text(random, "After the call", world.identifiers)
        return SurveyDetails(name, random.choice([None, 3, 9]), (SurveyAnswer("Why?", "Fast"),))
    if channel is Channel.TICKET:
        return TicketDetails("1043", random.choice(list(TicketStatus)), "open", escalated=random.random() < 0.3)
    return None


def a_message(random: Random, world: World) -> Message:
    attachment = Attachment(
        a_text(random, "photo.jpg", world.identifiers),
        "image/jpeg",
        maybe(random, 0.7, lambda: a_text(random, "https://files.example/1", world.identifiers)),
    )
    return Message(
        at=minutes(random),
        party=random.choice(list(MessageParty)),
        text=f"message {random.randrange(100)}",
        agent=maybe(random, 0.4, lambda: random.choice(AGENTS)),
        attachments=(attachment,) if random.random() < 0.3 else (),
    )


def an_event(random: Random, world: World) -> WebEvent:
    return WebEvent(
        minutes(random), "page_view", "Prices", a_text(random, "https://shop.example/prices", world.identifiers)
    )


# ------------------------------------------------------------------------ the smallest case that still fails


def smallest(case: Case, fails: Callable[[Case], bool]) -> Case:
    """Takes away whatever the failure does without, until nothing more can go."""
    shrunk = True
    while shrunk:
        shrunk = False
        for smaller in smaller_cases(case):
            if fails(smaller):
                case, shrunk = smaller, True
                break
    return case


LISTS = ("legs", "wrap_up_codes", "tags", "division_ids", "comments")
SINGLES = ("url", "outcome", "campaign", "address", "subject", "topic", "preview", "score", "touchpoint", "details")


def smaller_cases(case: Case) -> Iterator[Case]:
    row, record, world = case.row, case.record, case.world
    for field in SINGLES:
        if getattr(row, field) is not None:
            yield replace(case, row=with_fields(row, **{field: None}))
    for field in LISTS:
        for fewer in one_fewer(getattr(row, field)):
            yield replace(case, row=with_fields(row, **{field: fewer}))
    for index, leg in enumerate(row.legs):
        for field, default in (("queue", None), ("agent", None), ("division_ids", ()), ("wrap_up_codes", ())):
            if getattr(leg, field) != default:
                legs = (*row.legs[:index], with_fields(leg, **{field: default}), *row.legs[index + 1 :])
                yield replace(case, row=with_fields(row, legs=legs))
    for fewer_records in one_fewer(world.records):
        if record in fewer_records:
            yield replace(case, world=replace(world, records=fewer_records))
    if record.division_ids:
        undivided = with_fields(record, division_ids=())
        records = tuple(undivided if other is record else other for other in world.records)
        yield replace(case, record=undivided, world=replace(world, records=records))
    for permission in world.viewer.grants:
        grants = {name: scope for name, scope in world.viewer.grants.items() if name != permission}
        yield replace(case, world=replace(world, viewer=replace(world.viewer, grants=grants)))


def one_fewer(values: tuple[T, ...]) -> Iterator[tuple[T, ...]]:
    for index in range(len(values)):
        yield (*values[:index], *values[index + 1 :])
