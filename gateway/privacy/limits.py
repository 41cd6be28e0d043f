"""How often one caller may look: a bucket that fills by itself, and is emptied by one for each question."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from math import ceil

import msgspec

from gateway.errors import RateLimitedError

MAX_CALLERS = 20_000


class _Bucket(msgspec.Struct):
    """`left` at `at`, in monotonic seconds."""

    left: float
    at: float


class RateLimiter:
    """`burst` questions at once, and `per_second` in the long run, of each caller. In memory, of this process."""

    def __init__(self, per_second: float, burst: int, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_second
        self._burst = burst
        self._monotonic = monotonic
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, caller: str, count: int = 1) -> None:
        """Raises `RateLimitedError`, and then nothing is taken."""
        now = self._monotonic()
        bucket = self._buckets.get(caller)
        if bucket is None:
            bucket = self._buckets[caller] = _Bucket(float(self._burst), now)
            if len(self._buckets) > MAX_CALLERS:  # whoever was away longest has a full bucket again by now
                self._buckets.popitem(last=False)
        else:
            self._buckets.move_to_end(caller)
            bucket.left = min(self._burst, bucket.left + (now - bucket.at) * self._per_second)
            bucket.at = now
        if bucket.left < count:
            raise RateLimitedError(retry_after_seconds=ceil((count - bucket.left) / self._per_second))
        bucket.left -= count
