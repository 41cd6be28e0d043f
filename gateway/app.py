"""The ASGI application: GraphQL, health, and in demo mode what a demo needs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from gateway.build import document_limits
from gateway.core import Gateway
from gateway.errors import BadUserInputError
from gateway.graph.schema import Executable
from gateway.graph.view import GraphQLView, refusal
from gateway.settings import Settings
from gateway.viewer.authenticate import Authenticator
from gateway.web import Answer, Call, Entrance

GRAPHQL_PATH = "/graphql"


def create_app(
    settings: Settings,
    gateway: Gateway,
    authenticator: Authenticator,
    *,
    more_routes: Sequence[BaseRoute] = (),
    background: Sequence[Callable[[], Awaitable[None]]] = (),
    at_end: Sequence[Callable[[], Awaitable[None]]] = (),
) -> Starlette:
    """`background` runs as long as the application does: it watches the configuration, say. `at_end` closes what
    was opened beside the gateway."""
    section = settings.gateway
    executable = Executable(
        max_tokens=section.max_tokens,
        limits=document_limits(settings),
        introspection=section.introspection,
        compiled=section.compiled_selections,
        trusted=section.trusted_documents.documents if section.trusted_documents else None,
        only_trusted=section.only_trusted_documents,
    )

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        tasks = [asyncio.ensure_future(run()) for run in background]
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
        return _response(await view(_call(request)))

    async def nowhere(request: Request, error: Exception) -> Response:
        return _response(refusal(_call(request), BadUserInputError("There is nothing at this path."), 404))

    async def wrong_method(request: Request, error: Exception) -> Response:
        return _response(refusal(_call(request), BadUserInputError("This path does not take this method."), 405))

    view = GraphQLView(executable, gateway, authenticator)
    entrance = Middleware(
        Entrance,
        endpoints={GRAPHQL_PATH: view},
        max_body_bytes=section.max_body_bytes,
        hosts=section.answered_hosts(),
        origins=section.origins,
    )
    return Starlette(
        routes=[
            # for what the entrance leaves to Starlette: the path behind a prefix, or with a slash at its end
            Route(GRAPHQL_PATH, graphql, methods=["POST"]),
            Route("/healthz", healthz),
            Route("/readyz", readyz),
            *more_routes,
        ],
        middleware=[entrance],
        exception_handlers={404: nowhere, 405: wrong_method},
        lifespan=lifespan,
    )


def _call(request: Request) -> Call:
    call = request.scope["state"]["call"]
    assert isinstance(call, Call)
    return call


def _response(answer: Answer) -> Response:
    response = Response(answer.body, answer.status)
    response.raw_headers = answer.headers
    return response
