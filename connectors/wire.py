"""One exchange over one kind of transport: what `VendorHttp` asks through.

Two kinds: our own `LeanTransport`, spoken to in prepared bytes, and any `httpx.AsyncBaseTransport`: aiohttp's, a respx
router, an ASGI application. Both give the body decompressed and bounded, and raise httpx's errors.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Awaitable, Mapping, Sequence
from functools import cache
from time import monotonic
from typing import NamedTuple, Protocol

import httpx

from connectors.http1 import Origin, TooLargeError, header_lines, request_head, target_of
from connectors.transport import LeanTransport

CONNECT_TIMEOUT_SECONDS = 2.0
MAX_PREPARED_HEADERS = 16

Pairs = tuple[tuple[str, str], ...]


class Answer(Protocol):
    """`headers` by their names in small letters; `body` is decompressed."""

    @property
    def status(self) -> int: ...

    @property
    def headers(self) -> Mapping[str, str]: ...

    @property
    def body(self) -> bytes: ...


class Wire(Protocol):
    """Leads to one address."""

    def ask(self, method: str, target: str, headers: Pairs, content: bytes | None, seconds: float) -> Awaitable[Answer]:
        """`target`: path and query, escaped; `headers`: beside those of every request; `seconds`: for everything.

        May raise at once what it would raise when it is awaited.
        """
        ...


def make_wire(
    transport: httpx.AsyncBaseTransport, base: httpx.URL, headers: Sequence[tuple[str, str]], max_body_bytes: int
) -> Wire:
    """`headers` go with every request; Host is added."""
    every = (("Host", base.netloc.decode("ascii")), *headers)
    if isinstance(transport, LeanTransport):
        return LeanWire(transport, base, every, max_body_bytes)
    return HttpxWire(transport, base, every, max_body_bytes)


class LeanWire:
    """Header fields are written once; a request is a request line in front of them."""

    def __init__(self, transport: LeanTransport, base: httpx.URL, headers: Pairs, max_body_bytes: int) -> None:
        self._transport = transport
        self._origin = Origin.of(base)
        self._headers = headers
        self._max_body_bytes = max_body_bytes
        self._prepared: dict[Pairs, bytes] = {}

    def ask(self, method: str, target: str, headers: Pairs, content: bytes | None, seconds: float) -> Awaitable[Answer]:
        lines = self._prepared.get(headers) or self._prepare(headers)
        head = request_head(method.encode("ascii"), target_of(target), lines, content)
        return self._transport.exchange(self._origin, head, content, monotonic() + seconds, self._max_body_bytes)

    def _prepare(self, headers: Pairs) -> bytes:
        """Few are alive at a time: a credential, and perhaps a content type."""
        if len(self._prepared) >= MAX_PREPARED_HEADERS:
            self._prepared.clear()
        pairs = ((name.encode("latin-1"), value.encode("latin-1")) for name, value in (*self._headers, *headers))
        lines = self._prepared[headers] = header_lines(pairs)
        return lines


class _Received(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes


class HttpxWire:
    """Raises httpx's errors alone: httpx_aiohttp lets some of aiohttp's through, and tells others as timeouts."""

    def __init__(
        self, transport: httpx.AsyncBaseTransport, base: httpx.URL, headers: Pairs, max_body_bytes: int
    ) -> None:
        self._transport = transport
        self._base = base
        self._headers = headers
        self._max_body_bytes = max_body_bytes
        self._foreign_error = _client_error()

    async def ask(self, method: str, target: str, headers: Pairs, content: bytes | None, seconds: float) -> Answer:
        try:
            return await self._exchange(method, target, headers, content, seconds)
        except (httpx.TransportError, self._foreign_error) as error:
            foreign = error.__cause__ if isinstance(error.__cause__, self._foreign_error) else error
            if not isinstance(foreign, self._foreign_error):
                raise
            kind = httpx.ReadTimeout if isinstance(foreign, TimeoutError) else httpx.ReadError
            raise kind("the exchange came to no end") from None

    async def _exchange(
        self, method: str, target: str, headers: Pairs, content: bytes | None, seconds: float
    ) -> Answer:
        request = httpx.Request(
            method,
            self._base.copy_with(raw_path=target_of(target)),
            headers=[*self._headers, *headers],
            content=content,
            extensions={"timeout": {"connect": CONNECT_TIMEOUT_SECONDS}},
        )
        async with asyncio.timeout(seconds):
            response = await self._transport.handle_async_request(request)
            try:
                body = await self._read(response)
            finally:
                await response.aclose()
        return _Received(response.status_code, response.headers, body)

    async def _read(self, response: httpx.Response) -> bytes:
        """The body, decompressed step by step, so that neither a huge answer nor a bomb fills the memory."""
        encoding = response.headers.get("content-encoding", "identity").strip().lower()
        if encoding in ("identity", ""):
            inflate = None
        elif encoding in ("gzip", "x-gzip", "deflate"):
            inflate = zlib.decompressobj(zlib.MAX_WBITS | 32)
        else:
            raise httpx.DecodingError("the answer is compressed in a way that was not asked for")
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
                    raise httpx.DecodingError("the answer could not be decompressed") from None
            if len(body) > self._max_body_bytes:
                raise TooLargeError("the answer is too large")
        if inflate is not None and not inflate.eof and body:
            raise httpx.RemoteProtocolError("the compressed answer ended too early")
        return bytes(body)


@cache
def _client_error() -> type[Exception]:
    """aiohttp's, which takes a tenth of a second to load: not before a transport that is not ours."""
    from aiohttp import ClientError

    return ClientError
