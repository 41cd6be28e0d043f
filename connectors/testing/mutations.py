"""Answers with one spoiled row: a field that is missing, null, of another type, a word nobody knows, an absurd date.

The bad row may be dropped, and is counted then; the rest of the answer stays as it was.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import msgspec

from connectors.base import Connector, Page, VendorConnector
from connectors.interaction import Identifier, Interaction, Record
from connectors.testing.vendors import Recorded
from connectors.testing.walks import EVER, deadline

Path = tuple[str | int, ...]
RowsOf = Callable[[Any], list[Any]]
PutBack = Callable[[Any, list[Any]], None]

ABSENT = object()
OTHER_VALUES: tuple[Any, ...] = (
    ABSENT,
    None,
    True,
    0,
    -1,
    987_654_321,
    2**70,
    1e300,
    "",
    "no such word",
    "\x00\ud7ff\U0001f4a5",
    "1" * 5000,
    [],
    [[None]],
    {},
    {"a": {"b": "c"}},
)
ABSURD_DATES: tuple[Any, ...] = (
    "0001-01-01T00:00:00+14:00",
    "0001-01-01T00:00:00Z",
    "1970-01-01T00:00:00Z",
    "9999-12-31T23:59:59-14:00",
    "9999-12-31T23:59:59.999999Z",
    "2026-02-30T00:00:00Z",
    "2026-11-23",
    "yesterday",
)
ABSURD_MAIL_DATES: tuple[Any, ...] = (
    "Mon, 01 Jan 0001 00:00:00 +1400",
    "Mon, 01 Jan 0001 00:00:00 +0000",
    "Thu, 01 Jan 1970 00:00:00 +0000",
    "Fri, 31 Dec 9999 23:59:59 -1400",
    "Fri, 31 Dec 9999 23:59:59 +0000",
    "Mon, 30 Feb 2026 00:00:00 +0000",
    "2026-11-23",
    "yesterday",
)
"""As in e-mail headers, which some vendors write."""


@dataclass(frozen=True)
class Mutation:
    """`value` in place of what stands at `path` of a row."""

    path: Path
    value: Any

    def apply(self, row: Any) -> Any:
        spoiled = copy.deepcopy(row)
        holder = spoiled
        for step in self.path[:-1]:
            holder = holder[step]
        if self.value is not ABSENT:
            holder[self.path[-1]] = self.value
        elif isinstance(holder, list):
            del holder[int(self.path[-1])]
        else:
            del holder[self.path[-1]]
        return spoiled


def mutations(row: Any) -> Iterator[Mutation]:
    """Every field of the row at any depth, each with every other value; times with absurd ones as well."""
    for path, value in _fields(row, ()):
        yield from (Mutation(path, other) for other in OTHER_VALUES + _absurd(value))


def _fields(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    if path:
        yield path, value
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _fields(inner, (*path, name))
    elif isinstance(value, list):
        for place, inner in enumerate(value[:2]):
            yield from _fields(inner, (*path, place))


def _absurd(value: Any) -> tuple[Any, ...]:
    """Times in the way in which this one is written."""
    if not isinstance(value, str) or len(value) < 10:
        return ()
    for read, dates in ((datetime.fromisoformat, ABSURD_DATES), (parsedate_to_datetime, ABSURD_MAIL_DATES)):
        try:
            return dates if read(value).year > 1 else ()
        except ValueError:
            continue
    return ()


class Spoiled(httpx.AsyncBaseTransport):
    """`inner`; while it is told to, the row of one id is mutated in every answer to the listing's path.

    Whatever is asked twice is answered as it was: the vendor itself works once for all mutations.
    """

    def __init__(self, listing: Listing) -> None:
        self._listing = listing
        self._answers: dict[tuple[str, httpx.URL, bytes], Recorded] = {}
        self._spoiled: tuple[str, Mutation] | None = None
        self.rows: dict[str, Any] = {}
        """All that came from the path, as the vendor gave them, by id."""

    def spoil(self, id_: str, mutation: Mutation) -> None:
        self._spoiled = (id_, mutation)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        asked = (request.method, request.url, await request.aread())
        if asked not in self._answers:
            self._answers[asked] = await Recorded.of(await self._listing.transport.handle_async_request(request))
        answer = self._answers[asked]
        if request.url.path != self._listing.path or answer.status != 200:
            return answer.response()
        body = msgspec.json.decode(answer.body)
        rows = self._listing.rows_of(body)
        for place, row in enumerate(rows):
            id_ = self._listing.id_of(row)
            self.rows[id_] = copy.deepcopy(row)
            if self._spoiled is not None and id_ == self._spoiled[0]:
                rows[place] = self._spoiled[1].apply(row)
        self._listing.put_back(body, rows)
        return httpx.Response(200, headers=answer.headers, content=json.dumps(body).encode())


def _told(page: Page) -> dict[str, Any]:
    return {row.external_id: row for row in page.items}


@dataclass(frozen=True, kw_only=True)
class Listing:
    """A list of a vendor's, and how to read it: its path, where the rows are in the decoded answer, and the id that
    a row has with us (an interaction's `external_id`, a record's `id`).

    hides: whether a mutation makes a row that is not to be told at all (a mark of spam), and so is no bad one.
    put_back: where `rows_of` makes rows (of a text) instead of finding them, how they come into the answer again.
    told_of: what is told of each listed row, by `id_of`, where an interaction is not made of one of them alone.
    """

    connect: Callable[[httpx.AsyncBaseTransport], VendorConnector]
    transport: httpx.AsyncBaseTransport
    known: Identifier
    path: str
    rows_of: RowsOf
    id_of: Callable[[Any], str] = lambda row: str(row["id"])
    hides: Callable[[Mutation], bool] = lambda mutation: False
    put_back: PutBack = lambda body, rows: None
    told_of: Callable[[Page], Mapping[str, Any]] = _told

    async def spoil_interactions(self) -> int:
        """Every mutation of a row in the middle of the page that `known` has. How many there were."""
        vendor = Spoiled(self)
        connector = self.connect(vendor)
        records = await connector.find([self.known], deadline())
        page = await _page(connector, records)
        clean_rows, clean = set(page.items), self.told_of(page)
        spoiled, count = self._chosen(vendor, clean), 0
        others = {id_: told for id_, told in clean.items() if id_ != spoiled}
        for mutation in mutations(vendor.rows[spoiled]):
            vendor.spoil(spoiled, mutation)
            page = await _page(connector, records)
            told = self.told_of(page)
            more = told.keys() - others.keys()
            assert {id_: told.get(id_) for id_ in others} == others, f"{mutation} costs other rows"
            assert len(more) <= 1, f"{mutation} makes rows"
            counted = page.dropped + page.foreign or self.hides(mutation)
            assert more or counted, f"{mutation} is dropped and not counted"
            for row in page.items:
                if row not in clean_rows:
                    _assert_sound(row, mutation)
            count += 1
        return count

    async def spoil_records(self) -> int:
        """As `spoil_interactions`, of records: `known` is carried by several, and who is spoiled may be lost."""
        vendor = Spoiled(self)
        connector = self.connect(vendor)
        clean = {record.id: record for record in await connector.find([self.known], deadline())}
        spoiled, count = self._chosen(vendor, clean), 0
        others = {id_: record for id_, record in clean.items() if id_ != spoiled}
        assert others, "known is carried by one record alone"
        for mutation in mutations(vendor.rows[spoiled]):
            vendor.spoil(spoiled, mutation)
            told = {record.id: record for record in await connector.find([self.known], deadline())}
            assert {id_: told.get(id_) for id_ in others} == others, f"{mutation} costs other records"
            count += 1
        return count

    def _chosen(self, vendor: Spoiled, clean: Mapping[str, object]) -> str:
        listed = [id_ for id_ in vendor.rows if id_ in clean]
        assert len(listed) >= 2, "the list needs more rows"
        return listed[len(listed) // 2]


async def _page(connector: Connector, records: Sequence[Record]) -> Page:
    return await connector.interactions(records, EVER, None, 100, deadline())


def _assert_sound(row: Interaction, mutation: Mutation) -> None:
    """What is made of a spoiled row is a row like any other."""
    for at in (row.started_at, row.last_activity_at, row.ended_at):
        assert at is None or (at.utcoffset() == timedelta(0) and 1970 < at.year < 2200), f"{mutation} is {at}"
    assert row.started_at <= row.last_activity_at, f"{mutation} ends before it begins"
    assert row.ended_at is None or row.started_at <= row.ended_at, f"{mutation} ends before it begins"
    assert row.duration_seconds is None or row.duration_seconds >= 0, f"{mutation} lasts less than nothing"
    assert row.external_id.strip() and row.record_id.strip(), f"{mutation} has no id"
    texts = (row.subject, row.topic, row.preview, row.url, *row.tags, *row.division_ids, row.external_id, row.record_id)
    assert all(text is None or isinstance(text, str) for text in texts), f"{mutation} puts no text where one belongs"
    for part in (row.details, row.address, row.outcome, *row.legs, *row.comments):
        again = None if part is None else msgspec.convert(msgspec.to_builtins(part), type(part))
        assert again == part, f"{mutation} is not of the declared types"
