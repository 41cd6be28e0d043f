"""What FreeSWITCH writes about a call's legs, typed: mod_json_cdr's documents and rows of mod_cdr_sqlite's table.

Source: FreeSWITCH Explained, "mod_json_cdr", "mod_cdr_sqlite", "mod_callcenter" and "Channel Variables Catalog".
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import unquote

import msgspec

from connectors.mapping import from_unix
from connectors.telephony.clock import Clock
from connectors.telephony.numbers import Numbers
from connectors.telephony.tables import Columns, Layout

_COLUMNS: Columns = {
    "uuid": ("uuid",),
    "bridged": ("bleg_uuid", "bridge_uuid"),
    "start": ("start_stamp",),
    "answer": ("answer_stamp",),
    "end": ("end_stamp",),
    "caller": ("caller_id_number",),
    "caller_name": ("caller_id_name",),
    "destination": ("destination_number",),
    "context": ("context",),
    "cause": ("hangup_cause",),
    "accountcode": ("account_code", "accountcode"),
    "duration": ("duration",),
}
LAYOUT = Layout(
    "cdr",
    _COLUMNS,
    frozenset({"uuid", "start", "caller", "destination", "cause"}),
    ("uuid",),
    ("caller", "destination"),
    "start",
)


class Leg(NamedTuple):
    """`call_id`: the uuid of the leg that the call began with. `numbers`: caller's and destination's, where they are
    numbers. `bridged`: the uuid of the leg that it was joined with."""

    uuid: str
    call_id: str
    started_at: datetime
    answered_at: datetime | None
    ended_at: datetime
    caller: str
    caller_name: str
    destination: str
    numbers: frozenset[str]
    context: str
    channel: str
    cause: str
    bridged: str
    last_app: str
    accountcode: str
    user: str
    hold_seconds: int | None
    queue: str
    agent: str
    queue_joined_at: datetime | None
    queue_answered_at: datetime | None
    queue_left_at: datetime | None
    queue_gave_up: bool
    wrap_up: str


class _Profile(msgspec.Struct):
    caller_id_number: Any = None
    caller_id_name: Any = None
    destination_number: Any = None
    context: Any = None
    chan_name: Any = None


class _Flow(msgspec.Struct):
    profile_index: Any = None
    caller_profile: _Profile | None = None


class _Document(msgspec.Struct):
    variables: dict[str, Any]
    callflow: list[msgspec.Raw] | None = None


def leg_of_document(content: bytes, numbers: Numbers, wrap_up_variable: str | None) -> Leg | None:
    """None for what is no document of a leg's. Values are escaped as in addresses, unless that is switched off."""
    try:
        document = msgspec.json.decode(content, type=_Document)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    told = {name: unquote(value) if isinstance(value, str) else value for name, value in document.variables.items()}
    first = _first_profile(document.callflow or [])
    start = _epoch(told, "start")
    uuid = _text(told.get("uuid"))
    if not uuid or start is None:
        return None
    end = _epoch(told, "end") or start + timedelta(seconds=_seconds(told, "duration"))
    caller = _text(first.caller_id_number) or _text(told.get("caller_id_number"))
    destination = _text(first.destination_number) or _text(told.get("destination_number"))
    answer = _epoch(told, "answer")
    return Leg(
        uuid=uuid,
        call_id=_text(told.get("originator")) or _text(told.get("originating_leg_uuid")) or uuid,
        started_at=start,
        answered_at=None if answer is None else max(answer, start),
        ended_at=max(end, start),
        caller=caller,
        caller_name=_text(first.caller_id_name) or _text(told.get("caller_id_name")),
        destination=destination,
        numbers=_numbers(caller, destination, numbers),
        context=_text(first.context) or _text(told.get("context")),
        channel=_text(first.chan_name) or _text(told.get("channel_name")),
        cause=_text(told.get("hangup_cause")).upper(),
        bridged=_text(told.get("bridge_uuid")) or _text(told.get("signal_bond")),
        last_app=_text(told.get("last_app")),
        accountcode=_text(told.get("accountcode")),
        user=_text(told.get("dialed_user")) or _text(told.get("sip_from_user")),
        hold_seconds=_seconds(told, "hold_accum_seconds") if "hold_accum_seconds" in told else None,
        queue=_text(told.get("cc_queue")),
        agent=_text(told.get("cc_agent")),
        queue_joined_at=_epoch(told, "cc_queue_joined"),
        queue_answered_at=_epoch(told, "cc_queue_answered"),
        queue_left_at=_epoch(told, "cc_queue_canceled") or _epoch(told, "cc_queue_terminated"),
        queue_gave_up="TIMEOUT" in _text(told.get("cc_cancel_reason")).upper(),
        wrap_up=_text(told.get(wrap_up_variable)) if wrap_up_variable else "",
    )


def leg_of_row(row: Mapping[str, Any], numbers: Numbers, clock: Clock) -> Leg | None:
    """Of the table: the first legs of calls, in local time."""
    uuid, start = _text(row.get("uuid")), clock.utc(row.get("start"))
    if not uuid or start is None:
        return None
    caller, destination = _text(row.get("caller")), _text(row.get("destination"))
    end = clock.utc(row.get("end")) or start + timedelta(seconds=_seconds(row, "duration"))
    answer = clock.utc(row.get("answer"))
    return Leg(
        uuid=uuid,
        call_id=uuid,
        started_at=start,
        answered_at=None if answer is None else max(answer, start),
        ended_at=max(end, start),
        caller=caller,
        caller_name=_text(row.get("caller_name")),
        destination=destination,
        numbers=_numbers(caller, destination, numbers),
        context=_text(row.get("context")),
        channel="",
        cause=_text(row.get("cause")).upper(),
        bridged=_text(row.get("bridged")),
        last_app="",
        accountcode=_text(row.get("accountcode")),
        user="",
        hold_seconds=None,
        queue="",
        agent="",
        queue_joined_at=None,
        queue_answered_at=None,
        queue_left_at=None,
        queue_gave_up=False,
        wrap_up="",
    )


def _first_profile(flow: list[msgspec.Raw]) -> _Profile:
    """As the leg came in, before it was transferred within the dial plan."""
    told: list[tuple[int, _Profile]] = []
    for raw in flow:
        try:
            one = msgspec.json.decode(raw, type=_Flow)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue
        if one.caller_profile is not None:
            told.append((_whole(one.profile_index), one.caller_profile))
    if not told:
        return _Profile()
    first = min(told, key=lambda pair: pair[0])[1]
    return _Profile(*(unquote(v) if isinstance(v, str) else v for v in msgspec.structs.astuple(first)))


def _numbers(caller: str, destination: str, numbers: Numbers) -> frozenset[str]:
    found = (numbers.of(caller), numbers.of(destination, was_dialled=True))
    return frozenset(number for number in found if number is not None)


def _epoch(told: Mapping[str, Any], name: str) -> datetime | None:
    text = _text(told.get(f"{name}_epoch"))
    return from_unix(float(text)) if text.isascii() and text.isdigit() and len(text) < 13 else None


def _seconds(told: Mapping[str, Any], name: str) -> int:
    return min(_whole(told.get(name)), 7 * 86_400)


def _whole(value: Any) -> int:
    text = _text(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 13 else 0


def _text(value: Any) -> str:
    return str(value).strip() if isinstance(value, (str, int, float)) and not isinstance(value, bool) else ""
