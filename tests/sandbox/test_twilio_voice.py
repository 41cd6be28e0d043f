"""The imitation of Twilio's calls, against its API description."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from sandbox.credentials import TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, TWILIO_VOICE_NUMBER
from sandbox.population import DEEP_PHONE, build
from tests.sandbox.shapes import differences
from tests.sandbox.support import NOW, SEED, client_of, sandbox_of
from tests.sandbox.tables import twilio_voice as tables

SANDBOX = sandbox_of(build(SEED, NOW, depth=300))
ACCOUNT = f"/2010-04-01/Accounts/{TWILIO_ACCOUNT_SID}"


@pytest.fixture
async def twilio():
    async with client_of(SANDBOX, "/twilio_voice", auth=(TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN)) as client:
        yield client


async def walk(client: httpx.AsyncClient, **params: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    path: str | None = f"{ACCOUNT}/Calls.json"
    while path:
        answer = await client.get(path, params=params if not rows else None)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        assert differences(page, tables.CALLS) == []
        rows += page["calls"]
        path = page["next_page_uri"]
    return rows


async def test_every_answer_is_what_the_description_says(twilio):
    rows = await walk(twilio, PageSize=1_000)
    assert {row["direction"] for row in rows} == {"inbound", "outbound-api", "outbound-dial"}
    assert {row["status"] for row in rows} >= {"completed", "canceled", "in-progress"}
    assert (await twilio.get(rows[0]["uri"])).json() == rows[0]
    assert (await twilio.get(f"{ACCOUNT}/Calls/CA{0:032x}.json")).status_code == 404


async def test_pages_are_the_whole_newest_first(twilio):
    whole = await walk(twilio, PageSize=1_000, From=DEEP_PHONE)
    assert len(whole) > 20
    assert await walk(twilio, PageSize=3, From=DEEP_PHONE) == whole
    assert {row["from"] for row in whole} == {DEEP_PHONE}


async def test_children_are_those_of_their_parent(twilio):
    rows = await walk(twilio, PageSize=1_000, From=DEEP_PHONE)
    parent = next(row["parent_call_sid"] for row in rows if row["parent_call_sid"])
    children = await walk(twilio, ParentCallSid=parent)
    assert children and {row["parent_call_sid"] for row in children} == {parent}
    assert await walk(twilio, ParentCallSid=children[0]["sid"]) == []


async def test_days_are_filters(twilio):
    rows = await walk(twilio, PageSize=1_000, To=DEEP_PHONE)
    out = [row for row in rows if row["direction"] == "outbound-api"]
    assert out and {row["from"] for row in out} == {TWILIO_VOICE_NUMBER}
    assert await walk(twilio, To=DEEP_PHONE, **{"StartTime>": "2030-01-01"}) == []
    assert await walk(twilio, To=DEEP_PHONE, PageSize=1_000, **{"StartTime<": "2030-01-01"}) == rows
    refused = await twilio.get(f"{ACCOUNT}/Calls.json", params={"StartTime": "yesterday"})
    assert (refused.status_code, refused.json()["code"]) == (400, 20001)


async def test_others_are_refused():
    async with client_of(SANDBOX, "/twilio_voice", auth=(TWILIO_ACCOUNT_SID, "old")) as client:
        assert (await client.get(f"{ACCOUNT}/Calls.json")).status_code == 401
