"""Widget tokens: one customer, one origin, minutes, and the rights of whoever made them, as these are at each request.

A token is sealed, so it holds all that it means and nothing is stored but the ids of those that were revoked. Why:
docs/decisions/0019-widget-tokens.md. Source: VISIBILITY.md §5.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec
import structlog

from connectors.interaction import Identifier
from gateway.errors import UnauthenticatedError
from gateway.permissions import EVENT_TYPE_VIEW, EVENT_VIEW, PII_VIEW, QUEUE_SEARCH, SESSION_VIEW, WRAP_UP_CODE_VIEW
from gateway.sealing import Sealer
from gateway.viewer.viewer import Identity

if TYPE_CHECKING:
    from gateway.store.links import Revocations

log = structlog.get_logger()

PREFIX = "jgw_"
MAX_LIFETIME = timedelta(minutes=15)
MAX_TOKEN_CHARACTERS = 12_000
MAX_REMEMBERED = 5_000
LOOK_SECONDS = 1.0
STALE_SECONDS = 5.0
"""After so long without a word from the store nobody can say that a token was not revoked."""

WIDGET_PERMISSIONS = frozenset({EVENT_VIEW, SESSION_VIEW, EVENT_TYPE_VIEW, QUEUE_SEARCH, WRAP_UP_CODE_VIEW, PII_VIEW})
"""Of VISIBILITY.md §2 and §3: a widget reads, whatever else its maker may do."""


class Grant(msgspec.Struct, frozen=True, array_like=True):
    """What a token means. `issuer` or `key`: who vouches for its maker. `expires_at`: Unix seconds."""

    id: str
    customer: Identifier
    origin: str
    profile: str | None
    expires_at: int
    subject: str
    roles: tuple[str, ...]
    divisions: tuple[str, ...]
    issuer: str | None
    key: str | None

    @property
    def ends(self) -> datetime:
        return datetime.fromtimestamp(self.expires_at, UTC)


class WidgetTokens:
    """`secret`: the deployment's 32 bytes. `revocations`: None where there is no store; then none can be made."""

    def __init__(
        self,
        secret: bytes,
        revocations: Revocations | None,
        *,
        limit: timedelta = MAX_LIFETIME,
        utc_now: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sealer = Sealer(secret, "widget")
        self._revocations = revocations
        self._limit = min(limit, MAX_LIFETIME)
        self._utc_now = utc_now
        self._monotonic = monotonic
        self._opened: OrderedDict[str, Grant] = OrderedDict()
        self._revoked: frozenset[str] = frozenset()
        self._revoked_here: dict[str, datetime] = {}
        self._known_at: float | None = None

    @property
    def are_kept(self) -> bool:
        """Whether a token can be revoked, without which none is made."""
        return self._revocations is not None

    def mint(
        self, maker: Identity, customer: Identifier, origin: str, profile: str | None, lifetime: timedelta
    ) -> tuple[Grant, str]:
        """A token and what it means; it never outlives its maker's."""
        now = self._utc_now()
        ends = now + min(lifetime, self._limit)
        if maker.expires_at is not None:
            ends = min(ends, maker.expires_at)
        grant = Grant(
            secrets.token_urlsafe(16),
            customer,
            origin,
            profile,
            int(ends.timestamp()),
            maker.subject,
            maker.roles,
            maker.divisions,
            maker.issuer,
            maker.key,
        )
        return grant, PREFIX + self._sealer.seal(grant)

    def open(self, text: str, origin: str | None) -> Grant:
        """What a token means now, shown by a page of `origin`. Raises `UnauthenticatedError`."""
        grant = self._opened.get(text)
        if grant is None:
            opened = self._sealer.open(text.removeprefix(PREFIX), Grant, MAX_TOKEN_CHARACTERS)
            if opened is None:
                raise UnauthenticatedError
            grant = self._opened[text] = opened
            if len(self._opened) > MAX_REMEMBERED:
                self._opened.popitem(last=False)
        if origin != grant.origin or self._utc_now() >= grant.ends or self._is_revoked(grant.id):
            raise UnauthenticatedError
        return grant

    def _is_revoked(self, token_id: str) -> bool:
        return token_id in self._revoked or token_id in self._revoked_here or not self._is_sure()

    def _is_sure(self) -> bool:
        return self._known_at is not None and self._monotonic() - self._known_at <= STALE_SECONDS

    async def revoke(self, token_id: str, ends: datetime) -> datetime:
        """When it was revoked: now, unless it was already. Raises `UnavailableError`."""
        assert self._revocations is not None
        now = self._utc_now()
        if now < ends:
            self._revoked_here[token_id] = ends
            return await self._revocations.revoke(token_id, ends, now)
        return now

    async def look(self) -> None:
        """Learn what was revoked, here or elsewhere. Raises `UnavailableError`."""
        if self._revocations is not None:
            began, now = self._monotonic(), self._utc_now()
            self._revoked = frozenset(await self._revocations.live(now))
            self._revoked_here = {id_: ends for id_, ends in self._revoked_here.items() if ends > now}
            self._known_at = began

    async def run(self) -> None:
        """As long as the application does."""
        while self._revocations is not None:
            try:
                await self.look()
            except Exception as error:
                log.error("revocations_unknown", error=type(error).__name__)
            await asyncio.sleep(LOOK_SECONDS)

    def forget(self) -> int:
        """What was opened is opened again when it is shown; how many there were."""
        count = len(self._opened)
        self._opened.clear()
        return count
