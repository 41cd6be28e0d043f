"""How the store is reached: work is a function over a SQLAlchemy connection, and runs alike on both databases.

A write is one transaction, or an undivided part of a larger one; when `write` returns, it is on the disk.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

T = TypeVar("T")
Work = Callable[[Connection], T]


class Database(Protocol):
    async def open(self) -> None:
        """Raises leaves of `gateway.store.errors`."""
        ...

    async def read(self, work: Work[T]) -> T:
        """Raises `UnavailableError`."""
        ...

    async def write(self, work: Work[T]) -> T:
        """Raises `UnavailableError`, and then nothing of it is stored; or what `work` raises."""
        ...

    async def scrub(self, tables: Sequence[str]) -> None:
        """Nothing of what was deleted from these is left in the files. Raises `UnavailableError`."""
        ...

    async def aclose(self) -> None: ...


def insert(connection: Connection, table: Table) -> Any:
    """An INSERT that knows ON CONFLICT; both dialects spell it alike."""
    return postgresql.insert(table) if is_postgres(connection) else sqlite.insert(table)


def is_postgres(connection: Connection) -> bool:
    return connection.dialect.name == "postgresql"


_OF_THE_FILE = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_NOTADB,
    }
)
_OF_THE_SERVER = frozenset({"", "08", "25", "40", "53", "55", "57", "58"})
"""Classes of SQLSTATE: connection, a transaction that timed out, serialisation, resources, locks, operator, system."""


def is_of_the_database(error: BaseException) -> bool:
    """Whether the database itself failed, rather than what was asked of it."""
    if isinstance(error, PoolTimeoutError | OSError):  # asyncio's own TimeoutError is an OSError as well
        return True
    reason = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(reason, sqlite3.Error):  # also straight from the driver, see `statements`
        return getattr(reason, "sqlite_errorcode", 0) & 0xFF in _OF_THE_FILE
    if not isinstance(error, DBAPIError):
        return False
    return error.connection_invalidated or (getattr(error.orig, "sqlstate", None) or "")[:2] in _OF_THE_SERVER
