"""What Zammad's tickets become."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import respx

from connectors.base import Page, Wanted, Window
from connectors.errors import RefusedError
from connectors.interaction import (
    Address,
    AddressKind,
    Agent,
    Channel,
    Direction,
    IdentifierKind,
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
from connectors.ticketing.zammad import Zammad
from tests.connectors.support import NOW, connect, router, samples_beside, soon

BASE = "https://desk.example.com"
API = f"{BASE}/api/v1"
sample = samples_beside(__file__)
LIVIA = Record(source="zammad", id="41", identifiers=())
ALWAYS = Window()


def zammad(routes: respx.MockRouter, **config: Any) -> Zammad:
    return connect(Zammad, routes, BASE, credentials={"token": "t0ken"}, **config)


def desk(tickets: Any = None) -> respx.MockRouter:
    routes = router()
    routes.get(f"{API}/ticket_states").respond(json=sample("states"))
    routes.post(f"{API}/tickets/search").respond(json=sample("tickets") if tickets is None else tickets)
    bruna = {"id": 22, "firstname": "Bruna", "lastname": "Agosti"}
    routes.get(f"{API}/users/22").respond(json=bruna)
    routes.get(f"{API}/users/23").respond(403, json={"error": "Not authorized"})
    routes.get(f"{API}/tickets/512").respond(json=sample("tickets")[0])
    routes.get(f"{API}/ticket_articles/by_ticket/512").respond(json=sample("articles"))
    routes.get(f"{API}/tags").respond(json={"tags": ["lamp", "warranty"]})
    return routes


async def read(connector: Zammad, window: Window = ALWAYS, **how: Any) -> Page:
    return await connector.interactions([LIVIA], window, None, 50, soon(), **how)


async def one(fields: dict[str, Any], **config: Any) -> Interaction:
    """The first ticket of the samples with other fields."""
    page = await read(zammad(desk([copy.deepcopy(sample("tickets")[0]) | fields]), **config))
    assert (len(page.items), page.dropped) == (1, 0)
    return page.items[0]


def details(row: Interaction) -> TicketDetails:
    assert isinstance(row.details, TicketDetails)
    return row.details


async def asked(wanted: Wanted, window: Window = ALWAYS, **how: Any) -> dict[str, Any] | None:
    """The condition that was sent; None when nothing was asked."""
    routes = desk([])
    await read(zammad(routes), window, wanted=wanted, **how)
    calls = [call for call in routes.calls if call.request.method == "POST"]
    return json.loads(calls[0].request.content)["condition"] if calls else None


async def test_a_ticket_with_everything() -> None:
    row = (await read(zammad(desk(), options={"division": "organization", "topic_attribute": "subject_area"}))).items[0]
    began = datetime(2026, 11, 22, 16, 5, 11, 482_000, tzinfo=UTC)
    assert row == Interaction(
        source="zammad",
        external_id="512",
        record_id="41",
        channel=Channel.TICKET,
        direction=Direction.INBOUND,
        started_at=began,
        last_activity_at=datetime(2026, 11, 22, 17, 40, 0, 120_000, tzinfo=UTC),
        status=InteractionStatus.ACTIVE,
        url="https://desk.example.com/#ticket/zoom/512",
        legs=(Leg(began, None, LegKind.AGENT, Queue("3", "Front desk"), Agent("22", "Bruna Agosti"), ("8",)),),
        division_ids=("8",),
        subject="Second lamp & its timer",
        topic="repairs",
        details=TicketDetails("31512", TicketStatus.OPEN, "aperto", TicketPriority.HIGH, True, Channel.EMAIL),
    )


async def test_what_a_page_keeps_drops_and_passes_over() -> None:
    page = await read(zammad(desk()))
    assert [row.external_id for row in page.items] == ["512", "511", "508"]
    assert (page.dropped, page.foreign, page.next, page.capped) == (1, 1, None, False)  # a bad row; somebody else's


async def test_a_ticket_of_nobody_waits_in_its_group() -> None:
    row = (await read(zammad(desk()))).items[1]
    assert row.legs == (Leg(row.started_at, None, LegKind.QUEUE, Queue("3", "Front desk")),)
    assert (row.status, row.direction) == (InteractionStatus.QUEUED, Direction.UNKNOWN)
    assert (details(row).escalated, details(row).opened_via) == (False, Channel.OTHER)


async def test_a_closed_ticket_ends_when_it_was_closed_whatever_its_state_is_called() -> None:
    row = (await read(zammad(desk(), options={"priorities": {"presto": "URGENT"}}))).items[2]
    assert row.status is InteractionStatus.COMPLETED and details(row).source_status == "open"
    assert row.ended_at == datetime(2026, 10, 3, 12, tzinfo=UTC)
    assert row.duration_seconds == 2 * 86_400
    assert row.last_activity_at == datetime(2026, 10, 9, 9, 15, tzinfo=UTC)
    assert row.direction is Direction.OUTBOUND
    assert row.legs[0].agent == Agent("23", "23")  # a name that may not be read
    assert details(row).priority is TicketPriority.URGENT
    assert details(row).escalated is False


@pytest.mark.parametrize(
    ("state_id", "status", "ticket_status"),
    [
        (1, InteractionStatus.QUEUED, TicketStatus.NEW),
        (2, InteractionStatus.ACTIVE, TicketStatus.OPEN),
        (3, InteractionStatus.PENDING, TicketStatus.PENDING),
        (4, InteractionStatus.COMPLETED, TicketStatus.CLOSED),
        (5, InteractionStatus.COMPLETED, TicketStatus.CLOSED),
        (7, InteractionStatus.PENDING, TicketStatus.PENDING),
        (9, InteractionStatus.UNKNOWN, TicketStatus.UNKNOWN),
        (77, InteractionStatus.UNKNOWN, TicketStatus.UNKNOWN),
        (None, InteractionStatus.UNKNOWN, TicketStatus.UNKNOWN),
    ],
)
async def test_a_state_means_what_its_type_says(state_id, status, ticket_status) -> None:
    row = await one({"state_id": state_id})
    assert (row.status, details(row).status) == (status, ticket_status)


async def test_a_type_that_has_no_name_is_known_by_its_id() -> None:
    routes = desk()
    states = [{key: value for key, value in state.items() if key != "state_type"} for state in sample("states")]
    routes.get(f"{API}/ticket_states").respond(json=states)
    assert [row.status for row in (await read(zammad(routes))).items] == [
        InteractionStatus.ACTIVE,
        InteractionStatus.QUEUED,
        InteractionStatus.COMPLETED,
    ]


@pytest.mark.parametrize(
    ("escalation_at", "state_id", "escalated"),
    [
        (NOW - timedelta(seconds=1), 2, True),
        (NOW + timedelta(seconds=1), 2, False),
        (NOW - timedelta(days=1), 4, False),
        (None, 2, False),
    ],
)
async def test_a_ticket_is_escalated_when_its_service_level_has_passed(escalation_at, state_id, escalated) -> None:
    at = None if escalation_at is None else escalation_at.isoformat()
    assert details(await one({"escalation_at": at, "state_id": state_id})).escalated is escalated


@pytest.mark.parametrize(
    ("type_", "sender", "direction", "via"),
    [
        ("phone", "Customer", Direction.INBOUND, Channel.VOICE),
        ("phone", "Agent", Direction.OUTBOUND, Channel.VOICE),
        ("web", "Customer", Direction.INBOUND, Channel.WEB),
        ("whatsapp message", "Customer", Direction.INBOUND, Channel.WHATSAPP),
        ("carrier pigeon", "Customer", Direction.INBOUND, Channel.OTHER),
        ("email", "System", Direction.UNKNOWN, Channel.EMAIL),
        (None, None, Direction.UNKNOWN, None),
    ],
)
async def test_who_opened_it_and_how(type_, sender, direction, via) -> None:
    row = await one({"create_article_type": type_, "create_article_sender": sender})
    assert (row.direction, details(row).opened_via) == (direction, via)


async def test_one_ticket_comes_with_its_tags_and_first_words_and_never_with_an_internal_article() -> None:
    row = await zammad(desk()).get("512", soon())
    assert row is not None
    assert row.tags == ("lamp", "warranty")
    assert row.preview == "Good morning, the second lamp stays dark too."
    assert row.address == Address(AddressKind.OTHER, IdentifierKind.EMAIL, "livia@example.org")


async def test_without_an_article_that_the_customer_may_read_there_are_no_words() -> None:
    routes = desk()
    hidden = [article | {"internal": True} for article in sample("articles")]
    routes.get(f"{API}/ticket_articles/by_ticket/512").respond(json=hidden)
    row = await zammad(routes).get("512", soon())
    assert row is not None and row.preview is None and row.address is None


async def test_an_article_of_another_ticket_is_not_taken() -> None:
    routes = desk()
    foreign = [article | {"ticket_id": 513} for article in sample("articles")]
    routes.get(f"{API}/ticket_articles/by_ticket/512").respond(json=foreign)
    row = await zammad(routes).get("512", soon())
    assert row is not None and row.preview is None


async def test_an_outbound_ticket_has_the_address_it_went_to() -> None:
    routes = desk()
    opening = {"id": 1, "ticket_id": 512, "internal": False, "sender": "Agent", "type": "sms", "to": "333 111 0142"}
    routes.get(f"{API}/ticket_articles/by_ticket/512").respond(json=[opening])
    row = await zammad(routes).get("512", soon())
    assert row is not None
    assert row.address == Address(AddressKind.OTHER, IdentifierKind.PHONE, "+393331110142")


async def test_details_that_may_not_be_read_are_done_without() -> None:
    routes = desk()
    routes.get(f"{API}/ticket_articles/by_ticket/512").respond(403)
    routes.get(f"{API}/tags").respond(404)
    row = await zammad(routes).get("512", soon())
    assert row is not None and (row.preview, row.tags) == (None, ())


async def test_what_was_removed_is_not_there() -> None:
    routes = desk()
    routes.get(f"{API}/tickets/506").respond(json=sample("tickets")[5])
    assert await zammad(routes).get("506", soon()) is None


async def test_a_ticket_that_may_not_be_read_is_refused_and_one_that_is_gone_is_none() -> None:
    routes = desk()
    routes.get(f"{API}/tickets/600").respond(403, json={"error": "Not authorized"})
    routes.get(f"{API}/tickets/601").respond(404, json={"error": "Couldn't find Ticket with 'id'=601"})
    with pytest.raises(RefusedError):
        await zammad(routes).get("600", soon())
    assert await zammad(routes).get("601", soon()) is None


async def test_what_is_asked_is_a_condition_without_a_query() -> None:
    routes = desk([])
    window = Window(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 11, 1, 0, 0, 0, 1, tzinfo=UTC))
    await read(zammad(routes), window)
    body = json.loads(next(c.request for c in routes.calls if c.request.method == "POST").content)
    assert body == {
        "condition": {
            "ticket.customer_id": {"operator": "is", "value": [41]},
            "ticket.created_at": {"operator": "before (absolute)", "value": "2026-11-01T00:00:00.001Z"},
        },
        "sort_by": "created_at, id",
        "order_by": "desc, desc",
        "page": 1,
        "per_page": 51,
        "expand": True,
    }
    assert all(call.request.headers["Authorization"] == "Token token=t0ken" for call in routes.calls)


async def test_upwards_the_window_begins_below() -> None:
    start = datetime(2026, 1, 1, 8, tzinfo=UTC)
    terms = await asked(Wanted(), Window(start, NOW), ascending=True)
    assert terms is not None
    assert terms["ticket.created_at"] == {"operator": "after (absolute)", "value": "2026-01-01T08:00:00.000Z"}


async def test_what_is_wanted_is_pushed() -> None:
    wanted = Wanted(
        statuses=frozenset({InteractionStatus.COMPLETED}),
        queue_ids=frozenset({"3", "x"}),
        agent_ids=frozenset({"22"}),
        tags=frozenset({"lamp", "vip"}),
        active_since=NOW,
    )
    routes = desk([])
    routes.get(f"{API}/ticket_states").respond(json=[s for s in sample("states") if s["id"] != 9])
    await read(zammad(routes), wanted=wanted)
    body = json.loads(next(c.request for c in routes.calls if c.request.method == "POST").content)
    assert body["condition"] == {
        "ticket.customer_id": {"operator": "is", "value": [41]},
        "ticket.updated_at": {"operator": "after (absolute)", "value": "2026-11-23T09:00:00.000Z"},
        "ticket.state_id": {"operator": "is", "value": [4, 5, 6]},
        "ticket.group_id": {"operator": "is", "value": [3]},
        "ticket.owner_id": {"operator": "is", "value": [22]},
        "ticket.tags": {"operator": "contains one", "value": "lamp, vip"},
    }


async def test_a_state_of_an_unknown_type_may_be_any_status() -> None:
    terms = await asked(Wanted(statuses=frozenset({InteractionStatus.ACTIVE})))
    assert terms is not None and "ticket.state_id" not in terms


@pytest.mark.parametrize("wanted", [Wanted(queue_ids=frozenset({"x"})), Wanted(agent_ids=frozenset({"0", "②"}))])
async def test_a_condition_without_a_value_is_never_sent(wanted: Wanted) -> None:
    """Zammad leaves it out, and gives everything."""
    assert await asked(wanted) is None


async def test_tags_are_read_where_they_are_asked_for() -> None:
    page = await read(zammad(desk()), wanted=Wanted(tags=frozenset({"lamp"})))
    assert page.items[0].tags == ("lamp", "warranty")


async def test_a_name_is_asked_once() -> None:
    routes = desk()
    connector = zammad(routes)
    await read(connector)
    await read(connector)
    assert sum(call.request.url.path.startswith("/api/v1/users/") for call in routes.calls) == 2
    assert sum(call.request.url.path == "/api/v1/ticket_states" for call in routes.calls) == 1


@pytest.mark.parametrize("status", [401, 403])
async def test_check_refuses_a_token_that_is_no_agents(status: int) -> None:
    routes = router()
    routes.get(f"{API}/users/me").respond(json={"id": 22})
    routes.get(f"{API}/users/search").respond(status, json={"error": "Not authorized"})
    with pytest.raises(RefusedError):
        await zammad(routes).check(soon())


async def test_an_answer_of_the_other_shape_is_noticed() -> None:
    """Without `expand` a search answers with ids and assets."""
    routes = desk({"tickets": [1], "tickets_count": 1, "assets": {}})
    with pytest.raises(Exception, match="shape"):
        await read(zammad(routes))
    assert isinstance(routes.calls[0].response, httpx.Response)
