"""TVox by Telenia: the recorded calls of a number, by its public JSON-RPC interface.

Source: Telenia's public integration guide, "Autenticazione TVox WebAPI" and "Ricerca registrazioni di chiamata". The
Customer Journey itself has no public interface: docs/connectors/tvox.md.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import httpx
import msgspec

from connectors.base import Capabilities, Fetched, Query, SourceConfig, VendorConnector
from connectors.deadline import Deadline, alone
from connectors.errors import MalformedError, RefusedError
from connectors.http import Auth, VendorHttp
from connectors.identifiers import external
from connectors.interaction import (
    Channel,
    HeldIdentifier,
    Identifier,
    IdentifierKind,
    Interaction,
    Record,
    SourceKind,
)
from connectors.mapping import together
from connectors.telephony.numbers import Numbers
from connectors.telephony.tvox_mapping import Fields, Setting, row_of, started_at

PATH = "/tvox/webapi"
CALLS_TO_KNOW_A_NUMBER = 10
_PHONE = IdentifierKind.PHONE
_MILLISECOND = timedelta(milliseconds=1)
_FIRST, _LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
_SIDES: tuple[Literal["clid", "dnis"], ...] = ("clid", "dnis")
_CRITERIA = {
    "startFrom": "GE",
    "startTo": "LE",
    "users": "EQUAL",
    "exten": "EQUAL",
    "direction": "EQUAL",
    "services": "EQUAL",
    "clid": "CONTAINS",
    "dnis": "CONTAINS",
    "duration": "GT",
    "note": "CONTAINS",
    "userSites": "EQUAL",
    "fileName": "EQUAL",
    "customFileName": "CONTAINS",
    "externalData": "CONTAINS",
    "type": "EQUAL",
}
"""Every one of them is sent, in this order; those that are not used without a value."""


class TVoxCredentials(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of a user with the permissions of a Supervisor or a Superuser."""

    username: str
    password: str


class TVoxOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`fields`: what the answer's fields are called. `numbers`: the company's. `dial_prefixes`: dialled to get outside.
    `agents`, `services`: names by user name and code. `history_days`: how far back is asked.
    """

    fields: Fields = Fields()
    numbers: tuple[str, ...] = ()
    dial_prefixes: tuple[str, ...] = ()
    agents: dict[str, str] = {}
    services: dict[str, str] = {}
    history_days: int = 3650


class _Answer(msgspec.Struct):
    """JSON-RPC: one of the two is there."""

    result: msgspec.Raw = msgspec.Raw()
    error: msgspec.Raw = msgspec.Raw()

    def __post_init__(self) -> None:
        if not bytes(self.result) and not self.is_refused:
            raise ValueError("neither a result nor an error")

    @property
    def is_refused(self) -> bool:
        return bytes(self.error) not in (b"", b"null")


class _Login(msgspec.Struct, rename="camel"):
    session_id: str


@dataclass(frozen=True, slots=True)
class _Stream:
    """Calls that one side's number tells, in the order asked. `edge`: how far they have been read; `page`: counted from
    1 among those of that edge."""

    side: Literal["clid", "dnis"]
    number: str
    edge: datetime
    page: int = 1
    is_done: bool = False


class Session:
    """A session that one caller opens for all; it is a cookie."""

    def __init__(self, username: str, password: str) -> None:
        self._login = [username, password]
        self._id: str | None = None
        self._lock = asyncio.Lock()

    async def header(self, http: VendorHttp, deadline: Deadline) -> tuple[str, str]:
        if self._id is None:
            async with alone(self._lock, http.source, deadline):
                if self._id is None:
                    self._id = await self._open(http, deadline)
        return "Cookie", f"JSESSIONID={self._id}"

    async def _open(self, http: VendorHttp, deadline: Deadline) -> str:
        versions = await self._ask(http, "getVersion", [], deadline)
        if versions.is_refused:
            raise MalformedError(http.source, "it does not tell its version")
        told = http.decode(versions.result, list[str] | str)  # type: ignore[arg-type]
        version = told if isinstance(told, str) else told[-1] if told else ""
        answer = await self._ask(http, "login", [version, *self._login], deadline)
        if answer.is_refused:
            raise RefusedError(http.source, "the user or the password is not accepted")
        session = http.decode(answer.result, _Login).session_id
        if not session.isascii() or not session.isprintable() or not session or ";" in session:
            raise MalformedError(http.source, "the session is none that can be sent")
        return session

    async def _ask(self, http: VendorHttp, method: str, params: list[Any], deadline: Deadline) -> _Answer:
        content = msgspec.json.encode({"jsonrpc": "2.0", "method": method, "params": params, "id": 1})
        address = httpx.URL(str(http.base).rstrip("/") + PATH)
        headers = [("Content-Type", "application/json")]
        answer = await http.send_to(address, "POST", deadline, headers=headers, content=content)
        return http.decode(answer.body, _Answer)

    def reject(self, value: str) -> bool:
        if value == f"JSESSIONID={self._id}":
            self._id = None
        return True


class TVox(VendorConnector):
    vendor = "tvox"
    kind = SourceKind.TELEPHONY
    channels = frozenset({Channel.VOICE})
    Credentials = TVoxCredentials
    Options = TVoxOptions
    capabilities = Capabilities(
        seek=True,
        ascending=True,
        finds_by=frozenset({IdentifierKind.PHONE, IdentifierKind.EXTERNAL_ID}),
        order_guaranteed=False,
        page_cap=100,
        cannot_see=(
            "calls that were not recorded, so those that nobody answered; what is going on; other channels; and "
            "everything that TVox's own Customer Journey shows beside calls"
        ),
    )

    def __init__(
        self,
        config: SourceConfig,
        transport: httpx.AsyncBaseTransport,
        utc_now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__(config, transport, utc_now)
        options = self.options
        self._numbers = Numbers(config.region, options.dial_prefixes, options.numbers)
        self._setting = Setting(config.name, self._numbers, options.fields, options.agents, options.services)

    def auth(self) -> Auth:
        self._session = Session(self.credentials.username, self.credentials.password)
        return self._session

    async def check(self, deadline: Deadline) -> None:
        now = self.utc_now()
        await self._search({}, now - timedelta(days=1), now, 1, 1, deadline)

    async def fetch_records(self, identifiers: Sequence[Identifier], deadline: Deadline) -> list[Record]:
        found = await together(self._record(number, deadline) for number in self.numbers_in(identifiers))
        return [record for record in found if record is not None]

    async def _record(self, number: str, deadline: Deadline) -> Record | None:
        """Somebody with that number, if there is a recording to show for it."""
        core, now = self._numbers.core(number), self.utc_now()
        answers = await together(
            self._search({side: core}, self._oldest(), now, 1, CALLS_TO_KNOW_A_NUMBER, deadline) for side in _SIDES
        )
        rows = [row_of(row, self._setting) for told in answers for row in told]
        if not any(row is not None and row.record_id == number for row in rows):
            return None
        held = (HeldIdentifier(external(self.name, number), True), HeldIdentifier(Identifier(_PHONE, number)))
        return Record(source=self.name, id=number, identifiers=held)

    async def fetch_one(self, external_id: str, deadline: Deadline) -> Interaction | None:
        criterion = self.options.fields.id
        if criterion not in _CRITERIA:
            return None
        found = await self._search({criterion: external_id}, self._oldest(), self.utc_now(), 1, 10, deadline)
        rows = (row_of(row, self._setting) for row in found)
        return next((row for row in rows if row is not None and row.external_id == external_id), None)

    async def fetch_page(self, records: Sequence[Record], query: Query, deadline: Deadline) -> Fetched:
        """A page of the streams that lag behind; those of one instant are paged, what follows begins anew there."""
        start = query.window.start or self._oldest()
        end = query.window.end or self.utc_now() + timedelta(days=1)
        edge = start if query.ascending else end
        streams: tuple[_Stream, ...] = query.cursor or tuple(
            _Stream(side, record.id, edge) for record in records for side in _SIDES
        )
        due = [stream for stream in streams if not stream.is_done]
        lagging = (min if query.ascending else max)(stream.edge for stream in due)
        due = [stream for stream in due if stream.edge == lagging]
        size = max(query.limit, 10)
        answers = await together(
            self._search(
                {stream.side: self._numbers.core(stream.number)},
                stream.edge if query.ascending else start,
                end if query.ascending else stream.edge,
                stream.page,
                size,
                deadline,
                ascending=query.ascending,
            )
            for stream in due
        )
        moved = {s: self._moved(s, told, size, query.ascending) for s, told in zip(due, answers, strict=True)}
        streams = tuple(moved.get(stream, stream) for stream in streams)
        told = [row for answer in answers for row in answer]
        rows = [row_of(row, self._setting) for row in told]
        kept = [row for row in rows if row is not None]
        edges = [stream.edge for stream in streams if not stream.is_done]
        if not edges:
            return Fetched(kept, dropped=len(told) - len(kept))
        reached = min(edges) if query.ascending else max(edges)
        return Fetched(kept, streams, reached, dropped=len(told) - len(kept))

    def _moved(self, stream: _Stream, rows: Sequence[dict[str, Any]], size: int, ascending: bool) -> _Stream:
        if len(rows) < size:
            return _Stream(stream.side, stream.number, stream.edge, stream.page, True)
        times = [at for row in rows if (at := started_at(row, self.options.fields)) is not None]
        edge = (max(times, default=_FIRST)) if ascending else min(times, default=_LAST)
        if edge > stream.edge if ascending else edge < stream.edge:
            return _Stream(stream.side, stream.number, edge)
        return _Stream(stream.side, stream.number, stream.edge, stream.page + 1)

    def _oldest(self) -> datetime:
        return self.utc_now() - timedelta(days=self.options.history_days)

    async def _search(
        self,
        values: dict[str, str],
        start: datetime,
        end: datetime,
        page: int,
        size: int,
        deadline: Deadline,
        *,
        ascending: bool = False,
    ) -> list[dict[str, Any]]:
        """Rows as TVox tells them. Its window is of whole milliseconds, both ends included."""
        given: dict[str, Any] = {
            "startFrom": _milliseconds(start),
            "startTo": _milliseconds(end + _MILLISECOND),
            **values,
        }
        criteria = {name: {"operation": operation, "value": given.get(name)} for name, operation in _CRITERIA.items()}
        question = {
            "criterias": criteria,
            "exclusions": None,
            "page": page,
            "size": size,
            "sortField": "date",
            "sortOrder": "ASC" if ascending else "DESC",
        }
        result = await self._call("searchRecordedCall", [question], deadline)
        rows = _rows(self.http.decode(result, Any))
        if rows is None:
            raise MalformedError(self.name, "its answer holds no list of recordings")
        return rows

    async def _call(self, method: str, params: list[Any], deadline: Deadline) -> msgspec.Raw:
        """The result. A session that has ended is told by an error, and opened once more."""
        body = {"jsonrpc": "2.0", "method": method, "params": params, "id": 2}
        for is_last in (False, True):
            _, session = await self._session.header(self.http, deadline)
            answer = await self.http.post(PATH, body, _Answer, deadline)
            if not answer.is_refused:
                return answer.result
            self._session.reject(session)
            if is_last:
                break
        raise RefusedError(self.name, "it answered with an error: the user may not search recordings")


def _rows(result: Any) -> list[dict[str, Any]] | None:
    """A list of rows, or what holds one; None where there is none. Null is an empty one."""
    if isinstance(result, dict):
        result = next((value for value in result.values() if isinstance(value, list)), result)
    if result is None:
        return []
    return [row if isinstance(row, dict) else {} for row in result] if isinstance(result, list) else None


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)
