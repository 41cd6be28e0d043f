"""What becomes of a call's rows, event by event; and numbers and times as exchanges write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.interaction import Direction, Interaction, InteractionStatus, LegKind, WrapUpCode
from connectors.telephony.asterisk_mapping import Setting, gather, row_of
from connectors.telephony.asterisk_rows import (
    cdr_of,
    cel_of,
    epoch_of,
    fields_of_csv,
    fields_of_queue_log,
    interface_of,
    queue_event_of,
)
from connectors.telephony.clock import Clock
from connectors.telephony.numbers import Numbers, Sides

UTC_CLOCK = Clock("UTC")
BEGAN = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
EPOCH = int(BEGAN.timestamp())
ID = f"{EPOCH}.1"
GIULIA, SERVICE = "+393331112222", "390255550198"
TRUNK, PHONE = "PJSIP/trunk-00000001", "PJSIP/201-00000002"


def at(seconds: int) -> str:
    return (BEGAN + timedelta(seconds=seconds)).strftime("%Y-%m-%d %H:%M:%S")


def cdr(**more: Any) -> dict[str, Any]:
    """An answered call to a queue that lasted a minute, unless it says otherwise."""
    row = {
        "uniqueid": ID,
        "linkedid": ID,
        "sequence": 1,
        "start": at(0),
        "answer": at(0),
        "end": at(60),
        "src": GIULIA,
        "dst": SERVICE,
        "clid": f'"Giulia Bianchi" <{GIULIA}>',
        "dcontext": "from-pstn",
        "channel": TRUNK,
        "dstchannel": PHONE,
        "lastapp": "Queue",
        "lastdata": "support-it,,,,30",
        "disposition": "ANSWERED",
        "userfield": "",
        "accountcode": "",
    }
    return {**row, **more}


def queue_log(*events: str) -> list[dict[str, str]]:
    """`seconds queue agent event data`"""
    told = []
    for event in events:
        seconds, queue, agent, name, *data = event.split()
        line = "|".join([str(EPOCH + int(seconds)), ID, queue, agent, name, *data])
        fields = fields_of_queue_log(line.encode())
        assert fields is not None
        told.append(fields)
    return told


def cel(*events: str) -> list[dict[str, str]]:
    """`seconds event peer extra`"""
    told = []
    for event in events:
        seconds, name, *rest = event.split()
        peer, extra = (*rest, "", "")[:2]
        row = {"event": name, "at": at(int(seconds)), "uniqueid": ID, "linkedid": ID, "channel": TRUNK}
        told.append({**row, "peer": peer, "extra": extra})
    return told


def call(
    *rows: dict[str, Any],
    log: list[dict[str, str]] | None = None,
    events: list[dict[str, str]] | None = None,
    **more: Any,
) -> Interaction:
    numbers = more.pop("numbers", Numbers("IT"))
    sides = Sides(numbers, frozenset({"from-pstn"}), frozenset({"from-internal"}), ("PJSIP/trunk",))
    setting = Setting("pbx", sides, **more)
    typed = [cdr_of(row, UTC_CLOCK) for row in rows or [cdr()]]
    queued = [queue_event_of(row, UTC_CLOCK) for row in log or []]
    seen = [cel_of(row, UTC_CLOCK) for row in events or []]
    assert None not in (*typed, *queued, *seen)
    (gathered,) = gather(typed, seen, queued, [])  # type: ignore[arg-type]
    row = row_of(gathered, setting)
    assert row is not None
    return row


def story(row: Interaction) -> list[tuple[str, str | None, str | None, int]]:
    return [
        (
            leg.kind.value,
            leg.queue and leg.queue.id,
            leg.agent and leg.agent.id,
            int(((leg.ended_at or leg.started_at) - leg.started_at).total_seconds()),
        )
        for leg in row.legs
    ]


def test_a_queue_call_waits_and_is_answered():
    row = call(
        log=queue_log("1 sales NONE ENTERQUEUE _ n 1", "11 sales Ann CONNECT 10 x 2", "60 sales Ann COMPLETECALLER")
    )
    assert story(row) == [("QUEUE", "sales", None, 10), ("AGENT", "sales", "Ann", 49)]
    assert (row.details.wait_seconds, row.details.talk_seconds) == (10, 49)
    assert (row.status, row.duration_seconds, row.preview) == (InteractionStatus.COMPLETED, 60, None)


def test_who_hangs_up_in_the_queue_has_given_up():
    row = call(cdr(dstchannel=""), log=queue_log("1 sales NONE ENTERQUEUE", "60 sales NONE ABANDON 1 1 59"))
    assert story(row) == [("QUEUE", "sales", None, 59)]
    assert row.status is InteractionStatus.ABANDONED


@pytest.mark.parametrize("event", ["EXITWITHTIMEOUT", "EXITEMPTY", "EXITWITHKEY"])
def test_whom_the_queue_sends_away_was_missed(event: str):
    log = queue_log("1 sales NONE ENTERQUEUE", f"31 sales NONE {event}")
    assert call(cdr(dstchannel="", lastapp="Hangup"), log=log).status is InteractionStatus.MISSED


def test_a_transfer_to_another_queue_is_two_agents():
    row = call(
        log=queue_log(
            "1 sales NONE ENTERQUEUE",
            "5 sales Ann CONNECT 4 x 2",
            "30 sales Ann BLINDTRANSFER 600 queues 4 25 1",
            "30 experts NONE ENTERQUEUE",
            "40 experts Ben CONNECT 10 y 3",
            "60 experts Ben COMPLETEAGENT 10 20 1",
        )
    )
    assert story(row) == [
        ("QUEUE", "sales", None, 4),
        ("AGENT", "sales", "Ann", 25),
        ("QUEUE", "experts", None, 10),
        ("TRANSFER", "experts", "Ben", 20),
    ]
    assert (row.details.wait_seconds, row.details.talk_seconds) == (14, 45)


def test_an_agent_reached_without_a_queue_follows():
    log = queue_log("1 sales NONE ENTERQUEUE", "5 sales Ann CONNECT 4 x 2", "30 sales Ann BLINDTRANSFER 202 phones")
    events = cel(
        "5 BRIDGE_ENTER PJSIP/201-0000000a", "30 BRIDGE_EXIT", "35 BRIDGE_ENTER PJSIP/202-0000000b", "60 HANGUP"
    )
    assert story(call(log=log, events=events))[1:] == [
        ("AGENT", "sales", "Ann", 25),
        ("TRANSFER", None, "PJSIP/202", 25),
    ]


def test_ringing_is_no_leg_and_holding_is_counted():
    log = queue_log("1 sales NONE ENTERQUEUE", "9 sales Ben RINGNOANSWER 8000", "12 sales Ann CONNECT 11 x 2")
    events = cel("12 BRIDGE_ENTER PJSIP/201-0000000a", "20 HOLD", "27 UNHOLD", "40 HOLD", "60 HANGUP")
    row = call(log=log, events=events)
    assert story(row) == [("QUEUE", "sales", None, 11), ("AGENT", "sales", "Ann", 48)]
    assert row.details.hold_seconds == 27


OUT = {"src": "201", "dst": "3331112222", "dcontext": "from-internal", "channel": PHONE, "dstchannel": TRUNK}


def test_an_outbound_call_is_the_agents_whose_phone_began_it():
    row = call(cdr(**OUT, lastapp="Dial", answer=at(15)))
    assert (row.direction, row.record_id, row.status) == (Direction.OUTBOUND, GIULIA, InteractionStatus.COMPLETED)
    assert story(row) == [("AGENT", None, "PJSIP/201", 45)]
    assert row.details.wait_seconds is None


@pytest.mark.parametrize(
    ("disposition", "status"),
    [
        ("NO ANSWER", InteractionStatus.MISSED),
        ("BUSY", InteractionStatus.MISSED),
        ("FAILED", InteractionStatus.FAILED),
        ("CONGESTION", InteractionStatus.FAILED),
        ("a word nobody knows", InteractionStatus.MISSED),
    ],
)
def test_an_outbound_call_that_was_not_answered(disposition: str, status: InteractionStatus):
    row = call(cdr(**OUT, lastapp="Dial", answer="", disposition=disposition))
    assert (row.status, row.legs) == (status, ())


@pytest.mark.parametrize(
    ("given", "status", "kinds"),
    [
        ({"lastapp": "Playback", "dstchannel": ""}, InteractionStatus.COMPLETED, [LegKind.IVR]),
        ({"lastapp": "VoiceMail", "dstchannel": ""}, InteractionStatus.MISSED, [LegKind.VOICEMAIL]),
        ({"lastapp": "Queue", "dstchannel": ""}, InteractionStatus.ABANDONED, [LegKind.QUEUE]),
        ({"lastapp": "Dial", "disposition": "NO ANSWER", "answer": ""}, InteractionStatus.MISSED, []),
        ({"lastapp": "Dial", "disposition": "FAILED", "answer": ""}, InteractionStatus.FAILED, []),
    ],
)
def test_what_cdr_alone_can_tell(given: dict[str, str], status: InteractionStatus, kinds: list[LegKind]):
    row = call(cdr(**given))
    assert (row.status, [leg.kind for leg in row.legs]) == (status, kinds)


def test_cel_tells_who_gave_up_while_it_rang():
    rows = cdr(lastapp="Dial", disposition="NO ANSWER", answer="")
    assert call(rows, events=cel('9 HANGUP "" {"dialstatus":"CANCEL"}')).status is InteractionStatus.ABANDONED
    assert call(rows, events=cel('9 HANGUP "" {"dialstatus":"NOANSWER"}')).status is InteractionStatus.MISSED
    assert call(rows, events=cel('9 HANGUP "" {"dialstatus":17')).status is InteractionStatus.MISSED


WAYS = [
    ({"dcontext": "from-pstn"}, {}, Direction.INBOUND, GIULIA),
    ({"dcontext": "ext-queues"}, {}, Direction.INBOUND, GIULIA),
    ({"dcontext": "from-internal", "dst": "+393339990000"}, {}, Direction.OUTBOUND, "+393339990000"),
    ({"dcontext": "x", "channel": "SIP/9", "dst": "600"}, {}, Direction.INBOUND, GIULIA),
    ({"dcontext": "x", "channel": "SIP/9", "src": "201", "dst": GIULIA}, {}, Direction.OUTBOUND, GIULIA),
    ({"dcontext": "x", "channel": "SIP/9"}, {"own": (SERVICE,)}, Direction.INBOUND, GIULIA),
    (
        {"dcontext": "x", "channel": "SIP/9", "src": SERVICE, "dst": GIULIA},
        {"own": (SERVICE,)},
        Direction.OUTBOUND,
        GIULIA,
    ),
    ({"dcontext": "x", "channel": "SIP/9"}, {}, Direction.UNKNOWN, GIULIA),
]


@pytest.mark.parametrize(("given", "numbers", "direction", "number"), WAYS)
def test_which_way_a_call_went(given: dict[str, str], numbers: dict[str, Any], direction: Direction, number: str):
    row = call(cdr(**given), numbers=Numbers("IT", **numbers))
    assert (row.direction, row.record_id) == (direction, number)


def test_a_withheld_number_is_nobodys():
    typed = cdr_of(cdr(src="anonymous"), UTC_CLOCK)
    assert typed is not None
    (gathered,) = gather([typed], [], [], [])
    assert row_of(gathered, Setting("pbx", Sides(Numbers("IT"), frozenset({"from-pstn"})))) is None


def test_names_wrap_ups_and_divisions_are_configured():
    row = call(
        cdr(userfield="wrapup: Resolved ", accountcode="sales"),
        log=queue_log("1 600 NONE ENTERQUEUE", "5 600 PJSIP/201 CONNECT 4 x 2", "60 600 PJSIP/201 COMPLETEAGENT"),
        agents={"PJSIP/201": "Anna Verdi"},
        queues={"600": "Sales"},
        wrap_up_prefix="wrapup:",
        division="accountcode",
    )
    assert (row.legs[1].agent.name, row.legs[1].queue.name) == ("Anna Verdi", "Sales")
    assert row.wrap_up_codes == (WrapUpCode("Resolved", "Resolved"),)
    assert row.division_ids == ("sales",)
    assert call(cdr(userfield="wrapup:Resolved")).wrap_up_codes == ()


def test_an_hour_that_is_there_twice_is_told_by_the_channels_id():
    rome = Clock("Europe/Rome")
    first, second = datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    for moment in (first, second):
        assert rome.utc("2026-10-25 02:30:00", epoch_of(f"{int(moment.timestamp())}.7")) == moment
    assert rome.latest_utc("2026-10-25 02:30:00") == second
    assert rome.local(second) == datetime(2026, 10, 25, 2, 30)
    assert rome.utc("2026-07-01T09:00:00+00:00") == datetime(2026, 7, 1, 9, tzinfo=UTC)
    for odd in ("", None, "0000-00-00 00:00:00", "yesterday", "1e400", "9" * 5000, "1970-01-01 00:00:00"):
        assert rome.utc(odd) is None


def test_ids_of_channels():
    assert epoch_of(ID) == BEGAN
    assert epoch_of(f"pbx-01-{ID}") == BEGAN
    assert epoch_of("6f1c2d3e") is None
    assert interface_of("PJSIP/201-0000002a") == "PJSIP/201"
    assert interface_of("Local/agent1@agents-00000001;1") == "Local/agent1@agents"
    assert interface_of("Agent/1001") == "Agent/1001"


def test_numbers_are_spelled_as_trunks_do():
    numbers = Numbers("IT", prefixes=("0", "00"))
    assert set(numbers.spellings(GIULIA)) >= {GIULIA, "393331112222", "00393331112222", "3331112222", "03331112222"}
    for spelling in (GIULIA, "00393331112222", "3331112222", "393331112222", "sip:+393331112222@trunk", "333 111 2222"):
        assert numbers.of(spelling) == GIULIA
    assert Numbers("IT", prefixes=("9",)).of("93331112222", was_dialled=True) == GIULIA
    assert Numbers(None).of("393331112222") == GIULIA
    for odd in ("", None, "201", "s", "anonymous", "Restricted", "*97", "1" * 5000):
        assert numbers.of(odd) is None
    for number in ("+393331112222", "+390255550101"):
        for region in ("IT", "FR", "GB", None):
            told = Numbers(region)
            assert {told.of(spelling) for spelling in told.spellings(number)} == {number}, region


def test_a_line_of_a_file_is_a_row_or_none():
    names = ["src", "dst", "channel", "dstchannel", "lastapp", "start", "disposition", "uniqueid"]
    assert fields_of_csv(b'"a","b, ""c""","d","e","f","g","h","i","more"', names, "cdr") == {
        "src": "a",
        "dst": 'b, "c"',
        "channel": "d",
        "dstchannel": "e",
        "lastapp": "f",
        "start": "g",
        "disposition": "h",
        "uniqueid": "i",
    }
    for line in (b"", b'"a","b"', b'"a"x,"b', b"\xff\x00"):
        assert fields_of_csv(line, names, "cdr") is None
    assert fields_of_queue_log(b"1795398832|NONE|NONE|NONE") is None
