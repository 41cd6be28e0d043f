"""Serves the sandbox over real HTTP on one port."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime

import uvicorn

from sandbox.app import SandboxSettings, create_app
from sandbox.population import build

DEFAULT_PORT = 8100


def make_server(
    host: str = "127.0.0.1",
    port: int = DEFAULT_PORT,
    seed: int = 1,
    depth: int = 200,
    now: datetime | None = None,
    *,
    people: int = 60,
    settings: SandboxSettings | None = None,
) -> uvicorn.Server:
    """A server that is not yet running; `await server.serve()` runs it in the caller's event loop."""
    population = build(seed, now or datetime.now(UTC), people, depth)
    config = uvicorn.Config(
        create_app(population, settings or SandboxSettings(goes_on=True)),
        host=host,
        port=port,
        http="httptools",
        lifespan="off",
        access_log=False,
        proxy_headers=False,
        log_level="warning",
        timeout_graceful_shutdown=1,
    )
    return uvicorn.Server(config)


def serve(
    host: str = "127.0.0.1",
    port: int = DEFAULT_PORT,
    seed: int = 1,
    depth: int = 200,
    now: datetime | None = None,
    *,
    people: int = 60,
    settings: SandboxSettings | None = None,
) -> None:
    """Serve until stopped. `now`: the moment the population is told from, the start of the server by default."""
    make_server(host, port, seed, depth, now, people=people, settings=settings).run()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="Imitated vendors over HTTP.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--people", type=int, default=60)
    parser.add_argument("--depth", type=int, default=200, help="contacts of the deep customer")
    parser.add_argument("--latency-ms", type=float, default=0)
    parser.add_argument("--rate-limits", action="store_true", help="enforce each vendor's calls a minute")
    given = parser.parse_args()
    settings = SandboxSettings(rate_limits=given.rate_limits, latency_ms=given.latency_ms, goes_on=True)
    serve(given.host, given.port, given.seed, given.depth, people=given.people, settings=settings)
