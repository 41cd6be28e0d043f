"""What one expression finds in a row, turned into a value of ours; and, for operators, how it came to it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, NamedTuple, TypeVar

from connectors.declarative.expressions import UnfitError, compiled, is_true
from connectors.declarative.manifest import Length, LengthValue, TimeAt, TimeValue, Words
from connectors.declarative.times import Times
from connectors.mapping import plain_text

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)
Convert = Callable[[Any], T | None]

MAX_TEXT_LENGTH = 20_000
MAX_LIST_LENGTH = 1_000
MAX_SECONDS = 10 * 366 * 86_400
SECONDS = {"milliseconds": 0.001, "seconds": 1.0, "minutes": 60.0}


class Cell(NamedTuple):
    """One field of one row: `expression` found `raw`, which became `value`; `problem` where it could not."""

    field: str
    expression: str
    raw: Any
    value: Any
    problem: str = ""


class UnmappableError(Exception):
    """The row cannot be an interaction or a record: `field` is missing or not what it must be."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field} {reason}")
        self.field = field
        self.reason = reason


class Row:
    """One row under the expressions of a manifest. `trace`, where it is given, is told every step."""

    def __init__(self, data: Any, times: Callable[[str | None], Times], trace: list[Cell] | None = None) -> None:
        self.data = data
        self.trace = trace
        self._times = times

    def inner(self, data: Any) -> Row:
        """A row within this one; its cells are not traced one by one."""
        return Row(data, self._times)

    def take(self, field: str, expression: str | None, convert: Convert[T]) -> T | None:
        """None where there is nothing, or nothing that fits: an optional field costs no row."""
        if expression is None:
            return None
        raw, value, problem = None, None, ""
        try:
            raw = compiled(expression)(self.data)
        except UnfitError as error:
            problem = str(error)
        if raw is not None:
            value = convert(raw)
            problem = "is not what this field takes" if value is None and is_true(raw) else ""
        if self.trace is not None:
            self.trace.append(Cell(field, expression, raw, value, problem))
        return value

    def need(self, field: str, value: T | None) -> T:
        if value is None:
            raise UnmappableError(field, "is missing or not what it must be")
        return value

    def text(self, field: str, expression: str | None) -> str | None:
        return self.take(field, expression, as_text)

    def prose(self, field: str, expression: str | None) -> str | None:
        """Without markup."""
        return self.take(field, expression, lambda raw: plain_text(as_text(raw)))

    def texts(self, field: str, expression: str | None) -> tuple[str, ...]:
        return self.take(field, expression, as_texts) or ()

    def number(self, field: str, expression: str | None) -> float | None:
        return self.take(field, expression, as_number)

    def flag(self, field: str, expression: str | None) -> bool | None:
        return self.take(field, expression, as_flag)

    def rows(self, field: str, expression: str | None) -> list[Row]:
        found = self.take(field, expression, lambda raw: raw[:MAX_LIST_LENGTH] if isinstance(raw, list) else None)
        return [self.inner(item) for item in found or ()]

    def time(self, field: str, value: TimeValue | None) -> Any:
        """A datetime, or None."""
        if value is None:
            return None
        at = value if isinstance(value, TimeAt) else TimeAt(at=value)
        return self.take(field, at.at, self._times(at.format).read)

    def seconds(self, field: str, value: LengthValue | None) -> int | None:
        if value is None:
            return None
        length = value if isinstance(value, Length) else Length(origin=value)
        return self.take(field, length.origin, lambda raw: as_seconds(raw, length.unit))

    def word(self, field: str, words: Words[E] | None, unknown: E) -> E:
        """`unknown` where neither a rule nor the map knows it, unless the manifest has an `else` of its own."""
        if words is None:
            return unknown
        if words.fixed is not None:
            self._note(field, "fixed", None, words.fixed)
            return words.fixed
        for rule in words.rules:
            if self._holds(rule.when):
                self._note(field, rule.when, True, rule.then)
                return rule.then
        word = self.take(field, words.origin, lambda raw: _word_of(as_word(raw), words.map))
        if word is not None:
            return word
        otherwise = unknown if words.otherwise is None else words.otherwise
        self._note(field, "else", None, otherwise)
        return otherwise

    def _holds(self, expression: str) -> bool:
        try:
            return is_true(compiled(expression)(self.data))
        except UnfitError:
            return False

    def _note(self, field: str, expression: str, raw: Any, value: Any) -> None:
        if self.trace is not None:
            self.trace.append(Cell(field, expression, raw, value))


def _word_of(text: str | None, known: Mapping[str, E]) -> E | None:
    """In any case of letters."""
    if text is None or text in known:
        return known.get(text or "")
    folded = text.casefold()
    return next((word for key, word in known.items() if key.casefold() == folded), None)


def as_text(raw: Any) -> str | None:
    """Of texts and whole numbers; None of what is blank."""
    if isinstance(raw, bool):
        return None
    if isinstance(raw, float) and raw.is_integer() and abs(raw) < 2**53:
        raw = int(raw)
    if isinstance(raw, int):
        raw = str(raw) if -(2**63) <= raw < 2**64 else ""
    if not isinstance(raw, str):
        return None
    return raw.strip()[:MAX_TEXT_LENGTH] or None


def as_word(raw: Any) -> str | None:
    """As `as_text`; true and false as JSON spells them."""
    return str(raw).lower() if isinstance(raw, bool) else as_text(raw)


def as_texts(raw: Any) -> tuple[str, ...] | None:
    """Of a list of texts or objects with a `name`, or of one text with commas."""
    if isinstance(raw, str):
        raw = raw.split(",")
    if not isinstance(raw, list):
        return None
    named = (item.get("name") if isinstance(item, dict) else item for item in raw[:MAX_LIST_LENGTH])
    return tuple(dict.fromkeys(text for text in map(as_text, named) if text))


def as_number(raw: Any) -> float | None:
    if isinstance(raw, bool) or not isinstance(raw, int | float | str):
        return None
    try:
        number = float(raw)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def as_whole(raw: Any) -> int | None:
    """Of a number without a fraction that is not negative."""
    number = as_number(raw)
    return int(number) if number is not None and number.is_integer() and 0 <= number < 2**31 else None


def as_flag(raw: Any) -> bool | None:
    if isinstance(raw, bool):
        return raw
    return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}.get(
        (as_text(raw) or "").casefold()
    )


def as_seconds(raw: Any, unit: str) -> int | None:
    """`clock` is `1:02:03` or `02:03`. None of what is negative or longer than ten years."""
    seconds = _clock_seconds(raw) if unit == "clock" else as_number(raw)
    if seconds is None:
        return None
    seconds *= SECONDS.get(unit, 1.0)
    return int(seconds) if 0 <= seconds <= MAX_SECONDS else None


def _clock_seconds(raw: Any) -> float | None:
    parts = raw.strip().split(":") if isinstance(raw, str) else []
    if not 2 <= len(parts) <= 3 or not all(part.isascii() and part.isdigit() and len(part) < 6 for part in parts):
        return None
    seconds = 0.0
    for part in parts:
        seconds = seconds * 60 + int(part)
    return seconds
