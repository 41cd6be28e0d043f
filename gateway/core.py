"""The running gateway: what every operation stands on. Built once, by `gateway.build`."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from gateway.customers.identity import IdentityRules
from gateway.deployment import Deployment
from gateway.graph.ids import Ids
from gateway.journey.liveness import LivenessLimits
from gateway.sealing import Sealer
from gateway.sources.cache import SourceCache
from gateway.sources.source import Source
from gateway.viewer.viewer import Viewer
from gateway.visibility import Judge

MAX_JUDGES = 2_000
MAX_NODES = 4_096


@dataclass(slots=True)
class Remembered:
    """Things that are the same for every viewer of one deployment, such as the nodes of its queues and agents."""

    deployment: Deployment | None = None
    things: dict[Hashable, Any] = field(default_factory=dict)

    def under(self, deployment: Deployment) -> dict[Hashable, Any]:
        """Forgotten when the deployment is another one, and now and then, since vendors may name ever more."""
        if deployment is not self.deployment or len(self.things) > MAX_NODES:
            self.deployment, self.things = deployment, {}
        return self.things


@dataclass(frozen=True, slots=True)
class Clocks:
    """Wall clock for data, monotonic clock (seconds) for waits; passed in so that tests can stop them."""

    utc_now: Callable[[], datetime] = lambda: datetime.now(UTC)
    monotonic: Callable[[], float] = time.monotonic


@dataclass(frozen=True, slots=True)
class Gateway:
    """`deployment` is a function, since licence, divisions and profiles are read again while it runs.

    sources: in the order of the configuration. namespaces: names that an external id may belong to beside sources.
    repeat_within: a customer who comes back so soon has not been helped yet.
    """

    deployment: Callable[[], Deployment]
    sources: Mapping[str, Source]
    identity: IdentityRules
    ids: Ids
    cursors: Sealer
    deadline_seconds: float
    limits: LivenessLimits = field(default_factory=LivenessLimits)
    repeat_within: timedelta = timedelta(days=7)
    namespaces: frozenset[str] = frozenset()
    time_zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    region: str | None = None
    clocks: Clocks = field(default_factory=Clocks)
    cache: SourceCache | None = None
    nodes: Remembered = field(default_factory=Remembered, repr=False)
    judges: OrderedDict[int, Judge] = field(default_factory=OrderedDict, repr=False)

    def judge(self, viewer: Viewer) -> Judge:
        """The rule for a viewer under the rights in force; kept, since it remembers what it found out."""
        deployment = self.deployment()
        known = self.judges.get(id(viewer))
        if known is not None and known.viewer is viewer and known.deployment is deployment:
            return known
        judge = self.judges[id(viewer)] = Judge(deployment, viewer)
        if len(self.judges) > MAX_JUDGES:
            self.judges.popitem(last=False)
        return judge

    async def aclose(self) -> None:
        if self.cache is not None:
            await self.cache.aclose()
        for source in self.sources.values():
            await source.aclose()
