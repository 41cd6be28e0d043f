"""Who Jira's users are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
import respx

from connectors.errors import RefusedError
from connectors.identifiers import email, external, phone
from connectors.interaction import HeldIdentifier
from connectors.ticketing.jira_service_management import JiraServiceManagement
from tests.connectors.support import connect, router, soon

BASE = "https://acme.atlassian.net"
API = f"{BASE}/rest/api/3"
DESKS = f"{BASE}/rest/servicedeskapi/servicedesk"
SAMPLES = Path(__file__).parent / "samples"
NAME = "jira_service_management"
LIVIA, LIVIO = email("livia@example.org"), email("livio@example.org")
assert LIVIA and LIVIO


def users() -> list[Any]:
    found: list[Any] = json.loads((SAMPLES / "users.json").read_text())
    return found


def desk(found: list[Any]) -> respx.MockRouter:
    routes = router()
    routes.get(f"{API}/user/search").respond(json=found)
    return routes


def jira(routes: respx.MockRouter, **config: Any) -> JiraServiceManagement:
    return connect(
        JiraServiceManagement, routes, BASE, credentials={"email": "bot@example.com", "token": "t"}, **config
    )


async def test_a_user_with_everything() -> None:
    routes = desk(users())
    (record,) = await jira(routes).find([LIVIA], soon())
    assert (record.id, record.name) == ("qm:a7:41", "Livia Marchetti")
    assert record.identifiers == (HeldIdentifier(external(NAME, "qm:a7:41"), True), HeldIdentifier(LIVIA, None))
    assert dict(routes.calls[0].request.url.params) == {"query": "livia@example.org", "maxResults": "12"}


async def test_an_address_that_is_hidden_is_not_taken_for_granted() -> None:
    assert await jira(desk(users())).find([LIVIO], soon()) == []


async def test_a_service_desk_may_show_what_the_user_search_hides() -> None:
    routes = desk(users())
    customer = {"accountId": "qm:a7:42", "emailAddress": "livio@example.org", "displayName": "Livio"}
    routes.get(f"{DESKS}/4/customer").respond(json={"size": 1, "values": [customer, {"accountId": 5}]})
    routes.get(f"{DESKS}/5/customer").respond(403)
    (record,) = await jira(routes, options={"service_desks": ["4", "5"]}).find([LIVIO], soon())
    assert record.id == "qm:a7:42"
    asked = next(call.request for call in routes.calls if call.request.url.path.endswith("/4/customer"))
    assert asked.headers["X-ExperimentalApi"] == "opt-in"
    assert asked.url.params["query"] == "livio@example.org"


async def test_there_are_no_numbers_and_no_ids_of_others() -> None:
    routes = desk(users())
    number = phone("+393331110142")
    assert number is not None
    connector = jira(routes, external_id_source="crm")
    assert await connector.find([number, external("crm", "CRM-41")], soon()) == []
    assert not routes.calls


async def test_by_their_own_ids() -> None:
    routes = router()
    routes.get(f"{API}/user", params={"accountId": "qm:a7:41"}).respond(json=users()[0])
    routes.get(f"{API}/user", params={"accountId": "gone"}).respond(404)
    ids = [external(NAME, id_) for id_ in ("qm:a7:41", "gone", "a/../b")]
    assert [record.id for record in await jira(routes).find(ids, soon())] == ["qm:a7:41"]


async def test_a_text_must_show() -> None:
    assert [record.id for record in await jira(desk(users())).search("marchetti livia", 5, soon())] == ["qm:a7:41"]
    assert await jira(desk(users())).search("bankrupt", 5, soon()) == []


@pytest.mark.parametrize("status", [401, 403])
async def test_check_refuses_a_token_that_is_none(status: int) -> None:
    routes = router()
    routes.get(f"{API}/myself").respond(status)
    with pytest.raises(RefusedError):
        await jira(routes).check(soon())


@pytest.mark.parametrize(
    "options",
    [{"projects": ['HELP") OR (1']}, {"topic_field": "summary"}, {"service_desks": ["../4"]}, {"division": "group"}],
)
def test_options_that_would_say_more_in_a_query_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        jira(router(), options=options)
