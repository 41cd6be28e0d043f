"""The imitation of Jira Service Management, against what its documentation says."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from sandbox.credentials import JIRA_EMAIL, JIRA_SERVICE_DESK_ID, JIRA_TOKEN
from sandbox.population import DEEP_EMAIL, JOHN_EMAIL, build
from tests.sandbox.shapes import differences
from tests.sandbox.support import NOW, SEED, client_of, sandbox_of, serving
from tests.sandbox.tables import jira_service_management as tables

AUTH = (JIRA_EMAIL, JIRA_TOKEN)
MOUNT = "/jira_service_management"


@pytest.fixture(scope="module")
def app():
    return sandbox_of(build(SEED, NOW, depth=2_000))


@pytest.fixture
async def http(app) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app, f"{MOUNT}/rest", auth=AUTH) as client:
        yield client


async def get(http: httpx.AsyncClient, path: str, **params: object) -> Any:
    answer = await http.get(path, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def search(http: httpx.AsyncClient, jql: str, **rest: Any) -> Any:
    answer = await http.post("/api/3/search/jql", json={"jql": jql, "fields": ["*all"], **rest})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def account(http: httpx.AsyncClient, email: str) -> str:
    (found,) = await get(http, "/api/3/user/search", query=email)
    return found["accountId"]


async def test_other_credentials_are_refused(app):
    for auth in (None, (JIRA_EMAIL, "x")):
        async with client_of(app, MOUNT, auth=auth) as http:
            answer = await http.get("/rest/api/3/myself")
        assert answer.status_code == 401
        assert differences(answer.json(), tables.ERROR) == []


async def test_every_resource_has_its_fields(http):
    john = await account(http, JOHN_EMAIL)
    assert differences(await get(http, "/api/3/myself"), tables.USER) == []
    assert differences(await get(http, "/api/3/user", accountId=john), tables.USER) == []
    found = await search(http, f'reporter = "{john}"', properties=["request.channel.type"])
    assert differences(found, {"issues": [tables.ISSUE], "isLast": bool}) == []
    assert [issue["properties"]["request.channel.type"] for issue in found["issues"]] == [{"value": "email"}] * 2
    one = found["issues"][0]
    assert differences(await get(http, f"/api/3/issue/{one['id']}"), tables.ISSUE) == []
    assert (await get(http, f"/api/3/issue/{one['key']}", fields="summary"))["fields"] == {
        "summary": one["fields"]["summary"]
    }
    customers = await get(http, f"/servicedeskapi/servicedesk/{JIRA_SERVICE_DESK_ID}/customer", query=JOHN_EMAIL)
    assert differences(customers, tables.CUSTOMERS) == []
    assert [customer["accountId"] for customer in customers["values"]] == [john]


async def test_without_fields_only_ids_come(http):
    answer = await http.post("/api/3/search/jql", json={"jql": f'reporter = "{await account(http, JOHN_EMAIL)}"'})
    assert [set(issue) for issue in answer.json()["issues"]] == [{"id"}, {"id"}]


async def test_some_hide_their_address_but_not_from_the_desk(http):
    (hidden,) = await get(http, "/api/3/user/search", query="marco.testa@example.org")
    assert hidden["emailAddress"] == ""
    path = f"/servicedeskapi/servicedesk/{JIRA_SERVICE_DESK_ID}/customer"
    (shown,) = (await get(http, path, query="marco.testa"))["values"]
    assert (shown["accountId"], shown["emailAddress"]) == (hidden["accountId"], "marco.testa@example.org")


async def test_tokens_lead_through_every_page_and_belong_to_their_query(http):
    deep = await account(http, DEEP_EMAIL)
    jql, rows, token = f'reporter in ("{deep}") ORDER BY created DESC, key DESC', [], None
    while True:
        more = {} if token is None else {"nextPageToken": token}
        page = await search(http, jql, maxResults=90, **more)
        rows += page["issues"]
        token = page.get("nextPageToken")
        assert page["isLast"] is (token is None)
        assert "total" not in page
        if token is None:
            break
        last = token
    assert len({row["id"] for row in rows}) == len(rows) > 300
    times = [row["fields"]["created"] for row in rows]
    assert times == sorted(times, reverse=True)
    for bad in (last, "x"):
        body = {"jql": f'reporter = "{deep}"', "nextPageToken": bad}
        assert (await http.post("/api/3/search/jql", json=body)).status_code == 400
    assert len((await search(http, jql, maxResults=5_000))["issues"]) == 100


async def test_times_are_read_in_the_time_zone_of_whoever_asks(http):
    deep = await account(http, DEEP_EMAIL)
    zone = ZoneInfo((await get(http, "/api/3/myself"))["timeZone"])
    edge = (NOW - timedelta(days=20)).astimezone(zone)
    jql = f'reporter = "{deep}" AND created >= "{edge:%Y/%m/%d %H:%M}" ORDER BY created ASC'
    rows = (await search(http, jql, maxResults=100))["issues"]
    bound = f"{NOW - timedelta(days=20):%Y-%m-%dT%H:%M}"
    assert rows and all(row["fields"]["created"] >= bound for row in rows)
    jql = f'reporter = "{deep}" AND created < "{edge:%Y-%m-%d %H:%M}" ORDER BY created DESC'
    assert (await search(http, jql))["issues"][0]["fields"]["created"] < bound


@pytest.mark.parametrize(
    ("clause", "holds"),
    [
        ('labels in ("vip", "nothing")', lambda fields: "vip" in fields["labels"]),
        ('project in ("10001")', lambda fields: fields["project"]["id"] == "10001"),
        ("updated >= 2026/11/01", lambda fields: fields["updated"] >= "2026-10-31T23"),
    ],
)
async def test_clauses_find_what_they_say(http, clause, holds):
    deep = await account(http, DEEP_EMAIL)
    found = (await search(http, f'reporter = "{deep}" AND {clause}', maxResults=100))["issues"]
    assert found and all(holds(issue["fields"]) for issue in found)


@pytest.mark.parametrize(
    "jql",
    [
        "ORDER BY created DESC",
        'colour = "red"',
        'reporter = "x" AND created = "2026/11/01"',
        'reporter = "x" AND created >= "2026-11-01T00:00:00Z"',
        'reporter = "x" ORDER BY colour',
        'reporter like "x"',
    ],
)
async def test_a_query_it_cannot_read_or_without_a_bound_is_refused(http, jql):
    if "T00" in jql:
        jql = jql.replace('"x"', f'"{await account(http, JOHN_EMAIL)}"')
    answer = await http.post("/api/3/search/jql", json={"jql": jql})
    assert answer.status_code == 400
    assert differences(answer.json(), tables.ERROR) == []


async def test_the_old_way_of_paging_is_gone(http):
    body = {"jql": 'reporter = "x"', "startAt": 0}
    assert (await http.post("/api/3/search/jql", json=body)).status_code == 400
    assert (await http.post("/api/3/search", json=body)).status_code == 404
    assert (await http.post("/api/3/search/jql", content=b"{")).status_code == 400
    assert (await http.post("/api/3/search/jql", json={"fields": []})).status_code == 400


async def test_what_is_not_there_is_404(http):
    paths = ("/api/3/issue/5", "/api/3/issue/HELP-5", "/api/3/issue/x", "/api/3/user?accountId=x")
    for path in (*paths, "/servicedeskapi/servicedesk/9/customer"):
        answer = await http.get(path)
        assert answer.status_code == 404, path
        assert differences(answer.json(), tables.ERROR) == []
    assert (await http.get("/api/3/user/search")).status_code == 400


async def test_a_fault_gives_somebody_elses_issues_over_real_http(app):
    async with serving(app) as url, httpx.AsyncClient(base_url=f"{url}{MOUNT}/rest", auth=AUTH) as http:
        john = await account(http, JOHN_EMAIL)
        await http.put(f"{url}/_control{MOUNT}", json={"fault": "foreign"})
        found = await search(http, f'reporter = "{john}"')
        assert found["issues"]
        assert all(issue["fields"]["reporter"]["accountId"] != john for issue in found["issues"])
        await http.post(f"{url}/_control/reset")
