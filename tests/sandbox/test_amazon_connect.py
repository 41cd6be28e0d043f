"""The imitation of Amazon Connect: what is signed is answered, what is asked too wide is refused."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from connectors.telephony.aws_signature import Signer
from sandbox.credentials import (
    CONNECT_ACCESS_KEY,
    CONNECT_INSTANCE_ID,
    CONNECT_PHONE_ATTRIBUTE,
    CONNECT_REGION,
    CONNECT_SECRET_KEY,
)
from sandbox.population import DEEP_PHONE, build
from tests.sandbox.shapes import differences
from tests.sandbox.support import NOW, SEED, client_of, sandbox_of

SANDBOX = sandbox_of(build(SEED, NOW, depth=300))
SIGNER = Signer(CONNECT_ACCESS_KEY, CONNECT_SECRET_KEY, CONNECT_REGION, "connect")
SUMMARY = {
    "Arn": str,
    "Id": str,
    "Channel": {"VOICE", "CHAT"},
    "InitiationMethod": {"INBOUND", "OUTBOUND", "CALLBACK", "API", "TRANSFER"},
    "InitiationTimestamp": float,
    "InitialContactId?": str,
    "PreviousContactId?": str,
    "DisconnectTimestamp?": float,
    "QueueInfo?": {"Id": str, "EnqueueTimestamp": float},
    "AgentInfo?": {"Id": str, "ConnectedToAgentTimestamp": float},
}
CONTACT = {
    **SUMMARY,
    "LastUpdateTimestamp": float,
    "CustomerEndpoint?": {"Type": str, "Address": str},
    "DisconnectReason?": str,
}


@pytest.fixture
async def http():
    async with client_of(SANDBOX, "/amazon_connect") as client:
        yield client


async def ask(
    http: httpx.AsyncClient, path: str, body: Any = None, signer: Signer = SIGNER, spoil: bytes = b""
) -> httpx.Response:
    method, content = ("GET", b"") if body is None else ("POST", json.dumps(body).encode())
    headers = signer.headers(method, http.base_url.host, f"/amazon_connect{path}", (), content, NOW)
    return await http.request(method, path, content=content + spoil, headers=dict(headers))


def question(days: int = 30, **more: Any) -> dict[str, Any]:
    criteria = {"Criteria": [{"Key": CONNECT_PHONE_ATTRIBUTE, "Values": [DEEP_PHONE]}]}
    return {
        "InstanceId": CONNECT_INSTANCE_ID,
        "TimeRange": {
            "Type": "INITIATION_TIMESTAMP",
            "StartTime": NOW.timestamp() - days * 86_400,
            "EndTime": NOW.timestamp(),
        },
        "SearchCriteria": {"SearchableContactAttributes": criteria},
        **more,
    }


async def test_contacts_are_found_and_described(http):
    found = (await ask(http, "/search-contacts", question())).json()
    assert differences(found["Contacts"], [SUMMARY]) == []
    assert found["TotalCount"] == len(found["Contacts"]) > 5
    times = [one["InitiationTimestamp"] for one in found["Contacts"]]
    assert times == sorted(times, reverse=True)
    for one in found["Contacts"]:
        described = (await ask(http, f"/contacts/{CONNECT_INSTANCE_ID}/{one['Id']}")).json()["Contact"]
        assert differences(described, CONTACT) == []
        assert one.items() <= described.items()
        attributes = (await ask(http, f"/contact/attributes/{CONNECT_INSTANCE_ID}/{one['Id']}")).json()
        assert attributes == {"Attributes": {CONNECT_PHONE_ATTRIBUTE: DEEP_PHONE}}
    transferred = next(one for one in found["Contacts"] if "PreviousContactId" in one)
    assert transferred["PreviousContactId"] in {one["Id"] for one in found["Contacts"]}


async def test_pages_make_the_whole(http):
    whole = (await ask(http, "/search-contacts", question())).json()["Contacts"]
    rows, token = [], {}
    while True:
        page = (await ask(http, "/search-contacts", question(MaxResults=3, **token))).json()
        rows += page["Contacts"]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert rows == whole


async def test_names_are_told(http):
    found = (await ask(http, "/search-contacts", question())).json()["Contacts"]
    one = next(contact for contact in found if "AgentInfo" in contact)
    queue = (await ask(http, f"/queues/{CONNECT_INSTANCE_ID}/{one['QueueInfo']['Id']}")).json()
    user = (await ask(http, f"/users/{CONNECT_INSTANCE_ID}/{one['AgentInfo']['Id']}")).json()
    assert queue["Queue"]["Name"] and user["User"]["IdentityInfo"]["FirstName"]
    assert (await ask(http, f"/users/{CONNECT_INSTANCE_ID}/nobody")).status_code == 404


async def test_what_is_not_signed_so_is_refused(http):
    assert (await http.post("/search-contacts", json=question())).status_code == 403
    other = Signer(CONNECT_ACCESS_KEY, "another secret", CONNECT_REGION, "connect")
    assert (await ask(http, "/search-contacts", question(), other)).status_code == 403
    assert (await ask(http, "/search-contacts", question(), spoil=b" ")).status_code == 403
    assert (await ask(http, f"/contacts/{CONNECT_INSTANCE_ID}/x", signer=other)).status_code == 403


@pytest.mark.parametrize("more", [{"days": 57}, {"MaxResults": 101}, {"InstanceId": "another"}])
async def test_what_is_asked_too_wide_is_refused(http, more: dict[str, Any]):
    answer = await ask(http, "/search-contacts", question(**more))
    assert (answer.status_code, answer.json()["message"]) == (400, "InvalidRequestException")
