"""TVox's recorded calls as interactions. Pure.

Source: Telenia's public integration guide, "Ricerca registrazioni di chiamata". It shows the question and not the
answer, so what the answer's fields are called is configuration, with the question's own words as the default.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import msgspec

from connectors.interaction import (
    Address,
    AddressKind,
    Agent,
    CallDetails,
    Channel,
    Direction,
    IdentifierKind,
    Interaction,
    InteractionStatus,
    Leg,
    LegKind,
    Queue,
)
from connectors.mapping import from_unix, plausible
from connectors.telephony.numbers import Numbers

LONGEST_SECONDS = 7 * 86_400


class Fields(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What TVox calls these of a recording. `id` must be a criterion of the search, or one call cannot be had."""

    id: str = "fileName"
    date: str = "date"
    duration: str = "duration"
    clid: str = "clid"
    dnis: str = "dnis"
    direction: str = "direction"
    service: str = "service"
    user: str = "user"
    extension: str = "exten"


@dataclass(frozen=True, slots=True)
class Setting:
    """agents, services: their names by user name and code."""

    source: str
    numbers: Numbers
    fields: Fields
    agents: Mapping[str, str] = field(default_factory=dict)
    services: Mapping[str, str] = field(default_factory=dict)


def started_at(row: Mapping[str, Any], fields: Fields) -> datetime | None:
    """Unix milliseconds, as in the question; ISO text is taken as well."""
    value = row.get(fields.date)
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        if isinstance(value, str) and not value.strip().isdigit():
            told = datetime.fromisoformat(value)
            return plausible(told) if told.tzinfo else None
        return from_unix(float(value) / 1000)
    except (ValueError, OverflowError):
        return None


def row_of(row: Mapping[str, Any], setting: Setting) -> Interaction | None:
    """None when it cannot be told whose call it is, or when it was."""
    fields = setting.fields
    start, id_ = started_at(row, fields), _text(row, fields.id)
    direction, number = _customer(row, setting)
    if start is None or not id_ or number is None:
        return None
    seconds = _seconds(row, fields)
    end = start + timedelta(seconds=seconds)
    service, user = _text(row, fields.service), _text(row, fields.user) or _text(row, fields.extension)
    queue = Queue(service, setting.services.get(service, service)) if service else None
    agent = Agent(user, setting.agents.get(user, user)) if user else None
    legs = (Leg(start, end, LegKind.AGENT if agent else LegKind.QUEUE, queue, agent),) if queue or agent else ()
    return Interaction(
        source=setting.source,
        external_id=id_,
        record_id=number,
        channel=Channel.VOICE,
        direction=direction,
        started_at=start,
        last_activity_at=end,
        ended_at=end,
        duration_seconds=seconds,
        status=InteractionStatus.COMPLETED,
        legs=legs,
        address=Address(AddressKind.OTHER, IdentifierKind.PHONE, number),
        details=CallDetails(answered_at=start, talk_seconds=seconds),
    )


def _customer(row: Mapping[str, Any], setting: Setting) -> tuple[Direction, str | None]:
    caller = setting.numbers.of(_text(row, setting.fields.clid))
    called = setting.numbers.of(_text(row, setting.fields.dnis), was_dialled=True)
    direction = _text(row, setting.fields.direction).upper()
    if direction == "OUTBOUND":
        return Direction.OUTBOUND, called
    if direction == "INBOUND" or called is None or setting.numbers.is_own(called):
        return Direction.INBOUND, caller
    if caller is None or setting.numbers.is_own(caller):
        return Direction.OUTBOUND, called
    return Direction.UNKNOWN, caller


def _seconds(row: Mapping[str, Any], fields: Fields) -> int:
    text = _text(row, fields.duration)
    return min(int(text), LONGEST_SECONDS) if text.isascii() and text.isdigit() and len(text) < 12 else 0


def _text(row: Mapping[str, Any], name: str) -> str:
    """Of a text, a number, or what an object is called by."""
    value = row.get(name)
    if isinstance(value, dict):
        value = next((value[key] for key in ("code", "username", "name", "id") if key in value), None)
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return ""
    return str(value).strip()
