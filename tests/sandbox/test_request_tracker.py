"""The imitation of Request Tracker, against recorded answers of a real one: shapes, paging, and its silences."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import httpx
import pytest

from sandbox.credentials import REQUEST_TRACKER_PASSWORD, REQUEST_TRACKER_TOKEN, REQUEST_TRACKER_USER
from sandbox.population import DEEP_EMAIL, DEEP_PHONE, JOHN_EMAIL, JOHN_PHONE, build
from tests.sandbox.shapes import differences
from tests.sandbox.support import NOW, SEED, client_of, sandbox_of
from tests.sandbox.tables import request_tracker as tables

AUTH = (REQUEST_TRACKER_USER, REQUEST_TRACKER_PASSWORD)
DEEP = f"Requestor.EmailAddress = '{DEEP_EMAIL}'"
NEWEST_FIRST = [("orderby", "Created"), ("orderby", "id"), ("order", "DESC"), ("order", "DESC")]
FIELDS = [
    ("fields", "Subject,Status,Queue,Owner,Created,LastUpdated,Started,Resolved,Due,Priority,Requestor,Type,Creator"),
    ("fields[Queue]", "Name"),
    ("fields[Owner]", "Name,RealName,EmailAddress"),
    ("fields[Requestor]", "Name,EmailAddress,RealName"),
]


@pytest.fixture(scope="module")
def app():
    return sandbox_of(build(SEED, NOW, depth=3_000))


@pytest.fixture
async def http(app) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app, "/request_tracker/REST/2.0", auth=AUTH) as client:
        yield client


async def tickets(http: httpx.AsyncClient, query: str, *params: tuple[str, str]) -> dict:
    answer = await http.get("/tickets", params=[("query", query), *params])
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_credentials_are_basic_or_a_token_and_others_are_refused(app):
    given = ({"auth": AUTH}, {"headers": {"authorization": f"token {REQUEST_TRACKER_TOKEN}"}})
    for options in (*given, {"params": {"token": REQUEST_TRACKER_TOKEN}}):
        async with client_of(app, "/request_tracker/REST/2.0", **options) as http:
            assert (await http.get("/rt")).json()["Version"].startswith("5.0.3")
    for options in ({}, {"auth": ("root", "x")}):
        async with client_of(app, "/request_tracker/REST/2.0", **options) as http:
            answer = await http.get("/tickets")
        assert (answer.status_code, answer.json()) == (401, {"message": "Unauthorized"})
        assert "www-authenticate" not in answer.headers


async def test_every_object_has_its_fields(http):
    found = await tickets(http, DEEP, *NEWEST_FIRST, *FIELDS)
    assert differences(found, tables.listing(tables.LISTED_TICKET)) == []
    number = found["items"][0]["id"]
    answer = await http.get(f"/ticket/{number}")
    assert differences(answer.json(), tables.TICKET) == []
    assert answer.headers["content-type"] == 'application/json; charset="utf-8"'
    assert answer.headers["last-modified"] == answer.json()["LastUpdated"]
    assert answer.headers["etag"]
    fields = {"fields": "Type,Created,Creator,Data,OldValue,NewValue,Field", "per_page": 100}
    history = (await http.get(f"/ticket/{number}/history", params=fields)).json()
    assert differences(history, tables.listing(tables.TRANSACTION)) == []
    assert differences((await http.get(f"/user/{JOHN_EMAIL}")).json(), tables.USER) == []
    queues = (await http.get("/queues/all", params={"fields": "Name,Description,Lifecycle"})).json()
    assert differences(queues, tables.listing(tables.LISTED_QUEUE)) == []


async def test_without_fields_only_references_come(http):
    assert differences(await tickets(http, DEEP), tables.listing(tables.TICKET_REF)) == []


async def test_a_date_that_is_not_set_is_1970(http):
    found = await tickets(http, f"{DEEP} AND Status = 'new'", *FIELDS)
    assert {(row["Started"], row["Resolved"]) for row in found["items"]} == {("1970-01-01T00:00:00Z",) * 2}
    assert {row["Owner"]["id"] for row in found["items"]} == {"Nobody"}


async def test_pages_newest_first_neither_repeat_nor_miss(http):
    page, rows = await tickets(http, DEEP, *NEWEST_FIRST, ("per_page", "100"), ("page", "1"), ("fields", "Created")), []
    while True:
        rows += page["items"]
        if "next_page" not in page:
            break
        page = (await http.get(page["next_page"])).json()
    assert len({row["id"] for row in rows}) == len(rows) == page["total"] == 500
    assert [row["Created"] for row in rows] == sorted((row["Created"] for row in rows), reverse=True)
    assert "prev_page" in page


async def test_the_address_of_a_page_is_written_as_the_server_writes_it(http):
    plain = await tickets(http, DEEP, ("per_page", "5"))
    assert plain["next_page"].endswith(
        f"/request_tracker/REST/2.0/tickets?query=Requestor.EmailAddress+%3D+'{DEEP_EMAIL.replace('@', '%40')}'"
        "&per_page=5&page=2"
    )
    numbered = await tickets(http, DEEP, ("per_page", "5"), ("page", "3"))
    assert "&per_page=5&=&page=4" in numbered["next_page"]
    assert numbered["prev_page"].endswith("&page=2")


async def test_a_page_past_the_end_is_empty_and_points_back(http):
    found = await tickets(http, f"Requestor.EmailAddress = '{JOHN_EMAIL}'", ("per_page", "5"), ("page", "99"))
    assert (found["total"], found["count"], found["items"], found["page"]) == (2, 0, [], 99)
    assert found["prev_page"].endswith("&page=1")
    assert "next_page" not in found


async def test_rows_a_page_are_capped_in_silence(http):
    assert (await tickets(http, DEEP))["per_page"] == 20
    found = await tickets(http, DEEP, ("per_page", "500"))
    assert (found["per_page"], found["count"]) == (100, 100)


async def test_nothing_found_and_nothing_asked_are_both_a_success(http):
    found = await tickets(http, "Requestor.EmailAddress='nobody@example.org'")
    assert (found["total"], found["items"], found["pages"]) == (0, [], 0.0)
    assert (await http.get("/tickets")).json()["total"] == 0


@pytest.mark.parametrize(
    "query",
    [
        f"Requestor.EmailAddress = '{JOHN_EMAIL.upper()}'",
        f"Requestor.MobilePhone LIKE '{JOHN_PHONE[3:]}'",
        f"Requestor.MobilePhone = '{JOHN_PHONE}'",
        f"(Requestor.WorkPhone LIKE '{JOHN_PHONE[3:]}' OR Requestor.MobilePhone LIKE '{JOHN_PHONE[3:]}')",
        "Requestor.CustomField.{CRM} = 'CRM-00001'",
        "Requestor.RealName LIKE 'fairweath' AND Type = 'ticket'",
    ],
)
async def test_tickets_are_found_by_their_requestor(http, query):
    found = await tickets(http, query, *FIELDS)
    assert found["total"] == 2
    assert {row["Requestor"][0]["EmailAddress"] for row in found["items"]} == {JOHN_EMAIL}


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("Created > '2026-10-01 12:00:00'", lambda row: row["Created"] > "2026-10-01T12:00:00Z"),
        ("Created >= '2026-10-01'", lambda row: row["Created"] >= "2026-10-01"),
        ("Created < '2026-10-01 12:00:00'", lambda row: row["Created"] < "2026-10-01T12:00:00Z"),
        ("Created = '2026-11-20'", lambda row: row["Created"].startswith("2026-11-20")),
        ("LastUpdated > '2026-11-10 00:00:00'", lambda row: row["LastUpdated"] > "2026-11-10T00:00:00Z"),
        ("Status = '__Active__'", lambda row: row["Status"] in ("new", "open", "stalled")),
        ("(Status = 'new' OR Status = 'open')", lambda row: row["Status"] in ("new", "open")),
        ("Status != 'resolved'", lambda row: row["Status"] != "resolved"),
        ("Subject LIKE 'fattura'", lambda row: "fattura" in row["Subject"].lower()),
        ("Priority >= 80", lambda row: int(row["Priority"]) >= 80),
        ("Owner = 'Nobody'", lambda row: row["Owner"]["id"] == "Nobody"),
        ("Queue = 'Specialist Support'", lambda row: row["Queue"]["Name"] == "Specialist Support"),
        ("Subject NOT LIKE 'fattura'", lambda row: "fattura" not in row["Subject"].lower()),
        ("Type = 'reminder'", lambda row: False),
    ],
)
async def test_conditions_find_what_they_say(http, condition, holds):
    everything = []
    for page in range(1, 6):
        found = await tickets(http, DEEP, *NEWEST_FIRST, *FIELDS, ("per_page", "100"), ("page", str(page)))
        everything += found["items"]
    expected = [row["id"] for row in everything if holds(row)]
    found = await tickets(http, f"{DEEP} AND {condition}", *NEWEST_FIRST, ("per_page", "100"))
    assert found["total"] == len(expected)
    assert [row["id"] for row in found["items"]] == expected[:100]


async def test_an_iso_time_is_not_understood_and_matches_everything(http):
    everything = (await tickets(http, DEEP))["total"]
    assert (await tickets(http, f"{DEEP} AND Created > '2026-11-20T00:00:00Z'"))["total"] == everything
    assert (await tickets(http, f"{DEEP} AND Created > '2026-11-20 00:00:00'"))["total"] < everything


async def test_a_minus_before_the_order_changes_nothing_and_an_unknown_order_gives_no_rows(http):
    ascending = await tickets(http, DEEP, ("fields", "Created"))
    minus = await tickets(http, DEEP, ("fields", "Created"), ("orderby", "-Created"))
    assert [row["id"] for row in minus["items"]] == [row["id"] for row in ascending["items"]]
    assert minus["items"][0]["Created"] < minus["items"][-1]["Created"]
    bogus = await tickets(http, DEEP, ("orderby", "Bogus"), ("order", "DESC"))
    assert (bogus["total"], bogus["count"], bogus["items"]) == (500, 0, [])


async def test_tickets_can_be_ordered_by_their_last_update(http):
    order = [("orderby", "LastUpdated"), ("order", "DESC"), ("fields", "LastUpdated"), ("per_page", "100")]
    rows = (await tickets(http, DEEP, *order))["items"]
    assert [row["LastUpdated"] for row in rows] == sorted((row["LastUpdated"] for row in rows), reverse=True)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("Nonsense = 3", "Unknown field: Nonsense at "),
        ("Requestor.Bogus='x'", "Invalid watcher subfield: 'Bogus' at "),
        ("Subject LIKE", "Incomplete query"),
        ("(Status = 'new'", "Incomplete query"),
        ("Status = 'new' Status = 'open'", "Incomplete query"),
        ("Status = 'new", "Wrong query"),
    ],
)
async def test_a_query_it_cannot_read_is_refused_with_a_path_of_the_server(http, query, message):
    answer = await http.get("/tickets", params={"query": query})
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.json()["message"].startswith(message)
    assert "/usr/share/request-tracker5/" in answer.json()["message"]


async def test_a_quote_that_is_not_escaped_widens_the_query(http):
    everything = await tickets(http, "Requestor.EmailAddress = 'x' OR id > 0 OR Subject = 'x'")
    assert everything["total"] > 500
    escaped = await tickets(http, r"Requestor.EmailAddress = 'x\' OR id > 0 OR Subject = \'x'")
    assert escaped["total"] == 0


async def users(http: httpx.AsyncClient, field: str, value: str) -> dict:
    query = json.dumps([{"field": field, "operator": "=", "value": value}])
    fields = {"fields": "Name,EmailAddress,RealName,MobilePhone,WorkPhone", "per_page": 100}
    return (await http.get("/users", params={"query": query, **fields})).json()


async def test_users_are_found_by_address_and_a_phone_condition_is_dropped(http):
    found = await users(http, "EmailAddress", JOHN_EMAIL)
    assert differences(found, tables.listing(tables.LISTED_USER)) == []
    assert [(row["id"], row["MobilePhone"]) for row in found["items"]] == [(JOHN_EMAIL, JOHN_PHONE)]
    everybody = await users(http, "MobilePhone", DEEP_PHONE)
    assert everybody["total"] > 20
    assert {"Nobody", "root", "RT_System", JOHN_EMAIL} <= {row["id"] for row in everybody["items"]}


async def test_a_ticket_is_found_by_its_number_and_by_the_time_of_its_making(http):
    newest = (await tickets(http, DEEP, *NEWEST_FIRST))["items"][0]["id"]
    assert [row["id"] for row in (await tickets(http, f"id = {newest}"))["items"]] == [newest]
    assert (await tickets(http, "id = 4"))["total"] == 0
    assert (await tickets(http, f"{DEEP} AND id < {newest}"))["total"] == 499


async def test_the_history_shows_transfers_and_keeps_notes_apart(http):
    kinds, moved = set(), False
    for row in (await tickets(http, DEEP, ("per_page", "40")))["items"]:
        fields = {"fields": "Type,Created,Field,OldValue,NewValue", "per_page": 100}
        items = (await http.get(f"/ticket/{row['id']}/history", params=fields)).json()["items"]
        assert items[0]["Type"] == "Create"
        assert [item["Created"] for item in items] == sorted(item["Created"] for item in items)
        kinds |= {item["Type"] for item in items}
        moved = moved or any(item["Type"] == "Set" and item["Field"] == "Queue" for item in items)
    assert kinds >= {"Create", "Set", "Correspond", "Comment", "Status"}
    assert moved


async def test_owners_in_a_history_are_numbers_of_users(http):
    for row in (await tickets(http, f"{DEEP} AND Status = 'resolved'"))["items"][:1]:
        items = (await http.get(f"/ticket/{row['id']}/history", params={"fields": "Type,Field,NewValue"})).json()[
            "items"
        ]
        owner = next(item["NewValue"] for item in items if item["Field"] == "Owner")
        assert (await http.get(f"/user/{owner}")).json()["Privileged"] == 1


@pytest.mark.parametrize("path", ["/ticket/999", "/ticket/x", "/user/nobody@example.org", "/queue/99"])
async def test_what_is_not_there(http, path):
    answer = await http.get(path)
    assert (answer.status_code, answer.json()) == (404, {"message": "Not Found"})
