"""The whole gateway over imitated vendors that are reached through real sockets, so that they can fail for real."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Iterator, Mapping, MutableMapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog

from gateway.core import Clocks
from gateway.demo import world
from gateway.serving import Assembled, assemble
from sandbox.app import SandboxSettings
from sandbox.serve import make_server

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
GATEWAY_URL = "http://localhost"
DEADLINE_MS = 1500
"""Where something hangs; elsewhere the gateway has all the time it needs, since the machine may be busy."""
WITHOUT_HURRY_MS = 10_000
SOURCES = tuple(world.SOURCES)


@dataclass
class Sandbox:
    """The control face of vendors that listen at `url`."""

    url: str

    def control(self, source: str, **settings: Any) -> None:
        answer = httpx.put(f"{self.url}/_control/{world.SOURCES[source]}", json=settings)
        assert answer.status_code == 200, answer.text

    def reset(self) -> None:
        httpx.post(f"{self.url}/_control/reset").raise_for_status()


@contextmanager
def listening_sandbox(now: datetime) -> Iterator[Sandbox]:
    """In a thread of its own, so that a gateway that blocks is seen to block."""
    server = make_server(port=0, now=now, depth=40, settings=SandboxSettings(clock=lambda: now))
    listening = threading.Event()
    startup = server.startup

    async def tell(*args: Any, **kwargs: Any) -> None:
        await startup(*args, **kwargs)
        listening.set()

    server.startup = tell  # type: ignore[method-assign]
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        assert listening.wait(10), "the sandbox does not start"
        yield Sandbox(f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}")
    finally:
        server.should_exit = True
        thread.join(10)


@pytest.fixture(scope="session")
def vendors() -> Iterator[Sandbox]:
    with listening_sandbox(NOW) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(vendors: Sandbox) -> Iterator[Sandbox]:
    """Everything is well, before a test and after it."""
    vendors.reset()
    yield vendors
    vendors.reset()


@dataclass
class Front:
    """A client of a running gateway."""

    assembled: Assembled
    client: httpx.AsyncClient
    tokens: dict[str, str]

    async def post(self, json: Any, viewer: str | None = "Emma Hartley", **headers: str) -> httpx.Response:
        if viewer is not None:
            headers.setdefault("authorization", f"Bearer {self.tokens[viewer]}")
        return await self.client.post("/graphql", json=json, headers=headers)

    async def ask(self, query: str, viewer: str = "Emma Hartley", /, **variables: Any) -> Any:
        response = await self.post({"query": query, "variables": variables}, viewer)
        assert response.status_code == 200, response.text
        return response.json()


@asynccontextmanager
async def running_gateway(
    sandbox: Sandbox,
    path: Path = world.CONFIG,
    environment: Mapping[str, str] | None = None,
    deadline_ms: int = WITHOUT_HURRY_MS,
) -> AsyncIterator[Front]:
    """Real HTTP behind it; in front, its application is called in this process. Its clock stands at `NOW`."""
    settings = {**world.environment(sandbox.url), "GATEWAY_GATEWAY__DEADLINE_MS": str(deadline_ms)}
    settings["GATEWAY_CACHE__URL"] = ""  # a fault is met at once
    assembled = assemble(path, {**settings, **(environment or {})}, clocks=Clocks(utc_now=lambda: NOW), watch=False)
    tokens = {viewer["name"]: viewer["token"] for viewer in world.viewers(assembled.issuer)}
    app = assembled.app
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=GATEWAY_URL) as client,
    ):
        yield Front(assembled, client, tokens)


@pytest.fixture
async def front(sandbox: Sandbox, request: pytest.FixtureRequest) -> AsyncIterator[Front]:
    """In a hurry for tests with a `fault` that takes for ever."""
    parameters = request.node.callspec.params if hasattr(request.node, "callspec") else {}
    hurried = parameters.get("fault") in ("hang", "drip")
    async with running_gateway(sandbox, deadline_ms=DEADLINE_MS if hurried else WITHOUT_HURRY_MS) as front:
        yield front


@pytest.fixture
def logged() -> Iterator[list[MutableMapping[str, Any]]]:
    """Every entry as it was meant, before the list of what may be said thins it out."""
    entries: list[MutableMapping[str, Any]] = []

    def keep(_: Any, name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        entries.append({**event, "level": name})
        raise structlog.DropEvent

    structlog.configure(processors=[keep])
    yield entries
    structlog.reset_defaults()
