"""Chatwoot: whom its contacts are found as, and how it fails."""

from __future__ import annotations

import json
import traceback
from datetime import UTC, datetime
from typing import Any

import httpx
import msgspec
import pytest

from connectors.errors import (
    ConnectorError,
    MalformedError,
    RateLimitedError,
    RefusedError,
    TimedOutError,
    UnavailableError,
)
from connectors.identifiers import email, external, phone
from connectors.interaction import Identifier, IdentifierKind
from tests.connectors.chat.chatwoot.samples import API, CONTACT, EVER, RECORD, chatwoot, routes_with
from tests.connectors.support import router, soon

# ------------------------------------------------------------------ find


@pytest.mark.parametrize(
    ("asked", "condition"),
    [
        (phone("+393331112222"), {"attribute_key": "phone_number", "values": ["393331112222"]}),
        (email("giulia.bianchi@example.org"), {"attribute_key": "email", "values": ["giulia.bianchi@example.org"]}),
    ],
)
async def test_phones_and_emails_are_found_by_the_filter(asked: Identifier, condition: dict[str, Any]) -> None:
    routes = router()
    call = routes.post(f"{API}/contacts/filter").respond(json={"meta": {"count": 1}, "payload": [CONTACT]})
    [found] = await chatwoot(routes, external_id_source="crm").find([asked], soon())
    request = call.calls.last.request
    assert json.loads(request.content) == {"payload": [{"filter_operator": "equal_to", **condition}]}
    assert request.headers["api_access_token"] == "agent-token"
    assert (found.id, found.name) == ("42", "Giulia Bianchi")
    assert found.since == datetime.fromtimestamp(1_790_000_000, UTC)
    assert {(h.identifier, h.verified) for h in found.identifiers} == {
        (external("chatwoot", "42"), True),
        (phone("+393331112222"), None),
        (email("giulia.bianchi@example.org"), None),
        (Identifier(IdentifierKind.WHATSAPP, "+393331112222"), None),
        (external("crm", "C-1001"), None),
    }


async def test_external_ids_are_searched_and_compared() -> None:
    routes = router()
    near = {**CONTACT, "id": 43, "identifier": "C-10011"}
    call = routes.get(f"{API}/contacts/search", params={"q": "C-1001"}).respond(json={"payload": [near, CONTACT]})
    found = await chatwoot(routes, external_id_source="crm").find([external("crm", "C-1001")], soon())
    assert ([r.id for r in found], call.call_count) == (["42"], 1)


async def test_an_id_of_chatwoots_own_is_read_directly() -> None:
    routes = router()
    routes.get(f"{API}/contacts/42").respond(json={"payload": CONTACT})
    routes.get(f"{API}/contacts/404").respond(404, json={})
    source = chatwoot(routes)
    assert [r.id for r in await source.find([external("chatwoot", "42")], soon())] == ["42"]
    assert await source.find([external("chatwoot", "404"), external("chatwoot", "../inboxes")], soon()) == []


async def test_contacts_that_do_not_match_are_left_out() -> None:
    routes = router()
    others = [{"id": 1, "phone_number": "+393331119999"}, {"id": 2}, {"name": "no id"}, "odd"]
    routes.post(f"{API}/contacts/filter").respond(json={"payload": others})
    assert await chatwoot(routes).find([phone("+393331112222")], soon()) == []


async def test_a_switchboard_brings_all_who_share_it() -> None:
    routes = router()
    sharing = [{"id": n, "phone_number": "+39021234567", "contact_inboxes": None} for n in range(1, 16)]
    routes.post(f"{API}/contacts/filter").respond(json={"payload": sharing})
    assert len(await chatwoot(routes).find([phone("+39021234567")], soon())) == 15


async def test_search() -> None:
    routes = router()
    routes.get(f"{API}/contacts/search", params={"q": "giulia"}).respond(
        json={"payload": [CONTACT, {**CONTACT, "id": 43}]}
    )
    assert [r.id for r in await chatwoot(routes).search(" giulia ", 1, soon())] == ["42"]


async def test_check_reads_the_inboxes() -> None:
    await chatwoot(routes_with()).check(soon())


# ------------------------------------------------------------------ failures

CANARY = "canary.person@example.org"
FAILURES = [
    pytest.param(httpx.ReadTimeout("slow"), TimedOutError, id="timeout"),
    pytest.param(httpx.ConnectError("gone"), UnavailableError, id="no connection"),
    pytest.param(httpx.Response(502, text="bad gateway"), UnavailableError, id="server error"),
    pytest.param(httpx.Response(429, headers={"Retry-After": "9"}), RateLimitedError, id="throttled"),
    pytest.param(httpx.Response(401, json={"errors": [CANARY]}), RefusedError, id="token revoked"),
    pytest.param(httpx.Response(403, json={"errors": [CANARY]}), RefusedError, id="not allowed"),
    pytest.param(httpx.Response(422, json={"errors": [CANARY]}), MalformedError, id="question not understood"),
    pytest.param(httpx.Response(200, text=f"<html>{CANARY}"), MalformedError, id="not JSON"),
    pytest.param(httpx.Response(200, json={}), MalformedError, id="shape changed"),
    pytest.param(httpx.Response(200, json={"payload": {"id": CANARY}}), MalformedError, id="no list"),
]


@pytest.mark.parametrize(("answer", "expected"), FAILURES)
async def test_failures_become_ours_and_name_nobody(
    answer: httpx.Response | Exception, expected: type[ConnectorError]
) -> None:
    routes = router()
    reply = {"side_effect": answer} if isinstance(answer, Exception) else {"return_value": answer}
    routes.route().mock(**reply)
    source = chatwoot(routes)
    found = [source.find([email(CANARY)], soon()), source.interactions([RECORD], EVER, None, 50, soon())]
    for call in found:
        with pytest.raises(expected) as caught:
            await call
        assert CANARY not in "".join(traceback.format_exception(caught.value))
        if isinstance(caught.value, RateLimitedError):
            assert caught.value.retry_after_seconds == 9


@pytest.mark.parametrize("options", [{}, {"account_id": "3"}, {"account_id": 0}, {"account_id": 3, "inbox": 1}])
def test_options_that_are_not_understood_are_refused_at_the_start(options: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        chatwoot(router(), options=options)
