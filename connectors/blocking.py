"""Work that blocks (files, databases) off the event loop, in few threads of its own, within a deadline."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from connectors.deadline import Deadline
from connectors.errors import TimedOutError

T = TypeVar("T")

MAX_THREADS = 4
"""Of one source. A disk or database that hangs keeps this many threads, and nobody else's."""


class Threads:
    def __init__(self, source: str) -> None:
        self._source = source
        self._pool = ThreadPoolExecutor(MAX_THREADS, thread_name_prefix=f"{source}-reading")

    async def run(self, work: Callable[[], T], deadline: Deadline) -> T:
        """What `work` gives; it must itself look at the deadline now and then, since nothing can end its thread."""
        seconds = deadline.remaining_seconds()
        if seconds <= 0:
            raise TimedOutError(self._source, "no answer within the deadline")
        try:
            async with asyncio.timeout(seconds):
                return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        except TimeoutError:
            raise TimedOutError(self._source, "no answer within the deadline") from None

    def close(self) -> None:
        """Without waiting for what hangs."""
        self._pool.shutdown(wait=False, cancel_futures=True)
