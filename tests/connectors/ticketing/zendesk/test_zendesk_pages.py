"""Reading on, both ways, past what one search of Zendesk gives."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import respx

from connectors.base import Continuation, Position, Window, in_order
from connectors.interaction import Interaction, Record
from connectors.ticketing.zendesk import Zendesk
from tests.connectors.support import connect, router, soon
from tests.connectors.ticketing.zendesk.fake import FakeSearch, Row, ticket

BASE = "https://acme.zendesk.com"
NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
ALWAYS = Window()


def records(*ids: int) -> list[Record]:
    return [Record(source="zendesk", id=str(id_), identifiers=()) for id_ in ids]


def over(search: Any) -> Zendesk:
    routes: respx.MockRouter = router()
    routes.get(f"{BASE}/api/v2/search").mock(side_effect=search)
    return connect(Zendesk, routes, BASE, credentials={"email": "bot@example.com", "token": "t0ken"})


class Walk:
    """Every page of a read, as the gateway takes them: on by the continuation, or each time anew from a position."""

    def __init__(self, connector: Zendesk, *, ascending: bool, limit: int = 50, window: Window = ALWAYS) -> None:
        self.connector, self.ascending, self.limit, self.window = connector, ascending, limit, window
        self.ids: list[str] = []
        self.capped = False
        self.pages = 0

    async def on(self, own: list[Record]) -> Walk:
        after: Continuation | None = None
        while True:
            page = await self.connector.interactions(
                own, self.window, None, self.limit, soon(), ascending=self.ascending, after=after
            )
            self._take(page.items)
            self.capped |= page.capped
            after = page.next
            if after is None:
                return self

    async def anew(self, own: list[Record]) -> Walk:
        """A page of nothing but ties already seen is followed by its continuation."""
        position: Position | None = None
        after: Continuation | None = None
        while True:
            page = await self.connector.interactions(
                own, self.window, position, self.limit, soon(), ascending=self.ascending, after=after
            )
            self._take(page.items)
            self.capped |= page.capped
            if page.next is None:
                return self
            after = page.next
            if page.items:
                last = page.items[-1]
                position, after = Position(last.started_at, last.source, last.external_id), None

    def _take(self, items: Iterable[Interaction]) -> None:
        self.pages += 1
        self.ids += [row.external_id for row in items]


def crowd(count: int, seed: int = 7) -> list[Row]:
    """Tickets of two people, now and then hundreds in one second."""
    chance = random.Random(seed)
    rows: list[Row] = []
    at = NOON - timedelta(days=300)
    while len(rows) < count:
        at += timedelta(seconds=chance.choice((0, 1, 1, 60, 4000)))
        together = chance.choice((1,) * 40 + (2, 30, 260))
        rows += [ticket(len(rows) + n, at, chance.choice((5001, 5001, 5002))) for n in range(together)]
    return rows[:count]


def expected(rows: Iterable[Row], ascending: bool, ids: tuple[int, ...] = (5001,)) -> list[str]:
    own = [row for row in rows if row["requester_id"] in ids]
    own.sort(key=lambda row: str(row["id"]))
    own.sort(key=lambda row: row["created_at"], reverse=True)
    ordered = [str(row["id"]) for row in own]
    return ordered[::-1] if ascending else ordered


@pytest.mark.parametrize("ascending", [False, True])
@pytest.mark.parametrize("limit", [1, 50, 100])
async def test_a_walk_past_a_thousand_loses_repeats_and_misplaces_nothing(ascending: bool, limit: int) -> None:
    rows = crowd(3500)
    search = FakeSearch(rows)
    walk = await Walk(over(search), ascending=ascending, limit=limit).on(records(5001))
    assert walk.ids == expected(rows, ascending)
    assert not walk.capped
    assert set(search.status_codes) == {200}


@pytest.mark.parametrize("ascending", [False, True])
async def test_a_walk_from_position_to_position_is_the_same(ascending: bool) -> None:
    rows = crowd(1800, seed=8)
    search = FakeSearch(rows)
    walk = await Walk(over(search), ascending=ascending).anew(records(5001))
    assert walk.ids == expected(rows, ascending)
    assert set(search.status_codes) == {200}


@pytest.mark.parametrize("ascending", [False, True])
async def test_several_records_are_one_walk(ascending: bool) -> None:
    rows = crowd(1500, seed=9)
    search = FakeSearch(rows)
    walk = await Walk(over(search), ascending=ascending).on(records(5001, 5002))
    assert walk.ids == expected(rows, ascending, (5001, 5002))
    assert all(query.startswith("type:ticket requester:5001 requester:5002") for query in search.queries)


@pytest.mark.parametrize("ascending", [False, True])
async def test_a_page_costs_the_same_at_any_depth(ascending: bool) -> None:
    rows = [ticket(n, NOON - timedelta(minutes=n)) for n in range(2000)]
    search = FakeSearch(rows)
    walk = await Walk(over(search), ascending=ascending).on(records(5001))
    assert len(walk.ids) == 2000
    assert len(search.queries) == walk.pages == 40  # 51 rows a call, one of them seen before


@pytest.mark.parametrize("ascending", [False, True])
async def test_a_second_fuller_than_a_search_is_passed_and_said(ascending: bool) -> None:
    rows = [ticket(n, NOON) for n in range(1300)]
    rows += [ticket(2000 + n, NOON + timedelta(seconds=n - 20)) for n in range(41) if n != 20]
    search = FakeSearch(rows)
    walk = await Walk(over(search), ascending=ascending).on(records(5001))
    assert walk.capped
    assert set(search.status_codes) == {200}
    assert max(Counter(walk.ids).values()) == 1
    kept = Counter(int(id_) >= 2000 for id_ in walk.ids)
    assert kept == {False: 1000, True: 40}


async def test_exactly_a_thousand_in_a_second_are_all_there() -> None:
    search = FakeSearch([ticket(n, NOON) for n in range(1000)] + [ticket(5000, NOON - timedelta(days=1))])
    walk = await Walk(over(search), ascending=False).on(records(5001))
    assert len(walk.ids) == len(set(walk.ids)) == 1001


async def test_tickets_that_come_in_between_do_not_shift_what_follows() -> None:
    rows = [ticket(n, NOON - timedelta(minutes=n)) for n in range(300)]
    incoming = [ticket(9000 + n, NOON + timedelta(minutes=n)) for n in range(1, 20)]
    search = FakeSearch(list(rows), between_pages=incoming)
    walk = await Walk(over(search), ascending=False).on(records(5001))
    assert walk.ids == expected(rows, ascending=False)


@pytest.mark.parametrize("ascending", [False, True])
async def test_the_window_is_asked_for_in_whole_seconds_and_cut_exactly(ascending: bool) -> None:
    rows = [ticket(n, NOON + timedelta(seconds=n)) for n in range(10)]
    search = FakeSearch(rows)
    window = Window(NOON + timedelta(seconds=2, microseconds=5), NOON + timedelta(seconds=7, microseconds=5))
    walk = await Walk(over(search), ascending=ascending, window=window).on(records(5001))
    assert sorted(walk.ids) == ["3", "4", "5", "6", "7"]
    assert search.queries == ["type:ticket requester:5001 created>=2026-11-01T12:00:02Z created<2026-11-01T12:00:08Z"]


async def test_bounds_in_another_zone_are_asked_for_in_utc() -> None:
    search = FakeSearch([])
    start = datetime.fromisoformat("2026-11-01T13:00:00+01:00")
    walk = await Walk(over(search), ascending=False, window=Window(start, None)).on(records(5001))
    assert walk.ids == [] and not walk.capped
    assert search.queries == ["type:ticket requester:5001 created>=2026-11-01T12:00:00Z"]


@pytest.mark.parametrize("ascending", [False, True])
async def test_bad_rows_stop_no_walk(ascending: bool) -> None:
    rows = [ticket(n, NOON - timedelta(minutes=n)) for n in range(400)]
    for row in rows[100:300]:
        row["subject"] = 7
    walk = await Walk(over(FakeSearch(rows)), ascending=ascending).on(records(5001))
    assert walk.ids == expected([row for row in rows if "subject" not in row], ascending)


async def test_more_records_than_a_search_can_name_is_said() -> None:
    search = FakeSearch([ticket(1, NOON, 41)])
    page = await over(search).interactions(records(*range(1, 60)), ALWAYS, None, 50, soon())
    assert page.capped
    assert len(search.queries[0].split()) == 41


async def test_a_vendor_that_takes_no_notice_of_the_bounds_still_comes_to_an_end() -> None:
    rows = [ticket(n, NOON - timedelta(minutes=n)) for n in range(120)]

    def careless(request: httpx.Request) -> httpx.Response:
        size, page = int(request.url.params["per_page"]), int(request.url.params["page"])
        return httpx.Response(200, json={"results": rows[(page - 1) * size : page * size], "count": len(rows)})

    walk = await Walk(over(careless), ascending=False).on(records(5001))
    assert list(dict.fromkeys(walk.ids)) == expected(rows, ascending=False)


@pytest.mark.parametrize("ascending", [False, True])
async def test_the_order_is_ours(ascending: bool) -> None:
    rows = [ticket(n, NOON - timedelta(seconds=n // 9)) for n in range(90)]
    page = await over(FakeSearch(rows)).interactions(records(5001), ALWAYS, None, 20, soon(), ascending=ascending)
    assert list(page.items) == in_order(page.items, ascending)
