"""The demo's gateway over the sandbox, with a setting or two of its own, asked as browsers ask."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from gateway.demo import world
from gateway.serving import assemble
from sandbox.app import SandboxSettings, create_app
from sandbox.population import build
from tests.gateway.graph.conftest import GATEWAY_URL, NOW, SANDBOX_URL, WITHOUT_HURRY_MS, Running, tokens_of

DESK, CRM = "https://desk.example.org", "http://crm.example.org:8443"


@asynccontextmanager
async def gateway(viewers_path: str | None = None, **settings: str) -> AsyncIterator[Running]:
    """`settings`: of `[gateway]`, as the environment has them."""
    sandbox = create_app(build(1, NOW, depth=20), SandboxSettings(clock=lambda: NOW))
    overrides = {f"GATEWAY_GATEWAY__{name.upper()}": value for name, value in settings.items()}
    assembled = assemble(
        world.CONFIG,
        {**world.environment(SANDBOX_URL), "GATEWAY_GATEWAY__DEADLINE_MS": WITHOUT_HURRY_MS, **overrides},
        transport=lambda section: httpx.ASGITransport(app=sandbox),
        viewers_path=viewers_path,
        watch=False,
    )
    transport = httpx.ASGITransport(app=assembled.app)
    async with httpx.AsyncClient(transport=transport, base_url=GATEWAY_URL) as client:
        yield Running(assembled, sandbox, client, tokens_of(assembled.issuer))
    await assembled.gateway.aclose()


@asynccontextmanager
async def browser(**settings: str) -> AsyncIterator[httpx.AsyncClient]:
    async with gateway(**settings) as running:
        yield running.client
