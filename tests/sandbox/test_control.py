"""The face that operators of the sandbox turn its vendors with."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from sandbox.credentials import ZENDESK_EMAIL, ZENDESK_TOKEN
from sandbox.vendors import VENDOR_TYPES
from tests.sandbox.support import client_of, sandbox_of

AUTH = (f"{ZENDESK_EMAIL}/token", ZENDESK_TOKEN)
GROUPS = "/zendesk/api/v2/groups.json"


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(sandbox_of(), auth=AUTH) as client:
        yield client


async def test_every_vendor_is_mounted(http):
    assert set((await http.get("/_control")).json()) == {kind.name for kind in VENDOR_TYPES}


async def test_calls_and_bytes_are_counted_per_vendor_and_reset(http):
    answer = await http.get(GROUPS)
    state = (await http.get("/_control")).json()
    assert (state["zendesk"]["calls"], state["zendesk"]["bytes"]) == (1, len(answer.content))
    assert (state["limesurvey"]["calls"], state["limesurvey"]["bytes"]) == (0, 0)
    await http.post("/_control/reset")
    assert (await http.get("/_control/zendesk")).json()["calls"] == 0


async def test_a_control_holds_until_it_is_set_again(http):
    await http.put("/_control/zendesk", json={"fault": "status", "status": 503})
    assert (await http.get(GROUPS)).status_code == 503
    assert (await http.get("/_control/zendesk")).json()["faults"] == 1
    await http.put("/_control/zendesk", json={})
    assert (await http.get(GROUPS)).status_code == 200


@pytest.mark.parametrize("body", [{"fault": "flood"}, {"colour": "red"}, []])
async def test_a_control_that_says_nothing_known_is_refused(http, body):
    assert (await http.put("/_control/zendesk", json=body)).status_code == 400
    assert (await http.get("/_control/zendesk")).json()["fault"] == "none"
    assert (await http.put("/_control/nobody", json={})).status_code == 404


async def test_a_fault_can_strike_a_number_of_times_a_share_of_calls_or_one_path(http):
    await http.put("/_control/zendesk", json={"fault": "status", "remaining": 2})
    assert [(await http.get(GROUPS)).status_code for _ in range(3)] == [503, 503, 200]
    await http.put("/_control/zendesk", json={"fault": "status", "fault_rate": 0.5})
    struck = [(await http.get(GROUPS)).status_code for _ in range(40)]
    assert 10 < struck.count(503) < 30
    await http.put("/_control/zendesk", json={"fault": "status", "fault_rate": 0.5})
    assert [(await http.get(GROUPS)).status_code for _ in range(40)] == struck
    await http.put("/_control/zendesk", json={"fault": "status", "path": "/users/"})
    assert (await http.get(GROUPS)).status_code == 200
    assert (await http.get("/zendesk/api/v2/users/me.json")).status_code == 503


async def test_a_vendors_calls_a_minute_end_in_429_with_the_seconds_to_wait(http):
    await http.put("/_control/zendesk", json={"calls_per_minute": 3})
    answers = [await http.get(GROUPS) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert [answer.headers.get("x-rate-limit-remaining") for answer in answers] == ["2", "1", "0", None]
    assert 0 < int(answers[-1].headers["retry-after"]) <= 60


async def test_documented_limits_are_kept_when_the_sandbox_is_told_so():
    async with client_of(sandbox_of(rate_limits=True), auth=AUTH) as http:
        assert (await http.get("/_control/zendesk")).json()["calls_per_minute"] == 700


async def test_latency_is_added_to_every_answer(http):
    await http.put("/_control/zendesk", json={"latency_ms": 60, "jitter_ms": 5})
    answer = await http.get(GROUPS)
    assert answer.status_code == 200
    assert answer.elapsed.total_seconds() >= 0.055
