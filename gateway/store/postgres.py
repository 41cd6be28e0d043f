"""PostgreSQL, by asyncpg. A commit is on the server's disk when it returns; other gateways may work beside us."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from sqlalchemy import URL
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from gateway.store.database import Work, is_of_the_database
from gateway.store.errors import UnavailableError

T = TypeVar("T")
CONNECTIONS = 10
CONNECT_SECONDS = 3
WAIT_SECONDS = 5.0
"""For a free connection, and for an answer of the server."""

SERVER_SETTINGS = {
    "application_name": "journey-gateway",
    "timezone": "UTC",
    "synchronous_commit": "on",
    "lock_timeout": "4s",
    "statement_timeout": "10s",
    "idle_in_transaction_session_timeout": "15s",
}


class PostgresDatabase:
    def __init__(self, url: URL) -> None:
        self._engine = create_async_engine(
            url.set(drivername="postgresql+asyncpg"),
            pool_size=CONNECTIONS,
            max_overflow=0,
            pool_timeout=WAIT_SECONDS,
            pool_pre_ping=True,
            connect_args={
                "timeout": CONNECT_SECONDS,
                "command_timeout": 2 * WAIT_SECONDS,
                "server_settings": SERVER_SETTINGS,
            },
        )

    async def open(self) -> None:
        await self.read(lambda connection: None)

    async def read(self, work: Work[T]) -> T:
        return await self._run(work, write=False)

    async def write(self, work: Work[T]) -> T:
        return await self._run(work, write=True)

    async def _run(self, work: Work[T], *, write: bool) -> T:
        try:
            async with self._engine.connect() as connection:
                return await _transaction(connection, work, write=write)
        except Exception as error:
            if is_of_the_database(error):
                raise UnavailableError from error
            raise

    async def scrub(self, tables: Sequence[str]) -> None:
        """Dead rows give their room back; backups and archived logs are the operator's."""
        try:
            async with self._engine.connect() as connection:
                alone = await connection.execution_options(isolation_level="AUTOCOMMIT")
                for table in tables:
                    await alone.exec_driver_sql(f"VACUUM {table}")
        except Exception as error:
            if is_of_the_database(error):
                raise UnavailableError from error
            raise

    async def aclose(self) -> None:
        await self._engine.dispose()


async def _transaction(connection: AsyncConnection, work: Work[T], *, write: bool) -> T:
    async with connection.begin() as transaction:
        result = await connection.run_sync(work)
        if not write:
            await transaction.rollback()
        return result
