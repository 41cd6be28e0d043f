"""Asterisk's ARI when it fails, and rows that are spoiled: neither costs more than itself."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from sqlite3 import connect

import httpx
import msgspec
import pytest

from connectors.base import Connector, Window
from connectors.deadline import Deadline
from connectors.errors import ConnectorError, MalformedError
from connectors.identifiers import phone
from connectors.interaction import InteractionStatus
from connectors.telephony.asterisk import Asterisk, AsteriskOptions
from connectors.testing.faults import CANARY, FAULTS, Fault, Faulty
from connectors.testing.mutations import ABSENT, _assert_sound, mutations
from connectors.testing.walks import EVER, deadline, read_all
from tests.connectors.support import soon
from tests.connectors.telephony.asterisk.pbx import (
    ANSWERED_DIRECT,
    ANSWERED_IN_QUEUE,
    EXCHANGES,
    GIULIA,
    RECORDED,
    ari,
    pbx,
    save,
)

CALLED = phone(GIULIA)
assert CALLED is not None


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return save(tmp_path / "master.db", cdr=RECORDED["cdr"], cel=RECORDED["cel"])


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
async def test_an_ari_that_fails_is_a_leaf_that_tells_nothing(fault: Fault, database: Path):
    quiet = pbx(database)
    (record,) = await quiet.find([CALLED], soon())
    history = await read_all(quiet, [record])

    async def rows(connector: Connector) -> bool:
        page = await connector.interactions([record], EVER, None, 20, Deadline.after(fault.seconds))
        return list(page.items) == history

    async def one(connector: Connector) -> bool:
        return await connector.get(history[0].external_id, Deadline.after(fault.seconds)) == history[0]

    async def checked(connector: Connector) -> bool:
        return await connector.check(Deadline.after(fault.seconds)) is not None

    for ask in (rows, one, checked):
        try:
            is_history = await ask(pbx(database, Faulty(ari(), fault, None)))
        except ConnectorError as error:
            assert type(error) is fault.error
            assert CANARY not in str(error) + repr(vars(error))
        else:
            assert is_history and fault.nothing_is_right, f"{fault.name} went unnoticed"


async def test_what_lies_deep_in_the_past_asks_nothing_of_ari(database: Path):
    asked: list[httpx.Request] = []

    def note(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json=[])

    connector = pbx(database, httpx.MockTransport(note))
    (record,) = await connector.find([CALLED], soon())
    asked.clear()
    rows = await read_all(connector, [record])
    assert len(asked) == 2, "channels and bridges, once"
    await connector.interactions([record], Window(None, rows[0].started_at.replace(year=2025)), None, 5, soon())
    assert len(asked) == 2


async def test_a_spoiled_channel_costs_no_other(database: Path):
    channels = EXCHANGES["live channels"]["body"]
    place = next(n for n, channel in enumerate(channels) if channel["id"] == "1795399357.13")
    for mutation in mutations(channels[place]):
        spoiled = [mutation.apply(channel) if n == place else channel for n, channel in enumerate(channels)]
        connector = pbx(database, ari(channels=json.loads(json.dumps(spoiled))))
        (record,) = await connector.find([CALLED], soon())
        page = await connector.interactions([record], EVER, None, 20, soon())
        running = {row.external_id: row.status for row in page.items if row.ended_at is None}
        assert running["1795399357.14"] is InteractionStatus.QUEUED, mutation
        if mutation.path != ("id",):  # a call is called by its oldest channel
            assert running["1795399357.12"] is InteractionStatus.ACTIVE, mutation
        for row in page.items:
            _assert_sound(row, mutation)


async def rows_of(connector: Asterisk) -> tuple[dict[str, object], int]:
    (record,) = await connector.find([CALLED], deadline())
    page = await connector.interactions([record], EVER, None, 20, deadline())
    return {row.external_id: row for row in page.items}, page.dropped + page.foreign


@pytest.mark.parametrize("table", ["cdr", "cel"])
async def test_a_spoiled_row_costs_no_other(table: str, database: Path):
    connector = pbx(database, cel=f"sqlite://{database}")
    clean, _ = await rows_of(connector)
    others = {id_: row for id_, row in clean.items() if id_ != ANSWERED_IN_QUEUE}
    kind = "" if table == "cdr" else "BRIDGE_ENTER"
    chosen = next(
        row for row in RECORDED[table] if row["uniqueid"] == ANSWERED_IN_QUEUE and kind in row.get("eventtype", "")
    )
    count = 0
    for mutation in mutations(chosen):
        value = None if mutation.value is ABSENT else mutation.value
        bound = value if value is None or isinstance(value, (str, float)) else json.dumps(value)
        column = mutation.path[0]
        if column == "AcctId":
            continue
        with closing(connect(database)) as opened, opened:
            opened.execute(f'UPDATE {table} SET "{column}" = ? WHERE "AcctId" = ?', (bound, chosen["AcctId"]))
        told, _ = await rows_of(connector)
        assert {id_: told.get(id_) for id_ in others} == others, f"{mutation} costs other rows"
        for id_ in told.keys() - others.keys():
            _assert_sound(told[id_], mutation)  # type: ignore[arg-type]
        with closing(connect(database)) as opened, opened:
            opened.execute(f'UPDATE {table} SET "{column}" = ? WHERE "AcctId" = ?', (chosen[column], chosen["AcctId"]))
        count += 1
    assert count > 200
    assert ANSWERED_DIRECT in others


async def test_a_table_without_the_columns_is_malformed(tmp_path: Path):
    rows = [{"calldate": "2026-11-20 09:00:00", "src": GIULIA}]
    with pytest.raises(MalformedError, match="lacks columns"):
        await pbx(save(tmp_path / "odd.db", cdr=rows)).find([CALLED], soon())


@pytest.mark.parametrize("wrong", [{"cdr": "oracle://x/y"}, {"cdr": "x", "cdr_table": "a; b"}, {"cdr": "x", "typo": 1}])
def test_options_are_checked_at_the_start(wrong: dict[str, object]):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(wrong, AsteriskOptions)
