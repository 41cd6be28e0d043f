"""How a real server pages, replayed: Synapse gives a token with its last full page as well, then an empty page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from connectors.interaction import Record
from connectors.testing.walks import read_all
from tests.connectors.declarative.support import Played, tried

EXCHANGES = json.loads(Path(__file__).with_name("recorded_synapse.json").read_text())["exchanges"]
PAGES = [exchange for exchange in EXCHANGES if exchange["name"].startswith("messages back, page")]
ROOM = "!TzJQdEEqjgLpm8jn7Ker1mrR2Dv9QMBZFJUv0ntQOtA"
MANIFEST = """\
name = "tried"
kind = "CHAT"
auth = { kind = "none" }
check = { path = "/_matrix/client/versions", expect = "versions" }
find = [{ by = ["EMAIL", "RECORD_ID"], path = "/people", query = { q = "{identifier}" }, rows = "people" }]
person = { id = "id", emails = ["email"] }

[[interactions]]
rows = "chunk"
one = { path = "/_matrix/client/v3/events/{external_id}" }
order = "newest"
paging = { style = "cursor", next = "end" }

[[interactions.requests]]
path = "/_matrix/client/v3/rooms/{record_id}/messages"
query = { dir = "b", limit = "10", from = "{cursor}" }

[time]
format = "epoch_milliseconds"

[fields]
id = "event_id"
record_id = "room_id"
started_at = "origin_server_ts"
channel = { fixed = "CHAT" }
preview = "content.body"
"""


def body_of(exchange: dict[str, Any]) -> Any:
    body = exchange["body"]
    return json.loads(body) if isinstance(body, str) else body


class Replayed:
    """The recorded page that goes on where the last one ended."""

    def __init__(self) -> None:
        self.tokens: list[str | None] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        token = request.url.params.get("from")
        self.tokens.append(token)
        asked_for = f"from={token}" if token else None
        for exchange in PAGES:
            path = exchange["request"]["path"]
            if (asked_for is None and "from=" not in path) or (asked_for is not None and path.endswith(asked_for)):
                return httpx.Response(exchange["status"], json=body_of(exchange))
        pytest.fail("a page that the server never gave")


async def test_all_messages_come_once_and_the_empty_last_page_ends_it() -> None:
    replayed = Replayed()
    connector = tried(MANIFEST, Played({f"/_matrix/client/v3/rooms/{ROOM}/messages": replayed}))
    rows = await read_all(connector, [Record(source="tried", id=ROOM, identifiers=())])
    told = [row["event_id"] for page in PAGES for row in body_of(page)["chunk"]]
    assert len(told) == 25 and body_of(PAGES[2])["end"] and not body_of(PAGES[3])["chunk"]
    assert sorted(row.external_id for row in rows) == sorted(told)
    assert replayed.tokens == [None, *[body_of(page)["end"] for page in PAGES[:3]]]
