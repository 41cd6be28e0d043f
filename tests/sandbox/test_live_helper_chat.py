"""The imitation of Live Helper Chat, against its description, its source and what a real server did."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from sandbox.credentials import LIVE_HELPER_CHAT_KEY, LIVE_HELPER_CHAT_USER
from sandbox.population import DEEP_EMAIL, JOHN_EMAIL, JOHN_PHONE, SHARED_MOBILE, build
from tests.sandbox.shapes import differences
from tests.sandbox.support import NOW, SEED, client_of, sandbox_of, serving
from tests.sandbox.tables import live_helper_chat as tables

AUTH = (LIVE_HELPER_CHAT_USER, LIVE_HELPER_CHAT_KEY)


@pytest.fixture(scope="module")
def app():
    return sandbox_of(build(SEED, NOW, depth=3_000))


@pytest.fixture
async def http(app) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app, "/live_helper_chat/restapi", auth=AUTH) as client:
        yield client


async def chats(http: httpx.AsyncClient, path: str = "/chats", **params: object) -> Any:
    answer = await http.get(path, params=params)
    assert answer.status_code == 200
    return answer.json()


async def test_a_refusal_has_status_200(app):
    for auth in (None, ("gateway", "x"), ("x", LIVE_HELPER_CHAT_KEY)):
        async with client_of(app, "/live_helper_chat/restapi", auth=auth) as http:
            told = await chats(http)
        assert differences(told, tables.FAILED) == [] and told["error"] is True


async def test_every_resource_has_its_fields(http):
    told = await chats(http, email=JOHN_EMAIL)
    assert differences(told, {"list": [tables.CHAT], "list_count": int, "error": bool}) == []
    (row,) = told["list"]
    asked = {"include_messages": "true", "prefill_fields": "department_name, plain_user_name", "ignore_fields": "hash"}
    (more,) = (await chats(http, email=JOHN_EMAIL, **asked))["list"]
    kept = {name: shape for name, shape in tables.CHAT.items() if name != "hash"}
    named = {"messages": [tables.MESSAGE], "department_name": str, "plain_user_name": str}
    assert differences(more, kept | named) == []
    one = await chats(http, "/fetchchat", chat_id=row["id"])
    assert one == {"error": False, "chat": row | {"plain_user_name": more["plain_user_name"]}}
    assert (await chats(http, "/chatscount", email=JOHN_EMAIL)) == {"list_count": 1, "error": False}
    assert len((await chats(http, "/departments"))["list"]) == 7


@pytest.mark.parametrize(
    ("params", "count"),
    [
        ({"phone": JOHN_PHONE}, 1),
        ({"phone": JOHN_PHONE[3:]}, 0),  # compared letter by letter
        ({"email": JOHN_EMAIL, "phone": JOHN_PHONE}, 1),
        ({"email": JOHN_EMAIL, "phone": SHARED_MOBILE}, 0),
        ({"email": ""}, 0),
    ],
)
async def test_chats_are_found_by_exactly_what_was_given(http, params, count):
    assert len((await chats(http, **params))["list"]) == count


async def test_a_filter_that_is_not_known_is_none(http):
    everybody = await chats(http, limit=200)
    assert (await chats(http, limit=200, mail=JOHN_EMAIL)) == everybody
    assert len({row["email"] for row in everybody["list"]}) > 3


async def test_pages_go_by_offset_newest_first_and_count_once(http):
    first = await chats(http, email=DEEP_EMAIL, limit=100)
    second = await chats(http, email=DEEP_EMAIL, limit=100, offset=100)
    assert first["list_count"] > 200 and second["list_count"] is False
    ids = [row["id"] for row in first["list"] + second["list"]]
    assert ids == sorted(set(ids), reverse=True) and len(ids) == 200
    upwards = await chats(http, email=DEEP_EMAIL, limit=1, sort="id_asc")
    assert upwards["list"][0]["id"] < min(ids)
    assert len((await chats(http, email=DEEP_EMAIL))["list"]) == 20


async def test_the_ends_of_a_window_are_left_out(http):
    rows = (await chats(http, email=DEEP_EMAIL, limit=30))["list"]
    late, early = rows[5]["time"], rows[20]["time"]
    within = (await chats(http, email=DEEP_EMAIL, limit=30, time_gt=early, time_lt=late))["list"]
    assert [row["id"] for row in within] == [row["id"] for row in rows[6:20]]
    above = (await chats(http, email=DEEP_EMAIL, limit=30, id_gt=rows[5]["id"]))["list"]
    assert [row["id"] for row in above] == [row["id"] for row in rows[:5]]


async def test_an_absent_chat_is_no_404(http):
    for id_ in ("5", "x"):
        assert differences(await chats(http, "/fetchchat", chat_id=id_), tables.FAILED) == []


async def test_what_the_system_noted_down_is_marked(http):
    rows = (await chats(http, limit=200, include_messages="true"))["list"]
    users = {message["user_id"] for row in rows for message in row["messages"]}
    assert {-1, 0} <= users and max(users) > 0


async def test_faults_over_real_http(app):
    async with serving(app) as url, httpx.AsyncClient(base_url=url, auth=AUTH) as http:
        await http.put("/_control/live_helper_chat", json={"fault": "foreign"})
        told = await chats(http, "/live_helper_chat/restapi/chats", email=JOHN_EMAIL)
        assert told["list"] and all(row["email"] != JOHN_EMAIL for row in told["list"])
        await http.put("/_control/live_helper_chat", json={"fault": "status", "status": 503})
        answer = await http.get("/live_helper_chat/restapi/chats")
        assert (answer.status_code, answer.headers["content-type"]) == (503, "text/html; charset=utf-8")
        await http.post("/_control/reset")
