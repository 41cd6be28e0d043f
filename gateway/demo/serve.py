"""`gateway demo`: the gateway beside the sandbox, in one process, with nothing to set up."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from gateway.app import GRAPHQL_PATH
from gateway.demo import world
from gateway.demo.line import Line, OnTheLine
from gateway.demo.room import Room
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
    population = build(1, datetime.now(UTC), depth=depth, showcase=True)
    sandbox_socket = listen("127.0.0.1", sandbox_port)
    sandbox_url = f"http://127.0.0.1:{sandbox_socket.getsockname()[1]}"
    imitated = create_app(population, SandboxSettings(goes_on=True))
    sandbox = make_server(imitated)
    bound = listen(host, port)
    shown_host = "localhost" if host in ("0.0.0.0", "::") else host  # noqa: S104 - what to open, not what to bind
    address = f"http://{shown_host}:{bound.getsockname()[1]}"
    line = Line()
    with _configured(sandbox_url) as (config, environment, has_store):
        room = Room(population, imitated.state.gates, line, bound.getsockname()[:2], has_store=has_store)
        assembled = assemble(
            config,
            environment,
            more_routes=lambda issuer: [*routes(issuer, population), *room.routes(issuer)],
            viewers_path="/demo/viewers.json",
            watch=False,
        )
        assembled.app.add_middleware(OnTheLine, line=line, path=GRAPHQL_PATH)
        server = make_server(assembled.app, lambda: say(address, world.viewers(assembled.issuer)))
        try:
            async with asyncio.TaskGroup() as group:
                vendors = group.create_task(sandbox.serve(sockets=[sandbox_socket]))
                await server.serve(sockets=[bound])
                sandbox.should_exit = True
                await vendors
        finally:
            await room.aclose()
            sandbox_socket.close()
            bound.close()


@contextmanager
def _configured(sandbox_url: str) -> Iterator[tuple[Path, dict[str, str], bool]]:
    """The configuration, what it refers to, and whether there is a store: a file in a folder that goes when the demo
    ends. Where no file may be written nothing is kept, as `world.CONFIG` says, and nobody posts webhooks."""
    environment = world.environment(sandbox_url)
    with ExitStack() as until_the_end:
        try:
            folder = Path(until_the_end.enter_context(TemporaryDirectory(prefix="journey-gateway-")))
            config = folder / "gateway.toml"
            config.write_text(world.CONFIG.read_text() + world.AT_THE_DESK.read_text())
        except OSError:
            yield world.CONFIG, environment, False
        else:
            store = {"GATEWAY_STORE__URL": f"sqlite:///{folder}/journey.db"}
            yield config, {**environment, **world.environment_at_the_desk(sandbox_url), **store}, True


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
