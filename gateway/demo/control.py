"""What the demo page can make happen: vendors that are slow or down, calls, messages, a line that is cut."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Mapping
from typing import Annotated, Any, Literal

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gateway.core import Gateway
from gateway.demo import world
from gateway.demo.line import Line
from sandbox.app import Gate
from sandbox.contacts import Contact
from sandbox.desk import Desk, UnknownThingError
from sandbox.faults import Control, Faults
from sandbox.vendors.genesys_ids import conversation_id

Mode = Literal["normal", "slow", "down", "hang"]
MODES: Mapping[Mode, Control] = {
    "normal": Control(),
    "slow": Control(latency_ms=2_000),
    "down": Control(fault="status", status=503),
    "hang": Control(fault="hang"),
}
SILENT_SECONDS = 40
"""Five before a chat counts as idle: long enough to see it turn, short enough to wait for."""


class Command(msgspec.Struct, forbid_unknown_fields=True):
    """`customer`: a key of the sandbox's people. `forget`: also what the gateway remembers of the source."""

    customer: str = ""
    viewer: str = ""
    source: str = ""
    mode: Mode = "normal"
    text: Annotated[str, msgspec.Meta(max_length=500)] = ""
    code: str = ""
    cut: bool = False
    forget: bool = True


class Panel:
    """`gates`: of the imitated vendors, by their names. `has_webhooks`: whether what happens is told to the gateway."""

    def __init__(self, desk: Desk, gates: Mapping[str, Gate], line: Line, *, has_webhooks: bool) -> None:
        self._desk = desk
        self._gates = gates
        self._line = line
        self.has_webhooks = has_webhooks
        self._actions: Mapping[str, Callable[[Command], Awaitable[dict[str, Any]]]] = {
            "ring": self._ring,
            "answer": self._answer,
            "hang-up": self._hang_up,
            "wrap-up": self._wrap_up,
            "whatsapp": self._whatsapp,
            "chat": self._chat,
            "silence": self._silence,
            "close-chat": self._close_chat,
        }

    async def act(self, request: Request) -> Response:
        """`told`: false for what cannot happen to this customer."""
        try:
            command = msgspec.json.decode(await request.body(), type=Command)
        except msgspec.DecodeError:
            return JSONResponse({"error": "That is no command."}, 400)
        action = request.path_params["action"]
        gateway: Gateway = request.app.state.hub.gateway
        if action == "fault" and command.source in world.SOURCES:
            await self._fault(command, gateway)
            request.app.state.hub.wake((), (), everybody=True)
        elif action == "line":
            (self._line.cut if command.cut else self._line.mend)()
        elif action in self._actions:
            try:
                return JSONResponse({"told": True, **await self._actions[action](command)})
            except UnknownThingError:
                return JSONResponse({"told": False})
        else:
            return JSONResponse({"error": "There is no such thing to do."}, 404)
        return JSONResponse({"told": True, **self.state()})

    def state(self) -> dict[str, Any]:
        """What is out of order."""
        return {
            "faults": {name: self._mode(vendor) for name, vendor in world.SOURCES.items()},
            "cut": self._line.is_cut,
        }

    def _mode(self, vendor: str) -> Mode:
        now = self._gates[vendor].faults.control
        return next((mode for mode, control in MODES.items() if control == now), "normal")

    async def _fault(self, command: Command, gateway: Gateway) -> None:
        control = msgspec.structs.replace(MODES[command.mode])
        self._gates[world.SOURCES[command.source]].faults = Faults(control)
        if command.forget and gateway.cache is not None:
            await gateway.cache.forget(lambda key: _is_of(command.source, key))

    async def _ring(self, command: Command) -> dict[str, Any]:
        try:
            profile = world.viewer(command.viewer).claims.get("work_profile")
        except KeyError:
            raise UnknownThingError(command.viewer) from None
        return _call(await self._desk.ring(command.customer, sales=profile == "Sales line"))

    async def _answer(self, command: Command) -> dict[str, Any]:
        return _call(await self._desk.answer(command.customer, command.viewer))

    async def _hang_up(self, command: Command) -> dict[str, Any]:
        return _call(await self._desk.hang_up(command.customer))

    async def _wrap_up(self, command: Command) -> dict[str, Any]:
        return _call(await self._desk.wrap_up(command.customer, command.code))

    async def _whatsapp(self, command: Command) -> dict[str, Any]:
        if not self.has_webhooks:  # nobody else would ever tell of it
            raise UnknownThingError(command.customer)
        return {"message": await self._desk.whatsapp(command.customer, command.text)}

    async def _chat(self, command: Command) -> dict[str, Any]:
        await self._desk.chat(command.customer, command.text)
        return {}

    async def _silence(self, command: Command) -> dict[str, Any]:
        await self._desk.fall_silent(command.customer, SILENT_SECONDS)
        return {}

    async def _close_chat(self, command: Command) -> dict[str, Any]:
        await self._desk.close_chat(command.customer)
        return {}


def _call(call: Contact) -> dict[str, Any]:
    return {
        "interaction": conversation_id(call),
        "queue": call.queue.name,
        "status": call.status,
        "since": call.stretches[-1].start.isoformat(),
    }


def _is_of(source: str, key: Hashable) -> bool:
    """Whether an answer that is remembered came from there, also in part: of who somebody is."""
    return isinstance(key, tuple) and (key[0] == "who" or key[1:2] == (source,))
