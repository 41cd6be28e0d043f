"""A cursor holds a position and the question it belongs to: no rights, no viewer, nothing about hidden rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import NamedTuple

import msgspec

from connectors.base import Position, Window
from gateway.sealing import Sealer

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Opened(NamedTuple):
    """`window`: as it stood when the first page was asked for, so that later pages go on in the same one."""

    position: Position
    window: Window


class _Content(msgspec.Struct, frozen=True, array_like=True):
    question: bytes
    at: int
    source: str
    external_id: str
    start: int | None
    end: int | None


def digest_of(question: object) -> bytes:
    """The filter as sent, in 16 bytes: what a cursor is compared with when it comes back."""
    return blake2b(msgspec.json.encode(question, order="sorted"), digest_size=16).digest()


class Cursors:
    """Seals and opens the cursors of one question (a filter as sent, a search text)."""

    def __init__(self, sealer: Sealer, question: bytes, window: Window) -> None:
        self._sealer = sealer
        self._question = question
        self._start = _ticks(window.start)
        self._end = _ticks(window.end)

    def seal(self, position: Position) -> str:
        at = _ticks(position.started_at)
        assert at is not None
        return self._sealer.seal(
            _Content(self._question, at, position.source, position.external_id, self._start, self._end)
        )


def open_cursor(sealer: Sealer, text: str, question: bytes) -> Opened | None:
    """None for a cursor that this deployment did not give, or gave for another question."""
    content = sealer.open(text, _Content)
    if content is None or content.question != question:
        return None
    at = _instant(content.at)
    assert at is not None
    return Opened(
        Position(at, content.source, content.external_id), Window(_instant(content.start), _instant(content.end))
    )


def _ticks(at: datetime | None) -> int | None:
    return None if at is None else (at - _EPOCH) // _MICROSECOND


def _instant(ticks: int | None) -> datetime | None:
    return None if ticks is None else _EPOCH + ticks * _MICROSECOND
