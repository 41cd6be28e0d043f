"""Several lists of a vendor read as one, for vendors that list by one customer, one address or one survey alone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

from connectors.base import EARLIEST, LATEST, Fetched, Query
from connectors.interaction import Interaction
from connectors.mapping import together

K = TypeVar("K")


@dataclass(frozen=True, slots=True)
class Batch:
    """What one call to one list brought.

    following: where the list goes on; None at its end. reached: see `Fetched`; None as long as nothing can be said.
    capped: the list has more but will not give it. dropped: rows that could not be mapped.
    """

    items: Sequence[Interaction]
    following: Any = None
    reached: datetime | None = None
    capped: bool = False
    dropped: int = 0


@dataclass(frozen=True, slots=True)
class _Open:
    """A list that has more. `place`: where it goes on, None at its beginning. `reached`: how far it has been given."""

    key: Any
    place: Any = None
    reached: datetime | None = None


async def side_by_side(
    query: Query, lists: Iterable[K], read: Callable[[K, Any], Awaitable[Batch]], at_once: int = 10
) -> Fetched:
    """The next page of the lists that hold the others back, of at most so many; `read` is given a list and a place.

    What all of them have reached is what the one that lags most has.
    """
    opened: tuple[_Open, ...] = query.cursor if query.cursor is not None else tuple(_Open(key) for key in lists)
    if not opened:
        return Fetched(())
    horizon = query.window.start or EARLIEST if query.ascending else query.window.end or LATEST
    lag = _lag(opened, horizon, query.ascending)
    due = [one for one in opened if (one.reached or horizon) == lag][:at_once]
    batches = await together(_read(read, one) for one in due)
    going_on = (
        replace(one, place=batch.following, reached=batch.reached or one.reached)
        for one, batch in zip(due, batches, strict=True)
        if batch.following is not None
    )
    left = (*(one for one in opened if one not in due), *going_on)
    return Fetched(
        items=[row for batch in batches for row in batch.items],
        cursor=left or None,
        reached=_lag(left, horizon, query.ascending) if left else None,
        capped=any(batch.capped for batch in batches),
        dropped=sum(batch.dropped for batch in batches),
    )


async def _read(read: Callable[[Any, Any], Awaitable[Batch]], one: _Open) -> Batch:
    return await read(one.key, one.place)


def _lag(opened: Sequence[_Open], horizon: datetime, ascending: bool) -> datetime:
    times = (one.reached or horizon for one in opened)
    return min(times) if ascending else max(times)
