"""What connector tests share: a connector over a respx router, and a clock that stands still."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import httpx
import respx

from connectors.base import SourceConfig, VendorConnector
from connectors.deadline import Deadline

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
C = TypeVar("C", bound=VendorConnector)


def soon() -> Deadline:
    """A deadline that real tests never reach."""
    return Deadline.after(30)


def samples_beside(module: str) -> Callable[[str], Any]:
    """By its name, what `samples/<name>.json` beside the test module holds."""
    folder = Path(module).parent / "samples"
    return lambda name: json.loads((folder / f"{name}.json").read_text())


def router() -> respx.MockRouter:
    """Every request must meet a route: an unmatched one fails the test."""
    return respx.MockRouter(assert_all_called=False)


def connect(cls: type[C], routes: respx.MockRouter, base_url: str, **config: Any) -> C:
    """The connector, asking `routes` instead of the network, at the moment `NOW`."""
    config.setdefault("name", cls.vendor)
    config.setdefault("region", "IT")
    transport = httpx.MockTransport(routes.async_handler)
    return cls(SourceConfig(base_url=base_url, **config), transport, utc_now=lambda: NOW)
