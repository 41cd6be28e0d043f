"""One test of many faults: each is tried, whatever the others did, and all that went wrong is told together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

import pytest

from connectors.testing.faults import Fault


class Verdicts:
    """Leaving it raises what failed, by the names of the faults. about: what was tried."""

    def __init__(self, about: str) -> None:
        self._about = about
        self._failed: dict[str, Exception] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._failed and raised is None:
            raise ExceptionGroup(f"{self._about}, with {'; '.join(self._failed)}", list(self._failed.values()))

    @contextmanager
    def of(self, fault: Fault) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            error.add_note(f"with the fault {fault.name!r}")
            self._failed[fault.name] = error
        except pytest.fail.Exception as error:  # no Exception, so it cannot be one of a group
            self._failed[fault.name] = AssertionError(f"{error}, with the fault {fault.name!r}")
