"""Times as vendors write them: ISO 8601, numbers since 1970, or a pattern of strptime; and windows asked in them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Literal
from zoneinfo import ZoneInfo

from connectors.base import EARLIEST, LATEST

Granularity = Literal["exact", "millisecond", "second", "minute", "day"]

EPOCHS = {"epoch_seconds": 1, "epoch_milliseconds": 1_000, "epoch_microseconds": 1_000_000}
FORMATS = ("iso", *EPOCHS)
MICROSECOND = timedelta(microseconds=1)
DAY = timedelta(days=1)
UNITS: dict[Granularity, timedelta] = {
    "exact": MICROSECOND,
    "millisecond": timedelta(milliseconds=1),
    "second": timedelta(seconds=1),
    "minute": timedelta(minutes=1),
    "day": DAY,
}
_PROBES = (datetime(2019, 3, 27, 14, 52, 31, tzinfo=UTC), datetime(2024, 11, 8, 3, 5, 9, tzinfo=UTC))


class Times:
    """One format, in one zone: the zone of those times that tell none of their own."""

    def __init__(self, format_: str, zone: ZoneInfo) -> None:
        self.format = format_
        self.zone = zone
        self.is_local = zone.key != "UTC" and "%" in format_ and "%z" not in format_

    def read(self, value: Any) -> datetime | None:
        """None for what is no such time, or lies outside of 1970 to 2200: vendors write odd dates for none."""
        try:
            at = self._read(value)
            at = (at.replace(tzinfo=self.zone) if at.tzinfo is None else at).astimezone(UTC)
        except (ValueError, TypeError, OverflowError, InvalidOperation):
            return None
        return at if EARLIEST < at < LATEST else None

    def _read(self, value: Any) -> datetime:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise TypeError
        if self.format in EPOCHS:
            microseconds = Decimal(str(value)) * (1_000_000 // EPOCHS[self.format])
            return EARLIEST + timedelta(microseconds=int(microseconds))
        if not isinstance(value, str):
            raise TypeError
        return datetime.fromisoformat(value.strip()) if self.format == "iso" else datetime.strptime(value, self.format)

    def write(self, at: datetime, granularity: Granularity) -> str | int:
        """As the vendor is asked: a number for numbers, else text; ISO 8601 in UTC."""
        if self.format in EPOCHS:
            return (at - EARLIEST) // MICROSECOND * EPOCHS[self.format] // 1_000_000
        if self.format == "iso":
            fine = {"exact": "microseconds", "millisecond": "milliseconds"}.get(granularity, "seconds")
            return at.astimezone(UTC).isoformat(timespec=fine).replace("+00:00", "Z")
        return at.astimezone(self.zone).strftime(self.format)

    def floor(self, at: datetime, granularity: Granularity) -> datetime:
        if granularity == "day":
            zone = self.zone if "%" in self.format else UTC
            return at.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)
        return at - (at - EARLIEST) % UNITS[granularity]

    def slack(self, at: datetime) -> timedelta:
        """How far local times around `at` may be wrong: an hour where clocks were put back, which they do not tell."""
        if not self.is_local:
            return timedelta()
        local = at.astimezone(self.zone)
        return abs(((local + DAY).utcoffset() or DAY) - ((local - DAY).utcoffset() or DAY))


def is_format(text: str) -> bool:
    """Whether it is one of the words, or a pattern that a date survives."""
    if text in FORMATS:
        return True
    if "%" not in text:
        return False
    try:
        return all(datetime.strptime(at.strftime(text), text).date() == at.date() for at in _PROBES)
    except ValueError:
        return False
