"""Long windows through short queries."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from connectors.telephony.genesys_chunks import Chunk, ChunkPage, Plan

END = datetime(2026, 11, 23, 9, 5, tzinfo=UTC)
START = END - timedelta(days=558)
NOTHING = ChunkPage((), is_last=True)


@pytest.mark.parametrize("ascending", [True, False])
def test_chunks_follow_each_other_over_every_day_of_the_window(ascending: bool) -> None:
    plan = Plan.over(START, END, ascending, 25)
    rounds: list[list[Chunk]] = []
    while not plan.done:
        asked = plan.next_chunks()
        rounds.append(list(asked))
        plan = plan.after(asked, [NOTHING] * len(asked))
    assert [len(asked) for asked in rounds] == [1, 2, 4, 8, 4]
    chunks = [chunk for asked in rounds for chunk in asked]
    if not ascending:
        chunks.reverse()
    assert chunks[0].start == datetime(2025, 5, 14, tzinfo=UTC)
    assert chunks[-1].end == datetime(2026, 11, 24, tzinfo=UTC)
    assert all(one.end == other.start for one, other in pairwise(chunks))
    assert all(chunk.end - chunk.start <= timedelta(days=31) for chunk in chunks)


def test_an_interval_does_not_touch_the_day_after() -> None:
    chunk = Chunk(datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 3, tzinfo=UTC))
    assert chunk.interval == "2026-11-01T00:00:00.000Z/2026-11-02T23:59:59.999Z"


def test_a_window_that_ends_at_midnight_does_not_touch_that_day() -> None:
    midnight = datetime(2026, 11, 3, tzinfo=UTC)
    assert Plan.over(midnight - timedelta(hours=2), midnight, True, 25).limit == midnight


@pytest.mark.parametrize("ascending", [True, False])
def test_it_is_reached_what_the_nearest_unfinished_chunk_gave(ascending: bool) -> None:
    plan = Plan.over(START, END, ascending, 25)
    plan = plan.after(plan.next_chunks(), [NOTHING])
    near, far = plan.next_chunks()
    at = near.start + timedelta(days=3)
    outside = near.start - timedelta(days=1), near.end + timedelta(days=1)
    pages = [ChunkPage((at, *outside), is_last=False), ChunkPage((far.start,), is_last=False)]
    plan = plan.after((near, far), pages)
    assert plan.reached == at
    assert plan.next_chunks() == (Chunk(near.start, near.end, 2, at),)
    plan = plan.after(plan.next_chunks(), [ChunkPage((), is_last=True)])
    assert plan.reached == far.start
    assert plan.next_chunks() == (Chunk(far.start, far.end, 2, far.start),)


def test_a_page_of_which_nothing_could_be_read_reaches_nothing() -> None:
    plan = Plan.over(START, END, False, 25)
    asked = plan.next_chunks()
    plan = plan.after(asked, [ChunkPage((), is_last=False)])
    assert plan.reached == asked[0].end


def test_a_busy_customer_is_read_chunk_by_chunk() -> None:
    plan = Plan.over(START, END, False, 2)
    asked = plan.next_chunks()
    plan = plan.after(asked, [ChunkPage((asked[0].start, asked[0].start), is_last=True)])
    assert len(plan.next_chunks()) == 1
