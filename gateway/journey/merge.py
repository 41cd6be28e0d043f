"""One list out of many sources: a k-way merge that pulls only what the next page needs.

Pure: lanes are told what their source gave, and say which rows are certain and who must be asked for more. Nothing
is shown from behind a place where an answering source may still have a row in front; a source that failed holds
nobody up.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from connectors.base import Position
from gateway.visibility import Shown

LAST_CHARACTER = "\U0010ffff"


@dataclass(slots=True)
class Lane:
    """One source's part of a read.

    rows: shown and kept, in reading order, not yet given. reached: everything on this side of that instant has
    come. done: nothing more will come. stopped_at: it is done because a bound struck there, not because it ended.
    """

    source: str
    ascending: bool = False
    rows: deque[Shown] = field(default_factory=deque)
    reached: datetime | None = None
    done: bool = False
    stopped_at: datetime | None = None

    def add(self, rows: Iterable[Shown], reached: datetime | None, *, done: bool) -> None:
        self.rows.extend(rows)
        self.reached = reached if reached is not None else self.reached
        self.done = done

    def may_precede(self, position: Position) -> bool:
        """Whether a row still to come may stand in front of (or, reading upwards, before) that position."""
        if self.done:
            return False
        if self.reached is None:
            return True
        return position.started_at >= self.reached if self.ascending else position.started_at <= self.reached


class Plan(NamedTuple):
    """rows: certain, in reading order. hungry: lanes that must give more before the next row is certain.
    ended: no lane has anything left. stopped_at: a bound struck there, and nothing beyond may be given."""

    rows: list[Shown]
    hungry: list[Lane]
    ended: bool
    stopped_at: datetime | None


def plan(lanes: Sequence[Lane], count: int, ignoring: Collection[str] = ()) -> Plan:
    """At most `count` rows. Lanes named in `ignoring` are taken to have nothing more than what they gave."""
    heads = [0] * len(lanes)
    rows: list[Shown] = []
    while len(rows) < count:
        best = _best_head(lanes, heads)
        candidate = None if best is None else lanes[best].rows[heads[best]]
        hungry = [
            lane
            for place, lane in enumerate(lanes)
            if heads[place] >= len(lane.rows)
            and not lane.done
            and lane.source not in ignoring
            and (candidate is None or lane.may_precede(candidate.position))
        ]
        if hungry:
            return Plan(rows, hungry, False, None)
        stop = _nearest_stop(lanes, heads, candidate)
        if stop is not None:
            return Plan(rows, [], False, stop)
        if best is None or candidate is None:
            return Plan(rows, [], True, None)
        rows.append(candidate)
        heads[best] += 1
    return Plan(rows, [], False, None)


def _best_head(lanes: Sequence[Lane], heads: Sequence[int]) -> int | None:
    best: int | None = None
    for place, lane in enumerate(lanes):
        if heads[place] < len(lane.rows) and (
            best is None
            or comes_first(lane.rows[heads[place]].position, lanes[best].rows[heads[best]].position, lane.ascending)
        ):
            best = place
    return best


def comes_first(one: Position, other: Position, ascending: bool) -> bool:
    """Whether a reader meets `one` before `other`."""
    if one.started_at != other.started_at:
        return (one.started_at > other.started_at) is not ascending
    return ((one.source, one.external_id) < (other.source, other.external_id)) is not ascending


def _nearest_stop(lanes: Sequence[Lane], heads: Sequence[int], candidate: Shown | None) -> datetime | None:
    """Where a bound struck in front of the candidate: rows of that source may be missing from there on."""
    stops = [lane.stopped_at for place, lane in enumerate(lanes) if lane.stopped_at and heads[place] >= len(lane.rows)]
    if not stops:
        return None
    ascending = lanes[0].ascending
    nearest = min(stops) if ascending else max(stops)
    if candidate is None:
        return nearest
    at = candidate.position.started_at
    return nearest if (at >= nearest if ascending else at <= nearest) else None


def edge_position(at: datetime, ascending: bool) -> Position:
    """A position with every row of the instant `at` still ahead of the reader."""
    mark = LAST_CHARACTER if ascending else ""
    return Position(at, mark, mark)
