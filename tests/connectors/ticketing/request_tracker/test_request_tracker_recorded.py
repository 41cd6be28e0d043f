"""Answers of a real Request Tracker 5.0.3, given back to the connector; those named TRAP mislead who trusts them."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from connectors import identifiers
from connectors.base import Page, Window
from connectors.errors import ConnectorError, MalformedError, RefusedError
from connectors.interaction import Agent, InteractionStatus, Leg, LegKind, Queue, Record, TicketDetails, TicketPriority
from connectors.ticketing.request_tracker import RequestTracker
from tests.connectors.support import connect, router, soon

BASE = "http://127.0.0.1:8081"
API = f"{BASE}/REST/2.0"
EXCHANGES = {
    exchange["name"]: exchange
    for exchange in json.loads((Path(__file__).parent / "recorded.json").read_text())["exchanges"]
}
NAME = "giulia.bianchi@example.org"
EMAIL, PHONE = identifiers.email(NAME), identifiers.phone("+393331112222")
assert EMAIL is not None and PHONE is not None
GIULIA = Record(source="request_tracker", id=NAME, identifiers=())


def recorded(name: str) -> httpx.Response:
    exchange = EXCHANGES[name]
    headers = {key: value for key, value in exchange["headers"].items() if key == "content-type"}
    return httpx.Response(exchange["status"], headers=headers, json=exchange["body"])


def replaying(*names: str, users: str = "no match", **routes: str) -> tuple[RequestTracker, list[httpx.QueryParams]]:
    """`names` answer searches for tickets one after another; the questions are noted."""
    asked: list[httpx.QueryParams] = []
    answers = iter(names)

    def tickets(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.params)
        return recorded(next(answers))

    over = router()
    over.get(f"{API}/tickets").mock(side_effect=tickets)
    over.get(f"{API}/users").mock(return_value=recorded(users))
    for path, name in routes.items():
        over.get(f"{API}/{path.replace('__', '/')}").mock(return_value=recorded(name))
    return connect(RequestTracker, over, BASE, credentials={"user": "root", "password": "password"}), asked


async def read(connector: RequestTracker, limit: int = 4, window: Window | None = None) -> Page:
    return await connector.interactions([GIULIA], window or Window(), None, limit, soon())


async def test_the_first_and_the_last_page() -> None:
    connector, asked = replaying("tickets newest first p1", "tickets newest first p3 (last)")
    first = await read(connector)
    assert [row.external_id for row in first.items] == ["12", "10", "11"]  # 8 and 9 are of the second it ends at
    assert first.next is not None
    last = await connector.interactions([GIULIA], Window(), None, 4, soon(), after=first.next)
    assert [row.external_id for row in last.items] == ["8", "9", "2", "1"]
    assert last.next is None and not last.capped
    assert "Created" not in asked[0]["query"]
    assert asked[1]["query"].endswith("AND Created <= '2026-11-23 01:50:45'")


async def test_a_ticket_as_it_was_recorded() -> None:
    connector, _ = replaying("tickets newest first p1")
    row = (await read(connector)).items[0]
    assert (row.record_id, row.subject, row.status) == (NAME, "Problem 11", InteractionStatus.QUEUED)
    assert row.started_at == datetime(2026, 11, 23, 1, 50, 47, tzinfo=UTC)
    assert row.last_activity_at == datetime(2026, 11, 23, 1, 50, 48, tzinfo=UTC)
    assert row.ended_at is None
    assert row.legs == (Leg(row.started_at, None, LegKind.QUEUE, Queue("3", "Support-IT")),)
    assert isinstance(row.details, TicketDetails)
    assert row.details.priority is TicketPriority.LOW


async def test_order_and_page_size_are_asked_in_the_only_way_that_works() -> None:
    """`-Created` sorts ascending, and more than 100 rows are cut in silence."""
    connector, asked = replaying("TRAP -Created is not descending")
    await read(connector, limit=500)
    assert asked[0].get_list("orderby") == ["Created", "id"]
    assert asked[0].get_list("order") == ["DESC", "DESC"]
    assert asked[0]["per_page"] == "100"


async def test_a_window_is_never_spelled_in_the_way_that_matches_everything() -> None:
    connector, asked = replaying("TRAP time window, ISO Z is not understood and matches everything")
    start = datetime(2026, 11, 23, 1, 50, 46, 500, tzinfo=UTC)
    page = await read(connector, window=Window(start, datetime(2026, 11, 24, tzinfo=UTC)))
    assert asked[0]["query"].endswith("Created >= '2026-11-23 01:50:46' AND Created <= '2026-11-24 00:00:00'")
    assert page.items == () and page.dropped == 12


async def test_a_window_that_was_ignored_is_cut_here() -> None:
    connector, _ = replaying("tickets newest first p1", "tickets newest first p3 (last)")
    start = datetime(2026, 11, 23, 1, 50, 47, tzinfo=UTC)
    assert [row.external_id for row in (await read(connector, window=Window(start))).items] == ["12"]


async def test_rows_counted_and_not_given_are_no_complete_answer() -> None:
    connector, _ = replaying("TRAP unknown orderby gives no rows but a total")
    page = await read(connector)
    assert page.items == () and page.capped


@pytest.mark.parametrize("name", ["no match", "page past the end"])
async def test_an_empty_page_is_the_end(name: str) -> None:
    connector, _ = replaying(name)
    assert await read(connector) == Page(())


async def test_a_user_by_e_mail() -> None:
    connector, asked = replaying(users="user by e-mail")
    [record] = await connector.find([EMAIL], soon())
    assert (record.id, record.name) == (NAME, "Giulia Bianchi")
    assert [held.identifier for held in record.identifiers][1:] == [EMAIL, PHONE]
    assert asked == []


async def test_all_users_instead_of_one_are_nobody() -> None:
    connector, asked = replaying("no match", users="TRAP unsearchable user field gives ALL users")
    stranger = identifiers.email("stranger@example.org")
    assert stranger is not None
    assert await connector.find([stranger], soon()) == []
    assert len(asked) == 1


async def test_a_phone_goes_to_the_tickets() -> None:
    connector, asked = replaying("by phone, TicketSQL", users="TRAP unsearchable user field gives ALL users")
    assert await connector.find([PHONE], soon()) == []  # this recording has no requestors in it
    assert "Requestor.MobilePhone LIKE" in asked[0]["query"]


async def test_a_history_without_a_transfer() -> None:
    row = EXCHANGES["tickets newest first p3 (last)"]["body"]["items"][1]
    history = EXCHANGES["history"]["body"]["items"]
    over = router()
    over.get(f"{API}/tickets").mock(return_value=httpx.Response(200, json={"items": [row], "total": 1, "pages": 1}))
    owned = {"Type": "Set", "Field": "Owner", "OldValue": "6", "NewValue": "31", "Created": "2026-11-23T01:50:49Z"}
    steps = [step | {"ObjectType": "RT::Ticket", "ObjectId": "1"} for step in [*history, {"id": "113"} | owned]]
    over.get(f"{API}/ticket/1/history").mock(return_value=httpx.Response(200, json={"items": steps}))
    over.get(f"{API}/transaction/38/attachments").mock(return_value=recorded("no match"))
    over.get(f"{API}/user/31").mock(return_value=recorded("user"))
    over.get(f"{API}/user/6").mock(return_value=recorded("ticket absent"))
    connector = connect(RequestTracker, over, BASE, credentials={"user": "root", "password": "password"})
    found = await connector.get("1", soon())
    assert found is not None
    assert found.legs[-1].agent == Agent(NAME, "Giulia Bianchi")


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("bad query", MalformedError),
        ("bad watcher subfield", MalformedError),
        ("no credentials", RefusedError),
        ("bad credentials", RefusedError),
        ("ticket absent", MalformedError),
        ("rt version", MalformedError),
    ],
)
async def test_an_error_says_nothing_of_the_server(name: str, error: type[ConnectorError]) -> None:
    calls: list[Callable[[RequestTracker], Any]] = [
        lambda connector: read(connector),
        lambda connector: connector.get("1", soon()),
        lambda connector: connector.find([PHONE], soon()),
    ]
    for call in calls:
        connector, _ = replaying(name)
        with pytest.raises(error) as caught:
            await call(connector)
        told = "".join(traceback.format_exception(caught.value))
        assert "/usr/share" not in told and "RT/Tickets.pm" not in told and "1112222" not in told


@pytest.mark.parametrize("name", EXCHANGES)
async def test_whatever_it_answers_the_read_ends_with_a_page_or_an_error_of_ours(name: str) -> None:
    connector, _ = replaying(*[name] * 40)
    try:
        page = await read(connector)
    except ConnectorError:
        return
    assert {row.record_id for row in page.items} <= {NAME}
