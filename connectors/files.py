"""One shared way to read a vendor's files: bounded, within a deadline, and silent about what they held.

Logs grow at their end, so they are read from there: `Logs.lines_with` for lines of text, `Folder` for a file a row.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator
from glob import glob
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

from connectors.blocking import Threads
from connectors.deadline import Deadline
from connectors.errors import ConnectorError, MalformedError, RefusedError, TimedOutError, UnavailableError

T = TypeVar("T")

BLOCK_BYTES = 1024 * 1024
MAX_BYTES = 512 * 1024 * 1024
"""Read of logs for one question; what is further back is not seen."""

MAX_LINES = 20_000
MAX_FILE_BYTES = 2 * 1024 * 1024
"""Of one file in a folder: a row is some kilobytes."""


class Lines(NamedTuple):
    """Whole lines without their end, newest first. is_whole: nothing older was left unread."""

    lines: list[bytes]
    is_whole: bool


class Logs:
    """The files of one log, the live one and those it was rotated to. `pattern`: a path, `*` and `?` allowed."""

    def __init__(self, source: str, pattern: str, max_bytes: int = MAX_BYTES) -> None:
        self._source = source
        self._pattern = pattern
        self._max_bytes = max_bytes
        self._threads = Threads(source)

    async def lines_with(
        self, needles: Collection[bytes], deadline: Deadline, ends: Callable[[bytes], bool] = lambda line: False
    ) -> Lines:
        """Lines that hold one of the needles, back to the block whose first line `ends` says is old enough."""
        return await self._threads.run(lambda: self._find(needles, deadline, ends), deadline)

    async def last_line(self, deadline: Deadline) -> bytes | None:
        """The newest whole line; None in an empty log."""
        return await self._threads.run(lambda: self._last(deadline), deadline)

    def _find(self, needles: Collection[bytes], deadline: Deadline, ends: Callable[[bytes], bool]) -> Lines:
        if not needles:
            return Lines([], True)
        found: list[bytes] = []
        read = 0
        for block in self._blocks(deadline):
            read += len(block)
            if any(needle in block for needle in needles):
                lines = block.split(b"\n")
                found += [line.rstrip(b"\r") for line in reversed(lines) if any(needle in line for needle in needles)]
            if len(found) > MAX_LINES:
                raise MalformedError(self._source, f"more than {MAX_LINES} lines are about one customer")
            if ends(block.partition(b"\n")[0]):
                return Lines(found, True)
            if read >= self._max_bytes:
                return Lines(found, False)
        return Lines(found, True)

    def _last(self, deadline: Deadline) -> bytes | None:
        for block in self._blocks(deadline):
            lines = [line for line in block.split(b"\n") if line.strip()]
            if lines:
                return lines[-1].rstrip(b"\r")
        return None

    def _blocks(self, deadline: Deadline) -> Iterator[bytes]:
        """Whole lines from the newest file's end to the oldest one's beginning, about a megabyte at once."""
        for path in self._paths():
            rest, is_end = b"", True
            for piece in self._backwards(path, deadline):
                text = piece + rest
                if is_end:  # a line without its end is still being written
                    text = text[: text.rfind(b"\n") + 1]
                    is_end = not text
                first, newline, block = text.partition(b"\n")
                rest = first + newline
                if block:
                    yield block
            if rest:
                yield rest

    def _paths(self) -> list[str]:
        try:
            paths = sorted(glob(self._pattern), key=lambda path: os.stat(path).st_mtime_ns, reverse=True)
        except OSError as error:
            raise _leaf(self._source, error) from None
        if not paths:
            raise UnavailableError(self._source, "the file is not there")
        return paths

    def _backwards(self, path: str, deadline: Deadline) -> Iterator[bytes]:
        try:
            with Path(path).open("rb", buffering=0) as file:
                position = file.seek(0, os.SEEK_END)
                while position > 0:
                    if deadline.remaining_seconds() <= 0:
                        raise TimedOutError(self._source, "the file was not read within the deadline")
                    size = min(BLOCK_BYTES, position)
                    position -= size
                    file.seek(position)
                    yield file.read(size)
        except OSError as error:
            raise _leaf(self._source, error) from None

    def close(self) -> None:
        self._threads.close()


class Folder(Generic[T]):
    """Files that are written once, a row each, kept in memory once they were read.

    `parse` gives the row, or None for a file that is none. A first reading that takes longer than one deadline goes on
    at the next question. Of more than `max_files` the newest, by their names' times on disk, are kept.
    """

    def __init__(
        self, source: str, path: str, suffix: str, parse: Callable[[bytes], T | None], max_files: int = 200_000
    ) -> None:
        self._source = source
        self._path = path
        self._suffix = suffix
        self._parse = parse
        self._max_files = max_files
        self._threads = Threads(source)
        self._rows: dict[str, tuple[int, T | None]] = {}

    async def rows(self, deadline: Deadline) -> tuple[list[T], int, bool]:
        """The rows, how many files hold none, and whether there are files that were left out."""
        return await self._threads.run(lambda: self._refreshed(deadline), deadline)

    def _refreshed(self, deadline: Deadline) -> tuple[list[T], int, bool]:
        try:
            newest_first = sorted(self._listed(Path(self._path), deadline), reverse=True)
            chosen = {path: (changed, size) for changed, path, size in newest_first[: self._max_files]}
            for path in [path for path in list(self._rows) if path not in chosen]:
                self._rows.pop(path, None)
            for path, (changed, size) in chosen.items():
                if self._rows.get(path, (None,))[0] != changed:
                    if deadline.remaining_seconds() <= 0:
                        raise TimedOutError(self._source, "the folder was not read within the deadline")
                    row = None if size > MAX_FILE_BYTES else self._parse(Path(path).read_bytes())
                    self._rows[path] = changed, row
        except OSError as error:
            raise _leaf(self._source, error) from None
        told = [self._rows.get(path, (0, None))[1] for path in chosen]
        rows = [row for row in told if row is not None]
        return rows, len(chosen) - len(rows), len(newest_first) > len(chosen)

    def _listed(self, folder: Path, deadline: Deadline) -> Iterator[tuple[int, str, int]]:
        """Time, path and size of its files and those of its folders."""
        with os.scandir(folder) as entries:
            for entry in entries:
                if deadline.remaining_seconds() <= 0:
                    raise TimedOutError(self._source, "the folder was not read within the deadline")
                if entry.is_dir(follow_symlinks=False):
                    yield from self._listed(Path(entry.path), deadline)
                elif entry.name.endswith(self._suffix):
                    told = entry.stat()
                    yield told.st_mtime_ns, entry.path, told.st_size

    def close(self) -> None:
        self._threads.close()


def _leaf(source: str, error: OSError) -> ConnectorError:
    if isinstance(error, PermissionError):
        return RefusedError(source, "the file may not be read")
    return UnavailableError(source, "the file is not there, or cannot be read")
