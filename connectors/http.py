"""One shared way to speak HTTP with a vendor: bounded, typed, and silent about what it carried.

httpx's types over an `httpx.AsyncBaseTransport` that is called directly: no client, no redirects, no cookies, no
proxy from the environment. Why: docs/decisions/0003-http-transport.md.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from string import ascii_letters, digits
from typing import Any, Protocol, TypeVar, cast
from urllib.parse import quote, unquote, urlencode

import httpx
import msgspec

from connectors.deadline import Deadline
from connectors.errors import (
    ConnectorError,
    MalformedError,
    RateLimitedError,
    RefusedError,
    TimedOutError,
    UnavailableError,
)
from connectors.http1 import TooLargeError
from connectors.transport import LeanTransport
from connectors.wire import Answer, Wire, make_wire

T = TypeVar("T")
Params = Sequence[tuple[str, str | int]]

MAX_BODY_BYTES = 10 * 1024 * 1024
MAX_TARGET_CHARACTERS = 16_384
_UNRESERVED = frozenset("-._~" + ascii_letters + digits)  # RFC 3986 §2.3
_ESCAPES = {code: char if (char := chr(code)) in _UNRESERVED else f"%{code:02X}" for code in range(128)}
MAX_RETRY_AFTER_SECONDS = 3600.0


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
    """OAuth 2 client credentials (RFC 6749 §4.4); one caller fetches the token for all, early enough before it ends.

    `more`: other fields of the request, such as its scope.
    """

    def __init__(self, token_url: str, client_id: str, client_secret: str, more: Params = ()) -> None:
        self._token_url = token_url
        self._content = urlencode([("grant_type", "client_credentials"), *more]).encode()
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
            content=self._content,
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


def network_transport(max_connections: int = 20, *, lean: bool = True) -> httpx.AsyncBaseTransport:
    """The transport for real vendors: our own, or aiohttp's. TLS is verified; nothing is read from the environment."""
    return LeanTransport(max_connections=max_connections) if lean else aiohttp_transport(max_connections)


def aiohttp_transport(max_connections: int = 20) -> httpx.AsyncBaseTransport:
    """The transport for real vendors. TLS is verified; nothing is read from the environment."""
    import aiohttp  # a tenth of a second: not before somebody wants it
    from httpx_aiohttp import AiohttpTransport

    def session() -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(limit=max_connections, keepalive_timeout=30, ttl_dns_cache=60)
        return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False)

    return AiohttpTransport(trust_env=False, client=session)


@cache
def _decoder(type_: Hashable) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(cast(Any, type_))


def segment(value: str) -> str:
    """`value` as one path segment, whatever it holds; `.` and `..` are none, and refused when they are sent."""
    return quote(value, safe="", errors="replace")


def _escaped(text: str) -> str:
    """As `quote(text, safe="")`, at a third of its price where nothing is beyond ASCII."""
    return text.translate(_ESCAPES) if text.isascii() else quote(text, safe="")


def _strays(path: str) -> bool:
    """A segment of it is `.` or `..`, however it is written."""
    if "/." not in path and "/%2" not in path:
        return False
    return any(unquote(part) in (".", "..") for part in path.partition("?")[0].split("/"))


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
        self._headers = (
            ("Accept", "application/json"),
            ("Accept-Encoding", "gzip"),
            ("User-Agent", "journey-gateway"),
            *headers,
        )
        self._wire = make_wire(transport, self.base, self._headers, max_body_bytes)

    async def get(self, path: str, type_: type[T], deadline: Deadline, params: Params = ()) -> T:
        """The decoded body of a 2xx answer."""
        answer = await self._ask(self._wire, "GET", self._target(path, params), (), None, deadline, (), self._auth)
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
        content = None
        fields = tuple(headers)
        if json is not None:
            content = msgspec.json.encode(json)
            fields += (("Content-Type", "application/json"),)
        target = self._target(path, params)
        return await self._ask(self._wire, method, target, fields, content, deadline, expect, self._auth)

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
            decoded: T = _decoder(cast("Hashable", type_)).decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise MalformedError(self.source, "the answer does not have the shape its description promises") from None
        return decoded

    def _target(self, path: str, params: Params) -> str:
        """Path and query below the base address; whether they can be sent is for the wire to say."""
        if _strays(path):
            raise MalformedError(self.source, "a path does not stay where it begins")
        try:
            query = "&".join([f"{_escaped(name)}={_escaped(str(value))}" for name, value in params])
        except UnicodeError:
            raise MalformedError(self.source, "an address cannot be written down") from None
        target = self._base_path + path
        if query:
            target += ("&" if "?" in path else "?") + query
        if len(target) > MAX_TARGET_CHARACTERS:
            raise MalformedError(self.source, "an address cannot be written down")
        return target

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
        """One exchange with any address, without this source's credential: for token endpoints."""
        try:
            wire = make_wire(self._transport, url, self._headers, self._max_body_bytes)
        except httpx.UnsupportedProtocol:
            raise MalformedError(self.source, "an address is none that can be asked") from None
        target = url.raw_path.decode("ascii")
        return await self._ask(wire, method, target, tuple(headers), content, deadline, expect, None)

    async def _ask(
        self,
        wire: Wire,
        method: str,
        target: str,
        headers: tuple[tuple[str, str], ...],
        content: bytes | None,
        deadline: Deadline,
        expect: Sequence[int],
        auth: Auth | None,
    ) -> Answer:
        """A dropped connection is tried once more: keep-alive connections die between two requests. One coroutine for
        this and for renewing a credential: each frame more costs every call.
        """
        was_dropped = was_refused = False
        while True:
            value = ""
            fields = headers
            if auth is not None:
                pair = await auth.header(self, deadline)
                value = pair[1]
                fields = (*headers, pair)
            remaining = deadline.remaining_seconds()
            if remaining <= 0:
                raise TimedOutError(self.source, "no answer within the deadline")
            try:
                answer = await wire.ask(method, target, fields, content, remaining)
            except httpx.LocalProtocolError:
                raise MalformedError(self.source, "the question cannot be written down") from None
            except TooLargeError:
                raise MalformedError(self.source, f"the answer is larger than {self._max_body_bytes} bytes") from None
            except httpx.DecodingError:
                raise MalformedError(self.source, "the answer could not be decompressed") from None
            except (httpx.TransportError, OSError) as error:
                if isinstance(error, (TimeoutError, httpx.TimeoutException)):
                    raise TimedOutError(self.source, "no answer within the deadline") from None
                if was_dropped:
                    raise UnavailableError(self.source, "it could not be reached, or dropped the connection") from None
                was_dropped = True
                continue
            except (httpx.InvalidURL, ValueError, EOFError):
                raise MalformedError(self.source, "the answer is not HTTP") from None
            status = answer.status
            if status == 401 and auth is not None and 401 not in expect:
                if not auth.reject(value) or was_refused:
                    raise RefusedError(self.source, "the credential is not accepted")
                was_dropped, was_refused = False, True
                continue
            if 200 <= status < 300 or status in expect:
                return answer
            raise self._status_error(answer)

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

    def _retry_after(self, headers: Mapping[str, str]) -> float | None:
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
