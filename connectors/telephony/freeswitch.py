"""FreeSWITCH: calls from mod_json_cdr's documents in a folder, or from mod_cdr_sqlite's table.

Source: FreeSWITCH Explained, "mod_json_cdr" and "mod_cdr_sqlite". What it cannot see: docs/connectors/freeswitch.md.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from urllib.parse import urlsplit

import httpx
import msgspec

from connectors.base import Capabilities, Fetched, Query, SourceConfig, VendorConnector, Window
from connectors.deadline import Deadline
from connectors.errors import MalformedError
from connectors.files import Folder
from connectors.http import Auth
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
from connectors.mapping import both, together
from connectors.sql import Database, check_address, check_name
from connectors.telephony.clock import Clock
from connectors.telephony.freeswitch_mapping import Setting, row_of
from connectors.telephony.freeswitch_rows import LAYOUT, Leg, leg_of_document, leg_of_row
from connectors.telephony.numbers import Numbers, Sides
from connectors.telephony.tables import EARLIER, LATER, Row, SqlTable

CALLS_TO_KNOW_A_NUMBER = 6
SUFFIX = ".cdr.json"
_UUID = re.compile(r"[\w-]{8,64}", re.ASCII)
_PHONE = IdentifierKind.PHONE


class FreeSwitchCredentials(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For a database that is no file."""

    sql_user: str = ""
    sql_password: str = ""


class FreeSwitchOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`cdr`: the folder of documents, or a database's address (`sqlite:///…`, `mysql://…`, `postgresql://…`).

    Which way a call went: by the context it came into, by `gateways` (how channels of trunks begin), or by `numbers`
    (the company's own). dial_prefixes: what is dialled to reach a trunk. agents, queues: names of theirs.
    """

    cdr: str
    table: str = "cdr"
    inbound_contexts: tuple[str, ...] = ("public",)
    outbound_contexts: tuple[str, ...] = ("default",)
    gateways: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    dial_prefixes: tuple[str, ...] = ()
    agents: dict[str, str] = {}
    queues: dict[str, str] = {}
    wrap_up_variable: str | None = None
    account_is_division: bool = False

    def __post_init__(self) -> None:
        if urlsplit(self.cdr).scheme:
            check_address(self.cdr)
        check_name(self.table)


class FreeSwitch(VendorConnector):
    vendor = "freeswitch"
    kind = SourceKind.TELEPHONY
    channels = frozenset({Channel.VOICE})
    Credentials = FreeSwitchCredentials
    Options = FreeSwitchOptions
    capabilities = Capabilities(
        seek=True,
        ascending=True,
        finds_by=frozenset({IdentifierKind.PHONE, IdentifierKind.EXTERNAL_ID}),
        order_guaranteed=True,
        page_cap=100,
        cannot_see=(
            "calls that are still going on, calls with a withheld number and what was said; from a table also queues, "
            "agents and wrap-up codes"
        ),
    )

    def __init__(
        self,
        config: SourceConfig,
        transport: httpx.AsyncBaseTransport,
        utc_now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`base_url` is not asked: FreeSWITCH has no history to ask for."""
        super().__init__(config, transport, utc_now)
        options = self.options
        self._clock = Clock(config.time_zone)
        self._numbers = Numbers(config.region, options.dial_prefixes, options.numbers)
        sides = Sides(
            self._numbers,
            frozenset(options.inbound_contexts),
            frozenset(options.outbound_contexts),
            options.gateways,
        )
        self._setting = Setting(config.name, sides, options.agents, options.queues, options.account_is_division)
        self._table: SqlTable | None = None
        self._folder: Folder[Leg] | None = None
        if urlsplit(options.cdr).scheme:
            known = self.credentials
            database = Database(config.name, options.cdr, known.sql_user, known.sql_password)
            self._table = SqlTable(config.name, database, LAYOUT, options.table)
        else:
            parse = partial(leg_of_document, numbers=self._numbers, wrap_up_variable=options.wrap_up_variable)
            self._folder = Folder(config.name, options.cdr, SUFFIX, parse)
            self.capabilities = replace(self.capabilities, seek=False, window_granularity_seconds=None)

    def auth(self) -> Auth | None:
        return None

    async def check(self, deadline: Deadline) -> None:
        if self._table is not None:
            row = await self._table.newest(deadline)
            is_odd = row is not None and leg_of_row(row, self._numbers, self._clock) is None
        else:
            legs, dropped, _ = await self._legs(deadline)
            is_odd = dropped > 0 and not legs
        if is_odd:
            raise MalformedError(self.name, "its rows are none of calls")

    async def fetch_records(self, identifiers: Sequence[Identifier], deadline: Deadline) -> list[Record]:
        found = await together(self._record(number, deadline) for number in self.numbers_in(identifiers))
        return [record for record in found if record is not None]

    async def _record(self, number: str, deadline: Deadline) -> Record | None:
        """Somebody with that number, if there is a call to show for it."""
        calls, _ = await self._read([number], Query(Window(), CALLS_TO_KNOW_A_NUMBER), deadline)
        own = [
            legs for id_, legs in calls.items() if (row := row_of(id_, legs, self._setting)) and row.record_id == number
        ]
        if not own:
            return None
        names = (leg.caller_name for legs in own for leg in legs if self._numbers.of(leg.caller) == number)
        held = (HeldIdentifier(external(self.name, number), True), HeldIdentifier(Identifier(_PHONE, number)))
        name = next((name for name in names if name and self._numbers.of(name) is None), None)
        return Record(source=self.name, id=number, identifiers=held, name=name)

    async def fetch_page(self, records: Sequence[Record], query: Query, deadline: Deadline) -> Fetched:
        calls, fetched = await self._read([record.id for record in records], query, deadline)
        rows = [row_of(id_, legs, self._setting) for id_, legs in calls.items()]
        kept = [row for row in rows if row is not None]
        return msgspec.structs.replace(fetched, items=kept, dropped=fetched.dropped + len(rows) - len(kept))

    async def fetch_one(self, external_id: str, deadline: Deadline) -> Interaction | None:
        if not _UUID.fullmatch(external_id):
            return None
        if self._table is not None:
            calls, _ = await self._whole(self._table, [external_id], deadline)
        else:
            legs, _, _ = await self._legs(deadline)
            calls = _by_call(leg for leg in legs if leg.call_id == external_id)
        found = calls.get(external_id)
        return None if found is None else row_of(external_id, found, self._setting)

    async def _read(
        self, numbers: Sequence[str], query: Query, deadline: Deadline
    ) -> tuple[dict[str, list[Leg]], Fetched]:
        """Calls with one of the numbers, and how to go on."""
        if self._table is None:
            legs, dropped, is_capped = await self._legs(deadline)
            known = frozenset(numbers)
            ids = {leg.call_id for leg in legs if not known.isdisjoint(leg.numbers)}
            calls = _by_call(leg for leg in legs if leg.call_id in ids)
            return calls, Fetched((), capped=is_capped, dropped=dropped)
        spellings = [spelling for number in numbers for spelling in self._numbers.spellings(number)]
        ids_of_legs, place, last = await self._table.page(spellings, query, self._clock, deadline)
        calls, dropped = await self._whole(self._table, ids_of_legs, deadline)
        reached = None if place is None else self._clock.latest_utc(last)
        if reached is not None and query.ascending:
            reached -= LATER + EARLIER
        return calls, Fetched((), place, reached, dropped=dropped)

    async def _whole(
        self, table: SqlTable, uuids: Collection[str], deadline: Deadline
    ) -> tuple[dict[str, list[Leg]], int]:
        """These legs and those they were joined with: where both are written, the one that began is the call."""
        own, joined = await both(table.holding("uuid", uuids, deadline), table.holding("bridged", uuids, deadline))
        legs = self._typed([*own.rows, *joined.rows])
        known = {leg.uuid for leg in legs}
        others = {leg.bridged for leg in legs if leg.bridged} - known
        met = await table.holding("uuid", others, deadline)
        rows = [*own.rows, *joined.rows, *met.rows]
        every = self._typed(rows)
        dropped = len(rows) - len(every)
        legs_by_id = {leg.uuid: leg for leg in every}
        beginnings: dict[str, str] = {}
        for leg in sorted(legs_by_id.values(), key=lambda leg: (leg.started_at, leg.uuid)):
            if leg.bridged in legs_by_id and leg.uuid not in beginnings:
                beginnings.setdefault(leg.bridged, leg.uuid)
        calls = _by_call(leg._replace(call_id=beginnings.get(leg.uuid, leg.uuid)) for leg in legs_by_id.values())
        return calls, dropped

    def _typed(self, rows: Iterable[Row]) -> list[Leg]:
        legs = (leg_of_row(row, self._numbers, self._clock) for row in rows)
        return [leg for leg in legs if leg is not None]

    async def _legs(self, deadline: Deadline) -> tuple[list[Leg], int, bool]:
        assert self._folder is not None
        return await self._folder.rows(deadline)

    async def aclose(self) -> None:
        for part in (self._table, self._folder):
            if part is not None:
                part.close()
        await super().aclose()


def _by_call(legs: Iterable[Leg]) -> dict[str, list[Leg]]:
    calls: dict[str, list[Leg]] = defaultdict(list)
    for leg in legs:
        calls[leg.call_id].append(leg)
    return dict(calls)
