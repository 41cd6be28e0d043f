"""Systems that tell what happened and can be asked nothing: what their webhooks brought is read from the gateway's
journal. This is the sheet of such a source; by itself, without a journal, it knows nobody."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, NoReturn

import httpx
import msgspec

from connectors.base import Capabilities, Fetched, Query, SourceConfig, VendorConnector
from connectors.deadline import Deadline
from connectors.errors import UnavailableError
from connectors.interaction import Channel, Identifier, IdentifierKind, Interaction, Record, SourceKind


class JournalOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`kind`: what kind of system it is."""

    kind: SourceKind = SourceKind.OTHER


class Journal(VendorConnector):
    """It has no address of its own, and any channel: the operator names those that its sender tells of."""

    vendor = "journal"
    kind = SourceKind.OTHER
    channels = frozenset(Channel)
    base_url = "https://nobody.invalid"
    Options = JournalOptions
    capabilities = Capabilities(
        seek=True,
        ascending=True,
        finds_by=frozenset(IdentifierKind),
        order_guaranteed=True,
        window_granularity_seconds=0,
        page_cap=200,
        search=True,
        live_state=True,
        cannot_see="What happened before its webhook was set up, and what its sender does not tell.",
    )

    @classmethod
    def configured(cls, options: Mapping[str, Any]) -> type[Journal]:
        given = options.get("kind") if isinstance(options, dict) else None
        kinds = [kind for kind in SourceKind if kind == given]
        return type(cls.__name__, (cls,), {"kind": kinds[0]}) if kinds else cls

    def __init__(
        self,
        config: SourceConfig,
        transport: httpx.AsyncBaseTransport,
        utc_now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__(replace(config, base_url=self.base_url), transport, utc_now)
        self.kind = self.options.kind  # type: ignore[misc]

    def auth(self) -> None:
        return None

    async def fetch_records(self, identifiers: Sequence[Identifier], deadline: Deadline) -> list[Record]:
        self._nothing_kept()

    async def fetch_page(self, records: Sequence[Record], query: Query, deadline: Deadline) -> Fetched:
        self._nothing_kept()

    async def fetch_one(self, external_id: str, deadline: Deadline) -> Interaction | None:
        self._nothing_kept()

    async def fetch_by_text(self, text: str, limit: int, deadline: Deadline) -> list[Record]:
        self._nothing_kept()

    async def check(self, deadline: Deadline) -> None:
        """There is nobody to be asked."""

    def _nothing_kept(self) -> NoReturn:
        raise UnavailableError(self.name, "what it tells comes with webhooks alone, and nothing keeps it")
