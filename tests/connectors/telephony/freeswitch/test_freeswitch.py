"""FreeSWITCH's legs: what becomes of them, of spoiled documents, and of files that come later."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import msgspec
import pytest

from connectors.base import SourceConfig
from connectors.errors import MalformedError
from connectors.identifiers import phone
from connectors.interaction import Direction, Interaction, InteractionStatus, LegKind, WrapUpCode
from connectors.telephony.freeswitch import FreeSwitch, FreeSwitchOptions
from connectors.telephony.freeswitch_mapping import Setting, row_of
from connectors.telephony.freeswitch_rows import Leg, leg_of_document
from connectors.telephony.numbers import Numbers, Sides
from connectors.testing.mutations import _assert_sound, mutations
from connectors.testing.walks import EVER, read_all
from tests.connectors.support import NOW, router, soon

BEGAN = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
GIULIA, SERVICE = "+393331112222", "+390255550198"
FIRST, SECOND, THIRD = "00000000-aaaa-4000-8000-00000000000a", "leg-b-0001", "leg-c-0001"
NUMBERS = Numbers("IT", own=(SERVICE,))
SIDES = Sides(NUMBERS, frozenset({"public"}), frozenset({"default"}))


def epoch(seconds: int) -> str:
    return str(int(BEGAN.timestamp()) + seconds)


def document(start: int = 0, end: int = 60, answer: int | None = None, *, escaped: bool = True, **more: Any) -> bytes:
    """The customer's leg of a call to the company, unless it says otherwise."""
    variables: dict[str, Any] = {
        "uuid": FIRST,
        "start_epoch": epoch(start),
        "end_epoch": epoch(end),
        "answer_epoch": "0" if answer is None else epoch(answer),
        "hangup_cause": "NORMAL_CLEARING",
        "accountcode": "sales",
    }
    profile = {
        "caller_id_number": GIULIA,
        "caller_id_name": "Giulia Bianchi",
        "destination_number": SERVICE,
        "context": "public",
        "chan_name": f"sofia/external/{GIULIA}",
    }
    for name, value in more.items():
        (profile if name in profile else variables)[name] = value

    def spelled(values: dict[str, Any]) -> dict[str, Any]:
        return {k: quote(v, safe="") if escaped and isinstance(v, str) else v for k, v in values.items()}

    later = {**profile, "destination_number": "600"}
    flow = [
        {"profile_index": "2", "caller_profile": spelled(later)},
        {"profile_index": "1", "caller_profile": spelled(profile)},
    ]
    return json.dumps({"variables": spelled(variables), "callflow": flow, "more": [1]}).encode()


def leg(*args: Any, **more: Any) -> Leg:
    found = leg_of_document(document(*args, **more), NUMBERS, "wrap_up")
    assert found is not None
    return found


def call(*legs: Leg, **options: Any) -> Interaction:
    row = row_of(FIRST, legs, Setting("pbx", SIDES, **options))
    assert row is not None
    return row


def story(row: Interaction) -> list[tuple[LegKind, str | None, str | None]]:
    return [(stay.kind, stay.queue and stay.queue.id, stay.agent and stay.agent.id) for stay in row.legs]


QUEUED = {"cc_queue": "sales@default", "cc_queue_joined_epoch": epoch(2)}
OUT = {
    "context": "default",
    "caller_id_number": "201",
    "destination_number": "3331112222",
    "chan_name": "sofia/internal/201",
}


def test_values_are_escaped_or_not():
    assert leg() == leg(escaped=False)
    assert leg().destination == SERVICE, "as it came in, not where the dial plan sent it"
    assert leg().numbers == {GIULIA, SERVICE}


def test_a_queue_tells_its_agent():
    answered = {
        **QUEUED,
        "cc_queue_answered_epoch": epoch(12),
        "cc_queue_terminated_epoch": epoch(60),
        "cc_agent": "201",
    }
    row = call(
        leg(answer=1, **answered, wrap_up="Resolved"), leg(12, 60, 12, uuid=SECOND, originator=FIRST, dialed_user="201")
    )
    assert story(row) == [(LegKind.QUEUE, "sales@default", None), (LegKind.AGENT, "sales@default", "201")]
    assert (row.details.wait_seconds, row.details.talk_seconds) == (10, 48)
    assert (row.status, row.direction, row.record_id) == (InteractionStatus.COMPLETED, Direction.INBOUND, GIULIA)
    assert row.wrap_up_codes == (WrapUpCode("Resolved", "Resolved"),)


@pytest.mark.parametrize(
    ("reason", "status"), [("BREAK_OUT", InteractionStatus.ABANDONED), ("NO_AGENT_TIMEOUT", InteractionStatus.MISSED)]
)
def test_a_queue_that_was_left(reason: str, status: InteractionStatus):
    row = call(leg(answer=1, **QUEUED, cc_queue_canceled_epoch=epoch(40), cc_cancel_reason=reason))
    assert story(row) == [(LegKind.QUEUE, "sales@default", None)]
    assert (row.status, row.details.wait_seconds) == (status, 38)


def test_legs_that_answered_are_agents_and_the_second_a_transfer():
    row = call(
        leg(answer=5),
        leg(2, 4, uuid="rang", originator=FIRST, dialed_user="200", hangup_cause="NO_ANSWER"),
        leg(3, 30, 5, uuid=SECOND, originator=FIRST, dialed_user="201"),
        leg(30, 60, 33, uuid=THIRD, originator=FIRST, dialed_user="202"),
        agents={"201": "Anna Verdi"},
    )
    assert story(row) == [(LegKind.AGENT, None, "201"), (LegKind.TRANSFER, None, "202")]
    assert row.legs[0].agent.name == "Anna Verdi"
    assert (row.details.wait_seconds, row.details.talk_seconds) == (5, 52)


@pytest.mark.parametrize(
    ("more", "status", "kinds"),
    [
        ({"answer": 1, "last_app": "voicemail"}, InteractionStatus.MISSED, [LegKind.VOICEMAIL]),
        ({"answer": 1, "last_app": "playback"}, InteractionStatus.COMPLETED, [LegKind.IVR]),
        ({"answer": 1, "bridge_uuid": "elsewhere"}, InteractionStatus.COMPLETED, [LegKind.AGENT]),
        ({"hangup_cause": "ORIGINATOR_CANCEL"}, InteractionStatus.ABANDONED, []),
        ({"hangup_cause": "NO_ANSWER"}, InteractionStatus.MISSED, []),
        ({"hangup_cause": "INCOMPATIBLE_DESTINATION"}, InteractionStatus.FAILED, []),
    ],
)
def test_what_one_leg_alone_tells(more: dict[str, Any], status: InteractionStatus, kinds: list[LegKind]):
    row = call(leg(**more))
    assert (row.status, [stay.kind for stay in row.legs]) == (status, kinds)


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"answer": 9}, InteractionStatus.COMPLETED),
        ({"hangup_cause": "NO_ANSWER"}, InteractionStatus.MISSED),
        ({"hangup_cause": "USER_BUSY"}, InteractionStatus.MISSED),
        ({"hangup_cause": "NETWORK_OUT_OF_ORDER"}, InteractionStatus.FAILED),
    ],
)
def test_outbound(more: dict[str, Any], status: InteractionStatus):
    row = call(leg(**OUT, **more))
    assert (row.status, row.direction, row.record_id) == (status, Direction.OUTBOUND, GIULIA)
    assert story(row) == ([(LegKind.AGENT, None, "201")] if "answer" in more else [])


def freeswitch(folder: Path | str, **options: Any) -> FreeSwitch:
    config = SourceConfig("pbx", "http://pbx.example.org", {}, {"cdr": str(folder), **options}, region="IT")
    return FreeSwitch(config, httpx.MockTransport(router().async_handler), lambda: NOW)


async def test_a_folder_is_a_history_that_grows(tmp_path: Path):
    (tmp_path / f"a_{FIRST}.cdr.json").write_bytes(document(answer=5))
    (tmp_path / f"{SECOND}.cdr.json").write_bytes(document(3, 60, 5, uuid=SECOND, originator=FIRST, dialed_user="201"))
    (tmp_path / "half.cdr.json").write_bytes(document()[:-20])
    connector = freeswitch(tmp_path, account_is_division=True)
    (record,) = await connector.find([phone(GIULIA)], soon())
    assert (record.name, [held.verified for held in record.identifiers]) == ("Giulia Bianchi", [True, None])
    page = await connector.interactions([record], EVER, None, 20, soon())
    assert ([row.external_id for row in page.items], page.dropped) == ([FIRST], 1)
    assert page.items[0].division_ids == ("sales",)
    later = tmp_path / "2026-11-21-00-00-00"
    later.mkdir()
    (later / "x.cdr.json").write_bytes(document(90_000, 90_060, 90_001, uuid="another-call"))
    assert [row.external_id for row in await read_all(connector, [record])] == ["another-call", FIRST]
    assert await connector.get(SECOND, soon()) is None, "a leg is no call"
    await connector.check(soon())
    await connector.aclose()


async def test_a_folder_of_other_things_is_noticed(tmp_path: Path):
    (tmp_path / "x.cdr.json").write_text("{}")
    with pytest.raises(MalformedError):
        await freeswitch(tmp_path).check(soon())


async def test_a_spoiled_document_costs_no_other(tmp_path: Path):
    for day in range(3):
        shift = -day * 86_400
        uuid = FIRST if day == 1 else f"other-{day}-00"
        (tmp_path / f"{uuid}.cdr.json").write_bytes(document(shift, shift + 60, shift + 1, uuid=uuid))
    connector = freeswitch(tmp_path)
    (record,) = await connector.find([phone(GIULIA)], soon())
    clean = {row.external_id: row for row in await read_all(connector, [record])}
    path = tmp_path / f"{FIRST}.cdr.json"
    count = 0
    for mutation in mutations(json.loads(path.read_bytes())):
        (tmp_path / "kept").write_bytes(path.read_bytes())
        spoiled = json.dumps(mutation.apply(json.loads((tmp_path / "kept").read_bytes()))).encode()
        found = leg_of_document(spoiled, NUMBERS, None)
        if found is not None and (row := row_of(found.call_id, [found], Setting("pbx", SIDES))) is not None:
            _assert_sound(row, mutation)
        count += 1
    assert count > 200 and len(clean) == 3


@pytest.mark.parametrize("content", [b"", b"null", b"[]", b'{"variables": []}', b"\xff", b"[" * 100_000])
def test_no_document_is_no_leg(content: bytes):
    assert leg_of_document(content, NUMBERS, None) is None


def test_times_that_are_none_make_no_leg():
    for odd in ("0", "x", "9" * 5000, None, -5, timedelta(1).days):
        assert leg_of_document(document(start_epoch=odd), NUMBERS, None) is None


@pytest.mark.parametrize("wrong", [{"cdr": "oracle://x"}, {"cdr": "/x", "table": "a-b"}, {}])
def test_options_are_checked_at_the_start(wrong: dict[str, str]):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(wrong, FreeSwitchOptions)
