"""What tests of connectors/http.py share: a client over a vendor that they make up."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import msgspec

from connectors.errors import MalformedError, RateLimitedError, RefusedError, TimedOutError, UnavailableError
from connectors.http import VendorHttp
from tests.connectors.support import NOW

BASE = "https://api.example.org/v2"
LEAVES = (TimedOutError, UnavailableError, RateLimitedError, RefusedError, MalformedError)
Handler = Callable[[httpx.Request], httpx.Response | Awaitable[httpx.Response]]


class Thing(msgspec.Struct):
    id: int


def over(handler: Any, base_url: str = BASE, **rest: Any) -> VendorHttp:
    return VendorHttp("desk", base_url, httpx.MockTransport(handler), utc_now=lambda: NOW, **rest)


def answering(status: int = 200, body: bytes = b'{"id": 1}', **headers: str) -> Handler:
    return lambda request: httpx.Response(status, content=body, headers=headers)


class Recorder:
    """Answers with what `replies` hold, the last of them for ever; an exception is raised."""

    def __init__(self, *replies: httpx.Response | Exception) -> None:
        self.replies = replies or (httpx.Response(200, json={"id": 1}),)
        self.requests: list[httpx.Request] = []

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        reply = self.replies[min(len(self.requests), len(self.replies)) - 1]
        if isinstance(reply, Exception):
            raise reply
        return reply
