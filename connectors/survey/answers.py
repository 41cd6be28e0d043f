"""What vendors of surveys share: scores, and texts in the language that was spoken."""

from __future__ import annotations

import re
from typing import Any

_NUMBER = re.compile(r"\s*(\d{1,2})(?:[.,]0+)?(?![\d.,])")


def nps_score(value: object) -> int | None:
    """0 to 10 from `9`, `9.0`, `"9"` or a choice that begins so (`"10 - certainly"`)."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    found = _NUMBER.match(str(value))
    score = None if found is None else int(found[1])
    return score if score is not None and score <= 10 else None


def spoken(texts: dict[str, Any] | None, language: str | None) -> str | None:
    """Of a text in several languages the one asked for, else the survey's own (`default`), else any."""
    told = {key: text for key, text in (texts or {}).items() if isinstance(text, str) and text.strip()}
    return told.get(language or "default") or told.get("default") or next(iter(told.values()), None)
