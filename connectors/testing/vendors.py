"""Vendors that answer, but not as they should: stuck on one page, telling anybody the same, refusing their tokens."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass

import httpx
import msgspec

from connectors.testing.faults import CANARY


class Tokens(httpx.AsyncBaseTransport):
    """The vendor, with a number hung to each token it gives, so that old ones can be told and refused."""

    def __init__(self, inner: httpx.AsyncBaseTransport, token_path: str | None, refuses_all: bool = False) -> None:
        assert token_path is not None, "subject.token_path is not set"
        self._inner = inner
        self._token_path = token_path
        self._refuses_all = refuses_all
        self._oldest_accepted = 1
        self.fetched = 0

    def refuse_current(self) -> None:
        self._oldest_accepted = self.fetched + 1

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == self._token_path:
            self.fetched += 1
            number = self.fetched
            response = await self._inner.handle_async_request(request)
            token = msgspec.json.decode(await response.aread())
            token["access_token"] += f".{number}"
            return httpx.Response(response.status_code, json=token)
        value, _, number_text = request.headers["Authorization"].rpartition(".")
        await asyncio.sleep(0)  # let the others ask with the same token
        if self._refuses_all or int(number_text) < self._oldest_accepted:
            return httpx.Response(401)
        request.headers["Authorization"] = value
        return await self._inner.handle_async_request(request)


class Stuck(httpx.AsyncBaseTransport):
    """The first answer of each path, again and again."""

    def __init__(self, inner: httpx.AsyncBaseTransport, token_path: str | None) -> None:
        self._inner = inner
        self._token_path = token_path
        self._first: dict[str, Recorded] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path == self._token_path:
            return await self._inner.handle_async_request(request)
        if path not in self._first:
            self._first[path] = await Recorded.of(await self._inner.handle_async_request(request))
        return self._first[path].response()


@dataclass(frozen=True)
class Recorded:
    status: int
    headers: list[tuple[str, str]]
    body: bytes

    @classmethod
    async def of(cls, response: httpx.Response) -> Recorded:
        body = await response.aread()
        dropped = ("content-encoding", "content-length", "transfer-encoding")
        return cls(response.status_code, [h for h in response.headers.multi_items() if h[0] not in dropped], body)

    def response(self) -> httpx.Response:
        return httpx.Response(self.status, headers=self.headers, content=self.body)


class Replay(httpx.AsyncBaseTransport):
    """Records by path; once `playing`, gives what was recorded there, or else the next of all that was."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner
        self._by_path: dict[str, list[Recorded]] = defaultdict(list)
        self._all: list[Recorded] = []
        self._played: dict[str, int] = defaultdict(int)
        self.playing = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if not self.playing:
            answer = await Recorded.of(await self._inner.handle_async_request(request))
            self._by_path[path].append(answer)
            self._all.append(answer)
            return answer.response()
        answers = self._by_path.get(path, self._all)
        key = path if path in self._by_path else ""
        turn = min(self._played[key], len(answers) - 1)
        self._played[key] += 1
        return answers[turn].response()


async def echo(request: httpx.Request) -> httpx.Response:
    """What some vendors do: the whole question in the answer."""
    said = f"{CANARY} {request.url} {(await request.aread()).decode(errors='replace')}"
    return httpx.Response(500, headers={"X-Canary": CANARY}, content=said.encode())
