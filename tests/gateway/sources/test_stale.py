"""What one customer's news make stale is theirs alone, as far as the news say whose they are."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from datetime import timedelta

import pytest

from connectors.base import Continuation, Window
from connectors.interaction import Identifier
from gateway.deployment import SourceRules
from gateway.ingest.stale import made_stale
from gateway.live.bus import News
from gateway.sources.enrich import Enrichment
from gateway.sources.source import Source
from gateway.store.feed import ChangeKind, Entry, Touched
from tests.gateway.support import NOW, FakeVendor, record_of

DESK = FakeVendor("desk")
SOURCE = Source(DESK, Enrichment(SourceRules("desk", DESK.channels)))


def keys_of(record_id: str) -> dict[str, Hashable]:
    """Of the answers that are remembered of one customer, as they are made."""
    records = [record_of("desk", record_id)]
    window = Window(NOW - timedelta(days=30))
    first = SOURCE.question(records, window)
    following = SOURCE.question(records, window, after=Continuation("cursor"))
    return {"page": first.key, "on": following.key}


def dropped(touched: Sequence[Touched], keys: dict[str, Hashable]) -> set[str]:
    belongs = made_stale(
        News([Entry(n, one) for n, one in enumerate(touched)]), lambda identifier: repr(identifier).encode()
    )
    return {name for name, key in keys.items() if belongs(key)}


ROW, HINT = ChangeKind.ROW, ChangeKind.HINT
ALL: set[str] = {"page", "on"}


@pytest.mark.parametrize(
    ("touched", "annas", "brunos"),
    [
        pytest.param([Touched(ROW, "desk", NOW, "anna", "t-1")], ALL, set(), id="a row of hers"),
        pytest.param([Touched(HINT, "desk", NOW, "bruno")], set(), ALL, id="something of his"),
        pytest.param([Touched(HINT, "desk", NOW, external_id="t-1")], ALL, ALL, id="a row of nobody knows whom"),
        pytest.param([Touched(HINT, "desk", NOW)], ALL, ALL, id="anything"),
        pytest.param([Touched(HINT, "desk", NOW, digest=b"x")], ALL, ALL, id="an address of nobody knows whose"),
        pytest.param(
            [Touched(HINT, "desk", NOW, "anna"), Touched(HINT, "desk", NOW, digest=b"x")], ALL, set(), id="her address"
        ),
        pytest.param([Touched(ROW, "calls", NOW, "anna", "t-1")], set(), set(), id="of another source"),
        pytest.param([Touched(ChangeKind.IDENTITY, "desk", NOW, digest=b"x")], set(), set(), id="who is who"),
    ],
)
def test_pages_go_with_their_customer(touched: Sequence[Touched], annas: set[str], brunos: set[str]) -> None:
    assert dropped(touched, keys_of("anna")) == annas
    assert dropped(touched, keys_of("bruno")) == brunos


def test_a_question_about_an_address_goes_with_it() -> None:
    anna, bruno = (record_of("desk", name).identifiers[0].identifier for name in ("anna", "bruno"))
    keys: dict[str, Hashable] = {
        "find anna": ("find", "desk", anna),
        "find bruno": ("find", "desk", bruno),
        "who is anna": ("who", anna, "desk"),
        "who is bruno": ("who", bruno, "desk"),
        "search": ("search", "desk", "anna", 20),
    }

    def digest(identifier: Identifier) -> bytes:
        return identifier.value.encode()

    learned = News([Entry(1, Touched(ChangeKind.IDENTITY, "desk", NOW, "anna", digest=digest(anna)))])
    belongs = made_stale(learned, digest)
    assert {name for name, key in keys.items() if belongs(key)} == {"find anna", "who is anna", "search"}
    said = made_stale(News([Entry(1, Touched(ChangeKind.IDENTITY, "", NOW))]), digest)
    assert {name for name, key in keys.items() if said(key)} >= {"who is anna", "who is bruno"}
