"""A list is read whole, whatever its ties, its gaps and the size of its answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.base import Query, Window
from connectors.campaign.seeking import MOST_ROWS, Place

BEGIN = datetime(2026, 11, 1, tzinfo=UTC)


def read(times: list[datetime], size: int, ascending: bool, most_a_batch: int) -> tuple[list[int], bool]:
    """Every row's number as it is given first, and whether some were left out."""
    rows = sorted(enumerate(times), key=lambda row: (row[1], row[0]), reverse=not ascending)
    query, place = Query(Window(), size, ascending), Place()
    given_: dict[int, None] = {}
    for _ in range(len(times) * 3 + 10):
        window = place.window(query)
        wanted = [row for row in rows if window.holds(row[1])][: place.limit(size)]
        batch = wanted[:most_a_batch]
        given_.update(dict.fromkeys(number for number, _ in batch))
        following = place.follow([at for _, at in batch], len(batch), size, ascending, len(batch) == len(wanted))
        if following is None:
            return list(given_), place.capped
        assert following != place
        place = following
    raise AssertionError("it never ends")


@given(
    st.lists(st.integers(0, 40), max_size=60),
    st.integers(1, 9),
    st.booleans(),
)
def test_every_row_is_given_in_its_order(offsets: list[int], size: int, ascending: bool) -> None:
    times = [BEGIN + timedelta(milliseconds=300 * offset) for offset in offsets]
    numbers, capped = read(times, size, ascending, most_a_batch=1000)
    assert not capped and set(numbers) == set(range(len(times)))
    told = [times[number] for number in numbers]
    assert told == sorted(told, reverse=not ascending)


def test_answers_that_are_cut_short_are_read_on() -> None:
    times = [BEGIN + timedelta(seconds=second) for second in range(50)]
    numbers, capped = read(times, 25, ascending=False, most_a_batch=7)
    assert (len(numbers), capped) == (50, False)


@pytest.mark.parametrize("ascending", [False, True])
def test_a_second_with_more_than_a_query_gives_is_capped_and_left(ascending: bool) -> None:
    tied = MOST_ROWS + 500
    times = [BEGIN - timedelta(seconds=5), *[BEGIN] * tied, BEGIN + timedelta(seconds=5)]
    numbers, capped = read(times, 100, ascending, most_a_batch=MOST_ROWS)
    assert capped and {0, tied + 1} <= set(numbers) and len(numbers) == MOST_ROWS + 2


def test_rows_that_cannot_be_read_do_not_stop_it() -> None:
    place = Place().follow([], 5, 5, False, True)
    assert place == Place(None, 5) and place.limit(5) == 10
    assert Place(None, MOST_ROWS - 5).follow([], MOST_ROWS, 5, False, True) is None
