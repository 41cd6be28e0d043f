"""The table of all vendors is the one that the connectors themselves make."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from connectors import table
from connectors.base import Capabilities
from connectors.registry import BUILT_IN, connector_class

PAGE = Path(__file__).parents[2] / "docs" / "connectors" / "README.md"
VENDORS = sorted(BUILT_IN.keys() - {table.BY_OPTIONS})
CHAPTERS = (
    "Credential",
    "What it cannot see",
    "What is asked",
    "Limits",
    "Mapping",
    "What was confirmed, and what was not",
)
ASKED_NOTHING = "journal"
"""No vendor's: it has neither credential nor API."""


def test_the_page_is_made_from_the_connectors() -> None:
    assert PAGE.read_text(encoding="utf-8") == table.page(), f"run: python -m connectors.table {PAGE}"


@pytest.mark.parametrize("name", VENDORS)
def test_each_vendor_is_in_both_tables(name: str) -> None:
    rows = re.findall(rf"^\| \[{name}\]\({name}\.md\) \|(.*)\|$", table.page(), re.MULTILINE)
    assert len(rows) == 2
    assert connector_class(name).capabilities.cannot_see, "every credential is blind to something"


@pytest.mark.parametrize("name", [name for name in VENDORS if name != ASKED_NOTHING])
def test_each_page_tells_the_same(name: str) -> None:
    """The scopes that are needed, what stays hidden, limits, how fields are mapped, and what is from memory."""
    chapters = dict(re.findall(r"^## (.+)\n((?:(?!## ).*\n)+)", (PAGE.parent / f"{name}.md").read_text(), re.MULTILINE))
    assert [chapter for chapter in CHAPTERS if not chapters.get(chapter, "").strip()] == []
    assert re.search(r"[Nn]ot confirmed", chapters[CHAPTERS[-1]])


def test_nothing_of_a_sheet_is_left_out() -> None:
    """Every field of the sheet makes a difference to the page."""
    sheet = Capabilities(seek=False, ascending=False, finds_by=frozenset())
    others = {
        "seek": True,
        "ascending": True,
        "finds_by": frozenset({"PHONE"}),
        "order_guaranteed": True,
        "window_granularity_seconds": 86_400,
        "page_cap": 7,
        "row_cap": 70,
        "search": True,
        "pushes": frozenset({"tags"}),
        "live_state": True,
        "changes": True,
        "history_days": 558,
        "cannot_see": "the dark side",
    }
    assert others.keys() == {field.name for field in fields(Capabilities)}
    plain = told(sheet)
    for field, value in others.items():
        assert told(Capabilities(**{**{name: getattr(sheet, name) for name in others}, field: value})) != plain, field


def told(sheet: Capabilities) -> list[str]:
    cls = type("Desk", (connector_class("zendesk"),), {"capabilities": sheet})
    return [cell(cls) for cell in (*table.WHAT.values(), *table.HOW.values())]
