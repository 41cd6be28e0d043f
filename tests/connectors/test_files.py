"""Logs are read from their end, folders a file at a time; both within bounds."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from connectors import files
from connectors.deadline import Deadline
from connectors.errors import MalformedError, TimedOutError, UnavailableError
from connectors.files import Folder, Logs
from tests.connectors.support import soon


def written(path: Path, count: int, start: int = 0) -> Path:
    path.write_bytes(
        b"".join(b"%06d|caller-%d|%s\n" % (n, n % 7, b"x" * (n % 50)) for n in range(start, start + count))
    )
    return path


@pytest.mark.parametrize("block", [1, 3, 64, 1000, 10**6])
async def test_lines_are_found_whatever_the_blocks(block: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(files, "BLOCK_BYTES", block)
    path = written(tmp_path / "log", 200)
    found = await Logs("desk", str(path)).lines_with([b"|caller-3|"], soon())
    assert found.is_whole
    assert [int(line[:6]) for line in found.lines] == [n for n in range(199, -1, -1) if n % 7 == 3]
    last = await Logs("desk", str(path)).last_line(soon())
    assert last is not None and last.startswith(b"000199|")


@pytest.mark.parametrize("block", [1, 50, 10**6])
async def test_a_line_that_is_still_being_written_is_none(block: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(files, "BLOCK_BYTES", block)
    path = written(tmp_path / "log", 20)
    with path.open("ab") as file:
        file.write(b"000020|caller-3|and no end")
    found = await Logs("desk", str(path)).lines_with([b"|caller-3|"], soon())
    assert [int(line[:6]) for line in found.lines] == [17, 10, 3]
    path.write_bytes(b"no end at all")
    assert (await Logs("desk", str(path)).lines_with([b"end"], soon())).lines == []


async def test_rotated_files_follow_by_age(tmp_path: Path):
    old, new = written(tmp_path / "log.1", 10), written(tmp_path / "log", 10, start=10)
    os.utime(old, (1, 1))
    found = await Logs("desk", f"{tmp_path}/log*").lines_with([b"|caller-3|", b"nobody"], soon())
    assert [int(line[:6]) for line in found.lines] == [17, 10, 3]
    assert new.exists()


async def test_reading_ends_where_lines_are_old_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(files, "BLOCK_BYTES", 200)
    path = written(tmp_path / "log", 2000)
    found = await Logs("desk", str(path)).lines_with([b"|caller-3|"], soon(), lambda line: line < b"001900")
    numbers = [int(line[:6]) for line in found.lines]
    assert found.is_whole and 1880 < min(numbers) <= 1900 and len(numbers) < 20


async def test_more_than_is_allowed_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(files, "BLOCK_BYTES", 200)
    path = written(tmp_path / "log", 2000)
    found = await Logs("desk", str(path), max_bytes=1000).lines_with([b"|caller-3|"], soon())
    assert not found.is_whole and 0 < len(found.lines) < 10
    monkeypatch.setattr(files, "MAX_LINES", 3)
    with pytest.raises(MalformedError, match="more than 3 lines"):
        await Logs("desk", str(path)).lines_with([b"caller"], soon())


async def test_the_deadline_ends_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(files, "BLOCK_BYTES", 1)
    ticks = iter([0.0, *[0.0] * 50, *[9.0] * 10_000])
    with pytest.raises(TimedOutError):
        await Logs("desk", str(written(tmp_path / "log", 500))).lines_with([b"x"], Deadline(5.0, lambda: next(ticks)))


async def test_no_needle_finds_nothing_and_no_file_is_an_error(tmp_path: Path):
    assert (await Logs("desk", str(tmp_path / "none")).lines_with([], soon())).lines == []
    with pytest.raises(UnavailableError):
        await Logs("desk", str(tmp_path / "none*")).lines_with([b"x"], soon())


def number(content: bytes) -> int | None:
    return int(content) if content.isdigit() else None


async def test_a_folder_gives_a_row_a_file_and_reads_each_once(tmp_path: Path):
    read: list[bytes] = []

    def parse(content: bytes) -> int | None:
        read.append(content)
        return number(content)

    (tmp_path / "2026").mkdir()
    for n in range(5):
        (tmp_path / "2026" / f"{n}.json").write_text(str(n))
    (tmp_path / "bad.json").write_text("no number")
    (tmp_path / "other.txt").write_text("7")
    folder = Folder("desk", str(tmp_path), ".json", parse)
    rows, dropped, is_capped = await folder.rows(soon())
    assert (sorted(rows), dropped, is_capped) == ([0, 1, 2, 3, 4], 1, False)
    await folder.rows(soon())
    assert len(read) == 6
    (tmp_path / "bad.json").write_text("5")
    os.utime(tmp_path / "bad.json", (1, 1))
    (tmp_path / "2026" / "0.json").unlink()
    rows, dropped, _ = await folder.rows(soon())
    assert (sorted(rows), dropped) == ([1, 2, 3, 4, 5], 0)
    assert len(read) == 7


async def test_a_folder_keeps_the_newest_files(tmp_path: Path):
    for n in range(5):
        (tmp_path / f"{n}.json").write_text(str(n))
        os.utime(tmp_path / f"{n}.json", (n, n))
    rows, _, is_capped = await Folder("desk", str(tmp_path), ".json", number, max_files=2).rows(soon())
    assert (rows, is_capped) == ([4, 3], True)


async def test_a_first_reading_goes_on_where_it_stopped(tmp_path: Path):
    for n in range(50):
        (tmp_path / f"{n}.json").write_text(str(n))
    calls = 0

    def parse(content: bytes) -> int | None:
        nonlocal calls
        calls += 1
        return number(content)

    folder = Folder("desk", str(tmp_path), ".json", parse)
    ticks = iter([*[0.0] * 80, *[9.0] * 1000])
    with pytest.raises(TimedOutError):
        await folder.rows(Deadline(5.0, lambda: next(ticks)))
    assert 0 < calls < 50
    rows, _, _ = await folder.rows(soon())
    assert len(rows) == calls == 50


async def test_a_folder_that_is_gone_is_an_error(tmp_path: Path):
    with pytest.raises(UnavailableError):
        await Folder("desk", str(tmp_path / "none"), ".json", number).rows(soon())
