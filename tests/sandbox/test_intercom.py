"""The imitation of Intercom, against its published description."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from sandbox.app import SandboxSettings, create_app
from sandbox.credentials import INTERCOM_TIME_ZONE, INTERCOM_TOKEN
from sandbox.population import DEEP_PHONE, JOHN_EMAIL, SHARED_MOBILE, build
from tests.sandbox.shapes import differences
from tests.sandbox.support import NOW, SEED, client_of, sandbox_of, serving
from tests.sandbox.tables import intercom as tables

AUTH = {"authorization": f"Bearer {INTERCOM_TOKEN}"}
ZONE = ZoneInfo(INTERCOM_TIME_ZONE)


@pytest.fixture(scope="module")
def app():
    return sandbox_of(build(SEED, NOW, depth=3_000))


@pytest.fixture
async def http(app) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app, "/intercom", headers=AUTH) as client:
        yield client


def field(name: str, operator: str, value: Any) -> dict[str, Any]:
    return {"field": name, "operator": operator, "value": value}


async def search(http: httpx.AsyncClient, kind: str, query: Any, prefix: str = "", **rest: Any) -> Any:
    answer = await http.post(f"{prefix}/{kind}/search", json={"query": query, **rest})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def contact(http: httpx.AsyncClient, name: str, value: str, prefix: str = "") -> str:
    (found,) = (await search(http, "contacts", field(name, "=", value), prefix))["data"]
    return found["id"]


async def test_other_tokens_are_refused(app):
    for headers in ({}, {"authorization": "Bearer x"}, {"authorization": f"Basic {INTERCOM_TOKEN}"}):
        async with client_of(app, "/intercom", headers=headers) as http:
            answer = await http.get("/me")
        assert answer.status_code == 401
        assert differences(answer.json(), tables.ERRORS) == []


async def test_every_resource_has_its_fields(http):
    john = await contact(http, "email", JOHN_EMAIL)
    assert differences((await http.get(f"/contacts/{john}")).json(), tables.CONTACT) == []
    found = await search(http, "conversations", field("contact_ids", "=", john))
    shape = {"type": {"conversation.list"}, "conversations": [tables.CONVERSATION], "total_count": int}
    assert differences(found, shape | {"pages": tables.PAGES}) == []
    (row,) = found["conversations"]
    whole = (await http.get(f"/conversations/{row['id']}")).json()
    assert differences(whole, tables.CONVERSATION | {"conversation_parts": tables.PARTS}) == []
    assert {name: whole[name] for name in row} == row
    assert (await http.get("/me")).json()["app"]["timezone"] == INTERCOM_TIME_ZONE
    assert len((await http.get("/admins")).json()["admins"]) == 9
    assert len((await http.get("/teams")).json()["teams"]) == 7


@pytest.mark.parametrize(
    ("query", "count"),
    [
        (field("phone", "=", SHARED_MOBILE), 2),
        (field("phone", "=", SHARED_MOBILE[3:]), 0),
        (field("external_id", "IN", ["CRM-00001", "CRM-00002"]), 2),
        (field("name", "~", "FAIRW"), 1),
        ({"operator": "OR", "value": [field("name", "^", "john"), field("email", "=", "nobody@example.org")]}, 1),
        ({"operator": "AND", "value": [field("name", "^", "john"), field("role", "=", "lead")]}, 0),
    ],
)
async def test_contacts_are_searched(http, query, count):
    assert (await search(http, "contacts", query))["total_count"] == count


async def test_dates_count_as_days_of_the_workspace(http):
    deep = await contact(http, "phone", DEEP_PHONE)
    mine = field("contact_ids", "IN", [deep])
    middle = datetime(2026, 11, 10, 23, 30, tzinfo=ZONE)  # another day in UTC than in Rome
    midnight = datetime(2026, 11, 10, tzinfo=ZONE)
    at = int(middle.timestamp())

    async def times(operator: str) -> list[datetime]:
        query = {"operator": "AND", "value": [mine, field("created_at", operator, at)]}
        found = await search(http, "conversations", query, pagination={"per_page": 150})
        return [datetime.fromtimestamp(row["created_at"], ZONE) for row in found["conversations"]]

    after, on, before = [await times(operator) for operator in (">", "=", "<")]
    assert after and on and before
    assert min(after) >= midnight + timedelta(days=1) > max(on) >= min(on) >= midnight > max(before)


async def test_pages_go_by_cursor_in_the_order_asked(http):
    deep = await contact(http, "phone", DEEP_PHONE)
    for order, newest_first in (("descending", True), ("ascending", False)):
        rows: list[Any] = []
        pagination: dict[str, Any] = {"per_page": 120}
        while True:
            sort = {"field": "created_at", "order": order}
            found = await search(
                http, "conversations", field("contact_ids", "=", deep), pagination=pagination, sort=sort
            )
            rows += found["conversations"]
            if "next" not in found["pages"]:
                break
            pagination["starting_after"] = found["pages"]["next"]["starting_after"]
        assert len({row["id"] for row in rows}) == len(rows) == found["total_count"] > 240
        times = [row["created_at"] for row in rows]
        assert times == sorted(times, reverse=newest_first)


@pytest.mark.parametrize(
    "body",
    [
        {"query": field("shoe_size", "=", 42)},
        {"query": field("created_at", ">=", 1)},
        {"query": field("created_at", ">", "yesterday")},
        {"query": {"operator": "OR", "value": [field("id", "=", str(n)) for n in range(16)]}},
        {"query": field("contact_ids", "IN", "x")},
        {"query": field("state", "?", "open")},
        {"query": field("state", "=", "open"), "pagination": {"per_page": 151}},
        {"query": field("state", "=", "open"), "pagination": {"starting_after": "x"}},
        {"query": field("state", "=", "open"), "sort": {"field": "created_at", "order": "up"}},
        {"query": []},
        {},
    ],
)
async def test_what_it_does_not_understand_is_refused(http, body):
    answer = await http.post("/conversations/search", json=body)
    assert answer.status_code == 400
    assert differences(answer.json(), tables.ERRORS) == []


async def test_what_is_not_there_is_404(http):
    for path in ("/contacts/x", "/conversations/x", "/conversations/5"):
        answer = await http.get(path)
        assert answer.status_code == 404 and differences(answer.json(), tables.ERRORS) == []


async def test_the_limit_is_told():
    app = create_app(build(SEED, NOW), SandboxSettings(rate_limits=True, clock=lambda: NOW))
    async with client_of(app, "/intercom", headers=AUTH) as http:
        answers = [await http.get("/teams") for _ in range(2)]
        assert [answer.headers["x-ratelimit-remaining"] for answer in answers] == ["9999", "9998"]
        await http.get("/teams")


async def test_a_fault_gives_somebody_elses_conversations_over_real_http(app):
    async with serving(app) as url, httpx.AsyncClient(base_url=url, headers=AUTH) as http:
        john = await contact(http, "email", JOHN_EMAIL, "/intercom")
        await http.put("/_control/intercom", json={"fault": "foreign"})
        told = await search(http, "conversations", field("contact_ids", "=", john), "/intercom")
        people = [one["id"] for row in told["conversations"] for one in row["contacts"]["contacts"]]
        assert people and john not in people
        await http.put("/_control/intercom", json={"fault": "status", "status": 429, "retry_after": 7})
        answer = await http.get("/intercom/me")
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")
        await http.post("/_control/reset")
