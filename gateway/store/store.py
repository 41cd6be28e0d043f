"""The store, whole: opened, checked against this version, and everything that is kept in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Connection, delete, make_url
from sqlalchemy.exc import ArgumentError

from connectors.interaction import Channel
from gateway.store import erasing, exporting, feed, intake, migrating, retiring, schema
from gateway.store.audit import Audit
from gateway.store.database import Database
from gateway.store.erasing import Known
from gateway.store.errors import NewerError, OutdatedError, UnavailableError
from gateway.store.feed import Feed, Touched
from gateway.store.forgetting import forget
from gateway.store.inbox import Inbox
from gateway.store.intake import Intake
from gateway.store.links import Handles, LinkStore, Revocations
from gateway.store.migrating import Shape
from gateway.store.positions import Positions
from gateway.store.reading import JournalReader
from gateway.store.records import Records
from gateway.store.retiring import Term
from gateway.store.sqlite import SqliteDatabase
from gateway.store.times import micros
from gateway.store.tombstones import Tombstones
from gateway.store.vault import Vault

log = structlog.get_logger()

KEPT_FOR = timedelta(days=10)
"""Ids of events and the feed. Vendors send a delivery again for a week at most."""


class Store:
    """`only_channels`: see `Intake`."""

    def __init__(self, database: Database, vault: Vault, only_channels: Mapping[str, Channel] | None = None) -> None:
        self.database = database
        self.vault = vault
        self._is_open = False
        self.inbox = Inbox(database, vault)
        self.intake = Intake(database, vault, only_channels or {})
        self.records = Records(database, vault)
        self.journal = JournalReader(database, vault)
        self.feed = Feed(database)
        self.links = LinkStore(database, vault)
        self.handles = Handles(database, vault)
        self.revocations = Revocations(database)
        self.tombstones = Tombstones(database, vault)
        self.audit = Audit(database, vault)
        self.positions = Positions(database, vault)

    async def open(self, *, migrate: bool = False) -> None:
        """A new store is made; an older one only with `migrate`. Raises leaves of `gateway.store.errors`. Once it is
        open nothing happens."""
        if self._is_open:
            return
        await self.database.open()
        try:
            shape = await self.database.read(migrating.shape)
            if shape is Shape.NEWER:
                raise NewerError
            if shape is Shape.OLDER and not migrate:
                raise OutdatedError
            if shape is not Shape.CURRENT:
                await self.database.write(migrating.make if shape is Shape.EMPTY else migrating.migrate)
        except BaseException:
            await self.database.aclose()
            raise
        self._is_open = True

    async def forget_record(self, source: str, record_id: str, touched: Sequence[Touched] = ()) -> int:
        """Everything that the journal holds of one contact; `touched` is appended to the feed with it. How many rows
        and messages there were."""

        def work(connection: Connection) -> int:
            feed.lock(connection)
            gone = forget(connection, source, record_id)
            feed.append(connection, touched)
            return gone

        return await self.database.write(work)

    async def erase(self, known: Known, at: datetime) -> dict[str, int]:
        """Everything about a person, see `erasing`; how much of what there was."""
        gone = await self.database.write(lambda connection: erasing.erase(connection, self.vault, known, at))
        await self.scrub()
        return gone

    async def export(self, known: Known) -> dict[str, list[Any]]:
        """Everything about a person, see `exporting`."""
        return await self.database.read(lambda connection: exporting.collect(connection, self.vault, known))

    async def retire(self, source: str, term: Term, now: datetime, limit: int) -> int:
        """Some of what is older than its term; 0 when nothing is."""
        return await self.database.write(lambda connection: retiring.retire(connection, source, term, now, limit))

    async def retire_deliveries(self, before: datetime) -> int:
        at = micros(before)
        return await self.database.write(lambda connection: retiring.retire_deliveries(connection, at))

    async def scrub(self) -> None:
        """What was deleted is overwritten, as soon as the database can."""
        try:
            await self.database.scrub([table.name for table in schema.metadata.sorted_tables])
        except UnavailableError:
            log.warning("scrub_waits")

    async def purge(self, now: datetime) -> None:
        """What has been kept long enough."""

        def work(connection: Connection) -> None:
            before = micros(now - KEPT_FOR)
            intake.purge(connection, before)
            feed.purge(connection, before)
            connection.execute(delete(schema.revocations).where(schema.revocations.c.expires_at < before))

        await self.database.write(work)

    async def aclose(self) -> None:
        if self._is_open:
            self._is_open = False
            await self.database.aclose()


def database_at(url: str, folder: Path, *, password: str | None = None, exclusive: bool = True) -> Database:
    """`sqlite:///file` below `folder`, `sqlite:////file`, or `postgresql://…`. Raises ValueError for anything else."""
    try:
        found = make_url(url)
    except ArgumentError:
        raise ValueError("is no address of a store") from None
    kind = found.get_backend_name()
    if kind == "sqlite" and found.database and found.database != ":memory:":
        return SqliteDatabase(folder / found.database, exclusive=exclusive)
    if kind == "postgresql" and found.database:
        from gateway.store.postgres import PostgresDatabase  # with SQLAlchemy's asyncio and ORM: half its weight

        return PostgresDatabase(found if password is None else found.set(password=password))
    raise ValueError("is no address of a store")
