"""Recorded rows of a real Asterisk, read from a database and from files, and its recorded ARI."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from connectors.base import Query, Window
from connectors.errors import MalformedError, RefusedError
from connectors.identifiers import external, phone
from connectors.interaction import CallDetails, Direction, InteractionStatus, LegKind
from connectors.telephony.asterisk import Asterisk
from connectors.testing.walks import EVER, deadline, read_all
from tests.connectors.support import soon
from tests.connectors.telephony.asterisk.pbx import (
    ANSWERED_DIRECT,
    ANSWERED_IN_QUEUE,
    EXCHANGES,
    GIULIA,
    NOT_ANSWERED,
    QUEUE_LOG,
    RECORDED,
    ari,
    pbx,
    save,
    save_csv,
)

CALLED = phone(GIULIA)
assert CALLED is not None
BEGAN = datetime(2026, 11, 23, 1, 54, 15, tzinfo=UTC)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return save(tmp_path / "master.db", cdr=RECORDED["cdr"], cel=RECORDED["cel"])


@pytest.fixture(params=["sql", "files"])
def connector(request: pytest.FixtureRequest, tmp_path: Path, database: Path) -> Asterisk:
    """CDR from the one or the other; CEL and queue_log beside it."""
    cdr = database if request.param == "sql" else save_csv(tmp_path / "Master.csv", RECORDED["cdr"])
    return pbx(cdr, cel=f"sqlite://{database}", queue_log=str(QUEUE_LOG))


async def rows_of(connector: Asterisk) -> dict[str, object]:
    (record,) = await connector.find([CALLED], deadline())
    return {row.external_id: row for row in await read_all(connector, [record])}


async def test_thirteen_rows_are_five_calls_of_one_person(connector: Asterisk):
    (record,) = await connector.find([CALLED], deadline())
    assert (record.id, record.name) == (GIULIA, "Giulia Bianchi")
    assert [held.identifier for held in record.identifiers] == [external("pbx", GIULIA), CALLED]
    rows = await read_all(connector, [record])
    assert [row.external_id for row in rows] == [
        "1795399357.12",
        "1795399357.14",
        ANSWERED_IN_QUEUE,
        ANSWERED_DIRECT,
        NOT_ANSWERED,
    ]
    assert {row.record_id for row in rows} == {GIULIA}


async def test_a_queue_call_has_its_queue_and_agent(connector: Asterisk):
    call = (await rows_of(connector))[ANSWERED_IN_QUEUE]
    assert (call.direction, call.status) == (Direction.INBOUND, InteractionStatus.COMPLETED)
    assert (call.started_at, call.duration_seconds) == (BEGAN, 2)
    waiting, talking = call.legs
    assert (waiting.kind, waiting.queue.id) == (LegKind.QUEUE, "support-it")
    assert (talking.kind, talking.agent.name) == (LegKind.AGENT, "Agent One")
    assert call.details == CallDetails(answered_at=BEGAN, wait_seconds=0, talk_seconds=2, hold_seconds=0)
    assert call.wrap_up_codes == ()


async def test_a_call_that_was_dialled_through_has_the_interface_as_its_agent(connector: Asterisk):
    call = (await rows_of(connector))[ANSWERED_DIRECT]
    assert call.status is InteractionStatus.COMPLETED
    (talking,) = call.legs
    assert (talking.kind, talking.agent.id, talking.queue) == (LegKind.AGENT, "Local/agent1@agents", None)


async def test_a_service_that_answered_is_no_agent_who_did(connector: Asterisk):
    call = (await rows_of(connector))[NOT_ANSWERED]
    assert call.status is InteractionStatus.MISSED
    assert call.legs == ()
    assert call.details == CallDetails(None, None, None, 0)


async def test_without_queue_log_cel_tells_who_talked(database: Path):
    connector = pbx(database, cel=f"sqlite://{database}", agents={"Local/agent1@agents": "Anna Verdi"})
    call = (await rows_of(connector))[ANSWERED_IN_QUEUE]
    assert [(leg.kind, leg.agent and leg.agent.name) for leg in call.legs] == [(LegKind.AGENT, "Anna Verdi")]
    assert call.details.talk_seconds == 2


async def test_with_cdr_alone_a_queue_call_has_one_leg_with_both(database: Path):
    rows = await rows_of(pbx(database))
    (leg,) = rows[ANSWERED_IN_QUEUE].legs
    assert (leg.kind, leg.queue.id, leg.agent.id) == (LegKind.AGENT, "support-it", "Local/agent1@agents")
    assert rows[NOT_ANSWERED].status is InteractionStatus.MISSED
    assert rows[ANSWERED_IN_QUEUE].details.hold_seconds is None


async def test_one_call_is_had_by_its_id(connector: Asterisk):
    one = await connector.get(ANSWERED_DIRECT, soon())
    assert one == (await rows_of(connector))[ANSWERED_DIRECT]
    assert await connector.get("1795398855.5", soon()) is None, "a leg is no call"


async def test_the_live_call_takes_the_place_of_what_is_written(database: Path):
    connector = pbx(database, ari(), queue_log=str(QUEUE_LOG))
    (record,) = await connector.find([CALLED], deadline())
    page = await connector.interactions([record], EVER, None, 20, deadline())
    live = [row for row in page.items if row.ended_at is None]
    assert [(row.external_id, row.status) for row in live] == [
        ("1795399357.12", InteractionStatus.ACTIVE),
        ("1795399357.14", InteractionStatus.QUEUED),
    ]
    assert len({row.external_id for row in page.items}) == len(page.items) == 5
    one = await connector.get("1795399357.12", deadline())
    assert one is not None and one.ended_at is None
    await connector.check(soon())


async def test_who_calls_for_the_first_time_is_known_by_the_live_call(tmp_path: Path):
    others = [row for row in RECORDED["cdr"] if row["linkedid"] == NOT_ANSWERED]
    cdr = save(tmp_path / "empty.db", cdr=[{**others[0], "src": "+390255550199"}])
    (record,) = await pbx(cdr, ari()).find([CALLED], deadline())
    assert record.name == "Giulia Bianchi"
    rows = await read_all(pbx(cdr, ari()), [record])
    assert rows[0].ended_at is None
    agents = [leg.agent.id for row in rows for leg in row.legs if leg.agent]
    assert agents == ["Local/agent1@agents"]


async def test_a_recorded_refusal_is_one(database: Path):

    told = EXCHANGES["no credentials"]
    refusing = httpx.MockTransport(lambda request: httpx.Response(told["status"], json=told["body"]))
    with pytest.raises(RefusedError):
        await pbx(database, refusing).check(soon())


async def test_the_check_sees_a_wrong_time_zone(database: Path):
    with pytest.raises(MalformedError, match="time zone"):
        await pbx(database, time_zone="Europe/Rome").check(soon())
    await pbx(database).check(soon())


async def test_a_page_of_several_people_is_one_question(database: Path):
    connector = pbx(database)
    (record,) = await connector.find([CALLED], deadline())
    fetched = await connector.fetch_page([record, record], Query(Window(), 2), soon())
    assert fetched.cursor is None and len(fetched.items) == 5
