"""connectors/http.py: what is sent, what comes back, and which leaf each failure becomes."""

from __future__ import annotations

import asyncio
import gzip
import json
import random
import traceback
import tracemalloc
import zlib
from base64 import b64decode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import msgspec
import pytest

from connectors.deadline import Deadline
from connectors.errors import (
    ConnectorError,
    MalformedError,
    RateLimitedError,
    RefusedError,
    TimedOutError,
    UnavailableError,
)
from connectors.http import ClientCredentials, VendorHttp, aiohttp_transport, basic, segment
from connectors.testing.faults import CANARY, FAULTS, Counted, Fault, Pieces, rate_limit_until
from tests.connectors.support import NOW, soon

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


# What is sent


async def test_a_question_is_sent_as_it_was_put():
    vendor = Recorder()
    params = [("DateSent>", "2026-01-01"), ("q", "a b&c=d/+é"), ("n", 5)]
    await over(vendor, BASE + "/").get(f"/things/{segment('a/b?c')}", Thing, soon(), params)
    (request,) = vendor.requests
    assert request.method == "GET"
    assert str(request.url) == (f"{BASE}/things/a%2Fb%3Fc?DateSent%3E=2026-01-01&q=a%20b%26c%3Dd%2F%2B%C3%A9&n=5")
    assert dict(request.headers) == {
        "host": "api.example.org",
        "accept": "application/json",
        "accept-encoding": "gzip",
        "user-agent": "journey-gateway",
    }


async def test_a_query_in_the_path_is_added_to():
    vendor = Recorder()
    await over(vendor).get("/things?page=2", Thing, soon(), [("n", 1)])
    assert vendor.requests[0].url.query == b"page=2&n=1"


async def test_a_body_is_json():
    vendor = Recorder()
    assert await over(vendor).post("/search", {"q": "é"}, Thing, soon()) == Thing(1)
    (request,) = vendor.requests
    assert (request.method, json.loads(request.content)) == ("POST", {"q": "é"})
    assert request.headers["content-type"] == "application/json"


async def test_headers_of_the_source_and_its_credential_go_along():
    vendor = Recorder()
    await over(vendor, auth=basic("anna", "pass:wörd"), headers=[("X-Api", "2")]).get("/", Thing, soon())
    headers = vendor.requests[0].headers
    assert headers["x-api"] == "2"
    assert b64decode(headers["authorization"].removeprefix("Basic ")).decode() == "anna:pass:wörd"


@pytest.mark.parametrize("path", ["/..", "/a/../b", "/a/%2e%2E/b", "/./a", "/a\nb", "/\x00", "/é", "/" + "x" * 70_000])
async def test_a_path_that_leads_astray_is_not_sent(path: str):
    vendor = Recorder()
    with pytest.raises(MalformedError):
        await over(vendor).get(path, Thing, soon())
    assert vendor.requests == []


async def test_a_lone_surrogate_breaks_nothing():
    vendor = Recorder()
    with pytest.raises(MalformedError):
        await over(vendor).get("/", Thing, soon(), [("q", "\ud800")])
    await over(vendor).get(f"/{segment(chr(0xD800))}", Thing, soon())
    assert vendor.requests[0].url.raw_path == b"/v2/%3F"


# Links


@pytest.mark.parametrize(
    ("link", "path"),
    [
        (f"{BASE}/things?page=2", "/things?page=2"),
        ("/v2/things?page=2", "/things?page=2"),
        ("https://api.example.org:443/v2/things", "/things"),
        ("/v2/things?next=https://evil.example.org", "/things?next=https://evil.example.org"),
    ],
)
def test_a_link_to_the_next_page_is_taken_apart(link: str, path: str):
    assert over(Recorder()).relative(link) == path


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example.org/v2/things",
        "http://api.example.org/v2/things",
        "https://api.example.org:8443/v2/things",
        "https://api.example.org@evil.example.org/v2/things",
        "//evil.example.org/v2/things",
        "/v3/things",
        "/v2/../admin",
        "/v20/things",
        "https://[",
        "javascript:alert(1)",
        "/v2/a\nb",
        "",
    ],
)
def test_a_link_that_leads_elsewhere_is_not_followed(link: str):
    with pytest.raises(MalformedError):
        over(Recorder()).relative(link)


# What comes back


@pytest.mark.parametrize("status", [200, 201, 206])
async def test_an_answer_is_decoded(status: int):
    assert await over(answering(status)).get("/", Thing, soon()) == Thing(1)


@pytest.mark.parametrize("status", [404, 410])
async def test_what_is_not_there_is_none_where_that_is_expected(status: int):
    assert await over(answering(status)).get_or_none("/", Thing, soon()) is None
    with pytest.raises(MalformedError):
        await over(answering(status)).get("/", Thing, soon())


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"id": "1"}', b'{"id": 1}x', b'{"id": 1', b"\xff", b"[" * 10**5])
async def test_another_shape_is_malformed(body: bytes):
    with pytest.raises(MalformedError):
        await over(answering(body=body)).get("/", Thing, soon())


@pytest.mark.parametrize("compress", [gzip.compress, zlib.compress])
@pytest.mark.parametrize("size", [1, 7, 10**6])
async def test_a_compressed_body_is_inflated_however_it_comes(compress: Callable[[bytes], bytes], size: int):
    packed = compress(b'{"id": 1}')
    pieces = [packed[i : i + size] for i in range(0, len(packed), size)]
    encoding = "gzip" if compress is gzip.compress else "deflate"

    async def vendor(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"Content-Encoding": encoding}, stream=Pieces(pieces))

    assert await over(vendor).get("/", Thing, soon()) == Thing(1)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(("size", "fits"), [(1000, True), (1001, False)])
async def test_the_cap_is_exact(size: int, fits: bool, packed: bool):
    body = b'{"id": 1}'.ljust(size)
    headers = {"Content-Encoding": "gzip"} if packed else {}
    stream = Pieces([gzip.compress(body) if packed else body])

    async def vendor(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers=headers, stream=stream)

    http = over(vendor, max_body_bytes=1000)
    if fits:
        assert await http.get("/", Thing, soon()) == Thing(1)
    else:
        with pytest.raises(MalformedError):
            await http.get("/", Thing, soon())


async def test_a_bomb_does_not_fill_the_memory():
    packed = gzip.compress(bytes(300 * 1024 * 1024), compresslevel=1)
    http = over(lambda r: httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=Pieces([packed])))
    tracemalloc.start()
    with pytest.raises(MalformedError):
        await http.get("/", Thing, soon())
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    print(f"{len(packed)} bytes for 300 MiB; peak {peak_bytes / 1024 / 1024:.0f} MiB")
    assert peak_bytes < 64 * 1024 * 1024


async def test_a_response_is_closed_whatever_becomes_of_it():
    closed = []

    class Body(Pieces):
        async def aclose(self) -> None:
            closed.append(True)

    for body in (Body([b'{"id": 1}']), Body([b"{"], httpx.ReadError("x")), Body([b"x" * 2000])):
        http = over(lambda r, body=body: httpx.Response(200, stream=body), max_body_bytes=1000)
        with suppress(ConnectorError):
            await http.get("/", Thing, soon())
    assert len(closed) == 4  # the dropped one was tried twice


# Failures


@pytest.mark.parametrize("fault", [*FAULTS, rate_limit_until(NOW)], ids=lambda fault: fault.name)
async def test_every_fault_is_its_leaf_and_says_nothing(fault: Fault, caplog: pytest.LogCaptureFixture):
    caplog.set_level("DEBUG")
    http = over(fault.answers, auth=basic(CANARY, CANARY))
    with pytest.raises(fault.error) as caught:
        await http.get(f"/{segment(CANARY)}", Thing, Deadline.after(fault.seconds), [("q", CANARY)])
    if isinstance(caught.value, RateLimitedError):
        assert caught.value.retry_after_seconds == fault.retry_after_seconds
    told = "".join(traceback.format_exception(caught.value)) + repr(caught.value) + repr(vars(caught.value))
    assert CANARY not in told and CANARY not in caplog.text
    assert str(caught.value).startswith("desk: ")


@pytest.mark.parametrize("seed", range(30))
async def test_whatever_comes_back_is_an_answer_or_a_leaf(seed: int):
    print(f"seed {seed}")
    rng = random.Random(seed)
    for _ in range(40):
        body = rng.choice([rng.randbytes(rng.randrange(60)), b'{"id": 1}', gzip.compress(b'{"id": 1}')])
        if rng.random() < 0.3:
            body = body[: rng.randrange(len(body) + 1)]
        headers = {
            "Content-Encoding": rng.choice(["gzip", "identity", "br", "GZIP ", "gzip, gzip", "\xe9"]),
            "Retry-After": rng.choice(["", "-5", "1e999", "nan", "²", "0x1", format_datetime(NOW), "Mon, 99", "\xff"]),
        }
        raw = [(name, value.encode("latin-1")) for name, value in headers.items()]
        stream = Pieces([body], rng.choice([None, None, httpx.ReadError("x"), OSError(5, "x"), ValueError("x")]))
        response = httpx.Response(rng.choice([200, 204, 304, 401, 429, 503, 599]), headers=raw, stream=stream)
        try:
            assert await over(Recorder(response)).get("/", Thing, soon()) == Thing(1)
        except ConnectorError as error:
            assert type(error) in LEAVES


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("5", 5),
        ("1.5", 1.5),
        (" 7 ", 7),
        ("0", 0),
        ("-9", 0),
        ("999999", 3600),
        ("inf", 3600),
        ("1e999", 3600),
        ("nan", None),
        ("soon", None),
        ("", None),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90),
        (format_datetime(NOW - timedelta(days=9), usegmt=True), 0),
        (format_datetime(NOW + timedelta(days=9), usegmt=True), 3600),
        ("Mon, 23 Nov 2026 09:00:30 -0000", None),
        ("Mon, 23 Nov 2026 09:00:00 +9999999999", None),
        ("Mon, 23 Nov 99999 09:00:00 GMT", None),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
async def test_when_to_come_back(status: int, header: str | None, seconds: float | None):
    headers = {} if header is None else {"Retry-After": header}
    with pytest.raises(ConnectorError) as caught:
        await over(lambda r: httpx.Response(status, headers=headers)).get("/", Thing, soon())
    if status == 503 and header is None:
        assert isinstance(caught.value, UnavailableError)
    else:
        assert isinstance(caught.value, RateLimitedError)
        assert caught.value.retry_after_seconds == seconds


@pytest.mark.parametrize("error", [httpx.ReadError("x"), httpx.RemoteProtocolError("x"), ConnectionResetError("x")])
@pytest.mark.parametrize("method", ["get", "post"])
async def test_a_dropped_connection_is_tried_once_more(error: Exception, method: str):
    vendor = Recorder(error, httpx.Response(200, json={"id": 1}))
    http = over(vendor)
    question = http.get("/", Thing, soon()) if method == "get" else http.post("/", {}, Thing, soon())
    assert await question == Thing(1)
    assert len(vendor.requests) == 2


@pytest.mark.parametrize("error", [httpx.ReadTimeout("x"), httpx.ConnectTimeout("x"), TimeoutError("x")])
async def test_a_timeout_is_not_tried_again(error: Exception):
    vendor = Recorder(error)
    with pytest.raises(TimedOutError):
        await over(vendor).get("/", Thing, soon())
    assert len(vendor.requests) == 1


async def test_nothing_is_sent_after_the_deadline():
    vendor = Recorder()
    with pytest.raises(TimedOutError):
        await over(vendor).get("/", Thing, Deadline(5.0, clock=lambda: 5.0))
    assert vendor.requests == []


async def test_being_cancelled_is_no_failure_of_the_vendor():
    async def vendor(request: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError

    task = asyncio.create_task(over(vendor).get("/", Thing, soon()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


# Credentials


async def test_a_fixed_credential_is_refused_once():
    vendor = Recorder(httpx.Response(401))
    with pytest.raises(RefusedError):
        await over(vendor, auth=basic("a", "b")).get("/", Thing, soon())
    assert len(vendor.requests) == 1


async def test_a_refusal_that_is_expected_is_an_answer():
    answer = await over(Recorder(httpx.Response(401)), auth=basic("a", "b")).send("GET", "/", soon(), expect=(401,))
    assert answer.status == 401


class TokenVendor:
    """Hands out tokens 1, 2, 3…; those up to `refused` are not accepted."""

    def __init__(self, expires_in: float = 3600.0) -> None:
        self.expires_in = expires_in
        self.refused = 0
        self.fetched = 0
        self.token_answer: httpx.Response | Exception | None = None
        self.requests: list[httpx.Request] = []

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        await asyncio.sleep(0)
        if request.url.path == "/oauth/token":
            self.fetched += 1
            if isinstance(self.token_answer, Exception):
                raise self.token_answer
            said = {"access_token": str(self.fetched), "token_type": "bearer", "expires_in": self.expires_in}
            return self.token_answer or httpx.Response(200, json=said)
        number = int(request.headers["authorization"].removeprefix("Bearer "))
        return httpx.Response(200, json={"id": number}) if number > self.refused else httpx.Response(401)


def with_token(vendor: TokenVendor) -> VendorHttp:
    return over(vendor, auth=ClientCredentials("https://login.example.org/oauth/token", "id", "secret"))


async def test_a_token_is_fetched_once_by_all():
    vendor = TokenVendor()
    http = with_token(vendor)
    things = await asyncio.gather(*(http.get("/", Thing, soon()) for _ in range(20)))
    assert things == [Thing(1)] * 20 and vendor.fetched == 1
    first = vendor.requests[0]
    assert first.method == "POST" and first.content == b"grant_type=client_credentials"
    assert first.headers["host"] == "login.example.org"
    assert b64decode(first.headers["authorization"].removeprefix("Basic ")) == b"id:secret"


async def test_refused_at_once_by_all_a_token_is_renewed_once():
    vendor = TokenVendor()
    http = with_token(vendor)
    await http.get("/", Thing, soon())
    vendor.refused = 1
    things = await asyncio.gather(*(http.get("/", Thing, soon()) for _ in range(20)))
    assert things == [Thing(2)] * 20 and vendor.fetched == 2


async def test_a_token_that_is_never_accepted_is_refused_after_a_second_one():
    vendor = TokenVendor()
    vendor.refused = 100
    with pytest.raises(RefusedError):
        await with_token(vendor).get("/", Thing, soon())
    assert vendor.fetched == 2


@pytest.mark.parametrize(("expires_in", "used_until"), [(3600.0, 3540.0), (20.0, 10.0)])
async def test_a_token_is_renewed_before_it_ends(expires_in: float, used_until: float):
    vendor = TokenVendor(expires_in)
    http = with_token(vendor)
    now = [1000.0]

    def until() -> Deadline:
        return Deadline.after(30, clock=lambda: now[0])

    for at, fetched in ((0.0, 1), (used_until - 1, 1), (used_until, 2), (used_until + 1, 2)):
        now[0] = 1000.0 + at
        await http.get("/", Thing, until())
        assert vendor.fetched == fetched


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.Response(400, json={"error": "invalid_client"}), RefusedError),
        (httpx.Response(401), RefusedError),
        (httpx.Response(429, headers={"Retry-After": "5"}), RateLimitedError),
        (httpx.Response(500), UnavailableError),
        (httpx.Response(200, text="<html>"), MalformedError),
        (httpx.Response(200, json={"token": CANARY}), MalformedError),
        (httpx.ConnectError(CANARY), UnavailableError),
    ],
)
async def test_a_token_that_cannot_be_had_is_a_leaf(answer: Any, error: type[ConnectorError]):
    vendor = TokenVendor()
    vendor.token_answer = answer
    with pytest.raises(error):
        await with_token(vendor).get("/", Thing, soon())
    vendor.token_answer = None
    assert isinstance(await with_token(vendor).get("/", Thing, soon()), Thing)


async def test_nobody_waits_for_a_token_beyond_his_own_deadline():
    asked = asyncio.Event()

    async def vendor(request: httpx.Request) -> httpx.Response:
        asked.set()
        await asyncio.Event().wait()
        raise AssertionError

    http = over(vendor, auth=ClientCredentials("https://login.example.org/oauth/token", "id", "secret"))
    patient = asyncio.create_task(http.get("/", Thing, Deadline.after(30)))
    await asked.wait()
    with pytest.raises(TimedOutError):
        await http.get("/", Thing, Deadline.after(0.02))
    patient.cancel()
    with pytest.raises(asyncio.CancelledError):
        await patient


async def test_closing_closes_the_transport():
    vendor = Counted(httpx.MockTransport(Recorder()))
    await VendorHttp("desk", BASE, vendor).aclose()
    assert vendor.is_closed


# The transport for real vendors, over the loopback


@asynccontextmanager
async def server(*replies: bytes | None) -> AsyncIterator[tuple[str, list[bytes]]]:
    """Says these in turn, the last for ever, to whoever asks; None hangs up. Yields its address and what it heard."""
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                heard.append(head)
                reply = replies[min(len(heard), len(replies)) - 1]
                if reply is None:
                    break
                writer.write(reply)
                await writer.drain()
                if b"Connection: close" in reply:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}/v2", heard
    finally:
        listening.close()


def said(body: bytes, head: str = "200 OK", *headers: str) -> bytes:
    lines = "\r\n".join([f"HTTP/1.1 {head}", f"Content-Length: {len(body)}", *headers])
    return f"{lines}\r\n\r\n".encode() + body


async def ask(address: str, path: str = "/", times: int = 1) -> Any:
    http = VendorHttp("desk", address, aiohttp_transport())
    try:
        return [await http.get(path, Thing, Deadline.after(5)) for _ in range(times)]
    finally:
        await http.aclose()


async def test_really_a_packed_answer_is_unpacked_once():
    packed = said(gzip.compress(b'{"id": 1}'), "200 OK", "Content-Encoding: gzip")
    async with server(packed) as (address, heard):
        assert await ask(address, f"/things/{segment('a/b')}?DateSent%3E=2026-01-01", times=2) == [Thing(1)] * 2
    assert heard[0].startswith(b"GET /v2/things/a%2Fb?DateSent%3E=2026-01-01 HTTP/1.1\r\n")
    assert heard[0].lower().count(b"\r\nhost:") == heard[0].lower().count(b"\r\nuser-agent:") == 1


async def test_really_no_redirect_is_followed_and_no_cookie_kept():
    elsewhere = said(b"", "302 Found", "Location: /v2/login", "Set-Cookie: a=b; Path=/")
    async with server(elsewhere, said(b'{"id": 1}')) as (address, heard):
        with pytest.raises(RefusedError):
            await ask(address)
        assert await ask(address) == [Thing(1)]
    assert len(heard) == 2 and b"cookie" not in heard[1].lower()


async def test_really_a_connection_that_died_in_between_is_replaced():
    async with server(said(b'{"id": 1}'), None, said(b'{"id": 2}')) as (address, _):
        assert await ask(address, times=2) == [Thing(1), Thing(2)]


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(None, id="hangs up"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\nConnection: close\r\n\r\n{", id="hangs up in the body"),
        pytest.param(b"SSH-2.0-OpenSSH_9\r\nConnection: close\r\n\r\n", id="is no web server"),
    ],
)
async def test_really_a_server_that_breaks_off_is_unavailable(reply: bytes | None):
    async with server(reply) as (address, _):
        with pytest.raises(UnavailableError):
            await ask(address)


async def test_really_nobody_there_is_unavailable():
    async with server(None) as (address, _):
        pass
    with pytest.raises(UnavailableError):
        await ask(address)


async def test_really_a_server_that_says_nothing_is_timed_out():
    async with server(b"") as (address, _):
        http = VendorHttp("desk", address, aiohttp_transport())
        with pytest.raises(TimedOutError):
            await http.get("/", Thing, Deadline.after(0.05))
        await http.aclose()
