"""Any sender: our own shape in JSON, signed as Standard Webhooks says. For systems that no connector reads, and for
what a company tells of itself. The shape, for authors: docs/webhooks.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar, cast

import msgspec

from connectors import identifiers
from connectors.events import (
    Change,
    Delivery,
    DeliveryChanged,
    Event,
    Hint,
    MessageArrived,
    MessageEdited,
    MessageRemoved,
    RowChanged,
    RowRemoved,
)
from connectors.interaction import HeldIdentifier, Identifier, IdentifierKind, Interaction
from connectors.mapping import plausible
from connectors.webhooks.receiver import LONGEST_ID, VendorReceiver, event, id_of
from connectors.webhooks.signatures import check_standard

V = TypeVar("V")

MOST_EVENTS = 1000


class _Told(msgspec.Struct):
    """`id`: unique in the source, the same when it is told again."""

    id: str
    changes: list[msgspec.Raw]


class _Body(msgspec.Struct, forbid_unknown_fields=True):
    events: list[msgspec.Raw]


class _OddChangeError(Exception):
    pass


class Signed(VendorReceiver):
    def verify(self, delivery: Delivery, secrets: Sequence[str], now: datetime) -> None:
        check_standard(delivery, secrets, now)

    def events(self, delivery: Delivery) -> list[Event]:
        rows = self.decode(delivery.body, _Body).events
        if len(rows) > MOST_EVENTS:
            self.malformed("too many events at once")
        found = [self._event(row) for row in rows]
        events = [one for one in found if one is not None]
        if rows and not events:
            self.malformed("no event of the expected shape")
        return self.of_batch(events, len(found) - len(events))

    def _event(self, raw: msgspec.Raw) -> Event | None:
        """As a whole or not at all."""
        try:
            told = msgspec.json.decode(raw, type=_Told)
            if id_of(told.id) is None:
                return None
            return event(told.id, *(self._change(change) for change in told.changes))
        except (ValueError, RecursionError, msgspec.MsgspecError, _OddChangeError):
            return None

    def _change(self, raw: msgspec.Raw) -> Change:
        """`source` is ours to say, whatever the sender calls itself."""
        told = msgspec.json.decode(raw)
        if isinstance(told, dict):
            for part in ("row", "record"):
                if isinstance(told.get(part), dict):
                    told[part]["source"] = self.source
        change = _in_utc(msgspec.convert(told, cast(type[Change], Change)))
        match change:
            case RowChanged():
                return self._row_changed(change)
            case RowRemoved():
                _id(change.external_id)
            case MessageArrived():
                _id(change.id), _id(change.record_id)
                return msgspec.structs.replace(change, identifiers=self._held(change.identifiers, change.record_id))
            case MessageEdited() | MessageRemoved() | DeliveryChanged():
                _id(change.message_id)
            case Hint():
                known = tuple(self._normal(one) for one in change.identifiers)
                return msgspec.structs.replace(change, identifiers=known)
        return change

    def _row_changed(self, change: RowChanged) -> RowChanged:
        row, record = change.row, change.record
        _id(row.external_id), _id(row.record_id)
        _check_times(row)
        if record is None:
            return change
        if record.id != row.record_id:
            raise _OddChangeError
        held = self._held(record.identifiers, record.id)
        return msgspec.structs.replace(change, record=msgspec.structs.replace(record, identifiers=held))

    def _held(self, told: Sequence[HeldIdentifier], record_id: str) -> tuple[HeldIdentifier, ...]:
        own = HeldIdentifier(identifiers.external(self.source, record_id), True)
        held = {own.identifier: own}
        for one in told:
            identifier = self._normal(one.identifier)
            held.setdefault(identifier, HeldIdentifier(identifier, one.verified))
        return tuple(held.values())

    def _normal(self, told: Identifier) -> Identifier:
        """In its normal form, without what is not of its kind."""
        value, region = _id(told.value), self.config.region
        found: Identifier | None
        match told.kind:
            case IdentifierKind.PHONE:
                found = identifiers.phone(value, region)
            case IdentifierKind.WHATSAPP:
                found = identifiers.whatsapp(value, region)
            case IdentifierKind.EMAIL:
                found = identifiers.email(value)
            case IdentifierKind.EXTERNAL_ID:
                found = identifiers.external(told.source or self.source, value)
            case IdentifierKind.SOCIAL:
                found = None if told.channel is None else identifiers.social(told.channel, value)
            case IdentifierKind.COOKIE:
                found = identifiers.cookie(value)
        if found is None:
            raise _OddChangeError
        return found


def _id(text: str) -> str:
    if not text or len(text) > LONGEST_ID:
        raise _OddChangeError
    return text


def _check_times(row: Interaction) -> None:
    if row.last_activity_at < row.started_at or (row.ended_at is not None and row.ended_at < row.started_at):
        raise _OddChangeError
    if row.duration_seconds is not None and row.duration_seconds < 0:
        raise _OddChangeError


def _in_utc(value: V) -> V:
    """The same with every instant in UTC. An instant without its offset is none."""
    made: Any = value
    if isinstance(value, datetime):
        made = plausible(value) if value.tzinfo is not None else None
        if made is None:
            raise _OddChangeError
    elif isinstance(value, tuple):
        made = tuple(_in_utc(one) for one in value)
    elif isinstance(value, msgspec.Struct):
        made = type(value)(**{name: _in_utc(getattr(value, name)) for name in value.__struct_fields__})
    return cast(V, made)
