"""Answers that are remembered: below the rule, for everybody alike, and never longer than they are good."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from random import Random

import pytest

from connectors.base import Window
from connectors.errors import UnavailableError
from connectors.interaction import Channel, Identifier, IdentifierKind
from gateway.core import Gateway
from gateway.deployment import WorkProfile
from gateway.journey.filter import Filter, Period, window_of
from gateway.journey.merge import edge_position
from gateway.journey.read import JourneyPage, read_page
from gateway.permissions import EVENT_VIEW, SESSION_VIEW
from gateway.sources.cache import CacheLimits, SourceCache
from gateway.sources.report import SourceState
from gateway.viewer.viewer import EVERYWHERE, Viewer, ViewerKind
from tests.gateway.journey.walks import a_world, in_journey_order, walk
from tests.gateway.support import (
    NOW,
    PHONE,
    FakeVendor,
    StoppedClock,
    begin,
    deployment_of,
    gateway_of,
    loop_clock,
    reading_of,
    row_of,
    rows_every,
    run_leaping,
    supervisor,
)

HOUR = timedelta(hours=1)
LIMITS = CacheLimits(soft_seconds=5, grace_seconds=10, hard_seconds=300, failure_seconds=1, jitter=0)


def remembering(clock: StoppedClock, *vendors: FakeVendor, **fields: object) -> Gateway:
    cache = SourceCache(LIMITS, monotonic=clock.monotonic, utc_now=clock.utc_now)
    return gateway_of(*vendors, clock=clock, cache=cache, **fields)


async def read(
    gateway: Gateway, *vendors: FakeVendor, viewer: Viewer | None = None, count: int = 5, **asked: object
) -> JourneyPage:
    reading = reading_of(gateway, vendors, viewer=viewer)
    window = window_of(Period.LAST_12_MONTHS, reading.now)
    return await read_page(reading, window, Filter(), count, **asked)  # type: ignore[arg-type]


def states(page: JourneyPage) -> list[SourceState]:
    return [report.state for report in page.reports]


def desk(amount: int = 40, **fields: object) -> FakeVendor:
    return FakeVendor("desk", list(rows_every("desk", HOUR, amount)), **fields)  # type: ignore[arg-type]


async def test_the_same_question_is_asked_once_while_its_answer_is_good():
    clock, vendor = StoppedClock(), desk()
    gateway = remembering(clock, vendor)
    first = await read(gateway, vendor)
    asked = len(vendor.queries)
    clock.move(4.9)  # the window begins later by as much, and is the same question nevertheless
    again = await read(gateway, vendor)
    assert (states(first), states(again)) == ([SourceState.FRESH], [SourceState.CACHED])
    assert again.rows == first.rows and again.complete
    assert again.reports[0].as_of == NOW
    assert len(vendor.queries) == asked


async def test_a_window_that_moves_on_still_ends_exactly_where_it_does():
    clock = StoppedClock()
    edge = window_of(Period.LAST_12_MONTHS, NOW).start
    assert edge is not None
    rows = [row_of("desk", "inside", edge + timedelta(seconds=3)), row_of("desk", "before", edge - HOUR)]
    vendor = FakeVendor("desk", rows)
    gateway = remembering(clock, vendor)
    assert [s.row.external_id for s in (await read(gateway, vendor)).rows] == ["inside"]
    clock.move(4)
    later = await read(gateway, vendor)
    assert (later.rows, states(later)) == ((), [SourceState.CACHED])


async def test_an_answer_gone_stale_is_given_in_place_of_a_failure_and_says_so():
    clock, vendor = StoppedClock(), desk()
    gateway = remembering(clock, vendor)
    first = await read(gateway, vendor)
    clock.move(11)
    vendor.faults.append(UnavailableError("desk", "gone"))
    stale = await read(gateway, vendor)
    assert states(stale) == [SourceState.STALE] and stale.rows == first.rows
    assert stale.reports[0].as_of == NOW and not stale.complete
    clock.move(1.1)
    assert states(await read(gateway, vendor)) == [SourceState.FRESH]


async def test_a_failure_is_remembered_for_a_moment_only():
    clock, vendor = StoppedClock(), desk()
    gateway = remembering(clock, vendor)
    vendor.faults.append(UnavailableError("desk", "gone"))
    for _ in range(3):
        assert states(await read(gateway, vendor)) == [SourceState.UNAVAILABLE]
    assert len(vendor.queries) == 1
    clock.move(1.1)
    assert states(await read(gateway, vendor)) == [SourceState.FRESH]


async def test_viewers_share_what_is_remembered_and_each_sees_their_own():
    rows = [
        row_of("desk", f"{n}", NOW - HOUR * (n + 1), channel=(Channel.VOICE, Channel.CHAT)[n % 2], subject=f"about {n}")
        for n in range(8)
    ]
    vendor = FakeVendor("desk", rows, pushes=frozenset({"channels"}))
    calls = WorkProfile("calls", frozenset({Channel.VOICE}), frozenset(), frozenset())
    deployment = deployment_of([vendor], profiles=[calls])
    gateway = remembering(StoppedClock(), vendor, deployment=deployment)
    agent = Viewer(
        "ada",
        grants={EVENT_VIEW: EVERYWHERE, SESSION_VIEW: EVERYWHERE},
        kind=ViewerKind.AGENT,
        profiles=frozenset({"calls"}),
        active=calls,
    )
    for viewer, expected in ((agent, 4), (supervisor(), 8), (agent, 4)):
        page = await read(gateway, vendor, viewer=viewer, count=20)
        assert len(page.rows) == expected
        assert {s.row.channel for s in page.rows} == (
            {Channel.VOICE} if viewer is agent else set(Channel) & {Channel.VOICE, Channel.CHAT}
        )
    assert len(vendor.queries) == 1, "the question is the same for both"


async def test_rows_left_over_are_the_beginning_of_the_next_page():
    vendor = desk(200)
    gateway = remembering(StoppedClock(), vendor)
    page, given = await read(gateway, vendor, count=30), []
    asked = len(vendor.queries)
    for _ in range(6):
        given += [s.row.external_id for s in page.rows]
        page = await read(gateway, vendor, count=5, position=page.end)
    assert given == [row.external_id for row in vendor.rows[: len(given)]] and len(given) == 55
    assert len(vendor.queries) == asked


async def test_a_source_that_is_read_whole_is_read_once_for_all_pages():
    vendor = desk(35, seek=False)
    gateway = remembering(StoppedClock(), vendor)
    given, position = [], None
    for _ in range(7):
        page = await read(gateway, vendor, count=5, position=position)
        given += [s.row.external_id for s in page.rows]
        position = page.end
    assert given == [row.external_id for row in vendor.rows]
    assert len(vendor.queries) == 1


@pytest.mark.parametrize("batch", range(10))
async def test_walking_over_what_is_remembered_is_like_walking_over_the_sources(batch: int):
    for seed in range(batch * 20, batch * 20 + 20):
        print(f"seed {seed}")
        world = a_world(Random(f"remembered {seed}"))
        expected = world.expected()
        gateway = remembering(StoppedClock(), *world.vendors, deployment=world.deployment)
        world.reading = lambda w=world, g=gateway: reading_of(g, w.vendors, viewer=w.viewer)  # type: ignore[method-assign]
        for _ in range(2):
            for ascending in (False, True):
                pages = await walk(world, ascending=ascending)
                assert in_journey_order(pages, ascending=ascending) == expected


def test_a_source_that_is_late_for_one_caller_is_there_for_the_next():
    vendor, gate = desk(), asyncio.Event()
    vendor.faults.append(gate)

    async def scenario() -> None:
        cache = SourceCache(LIMITS, monotonic=loop_clock)
        gateway = gateway_of(vendor, monotonic=loop_clock, cache=cache)
        reading = reading_of(gateway, [vendor], wait_seconds=0.1)
        page = await read_page(reading, Window(), Filter(), 5)
        assert states(page) == [SourceState.PENDING] and page.more
        assert page.end == edge_position(page.end.started_at, ascending=False)
        gate.set()
        await asyncio.sleep(0)
        for _ in range(10):
            await asyncio.sleep(0)
        again = await read_page(reading_of(gateway, [vendor], wait_seconds=0.1), Window(), Filter(), 4)
        assert states(again) == [SourceState.CACHED] and len(again.rows) == 4
        assert len(vendor.queries) == 1
        await gateway.aclose()

    run_leaping(scenario())


def test_what_runs_on_ends_with_the_gateway():
    vendor = desk()
    vendor.faults.append(asyncio.Event())

    async def scenario() -> None:
        gateway = gateway_of(vendor, monotonic=loop_clock, cache=SourceCache(LIMITS, monotonic=loop_clock))
        await read_page(reading_of(gateway, [vendor], wait_seconds=0.1), Window(), Filter(), 5)
        assert len(asyncio.all_tasks()) == 2
        await gateway.aclose()

    run_leaping(scenario())


async def test_who_somebody_is_is_asked_once_while_all_answers_are_good():
    clock, vendor = StoppedClock(), desk()
    gateway = remembering(clock, vendor)
    first = await begin(gateway).look_up(PHONE)
    again = await begin(gateway).look_up(PHONE)
    assert [p.cluster for p in first.people] == [p.cluster for p in again.people]
    assert ([r.state for r in first.reports], [r.state for r in again.reports]) == (
        [SourceState.FRESH],
        [SourceState.CACHED],
    )
    asked = len(vendor.asked)
    clock.move(30)
    await begin(gateway).look_up(PHONE)
    assert len(vendor.asked) > asked


async def test_who_somebody_is_is_not_remembered_when_a_source_could_not_say():
    clock, vendor = StoppedClock(), desk()
    gateway = remembering(clock, vendor)
    vendor.find_faults.append(UnavailableError("desk", "gone"))
    assert not (await begin(gateway).look_up(PHONE)).people
    clock.move(1.1)
    assert (await begin(gateway).look_up(PHONE)).people
    stranger = Identifier(IdentifierKind.PHONE, "+393331119999")
    assert not (await begin(gateway).look_up(stranger)).people
