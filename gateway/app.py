"""The ASGI application: GraphQL, health, what browsers are served, and in demo mode what a demo needs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress

import structlog
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route, WebSocketRoute

from gateway.build import document_limits
from gateway.core import Gateway
from gateway.errors import BadUserInputError
from gateway.graph.schema import Executable
from gateway.graph.socket import GraphQLSocket
from gateway.graph.streams import Streams
from gateway.graph.view import GraphQLView, refusal
from gateway.ingest.assembly import ingest_over
from gateway.live.hub import Hub
from gateway.pages.bundle import read_bundle
from gateway.pages.routes import embed_routes, graphiql_routes, widget_routes
from gateway.privacy.assembly import keeping, remember
from gateway.settings import Settings
from gateway.viewer.authenticate import Authenticator
from gateway.web import Answer, Call, Entrance, Hosts, Streamed

GRAPHQL_PATH = "/graphql"
log = structlog.get_logger()


def create_app(
    settings: Settings,
    gateway: Gateway,
    authenticator: Authenticator,
    *,
    more_routes: Sequence[BaseRoute] = (),
    viewers_path: str | None = None,
    background: Sequence[Callable[[], Awaitable[None]]] = (),
    at_end: Sequence[Callable[[], Awaitable[None]]] = (),
) -> Starlette:
    """`viewers_path`: where a demo tells its viewers. `background` runs as long as the application does: it watches the
    configuration, say. `at_end` closes what was opened beside the gateway."""
    section = settings.gateway
    bundle = read_bundle()
    executable = Executable(
        max_tokens=section.max_tokens,
        limits=document_limits(settings),
        introspection=section.introspection,
        compiled=section.compiled_selections,
        trusted=section.trusted_documents.documents if section.trusted_documents else None,
        own=bundle.documents,
        only_trusted=section.only_trusted_documents,
    )

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        if gateway.store is not None:
            await gateway.store.open()
        else:
            log.warning("reads_are_not_recorded")
        for look in (gateway.following, gateway.widgets):
            if look is not None:
                await look.look()
        running = (*background, *ingest.background, *keeping(settings, gateway), hub.run)
        tasks = [asyncio.ensure_future(run()) for run in running]
        app.state.ready = True
        try:
            yield
        finally:
            app.state.ready = False
            for task in tasks:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
            for close in (gateway.aclose, *at_end):
                await close()

    async def healthz(request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def readyz(request: Request) -> Response:
        ready = getattr(request.app.state, "ready", False)
        return JSONResponse({"status": "ready" if ready else "starting"}, status_code=200 if ready else 503)

    async def graphql(request: Request) -> Response:
        answer = await view(_call(request))
        if isinstance(answer, Streamed):
            return StreamingResponse(answer.pieces, answer.status, media_type=answer.media_type)
        return _response(answer)

    async def nowhere(request: Request, error: Exception) -> Response:
        return _response(refusal(_call(request), BadUserInputError("There is nothing at this path."), 404))

    async def wrong_method(request: Request, error: Exception) -> Response:
        return _response(refusal(_call(request), BadUserInputError("This path does not take this method."), 405))

    hub = Hub(gateway)
    view = GraphQLView(executable, gateway, authenticator, hub)
    socket = GraphQLSocket(
        Streams(executable, gateway, hub),
        gateway,
        authenticator,
        answers_host=Hosts(section.answered_hosts()),
        origins=section.origins,
        max_message_bytes=section.max_body_bytes,
    )
    ingest = ingest_over(settings, gateway)
    ingest.bus.subscribe(hub.hear)
    remember(gateway, hub, executable, ingest.bus)
    entrance = Middleware(
        Entrance,
        endpoints={GRAPHQL_PATH: view, **ingest.endpoints},
        max_body_bytes=section.max_body_bytes,
        body_limits=ingest.body_limits,
        hosts=section.answered_hosts(),
        origins=section.origins,
    )
    app = Starlette(
        routes=[
            # for what the entrance leaves to Starlette: the path behind a prefix, or with a slash at its end
            Route(GRAPHQL_PATH, graphql, methods=["POST"]),
            WebSocketRoute(GRAPHQL_PATH, socket),
            Route("/healthz", healthz),
            Route("/readyz", readyz),
            *widget_routes(bundle),
            *embed_routes(bundle, section.origins),
            *(graphiql_routes(viewers_path) if section.graphiql else ()),
            *more_routes,
        ],
        middleware=[entrance],
        exception_handlers={404: nowhere, 405: wrong_method},
        lifespan=lifespan,
    )
    app.state.hub = hub  # whoever learns of news wakes those who watch
    app.state.bus = ingest.bus
    return app


def _call(request: Request) -> Call:
    call = request.scope["state"]["call"]
    assert isinstance(call, Call)
    return call


def _response(answer: Answer) -> Response:
    response = Response(answer.body, answer.status)
    response.raw_headers = answer.headers
    return response
