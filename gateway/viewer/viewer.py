"""A viewer: who asks, and what they were granted where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from gateway.deployment import WorkProfile


class ViewerKind(StrEnum):
    AGENT = "AGENT"
    SUPERVISOR = "SUPERVISOR"
    SERVICE = "SERVICE"
    WIDGET = "WIDGET"


@dataclass(frozen=True, slots=True)
class Scope:
    """Where something is held: in every division, or in some."""

    everywhere: bool = False
    divisions: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return self.everywhere or bool(self.divisions)

    def holds(self, division: str) -> bool:
        return self.everywhere or division in self.divisions

    def __or__(self, other: Scope) -> Scope:
        return Scope(self.everywhere or other.everywhere, self.divisions | other.divisions)

    def __and__(self, other: Scope) -> Scope:
        if self.everywhere:
            return other
        if other.everywhere:
            return self
        return Scope(False, self.divisions & other.divisions)


NOWHERE = Scope()
EVERYWHERE = Scope(everywhere=True)


@dataclass(frozen=True, slots=True)
class Viewer:
    """`profiles`: names of the work profiles this viewer may choose; `active`: the one in force, if any."""

    subject: str
    kind: ViewerKind
    grants: Mapping[str, Scope] = field(default_factory=dict)
    profiles: tuple[str, ...] = ()
    active: WorkProfile | None = None
    name: str | None = None
    expires_at: datetime | None = None

    def scope(self, permission: str) -> Scope:
        return self.grants.get(permission, NOWHERE)

    def holds(self, permission: str) -> bool:
        """Whether it is held in any division at all."""
        return bool(self.scope(permission))
