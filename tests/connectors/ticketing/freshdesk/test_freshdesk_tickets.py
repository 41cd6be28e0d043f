"""What Freshdesk's tickets become, and how they are read."""

from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import respx

from connectors.base import Page, Wanted, Window
from connectors.interaction import (
    Agent,
    Channel,
    Direction,
    Interaction,
    InteractionStatus,
    Leg,
    LegKind,
    Queue,
    Record,
    TicketDetails,
    TicketPriority,
    TicketStatus,
)
from connectors.ticketing.freshdesk import Freshdesk
from tests.connectors.support import NOW, connect, router, samples_beside, soon

BASE = "https://acme.freshdesk.com"
API = f"{BASE}/api/v2"
sample = samples_beside(__file__)
LIVIA = Record(source="freshdesk", id="9001", identifiers=())
ALWAYS = Window()


def freshdesk(routes: respx.MockRouter, **config: Any) -> Freshdesk:
    return connect(Freshdesk, routes, BASE, credentials={"api_key": "k3y"}, **config)


def desk(tickets: Any = None) -> respx.MockRouter:
    routes = router()
    routes.get(f"{API}/tickets").respond(json=sample("tickets") if tickets is None else tickets)
    routes.get(f"{API}/tickets/7003").respond(json=sample("tickets")[0])
    routes.get(f"{API}/tickets/6998").respond(json=sample("tickets")[4])
    routes.get(f"{API}/tickets/1").respond(404)
    routes.get(f"{API}/groups/61").respond(json={"id": 61, "name": "Front desk"})
    routes.get(f"{API}/groups/62").respond(404)
    routes.get(f"{API}/agents/501").respond(json={"id": 501, "contact": {"name": "Bruna Agosti"}})
    routes.get(f"{API}/agents/502").respond(403, json={"code": "access_denied"})
    return routes


async def read(connector: Freshdesk, window: Window = ALWAYS, **how: Any) -> Page:
    return await connector.interactions([LIVIA], window, None, 50, soon(), **how)


async def one(fields: dict[str, Any], **config: Any) -> Interaction:
    page = await read(freshdesk(desk([copy.deepcopy(sample("tickets")[0]) | fields]), **config))
    assert (len(page.items), page.dropped) == (1, 0)
    return page.items[0]


def details(row: Interaction) -> TicketDetails:
    assert isinstance(row.details, TicketDetails)
    return row.details


def listed(routes: respx.MockRouter) -> list[httpx.QueryParams]:
    return [call.request.url.params for call in routes.calls if call.request.url.path == "/api/v2/tickets"]


async def test_a_ticket_with_everything() -> None:
    row = (await read(freshdesk(desk(), options={"division": "product", "topic_field": "cf_area"}))).items[0]
    began = datetime(2026, 11, 22, 16, 5, 11, tzinfo=UTC)
    assert row == Interaction(
        source="freshdesk",
        external_id="7003",
        record_id="9001",
        channel=Channel.TICKET,
        direction=Direction.INBOUND,
        started_at=began,
        last_activity_at=datetime(2026, 11, 22, 17, 40, tzinfo=UTC),
        status=InteractionStatus.ACTIVE,
        url="https://acme.freshdesk.com/a/tickets/7003",
        legs=(Leg(began, None, LegKind.AGENT, Queue("61", "Front desk"), Agent("501", "Bruna Agosti"), ("71",)),),
        tags=("lamp", "warranty"),
        division_ids=("71",),
        subject="Second lamp & its timer",
        topic="repairs",
        preview="Good morning, it stays dark.",
        details=TicketDetails("7003", TicketStatus.OPEN, "Open", TicketPriority.HIGH, True, Channel.EMAIL),
    )


async def test_what_a_page_keeps_drops_and_passes_over() -> None:
    page = await read(freshdesk(desk()))
    assert [row.external_id for row in page.items] == ["7003", "7002", "7001"]
    assert (page.dropped, page.foreign, page.next, page.capped) == (1, 1, None, False)  # no time; somebody else's


async def test_a_closed_ticket_ended_when_it_was_solved() -> None:
    row = (await read(freshdesk(desk()))).items[1]
    assert (row.status, details(row).status) == (InteractionStatus.COMPLETED, TicketStatus.CLOSED)
    assert row.ended_at == datetime(2026, 10, 3, 12, tzinfo=UTC)
    assert row.duration_seconds == 2 * 86_400
    assert row.direction is Direction.OUTBOUND
    assert row.legs == (Leg(row.started_at, row.ended_at, LegKind.AGENT, None, Agent("502", "502")),)


async def test_a_status_of_the_accounts_own_is_what_the_operator_says() -> None:
    page = await read(freshdesk(desk()))
    row = page.items[2]
    assert (row.status, details(row).source_status) == (InteractionStatus.UNKNOWN, "6")
    assert row.started_at == datetime(2026, 9, 30, 10, tzinfo=UTC)
    assert (row.direction, details(row).opened_via) == (Direction.UNKNOWN, Channel.VOICE)
    assert row.legs[0].queue == Queue("62", "62")
    assert (details(row).escalated, details(row).priority) == (None, None)
    row = (await read(freshdesk(desk(), options={"statuses": {"6": "PENDING"}}))).items[2]
    assert (row.status, details(row).status) == (InteractionStatus.PENDING, TicketStatus.PENDING)


@pytest.mark.parametrize(
    ("number", "status", "ticket_status"),
    [
        (2, InteractionStatus.ACTIVE, TicketStatus.OPEN),
        (3, InteractionStatus.PENDING, TicketStatus.PENDING),
        (4, InteractionStatus.COMPLETED, TicketStatus.SOLVED),
        (5, InteractionStatus.COMPLETED, TicketStatus.CLOSED),
        (99, InteractionStatus.UNKNOWN, TicketStatus.UNKNOWN),
        (None, InteractionStatus.UNKNOWN, TicketStatus.UNKNOWN),
    ],
)
async def test_statuses_are_numbers(number, status, ticket_status) -> None:
    row = await one({"status": number})
    assert (row.status, details(row).status) == (status, ticket_status)


@pytest.mark.parametrize(
    ("source", "direction", "via"),
    [
        (2, Direction.INBOUND, Channel.WEB),
        (7, Direction.INBOUND, Channel.CHAT),
        (9, Direction.INBOUND, Channel.WEB),
        (10, Direction.OUTBOUND, Channel.EMAIL),
        (77, Direction.UNKNOWN, Channel.OTHER),
        (None, Direction.UNKNOWN, None),
    ],
)
async def test_sources_are_numbers_too(source, direction, via) -> None:
    row = await one({"source": source})
    assert (row.direction, details(row).opened_via) == (direction, via)


@pytest.mark.parametrize(
    ("marks", "escalated"),
    [((True, False), True), ((False, True), True), ((False, False), False), ((None, None), None), ((None, True), True)],
)
async def test_escalation_is_freshdesks_own(marks, escalated) -> None:
    assert details(await one({"is_escalated": marks[0], "fr_escalated": marks[1]})).escalated is escalated


@pytest.mark.parametrize(("field", "topic"), [("type", "Problem"), ("cf_floor", None), ("cf_none", None), (None, None)])
async def test_a_topic_is_a_text(field, topic) -> None:
    assert (await one({}, options={} if field is None else {"topic_field": field})).topic == topic


async def test_what_is_asked() -> None:
    routes = desk([])
    await read(freshdesk(routes))
    assert dict(listed(routes)[0]) == {
        "requester_id": "9001",
        "updated_since": "2010-01-01T00:00:00Z",
        "order_by": "created_at",
        "order_type": "desc",
        "include": "stats,description",
        "per_page": "100",
        "page": "1",
    }
    assert routes.calls[0].request.headers["Authorization"] == httpx._auth.BasicAuth("k3y", "X")._auth_header


@pytest.mark.parametrize(
    ("window", "wanted", "since"),
    [
        (Window(NOW - timedelta(days=90)), Wanted(), "2026-08-25T09:00:00Z"),
        (Window(NOW - timedelta(days=90)), Wanted(active_since=NOW), "2026-11-23T09:00:00Z"),
        (Window(), Wanted(active_since=datetime(1999, 1, 1, tzinfo=UTC)), "2010-01-01T00:00:00Z"),
    ],
)
async def test_only_what_changed_within_reach_is_asked(window, wanted, since) -> None:
    routes = desk([])
    await read(freshdesk(routes), window, wanted=wanted)
    assert listed(routes)[0]["updated_since"] == since


def many(count: int, per: timedelta = timedelta(hours=1), requester: int = 9001) -> list[dict[str, Any]]:
    times = [(NOW - per * n).strftime("%Y-%m-%dT%H:%M:%SZ") for n in range(count)]
    return [
        {"id": requester * 10_000 + n, "requester_id": requester, "created_at": at, "status": 2}
        for n, at in enumerate(times)
    ]


def paged(rows: list[dict[str, Any]]) -> respx.MockRouter:
    routes = router()

    def answer(request: httpx.Request) -> httpx.Response:
        asked = request.url.params
        mine = [row for row in rows if str(row["requester_id"]) == asked["requester_id"]]
        first = (int(asked["page"]) - 1) * 100
        return httpx.Response(200, json=mine[first : first + 100])

    routes.get(f"{API}/tickets").mock(side_effect=answer)
    return routes


async def test_every_page_is_read() -> None:
    routes = paged(many(250))
    page = await read(freshdesk(routes))
    assert (len(page.items), page.next, page.capped) == (250, None, False)
    assert [params["page"] for params in listed(routes)] == ["1", "2", "3"]


async def test_reading_ends_where_the_window_begins() -> None:
    routes = paged(many(1000))
    page = await read(freshdesk(routes), Window(NOW - timedelta(hours=120)))
    assert len(page.items) == 121
    assert len(listed(routes)) == 2


async def test_more_than_3000_are_not_read_and_that_is_said() -> None:
    page = await read(freshdesk(paged(many(3100))))
    assert (len(page.items), page.capped) == (3000, True)


async def test_several_contacts_are_read_one_after_the_other() -> None:
    routes = paged([*many(120), *many(30, requester=9002)])
    both = [LIVIA, Record(source="freshdesk", id="9002", identifiers=())]
    page = await freshdesk(routes).interactions(both, ALWAYS, None, 50, soon())
    assert len(page.items) == 150
    assert [(p["requester_id"], p["page"]) for p in listed(routes)] == [("9001", "1"), ("9001", "2"), ("9002", "1")]


async def test_names_are_asked_once() -> None:
    routes = desk()
    connector = freshdesk(routes)
    await read(connector)
    calls = len(routes.calls)
    await read(connector)
    assert len(routes.calls) == calls + 1


async def test_one_ticket_by_its_id() -> None:
    connector = freshdesk(desk())
    row = await connector.get("7003", soon())
    assert row is not None and row.preview == "Good morning, it stays dark."
    assert await connector.get("6998", soon()) is None  # spam
    assert await connector.get("1", soon()) is None
    assert await connector.get("٣", soon()) is None
