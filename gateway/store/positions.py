"""How far each source has been harvested, in a form of whoever harvests."""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy import Connection, select

from gateway.store import schema
from gateway.store.database import Database, insert
from gateway.store.times import instant, micros
from gateway.store.vault import Vault


class HarvestPosition(msgspec.Struct, frozen=True):
    at: datetime
    content: bytes


class Positions:
    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    async def get(self, source: str, name: str = "") -> HarvestPosition | None:
        return await self._database.read(lambda connection: get(connection, self._vault, source, name))

    async def put(self, source: str, position: HarvestPosition, name: str = "") -> None:
        await self._database.write(lambda connection: put(connection, self._vault, source, position, name))


def get(connection: Connection, vault: Vault, source: str, name: str = "") -> HarvestPosition | None:
    columns = schema.positions.c
    query = select(columns.at, columns.payload).where(columns.source == source, columns.name == name)
    row = connection.execute(query).first()
    return None if row is None else HarvestPosition(instant(row.at), vault.open(row.payload, "position", source, name))


def put(connection: Connection, vault: Vault, source: str, position: HarvestPosition, name: str = "") -> None:
    table = schema.positions
    values = {"at": micros(position.at), "payload": vault.seal(position.content, "position", source, name)}
    statement = insert(connection, table).values(source=source, name=name, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=[table.c.source, table.c.name], set_=values))
