"""The imitation of Zammad, against what its documentation says, with and without an Elasticsearch."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from sandbox.credentials import ZAMMAD_TOKEN
from sandbox.population import DEEP_EMAIL, JOHN_EMAIL, SWITCHBOARD, build
from tests.sandbox.shapes import differences
from tests.sandbox.support import NOW, SEED, client_of, sandbox_of, serving
from tests.sandbox.tables import zammad as tables

AUTH = {"Authorization": f"Token token={ZAMMAD_TOKEN}"}
BOTH = ("zammad", "zammad_plain")


@pytest.fixture(scope="module")
def app():
    return sandbox_of(build(SEED, NOW, depth=2_000))


@pytest.fixture
async def http(app) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app, headers=AUTH) as client:
        yield client


async def get(http: httpx.AsyncClient, path: str, **params: object) -> Any:
    answer = await http.get(path, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def search(http: httpx.AsyncClient, condition: dict[str, Any], vendor: str = "zammad", **rest: Any) -> Any:
    body = {"condition": condition, "expand": True, **rest}
    answer = await http.post(f"/{vendor}/api/v1/tickets/search", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def customer(http: httpx.AsyncClient, email: str) -> int:
    (found,) = await get(http, "/zammad/api/v1/users/search", query=email)
    return found["id"]


def of(number: int) -> dict[str, Any]:
    return {"ticket.customer_id": {"operator": "is", "value": [number]}}


@pytest.mark.parametrize(("headers", "status"), [({}, 403), ({"Authorization": "Token token=x"}, 401)])
async def test_other_credentials_are_refused(app, headers, status):
    async with client_of(app, headers=headers) as http:
        answer = await http.get("/zammad/api/v1/users/me")
    assert answer.status_code == status
    assert differences(answer.json(), tables.ERROR) == []


async def test_every_resource_has_its_fields(http):
    john = await customer(http, JOHN_EMAIL)
    tickets = await search(http, of(john))
    assert differences(tickets, [tables.EXPANDED_TICKET]) == []
    assert len(tickets) == 2
    one, api = tickets[0]["id"], "/zammad/api/v1"
    assert differences(await get(http, f"{api}/tickets/{one}"), tables.TICKET) == []
    assert differences(await get(http, f"{api}/tickets/{one}", expand="true"), tables.EXPANDED_TICKET) == []
    assert differences(await get(http, f"{api}/users/{john}"), tables.USER) == []
    assert differences(await get(http, f"{api}/users/{john}", expand="true"), tables.EXPANDED_USER) == []
    assert differences(await get(http, f"{api}/users/me"), tables.USER) == []
    assert differences(await get(http, f"{api}/ticket_states"), [tables.STATE]) == []
    assert differences(await get(http, f"{api}/ticket_states", expand="true"), [tables.EXPANDED_STATE]) == []
    assert differences(await get(http, f"{api}/ticket_articles/by_ticket/{one}"), [tables.ARTICLE]) == []
    assert differences(await get(http, f"{api}/tags", object="Ticket", o_id=one), {"tags": [str]}) == []


async def test_without_expand_a_search_tells_ids_and_assets(http):
    found = await search(http, of(await customer(http, JOHN_EMAIL)), expand=False)
    assert differences(found, tables.SEARCH) == []
    assert differences(list(found["assets"]["Ticket"].values()), [tables.TICKET]) == []
    counted = await search(http, of(await customer(http, JOHN_EMAIL)), expand=False, with_total_count=True)
    assert (counted["record_ids"], counted["total_count"]) == (found["tickets"], 2)
    assert await search(http, of(await customer(http, JOHN_EMAIL)), only_total_count=True) == {"total_count": 2}


@pytest.mark.parametrize("vendor", BOTH)
async def test_a_condition_is_answered_with_and_without_an_index(http, vendor):
    john = await customer(http, JOHN_EMAIL)
    assert len(await search(http, of(john), vendor)) == 2
    by_mail = {"customer.email": {"operator": "is", "value": JOHN_EMAIL}}
    assert {ticket["customer_id"] for ticket in await search(http, by_mail, vendor)} == {john}
    by_mobile = {"customer.mobile": {"operator": "contains", "value": "3331110001"}}
    assert {ticket["customer_id"] for ticket in await search(http, by_mobile, vendor)} == {john}


async def test_a_field_in_a_query_is_known_to_the_index_alone(http):
    asked = {"query": f"customer.email:{JOHN_EMAIL}", "expand": "true"}
    assert len(await get(http, "/zammad/api/v1/tickets/search", **asked)) == 2
    assert await get(http, "/zammad_plain/api/v1/tickets/search", **asked) == []
    asked["query"] = "invoice"
    assert await get(http, "/zammad/api/v1/tickets/search", **asked)
    assert await get(http, "/zammad_plain/api/v1/tickets/search", **asked)


async def test_a_condition_without_a_value_is_left_out_and_finds_everybodys(http):
    found = await search(http, {"ticket.customer_id": {"operator": "is", "value": []}})
    assert len({ticket["customer_id"] for ticket in found}) > 5


async def test_a_condition_on_nothing_it_knows_fails_without_a_word(http):
    for condition in (
        {"ticket.colour": {"operator": "is", "value": "red"}},
        {"customer.colour": {"operator": "is", "value": "red"}},
        {"ticket.customer_id": {"operator": "is about", "value": 5}},
    ):
        answer = await http.post("/zammad/api/v1/tickets/search", json={"condition": condition, "expand": True})
        assert answer.status_code == 500
        assert "administrator" in answer.json()["error"]


async def test_pages_end_with_a_short_one_and_hold_200_at_most(http):
    deep = await customer(http, DEEP_EMAIL)
    order = {"sort_by": "created_at, id", "order_by": "desc, desc"}
    assert len(await search(http, of(deep))) == 50
    assert len(await search(http, of(deep), per_page=500, **order)) == 200
    rows, page = [], 1
    while True:
        found = await search(http, of(deep), page=page, per_page=90, **order)
        rows += found
        page += 1
        if len(found) < 90:
            break
    assert len({row["id"] for row in rows}) == len(rows) > 400
    assert [row["created_at"] for row in rows] == sorted((row["created_at"] for row in rows), reverse=True)


async def test_times_are_inclusive_both_ways(http):
    deep = await customer(http, DEEP_EMAIL)
    rows = await search(http, of(deep), sort_by="created_at", order_by="asc", per_page=5)
    at = rows[2]["created_at"]
    before = of(deep) | {"ticket.created_at": {"operator": "before (absolute)", "value": at}}
    after = of(deep) | {"ticket.created_at": {"operator": "after (absolute)", "value": at}}
    assert [row["id"] for row in await search(http, before, sort_by="created_at", order_by="asc")] == [
        row["id"] for row in rows[:3]
    ]
    first = await search(http, after, sort_by="created_at", order_by="asc", per_page=1)
    assert [row["id"] for row in first] == [rows[2]["id"]]


@pytest.mark.parametrize(
    ("term", "holds"),
    [
        ({"ticket.state_id": {"operator": "is", "value": [4, 5]}}, lambda row: row["state_id"] in (4, 5)),
        ({"ticket.state_id": {"operator": "is not", "value": [4, 5]}}, lambda row: row["state_id"] not in (4, 5)),
        ({"ticket.group_id": {"operator": "is", "value": [7]}}, lambda row: row["group_id"] == 7),
        ({"ticket.owner_id": {"operator": "is", "value": [1]}}, lambda row: row["owner_id"] == 1),
        (
            {"ticket.updated_at": {"operator": "after (absolute)", "value": "2026-11-01T00:00:00.000Z"}},
            lambda row: row["updated_at"] >= "2026-11-01",
        ),
    ],
)
async def test_conditions_find_what_they_say(http, term, holds):
    deep = await customer(http, DEEP_EMAIL)
    everything = await search(http, of(deep), per_page=200)
    found = await search(http, of(deep) | term, per_page=200)
    assert {row["id"] for row in everything if holds(row)} <= {row["id"] for row in found}
    assert found and all(holds(row) for row in found)


async def test_tags_are_found_and_told_on_their_own(http):
    deep = await customer(http, DEEP_EMAIL)
    term = {"ticket.tags": {"operator": "contains one", "value": "vip, nothing"}}
    for row in await search(http, of(deep) | term, per_page=5):
        assert "tags" not in row
        assert "vip" in (await get(http, "/zammad/api/v1/tags", object="Ticket", o_id=row["id"]))["tags"]


async def test_numbers_are_looked_at_by_the_index_alone_and_as_they_were_typed(http):
    async def names(vendor: str, query: str) -> set[str]:
        return {user["lastname"] for user in await get(http, f"/{vendor}/api/v1/users/search", query=query)}

    assert await names("zammad", "393331110001") == {"Fairweather"}
    assert await names("zammad_plain", "393331110001") == set()
    assert await names("zammad", "333 111 0003") == {"Ponti"}  # typed in groups
    assert await names("zammad", "393331110003") == set()
    assert await names("zammad", JOHN_EMAIL) == await names("zammad_plain", JOHN_EMAIL) == {"Fairweather"}
    assert await names("zammad", "john fairweather") == {"Fairweather"}
    assert await names("zammad_plain", "john fairweather") == set()
    assert await names("zammad_plain", "fairw*") == {"Fairweather"}
    assert await names("zammad", "") == set()


async def test_a_switchboard_has_many_and_agents_are_users_too(http):
    found = await get(http, "/zammad/api/v1/users/search", query=SWITCHBOARD[1:], limit=50)
    assert len(found) >= 5
    anna = await get(http, "/zammad/api/v1/users/search", query="anna")
    assert "contact-centre.example.com" in "".join(user["email"] for user in anna)
    asked = {"query": "anna", "permissions": "ticket.customer"}
    customers = await get(http, "/zammad/api/v1/users/search", **asked)
    assert "contact-centre.example.com" not in "".join(user["email"] for user in customers)


async def test_what_is_not_there_is_404(http):
    for path in ("tickets/5", "users/5", "ticket_articles/by_ticket/5", "tickets/x", "tags?object=Ticket&o_id=5"):
        answer = await http.get(f"/zammad/api/v1/{path}")
        assert answer.status_code == 404, path


async def test_what_cannot_be_read_is_refused(http):
    bad = await http.post("/zammad/api/v1/tickets/search", content=b"{", headers={"Content-Type": "application/json"})
    assert bad.status_code == 400
    assert (await http.get("/zammad/api/v1/tags", params={"object": "User", "o_id": 1})).status_code == 422
    body = {"condition": of(1), "sort_by": "colour", "order_by": "asc"}
    assert (await http.post("/zammad/api/v1/tickets/search", json=body)).status_code == 422


async def test_notes_among_agents_are_internal(http):
    tickets = await search(http, of(await customer(http, JOHN_EMAIL)))
    urgent = next(ticket for ticket in tickets if ticket["priority"] == "4 sofort")
    articles = await get(http, f"/zammad/api/v1/ticket_articles/by_ticket/{urgent['id']}")
    assert [article["internal"] for article in articles] == [False, True, False]
    assert [article["type"] for article in articles] == ["email", "note", "email"]


async def test_an_escalated_ticket_has_missed_its_service_level(http):
    tickets = await search(http, of(await customer(http, JOHN_EMAIL)))
    assert {ticket["title"]: ticket["escalation_at"] for ticket in tickets} == {
        "Directory integration: specialist support": f"{NOW - timedelta(hours=1):%Y-%m-%dT%H:%M:%S}.000Z",
        "Invoice address": None,
    }


async def test_a_fault_gives_somebody_elses_tickets_over_real_http(app):
    async with serving(app) as url, httpx.AsyncClient(base_url=url, headers=AUTH) as http:
        john = await customer(http, JOHN_EMAIL)
        await http.put("/_control/zammad", json={"fault": "foreign"})
        tickets = await search(http, of(john))
        assert tickets and all(ticket["customer_id"] != john for ticket in tickets)
        await http.put("/_control/zammad", json={"fault": "status", "status": 429, "retry_after": 3})
        answer = await http.get("/zammad/api/v1/users/me")
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "3")
        await http.post("/_control/reset")
