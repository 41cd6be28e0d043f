"""Answers that are well-formed, each in its own way: a seeded generator."""

from __future__ import annotations

import gzip
import random
import zlib
from dataclasses import dataclass

NAMES = ["X-Request-Id", "x-lower", "X-UPPER", "Set-Cookie", "Vary", "Link", "Retry-After", "ETag", "X-_~!'"]
VALUES = [
    "",
    "a",
    "a, b",
    ' "quoted; text" ',
    "caf\xe9",
    "Thu, 01 Jan 1970 00:00:00 GMT",
    "x" * 3000,
    "a: b: c",
    "\ta\t",
]
STATUSES = [200, 200, 200, 200, 201, 202, 206, 301, 302, 400, 401, 404, 410, 418, 429, 500, 503, 599]
REASONS = [" OK", " ", "", " Not Quite So", " caf\xe9"]


@dataclass(frozen=True)
class Sample:
    method: str
    wire: bytes
    ends_with_connection: bool


def sample(rng: random.Random) -> Sample:
    """One answer as it goes over the wire; `ends_with_connection`: the server must hang up behind it."""
    method = rng.choice(["GET", "GET", "GET", "GET", "HEAD", "POST"])
    status = rng.choice([*STATUSES, 204, 304])
    version = "1.0" if rng.random() < 0.1 else "1.1"
    body = rng.randbytes(rng.choice([0, 1, 2, 100, 4096, 20_000, 70_000])) if rng.random() < 0.3 else text(rng)
    lines = [f"{rng.choice(NAMES)}:{rng.choice([' ', '', '  '])}{rng.choice(VALUES)}" for _ in range(rng.randrange(9))]
    coding = rng.choice(["", "", "gzip", "deflate"])
    if coding and body:
        body = gzip.compress(body) if coding == "gzip" else zlib.compress(body)
        lines.append(f"Content-Encoding: {coding}")
    closes = version == "1.0" or rng.random() < 0.2
    if closes and version == "1.1":
        lines.append("Connection: close")
    framing = rng.choice(["length", "chunked", "end"])
    if status in (204, 304):
        body, framing = b"", "none"
    elif method == "HEAD":
        closes = True
        in_full = framing == "length" or version == "1.0"
        lines.append(f"Content-Length: {len(body)}" if in_full else "Transfer-Encoding: chunked")
        body, framing = b"", "none"
    elif version == "1.0" and framing == "chunked":
        framing = "length"
    if framing == "length":
        lines.append(f"{rng.choice(['Content-Length', 'content-length', 'CONTENT-LENGTH'])}: {len(body)}")
    elif framing == "chunked":
        lines.append(f"Transfer-Encoding: {rng.choice(['chunked', 'Chunked'])}")
        body = in_chunks(body, rng)
    rng.shuffle(lines)
    interim = b""
    if version == "1.1" and rng.random() < 0.15:
        interim = rng.choice([b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"])
        interim *= rng.randrange(1, 4)
    start = f"HTTP/{version} {status}{rng.choice(REASONS)}"
    head = "".join(f"{line}\r\n" for line in [start, *lines]).encode("latin-1") + b"\r\n"
    return Sample(method, interim + head + body, closes or framing == "end")


def text(rng: random.Random) -> bytes:
    return b'{"rows": [' + b", ".join(b'{"id": %d}' % rng.randrange(10**6) for _ in range(rng.randrange(200))) + b"]}"


def in_chunks(body: bytes, rng: random.Random) -> bytes:
    pieces = []
    while body:
        size = min(len(body), rng.choice([1, 7, 100, 5000, 40_000]))
        extension = rng.choice([b"", b"", b"", b";a", b";a=b", b';a="b c"'])
        number = b"%x" if rng.random() < 0.5 else b"0%X"
        pieces.append(number % size + extension + b"\r\n" + body[:size] + b"\r\n")
        body = body[size:]
        if len(pieces) > 300:
            pieces.append(b"%x\r\n%b\r\n" % (len(body), body) if body else b"")
            break
    trailers = rng.choice([b"", b"", b"X-Sum: 1\r\n", b"X-Sum: 1\r\nX-More:\r\n"])
    return b"".join(pieces) + b"0\r\n" + trailers + b"\r\n"
