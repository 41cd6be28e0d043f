from __future__ import annotations

import time
from dataclasses import replace
from email.utils import parsedate_to_datetime

import httpx
import pytest

from sandbox.credentials import (
    TWILIO_ACCOUNT_SID,
    TWILIO_API_KEY,
    TWILIO_API_SECRET,
    TWILIO_AUTH_TOKEN,
    TWILIO_NUMBER,
)
from sandbox.population import DEEP_PHONE, JOHN_PHONE, build
from sandbox.vendors.twilio_messages import _messages, _row
from tests.sandbox.shapes import differences
from tests.sandbox.support import NOW, SEED, client_of, sandbox_of
from tests.sandbox.tables import twilio_messages as tables

TOLD = build(SEED, NOW, depth=300)
SANDBOX = sandbox_of(TOLD)
ACCOUNT = f"/2010-04-01/Accounts/{TWILIO_ACCOUNT_SID}"
JOHN, VERA = f"whatsapp:{JOHN_PHONE}", f"whatsapp:{DEEP_PHONE}"
COMPANY = f"whatsapp:{TWILIO_NUMBER}"


@pytest.fixture
async def twilio():
    async with client_of(SANDBOX, "/twilio_messages", auth=(TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN)) as client:
        yield client


async def listed(client: httpx.AsyncClient, **params: object) -> dict[str, object]:
    answer = await client.get(f"{ACCOUNT}/Messages.json", params=params)
    assert answer.status_code == 200, answer.text
    assert differences(answer.json(), tables.MESSAGES) == []
    return answer.json()


async def walk(client: httpx.AsyncClient, **params: object) -> list[dict[str, str]]:
    """Every message, by following `next_page_uri`."""
    page = await listed(client, **params)
    rows = list(page["messages"])
    while page["next_page_uri"]:
        answer = await client.get(page["next_page_uri"])
        assert differences(answer.json(), tables.MESSAGES) == []
        page = answer.json()
        rows += page["messages"]
    return rows


async def test_every_answer_is_what_the_description_says(twilio):
    rows = await walk(twilio, PageSize=1_000)
    assert {row["direction"] for row in rows} == {"inbound", "outbound-api"}
    assert {"received", "read", "delivered", "failed"} >= {row["status"] for row in rows} >= {"received", "failed"}
    one = await twilio.get(rows[0]["uri"])
    assert one.json() == rows[0]
    media = await twilio.get(rows[0]["subresource_uris"]["media"])
    assert differences(media.json(), tables.MEDIA_LIST) == []
    account = await twilio.get(f"{ACCOUNT}.json")
    assert differences(account.json(), tables.ACCOUNT) == []


@pytest.mark.parametrize(
    "auth", [None, (TWILIO_ACCOUNT_SID, "old"), (TWILIO_API_KEY, TWILIO_AUTH_TOKEN), ("AC1", TWILIO_AUTH_TOKEN)]
)
async def test_a_caller_without_good_credentials_is_refused(auth):
    async with client_of(SANDBOX, "/twilio_messages", auth=auth) as client:
        answer = await client.get(f"{ACCOUNT}/Messages.json")
    assert answer.status_code == 401
    assert differences(answer.json(), tables.ERROR) == []
    assert answer.json()["code"] == 20003
    assert answer.headers["www-authenticate"].startswith("Basic")


async def test_an_api_key_opens_the_account_too():
    async with client_of(SANDBOX, "/twilio_messages", auth=(TWILIO_API_KEY, TWILIO_API_SECRET)) as client:
        assert (await client.get(f"{ACCOUNT}/Messages.json")).status_code == 200


@pytest.mark.parametrize(
    "path",
    [f"{ACCOUNT}/Messages/SM{'0' * 32}.json", f"{ACCOUNT}/Messages/x.json", f"{ACCOUNT}/Calls.json", "/elsewhere"],
)
async def test_what_is_absent_is_not_found(twilio, path):
    answer = await twilio.get(path)
    assert answer.status_code == 404
    assert differences(answer.json(), tables.ERROR) == []
    assert answer.json()["code"] == 20404


async def test_another_account_is_not_found(twilio):
    answer = await twilio.get(f"/2010-04-01/Accounts/AC{'1' * 32}/Messages.json")
    assert (answer.status_code, answer.json()["code"]) == (404, 20404)


async def test_a_talk_is_one_message_a_turn_and_two_streams(twilio):
    said = await walk(twilio, From=JOHN)
    heard = await walk(twilio, To=JOHN)
    assert [row["body"] for row in said] == [
        "See you then!",
        "Hi, is the visit of the specialist still on for Thursday?",
    ]
    assert [row["body"] for row in heard] == ["Yes, Thursday at ten, with Kate from our team."]
    assert all((row["from"], row["to"], row["direction"]) == (JOHN, COMPANY, "inbound") for row in said)
    assert all((row["from"], row["to"], row["direction"]) == (COMPANY, JOHN, "outbound-api") for row in heard)
    assert await walk(twilio, From=JOHN, To=COMPANY) == said
    assert await walk(twilio, From=JOHN_PHONE) == []  # the same number over another channel


async def test_pages_are_newest_first_and_fit_together(twilio):
    whole = await walk(twilio, From=VERA, PageSize=1_000)
    assert len(whole) > 20
    assert await walk(twilio, From=VERA, PageSize=7) == whole
    sent = [parsedate_to_datetime(row["date_sent"]) for row in whole]
    assert sent == sorted(sent, reverse=True)
    assert len({row["sid"] for row in whole}) == len(whole)
    first = await listed(twilio, From=VERA, PageSize=7)
    assert (first["page"], first["start"], first["end"], first["previous_page_uri"]) == (0, 0, 6, None)
    assert "whatsapp%3A%2B" in first["next_page_uri"]
    second = (await twilio.get(first["next_page_uri"])).json()
    assert (second["page"], second["start"], second["end"]) == (1, 7, 13)
    back = (await twilio.get(second["previous_page_uri"])).json()
    assert back["messages"] == first["messages"]
    everybody = await walk(twilio, PageSize=100)
    assert sorted(row["sid"] for row in everybody if row["from"] == VERA) == sorted(row["sid"] for row in whole)


async def test_days_are_gmt_and_included_at_both_ends(twilio):
    whole = await walk(twilio, From=VERA, PageSize=1_000)
    days = [parsedate_to_datetime(row["date_sent"]).date() for row in whole]
    day = days[len(days) // 2]
    for name, holds in (
        ("DateSent", lambda other: other == day),
        ("DateSent<", lambda other: other <= day),
        ("DateSent>", lambda other: other >= day),
    ):
        expected = [row for row, sent in zip(whole, days, strict=True) if holds(sent)]
        for spelled in (f"{day}", f"{day}T23:59:59Z", f"{day:%a, %d %b %Y} 10:00:00 -0000"):
            assert await walk(twilio, From=VERA, PageSize=5, **{name: spelled}) == expected, (name, spelled)
    between = await walk(twilio, From=VERA, **{"DateSent>": f"{days[9]}", "DateSent<": f"{days[3]}"})
    assert between == [row for row, sent in zip(whole, days, strict=True) if days[9] <= sent <= days[3]]


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"PageSize": 1_001}, 20007),
        ({"PageSize": 0}, 20001),
        ({"PageSize": "many"}, 20001),
        ({"Page": -1}, 20001),
        ({"PageToken": "PAnothing"}, 20001),
        ({"DateSent>": "yesterday"}, 20001),
    ],
)
async def test_a_parameter_that_makes_no_sense_is_refused(twilio, params, code):
    answer = await twilio.get(f"{ACCOUNT}/Messages.json", params=params)
    assert answer.status_code == 400
    assert differences(answer.json(), tables.ERROR) == []
    assert answer.json()["code"] == code


async def test_unknown_parameters_change_nothing(twilio):
    assert (await listed(twilio, From=JOHN, Customer="x"))["messages"] == (await listed(twilio, From=JOHN))["messages"]


async def test_a_failed_message_says_why(twilio):
    harriet = TOLD.named("lost")
    (row,) = await walk(twilio, To=f"whatsapp:{harriet.whatsapp}")
    assert (row["status"], row["error_code"], row["price"]) == ("failed", 63016, None)


def test_a_queued_message_has_not_been_sent():
    harriet = TOLD.named("lost")
    queued = replace(TOLD.contacts(harriet, "twilio_messages")[0], status="queued")
    (message,) = _messages(queued)
    row = _row(message)
    assert differences(row, tables.MESSAGE) == []
    assert (row["status"], row["date_sent"]) == ("queued", None)


async def test_the_depth_of_a_journey_costs_nothing():
    deep = build(SEED, NOW, depth=100_000)
    oldest = deep.contacts(deep.named("deep"), "twilio_messages")[-1]
    async with client_of(sandbox_of(deep), "/twilio_messages", auth=(TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN)) as client:
        began = time.process_time()
        await listed(client, From=VERA)
        answer = await listed(client, From=VERA, **{"DateSent<": f"{oldest.started_at:%Y-%m-%d}"})
        took = time.process_time() - began
    assert len(answer["messages"]) <= 2
    assert took < 1


async def test_confused_rows_are_somebody_elses(twilio):
    control = "http://sandbox.test/_control/twilio_messages"
    await twilio.put(control, json={"fault": "foreign"})
    rows = (await listed(twilio, From=JOHN))["messages"]
    await twilio.put(control, json={})
    assert rows
    assert all(row["direction"] == "inbound" and row["from"] != JOHN for row in rows)


async def test_throttling_has_the_vendors_own_code(twilio):
    control = "http://sandbox.test/_control/twilio_messages"
    await twilio.put(control, json={"fault": "status", "status": 429, "remaining": 1})
    answer = await twilio.get(f"{ACCOUNT}/Messages.json")
    assert (answer.status_code, answer.json()["code"]) == (429, 20429)
    assert differences(answer.json(), tables.ERROR) == []
