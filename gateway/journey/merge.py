"""One list out of many sources: a k-way merge that pulls only what the next page needs.

Pure: lanes are told what their source gave, and say which rows are certain and who must be asked for more. Nothing
is shown from behind a place where an answering source may still have a row in front; a source that failed holds
nobody up.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from typing import NamedTuple

from connectors.base import Position
from gateway.visibility import Shown

LAST_CHARACTER = "\U0010ffff"


@dataclass(slots=True)
class Lane:
    """One source's part of a read.

    rows: shown and kept, in reading order, all on this side of `reached`: the instant up to which everything has
    come. done: nothing more will come. stopped_at: it is done because a bound struck there, not because it ended.
    """

    source: str
    ascending: bool = False
    rows: list[Shown] = field(default_factory=list)
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
    open_lanes = [lane for lane in lanes if not lane.done and lane.source not in ignoring]
    unread = [lane for lane in open_lanes if lane.reached is None]
    if unread and count:
        return Plan([], unread, False, None)
    ordered = _in_reading_order(lanes)
    ascending = bool(lanes) and lanes[0].ascending
    edges = [edge for edge in (lane.reached for lane in open_lanes) if edge is not None]
    stops = [lane.stopped_at for lane in lanes if lane.stopped_at is not None]
    rows = ordered[: min(count, _certain(ordered, [*edges, *stops], ascending))]
    if len(rows) == count:
        return Plan(rows, [], False, None)
    candidate = ordered[len(rows)].position if len(rows) < len(ordered) else None
    hungry = [lane for lane in open_lanes if candidate is None or lane.may_precede(candidate)]
    if hungry:
        return Plan(rows, hungry, False, None)
    if stops:
        return Plan(rows, [], False, min(stops) if ascending else max(stops))
    return Plan(rows, [], True, None)


def _in_reading_order(lanes: Sequence[Lane]) -> list[Shown]:
    """All rows: by time, then, since sorting keeps the order of equals, by source and within it as they came."""
    by_source = sorted(lanes, key=lambda lane: lane.source, reverse=bool(lanes) and lanes[0].ascending)
    rows = [shown for lane in by_source for shown in lane.rows]
    rows.sort(key=_started_at, reverse=not (lanes and lanes[0].ascending))
    return rows


_started_at = attrgetter("position.started_at")


def _certain(ordered: Sequence[Shown], edges: Sequence[datetime], ascending: bool) -> int:
    """How many of the rows stand in front of every edge: nothing that is still to come can stand among them."""
    if not edges:
        return len(ordered)
    if ascending:
        return bisect_left(ordered, min(edges), key=_started_at)
    return bisect_left(ordered, -max(edges).timestamp(), key=lambda shown: -_started_at(shown).timestamp())


def comes_first(one: Position, other: Position, ascending: bool) -> bool:
    """Whether a reader meets `one` before `other`."""
    if one.started_at != other.started_at:
        return (one.started_at > other.started_at) is not ascending
    return ((one.source, one.external_id) < (other.source, other.external_id)) is not ascending


def edge_position(at: datetime, ascending: bool) -> Position:
    """A position with every row of the instant `at` still ahead of the reader."""
    mark = LAST_CHARACTER if ascending else ""
    return Position(at, mark, mark)
