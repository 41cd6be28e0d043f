"""Streams over real sockets: graphql-transport-ws and server-sent events, in the hands of clients of other people."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from gateway.live.hub import Hub
from gateway.serving import Assembled, listen, make_server
from sandbox.people import JOHN_PHONE
from tests.gateway.graph.conftest import SANDBOX_URL, run_gateway, tokens_of

WHO = "query Who($phone: String!) { singleCustomerView(by: {phone: $phone}) { customer { id } } }"
NEWS = """subscription News($id: ID!, $after: String) {
  journeyUpdated(customerId: $id, after: $after) {
    __typename
    cursor
    ... on SourceChanged { report { source { name } state } }
    ... on InteractionChanged { interaction { externalId } }
  }
}"""
PAGE = "query Page($id: ID!) { customer(id: $id) { journey(first: 5) { updateCursor nodes { externalId } } } }"
PROTOCOL = "graphql-transport-ws"


@dataclass
class Running:
    port: int
    assembled: Assembled
    sandbox: Starlette
    client: httpx.AsyncClient
    token: str

    @property
    def hub(self) -> Hub:
        hub = self.assembled.app.state.hub
        assert isinstance(hub, Hub)
        return hub

    async def ask(self, query: str, **variables: Any) -> Any:
        response = await self.client.post("/graphql", json={"query": query, "variables": variables})
        return response.json()

    async def customer(self) -> str:
        answer = await self.ask(WHO, phone=JOHN_PHONE)
        return str(answer["data"]["singleCustomerView"]["customer"]["id"])

    async def break_source(self, vendor: str, **settings: Any) -> None:
        """And let everybody look."""
        for watch, _ in self.hub._watches.values():
            await until(lambda watch=watch: watch.known is not None)
        transport = httpx.ASGITransport(app=self.sandbox)
        async with httpx.AsyncClient(transport=transport, base_url=SANDBOX_URL) as client:
            assert (await client.put(f"/_control/{vendor}", json=settings)).status_code == 200
        self.hub.wake(everybody=True)

    @asynccontextmanager
    async def socket(self, payload: Any = None, **headers: str) -> AsyncIterator[ClientConnection]:
        async with connect(
            f"ws://localhost:{self.port}/graphql",
            subprotocols=[PROTOCOL],
            additional_headers=headers,  # type: ignore[list-item]
        ) as socket:
            if payload is not None:
                await say(socket, "connection_init", payload=payload)
                assert (await hear(socket))["type"] == "connection_ack"
            yield socket

    @property
    def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


async def until(holds: Callable[[], bool]) -> None:
    """Real sockets take their time."""
    for _ in range(1_000):
        if holds():
            return
        await asyncio.sleep(0.01)
    pytest.fail("it never came to that")


async def say(socket: ClientConnection, type_: str, id_: str | None = None, payload: Any = None) -> None:
    message = {"type": type_, **({"id": id_} if id_ else {}), **({"payload": payload} if payload is not None else {})}
    await socket.send(json.dumps(message))


async def hear(socket: ClientConnection) -> Any:
    return json.loads(await asyncio.wait_for(socket.recv(), 10))


async def closing_of(socket: ClientConnection) -> int | None:
    with pytest.raises(ConnectionClosed) as closed:
        while True:
            await asyncio.wait_for(socket.recv(), 10)
    return closed.value.rcvd.code if closed.value.rcvd else None


@pytest.fixture
async def running() -> AsyncIterator[Running]:
    assembled, sandbox = run_gateway()
    listening = asyncio.Event()
    server = make_server(assembled.app, listening.set)
    with listen("localhost", 0) as bound:
        serving = asyncio.create_task(server.serve(sockets=[bound]))
        await asyncio.wait_for(listening.wait(), 10)
        port, token = bound.getsockname()[1], tokens_of(assembled.issuer)["Emma Hartley"]
        headers = {"authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(base_url=f"http://localhost:{port}", headers=headers) as client:
            yield Running(port, assembled, sandbox, client, token)
        server.should_exit = True
        await asyncio.wait_for(serving, 10)


async def test_news_arrive_over_a_socket_and_a_cursor_goes_on_behind_them(running: Running) -> None:
    customer = await running.customer()
    async with running.socket(running.bearer) as socket:
        await say(socket, "subscribe", "1", {"query": NEWS, "variables": {"id": customer}})
        await asyncio.sleep(0)
        await until(lambda: bool(running.hub._watches))
        await running.break_source("zendesk", fault="status", status=503)
        news = (await hear(socket))["payload"]["data"]["journeyUpdated"]
        assert news["__typename"] == "SourceChanged"
        assert news["report"]["state"] == "UNAVAILABLE"
        await say(socket, "complete", "1")
        await running.break_source("zendesk")
        again = {"query": NEWS, "variables": {"id": customer, "after": news["cursor"]}}
        await say(socket, "subscribe", "2", again)
        news = (await hear(socket))["payload"]["data"]["journeyUpdated"]
        assert (news["report"]["state"], news["__typename"]) == ("FRESH", "SourceChanged")


async def test_a_page_and_its_stream_join(running: Running) -> None:
    customer = await running.customer()
    cursor = (await running.ask(PAGE, id=customer))["data"]["customer"]["journey"]["updateCursor"]
    await running.break_source("zendesk", fault="status", status=503)
    async with running.socket(running.bearer) as socket:
        await say(socket, "subscribe", "1", {"query": NEWS, "variables": {"id": customer, "after": cursor}})
        news = (await hear(socket))["payload"]["data"]["journeyUpdated"]
        assert news["__typename"] == "SourceChanged"


async def test_a_cursor_of_a_stream_that_is_gone_is_answered_by_a_reset(running: Running) -> None:
    customer = await running.customer()
    cursor = (await running.ask(PAGE, id=customer))["data"]["customer"]["journey"]["updateCursor"]
    await running.hub.aclose()
    async with running.socket(running.bearer) as socket:
        await say(socket, "subscribe", "1", {"query": NEWS, "variables": {"id": customer, "after": cursor}})
        assert (await hear(socket))["payload"]["data"]["journeyUpdated"]["__typename"] == "JourneyReset"


async def test_events_are_told_line_by_line_to_who_takes_no_json(running: Running) -> None:
    customer = await running.customer()
    asked = {"query": NEWS, "variables": {"id": customer}}
    async with running.client.stream("POST", "/graphql", json=asked, headers={"accept": "text/event-stream"}) as answer:
        assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert answer.headers["cache-control"] == "no-store"
        lines = answer.aiter_lines()
        await until(lambda: bool(running.hub._watches))
        await running.break_source("zendesk", fault="status", status=503)
        heard = [await asyncio.wait_for(anext(lines), 10) for _ in range(2)]
    assert heard[0] == "event: next"
    assert json.loads(heard[1].removeprefix("data: "))["data"]["journeyUpdated"]["__typename"] == "SourceChanged"
    await until(lambda: not any(watch.listeners for watch, _ in running.hub._watches.values()))


@pytest.mark.parametrize("accept", ["application/json, text/event-stream", "text/event-stream, */*", "*/*"])
async def test_who_takes_json_gets_json(running: Running, accept: str) -> None:
    asked = {"query": WHO, "variables": {"phone": JOHN_PHONE}}
    answer = await running.client.post("/graphql", json=asked, headers={"accept": accept})
    assert answer.headers["content-type"] == "application/json"
    refused = await running.client.post(
        "/graphql", json={"query": NEWS, "variables": {"id": "x"}}, headers={"accept": accept}
    )
    assert refused.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_query_as_events_is_one_of_them(running: Running) -> None:
    asked = {"query": WHO, "variables": {"phone": JOHN_PHONE}}
    answer = await running.client.post("/graphql", json=asked, headers={"accept": "text/event-stream"})
    first, second, third, _, fourth, *_ = answer.text.split("\n")
    assert (first, third, fourth) == ("event: next", "", "data: ") or fourth == "event: complete"
    assert "singleCustomerView" in second and answer.text.endswith("event: complete\ndata: \n\n")
    assert "\r" not in answer.text


async def test_a_query_and_its_errors_go_over_a_socket_as_well(running: Running) -> None:
    async with running.socket(running.bearer) as socket:
        await say(socket, "subscribe", "1", {"query": WHO, "variables": {"phone": JOHN_PHONE}})
        answered = [await hear(socket), await hear(socket)]
        assert [message["type"] for message in answered] == ["next", "complete"]
        await say(socket, "subscribe", "2", {"query": "{ nothing }"})
        message = await hear(socket)
        assert (message["type"], message["id"]) == ("error", "2")
        assert message["payload"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
        await say(socket, "subscribe", "3", {"query": NEWS, "variables": {"id": "nobody"}})
        message = await hear(socket)
        assert message["payload"][0]["extensions"]["code"] == "BAD_USER_INPUT"
        await say(socket, "ping")
        assert (await hear(socket))["type"] == "pong"


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ([("subscribe", "1", {"query": WHO})], 4401),
        ([("connection_init", None, {"Authorization": "Bearer nobody"})], 4401),
        ([("connection_init", None, {})], 4401),
        ([("nonsense", None, None)], 4400),
        ([("connection_init", None, "own"), ("connection_init", None, "own")], 4429),
        ([("connection_init", None, "own"), ("subscribe", None, {"query": WHO})], 4400),
        ([("connection_init", None, "own"), ("subscribe", "1", {"query": 7})], 4400),
        ([("connection_init", None, "own"), ("subscribe", "1", {"query": NEWS}), ("subscribe", "1", {})], 4409),
        ([("connection_init", None, "profile")], 4403),
    ],
)
async def test_whoever_breaks_the_protocol_is_told_why(running: Running, said: list[Any], code: int) -> None:
    customer = await running.customer()
    async with running.socket() as socket:
        for type_, id_, payload in said:
            if payload == "own":
                payload = running.bearer
            if payload == "profile":
                payload = {**running.bearer, "workProfile": "unheard of"}
            if isinstance(payload, dict) and payload.get("query") is NEWS:
                payload = {**payload, "variables": {"id": customer}}
            await say(socket, type_, id_, payload)
        assert await closing_of(socket) == code


async def test_a_connection_ends_with_its_token_also_when_nothing_is_asked(running: Running) -> None:
    claims = {"roles": ["supervisor"], "kind": "SUPERVISOR"}
    token = running.assembled.issuer.mint("emma.hartley", claims, timedelta(seconds=1))
    async with running.socket({"Authorization": f"Bearer {token}"}) as socket:
        assert await closing_of(socket) == 4401


async def test_what_is_no_message_ends_the_connection(running: Running) -> None:
    for text in ("{", "[]", "1", '{"type": 7}', "[" * 50_000):
        async with running.socket() as socket:
            await socket.send(text)
            assert await closing_of(socket) == 4400


async def test_a_page_of_another_origin_gets_no_socket(running: Running) -> None:
    from websockets.exceptions import InvalidStatus

    with pytest.raises(InvalidStatus):
        async with running.socket(origin="https://evil.example.org"):
            pass


async def test_another_protocol_is_refused(running: Running) -> None:
    async with connect(f"ws://localhost:{running.port}/graphql", subprotocols=["graphql-ws"]) as socket:  # type: ignore[list-item]
        assert await closing_of(socket) == 4406
