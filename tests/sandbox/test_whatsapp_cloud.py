"""The imitations of WhatsApp's Cloud API and of 360dialog: deliveries of what was sent, and no message."""

from __future__ import annotations

import re

import httpx
import pytest

from sandbox.credentials import DIALOG_360_KEY, WHATSAPP_CLOUD_PHONE_NUMBER_ID, WHATSAPP_CLOUD_TOKEN
from sandbox.population import build
from sandbox.vendors.whatsapp_cloud import deliveries_of, kept
from tests.sandbox.shapes import differences
from tests.sandbox.support import NOW, SEED, client_of, sandbox_of, serving

MOUNT = f"/whatsapp_cloud/v23.0/{WHATSAPP_CLOUD_PHONE_NUMBER_ID}"
AUTH = {"authorization": f"Bearer {WHATSAPP_CLOUD_TOKEN}"}
POPULATION = build(SEED, NOW)
FIELDS = "id,message_id,events{delivery_status,timestamp}"

NUMBER = re.compile(r"\d+")
ERROR = {
    "error": {
        "message": str,
        "type": {"OAuthException"},
        "code": int,
        "fbtrace_id": str,
        "error_subcode?": int,
        "is_transient?": bool,
    }
}
EVENT = {
    "id": NUMBER,
    "delivery_status": {"SENT", "DELIVERED", "READ", "FAILED", "DELETED"},
    "timestamp": int,
    "webhook_update_state": str,
}
ENTRY = {"id": NUMBER, "message_id": re.compile(r"wamid\..+"), "events?": {"data": [EVENT]}}
HISTORY = {"data": [ENTRY], "paging?": {"cursors": {"before": str, "after": str}, "next?": re.compile(r"http://.+")}}


@pytest.fixture(scope="module")
def app():
    return sandbox_of(POPULATION)


async def test_the_number_is_told_to_its_token_alone(app):
    async with client_of(app) as http:
        assert (await http.get(MOUNT, headers=AUTH)).json()["id"] == WHATSAPP_CLOUD_PHONE_NUMBER_ID
        refused = await http.get(MOUNT)
    assert (refused.status_code, refused.json()["error"]["code"]) == (401, 190)
    assert differences(refused.json(), ERROR) == []


async def test_no_message_can_be_read(app):
    async with client_of(app, MOUNT, headers=AUTH) as http:
        for path in ("/messages", "/conversations"):
            answer = await http.get(path)
            assert answer.status_code == 400 and differences(answer.json(), ERROR) == []


async def test_deliveries_by_a_messages_id(app):
    told = [one for one in kept(POPULATION) if not one.is_customers]
    assert any(one.status is None for one in told) and any(one.status for one in told)
    async with client_of(app, MOUNT, headers=AUTH) as http:
        for one in told[:12]:
            answer = (await http.get("/message_history", params={"message_id": one.id, "fields": FIELDS})).json()
            assert differences(answer, HISTORY) == []
            (entry,) = answer["data"]
            states = [event["delivery_status"] for event in entry["events"]["data"]]
            assert (entry["message_id"], states[::-1]) == (one.id, deliveries_of(one))
        (bare,) = (await http.get("/message_history", params={"message_id": told[0].id})).json()["data"]
        assert set(bare) == {"id", "message_id"}
        for odd in ("wamid.x", "wamid.OTk6MA==", "x"):
            answer = await http.get("/message_history", params={"message_id": odd})
            assert (answer.status_code, answer.json()["error"]["code"]) == (400, 100)


async def test_the_whole_history_by_cursors(app):
    seen: list[str] = []
    params: dict[str, str | int] = {"limit": 1000}
    async with client_of(app, MOUNT, headers=AUTH) as http:
        while True:
            page = (await http.get("/message_history", params=params)).json()
            assert differences(page, HISTORY) == [] and len(page["data"]) <= 100
            seen += [entry["message_id"] for entry in page["data"]]
            if "next" not in page["paging"]:
                break
            params["after"] = page["paging"]["cursors"]["after"]
    assert len(seen) == len(set(seen)) > 0


async def test_360dialog_tells_its_webhook_to_its_key(app):
    async with client_of(app, "/360dialog") as http:
        assert (await http.get("/v1/configs/webhook")).status_code == 401
        answer = await http.get("/v1/configs/webhook", headers={"D360-API-KEY": DIALOG_360_KEY})
        assert answer.json()["url"].startswith("https://")
        assert (await http.get("/messages", headers={"D360-API-KEY": DIALOG_360_KEY})).status_code == 404


async def test_too_many_calls_are_a_400_over_real_http(app):
    async with serving(app) as url, httpx.AsyncClient(base_url=url, headers=AUTH) as http:
        await http.put("/_control/whatsapp_cloud", json={"calls_per_minute": 1})
        answers = [await http.get(MOUNT) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [200, 400]
        assert answers[1].json()["error"]["code"] == 80007 and differences(answers[1].json(), ERROR) == []
        await http.post("/_control/reset")
