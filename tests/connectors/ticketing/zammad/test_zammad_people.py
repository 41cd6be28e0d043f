"""Who Zammad's users are, found with and without an Elasticsearch."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import respx

from connectors.identifiers import email, external, phone
from connectors.interaction import HeldIdentifier, Identifier
from connectors.ticketing.zammad import Zammad
from tests.connectors.support import connect, router, soon

BASE = "https://desk.example.com"
API = f"{BASE}/api/v1"
SAMPLES = Path(__file__).parent / "samples"
MOBILE, LANDLINE = phone("+393331110142"), phone("+390255550142")
LIVIA = email("livia@example.org")
assert MOBILE and LANDLINE and LIVIA


def users() -> list[Any]:
    found: list[Any] = json.loads((SAMPLES / "users.json").read_text())
    return found


def desk(searched: list[Any], tickets: list[Any] | None = None) -> respx.MockRouter:
    """`searched`: what the user search finds; `tickets`: what the condition does."""
    routes = router()
    routes.get(f"{API}/users/search").respond(json=searched)
    routes.post(f"{API}/tickets/search").respond(json=tickets or [])
    for user in users()[:2]:
        routes.get(f"{API}/users/{user['id']}").respond(json=user)
    return routes


def zammad(routes: respx.MockRouter, **config: Any) -> Zammad:
    return connect(Zammad, routes, BASE, credentials={"token": "t0ken"}, **config)


def queries(routes: respx.MockRouter) -> list[str]:
    return [
        call.request.url.params["query"]
        for call in routes.calls
        if call.request.url.path.endswith("/search") and call.request.method == "GET"
    ]


def conditions(routes: respx.MockRouter) -> list[Any]:
    return [json.loads(call.request.content)["condition"] for call in routes.calls if call.request.method == "POST"]


async def test_a_user_with_everything() -> None:
    options = {"external_id_attribute": "crm_code"}
    (record,) = await zammad(desk(users()), options=options, external_id_source="crm").find([LIVIA], soon())
    assert (record.id, record.name) == ("41", "Livia Marchetti")
    assert record.since == datetime(2025, 2, 3, 9, 0, 0, 250_000, tzinfo=UTC)
    assert record.identifiers == (
        HeldIdentifier(external("zammad", "41"), True),
        HeldIdentifier(external("crm", "CRM-41"), True),
        HeldIdentifier(LIVIA, None),
        HeldIdentifier(MOBILE, None),
        HeldIdentifier(LANDLINE, None),
    )


async def test_an_address_that_somebody_signed_up_with_is_verified() -> None:
    livio = email("livio@example.org")
    assert livio is not None
    (record,) = await zammad(desk(users())).find([livio], soon())
    assert record.name == "Livio"
    assert record.identifiers == (HeldIdentifier(external("zammad", "42"), True), HeldIdentifier(livio, True))


@pytest.mark.parametrize("identifier", [MOBILE, LANDLINE, LIVIA])
async def test_without_a_search_that_looks_there_the_tickets_lead_to_the_user(identifier: Identifier) -> None:
    tickets = [{"id": 9, "customer_id": 41, "created_at": "2026-11-01T00:00:00.000Z"}]
    found = await zammad(desk([], tickets)).find([identifier], soon())
    assert [record.id for record in found] == ["41"]


async def test_a_number_is_asked_in_its_spellings() -> None:
    routes = desk([])
    await zammad(routes).find([MOBILE], soon())
    assert queries(routes) == ["393331110142", "3331110142", "333 111 0142"]
    assert conditions(routes) == [
        {"customer.mobile": {"operator": "contains", "value": "3331110142"}},
        {"customer.phone": {"operator": "contains", "value": "3331110142"}},
    ]


async def test_whoever_was_found_is_not_looked_for_again() -> None:
    routes = desk(users())
    await zammad(routes).find([MOBILE], soon())
    assert all(asked["ticket.customer_id"] == {"operator": "is not", "value": [41, 42]} for asked in conditions(routes))


async def test_a_switchboard_is_noticed_without_a_search() -> None:
    """Each call leaves out the customers that were there before."""
    routes = router()
    routes.get(f"{API}/users/search").respond(json=[])

    def search(request: httpx.Request) -> httpx.Response:
        asked = json.loads(request.content)["condition"]
        out = asked.get("ticket.customer_id", {}).get("value", [])
        left = [number for number in range(100, 140) if number not in out]
        if "customer.phone" not in asked or not left:
            return httpx.Response(200, json=[])
        row = {"customer_id": left[0], "created_at": "2026-11-01T00:00:00.000Z"}
        return httpx.Response(200, json=[{"id": number, **row} for number in range(1, 26)])

    def user(request: httpx.Request, id_: str) -> httpx.Response:
        return httpx.Response(200, json={"id": int(id_), "firstname": f"No. {id_}", "phone": LANDLINE.value})

    routes.post(f"{API}/tickets/search").mock(side_effect=search)
    routes.get(url__regex=rf"{API}/users/(?P<id_>\d+)\?").mock(side_effect=user)
    assert len(await zammad(routes).find([LANDLINE], soon())) == 12


async def test_what_a_search_might_obey_is_not_sent_to_it() -> None:
    routes = desk([])
    odd = email('"a"*@example.org')
    assert odd is not None
    await zammad(routes).find([odd], soon())
    assert queries(routes) == []
    assert conditions(routes) == [{"customer.email": {"operator": "is", "value": odd.value}}]


async def test_ids_of_others_are_found_where_their_attribute_is_known() -> None:
    routes = desk(users())
    crm = external("crm", "CRM-41")
    assert await zammad(routes, external_id_source="crm").find([crm], soon()) == []
    assert not routes.calls
    options = {"external_id_attribute": "crm_code"}
    found = await zammad(routes, external_id_source="crm", options=options).find([crm], soon())
    assert [record.id for record in found] == ["41"]
    assert conditions(routes)[0]["customer.crm_code"] == {"operator": "is", "value": "CRM-41"}


@pytest.mark.parametrize("status", [403, 404])
async def test_a_user_who_may_not_be_read_is_nobody(status: int) -> None:
    routes = router()
    routes.get(f"{API}/users/41").respond(status)
    assert await zammad(routes).find([external("zammad", "41"), external("zammad", "-")], soon()) == []


async def test_a_text_is_searched_whole_and_by_its_longest_word() -> None:
    routes = desk(users())
    found = await zammad(routes).search("Livia MARCHETTI", 10, soon())
    assert [record.id for record in found] == ["41"]
    assert queries(routes) == ["livia marchetti", "marchetti"]
    assert all(call.request.url.params["permissions"] == "ticket.customer" for call in routes.calls)


async def test_a_text_that_shows_nowhere_finds_nobody() -> None:
    """Zammad also searches notes and addresses."""
    assert await zammad(desk(users())).search("bankrupt", 10, soon()) == []
    assert await zammad(desk(users())).search('"*" (OR', 10, soon()) == []


async def test_a_number_is_a_text_too() -> None:
    assert [r.id for r in await zammad(desk(users())).search("333 111 0142", 10, soon())] == ["41"]
