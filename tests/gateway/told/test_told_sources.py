"""Rows that systems post to us, of which nobody else keeps anything, are answered like those of every source."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from gateway.core import Clocks
from gateway.serving import Assembled, assemble
from tests.gateway.ingest.support import KEYS, SEAL, signed

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
CONFIG = """
[gateway]
modules = ["JOURNEY", "OTHER"]
region = "IT"
secret = { env = "SEAL" }
home_division = "home"
public_url = "https://gateway.example.org"

[divisions.north]

[roles.reader]
permissions = ["journey:event:view", "externalContacts:session:view", "customer:pii:view", "journey:eventType:view"]

[work_profiles.shops]
channels = ["IN_PERSON"]

[[sources]]
name = "visits"
connector = "journal"
channels = ["IN_PERSON"]
division_names = { N = "north" }
options = { kind = "WEB" }

[sources.webhook]
receiver = "signed"
secrets = [{ env = "KEY" }]

[[sources]]
name = "pbx"
connector = "journal"
channels = ["VOICE"]
options = { kind = "TELEPHONY" }

[sources.webhook]
receiver = "freeswitch"
secrets = [{ env = "CRED" }]
options = { rows = true }
"""
WHO = """query($key: CustomerKey!) { singleCustomerView(by: $key) { state customer { id displayName journey(first: 10) {
  nodes { externalId channel status startedAt } complete sources { source { name kind } state items } } } } }"""
SEARCH = '{ customers(search: "giulia bia") { nodes { displayName } } }'
NUMBER = {"phone": "+393331110001"}


@dataclass
class Running:
    assembled: Assembled
    client: httpx.AsyncClient
    path: Path
    """Of the configuration."""

    async def told(self, source: str, body: bytes, headers: dict[str, str]) -> None:
        """Until those who watch would know of it."""
        heard = asyncio.Event()
        leave = self.assembled.app.state.bus.subscribe(lambda news: heard.set())
        answer = await self.client.post(f"/ingest/{source}", content=body, headers=headers)
        assert answer.status_code == 200, answer.text
        await asyncio.wait_for(heard.wait(), 10)
        leave()

    def token(self, *divisions: str, **claims: Any) -> str:
        given = {"roles": ["reader"], "kind": "SUPERVISOR", "divisions": divisions or ["*"], **claims}
        return self.assembled.issuer.mint("emma", given, timedelta(hours=1))

    async def ask(self, query: str, variables: Any = None, *divisions: str, **claims: Any) -> Any:
        headers = {"authorization": f"Bearer {self.token(*divisions, **claims)}"}
        answer = await self.client.post("/graphql", json={"query": query, "variables": variables}, headers=headers)
        assert "errors" not in answer.json(), answer.text
        return answer.json()["data"]

    async def seen(self, *divisions: str, **claims: Any) -> list[str] | None:
        """The rows that such a viewer is shown of her; None where they know nobody."""
        view = (await self.ask(WHO, {"key": NUMBER}, *divisions, **claims))["singleCustomerView"]
        if view["state"] != "MATCHED":
            return None
        return [node["externalId"] for node in view["customer"]["journey"]["nodes"]]


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    path = tmp_path / "gateway.toml"
    path.write_text(CONFIG)
    environment = {"SEAL": SEAL, "KEY": KEYS[0], "CRED": "fs:a password"}
    assembled = assemble(path, environment, clocks=Clocks(utc_now=lambda: NOW), watch=False)
    transport = httpx.ASGITransport(app=assembled.app)
    async with (
        assembled.app.router.lifespan_context(assembled.app),
        httpx.AsyncClient(transport=transport, base_url="https://gateway.example.org") as client,
    ):
        yield Running(assembled, client, path)


def visit(number: int, at: str, division: str | None = None, **fields: Any) -> tuple[bytes, dict[str, str]]:
    row = {
        "external_id": f"visit-{number}",
        "record_id": "c-42",
        "channel": "IN_PERSON",
        "direction": "INBOUND",
        "started_at": at,
        "last_activity_at": at,
        "status": "COMPLETED",
        **({} if division is None else {"division_ids": [division]}),
        **fields,
    }
    held = [{"identifier": {"kind": "PHONE", "value": "333 111 0001"}, "verified": True}]
    record = {"id": "c-42", "name": "Giulia Bianchi", "identifiers": held}
    change = {"type": "row", "at": at, "row": row, "record": record}
    body = msgspec.json.encode({"events": [{"id": f"visit-{number}/{at}", "changes": [change]}]})
    return body, signed(body, KEYS[0], NOW)


def call() -> tuple[bytes, dict[str, str]]:
    """As `mod_json_cdr` posts the first leg of a call that was answered."""
    began = int(datetime(2026, 11, 22, 15, 0, tzinfo=UTC).timestamp())
    variables = {
        "uuid": "a1c9f2c0-1111-4000-8000-000000000001",
        "call_uuid": "a1c9f2c0-1111-4000-8000-000000000001",
        "direction": "inbound",
        "start_epoch": str(began),
        "answer_epoch": str(began + 5),
        "end_epoch": str(began + 65),
        "hangup_cause": "NORMAL_CLEARING",
    }
    profile = {"caller_id_number": "+393331110001", "destination_number": "600", "context": "public"}
    body = msgspec.json.encode({"variables": variables, "callflow": [{"caller_profile": profile}]})
    given = base64.b64encode(b"fs:a password").decode()
    return body, {"authorization": f"Basic {given}", "content-type": "application/json"}


async def test_what_was_posted_is_asked_for_like_everything_else(running: Running) -> None:
    assert await running.seen() is None
    await running.told("visits", *visit(7, "2026-11-20T10:30:00+01:00"))
    await running.told("pbx", *call())
    found = (await running.ask(WHO, {"key": NUMBER}))["singleCustomerView"]
    assert (found["state"], found["customer"]["displayName"]) == ("MATCHED", "Giulia Bianchi")
    journey = found["customer"]["journey"]
    assert [(node["channel"], node["startedAt"]) for node in journey["nodes"]] == [
        ("VOICE", "2026-11-22T15:00:00Z"),
        ("IN_PERSON", "2026-11-20T09:30:00Z"),
    ]
    assert journey["complete"]
    assert [(told["source"], told["items"]) for told in journey["sources"]] == [
        ({"name": "visits", "kind": "WEB"}, 1),
        ({"name": "pbx", "kind": "TELEPHONY"}, 1),
    ]
    assert (await running.ask(SEARCH))["customers"]["nodes"] == [{"displayName": "Giulia Bianchi"}]


async def test_a_posted_row_counts_at_once_though_the_answer_was_remembered(running: Running) -> None:
    await running.told("visits", *visit(1, "2026-11-20T10:30:00Z"))
    assert await running.seen() == ["visit-1"]
    await running.told("visits", *visit(2, "2026-11-21T10:30:00Z"))
    assert await running.seen() == ["visit-2", "visit-1"]


async def test_who_sees_it_is_judged_as_everywhere(running: Running) -> None:
    await running.told("visits", *visit(1, "2026-11-20T10:30:00Z"))
    await running.told("visits", *visit(2, "2026-11-21T10:30:00Z", "N"))
    await running.told("visits", *visit(3, "2026-11-22T10:30:00Z", channel="VOICE"))  # is not taken from it
    await running.told("pbx", *call())
    calls = "a1c9f2c0-1111-4000-8000-000000000001"
    assert await running.seen() == [calls, "visit-2", "visit-1"]
    assert await running.seen("north") == ["visit-2"]
    assert await running.seen("home") == [calls, "visit-1"]
    profile = {"kind": "AGENT", "work_profiles": ["shops"], "work_profile": "shops"}
    assert await running.seen(**profile) == ["visit-2", "visit-1"]
