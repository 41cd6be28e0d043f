"""What surrounds every request: an id, a bounded body, hosts, origins, safe headers, one log line.

The entrance stands before Starlette. A path that it knows is answered at once, from a `Call` to an `Answer`;
everything else goes on to Starlette, and both ways back lead through the same door.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence

import msgspec
import structlog
from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.errors import BadUserInputError, GatewayError, InternalError
from gateway.graph.errors import shown_error

log = structlog.get_logger()

RawHeader = tuple[bytes, bytes]
"""Name in small letters, and value."""

JSON = "application/json"
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{8,64}")
SAFE_HEADERS: tuple[RawHeader, ...] = (
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)
KNOWN_ROUTES = frozenset(
    {"/graphql", "/healthz", "/readyz", "/embed", "/embed.css", "/demo/viewers.json", "/demo/customers.json"}
)
KNOWN_FOLDERS = ("/ingest", "/widget", "/graphiql")
"""Only paths of ours are logged: a mistaken one may hold anything."""


class Call(msgspec.Struct, frozen=True):
    """A request as an endpoint sees it. `headers`: of several with one name, the first. `body`: whole, and not
    larger than allowed; None when the caller left before its end. `query`: of its address, as it was sent."""

    method: str
    headers: Mapping[bytes, bytes]
    body: bytes | None
    request_id: str
    query: bytes = b""

    def header(self, name: bytes) -> str | None:
        value = self.headers.get(name)
        return None if value is None else value.decode("latin-1")


class Answer(msgspec.Struct, frozen=True):
    status: int
    media_type: str
    body: bytes
    more_headers: tuple[RawHeader, ...] = ()

    @property
    def headers(self) -> list[RawHeader]:
        return [
            (b"content-length", b"%d" % len(self.body)),
            (b"content-type", self.media_type.encode()),
            *self.more_headers,
        ]


class Streamed(msgspec.Struct, frozen=True):
    """An answer that goes on: told piece by piece until it ends or its reader leaves."""

    status: int
    media_type: str
    pieces: AsyncIterator[bytes]


Endpoint = Callable[[Call], Awaitable[Answer | Streamed]]
HEARTBEAT_SECONDS = 12.0
HEARTBEAT = b":\n\n"
"""A comment in a stream of events: keeps what stands in between from closing it, and notices a reader who has gone."""


def refusing(
    error: GatewayError,
    status: int,
    request_id: str,
    media_type: str = JSON,
    more_headers: tuple[RawHeader, ...] = (),
) -> Answer:
    """The whole request is refused, in GraphQL's JSON."""
    body = msgspec.json.encode({"errors": [shown_error(error, request_id)]})
    return Answer(status, media_type, body, more_headers)


class Entrance:
    """Outermost: gives each request an id (the caller's own, when it is a sane one), answers to its own hosts alone,
    caps the body, logs the end, and turns whatever got lost on the way into an INTERNAL error."""

    def __init__(
        self,
        app: ASGIApp,
        endpoints: Mapping[str, Endpoint],
        max_body_bytes: int,
        hosts: Sequence[str],
        origins: Sequence[str] = (),
        body_limits: Mapping[str, int] | None = None,
    ) -> None:
        """`endpoints`: by path, for every method. `body_limits`: by path, where it is not `max_body_bytes`. `hosts`:
        names without a port; `*.example.org` is every name below that one. `origins`: those whose pages may read
        answers."""
        self._app = app
        self._endpoints = endpoints
        self._max_body_bytes = max_body_bytes
        self._body_limits = body_limits or {}
        self._answers_to = Hosts(hosts)
        self._origins = Origins(app, origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        headers: dict[bytes, bytes] = dict(reversed([*scope["headers"]]))  # backwards, so that the first one stays
        offered = headers.get(b"x-request-id", b"")
        request_id = offered.decode() if _REQUEST_ID.fullmatch(offered) else secrets.token_hex(8)
        door = _Door(send, request_id)
        try:
            await self._let_in(scope, headers, receive, door)
        except Exception as error:
            log.error("internal_error", request_id=request_id, error=type(error).__name__)
            if door.status:
                raise
            await door.answer(refusing(InternalError(), 500, request_id))
        finally:
            path = scope["path"]
            log.info(
                "request",
                request_id=request_id,
                method=scope["method"],
                route=_route(path),
                status=door.status,
                duration_ms=round((time.perf_counter() - started) * 1000, 1),
            )

    async def _let_in(self, scope: Scope, headers: Mapping[bytes, bytes], receive: Receive, door: _Door) -> None:
        try:
            if not self._answers_to(headers.get(b"host", b"").decode("latin-1")):
                raise _RefusedError(400, "This host is not answered here.")
            # from here on a page of ours may read what went wrong
            door.origin_headers = self._origins.headers(headers.get(b"origin"))
            limit = self._body_limits.get(scope["path"], self._max_body_bytes)
            body = await self._read(headers, receive, limit)
        except _RefusedError as refused:
            await door.answer(refusing(refused.error, refused.status, door.request_id))
            return
        method: str = scope["method"]
        if method == "OPTIONS" and self._origins.asked_before(headers):
            door.origin_headers = ()
            await self._origins.preflight(scope, receive, door.send)
            return
        call = Call(method, headers, body, door.request_id, scope.get("query_string", b""))
        endpoint = self._endpoints.get(scope["path"])
        if endpoint is not None:
            answer = await endpoint(call)
            if isinstance(answer, Streamed):
                await door.stream(answer, receive)
            else:
                await door.answer(answer)
        else:
            scope.setdefault("state", {})["call"] = call
            await self._app(scope, _once(body, receive), door.send)

    async def _read(self, headers: Mapping[bytes, bytes], receive: Receive, limit: int) -> bytes | None:
        """The whole body, read before anything looks at it; None when the caller leaves. What the headers claim is
        believed only when it is already too much."""
        claimed = headers.get(b"content-length", b"0")
        if not claimed.isdigit() or int(claimed) > limit:
            raise _too_large(limit)
        parts: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return None
            part: bytes = message.get("body", b"")
            if part:
                parts.append(part)
                size += len(part)
            if size > limit:
                raise _too_large(limit)
            if not message.get("more_body", False):
                return b"".join(parts)  # a single part is given as it is, not copied


def _route(path: str) -> str:
    if path in KNOWN_ROUTES:
        return path
    return next((folder for folder in KNOWN_FOLDERS if path == folder or path.startswith(f"{folder}/")), "other")


def _too_large(limit: int) -> _RefusedError:
    return _RefusedError(413, f"The body is larger than {limit} bytes.")


class Hosts:
    """The names that are answered to. `*.example.org` is every name below that one."""

    def __init__(self, hosts: Sequence[str]) -> None:
        self._hosts = frozenset(host.lower() for host in hosts)
        self._domains = tuple(host[1:].lower() for host in hosts if host.startswith("*.")) or ("\0",)

    def __call__(self, host: str) -> bool:
        """Whether a `Host` header names one of them; its port is not looked at."""
        host = host.lower()
        name, _, port = host.rpartition(":")
        if not port.isdigit():
            name = host
        return name in self._hosts or "*" in self._hosts or name.endswith(self._domains)


class _RefusedError(Exception):
    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.error = BadUserInputError(sentence)


class _Door:
    """The way back: completes the headers of whatever goes out, and remembers what it was.

    `status`: 0 until an answer has begun. `origin_headers`: added while one goes out.
    """

    __slots__ = ("_send", "origin_headers", "request_id", "status")

    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        self.request_id = request_id
        self.origin_headers: tuple[RawHeader, ...] = ()
        self.status = 0

    async def answer(self, answer: Answer) -> None:
        await self.send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        await self.send({"type": "http.response.body", "body": answer.body})

    async def stream(self, answer: Streamed, receive: Receive) -> None:
        headers = [(b"content-type", answer.media_type.encode()), (b"x-accel-buffering", b"no")]
        await self.send({"type": "http.response.start", "status": answer.status, "headers": headers})
        telling, leaving = asyncio.ensure_future(self._tell(answer.pieces)), asyncio.ensure_future(_left(receive))
        try:
            await asyncio.wait((telling, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (telling, leaving):
                task.cancel()
            results = await asyncio.gather(telling, leaving, return_exceptions=True)
        for result in results:
            if isinstance(result, Exception):
                raise result

    async def _tell(self, pieces: AsyncIterator[bytes]) -> None:
        """Each piece as it comes, and a heartbeat when none has come for a while."""
        following: asyncio.Future[bytes] | None = None
        try:
            while True:
                following = following or asyncio.ensure_future(anext(pieces))
                done, _ = await asyncio.wait((following,), timeout=HEARTBEAT_SECONDS)
                piece = HEARTBEAT
                if done:
                    try:
                        piece = following.result()
                    except StopAsyncIteration:
                        break
                    following = None
                await self._send({"type": "http.response.body", "body": piece, "more_body": True})
        finally:
            if following is not None:
                following.cancel()
                await asyncio.gather(following, return_exceptions=True)
            close = getattr(pieces, "aclose", None)
            if close is not None:
                await close()
        await self._send({"type": "http.response.body", "body": b""})

    async def send(self, message: Message) -> None:
        """ASGI's `send` for whoever answers."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = message["headers"] = [*message.get("headers", ())]
            given = {name for name, _ in headers}
            if b"access-control-allow-origin" not in given:  # what is for every origin says so itself
                headers += self.origin_headers
            headers.append((b"x-request-id", self.request_id.encode()))
            headers += [header for header in SAFE_HEADERS if header[0] not in given]
        await self._send(message)


async def _left(receive: Receive) -> None:
    """Returns when the reader has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


class Origins:
    """CORS: the configured origins alone, and no cookies. Starlette words the answers to preflights."""

    def __init__(self, app: ASGIApp, origins: Sequence[str]) -> None:
        exposed = (b"access-control-expose-headers", b"x-request-id")
        varies = (b"vary", b"Origin")
        self._headers: dict[bytes | None, tuple[RawHeader, ...]] = {None: (varies,)}
        self._foreign: tuple[RawHeader, ...] = (exposed, varies)
        for origin in map(str.encode, origins):
            self._headers[origin] = (exposed, (b"access-control-allow-origin", origin), varies)
        self._preflights = CORSMiddleware(
            app,
            allow_origins=origins,
            allow_methods=["POST"],
            allow_headers=[
                "authorization",
                "content-type",
                "x-work-profile",
                "x-request-id",
                "apollo-require-preflight",
            ],
            max_age=600,
        )

    def headers(self, origin: bytes | None) -> tuple[RawHeader, ...]:
        """What an answer says to a request that named this origin, or none."""
        return self._headers.get(origin, self._foreign)

    @staticmethod
    def asked_before(headers: Mapping[bytes, bytes]) -> bool:
        """Whether an OPTIONS request is a preflight."""
        return b"origin" in headers and b"access-control-request-method" in headers

    async def preflight(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._preflights.preflight_response(Headers(scope=scope))(scope, receive, send)


def _once(body: bytes | None, receive: Receive) -> Receive:
    """The body that was read, for somebody who reads it again."""
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        if body is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
