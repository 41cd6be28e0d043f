"""A viewer: who asks, and what they were granted where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from connectors.interaction import Identifier
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
class Identity:
    """What a verified token or key says of its bearer; names may be unknown here. `issuer`, `key`: who vouches."""

    subject: str
    kind: ViewerKind
    roles: tuple[str, ...]
    divisions: tuple[str, ...]
    profiles: tuple[str, ...] = ()
    profile: Any = None
    name: str | None = None
    expires_at: datetime | None = None
    issuer: str | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Viewer:
    """`profiles`: names of the work profiles this viewer may choose; `active`: the one in force, if any.

    only: of the one customer there is for this viewer, a handle; everybody else is unknown. token: the id of the widget
    token that was shown. identity: what these rights are worked out from.
    """

    subject: str
    kind: ViewerKind
    grants: Mapping[str, Scope] = field(default_factory=dict)
    profiles: tuple[str, ...] = ()
    active: WorkProfile | None = None
    name: str | None = None
    expires_at: datetime | None = None
    only: Identifier | None = None
    token: str | None = None
    identity: Identity | None = field(default=None, repr=False, compare=False)

    @property
    def caller(self) -> str:
        """Whom to hold apart from others: a widget is not its maker, though it goes by the same subject."""
        return self.subject if self.token is None else f"{self.subject}\0{self.token}"

    def scope(self, permission: str) -> Scope:
        return self.grants.get(permission, NOWHERE)

    def holds(self, permission: str) -> bool:
        """Whether it is held in any division at all."""
        return bool(self.scope(permission))
