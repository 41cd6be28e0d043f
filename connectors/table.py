"""The table of all vendors, from the sheets that their connectors carry.

`python -m connectors.table docs/connectors/README.md` writes the page.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from pathlib import Path

from connectors.base import VendorConnector
from connectors.interaction import SourceKind
from connectors.registry import BUILT_IN, connector_class

BY_OPTIONS = "declarative"
"""What it can do is said by the manifest that a source names."""

HEAD = """\
# Vendors

Made from the connectors themselves by `python -m connectors.table docs/connectors/README.md`; a test compares. A page
a vendor tells the credential it takes, its options, what is asked and how it is mapped. Beside them,
[declarative](declarative.md) is any REST and JSON API, by a manifest: what comes from there, and how, is the manifest's
to say; and [journal](journal.md) is any system that tells by webhook and can be asked nothing. How all of them are
proved is in [contract.md](contract.md).

## What comes from there
"""
BETWEEN = """
## How it is asked
- **From any time**: a page can begin anywhere at the same cost; otherwise a customer is read whole.
- **Oldest first**: the vendor sorts that way as well; otherwise it is read upwards in spans of time.
- **Window**: how finely the vendor cuts; its connector always cuts exactly.
- **Narrows by**: what of a filter is handed to the vendor; all of it is applied to the rows in any case.

Some of it changes with the options of a source; the vendor's page says so.

"""

Cells = Mapping[str, Callable[[type[VendorConnector]], str]]

WHAT: Cells = {
    "channels": lambda cls: _words(cls.channels),
    "finds by": lambda cls: _words(cls.capabilities.finds_by),
    "search": lambda cls: _mark(cls.capabilities.search),
    "going on now": lambda cls: _mark(cls.capabilities.live_state),
    "changes": lambda cls: _mark(cls.capabilities.changes),
    "history": lambda cls: _days(cls.capabilities.history_days),
    "what its credential cannot see": lambda cls: _sentence(cls.capabilities.cannot_see),
}
HOW: Cells = {
    "from any time": lambda cls: _mark(cls.capabilities.seek),
    "oldest first": lambda cls: _mark(cls.capabilities.ascending),
    "order guaranteed": lambda cls: _mark(cls.capabilities.order_guaranteed),
    "window": lambda cls: _granularity(cls.capabilities.window_granularity_seconds),
    "rows a call": lambda cls: f"{cls.capabilities.page_cap:,}",
    "rows a customer": lambda cls: _cap(cls.capabilities.row_cap),
    "narrows by": lambda cls: _words(cls.capabilities.pushes),
}


def page() -> str:
    return f"{HEAD}\n{_table(WHAT)}{BETWEEN}{_table(HOW)}"


def _table(cells: Cells) -> str:
    rows = [f"| vendor | kind | {' | '.join(cells)} |", "|---" * (len(cells) + 2) + "|"]
    for name in _names():
        cls = connector_class(name)
        rows.append(
            f"| [{name}]({name}.md) | {cls.kind.lower()} | {' | '.join(told(cls) for told in cells.values())} |"
        )
    return "\n".join(rows) + "\n"


def _names() -> list[str]:
    """By kind, in the order of the enum; vendors of other packages tell of themselves."""
    kinds = list(SourceKind)
    return sorted(BUILT_IN.keys() - {BY_OPTIONS}, key=lambda name: (kinds.index(connector_class(name).kind), name))


def _words(words: Iterable[str]) -> str:
    """In the order of an enum, else of the alphabet."""
    found = list(words)
    if found and isinstance(found[0], StrEnum):
        found = [word for word in type(found[0]) if word in found]
    else:
        found.sort()
    return ", ".join(found) or "–"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].removesuffix('.')}."


def _mark(is_so: bool) -> str:
    return "yes" if is_so else "–"


def _days(days: int | None) -> str:
    return "without end" if days is None else f"{days:,} days"


def _cap(rows: int | None) -> str:
    return "all" if rows is None else f"{rows:,}"


def _granularity(seconds: int | None) -> str:
    known = {None: "none", 0: "exact", 1: "a second", 60: "a minute", 3600: "an hour", 86_400: "a day"}
    return known.get(seconds) or f"{seconds:,} s"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), encoding="utf-8")
