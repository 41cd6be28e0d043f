"""What is sent, and that nothing else can be; the face for everybody; content encodings."""

from __future__ import annotations

import asyncio
import gzip
import random
import zlib
from collections.abc import AsyncIterator
from time import monotonic

import httpx
import pytest

from connectors.deadline import Deadline
from connectors.errors import MalformedError, RateLimitedError
from connectors.http import StaticAuth, VendorHttp, basic
from connectors.http1 import Origin, TooLargeError, header_lines, inflate, request_head, target_of
from connectors.transport import LeanTransport
from tests.connectors.transport.wire import HELLO, Peer, always, ask, serving, sized

# Heads


def test_a_head_is_written_down():
    lines = header_lines([(b"Host", b"api.example.org"), (b"X-Empty", b""), (b"X-Latin", "é".encode("latin-1"))])
    assert request_head(b"GET", b"/v2/a%20b?q=%0D%0A", lines) == (
        b"GET /v2/a%20b?q=%0D%0A HTTP/1.1\r\nHost: api.example.org\r\nX-Empty: \r\nX-Latin: \xe9\r\n\r\n"
    )
    assert request_head(b"POST", b"/", lines, b"12").endswith(b"\xe9\r\nContent-Length: 2\r\n\r\n")
    assert request_head(b"POST", b"/", lines, b"").endswith(b"\xe9\r\nContent-Length: 0\r\n\r\n")


@pytest.mark.parametrize(
    "target",
    [
        b"",
        b"a",
        b"*",
        b"http://api.example.org/",
        b"/a b",
        b"/a\tb",
        b"/a\r\nX: y",
        b"/a\n",
        b"/a\r",
        b"/\x00",
        b"/a HTTP/1.1\r\nX: y",
        b"/\x7f",
        b"/\xc3\xa9",
        b"/a#b",
    ],
)
def test_a_target_that_could_be_more_is_refused(target: bytes):
    with pytest.raises(httpx.LocalProtocolError):
        target_of(target.decode("utf-8"))


@pytest.mark.parametrize("target", ["/", "/v2/a%20b?q=%0D%0A", "/~a!$&'()*+,;=:@[]{}|^`\\<>\""])
def test_a_target_is_written_down(target: str):
    assert target_of(target) == target.encode()


@pytest.mark.parametrize("method", [b"", b"GET /x HTTP/1.1\r\n", b"G T", b"GET\n", b"CONNECT", b"G\xe9T", b"GET:"])
def test_a_method_that_could_be_more_is_refused(method: bytes):
    with pytest.raises(httpx.LocalProtocolError):
        request_head(method, b"/", b"")


@pytest.mark.parametrize(
    "pair",
    [
        (b"A", b"b\r\nC: d"),
        (b"A", b"b\r\n"),
        (b"A", b"b\n"),
        (b"A", b"b\r"),
        (b"A", b"\x00"),
        (b"A\r\nB", b"c"),
        (b"A: b\r\nC", b"d"),
        (b"A ", b"b"),
        (b"A:", b"b"),
        (b"", b"b"),
        (b"\xe9", b"b"),
        (b"Content-Length", b"5"),
        (b"TRANSFER-encoding", b"chunked"),
    ],
)
def test_a_field_that_could_be_more_is_refused(pair: tuple[bytes, bytes]):
    for pairs in ([pair], [(b"Host", b"x"), pair], [pair, (b"Host", b"x")]):
        with pytest.raises(httpx.LocalProtocolError) as caught:
            header_lines(pairs)
        assert str(pair[1]) not in str(caught.value)


def test_any_field_that_is_written_down_is_one_line():
    rng = random.Random(7)
    written = 0
    for _ in range(20_000):
        name = bytes(rng.choice(b"aZ-: \r\n\x00\t_") for _ in range(rng.randrange(1, 4)))
        value = bytes(rng.choice(b"aZ-: \r\n\x00\t\xff") for _ in range(rng.randrange(4)))
        try:
            lines = header_lines([(name, value)])
        except httpx.LocalProtocolError:
            continue
        written += 1
        assert lines.count(b"\n") == lines.count(b"\r") == 1 and lines.endswith(b"\r\n")
        assert lines.partition(b":")[0] == name and b"\x00" not in lines
    assert written > 100


async def test_the_body_follows_its_head():
    async def script(peer: Peer) -> None:
        head = await peer.hear()
        assert b"Content-Length: 5\r\n" in head
        await peer.say(sized(b"got " + await peer.reader.readexactly(5)))

    async with serving(script) as wire:
        transport = LeanTransport()
        assert (await ask(transport, wire, method=b"POST", body=b"hello")).body == b"got hello"
        await transport.aclose()


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://api.example.org/v2", Origin(True, "api.example.org", 443)),
        ("http://api.example.org", Origin(False, "api.example.org", 80)),
        ("https://API.example.org:8443", Origin(True, "api.example.org", 8443)),
        ("http://[::1]:8080", Origin(False, "::1", 8080)),
        ("https://bücher.example", Origin(True, "xn--bcher-kva.example", 443)),
    ],
)
def test_where_an_address_leads(url: str, origin: Origin):
    assert Origin.of(httpx.URL(url)) == origin


@pytest.mark.parametrize("url", ["ftp://example.org", "/v2", "", "unix:/run/x", "http:///x"])
def test_where_an_address_does_not_lead(url: str):
    with pytest.raises(httpx.UnsupportedProtocol):
        Origin.of(httpx.URL(url))


async def test_fields_have_small_names_and_repeated_ones_are_joined():
    reply = sized(b"", "X-A: 1", "x-a: 2", "X-B:   \t3 \t", "X-C:")
    async with serving(always(reply)) as wire:
        transport = LeanTransport()
        answer = await ask(transport, wire)
        await transport.aclose()
    assert answer.fields == {b"x-a": b"1, 2", b"x-b": b"3", b"x-c": b"", b"content-length": b"0"}


# Content encodings


@pytest.mark.parametrize(
    ("packed", "encoding"),
    [
        (b"hello", None),
        (b"hello", b"identity"),
        (b"hello", b""),
        (gzip.compress(b"hello", mtime=0), b"gzip"),
        (gzip.compress(b"hello", mtime=0), b"X-GZip"),
        (zlib.compress(b"hello"), b"deflate"),
        (zlib.compress(b"hello")[2:-4], b"deflate"),
    ],
)
def test_a_body_is_inflated(packed: bytes, encoding: bytes | None):
    assert inflate(packed, encoding, 5) == b"hello"


def test_nothing_inflates_to_nothing():
    assert inflate(b"", b"gzip", 5) == b""


@pytest.mark.parametrize(("max_bytes", "fits"), [(1000, True), (999, False)])
@pytest.mark.parametrize("compress", [gzip.compress, zlib.compress])
def test_the_cap_on_what_is_inflated_is_exact(compress, max_bytes: int, fits: bool):
    encoding = b"gzip" if compress is gzip.compress else b"deflate"
    body = random.Random(1).randbytes(1000)
    if fits:
        assert inflate(compress(body), encoding, max_bytes) == body
    else:
        with pytest.raises(TooLargeError):
            inflate(compress(body), encoding, max_bytes)


# The face for everybody


async def test_httpx_itself_can_use_it():
    async def script(peer: Peer) -> None:
        while True:
            head = await peer.hear()
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
            body = await peer.reader.readexactly(length)
            await peer.say(sized(gzip.compress(head.split(b"\r\n")[0] + b" " + body), "Content-Encoding: gzip"))

    async def pieces() -> AsyncIterator[bytes]:
        yield b"hel"
        yield b"lo"

    async with serving(script) as wire, httpx.AsyncClient(transport=LeanTransport(), base_url=wire.url) as client:
        assert (await client.get("/a b", params={"q": "é"})).text == "GET /a%20b?q=%C3%A9 HTTP/1.1 "
        assert (await client.post("/", json={"a": 1})).text == 'POST / HTTP/1.1 {"a":1}'
        assert (await client.post("/", content=pieces())).text == "POST / HTTP/1.1 hello"
        assert (await client.post("/")).text == "POST / HTTP/1.1 "
        assert wire.connections == 1
        assert all(head.lower().count(b"\r\nhost:") == 1 for head in wire.heard)
        assert b"\r\ncontent-length: 0\r\n" in wire.heard[3].lower()
        assert b"transfer-encoding" not in wire.heard[2].lower()
        with pytest.raises(httpx.UnsupportedProtocol):
            await client.get("ftp://example.org/")


@pytest.mark.parametrize(
    ("seconds", "error"),
    [
        ({"read": 0.05}, httpx.ReadTimeout),
        ({"read": 0.05, "connect": None, "pool": None, "write": None}, httpx.ReadTimeout),
        ({"pool": 0.05}, httpx.PoolTimeout),
        ({"read": 0.05, "pool": 5.0}, httpx.PoolTimeout),
    ],
)
async def test_its_timeouts_are_kept(seconds: dict[str, float | None], error: type[Exception]):
    async with serving(Peer.wait_until_they_leave) as wire:
        transport = LeanTransport(max_connections=1)
        waiting = None
        if error is httpx.PoolTimeout:
            waiting = asyncio.create_task(ask(transport, wire))
            await asyncio.sleep(0.02)
        with pytest.raises(error):
            await transport.handle_async_request(httpx.Request("GET", wire.url, extensions={"timeout": seconds}))
        if waiting is not None:
            waiting.cancel()
            await asyncio.wait([waiting])
        assert transport.active == 0
        await transport.aclose()


async def test_without_timeouts_it_waits():
    async def script(peer: Peer) -> None:
        while True:
            await peer.hear()
            await peer.say(b"", HELLO, pause_seconds=0.01)

    async with serving(script) as wire:
        transport = LeanTransport(max_connections=1)
        requests = [httpx.Request("GET", wire.url) for _ in range(3)]
        responses = await asyncio.gather(*(transport.handle_async_request(request) for request in requests))
        assert [await response.aread() for response in responses] == [b"hello"] * 3 and wire.connections == 1
        await transport.aclose()


async def test_a_request_that_cannot_be_written_down_is_not_sent():
    async with serving(always(HELLO)) as wire:
        transport = LeanTransport()
        for request in (
            httpx.Request("GET", wire.url, headers=[(b"A", b"b\r\nC: d")]),
            httpx.Request("GET\r\nX: y", wire.url),
            httpx.Request("CONNECT", wire.url),
        ):
            with pytest.raises(httpx.LocalProtocolError):
                await transport.handle_async_request(request)
        assert wire.connections == 0
        await transport.aclose()


async def test_vendors_are_asked_over_it():
    async with serving(always(sized(gzip.compress(b'{"id": 1}', mtime=0), "Content-Encoding: gzip"))) as wire:
        http = VendorHttp("desk", wire.url, LeanTransport(), auth=basic("anna", "secret"))
        assert (await http.send("GET", "/things?page=2", Deadline.after(5))).body == b'{"id": 1}'
        assert wire.heard[0].startswith(b"GET /things?page=2 HTTP/1.1\r\n")
        assert wire.heard[0].lower().count(b"\r\nhost:") == 1
        await http.aclose()


@pytest.mark.parametrize("is_packed", [False, True])
@pytest.mark.parametrize(("max_body_bytes", "fits"), [(1000, True), (999, False)])
async def test_a_source_has_a_cap_of_its_own(max_body_bytes: int, fits: bool, is_packed: bool):
    body = random.Random(1).randbytes(1000)
    reply = sized(gzip.compress(body, mtime=0), "Content-Encoding: gzip") if is_packed else sized(body)
    if is_packed and fits:
        max_body_bytes = len(gzip.compress(body, mtime=0))  # what does not shrink is larger as it comes
    async with serving(always(reply)) as wire:
        transport = LeanTransport(max_body_bytes=10)
        http = VendorHttp("desk", wire.url, transport, max_body_bytes=max_body_bytes)
        for _ in range(2):
            if fits:
                assert (await http.send("GET", "/", Deadline.after(5))).body == body
            else:
                with pytest.raises(MalformedError, match=f"larger than {max_body_bytes} bytes"):
                    await http.send("GET", "/", Deadline.after(5))
        with pytest.raises(TooLargeError):
            await ask(transport, wire)  # whose cap is the transport's
        await http.aclose()


@pytest.mark.parametrize("value", ["a\r\nX: y", "a\n", "\x00", "\u20ac"])
async def test_a_credential_that_is_no_header_is_malformed_and_not_sent(value: str):
    async with serving(always(HELLO)) as wire:
        http = VendorHttp("desk", wire.url, LeanTransport(), auth=StaticAuth("Authorization", value))
        with pytest.raises(MalformedError):
            await http.send("GET", "/", Deadline.after(5))
        assert wire.connections == 0
        await http.aclose()


async def test_the_fields_of_an_answer_can_be_looked_at():
    reply = sized(b"{}", "Retry-After: 7", "X-Name: caf\xe9", status="429 Too Many")
    async with serving(always(reply)) as wire:
        http = VendorHttp("desk", wire.url, LeanTransport())
        answer = await http.send("GET", "/", Deadline.after(5), expect=(429,))
        assert answer.headers == {"retry-after": "7", "x-name": "caf\xe9", "content-length": "2"}
        with pytest.raises(RateLimitedError) as caught:
            await http.send("GET", "/", Deadline.after(5))
        assert caught.value.retry_after_seconds == 7
        await http.aclose()


async def test_the_time_a_redirect_or_a_cookie_would_take_is_not_spent():
    elsewhere = sized(b"", "Location: /login", "Set-Cookie: a=b; Path=/", status="302 Found")
    async with serving(always(elsewhere)) as wire:
        transport = LeanTransport()
        started = monotonic()
        assert [(await ask(transport, wire)).status for _ in range(2)] == [302, 302]
        assert len(wire.heard) == 2 and b"cookie" not in wire.heard[1].lower()
        assert monotonic() - started < 5
        await transport.aclose()
