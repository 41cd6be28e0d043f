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
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from email.utils import format_datetime
from urllib.parse import quote, urlencode

import httpx
import pytest

from connectors.deadline import Deadline
from connectors.errors import ConnectorError, MalformedError, RateLimitedError, TimedOutError, UnavailableError
from connectors.http import VendorHttp, basic, segment
from connectors.testing.faults import CANARY, FAULTS, Counted, Fault, Pieces, rate_limit_until
from connectors.transport import LeanTransport
from tests.connectors.http_client import BASE, LEAVES, Recorder, Thing, answering, over
from tests.connectors.support import NOW, soon

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


def test_a_parameter_is_escaped_as_the_standard_library_does():
    rng = random.Random(5)
    for _ in range(3000):
        text = "".join(rng.choice("aZ09-._~ %&=+/?#\x00\x7f\xe9\u20ac\U0001f600") for _ in range(rng.randrange(6)))
        target = over(Recorder())._target("/", [(text, text), ("n", 5)])
        assert target == "/v2/?" + urlencode([(text, text), ("n", 5)], quote_via=quote, safe="")


@pytest.mark.parametrize("path", ["/a.b", "/.well-known/x", "/...", "/%2e%2e%2e", "/a?b=/../c", "/%25"])
async def test_a_path_that_only_looks_astray_is_sent(path: str):
    vendor = Recorder()
    await over(vendor).get(path, Thing, soon())
    assert vendor.requests[0].url.raw_path.decode() == "/v2" + path


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


async def test_a_question_that_cannot_be_written_down_is_not_put_again():
    vendor = Recorder(httpx.LocalProtocolError(CANARY))
    with pytest.raises(MalformedError) as caught:
        await over(vendor).get("/", Thing, soon())
    assert len(vendor.requests) == 1 and CANARY not in str(caught.value)


async def test_an_address_of_another_kind_is_not_asked():
    with pytest.raises(MalformedError):
        await VendorHttp("desk", BASE, LeanTransport()).send_to(httpx.URL("ftp://example.org/"), "GET", soon())


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


async def test_closing_closes_the_transport():
    vendor = Counted(httpx.MockTransport(Recorder()))
    await VendorHttp("desk", BASE, vendor).aclose()
    assert vendor.is_closed
