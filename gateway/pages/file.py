"""One file of the gateway's own, held in memory: whole, packed, or not at all when the browser has it already."""

from __future__ import annotations

import gzip
import re
from collections.abc import Mapping
from functools import cached_property
from hashlib import sha256
from pathlib import PurePath

from starlette.requests import Request
from starlette.responses import Response

MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".md": "text/markdown; charset=utf-8",
    ".ts": "text/plain; charset=utf-8",  # declarations, for compilers
}
_NOT_AT_ALL = re.compile(r"q=0(\.0*)?")


class ServedFile:
    """`name`: its suffix says what it is. `headers`: of every answer, in small letters."""

    def __init__(self, name: str, body: bytes, headers: Mapping[str, str]) -> None:
        self.body = body
        self._media_type = MEDIA_TYPES[PurePath(name).suffix]
        self._headers = headers
        self._tag = sha256(body).hexdigest()[:32]

    @cached_property
    def _packed(self) -> bytes:
        """On first use: it takes a while for the largest, and some are never asked for."""
        return gzip.compress(self.body, 9, mtime=0)

    async def answer(self, request: Request) -> Response:
        """To GET, and to HEAD: then the server keeps the body back."""
        is_packed = _takes_gzip(request.headers.get("accept-encoding", "")) and len(self._packed) < len(self.body)
        tag = f'"{self._tag}-gzip"' if is_packed else f'"{self._tag}"'
        headers = {**self._headers, "etag": tag, "vary": "Accept-Encoding"}
        if _names(request.headers.get("if-none-match", ""), tag):
            return Response(status_code=304, headers=headers)
        body = self._packed if is_packed else self.body
        headers["content-type"] = self._media_type
        if is_packed:
            headers["content-encoding"] = "gzip"
        return Response(body, headers=headers)


def _takes_gzip(accepted: str) -> bool:
    for offer in accepted.lower().split(","):
        coding, _, quality = offer.partition(";")
        if coding.strip() == "gzip":
            return not _NOT_AT_ALL.fullmatch(quality.strip())
    return False


def _names(condition: str, tag: str) -> bool:
    """Whether `If-None-Match` names it, weakly or not, or anything at all."""
    tags = {given.strip().removeprefix("W/") for given in condition.split(",")}
    return tag in tags or tags == {"*"}
