"""The imitated vendors as one ASGI application, and the face that slows and breaks them.

Each vendor answers at `/{vendor}/…`. `GET /_control` shows controls and counters, `GET` and `PUT /_control/{vendor}`
read and set one vendor's control, `POST /_control/reset` puts everything back to the start.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route, Router
from starlette.types import Message, Receive, Scope, Send

from sandbox import faults
from sandbox.faults import TRANSPORT, Control, Faults
from sandbox.population import Population
from sandbox.vendor import CALLS_LEFT, Clock, Vendor, json_answer, tells_foreign_rows
from sandbox.vendors import VENDOR_TYPES


@dataclass(frozen=True, slots=True)
class SandboxSettings:
    """rate_limits: each vendor enforces its documented calls a minute from the start. latency_ms: of every vendor.

    clock: tells the current moment; by default the wall clock. goes_on: what is in hand goes on with the clock.
    """

    rate_limits: bool = False
    latency_ms: float = 0
    clock: Clock | None = None
    goes_on: bool = False


class Gate:
    """Stands before one vendor: counts, slows, limits, breaks, asks for credentials."""

    def __init__(self, vendor: Vendor, settings: SandboxSettings) -> None:
        self.vendor = vendor
        self.vendor.goes_on = settings.goes_on
        self.settings = settings
        self.router = Router(list(vendor.routes()))
        self.reset()

    def reset(self) -> None:
        limit = self.vendor.calls_per_minute if self.settings.rate_limits else None
        self.faults = Faults(Control(latency_ms=self.settings.latency_ms, calls_per_minute=limit))
        self.calls = 0
        self.bytes_sent = 0
        self.faults_struck = 0
        self._minute_began = 0.0
        self._calls_this_minute = 0

    def state(self) -> dict[str, object]:
        counters = {"calls": self.calls, "bytes": self.bytes_sent, "faults": self.faults_struck}
        return {**msgspec.structs.asdict(self.faults.control), **counters}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def counted(message: Message) -> None:
            self.bytes_sent += len(message.get("body", b""))
            await send(message)

        self.calls += 1
        seconds = self.faults.latency_seconds()
        if seconds > 0:
            await asyncio.sleep(seconds)
        fault = self.faults.strike(scope["path"])
        if fault == "none":
            await self._answer(scope, receive, counted)
            return
        self.faults_struck += 1
        await self._break(fault, scope, receive, counted)

    async def _break(self, fault: faults.Fault, scope: Scope, receive: Receive, send: Send) -> None:
        control = self.faults.control
        if fault == "hang":
            await faults.hang(receive)
        elif fault == "reset":
            await faults.reset(scope, receive)
        elif fault == "status":
            failed = self.vendor.failure(control.status or 503, control.retry_after)
            await failed(scope, receive, send)
        elif fault == "html":
            page = faults.page()
            page.status_code = control.status or 200
            await page(scope, receive, send)
        elif fault == "empty":
            await Response(b"", 200, media_type="application/json")(scope, receive, send)
        elif fault == "foreign":
            token = tells_foreign_rows.set(True)
            try:
                await self._answer(scope, receive, send)
            finally:
                tells_foreign_rows.reset(token)
        else:
            messages: list[Message] = []

            async def keep(message: Message) -> None:
                messages.append(message)

            await self._answer(scope, receive, keep)
            if fault == "drip":
                await faults.drip(messages, receive, send, control)
            else:
                await faults.truncate(messages, scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        wait = self._seconds_to_wait()
        limit = self.faults.control.calls_per_minute
        scope[CALLS_LEFT] = None if limit is None else max(limit - self._calls_this_minute, 0)
        refused = self.vendor.failure(429, wait) if wait else self.vendor.refusal(request)
        await (refused or self.router)(scope, receive, send)

    def _seconds_to_wait(self) -> int:
        """0 while the minute has calls left; the window starts with the first call after the last one ended."""
        limit = self.faults.control.calls_per_minute
        if limit is None:
            return 0
        now = time.monotonic()
        if now - self._minute_began >= 60:
            self._minute_began, self._calls_this_minute = now, 0
        self._calls_this_minute += 1
        return 0 if self._calls_this_minute <= limit else max(1, round(60 - (now - self._minute_began)))


class Sandbox(Starlette):
    """Starlette wraps `send`; the connection behind it is noted first, for the faults that cut it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope[TRANSPORT] = getattr(getattr(send, "__self__", None), "transport", None)
        await super().__call__(scope, receive, send)


def create_app(population: Population, settings: SandboxSettings | None = None) -> Sandbox:
    settings = settings or SandboxSettings()
    clock = settings.clock or (lambda: datetime.now(UTC))
    gates = {kind.name: Gate(kind(population, clock), settings) for kind in VENDOR_TYPES}

    async def show_all(request: Request) -> Response:
        return json_answer({name: gate.state() for name, gate in gates.items()})

    async def control_one(request: Request) -> Response:
        gate = gates.get(request.path_params["vendor"])
        if gate is None:
            return json_answer({"error": "no such vendor"}, 404)
        if request.method == "PUT":
            try:
                gate.faults = Faults(msgspec.json.decode(await request.body(), type=Control))
            except msgspec.DecodeError as error:
                return json_answer({"error": str(error)}, 400)
        return json_answer(gate.state())

    async def reset_all(request: Request) -> Response:
        for gate in gates.values():
            gate.reset()
        return json_answer({name: gate.state() for name, gate in gates.items()})

    app = Sandbox(
        routes=[
            Route("/_control", show_all),
            Route("/_control/reset", reset_all, methods=["POST"]),
            Route("/_control/{vendor}", control_one, methods=["GET", "PUT"]),
            *(Mount(f"/{name}", app=gate) for name, gate in gates.items()),
        ]
    )
    app.state.gates = gates  # for whoever runs it in the same process
    return app
