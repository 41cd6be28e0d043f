"""What Asterisk writes about a call, typed: CDR, CEL and queue_log, from a database or a file alike.

Source: docs.asterisk.org, "Call Detail Records", "Channel Event Logging" and "Queue Logs".
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import msgspec

from connectors.mapping import from_unix
from connectors.telephony.clock import Clock
from connectors.telephony.tables import Columns, spelled

COLUMNS: dict[str, Columns] = {
    "cdr": {
        "start": ("calldate", "start", "starttime"),
        "answer": ("answer", "answerdate", "answertime"),
        "end": ("endtime", "end", "enddate"),
        **{
            name: (name,)
            for name in [
                "uniqueid",
                "linkedid",
                "sequence",
                "src",
                "dst",
                "clid",
                "dcontext",
                "channel",
                "dstchannel",
                "lastapp",
                "lastdata",
                "duration",
                "billsec",
                "disposition",
                "userfield",
                "accountcode",
            ]
        },
    },
    "cel": {
        "event": ("eventtype", "event_type"),
        "at": ("eventtime", "event_time"),
        "channel": ("channame", "channel_name"),
        "uniqueid": ("uniqueid", "unique_id"),
        "linkedid": ("linkedid", "linked_id"),
        "peer": ("peer",),
        "extra": ("extra", "eventextra"),
    },
    "queue_log": {
        "at": ("time",),
        "callid": ("callid",),
        "queue": ("queuename", "queue"),
        "agent": ("agent",),
        "event": ("event",),
        "data": ("data",),
        **{f"data{place}": (f"data{place}",) for place in range(1, 6)},
    },
}
"""By table and by what we call a column: the names that it has in the field, the usual one first."""

NEEDED = {
    "cdr": frozenset({"start", "uniqueid", "src", "dst", "disposition", "channel", "dstchannel", "lastapp"}),
    "cel": frozenset({"event", "at", "uniqueid", "linkedid"}),
    "queue_log": frozenset({"at", "callid", "queue", "agent", "event"}),
}

CDR_FILE = [
    "accountcode",
    "src",
    "dst",
    "dcontext",
    "clid",
    "channel",
    "dstchannel",
    "lastapp",
    "lastdata",
    "start",
    "answer",
    "end",
    "duration",
    "billsec",
    "disposition",
    "amaflags",
    "uniqueid",
    "userfield",
    "peeraccount",
    "linkedid",
    "sequence",
]
"""cdr_csv's order, with `loguniqueid`, `loguserfield` and `newcdrcolumns` switched on."""

CEL_FILE = [
    "eventtype",
    "eventtime",
    "cidname",
    "cidnum",
    "cidani",
    "cidrdnis",
    "ciddnid",
    "exten",
    "context",
    "channame",
    "appname",
    "appdata",
    "amaflags",
    "accountcode",
    "uniqueid",
    "linkedid",
    "peer",
    "userfield",
    "userdeftype",
    "eventextra",
]
"""The order of the sample `cel_custom.conf`."""

_EPOCH = re.compile(r"(?:.*-)?(\d{9,10})\.\d+", re.DOTALL)
_ENDING = re.compile(r"-[0-9a-f]{4,}(?:;[12])?$")
_NAME_OF_CALLER = re.compile(r'^"?(.*?)"?\s*<[^<>]*>$')


class Cdr(NamedTuple):
    uniqueid: str
    linkedid: str
    sequence: int
    start: datetime
    answer: datetime | None
    end: datetime
    src: str
    dst: str
    caller_name: str | None
    dcontext: str
    channel: str
    dstchannel: str
    lastapp: str
    lastdata: str
    disposition: str
    userfield: str
    accountcode: str


class CelEvent(NamedTuple):
    event: str
    at: datetime
    uniqueid: str
    linkedid: str
    channel: str
    peer: str
    dial_status: str


class QueueEvent(NamedTuple):
    at: datetime
    callid: str
    queue: str
    agent: str
    event: str
    data: tuple[str, ...]


def epoch_of(channel_id: str) -> datetime | None:
    """When a channel was made: its id begins with Unix seconds, behind the system's name where it has one."""
    found = _EPOCH.fullmatch(channel_id)
    return None if found is None else from_unix(int(found[1]))


def interface_of(channel: str) -> str:
    """`PJSIP/201` of `PJSIP/201-0000002a`."""
    return _ENDING.sub("", channel)


def application_argument(data: str) -> str:
    """`support-it` of `support-it,,,,8`."""
    return re.split(r"[,|]", data, maxsplit=1)[0].strip()


def cdr_of(row: Mapping[str, Any], clock: Clock) -> Cdr | None:
    uniqueid = _text(row, "uniqueid")
    start = clock.utc(row.get("start"), epoch_of(uniqueid))
    if not uniqueid or start is None:
        return None
    linkedid = _text(row, "linkedid") or uniqueid
    length = timedelta(seconds=min(_number(row, "duration"), 7 * 86_400))
    end = clock.utc(row.get("end"), epoch_of(uniqueid)) or start + length
    answer = clock.utc(row.get("answer"), epoch_of(uniqueid))
    if answer is None and (talked := _number(row, "billsec")) and "end" not in row:
        answer = end - timedelta(seconds=min(talked, 7 * 86_400))
    named = _NAME_OF_CALLER.fullmatch(_text(row, "clid"))
    return Cdr(
        uniqueid=uniqueid,
        linkedid=linkedid,
        sequence=_number(row, "sequence"),
        start=start,
        answer=None if answer is None else max(answer, start),
        end=max(end, start),
        src=_text(row, "src"),
        dst=_text(row, "dst"),
        caller_name=named[1].strip() or None if named else None,
        dcontext=_text(row, "dcontext"),
        channel=_text(row, "channel"),
        dstchannel=_text(row, "dstchannel"),
        lastapp=_text(row, "lastapp"),
        lastdata=_text(row, "lastdata"),
        disposition=_text(row, "disposition").upper(),
        userfield=_text(row, "userfield"),
        accountcode=_text(row, "accountcode"),
    )


class _Extra(msgspec.Struct):
    dialstatus: str = ""


def cel_of(row: Mapping[str, Any], clock: Clock) -> CelEvent | None:
    uniqueid, linkedid = _text(row, "uniqueid"), _text(row, "linkedid")
    at = clock.utc(row.get("at"), epoch_of(uniqueid))
    if not linkedid or at is None:
        return None
    return CelEvent(
        event=_text(row, "event").upper(),
        at=at,
        uniqueid=uniqueid,
        linkedid=linkedid,
        channel=_text(row, "channel"),
        peer=_text(row, "peer"),
        dial_status=_dial_status(_text(row, "extra")),
    )


def _dial_status(extra: str) -> str:
    if not extra:
        return ""
    try:
        return msgspec.json.decode(extra, type=_Extra).dialstatus.upper()
    except msgspec.DecodeError:
        return ""


def queue_event_of(row: Mapping[str, Any], clock: Clock) -> QueueEvent | None:
    callid = _text(row, "callid")
    at = clock.utc(row.get("at"), epoch_of(callid))
    if not callid or at is None:
        return None
    several = tuple(_text(row, f"data{place}") for place in range(1, 6) if f"data{place}" in row)
    return QueueEvent(
        at=at,
        callid=callid,
        queue=_text(row, "queue"),
        agent=_text(row, "agent"),
        event=_text(row, "event").upper(),
        data=several if any(several) else tuple(_text(row, "data").split("|")),
    )


def fields_of_csv(line: bytes, names: Sequence[str], table: str) -> dict[str, str] | None:
    """A line of a CSV file by our names of its columns; None when it has no field for the most needed."""
    try:
        values = next(csv.reader([line.decode(errors="replace")], strict=True), [])
    except csv.Error:
        return None
    given = dict(zip(names, values, strict=False))
    row = {ours: given[theirs[0]] for ours, theirs in spelled(given, COLUMNS[table]).items()}
    return row if row.keys() >= NEEDED[table] else None


def fields_of_queue_log(line: bytes) -> dict[str, str] | None:
    """`epoch|callid|queue|agent|event|data…`"""
    values = line.decode(errors="replace").split("|", 5)
    if len(values) < 5:
        return None
    return dict(zip(("at", "callid", "queue", "agent", "event", "data"), values, strict=False))


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    return "" if value is None else str(value).strip()


def _number(row: Mapping[str, Any], name: str) -> int:
    try:
        return max(0, int(float(_text(row, name) or 0)))
    except (ValueError, OverflowError):
        return 0
