"""The local time of an exchange's server."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from connectors.mapping import from_unix


class Clock:
    """Local times have no zone, and an hour that is there twice when summer time ends."""

    def __init__(self, zone: str) -> None:
        self._zone = ZoneInfo(zone)

    def utc(self, value: Any, near: datetime | None = None) -> datetime | None:
        """From a date of the database's, from text, or from Unix seconds; None for what is no time of a call.

        `near`: an instant close by, which tells the two hours apart.
        """
        at = parsed(value)
        if at is None or not 1971 < at.year < 2199:
            return None
        if at.tzinfo is not None:
            return at.astimezone(UTC)
        first, second = (at.replace(tzinfo=self._zone, fold=fold).astimezone(UTC) for fold in (0, 1))
        return first if near is None or abs(near - first) <= abs(near - second) else second

    def local(self, at: datetime) -> datetime:
        """Without a zone, as tables have it."""
        return at.astimezone(self._zone).replace(tzinfo=None)

    def latest_utc(self, value: Any) -> datetime | None:
        """The last instant that this local time may have been."""
        at = parsed(value)
        if at is None or at.tzinfo is not None:
            return None if at is None else at.astimezone(UTC)
        return max(at.replace(tzinfo=self._zone, fold=fold).astimezone(UTC) for fold in (0, 1))


def parsed(value: Any) -> datetime | None:
    """A date, ISO text or Unix seconds."""
    if isinstance(value, datetime):
        return value
    text = str(value if value is not None else "").strip()
    try:
        if text.replace(".", "", 1).isdigit():
            return from_unix(float(text))
        return datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        return None
