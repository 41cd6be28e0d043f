"""Databases: bound values, bounds of time and size, and drivers' errors as leaves of ours."""

from __future__ import annotations

import sqlite3
import sys
import types
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from connectors.deadline import Deadline
from connectors.errors import MalformedError, RefusedError, TimedOutError, UnavailableError
from connectors.sql import Database, any_of, check_address, check_name
from connectors.testing.stored import DATABASE_FAULTS
from tests.connectors.support import soon

GONE = next(fault for fault in DATABASE_FAULTS if fault.name == "gone")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "with space & é?.db"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute('CREATE TABLE talks (id INTEGER, "end" TEXT, Name TEXT)')
        database.executemany(
            "INSERT INTO talks VALUES (?, ?, ?)", [(n, f"2026-11-{n:02} 09:00:00", "o'x") for n in range(1, 21)]
        )
    return path


def database_at(path: Path, **more: Any) -> Database:
    return Database("desk", f"sqlite://{quote(str(path))}", **more)


async def test_rows_come_by_the_names_of_their_columns(path: Path):
    database = database_at(path)
    condition, bound = any_of("Name", "n", ["o'x", "' OR 1=1 --"])
    rows = await database.rows(f"SELECT * FROM talks WHERE {condition} AND id < :most", {**bound, "most": 3}, soon())
    assert rows == [
        {"id": 1, "end": "2026-11-01 09:00:00", "name": "o'x"},
        {"id": 2, "end": "2026-11-02 09:00:00", "name": "o'x"},
    ]
    assert await database.columns("talks", soon()) == {"id", "end", "Name"}
    database.close()


async def test_a_time_is_bound_as_the_text_that_sqlite_has(path: Path):
    found = await database_at(path).rows(
        'SELECT id FROM talks WHERE "end" >= :since', {"since": datetime(2026, 11, 20)}, soon()
    )
    assert found == [{"id": 20}]


async def test_nothing_is_written(path: Path):
    with pytest.raises(RefusedError):
        await database_at(path).rows("DELETE FROM talks WHERE id = :id", {"id": 1}, soon())


async def test_no_value_is_equal_to_nothing(path: Path):
    condition, bound = any_of("id", "v", [])
    assert await database_at(path).rows(f"SELECT * FROM talks WHERE {condition}", bound, soon()) == []


async def test_too_many_rows_are_noticed(path: Path):
    with pytest.raises(MalformedError, match="more than 10 rows"):
        await database_at(path, max_rows=10).rows("SELECT id FROM talks", {}, soon())
    assert len(await database_at(path, max_rows=20).rows("SELECT id FROM talks", {}, soon())) == 20


async def test_a_statement_without_end_ends_with_the_deadline(path: Path):
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    database = database_at(path)
    with pytest.raises(TimedOutError):
        await database.rows(endless, {}, Deadline.after(0.1))
    assert len(await database.rows("SELECT id FROM talks", {}, soon())) == 20, "its thread is free again"


async def test_a_passed_deadline_asks_nothing(tmp_path: Path):
    with pytest.raises(TimedOutError):
        await database_at(tmp_path / "none.db").rows("SELECT 1", {}, Deadline(1.0, lambda: 2.0))


async def test_a_file_that_comes_back_is_read_again(path: Path):
    database = database_at(path)
    with GONE.strikes(path), pytest.raises(UnavailableError):
        await database.rows("SELECT id FROM talks", {}, soon())
    assert await database.rows("SELECT id FROM talks WHERE id = 1", {}, soon()) == [{"id": 1}]


@pytest.mark.parametrize(
    "address",
    [
        "sqlite://relative/path",
        "sqlite:///",
        "mysql://host",
        "postgresql:///name",
        "postgresql://user:password@host/name",
        "oracle://host/name",
        "/a/path",
    ],
)
def test_what_is_no_address_is_refused(address: str):
    with pytest.raises(ValueError, match="address"):
        check_address(address)


@pytest.mark.parametrize("name", ["", "cdr; DROP TABLE cdr", 'c"dr', "a.b.c", "1st", "cdr\n", "ünicode"])
def test_what_is_no_name_is_refused(name: str):
    with pytest.raises(ValueError, match="name"):
        check_name(name)
    check_name("asteriskcdrdb.cdr")


class OperationalError(Exception):
    pass


class FakeDriver(types.ModuleType):
    """A PEP 249 module over SQLite that wants `%s`; raises what it is told to, once."""

    def __init__(self, path: Path) -> None:
        super().__init__("fake")
        self.path = path
        self.fails: Exception | None = None
        self.opened: list[dict[str, Any]] = []
        self.statements: list[tuple[str, tuple[Any, ...]]] = []

    def connect(self, *args: Any, **options: Any) -> Any:
        self.opened.append({"args": args, **options})
        return FakeConnection(self)


class FakeConnection:
    autocommit = False

    def __init__(self, driver: FakeDriver) -> None:
        self._driver = driver
        self._inner = sqlite3.connect(driver.path, check_same_thread=False)

    def cursor(self) -> FakeConnection:
        return self

    def execute(self, statement: str, values: tuple[Any, ...] = ()) -> None:
        self._driver.statements.append((statement, values))
        failure, self._driver.fails = self._driver.fails, None
        if failure is not None:
            raise failure
        if not statement.startswith("SET "):
            self._cursor = self._inner.execute(statement.replace("%s", "?").replace("`", '"'), values)
            self.description = self._cursor.description

    def fetchmany(self, size: int) -> list[Any]:
        return self._cursor.fetchmany(size)

    def close(self) -> None:
        """A cursor's, and the connection's."""


@pytest.fixture(params=["mysql", "postgresql"])
def server(request: pytest.FixtureRequest, path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, FakeDriver]:
    driver = FakeDriver(path)
    if request.param == "mysql":
        monkeypatch.setitem(sys.modules, "pymysql", driver)
    else:
        parent = types.ModuleType("pg8000")
        monkeypatch.setitem(sys.modules, "pg8000", parent)
        monkeypatch.setitem(sys.modules, "pg8000.dbapi", driver)
    return request.param, driver


def database_on(server: tuple[str, FakeDriver]) -> Database:
    return Database("desk", f"{server[0]}://db.example.org/calls", "reader", "secret")


async def test_servers_get_values_in_order_and_a_time_limit(server: tuple[str, FakeDriver]):
    kind, driver = server
    database = database_on(server)
    statement = f"SELECT id FROM {database.name('talks')} WHERE id > :low AND id < :high AND id > :low"
    assert await database.rows(statement, {"high": 3, "low": 1}, soon()) == [{"id": 2}]
    asked, values = driver.statements[-1]
    assert values == (1, 3, 1) and asked.count("%s") == 3
    assert asked.startswith("SELECT id FROM `talks`" if kind == "mysql" else 'SELECT id FROM "talks"')
    options = driver.opened[0]
    assert {"reader", "secret"} <= {*options["args"], *(str(value) for value in options.values())}
    await database.rows(statement, {"high": 3, "low": 1}, soon())
    assert len(driver.opened) == 1, "a connection is kept"


ERRORS = [
    ("mysql", OperationalError(1045, "canary"), RefusedError),
    ("mysql", OperationalError(1054, "canary"), MalformedError),
    ("mysql", OperationalError(2013, "canary"), UnavailableError),
    ("mysql", TimeoutError("canary"), TimedOutError),
    ("postgresql", OperationalError({"C": "28P01", "M": "canary"}), RefusedError),
    ("postgresql", OperationalError({"C": "42501", "M": "canary"}), RefusedError),
    ("postgresql", OperationalError({"C": "42P01", "M": "canary"}), MalformedError),
    ("postgresql", OperationalError({"C": "57014", "M": "canary"}), TimedOutError),
    ("postgresql", OperationalError("canary"), UnavailableError),
    ("postgresql", ConnectionResetError("canary"), UnavailableError),
]


@pytest.mark.parametrize(("kind", "error", "leaf"), ERRORS, ids=lambda value: str(value)[:40])
async def test_a_drivers_error_is_a_leaf_that_tells_nothing(
    kind: str, error: Exception, leaf: type[Exception], path: Path, monkeypatch: pytest.MonkeyPatch
):
    driver = FakeDriver(path)
    driver.fails = error
    for name in ("pymysql", "pg8000", "pg8000.dbapi"):
        monkeypatch.setitem(sys.modules, name, driver)
    with pytest.raises(leaf) as caught:
        await database_on((kind, driver)).rows("SELECT id FROM talks", {}, soon())
    assert "canary" not in str(caught.value)
    assert caught.value.__suppress_context__


async def test_a_connection_that_died_idle_is_made_anew(server: tuple[str, FakeDriver]):
    database, driver = database_on(server), server[1]
    await database.rows("SELECT id FROM talks", {}, soon())
    driver.fails = BrokenPipeError()
    assert len(await database.rows("SELECT id FROM talks", {}, soon())) == 20
    assert len(driver.opened) == 2


async def test_a_driver_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "pymysql", None)
    with pytest.raises(RefusedError, match="not installed"):
        await Database("desk", "mysql://db.example.org/calls").rows("SELECT 1", {}, soon())
