"""SQLite in one file: one process, one writing thread that commits what waits together, readers beside it.

WAL with `synchronous=FULL`: a commit has reached the disk when it returns. Commits are what costs, so everything that
waits when the writer is free becomes one of them; each piece of work is a savepoint, so that one that fails undoes
itself alone.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import sqlite3
import sys
import threading
import time
from collections import deque
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event

from gateway.store.database import Work, is_of_the_database
from gateway.store.errors import InUseError, UnavailableError
from gateway.store.statements import undivided

T = TypeVar("T")
READERS = 4
MAX_WAITING = 2_000
"""Pieces of work; more than the disk can take within a vendor's patience are refused at once."""
MAX_TOGETHER = 256
"""In one commit."""
APART_SECONDS = 0.004
"""Commits begin no closer to one another: what comes in between becomes one of them."""
BUSY_SECONDS = 5.0
SCRUB_TRIES = 3
SWITCH_SECONDS = 0.0005
"""For so long a thread may compute while another waits, here the one that answers queries. Python's own 5 ms are
felt."""

CACHE_KIB = 4_000
"""Of each connection. What does not fit is a copy from the system's own cache away, and that is not this process's
memory."""
WAL_PAGES = 4_000
"""After which the log is written back into the file, by whoever commits."""


@dataclass(slots=True)
class _Job:
    """`result`: what the work gave or raised, told to whoever waits once it is committed."""

    work: Work[Any]
    loop: asyncio.AbstractEventLoop
    waiting: asyncio.Future[Any]
    result: Any = None
    error: BaseException | None = None

    def tell(self) -> None:
        if self.waiting.done():
            return  # whoever waited has left
        if self.error is not None:
            self.waiting.set_exception(self.error)
        else:
            self.waiting.set_result(self.result)


class SqliteDatabase:
    """`exclusive`: for a process that serves; commands beside it write in short transactions of their own."""

    def __init__(self, path: Path, *, exclusive: bool = True) -> None:
        self.path = path
        self._exclusive = exclusive
        self._lock: int | None = None
        self._readers: Engine | None = None
        self._pool: ThreadPoolExecutor | None = None
        self._writer = _Writer(path)

    async def open(self) -> None:
        await asyncio.to_thread(self._open)

    def _open(self) -> None:
        if self._lock is None and self._exclusive:
            self._lock = _locked(self.path)
        _make_private(self.path)
        self._writer.start()
        self._readers = _engine(self.path, "BEGIN", pool_size=READERS)
        self._pool = ThreadPoolExecutor(READERS, thread_name_prefix="store-reader")

    async def read(self, work: Work[T]) -> T:
        assert self._pool is not None, "the store is not open"
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._read, work)

    def _read(self, work: Work[T]) -> T:
        assert self._readers is not None, "the store is not open"
        try:
            with self._readers.connect() as connection:
                return work(connection)
        except Exception as error:
            if is_of_the_database(error):
                raise UnavailableError from error
            raise

    async def write(self, work: Work[T]) -> T:
        loop = asyncio.get_running_loop()
        job = _Job(work, loop, loop.create_future())
        self._writer.take(job)
        result: T = await job.waiting
        return result

    async def scrub(self, tables: Sequence[str]) -> None:
        """What is deleted is overwritten at once (`secure_delete`), but for the log, which is written back here."""
        for _ in range(SCRUB_TRIES):
            if await asyncio.to_thread(self._truncate_log):
                return
        raise UnavailableError("The store's log is in use: what was erased is still in it.")

    def _truncate_log(self) -> bool:
        with closing(sqlite3.connect(self.path, timeout=BUSY_SECONDS)) as connection:
            busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return not busy

    async def aclose(self) -> None:
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        self._writer.stop()
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None
        if self._readers is not None:
            self._readers.dispose()
            self._readers = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


class _Writer:
    """The one thread that writes. After a failure of the file itself it begins anew with another connection."""

    def __init__(self, path: Path) -> None:
        self._engine = _engine(path, "BEGIN IMMEDIATE", pool_size=1)
        self._jobs: deque[_Job] = deque()
        self._changed = threading.Condition()
        self._stopping = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._stopping = False
        sys.setswitchinterval(SWITCH_SECONDS)
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """What waits already is still written."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._engine.dispose()

    def take(self, job: _Job) -> None:
        with self._changed:
            if self._stopping or self._thread is None or len(self._jobs) >= MAX_WAITING:
                raise UnavailableError
            self._jobs.append(job)
            if len(self._jobs) == 1:  # otherwise the writer knows
                self._changed.notify()

    def _run(self) -> None:
        while jobs := self._next():
            began = time.monotonic()
            try:
                self._commit(jobs)
            except BaseException as error:  # the thread must outlive whatever happens to a commit
                self._engine.dispose()
                failure = error if isinstance(error, UnavailableError) else _unavailable(error)
                for job in jobs:
                    job.error = failure
            _tell(jobs)
            time.sleep(max(0.0, began + APART_SECONDS - time.monotonic()))

    def _next(self) -> list[_Job]:
        """All that waits; empty when it is time to stop."""
        with self._changed:
            while not self._jobs and not self._stopping:
                self._changed.wait()
            return [self._jobs.popleft() for _ in range(min(len(self._jobs), MAX_TOGETHER))]

    def _commit(self, jobs: Iterable[_Job]) -> None:
        with self._engine.begin() as connection:
            for job in jobs:
                _perform(job, connection)


def _perform(job: _Job, connection: Connection) -> None:
    """Alone in a savepoint. Only what the file itself does concerns the others as well."""
    try:
        with undivided(connection):
            job.result = job.work(connection)
    except Exception as error:
        if is_of_the_database(error):
            raise
        job.error = error


def _tell(jobs: Iterable[_Job]) -> None:
    """Those who wait, each in its own event loop, woken once."""
    for loop, own in groupby(jobs, key=lambda job: job.loop):
        told = list(own)
        with suppress(RuntimeError):  # it was closed meanwhile: nobody waits
            loop.call_soon_threadsafe(lambda told=told: [job.tell() for job in told])


def _unavailable(error: BaseException) -> UnavailableError:
    failure = UnavailableError()
    failure.__cause__ = error
    return failure


def _engine(path: Path, begin: str, pool_size: int) -> Engine:
    engine = create_engine(
        f"sqlite:///{path}",
        pool_size=pool_size,
        max_overflow=0,
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
    )

    def on_connect(connection: sqlite3.Connection, _: object) -> None:
        connection.isolation_level = None  # transactions begin where `begin` says, not where sqlite3 guesses
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "secure_delete=ON",
            "temp_store=MEMORY",
            f"wal_autocheckpoint={WAL_PAGES}",
            f"cache_size=-{CACHE_KIB}",
        ):
            connection.execute(f"PRAGMA {pragma}").close()

    def on_begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine, "connect", on_connect)
    event.listen(engine, "begin", on_begin)
    return engine


def _locked(path: Path) -> int:
    """A lock that the kernel lets go when the process ends, however it ends. Raises `InUseError`."""
    descriptor = _opened(Path(f"{path}.lock"))
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise InUseError from None
    return descriptor


def _make_private(path: Path) -> None:
    """A new file is for the gateway's own user alone; SQLite gives what it lays beside it the same rights."""
    os.close(_opened(path))


def _opened(path: Path) -> int:
    """Made, where it is missing. Raises `UnavailableError`."""
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise UnavailableError(
            f"The folder of the store cannot be written: {error.strerror}. Name another place in `[store] url`."
        ) from error
