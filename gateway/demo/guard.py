"""What lets only the demo's own page act: a page of another origin neither sets the header nor passes for this one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

HEADER, VALUE = "x-journey-demo", "desk"
"""Browsers ask before they send such a header to another origin, and nobody here says yes."""

Handler = Callable[[Request], Awaitable[Response]]


def origin_of(request: Request) -> str:
    """Of the page that this gateway serves, under the name that it was asked by; the entrance knows the names."""
    return f"{request.url.scheme}://{request.headers['host']}"


def only_own_page(handler: Handler) -> Handler:
    async def guarded(request: Request) -> Response:
        told = request.headers
        is_own = told.get(HEADER) == VALUE and told.get("origin") == origin_of(request)
        if not is_own or told.get("sec-fetch-site", "same-origin") != "same-origin":
            return JSONResponse({"error": "Only the demo's own page may do this."}, 403)
        return await handler(request)

    return guarded
