"""TicketSQL: values that cannot break out of it, patterns for phones, and times as Request Tracker reads them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from connectors.base import Wanted, Window
from connectors.identifiers import national
from connectors.interaction import InteractionStatus, TicketStatus
from connectors.ticketing.shared import INTERACTION_STATUS

PHONE_COLUMNS = ("MobilePhone", "WorkPhone", "HomePhone", "PagerPhone")

_FEWEST_DIGITS = 6
_EARLIEST = datetime(1971, 1, 1, tzinfo=UTC)
_LATEST = datetime(2200, 1, 1, tzinfo=UTC)


def is_quotable(value: str) -> bool:
    """Whether it may stand in a query at all: control characters have no business in an identifier."""
    return bool(value.strip()) and not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in value)


def quoted(value: str) -> str:
    """A TicketSQL string; `value` is quotable."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def one_of(field: str, values: Iterable[str], operator: str = "=") -> str:
    return any_of(f"{field} {operator} {quoted(value)}" for value in values)


def any_of(terms: Iterable[str]) -> str:
    return f"({' OR '.join(terms)})"


def phone_condition(e164: str) -> str | None:
    """Requestors whose number holds these digits in this order, however it is spelled; None for too few digits.

    RT stores numbers as they were typed and compares text: `%` between the digits passes over spaces and dashes.
    What it finds is a candidate, never a match.
    """
    digits = national(e164)
    if digits is None or len(digits) < _FEWEST_DIGITS:
        return None
    pattern = "%".join(digits)
    return any_of(f"Requestor.{column} LIKE {quoted(pattern)}" for column in PHONE_COLUMNS)


def since(field: str, at: datetime, zone: ZoneInfo) -> str:
    """`field` at that second or later; near a change of the clocks wider, never narrower."""
    return f"{field} >= {quoted(_spelled(at, min(_offsets(at, zone))))}"


def until(field: str, at: datetime, zone: ZoneInfo) -> str:
    """`field` at that second or earlier; near a change of the clocks wider, never narrower."""
    return f"{field} <= {quoted(_spelled(at, max(_offsets(at, zone))))}"


def _offsets(at: datetime, zone: ZoneInfo) -> set[timedelta]:
    """What RT may subtract from a local time to get UTC.

    It reads the text as if it were UTC and takes the offset of *that* instant, so for some hours around a change
    it uses the offset of the other side.
    """
    near = _clamped(at)
    days = (near - timedelta(days=1), near, near + timedelta(days=1))
    return {day.astimezone(zone).utcoffset() or timedelta() for day in days}


def _spelled(at: datetime, offset: timedelta) -> str:
    """The only spelling that is safe: RT does not understand `…T…Z`, and then the condition matches everything."""
    return (_clamped(at).astimezone(UTC) + offset).strftime("%Y-%m-%d %H:%M:%S")


def _clamped(at: datetime) -> datetime:
    """Within the years that RT's parser knows; there are no tickets beyond."""
    return min(max(at, _EARLIEST), _LATEST)


def window_terms(window: Window, zone: ZoneInfo) -> list[str]:
    terms = []
    if window.start is not None:
        terms.append(since("Created", window.start, zone))
    if window.end is not None:
        terms.append(until("Created", window.end, zone))
    return terms


def wanted_terms(wanted: Wanted, statuses: dict[str, TicketStatus], zone: ZoneInfo) -> list[str] | None:
    """What may be left to RT; None when no ticket can be wanted. Whatever comes is filtered again."""
    terms = []
    if wanted.statuses is not None and InteractionStatus.UNKNOWN not in wanted.statuses:
        words = sorted(word for word, status in statuses.items() if INTERACTION_STATUS[status] in wanted.statuses)
        if not words:
            return None
        terms.append(one_of("Status", words))
    if wanted.queue_ids is not None:
        ids = sorted(id_ for id_ in wanted.queue_ids if id_.isascii() and id_.isdigit())
        if not ids:
            return None
        terms.append(one_of("Queue", ids))
    if wanted.active_since is not None:
        terms.append(since("LastUpdated", wanted.active_since, zone))
    return terms
