"""The imitation of Zendesk, against what its description and search reference say."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest

from sandbox.credentials import ZENDESK_EMAIL, ZENDESK_TOKEN
from sandbox.population import DEEP_EMAIL, JOHN_EMAIL, SHARED_MOBILE, SWITCHBOARD, build
from tests.sandbox.shapes import differences
from tests.sandbox.support import NOW, SEED, client_of, sandbox_of
from tests.sandbox.tables import zendesk as tables

AUTH = (f"{ZENDESK_EMAIL}/token", ZENDESK_TOKEN)


@pytest.fixture(scope="module")
def app():
    return sandbox_of(build(SEED, NOW, depth=20_000))


@pytest.fixture
async def http(app) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app, "/zendesk/api/v2", auth=AUTH) as client:
        yield client


async def get(http: httpx.AsyncClient, path: str, **params: object) -> dict:
    answer = await http.get(path, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def user_id(http: httpx.AsyncClient, email: str) -> int:
    found = await get(http, "/search.json", query=f"type:user email:{email}")
    assert found["count"] == 1
    return found["results"][0]["id"]


async def test_other_credentials_are_refused(app):
    for auth in (None, (ZENDESK_EMAIL, ZENDESK_TOKEN), (AUTH[0], "x")):
        async with client_of(app, "/zendesk/api/v2", auth=auth) as http:
            answer = await http.get("/users/me.json")
        assert answer.status_code == 401
        assert differences(answer.json(), tables.ERROR) == []


async def test_every_resource_has_its_fields(http):
    john, deep = await user_id(http, JOHN_EMAIL), await user_id(http, DEEP_EMAIL)
    mixed = await get(http, "/search", query="support")
    assert differences(mixed, tables.SEARCH) == []
    assert {row["result_type"] for row in mixed["results"]} >= {"ticket", "group"}
    tickets = await get(http, f"/users/{deep}/tickets/requested.json")
    assert differences(tickets, {**tables.OFFSET_PAGE, "tickets": [tables.TICKET]}) == []
    assert len(tickets["tickets"]) == 100
    ticket = tickets["tickets"][0]["id"]
    assert differences(await get(http, f"/tickets/{ticket}"), {"ticket": tables.TICKET}) == []
    pages = {
        f"/tickets/{ticket}/comments": {"comments": [tables.COMMENT]},
        f"/tickets/{ticket}/audits": {"audits": [tables.AUDIT]},
        f"/users/{john}/identities": {"identities": [tables.IDENTITY]},
        "/groups": {"groups": [tables.GROUP]},
        "/users/search": {"users": [tables.USER]},
    }
    for path, shape in pages.items():
        found = await get(http, path, **({"query": "john"} if path == "/users/search" else {}))
        assert differences(found, {**tables.OFFSET_PAGE, **shape}) == [], path
        assert all(found[name] for name in shape), path
    assert differences(await get(http, "/users/me"), {"user": tables.USER}) == []
    since = int((NOW - timedelta(days=2)).timestamp())
    changed = await get(http, "/incremental/tickets/cursor", start_time=since)
    assert differences(changed, tables.INCREMENTAL) == []
    assert changed["tickets"]


@pytest.mark.parametrize("query", ["phone:*393331110001", "phone:393331110001", "phone:*3331110001"])
async def test_a_phone_is_found_by_digits_and_a_leading_star(http, query):
    found = await get(http, "/search", query=f"type:user {query}")
    assert [user["name"] for user in found["results"]] == ["John Fairweather"]


@pytest.mark.parametrize("query", ["phone:+393331110001", "phone:3331110001", "email:fairweather", "colour:red"])
async def test_what_the_search_does_not_match_finds_nobody(http, query):
    assert (await get(http, "/search", query=f"type:user {query}"))["count"] == 0


async def test_part_of_any_property_makes_a_candidate(http):
    for part in ("fairweather", "john.fair", "3331110001", JOHN_EMAIL):
        assert [user["name"] for user in (await get(http, "/users/search", query=part))["users"]] == [
            "John Fairweather"
        ]
    by_id = await get(http, "/users/search", external_id="crm-00001")
    assert [user["external_id"] for user in by_id["users"]] == ["CRM-00001"]


async def test_a_shared_number_is_flagged_and_is_nobodys_identity(http):
    for number, holders in ((SWITCHBOARD, 7), (SHARED_MOBILE, 2)):
        found = await get(http, "/search", query=f"type:user phone:*{number[1:]}")
        assert found["count"] == holders
        for user in found["results"]:
            assert user["shared_phone_number"] is True
            identities = (await get(http, f"/users/{user['id']}/identities"))["identities"]
            assert number not in [identity["value"] for identity in identities]


async def test_more_addresses_sit_in_the_identities(http):
    identities = (await get(http, f"/users/{await user_id(http, JOHN_EMAIL)}/identities"))["identities"]
    told = {(identity["type"], identity["value"], identity["primary"]) for identity in identities}
    assert ("email", "j.fairweather@example.com", False) in told
    assert ("phone_number", "+393331110001", True) in told


async def test_without_sort_by_the_order_is_relevance_not_time(http):
    deep = await user_id(http, DEEP_EMAIL)
    plain = await get(http, "/search", query=f"type:ticket requester:{deep}", per_page=50)
    times = [row["created_at"] for row in plain["results"]]
    assert times != sorted(times, reverse=True)
    again = await get(http, "/search", query=f"type:ticket requester:{deep}", per_page=50)
    assert [row["id"] for row in again["results"]] == [row["id"] for row in plain["results"]]


@pytest.mark.parametrize(("order", "descending"), [("desc", True), ("asc", False), (None, True)])
async def test_pages_in_time_neither_repeat_nor_miss(http, order, descending):
    deep = await user_id(http, DEEP_EMAIL)
    sort = {"sort_by": "created_at", **({"sort_order": order} if order else {})}
    query, rows = f"type:ticket requester:{deep} created>=2026-10-01 created<2026-11-01T00:00:00Z", []
    found = await get(http, "/search", query=query, per_page=20, **sort)
    while True:
        rows += found["results"]
        if found["next_page"] is None:
            break
        found = (await http.get(found["next_page"])).json()
    times = [row["created_at"] for row in rows]
    assert times == sorted(times, reverse=descending)
    assert len({row["id"] for row in rows}) == len(rows) == found["count"] > 50
    assert all(time.startswith("2026-10") for time in times)


async def test_of_several_requesters_each_has_their_own_rows(http):
    users = [await user_id(http, email) for email in (DEEP_EMAIL, JOHN_EMAIL)]
    query = " ".join(["type:ticket created>2026-10-01", *(f"requester:{user}" for user in users)])
    found = await get(http, "/search", query=query, sort_by="created_at", per_page=100)
    alone = [await get(http, "/search", query=f"type:ticket created>2026-10-01 requester:{user}") for user in users]
    assert found["count"] == sum(one["count"] for one in alone)
    assert {row["requester_id"] for row in found["results"]} == set(users)
    times = [row["created_at"] for row in found["results"]]
    assert times == sorted(times, reverse=True)


async def test_a_query_ends_at_a_thousand_rows(http):
    query = {"query": f"type:ticket requester:{await user_id(http, DEEP_EMAIL)}", "sort_by": "created_at"}
    tenth = await get(http, "/search", page=10, **query)
    assert tenth["count"] > 1_000
    beyond = await http.get(tenth["next_page"])
    assert beyond.status_code == 422
    assert differences(beyond.json(), tables.ERROR) == []
    capped = await get(http, "/search", per_page=500, **query)
    assert len(capped["results"]) == 100


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("status<solved", lambda ticket: ticket["status"] in ("new", "open", "pending", "hold")),
        ("status:open status:pending", lambda ticket: ticket["status"] in ("open", "pending")),
        ("-status:closed", lambda ticket: ticket["status"] != "closed"),
        ("priority>normal", lambda ticket: ticket["priority"] in ("high", "urgent")),
        ("tags:vip", lambda ticket: "vip" in ticket["tags"]),
        ("updated>2026-11-20", lambda ticket: ticket["updated_at"] >= "2026-11-21"),
        ("created:2026-11-20", lambda ticket: ticket["created_at"].startswith("2026-11-20")),
    ],
)
async def test_conditions_find_what_they_say(http, condition, holds):
    deep = await user_id(http, DEEP_EMAIL)
    window = f"type:ticket requester:{deep} created>2026-10-01"
    all_rows, page = [], await get(http, "/search", query=window)
    while True:
        all_rows += page["results"]
        if page["next_page"] is None:
            break
        page = (await http.get(page["next_page"])).json()
    expected = {row["id"] for row in all_rows if holds(row)}
    found = await get(http, "/search", query=f"{window} {condition}")
    assert found["count"] == len(expected)
    assert {row["id"] for row in found["results"]} <= expected
    assert expected


async def test_open_tickets_are_found_however_many_are_done(http):
    found = await get(http, "/search", query=f"type:ticket requester:{await user_id(http, JOHN_EMAIL)} status<solved")
    assert {row["status"] for row in found["results"]} == {"open", "pending"}
    assert (await get(http, "/search/count", query=f"type:ticket requester:{JOHN_EMAIL} status:open")) == {"count": 1}


async def test_a_query_it_cannot_read_is_refused(http):
    for params in ({}, {"query": ""}, {"query": "type:ticket created>soon"}):
        assert (await http.get("/search", params=params)).status_code == 422


async def test_the_export_walks_by_cursor_in_time(http):
    deep = await user_id(http, DEEP_EMAIL)
    params = {"query": f"requester:{deep} created>2026-09-01", "filter[type]": "ticket", "page[size]": 100}
    rows, page = [], (await http.get("/search/export.json", params=params)).json()
    assert differences(page, tables.EXPORT) == []
    while True:
        rows += page["results"]
        if not page["meta"]["has_more"]:
            break
        page = (await http.get(page["links"]["next"])).json()
    assert page["links"]["next"] is None
    assert len({row["id"] for row in rows}) == len(rows) > 100
    assert [row["created_at"] for row in rows] == sorted((row["created_at"] for row in rows), reverse=True)


async def test_the_export_wants_its_type_outside_the_query_and_its_cursor_fresh(http):
    assert (await http.get("/search/export", params={"query": "requester:1"})).status_code == 422
    both = {"query": "type:ticket requester:1", "filter[type]": "ticket"}
    assert (await http.get("/search/export", params=both)).status_code == 422
    moment = [NOW]
    async with client_of(sandbox_of(clock=lambda: moment[0]), "/zendesk/api/v2", auth=AUTH) as client:
        params = {"query": f"requester:{DEEP_EMAIL}", "filter[type]": "ticket", "page[size]": 10}
        following = (await client.get("/search/export", params=params)).json()["links"]["next"]
        moment[0] += timedelta(minutes=59)
        assert (await client.get(following)).status_code == 200
        moment[0] += timedelta(minutes=2)
        assert (await client.get(following)).status_code == 400


async def test_requested_tickets_page_by_cursor_in_the_order_asked(http):
    deep = await user_id(http, DEEP_EMAIL)
    first = await http.get(f"/users/{deep}/tickets/requested", params={"page[size]": 30, "sort": "-updated_at"})
    assert differences(first.json(), {**tables.CURSOR_PAGE, "tickets": [tables.TICKET]}) == []
    second = await http.get(first.json()["links"]["next"])
    times = [row["updated_at"] for answer in (first, second) for row in answer.json()["tickets"]]
    assert len(times) == 60
    assert times == sorted(times, reverse=True)
    oldest = await http.get(f"/users/{deep}/tickets/requested", params={"page[size]": 1})
    assert oldest.json()["tickets"][0]["created_at"] < "2025"


async def test_several_at_once_and_what_is_not_there(http):
    tickets = (await get(http, f"/users/{await user_id(http, JOHN_EMAIL)}/tickets/requested"))["tickets"]
    ids = [ticket["id"] for ticket in tickets]
    found = await get(http, "/tickets/show_many", ids=",".join(map(str, [*ids, 5])))
    assert [ticket["id"] for ticket in found["tickets"]] == ids
    agents = await get(http, "/users/show_many", ids=str(tickets[0]["assignee_id"]))
    assert agents["users"][0]["role"] == "agent"
    for path in ("/tickets/5", "/users/5", "/groups/5", "/users/5/identities", "/users/5/tickets/requested"):
        answer = await http.get(path)
        assert answer.status_code == 404
        assert differences(answer.json(), tables.ERROR) == []
    too_many = ",".join(str(number) for number in range(101))
    assert (await http.get("/tickets/show_many", params={"ids": too_many})).status_code == 400


async def test_notes_among_agents_are_not_public_and_the_first_comment_is_the_description(http):
    tickets = (await get(http, f"/users/{await user_id(http, JOHN_EMAIL)}/tickets/requested"))["tickets"]
    urgent = next(ticket for ticket in tickets if ticket["priority"] == "urgent")
    found = await get(http, f"/tickets/{urgent['id']}/comments", include="users")
    assert [comment["public"] for comment in found["comments"]] == [True, False, True]
    assert found["comments"][0]["body"] == urgent["description"]
    assert {user["id"] for user in found["users"]} == {comment["author_id"] for comment in found["comments"]}
    backwards = await get(http, f"/tickets/{urgent['id']}/comments", sort_order="desc")
    assert backwards["comments"] == found["comments"][::-1]


async def test_a_transfer_is_a_change_of_group_and_assignee(app, http):
    deep = await user_id(http, DEEP_EMAIL)
    tickets = (await get(http, f"/users/{deep}/tickets/requested"))["tickets"]
    changes = []
    for ticket in tickets[:20]:
        audits = (await get(http, f"/tickets/{ticket['id']}/audits"))["audits"]
        assert [audit["created_at"] for audit in audits] == sorted(audit["created_at"] for audit in audits)
        changes += [
            event
            for audit in audits
            for event in audit["events"]
            if event["field_name"] == "group_id" and event["previous_value"]
        ]
    assert changes


async def test_changes_are_walked_to_the_end_of_the_stream(http):
    params = {"start_time": int((NOW - timedelta(days=20)).timestamp()), "per_page": 40}
    page, rows = (await http.get("/incremental/tickets/cursor.json", params=params)).json(), []
    while True:
        rows += page["tickets"]
        if page["end_of_stream"]:
            break
        page = (
            await http.get("/incremental/tickets/cursor.json", params={"cursor": page["after_cursor"], "per_page": 40})
        ).json()
    assert len({row["id"] for row in rows}) == len(rows) > 40
    assert [row["updated_at"] for row in rows] == sorted(row["updated_at"] for row in rows)
    late = {"start_time": int(NOW.timestamp())}
    assert (await http.get("/incremental/tickets/cursor", params=late)).status_code == 422
