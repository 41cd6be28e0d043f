"""The imitation of LimeSurvey, against recorded answers of a real one: base64, and failures with a success code."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from sandbox.credentials import (
    LIMESURVEY_CLOSED_SURVEY_ID,
    LIMESURVEY_PASSWORD,
    LIMESURVEY_SURVEY_ID,
    LIMESURVEY_TIME_ZONE,
    LIMESURVEY_USER,
)
from sandbox.population import JOHN_EMAIL, JOHN_PHONE, build
from tests.sandbox.shapes import differences
from tests.sandbox.support import NOW, SEED, client_of, sandbox_of
from tests.sandbox.tables import limesurvey as tables

SID = LIMESURVEY_SURVEY_ID
ENDPOINT = "/index.php/admin/remotecontrol"
JOHN, DEEP = "tok00001", "tok00002"
Call = Callable[..., Awaitable[Any]]


@pytest.fixture(scope="module")
def app():
    return sandbox_of(build(SEED, NOW, depth=5_000))


@pytest.fixture
async def http(app) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app, "/limesurvey") as client:
        yield client


async def ask(http: httpx.AsyncClient, method: str, *params: object) -> Any:
    answer = await http.post(ENDPOINT, json={"method": method, "params": params, "id": 9})
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store, no-cache, must-revalidate"
    body = answer.json()
    assert (body["id"], body["error"]) == (9, None)
    return body["result"]


@pytest.fixture
async def call(http) -> Call:
    key = await ask(http, "get_session_key", LIMESURVEY_USER, LIMESURVEY_PASSWORD)

    async def with_key(method: str, *params: object) -> Any:
        return await ask(http, method, key, *params)

    return with_key


def responses(result: str) -> list[dict[str, Any]]:
    return json.loads(base64.b64decode(result))["responses"]


async def test_every_result_has_its_fields(call):
    assert differences(await call("list_surveys"), [tables.SURVEY]) == []
    assert differences(await call("list_questions", SID), [tables.QUESTION]) == []
    found = await call("list_participants", SID, 0, 10, False, ["attribute_1", "completed"], {})
    assert len(found) == 10
    assert differences(found, [tables.PARTICIPANT]) == []
    assert differences(await call("get_summary", SID, "all"), tables.SUMMARY) == []
    for field in (await call("get_fieldmap", SID, "it")).values():
        assert differences(field, tables.QUESTION_FIELD if field["qid"] else tables.OWN_FIELD) == []
    shape = [tables.RESPONSE]
    assert (
        differences(responses(await call("export_responses", SID, "json", "it", "all", "code", "short")), shape) == []
    )
    shape = [tables.RESPONSE_IN_TEXT]
    assert differences(responses(await call("export_responses", SID, "json", None, "all", "code", "long")), shape) == []


@pytest.mark.parametrize(
    ("method", "params", "status"),
    [
        ("get_session_key", (LIMESURVEY_USER, "x"), "Invalid user name or password"),
        ("get_session_key", (), "Invalid user name or password"),
        ("list_surveys", ("bad",), "Invalid session key"),
        ("release_session_key", ("bad",), "Invalid session key"),
    ],
)
async def test_a_wrong_login_or_key_is_a_success_code_with_a_status(http, method, params, status):
    assert await ask(http, method, *params) == {"status": status}


@pytest.mark.parametrize(
    ("method", "params", "status"),
    [
        (
            "list_participants",
            (SID, 0, 10, False, [], {"email": "nobody@example.org"}),
            "No survey participants found.",
        ),
        ("list_participants", (SID, 5_000, 10, False, [], {}), "No survey participants found."),
        ("list_participants", (LIMESURVEY_CLOSED_SURVEY_ID, 0, 10), "Error: No survey participants table"),
        ("list_questions", (4,), "Error: Invalid survey ID"),
        ("export_responses_by_token", (SID, "json", "nope", "it", "complete"), "No Response found for Token"),
        ("export_responses_by_token", (SID, "json", f"{JOHN},{DEEP}", "it", "complete"), "No Response found for Token"),
    ],
)
async def test_nothing_found_is_a_success_code_with_a_status(call, method, params, status):
    assert await call(method, *params) == {"status": status}


@pytest.mark.parametrize("body", [{"method": "nope", "params": [], "id": 1}, {"what": 1}])
async def test_a_method_there_is_not_breaks_into_a_page(http, body):
    answer = await http.post(ENDPOINT, json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (500, "text/html; charset=utf-8")


@pytest.mark.parametrize("params", [(SID, "x", 10), (SID, 0, 10, False, [], {"colour": "red"})])
async def test_a_parameter_it_cannot_use_breaks_into_a_page(http, params):
    key = await ask(http, "get_session_key", LIMESURVEY_USER, LIMESURVEY_PASSWORD)
    answer = await http.post(ENDPOINT, json={"method": "list_participants", "params": [key, *params], "id": 1})
    assert answer.status_code == 500


@pytest.mark.parametrize(
    "condition", [{"email": JOHN_EMAIL}, {"attribute_1": JOHN_PHONE}, {"attribute_2": "CRM-00001"}]
)
async def test_a_participant_is_found_by_an_exact_condition(call, condition):
    found = await call("list_participants", SID, 0, 10, False, ["attribute_1", "attribute_2"], condition)
    assert found == [
        {
            "tid": 1,
            "token": JOHN,
            "participant_info": {"firstname": "John", "lastname": "Fairweather", "email": JOHN_EMAIL},
            "attribute_1": JOHN_PHONE,
            "attribute_2": "CRM-00001",
        }
    ]


async def test_like_works_on_columns_and_finds_nobody_on_attributes(call):
    found = await call("list_participants", SID, 0, 10, False, [], {"email": ["LIKE", "john.fair%"]})
    assert [row["token"] for row in found] == [JOHN]
    none = await call("list_participants", SID, 0, 10, False, [], {"attribute_1": ["LIKE", "%3331110001"]})
    assert none == {"status": "No survey participants found."}


async def test_participants_come_in_pages(call):
    first = await call("list_participants", SID, 0, 15, False, [], {})
    second = await call("list_participants", SID, 15, 15, False, [], {})
    assert len({row["tid"] for row in (*first, *second)}) == 30


async def test_responses_of_a_token_come_by_id_with_answers_as_text(call):
    rows = responses(await call("export_responses_by_token", SID, "json", DEEP, "it", "complete", "code", "short"))
    assert len(rows) > 150
    assert [row["id"] for row in rows] == sorted(row["id"] for row in rows)
    assert {row["token"] for row in rows} == {DEEP}
    assert all(row["submitdate"] and row["NPS"] for row in rows)
    [john] = responses(await call("export_responses_by_token", SID, "json", JOHN, "it", "complete", "code", "short"))
    assert (john["NPS"], john["WHY"]) == ("9", "The demo answered all my questions.")


async def test_an_unfinished_response_has_no_date_and_is_left_out_of_the_complete(call):
    everything = responses(await call("export_responses_by_token", SID, "json", DEEP, "it", "all", "code", "short"))
    unfinished = [row for row in everything if row["submitdate"] is None]
    assert unfinished
    assert {row["NPS"] for row in unfinished} == {""}
    incomplete = await call("export_responses_by_token", SID, "json", DEEP, "it", "incomplete", "code", "short")
    assert responses(incomplete) == unfinished
    assert await call("get_response_ids", SID, DEEP) == [row["id"] for row in everything]


async def test_exports_are_cut_by_ids_only(call):
    rows = responses(await call("export_responses", SID, "json", "it", "all", "code", "short"))
    assert len({row["token"] for row in rows}) > 10
    ids = [row["id"] for row in rows]
    cut = await call("export_responses", SID, "json", "it", "all", "code", "short", ids[3], ids[7])
    assert [row["id"] for row in responses(cut)] == ids[3:8]


async def test_times_are_the_servers_own(call):
    [john] = responses(await call("export_responses_by_token", SID, "json", JOHN, "it", "complete", "code", "short"))
    local = datetime.fromisoformat(john["startdate"]).replace(tzinfo=ZoneInfo(LIMESURVEY_TIME_ZONE))
    assert local.astimezone(UTC) == NOW - timedelta(days=13)


async def test_headings_can_be_the_questions_themselves(call):
    [john] = responses(await call("export_responses_by_token", SID, "json", JOHN, "it", "complete", "full", "short"))
    assert john["Quanto ci consiglieresti?"] == "9"


async def test_a_session_ends_after_two_hours_or_when_it_is_released():
    moment = [NOW]
    async with client_of(sandbox_of(clock=lambda: moment[0]), "/limesurvey") as http:
        key = await ask(http, "get_session_key", LIMESURVEY_USER, LIMESURVEY_PASSWORD)
        moment[0] += timedelta(minutes=119)
        assert isinstance(await ask(http, "list_surveys", key), list)
        moment[0] += timedelta(minutes=2)
        assert await ask(http, "list_surveys", key) == {"status": "Invalid session key"}
        key = await ask(http, "get_session_key", LIMESURVEY_USER, LIMESURVEY_PASSWORD)
        assert await ask(http, "release_session_key", key) == "OK"
        assert await ask(http, "list_surveys", key) == {"status": "Invalid session key"}
