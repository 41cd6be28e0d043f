"""A point in monotonic time that everything done for one operation shares."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from connectors.errors import TimedOutError


@dataclass(frozen=True, slots=True)
class Deadline:
    """`at` is on the scale of `clock` (seconds); `clock` is passed in so that tests can move time."""

    at: float
    clock: Callable[[], float] = time.monotonic

    @classmethod
    def after(cls, seconds: float, clock: Callable[[], float] = time.monotonic) -> Deadline:
        return cls(clock() + seconds, clock)

    def remaining_seconds(self) -> float:
        """Seconds left; zero or less when it has passed."""
        return self.at - self.clock()


@asynccontextmanager
async def alone(lock: asyncio.Lock, source: str, deadline: Deadline) -> AsyncIterator[None]:
    """With the lock held, unless somebody with more time keeps it for longer than there is."""
    try:
        async with asyncio.timeout(deadline.remaining_seconds()):
            await lock.acquire()
    except TimeoutError:
        raise TimedOutError(source, "no session within the deadline") from None
    try:
        yield
    finally:
        lock.release()
