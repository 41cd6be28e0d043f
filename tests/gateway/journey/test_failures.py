"""A source that fails costs its own rows and a report: the others' come in order, and nothing is left over."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from random import Random

import pytest

from connectors.errors import (
    ConnectorError,
    MalformedError,
    RateLimitedError,
    RefusedError,
    TimedOutError,
    UnavailableError,
)
from connectors.interaction import Interaction
from gateway.journey.filter import Filter
from gateway.journey.read import JourneyPage, read_page
from gateway.sources.report import Report, SourceHealth, SourceState
from gateway.viewer.viewer import Viewer, ViewerKind
from tests.gateway.journey.walks import in_journey_order, world_of
from tests.gateway.support import (
    NOW,
    FakeVendor,
    Habits,
    StoppedClock,
    gateway_of,
    loop_clock,
    place_of,
    reading_of,
    row_of,
    run_leaping,
)

HOUR = timedelta(hours=1)
COUNT = 8
DEADLINE_SECONDS = 1.5

LEAVES = [
    pytest.param(TimedOutError("web", "slow"), SourceState.TIMED_OUT, None, id="timed out"),
    pytest.param(UnavailableError("web", "gone"), SourceState.UNAVAILABLE, None, id="unavailable"),
    pytest.param(RateLimitedError("web", "slower", 7.2), SourceState.RATE_LIMITED, 8, id="rate limited"),
    pytest.param(RateLimitedError("web", "slower"), SourceState.RATE_LIMITED, None, id="rate limited without a word"),
    pytest.param(RefusedError("web", "no"), SourceState.REFUSED, None, id="refused"),
    pytest.param(MalformedError("web", "odd"), SourceState.MALFORMED, None, id="malformed"),
    pytest.param(ZeroDivisionError("a bug"), SourceState.MALFORMED, None, id="a connector's bug"),
]


def three_vendors(page_size: int = 2) -> list[FakeVendor]:
    """Their rows in turn, one an hour: calls, desk, web, calls, …; `web` is the one that fails."""
    names = ("calls", "desk", "web")
    return [
        FakeVendor(
            name,
            [row_of(name, f"{name}-{n:02}", NOW - HOUR * (n * len(names) + place + 1)) for n in range(10)],
            habits=Habits(page_size=page_size),
        )
        for place, name in enumerate(names)
    ]


def newest_first(*vendors: FakeVendor) -> list[Interaction]:
    return sorted((row for v in vendors for row in v.rows), key=lambda row: row.started_at, reverse=True)


def rows_of(page: JourneyPage) -> list[Interaction]:
    return [shown.row for shown in page.rows]


def reports_of(page: JourneyPage) -> dict[str, SourceState]:
    return {report.source: report.state for report in page.reports}


async def read(vendors: list[FakeVendor], **kwargs: object) -> JourneyPage:
    world = world_of(*vendors)
    return await read_page(world.reading(), world.window, world.filter, COUNT, **kwargs)  # type: ignore[arg-type]


@pytest.mark.parametrize("ascending", [False, True])
@pytest.mark.parametrize(("error", "state", "retry_after"), LEAVES)
async def test_a_failure_at_once_costs_that_sources_rows(
    error: Exception, state: SourceState, retry_after: int | None, ascending: bool
):
    calls, desk, web = vendors = three_vendors()
    web.faults.append(error)
    page = await read(vendors, ascending=ascending)
    others = newest_first(calls, desk)
    assert rows_of(page) == (others[-COUNT:] if ascending else others[:COUNT])
    assert reports_of(page) == {"calls": SourceState.FRESH, "desk": SourceState.FRESH, "web": state}
    assert page.more and not page.complete
    report = page.reports[-1]
    assert (report.items, report.retry_after_seconds) == (0, retry_after)
    assert report.message and "web" not in report.message


@pytest.mark.parametrize("ascending", [False, True])
@pytest.mark.parametrize(("error", "state", "retry_after"), LEAVES)
async def test_a_failure_later_on_costs_what_had_not_come(
    error: Exception, state: SourceState, retry_after: int | None, ascending: bool
):
    vendors = three_vendors()
    web = vendors[-1]
    web.faults.extend([None, error])
    page = await read(vendors, ascending=ascending)
    came = [row for row in newest_first(web) if row in rows_of(page)]
    expected = [row for row in newest_first(*vendors) if row.source != "web" or row in came]
    assert 0 < len(came) < 3
    assert rows_of(page) == (expected[-COUNT:] if ascending else expected[:COUNT])
    assert reports_of(page)["web"] is state
    assert page.more and not page.complete
    assert {report.source: report.items for report in page.reports}["web"] == len(came)


@pytest.mark.parametrize("ascending", [False, True])
async def test_a_source_that_answers_again_gives_its_rows_beyond_the_cursor(ascending: bool):
    vendors = three_vendors()
    vendors[-1].faults.append(UnavailableError("web", "gone"))
    first = await read(vendors, ascending=ascending)
    second = await read(vendors, ascending=ascending, position=first.end)
    everything = newest_first(*vendors)
    if ascending:
        place = everything.index(first.rows[0].row)
        assert rows_of(second) == everything[:place][-COUNT:]
    else:
        place = everything.index(first.rows[-1].row)
        assert rows_of(second) == everything[place + 1 :][:COUNT]
    assert second.complete and any(row.source == "web" for row in rows_of(second))


@pytest.mark.parametrize("ascending", [False, True])
async def test_when_nobody_answers_the_next_page_starts_at_the_same_place(ascending: bool):
    vendors = three_vendors()
    everything = newest_first(*vendors)
    for position in (None, place_of(everything[10])):
        for vendor in vendors:
            vendor.faults.append(UnavailableError(vendor.name, "gone"))
        page = await read(vendors, ascending=ascending, position=position)
        assert page.rows == () and page.more
        again = await read(vendors, ascending=ascending, position=page.end)
        assert again == await read(vendors, ascending=ascending, position=position)
        assert len(again.rows) == COUNT


async def test_more_stays_true_as_long_as_a_source_fails_and_not_longer():
    vendors = three_vendors()
    world = world_of(*vendors)
    for _ in range(3):
        vendors[-1].faults.append(RefusedError("web", "no"))
        page = await read_page(world.reading(), world.window, world.filter, 100)
        assert page.more and len(page.rows) == 20
    page = await read_page(world.reading(), world.window, world.filter, 100)
    assert not page.more and len(page.rows) == 30


async def test_what_failed_when_asked_who_this_is_is_told_and_may_hold_more():
    calls, web = FakeVendor("calls", [row_of("calls", "1")]), FakeVendor("web", records=[])
    found = {"web": Report("web", SourceState.UNAVAILABLE)}
    page = await read_page(
        reading_of(gateway_of(calls, web), [calls, web], found=found), world_of().window, Filter(), 10
    )
    assert reports_of(page) == {"calls": SourceState.FRESH, "web": SourceState.UNAVAILABLE}
    assert page.more and web.queries == []


async def test_a_source_out_of_reach_is_neither_asked_nor_told():
    vendors = three_vendors()
    viewer = Viewer("nobody", ViewerKind.AGENT)
    page = await read_page(reading_of(gateway_of(*vendors), vendors, viewer=viewer), world_of().window, Filter(), 10)
    assert page.rows == () and page.reports == () and not page.more
    assert not any(vendor.queries for vendor in vendors)


# ------------------------------------------------------------------------ waiting


def hanging(pulls_before: int = 0) -> tuple[list[FakeVendor], asyncio.Event]:
    vendors = three_vendors()
    never = asyncio.Event()
    vendors[-1].faults.extend([*([None] * pulls_before), never])
    return vendors, never


async def read_in_time(vendors: list[FakeVendor], wait_seconds: float | None, **fields: object) -> JourneyPage:
    gateway = gateway_of(*vendors, monotonic=loop_clock, deadline_seconds=DEADLINE_SECONDS, **fields)  # type: ignore[arg-type]
    reading = reading_of(gateway, vendors, wait_seconds=wait_seconds)
    page = await read_page(reading, world_of().window, Filter(), COUNT)
    assert len(asyncio.all_tasks()) == 1, "a pull goes on although nobody waits for it"
    return page


@pytest.mark.parametrize("pulls_before", [0, 1])
@pytest.mark.parametrize(
    ("wait_seconds", "state", "seconds"),
    [
        pytest.param(0.3, SourceState.PENDING, 0.3, id="less patience than time"),
        pytest.param(None, SourceState.TIMED_OUT, DEADLINE_SECONDS, id="no patience named"),
        pytest.param(DEADLINE_SECONDS, SourceState.TIMED_OUT, DEADLINE_SECONDS, id="as much patience as time"),
        pytest.param(60.0, SourceState.TIMED_OUT, DEADLINE_SECONDS, id="more patience than time"),
    ],
)
def test_a_source_that_hangs_costs_the_callers_patience_and_no_more(
    pulls_before: int, wait_seconds: float | None, state: SourceState, seconds: float
):
    async def scene() -> None:
        (calls, desk, web), _ = hanging(pulls_before)
        page = await read_in_time([calls, desk, web], wait_seconds)
        assert loop_clock() == pytest.approx(seconds)
        came = [row for row in rows_of(page) if row.source == "web"]
        assert came == newest_first(web)[: 0 if pulls_before == 0 else len(came)]
        assert rows_of(page) == [r for r in newest_first(calls, desk, web) if r.source != "web" or r in came][:COUNT]
        assert reports_of(page) == {"calls": SourceState.FRESH, "desk": SourceState.FRESH, "web": state}
        assert page.more and not page.complete

    run_leaping(scene())


def test_a_source_that_hangs_at_every_deadline_is_down():
    async def scene() -> None:
        vendors = three_vendors()
        gateway = gateway_of(*vendors, monotonic=loop_clock, deadline_seconds=DEADLINE_SECONDS)
        for _ in range(3):
            vendors[-1].faults.append(asyncio.Event())
            await read_page(reading_of(gateway, vendors), world_of().window, Filter(), COUNT)
        assert gateway.sources["web"].health is SourceHealth.DOWN
        assert gateway.sources["calls"].health is SourceHealth.UP

    run_leaping(scene())


async def test_that_holds_for_clocks_that_go_on_and_for_many_requests_at_once():
    """Two timers that mean one moment must not race: the source's own has to be the one that ends the wait."""
    vendors = three_vendors()
    gateway = gateway_of(*vendors, monotonic=time.monotonic, deadline_seconds=0.3)
    vendors[-1].faults.extend(asyncio.Event() for _ in range(20))
    await asyncio.gather(
        *(read_page(reading_of(gateway, vendors), world_of().window, Filter(), COUNT) for _ in range(20))
    )
    assert gateway.sources["web"].health is SourceHealth.DOWN
    assert gateway.sources["calls"].health is SourceHealth.UP


def test_a_callers_impatience_is_not_the_sources_failure():
    async def scene() -> None:
        vendors = three_vendors()
        gateway = gateway_of(*vendors, monotonic=loop_clock, deadline_seconds=DEADLINE_SECONDS)
        await read_page(reading_of(gateway, vendors), world_of().window, Filter(), COUNT)
        vendors[-1].faults.append(asyncio.Event())
        await read_page(reading_of(gateway, vendors, wait_seconds=0.1), world_of().window, Filter(), COUNT)
        assert gateway.sources["web"].health is SourceHealth.UP

    run_leaping(scene())


def test_a_source_with_a_time_limit_of_its_own_has_failed_when_that_is_over():
    async def scene() -> None:
        vendors, _ = hanging()
        page = await read_in_time(vendors, 0.3, timeout_seconds=0.2)
        assert loop_clock() == pytest.approx(0.2)
        assert reports_of(page)["web"] is SourceState.TIMED_OUT

    run_leaping(scene())


def test_the_others_are_read_to_a_full_page_while_one_is_waited_for():
    """A slow source must not be what the fast ones' second pages wait for."""

    async def scene() -> None:
        (calls, desk, web), answered = hanging()
        reading = reading_of(
            gateway_of(calls, desk, web, monotonic=loop_clock, deadline_seconds=DEADLINE_SECONDS), [calls, desk, web]
        )
        task = asyncio.create_task(read_page(reading, world_of().window, Filter(), COUNT))
        await asyncio.sleep(0.5)
        assert len(calls.queries) >= 2 and len(desk.queries) >= 2
        answered.set()
        page = await task
        assert loop_clock() == pytest.approx(0.5)
        assert rows_of(page) == newest_first(calls, desk, web)[:COUNT]
        assert page.complete

    run_leaping(scene())


def test_a_caller_who_leaves_takes_every_pull_along():
    async def scene() -> None:
        vendors, _ = hanging()
        gateway = gateway_of(*vendors, monotonic=loop_clock, deadline_seconds=DEADLINE_SECONDS)
        task = asyncio.create_task(read_page(reading_of(gateway, vendors), world_of().window, Filter(), COUNT))
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert len(asyncio.all_tasks()) == 1
        assert gateway.sources["web"].health is SourceHealth.UNKNOWN

    run_leaping(scene())


async def test_no_time_left_is_told_without_asking():
    vendors = three_vendors()
    clock = StoppedClock()
    gateway = gateway_of(*vendors, clock=clock, deadline_seconds=DEADLINE_SECONDS)
    late = reading_of(gateway, vendors)
    pending = reading_of(gateway, vendors, wait_seconds=0.5)
    clock.move(0.5)
    page = await read_page(pending, world_of().window, Filter(), COUNT)
    assert set(reports_of(page).values()) == {SourceState.PENDING}
    clock.move(1)
    page = await read_page(late, world_of().window, Filter(), COUNT)
    assert set(reports_of(page).values()) == {SourceState.TIMED_OUT}
    assert page.rows == () and page.more
    assert not any(vendor.queries for vendor in vendors)


async def test_a_rate_limited_source_is_left_alone_until_its_time_has_come():
    vendors = three_vendors()
    vendors[-1].faults.append(RateLimitedError("web", "slower", 7.2))
    clock = StoppedClock()
    gateway = gateway_of(*vendors, clock=clock)

    async def states() -> dict[str, SourceState]:
        return reports_of(await read_page(reading_of(gateway, vendors), world_of().window, Filter(), COUNT))

    assert (await states())["web"] is SourceState.RATE_LIMITED
    clock.move(7)
    assert (await states())["web"] is SourceState.RATE_LIMITED
    assert len(vendors[-1].queries) == 1
    clock.move(0.2)
    assert (await states())["web"] is SourceState.FRESH


@pytest.mark.parametrize("seed", range(30))
async def test_a_journey_of_failing_sources_never_repeats_a_row_and_never_loses_the_others(seed: int):
    """Whatever fails when: the rows of those that always answered are given once each, in order."""
    random = Random(seed)
    vendors = three_vendors(random.choice([1, 2, 3]))
    reliable = vendors[:2]
    ascending = random.random() < 0.5
    errors = [UnavailableError("web", "gone"), MalformedError("web", "odd"), TimedOutError("web", "slow")]
    vendors[-1].faults.extend(random.choice([None, *errors]) for _ in range(6))
    world = world_of(*vendors, count=random.choice([1, 3, 8]))
    pages: list[JourneyPage] = []
    while not pages or pages[-1].more:
        position = pages[-1].end if pages else None
        pages.append(
            await read_page(
                world.reading(), world.window, world.filter, world.count, position=position, ascending=ascending
            )
        )
    given = in_journey_order(pages, ascending=ascending)
    everything = [place_of(row) for row in newest_first(*vendors)]
    assert given == [place for place in everything if place in set(given)]
    assert {place_of(row) for v in reliable for row in v.rows} <= set(given)


def test_every_leaf_of_the_error_tree_is_tried():
    tried = {type(param.values[0]) for param in LEAVES}
    assert set(ConnectorError.__subclasses__()) <= tried
