"""What the back end of a page with the widget does: it knows who sits there, and gets a widget token for them.

A real one has a session of its own in place of the viewer's name in the body; the rest is as here.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gateway.demo import world
from gateway.demo.guard import origin_of
from gateway.viewer.issuer import LocalIssuer

AGENT_TOKEN = timedelta(minutes=15)
CREATE = """\
mutation ForTheWidget($input: CreateWidgetTokenInput!) {
  createWidgetToken(input: $input) { token { secret expiresAt } view { state } }
}"""


class _Asked(msgspec.Struct, forbid_unknown_fields=True):
    """`customer`: an id of the API; else `lookup`: `tel:` and a number."""

    viewer: str
    customer: str | None = None
    lookup: str | None = None


class Host:
    """`client` speaks with the gateway as any back end does, over HTTP."""

    def __init__(self, issuer: LocalIssuer, client: Callable[[], httpx.AsyncClient]) -> None:
        self._issuer = issuer
        self._client = client

    async def token(self, request: Request) -> Response:
        """One for the widget where the key leads to one customer and the viewer may see them; else the agent's own,
        by which the widget finds out why not."""
        try:
            asked = msgspec.json.decode(await request.body(), type=_Asked)
            viewer = world.viewer(asked.viewer)
        except (msgspec.DecodeError, KeyError):
            return JSONResponse({"error": "Say which viewer."}, 400)
        own = self._issuer.mint(viewer.subject, world.at_the_desk(viewer), AGENT_TOKEN)
        made = await self._made(own, asked, origin_of(request))
        if made is None:
            ends = datetime.now(UTC) + AGENT_TOKEN
            return JSONResponse({"token": own, "expiresAt": ends.isoformat(), "kind": "agent"})
        return JSONResponse({"token": made["secret"], "expiresAt": made["expiresAt"], "kind": "widget"})

    async def _made(self, own: str, asked: _Asked, origin: str) -> Any:
        customer = {"id": asked.customer} if asked.customer else {"phone": (asked.lookup or "").removeprefix("tel:")}
        body = {"query": CREATE, "variables": {"input": {"customer": customer, "origin": origin}}}
        answer = await self._client().post("/graphql", json=body, headers={"authorization": f"Bearer {own}"})
        payload = (answer.json().get("data") or {}).get("createWidgetToken") or {}
        return payload.get("token")
