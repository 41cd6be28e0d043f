"""One shared way to read a vendor's database: bounded, within a deadline, and silent about what it held.

SQLite by the standard library; MySQL, MariaDB and PostgreSQL by a driver of PEP 249 that is loaded when an address asks
for it. Values are bound, never written into a statement; names come from configuration and are checked.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote, unquote, urlsplit

from connectors.blocking import MAX_THREADS, Threads
from connectors.deadline import Deadline
from connectors.errors import ConnectorError, MalformedError, RefusedError, TimedOutError, UnavailableError

MAX_ROWS = 20_000
"""Of one answer: what brings more was asked too wide."""

PROGRESS_STEPS = 20_000
"""Steps of SQLite's machine between two looks at the deadline: well below a millisecond."""

Row = dict[str, Any]

_PLACE = re.compile(r":([a-z]\w*)")
_NAME = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)?", re.ASCII)


class _Driver(Protocol):
    """`quote`: around names. `leaf`: what an error of the driver's is to us."""

    @property
    def quote(self) -> str: ...

    def connect(self, seconds: float) -> Any: ...

    def execute(self, connection: Any, statement: str, values: Mapping[str, Any], deadline: Deadline) -> Any:
        """A cursor, with the statement's rows in it."""
        ...

    def leaf(self, error: Exception) -> tuple[type[ConnectorError], str]: ...


class Database:
    """One database under one credential. Every method raises leaves of `connectors.errors` alone.

    `address`: `sqlite:///path`, `mysql://host:port/name` or `postgresql://host:port/name`; ValueError for others.
    """

    def __init__(self, source: str, address: str, user: str = "", password: str = "", max_rows: int = MAX_ROWS) -> None:
        self._source = source
        self._driver = _driver(address, user, password)
        self._threads = Threads(source)
        self._idle: list[Any] = []
        self._max_rows = max_rows

    def name(self, name: str) -> str:
        """A table's or column's name as it stands in a statement; ValueError where it is none."""
        check_name(name)
        mark = self._driver.quote
        return ".".join(f"{mark}{part}{mark}" for part in name.split("."))

    async def rows(self, statement: str, values: Mapping[str, Any], deadline: Deadline) -> list[Row]:
        """Rows by column names in small letters. `:name` in the statement stands for a value."""
        return await self._threads.run(lambda: self._read(statement, values, deadline)[1], deadline)

    async def columns(self, table: str, deadline: Deadline) -> frozenset[str]:
        """The table's columns, as they are spelled."""
        statement = f"SELECT * FROM {self.name(table)} WHERE 1 = 0"  # noqa: S608 (the name is checked)
        names, _ = await self._threads.run(lambda: self._read(statement, {}, deadline), deadline)
        return frozenset(names)

    def _read(self, statement: str, values: Mapping[str, Any], deadline: Deadline) -> tuple[list[str], list[Row]]:
        """A connection that died while it was idle is tried once more, anew."""
        while True:
            is_kept = bool(self._idle)
            try:
                return self._read_once(statement, values, deadline)
            except UnavailableError:
                if not is_kept:
                    raise
                self._close_idle()

    def _read_once(self, statement: str, values: Mapping[str, Any], deadline: Deadline) -> tuple[list[str], list[Row]]:
        connection = None
        try:
            connection = self._take() or self._driver.connect(max(deadline.remaining_seconds(), 0.001))
            cursor = self._driver.execute(connection, statement, values, deadline)
            names = [str(column[0]) for column in cursor.description]
            found = cursor.fetchmany(self._max_rows + 1)
            cursor.close()
        except Exception as error:
            _close(connection)
            if isinstance(error, TimeoutError) or deadline.remaining_seconds() <= 0:
                raise TimedOutError(self._source, "no answer within the deadline") from None
            leaf, reason = self._driver.leaf(error)
            raise leaf(self._source, reason) from None
        self._give_back(connection)
        if len(found) > self._max_rows:
            raise MalformedError(self._source, f"the answer has more than {self._max_rows} rows")
        keys = [name.lower() for name in names]
        return names, [dict(zip(keys, row, strict=True)) for row in found]

    def _take(self) -> Any:
        try:
            return self._idle.pop()
        except IndexError:
            return None

    def _give_back(self, connection: Any) -> None:
        if len(self._idle) < MAX_THREADS:
            self._idle.append(connection)
        else:
            _close(connection)

    def _close_idle(self) -> None:
        while (connection := self._take()) is not None:
            _close(connection)

    def close(self) -> None:
        self._threads.close()
        self._close_idle()


def check_address(address: str) -> None:
    """ValueError when it is no address of a database."""
    _driver(address, "", "")


def check_name(name: str) -> None:
    """ValueError when it is no name of a table or column."""
    if not _NAME.fullmatch(name):
        raise ValueError("a table or column has a name of letters, digits and underscores")


def any_of(column: str, prefix: str, values: Iterable[Any]) -> tuple[str, Row]:
    """`column IN (…)` and the values bound in it. Without values it is true for nothing."""
    bound = {f"{prefix}{place}": value for place, value in enumerate(values)}
    if not bound:
        return "1 = 0", {}
    return f"{column} IN ({', '.join(f':{name}' for name in bound)})", bound


def _driver(address: str, user: str, password: str) -> _Driver:
    parts = urlsplit(address)
    if parts.username or parts.password:
        raise ValueError("the user and the password belong to the credentials, not to the address")
    path = unquote(parts.path)
    if parts.scheme == "sqlite" and not parts.netloc and len(path) > 1:
        return _Sqlite(Path(path))
    name = path.strip("/")
    if parts.scheme in ("mysql", "mariadb") and parts.hostname and name:
        return _MySql(parts.hostname, parts.port or 3306, name, user, password)
    if parts.scheme == "postgresql" and parts.hostname and name:
        return _PostgreSql(parts.hostname, parts.port or 5432, name, user, password)
    raise ValueError("an address is sqlite:///path, mysql://host:port/name or postgresql://host:port/name")


def _close(connection: Any) -> None:
    """What failed may fail to close as well."""
    if connection is not None:
        try:
            connection.close()
        except Exception:
            return


@dataclass(frozen=True)
class _Sqlite:
    """Opened to read alone. Other drivers' columns have types; here a time is text."""

    path: Path
    quote: str = '"'

    def connect(self, seconds: float) -> Any:
        return sqlite3.connect(
            f"file:{quote(str(self.path))}?mode=ro", uri=True, timeout=seconds, check_same_thread=False
        )

    def execute(self, connection: Any, statement: str, values: Mapping[str, Any], deadline: Deadline) -> Any:
        connection.set_progress_handler(lambda: deadline.remaining_seconds() <= 0, PROGRESS_STEPS)
        connection.execute(f"PRAGMA busy_timeout = {max(int(deadline.remaining_seconds() * 1000), 1)}")
        bound = {name: v.isoformat(" ") if isinstance(v, datetime) else v for name, v in values.items()}
        return connection.execute(statement, bound)

    def leaf(self, error: Exception) -> tuple[type[ConnectorError], str]:
        name = getattr(error, "sqlite_errorname", "").partition("_")[2]
        if name.startswith("CANTOPEN") and self.path.is_file() and not os.access(self.path, os.R_OK):
            return RefusedError, "the database file may not be read"
        if name.startswith(("CANTOPEN", "BUSY", "LOCKED", "IOERR", "FULL", "PROTOCOL", "NOMEM")):
            return UnavailableError, "the database file is not there, is locked or cannot be read"
        if name.startswith(("PERM", "AUTH", "READONLY")):
            return RefusedError, "the database file may not be read"
        return MalformedError, "the database does not have the tables and columns that it should"


@dataclass(frozen=True)
class _MySql:
    """By PyMySQL. Its codes: dev.mysql.com, "Server Error Message Reference"."""

    host: str
    port: int
    database: str
    user: str
    password: str
    quote: str = "`"

    def connect(self, seconds: float) -> Any:
        return import_module("pymysql").connect(
            host=self.host,
            port=self.port,
            user=self.user,
            password=self.password,
            database=self.database,
            charset="utf8mb4",
            autocommit=True,
            connect_timeout=max(1, int(seconds)),
            read_timeout=max(1, int(seconds)),
        )

    def execute(self, connection: Any, statement: str, values: Mapping[str, Any], deadline: Deadline) -> Any:
        return _with_places(connection.cursor(), statement, values)

    def leaf(self, error: Exception) -> tuple[type[ConnectorError], str]:
        code = error.args[0] if error.args and isinstance(error.args[0], int) else 0
        if code in (1044, 1045, 1130, 1142, 1143, 1227, 1698):
            return RefusedError, "the database refused the user, or the user may not read the table"
        if code in (1054, 1064, 1146, 1049) or type(error).__name__ in ("ProgrammingError", "DataError"):
            return MalformedError, "the database does not have the tables and columns that it should"
        return _unexplained(error)


@dataclass(frozen=True)
class _PostgreSql:
    """By pg8000. Its codes: postgresql.org, "Appendix A. PostgreSQL Error Codes"."""

    host: str
    port: int
    database: str
    user: str
    password: str
    quote: str = '"'

    def connect(self, seconds: float) -> Any:
        connection = import_module("pg8000.dbapi").connect(
            self.user,
            host=self.host,
            port=self.port,
            database=self.database,
            password=self.password or None,
            timeout=seconds,
        )
        connection.autocommit = True
        return connection

    def execute(self, connection: Any, statement: str, values: Mapping[str, Any], deadline: Deadline) -> Any:
        milliseconds = max(int(deadline.remaining_seconds() * 1000), 1)
        cursor = connection.cursor()
        cursor.execute(f"SET statement_timeout = {milliseconds}")
        return _with_places(cursor, statement, values)

    def leaf(self, error: Exception) -> tuple[type[ConnectorError], str]:
        told = error.args[0] if error.args and isinstance(error.args[0], dict) else {}
        state = str(told.get("C", ""))
        if state == "57014":
            return TimedOutError, "no answer within the deadline"
        if state.startswith("28") or state == "42501":
            return RefusedError, "the database refused the user, or the user may not read the table"
        if state.startswith(("22", "3D", "3F", "42")):
            return MalformedError, "the database does not have the tables and columns that it should"
        return _unexplained(error)


def _unexplained(error: Exception) -> tuple[type[ConnectorError], str]:
    if isinstance(error, ImportError):
        return RefusedError, "the driver for this database is not installed"
    return UnavailableError, "the database could not be reached, or dropped the connection"


def _with_places(cursor: Any, statement: str, values: Mapping[str, Any]) -> Any:
    """`:name` becomes `%s`, the style that both drivers know."""
    cursor.execute(_PLACE.sub("%s", statement), tuple(values[name] for name in _PLACE.findall(statement)))
    return cursor
