"""What operators said about who is who, as far as this process knows: read at start, and followed from then on.

Every gateway on one store looks within a second or two for what the others were told; whoever said it looks at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from connectors.interaction import Identifier, IdentifierKind
from gateway.customers.identity import IdentityRules
from gateway.customers.links import Cut, Link, Links, Merge, Undone

if TYPE_CHECKING:
    from gateway.sources.cache import SourceCache
    from gateway.store.links import LinkStore

log = structlog.get_logger()

LOOK_SECONDS = 2.0
RecordId = tuple[str, str]
"""Source and id."""
Listener = Callable[[Sequence[RecordId]], None]


class Following:
    """`said`: the operator's configuration. `links`: None where there is no store, so nothing is ever said. `cache`:
    who somebody is, is remembered there, and found out anew after each look that brought something."""

    def __init__(self, said: IdentityRules, links: LinkStore | None, cache: SourceCache | None = None) -> None:
        self._rules = said
        self._store = links
        self._cache = cache
        self._known: list[Link] = []
        self._something = asyncio.Event()
        self._looking = asyncio.Lock()
        self.listeners: list[Listener] = []

    def rules(self) -> IdentityRules:
        """Those that count at this moment; another value whenever something was said."""
        return self._rules

    @property
    def known(self) -> Sequence[Link]:
        """Every link that was ever made, in the order of their numbers."""
        return tuple(self._known)

    def nudge(self) -> None:
        """Something was said."""
        self._something.set()

    async def look(self, *, anew: bool = False) -> None:
        """Learn what is new; `anew`: from the first link on, since some may have been erased. Raises
        `UnavailableError`."""
        if self._store is None:
            return
        async with self._looking:
            after = 0 if anew or not self._known else self._known[-1].id
            news = await self._store.all(after)
            before = self._known
            self._known = [*before, *news] if after else news
            if self._known == before:
                return
            self._rules = replace(self._rules, links=Links.replay(self._known))
            changed = [link for link in self._known if link not in before] + [
                link for link in before if link not in self._known
            ]
            if self._cache is not None:
                await self._cache.forget(_is_about_identity)
            touched = self._records_of(changed, {link.id: link for link in (*before, *self._known)})
        for listener in tuple(self.listeners):
            listener(touched)

    def _records_of(self, links: Sequence[Link], by_id: dict[int, Link]) -> list[RecordId]:
        """The records that links stand on."""
        named: list[Identifier] = []
        for link in links:
            if isinstance(link, Undone) and link.link in by_id:
                link = by_id[link.link]
            if isinstance(link, Merge):
                named += (link.into, link.absorbed)
            elif isinstance(link, Cut):
                named.append(link.keeper)
        external = (one for one in named if one.kind is IdentifierKind.EXTERNAL_ID and one.source is not None)
        return list(dict.fromkeys((str(one.source), one.value) for one in external))

    async def run(self) -> None:
        """As long as the application does; a store that is away is waited for."""
        while self._store is not None:
            self._something.clear()
            try:
                await self.look()
            except Exception as error:
                log.error("links_unknown", error=type(error).__name__)
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._something.wait()
            except TimeoutError:
                pass


def _is_about_identity(key: Hashable) -> bool:
    return isinstance(key, tuple) and key[:1] == ("who",)
