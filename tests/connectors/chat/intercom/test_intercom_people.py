"""Who Intercom's contacts are."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import respx

from connectors.chat.intercom import Intercom
from connectors.errors import RefusedError
from connectors.identifiers import email, external, phone
from connectors.interaction import HeldIdentifier, Identifier
from tests.connectors.support import connect, router, soon

BASE = "https://api.eu.intercom.io"
ID = "6762f14a1bb69f9f2193bbb3"
LIVIA, MOBILE = email("livia@example.org"), phone("+393331110142")
assert LIVIA and MOBILE
CONTACT = {
    "type": "contact",
    "id": ID,
    "external_id": "C-70",
    "role": "user",
    "email": "Livia@Example.org",
    "phone": "+393331110142",
    "name": "Livia Marchetti",
    "created_at": 1734537424,
}


def found(*contacts: Any) -> dict[str, Any]:
    return {"type": "list", "data": list(contacts), "total_count": len(contacts), "pages": {"type": "pages"}}


def site(*contacts: Any) -> respx.MockRouter:
    routes = router()
    routes.post(f"{BASE}/contacts/search").respond(json=found(*contacts))
    routes.get(f"{BASE}/contacts/{ID}").respond(json=CONTACT)
    routes.get(f"{BASE}/contacts/{'0' * 24}").respond(404, json={"type": "error.list", "errors": []})
    return routes


def intercom(routes: respx.MockRouter, **config: Any) -> Intercom:
    return connect(Intercom, routes, BASE, credentials={"access_token": "t0ken"}, **config)


def queries(routes: respx.MockRouter) -> list[Any]:
    return [json.loads(call.request.content)["query"] for call in routes.calls if call.request.method == "POST"]


async def test_a_contact_with_everything() -> None:
    routes = site(CONTACT)
    (record,) = await intercom(routes, external_id_source="crm").find([LIVIA], soon())
    assert (record.id, record.name) == (ID, "Livia Marchetti")
    assert record.since == datetime(2024, 12, 18, 15, 57, 4, tzinfo=UTC)
    assert record.identifiers == (
        HeldIdentifier(external("intercom", ID), True),
        HeldIdentifier(LIVIA, None),
        HeldIdentifier(MOBILE, None),
        HeldIdentifier(external("crm", "C-70"), None),
    )
    request = routes.calls.last.request
    assert request.headers["authorization"] == "Bearer t0ken"
    assert request.headers["intercom-version"] == "2.14"


@pytest.mark.parametrize(
    ("identifier", "field"), [(LIVIA, "email"), (MOBILE, "phone"), (external("crm", "C-70"), "external_id")]
)
async def test_each_kind_has_its_own_field(identifier: Identifier, field: str) -> None:
    routes = site(CONTACT)
    await intercom(routes, external_id_source="crm").find([identifier], soon())
    assert queries(routes) == [{"field": field, "operator": "=", "value": identifier.value}]


async def test_by_its_own_id_without_a_search() -> None:
    routes = site()
    ids = [external("intercom", id_) for id_ in (ID, "0" * 24, "../me", "nobody")]
    assert [record.id for record in await intercom(routes).find(ids, soon())] == [ID]
    assert len(routes.calls) == 2 and queries(routes) == []


async def test_who_does_not_carry_it_is_left_out() -> None:
    other = CONTACT | {"id": "1" * 24, "email": "olivia@example.org", "phone": None}
    records = await intercom(site(other, CONTACT, {"id": 5}, "odd", {})).find([LIVIA], soon())
    assert [record.id for record in records] == [ID]


async def test_a_switchboard_brings_all_who_share_it() -> None:
    sharing = [CONTACT | {"id": f"{n:024x}"} for n in range(1, 30)]
    assert len(await intercom(site(*sharing)).find([MOBILE], soon())) == 29


@pytest.mark.parametrize(
    ("text", "query"),
    [
        (
            "marchetti",
            {
                "operator": "OR",
                "value": [
                    {"field": "name", "operator": "~", "value": "marchetti"},
                    {"field": "email", "operator": "~", "value": "marchetti"},
                ],
            },
        ),
        ("333 111 0142", {"field": "phone", "operator": "=", "value": "+393331110142"}),
        ("livia@example.org", {"field": "email", "operator": "=", "value": "livia@example.org"}),
    ],
)
async def test_search(text: str, query: Any) -> None:
    routes = site(CONTACT)
    assert [record.id for record in await intercom(routes).search(text, 5, soon())] == [ID]
    assert queries(routes) == [query]


@pytest.mark.parametrize("status", [401, 403])
async def test_check_refuses_a_token_that_is_not_accepted(status: int) -> None:
    routes = router()
    me = routes.get(f"{BASE}/me").respond(json={"type": "admin", "id": "1", "app": {"id_code": "ws1"}})
    await intercom(routes).check(soon())
    me.mock(return_value=httpx.Response(status, json={"type": "error.list", "errors": [{"code": "unauthorized"}]}))
    with pytest.raises(RefusedError):
        await intercom(routes).check(soon())
