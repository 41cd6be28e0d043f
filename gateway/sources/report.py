"""How a source answered: one report each, whatever happened."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from math import ceil

import msgspec

from connectors.errors import (
    ConnectorError,
    MalformedError,
    RateLimitedError,
    RefusedError,
    TimedOutError,
)


class SourceState(StrEnum):
    FRESH = "FRESH"
    CACHED = "CACHED"
    STALE = "STALE"
    PENDING = "PENDING"
    TIMED_OUT = "TIMED_OUT"
    UNAVAILABLE = "UNAVAILABLE"
    RATE_LIMITED = "RATE_LIMITED"
    REFUSED = "REFUSED"
    MALFORMED = "MALFORMED"


class SourceHealth(StrEnum):
    UP = "UP"
    DEGRADED = "DEGRADED"
    DOWN = "DOWN"
    UNKNOWN = "UNKNOWN"


ANSWERED = frozenset({SourceState.FRESH, SourceState.CACHED})
GIVES_ROWS = ANSWERED | {SourceState.STALE}

_MESSAGES = {
    SourceState.PENDING: "Not answered yet; it is still being asked.",
    SourceState.STALE: "Cannot be asked at the moment: this is what it said earlier.",
    SourceState.TIMED_OUT: "Did not answer in time.",
    SourceState.UNAVAILABLE: "Cannot be reached at the moment.",
    SourceState.RATE_LIMITED: "Asked us to slow down.",
    SourceState.REFUSED: "Does not accept the gateway's credential; an operator must look.",
    SourceState.MALFORMED: "Answered with something that is not what its description promises.",
}
CAPPED_MESSAGE = "The system behind it gives only the newest of its rows."


class Report(msgspec.Struct, gc=False, frozen=True):
    """`state` of one source in one answer; `capped`: its vendor keeps rows back, so it is not complete."""

    source: str
    state: SourceState = SourceState.FRESH
    items: int = 0
    as_of: datetime | None = None
    retry_after_seconds: int | None = None
    capped: bool = False

    @property
    def complete(self) -> bool:
        return self.state in ANSWERED and not self.capped

    @property
    def message(self) -> str | None:
        """For people; names no address, credential or customer."""
        return _MESSAGES.get(self.state) or (CAPPED_MESSAGE if self.capped else None)


def report_of(source: str, error: ConnectorError) -> Report:
    """Each leaf of the connectors' error tree has its state."""
    if isinstance(error, RateLimitedError):
        wait = error.retry_after_seconds
        return Report(source, SourceState.RATE_LIMITED, retry_after_seconds=None if wait is None else ceil(wait))
    if isinstance(error, TimedOutError):
        return Report(source, SourceState.TIMED_OUT)
    if isinstance(error, RefusedError):
        return Report(source, SourceState.REFUSED)
    if isinstance(error, MalformedError):
        return Report(source, SourceState.MALFORMED)
    return Report(source, SourceState.UNAVAILABLE)


def worse(one: Report, other: Report) -> Report:
    """Of two answers of one source that are shown as one: the failure, else the stale, else the older one."""
    return max(one, other, key=_badness)


def _badness(report: Report) -> tuple[int, float]:
    rank = _RANK.get(report.state, len(_RANK))
    return rank, -report.as_of.timestamp() if report.as_of else 0.0


_RANK = {SourceState.FRESH: 0, SourceState.CACHED: 1, SourceState.STALE: 2}
