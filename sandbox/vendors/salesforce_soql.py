"""As much of SOQL as finds people and what happened to them: columns, conditions, an order and a limit."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sandbox.vendors.salesforce_http import is_id

Row = dict[str, Any]
Test = Callable[[Row], bool]

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^'\\\r\n]|\\.)*')|(?P<at>\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:?\d\d))"
    r"|(?P<number>-?\d+(?:\.\d+)?)|(?P<name>[A-Za-z][\w.]*)|(?P<sign><=|>=|!=|[=<>(),]))"
)
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|([nNrRtTbBfF\"'\\]))")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": lambda held, value: held == value,
    "!=": lambda held, value: held != value,
    "<": lambda held, value: held is not None and held < value,
    "<=": lambda held, value: held is not None and held <= value,
    ">": lambda held, value: held is not None and held > value,
    ">=": lambda held, value: held is not None and held >= value,
}


class SoqlError(Exception):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Condition:
    path: str
    operator: str
    values: tuple[Any, ...]


@dataclass(slots=True)
class Soql:
    """columns: paths; of a query within it only the name of what it reads. conditions: all, however they are joined."""

    table: str
    columns: list[str] = field(default_factory=list)
    nested: list[str] = field(default_factory=list)
    conditions: list[Condition] = field(default_factory=list)
    holds: Test = lambda row: True
    order: list[tuple[str, bool]] = field(default_factory=list)
    limit: int | None = None

    def values_of(self, *paths: str) -> list[str]:
        return [value for c in self.conditions if c.path in paths for value in c.values if isinstance(value, str)]

    def paths(self) -> Iterator[str]:
        yield from self.columns
        yield from (condition.path for condition in self.conditions)
        yield from (path for path, _ in self.order)

    def sort(self, rows: list[Row]) -> None:
        for path, descends in reversed(self.order):
            rows.sort(key=lambda row: value_at(row, path) or "", reverse=descends)


def value_at(row: Row, path: str) -> Any:
    found: Any = row
    for step in path.split("."):
        found = found.get(step) if isinstance(found, dict) else None
    return found


class Parser:
    """`ignores`: paths whose conditions hold for every row."""

    def __init__(self, text: str, ignores: Sequence[str] = ()) -> None:
        self._tokens = list(_tokens(text))
        self._at = 0
        self._ignores = ignores
        self._conditions: list[Condition] = []

    def parse(self) -> Soql:
        self._word("SELECT")
        columns, nested = self._columns()
        self._word("FROM")
        query = Soql(self._take("name"), columns, nested, self._conditions)
        if self._is("WHERE"):
            query.holds = self._either()
        if self._is("ORDER"):
            self._word("BY")
            query.order.append(self._ordered())
            while self._sign(","):
                query.order.append(self._ordered())
        if self._is("LIMIT"):
            query.limit = int(self._take("number"))
        if self._at < len(self._tokens):
            raise self._odd()
        return query

    def _columns(self) -> tuple[list[str], list[str]]:
        columns: list[str] = []
        nested: list[str] = []
        while True:
            if self._sign("("):
                self._word("SELECT")
                self._columns()
                self._word("FROM")
                nested.append(self._take("name"))
                if self._is("LIMIT"):
                    self._take("number")
                self._need(")")
            else:
                columns.append(self._take("name"))
            if not self._sign(","):
                return columns, nested

    def _either(self) -> Test:
        tests = [self._all()]
        while self._is("OR"):
            tests.append(self._all())
        return tests[0] if len(tests) == 1 else lambda row: any(test(row) for test in tests)

    def _all(self) -> Test:
        tests = [self._one()]
        while self._is("AND"):
            tests.append(self._one())
        return lambda row: all(test(row) for test in tests)

    def _one(self) -> Test:
        if self._sign("("):
            inner = self._either()
            self._need(")")
            return inner
        path = self._take("name")
        if self._is("IN"):
            self._need("(")
            values = [self._value()]
            while self._sign(","):
                values.append(self._value())
            self._need(")")
            return self._test(Condition(path, "IN", tuple(values)))
        return self._test(Condition(path, self._take("sign"), (self._value(),)))

    def _test(self, condition: Condition) -> Test:
        self._conditions.append(condition)
        if _is_reference(condition.path):
            for value in condition.values:
                if isinstance(value, str) and not is_id(value):
                    raise SoqlError("INVALID_QUERY_FILTER_OPERATOR", f"invalid ID field: {value}")
        if condition.path in self._ignores:
            return lambda row: True
        path, values = condition.path, condition.values
        if condition.operator == "IN":
            lowered = {value.lower() if isinstance(value, str) else value for value in values}
            return lambda row: _lower(value_at(row, path)) in lowered
        compare, value = _COMPARISONS[condition.operator], values[0]
        if isinstance(value, datetime):
            return lambda row: (at := _instant(value_at(row, path))) is not None and compare(at, value)
        return lambda row: compare(value_at(row, path), value)

    def _ordered(self) -> tuple[str, bool]:
        path = self._take("name")
        return path, not self._is("ASC") and self._is("DESC")

    def _value(self) -> Any:
        kind, text = self._next()
        match kind:
            case "text":
                return _unescaped(text)
            case "at":
                return _instant(text)
            case "number":
                return float(text)
            case "name" if text.lower() in ("null", "true", "false"):
                return {"null": None, "true": True, "false": False}[text.lower()]
        raise self._odd()

    def _next(self) -> tuple[str, str]:
        if self._at >= len(self._tokens):
            raise self._odd()
        self._at += 1
        return self._tokens[self._at - 1]

    def _take(self, kind: str) -> str:
        found, text = self._next()
        if found != kind:
            raise self._odd()
        return text

    def _word(self, word: str) -> None:
        if not self._is(word):
            raise self._odd()

    def _is(self, word: str) -> bool:
        return self._follows("name", word)

    def _sign(self, sign: str) -> bool:
        return self._follows("sign", sign)

    def _need(self, sign: str) -> None:
        if not self._sign(sign):
            raise self._odd()

    def _follows(self, kind: str, text: str) -> bool:
        if self._at < len(self._tokens):
            found, given = self._tokens[self._at]
            if found == kind and given.upper() == text:
                self._at += 1
                return True
        return False

    def _odd(self) -> SoqlError:
        return SoqlError("MALFORMED_QUERY", "unexpected token")


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    at = 0
    text = text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise SoqlError("MALFORMED_QUERY", "unexpected token")
        yield match.lastgroup, match.group(match.lastgroup)
        at = match.end()


def _unescaped(quoted: str) -> str:
    inner = quoted[1:-1]
    if "\\" in _ESCAPE.sub("", inner):
        raise SoqlError("MALFORMED_QUERY", "Illegal string literal")
    return _ESCAPE.sub(lambda m: chr(int(m[1], 16)) if m[1] else _ESCAPES.get(m[2].lower(), m[2]), inner)


def _is_reference(path: str) -> bool:
    """Fields that hold ids."""
    return path.rpartition(".")[2] in ("Id", "WhoId", "ActivityId", "PreviousCallId", "RelatedRecordId", "OwnerId")


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _instant(text: Any) -> datetime | None:
    return datetime.fromisoformat(text) if isinstance(text, str) else None
