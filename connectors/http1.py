"""HTTP/1.1 as it is written and read: request heads, answers, content encodings. Nothing here touches a network."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable
from typing import NamedTuple

import httpx

MAX_BODY_BYTES = 10 * 1024 * 1024

_TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")  # RFC 9110 §5.6.2
_VALUE = re.compile(rb"[^\x00\r\n]*")  # RFC 9110 §5.5
_TARGET = re.compile(rb"/[!\"$-~]*")  # RFC 9112 §3.2.1: visible ASCII, no fragment
FRAMING = (b"content-length", b"transfer-encoding")
"""How long a body is, is for `request_head` to say."""
_FRAMING = re.compile(rb"\r\n(content-length|transfer-encoding|content-encoding):[ \t]*([^\r]*)")
_METHODS = frozenset({b"GET", b"POST"})

Pairs = list[tuple[bytes, bytes]]
Fields = dict[bytes, bytes]
"""Header fields by their name in lower case; repeated ones joined by a comma (RFC 9110 §5.3)."""


class TooLargeError(httpx.DecodingError):
    """The answer is larger than the cap, as it came or inflated. No `TransportError`: asking again would not help."""


class Origin(NamedTuple):
    """Where connections lead, and what a certificate is checked against."""

    is_tls: bool
    host: str
    port: int

    @classmethod
    def of(cls, url: httpx.URL) -> Origin:
        if url.scheme not in ("http", "https") or not url.raw_host:
            raise httpx.UnsupportedProtocol("only http:// and https:// can be asked")
        is_tls = url.scheme == "https"
        return cls(is_tls, url.raw_host.decode("ascii"), url.port or (443 if is_tls else 80))


class Answer:
    """One answer, read whole. Its header fields are taken apart only for those who look at them."""

    __slots__ = ("_head", "body", "encoding", "status")

    def __init__(self, status: int, head: bytes, body: bytes, encoding: bytes | None) -> None:
        """`head` as it came, and found well-formed; `encoding`: the one in which the body came."""
        self.status = status
        self.body = body
        self.encoding = encoding
        self._head = head

    @property
    def pairs(self) -> Pairs:
        lines = (line.partition(b":") for line in self._head.split(b"\r\n")[1:-2])
        return [(name, value.strip(b" \t")) for name, _, value in lines]

    @property
    def fields(self) -> Fields:
        fields: Fields = {}
        for name, value in self.pairs:
            name = name.lower()
            fields[name] = fields[name] + b", " + value if name in fields else value
        return fields

    @property
    def headers(self) -> dict[str, str]:
        """`fields` as text."""
        return {name.decode("latin-1"): value.decode("latin-1") for name, value in self.fields.items()}


def framing(head: bytes) -> Fields:
    """What a head that was found well-formed says of its body: Content-Length and both encodings, in lower case."""
    fields: Fields = {}
    for name, value in _FRAMING.findall(head.lower()):
        value = value.rstrip(b" \t")
        fields[name] = fields[name] + b", " + value if name in fields else value
    return fields


def header_lines(pairs: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Header fields as they are sent, to be prepared once. LocalProtocolError for what could become another line."""
    lines = bytearray()
    for name, value in pairs:
        if _TOKEN.fullmatch(name) is None or _VALUE.fullmatch(value) is None or name.lower() in FRAMING:
            raise httpx.LocalProtocolError("a header field cannot be written down")
        lines += b"%b: %b\r\n" % (name, value)
    return bytes(lines)


def target_of(text: str) -> bytes:
    """Path and query, escaped. LocalProtocolError for what could become anything else in a request line."""
    try:
        target = text.encode("ascii")
    except UnicodeEncodeError:
        target = b""
    if _TARGET.fullmatch(target) is None:
        raise httpx.LocalProtocolError("a request line cannot be written down")
    return target


def request_head(method: bytes, target: bytes, lines: bytes, body: bytes | None = None) -> bytes:
    """The request up to its body. `target`: from `target_of`. `lines`: from `header_lines`, with Host in them.

    LocalProtocolError for a method that could become anything else, and for CONNECT.
    """
    if method not in _METHODS and (_TOKEN.fullmatch(method) is None or method == b"CONNECT"):
        raise httpx.LocalProtocolError("a request line cannot be written down")
    length = b"" if body is None else b"Content-Length: %d\r\n" % len(body)
    return b"%b %b HTTP/1.1\r\n%b%b\r\n" % (method, target, lines, length)


def inflate(body: bytes, encoding: bytes | None, max_bytes: int) -> bytes:
    """The body without its content encoding; at most `max_bytes` (and one) are ever inflated."""
    coding = (encoding or b"identity").lower()
    if coding == b"identity" or not body:
        return body
    if coding in (b"gzip", b"x-gzip"):
        window_bits = 16 + zlib.MAX_WBITS
    elif coding == b"deflate":  # zlib's format (RFC 9110 §8.4.1.2); some servers leave its header out
        has_header = body[0] & 0x0F == 8 and int.from_bytes(body[:2], "big") % 31 == 0
        window_bits = zlib.MAX_WBITS if has_header else -zlib.MAX_WBITS
    else:
        raise httpx.DecodingError("the answer is compressed in a way that was not asked for")
    stream = zlib.decompressobj(window_bits)
    try:
        inflated = stream.decompress(body, max_bytes + 1)
    except zlib.error:
        raise httpx.DecodingError("the answer could not be decompressed") from None
    if len(inflated) > max_bytes:
        raise TooLargeError("the answer is too large")
    if not stream.eof:
        raise httpx.RemoteProtocolError("the compressed answer ended too early")
    if stream.unused_data:
        raise httpx.DecodingError("something follows the compressed answer")
    return inflated
