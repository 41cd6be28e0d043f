"""Scalars: instants in UTC, and addresses."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import NewType

import strawberry
from graphql import GraphQLError
from strawberry.types.scalar import ScalarDefinition

_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)")

URL = NewType("URL", str)


def format_instant(at: datetime) -> str:
    """RFC 3339 in UTC, with `Z`, and microseconds where there are any: as msgspec writes it."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def parse_instant(text: object) -> datetime:
    """An aware instant in UTC; raises `GraphQLError` when `text` is not RFC 3339 with an offset."""
    if not isinstance(text, str) or not _RFC_3339.fullmatch(text):
        raise GraphQLError("A DateTime is written as in RFC 3339, with an offset: 2026-11-23T09:00:00Z.")
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise GraphQLError("A DateTime is written as in RFC 3339, with an offset: 2026-11-23T09:00:00Z.") from None


DATE_TIME = strawberry.scalar(
    name="DateTime",
    description="RFC 3339 date and time. Any offset is accepted; UTC (`Z`) is returned.",
    serialize=format_instant,
    parse_value=parse_instant,
)
ABSOLUTE_URL = strawberry.scalar(name="URL", description="An absolute URL.", serialize=str, parse_value=str)


def scalar_config() -> dict[object, ScalarDefinition]:
    """For `StrawberryConfig(scalar_map=…)`."""
    return {datetime: DATE_TIME, URL: ABSOLUTE_URL}
