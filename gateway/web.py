"""What surrounds every request: an id, a bounded body, origins, safe headers, one log line."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Sequence

import msgspec
import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.errors import BadUserInputError, InternalError
from gateway.graph.errors import shown_error

log = structlog.get_logger()

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
SAFE_HEADERS = {
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}


class RequestScope:
    """Outermost: gives each request an id (the caller's own, when it is a sane one), answers to its own hosts alone,
    caps the body, logs the end, and turns whatever got lost on the way into an INTERNAL error."""

    def __init__(self, app: ASGIApp, max_body_bytes: int, hosts: Sequence[str]) -> None:
        """`hosts`: names without a port; `*.example.org` is every name below that one."""
        self._app = app
        self._max_body_bytes = max_body_bytes
        self._hosts = frozenset(host.lower() for host in hosts)
        self._domains = tuple(host[1:].lower() for host in hosts if host.startswith("*."))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        offered = headers.get("x-request-id", "")
        request_id = offered if _REQUEST_ID.fullmatch(offered) else secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = request_id
        status, started = 0, time.perf_counter()

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                out = MutableHeaders(scope=message)
                out["x-request-id"] = request_id
                for name, value in SAFE_HEADERS.items():
                    out.setdefault(name, value)
            await send(message)

        try:
            if not self._answers(headers.get("host", "")):
                await _answer(send_with_headers, 400, BadUserInputError("This host is not answered here."), request_id)
                return
            body = await self._read(headers, receive)
            if body is None:
                sentence = f"The body is larger than {self._max_body_bytes} bytes."
                await _answer(send_with_headers, 413, BadUserInputError(sentence), request_id)
            else:
                await self._app(scope, body, send_with_headers)
        except Exception as error:
            log.error("internal_error", request_id=request_id, error=type(error).__name__)
            if status:
                raise
            await _answer(send_with_headers, 500, InternalError(), request_id)
        finally:
            log.info(
                "request",
                request_id=request_id,
                method=scope["method"],
                route=_route(scope["path"]),
                status=status,
                duration_ms=round((time.perf_counter() - started) * 1000, 1),
            )

    def _answers(self, host: str) -> bool:
        name = host.lower().rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host.lower()
        return name in self._hosts or "*" in self._hosts or name.endswith(self._domains or ("\0",))

    async def _read(self, headers: Headers, receive: Receive) -> Receive | None:
        """The whole body, read before anything looks at it; None when it is too large. What the headers claim is
        believed only when it is already too much."""
        claimed = headers.get("content-length", "0")
        if not claimed.isdigit() or int(claimed) > self._max_body_bytes:
            return None
        body = bytearray()
        more = True
        while more:
            message = await receive()
            if message["type"] != "http.request":
                return _once(bytes(body), message, receive)
            body += message.get("body", b"")
            if len(body) > self._max_body_bytes:
                return None
            more = message.get("more_body", False)
        return _once(bytes(body), None, receive)


def _once(body: bytes, ending: Message | None, receive: Receive) -> Receive:
    given = False

    async def replay() -> Message:
        nonlocal given
        if not given:
            given = True
            return ending or {"type": "http.request", "body": body, "more_body": False}
        return await receive()

    return replay


async def _answer(send: Send, status: int, error: BadUserInputError | InternalError, request_id: str) -> None:
    body = msgspec.json.encode({"errors": [shown_error(error, request_id)]})
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


KNOWN_ROUTES = frozenset({"/graphql", "/healthz", "/readyz", "/demo/viewers.json", "/demo/customers.json"})


def _route(path: str) -> str:
    """Only paths of ours are logged: a mistaken one may hold anything."""
    return path if path in KNOWN_ROUTES else "other"


def cors(origins: Sequence[str]) -> Middleware:
    """The configured origins alone, and no cookies."""
    return Middleware(
        CORSMiddleware,
        allow_origins=list(origins),
        allow_methods=["POST"],
        allow_headers=["authorization", "content-type", "x-work-profile", "x-request-id", "apollo-require-preflight"],
        expose_headers=["x-request-id"],
        max_age=600,
    )
