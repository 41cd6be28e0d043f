"""The contract that every connector meets, whatever its vendor: docs/connectors/contract.md.

A vendor's test module subclasses `ConnectorContract` (and `TokenContract`, where a token must be fetched) and gives
the fixture `subject`. Nothing here sleeps but the two faults that need a deadline to strike, 50 ms each.
"""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar

import httpx
import msgspec
import pytest

from connectors.base import EARLIEST, Connector, Position, VendorConnector, Window, in_order
from connectors.deadline import Deadline
from connectors.errors import (
    ConnectorError,
    MalformedError,
    RateLimitedError,
    RefusedError,
    TimedOutError,
    UnavailableError,
)
from connectors.identifiers import external
from connectors.interaction import HeldIdentifier, Identifier, IdentifierKind, Interaction, Record
from connectors.testing.changes import ChangesContract
from connectors.testing.faults import CANARY, FAULTS, Counted, Fault, Faulty, rate_limit_until
from connectors.testing.vendors import Replay, Stuck, Tokens, echo
from connectors.testing.verdicts import Verdicts
from connectors.testing.walks import EVER, deadline, first_rows, position_of, read_all, read_anew

LEAVES = (TimedOutError, UnavailableError, RateLimitedError, RefusedError, MalformedError)
OPERATIONS = ("find", "interactions", "get", "check")
MICROSECOND = timedelta(microseconds=1)
SAMPLE = 8
"""Rows that a test looks at one by one."""

MAX_STUCK_REQUESTS = 2000


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A connector and a vendor to prove it with.

    connect: builds the connector over a transport; each call a new one, without what another has cached.
    transport: answers like the vendor. known: an identifier of somebody with three interactions or
    more, and not so many that the vendor caps them.
    stranger: one of nobody. token_path: where a token is fetched, if one is.
    foreign: a vendor that answers with somebody else's rows whatever it is asked; without it, what was answered for
    `known` is played to whoever asks.
    nothing: pairs of operation and status that this vendor answers where there is nothing, beside 404.
    """

    connect: Callable[[httpx.AsyncBaseTransport], VendorConnector]
    transport: httpx.AsyncBaseTransport
    known: Identifier
    stranger: Identifier
    token_path: str | None = None
    foreign: httpx.AsyncBaseTransport | None = None
    nothing: frozenset[tuple[str, str]] = field(default_factory=frozenset)

    @classmethod
    def over_asgi(
        cls, app: Any, connect: Callable[[httpx.AsyncBaseTransport], VendorConnector], **rest: Any
    ) -> Subject:
        """A vendor that is an ASGI application."""
        return cls(connect=connect, transport=httpx.ASGITransport(app=app), **rest)


@dataclass(frozen=True)
class Known:
    """What the working vendor tells of `subject.known`, newest first."""

    records: list[Record]
    rows: list[Interaction]

    @classmethod
    async def of(cls, subject: Subject) -> Known:
        connector = subject.connect(subject.transport)
        records = await connector.find([subject.known], deadline())
        assert records, "subject.known is found nowhere"
        rows = await read_all(connector, records)
        assert len(rows) >= 3, "subject.known needs three interactions or more"
        return cls(records, rows)


async def perform(operation: str, connector: Connector, subject: Subject, known: Known, until: Deadline) -> Any:
    """The operation's answer; None where it brought nothing."""
    if operation == "find":
        return await connector.find([subject.known], until) or None
    if operation == "interactions":
        page = await connector.interactions(known.records, EVER, None, 20, until)
        return page.items or None
    if operation == "get":
        return await connector.get(known.rows[0].external_id, until)
    if operation == "changes":
        return (await connector.changes(EARLIEST, until)).rows or None
    return await connector.check(until)


class ConnectorContract(ChangesContract):
    """Subclass it as `Test…` and give `subject`. asks: the operations for which the vendor is asked anything."""

    asks: ClassVar[Collection[str]] = (*OPERATIONS, "changes")

    @pytest.fixture
    def subject(self) -> Subject:
        raise NotImplementedError("a contract needs a subject")

    @pytest.fixture
    async def known(self, subject: Subject) -> Known:
        return await Known.of(subject)

    @pytest.fixture
    def connector(self, subject: Subject) -> VendorConnector:
        return subject.connect(subject.transport)

    async def test_check_is_content_with_a_working_vendor(self, connector: VendorConnector) -> None:
        await connector.check(deadline())

    async def test_records_say_whose_they_are(self, subject: Subject, known: Known, connector: VendorConnector) -> None:
        for record in known.records:
            held = [h.identifier for h in record.identifiers]
            assert record.source == connector.name
            assert record.id.strip()
            assert external(connector.name, record.id) in held
            assert subject.known in held
            assert len(held) == len(set(held))

    async def test_a_record_is_found_by_its_own_id(self, known: Known, connector: VendorConnector) -> None:
        own = [external(connector.name, record.id) for record in known.records]
        if IdentifierKind.EXTERNAL_ID in connector.capabilities.finds_by:
            assert {r.id for r in await connector.find(own, deadline())} == {r.id for r in known.records}
        else:
            assert await connector.find(own, deadline()) == []

    async def test_a_stranger_is_nobody(self, subject: Subject, connector: VendorConnector) -> None:
        assert await connector.find([subject.stranger], deadline()) == []

    async def test_several_identifiers_are_one_question(
        self, subject: Subject, known: Known, connector: VendorConnector
    ) -> None:
        found = await connector.find([subject.stranger, subject.known, subject.known], deadline())
        assert found == known.records

    async def test_nothing_is_asked_about_nobody(self, subject: Subject) -> None:
        vendor = Counted(subject.transport)
        connector = subject.connect(vendor)
        empty = [Identifier(kind, value, source=connector.name) for kind in IdentifierKind for value in ("", " \t")]
        unknown = [Identifier(k, "x") for k in IdentifierKind if k not in connector.capabilities.finds_by]
        of_others = [external(f"not-{connector.name}", "1")]
        blank = Record(source=connector.name, id=" ", identifiers=())
        other = Record(source=f"not-{connector.name}", id="1", identifiers=())
        assert await connector.find([*empty, *unknown, *of_others], deadline()) == []
        assert await connector.find([], deadline()) == []
        assert (await connector.interactions([blank, other], EVER, None, 10, deadline())).items == ()
        assert (await connector.interactions([], EVER, None, 10, deadline())).items == ()
        assert await connector.get("  ", deadline()) is None
        assert await connector.search(" ", 10, deadline()) == []
        if not connector.capabilities.search:
            assert await connector.search("anybody", 10, deadline()) == []
        assert vendor.requests == []

    async def test_odd_identifiers_are_nobodys(self, subject: Subject, connector: VendorConnector) -> None:
        """Quotes, wildcards, paths, control characters, other scripts: nothing that a vendor's query might obey."""
        values = ["*", "%", "' OR 1=1 --", '") OR id>0 OR ("', "../../users", "a\r\nX-Evil: 1", "\x00", "☎️", "𝟎"]
        kinds = connector.capabilities.finds_by
        odd = [Identifier(k, v, subject.known.channel, connector.name) for k in kinds for v in values]
        for identifier in odd:
            plain = msgspec.structs.replace(identifier, source=None)
            asked = identifier if identifier.kind is IdentifierKind.EXTERNAL_ID else plain
            assert await connector.find([asked], deadline()) == [], repr(asked.value)

    async def test_rows_are_well_formed(self, known: Known, connector: VendorConnector) -> None:
        ids = {record.id for record in known.records}
        for row in known.rows:
            assert row.source == connector.name
            assert row.record_id in ids
            assert row.channel in connector.channels
            for at in (row.started_at, row.last_activity_at, row.ended_at):
                assert at is None or at.utcoffset() == timedelta(0)
            assert row.started_at <= row.last_activity_at
            assert row.ended_at is None or row.ended_at >= row.started_at
            assert (row.duration_seconds is None or row.duration_seconds >= 0) and row.external_id.strip()
            assert all(leg.started_at.utcoffset() == timedelta(0) for leg in row.legs)
            assert list(row.legs) == sorted(row.legs, key=lambda leg: leg.started_at)
            assert row.preview is None or len(row.preview) <= 200
        assert len({row.external_id for row in known.rows}) == len(known.rows)

    async def test_rows_come_in_order(self, known: Known, connector: VendorConnector) -> None:
        assert known.rows == in_order(known.rows)
        upwards = await read_all(connector, known.records, ascending=True)
        assert upwards == known.rows[::-1]

    @pytest.mark.parametrize("ascending", [False, True])
    @pytest.mark.parametrize("limit", [1, 2, 7])
    async def test_pages_of_any_size_make_the_whole(
        self, limit: int, ascending: bool, known: Known, connector: VendorConnector
    ) -> None:
        rows = await read_all(connector, known.records, limit=limit, ascending=ascending)
        assert rows == in_order(known.rows, ascending)

    @pytest.mark.parametrize("ascending", [False, True])
    async def test_a_page_begins_anew_behind_any_row(
        self, ascending: bool, known: Known, connector: VendorConnector
    ) -> None:
        rows = in_order(known.rows, ascending)
        limit = max(1, len(rows) // 5)
        assert await read_anew(connector, known.records, limit=limit, ascending=ascending) == rows
        for index in _spread(range(len(rows))):
            behind = await first_rows(connector, known.records, EVER, position_of(rows[index]), 1, ascending)
            assert list(behind[:1]) == rows[index + 1 : index + 2]

    async def test_positions_of_other_sources_part_ties(self, known: Known, connector: VendorConnector) -> None:
        """A cursor may stand on a row of another source that began in the same instant."""
        for row in _spread(known.rows):
            earlier = Position(row.started_at, f"{connector.name}~", "")
            later = Position(row.started_at, "", "")
            tied = [r for r in known.rows if r.started_at == row.started_at]
            older = [r for r in known.rows if r.started_at < row.started_at]
            behind = await first_rows(connector, known.records, EVER, later, 1, False)
            assert list(behind[: len(tied)]) == (tied + older)[: len(behind[: len(tied)])]
            behind = await first_rows(connector, known.records, EVER, earlier, 1, False)
            assert list(behind[:1]) == older[:1]

    @pytest.mark.parametrize("ascending", [False, True])
    async def test_a_window_is_exact(self, ascending: bool, known: Known, connector: VendorConnector) -> None:
        for window in _windows(known.rows):
            rows = await read_all(connector, known.records, window, ascending=ascending)
            expected = [row for row in in_order(known.rows, ascending) if window.holds(row.started_at)]
            assert rows == expected, (window.start, window.end)

    async def test_one_is_had_by_its_id(self, known: Known, connector: VendorConnector) -> None:
        for row in _spread(known.rows):
            one = await connector.get(row.external_id, deadline())
            assert one is not None
            assert (one.external_id, one.record_id, one.started_at) == (row.external_id, row.record_id, row.started_at)
            assert (one.source, one.channel) == (row.source, row.channel)

    @pytest.mark.parametrize("external_id", ["no-such-thing-0", "..", "../../users", "'", "a\r\nb: c", "x" * 70_000])
    async def test_an_id_of_nothing_has_nothing(self, external_id: str, connector: VendorConnector) -> None:
        assert await connector.get(external_id, deadline()) is None

    async def test_rows_of_others_never_surface(self, subject: Subject, known: Known) -> None:
        stranger = self.record_of_stranger(subject, known)
        for operation in ("find", "interactions"):
            vendor = subject.foreign or await _replayed(operation, subject, known)
            connector = subject.connect(vendor)
            try:
                if operation == "find":
                    assert await connector.find([subject.stranger], deadline()) == []
                else:
                    page = await connector.interactions([stranger], EVER, None, 20, deadline())
                    assert page.items == ()
            except ConnectorError as error:  # to notice and to refuse is as good
                assert isinstance(error, MalformedError)

    def record_of_stranger(self, subject: Subject, known: Known) -> Record:
        """A record that the vendor might have, of the person that `subject.stranger` is."""
        record = known.records[0]
        own = external(record.source, f"{record.id}9")
        held = (HeldIdentifier(own, True), HeldIdentifier(subject.stranger, True))
        return Record(source=record.source, id=own.value, identifiers=held)

    async def test_a_vendor_stuck_on_one_page_is_left(self, subject: Subject, known: Known) -> None:
        stuck = Counted(Stuck(subject.transport, subject.token_path))
        connector = subject.connect(stuck)
        after = None
        try:
            while True:
                page = await connector.interactions(known.records, EVER, None, 1, deadline(), after=after)
                after = page.next
                assert len(stuck.requests) < MAX_STUCK_REQUESTS, "it never stops"
                if after is None:
                    break
        except ConnectorError as error:
            assert type(error) in LEAVES

    async def test_a_page_is_capped(self, known: Known, connector: VendorConnector) -> None:
        """An absurd limit is brought down to what the sheet says before the vendor hears of it."""
        page = await connector.interactions(known.records, EVER, None, 10**9, deadline())
        assert page.items
        assert (await connector.interactions(known.records, EVER, None, -1, deadline())).items

    @pytest.mark.parametrize("operation", (*OPERATIONS, "changes"))
    async def test_every_failure_is_a_leaf_that_tells_nothing(
        self,
        operation: str,
        subject: Subject,
        known: Known,
        connector: VendorConnector,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """Whatever fails with some fault is raised with its name, when all have been tried."""
        if operation not in self.asks or (operation == "changes" and not connector.capabilities.changes):
            return
        with Verdicts(operation) as verdicts:
            for fault in (*FAULTS, rate_limit_until(connector.utc_now())):
                with verdicts.of(fault):
                    await self.fails_well(fault, operation, subject, known, caplog)

    async def fails_well(
        self, fault: Fault, operation: str, subject: Subject, known: Known, caplog: pytest.LogCaptureFixture
    ) -> None:
        """At the first question it must fail as it should; later it may also do without (a name, a detail)."""
        caplog.set_level(logging.DEBUG)
        caplog.clear()
        for after in range(3):
            vendor = Faulty(subject.transport, fault, subject.token_path, after)
            connector = subject.connect(vendor)
            secrets = _secrets(subject, known, connector)
            try:
                answer = await perform(operation, connector, subject, known, Deadline.after(fault.seconds))
            except ConnectorError as error:
                assert type(error) in LEAVES
                _assert_silent(error, caplog, secrets)
                if after == 0:
                    assert type(error) is fault.error, f"{type(error).__name__}, not {fault.error.__name__}"
                    if isinstance(error, RateLimitedError):
                        assert error.retry_after_seconds == pytest.approx(fault.retry_after_seconds, abs=2)
            else:
                if after == 0:
                    assert vendor.struck, "it asked nothing"
                    is_nothing = fault.nothing_is_right or (operation, fault.name) in subject.nothing
                    assert answer is None and is_nothing, f"{fault.name} went unnoticed"
                if not vendor.struck:
                    return  # it takes fewer questions than that

    @pytest.mark.parametrize("operation", OPERATIONS)
    async def test_nothing_is_asked_after_the_deadline(self, operation: str, subject: Subject, known: Known) -> None:
        vendor = Counted(subject.transport)
        connector = subject.connect(vendor)
        with pytest.raises(TimedOutError):
            await perform(operation, connector, subject, known, Deadline(at=10.0, clock=lambda: 10.0))
        assert vendor.requests == []

    async def test_errors_do_not_name_the_customer(
        self, subject: Subject, connector: VendorConnector, caplog: pytest.LogCaptureFixture
    ) -> None:
        """An identifier that reaches the vendor in any spelling comes back in no error."""
        caplog.set_level(logging.DEBUG)
        fault = Fault("500", echo, UnavailableError)
        for kind in sorted(connector.capabilities.finds_by):
            source = connector.name if kind is IdentifierKind.EXTERNAL_ID else None
            for value in (CANARY, f"{CANARY}@example.org", subject.known.value):
                failing = subject.connect(Faulty(subject.transport, fault, subject.token_path))
                try:
                    await failing.find([Identifier(kind, value, subject.known.channel, source)], deadline())
                except ConnectorError as error:
                    _assert_silent(error, caplog, [value])

    async def test_closing_closes_the_transport(self, subject: Subject) -> None:
        vendor = Counted(subject.transport)
        await subject.connect(vendor).aclose()
        assert vendor.is_closed


class TokenContract:
    """For vendors whose credential is changed for a token first: `subject.token_path` is set."""

    async def test_a_token_is_fetched_once_for_all(self, subject: Subject) -> None:
        vendor = Tokens(subject.transport, subject.token_path)
        connector = subject.connect(vendor)
        await asyncio.gather(*(connector.find([subject.known], deadline()) for _ in range(8)))
        assert vendor.fetched == 1

    async def test_refused_at_once_by_all_it_is_renewed_once(self, subject: Subject) -> None:
        vendor = Tokens(subject.transport, subject.token_path)
        connector = subject.connect(vendor)
        expected = await connector.find([subject.known], deadline())
        vendor.refuse_current()
        found = await asyncio.gather(*(connector.find([subject.known], deadline()) for _ in range(8)))
        assert found == [expected] * 8
        assert vendor.fetched == 2

    async def test_a_token_that_is_never_accepted_ends_it(self, subject: Subject) -> None:
        vendor = Tokens(subject.transport, subject.token_path, refuses_all=True)
        connector = subject.connect(vendor)
        with pytest.raises(RefusedError):
            await connector.find([subject.known], deadline())
        assert vendor.fetched == 2

    async def test_a_token_that_cannot_be_had_is_a_leaf_that_tells_nothing(
        self, subject: Subject, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        with Verdicts("a token") as verdicts:
            for fault in FAULTS:
                with verdicts.of(fault):
                    caplog.clear()
                    connector = subject.connect(Faulty(subject.transport, fault, token_path=None))
                    with pytest.raises(ConnectorError) as caught:
                        await connector.check(Deadline.after(fault.seconds))
                    assert type(caught.value) in LEAVES
                    _assert_silent(caught.value, caplog, _strings(connector.config.credentials))


async def _replayed(operation: str, subject: Subject, known: Known) -> httpx.AsyncBaseTransport:
    """A vendor that answers anybody with what it answered for `subject.known`."""
    vendor = Replay(subject.transport)
    await perform(operation, subject.connect(vendor), subject, known, deadline())
    vendor.playing = True
    return vendor


def _spread(items: Sequence[Any]) -> list[Any]:
    """First, last and some between."""
    if len(items) <= SAMPLE:
        return list(items)
    return [items[round(i * (len(items) - 1) / (SAMPLE - 1))] for i in range(SAMPLE)]


def _windows(rows: Sequence[Interaction]) -> list[Window]:
    """Open and closed ones whose edges lie on rows, and just beside them."""
    times = _spread(sorted({row.started_at for row in rows}))
    first, middle, last = times[0], times[len(times) // 2], times[-1]
    edges: list[tuple[datetime | None, datetime | None]] = [
        (None, None),
        (middle, None),
        (middle + MICROSECOND, None),
        (None, middle),
        (None, middle + MICROSECOND),
        (first, last),
        (first, last + MICROSECOND),
        (middle, middle),
        (middle, middle + MICROSECOND),
        (last + timedelta(days=400), None),
        (None, first),
    ]
    return [Window(start, end) for start, end in edges]


def _strings(value: Any) -> list[str]:
    values: Iterable[Any] = value.values() if isinstance(value, dict) else [value]
    return [v for v in values if isinstance(v, str)]


def _secrets(subject: Subject, known: Known, connector: VendorConnector) -> list[str]:
    """Everything that an error might let slip, too short words left out."""
    held = [h.identifier.value for record in known.records for h in record.identifiers]
    names = [record.name for record in known.records if record.name]
    ids = [row.external_id for row in known.rows]
    said = [*held, *names, *ids, subject.known.value, *_strings(connector.config.credentials)]
    return [word for word in said if len(word) >= 6] + [connector.http.base.host]


def _assert_silent(error: ConnectorError, caplog: pytest.LogCaptureFixture, secrets: Sequence[str]) -> None:
    told = "".join(traceback.format_exception(error)) + str(error) + repr(error) + repr(vars(error))
    logged = "".join(f"{record.getMessage()} {record.args!r} {record.exc_info!r}" for record in caplog.records)
    for secret in (CANARY, *secrets):
        assert secret not in told, "an error tells what it must not"
        assert secret not in logged, "a log tells what it must not"


__all__ = ["ConnectorContract", "Fault", "Known", "Subject", "TokenContract", "perform"]
