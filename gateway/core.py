"""The running gateway: what every operation stands on. Built once, by `gateway.build`."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from gateway.customers.identity import IdentityRules
from gateway.deployment import Deployment
from gateway.graph.ids import Ids
from gateway.journey.liveness import LivenessLimits
from gateway.sealing import Sealer
from gateway.sources.source import Source


@dataclass(frozen=True, slots=True)
class Clocks:
    """Wall clock for data, monotonic clock (seconds) for waits; passed in so that tests can stop them."""

    utc_now: Callable[[], datetime] = lambda: datetime.now(UTC)
    monotonic: Callable[[], float] = time.monotonic


@dataclass(frozen=True, slots=True)
class Gateway:
    """`deployment` is a function, since licence, divisions and profiles are read again while it runs.

    sources: in the order of the configuration. namespaces: names that an external id may belong to beside sources.
    """

    deployment: Callable[[], Deployment]
    sources: Mapping[str, Source]
    identity: IdentityRules
    ids: Ids
    cursors: Sealer
    deadline_seconds: float
    limits: LivenessLimits = field(default_factory=LivenessLimits)
    namespaces: frozenset[str] = frozenset()
    time_zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    region: str | None = None
    clocks: Clocks = field(default_factory=Clocks)

    async def aclose(self) -> None:
        for source in self.sources.values():
            await source.aclose()
