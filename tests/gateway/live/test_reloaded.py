"""A configuration that changes reaches those who watch, over a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect

from gateway.serving import listen, make_server
from tests.gateway.live.test_carriers import NEWS, PROTOCOL, hear, say
from tests.gateway.told.test_told_sources import CONFIG, NUMBER, Running, running, visit

__all__ = ["running"]
WHO = "query($key: CustomerKey!) { singleCustomerView(by: $key) { customer { id } } }"
LONGEST_SECONDS = 5.0


@pytest.fixture
async def port(running: Running) -> AsyncIterator[int]:
    listening = asyncio.Event()
    server = make_server(running.assembled.app, listening.set)
    server.config.lifespan = "off"
    with listen("localhost", 0) as bound:
        serving = asyncio.create_task(server.serve(sockets=[bound]))
        await asyncio.wait_for(listening.wait(), 10)
        yield bound.getsockname()[1]
        server.should_exit = True
        await serving


async def test_roles_and_modules_that_are_taken_away_take_rows_back(
    running: Running, port: int, tmp_path: Path
) -> None:
    await running.told("visits", *visit(1, "2026-11-20T10:30:00Z"))
    await running.told("visits", *visit(2, "2026-11-21T10:30:00Z", "N"))
    token = running.token()
    customer = (await running.ask(WHO, {"key": NUMBER}))["singleCustomerView"]["customer"]["id"]
    watches = running.assembled.app.state.hub._watches
    async with connect(f"ws://localhost:{port}/graphql", subprotocols=[PROTOCOL]) as socket:  # type: ignore[list-item]
        await say(socket, "connection_init", payload={"Authorization": f"Bearer {token}"})
        assert (await hear(socket))["type"] == "connection_ack"
        await say(socket, "subscribe", "1", {"query": NEWS, "variables": {"id": customer}})
        async with asyncio.timeout(10):
            while not any(watch.known for watch, _ in watches.values()):  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.01)
        for old, new in (("[roles.reader]\n", '[roles.reader]\ndivisions = ["north"]\n'), (', "OTHER"]', "]")):
            assert old in CONFIG
            running.path.write_text(running.path.read_text().replace(old, new))
            began = asyncio.get_running_loop().time()
            assert running.assembled.configuration.reload()
            news: Any = (await hear(socket))["payload"]["data"]["journeyUpdated"]
            assert news["__typename"] == "InteractionRetracted"
            assert asyncio.get_running_loop().time() - began < LONGEST_SECONDS
