"""Reads the query book, asks its questions at one stopped moment, and writes the answers down again when told to.

`python -m tests.docs.query_book` puts today's answers into docs/queries/.
"""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.gateway.graph.conftest import GATEWAY_URL, run_gateway, tokens_of

BOOK = Path(__file__).parents[2] / "docs" / "queries"
_PAGE = re.compile(
    r"As \*\*(?P<viewer>[^*]+)\*\*.*?```graphql\n(?P<query>.*?)```\n"
    r"(?:.*?```json variables\n(?P<variables>.*?)```\n)?.*?```json answer\n(?P<answer>.*?)```\n",
    re.DOTALL,
)


@dataclass(frozen=True)
class Page:
    path: Path
    viewer: str
    query: str
    variables: dict[str, Any]
    answer: str


def pages() -> list[Page]:
    """Every page of the book, in order."""
    found = []
    for path in sorted(BOOK.glob("[0-9]*.md")):
        match = _PAGE.search(path.read_text())
        assert match is not None, f"{path.name} is not written like the other pages"
        variables = json.loads(match["variables"]) if match["variables"] else {}
        found.append(Page(path, match["viewer"], match["query"], variables, match["answer"]))
    return found


async def ask_all(book: list[Page]) -> list[str]:
    """The answers of a gateway over the sandbox, as the book prints them."""
    assembled, _ = run_gateway()
    tokens = tokens_of(assembled.issuer)
    answers = []
    transport = httpx.ASGITransport(app=assembled.app)
    async with httpx.AsyncClient(transport=transport, base_url=GATEWAY_URL) as client:
        for page in book:
            response = await client.post(
                "/graphql",
                json={"query": page.query, "variables": page.variables},
                headers={"authorization": f"Bearer {tokens[page.viewer]}", "x-request-id": "query-book"},
            )
            answers.append(json.dumps(response.json(), indent=2, ensure_ascii=False) + "\n")
    await assembled.gateway.aclose()
    return answers


def main() -> None:
    book = pages()
    for page, answer in zip(book, asyncio.run(ask_all(book)), strict=True):
        text = page.path.read_text()
        start = text.index("```json answer\n") + len("```json answer\n")
        end = text.index("```", start)
        page.path.write_text(text[:start] + answer + text[end:])


if __name__ == "__main__":
    main()
