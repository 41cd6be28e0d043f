"""`gateway demo`: the gateway beside the sandbox, in one process, with nothing to set up."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from tempfile import TemporaryDirectory

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from gateway.demo import world
from gateway.logs import configure_logs
from gateway.serving import assemble, listen, make_server
from gateway.viewer.issuer import LocalIssuer
from sandbox.app import SandboxSettings, create_app
from sandbox.population import Population, build


async def serve_demo(
    host: str, port: int, sandbox_port: int, depth: int, say: Callable[[str, list[dict[str, str]]], None]
) -> None:
    """Serve until stopped. `say` is told the gateway's address and the viewers once queries are answered."""
    configure_logs("WARNING")
    population = build(1, datetime.now(UTC), depth=depth)
    sandbox_socket = listen("127.0.0.1", sandbox_port)
    sandbox_url = f"http://127.0.0.1:{sandbox_socket.getsockname()[1]}"
    sandbox = make_server(create_app(population, SandboxSettings(goes_on=True)))
    bound = listen(host, port)
    shown_host = "localhost" if host in ("0.0.0.0", "::") else host  # noqa: S104 - what to open, not what to bind
    address = f"http://{shown_host}:{bound.getsockname()[1]}"
    with _store() as store:
        assembled = assemble(
            world.CONFIG,
            {**world.environment(sandbox_url), **store},
            more_routes=lambda issuer: routes(issuer, population),
            watch=False,
        )
        server = make_server(assembled.app, lambda: say(address, world.viewers(assembled.issuer)))
        try:
            async with asyncio.TaskGroup() as group:
                vendors = group.create_task(sandbox.serve(sockets=[sandbox_socket]))
                await server.serve(sockets=[bound])
                sandbox.should_exit = True
                await vendors
        finally:
            sandbox_socket.close()
            bound.close()


@contextmanager
def _store() -> Iterator[dict[str, str]]:
    """Where a store can be, until the demo ends; nothing where no file may be written, so nothing is kept there."""
    with ExitStack() as until_the_end:
        try:
            folder = until_the_end.enter_context(TemporaryDirectory(prefix="journey-gateway-"))
        except OSError:
            yield {}
        else:
            yield {"GATEWAY_STORE__URL": f"sqlite:///{folder}/journey.db"}


def routes(issuer: LocalIssuer, population: Population) -> list[BaseRoute]:
    """What a demo page needs to know; in demo mode only."""

    async def viewers(request: Request) -> Response:
        return JSONResponse(world.viewers(issuer))

    async def customers(request: Request) -> Response:
        return JSONResponse(world.customers(population))

    return [Route("/demo/viewers.json", viewers), Route("/demo/customers.json", customers)]


def curl(address: str, token: str) -> str:
    """A command to paste that asks the demo's first question."""
    body = json.dumps({"query": " ".join(world.QUERY.split())}).replace("'", "'\\''")
    return (
        f"curl -s {address}/graphql \\\n"
        f"  -H 'Authorization: Bearer {token}' \\\n"
        f"  -H 'Content-Type: application/json' \\\n"
        f"  -d '{body}'"
    )
