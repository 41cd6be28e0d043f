"""The page for frames: who may frame it, what it may do, and that it loads the very files that are served."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import pytest

from gateway.pages.bundle import FOLDER
from tests.gateway.pages.support import CRM, DESK, browser

MANIFEST = json.loads((FOLDER / "manifest.json").read_text())


class Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def meta(self, name: str) -> str | None:
        (content,) = (attributes["content"] for tag, attributes in self.found if attributes.get("name") == name)
        return content


def policy(text: str) -> dict[str, str]:
    directives = [directive.strip().split(" ", 1) for directive in text.split(";")]
    assert len({name for name, *_ in directives}) == len(directives), "the second of two would not count"
    return {name: rest[0] if rest else "" for name, *rest in directives}


@pytest.mark.parametrize(
    ("origins", "ancestors", "hosts"),
    [("", "'none'", ""), (DESK, DESK, DESK), (f"{DESK},{CRM}", f"{DESK} {CRM}", f"{DESK} {CRM}")],
)
async def test_only_the_configured_origins_may_frame_it(origins: str, ancestors: str, hosts: str) -> None:
    async with browser(origins=origins) as client:
        answer = await client.get("/embed", params={"host": "https://evil.example.com"})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers.get_list("content-security-policy") == [answer.headers["content-security-policy"]]
    assert policy(answer.headers["content-security-policy"]) == {
        "default-src": "'none'",
        "script-src": "'self'",
        "connect-src": "'self'",
        "style-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "lit-html",
        "frame-ancestors": ancestors,
    }
    assert "x-frame-options" not in answer.headers
    assert Tags(answer.text).meta("cj-hosts") == hosts
    assert "evil" not in answer.text


async def test_its_scripts_are_of_one_version_and_cannot_be_others() -> None:
    async with browser(origins=DESK) as client:
        page = Tags((await client.get("/embed")).text)
        scripts = [attributes for tag, attributes in page.found if tag == "script"]
        assert [script["src"] for script in scripts] == [
            f"/widget/{MANIFEST['version']}/{name}" for name in ("cj.js", "embed.js")
        ]
        for script in scripts:
            assert (await client.get(str(script["src"]))).status_code == 200
            assert script["type"] == "module"
            assert script["integrity"] == MANIFEST["files"][str(script["src"]).rpartition("/")[2]]["integrity"]
        (sheet,) = (attributes for tag, attributes in page.found if tag == "link")
        style = await client.get(str(sheet["href"]))
    assert (style.text, style.headers["content-type"]) == ("body { margin: 0 }\n", "text/css; charset=utf-8")
    assert page.found[-1] == ("customer-journey", {"endpoint": "/graphql"})
    assert not re.search(r"<script[^>]*>[^<]|<style|\son\w+=", str(page.rawdata)), "nothing stands in the page itself"


async def test_who_may_frame_it_may_ask_and_nobody_else() -> None:
    """One list for both; no cookies in either."""
    asked = {"access-control-request-method": "POST", "access-control-request-headers": "authorization,content-type"}
    async with browser(origins=f"{DESK},{CRM}") as client:
        ancestors = policy((await client.get("/embed")).headers["content-security-policy"])["frame-ancestors"].split()
        for origin in (*ancestors, "https://evil.example.com"):
            preflight = await client.options("/graphql", headers={"origin": origin, **asked})
            answer = await client.post("/graphql", headers={"origin": origin}, json={"query": "{ viewer { name } }"})
            allowed = origin in (DESK, CRM)
            assert (preflight.status_code == 200) is allowed
            for told in (preflight, answer):
                assert told.headers.get("access-control-allow-origin") == (origin if allowed else None)
                assert "access-control-allow-credentials" not in told.headers
            assert answer.headers["access-control-expose-headers"] == "x-request-id"
