"""A gateway over a company, and what its HTTP answers are, byte for byte, at a stopped moment."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import msgspec
from starlette.types import ASGIApp

from gateway.app import create_app
from gateway.core import Clocks, Gateway
from gateway.demo import world
from gateway.graph.ids import Ids
from gateway.sealing import Sealer
from gateway.settings import load
from gateway.settings.registry import Installed
from gateway.sources.source import Source
from gateway.viewer.viewer import Viewer
from tests.gateway.support import SECRET
from tests.gateway.worlds.company import NOW, Company, Vendor

IDS = Ids(Sealer(SECRET, "id"))
CURSORS = Sealer(SECRET, "cursor")
REQUEST_ID = "two-worlds-1"


class Answer(NamedTuple):
    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes

    @property
    def data(self) -> Any:
        return msgspec.json.decode(self.body).get("data")

    def pretty(self) -> list[str]:
        told = msgspec.json.format(self.body, indent=1).decode().splitlines()
        return [str(self.status), *(f"{k.decode()}: {v.decode()}" for k, v in self.headers), *told]


@dataclass
class Turn:
    """Stands where the application has its gateway, and where tokens are verified: whose turn it is, is asked."""

    gateway: Gateway | None = None
    asking: Viewer | None = None
    store = following = widgets = None  # what an application is put together with: nothing is kept

    def __getattr__(self, name: str) -> Any:
        return getattr(self.gateway, name)

    async def viewer(self, *_: str | None) -> Viewer | None:
        return self.asking


@cache
def application() -> tuple[Turn, ASGIApp]:
    """One for all companies: what is behind it is put in at each question."""
    limits = {"GATEWAY_GATEWAY__MAX_TOKENS": "5000", "GATEWAY_GATEWAY__MAX_BODY_BYTES": "1000000"}
    settings = load(world.CONFIG, {**world.environment("http://127.0.0.1:1"), **limits}, Installed())
    turn: Any = Turn()
    return turn, create_app(settings, turn, turn)


def gateway_over(company: Company) -> Gateway:
    return Gateway(
        deployment=lambda: company.deployment,
        sources={
            name: Source(Vendor(name, company.holdings[name], rules.channels), company.enrichment(name))
            for name, rules in company.deployment.sources.items()
        },
        identity=lambda: company.identity,
        ids=IDS,
        cursors=CURSORS,
        deadline_seconds=60,
        clocks=Clocks(lambda: NOW, lambda: 0.0),
        region="IT",
    )


class Asked:
    """One company's gateway, behind everything that stands around a request."""

    def __init__(self, company: Company) -> None:
        self._gateway = gateway_over(company)
        self._viewer = company.viewer

    async def ask(self, document: str, variables: dict[str, Any]) -> Answer:
        body = msgspec.json.encode({"query": document, "variables": variables})
        headers = [
            (b"content-type", b"application/json"),
            (b"accept", b"application/graphql-response+json"),
            (b"x-request-id", REQUEST_ID.encode()),
            (b"host", b"localhost"),
        ]
        scope = {
            "type": "http",
            "method": "POST",
            "path": "/graphql",
            "query_string": b"",
            "headers": headers,
            "scheme": "http",
            "server": ("localhost", 80),
        }
        sent: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        turn, app = application()
        turn.gateway, turn.asking = self._gateway, self._viewer
        await app(scope, receive, send)
        content = b"".join(message.get("body", b"") for message in sent[1:])
        return Answer(sent[0]["status"], tuple(sent[0]["headers"]), content)
