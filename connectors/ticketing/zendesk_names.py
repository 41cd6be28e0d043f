"""Names of Zendesk's groups and agents, which tickets tell by id alone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence

import msgspec

from connectors.deadline import Deadline
from connectors.http import Params, VendorHttp
from connectors.mapping import decode_rows

LIFETIME_SECONDS = 600.0
MOST_NAMES = 10_000
MOST_AT_ONCE = 100
MOST_GROUP_PAGES = 10
HIDDEN = (403, 404)
"""Names that may not be read: the id stands in for them."""

Read = Callable[[Sequence[str], Deadline], Awaitable[dict[str, str]]]


class _Named(msgspec.Struct):
    id: int
    name: str | None = None


class _Users(msgspec.Struct):
    users: list[msgspec.Raw]


class _After(msgspec.Struct):
    has_more: bool = False
    after_cursor: str | None = None


class _Groups(msgspec.Struct):
    groups: list[msgspec.Raw]
    meta: _After | None = None


class Names:
    """Asked for once a while, many at a time."""

    def __init__(self, http: VendorHttp) -> None:
        self._http = http
        self._groups = _Kept(self._read_groups)
        self._agents = _Kept(self._read_agents)

    async def groups(self, ids: Iterable[int | None], deadline: Deadline) -> dict[str, str]:
        """A name for every id given; the id itself where there is none to be had."""
        return await self._groups.get(ids, deadline)

    async def agents(self, ids: Iterable[int | None], deadline: Deadline) -> dict[str, str]:
        """As `groups`."""
        return await self._agents.get(ids, deadline)

    async def _read_groups(self, ids: Sequence[str], deadline: Deadline) -> dict[str, str]:
        """All of them, the deleted ones too: old tickets name them."""
        names: dict[str, str] = {}
        params: Params = [("page[size]", MOST_AT_ONCE)]
        for _ in range(MOST_GROUP_PAGES):
            answer = await self._http.send("GET", "/api/v2/groups", deadline, params=params, expect=HIDDEN)
            if answer.status in HIDDEN:
                break
            page = self._http.decode(answer.body, _Groups)
            names |= _named(page.groups)
            if page.meta is None or not page.meta.has_more or page.meta.after_cursor is None:
                break
            params = [("page[size]", MOST_AT_ONCE), ("page[after]", page.meta.after_cursor)]
        return names

    async def _read_agents(self, ids: Sequence[str], deadline: Deadline) -> dict[str, str]:
        params = [("ids", ",".join(ids[:MOST_AT_ONCE]))]
        answer = await self._http.send("GET", "/api/v2/users/show_many", deadline, params=params, expect=HIDDEN)
        return {} if answer.status in HIDDEN else _named(self._http.decode(answer.body, _Users).users)


def _named(rows: Iterable[msgspec.Raw]) -> dict[str, str]:
    return {str(row.id): row.name for row in decode_rows(rows, _Named)[0] if row.name}


class _Kept:
    """Names by id, each for a while; those that could not be read too, so that they are not asked for at every page."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._names: dict[str, tuple[float, str]] = {}
        self._reading = asyncio.Lock()

    async def get(self, ids: Iterable[int | None], deadline: Deadline) -> dict[str, str]:
        asked = sorted({str(id_) for id_ in ids if id_ is not None})
        names = self._fresh(asked, deadline)
        if len(names) < len(asked):
            async with self._reading:
                names = self._fresh(asked, deadline)
                unknown = [id_ for id_ in asked if id_ not in names]
                if unknown:
                    read = {id_: id_ for id_ in unknown} | await self._read(unknown, deadline)
                    self._keep(read, deadline)
                    names |= {id_: read[id_] for id_ in unknown}
        return names

    def _fresh(self, ids: Iterable[str], deadline: Deadline) -> dict[str, str]:
        now = deadline.clock()
        held = {id_: self._names[id_] for id_ in ids if id_ in self._names}
        return {id_: name for id_, (until, name) in held.items() if now < until}

    def _keep(self, names: dict[str, str], deadline: Deadline) -> None:
        until = deadline.clock() + LIFETIME_SECONDS
        for id_, name in names.items():
            self._names.pop(id_, None)
            self._names[id_] = (until, name)
        while len(self._names) > MOST_NAMES:
            del self._names[next(iter(self._names))]
