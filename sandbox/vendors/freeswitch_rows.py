"""What a FreeSWITCH writes about the population's calls: mod_json_cdr's documents and mod_cdr_sqlite's table."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from sqlite3 import connect
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from sandbox.company import stable_uuid
from sandbox.contacts import Contact, Stretch
from sandbox.credentials import FREESWITCH_TIME_ZONE, PBX_NUMBER
from sandbox.population import Population

CALLS = ("voice", "callback")
TABLE = (
    "caller_id_name VARCHAR, caller_id_number VARCHAR, destination_number VARCHAR, context VARCHAR,"
    " start_stamp DATETIME, answer_stamp DATETIME, end_stamp DATETIME, duration INTEGER, billsec INTEGER,"
    " hangup_cause VARCHAR, uuid VARCHAR, bleg_uuid VARCHAR, account_code VARCHAR"
)


def calls_of(population: Population, vendor: str) -> Iterator[Contact]:
    """What is over: a leg is written when it ends."""
    for contact in population.all_contacts(vendor):
        if contact.channel in CALLS and contact.ended_at is not None:
            yield contact


def save_documents(population: Population, vendor: str, folder: Path) -> None:
    """`{uuid}.cdr.json`, a file a leg, with the values escaped as they are unless that is switched off."""
    for contact in calls_of(population, vendor):
        for document in documents(contact):
            path = folder / f"{document['variables']['uuid']}.cdr.json"
            path.write_text(json.dumps(document))


def save_table(population: Population, vendor: str, path: Path) -> None:
    rows = [row for contact in calls_of(population, vendor) for row in table_rows(contact)]
    with closing(connect(path)) as database, database:
        database.execute(f"CREATE TABLE cdr ({TABLE})")
        database.executemany(f"INSERT INTO cdr VALUES ({', '.join('?' * 13)})", rows)  # noqa: S608 (own names)


def leg_uuid(contact: Contact, place: int = 0) -> str:
    return stable_uuid("freeswitch", contact.number, place)


def documents(contact: Contact) -> Iterator[dict[str, Any]]:
    assert contact.ended_at is not None
    talks = [stretch for stretch in contact.stretches if stretch.agent is not None]
    is_in = contact.direction == "inbound"
    caller = contact.address if is_in else "201"
    target = PBX_NUMBER if is_in else contact.address
    more: dict[str, Any] = {"last_app": "callcenter" if is_in else "bridge"}
    if talks:
        more |= {"answer_epoch": _epoch(talks[0].start), "bridge_uuid": leg_uuid(contact, 1)}
    if is_in:
        more |= _queue_variables(contact, talks)
    if contact.wrap_up is not None:
        more["wrap_up_code"] = contact.wrap_up.name
    cause = "NORMAL_CLEARING" if talks or not is_in else "ORIGINATOR_CANCEL"
    name = contact.person.name if is_in else "201"
    context = "public" if is_in else "default"
    yield _document(contact, 0, contact.started_at, contact.ended_at, caller, name, target, context, cause, more)
    for place, stretch in enumerate(talks, start=1):
        assert stretch.agent is not None
        called = str(200 + stretch.agent.number) if is_in else contact.address
        answered = {
            "originator": leg_uuid(contact),
            "answer_epoch": _epoch(stretch.start),
            "dialed_user": called if is_in else "",
        }
        end = stretch.end or contact.ended_at
        yield _document(
            contact, place, stretch.start, end, caller, name, called, "default", "NORMAL_CLEARING", answered
        )


def table_rows(contact: Contact) -> Iterator[tuple[Any, ...]]:
    """The first legs alone, which is how the module is set up."""
    assert contact.ended_at is not None
    talks = [stretch for stretch in contact.stretches if stretch.agent is not None]
    is_in = contact.direction == "inbound"
    answered_at = talks[0].start if talks else None
    yield (
        contact.person.name if is_in else "201",
        contact.address if is_in else "201",
        PBX_NUMBER if is_in else contact.address,
        "public" if is_in else "default",
        _local(contact.started_at),
        _local(answered_at),
        _local(contact.ended_at),
        int((contact.ended_at - contact.started_at).total_seconds()),
        int((contact.ended_at - answered_at).total_seconds()) if answered_at else 0,
        "NORMAL_CLEARING" if talks or not is_in else "ORIGINATOR_CANCEL",
        leg_uuid(contact),
        leg_uuid(contact, 1) if talks else "",
        contact.queue.division.name,
    )


def _queue_variables(contact: Contact, talks: list[Stretch]) -> dict[str, str]:
    assert contact.ended_at is not None
    told = {
        "cc_queue": f"{contact.queue.name.lower().replace(' ', '-')}@default",
        "cc_queue_joined_epoch": _epoch(contact.started_at),
    }
    if not talks:
        return {**told, "cc_queue_canceled_epoch": _epoch(contact.ended_at), "cc_cancel_reason": "BREAK_OUT"}
    assert talks[0].agent is not None
    return {
        **told,
        "cc_agent": str(200 + talks[0].agent.number),
        "cc_queue_answered_epoch": _epoch(talks[0].start),
        "cc_queue_terminated_epoch": _epoch(talks[0].end or contact.ended_at),
    }


def _document(
    contact: Contact,
    place: int,
    start: datetime,
    end: datetime,
    caller: str,
    name: str,
    target: str,
    context: str,
    cause: str,
    more: dict[str, Any],
) -> dict[str, Any]:
    variables = {
        "uuid": leg_uuid(contact, place),
        "direction": "outbound" if place else "inbound",
        "start_epoch": _epoch(start),
        "end_epoch": _epoch(end),
        "duration": str(int((end - start).total_seconds())),
        "hangup_cause": cause,
        "accountcode": contact.queue.division.name,
        **more,
    }
    profile = {
        "caller_id_number": quote(caller, safe=""),
        "caller_id_name": quote(name, safe=""),
        "destination_number": quote(target, safe=""),
        "context": context,
        "chan_name": quote(f"sofia/internal/{target}" if place else f"sofia/external/{caller}", safe=""),
    }
    return {
        "core-uuid": stable_uuid("freeswitch", "core"),
        "switchname": "pbx",
        "channel_data": {"state": "CS_REPORTING", "direction": variables["direction"], "state_number": "11"},
        "variables": {key: quote(str(value), safe="") for key, value in variables.items()},
        "callflow": [
            {"dialplan": "XML", "profile_index": "2", "caller_profile": {**profile, "destination_number": "600"}},
            {"dialplan": "XML", "profile_index": "1", "caller_profile": profile},
        ],
    }


def _epoch(at: datetime) -> str:
    return str(int(at.timestamp()))


def _local(at: datetime | None) -> str:
    return "" if at is None else f"{at.astimezone(ZoneInfo(FREESWITCH_TIME_ZONE)):%Y-%m-%d %H:%M:%S}"
