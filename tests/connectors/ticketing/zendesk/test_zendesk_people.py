"""Whom Zendesk's users are found as."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import httpx
import msgspec
import pytest
import respx

from connectors import identifiers
from connectors.errors import MalformedError, RateLimitedError, RefusedError
from connectors.interaction import HeldIdentifier, Identifier, IdentifierKind
from connectors.ticketing.zendesk import Zendesk
from tests.connectors.support import connect, router, samples_beside, soon

BASE = "https://acme.zendesk.com"
sample = samples_beside(__file__)
CREDENTIALS = {"email": "bot@example.com", "token": "t0ken"}
PHONE = Identifier(IdentifierKind.PHONE, "+393331110001")
EMAIL = Identifier(IdentifierKind.EMAIL, "livia.marchetti@example.org")


def zendesk(routes: respx.MockRouter, base: str = BASE, **config: Any) -> Zendesk:
    config.setdefault("credentials", CREDENTIALS)
    return connect(Zendesk, routes, base, **config)


def people(base: str = BASE) -> respx.MockRouter:
    """The users of the samples, whatever is searched for."""
    routes = router()
    routes.get(f"{base}/api/v2/search").respond(json=sample("users"))
    routes.get(f"{base}/api/v2/users/5001/identities").respond(json=sample("identities_5001"))
    routes.get(f"{base}/api/v2/users/5002/identities").respond(json={"identities": []})
    routes.get(f"{base}/api/v2/users/5004/identities").respond(json={"identities": []})
    return routes


def asked(routes: respx.MockRouter, path: str = "/api/v2/search") -> list[str]:
    return [call.request.url.params["query"] for call in routes.calls if call.request.url.path == path]


async def test_everybody_who_shares_the_number_is_found_but_the_deleted() -> None:
    routes = people()
    found = await zendesk(routes).find([PHONE], soon())
    assert [record.id for record in found] == ["5001", "5002"]
    assert asked(routes) == ["type:user phone:+393331110001 phone:*393331110001 phone:*3331110001"]
    assert not any("/5003/" in str(call.request.url) for call in routes.calls)


async def test_a_foreign_number_is_not_asked_for_without_its_country() -> None:
    routes = people()
    assert await zendesk(routes).find([Identifier(IdentifierKind.PHONE, "+15550109999")], soon()) == []
    assert asked(routes) == ["type:user phone:+15550109999 phone:*15550109999"]


async def test_identities_tell_what_is_verified_and_the_profile_alone_verifies_nothing() -> None:
    connector = zendesk(people(), external_id_source="crm")
    livia, oreste = await connector.find([PHONE], soon())
    assert livia.name == "Livia Marchetti"
    assert livia.since is not None and livia.since.isoformat() == "2024-02-10T08:00:00+00:00"
    assert livia.identifiers == (
        HeldIdentifier(identifiers.external("zendesk", "5001"), True),
        HeldIdentifier(identifiers.external("crm", "crm-771"), True),
        HeldIdentifier(EMAIL, True),
        HeldIdentifier(Identifier(IdentifierKind.EMAIL, "livia@example.com"), False),
        HeldIdentifier(PHONE, True),
        HeldIdentifier(Identifier(IdentifierKind.PHONE, "+393331110009"), False),
    )
    assert oreste.identifiers == (
        HeldIdentifier(identifiers.external("zendesk", "5002"), True),
        HeldIdentifier(PHONE, False),
    )


async def test_an_address_that_merely_begins_alike_is_not_found() -> None:
    routes = people()
    found = await zendesk(routes).find([EMAIL], soon())
    assert [record.id for record in found] == ["5001"]
    assert asked(routes) == ['type:user email:"livia.marchetti@example.org"']


async def test_a_second_address_finds_too() -> None:
    found = await zendesk(people()).find([Identifier(IdentifierKind.EMAIL, "livia@example.com")], soon())
    assert [record.id for record in found] == ["5001"]


async def test_own_id_is_read_directly() -> None:
    routes = people()
    routes.get(f"{BASE}/api/v2/users/5001").respond(json={"user": sample("users")["results"][0]})
    found = await zendesk(routes).find([identifiers.external("zendesk", "5001")], soon())
    assert [record.id for record in found] == ["5001"]
    assert asked(routes) == []


@pytest.mark.parametrize("answer", [httpx.Response(404, json={"error": "RecordNotFound"}), None])
async def test_an_own_id_that_is_not_there(answer: httpx.Response | None) -> None:
    routes = router()
    if answer is None:  # deleted, and told so
        answer = httpx.Response(200, json={"user": {"id": 5003, "active": False}})
    routes.get(f"{BASE}/api/v2/users/5003").mock(return_value=answer)
    assert await zendesk(routes).find([identifiers.external("zendesk", "5003")], soon()) == []


@pytest.mark.parametrize("id_", ["me", "../groups", "5001/identities", "5 001", "٥", "9" * 40])
async def test_an_own_id_that_is_no_number_is_not_asked_for(id_: str) -> None:
    routes = router()
    connector = zendesk(routes)
    assert await connector.find([identifiers.external("zendesk", id_)], soon()) == []
    assert await connector.get(id_, soon()) is None
    assert not routes.calls


async def test_the_external_id_is_asked_for_as_it_is_and_only_of_the_configured_source() -> None:
    routes = people()
    route = routes.get(f"{BASE}/api/v2/users/search")
    route.respond(json={"users": sample("users")["results"][:2]})
    connector = zendesk(routes, external_id_source="crm")
    found = await connector.find([identifiers.external("crm", "crm-771")], soon())
    assert [record.id for record in found] == ["5001"]
    assert route.calls[0].request.url.params["external_id"] == "crm-771"
    assert await connector.find([identifiers.external("crm", "crm-7")], soon()) == []
    calls = len(routes.calls)
    assert await connector.find([identifiers.external("erp", "crm-771")], soon()) == []
    assert len(routes.calls) == calls


async def test_several_identifiers_are_asked_for_apart_and_a_user_comes_once() -> None:
    routes = people()
    found = await zendesk(routes).find([PHONE, EMAIL], soon())
    assert [record.id for record in found] == ["5001", "5002"]
    assert len(asked(routes)) == 2
    assert sum("/5001/identities" in str(call.request.url) for call in routes.calls) == 1


async def test_a_switchboard_is_seen_as_one() -> None:
    routes = router()
    rows = [{"id": 6000 + n, "phone": "+390211100000", "result_type": "user"} for n in range(40)]
    search = routes.get(f"{BASE}/api/v2/search").mock(
        side_effect=lambda request: httpx.Response(
            200, json={"results": rows[: int(request.url.params["per_page"])], "count": 40}
        )
    )
    routes.get(url__regex=rf"{BASE}/api/v2/users/\d+/identities").respond(json={"identities": []})
    found = await zendesk(routes).find([Identifier(IdentifierKind.PHONE, "+390211100000")], soon())
    assert len(found) == 12
    assert search.call_count == 1


@pytest.mark.parametrize(
    ("email", "phrase"),
    [
        ('"a b"@example.org', None),
        ('x"@example.org', '"x @example.org"'),
        ("x\\@example.org", '"x @example.org"'),
        ('"type:ticket"@example.org', '"type:ticket @example.org"'),
        ("o'brien+tag@example.org", '"o\'brien+tag@example.org"'),
    ],
)
async def test_an_address_cannot_speak_the_search_language(email: str, phrase: str | None) -> None:
    routes = people()
    identifier = identifiers.email(email)
    if phrase is None:
        assert identifier is None
        return
    assert identifier is not None
    assert await zendesk(routes).find([identifier], soon()) == []
    assert asked(routes) == [f"type:user email:{phrase}"]


async def test_a_phone_that_is_none_is_not_asked_for() -> None:
    routes = people()
    found = await zendesk(routes).find([Identifier(IdentifierKind.PHONE, '" OR type:user *')], soon())
    assert (found, asked(routes)) == ([], [])


async def test_text_finds_customers_by_name_without_case_and_accents() -> None:
    routes = people()
    found = await zendesk(routes).search('  lívia  "marchetti" status:open ', 10, soon())
    assert asked(routes) == ['type:user role:end-user "lívia" "marchetti" "status:open"']
    assert found == []
    assert [record.id for record in await zendesk(people()).search("MARCHETTI lívia", 10, soon())] == ["5001", "5004"]
    assert [record.id for record in await zendesk(people()).search("marchetti", 1, soon())] == ["5001"]


async def test_text_that_is_a_number_is_asked_for_as_both() -> None:
    routes = people()
    found = await zendesk(routes).search("333 1110001", 10, soon())
    assert {record.id for record in found} == {"5001", "5002"}
    assert sorted(asked(routes)) == [
        'type:user role:end-user "333" "1110001"',
        "type:user role:end-user phone:+393331110001 phone:*393331110001 phone:*3331110001",
    ]


@pytest.mark.parametrize("text", ["", "  ", '"', "\\ * -", '""'])
async def test_text_with_nothing_to_find_is_not_asked(text: str) -> None:
    routes = people()
    assert await zendesk(routes).search(text, 10, soon()) == []
    assert not routes.calls


async def test_the_base_address_may_have_a_path_and_the_token_proves_who_asks() -> None:
    base = "http://127.0.0.1:9000/zendesk"
    routes = people(base)
    await zendesk(routes, base).find([PHONE], soon())
    request = routes.calls[0].request
    assert request.url.path == "/zendesk/api/v2/search"
    assert request.headers["authorization"] == httpx.BasicAuth("bot@example.com/token", "t0ken")._auth_header
    assert "+" not in unquote(request.url.query.decode()).split("phone:")[0]  # spaces are %20, plus signs %2B
    assert b"phone%3A%2B39" in request.url.query


@pytest.mark.parametrize(
    ("me", "works"),
    [
        ({"id": 901, "role": "agent"}, True),
        ({"id": 900, "role": "admin"}, True),
        ({"id": 5001, "role": "end-user"}, False),
        ({"id": None, "name": "Anonymous user", "role": "end-user"}, False),
    ],
)
async def test_check_takes_only_an_agent(me: dict[str, Any], works: bool) -> None:
    routes = router()
    routes.get(f"{BASE}/api/v2/users/me").respond(json={"user": me})
    if works:
        await zendesk(routes).check(soon())
    else:
        with pytest.raises(RefusedError):
            await zendesk(routes).check(soon())


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param(httpx.Response(401, json={"error": "Couldn't authenticate you"}), RefusedError, id="401"),
        pytest.param(httpx.Response(429, headers={"Retry-After": "93"}), RateLimitedError, id="429"),
        pytest.param(httpx.Response(200, text="<html>Livia is away</html>"), MalformedError, id="html"),
        pytest.param(httpx.Response(200, json={}), MalformedError, id="another shape"),
        pytest.param(httpx.Response(422, json={"error": "invalid"}), MalformedError, id="422"),
    ],
)
async def test_failures_are_ours_and_name_nobody(answer: httpx.Response, expected: type[Exception]) -> None:
    routes = router()
    routes.get(f"{BASE}/api/v2/search").mock(return_value=answer)
    with pytest.raises(expected) as caught:
        await zendesk(routes).find([PHONE, EMAIL], soon())
    assert "Livia" not in str(caught.value) and "333" not in str(caught.value)
    if isinstance(caught.value, RateLimitedError):
        assert caught.value.retry_after_seconds == 93


@pytest.mark.parametrize(
    "config",
    [
        {"credentials": {"email": "bot@example.com"}},
        {"credentials": {**CREDENTIALS, "password": "x"}},
        {"options": {"agent_link": "x"}},
        {"options": {"division": "organization"}},
    ],
)
def test_a_wrong_configuration_is_refused_at_once(config: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        zendesk(router(), **config)
