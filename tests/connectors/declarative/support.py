"""What the tests of declarative sources share: manifests put together, connectors of them, and their imitations."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

import httpx

from connectors.base import SourceConfig
from connectors.declarative.connector import Declarative, made_of
from connectors.declarative.reading import read
from connectors.identifiers import email, phone
from connectors.interaction import Identifier
from connectors.testing.contract import Subject
from sandbox import credentials
from sandbox.app import SandboxSettings, create_app
from sandbox.population import Population, build

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
URL = "http://127.0.0.1:8100"


@cache
def population(depth: int = 100) -> Population:
    return build(1, NOW, depth=depth)


CREDENTIALS = {
    "plain_rest": {"token": credentials.PLAIN_REST_TOKEN},
    "web_events": {"key": credentials.WEB_EVENTS_KEY},
    "xcally_motion": {"user": credentials.XCALLY_USER, "password": credentials.XCALLY_PASSWORD},
    "acqueon_campaign_manager": {
        "client_id": credentials.ACQUEON_CLIENT_ID,
        "client_secret": credentials.ACQUEON_CLIENT_SECRET,
    },
}
TIME_ZONES = {"acqueon_campaign_manager": credentials.ACQUEON_TIME_ZONE}


def identified(identifier: Identifier | None) -> Identifier:
    assert identifier is not None
    return identifier


KNOWN = identified(phone("+393331110002"))
STRANGER = identified(phone("+393339999999"))
KNOWN_BY_MAIL = identified(email("vera.abissi@example.org"))


def sandbox(depth: int = 100) -> Any:
    return create_app(population(depth), SandboxSettings(clock=lambda: NOW))


def shipped(name: str, transport: httpx.AsyncBaseTransport) -> Declarative:
    """The connector that a shipped manifest makes, against its imitation."""
    config = SourceConfig(
        f"my-{name}",
        f"{URL}/{name}",
        credentials=CREDENTIALS[name],
        options={"manifest": name},
        external_id_source="crm",
        region="IT",
        time_zone=TIME_ZONES.get(name, "UTC"),
    )
    return Declarative(config, transport, lambda: NOW)


def subject_of(name: str, depth: int = 100) -> Subject:
    return Subject.over_asgi(
        sandbox(depth),
        lambda transport: shipped(name, transport),
        known=KNOWN,
        stranger=STRANGER,
        token_path=f"/{name}/oauth/token" if name == "acqueon_campaign_manager" else None,
    )


HEAD = """\
name = "tried"
kind = "CHAT"
auth = { kind = "none" }
check = { path = "/check", expect = "ok" }
find = [{ by = ["EMAIL", "PHONE", "RECORD_ID"], path = "/people", query = { q = "{identifier}" }, rows = "people" }]
person = { id = "id", emails = ["email"], phones = ["phone"] }
"""
LIST = """\
[[interactions]]
rows = "rows"
requests = [{ path = "/rows", query = { of = "{record_id}" } }]
one = { path = "/rows/{external_id}" }
"""
FIELDS = """\
[fields]
id = "id"
record_id = "person"
started_at = "at"
channel = { fixed = "CHAT" }
"""
SMALL = HEAD + LIST + FIELDS


def tried(text: str, transport: httpx.AsyncBaseTransport, **config: Any) -> Declarative:
    """The connector of a manifest's text."""
    given: Mapping[str, Any] = {"options": {"manifest": "tried"}, "region": "IT", **config}
    return made_of(read(text, "tried.toml"))(
        SourceConfig("tried", "https://api.example.org", **given), transport, lambda: NOW
    )


class Played(httpx.AsyncBaseTransport):
    """Answers by path with JSON; keeps what it was asked."""

    def __init__(self, answers: Mapping[str, Any]) -> None:
        self._answers = answers
        self.asked: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self._answers.get(request.url.path)
        if callable(answer):
            answer = answer(request)
        if isinstance(answer, httpx.Response):
            return answer
        return httpx.Response(404) if answer is None else httpx.Response(200, json=answer)
