"""`/demo`: an agent's desktop with the widget in it. Its files, and what they need to know."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from gateway.demo.guard import Handler, only_own_page
from gateway.pages.file import ServedFile

FOLDER = Path(__file__).with_name("page")
INDEX = "index.html"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types lit-html"
)
HEADERS = {"cache-control": "no-cache", "content-security-policy": POLICY, "cross-origin-opener-policy": "same-origin"}


def page_routes(facts: Callable[[], dict[str, Any]], token: Handler, act: Handler) -> list[BaseRoute]:
    """`facts`: what the page shows; `token`, `act`: what only the page may ask for."""

    async def told(request: Request) -> Response:
        return JSONResponse(facts())

    paths = {path.name: f"/demo/{path.name}" for path in sorted(FOLDER.iterdir())} | {INDEX: "/demo"}
    return [
        *(Route(path, _file(name), methods=["GET"]) for name, path in paths.items()),
        Route("/demo/desk.json", told),
        Route("/demo/token", only_own_page(token), methods=["POST"]),
        Route("/demo/control/{action}", only_own_page(act), methods=["POST"]),
    ]


def _file(name: str) -> Handler:
    return ServedFile(name, (FOLDER / name).read_bytes(), HEADERS).answer
