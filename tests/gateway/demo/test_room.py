"""The parts of the demo page's surroundings that need no process of their own."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
from starlette.types import Message, Receive, Scope, Send

from gateway.demo import world
from gateway.demo.line import Line, OnTheLine
from gateway.demo.room import Room
from gateway.serving import assemble
from sandbox.app import SandboxSettings, create_app
from sandbox.population import build
from tests.gateway.graph.conftest import NOW, SANDBOX_URL, run_gateway


async def test_a_gateway_that_is_no_demo_has_none_of_it() -> None:
    assembled, _ = run_gateway()
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=assembled.app), base_url="http://localhost"
    ) as client:
        for path in ("/demo", "/demo/desk.js", "/demo/desk.json", "/demo/viewers.json"):
            assert (await client.get(path)).status_code == 404
        for path in ("/demo/token", "/demo/control/ring"):
            assert (await client.post(path)).status_code == 404
    await assembled.gateway.aclose()


def test_the_desks_configuration_is_sound(tmp_path: Path) -> None:
    config = tmp_path / "gateway.toml"
    config.write_text(world.CONFIG.read_text() + world.AT_THE_DESK.read_text())
    environment = {**world.environment(SANDBOX_URL), **world.environment_at_the_desk(SANDBOX_URL)}
    store = {"GATEWAY_STORE__URL": f"sqlite:///{tmp_path}/journey.db"}
    settings = assemble(config, {**environment, **store}, watch=False).configuration.settings
    assert {source.name for source in settings.sources if source.webhook} == set(world.WEBHOOKS.values())


async def test_without_a_store_nothing_is_posted_and_no_message_can_come() -> None:
    population = build(1, NOW, showcase=True)
    sandbox = create_app(population, SandboxSettings(clock=lambda: NOW))
    room = Room(population, sandbox.state.gates, Line(), ("127.0.0.1", 9), has_store=False)
    assembled = assemble(world.CONFIG, world.environment(SANDBOX_URL), more_routes=room.routes, watch=False)
    transport = httpx.ASGITransport(app=assembled.app)
    headers = {"origin": "http://localhost", "x-journey-demo": "desk"}
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=headers) as client:
        assert (await client.get("/demo/desk.json")).json()["hasWebhooks"] is False
        caller = {"customer": "showcase", "viewer": "anna.verdi", "text": "Hello"}
        assert (await client.post("/demo/control/whatsapp", json=caller)).json() == {"told": False}
        assert (await client.post("/demo/control/ring", json=caller)).json()["told"]
    await assembled.gateway.aclose()
    await room.aclose()


class Streaming:
    """An application that says one thing and goes on until its reader leaves."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"one", "more_body": True})
        while (await receive())["type"] != "http.disconnect":
            pass


async def test_what_is_under_way_ends_when_the_line_is_cut() -> None:
    line, sent = Line(), asyncio.Queue[Message]()
    silence = asyncio.Event()

    async def receive() -> Message:
        await silence.wait()
        raise AssertionError("nobody leaves here")

    scope = {"type": "http", "path": "/graphql", "headers": [(b"origin", b"http://localhost")]}
    over = OnTheLine(Streaming(), line, "/graphql")
    async with asyncio.timeout(10):
        running = asyncio.ensure_future(over(scope, receive, sent.put))
        assert [(await sent.get())["type"], (await sent.get())["body"]] == ["http.response.start", b"one"]
        line.cut()
        assert await sent.get() == {"type": "http.response.body", "body": b""}
        await running
        line.mend()
        again = asyncio.ensure_future(over(scope, receive, sent.put))
        assert (await sent.get())["status"] == 200
        line.cut()
        await again


def test_whoever_rings_is_somebody_or_nobody_for_sure() -> None:
    callers = world.callers(build(1, NOW, showcase=True))
    assert callers[0]["name"] == "Eleanor Whitmore"
    assert len({caller["phone"] for caller in callers}) == len(callers)
    assert {caller["key"] for caller in callers if caller["name"] is None} == {"shared", "switchboard", "nobody"}
