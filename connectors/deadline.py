"""A point in monotonic time that everything done for one operation shares."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


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
