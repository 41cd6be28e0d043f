"""Starts the gateway: from a configuration to a listening server."""

from __future__ import annotations

import gc
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.routing import BaseRoute

from connectors.http import aiohttp_transport
from gateway.app import create_app
from gateway.build import TransportFactory, build_gateway, make_store
from gateway.core import Clocks, Gateway
from gateway.reload import Configuration
from gateway.viewer.authenticate import Authenticator, verifier
from gateway.viewer.issuer import LocalIssuer

GRACEFUL_SECONDS = 10
GC_THRESHOLDS = (5_000, 10, 10)
"""Measured with 50 rows from five sources. Python's own 700 costs 120 µs of CPU a request, this a third of that;
beyond, it gets no cheaper and each pause longer (3 ms here, 25 at 50,000)."""


@dataclass(frozen=True, slots=True)
class Assembled:
    configuration: Configuration
    gateway: Gateway
    issuer: LocalIssuer
    app: Starlette


def assemble(
    path: Path,
    environment: Mapping[str, str],
    *,
    more_routes: Callable[[LocalIssuer], Sequence[BaseRoute]] = lambda issuer: (),
    viewers_path: str | None = None,
    transport: TransportFactory | None = None,
    clocks: Clocks | None = None,
    watch: bool = True,
) -> Assembled:
    """Everything but the socket, and the store is closed as yet. `viewers_path`: where `more_routes` tell who may be
    asked as. Raises `SettingsError`."""
    configuration = Configuration(path, environment)
    settings = configuration.settings
    store = make_store(settings, path.parent) if settings.store.url else None
    gateway = build_gateway(settings, lambda: configuration.deployment, transport=transport, clocks=clocks, store=store)
    issuer = LocalIssuer(settings.gateway.secret.get_secret_value(), gateway.clocks.utc_now)
    tokens = verifier(settings, aiohttp_transport, [issuer.trusted()], utc_now=gateway.clocks.utc_now)
    app = create_app(
        settings,
        gateway,
        Authenticator(lambda: configuration.settings, tokens, gateway.widgets),
        more_routes=more_routes(issuer),
        viewers_path=viewers_path,
        background=[configuration.watch] if watch else [],
        at_end=[tokens.aclose],
    )
    return Assembled(configuration, gateway, issuer, app)


def listen(host: str, port: int) -> socket.socket:
    """A bound socket, so that the port is known before anything is printed; port 0 takes any free one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError:
        bound.close()
        raise
    return bound


@contextmanager
def settled_heap() -> Iterator[None]:
    """What start-up has built stays until the end, so the collector of cycles need not look at it: a full collection
    takes 2 ms instead of 60, during which nobody is answered. Cycles of requests are collected as ever, in larger
    and rarer batches."""
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    gc.enable()
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


class Server(uvicorn.Server):
    """Calls `on_started` once it listens, so that nothing has to be polled."""

    on_started: Callable[[], None] = staticmethod(lambda: None)

    async def main_loop(self) -> None:
        with settled_heap():
            await super().main_loop()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self.on_started()


def make_server(app: Starlette, on_started: Callable[[], None] = lambda: None) -> Server:
    """`on_started` is called once queries are answered."""
    server = Server(
        uvicorn.Config(
            app,
            http="httptools",
            ws="websockets-sansio",
            loop="uvloop",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=GRACEFUL_SECONDS,
        )
    )
    server.on_started = on_started
    return server
