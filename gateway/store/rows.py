"""Rows that sources told whole: the last telling of each stands."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime

import msgspec
from sqlalchemy import Connection, and_, bindparam, or_, select

from connectors.interaction import Interaction
from gateway.store import schema
from gateway.store.feed import ChangeKind, Touched
from gateway.store.statements import Statement, Upsert
from gateway.store.times import micros
from gateway.store.vault import Vault

GONE = b"\xff" * 8
"""Of a removal: of the same instant it counts more than any content."""


def put(connection: Connection, vault: Vault, row: Interaction, at: datetime) -> list[Touched]:
    """Unless a later telling is known; of two of one instant always the same one counts."""
    content = msgspec.msgpack.encode(row)
    values = {
        "record_id": row.record_id,
        "channel": row.channel.value,
        "started_at": micros(row.started_at),
        "last_activity_at": micros(row.last_activity_at),
        "at": micros(at),
        "tie": _tie(content),
        "payload": vault.seal(content, "row", row.source, row.external_id),
    }
    before = _known(connection, row.source, row.external_id)
    if not _write(connection, row.source, row.external_id, values):
        return []
    told = [Touched(ChangeKind.ROW, row.source, at, row.record_id, row.external_id)]
    if before and before != row.record_id:  # it was somebody else's
        told.append(Touched(ChangeKind.REMOVED, row.source, at, before, row.external_id))
    return told


def remove(connection: Connection, source: str, external_id: str, at: datetime) -> list[Touched]:
    """Kept as a removal that names nobody, so that what was told before it and comes later does not bring it back."""
    before = _known(connection, source, external_id)
    values = {
        "record_id": "",
        "channel": "",
        "started_at": micros(at),
        "last_activity_at": micros(at),
        "at": micros(at),
        "tie": GONE,
        "payload": None,
    }
    if not _write(connection, source, external_id, values):
        return []
    return [Touched(ChangeKind.REMOVED, source, at, before or None, external_id)]


def is_known(connection: Connection, source: str, external_id: str, row: Interaction | None) -> bool:
    """Whether it is there just so; None: whether it is known to be gone."""
    columns = schema.interactions.c
    tie = select(columns.tie).where(columns.source == source, columns.external_id == external_id)
    expected = GONE if row is None else _tie(msgspec.msgpack.encode(row))
    return connection.execute(tie).scalar() == expected


def get(connection: Connection, vault: Vault, source: str, external_id: str) -> Interaction | None:
    columns = schema.interactions.c
    payload = connection.execute(
        select(columns.payload).where(columns.source == source, columns.external_id == external_id)
    ).scalar()
    return None if payload is None else vault.unpack(payload, Interaction, "row", source, external_id)


def _tie(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()[:8]


def _known(connection: Connection, source: str, external_id: str) -> str | None:
    """Whose it was until now."""
    found = _OWNER.first(connection, {"of_source": source, "of_id": external_id})
    return None if found is None else found[0]


def _write(connection: Connection, source: str, external_id: str, values: Mapping[str, object]) -> bool:
    row = {"source": source, "external_id": external_id, **values}
    return bool(_PUT.run(connection, row))


_PUT = Upsert(
    schema.interactions,
    ("source", "external_id"),
    lambda old, new: or_(old.at < new.at, and_(old.at == new.at, old.tie < new.tie)),
)
_OWNER = Statement(
    select(schema.interactions.c.record_id).where(
        schema.interactions.c.source == bindparam("of_source"), schema.interactions.c.external_id == bindparam("of_id")
    )
)
