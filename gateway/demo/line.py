"""The line between pages and the gateway, which the demo can cut."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send


@dataclass(slots=True)
class Line:
    """Whole until it is cut; what is under way ends then."""

    _cut: asyncio.Event = field(default_factory=asyncio.Event)
    is_cut: bool = False

    def cut(self) -> None:
        self.is_cut = True
        self._cut.set()

    def mend(self) -> None:
        self.is_cut = False
        self._cut = asyncio.Event()

    async def broken(self) -> None:
        await self._cut.wait()


class OnTheLine:
    """ASGI: pages' requests to `path` go over the line; back ends, which name no origin, have their own."""

    def __init__(self, app: ASGIApp, line: Line, path: str) -> None:
        self._app = app
        self._line = line
        self._path = path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        goes_over = scope["type"] == "http" and scope["path"] == self._path
        if not goes_over or not any(name == b"origin" for name, _ in scope["headers"]):
            await self._app(scope, receive, send)
        elif self._line.is_cut:
            await Response(status_code=503, headers={"cache-control": "no-store"})(scope, receive, send)
        else:
            await self._over(scope, receive, send)

    async def _over(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = ended = False

        async def watched(message: Message) -> None:
            nonlocal began, ended
            began = True
            ended = message["type"] == "http.response.body" and not message.get("more_body", False)
            await send(message)

        async def heard() -> Message:
            listening = asyncio.ensure_future(receive())
            breaking = asyncio.ensure_future(self._line.broken())
            try:
                await asyncio.wait((listening, breaking), return_when=asyncio.FIRST_COMPLETED)
                return listening.result() if listening.done() else {"type": "http.disconnect"}
            finally:
                for waiting in (listening, breaking):
                    waiting.cancel()

        await self._app(scope, heard, watched)
        if began and not ended:
            await send({"type": "http.response.body", "body": b""})
