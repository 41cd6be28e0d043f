"""Who Freshdesk's contacts are."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import respx

from connectors.errors import RefusedError
from connectors.identifiers import email, external, phone
from connectors.interaction import HeldIdentifier
from connectors.ticketing.freshdesk import Freshdesk
from tests.connectors.support import connect, router, soon

BASE = "https://acme.freshdesk.com"
API = f"{BASE}/api/v2"
SAMPLES = Path(__file__).parent / "samples"
MOBILE, LANDLINE = phone("+393331110142"), phone("+390255550142")
LIVIA, MORE = email("livia@example.org"), email("livia.m@example.com")
assert MOBILE and LANDLINE and LIVIA and MORE


def contacts() -> list[Any]:
    found: list[Any] = json.loads((SAMPLES / "contacts.json").read_text())
    return found


def desk(found: list[Any]) -> respx.MockRouter:
    routes = router()
    routes.get(f"{API}/contacts").respond(json=found)
    routes.get(f"{API}/contacts/9001").respond(json=contacts()[0])
    routes.get(f"{API}/contacts/9003").respond(json=contacts()[2])
    routes.get(f"{API}/contacts/404").respond(404)
    return routes


def freshdesk(routes: respx.MockRouter, **config: Any) -> Freshdesk:
    return connect(Freshdesk, routes, BASE, credentials={"api_key": "k3y"}, **config)


def asked(routes: respx.MockRouter) -> list[tuple[str, str]]:
    return [next(iter(call.request.url.params.items())) for call in routes.calls]


async def test_a_contact_with_everything() -> None:
    (record,) = await freshdesk(desk(contacts()), external_id_source="crm").find([LIVIA], soon())
    assert (record.id, record.name) == ("9001", "Livia Marchetti")
    assert record.since == datetime(2025, 2, 3, 9, tzinfo=UTC)
    assert record.identifiers == (
        HeldIdentifier(external("freshdesk", "9001"), True),
        HeldIdentifier(external("crm", "CRM-41"), True),
        HeldIdentifier(LIVIA, True),
        HeldIdentifier(MORE, True),
        HeldIdentifier(MOBILE, None),
        HeldIdentifier(LANDLINE, None),
    )


async def test_an_address_that_nobody_confirmed_has_no_flag_and_who_is_gone_is_nobody() -> None:
    found = await freshdesk(desk(contacts())).find([MOBILE], soon())
    assert [record.id for record in found] == ["9001", "9002"]
    livio = email("livio@example.org")
    assert livio is not None
    assert HeldIdentifier(livio, None) in found[1].identifiers


@pytest.mark.parametrize(
    ("formats", "spellings"),
    [
        (None, ["+393331110142", "3331110142"]),
        (["international", "digits"], ["+39 333 111 0142", "393331110142"]),
    ],
)
async def test_a_number_is_asked_as_the_operator_says_it_is_kept(formats, spellings) -> None:
    routes = desk([])
    options = {} if formats is None else {"phone_formats": formats}
    await freshdesk(routes, options=options).find([MOBILE], soon())
    assert asked(routes) == [(field, number) for number in spellings for field in ("mobile", "phone")]
    assert all(call.request.url.params["per_page"] == "12" for call in routes.calls)


async def test_each_kind_has_its_own_filter() -> None:
    routes = desk([])
    connector = freshdesk(routes, external_id_source="crm")
    await connector.find([LIVIA, external("crm", "CRM-41"), external("freshdesk", "x/../y")], soon())
    assert sorted(asked(routes)) == [("email", LIVIA.value), ("unique_external_id", "CRM-41")]


async def test_by_their_own_ids() -> None:
    ids = [external("freshdesk", id_) for id_ in ("9001", "9003", "404")]
    assert [record.id for record in await freshdesk(desk([])).find(ids, soon())] == ["9001"]


async def test_a_name_is_completed_and_looked_at_again() -> None:
    routes = desk([])
    routes.get(f"{API}/contacts/autocomplete").respond(json=[{"id": 9001, "name": "Livia"}, {"id": 404}, {"name": "?"}])
    assert [record.id for record in await freshdesk(routes).search("marchetti", 5, soon())] == ["9001"]
    assert await freshdesk(routes).search("bankrupt", 5, soon()) == []


@pytest.mark.parametrize("text", ["333 111 0142", "livia@example.org"])
async def test_a_number_and_an_address_are_texts_too(text: str) -> None:
    assert "9001" in [record.id for record in await freshdesk(desk(contacts())).search(text, 5, soon())]


@pytest.mark.parametrize("status", [401, 403])
async def test_check_refuses_a_key_that_is_no_agents(status: int) -> None:
    routes = router()
    routes.get(f"{API}/agents/me").respond(status, json={"code": "invalid_credentials"})
    with pytest.raises(RefusedError):
        await freshdesk(routes).check(soon())
