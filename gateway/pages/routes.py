"""Where browsers find the widget, the page that frames it, and GraphiQL. What is not a route here does not exist."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from starlette.routing import Route

from gateway.pages.bundle import Bundle
from gateway.pages.file import ServedFile
from gateway.pages.html import (
    EMBED_SHEET,
    GRAPHIQL_POLICY,
    embed_page,
    embed_policy,
    graphiql_page,
)

FOR_EVERY_PAGE = {"access-control-allow-origin": "*", "cross-origin-resource-policy": "cross-origin"}
"""Module scripts and what lies beside them are fetched with CORS and without credentials."""

FOREVER = {"cache-control": "public, max-age=31536000, immutable"}
TEN_MINUTES = {"cache-control": "public, max-age=600"}
ASK_AGAIN = {"cache-control": "no-cache"}
NOT_KEPT = {"cache-control": "no-store"}

GRAPHIQL_FOLDER = Path(__file__).with_name("graphiql")


def widget_routes(bundle: Bundle) -> Iterator[Route]:
    major = max(1, int(bundle.version.partition(".")[0]))
    for name, body in bundle.files.items():
        for version, kept in ((bundle.version, FOREVER), (major, TEN_MINUTES)):
            yield _route(f"/widget/{version}/{name}", name, body, FOR_EVERY_PAGE | kept)
    yield _route("/widget/manifest.json", "manifest.json", bundle.manifest, FOR_EVERY_PAGE | TEN_MINUTES)


def embed_routes(bundle: Bundle, origins: Sequence[str]) -> Iterator[Route]:
    page = embed_page(f"/widget/{bundle.version}", bundle.integrity, origins)
    policy = {"content-security-policy": embed_policy(origins)}
    yield _route("/embed", "embed.html", page.encode(), NOT_KEPT | policy)
    yield _route("/embed.css", "embed.css", EMBED_SHEET.encode(), TEN_MINUTES)


def graphiql_routes(viewers_path: str | None) -> Iterator[Route]:
    page = graphiql_page(viewers_path)
    yield _route("/graphiql", "graphiql.html", page.encode(), NOT_KEPT | {"content-security-policy": GRAPHIQL_POLICY})
    for path in sorted(GRAPHIQL_FOLDER.iterdir()):
        yield _route(f"/graphiql/{path.name}", path.name, path.read_bytes(), ASK_AGAIN)


def _route(path: str, name: str, body: bytes, headers: Mapping[str, str]) -> Route:
    return Route(path, ServedFile(name, body, headers).answer, methods=["GET"])
