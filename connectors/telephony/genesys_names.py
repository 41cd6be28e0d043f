"""What Genesys Cloud's queues, users and wrap-up codes are called: asked by id, many at once, and kept for an hour."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from connectors.deadline import Deadline
from connectors.http import Params, VendorHttp
from connectors.mapping import decode_rows, together
from connectors.telephony.genesys_api import Named, NamedListing
from connectors.telephony.genesys_legs import Labels

LIFETIME_SECONDS = 3600.0
SIZE = 10_000
IDS_A_CALL = 50
BUILT_IN_CODE = "ININ-"
"""Wrap-up codes of the platform itself (`ININ-WRAP-UP-TIMEOUT`), which no list holds."""
NOT_READABLE = (400, 403, 404, 410)


class Names:
    def __init__(self, http: VendorHttp) -> None:
        self._queues = _Kind(http, "/api/v2/routing/queues")
        self._users = _Kind(http, "/api/v2/users", [("state", "any")])
        self._wrap_up_codes = _Kind(http, "/api/v2/routing/wrapupcodes")

    async def labels(
        self, queues: Iterable[str], users: Iterable[str], wrap_up_codes: Iterable[str], deadline: Deadline
    ) -> Labels:
        codes = [code for code in wrap_up_codes if not code.startswith(BUILT_IN_CODE)]
        named = await together(
            [
                self._queues.of(queues, deadline),
                self._users.of(users, deadline),
                self._wrap_up_codes.of(codes, deadline),
            ]
        )
        return Labels(*named)


class _Kind:
    def __init__(self, http: VendorHttp, path: str, params: Params = ()) -> None:
        self._http = http
        self._path = path
        self._params = params
        self._kept: dict[str, tuple[float, str | None]] = {}

    async def of(self, ids: Iterable[str], deadline: Deadline) -> dict[str, str]:
        """Those that have a name and may be read. The others are not asked for again before the lifetime is over."""
        now = deadline.clock()
        held = {id_: self._kept[id_] for id_ in set(ids) if id_ in self._kept and now < self._kept[id_][0]}
        unknown = sorted(set(ids) - held.keys())
        batches = [unknown[start : start + IDS_A_CALL] for start in range(0, len(unknown), IDS_A_CALL)]
        listings = await together(self._read(batch, deadline) for batch in batches)
        read = {entity.id: entity.name for listing in listings for entity in listing}
        for id_ in unknown:
            held[id_] = self._kept[id_] = (now + LIFETIME_SECONDS, read.get(id_))
        while len(self._kept) > SIZE:
            del self._kept[next(iter(self._kept))]
        return {id_: name for id_, (_, name) in held.items() if name}

    async def _read(self, ids: Sequence[str], deadline: Deadline) -> list[Named]:
        params: Params = [("pageSize", IDS_A_CALL), *self._params, *(("id", id_) for id_ in ids)]
        answer = await self._http.send("GET", self._path, deadline, params=params, expect=NOT_READABLE)
        if answer.status in NOT_READABLE:
            return []
        return decode_rows(self._http.decode(answer.body, NamedListing).entities or (), Named)[0]
