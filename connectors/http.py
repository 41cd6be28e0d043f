"""One shared way to speak HTTP with a vendor: bounded, typed, and silent about what it carried.

httpx's types over an `httpx.AsyncBaseTransport` that is called directly: no client, no redirects, no cookies, no
proxy from the environment. Why: docs/decisions/0003-http-transport.md.
"""

from __future__ import annotations

import asyncio
import zlib
from base64 import b64encode
from collections.abc import Callable, Hashable, Iterable, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any, NamedTuple, Protocol, TypeVar, cast
from urllib.parse import quote, unquote, urlencode

import aiohttp
import httpx
import msgspec
from httpx_aiohttp import AiohttpTransport

from connectors.deadline import Deadline
from connectors.errors import (
    ConnectorError,
    MalformedError,
    RateLimitedError,
    RefusedError,
    TimedOutError,
    UnavailableError,
)

T = TypeVar("T")
Params = Sequence[tuple[str, str | int]]

MAX_BODY_BYTES = 10 * 1024 * 1024
CONNECT_TIMEOUT_SECONDS = 2.0
MAX_RETRY_AFTER_SECONDS = 3600.0


class Answer(NamedTuple):
    """`body` is decompressed."""

    status: int
    headers: httpx.Headers
    body: bytes


class Auth(Protocol):
    """How a request proves who asks. `header` may ask the vendor for a token first, through `http`."""

    async def header(self, http: VendorHttp, deadline: Deadline) -> tuple[str, str]: ...

    def reject(self, value: str) -> bool:
        """The vendor answered 401 to this header value: forget it. True if asking again may help."""
        ...


class StaticAuth:
    """A header that never changes: basic, bearer or API key."""

    def __init__(self, name: str, value: str) -> None:
        self._header = (name, value)

    async def header(self, http: VendorHttp, deadline: Deadline) -> tuple[str, str]:
        return self._header

    def reject(self, value: str) -> bool:
        return False


def basic(user: str, password: str) -> StaticAuth:
    """RFC 7617, UTF-8."""
    return StaticAuth("Authorization", basic_value(user, password))


def basic_value(user: str, password: str) -> str:
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


class _Token(msgspec.Struct):
    access_token: str
    expires_in: float = 3600.0


class ClientCredentials:
    """OAuth 2 client credentials (RFC 6749 §4.4); one caller fetches the token for all, early enough before it ends."""

    def __init__(self, token_url: str, client_id: str, client_secret: str) -> None:
        self._token_url = token_url
        self._authorization = basic_value(client_id, client_secret)
        self._value: str | None = None
        self._renew_at = 0.0
        self._lock = asyncio.Lock()

    async def header(self, http: VendorHttp, deadline: Deadline) -> tuple[str, str]:
        if self._is_used_up(deadline):
            try:
                async with asyncio.timeout(deadline.remaining_seconds()), self._lock:
                    if self._is_used_up(deadline):
                        await self._fetch(http, deadline)
            except TimeoutError:  # somebody with more time holds the lock
                raise TimedOutError(http.source, "no token within the deadline") from None
        assert self._value is not None
        return "Authorization", self._value

    def _is_used_up(self, deadline: Deadline) -> bool:
        return self._value is None or deadline.clock() >= self._renew_at

    async def _fetch(self, http: VendorHttp, deadline: Deadline) -> None:
        answer = await http.send_to(
            httpx.URL(self._token_url),
            "POST",
            deadline,
            headers=[
                ("Authorization", self._authorization),
                ("Content-Type", "application/x-www-form-urlencoded"),
            ],
            content=b"grant_type=client_credentials",
            expect=(400,),
        )
        if answer.status == 400:  # RFC 6749 §5.2: invalid_client and its kin
            raise RefusedError(http.source, "the token endpoint refused the client credentials")
        token = http.decode(answer.body, _Token)
        self._value = f"Bearer {token.access_token}"
        self._renew_at = deadline.clock() + max(token.expires_in - 60.0, token.expires_in / 2)

    def reject(self, value: str) -> bool:
        if self._value == value:
            self._value = None
        return True


def aiohttp_transport(max_connections: int = 20) -> httpx.AsyncBaseTransport:
    """The transport for real vendors. TLS is verified; nothing is read from the environment."""

    def session() -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(limit=max_connections, keepalive_timeout=30, ttl_dns_cache=60)
        return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False)

    return AiohttpTransport(trust_env=False, client=session)


@cache
def _decoder(type_: Hashable) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(cast(type[Any], type_))


def segment(value: str) -> str:
    """`value` as one path segment, whatever it holds; `.` and `..` are none, and refused when they are sent."""
    return quote(value, safe="", errors="replace")


def _is_timeout(error: BaseException) -> bool:
    """httpx_aiohttp tells every connection that failed or was dropped as a timeout; what lies behind it is right."""
    cause = error.__cause__ if isinstance(error.__cause__, aiohttp.ClientError) else error
    return isinstance(cause, (TimeoutError, httpx.TimeoutException))


class VendorHttp:
    """Speaks with one vendor under one credential.

    Every method raises one of the leaves of `connectors.errors` and nothing else: a vendor's text never leaves it.
    """

    def __init__(
        self,
        source: str,
        base_url: str,
        transport: httpx.AsyncBaseTransport,
        *,
        auth: Auth | None = None,
        headers: Iterable[tuple[str, str]] = (),
        max_body_bytes: int = MAX_BODY_BYTES,
        utc_now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.source = source
        self.base = httpx.URL(base_url.rstrip("/"))
        self._base_path = self.base.raw_path.decode().rstrip("/")
        self._transport = transport
        self._auth = auth
        self._max_body_bytes = max_body_bytes
        self._utc_now = utc_now
        self._headers = [
            ("Host", self.base.netloc.decode()),
            ("Accept", "application/json"),
            ("Accept-Encoding", "gzip"),
            ("User-Agent", "journey-gateway"),
            *headers,
        ]

    async def get(self, path: str, type_: type[T], deadline: Deadline, params: Params = ()) -> T:
        """The decoded body of a 2xx answer."""
        answer = await self.send("GET", path, deadline, params=params)
        return self.decode(answer.body, type_)

    async def get_or_none(self, path: str, type_: type[T], deadline: Deadline, params: Params = ()) -> T | None:
        """As `get`; None when the vendor answers 404 or 410."""
        answer = await self.send("GET", path, deadline, params=params, expect=(404, 410))
        return None if answer.status in (404, 410) else self.decode(answer.body, type_)

    async def post(self, path: str, body: Any, type_: type[T], deadline: Deadline, params: Params = ()) -> T:
        """Send `body` as JSON. Only for calls that read: they may be sent twice when a connection drops."""
        answer = await self.send("POST", path, deadline, params=params, json=body)
        return self.decode(answer.body, type_)

    async def send(
        self,
        method: str,
        path: str,
        deadline: Deadline,
        *,
        params: Params = (),
        json: Any = None,
        headers: Sequence[tuple[str, str]] = (),
        expect: Sequence[int] = (),
    ) -> Answer:
        """`path` begins with `/`, its segments already escaped (see `segment`); a query may follow in it.

        Statuses beside 2xx are errors unless listed in `expect`. A 401 is asked once more with a fresh token
        where there is one to be had.
        """
        url = self._url(path, params)
        content = None if json is None else msgspec.json.encode(json)
        extra = list(headers) if json is None else [*headers, ("Content-Type", "application/json")]
        if self._auth is None:
            return await self.send_to(url, method, deadline, headers=extra, content=content, expect=expect)
        for attempt in (0, 1):
            name, value = await self._auth.header(self, deadline)
            answer = await self.send_to(
                url, method, deadline, headers=[*extra, (name, value)], content=content, expect=(*expect, 401)
            )
            if answer.status != 401 or 401 in expect:
                return answer
            if not self._auth.reject(value) or attempt:
                break
        raise RefusedError(self.source, "the credential is not accepted")

    def relative(self, link: str) -> str:
        """The path and query of a vendor's own "next" link, for `send`. Malformed when it leads elsewhere."""
        try:
            url = self.base.join(link)
        except httpx.InvalidURL:
            raise MalformedError(self.source, "a link to the next page is no address") from None
        path = url.raw_path.decode()
        if (url.scheme, url.netloc) != (self.base.scheme, self.base.netloc) or not path.startswith(
            self._base_path + "/"
        ):
            raise MalformedError(self.source, "a link to the next page leads to another place")
        return path[len(self._base_path) :]

    def decode(self, body: bytes, type_: type[T]) -> T:
        """Malformed when the body is not JSON of that shape."""
        try:
            return cast(T, _decoder(cast(Hashable, type_)).decode(body))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise MalformedError(self.source, "the answer does not have the shape its description promises") from None

    def _url(self, path: str, params: Params) -> httpx.URL:
        raw = self._base_path + path
        if any(unquote(part) in (".", "..") for part in path.partition("?")[0].split("/")):
            raise MalformedError(self.source, "a path does not stay where it begins")
        try:
            if params:
                raw += ("&" if "?" in path else "?") + urlencode(params, quote_via=quote, safe="")
            return self.base.copy_with(raw_path=raw.encode("ascii"))
        except (httpx.InvalidURL, UnicodeError):
            raise MalformedError(self.source, "an address cannot be written down") from None

    async def send_to(
        self,
        url: httpx.URL,
        method: str,
        deadline: Deadline,
        *,
        headers: Sequence[tuple[str, str]] = (),
        content: bytes | None = None,
        expect: Sequence[int] = (),
    ) -> Answer:
        """One exchange with any address, without this source's credential; what `send` is made of."""
        host = [("Host", url.netloc.decode()), *self._headers[1:]] if url.netloc != self.base.netloc else self._headers
        request = httpx.Request(
            method,
            url,
            headers=[*host, *headers],
            content=content,
            extensions={"timeout": {"connect": CONNECT_TIMEOUT_SECONDS}},
        )
        answer = await self._exchange(request, deadline)
        if 200 <= answer.status < 300 or answer.status in expect:
            return answer
        raise self._status_error(answer)

    async def _exchange(self, request: httpx.Request, deadline: Deadline) -> Answer:
        """A dropped connection is tried once more: keep-alive connections die between two requests."""
        for attempt in (0, 1):
            remaining = deadline.remaining_seconds()
            if remaining <= 0:
                raise TimedOutError(self.source, "no answer within the deadline")
            try:
                async with asyncio.timeout(remaining):
                    response = await self._transport.handle_async_request(request)
                    try:
                        body = await self._read(response)
                    finally:
                        await response.aclose()
                return Answer(response.status_code, response.headers, body)
            except ConnectorError:
                raise
            except httpx.DecodingError:
                raise MalformedError(self.source, "the answer could not be decompressed") from None
            except (httpx.TransportError, aiohttp.ClientError, OSError) as error:
                if _is_timeout(error):
                    raise TimedOutError(self.source, "no answer within the deadline") from None
                if attempt:
                    raise UnavailableError(self.source, "it could not be reached, or dropped the connection") from None
            except (httpx.InvalidURL, ValueError, EOFError):
                raise MalformedError(self.source, "the answer is not HTTP") from None
        raise AssertionError("unreachable")

    async def _read(self, response: httpx.Response) -> bytes:
        """The body, decompressed step by step, so that neither a huge answer nor a bomb fills the memory."""
        encoding = response.headers.get("content-encoding", "identity").strip().lower()
        if encoding in ("identity", ""):
            inflate = None
        elif encoding in ("gzip", "x-gzip", "deflate"):
            inflate = zlib.decompressobj(zlib.MAX_WBITS | 32)
        else:
            raise MalformedError(self.source, "the answer is compressed in a way that was not asked for")
        body = bytearray()
        stream = response.stream
        assert isinstance(stream, httpx.AsyncByteStream)
        async for chunk in stream:
            if inflate is None:
                body += chunk
            else:
                try:
                    body += inflate.decompress(chunk, self._max_body_bytes + 1 - len(body))
                except zlib.error:
                    raise MalformedError(self.source, "the answer could not be decompressed") from None
            if len(body) > self._max_body_bytes:
                raise MalformedError(self.source, f"the answer is larger than {self._max_body_bytes} bytes")
        if inflate is not None and not inflate.eof and body:
            raise UnavailableError(self.source, "the answer ended too early")
        return bytes(body)

    def _status_error(self, answer: Answer) -> ConnectorError:
        status = answer.status
        if status == 429 or (status == 503 and "retry-after" in answer.headers):
            return RateLimitedError(self.source, "it asked us to slow down", self._retry_after(answer.headers))
        if status in (401, 403):
            return RefusedError(self.source, "the credential is not accepted, or may not read this")
        if 300 <= status < 400:
            return RefusedError(self.source, "it answered with a redirect: check the base address and the credential")
        if status >= 500 or status in (408, 425):
            return UnavailableError(self.source, f"it answered with status {status}")
        return MalformedError(self.source, f"it did not understand the question (status {status})")

    def _retry_after(self, headers: httpx.Headers) -> float | None:
        """Seconds, from either form that RFC 9110 §10.2.3 allows; at most an hour."""
        value = headers.get("retry-after")
        if value is None:
            return None
        try:
            seconds = float(value)
        except ValueError:
            try:
                seconds = (parsedate_to_datetime(value) - self._utc_now()).total_seconds()
            except (ValueError, TypeError):
                return None
        if seconds != seconds:  # NaN
            return None
        return min(max(seconds, 0.0), MAX_RETRY_AFTER_SECONDS)

    async def aclose(self) -> None:
        await self._transport.aclose()
