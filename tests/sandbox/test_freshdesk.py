"""The imitation of Freshdesk, against what its documentation says."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from sandbox.app import SandboxSettings, create_app
from sandbox.credentials import FRESHDESK_API_KEY
from sandbox.population import DEEP_EMAIL, JOHN_EMAIL, JOHN_PHONE, SWITCHBOARD, build
from tests.sandbox.shapes import differences
from tests.sandbox.support import NOW, SEED, client_of, sandbox_of, serving
from tests.sandbox.tables import freshdesk as tables

AUTH = (FRESHDESK_API_KEY, "X")
EVER = "2000-01-01T00:00:00Z"


@pytest.fixture(scope="module")
def app():
    return sandbox_of(build(SEED, NOW, depth=3_000))


@pytest.fixture
async def http(app) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app, "/freshdesk/api/v2", auth=AUTH) as client:
        yield client


async def get(http: httpx.AsyncClient, path: str, **params: object) -> Any:
    answer = await http.get(path, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def contact(http: httpx.AsyncClient, email: str) -> int:
    (found,) = await get(http, "/contacts", email=email)
    return found["id"]


async def test_other_credentials_are_refused(app):
    for auth in (None, ("x", "X")):
        async with client_of(app, "/freshdesk/api/v2", auth=auth) as http:
            answer = await http.get("/agents/me")
        assert answer.status_code == 401
        assert differences(answer.json(), tables.REFUSED) == []


async def test_every_resource_has_its_fields(http):
    john = await contact(http, JOHN_EMAIL)
    assert differences(await get(http, f"/contacts/{john}"), tables.CONTACT) == []
    tickets = await get(http, "/tickets", requester_id=john)
    assert differences(tickets, [tables.LISTED_TICKET]) == []
    assert len(tickets) == 2
    with_stats = await get(http, "/tickets", requester_id=john, include="stats,description")
    assert differences(with_stats, [{**tables.TICKET, "stats": tables.STATS}]) == []
    one = tickets[0]["id"]
    assert differences(await get(http, f"/tickets/{one}"), tables.TICKET) == []
    assert differences(await get(http, f"/tickets/{one}/conversations"), [tables.CONVERSATION]) == []
    assert differences(await get(http, "/groups"), [tables.GROUP]) == []
    assert differences(await get(http, f"/groups/{tickets[0]['group_id']}"), tables.GROUP) == []
    assert differences(await get(http, f"/agents/{tickets[0]['responder_id']}"), tables.AGENT) == []
    assert differences(await get(http, "/agents/me"), tables.AGENT) == []


@pytest.mark.parametrize(
    ("asked", "count"),
    [
        ({"mobile": JOHN_PHONE}, 1),
        ({"mobile": JOHN_PHONE[3:]}, 0),  # compared letter by letter
        ({"mobile": "3331110003"}, 1),  # typed so
        ({"phone": SWITCHBOARD}, 5),
        ({"email": "j.fairweather@example.com"}, 1),
        ({"email": "J.Fairweather"}, 0),
        ({"unique_external_id": "CRM-00001"}, 1),
        ({"mobile": JOHN_PHONE, "email": DEEP_EMAIL}, 0),
    ],
)
async def test_contacts_are_found_by_exactly_what_they_have(http, asked, count):
    assert len(await get(http, "/contacts", **asked)) == count


async def test_names_are_completed(http):
    assert [hit["name"] for hit in await get(http, "/contacts/autocomplete", term="fairw")] == ["John Fairweather"]
    assert (await http.get("/contacts/autocomplete", params={"term": "f"})).status_code == 400


async def test_only_the_last_30_days_are_told_unless_asked(http):
    deep = await contact(http, DEEP_EMAIL)
    recent = await get(http, "/tickets", requester_id=deep, per_page=100)
    assert all(row["created_at"] >= f"{NOW - timedelta(days=30):%Y-%m-%d}" for row in recent)
    ever = await get(http, "/tickets", requester_id=deep, per_page=100, updated_since=EVER)
    assert len(ever) == 100 > len(recent)


async def test_pages_are_linked_until_the_last(http):
    params: dict[str, Any] = {"requester_id": await contact(http, DEEP_EMAIL), "updated_since": EVER, "per_page": 90}
    answer, rows = await http.get("/tickets", params=params), []
    while True:
        rows += answer.json()
        if "next" not in answer.links:
            break
        answer = await http.get(answer.links["next"]["url"])
    assert len({row["id"] for row in rows}) == len(rows) > 500
    assert [row["created_at"] for row in rows] == sorted((row["created_at"] for row in rows), reverse=True)
    assert len((await http.get("/tickets", params=params | {"order_type": "asc"})).json()) == 90
    assert len((await http.get("/groups")).json()) == 7


@pytest.mark.parametrize(
    "params",
    [
        {"page": 301},
        {"page": 0},
        {"per_page": 101},
        {"per_page": "x"},
        {"order_by": "colour"},
        {"include": "everything"},
        {"updated_since": "yesterday"},
        {"requester_id": 5},
        {"requester_id": "x"},
    ],
)
async def test_what_is_out_of_bounds_is_refused(http, params):
    answer = await http.get("/tickets", params=params)
    assert answer.status_code == 400
    assert differences(answer.json(), tables.INVALID) == []


async def test_what_is_not_there_is_404_without_a_body(http):
    for path in ("/tickets/5", "/contacts/5", "/agents/5", "/groups/5", "/tickets/5/conversations"):
        answer = await http.get(path)
        assert (answer.status_code, answer.content) == (404, b""), path


async def test_notes_are_private_and_escalation_is_a_mark(http):
    tickets = await get(http, "/tickets", requester_id=await contact(http, JOHN_EMAIL))
    urgent = next(ticket for ticket in tickets if ticket["priority"] == 4)
    assert [ticket["is_escalated"] for ticket in tickets if ticket is not urgent] == [False]
    assert urgent["is_escalated"] is True
    turns = await get(http, f"/tickets/{urgent['id']}/conversations")
    assert [(turn["private"], turn["incoming"]) for turn in turns] == [(True, False), (False, False)]


async def test_a_resolved_ticket_closes_by_itself(http):
    deep = await contact(http, DEEP_EMAIL)
    rows = await get(http, "/tickets", requester_id=deep, updated_since=EVER, per_page=100, include="stats")
    closed = [row for row in rows if row["status"] == 5]
    assert closed and all(row["stats"]["closed_at"] and row["stats"]["resolved_at"] for row in closed)
    assert all(row["stats"]["closed_at"] is None for row in rows if row["status"] != 5)


async def test_the_limit_is_told_and_kept():
    app = create_app(build(SEED, NOW), SandboxSettings(rate_limits=True, clock=lambda: NOW))
    async with client_of(app, "/freshdesk/api/v2", auth=AUTH) as http:
        answer = await http.get("/tickets", params={"include": "stats,description"})
        assert answer.headers["x-ratelimit-used-currentrequest"] == "5"
        assert int(answer.headers["x-ratelimit-remaining"]) < int(answer.headers["x-ratelimit-total"])
        statuses = [(await http.get("/agents/me")).status_code for _ in range(200)]
        assert statuses[-1] == 429
        assert int((await http.get("/agents/me")).headers["retry-after"]) > 0


async def test_a_fault_gives_somebody_elses_tickets_over_real_http(app):
    async with serving(app) as url, httpx.AsyncClient(base_url=url, auth=AUTH) as http:
        john = (await get(http, "/freshdesk/api/v2/contacts", email=JOHN_EMAIL))[0]["id"]
        await http.put("/_control/freshdesk", json={"fault": "foreign"})
        tickets = await get(http, "/freshdesk/api/v2/tickets", requester_id=john)
        assert tickets and all(ticket["requester_id"] != john for ticket in tickets)
        await http.post("/_control/reset")
