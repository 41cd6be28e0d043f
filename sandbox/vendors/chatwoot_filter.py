"""What `POST /contacts/filter` takes: conditions in a row, joined by the operator that each one names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

Holds = Callable[[dict[str, Any]], bool]

ATTRIBUTES = ("name", "email", "phone_number", "identifier")
OPERATORS = ("equal_to", "not_equal_to", "contains", "does_not_contain")


class BadFilter(Exception):
    """Told to the caller as it is, with status 422."""


class Condition(msgspec.Struct):
    attribute_key: str
    filter_operator: str
    values: list[str | int | bool] | str = ""
    query_operator: str | None = None


class _Body(msgspec.Struct):
    payload: list[Condition]


def contact_filter(body: bytes) -> Holds:
    try:
        conditions = msgspec.json.decode(body, type=_Body).payload
    except msgspec.DecodeError as error:
        raise BadFilter("param is missing or the value is empty: payload") from error
    for condition in conditions:
        _check(condition)
    if any(not condition.query_operator for condition in conditions[:-1]):
        raise BadFilter("Invalid query operator.")
    return lambda row: _holds(conditions, row)


def _check(condition: Condition) -> None:
    if condition.attribute_key not in ATTRIBUTES:
        raise BadFilter(f"Invalid attribute key - [{condition.attribute_key}]. One of [{','.join(ATTRIBUTES)}].")
    if condition.filter_operator not in OPERATORS:
        allowed = ",".join(OPERATORS)
        raise BadFilter(f"Invalid operator. The allowed operators for {condition.attribute_key} are [{allowed}].")
    if not condition.values:
        raise BadFilter(f"Invalid value. The values provided for {condition.attribute_key} are invalid")
    if condition.query_operator and condition.query_operator.upper() not in ("AND", "OR"):
        raise BadFilter("Invalid query operator.")


def _holds(conditions: list[Condition], row: dict[str, Any]) -> bool:
    """AND binds before OR, as in the SQL that the vendor makes of it. No condition holds for everybody."""
    alternatives = [[True]]
    for condition in conditions:
        alternatives[-1].append(_fits(condition, row))
        if (condition.query_operator or "").upper() == "OR" and condition is not conditions[-1]:
            alternatives.append([])
    return any(all(alternative) for alternative in alternatives)


def _fits(condition: Condition, row: dict[str, Any]) -> bool:
    """Equality looks at the first value alone, and gives a phone number its plus; a null fits nothing."""
    held = row[condition.attribute_key]
    if held is None:
        return False
    folded = str(held).casefold()
    values = condition.values if isinstance(condition.values, list) else [condition.values]
    if condition.filter_operator in ("equal_to", "not_equal_to"):
        first = str(values[0]).casefold()
        wanted = "+" + first.replace("+", "") if condition.attribute_key == "phone_number" else first
        return (folded == wanted) is (condition.filter_operator == "equal_to")
    found = any(str(value).strip().casefold() in folded for value in values)
    return found is (condition.filter_operator == "contains")
