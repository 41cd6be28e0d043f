"""Walking all pages gives exactly the filtered whole: no duplicate, no gap, whatever the sources are like."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from math import ceil
from random import Random

import pytest

from connectors.base import Position, Window
from gateway.journey.filter import Filter
from gateway.journey.read import read_page
from tests.gateway.journey.walks import (
    MICROSECOND,
    World,
    a_row,
    a_world,
    in_journey_order,
    walk,
    world_of,
)
from tests.gateway.support import NOW, FakeVendor, Habits, place_of, row_of, rows_every

BATCHES = range(20)
STILL, TURNING, MOVING = 50, 25, 35
"""Worlds in a batch."""
MOST_ADDED = 25


def seeds(batch: int, worlds: int) -> Iterable[int]:
    for seed in range(batch * worlds, (batch + 1) * worlds):
        print(f"seed {seed}")
        yield seed


@pytest.mark.parametrize("batch", BATCHES)
async def test_all_pages_are_the_filtered_whole_in_both_directions(batch: int):
    for seed in seeds(batch, STILL):
        world = a_world(Random(f"still {seed}"))
        expected = world.expected()
        for ascending in (False, True):
            pages = await walk(world, ascending=ascending)
            assert in_journey_order(pages, ascending=ascending) == expected
            assert len(pages) == max(1, ceil(len(expected) / world.count)), "a page ended early, or said `more` in vain"
            assert all(page.complete for page in pages) or any(vendor.is_capped for vendor in world.vendors)


@pytest.mark.parametrize("batch", BATCHES)
async def test_a_reader_who_turns_round_at_any_row_gets_what_lies_that_way(batch: int):
    for seed in seeds(batch, TURNING):
        random = Random(f"turning {seed}")
        world = a_world(random)
        expected = world.expected()
        if not expected:
            continue
        place = random.randrange(len(expected))
        older = await walk(world, position=expected[place])
        newer = await walk(world, position=expected[place], ascending=True)
        assert in_journey_order(older, ascending=False) == expected[place + 1 :]
        assert in_journey_order(newer, ascending=True) == expected[:place]
        assert newer[0].rows == () or newer[0].rows[-1].position == expected[place - 1]


@pytest.mark.parametrize("batch", BATCHES)
async def test_rows_that_come_meanwhile_neither_repeat_nor_push_out_the_others(batch: int):
    for seed in seeds(batch, MOVING):
        for ascending in (False, True):
            random = Random(f"moving {seed} {ascending}")
            world = a_world(random)
            arrivals = Arrivals(world, random)
            pages = await walk(world, ascending=ascending, meanwhile=arrivals.come)
            given = in_journey_order(pages, ascending=ascending)
            assert len(set(given)) == len(given), "a row was given twice"
            assert given == in_order(given), "rows came out of order"
            arrivals.look()
            assert arrivals.steady <= set(given), "a row that was there throughout is missing"
            assert set(given) <= arrivals.ever


class Arrivals:
    """New and late rows, between the pages and between the calls of one page.

    steady: asked for and there from the first page to the last. ever: asked for and there at any time.
    """

    def __init__(self, world: World, random: Random) -> None:
        self.world = world
        self.random = random
        self.steady = set(world.expected())
        self.ever = set(self.steady)
        self.instants = [at for v in world.vendors for at in {row.started_at for row in v.rows}] or [NOW]
        self.left = MOST_ADDED
        for vendor in world.vendors:
            vendor.faults.extend(self.come if random.random() < 0.3 else None for _ in range(60))

    def come(self) -> None:
        random = self.random
        if self.left <= 0 or random.random() < 0.3:
            return
        vendor = random.choice(self.world.vendors)
        some = [a_row(random, vendor, [self._at()]) for _ in range(random.choice([1, 1, 3, 6]))]
        self.left -= len(some)
        vendor.add(*some)
        if vendor.is_capped:
            self.look()

    def look(self) -> None:
        """What a vendor's cap has pushed out cannot be had any more."""
        now = self.world.expected()
        self.ever.update(now)
        self.steady.intersection_update(now)

    def _at(self) -> datetime:
        """Newer than all, or late: anywhere, at the very instant of others or a moment beside them."""
        random = self.random
        if random.random() < 0.4:
            return NOW + timedelta(seconds=random.randrange(5))
        return random.choice(self.instants) + MICROSECOND * random.choice([-1, 0, 0, 1])


def in_order(positions: list[Position]) -> list[Position]:
    by_name = sorted(positions, key=lambda p: (p.source, p.external_id))
    return sorted(by_name, key=lambda p: p.started_at, reverse=True)


# ------------------------------------------------------------------------ by example


async def test_pages_that_move_under_their_numbers_show_no_row_twice():
    """Rows that come while one page is read push the others onto the vendor's next page."""
    vendor = FakeVendor(
        "calls", rows_every("calls", timedelta(hours=1), 30), habits=Habits(page_size=3, counts_rows=True)
    )

    def three_come() -> None:
        vendor.add(*(row_of("calls", f"new-{len(vendor.rows)}-{n}", NOW + timedelta(seconds=n)) for n in range(3)))

    vendor.faults.extend([None, three_come, three_come, three_come])
    world = world_of(vendor, count=10)
    page = await read_page(world.reading(), Window(), Filter(), 10)
    assert [s.row.external_id for s in page.rows] == [f"calls-{n:06}" for n in range(10)]


async def test_ties_of_all_sources_go_by_source_then_id():
    rows = [row_of(source, name) for name in ("b", "a") for source in ("web", "calls")]
    vendors = [FakeVendor(source, [row for row in rows if row.source == source]) for source in ("web", "calls")]
    for count in (1, 2, 3, 4):
        world = world_of(*vendors, count=count)
        for ascending in (False, True):
            given = in_journey_order(await walk(world, ascending=ascending), ascending=ascending)
            assert [(p.source, p.external_id) for p in given] == [
                ("calls", "a"),
                ("calls", "b"),
                ("web", "a"),
                ("web", "b"),
            ]


@pytest.mark.parametrize("ascending", [False, True])
async def test_a_position_that_no_row_has_any_more_still_tells_where_to_go_on(ascending: bool):
    rows = list(rows_every("calls", timedelta(hours=1), 6))
    gone = rows.pop(3)
    world = world_of(FakeVendor("calls", rows), count=2)
    given = in_journey_order(await walk(world, position=place_of(gone), ascending=ascending), ascending=ascending)
    assert given == [place_of(row) for row in (rows[:3] if ascending else rows[3:])]


async def test_an_empty_journey_is_one_page_without_more():
    for vendors in ([FakeVendor("calls")], [FakeVendor("calls", seek=False), FakeVendor("web", ascending=False)]):
        for ascending in (False, True):
            pages = await walk(world_of(*vendors), ascending=ascending)
            assert [(page.rows, page.more, page.complete) for page in pages] == [((), False, True)]


async def test_a_source_out_of_the_filters_reach_is_not_asked():
    calls, web = FakeVendor("calls", [row_of("calls", "1")]), FakeVendor("web", [row_of("web", "1")])
    world = world_of(calls, web, filter_=Filter(sources=frozenset({"web"})))
    (page,) = await walk(world)
    assert calls.queries == [] and len(web.queries) == 1
    assert [(r.source, r.items, r.complete) for r in page.reports] == [("calls", 0, True), ("web", 1, True)]


@pytest.mark.parametrize("ascending", [False, True])
async def test_the_ends_of_time_are_asked_for_like_no_bound_at_all(ascending: bool):
    """A client may name them, and a reader whom nobody answered stands there."""
    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    rows = list(rows_every("calls", timedelta(days=300), 20))
    sheets = [{}, {"ascending": False}, {"seek": False}, {"window_granularity_seconds": 86_400}]
    for number, sheet in enumerate(sheets):
        vendor = FakeVendor("calls", rows, **sheet)
        for window in (Window(first, last), Window(first), Window(None, last)):
            (page,) = await walk(world_of(vendor, window=window), ascending=ascending)
            assert [shown.row for shown in page.rows] == rows, f"sheet {number}"
            assert page.complete
        for window in (Window(last), Window(None, first), Window(datetime(9000, 1, 1, tzinfo=UTC))):
            (page,) = await walk(world_of(vendor, window=window), ascending=ascending)
            assert page.rows == () and page.complete
