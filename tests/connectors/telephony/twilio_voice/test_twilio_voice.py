"""Twilio's calls: parents with their legs, pages of two streams, and what is asked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec
import pytest

from connectors.base import Query, Window
from connectors.errors import MalformedError
from connectors.identifiers import phone
from connectors.interaction import CallDetails, Direction, Interaction, InteractionStatus, LegKind
from connectors.telephony.numbers import Numbers
from connectors.telephony.twilio_calls import CallRow, Family, Setting, row_of
from connectors.telephony.twilio_voice import TwilioVoice
from connectors.testing.walks import read_all
from tests.connectors.support import connect, router, soon

ACCOUNT = "AC00000000000000000000000000000001"
CALLS = f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Calls"
COMPANY, GIULIA, AGENT = "+390255550197", "+393331112222", "client:anna.verdi"
BEGAN = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def sid(number: int) -> str:
    return f"CA{number:032x}"


def stamp(seconds: int) -> str:
    return (BEGAN + timedelta(seconds=seconds)).strftime("%a, %d %b %Y %H:%M:%S +0000")


def call(
    number: int = 1, start: int = 0, end: int | None = 60, parent: int | None = None, **more: Any
) -> dict[str, Any]:
    """A call of the customer's that was answered at once, as Twilio writes it."""
    row = {
        "sid": sid(number),
        "parent_call_sid": None if parent is None else sid(parent),
        "direction": "inbound" if parent is None else "outbound-dial",
        "from": GIULIA,
        "to": COMPANY if parent is None else AGENT,
        "status": "completed" if end is not None else "in-progress",
        "start_time": stamp(start),
        "end_time": None if end is None else stamp(end),
        "date_created": stamp(start),
        "duration": None if end is None else str(end - start),
        "caller_name": None,
        "price": None,
    }
    return {**row, **more}


def told(parent: dict[str, Any], *children: dict[str, Any], agents: dict[str, str] | None = None) -> Interaction:
    rows = [msgspec.convert(row, CallRow) for row in (parent, *children)]
    row = row_of(Family(rows[0], rows[1:]), Setting("voice", Numbers("IT", own=(COMPANY,)), ACCOUNT, agents or {}))
    assert row is not None
    return row


def test_an_inbound_call_is_a_program_and_then_an_agent():
    row = told(call(), call(2, start=10, end=60, parent=1, duration="45"))
    assert (row.external_id, row.record_id, row.direction) == (sid(1), GIULIA, Direction.INBOUND)
    assert (row.status, row.duration_seconds) == (InteractionStatus.COMPLETED, 60)
    program, agent = row.legs
    assert (program.kind, program.started_at, program.ended_at) == (LegKind.IVR, BEGAN, BEGAN + timedelta(seconds=15))
    assert (agent.kind, agent.agent.id, agent.agent.name) == (LegKind.AGENT, AGENT, "anna.verdi")
    assert row.details == CallDetails(BEGAN + timedelta(seconds=15), 15, 45, None)
    assert row.url.endswith(sid(1))


def test_a_second_agent_is_a_transfer():
    first, second = call(2, 5, 30, 1), call(3, 32, 60, 1, to="sip:ben@pbx.example.org")
    row = told(call(), first, second, agents={AGENT: "Anna Verdi"})
    assert [(leg.kind, leg.agent and leg.agent.name) for leg in row.legs] == [
        (LegKind.IVR, None),
        (LegKind.AGENT, "Anna Verdi"),
        (LegKind.TRANSFER, "ben"),
    ]


@pytest.mark.parametrize(
    ("status", "child", "expected"),
    [
        ("completed", None, InteractionStatus.COMPLETED),
        ("completed", "no-answer", InteractionStatus.MISSED),
        ("completed", "busy", InteractionStatus.MISSED),
        ("completed", "canceled", InteractionStatus.ABANDONED),
        ("canceled", None, InteractionStatus.ABANDONED),
        ("no-answer", None, InteractionStatus.MISSED),
        ("busy", None, InteractionStatus.MISSED),
        ("failed", None, InteractionStatus.FAILED),
        ("a new word", None, InteractionStatus.UNKNOWN),
        ("queued", None, InteractionStatus.QUEUED),
        ("ringing", None, InteractionStatus.QUEUED),
        ("in-progress", None, InteractionStatus.ACTIVE),
        ("in-progress", "ringing", InteractionStatus.QUEUED),
        ("in-progress", "in-progress", InteractionStatus.ACTIVE),
    ],
)
def test_inbound_status(status: str, child: str | None, expected: InteractionStatus):
    children = [call(2, 5, 60, 1, status=child, duration="0")] if child else []
    row = told(call(status=status), *children)
    assert row.status is expected
    assert (row.ended_at is None) == (status in ("queued", "ringing", "in-progress"))


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("completed", InteractionStatus.COMPLETED),
        ("no-answer", InteractionStatus.MISSED),
        ("busy", InteractionStatus.MISSED),
        ("canceled", InteractionStatus.MISSED),
        ("failed", InteractionStatus.FAILED),
        ("ringing", InteractionStatus.ACTIVE),
    ],
)
def test_outbound_status(status: str, expected: InteractionStatus):
    out = {"direction": "outbound-api", "from": COMPANY, "to": GIULIA}
    row = told(call(status=status, **out))
    assert (row.status, row.direction, row.record_id) == (expected, Direction.OUTBOUND, GIULIA)


def test_an_agent_who_is_called_first_is_not_the_customer():
    """Click to call: the account calls the agent, then dials the customer from there."""
    parent = call(1, 0, 60, direction="outbound-api", **{"from": COMPANY}, to=AGENT)
    row = told(parent, call(2, 8, 60, 1, **{"from": COMPANY}, to=GIULIA, duration="40"))
    assert (row.external_id, row.record_id, row.direction) == (sid(1), GIULIA, Direction.OUTBOUND)
    assert [(leg.kind, leg.agent and leg.agent.id) for leg in row.legs] == [(LegKind.AGENT, AGENT)]
    mobile = {"+393339990000": "Anna Verdi"}
    row = told({**parent, "to": "+393339990000"}, call(2, 8, 60, 1, to=GIULIA), agents=mobile)
    assert (row.record_id, row.legs[0].agent.name) == (GIULIA, "Anna Verdi")


def test_a_withheld_number_is_nobodys():
    rows = [msgspec.convert(call(**{"from": text}), CallRow) for text in ("anonymous", "+266696687", "", GIULIA)]
    setting = Setting("voice", Numbers("IT"), ACCOUNT)
    assert [row_of(Family(row, ()), setting) is None for row in rows] == [True, True, True, False]


def test_odd_lengths_and_times_do_no_harm():
    for duration in ("1" * 5000, "x", None, "-5", 7):
        assert told(call(duration=duration)).duration_seconds == 60
    row = told(call(start_time=None, end_time=None, status="failed", duration="0"))
    assert row.started_at == row.ended_at
    assert told(call(end_time=stamp(-60))).duration_seconds == 0


def voice(rows: list[dict[str, Any]], asked: list[httpx.URL], page: int = 1000, **options: Any) -> TwilioVoice:
    """Over an account with these calls, newest day first."""
    routes = router()

    def listed(request: httpx.Request) -> httpx.Response:
        asked.append(request.url)
        params = request.url.params
        found = [
            row
            for row in rows
            if params.get("From") in (None, row["from"])
            and params.get("To") in (None, row["to"])
            and params.get("ParentCallSid") in (None, row["parent_call_sid"])
        ]
        start = int(params.get("Page", 0)) * page
        more = f"{request.url.path}?{request.url.copy_set_param('Page', str(start // page + 1)).query.decode()}"
        following = more if start + page < len(found) else None
        return httpx.Response(200, json={"calls": found[start : start + page], "next_page_uri": following})

    def one(request: httpx.Request) -> httpx.Response:
        asked.append(request.url)
        found = [row for row in rows if request.url.path.endswith(f"{row['sid']}.json")]
        return httpx.Response(200, json=found[0]) if found else httpx.Response(404, json={"code": 20404})

    routes.get(url__regex=r".*/Calls\.json.*").mock(side_effect=listed)
    routes.get(url__regex=r".*/Calls/CA.*").mock(side_effect=one)
    credentials = {"account_sid": ACCOUNT, "auth_token": "token"}
    return connect(
        TwilioVoice, routes, "", name="voice", credentials=credentials, options={"numbers": (COMPANY,), **options}
    )


DAYS = [call(n * 10, start=-86_400 * n, end=-86_400 * n + 60) for n in range(1, 6)]


async def test_pages_of_both_streams_make_one_history():
    out = [
        call(n * 10 + 1, -86_400 * n + 100, -86_400 * n + 160, direction="outbound-api", **{"from": COMPANY}, to=GIULIA)
        for n in range(1, 6)
    ]
    rows = sorted(DAYS + out, key=lambda row: int(row["sid"][2:], 16))
    connector = voice(rows, [], page=2)
    (record,) = await connector.find([phone(GIULIA)], soon())
    found = await read_all(connector, [record], limit=3)
    assert [row.external_id for row in found] == [sid(n) for n in (11, 10, 21, 20, 31, 30, 41, 40, 51, 50)]


async def test_days_are_whole_and_their_comparison_is_in_the_name():
    asked: list[httpx.URL] = []
    connector = voice(DAYS, asked)
    (record,) = await connector.find([phone(GIULIA)], soon())
    asked.clear()
    window = Window(datetime(2026, 11, 17, 15, tzinfo=UTC), datetime(2026, 11, 19, 3, tzinfo=UTC))
    await connector.fetch_page([record], Query(window, 10), soon())
    lists = [url.query.decode() for url in asked if "StartTime" in url.query.decode()]
    assert len(lists) == 2
    assert all("StartTime%3E=2026-11-17" in query and "StartTime%3C=2026-11-21" in query for query in lists)
    asked.clear()
    await connector.fetch_page([record], Query(Window(), 10), soon())
    assert not any("StartTime" in url.query.decode() for url in asked), "what only waits has no day yet"


async def test_legs_of_what_is_over_are_asked_once():
    asked: list[httpx.URL] = []
    connector = voice([*DAYS, call(11, -86_390, -86_340, 10, **{"from": COMPANY})], asked)
    (record,) = await connector.find([phone(GIULIA)], soon())
    first = await connector.fetch_page([record], Query(Window(), 10), soon())
    asked.clear()
    again = await connector.fetch_page([record], Query(Window(), 10), soon())
    assert again.items == first.items and len(asked) == 2
    assert next(row for row in again.items if row.external_id == sid(10)).legs[-1].agent is not None


async def test_only_a_leg_is_the_customers_its_parent_is_asked():
    parent = call(1, direction="outbound-api", **{"from": COMPANY}, to=AGENT)
    rows = [parent, call(2, 8, 60, 1, **{"from": COMPANY}, to=GIULIA)]
    connector = voice(rows, [])
    (record,) = await connector.find([phone(GIULIA)], soon())
    (row,) = await read_all(connector, [record])
    assert row.external_id == sid(1)
    assert await connector.get(sid(2), soon()) is None, "a leg is no call"
    assert await connector.get(sid(1), soon()) == row


async def test_the_companys_numbers_are_nobody():
    asked: list[httpx.URL] = []
    assert await voice(DAYS, asked).find([phone(COMPANY)], soon()) == []
    assert asked == []


async def test_days_out_of_order_are_noticed():
    connector = voice(list(reversed(DAYS)), [], page=2)
    (record,) = await voice(DAYS, []).find([phone(GIULIA)], soon())
    with pytest.raises(MalformedError, match="newest day first"):
        await read_all(connector, [record])


async def test_a_name_that_twilio_looked_up_is_the_records():
    (record,) = await voice([call(caller_name="BIANCHI GIULIA")], []).find([phone(GIULIA)], soon())
    assert record.name == "BIANCHI GIULIA"
    assert [held.verified for held in record.identifiers] == [True, None]
