"""Requests with places for values. A placeholder is a whole value and never a part of one.

It stands for a whole segment of the path (escaped by `connectors.http.segment`), a whole value of the query (escaped by
`VendorHttp`), or a whole value of the JSON body (written by msgspec). What a value holds can therefore never become a
second parameter, another path, or JSON of its own. A value there is none of takes its parameter or key away.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from connectors.declarative.manifest import Request
from connectors.http import segment
from connectors.toml_text import Path, nearest

Value = str | int | None
Values = Mapping[str, Value]

PLACEHOLDERS = (
    "identifier",
    "record_id",
    "external_id",
    "text",
    "start",
    "end",
    "limit",
    "cursor",
    "order",
    "id",
)
_WHOLE = re.compile(r"\{(\w+)\}")
_WITHIN = re.compile(r"\{(" + "|".join(PLACEHOLDERS) + r")\}")
_SEGMENT = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=:@-]*")
_LINK_SEGMENT = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=:@#-]*")
_NO_STEP = ("", ".", "..")
ALWAYS_KNOWN = frozenset({"identifier", "record_id", "external_id", "text", "id"})
"""Those that have a value whenever they are asked for; only they can be a segment of a path."""


@dataclass(frozen=True, slots=True)
class Filled:
    """A request as it is sent."""

    path: str
    params: list[tuple[str, str | int]]
    body: dict[str, Any] | None


def fill(request: Request, values: Values) -> Filled:
    path = "/".join(segment(str(_fill_text(part, values))) for part in request.path.split("/"))
    params = [(name, value) for name, given in request.query.items() for value in _params(given, values)]
    return Filled(path, params, None if request.body is None else _fill_table(request.body, values))


def fill_link(path: str, query: Mapping[str, str], values: Values) -> str | None:
    """Behind a base address; None where a value is missing or would be a step of the path."""
    parts: list[str] = []
    for part in path.split("/"):
        filled = _fill_text(part, values)
        if filled is None or (part != filled and str(filled) in _NO_STEP):
            return None
        parts.append(segment(str(filled)) if part != filled else part)
    pairs = [(name, _fill_text(text, values)) for name, text in query.items()]
    if any(value is None for _, value in pairs):
        return None
    written = "&".join(f"{segment(name)}={segment(str(value))}" for name, value in pairs)
    return "/".join(parts) + ("?" + written if written else "")


def used(request: Request) -> Iterator[tuple[str, Path]]:
    """Each placeholder of a request, and where in it."""
    for part in request.path.split("/"):
        yield from _used_in(part, ("path",))
    yield from _used_in(request.query, ("query",))
    yield from _used_in(request.body, ("body",))


def path_fault(path: str, *, is_link: bool = False) -> tuple[str, str] | None:
    """Problem and mend of a path that cannot be asked."""
    if not path.startswith("/"):
        return "does not begin with `/`", "write the path behind the base address, such as `/v1/calls`"
    if "?" in path:
        return "has a query in it", "move it to `query`"
    allowed = _LINK_SEGMENT if is_link else _SEGMENT
    for part in path[1:].split("/"):
        whole = _WHOLE.fullmatch(part)
        if whole:
            if whole[1] not in PLACEHOLDERS:
                return f"has `{{{whole[1]}}}`, which is no placeholder", nearest(whole[1], PLACEHOLDERS)
        elif "{" in part or "}" in part:
            return "has a placeholder within a longer segment", "let it be a whole segment, between two `/`"
        elif part in (".", ".."):
            return "has a step in it", "write it without `.` and `..`"
        elif not allowed.fullmatch(part):
            return "has a sign that no path has", "write letters, digits and `-._~` alone"
    return None


def value_faults(value: Any, path: Path, *, is_body: bool) -> Iterator[tuple[Path, str, str]]:
    """What is wrong with the values of a query or body, each with its place."""
    if isinstance(value, dict):
        if not is_body:
            yield path, "is a table", "give a text, a number, true or false, or a list of them"
            return
        for key, inner in value.items():
            yield from value_faults(inner, (*path, key), is_body=is_body)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from value_faults(inner, (*path, index), is_body=is_body)
    elif isinstance(value, str):
        yield from _text_faults(value, path)
    elif not isinstance(value, bool | int | float):
        yield path, "is a date of TOML", "write it in quotes"


def _text_faults(text: str, path: Path) -> Iterator[tuple[Path, str, str]]:
    whole = _WHOLE.fullmatch(text)
    if whole:
        if whole[1] not in PLACEHOLDERS:
            yield path, f"has `{{{whole[1]}}}`, which is no placeholder", nearest(whole[1], PLACEHOLDERS)
    elif _WITHIN.search(text):
        yield path, "has a placeholder within a longer text", "let it be the whole value: nothing is ever spliced in"


def _used_in(value: Any, path: Path) -> Iterator[tuple[str, Path]]:
    if isinstance(value, str):
        whole = _WHOLE.fullmatch(value)
        if whole:
            yield whole[1], path
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _used_in(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _used_in(inner, (*path, index))


def _params(given: Any, values: Values) -> Iterator[str | int]:
    for value in given if isinstance(given, list) else (given,):
        filled = _fill_value(value, values)
        if isinstance(filled, bool):
            yield "true" if filled else "false"
        elif isinstance(filled, float):
            yield str(filled)
        elif filled is not None:
            yield filled


def _fill_table(table: Mapping[str, Any], values: Values) -> dict[str, Any]:
    filled = ((key, _fill_value(value, values)) for key, value in table.items())
    return {key: value for key, value in filled if value is not None}


def _fill_value(value: Any, values: Values) -> Any:
    if isinstance(value, str):
        return _fill_text(value, values)
    if isinstance(value, dict):
        return _fill_table(value, values)
    if isinstance(value, list):
        filled = (_fill_value(item, values) for item in value)
        return [item for item in filled if item is not None]
    return value


def _fill_text(text: str, values: Values) -> Value:
    whole = _WHOLE.fullmatch(text)
    return values.get(whole[1]) if whole else text
