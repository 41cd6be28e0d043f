"""A gateway over the sandbox for tests in a browser: `python -m tests.gateway.pages.serve ORIGIN…` lets pages of these
origins in, prints its address and its viewers as one line of JSON, and ends with its standard input."""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import UTC, datetime
from tempfile import TemporaryDirectory

import httpx

from gateway.demo import world
from gateway.demo.serve import routes
from gateway.logs import configure_logs
from gateway.serving import assemble, listen, make_server
from sandbox.app import SandboxSettings, create_app
from sandbox.population import build


async def serve(origins: list[str]) -> None:
    population = build(1, datetime.now(UTC), depth=20, showcase=True)
    sandbox = create_app(population, SandboxSettings(goes_on=True))
    with TemporaryDirectory(prefix="journey-pages-") as folder, listen("127.0.0.1", 0) as bound:
        assembled = assemble(
            world.CONFIG,
            {
                **world.environment("http://127.0.0.1:1"),
                "GATEWAY_GATEWAY__DEADLINE_MS": "30000",  # the machine may be busy
                "GATEWAY_STORE__URL": f"sqlite:///{folder}/journey.db",
                "GATEWAY_GATEWAY__ORIGINS": ",".join(origins),
            },
            transport=lambda section: httpx.ASGITransport(app=sandbox),
            more_routes=lambda issuer: routes(issuer, population),
            viewers_path="/demo/viewers.json",
            watch=False,
        )
        told = {
            "address": f"http://127.0.0.1:{bound.getsockname()[1]}",
            "tokens": {viewer["name"]: viewer["token"] for viewer in world.viewers(assembled.issuer)},
        }
        server = make_server(assembled.app, lambda: print(json.dumps(told), flush=True))
        serving = asyncio.create_task(server.serve(sockets=[bound]))
        await asyncio.to_thread(sys.stdin.read)
        server.should_exit = True
        await serving


if __name__ == "__main__":
    configure_logs("WARNING")
    asyncio.run(serve(sys.argv[1:]))
