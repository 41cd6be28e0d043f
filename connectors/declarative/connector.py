"""The connector that a manifest makes: it asks what the manifest tells and maps as the manifest tells."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache, partial
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import httpx
import msgspec

from connectors import identifiers
from connectors.base import Capabilities, Fetched, Query, SourceConfig, VendorConnector
from connectors.deadline import Deadline
from connectors.declarative import mapping, paging, reading
from connectors.declarative.credentials import KINDS, auth_of
from connectors.declarative.expressions import UnfitError, compiled, is_true
from connectors.declarative.manifest import Fields, Find, FindBy, Interactions, Manifest, Request, Words, merged
from connectors.declarative.paging import Answered, Stream, StuckError, Walk
from connectors.declarative.templates import Values, fill
from connectors.declarative.values import Cell, UnmappableError
from connectors.errors import MalformedError
from connectors.http import Auth
from connectors.interaction import Channel, Identifier, IdentifierKind, Interaction, Record, SourceKind
from connectors.mapping import together
from connectors.wire import Answer

GONE = (404, 410)
SEARCH_LIMIT = 50
GRANULARITY_SECONDS = {"exact": 0, "millisecond": 1, "second": 1, "minute": 60, "day": 86_400}

KINDS_FOUND = {
    FindBy.PHONE: IdentifierKind.PHONE,
    FindBy.EMAIL: IdentifierKind.EMAIL,
    FindBy.WHATSAPP: IdentifierKind.WHATSAPP,
    FindBy.COOKIE: IdentifierKind.COOKIE,
    FindBy.RECORD_ID: IdentifierKind.EXTERNAL_ID,
    FindBy.EXTERNAL_ID: IdentifierKind.EXTERNAL_ID,
}


@dataclass(frozen=True, slots=True)
class Explained:
    """What became of one row, cell by cell: the record or interaction, or why there is none."""

    cells: tuple[Cell, ...]
    result: Record | Interaction | None
    problem: str = ""


class Declarative(VendorConnector):
    """Made by its option `manifest`: `configured` gives the class, whose sheet and credentials are the manifest's."""

    vendor = "declarative"
    kind = SourceKind.OTHER
    channels = frozenset(Channel)
    files: ClassVar[frozenset[str]] = frozenset({"manifest"})
    manifest: ClassVar[Manifest]
    fields: ClassVar[tuple[Fields, ...]]

    class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        """manifest: the name of one that is shipped, or a file. agent_url: where people open interactions, when not at
        the API's address."""

        manifest: str
        agent_url: str | None = None

    def __new__(cls, config: SourceConfig, *_: Any, **__: Any) -> Declarative:
        return super().__new__(cls if hasattr(cls, "manifest") else cls.configured(config.options))

    def __init__(
        self,
        config: SourceConfig,
        transport: httpx.AsyncBaseTransport,
        utc_now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__(config, transport, utc_now)
        self._context = mapping.Context(
            source=self.name,
            link_base=(self.options.agent_url or config.base_url).rstrip("/"),
            region=config.region,
            zone=ZoneInfo(config.time_zone),
            time_format=self.manifest.time.format,
            external_id_source=config.external_id_source,
        )
        self._times = [self._context.times(listed.window.format) for listed in self.manifest.interactions]

    @classmethod
    def configured(cls, options: Any) -> type[Declarative]:
        """The class that the manifest makes. Raises `connectors.toml_text.TomlError` with all that is wrong with it."""
        name = options.get("manifest") if isinstance(options, dict) else None
        return made_of(reading.load(name)) if isinstance(name, str) else cls

    def auth(self) -> Auth | None:
        return auth_of(self.manifest.auth, self.credentials, self.config.base_url)

    async def check(self, deadline: Deadline) -> None:
        """Asks what the manifest says and expects what it says."""
        answer = await self._ask(self.manifest.check, {}, deadline)
        if answer is None or not _is_there(self._find(self.manifest.check.expect, answer)):
            raise self._odd()

    async def fetch_records(self, identifiers: Sequence[Identifier], deadline: Deadline) -> list[Record]:
        found: dict[str, Record] = {}
        for rows in await together(self._people(*asked, deadline) for asked in self._questions(identifiers)):
            mapped = [self._record(row) for row in rows]
            if rows and not any(mapped):
                raise self._odd()  # whose rows they are is nothing to be lenient about
            for record in mapped:
                if record is not None:
                    known = found.get(record.id)
                    found[record.id] = record if known is None else mapping.together(known, record)
        return list(found.values())

    async def fetch_by_text(self, text: str, limit: int, deadline: Deadline) -> list[Record]:
        search = self.manifest.search
        assert search is not None
        answer = await self._ask(search, {"text": text, "limit": min(limit, SEARCH_LIMIT)}, deadline)
        rows = [] if answer is None else self._rows(search.rows, answer)
        return [record for record in map(self._record, rows) if record is not None]

    async def fetch_page(self, records: Sequence[Record], query: Query, deadline: Deadline) -> Fetched:
        walk: Walk = query.cursor or paging.begin(self.manifest.interactions, [r.id for r in records], query)
        due = paging.due(walk, self.capabilities.seek, query.ascending)
        read = await together(self._read(stream, query.ascending, deadline) for stream in due)
        going_on = [stream for stream in walk.streams if stream not in due]
        items: list[Interaction] = []
        dropped, capped = 0, walk.capped
        for answered, bad, following, is_capped in read:
            items += answered.items
            dropped += bad
            capped |= is_capped
            going_on += [] if following is None else [following]
        if not going_on:
            return Fetched(items, None, capped=capped, dropped=dropped)
        following_walk = Walk(tuple(going_on), walk.is_alone, capped)
        return Fetched(items, following_walk, self._reached(following_walk, query.ascending), dropped=dropped)

    async def fetch_one(self, external_id: str, deadline: Deadline) -> Interaction | None:
        """From the list whose prefix it has."""
        for number, listed in enumerate(self.manifest.interactions):
            if listed.one is None or not external_id.startswith(listed.prefix):
                continue
            own_id = external_id.removeprefix(listed.prefix)
            if own_id in ("", ".", ".."):
                return None
            answer = await self._ask(listed.one, {"external_id": own_id}, deadline)
            row = None if answer is None else self._row(listed.one.row, answer)
            if row is None:
                return None
            try:
                return mapping.interaction(row, self.fields[number], listed.prefix, self._context)
            except UnmappableError:
                raise self._odd() from None
        return None

    async def explain_people(self, identifiers: Sequence[Identifier], deadline: Deadline) -> list[Explained]:
        """What the manifest makes of the people that are found. Holds personal data: for the operator's eyes alone."""
        asked = [identifier for identifier in identifiers if self.finds(identifier)]
        answers = await together(self._people(*question, deadline) for question in self._questions(asked))
        make = partial(mapping.record, person=self.manifest.person, context=self._context)
        return [_explained(make, row) for rows in answers for row in rows]

    async def explain_rows(self, records: Sequence[Record], query: Query, deadline: Deadline) -> list[Explained]:
        """What the manifest makes of the first page of every list. Holds personal data, as above."""
        walk = paging.begin(self.manifest.interactions, [record.id for record in records], query)
        answers = await together(self._page(stream, query.ascending, deadline) for stream in walk.streams)
        ids = {record.id for record in records}
        found = []
        for stream, answer in zip(walk.streams, answers, strict=True):
            listed, fields = self.manifest.interactions[stream.listed], self.fields[stream.listed]
            make = partial(mapping.interaction, fields=fields, prefix=listed.prefix, context=self._context)
            rows = [] if answer is None else self._rows(listed.rows, self.http.decode(answer.body, Any))
            found += [_judged(_explained(make, row), ids) for row in rows]
        return found

    def _questions(self, identifiers: Sequence[Identifier]) -> Iterator[tuple[Find, str]]:
        """Which request is asked with which spelling of which identifier."""
        for identifier in identifiers:
            by = self._by(identifier)
            for find in self.manifest.find:
                spelled = _spelled(identifier, find, self.config.region) if by in find.by else None
                if spelled is not None:
                    yield find, spelled

    def _by(self, identifier: Identifier) -> FindBy:
        if identifier.kind is IdentifierKind.EXTERNAL_ID:
            return FindBy.RECORD_ID if identifier.source == self.name else FindBy.EXTERNAL_ID
        return FindBy(identifier.kind.value)

    async def _people(self, find: Find, spelled: str, deadline: Deadline) -> list[Any]:
        answer = await self._ask(find, {"identifier": spelled}, deadline)
        if answer is None:
            return []
        if find.rows is not None:
            return self._rows(find.rows, answer)
        row = self._row(find.row or "@", answer)
        return [] if row is None else [row]

    def _record(self, row: Any) -> Record | None:
        try:
            return mapping.record(row, self.manifest.person, self._context)
        except UnmappableError:
            return None

    async def _read(
        self, stream: Stream, ascending: bool, deadline: Deadline
    ) -> tuple[Answered, int, Stream | None, bool]:
        """One page of one stream: what it brought, rows that could not be mapped, where it goes on, whether capped."""
        answer = await self._page(stream, ascending, deadline)
        if answer is None:  # the record is gone
            return Answered(None, {}, 0, ()), 0, None, False
        body = self.http.decode(answer.body, Any)
        listed, times = self.manifest.interactions[stream.listed], self._times[stream.listed]
        rows = self._rows(listed.rows, body)
        items = []
        for row in rows:
            try:
                items.append(mapping.interaction(row, self.fields[stream.listed], listed.prefix, self._context))
            except UnmappableError:
                continue
        answered = Answered(body, answer.headers, len(rows), items)
        try:
            following, capped = paging.follow(stream, listed, answered, times, ascending=ascending)
        except StuckError:
            raise MalformedError(self.name, "it gives the same page again and again") from None
        return answered, len(rows) - len(items), following, capped

    async def _page(self, stream: Stream, ascending: bool, deadline: Deadline) -> Answer | None:
        listed = self.manifest.interactions[stream.listed]
        request = paging.request_of(stream, self.manifest.interactions)
        values = paging.values_of(stream, listed, self._times[stream.listed], ascending)
        is_first = stream.link is None and not stream.seen
        return await self._send(request, values, deadline, stream.link, gone=GONE if is_first else ())

    async def _ask(self, request: Request, values: Values, deadline: Deadline) -> Any:
        """The decoded answer; None when there is nothing of that name."""
        answer = await self._send(request, values, deadline, gone=() if request is self.manifest.check else GONE)
        return None if answer is None else self.http.decode(answer.body, Any)

    async def _send(
        self, request: Request, values: Values, deadline: Deadline, link: str | None = None, *, gone: Sequence[int]
    ) -> Answer | None:
        """None for the statuses in `gone`. `link` is the vendor's own address of a next page."""
        filled = fill(request, values)
        answer = await self.http.send(
            request.method,
            filled.path if link is None else self.http.relative(link),
            deadline,
            params=filled.params if link is None else (),
            json=filled.body,
            headers=tuple(request.headers.items()),
            expect=gone,
        )
        return None if answer.status in gone else answer

    def _rows(self, expression: str, body: Any) -> list[Any]:
        rows = self._find(expression, body)
        if not isinstance(rows, list):
            raise self._odd()
        return rows

    def _row(self, expression: str, body: Any) -> Any:
        """None for an empty value, by which an expression says that there is nothing; null is an odd answer."""
        row = self._find(expression, body)
        if row is None:
            raise self._odd()
        return row if is_true(row) else None

    def _find(self, expression: str, body: Any) -> Any:
        try:
            return compiled(expression)(body)
        except UnfitError:
            raise self._odd() from None

    def _odd(self) -> MalformedError:
        return MalformedError(self.name, "the answer does not have the shape its manifest promises")

    def _reached(self, walk: Walk, ascending: bool) -> datetime | None:
        """Up to where every list has been read. One list alone in UTC is left to the base class."""
        edge = paging.frontier(walk.streams, ascending)
        slack = max(self._context.times(None).slack(edge), *(times.slack(edge) for times in self._times))
        if walk.is_alone and not slack:
            return None
        return edge - slack if ascending else edge + slack


def _spelled(identifier: Identifier, find: Find, region: str | None) -> str | None:
    """As the vendor wants it; only numbers have several spellings. None for a number abroad under `national`."""
    if identifier.kind not in (IdentifierKind.PHONE, IdentifierKind.WHATSAPP):
        return identifier.value
    match find.spelling:
        case "digits":
            return identifiers.digits(identifier.value)
        case "national":
            return identifiers.national(identifier.value, region)
    return identifier.value


def _is_there(value: Any) -> bool:
    """An empty list is an answer as well."""
    return isinstance(value, list) or is_true(value)


def _explained(make: Callable[..., Record | Interaction], row: Any) -> Explained:
    trace: list[Cell] = []
    try:
        result = make(row, trace=trace)
    except UnmappableError as error:
        return Explained(tuple(trace), None, str(error))
    return Explained(tuple(trace), result)


def _judged(explained: Explained, record_ids: set[str]) -> Explained:
    row = explained.result
    if isinstance(row, Interaction) and row.record_id not in record_ids:
        return Explained(explained.cells, None, "record_id is somebody else's")
    return explained


@lru_cache(maxsize=64)
def _made(encoded: bytes) -> type[Declarative]:
    given = msgspec.json.decode(encoded, type=Manifest)
    each = tuple(merged(listed.fields, given.fields) for listed in given.interactions)

    class Made(Declarative):
        vendor = given.name
        kind = given.kind
        channels = frozenset(channel for one in each for channel in _words_of(one.channel, Channel.OTHER))
        Credentials = KINDS[given.auth.kind]
        capabilities = _sheet(given)
        manifest = given
        fields = each

    return Made


def made_of(manifest: Manifest) -> type[Declarative]:
    """The class of a manifest; the same for the same."""
    return _made(msgspec.json.encode(manifest))


def _words_of(words: Words[Any] | None, unknown: StrEnum) -> Iterator[Any]:
    if words is None:
        yield unknown
    elif words.fixed is not None:
        yield words.fixed
    else:
        yield from (rule.then for rule in words.rules)
        yield from words.map.values()
        yield unknown if words.otherwise is None else words.otherwise


def _sheet(manifest: Manifest) -> Capabilities:
    """What can be said of the vendor from how it is asked."""
    lists: list[Interactions] = manifest.interactions
    caps = [listed.paging.cap for listed in lists if listed.paging is not None and listed.paging.cap is not None]
    seeks = all(map(paging.is_seekable, lists))
    windows = [GRANULARITY_SECONDS[listed.window.granularity] for listed in lists]
    return Capabilities(
        seek=seeks,
        ascending=all(map(paging.is_ascending, lists)),
        finds_by=frozenset(KINDS_FOUND[by] for find in manifest.find for by in find.by),
        window_granularity_seconds=max(windows) if seeks else None,
        page_cap=min(map(paging.page_size, lists)),
        row_cap=None if seeks or not caps else min(caps),
        search=manifest.search is not None,
        live_state=manifest.live_state,
        history_days=manifest.history_days,
        cannot_see=manifest.cannot_see,
    )
