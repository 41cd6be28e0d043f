"""Vendors that fail, in every way a network and a server can; each carries a canary that must not be heard again."""

from __future__ import annotations

import asyncio
import gzip
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import cache

import aiohttp
import httpx

from connectors.errors import (
    ConnectorError,
    MalformedError,
    RateLimitedError,
    RefusedError,
    TimedOutError,
    UnavailableError,
)
from connectors.http import MAX_BODY_BYTES

CANARY = "canary-7f3a-Ombretta"
"""Stands for whatever a vendor says: texts, names, addresses, secrets."""

Answerer = Callable[[httpx.Request], Awaitable[httpx.Response]]

HEADERS = {"Content-Type": "application/json", "X-Canary": CANARY, "Location": f"https://{CANARY}.example.org/"}


@dataclass(frozen=True)
class Fault:
    """`answers` instead of the vendor, and what the connector must make of it.

    `nothing_is_right`: an empty answer is right as well; it may be what the vendor says when there is nothing.
    `seconds`: the deadline. `retry_after_seconds`: what the error must carry, give or take a few.
    """

    name: str
    answers: Answerer
    error: type[ConnectorError]
    nothing_is_right: bool = False
    seconds: float = 30.0
    retry_after_seconds: float | None = None


class Faulty(httpx.AsyncBaseTransport):
    """`inner`, until `after` questions were asked; from then on the fault. A token is always to be had."""

    def __init__(self, inner: httpx.AsyncBaseTransport, fault: Fault, token_path: str | None, after: int = 0) -> None:
        self._inner = inner
        self._fault = fault
        self._token_path = token_path
        self._healthy = after
        self.struck = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == self._token_path:
            return await self._inner.handle_async_request(request)
        if self._healthy > 0:
            self._healthy -= 1
            return await self._inner.handle_async_request(request)
        self.struck = True
        return await self._fault.answers(request)


@dataclass
class Counted(httpx.AsyncBaseTransport):
    """`inner`, and what it was asked."""

    inner: httpx.AsyncBaseTransport
    requests: list[httpx.Request] = field(default_factory=list)
    is_closed: bool = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return await self.inner.handle_async_request(request)

    async def aclose(self) -> None:
        self.is_closed = True


class Pieces(httpx.AsyncByteStream):
    """A body in pieces, then an error where there is one; `pause_seconds` before each piece."""

    def __init__(self, pieces: Sequence[bytes], error: Exception | None = None, pause_seconds: float = 0.0) -> None:
        self._pieces = pieces
        self._error = error
        self._pause_seconds = pause_seconds

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            if self._pause_seconds:
                await asyncio.sleep(self._pause_seconds)
            yield piece
        if self._error is not None:
            raise self._error


def raises(error: Exception) -> Answerer:
    async def answer(request: httpx.Request) -> httpx.Response:
        raise error

    return answer


def says(status: int, body: bytes = b"", **headers: str) -> Answerer:
    """`headers`: `retry_after="5"` is `Retry-After: 5`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    async def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(status, headers={**HEADERS, **named}, content=body)

    return answer


def streams(
    pieces: Callable[[], Sequence[bytes]], error: Exception | None = None, pause_seconds: float = 0.0, **headers: str
) -> Answerer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    async def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={**HEADERS, **named}, stream=Pieces(pieces(), error, pause_seconds))

    return answer


async def _silence(request: httpx.Request) -> httpx.Response:
    await asyncio.Event().wait()
    raise AssertionError("unreachable")


@cache
def bomb() -> bytes:
    return gzip.compress(b" " * (MAX_BODY_BYTES + 1))


@cache
def _half_gzip() -> bytes:
    whole = gzip.compress(f'{{"{CANARY}": "{"".join(map(str, range(5000)))}"}}'.encode())
    return whole[: len(whole) // 2]


def _spaces() -> list[bytes]:
    return [b" " * 1024 * 1024] * (MAX_BODY_BYTES // (1024 * 1024) + 1)


BODY = f'{{"error": "{CANARY}", "message": "{CANARY}"}}'.encode()
TINY_SECONDS = 0.05

TRANSPORT_FAULTS = [
    Fault("connect timeout", raises(httpx.ConnectTimeout(CANARY)), TimedOutError),
    Fault("read timeout", raises(httpx.ReadTimeout(CANARY)), TimedOutError),
    Fault("pool timeout", raises(httpx.PoolTimeout(CANARY)), TimedOutError),
    Fault("socket timeout", raises(aiohttp.ServerTimeoutError(CANARY)), TimedOutError),
    Fault("no answer", _silence, TimedOutError, seconds=TINY_SECONDS),
    Fault("slow drip", streams(lambda: [b" "] * 10_000, pause_seconds=0.005), TimedOutError, seconds=TINY_SECONDS),
    Fault("no connection", raises(httpx.ConnectError(CANARY)), UnavailableError),
    Fault("dropped while asking", raises(httpx.WriteError(CANARY)), UnavailableError),
    Fault("no HTTP", raises(httpx.RemoteProtocolError(CANARY)), UnavailableError),
    Fault("disconnected", raises(aiohttp.ServerDisconnectedError(CANARY)), UnavailableError),
    Fault("connection reset", raises(ConnectionResetError(104, CANARY)), UnavailableError),
    Fault("wrong certificate", raises(ssl.SSLCertVerificationError(1, CANARY)), UnavailableError),
    Fault("reset in the body", streams(lambda: [BODY[:9]], error=httpx.ReadError(CANARY)), UnavailableError),
    Fault("gzip cut short", streams(lambda: [_half_gzip()], content_encoding="gzip"), UnavailableError),
    Fault("no gzip", streams(lambda: [CANARY.encode()], content_encoding="gzip"), MalformedError),
    Fault("gzip bomb", streams(lambda: [bomb()], content_encoding="gzip"), MalformedError),
    Fault("body without end", streams(_spaces), MalformedError),
    Fault("brotli", streams(lambda: [BODY], content_encoding="br"), MalformedError),
]

STATUS_FAULTS = [
    Fault("301", says(301, BODY), RefusedError),
    Fault("302 to a login page", says(302, b"<html>"), RefusedError),
    Fault("400", says(400, BODY), MalformedError),
    Fault("401", says(401, BODY), RefusedError),
    Fault("403", says(403, BODY), RefusedError),
    Fault("404", says(404, BODY), MalformedError, nothing_is_right=True),
    Fault("408", says(408, BODY), UnavailableError),
    Fault("429", says(429, BODY), RateLimitedError),
    Fault("429 in seconds", says(429, BODY, retry_after="17"), RateLimitedError, retry_after_seconds=17),
    Fault("429 in vain", says(429, BODY, retry_after=CANARY), RateLimitedError),
    Fault("500", says(500, BODY), UnavailableError),
    Fault("502", says(502, b"<html>" + CANARY.encode()), UnavailableError),
    Fault("503", says(503, BODY), UnavailableError),
    Fault("503 with a time", says(503, BODY, retry_after="17"), RateLimitedError, retry_after_seconds=17),
]


def rate_limit_until(now: datetime) -> Fault:
    """`Retry-After` as a date, by the connector's own clock."""
    date = format_datetime((now + timedelta(seconds=90)).astimezone(UTC), usegmt=True)
    return Fault("429 until a date", says(429, BODY, retry_after=date), RateLimitedError, retry_after_seconds=90)


BODY_FAULTS = [
    Fault("HTML with 200", says(200, f"<html><body>{CANARY}".encode(), content_type="text/html"), MalformedError),
    Fault("nothing with 200", says(200), MalformedError),
    Fault("cut short", says(200, BODY[:-9]), MalformedError),
    Fault("not UTF-8", says(200, b'{"\xff": "\xfe"}'), MalformedError),
    Fault("another object", says(200, f'{{"{CANARY}": ["{CANARY}"]}}'.encode()), MalformedError),
    Fault("a text", says(200, f'"{CANARY}"'.encode()), MalformedError),
    Fault("a number", says(200, b"17"), MalformedError),
    Fault("a list of texts", says(200, f'["{CANARY}"]'.encode()), MalformedError, nothing_is_right=True),
    Fault("an empty list", says(200, b"[]"), MalformedError, nothing_is_right=True),
    Fault("null", says(200, b"null"), MalformedError, nothing_is_right=True),
    Fault("a deep well", says(200, b"[" * 100_000), MalformedError),
]

FAULTS = [*TRANSPORT_FAULTS, *STATUS_FAULTS, *BODY_FAULTS]
