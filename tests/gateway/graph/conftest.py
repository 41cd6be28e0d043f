"""The whole gateway over the whole sandbox, in one process, at one stopped moment."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from gateway.core import Clocks
from gateway.demo import world
from gateway.serving import Assembled, assemble
from gateway.viewer.issuer import LocalIssuer
from sandbox.app import SandboxSettings, create_app
from sandbox.population import build

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
SANDBOX_URL = "http://127.0.0.1:8100"
GATEWAY_URL = "http://localhost"
WITHOUT_HURRY_MS = "30000"
"""The deadline where nothing hangs: the machine may be busy."""


@dataclass
class Running:
    """`post` sends a body as it is; `ask` sends an operation as a viewer of the demo and gives the JSON."""

    assembled: Assembled
    sandbox: Starlette
    client: httpx.AsyncClient
    tokens: dict[str, str]

    async def post(self, json: Any, viewer: str | None = "Emma Hartley", **headers: str) -> httpx.Response:
        if viewer is not None:
            headers["authorization"] = f"Bearer {self.tokens[viewer]}"
        return await self.client.post("/graphql", json=json, headers=headers)

    async def ask(self, query: str, viewer: str = "Emma Hartley", /, **variables: Any) -> Any:
        response = await self.post({"query": query, "variables": variables}, viewer)
        assert response.status_code == 200, response.text
        return response.json()

    async def control(self, vendor: str, **settings: Any) -> None:
        """Slow or break one vendor."""
        transport = httpx.ASGITransport(app=self.sandbox)
        async with httpx.AsyncClient(transport=transport, base_url=SANDBOX_URL) as client:
            response = await client.put(f"/_control/{vendor}", json=settings)
            assert response.status_code == 200, response.text


def run_gateway(now: datetime = NOW, depth: int = 60) -> tuple[Assembled, Starlette]:
    sandbox = create_app(build(1, now, depth=depth), SandboxSettings(clock=lambda: now))
    assembled = assemble(
        world.CONFIG,
        {
            **world.environment(SANDBOX_URL),
            "GATEWAY_CACHE__URL": "",  # each question is answered by itself
            "GATEWAY_GATEWAY__DEADLINE_MS": WITHOUT_HURRY_MS,
        },
        transport=lambda section: httpx.ASGITransport(app=sandbox),
        clocks=Clocks(utc_now=lambda: now),
        watch=False,
    )
    return assembled, sandbox


def tokens_of(issuer: LocalIssuer) -> dict[str, str]:
    return {viewer["name"]: viewer["token"] for viewer in world.viewers(issuer)}


@pytest.fixture
async def running() -> AsyncIterator[Running]:
    assembled, sandbox = run_gateway()
    transport = httpx.ASGITransport(app=assembled.app)
    async with httpx.AsyncClient(transport=transport, base_url=GATEWAY_URL) as client:
        yield Running(assembled, sandbox, client, tokens_of(assembled.issuer))
    await assembled.gateway.aclose()
