"""The entrance: what holds for every request, whether an endpoint answers at once or Starlette behind it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
import structlog
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from gateway.web import SAFE_HEADERS, Answer, Call, Entrance

MAX_BODY_BYTES = 100
DESK, OTHER_DESK, FOREIGN = b"https://desk.example.org", b"https://other.example.org", b"https://evil.example.com"
VARIES = (b"vary", b"Origin")
EXPOSES = (b"access-control-expose-headers", b"x-request-id")
PATHS = ("/direct", "/routed")
"""The same application, once known to the entrance and once behind Starlette."""


@dataclass
class House:
    """An entrance, what is behind it, and whoever came in."""

    calls: list[Call] = field(default_factory=list)
    error: BaseException | None = None

    def __post_init__(self) -> None:
        routes = [Route("/routed", self.routed, methods=["POST", "OPTIONS"]), Route("/stream", self.stream)]
        self.app = Entrance(
            Starlette(routes=routes).router,
            {"/direct": self.direct},
            MAX_BODY_BYTES,
            ["localhost", "*.example.org"],
            [DESK.decode(), OTHER_DESK.decode()],
        )

    async def direct(self, call: Call) -> Answer:
        self.calls.append(call)
        if self.error is not None:
            raise self.error
        return Answer(200, "text/plain", call.body or b"", ((b"x-more", b"1"),))

    async def routed(self, request: Request) -> Response:
        self.calls.append(request.scope["state"]["call"])
        if self.error is not None:
            raise self.error
        return Response(await request.body(), media_type="application/octet-stream", headers={"x-more": "1"})

    async def stream(self, request: Request) -> Response:
        return PlainTextResponse("kept", headers={"cache-control": "max-age=60"})


@dataclass
class Reply:
    messages: list[Message]

    @property
    def status(self) -> int:
        return int(self.messages[0]["status"])

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        return list(self.messages[0]["headers"])

    def header(self, name: bytes) -> list[bytes]:
        return [value for given, value in self.headers if given == name]

    @property
    def origin_headers(self) -> list[tuple[bytes, bytes]]:
        return [(name, value) for name, value in self.headers if name == b"vary" or name.startswith(b"access-control")]

    @property
    def body(self) -> bytes:
        return b"".join(message["body"] for message in self.messages[1:])

    @property
    def error(self) -> dict[str, Any]:
        """Of a refusal."""
        [error] = msgspec.json.decode(self.body)["errors"]
        assert self.header(b"content-type") == [b"application/json"]
        assert self.header(b"content-length") == [b"%d" % len(self.body)]
        assert error["extensions"]["requestId"].encode() in self.header(b"x-request-id")
        return {"code": error["extensions"]["code"], "message": error["message"]}


@dataclass
class Client:
    house: House
    unread: list[bytes | None] = field(default_factory=list)

    async def send(
        self,
        *headers: tuple[bytes, bytes],
        path: str = "/direct",
        method: str = "POST",
        parts: Sequence[bytes | None] = (b"",),
        host: bytes = b"localhost",
    ) -> Reply:
        """`parts` of the body; None where the client leaves."""
        self.unread = list(parts)
        reply = Reply([])

        async def receive() -> Message:
            part = self.unread.pop(0) if self.unread else None
            if part is None:
                return {"type": "http.disconnect"}
            return {"type": "http.request", "body": part, "more_body": bool(self.unread)}

        async def send(message: Message) -> None:
            reply.messages.append(message)

        await self.house.app(scope_of(method, path, [(b"host", host), *headers]), receive, send)
        return reply


def scope_of(method: str, path: str, headers: list[tuple[bytes, bytes]]) -> Scope:
    return {"type": "http", "method": method, "path": path, "root_path": "", "query_string": b"", "headers": headers}


@pytest.fixture
def house() -> House:
    return House()


@pytest.fixture
def client(house: House) -> Client:
    return Client(house)


@pytest.fixture
def logged() -> Iterator[list[MutableMapping[str, Any]]]:
    entries: list[MutableMapping[str, Any]] = []

    def keep(_: Any, level: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        entries.append({**event, "level": level})
        raise structlog.DropEvent

    structlog.configure(processors=[keep])
    yield entries
    structlog.reset_defaults()


# ------------------------------------------------------------------------ both ways


@pytest.mark.parametrize("path", PATHS)
async def test_an_answer_has_its_own_headers_and_those_of_every_answer(client: Client, path: str) -> None:
    reply = await client.send((b"x-request-id", b"an-id-of-theirs"), path=path, parts=[b"abc"])
    media_type = b"text/plain" if path == "/direct" else b"application/octet-stream"
    assert reply.status == 200
    assert sorted(reply.headers) == sorted(
        [
            (b"content-length", b"3"),
            (b"content-type", media_type),
            (b"x-more", b"1"),
            VARIES,
            (b"x-request-id", b"an-id-of-theirs"),
            *SAFE_HEADERS,
        ]
    )
    assert reply.body == b"abc"


async def test_a_route_may_say_otherwise_where_a_header_is_ours_by_default(client: Client) -> None:
    reply = await client.send(path="/stream", method="GET")
    assert reply.header(b"cache-control") == [b"max-age=60"]
    assert reply.header(b"x-content-type-options") == [b"nosniff"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "parts", [[b"abcdef"], [b"", b"abc", b"", b"def", b""], [b"a", b"b", b"c", b"d", b"e", b"f"]], ids=len
)
async def test_a_body_in_parts_is_one_body(client: Client, path: str, parts: list[bytes]) -> None:
    reply = await client.send(path=path, parts=parts)
    assert reply.body == b"abcdef"
    assert client.house.calls[0].body == b"abcdef"


async def test_a_body_in_one_part_is_not_copied(client: Client) -> None:
    whole = bytes(range(90))
    await client.send(parts=[whole])
    assert client.house.calls[0].body is whole


async def test_ids_that_we_give_differ(client: Client) -> None:
    ids = {(await client.send()).header(b"x-request-id")[0] for _ in range(50)}
    assert len(ids) == 50
    assert all(re.fullmatch(rb"[0-9a-f]{16}", given) for given in ids)
    assert {call.request_id.encode() for call in client.house.calls} == ids


@pytest.mark.parametrize("path", PATHS)
async def test_of_several_headers_with_one_name_the_first_counts(client: Client, path: str) -> None:
    reply = await client.send(
        (b"host", b"evil.example.com"),
        (b"x-request-id", b"the-first-one"),
        (b"x-request-id", b"the-second-one"),
        (b"authorization", b"Bearer one"),
        (b"authorization", b"Bearer two"),
        (b"origin", FOREIGN),
        (b"origin", DESK),
        path=path,
    )
    assert reply.status == 200
    assert reply.header(b"x-request-id") == [b"the-first-one"]
    assert reply.origin_headers == [EXPOSES, VARIES]
    assert client.house.calls[0].header(b"authorization") == "Bearer one"


async def test_headers_may_hold_any_byte(client: Client) -> None:
    await client.send((b"x-work-profile", b"Zo\xeb"))
    assert client.house.calls[0].header(b"x-work-profile") == "Zoë"
    assert client.house.calls[0].header(b"x-other") is None


# ------------------------------------------------------------------------ origins


@pytest.mark.parametrize("path", [*PATHS, "/nowhere"])
@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        (DESK, [EXPOSES, (b"access-control-allow-origin", DESK), VARIES]),
        (OTHER_DESK, [EXPOSES, (b"access-control-allow-origin", OTHER_DESK), VARIES]),
        (FOREIGN, [EXPOSES, VARIES]),
        (b"null", [EXPOSES, VARIES]),
        (b"*", [EXPOSES, VARIES]),
        (b"", [EXPOSES, VARIES]),
        (DESK + b"\xff", [EXPOSES, VARIES]),
        (None, [VARIES]),
    ],
)
async def test_only_configured_origins_may_read(
    client: Client, path: str, origin: bytes | None, expected: list[tuple[bytes, bytes]]
) -> None:
    reply = await client.send(*[(b"origin", origin)] * (origin is not None), path=path)
    assert reply.origin_headers == expected


@pytest.mark.parametrize("path", [*PATHS, "/nowhere"])
async def test_a_preflight_is_answered_before_anybody_is_called(client: Client, path: str) -> None:
    reply = await client.send(
        (b"origin", DESK), (b"access-control-request-method", b"POST"), path=path, method="OPTIONS"
    )
    assert reply.status == 200
    assert reply.header(b"access-control-allow-origin") == [DESK]
    assert reply.header(b"access-control-allow-methods") == [b"POST"]
    assert reply.header(b"access-control-max-age") == [b"600"]
    assert {b"authorization", b"content-type", b"x-work-profile"} <= set(
        reply.header(b"access-control-allow-headers")[0].split(b", ")
    )
    assert len(reply.header(b"vary")) == 1
    assert {*SAFE_HEADERS} <= {*reply.headers}
    assert client.house.calls == []


@pytest.mark.parametrize(
    "headers",
    [
        [(b"origin", FOREIGN), (b"access-control-request-method", b"POST")],
        [(b"origin", DESK), (b"access-control-request-method", b"DELETE")],
        [
            (b"origin", DESK),
            (b"access-control-request-method", b"POST"),
            (b"access-control-request-headers", b"x-other"),
        ],
    ],
)
async def test_a_preflight_for_anything_else_is_refused(client: Client, headers: list[tuple[bytes, bytes]]) -> None:
    reply = await client.send(*headers, method="OPTIONS")
    assert reply.status == 400
    assert client.house.calls == []


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("OPTIONS", [(b"origin", DESK)]),
        ("OPTIONS", [(b"access-control-request-method", b"POST")]),
        ("POST", [(b"origin", DESK), (b"access-control-request-method", b"POST")]),
    ],
)
async def test_what_is_no_preflight_is_a_request(
    client: Client, path: str, method: str, headers: list[tuple[bytes, bytes]]
) -> None:
    await client.send(*headers, path=path, method=method)
    assert [call.method for call in client.house.calls] == [method]


# ------------------------------------------------------------------------ refused at the door


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("host", "answered"),
    [
        (b"LocalHost:8000", True),
        (b"desk.example.org", True),
        (b"a.desk.example.org:1", True),
        (b"example.org", False),
        (b"localhost:port", False),
        (b"evilexample.org", False),
        (b"8000", False),
        (b"\xff", False),
    ],
)
async def test_only_our_hosts_are_answered(client: Client, path: str, host: bytes, answered: bool) -> None:
    reply = await client.send((b"origin", DESK), host=host, path=path)
    if answered:
        assert reply.status == 200
    else:
        assert (reply.status, client.house.calls) == (400, [])
        assert reply.error == {"code": "BAD_USER_INPUT", "message": "This host is not answered here."}
        assert reply.origin_headers == []


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("headers", "parts", "unread"),
    [
        pytest.param([], [b"x" * 60, b"x" * 41, b"never read"], 1, id="in parts, without a length"),
        pytest.param([], [b"x" * 101], 0, id="at once, without a length"),
        pytest.param([(b"content-length", b"1")], [b"x" * 101], 0, id="more than was said"),
        pytest.param([(b"content-length", b"101")], [b"x"], 1, id="said before"),
        pytest.param([(b"content-length", b"1e1")], [b"x"], 1, id="no number"),
        pytest.param([(b"content-length", b"-1")], [b"x"], 1, id="negative"),
    ],
)
async def test_a_body_that_is_too_large_is_not_read_to_its_end(
    client: Client, path: str, headers: list[tuple[bytes, bytes]], parts: list[bytes], unread: int
) -> None:
    reply = await client.send((b"origin", DESK), *headers, path=path, parts=parts)
    assert reply.status == 413
    assert reply.header(b"access-control-allow-origin") == [DESK]
    assert reply.error == {"code": "BAD_USER_INPUT", "message": "The body is larger than 100 bytes."}
    assert {*SAFE_HEADERS} <= {*reply.headers}
    assert client.house.calls == []
    assert len(client.unread) == unread


@pytest.mark.parametrize("path", PATHS)
async def test_a_body_of_the_allowed_size_is_taken(client: Client, path: str) -> None:
    reply = await client.send((b"content-length", b"100"), path=path, parts=[b"x" * 60, b"x" * 40])
    assert (reply.status, len(reply.body)) == (200, 100)


# ------------------------------------------------------------------------ clients who leave, and what breaks


@pytest.mark.parametrize("parts", [[None], [b"abc", None]], ids=["at once", "in the middle"])
async def test_half_a_body_is_none(client: Client, parts: list[bytes | None]) -> None:
    await client.send(path="/direct", parts=parts)
    assert client.house.calls[0].body is None


async def test_starlette_is_told_that_the_client_left(client: Client, logged: list[MutableMapping[str, Any]]) -> None:
    await client.send(path="/routed", parts=[b"abc", None])
    assert [entry.get("error") for entry in logged] == ["ClientDisconnect", None]


async def test_starlette_waits_for_the_client_behind_the_body() -> None:
    """Whoever asks again after the body hears of the real connection."""
    heard: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        heard.extend([(await receive())["type"], (await receive())["type"]])
        await send({"type": "http.response.start", "status": 204})
        await send({"type": "http.response.body"})

    messages: AsyncIterator[Message] = stream([{"type": "http.request", "body": b"x"}, {"type": "http.disconnect"}])

    async def send(message: Message) -> None:
        pass

    entrance = Entrance(app, {}, MAX_BODY_BYTES, ["*"])
    await entrance(scope_of("POST", "/", []), lambda: anext(messages), send)  # type: ignore[arg-type, return-value]
    assert heard == ["http.request", "http.disconnect"]


async def stream(messages: list[Message]) -> AsyncIterator[Message]:
    for message in messages:
        yield message


@pytest.mark.parametrize("path", PATHS)
async def test_what_breaks_is_an_internal_error_with_a_line_that_names_only_its_kind(
    client: Client, path: str, logged: list[MutableMapping[str, Any]]
) -> None:
    client.house.error = RuntimeError("Giulia Bianchi, +393331110001")
    reply = await client.send((b"origin", DESK), (b"x-request-id", b"the-same-id"), path=path)
    assert reply.status == 500
    assert reply.error == {"code": "INTERNAL", "message": "Something went wrong in the gateway."}
    assert {*SAFE_HEADERS} <= {*reply.headers}
    assert reply.header(b"access-control-allow-origin") == [DESK], "the page can tell people the request's id"
    first, second = logged
    assert first == {
        "event": "internal_error",
        "level": "error",
        "request_id": "the-same-id",
        "error": "RuntimeError",
    }
    assert (second["event"], second["status"]) == ("request", 500)


@pytest.mark.parametrize("path", PATHS)
async def test_what_breaks_on_the_way_out_is_not_answered_twice(
    house: House, path: str, logged: list[MutableMapping[str, Any]]
) -> None:
    sent: list[str] = []

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        sent.append(message["type"])
        if message["type"] == "http.response.body":
            raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        await house.app(scope_of("POST", path, [(b"host", b"localhost")]), receive, send)
    assert sent == ["http.response.start", "http.response.body"]
    assert [entry["event"] for entry in logged] == ["internal_error", "request"]


# ------------------------------------------------------------------------ the log


@pytest.mark.parametrize("path", [*PATHS, "/graphql", "/graphql/+393331110001"])
async def test_a_request_is_one_line_without_what_the_caller_wrote(
    client: Client, path: str, logged: list[MutableMapping[str, Any]]
) -> None:
    reply = await client.send((b"x-request-id", b"the-same-id"), (b"authorization", b"Bearer secret"), path=path)
    [line] = logged
    assert line.pop("duration_ms") >= 0
    assert line == {
        "event": "request",
        "level": "info",
        "request_id": "the-same-id",
        "method": "POST",
        "route": path if path == "/graphql" else "other",
        "status": reply.status,
    }


async def test_a_request_that_is_cancelled_is_a_line_too(house: House, logged: list[MutableMapping[str, Any]]) -> None:
    house.error = asyncio.CancelledError()
    with pytest.raises(asyncio.CancelledError):
        await Client(house).send()
    assert [(line["event"], line["status"]) for line in logged] == [("request", 0)]


async def test_other_scopes_are_not_ours(logged: list[MutableMapping[str, Any]]) -> None:
    seen: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["type"])

    async def never(*_: Any) -> Any:
        raise AssertionError

    await Entrance(app, {}, MAX_BODY_BYTES, [])({"type": "lifespan"}, never, never)
    assert (seen, logged) == (["lifespan"], [])
