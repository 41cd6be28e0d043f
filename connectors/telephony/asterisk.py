"""Asterisk: calls from CDR, CEL and queue_log, by SQL or from files, and those going on from ARI.

Source: docs.asterisk.org. One call is several rows that share `linkedid`. How they become one interaction, and what
cannot be known from them: docs/connectors/asterisk.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Literal, NamedTuple, TypeVar
from urllib.parse import urlsplit

import httpx
import msgspec

from connectors.base import Capabilities, Fetched, Query, SourceConfig, VendorConnector, Window
from connectors.deadline import Deadline
from connectors.errors import MalformedError
from connectors.files import Logs
from connectors.http import Auth, basic
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
from connectors.mapping import both, decode_rows, together
from connectors.sql import Database, check_address, check_name
from connectors.telephony import asterisk_live as ari
from connectors.telephony.asterisk_mapping import Call, Setting, gather, row_of
from connectors.telephony.asterisk_rows import (
    CDR_FILE,
    CEL_FILE,
    COLUMNS,
    NEEDED,
    cdr_of,
    cel_of,
    epoch_of,
    fields_of_csv,
    fields_of_queue_log,
    queue_event_of,
)
from connectors.telephony.clock import Clock
from connectors.telephony.numbers import Numbers, Sides
from connectors.telephony.tables import EARLIER, LATER, FileTable, Held, Layout, Row, SqlTable, Table

T = TypeVar("T")

CALLS_TO_KNOW_A_NUMBER = 6
LIVE_WITHIN = timedelta(days=1)
"""A call that is going on began in this time."""

ODD_GAP = timedelta(minutes=10)
"""Between a channel's making and what CDR tells, where clocks and zones are right."""

LAYOUTS = {
    "cdr": Layout("cdr", COLUMNS["cdr"], NEEDED["cdr"], ("linkedid", "uniqueid"), ("src", "dst"), "start"),
    "cel": Layout("cel", COLUMNS["cel"], NEEDED["cel"]),
    "queue_log": Layout("queue_log", COLUMNS["queue_log"], NEEDED["queue_log"]),
}
_PHONE = IdentifierKind.PHONE
_CHANNEL_ID = re.compile(r"[\w.:-]{1,150}", re.ASCII)


class AsteriskCredentials(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`ari_…`: without them no live calls are told. `sql_…`: not for SQLite."""

    ari_user: str = ""
    ari_password: str = ""
    sql_user: str = ""
    sql_password: str = ""


class AsteriskOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`cdr`, `cel`, `queue_log`: a database's address (`sqlite:///…`, `mysql://…`, `postgresql://…`) or a file's path.

    Which way a call went: by the context of its first row, by `trunks` (how channels of trunks begin), or by `numbers`
    (the company's own). dial_prefixes: what is dialled to reach a trunk. agents, queues: names of theirs.
    """

    cdr: str
    cel: str | None = None
    queue_log: str | None = None
    cdr_table: str = "cdr"
    cel_table: str = "cel"
    queue_log_table: str = "queue_log"
    cdr_columns: tuple[str, ...] = tuple(CDR_FILE)
    cel_columns: tuple[str, ...] = tuple(CEL_FILE)
    inbound_contexts: tuple[str, ...] = ("from-pstn", "from-trunk", "from-did-direct")
    outbound_contexts: tuple[str, ...] = ("from-internal",)
    trunks: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    dial_prefixes: tuple[str, ...] = ()
    agents: dict[str, str] = {}
    queues: dict[str, str] = {}
    wrap_up_prefix: str | None = None
    division: Literal["accountcode", "dcontext"] | None = None

    def __post_init__(self) -> None:
        for place in filter(None, (self.cdr, self.cel, self.queue_log)):
            if urlsplit(place).scheme:
                check_address(place)
        for table in (self.cdr_table, self.cel_table, self.queue_log_table):
            check_name(table)


class Asterisk(VendorConnector):
    vendor = "asterisk"
    kind = SourceKind.TELEPHONY
    channels = frozenset({Channel.VOICE})
    Credentials = AsteriskCredentials
    Options = AsteriskOptions
    capabilities = Capabilities(
        seek=True,
        ascending=True,
        finds_by=frozenset({IdentifierKind.PHONE, IdentifierKind.EXTERNAL_ID}),
        order_guaranteed=True,
        page_cap=100,
        live_state=True,
        cannot_see=(
            "calls with a withheld number, what was said, and, where queue_log and CEL are not read, which agent "
            "a queue gave a call to"
        ),
    )

    def __init__(
        self,
        config: SourceConfig,
        transport: httpx.AsyncBaseTransport,
        utc_now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`base_url`: where ARI is, with its `/ari`."""
        super().__init__(config, transport, utc_now)
        options = self.options
        self._clock = Clock(config.time_zone)
        self._numbers = Numbers(config.region, options.dial_prefixes, options.numbers)
        self._setting = Setting(
            config.name,
            Sides(
                self._numbers,
                frozenset(options.inbound_contexts),
                frozenset(options.outbound_contexts),
                options.trunks,
            ),
            options.agents,
            options.queues,
            options.wrap_up_prefix,
            options.division,
        )
        self._databases: dict[str, Database] = {}
        from_csv = partial(fields_of_csv, names=options.cdr_columns, table="cdr")
        cel_from_csv = partial(fields_of_csv, names=options.cel_columns, table="cel")
        self._cdr = self._table("cdr", options.cdr, options.cdr_table, from_csv)
        self._cel = self._table("cel", options.cel, options.cel_table, cel_from_csv) if options.cel else None
        self._queue_log = (
            self._table("queue_log", options.queue_log, options.queue_log_table, fields_of_queue_log)
            if options.queue_log
            else None
        )
        if isinstance(self._cdr, FileTable):
            self.capabilities = replace(self.capabilities, seek=False, window_granularity_seconds=None)

    def _table(self, kind: str, place: str, table: str, read: Callable[[bytes], Row | None]) -> SqlTable | FileTable:
        """Tables of one database share its connections."""
        if not urlsplit(place).scheme:
            at = "start" if kind == "cdr" else "at"
            return FileTable(self.config.name, Logs(self.config.name, place), read, self._clock, at)
        if place not in self._databases:
            known = self.credentials
            self._databases[place] = Database(self.config.name, place, known.sql_user, known.sql_password)
        return SqlTable(self.config.name, self._databases[place], LAYOUTS[kind], table)

    def auth(self) -> Auth | None:
        known = self.credentials
        return basic(known.ari_user, known.ari_password) if known.ari_user else None

    async def check(self, deadline: Deadline) -> None:
        """Also that the times are in the configured zone: a channel's id holds the seconds of its making."""
        tables = [table for table in (self._cdr, self._cel, self._queue_log) if table is not None]
        newest = await together(table.newest(deadline) for table in tables)
        call = None if newest[0] is None else cdr_of(newest[0], self._clock)
        created = None if call is None else epoch_of(call.uniqueid)
        if call is not None and created is not None and not -ODD_GAP < call.start - created < timedelta(days=1):
            raise MalformedError(self.name, "its times are not in the configured time zone")
        if self.credentials.ari_user:
            await self.http.get("/asterisk/info", _Info, deadline)

    async def fetch_records(self, identifiers: Sequence[Identifier], deadline: Deadline) -> list[Record]:
        found = await together(self._record(number, deadline) for number in self.numbers_in(identifiers))
        return [record for record in found if record is not None]

    async def _record(self, number: str, deadline: Deadline) -> Record | None:
        """Somebody with that number, if there is a call to show for it."""
        read = await self._read([number], Query(Window(), CALLS_TO_KNOW_A_NUMBER), deadline)
        own = [call for call in read.calls if (row := row_of(call, self._setting)) and row.record_id == number]
        if not own:
            return None
        names = (call.caller_name for call in own)
        held = (HeldIdentifier(external(self.name, number), True), HeldIdentifier(Identifier(_PHONE, number)))
        name = next((name for name in names if name and self._numbers.of(name) is None), None)
        return Record(source=self.name, id=number, identifiers=held, name=name)

    async def fetch_page(self, records: Sequence[Record], query: Query, deadline: Deadline) -> Fetched:
        read = await self._read([record.id for record in records], query, deadline)
        rows = [row_of(call, self._setting) for call in read.calls]
        kept = [row for row in rows if row is not None]
        dropped = read.dropped + len(rows) - len(kept)
        return Fetched(kept, read.cursor, read.reached, capped=read.capped, dropped=dropped)

    async def fetch_one(self, external_id: str, deadline: Deadline) -> Interaction | None:
        if not _CHANNEL_ID.fullmatch(external_id):
            return None
        whole, live = await both(self._whole([external_id], [], deadline), self._live(None, deadline))
        if not whole.calls or live:
            running = [call for call in live if call.id == external_id]
            whole = await self._whole([external_id], running, deadline) if running else whole
        return next((row_of(call, self._setting) for call in whole.calls if call.id == external_id), None)

    async def _read(self, numbers: Sequence[str], query: Query, deadline: Deadline) -> _Read:
        if isinstance(self._cdr, FileTable):
            return await self._read_file(self._cdr, numbers, query, deadline)
        spellings = [spelling for number in numbers for spelling in self._numbers.spellings(number)]
        paged, live = await both(
            self._cdr.page(spellings, query, self._clock, deadline), self._live_of(numbers, query, deadline)
        )
        ids, place, last = paged
        whole = await self._whole(ids, live, deadline)
        reached = None if place is None else self._clock.latest_utc(last)
        if reached is not None and query.ascending:
            reached -= LATER + EARLIER
        return whole._replace(cursor=place, reached=reached)

    async def _read_file(self, table: FileTable, numbers: Sequence[str], query: Query, deadline: Deadline) -> _Read:
        """Everything there is within the window: a file has no index."""
        cores = [self._numbers.core(number) for number in numbers]
        held, live = await both(
            table.about(cores, deadline, query.window.start), self._live_of(numbers, query, deadline)
        )
        rows, dropped = _typed(held, cdr_of, self._clock)
        known = set(numbers)
        ids = [
            row.linkedid
            for row in rows
            if known & {self._numbers.of(row.src), self._numbers.of(row.dst, was_dialled=True)}
        ]
        whole = await self._whole(list(dict.fromkeys(ids)), live, deadline)
        capped = whole.capped or not held.is_whole
        return whole._replace(dropped=whole.dropped + dropped, capped=capped)

    async def _whole(self, ids: Sequence[str], live: Sequence[ari.LiveCall], deadline: Deadline) -> _Read:
        """Everything that was written about calls."""
        every = list(dict.fromkeys([*ids, *(call.id for call in live)]))
        began = [at for id_ in every if (at := epoch_of(id_)) is not None]
        since = min(began) if len(began) == len(every) and began else None
        of_cdr, of_cel = await together(
            _holding(table, "linkedid", every, deadline, since) for table in (self._cdr, self._cel)
        )
        rows, dropped = _typed(of_cdr, cdr_of, self._clock)
        events, more = _typed(of_cel, cel_of, self._clock)
        channels = {*every, *(row.uniqueid for row in rows), *(event.uniqueid for event in events)}
        of_queue_log = await _holding(self._queue_log, "callid", sorted(channels), deadline, since)
        queue_events, still_more = _typed(of_queue_log, queue_event_of, self._clock)
        calls = [call for call in gather(rows, events, queue_events, live) if call.rows or call.live]
        is_whole = of_cdr.is_whole and of_cel.is_whole and of_queue_log.is_whole
        return _Read(calls, dropped=dropped + more + still_more, capped=not is_whole)

    async def _live_of(self, numbers: Collection[str], query: Query, deadline: Deadline) -> list[ari.LiveCall]:
        """Asked where the newest are: at the beginning of a read that reaches the present."""
        end = query.window.end
        if query.cursor is not None or (end is not None and end < self.utc_now() - LIVE_WITHIN):
            return []
        return await self._live(frozenset(numbers), deadline)

    async def _live(self, numbers: frozenset[str] | None, deadline: Deadline) -> list[ari.LiveCall]:
        """Of these numbers, or all."""
        if not self.credentials.ari_user:
            return []
        every = list[msgspec.Raw]
        channels, bridges = await together(
            (self.http.get("/channels", every, deadline), self.http.get("/bridges", every, deadline))
        )
        calls = ari.live_calls(decode_rows(channels, ari.Channel)[0], decode_rows(bridges, ari.Bridge)[0])
        if numbers is None:
            return calls
        rows = ((call, row_of(Call(call.id, (), live=call), self._setting)) for call in calls)
        return [call for call, row in rows if row is not None and row.record_id in numbers]

    async def aclose(self) -> None:
        for table in (self._cdr, self._cel, self._queue_log):
            if table is not None:
                table.close()
        await super().aclose()


class _Info(msgspec.Struct):
    system: dict[str, Any]


class _Read(NamedTuple):
    calls: list[Call]
    cursor: Any = None
    reached: datetime | None = None
    dropped: int = 0
    capped: bool = False


async def _holding(
    table: Table | None, column: str, values: Collection[str], deadline: Deadline, since: datetime | None
) -> Held:
    if table is None or not values:
        return Held([], 0, True)
    return await table.holding(column, values, deadline, since)


def _typed(held: Held, convert: Callable[[Row, Clock], T | None], clock: Clock) -> tuple[list[T], int]:
    """Rows, and how many were none."""
    rows = [convert(row, clock) for row in held.rows]
    kept = [row for row in rows if row is not None]
    return kept, held.dropped + len(rows) - len(kept)
