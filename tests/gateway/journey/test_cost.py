"""A page costs the same at any depth, for sources whose sheet says so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest

from gateway.journey.read import JourneyPage, read_page
from tests.gateway.journey.walks import world_of
from tests.gateway.support import FakeVendor, Habits, rows_every

COUNT = 50
SHALLOW, DEEP = 1_000, 100_000
HUNDREDTH = 100


@dataclass(frozen=True)
class Cost:
    calls: int
    rows: int


def vendors_of(amount: int, *, ascending: bool = True) -> list[FakeVendor]:
    """Three that seek, one row in turn; together `amount` rows."""
    step = timedelta(minutes=30)
    return [
        FakeVendor(
            name,
            list(rows_every(name, step, amount // 3)),
            ascending=ascending,
            order_guaranteed=True,
            habits=Habits(page_size=100),
        )
        for name in ("calls", "chats", "desk")
    ]


async def costs(vendors: list[FakeVendor], pages: int, *, ascending: bool) -> list[Cost]:
    """Of each page, walked one after the other."""
    world = world_of(*vendors, count=COUNT)
    page: JourneyPage | None = None
    found = []
    for _ in range(pages):
        before = total(vendors)
        page = await read_page(
            world.reading(), world.window, world.filter, COUNT, position=page and page.end, ascending=ascending
        )
        assert len(page.rows) == COUNT
        after = total(vendors)
        found.append(Cost(after.calls - before.calls, after.rows - before.rows))
    return found


def total(vendors: list[FakeVendor]) -> Cost:
    return Cost(sum(len(v.queries) for v in vendors), sum(v.rows_given for v in vendors))


def near(one: int, other: int) -> bool:
    return abs(one - other) <= 0.2 * max(one, other)


@pytest.mark.parametrize("ascending", [False, True])
async def test_the_first_page_costs_the_same_at_any_depth_and_so_does_the_hundredth(ascending: bool):
    (shallow,) = await costs(vendors_of(SHALLOW), 1, ascending=ascending)
    deep = await costs(vendors_of(DEEP), HUNDREDTH, ascending=ascending)
    print(f"first of {SHALLOW}: {shallow}, first of {DEEP}: {deep[0]}, page {HUNDREDTH}: {deep[-1]}")
    for page in (deep[0], deep[HUNDREDTH // 2], deep[-1]):
        assert near(page.calls, shallow.calls) and near(page.rows, shallow.rows)


async def test_a_page_asks_each_source_once_and_for_no_more_than_it_can_show():
    vendors = vendors_of(SHALLOW)
    (cost,) = await costs(vendors, 1, ascending=False)
    assert cost == Cost(calls=3, rows=3 * (COUNT + 1))
    assert {query.limit for vendor in vendors for query in vendor.queries} == {COUNT + 1}
