"""What stands in a row whose columns an operator chose: a value by its name, of the type that is wanted, or None."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from connectors.mapping import plausible

Row = Mapping[str, Any]

MOST_CHARACTERS = 32_000


def value_of(row: Row, path: str | None) -> Any:
    """`Owner.Name` is the name within the owner."""
    found: Any = row if path else None
    for step in path.split(".") if path else ():
        found = found.get(step) if isinstance(found, Mapping) else None
    return found


def text(row: Row, path: str | None) -> str | None:
    """A number is told as it is written; None where there is nothing to read."""
    found = value_of(row, path)
    if isinstance(found, bool):
        return None
    if isinstance(found, float):
        found = f"{found:.15g}" if math.isfinite(found) else None
    if isinstance(found, int):
        found = str(found) if abs(found) < 10**18 else None
    return found.strip()[:MOST_CHARACTERS] or None if isinstance(found, str) else None


def number(row: Row, path: str | None) -> float | None:
    found = value_of(row, path)
    if isinstance(found, str) and len(found) <= 40:
        try:
            found = float(found)
        except ValueError:
            return None
    if isinstance(found, bool) or not isinstance(found, int | float) or abs(found) > 1e15:
        return None
    return float(found) if math.isfinite(found) else None


def seconds(row: Row, path: str | None) -> int | None:
    found = number(row, path)
    return None if found is None or not 0 <= found < 10**8 else int(found)


def instant(row: Row, path: str | None) -> datetime | None:
    """`2026-11-23T01:02:03.000+0000`, or `2026-11-23 01:02:03.000 UTC`; None without a zone."""
    found = value_of(row, path)
    if not isinstance(found, str) or not 19 <= len(found) <= 40:
        return None
    try:
        at = datetime.fromisoformat(found.removesuffix(" UTC") + "Z" if found.endswith(" UTC") else found)
    except ValueError:
        return None
    return None if at.tzinfo is None else plausible(_utc(at))


def _utc(at: datetime) -> datetime | None:
    """None beyond the ends of the calendar."""
    return at.astimezone(UTC) if 1 < at.year < 9999 else None
