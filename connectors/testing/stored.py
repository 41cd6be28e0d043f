"""The contract for connectors that read databases and files: the same rules, and the faults of disks in place of
those of networks."""

from __future__ import annotations

import logging
import os
import sqlite3
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from connectors.deadline import Deadline
from connectors.errors import ConnectorError, MalformedError, TimedOutError, UnavailableError
from connectors.testing.contract import OPERATIONS, ConnectorContract, Known, Subject, perform
from connectors.testing.faults import CANARY
from connectors.testing.walks import deadline, read_all

SHORT_SECONDS = 0.2
GARBAGE = CANARY.encode() * 100


@dataclass(frozen=True)
class StoredFault:
    """`strikes` while its context lasts, on one file. error: what the connector must make of it; None: it goes on
    with what can be read. `nothing_is_right`: to find nothing is right as well. `seconds`: the deadline."""

    name: str
    strikes: Callable[[Path], AbstractContextManager[None]]
    error: type[ConnectorError]
    nothing_is_right: bool = False
    seconds: float = 30.0


@contextmanager
def _aside(path: Path) -> Iterator[None]:
    """Out of the way, so that something else can be in its place."""
    kept = path.with_name(f"{path.name}.kept-aside-{CANARY}")
    path.rename(kept)
    try:
        yield
    finally:
        if path.is_dir():
            path.rmdir()
        else:
            path.unlink(missing_ok=True)
        kept.rename(path)


@contextmanager
def _folder_instead(path: Path) -> Iterator[None]:
    with _aside(path):
        path.mkdir()
        yield


@contextmanager
def _loop_instead(path: Path) -> Iterator[None]:
    with _aside(path):
        path.symlink_to(path)
        yield


@contextmanager
def _pipe_instead(path: Path) -> Iterator[None]:
    """A disk that does not answer: reading waits until somebody writes, which is when the test ends."""
    with _aside(path):
        os.mkfifo(path)
        yield
        with suppress(OSError):  # nobody waits
            os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))


def _with(content: bytes) -> Callable[[Path], AbstractContextManager[None]]:
    @contextmanager
    def strikes(path: Path) -> Iterator[None]:
        with _aside(path):
            path.write_bytes(content)
            yield

    return strikes


@contextmanager
def _pipe_within(path: Path) -> Iterator[None]:
    """A file of a folder that does not answer."""
    pipe = path / f"{CANARY}.cdr.json"
    os.mkfifo(pipe)
    try:
        yield
    finally:
        with suppress(OSError):  # nobody waits
            os.close(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))
        pipe.unlink()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


def _by(statements: Callable[[str], Sequence[str]]) -> Callable[[Path], AbstractContextManager[None]]:
    """A database whose tables were changed."""

    @contextmanager
    def strikes(path: Path) -> Iterator[None]:
        content = path.read_bytes()
        with closing(sqlite3.connect(path)) as database, database:
            found = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            for (table,) in found:
                for statement in statements(table):
                    database.execute(statement)
        try:
            yield
        finally:
            path.write_bytes(content)

    return strikes


def _endless(table: str) -> list[str]:
    numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
    kept = f"{table}_kept"
    view = f"CREATE VIEW {table} AS {numbers} SELECT {kept}.* FROM {kept}, n WHERE i < 0"  # noqa: S608 (own names)
    return [f"ALTER TABLE {table} RENAME TO {kept}", view]


FILE_FAULTS = [
    StoredFault("gone", _aside, UnavailableError),
    StoredFault("a folder in its place", _folder_instead, UnavailableError),
    StoredFault("a link to itself", _loop_instead, UnavailableError),
    StoredFault("a slow disk", _pipe_instead, TimedOutError, seconds=SHORT_SECONDS),
    StoredFault("empty", _with(b""), MalformedError, nothing_is_right=True),
    StoredFault("other lines", _with(GARBAGE + b"\n" + GARBAGE + b"\n"), MalformedError, nothing_is_right=True),
    StoredFault("zeros", _with(b"\x00" * 100_000), MalformedError, nothing_is_right=True),
]
FOLDER_FAULTS = [
    StoredFault("gone", _aside, UnavailableError),
    StoredFault("a file in its place", _with(GARBAGE), UnavailableError),
    StoredFault("a link to itself", _loop_instead, UnavailableError),
    StoredFault("a slow disk", _pipe_within, TimedOutError, seconds=SHORT_SECONDS),
    StoredFault("empty", _folder_instead, UnavailableError, nothing_is_right=True),
]
"""Of a folder with a file a row."""

DATABASE_FAULTS = [
    StoredFault("gone", _aside, UnavailableError),
    StoredFault("a folder in its place", _folder_instead, UnavailableError),
    StoredFault("locked", _locked, TimedOutError, seconds=SHORT_SECONDS),
    StoredFault("slow", _by(_endless), TimedOutError, seconds=SHORT_SECONDS),
    StoredFault("no database", _with(GARBAGE), MalformedError),
    StoredFault("an empty database", _with(b""), MalformedError),
    StoredFault("no such table", _by(lambda table: [f"ALTER TABLE {table} RENAME TO {table}_2"]), MalformedError),
    StoredFault(
        "other columns",
        _by(lambda table: [f"DROP TABLE {table}", f'CREATE TABLE {table} ("{CANARY}" TEXT)']),
        MalformedError,
    ),
]


class StoredContract(ConnectorContract):
    """Subclass it as `Test…`, give `subject`, `faults` and `path`, the file on which they strike."""

    test_a_vendor_stuck_on_one_page_is_left = None  # type: ignore[assignment]
    test_every_failure_is_a_leaf_that_tells_nothing = None  # type: ignore[assignment]
    faults: Sequence[StoredFault]

    @pytest.fixture
    def path(self) -> Path:
        raise NotImplementedError("a contract needs a file to spoil")

    @pytest.mark.parametrize("operation", OPERATIONS)
    async def test_every_fault_of_a_disk_is_a_leaf_that_tells_nothing(
        self, operation: str, subject: Subject, known: Known, path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        for fault in self.faults:
            connector = subject.connect(subject.transport)
            with fault.strikes(path):
                try:
                    answer = await perform(operation, connector, subject, known, Deadline.after(fault.seconds))
                except ConnectorError as error:
                    assert type(error) is fault.error, f"{fault.name}: {type(error).__name__}"
                    told = "".join(traceback.format_exception(error)) + repr(vars(error)) + caplog.text
                    for secret in (CANARY, str(path), path.name, subject.known.value):
                        assert secret not in told, f"{fault.name}: an error tells what it must not"
                else:
                    assert fault.nothing_is_right and answer is None, f"{fault.name} went unnoticed"
            await connector.aclose()

    async def test_it_recovers(self, subject: Subject, known: Known, path: Path) -> None:
        """The same connector, when what was wrong is right again."""
        connector = subject.connect(subject.transport)
        for fault in self.faults:
            with fault.strikes(path):
                try:
                    await connector.find([subject.known], Deadline.after(fault.seconds))
                except ConnectorError as error:
                    assert type(error) is fault.error
        assert await read_all(connector, known.records) == known.rows
        assert await connector.find([subject.known], deadline()) == known.records
