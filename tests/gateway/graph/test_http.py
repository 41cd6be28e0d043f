"""GraphQL over HTTP: what a request must be before anything runs, and what it gets when it is not."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Any

import httpx
import pytest
import structlog

from gateway.viewer.keys import new_key
from tests.gateway.graph.conftest import Running

WHO = {"query": "{ viewer { subject } }"}
JSON, GRAPHQL = "application/json", "application/graphql-response+json"


def bearer(running: Running) -> dict[str, str]:
    return {"authorization": f"Bearer {running.tokens['Emma Hartley']}"}


async def code(response: httpx.Response) -> tuple[int, str]:
    body = response.json()
    assert body.keys() == {"errors"}
    return response.status_code, body["errors"][0]["extensions"]["code"]


@pytest.mark.parametrize(
    "content_type", [JSON, "Application/JSON", "application/json;charset=utf-8", " application/json "]
)
async def test_json_is_taken_however_it_is_named(running: Running, content_type: str) -> None:
    answer = await running.post(WHO, **{"content-type": content_type})
    assert answer.status_code == 200
    assert answer.json()["data"]["viewer"]["subject"]


@pytest.mark.parametrize(
    "content_type", ["text/plain", "", "application/graphql", "application/jsonx", "x-application/json"]
)
async def test_anything_else_is_not(running: Running, content_type: str) -> None:
    assert await code(await running.post(WHO, **{"content-type": content_type})) == (400, "BAD_USER_INPUT")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS", "QUERY"])
async def test_operations_come_by_post_alone(running: Running, method: str) -> None:
    answer = await running.client.request(method, "/graphql", headers=bearer(running))
    assert await code(answer) == (405, "BAD_USER_INPUT")


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [(None, JSON), ("*/*", JSON), (GRAPHQL, GRAPHQL), (f"{GRAPHQL}; charset=utf-8, {JSON};q=0.9", GRAPHQL)],
)
async def test_the_answer_is_of_the_type_that_the_caller_names(
    running: Running, accept: str | None, media_type: str
) -> None:
    headers = {} if accept is None else {"accept": accept}
    for body, status in ((WHO, 200), ({"query": "{ nonsense }"}, 400 if media_type == GRAPHQL else 200)):
        answer = await running.post(body, **headers)
        assert (answer.status_code, answer.headers["content-type"]) == (status, media_type)
        assert answer.headers["content-length"] == str(len(answer.content))
    refused = await running.post(WHO, None, **headers)
    assert (refused.status_code, refused.headers["content-type"]) == (401, media_type)


async def test_who_asks_is_judged_before_what_they_ask(running: Running) -> None:
    answer = await running.client.post("/graphql", content=b"{", headers={"content-type": "text/plain"})
    assert await code(answer) == (401, "UNAUTHENTICATED")
    assert answer.headers["www-authenticate"] == 'Bearer realm="journey-gateway"'
    assert "www-authenticate" not in (await running.post("x")).headers


async def test_a_slash_at_the_end_leads_to_the_path_without(running: Running) -> None:
    answer = await running.client.post("/graphql/", json=WHO, headers=bearer(running))
    assert (answer.status_code, answer.headers["location"]) == (307, "http://localhost/graphql")


async def test_behind_a_prefix_it_answers_the_same(running: Running) -> None:
    transport = httpx.ASGITransport(app=running.assembled.app, root_path="/desk")
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        answer = await client.post("/desk/graphql", json=WHO, headers=bearer(running))
    direct = await running.post(WHO)
    assert (answer.status_code, answer.json()) == (200, direct.json())
    assert [name for name, _ in answer.headers.raw] == [name for name, _ in direct.headers.raw]


async def test_nothing_runs_for_who_has_left(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a body is no operation, even where the half is one."""
    logged: list[MutableMapping[str, Any]] = []
    monkeypatch.setattr("gateway.graph.schema.Executable.execute", None)

    def keep(_: Any, level: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        logged.append(event)
        raise structlog.DropEvent

    structlog.configure(processors=[keep])
    try:
        parts = [{"type": "http.request", "body": b'{"query": "{ viewer { subject } }"}', "more_body": True}]

        async def receive() -> MutableMapping[str, Any]:
            await asyncio.sleep(0)
            return parts.pop() if parts else {"type": "http.disconnect"}

        async def send(message: MutableMapping[str, Any]) -> None:
            pass

        headers = [(b"host", b"localhost"), (b"content-type", b"application/json")]
        headers += [(b"authorization", value.encode()) for value in bearer(running).values()]
        scope = {"type": "http", "method": "POST", "path": "/graphql", "headers": headers}
        await running.assembled.app(scope, receive, send)
    finally:
        structlog.reset_defaults()
    assert [entry["event"] for entry in logged] == ["internal_error", "request"]
    assert logged[0]["error"] == "ClientDisconnect"


async def test_a_key_that_nobody_configured_is_no_key(running: Running) -> None:
    for _ in range(2):
        answer = await running.post(WHO, None, authorization=f"Bearer {new_key('stranger')[0]}")
        assert await code(answer) == (401, "UNAUTHENTICATED")
