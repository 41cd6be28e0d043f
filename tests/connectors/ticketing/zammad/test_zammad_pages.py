"""Reading on, both ways, over as many pages as there are."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from connectors.base import Position, Window
from connectors.interaction import Record
from connectors.testing.walks import read_all, read_anew
from connectors.ticketing.zammad import Zammad
from tests.connectors.support import connect, router, soon
from tests.connectors.ticketing.zammad.fake import FakeSearch, Row, ticket

BASE = "https://desk.example.com"
NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


def records(*ids: int) -> list[Record]:
    return [Record(source="zammad", id=str(id_), identifiers=()) for id_ in ids]


def over(search: FakeSearch) -> Zammad:
    routes = router()
    routes.get(f"{BASE}/api/v1/ticket_states").respond(json=[{"id": 2, "state_type_id": 2, "name": "offen"}])
    routes.post(f"{BASE}/api/v1/tickets/search").mock(side_effect=search)
    return connect(Zammad, routes, BASE, credentials={"token": "t0ken"})


def crowd(count: int, seed: int = 7) -> list[Row]:
    """Tickets of two people, now and then hundreds in one millisecond."""
    chance = random.Random(seed)
    rows: list[Row] = []
    at = NOON - timedelta(days=300)
    while len(rows) < count:
        at += timedelta(milliseconds=chance.choice((0, 1, 1, 900, 60_000)))
        together = chance.choice((1,) * 40 + (2, 30, 260))
        rows += [ticket(len(rows) + n + 1, at, chance.choice((41, 41, 42))) for n in range(together)]
    return rows[:count]


def expected(rows: list[Row], *ids: int) -> set[str]:
    return {str(row["id"]) for row in rows if row["customer_id"] in ids}


@pytest.mark.parametrize("ascending", [False, True])
@pytest.mark.parametrize("limit", [1, 50, 100])
async def test_a_walk_loses_repeats_and_misplaces_nothing(ascending: bool, limit: int) -> None:
    rows = crowd(2500)
    walked = await read_all(over(FakeSearch(rows)), records(41), limit=limit, ascending=ascending)
    assert len(walked) == len({row.external_id for row in walked})
    assert {row.external_id for row in walked} == expected(rows, 41)
    times = [row.started_at for row in walked]
    assert times == sorted(times, reverse=not ascending)


@pytest.mark.parametrize("ascending", [False, True])
async def test_a_walk_from_row_to_row_is_the_same(ascending: bool) -> None:
    rows = crowd(400, seed=8)
    connector = over(FakeSearch(rows))
    assert await read_anew(connector, records(41), limit=40, ascending=ascending) == await read_all(
        connector, records(41), ascending=ascending
    )


async def test_several_records_are_one_walk() -> None:
    rows = crowd(600, seed=9)
    search = FakeSearch(rows)
    walked = await read_all(over(search), records(41, 42))
    assert {row.external_id for row in walked} == expected(rows, 41, 42)
    assert all(body["condition"]["ticket.customer_id"]["value"] == [41, 42] for body in search.bodies)


@pytest.mark.parametrize("ascending", [False, True])
async def test_a_page_costs_the_same_at_any_depth(ascending: bool) -> None:
    rows = [ticket(n, NOON - timedelta(minutes=n)) for n in range(1, 2001)]
    search = FakeSearch(rows)
    walked = await read_all(over(search), records(41), limit=50, ascending=ascending)
    assert len(walked) == 2000
    assert len(search.bodies) == 40  # 51 rows a call, one of them seen before
    assert all(body["page"] == 1 for body in search.bodies)


@pytest.mark.parametrize("ascending", [False, True])
async def test_reading_ends_at_the_other_side_of_the_window(ascending: bool) -> None:
    rows = [ticket(n, NOON - timedelta(minutes=n)) for n in range(1, 2001)]
    search = FakeSearch(rows)
    window = Window(NOON - timedelta(minutes=1100), NOON - timedelta(minutes=1000))
    walked = await read_all(over(search), records(41), window, limit=50, ascending=ascending)
    assert len(walked) == 100
    assert len(search.bodies) <= 3


async def test_tickets_that_come_in_meanwhile_move_nothing() -> None:
    rows = [ticket(n, NOON - timedelta(minutes=n)) for n in range(1, 301)]
    late = [ticket(1000 + n, NOON + timedelta(minutes=n)) for n in range(1, 9)]
    walked = await read_all(over(FakeSearch(rows, late)), records(41), limit=50)
    assert [row.external_id for row in walked] == [str(n) for n in range(1, 301)]


async def test_a_row_without_a_time_does_not_end_or_move_a_walk() -> None:
    rows = [ticket(n, NOON - timedelta(minutes=n)) for n in range(1, 121)]
    search = FakeSearch(rows)
    connector = over(search)
    rows[60]["updated_at"] = "long ago"
    search.tickets[60] = rows[60]
    walked, dropped, after = [], 0, None
    while True:
        page = await connector.interactions(records(41), Window(), None, 30, soon(), after=after)
        walked += [row.external_id for row in page.items]
        dropped += page.dropped
        after = page.next
        if after is None:
            break
    assert walked == [str(n) for n in range(1, 121) if n != 61]
    assert dropped >= 1


async def test_a_page_begins_behind_a_position_of_the_same_instant() -> None:
    rows = [ticket(n, NOON) for n in range(1, 80)]
    behind = Position(NOON, "zammad", "40")
    page = await over(FakeSearch(rows)).interactions(records(41), Window(), behind, 30, soon())
    ids = {row.external_id for row in page.items}
    assert ids and all(id_ > "40" for id_ in ids)
