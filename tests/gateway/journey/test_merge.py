"""What is certain, who must be asked for more, and where a bound stops everybody."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from gateway.journey.merge import Lane, comes_first, plan
from gateway.visibility import Judge, Shown
from tests.gateway.support import NOW, FakeVendor, deployment_of, place_of, record_of, row_of, supervisor

MINUTE = timedelta(minutes=1)
NAMES = ("calls", "chats", "desk")
JUDGE = Judge(deployment_of([FakeVendor(name) for name in NAMES]), supervisor())


def shown(source: str, minutes: int, name: str = "1") -> Shown:
    found = JUDGE.show(row_of(source, f"{minutes}-{name}", NOW - minutes * MINUTE), record_of(source))
    assert found is not None
    return found


def lane(source: str, *minutes: int, ascending: bool = False, **fields: object) -> Lane:
    found = Lane(source, ascending)
    found.rows.extend(shown(source, at) for at in sorted(minutes, reverse=ascending))
    for field, value in fields.items():
        setattr(found, field, value)
    return found


def ago(minutes: int) -> datetime:
    return NOW - minutes * MINUTE


def given(lanes: list[Lane], count: int = 10, ignoring: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    return [(s.row.source, s.row.external_id) for s in plan(lanes, count, ignoring).rows]


def test_a_lane_that_has_not_answered_holds_everybody_up():
    calls, chats = lane("calls", 1, 2, done=True), lane("chats")
    assert given([calls, chats]) == []
    assert [one.source for one in plan([calls, chats], 10).hungry] == ["chats"]
    assert given([calls, chats], ignoring=("chats",)) == [("calls", "1-1"), ("calls", "2-1")]


@pytest.mark.parametrize("ascending", [False, True])
def test_a_lane_holds_up_only_what_it_may_still_precede(ascending: bool):
    """`chats` has given all up to minute 3; a row of that very minute may still have a neighbour in front."""
    rows = (2, 3, 4) if not ascending else (4, 3, 2)
    calls = lane("calls", *rows, ascending=ascending, done=True)
    chats = lane("chats", ascending=ascending, reached=ago(3))
    found = plan([calls, chats], 10)
    assert [s.row.external_id for s in found.rows] == [f"{rows[0]}-1"]
    assert [one.source for one in found.hungry] == ["chats"]


def test_nobody_is_asked_for_more_than_is_needed():
    calls, chats = lane("calls", 1, 2, 3, reached=ago(4)), lane("chats", 9, reached=ago(10))
    assert len(given([calls, chats], 3)) == 3
    assert plan([calls, chats], 3).hungry == []
    assert [one.source for one in plan([calls, chats], 4).hungry] == ["calls"]


@pytest.mark.parametrize("ascending", [False, True])
def test_nothing_is_given_from_the_instant_on_at_which_a_bound_struck(ascending: bool):
    minutes = (1, 5, 9)
    calls = lane("calls", *minutes, ascending=ascending, done=True)
    chats = lane("chats", ascending=ascending, done=True, stopped_at=ago(5))
    found = plan([calls, chats], 10)
    assert [s.row.external_id for s in found.rows] == ["9-1" if ascending else "1-1"]
    assert found.stopped_at == ago(5) and not found.hungry and not found.ended


@pytest.mark.parametrize("ascending", [False, True])
def test_of_two_bounds_the_nearer_counts(ascending: bool):
    calls = lane("calls", 2, 5, 8, ascending=ascending, done=True)
    chats = lane("chats", ascending=ascending, done=True, stopped_at=ago(6))
    desk = lane("desk", ascending=ascending, done=True, stopped_at=ago(4))
    found = plan([calls, chats, desk], 10)
    assert found.stopped_at == (ago(6) if ascending else ago(4))
    assert [s.row.external_id for s in found.rows] == ["8-1" if ascending else "2-1"]


def test_a_bound_behind_rows_of_its_own_lane_does_not_stop_those():
    calls = lane("calls", 1, 2, done=True, stopped_at=ago(4))
    desk = lane("desk", 3, done=True)
    assert given([calls, desk]) == [("calls", "1-1"), ("calls", "2-1"), ("desk", "3-1")]
    assert plan([calls, desk], 10).stopped_at == ago(4)


def test_the_end_is_the_end_of_all():
    assert plan([lane("calls", 1, done=True), lane("desk", done=True)], 10).ended
    assert plan([], 10).ended
    assert not plan([lane("calls", 1, 2, done=True)], 1).ended


def test_who_comes_first_is_the_journeys_order_and_its_reverse():
    places = [
        place_of(row_of(source, name, ago(minutes)))
        for minutes in (1, 2)
        for source in ("calls", "desk")
        for name in ("a", "b")
    ]
    for one, first in enumerate(places):
        for other, second in enumerate(places):
            if one != other:
                assert comes_first(first, second, ascending=False) is (one < other)
                assert comes_first(first, second, ascending=True) is (one > other)
