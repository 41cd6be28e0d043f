"""Seeded journeys: vendors of every habit, rows that collide, viewers who see part of them, and what they should get.

The expected pages are plain: everything that the vendors can tell, shown, filtered and sorted in one list.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any, TypeVar

from connectors.base import Position, Window
from connectors.interaction import (
    CALL_CHANNELS,
    Agent,
    Campaign,
    Channel,
    Comment,
    Direction,
    Interaction,
    InteractionStatus,
    Leg,
    Outcome,
    OutcomeKind,
    Queue,
    WrapUpCode,
)
from gateway.deployment import Deployment, Module, SourceRules, WorkProfile
from gateway.journey.filter import Filter
from gateway.journey.liveness import Liveness, LivenessLimits
from gateway.journey.read import JourneyPage, Reading, read_page
from gateway.permissions import ALL_PERMISSIONS, EVENT_TYPE_VIEW, EVENT_VIEW, QUEUE_SEARCH, SESSION_VIEW
from gateway.viewer.viewer import EVERYWHERE, Scope, Viewer, ViewerKind
from gateway.visibility import Shown
from tests.gateway.support import (
    HOME,
    NOW,
    FakeVendor,
    Habits,
    deployment_of,
    gateway_of,
    reading_of,
    record_of,
    row_of,
    supervisor,
)

T = TypeVar("T")

CHANNELS = (Channel.VOICE, Channel.CHAT, Channel.TICKET, Channel.WHATSAPP, Channel.WEB)
STATUSES = (InteractionStatus.ACTIVE, InteractionStatus.MISSED, InteractionStatus.COMPLETED)
QUEUES = (Queue("q1", "Sales"), Queue("q2", "Billing"), Queue("q3", "Care"))
SERVICES = {"q1": "sales", "Billing": "billing"}
AGENTS = (Agent("a1", "Ada Ferri"), Agent("a2", "Bruno Sala"))
CAMPAIGNS = (Campaign("c1", "Spring"), Campaign("c2", "Autumn"))
TAGS = ("vip", "Sales", "late")
TEXTS = ("Parcel lost", "Straße gesperrt", "spring offer", "lost and found")
WORDS = ("lost", "spring", "vip", "ada", "strasse", "parcel", "nothing", "billing", "solved", "call")
VENDOR_DIVISIONS = ("d-north", "d-south")
DIVISIONS = {"d-north": "north", "d-south": "south"}
SOURCES = ("calls", "chats", "desk", "forms", "mail", "web")
MICROSECOND = timedelta(microseconds=1)


@dataclass
class World:
    """One customer's vendors, and one viewer's question about them."""

    vendors: list[FakeVendor]
    deployment: Deployment
    viewer: Viewer
    window: Window
    filter: Filter
    count: int

    def reading(self) -> Reading:
        gateway = gateway_of(*self.vendors, deployment=self.deployment)
        return reading_of(gateway, self.vendors, viewer=self.viewer)

    def expected(self) -> list[Position]:
        """Newest first: what every page together should give now."""
        reading = self.reading()
        judge = reading.judge
        found = []
        for vendor in self.vendors:
            records = {record.id: record for record in vendor.records}
            for row in vendor.tells():
                shown = judge.show(row, records[row.record_id], reading.identifiers)
                inside = (self.window.start is None or row.started_at >= self.window.start) and (
                    self.window.end is None or row.started_at < self.window.end
                )
                if shown is not None and inside and is_asked_for(self.filter, shown, self.deployment):
                    found.append(shown.position)
        found.sort(key=lambda p: (p.source, p.external_id))
        found.sort(key=lambda p: p.started_at, reverse=True)
        return found


def world_of(
    *vendors: FakeVendor, filter_: Filter | None = None, window: Window | None = None, count: int = 50
) -> World:
    """What a supervisor sees of these vendors."""
    return World(list(vendors), deployment_of(vendors), supervisor(), window or Window(), filter_ or Filter(), count)


def is_asked_for(filter_: Filter, shown: Shown, deployment: Deployment) -> bool:
    row = shown.row
    services = deployment.sources[row.source].services
    queue = shown.queue
    service = None if queue is None else services.get(queue.id, services.get(queue.name, f"{row.source}/{queue.id}"))
    given = [
        (filter_.sources, [row.source]),
        (filter_.channels, [row.channel]),
        (filter_.directions, [row.direction]),
        (filter_.statuses, [row.status]),
        (filter_.liveness, [liveness(row)]),
        (filter_.outcomes, [row.outcome and row.outcome.kind]),
        (filter_.queues, [service]),
        (filter_.campaigns, [row.campaign and (row.source, row.campaign.id)]),
        (filter_.agents, [shown.agent and (row.source, shown.agent.id)]),
        (filter_.tags, row.tags),
    ]
    if any(wanted is not None and not any(value in wanted for value in values) for wanted, values in given):
        return False
    if filter_.active_since is not None and row.last_activity_at < filter_.active_since:
        return False
    text = " | ".join(words_of(shown, services)).casefold()
    return all(word in text for word in filter_.words)


def words_of(shown: Shown, services: Any) -> list[str]:
    row = shown.row
    queues = [leg.queue for leg in row.legs] + [shown.queue]
    agents = [leg.agent for leg in row.legs] + [shown.agent] + [comment.author for comment in row.comments]
    return [
        *(text for text in (row.subject, row.topic, row.preview) if text),
        *(comment.text for comment in row.comments),
        *row.tags,
        *(services.get(queue.id, queue.name) for queue in queues if queue),
        *(agent.name for agent in agents if agent),
        *(code.label for code in shown.wrap_up_codes),
        *([row.campaign.name] if row.campaign else []),
    ]


def liveness(row: Interaction) -> Liveness:
    if row.ended_at is not None or row.status is not InteractionStatus.ACTIVE:
        return Liveness.INACTIVE
    if row.channel in CALL_CHANNELS:
        return Liveness.LIVE
    if row.channel is Channel.TICKET:
        return Liveness.INACTIVE
    silent = (NOW - row.last_activity_at).total_seconds()
    limits = LivenessLimits()
    if silent < limits.idle_seconds:
        return Liveness.LIVE
    return Liveness.IDLE if silent < limits.inactive_seconds else Liveness.INACTIVE


# ------------------------------------------------------------------------ worlds


def a_world(random: Random) -> World:
    instants = some_instants(random)
    vendors = [a_vendor(random, name, instants) for name in random.sample(SOURCES, random.randint(1, 6))]
    deployment = a_deployment(random, vendors)
    return World(
        vendors,
        deployment,
        a_viewer(random, deployment),
        a_window(random, instants),
        a_filter(random, instants, vendors),
        random.choice([1, 2, 3, 5, 10, 50]),
    )


def some_instants(random: Random) -> list[Any]:
    """Few, so that rows of all sources meet in one."""
    step = random.choice([MICROSECOND, timedelta(seconds=1), timedelta(hours=7), timedelta(days=1)])
    starts = [NOW - timedelta(days=days) for days in random.sample([0, 1, 30, 400], 2)]
    return [start - step * random.randrange(8) for start in starts for _ in range(random.randint(1, 6))]


def a_vendor(random: Random, name: str, instants: list[Any]) -> FakeVendor:
    by_activity = random.random() < 0.2
    seek = random.random() < 0.75
    row_cap = random.choice([1, 4, 9]) if not seek and random.random() < 0.4 else None
    vendor = FakeVendor(
        name,
        seek=seek,
        ascending=not by_activity and random.random() < 0.5,
        habits=Habits(
            page_size=random.choice([2, 3, 5, 100]),
            by_activity=by_activity,
            counts_rows=random.random() < 0.5,
            pushes=row_cap is None and random.random() < 0.5,
        ),
        records=some_records(random, name),
        channels=frozenset(random.sample(CHANNELS, random.randint(2, 5))),
        window_granularity_seconds=random.choice([None, 0, 1, 86_400]),
        order_guaranteed=row_cap is not None or random.random() < 0.3,
        page_cap=random.choice([2, 7, 100]),
        row_cap=row_cap,
    )
    vendor.add(*(a_row(random, vendor, instants) for _ in range(random.choice([0, 1, 5, 12, 30]))))
    return vendor


def some_records(random: Random, source: str) -> list[Any]:
    divisions = random.choice([(), (), (), VENDOR_DIVISIONS[:1], VENDOR_DIVISIONS])
    records = [record_of(source, division_ids=divisions)]
    if random.random() < 0.2:
        records.append(record_of(source, "anna-2", division_ids=VENDOR_DIVISIONS[1:]))
    return records


def a_row(random: Random, vendor: FakeVendor, instants: list[Any]) -> Interaction:
    started_at = random.choice(instants)
    lasts = timedelta(seconds=random.choice([0, 0, 30, 50, 10**6]))
    status = random.choice(STATUSES)
    return row_of(
        vendor.name,
        f"{random.randrange(10**9):09}-{len(vendor.rows)}",
        started_at,
        record_id=random.choice(vendor.records).id,
        channel=random.choice(CHANNELS),
        direction=random.choice(list(Direction)),
        last_activity_at=started_at + lasts,
        ended_at=None if status is InteractionStatus.ACTIVE else started_at + lasts,
        status=status,
        legs=tuple(
            Leg(
                started_at,
                queue=random.choice([None, *QUEUES]),
                agent=random.choice([None, *AGENTS]),
                division_ids=random.choice([(), VENDOR_DIVISIONS[:1], VENDOR_DIVISIONS[1:]]),
                wrap_up_codes=random.choice([(), (WrapUpCode("w", "Solved"),)]),
            )
            for _ in range(random.choice([0, 1, 2]))
        ),
        division_ids=random.choice([(), (), VENDOR_DIVISIONS[:1], VENDOR_DIVISIONS[1:]]),
        tags=tuple(random.sample(TAGS, random.choice([0, 0, 1, 2]))),
        campaign=random.choice([None, None, *CAMPAIGNS]),
        outcome=random.choice([None, Outcome(random.choice(list(OutcomeKind)), "said so")]),
        subject=random.choice([None, *TEXTS]),
        preview=random.choice([None, *TEXTS]),
        comments=random.choice([(), (), (Comment("call back", AGENTS[0]),)]),
    )


def a_deployment(random: Random, vendors: list[FakeVendor]) -> Deployment:
    everything = frozenset(Module)
    return Deployment(
        modules=everything
        if random.random() < 0.7
        else everything - {random.choice([Module.SUPPORT, Module.WHATSAPP])},
        sources={
            v.name: SourceRules(
                v.name,
                v.channels,
                divisions=random.choice([(), ("*",), ("south",)]),
                division_names=DIVISIONS,
                services=SERVICES if random.random() < 0.5 else {},
            )
            for v in vendors
        },
        home_division=HOME,
        divisions=frozenset({HOME, "north", "south"}),
    )


def a_viewer(random: Random, deployment: Deployment) -> Viewer:
    if random.random() < 0.4:
        return supervisor()
    scope = random.choice([EVERYWHERE, Scope(divisions=frozenset(random.sample([HOME, "north", "south"], 2)))])
    withheld = random.choice([set(), {QUEUE_SEARCH}, {EVENT_TYPE_VIEW}])
    grants = {p: scope for p in ALL_PERMISSIONS - withheld}
    grants |= {EVENT_VIEW: scope, SESSION_VIEW: scope}
    if random.random() < 0.5:
        return Viewer("sam", ViewerKind.SUPERVISOR, grants)
    names = [f"{source}/{q.id}" for source in deployment.sources for q in QUEUES] + [*SERVICES.values()]
    campaigns = [f"{source}/{c.id}" for source in deployment.sources for c in CAMPAIGNS]
    profile = WorkProfile(
        "desk",
        frozenset(random.sample(CHANNELS, 4)),
        frozenset(random.sample(names, len(names) // 2)),
        frozenset(random.sample(campaigns, len(campaigns) // 2)),
    )
    return Viewer("anna", ViewerKind.AGENT, grants, ("desk",), profile)


def a_window(random: Random, instants: list[Any]) -> Window:
    if random.random() < 0.5:
        return Window()
    edges = [None, *(at + MICROSECOND * random.choice([-1, 0, 1]) for at in instants)]
    return Window(random.choice(edges), random.choice(edges))


def a_filter(random: Random, instants: list[Any], vendors: list[FakeVendor]) -> Filter:
    if random.random() < 0.4:
        return Filter()
    names = [v.name for v in vendors]

    def some(values: Any, chance: float = 0.12) -> Any:
        if random.random() >= chance:
            return None
        return frozenset(random.sample(list(values), random.randint(0 if random.random() < 0.1 else 1, len(values))))

    return Filter(
        active_since=random.choice(instants) if random.random() < 0.12 else None,
        sources=some(names),
        channels=some(CHANNELS),
        directions=some(Direction),
        queues=some(["sales", "billing", *(f"{name}/q3" for name in names)]),
        campaigns=some([(name, c.id) for name in names for c in CAMPAIGNS]),
        agents=some([(name, a.id) for name in names for a in AGENTS]),
        tags=some(TAGS),
        outcomes=some(OutcomeKind),
        statuses=some(STATUSES),
        liveness=some(Liveness),
        words=tuple(random.sample(WORDS, random.choice([0, 0, 0, 1, 1, 2]))),
    )


# ------------------------------------------------------------------------ walks

MAX_PAGES = 400


async def walk(
    world: World,
    *,
    ascending: bool = False,
    position: Position | None = None,
    meanwhile: Callable[[], None] = lambda: None,
) -> list[JourneyPage]:
    """Every page, each read on from where the one before it ended."""
    pages: list[JourneyPage] = []
    while not pages or pages[-1].more:
        page = await read_page(
            world.reading(), world.window, world.filter, world.count, position=position, ascending=ascending
        )
        assert len(page.rows) <= world.count
        pages.append(page)
        position = page.end
        meanwhile()
        assert len(pages) < MAX_PAGES, "no end"
    return pages


def in_journey_order(pages: list[JourneyPage], *, ascending: bool) -> list[Position]:
    """Newest first, as a client puts pages together that it read in one direction."""
    ordered = reversed(pages) if ascending else pages
    return [shown.position for page in ordered for shown in page.rows]
