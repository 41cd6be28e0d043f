"""The imitation of TVox's interface: what its public guide shows."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from sandbox.credentials import TVOX_PASSWORD, TVOX_SESSION, TVOX_USER
from sandbox.population import DEEP_PHONE, build
from sandbox.vendors.tvox import CRITERIA
from tests.sandbox.shapes import differences
from tests.sandbox.support import NOW, SEED, client_of, sandbox_of

SANDBOX = sandbox_of(build(SEED, NOW, depth=300))
ROW = {
    "fileName": str,
    "date": int,
    "duration": int,
    "clid": str,
    "dnis": str,
    "direction": {"INBOUND", "OUTBOUND"},
    "service": str,
    "user": str,
    "exten": str,
    "note": None,
    "externalData": None,
    "type": {"SERVICE"},
}


@pytest.fixture
async def http():
    async with client_of(SANDBOX, "/tvox/tvox", cookies={"JSESSIONID": TVOX_SESSION}) as client:
        yield client


async def call(http: httpx.AsyncClient, method: str, *params: Any) -> dict[str, Any]:
    answer = await http.post("/webapi", json={"jsonrpc": "2.0", "method": method, "params": list(params), "id": 4})
    assert answer.status_code == 200 and answer.json()["id"] == 4
    return answer.json()


def question(**more: Any) -> dict[str, Any]:
    page = {name: more.pop(name) for name in ("page", "size", "sortOrder") if name in more}
    values = {"startFrom": 0, "startTo": int(NOW.timestamp() * 1000), "clid": DEEP_PHONE[3:], **more}
    criteria = {name: {"operation": "CONTAINS", "value": values.get(name)} for name in CRITERIA}
    usual = {"page": 1, "size": 1_000, "sortField": "date", "sortOrder": "DESC"}
    return {"criterias": criteria, "exclusions": None, **usual, **page}


async def test_a_session_is_opened_in_two_steps(http):
    versions = (await call(http, "getVersion"))["result"]
    opened = (await call(http, "login", versions[-1], TVOX_USER, TVOX_PASSWORD))["result"]
    assert opened["sessionId"] == TVOX_SESSION
    assert (await call(http, "login", versions[-1], TVOX_USER, "old"))["error"]["code"] == -32001
    assert (await call(http, "nothing"))["error"]["code"] == -32601


async def test_without_a_session_nothing_is_told():
    async with client_of(SANDBOX, "/tvox/tvox") as http:
        assert (await call(http, "searchRecordedCall", question()))["error"]["code"] == -32000


async def test_recordings_are_found_by_a_side_and_paged(http):
    found = (await call(http, "searchRecordedCall", question()))["result"]
    assert differences(found["list"], [ROW]) == []
    assert found["totalCount"] == len(found["list"]) > 10
    assert {row["clid"] for row in found["list"]} == {DEEP_PHONE}
    dates = [row["date"] for row in found["list"]]
    assert dates == sorted(dates, reverse=True)
    pages = [(await call(http, "searchRecordedCall", question(page=n, size=4)))["result"]["list"] for n in (1, 2)]
    assert [*pages[0], *pages[1]] == found["list"][:8]
    upwards = (await call(http, "searchRecordedCall", question(sortOrder="ASC")))["result"]["list"]
    assert upwards == found["list"][::-1]


async def test_criteria_must_be_all_there_in_order(http):
    asked = question()
    asked["criterias"] = dict(reversed(asked["criterias"].items()))
    assert (await call(http, "searchRecordedCall", asked))["error"]["code"] == -32602
