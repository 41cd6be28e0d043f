"""A whole gateway over vendors in memory and a store in a file, asked as clients ask it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette

from connectors.interaction import Channel, HeldIdentifier, Identifier, IdentifierKind, Record
from gateway.app import create_app
from gateway.core import Gateway
from gateway.customers.following import Following
from gateway.customers.identity import IdentityRules
from gateway.deployment import WorkProfile
from gateway.graph.execution.prepare import Documents
from gateway.live.hub import Hub
from gateway.privacy.limits import RateLimiter
from gateway.privacy.recorder import Recorder, Seen, read_entry
from gateway.settings import Settings, load
from gateway.sources.cache import SourceCache
from gateway.store.store import Store, database_at
from gateway.store.vault import Vault
from gateway.viewer.authenticate import Authenticator, verifier
from gateway.viewer.issuer import LocalIssuer
from gateway.viewer.widgets import WidgetTokens
from tests.gateway.support import SECRET, FakeVendor, StoppedClock, deployment_of, gateway_of

TEXT = """
[gateway]
modules = ["JOURNEY", "SUPPORT", "SURVEYS", "WEB_WIDGET", "WHATSAPP", "SOCIAL", "CAMPAIGNS", "WEB_TRACKING", "OTHER"]
region = "IT"
secret = { env = "SEAL" }
home_division = "home"
origins = ["https://crm.example.com"]

[divisions.north]

[roles.everything]
divisions = "*"
permissions = [
  "journey:event:view", "externalContacts:session:view", "journey:eventType:view", "routing:queue:search",
  "routing:wrapupCode:view", "customer:pii:view", "journey:analytics:view", "customer:identity:edit",
  "widget:token:create", "customer:data:erase", "customer:data:export", "audit:log:view",
]

[roles.reader]
permissions = ["journey:event:view", "externalContacts:session:view", "customer:pii:view"]

[roles.host]
permissions = ["journey:event:view", "externalContacts:session:view", "customer:pii:view", "widget:token:create"]

[roles.editor]
permissions = ["journey:event:view", "externalContacts:session:view", "customer:pii:view", "customer:identity:edit"]

[roles.privacy_officer]
divisions = "*"
permissions = ["customer:data:erase"]

[work_profiles.front]
channels = ["VOICE", "WHATSAPP"]

[work_profiles.back]
channels = ["TICKET"]
"""
PROFILES = (
    WorkProfile("front", frozenset({Channel.VOICE, Channel.WHATSAPP})),
    WorkProfile("back", frozenset({Channel.TICKET})),
)
EVERYTHING = {"roles": ["everything"], "kind": "SUPERVISOR"}
ORIGIN = "https://crm.example.com"


def identifier(kind: IdentifierKind, value: str, source: str | None = None) -> Identifier:
    return Identifier(kind, value, source=source)


def phone(value: str) -> Identifier:
    return Identifier(IdentifierKind.PHONE, value)


def email(value: str) -> Identifier:
    return Identifier(IdentifierKind.EMAIL, value)


def contact(source: str, record_id: str, *held: Identifier, **fields: Any) -> Record:
    own = Identifier(IdentifierKind.EXTERNAL_ID, record_id, source=source)
    carried = tuple(HeldIdentifier(one, verified=True) for one in (own, *held))
    return Record(source=source, id=record_id, identifiers=carried, **fields)


class Desk(FakeVendor):
    """Finds those who carry what is asked for."""

    async def fetch_records(self, identifiers: Any, deadline: Any) -> list[Record]:
        await super().fetch_records(identifiers, deadline)
        return [r for r in self.records if any(h.identifier in identifiers for h in r.identifiers)]


@dataclass
class House:
    gateway: Gateway
    app: Starlette
    settings: list[Settings]
    issuer: LocalIssuer
    client: httpx.AsyncClient
    clock: StoppedClock
    folder: Path
    documents: list[Documents]
    """Where documents that were sent are remembered."""

    @property
    def store(self) -> Store:
        assert self.gateway.store is not None
        return self.gateway.store

    @property
    def hub(self) -> Hub:
        hub = self.app.state.hub
        assert isinstance(hub, Hub)
        return hub

    def token(self, subject: str = "emma", minutes: int = 60, **claims: Any) -> str:
        return self.issuer.mint(subject, {**EVERYTHING, **claims}, timedelta(minutes=minutes))

    async def post(
        self, query: str, variables: Mapping[str, Any], token: str | None = None, **headers: str
    ) -> httpx.Response:
        headers["authorization"] = f"Bearer {token or self.token()}"
        body = {"query": query, "variables": dict(variables)}
        return await self.client.post("/graphql", json=body, headers=headers)

    async def ask(self, query: str, token: str | None = None, /, **variables: Any) -> Any:
        return (await self.post(query, variables, token)).json()

    async def recorded(self) -> list[Seen]:
        """Everything on record, each entry checked."""
        assert self.gateway.recorder is not None
        await self.gateway.recorder.flush()
        return [read_entry(entry.content) for entry in await self.store.audit.walk()]


@asynccontextmanager
async def house_over(*vendors: FakeVendor, folder: Path, text: str = TEXT, **fields: Any) -> AsyncIterator[House]:
    """Served until the end, with everything that runs beside."""
    path = folder / "gateway.toml"
    path.write_text(text)
    settings = [load(path, {"SEAL": SECRET.hex()})]
    clock = fields.pop("clock", None) or StoppedClock()
    store = Store(database_at("sqlite:///journey.db", folder), Vault(SECRET, fields.pop("keys", ())))
    cache = fields.pop("cache", None) or SourceCache(monotonic=clock.monotonic, utc_now=clock.utc_now)
    following = Following(IdentityRules(verifies={}), store.links, cache)
    widgets = WidgetTokens(SECRET, store.revocations, utc_now=clock.utc_now, monotonic=clock.monotonic)
    deployment = deployment_of(vendors, profiles=PROFILES, divisions=frozenset({"home", "north"}))
    limiter = fields.pop("limiter", None) or RateLimiter(100, 1000, clock.monotonic)
    gateway = gateway_of(
        *vendors,
        deployment=deployment,
        clock=clock,
        cache=cache,
        store=store,
        following=following,
        recorder=Recorder(store, fields.pop("max_waiting", 1000), clock.utc_now),
        widgets=widgets,
        limiter=limiter,
        region="IT",
        **fields,
    )
    object.__setattr__(gateway, "identity", following.rules)
    issuer = LocalIssuer(SECRET, clock.utc_now)

    def nobody() -> httpx.AsyncBaseTransport:
        raise AssertionError("no transport is needed")

    verifying = verifier(settings[0], nobody, [issuer.trusted()], utc_now=clock.utc_now)
    app = create_app(settings[0], gateway, Authenticator(lambda: settings[0], verifying, widgets))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://localhost") as client,
    ):
        owners = [getattr(drop, "__self__", None) for drop in gateway.memories.whole]
        documents = [owner for owner in owners if isinstance(owner, Documents)]
        yield House(gateway, app, settings, issuer, client, clock, folder, documents)
