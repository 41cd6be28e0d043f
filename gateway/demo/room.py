"""The demo page's surroundings: the desk where things happen, the host's back end, the panel, and the page itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import httpx
from starlette.routing import BaseRoute

from gateway.demo import world
from gateway.demo.control import Panel
from gateway.demo.host import Host
from gateway.demo.line import Line
from gateway.demo.page import page_routes
from gateway.viewer.issuer import LocalIssuer
from sandbox.app import Gate
from sandbox.company import WRAP_UP_CODES
from sandbox.desk import Desk
from sandbox.population import Population
from sandbox.webhooks import Posted

ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - where to knock when somebody listens everywhere


class Room:
    """`bound`: host and port of the gateway. `has_store`: without one there are no webhooks and no widget tokens."""

    def __init__(
        self,
        population: Population,
        gates: Mapping[str, Gate],
        line: Line,
        bound: tuple[str, int],
        *,
        has_store: bool,
    ) -> None:
        host, port = bound
        host = ANYWHERE.get(host, host)
        self._address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        self._population = population
        self._has_store = has_store
        self._panel = Panel(
            Desk(population, lambda: datetime.now(UTC), self._post), gates, line, has_webhooks=has_store
        )

    def routes(self, issuer: LocalIssuer) -> list[BaseRoute]:
        return page_routes(self._facts, Host(issuer, lambda: self._client).token, self._panel.act)

    @cached_property
    def _client(self) -> httpx.AsyncClient:
        """As vendors and back ends come: over HTTP. Made when it is first needed; nothing but this machine is asked."""
        return httpx.AsyncClient(base_url=self._address, headers={"host": "localhost"}, trust_env=False)

    async def aclose(self) -> None:
        await self._client.aclose()

    async def _post(self, posted: Posted) -> None:
        if self._has_store:
            headers = {"content-type": "application/json", **posted.headers}
            path = f"/ingest/{world.WEBHOOKS[posted.vendor]}"
            answer = await self._client.post(path, content=posted.body, headers=headers)
            answer.raise_for_status()

    def _facts(self) -> dict[str, Any]:
        viewers = [{"id": each.subject, "name": each.name, "kind": each.kind} for each in world.VIEWERS]
        return {
            "viewers": viewers,
            "callers": world.callers(self._population),
            "sources": list(world.SOURCES),
            "wrapUps": [code.name for code in WRAP_UP_CODES],
            "hasWebhooks": self._has_store,
            **self._panel.state(),
        }
