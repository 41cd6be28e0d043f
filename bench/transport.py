"""CPU microseconds a call, for each way of asking over HTTP that this gateway has or had.

    .venv/bin/python bench/transport.py [--calls 20000] [--rounds 5] [--at-once 5]

The server is a process of its own that says one prepared answer (about 4 kB of JSON) to whatever arrives. Only this
process's CPU time is counted. The ways take turns, each in a fresh pool; medians of the rounds are printed. The last
way opens nothing and checks nothing: what the kernel, the loop and a future cost on this machine.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import platform
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from importlib.metadata import version
from multiprocessing.connection import Connection
from pathlib import Path
from typing import cast

import httpx
import msgspec
import uvloop

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench import wire
from connectors.deadline import Deadline
from connectors.http import VendorHttp, aiohttp_transport, basic
from connectors.http1 import Origin, header_lines, request_head
from connectors.transport import LeanTransport

PARAMS: list[tuple[str, str | int]] = [("query", "requester:12345"), ("page[size]", 50)]
PATH = "/v2/tickets/search?query=requester%3A12345&page%5Bsize%5D=50"
ROWS = [
    {"id": n, "subject": f"Invoice {n}", "status": "open", "tags": ["a", "b"], "at": "2026-11-23T09:00:00Z"}
    for n in range(40)
]
BODY = json.dumps({"rows": ROWS}).encode()
ANSWER = b"".join(
    [
        b"HTTP/1.1 200 OK\r\nDate: Mon, 23 Nov 2026 09:00:00 GMT\r\nServer: bench\r\n",
        b"Content-Type: application/json; charset=utf-8\r\nCache-Control: no-store\r\nX-Request-Id: 7f3a\r\n",
        b"Vary: Accept-Encoding\r\nContent-Length: %d\r\n\r\n" % len(BODY),
        BODY,
    ]
)
SECONDS = 30.0


class Rows(msgspec.Struct):
    """As connectors decode a page; its rows follow one by one."""

    rows: list[msgspec.Raw]


Call = Callable[[], Awaitable[object]]
Close = Callable[[], Awaitable[None]]


class Prepared(asyncio.Protocol):
    """One answer for every head that ends."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.WriteTransport, transport)

    def data_received(self, data: bytes) -> None:
        self.transport.write(ANSWER * data.count(b"\r\n\r\n"))


def serve(told: Connection) -> None:
    async def run() -> None:
        server = await asyncio.get_running_loop().create_server(Prepared, "127.0.0.1", 0)
        told.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    uvloop.run(run())


def httpx_client(base: str) -> tuple[Call, Close]:
    client = httpx.AsyncClient(base_url=base, trust_env=False)

    async def call() -> bytes:
        return (await client.get(PATH)).content

    return call, client.aclose


def over_vendor_http(transport: httpx.AsyncBaseTransport, base: str) -> tuple[Call, Close]:
    http = VendorHttp("bench", base, transport, auth=basic("anna", "secret"))

    async def call() -> bytes:
        return (await http.send("GET", "/v2/tickets/search", Deadline.after(SECONDS), params=PARAMS)).body

    return call, http.aclose


def decoded(transport: httpx.AsyncBaseTransport, base: str) -> tuple[Call, Close]:
    http = VendorHttp("bench", base, transport, auth=basic("anna", "secret"))

    async def call() -> object:
        return await http.get("/v2/tickets/search", Rows, Deadline.after(SECONDS), PARAMS)

    return call, http.aclose


def lean_face(base: str) -> tuple[Call, Close]:
    transport = LeanTransport()
    url = httpx.URL(base + PATH)
    headers = [("Host", url.netloc.decode()), ("Accept", "application/json"), ("Accept-Encoding", "gzip")]

    async def call() -> bytes:
        request = httpx.Request("GET", url, headers=headers, extensions={"timeout": {"read": SECONDS}})
        response = await transport.handle_async_request(request)
        return await response.aread()

    return call, transport.aclose


def lean_hot_path(base: str) -> tuple[Call, Close]:
    transport = LeanTransport()
    url = httpx.URL(base + PATH)
    origin = Origin.of(url)
    lines = header_lines(
        [(b"Host", url.netloc), (b"Accept", b"application/json"), (b"Accept-Encoding", b"gzip"), (b"User-Agent", b"x")]
    )

    async def call() -> bytes:
        head = request_head(b"GET", url.raw_path, lines)
        return (await transport.exchange(origin, head, None, time.monotonic() + SECONDS)).body

    return call, transport.aclose


def bare(base: str) -> tuple[Call, Close]:
    port = int(base.rpartition(":")[2])
    request = wire.get(PATH, port)
    idle: list[wire.Connection] = []

    async def call() -> bytes:
        connection = idle.pop() if idle else await wire.connect(port)
        _, body = await wire.exchange(connection, request)
        idle.append(connection)
        return body

    async def close() -> None:
        for connection in idle:
            connection.transport.abort()

    return call, close


WAYS: dict[str, Callable[[str], tuple[Call, Close]]] = {
    "httpx client": httpx_client,
    "VendorHttp over aiohttp": lambda base: over_vendor_http(aiohttp_transport(), base),
    "VendorHttp.get, decoded": lambda base: decoded(LeanTransport(), base),
    "VendorHttp over LeanTransport": lambda base: over_vendor_http(LeanTransport(), base),
    "LeanTransport, httpx's types": lean_face,
    "LeanTransport.exchange": lean_hot_path,
    "bench/wire.py": bare,
}


async def measure(way: Callable[[str], tuple[Call, Close]], base: str, calls: int, at_once: int) -> tuple[float, float]:
    """CPU and wall-clock microseconds a call."""
    call, close = way(base)
    expected = await call()
    if expected not in (BODY, msgspec.json.decode(BODY, type=Rows)):
        raise SystemExit("an answer is not the one that was sent")

    async def caller(times: int) -> None:
        for _ in range(times):
            if await call() != expected:
                raise SystemExit("an answer is not the one that was sent")

    await asyncio.gather(*(caller(50) for _ in range(at_once)))
    cpu, wall = time.process_time(), time.perf_counter()
    await asyncio.gather(*(caller(calls // at_once) for _ in range(at_once)))
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    await close()
    done = calls // at_once * at_once
    return cpu * 1e6 / done, wall * 1e6 / done


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--calls", type=int, default=20_000)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--at-once", type=int, default=5)
    given = options.parse_args()
    heard, told = multiprocessing.Pipe(duplex=False)
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(told,), daemon=True)
    server.start()
    base = f"http://127.0.0.1:{heard.recv()}"
    figures: dict[str, list[tuple[float, float]]] = {name: [] for name in WAYS}
    try:
        for _ in range(given.rounds):
            for name, way in WAYS.items():
                figures[name].append(uvloop.run(measure(way, base, given.calls, given.at_once)))
    finally:
        server.terminate()
        server.join()
    packages = ", ".join(f"{name} {version(name)}" for name in ("httpx", "aiohttp", "httptools", "uvloop"))
    print(f"Python {platform.python_version()}, {packages}; {len(BODY)} bytes of body, {given.at_once} at once")
    print(f"{'':32}{'CPU µs':>8}{'wall µs':>9}   a call, median of {given.rounds} x {given.calls}")
    for name, rounds in figures.items():
        cpu, wall = (statistics.median(column) for column in zip(*rounds, strict=True))
        print(f"{name:32}{cpu:8.1f}{wall:9.1f}")


if __name__ == "__main__":
    main()
