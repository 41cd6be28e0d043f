"""Reading on, both ways, through seconds that fill pages and hours that the clocks repeat."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import respx

from connectors.base import Continuation, Position, Wanted, Window, in_order
from connectors.interaction import Interaction, InteractionStatus, Record
from connectors.ticketing.request_tracker import RequestTracker
from tests.connectors.support import connect, router, soon
from tests.connectors.ticketing.request_tracker.fake import FakeTickets, Row, person, ticket

BASE = "https://help.example.com/rt"
GIULIA = person("giulia", "giulia.bianchi@example.org")
MARCO = person("vm-marco", "marco.rossi@example.org")
ALWAYS = Window()


def records(*people: Row) -> list[Record]:
    return [Record(source="request_tracker", id=someone["Name"], identifiers=()) for someone in people]


def over(fake: Any, **config: Any) -> RequestTracker:
    routes: respx.MockRouter = router()
    routes.get(f"{BASE}/REST/2.0/tickets").mock(side_effect=fake)
    return connect(RequestTracker, routes, BASE, credentials={"token": "1-14-abc"}, **config)


async def walk(
    connector: RequestTracker, *, ascending: bool, limit: int, window: Window = ALWAYS, anew: bool = False
) -> list[Interaction]:
    """Every row in the order it was given: on by the continuation, or each time `anew` from the last row's place."""
    rows: list[Interaction] = []
    after: Continuation | None = None
    position: Position | None = None
    for _ in range(2000):
        page = await connector.interactions(
            records(GIULIA), window, position, limit, soon(), ascending=ascending, after=after
        )
        rows += page.items
        assert not page.capped and not page.dropped
        if page.next is None:
            return rows
        after = None if anew and page.items else page.next
        if anew and page.items:
            last = page.items[-1]
            position = Position(last.started_at, last.source, last.external_id)
    raise AssertionError("the read does not end")


def many() -> list[Row]:
    """340 tickets: 130 in one second, some in pairs, others alone; and as many of somebody else."""
    start = datetime(2026, 9, 1, 8, tzinfo=UTC)
    times = [start + timedelta(hours=5 * n) for n in range(150)]
    times += [start + timedelta(hours=5 * n) for n in range(0, 120, 2)]
    times += [start + timedelta(days=20, seconds=1)] * 130
    tickets = [ticket(n, at, GIULIA) for n, at in enumerate(sorted(times), start=1)]
    return tickets + [ticket(5000 + n, at, MARCO) for n, at in enumerate(times)]


def own(tickets: list[Row]) -> set[str]:
    return {row["id"] for row in tickets if row["Requestor"] == [GIULIA]}


@pytest.mark.parametrize("anew", [False, True])
@pytest.mark.parametrize("limit", [1, 7, 50, 100])
@pytest.mark.parametrize("ascending", [False, True])
async def test_a_walk_gives_every_ticket_once_and_in_order(ascending: bool, limit: int, anew: bool) -> None:
    tickets = many()
    connector = over(FakeTickets(tickets))
    rows = await walk(connector, ascending=ascending, limit=limit, anew=anew)
    assert len(rows) == len(own(tickets)) == 340
    assert {row.external_id for row in rows} == own(tickets)
    assert rows == in_order(rows, ascending)


@pytest.mark.parametrize("limit", [5, 40])
@pytest.mark.parametrize("ascending", [False, True])
@pytest.mark.parametrize(
    ("zone", "change"),
    [
        ("Europe/Rome", datetime(2026, 10, 25, 1, tzinfo=UTC)),
        ("Europe/Rome", datetime(2026, 3, 29, 1, tzinfo=UTC)),
        ("America/New_York", datetime(2026, 11, 1, 6, tzinfo=UTC)),
        ("America/New_York", datetime(2026, 3, 8, 7, tzinfo=UTC)),
        ("Asia/Kolkata", datetime(2026, 6, 1, tzinfo=UTC)),
        ("UTC", datetime(2026, 6, 1, tzinfo=UTC)),
    ],
)
async def test_nothing_is_lost_where_the_clocks_change(
    zone: str, change: datetime, ascending: bool, limit: int
) -> None:
    times = [change + timedelta(minutes=11 * n) for n in range(-120, 120)] + [change] * 30
    fake = FakeTickets([ticket(n, at, GIULIA) for n, at in enumerate(times)], zone=zone)
    window = Window(change - timedelta(hours=9), change + timedelta(hours=7))
    rows = await walk(over(fake, time_zone=zone), ascending=ascending, limit=limit, window=window)
    expected = sorted(str(n) for n, at in enumerate(times) if window.holds(at))
    assert sorted(row.external_id for row in rows) == expected
    assert rows == in_order(rows, ascending)


@pytest.mark.parametrize("zone", ["Europe/Rome", "America/New_York"])
@pytest.mark.parametrize("month", [1, 7])
async def test_away_from_a_change_of_the_clocks_exactly_the_window_is_asked(zone: str, month: int) -> None:
    start = datetime(2026, month, 10, 12, tzinfo=UTC)
    times = [start + timedelta(seconds=n) for n in range(-3, 6)]
    given: list[str] = []
    fake = FakeTickets([ticket(n, at, GIULIA) for n, at in enumerate(times)], zone=zone)

    def noted(request: Any) -> Any:
        response = fake(request)
        given.extend(row["id"] for row in response.json()["items"])
        return response

    rows = await walk(over(noted, time_zone=zone), ascending=False, limit=50, window=Window(start, times[6]))
    assert [row.external_id for row in rows] == ["5", "4", "3"]
    assert given == ["6", "5", "4", "3"]


@pytest.mark.parametrize("ascending", [False, True])
async def test_tickets_that_come_in_meanwhile_shift_nothing(ascending: bool) -> None:
    tickets = many()
    newest = max(row["Created"] for row in tickets)
    later = [ticket(9000 + n, datetime.fromisoformat(newest) + timedelta(seconds=n), GIULIA) for n in range(1, 300)]
    rows = await walk(over(FakeTickets(tickets, between=later)), ascending=ascending, limit=10)
    ids = [row.external_id for row in rows]
    assert own(tickets) <= set(ids)
    assert len(ids) == len(set(ids))


async def test_rows_that_are_counted_but_not_given_make_the_read_incomplete() -> None:
    tickets = many()
    hidden = [row["id"] for row in tickets if row["Requestor"] == [GIULIA]][40:190]
    connector = over(FakeTickets(tickets, hidden=hidden))
    rows, page = await _to_the_end(connector, 50)
    assert {row.external_id for row in rows} == own(tickets) - set(hidden)
    assert page.capped


async def test_without_a_count_the_read_goes_on_until_nothing_comes_and_says_it_cannot_know() -> None:
    tickets = many()
    rows, page = await _to_the_end(over(FakeTickets(tickets, counts=False)), 50)
    assert {row.external_id for row in rows} == own(tickets)
    assert page.capped


async def _to_the_end(connector: RequestTracker, limit: int) -> tuple[list[Interaction], Any]:
    rows: list[Interaction] = []
    after = None
    while True:
        page = await connector.interactions(records(GIULIA), ALWAYS, None, limit, soon(), after=after)
        rows += page.items
        after = page.next
        if after is None:
            return rows, page


async def test_several_records_are_one_search_and_a_shared_ticket_is_one_row() -> None:
    at = datetime(2026, 11, 2, tzinfo=UTC)
    fake = FakeTickets(
        [
            ticket(1, at, GIULIA),
            ticket(2, at, MARCO, GIULIA),
            ticket(3, at, person("anna"), MARCO),
            ticket(4, at, person("anna")),
        ]
    )
    page = await over(fake).interactions(records(GIULIA, MARCO), ALWAYS, None, 50, soon())
    assert {row.external_id: row.record_id for row in page.items} == {"1": "giulia", "2": "vm-marco", "3": "vm-marco"}
    assert page.foreign == 0
    assert len(fake.queries) == 1


async def test_a_ticket_of_others_is_dropped_whatever_request_tracker_answers() -> None:
    at = datetime(2026, 11, 2, tzinfo=UTC)
    fake = FakeTickets([ticket(1, at, GIULIA), ticket(2, at, MARCO), ticket(3, at)])
    fake._condition = lambda query: lambda row: True  # type: ignore[method-assign]
    page = await over(fake).interactions(records(GIULIA), ALWAYS, None, 50, soon())
    assert [row.external_id for row in page.items] == ["1"]
    assert (page.foreign, page.dropped) == (1, 1)


@pytest.mark.parametrize("name", ["o'brien", "back\\slash", "x' OR id > '0", "tab\there", " "])
async def test_a_name_cannot_widen_the_search(name: str) -> None:
    at = datetime(2026, 11, 2, tzinfo=UTC)
    someone = person(name)
    fake = FakeTickets([ticket(1, at, someone), ticket(2, at, GIULIA)])
    page = await over(fake).interactions(records(someone), ALWAYS, None, 50, soon())
    refused = name in ("tab\there", " ")
    assert [row.external_id for row in page.items] == ([] if refused else ["1"])
    assert page.foreign == 0 and len(fake.queries) == (0 if refused else 1)


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        (Wanted(statuses=frozenset({InteractionStatus.ACTIVE})), ["2"]),
        (Wanted(statuses=frozenset({InteractionStatus.COMPLETED, InteractionStatus.PENDING})), ["4", "3"]),
        (Wanted(statuses=frozenset({InteractionStatus.ON_HOLD})), ["5"]),
        (Wanted(statuses=frozenset({InteractionStatus.MISSED})), []),
        (Wanted(statuses=frozenset({InteractionStatus.UNKNOWN})), ["6", "5", "4", "3", "2", "1"]),
        (Wanted(queue_ids=frozenset({"7", "not-a-queue"})), ["2"]),
        (Wanted(queue_ids=frozenset({"not-a-queue"})), []),
        (Wanted(active_since=datetime(2026, 11, 5, tzinfo=UTC)), ["3"]),
    ],
)
async def test_what_is_wanted_is_asked_of_request_tracker(wanted: Wanted, ids: list[str]) -> None:
    at: Callable[[int], datetime] = lambda n: datetime(2026, 11, 2, 0, n, tzinfo=UTC)  # noqa: E731
    fake = FakeTickets(
        [
            ticket(1, at(1), GIULIA),
            ticket(2, at(2), GIULIA, Status="open", Queue={"id": "7", "Name": "Sales"}),
            ticket(3, at(3), GIULIA, Status="stalled", LastUpdated="2026-11-05T00:00:00Z"),
            ticket(4, at(4), GIULIA, Status="rejected"),
            ticket(5, at(5), GIULIA, Status="Parked"),
            ticket(6, at(6), GIULIA, Status="blue"),
        ]
    )
    connector = over(fake, options={"statuses": {"Parked": "ON_HOLD"}})
    page = await connector.interactions(records(GIULIA), ALWAYS, None, 50, soon(), wanted=wanted)
    assert [row.external_id for row in page.items] == ids
