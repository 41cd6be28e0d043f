"""Takes one contact of a source out of the journal."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Table, and_, delete, or_, select, update

from gateway.store import schema


def forget(connection: Connection, source: str, record_id: str) -> int:
    """How many rows and messages there were. In the feed nothing names the contact any more."""

    def of(table: Table) -> Any:
        return and_(table.c.source == source, table.c.record_id == record_id)

    row_ids = select(schema.interactions.c.external_id).where(of(schema.interactions))
    message_ids = select(schema.messages.c.message_id).where(of(schema.messages))
    entries = schema.feed
    connection.execute(
        update(entries)
        .where(
            entries.c.source == source,
            or_(
                entries.c.record_id == record_id,
                entries.c.external_id.in_(row_ids),
                entries.c.external_id.in_(message_ids),
            ),
        )
        .values(record_id=None, external_id=None, digest=None)
    )
    for table in (schema.deliveries, schema.edits):
        connection.execute(delete(table).where(table.c.source == source, table.c.message_id.in_(message_ids)))
    gone = 0
    for table in (schema.interactions, schema.messages):
        gone += connection.execute(delete(table).where(of(table))).rowcount
    for table in (schema.records, schema.identifiers, schema.search_terms):
        connection.execute(delete(table).where(of(table)))
    return gone
