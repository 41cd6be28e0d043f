"""GraphiQL is there for developers who asked for it, needs nobody else, and is nowhere else."""

from __future__ import annotations

import json
import re

import pytest

from gateway.pages.routes import GRAPHIQL_FOLDER
from tests.gateway.pages.support import browser
from tests.project.support import ROOT

NAMES = sorted(path.name for path in GRAPHIQL_FOLDER.iterdir())
PERMISSIVE = {"MIT", "ISC", "0BSD", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0"}
LARGEST_BYTES = 1_600_000
"""Of what is committed for it."""


@pytest.mark.parametrize("path", ["/graphiql", *[f"/graphiql/{name}" for name in NAMES]])
async def test_it_is_not_there_unless_it_is_asked_for(path: str) -> None:
    async with browser(graphiql="false") as client:
        assert (await client.get(path)).status_code == 404


async def test_the_page_and_its_files_come_from_the_gateway_alone() -> None:
    async with browser(viewers_path="/demo/viewers.json") as client:
        page = await client.get("/graphiql")
        own = re.findall(r'(?:src|href)="(/[^"]*)"', page.text)
        for path in own:
            answer = await client.get(path, headers={"accept-encoding": "gzip"})
            assert answer.status_code == 200
            assert answer.headers["content-encoding"] == "gzip"
            assert answer.headers["cache-control"] == "no-cache"
            assert answer.headers["etag"]
            assert "access-control-allow-origin" not in answer.headers
    assert page.headers["cache-control"] == "no-store"
    assert sorted(own) == ["/graphiql/graphiql.css", "/graphiql/graphiql.js"]
    assert not re.search(r"(src|href)=\"(https?:)?//", page.text)
    assert '<meta name="viewers" content="/demo/viewers.json">' in page.text
    policy = page.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "http" not in policy


async def test_without_a_demo_it_names_no_viewers() -> None:
    async with browser() as client:
        assert "viewers" not in (await client.get("/graphiql")).text


def test_whose_work_it_is_lies_beside_it() -> None:
    text = (GRAPHIQL_FOLDER / "licences.md").read_text()
    told = dict(re.findall(r"^## (\S+) - \S+ \(([^)]+)\)$", text, re.MULTILINE))
    assert set(told.values()) <= PERMISSIVE
    asked = json.loads((ROOT / "graphiql/package.json").read_text())["devDependencies"].keys() - {"vite"}
    assert asked <= told.keys()
    assert {"codemirror", "codemirror-graphql", "markdown-it"} <= told.keys()


def test_it_stays_small_enough_to_be_committed() -> None:
    assert sum(path.stat().st_size for path in GRAPHIQL_FOLDER.iterdir()) < LARGEST_BYTES
