"""JQL: the clauses that we say in it, and nothing that a caller could say through us.

Rules: "JQL fields", "JQL operators" of Atlassian's support pages. Times have minutes at best, in the time zone of
whoever asks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from connectors.base import Query

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
_ACCOUNT = re.compile(r"[A-Za-z0-9:_-]{1,128}")
_NUMBER = re.compile(r"[0-9]{1,18}")
_LABEL = re.compile(r"[\w.-]+", re.ASCII)


def is_account(text: str) -> bool:
    return _ACCOUNT.fullmatch(text) is not None


def jql(accounts: Sequence[str], projects: Sequence[str], query: Query, zone: ZoneInfo) -> str | None:
    """Issues that these accounts reported, within the window or a little beyond; None: there can be none."""
    wanted, window = query.wanted, query.window
    clauses = [_one_of("reporter", accounts)]
    if projects:
        clauses.append(_one_of("project", projects))
    if window.start is not None:
        clauses.append(f'created >= "{_minute(window.start, zone, earliest=True)}"')
    if window.end is not None:
        clauses.append(f'created < "{_minute(window.end, zone, earliest=False)}"')
    if wanted.active_since is not None:
        clauses.append(f'updated >= "{_minute(wanted.active_since, zone, earliest=True)}"')
    if wanted.queue_ids is not None:
        numbers = sorted(id_ for id_ in wanted.queue_ids if _NUMBER.fullmatch(id_))
        if not numbers:
            return None
        clauses.append(f"project in ({', '.join(numbers)})")  # in quotes it might be a project's name
    if wanted.agent_ids is not None:
        agents = sorted(id_ for id_ in wanted.agent_ids if is_account(id_))
        if not agents:
            return None
        clauses.append(_one_of("assignee", agents))
    if wanted.tags and all(_LABEL.fullmatch(tag) for tag in wanted.tags):
        clauses.append(_one_of("labels", sorted(wanted.tags)))
    order = "ASC" if query.ascending else "DESC"
    return f"{' AND '.join(clauses)} ORDER BY created {order}, key {order}"


def _one_of(field: str, values: Iterable[str]) -> str:
    """Values that were looked at: none holds a quote or a backslash."""
    quoted = ", ".join(f'"{value}"' for value in values)
    return f"{field} in ({quoted})"


def _minute(at: datetime, zone: ZoneInfo, *, earliest: bool) -> str:
    """The minute at or before `at`, or one behind it; wider near a change of the clocks, never narrower."""
    offsets = [(at + step).astimezone(zone).utcoffset() or timedelta(0) for step in (-DAY, timedelta(0), DAY)]
    local = at.astimezone(UTC).replace(tzinfo=None) + (min(offsets) if earliest else max(offsets) + MINUTE)
    return f"{local:%Y/%m/%d %H:%M}"
