"""Zendesk's search language: the terms that we say in it, and nothing that a caller could say through us.

Rules: "Zendesk Support search reference". Terms are joined by AND, equal keywords with a colon by OR; there is no
space around an operator; a date may have a time and an offset.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from connectors import identifiers
from connectors.base import Wanted, Window
from connectors.interaction import Identifier, InteractionStatus
from connectors.ticketing.zendesk_mapping import STATUSES

MOST_TAGS = 10
"""A query may hold 64 words."""

SECOND = timedelta(seconds=1)
_TAG = re.compile(r"[A-Za-z0-9_]+")
_QUOTING = re.compile(r"[\"\\\x00-\x1f]")


def window_terms(window: Window, active_since: datetime | None) -> list[str]:
    """Whole seconds, as Zendesk keeps them: rounded outwards. Terms of one keyword with < and > are both held to."""
    terms = []
    if window.start is not None:
        terms.append(f"created>={_second(window.start)}")
    if window.end is not None:
        rounded = window.end if window.end.microsecond == 0 else window.end + SECOND
        terms.append(f"created<{_second(rounded)}")
    if active_since is not None:
        terms.append(f"updated>={_second(active_since)}")
    return terms


def _second(at: datetime) -> str:
    return at.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def wanted_terms(wanted: Wanted) -> list[str] | None:
    """Equal keywords are alternatives. None: no ticket can be in such a status."""
    terms: list[str] = []
    if wanted.statuses is not None and InteractionStatus.UNKNOWN not in wanted.statuses:
        terms = [f"status:{word}" for word, (status, _) in STATUSES.items() if status in wanted.statuses]
        if not terms:
            return None
    tags = wanted.tags or frozenset()
    # `tags:none` asks for tickets without any, and punctuation is not searched for: such tags are left to the caller.
    if len(tags) <= MOST_TAGS and all(_TAG.fullmatch(tag) and tag != "none" for tag in tags):
        terms += [f"tags:{tag}" for tag in sorted(tags)]
    return terms


def phone_terms(number: Identifier, region: str | None) -> str:
    """With its plus; by its digits; and, where numbers may be kept without their country, by the rest of them."""
    spellings = [number.value, f"*{identifiers.digits(number.value)}"]
    if region is not None and (rest := identifiers.national(number.value, region)):
        spellings.append(f"*{rest}")
    return " ".join(f"phone:{spelling}" for spelling in spellings)


def quoted(text: str) -> str:
    """One phrase of the search language, whatever `text` holds; empty where it holds nothing to search for."""
    bare = " ".join(_QUOTING.sub(" ", text).split())
    return f'"{bare}"' if any(character.isalnum() for character in bare) else ""
