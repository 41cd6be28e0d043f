"""Statements of the busiest ways, made once for each database.

On SQLite they go to the driver itself: SQLAlchemy computes ten times as long about one as SQLite does, while queries
wait (docs/decisions/0022-cheap-intake.md). On PostgreSQL, where the way to the server is what costs, it runs them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

from gateway.store.database import is_of_the_database, is_postgres

Values = Mapping[str, Any]
_DIALECT = sqlite.dialect(paramstyle="named")


class Statement:
    """`columns`: of an INSERT, those that are given. Values are by name, and as they stand in the tables."""

    def __init__(self, statement: Any, columns: Sequence[str] | None = None, *, on_postgres: Any = None) -> None:
        self._on_postgres = statement if on_postgres is None else on_postgres
        compiled = statement.compile(dialect=_DIALECT, column_keys=columns)
        self._text: str = compiled.string
        self._fixed = {name: bind.value for name, bind in compiled.binds.items() if not bind.required}

    def rows(self, connection: Connection, values: Values) -> Sequence[Any]:
        """Each a tuple."""
        if is_postgres(connection):
            return connection.execute(self._on_postgres, values).all()
        return self._execute(connection, values).fetchall()

    def first(self, connection: Connection, values: Values) -> Any:
        """A tuple; None where there is no row."""
        found = self.rows(connection, values)
        return found[0] if found else None

    def run(self, connection: Connection, values: Values) -> int:
        """How many rows it has changed."""
        if is_postgres(connection):
            return connection.execute(self._on_postgres, values).rowcount
        return self._execute(connection, values).rowcount

    def run_all(self, connection: Connection, rows: Sequence[Values]) -> None:
        if is_postgres(connection):
            connection.execute(self._on_postgres, rows)
        else:
            _driver(connection).executemany(self._text, [{**self._fixed, **row} for row in rows])

    def _execute(self, connection: Connection, values: Values) -> sqlite3.Cursor:
        return _driver(connection).execute(self._text, {**self._fixed, **values})


class Upsert(Statement):
    """INSERT; or UPDATE, where a row with these keys is there and `where` says so of the old one and the new one. Run
    with values by column."""

    def __init__(
        self, table: Table, keys: Sequence[str], where: Callable[[Any, Any], ColumnElement[bool]] | None = None
    ) -> None:
        made = (self._made(dialect.insert(table), table, keys, where) for dialect in (sqlite, postgresql))
        super().__init__(next(made), on_postgres=next(made))

    @staticmethod
    def _made(
        statement: Any, table: Table, keys: Sequence[str], where: Callable[[Any, Any], ColumnElement[bool]] | None
    ) -> Any:
        return statement.on_conflict_do_update(
            index_elements=[table.c[key] for key in keys],
            set_={column.name: statement.excluded[column.name] for column in table.c if column.name not in keys},
            where=None if where is None else where(table.c, statement.excluded),
        )


class InsertNew(Statement):
    """INSERT of what is not there yet."""

    def __init__(self, table: Table) -> None:
        on_sqlite, on_postgres = (dialect.insert(table).on_conflict_do_nothing() for dialect in (sqlite, postgresql))
        super().__init__(on_sqlite, on_postgres=on_postgres)


@contextmanager
def undivided(connection: Connection) -> Iterator[None]:
    """A part of a transaction: what raises leaves nothing of it, and the rest stands. What the database itself raises
    concerns the whole."""
    nested = connection.begin_nested() if is_postgres(connection) else None
    driver = None if nested is not None else _driver(connection)
    if driver is not None:
        driver.execute("SAVEPOINT part")
    try:
        yield
    except Exception as error:
        if is_of_the_database(error):
            raise
        if nested is not None:
            nested.rollback()
        elif driver is not None:
            driver.execute("ROLLBACK TO part")
            driver.execute("RELEASE part")
        raise
    if nested is not None:
        nested.commit()
    elif driver is not None:
        driver.execute("RELEASE part")


def _driver(connection: Connection) -> sqlite3.Connection:
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver
