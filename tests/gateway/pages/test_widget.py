"""The widget's files: all of them, byte for byte, with the headers that hosts need; and nothing beside them."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
from base64 import b64encode
from collections.abc import AsyncIterator
from hashlib import sha384
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from starlette.applications import Starlette
from starlette.middleware import Middleware

from gateway.pages.bundle import FOLDER, read_bundle
from gateway.pages.routes import widget_routes
from gateway.serving import listen, make_server
from gateway.web import Entrance
from tests.gateway.pages.support import DESK, browser

MANIFEST = json.loads((FOLDER / "manifest.json").read_text())
VERSION = MANIFEST["version"]
NAMES = sorted(MANIFEST["files"])
SCRIPT = f"/widget/{VERSION}/cj.js"
TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".md": "text/markdown; charset=utf-8",
    ".ts": "text/plain; charset=utf-8",
}
IMMUTABLE, SHORT = "public, max-age=31536000, immutable", "public, max-age=600"
PLAIN = {"accept-encoding": "identity"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """Stateless, so one for all."""
    async with browser(origins=DESK) as client:
        yield client


pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_the_manifest_names_every_file_but_itself(client: httpx.AsyncClient) -> None:
    answer = await client.get("/widget/manifest.json")
    assert answer.content == (FOLDER / "manifest.json").read_bytes()
    assert answer.headers["cache-control"] == SHORT
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert sorted([*NAMES, "manifest.json"]) == sorted(path.name for path in FOLDER.iterdir())
    assert {"cj.js", "embed.js", "documents.json", "it.json", "fr.json"} <= set(NAMES)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("folder", [VERSION, "1"])
@pytest.mark.parametrize("name", NAMES)
async def test_each_file_is_served_as_it_was_built(
    client: httpx.AsyncClient, name: str, folder: str, method: str
) -> None:
    answer = await client.request(method, f"/widget/{folder}/{name}", headers=PLAIN)
    built = (FOLDER / name).read_bytes()
    assert answer.status_code == 200
    assert answer.content == (b"" if method == "HEAD" else built)
    kept = {key: value for key, value in answer.headers.items() if key not in ("x-request-id", "etag")}
    assert kept == {
        "access-control-allow-origin": "*",
        "cache-control": IMMUTABLE if folder == VERSION else SHORT,
        "content-length": str(len(built)),
        "content-type": TYPES[Path(name).suffix],
        "cross-origin-resource-policy": "cross-origin",
        "referrer-policy": "no-referrer",
        "vary": "Accept-Encoding",
        "x-content-type-options": "nosniff",
    }
    if method == "GET":
        integrity = "sha384-" + b64encode(sha384(answer.content).digest()).decode()
        assert MANIFEST["files"][name]["integrity"] == integrity


@pytest.mark.parametrize("origin", [DESK, "https://evil.example.com", "null"])
async def test_every_origin_may_read_it_and_is_told_so_once(client: httpx.AsyncClient, origin: str) -> None:
    answer = await client.get(SCRIPT, headers={"origin": origin})
    assert answer.headers.get_list("access-control-allow-origin") == ["*"]
    assert answer.headers.get_list("vary") == ["Accept-Encoding"]
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize(
    ("accepted", "is_packed"),
    [
        ("gzip", True),
        ("br, GZIP;q=0.5", True),
        ("gzip;q=1.0, identity; q=0", True),
        ("identity", False),
        ("gzip;q=0", False),
        ("gzip; q=0.000, br", False),
        ("x-gzip-not", False),
        ("", False),
    ],
)
async def test_it_is_packed_for_those_who_take_it(client: httpx.AsyncClient, accepted: str, is_packed: bool) -> None:
    async with client.stream("GET", SCRIPT, headers={"accept-encoding": accepted}) as answer:
        raw = b"".join([piece async for piece in answer.aiter_raw()])
    assert answer.headers.get("content-encoding") == ("gzip" if is_packed else None)
    assert int(answer.headers["content-length"]) == len(raw)
    assert (gzip.decompress(raw) if is_packed else raw) == (FOLDER / "cj.js").read_bytes()


async def test_what_would_grow_is_not_packed(client: httpx.AsyncClient) -> None:
    answer = await client.get("/embed.css", headers={"accept-encoding": "gzip"})
    assert "content-encoding" not in answer.headers
    assert answer.text == "body { margin: 0 }\n"


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        ("{tag}", 304),
        ("W/{tag}", 304),
        ('"another", {tag}', 304),
        ("*", 304),
        ('"another"', 200),
        ("{bare}", 200),
        ("", 200),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_what_a_browser_has_is_not_sent_again(
    client: httpx.AsyncClient, condition: str, status: int, method: str
) -> None:
    first = await client.get("/widget/1/cj.js", headers=PLAIN)
    tag = first.headers["etag"]
    asked = {"if-none-match": condition.format(tag=tag, bare=tag.strip('"'))}
    again = await client.request(method, "/widget/1/cj.js", headers=PLAIN | asked)
    assert again.status_code == status
    assert again.headers["etag"] == tag
    for name in ("cache-control", "vary", "access-control-allow-origin", "cross-origin-resource-policy"):
        assert again.headers[name] == first.headers[name]
    if status == 304:
        assert again.content == b""
        assert "content-type" not in again.headers


async def test_packed_and_plain_are_two_things_to_a_cache(client: httpx.AsyncClient) -> None:
    plain = await client.get(SCRIPT, headers=PLAIN)
    packed = await client.get(SCRIPT, headers={"accept-encoding": "gzip", "if-none-match": plain.headers["etag"]})
    assert packed.status_code == 200
    assert packed.headers["etag"] != plain.headers["etag"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_it_is_only_read(client: httpx.AsyncClient, method: str) -> None:
    assert (await client.request(method, SCRIPT)).status_code == 405


# ------------------------------------------------------------------------ nothing else, as it comes over the wire


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def port() -> AsyncIterator[int]:
    """Of a real server: clients would tidy these paths up before they ask."""
    entrance = Middleware(Entrance, endpoints={}, max_body_bytes=1024, hosts=["localhost"])
    listening = asyncio.Event()
    server = make_server(Starlette(routes=[*widget_routes(read_bundle())], middleware=[entrance]), listening.set)
    with listen("127.0.0.1", 0) as bound:
        running = asyncio.create_task(server.serve(sockets=[bound]))
        await asyncio.wait_for(listening.wait(), 10)
        yield bound.getsockname()[1]
        server.should_exit = True
        await asyncio.wait_for(running, 10)


async def asked(port: int, line: str) -> bytes:
    """All that comes back."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"{line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode("latin-1"))
    said = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    return said


@pytest.mark.parametrize(
    "path",
    [
        "/widget",
        "/widget/",
        "/widget/1",
        "/widget/1/",
        "/widget/1/manifest.json",
        f"/widget/{VERSION}/manifest.json",
        "/widget/2/cj.js",
        "/widget/0/cj.js",
        "/widget/0.0.9/cj.js",
        "/widget/latest/cj.js",
        "/widget//cj.js",
        "/widget/1//cj.js",
        "/widget/1/CJ.JS",
        "/widget/1/cj.js.map",
        "/widget/1/cj.js%00",
        "/widget/1/cj.js;x",
        "/widget/1/../bundle.py",
        "/widget/1/../../bundle.py",
        "/widget/1/..%2fbundle.py",
        "/widget/1/%2e%2e/bundle.py",
        "/widget/1/%2e%2e%2f%2e%2e%2fbundle.py",
        "/widget/1/..%5cbundle.py",
        "/widget/1/%252e%252e/bundle.py",
        "/widget/..%2f..%2f..%2f..%2f..%2f..%2fetc/passwd",
        "/widget/1//etc/passwd",
        "/widget/1/%2fetc%2fpasswd",
        "//widget/1/cj.js",
    ],
)
async def test_there_is_nothing_beside_the_files(port: int, path: str) -> None:
    said = await asked(port, f"GET {path}")
    assert re.match(rb"HTTP/1.1 (404|400) ", said), said[:200]
    assert b"root:" not in said
    assert b"import " not in said


async def test_head_is_answered_without_a_body_and_with_its_length(port: int) -> None:
    said = await asked(port, f"HEAD {SCRIPT}")
    head, _, body = said.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    assert body == b""
    assert b"\r\ncontent-length: %d" % (FOLDER / "cj.js").stat().st_size in head
