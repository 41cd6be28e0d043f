"""What the sandbox's tests share: a moment, an application, a client of it, a server of it on loopback."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import httpx
import uvicorn

from sandbox.app import Sandbox, SandboxSettings, create_app
from sandbox.population import Population, build

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SEED = 7


def sandbox_of(population: Population | None = None, **settings: object) -> Sandbox:
    """The sandbox as it is at NOW."""
    given = SandboxSettings(**{"clock": lambda: NOW, **settings})  # type: ignore[arg-type]
    return create_app(population or build(SEED, NOW), given)


def client_of(app: Sandbox, path: str = "", **options: object) -> httpx.AsyncClient:
    """A client whose addresses begin at a vendor's mount, without a network."""
    transport = httpx.ASGITransport(app=app)
    return httpx.AsyncClient(transport=transport, base_url=f"http://sandbox.test{path}", **options)  # type: ignore[arg-type]


@asynccontextmanager
async def serving(app: Sandbox) -> AsyncIterator[str]:
    """The sandbox over real HTTP on a free loopback port; gives its address, whose calls wait until it has started."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        app,
        http="httptools",
        lifespan="off",
        access_log=False,
        proxy_headers=False,
        log_level="critical",
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await running
        listener.close()
