"""What no module of a vendor does for itself: a client, a wait, a retry, an opinion on how transport fails."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.interaction import SourceKind

CONNECTORS = Path(__file__).parents[2] / "connectors"
KINDS = [*(kind.value.lower() for kind in SourceKind), "declarative"]
MODULES = sorted(path for kind in KINDS for path in (CONNECTORS / kind).glob("*.py"))

OF_HTTPX = frozenset({"AsyncBaseTransport", "InvalidURL", "URL"})
OF_ASYNCIO = frozenset({"Lock"})
SPEAKING = frozenset(
    {"aiohttp", "http", "httpcore", "httpx_aiohttp", "requests", "socket", "ssl", "subprocess", "threading", "time"}
)
OF_URLLIB = "urllib.parse"
FAILURES = frozenset(
    {
        "BaseException",
        "ConnectorError",
        "Exception",
        "HTTPError",
        "MalformedError",
        "RateLimitedError",
        "RefusedError",
        "TimedOutError",
        "TimeoutError",
        "UnavailableError",
    }
)
WAITING = (ast.Await, ast.AsyncFor, ast.AsyncWith)


def offences(text: str) -> Iterator[str]:
    """What a vendor's module does that `connectors.http` and its like do for all."""
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Attribute(value=ast.Name(id="httpx"), attr=name) if name not in OF_HTTPX:
                yield f"uses httpx.{name}"
            case ast.Attribute(value=ast.Name(id="asyncio"), attr=name) if name not in OF_ASYNCIO:
                yield f"uses asyncio.{name}"
            case ast.ImportFrom(module="httpx" | "asyncio" as name):
                yield f"takes single names out of {name}"
            case ast.Import(names=names):
                yield from (f"imports {alias.name}" for alias in names if _speaks(alias.name))
            case ast.ImportFrom(module=str(name)) if _speaks(name):
                yield f"imports {name}"
            case ast.Try(body=body) | ast.TryStar(body=body) if any(
                isinstance(inner, WAITING) for statement in body for inner in ast.walk(statement)
            ):
                yield "tries what it waits for"
            case ast.ExceptHandler(type=None):
                yield "catches everything"
            case ast.ExceptHandler(type=ast.expr() as caught):
                yield from (f"catches {name}" for name in _names(caught) if name in FAILURES)


def _speaks(module: str) -> bool:
    top = module.partition(".")[0]
    return top in SPEAKING or (top == "urllib" and module != OF_URLLIB)


def _names(caught: ast.expr) -> Iterator[str]:
    for node in ast.walk(caught):
        if isinstance(node, ast.Name | ast.Attribute):
            yield node.id if isinstance(node, ast.Name) else node.attr


def test_all_vendors_are_looked_at() -> None:
    assert {path.stem for path in MODULES} >= {"zendesk", "asterisk", "limesurvey", "chatwoot", "connector"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_transport_is_left_to_the_base(path: Path) -> None:
    assert list(offences(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    ("text", "offence"),
    [
        ("client = httpx.AsyncClient()", "uses httpx.AsyncClient"),
        ("async def f():\n    await asyncio.sleep(1)", "uses asyncio.sleep"),
        ("from httpx import AsyncClient", "takes single names out of httpx"),
        ("import aiohttp", "imports aiohttp"),
        ("import urllib.request", "imports urllib.request"),
        ("from urllib.request import urlopen", "imports urllib.request"),
        ("import time", "imports time"),
        ("async def f():\n    try:\n        await g()\n    except KeyError:\n        pass", "tries what it waits for"),
        (
            "async def f():\n    try:\n        async with g():\n            h()\n    finally:\n        k()",
            "tries what it waits for",
        ),
        ("try:\n    f()\nexcept:\n    pass", "catches everything"),
        ("try:\n    f()\nexcept (ValueError, errors.TimedOutError):\n    pass", "catches TimedOutError"),
    ],
)
def test_each_offence_is_found(text: str, offence: str) -> None:
    assert offence in list(offences(text))
