"""What is copied is copied alike into both databases."""

import pytest

from gateway.harvest import fallback
from tests.gateway.store.conftest import cluster, place, store

__all__ = ["cluster", "place", "store"]


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine is no fault of the store's."""
    monkeypatch.setattr(fallback, "READING_SECONDS", 30.0)
