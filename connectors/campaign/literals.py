"""Values and names as they stand in SOQL, SOSL and Data Cloud's SQL: nothing that a caller could say through us.

SOQL: "Quoted String Escape Sequences". SOSL: "Text Searches" (reserved characters). SQL: a quote is written twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

Escapes = Mapping[int, str]

_CONTROLS = (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029)
SOQL: Escapes = {code: f"\\u{code:04X}" for code in _CONTROLS} | {ord("\\"): "\\\\", ord("'"): "\\'"}
SQL: Escapes = {ord("'"): "''"}
SOSL: Escapes = {code: " " for code in _CONTROLS} | {ord(sign): f"\\{sign}" for sign in "?&|!{}[]()^~*:\\\"'+-"}

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,79}(?:\.[A-Za-z][A-Za-z0-9_]{0,79}){0,3}")
_ID = re.compile(r"[A-Za-z0-9]{18}")


def literal(value: str, escapes: Escapes) -> str:
    """`value` as one text in quotes, whatever it holds."""
    return f"'{value.translate(escapes)}'"


def one_of(field: str, values: Iterable[str], escapes: Escapes) -> str:
    return f"{field} IN ({', '.join(literal(value, escapes) for value in values)})"


def words(text: str) -> str:
    """What a SOSL search looks for: every word of `text`, none of them an operator; empty where there are none."""
    bare = (word.translate(SOSL).lower() for word in text.split())
    return " ".join(word for word in bare if any(character.isalnum() for character in word))


def check_name(name: str) -> None:
    """Of a field, with the relationships that lead to it; ValueError for what is none."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no field's name")


def is_id(text: str) -> bool:
    """Whether it is an id of Salesforce's, in the form of 18 characters that its API answers with."""
    return _ID.fullmatch(text) is not None


def soql_instant(at: datetime) -> str:
    """Milliseconds, as Salesforce compares them; a finer instant is cut."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def sql_instant(at: datetime) -> str:
    text = at.astimezone(UTC).replace(tzinfo=None).isoformat(" ", timespec="milliseconds")
    return f"TIMESTAMP WITH TIME ZONE '{text}+00:00'"


def select(
    columns: Iterable[str], table: str, where: Iterable[str] = (), order: str = "", limit: int | None = None
) -> str:
    """One statement of parts that were looked at."""
    parts = [f"SELECT {', '.join(dict.fromkeys(columns))}", f"FROM {table}"]
    conditions = " AND ".join(where)
    parts += [f"WHERE {conditions}"] if conditions else []
    parts += [f"ORDER BY {order}"] if order else []
    parts += [] if limit is None else [f"LIMIT {limit}"]
    return " ".join(parts)
