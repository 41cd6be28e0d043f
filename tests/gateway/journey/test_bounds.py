"""A filter that keeps almost nothing ends a page early; whoever reads on gets everything in the end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from connectors.base import Position
from connectors.interaction import Interaction
from gateway.journey.filter import Filter
from gateway.journey.merge import edge_position
from gateway.journey.read import MAX_PULLS, MAX_ROWS_SCANNED, JourneyPage, read_page
from gateway.sources.report import SourceState
from tests.gateway.journey.walks import World, in_journey_order, walk, world_of
from tests.gateway.support import NOW, FakeVendor, Habits, place_of, row_of, rows_every

MINUTE = timedelta(minutes=1)
NEEDLE = Filter(words=("needle",))


def haystack(amount: int, needles: dict[int, int], source: str = "calls") -> list[Interaction]:
    """`amount` rows, one a minute; those at `needles` are so many rows of one instant that the filter keeps."""
    rows: list[Interaction] = []
    for place, hay in enumerate(rows_every(source, MINUTE, amount)):
        many = needles.get(place, 0)
        rows += (row_of(source, f"{source}-{place:06}-{n}", hay.started_at, subject="The needle") for n in range(many))
        if not many:
            rows.append(hay)
    return rows


def kept(*vendors: FakeVendor) -> list[Position]:
    found = [place_of(row) for vendor in vendors for row in vendor.rows if row.subject]
    found.sort(key=lambda p: (p.source, p.external_id))
    return sorted(found, key=lambda p: p.started_at, reverse=True)


A_DAY = 24 * 60
SHEETS = [
    pytest.param({}, MAX_ROWS_SCANNED + 100, id="seeks both ways"),
    pytest.param({"ascending": False}, None, id="seeks newest first"),
    pytest.param({"window_granularity_seconds": 86_400}, MAX_ROWS_SCANNED + 100 + A_DAY, id="by whole days"),
]


@pytest.mark.parametrize("ascending", [False, True])
@pytest.mark.parametrize(("sheet", "most_rows"), SHEETS)
async def test_a_filter_that_keeps_nothing_for_long_leaves_no_gap(
    sheet: dict[str, Any], most_rows: int | None, ascending: bool
):
    """`most_rows`: that one page may cost; unbounded where spans of time must be found first."""
    vendor = FakeVendor("calls", haystack(10_000, {3: 1, 2_500: 3, 6_100: 1, 9_990: 5}), **sheet)
    world = world_of(vendor, filter_=NEEDLE, count=2)
    pages: list[JourneyPage] = []
    while not pages or pages[-1].more:
        before = vendor.rows_given
        pages += [await one_page(world, pages, ascending)]
        assert most_rows is None or vendor.rows_given - before <= most_rows
    assert in_journey_order(pages, ascending=ascending) == kept(vendor)
    assert sum(len(page.rows) < 2 for page in pages[:-1]) >= 2, "the bound never struck"
    assert all(page.complete for page in pages)


async def one_page(world: World, pages: list[JourneyPage], ascending: bool) -> JourneyPage:
    return await read_page(
        world.reading(),
        world.window,
        world.filter,
        world.count,
        position=pages[-1].end if pages else None,
        ascending=ascending,
    )


async def test_a_page_that_ended_early_says_so_and_where_it_stopped():
    vendor = FakeVendor("calls", haystack(10_000, {9_990: 1}))
    world = world_of(vendor, filter_=NEEDLE, count=10)
    page = await one_page(world, [], ascending=False)
    assert page.rows == () and page.more
    read_to = vendor.rows[vendor.rows_given - 1].started_at
    assert page.end == edge_position(read_to, ascending=False)
    assert page.reports[0].state is SourceState.FRESH


async def test_the_less_is_kept_the_more_is_asked_for_at_a_time():
    vendor = FakeVendor("calls", haystack(3_000, {}))
    await one_page(world_of(vendor, filter_=NEEDLE, count=2), [], ascending=False)
    assert [query.limit for query in vendor.queries[:7]] == [3, 6, 12, 24, 48, 48, 48]


@pytest.mark.parametrize("ascending", [False, True])
async def test_no_source_runs_ahead_of_the_place_where_another_was_stopped(ascending: bool):
    """Rows behind the place where a bound struck wait, or the stopped source's would be passed over."""
    calls = FakeVendor("calls", haystack(6_000, {5: 1, 5_500: 2}))
    chats = FakeVendor("chats", haystack(6_000, {n: 1 for n in range(0, 6_000, 400)}, "chats"))
    small = FakeVendor("desk", haystack(12, {n: 1 for n in range(12)}, "desk"), seek=False)
    world = world_of(calls, chats, small, filter_=NEEDLE, count=7)
    pages = await walk(world, ascending=ascending)
    assert in_journey_order(pages, ascending=ascending) == kept(calls, chats, small)
    assert any(len(page.rows) < world.count and page.more for page in pages), "the bound never struck"


@pytest.mark.parametrize("ascending", [False, True])
async def test_many_small_pages_are_a_bound_as_well(ascending: bool):
    vendor = FakeVendor("calls", haystack(900, {899: 1, 0: 1, 450: 2}), habits=Habits(page_size=2))
    world = world_of(vendor, filter_=NEEDLE, count=3)
    pages: list[JourneyPage] = []
    while not pages or pages[-1].more:
        before = len(vendor.queries)
        pages += [await one_page(world, pages, ascending)]
        assert len(vendor.queries) - before <= MAX_PULLS + 1
    assert in_journey_order(pages, ascending=ascending) == kept(vendor)
    assert len(pages) > 2


async def test_a_source_read_as_a_whole_is_not_stopped_by_the_bound():
    vendor = FakeVendor("calls", haystack(2_900, {2_899: 1}), seek=False)
    (page,) = await walk(world_of(vendor, filter_=NEEDLE))
    assert [shown.position for shown in page.rows] == kept(vendor)
    assert page.complete


async def test_a_vendor_that_keeps_rows_back_says_so():
    rows = list(rows_every("calls", MINUTE, 30))
    vendor = FakeVendor("calls", rows, seek=False, row_cap=20, order_guaranteed=True)
    pages = await walk(world_of(vendor, count=15))
    assert in_journey_order(pages, ascending=False) == [place_of(row) for row in rows[:20]]
    assert not any(page.complete for page in pages)
    assert pages[0].reports[0].message == "The system behind it gives only the newest of its rows."


async def test_a_bound_at_rows_of_one_instant_gives_each_of_them_once():
    """The place where a page stops may be an instant with more rows than it gave."""
    needles = {place: 4 for place in range(1_995, 2_005)}
    vendor = FakeVendor("calls", haystack(4_000, needles))
    for count in (1, 3, 50):
        pages = await walk(world_of(vendor, filter_=NEEDLE, count=count))
        assert in_journey_order(pages, ascending=False) == kept(vendor)


@pytest.mark.parametrize("ascending", [False, True])
async def test_a_bound_within_one_instant_never_leads_back(ascending: bool, monkeypatch: pytest.MonkeyPatch):
    """A reader who stands among rows of one instant is not sent back to the first of them."""
    monkeypatch.setattr("gateway.journey.read.MAX_PULLS", 2)
    rows = [row_of("calls", f"{n:04}", NOW) for n in range(400)]
    world = world_of(FakeVendor("calls", rows, habits=Habits(page_size=2)))
    among = place_of(rows[200])
    page = await read_page(world.reading(), world.window, world.filter, 50, position=among, ascending=ascending)
    assert page.rows == () and page.more
    assert page.end == among


def test_the_edge_of_an_instant_has_all_of_its_rows_ahead():
    row = row_of("calls", "1", NOW)
    assert edge_position(NOW, ascending=False).is_before(row)
    assert edge_position(NOW, ascending=True).is_after(row)
    assert not edge_position(NOW, ascending=False).is_after(row)
    assert not edge_position(NOW, ascending=True).is_before(row)
