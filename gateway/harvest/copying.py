"""A page of changes into the journal: all of it and where to go on, in one transaction, or nothing."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
from sqlalchemy import Connection

from connectors.base import ChangesPage
from connectors.events import RowChanged, RowRemoved
from gateway.store import feed, positions, records, rows
from gateway.store.feed import Touched
from gateway.store.positions import HarvestPosition
from gateway.store.store import Store

NEWS_FOR = timedelta(days=1)
"""Copying years of history is no news to anybody who watches."""


class Copied(msgspec.Struct, frozen=True):
    """How many were new, or another than before."""

    rows: int = 0
    people: int = 0
    removed: int = 0


async def copy(
    store: Store, source: str, page: ChangesPage, asked_at: datetime, before: HarvestPosition | None
) -> Copied | None:
    """`before`: what the page was asked by. None, and nothing is stored, where somebody else went on from there.

    `asked_at` decides between this and what webhooks tell: the page knows of nothing later.
    """

    def work(connection: Connection) -> Copied | None:
        feed.lock(connection)  # gateways and harvests on one PostgreSQL take turns
        if positions.get(connection, store.vault, source) != before:
            return None
        touched: list[Touched] = []
        copied = _copy(connection, store, source, page, asked_at, touched)
        feed.append(connection, touched)
        positions.put(connection, store.vault, source, HarvestPosition(page.reached, page.cursor))
        return copied

    return await store.database.write(work)


def _copy(
    connection: Connection,
    store: Store,
    source: str,
    page: ChangesPage,
    asked_at: datetime,
    touched: list[Touched],
) -> Copied:
    """As if a webhook told each of them, so that who was forgotten stays so. People come with their rows alone: who was
    forgotten is known again when there is something new of them."""
    owners = {record.id: record for record in page.records}
    known = {kept.record.id: kept.record for kept in records.read(connection, store.vault, source, sorted(owners))}
    changed = people = removed = 0
    for row in page.rows:
        owner = owners.get(row.record_id)
        is_news = not rows.is_known(connection, source, row.external_id, row)
        is_somebody_new = owner is not None and known.get(owner.id) != owner
        if not (is_news or is_somebody_new):
            continue
        told = store.intake.take(connection, source, RowChanged(asked_at, row, owner))
        if told and owner is not None:
            known[owner.id] = owner
        changed += is_news and bool(told)
        people += is_somebody_new and bool(told)
        touched += told if row.last_activity_at >= asked_at - NEWS_FOR else []
    for external_id in page.removed:
        if not rows.is_known(connection, source, external_id, None):
            told = store.intake.take(connection, source, RowRemoved(asked_at, external_id))
            removed += bool(told)
            touched += told
    return Copied(changed, people, removed)
