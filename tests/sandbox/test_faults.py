"""Faults as a caller meets them on a real connection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from sandbox.credentials import REQUEST_TRACKER_PASSWORD, REQUEST_TRACKER_USER, ZENDESK_EMAIL, ZENDESK_TOKEN
from sandbox.population import JOHN_EMAIL
from sandbox.vendors import VENDOR_TYPES
from tests.sandbox.support import sandbox_of, serving

AUTH = (f"{ZENDESK_EMAIL}/token", ZENDESK_TOKEN)
GROUPS = "/zendesk/api/v2/groups.json"
NAMES = [kind.name for kind in VENDOR_TYPES]


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with serving(sandbox_of()) as address, httpx.AsyncClient(base_url=address, auth=AUTH, timeout=5) as client:
        yield client


async def test_without_a_fault_it_answers(http):
    answer = await http.get(GROUPS)
    assert answer.status_code == 200
    assert answer.json()["groups"][0]["url"].startswith(str(http.base_url))


async def test_hang_never_answers(http):
    await http.put("/_control/zendesk", json={"fault": "hang"})
    with pytest.raises(httpx.ReadTimeout):
        await http.get(GROUPS, timeout=0.3)
    assert (await http.get("/_control/zendesk")).json()["faults"] == 1


async def test_reset_is_a_tcp_reset(http):
    await http.put("/_control/zendesk", json={"fault": "reset"})
    reader, writer = await asyncio.open_connection(http.base_url.host, http.base_url.port)
    writer.write(f"GET {GROUPS} HTTP/1.1\r\nhost: sandbox\r\n\r\n".encode())
    with pytest.raises(ConnectionResetError):
        await reader.read()
    writer.close()
    with pytest.raises(httpx.TransportError):
        await http.get(GROUPS)


async def test_drip_gives_the_whole_answer_slowly(http):
    whole = (await http.get(GROUPS)).content
    await http.put("/_control/zendesk", json={"fault": "drip", "drip_bytes": 400, "drip_ms": 20})
    answer = await http.get(GROUPS)
    assert answer.content == whole
    assert answer.elapsed.total_seconds() >= 0.02 * (len(whole) // 400)


async def test_a_drip_outlives_the_time_between_two_reads(http):
    await http.put("/_control/zendesk", json={"fault": "drip", "drip_ms": 50})
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1.5):
            await http.get(GROUPS, timeout=1)


async def test_truncated_stops_in_the_middle(http):
    await http.put("/_control/zendesk", json={"fault": "truncated"})
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
        await http.get(GROUPS)


async def test_html_and_empty_are_a_success_code_without_json(http):
    await http.put("/_control/zendesk", json={"fault": "html"})
    page = await http.get(GROUPS)
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    await http.put("/_control/zendesk", json={"fault": "empty"})
    empty = await http.get(GROUPS)
    assert (empty.status_code, empty.content) == (200, b"")


SLOW_DOWN = {
    "salesforce": (403, "REQUEST_LIMIT_EXCEEDED"),
    "salesforce_data_cloud": (403, "REQUEST_LIMIT_EXCEEDED"),
    "whatsapp_cloud": (400, "80007"),
}
"""What these say in place of 429: a status and a code in the body, and no word on how long."""


@pytest.mark.parametrize("vendor", NAMES)
async def test_429_says_how_long_to_wait(http, vendor):
    await http.put(f"/_control/{vendor}", json={"fault": "status", "status": 429, "retry_after": 17})
    answer = await http.get(f"/{vendor}/")
    if vendor in SLOW_DOWN:
        status, code = SLOW_DOWN[vendor]
        assert answer.status_code == status and code in answer.text
    else:
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "17")


@pytest.mark.parametrize("vendor", NAMES)
async def test_every_vendor_can_break_in_every_way(http, vendor):
    for fault in ("reset", "hang"):
        await http.put(f"/_control/{vendor}", json={"fault": fault})
        with pytest.raises(httpx.TransportError):
            await http.get(f"/{vendor}/", timeout=0.2)
    await http.put(f"/_control/{vendor}", json={})
    answer = await http.get(f"/{vendor}/")
    if vendor == "live_helper_chat":  # says so in the body alone
        assert answer.status_code == 200 and answer.json()["error"]
    else:
        assert answer.status_code in (401, 403, 404)


async def test_foreign_gives_another_customers_rows(http):
    query = f"Requestor.EmailAddress = '{JOHN_EMAIL}'"
    call = {"query": query, "fields": "Requestor"}
    login = (REQUEST_TRACKER_USER, REQUEST_TRACKER_PASSWORD)
    await http.put("/_control/request_tracker", json={"fault": "foreign"})
    tickets = (await http.get("/request_tracker/REST/2.0/tickets", params=call, auth=login)).json()["items"]
    assert tickets
    assert all(ticket["Requestor"][0]["id"] != JOHN_EMAIL for ticket in tickets)
    await http.put("/_control/request_tracker", json={})
    tickets = (await http.get("/request_tracker/REST/2.0/tickets", params=call, auth=login)).json()["items"]
    assert {ticket["Requestor"][0]["id"] for ticket in tickets} == {JOHN_EMAIL}


async def test_calls_that_break_are_counted_too(http):
    await http.put("/_control/zendesk", json={"fault": "truncated", "remaining": 1})
    with pytest.raises(httpx.RemoteProtocolError):
        await http.get(GROUPS)
    state = (await http.get("/_control/zendesk")).json()
    assert (state["calls"], state["faults"]) == (1, 1)
    assert state["bytes"] > 0
