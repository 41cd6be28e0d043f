"""Reading changes from vendors that list rows by the time of their last change, oldest first, in numbered pages.

A page is followed by a question that begins at the instant of its last row, since numbers of pages shift while rows
change. Only within an instant that fills more than a page they are counted, and then read once more backwards: a row
that changes leaves the instant and moves those behind it forward by one, which is how a reader who goes on misses one,
and a reader who comes back meets one twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from connectors.base import LATE, Place


def follow(place: Place, times: Iterable[datetime], is_full: bool, asked_at: datetime) -> tuple[Place, bool]:
    """Where the next call goes on, and whether there is more at once.

    times: when the rows of this page changed. is_full: whether the vendor may have more behind it. What changed within
    the last two minutes is read again by the next round: not all of it may have come to light.
    """
    if place.until is not None:
        before = Place(place.since, place.page - 1, place.until)
        return before if before.page else Place(place.until), True
    last = max(times, default=place.since)
    if is_full and last <= place.since:
        return Place(place.since, place.page + 1), True
    until = last if is_full else asked_at - LATE
    if place.page > 1:
        return Place(place.since, place.page - 1, until), True
    return Place(until), is_full
