"""Where the conversations of two begin: at a message before which both were silent for hours. Found by indexes alone.

Statements are made once: to make one takes longer than to run it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, bindparam, func, select, tuple_

from connectors.whatsapp.folding import SILENCE
from gateway.store import schema
from gateway.store.statements import Statement

SILENCE_MICROS = SILENCE // timedelta(microseconds=1)
LONG_AGO = -(2**61)

Partners = tuple[str, str, str, str]
"""Source, record, channel and line: who writes with whom."""


class Place(msgspec.Struct, frozen=True, order=True):
    """In the order of a conversation: the answer of a machine follows what the customer wrote in the same instant."""

    at: int
    side: int
    message_id: str


def between(columns: Any) -> ColumnElement[bool]:
    """The messages of two, who are bound by `of_partners`."""
    return and_(
        columns.source == bindparam("of_source"),
        columns.record_id == bindparam("of_record"),
        columns.channel == bindparam("of_channel"),
        columns.line == bindparam("of_line"),
    )


def of_partners(partners: Partners) -> dict[str, Any]:
    return dict(zip(("of_source", "of_record", "of_channel", "of_line"), partners, strict=True))


def begins(columns: Any) -> ColumnElement[bool]:
    """Whether the two were silent before it for long enough. A subquery that gives one value: as an EXISTS, PostgreSQL
    would make a join of it, over all that they ever wrote."""
    before = schema.messages.alias("before")
    last = (
        select(before.c.at)
        .where(
            before.c.source == columns.source,
            before.c.record_id == columns.record_id,
            before.c.channel == columns.channel,
            before.c.line == columns.line,
            _order(before.c) < _order(columns),
        )
        .order_by(before.c.at.desc(), before.c.side.desc(), before.c.message_id.desc())
        .limit(1)
        .scalar_subquery()
    )
    silent: ColumnElement[bool] = columns.at - func.coalesce(last, LONG_AGO) >= SILENCE_MICROS
    return silent


def start_of(connection: Connection, partners: Partners, place: Place) -> Place:
    """The first message of the conversation that a stored one belongs to."""
    before = preceding(connection, partners, place)
    if before is None or place.at - before.at >= SILENCE_MICROS:
        return place
    return Place(*_START.first(connection, _bound(partners, place)))


def preceding(connection: Connection, partners: Partners, place: Place) -> Place | None:
    """The last message between the two before it."""
    row = _PRECEDING.first(connection, _bound(partners, place))
    return None if row is None else Place(*row)


def following(connection: Connection, partners: Partners, place: Place) -> Place | None:
    """The next message between the two."""
    row = _FOLLOWING.first(connection, _bound(partners, place))
    return None if row is None else Place(*row)


def is_start(connection: Connection, partners: Partners, place: Place) -> bool:
    """Of a message that is stored."""
    before = preceding(connection, partners, place)
    return before is None or place.at - before.at >= SILENCE_MICROS


def _bound(partners: Partners, place: Place) -> dict[str, Any]:
    return {**of_partners(partners), "here_at": place.at, "here_side": place.side, "here_id": place.message_id}


def _order(columns: Any) -> Any:
    return tuple_(columns.at, columns.side, columns.message_id)


_columns = schema.messages.c
_places = select(_columns.at, _columns.side, _columns.message_id).where(between(_columns)).limit(1)
_here = tuple_(
    bindparam("here_at", type_=_columns.at.type),
    bindparam("here_side", type_=_columns.side.type),
    bindparam("here_id", type_=_columns.message_id.type),
)
_backwards = (_columns.at.desc(), _columns.side.desc(), _columns.message_id.desc())
_START = Statement(_places.where(_order(_columns) <= _here, begins(_columns)).order_by(*_backwards))
_PRECEDING = Statement(_places.where(_order(_columns) < _here).order_by(*_backwards))
_FOLLOWING = Statement(
    _places.where(_order(_columns) > _here).order_by(_columns.at, _columns.side, _columns.message_id)
)
