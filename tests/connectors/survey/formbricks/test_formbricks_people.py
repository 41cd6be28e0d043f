"""Who Formbricks' contacts are: found by what they carry in a directory that is read as a whole."""

from __future__ import annotations

from typing import Any

import pytest
import respx

from connectors.errors import RefusedError
from connectors.identifiers import email, external, phone
from connectors.interaction import HeldIdentifier, IdentifierKind
from connectors.survey.formbricks import Formbricks
from tests.connectors.support import connect, router, soon

BASE = "https://surveys.example.org"
V1, V2 = f"{BASE}/api/v1/management", f"{BASE}/api/v2/management"
NORA, NORAH = "clcontact0000000000000042", "clcontact0000000000000043"
MAIL, MOBILE = email("nora@example.org"), phone("+393331110142")
assert MAIL and MOBILE

KEYS = [{"id": f"key-{name}", "key": name} for name in ("userId", "email", "firstName", "lastName", "mobile")]


def attribute(contact: str, name: str, value: Any) -> dict[str, Any]:
    return {"id": f"{contact}-{name}", "attributeKeyId": f"key-{name}", "contactId": contact, "value": value}


ATTRIBUTES = [
    attribute(NORA, "userId", "C-42"),
    attribute(NORA, "email", "Nora@Example.org"),
    attribute(NORA, "firstName", "Nora"),
    attribute(NORA, "lastName", "Valli"),
    attribute(NORA, "mobile", "333 111 0142"),
    attribute(NORAH, "email", "norah@example.org"),
    attribute(NORAH, "mobile", "+39 333 111 0142"),
    attribute(NORAH, "nobody-knows", "x"),
    {"contactId": NORAH},
    "odd",
]


def site() -> respx.MockRouter:
    routes = router()
    routes.get(f"{V2}/contact-attribute-keys").respond(json={"data": [*KEYS, {"id": 5}], "meta": {"total": 5}})
    routes.get(f"{V1}/contact-attributes").respond(json={"data": ATTRIBUTES})
    return routes


def formbricks(routes: respx.MockRouter, **config: Any) -> Formbricks:
    config.setdefault("options", {"phone_attribute": "mobile"})
    return connect(Formbricks, routes, BASE, credentials={"api_key": "k3y"}, **config)


async def test_a_contact_with_everything() -> None:
    routes = site()
    (record,) = await formbricks(routes, external_id_source="crm").find([MAIL], soon())
    assert (record.id, record.name) == (NORA, "Nora Valli")
    assert record.identifiers == (
        HeldIdentifier(external("formbricks", NORA), True),
        HeldIdentifier(MAIL, None),
        HeldIdentifier(MOBILE, None),
        HeldIdentifier(external("crm", "C-42"), None),
    )
    assert {call.request.headers["x-api-key"] for call in routes.calls} == {"k3y"}


async def test_all_who_share_a_number_are_found() -> None:
    assert [record.id for record in await formbricks(site()).find([MOBILE], soon())] == [NORA, NORAH]


async def test_by_other_systems_ids_and_by_its_own() -> None:
    connector = formbricks(site(), external_id_source="crm")
    assert [r.id for r in await connector.find([external("crm", "C-42")], soon())] == [NORA]
    assert [r.id for r in await connector.find([external("formbricks", NORAH)], soon())] == [NORAH]
    assert await connector.find([external("crm", "c-42"), external("formbricks", "clnobody0000")], soon()) == []


async def test_the_directory_is_kept_for_a_while() -> None:
    routes = site()
    connector = formbricks(routes)
    for _ in range(3):
        await connector.find([MAIL], soon())
    assert len(routes.calls) == 2


async def test_more_attributes_than_a_page_holds() -> None:
    routes = site()
    many = [{"id": f"key-{n}", "key": f"k{n}"} for n in range(250)]
    keys = routes.get(f"{V2}/contact-attribute-keys")
    keys.mock(side_effect=[respx.MockResponse(json={"data": many}), respx.MockResponse(json={"data": KEYS})])
    assert [record.id for record in await formbricks(routes).find([MAIL], soon())] == [NORA]
    assert [call.request.url.params["skip"] for call in keys.calls] == ["0", "250"]


async def test_numbers_are_no_identifiers_without_an_attribute_for_them() -> None:
    connector = formbricks(site(), options={})
    assert IdentifierKind.PHONE not in connector.capabilities.finds_by
    assert await connector.find([MOBILE], soon()) == []


async def test_without_the_directory_a_contact_is_known_by_its_id_alone() -> None:
    routes = router()
    routes.get(f"{V1}/contacts/{NORA}").respond(json={"data": {"id": NORA, "userId": None}})
    routes.get(f"{V1}/contacts/{NORAH}").respond(404, json={"code": "not_found"})
    connector = formbricks(routes, options={"directory": False})
    own = [external("formbricks", id_) for id_ in (NORA, NORAH, "../surveys")]
    (record,) = await connector.find([MAIL, *own], soon())
    assert record.identifiers == (HeldIdentifier(external("formbricks", NORA), True),)
    assert len(routes.calls) == 2


@pytest.mark.parametrize("path", ["/api/v2/me", "/api/v2/management/contact-attribute-keys"])
async def test_check_needs_the_key_and_its_contacts(path: str) -> None:
    routes = site()
    routes.get(f"{BASE}/api/v2/me").respond(json={"organizationId": "o", "workspaces": []})
    await formbricks(routes).check(soon())
    routes.get(f"{BASE}{path}").respond(403, json={"error": {"code": 403, "message": "Forbidden"}})
    with pytest.raises(RefusedError):
        await formbricks(routes).check(soon())
