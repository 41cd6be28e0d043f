"""VISIBILITY.md §3 as a table: a customer's identifiers and name, masks, and what is withheld. Written by hand."""

from __future__ import annotations

import pytest
from msgspec.structs import replace as with_fields

from connectors.interaction import HeldIdentifier, Identifier, IdentifierKind, Record
from gateway.permissions import (
    ANALYTICS_VIEW,
    EVENT_TYPE_VIEW,
    PII_VIEW,
    QUEUE_SEARCH,
    WITHHELD_FIELDS,
    WRAP_UP_CODE_VIEW,
)
from gateway.viewer.viewer import Viewer
from gateway.visibility import Judge
from tests.gateway.visibility.cast import (
    DEPLOYMENT,
    EVERYBODY,
    IN_BOTH,
    IN_NORTH,
    IN_SOUTH,
    LACKS_PII,
    LACKS_QUEUE,
    NORTHERNER,
    PHONE,
    ROSA,
    SPLIT,
    viewer,
)


@pytest.mark.parametrize(
    ("kind", "value", "masked"),
    [
        (IdentifierKind.PHONE, "+393331112233", "***33"),
        (IdentifierKind.WHATSAPP, "+393331112244", "***44"),
        (IdentifierKind.WHATSAPP, "IT.abc123", "***"),
        (IdentifierKind.PHONE, "anonymous", "***"),
        (IdentifierKind.EMAIL, "rosa@example.org", "r***@example.org"),
        (IdentifierKind.SOCIAL, "rosa@network", "***"),
        (IdentifierKind.EXTERNAL_ID, "+4711", "***"),
        (IdentifierKind.COOKIE, "6f1c9e0a", "***"),
    ],
)
def test_masks(kind: IdentifierKind, value: str, masked: str) -> None:
    identifier = Identifier(kind, value)
    shown = Judge(DEPLOYMENT, LACKS_PII).show_identifier(
        identifier, [with_fields(ROSA, identifiers=(HeldIdentifier(identifier),))]
    )
    assert shown == (identifier, masked, True)


@pytest.mark.parametrize(
    ("who", "records", "value"),
    [
        pytest.param(
            viewer("north", f"{PII_VIEW}@north"), [IN_NORTH], PHONE.value, id="in a division of a visible record"
        ),
        pytest.param(viewer("north", f"{PII_VIEW}@south"), [IN_NORTH], "***33", id="in none of its divisions"),
        pytest.param(viewer("north", f"{PII_VIEW}@south"), [IN_BOTH], PHONE.value, id="in another of its divisions"),
        pytest.param(
            viewer("north", f"{PII_VIEW}@south"), [IN_NORTH, IN_SOUTH], "***33", id="a hidden record lends none"
        ),
        pytest.param(viewer("north", f"{PII_VIEW}@south"), [ROSA], PHONE.value, id="undivided: anywhere"),
        pytest.param(viewer("north"), [ROSA], "***33", id="held nowhere"),
        pytest.param(viewer("+north"), [IN_SOUTH], None, id="no visible record carries it"),
    ],
)
def test_an_identifier(who: Viewer, records: list[Record], value: str | None) -> None:
    shown = Judge(DEPLOYMENT, who).show_identifier(PHONE, records)
    assert (shown and shown.value) == value


@pytest.mark.parametrize(
    ("who", "records", "name"),
    [
        pytest.param(EVERYBODY, [ROSA], "Rosa Neri", id="of the first source that has one"),
        pytest.param(
            NORTHERNER, [with_fields(IN_SOUTH, name="Hidden"), IN_NORTH], "Rosa Neri", id="from visible records"
        ),
        pytest.param(NORTHERNER, [IN_SOUTH], None, id="and from no other"),
        pytest.param(LACKS_PII, [with_fields(ROSA, name="Rosa 1112233")], None, id="emptied when it holds a phone"),
        pytest.param(
            EVERYBODY, [with_fields(ROSA, name="Rosa 1112233")], "Rosa 1112233", id="not for who sees that whole"
        ),
    ],
)
def test_a_customers_name(who: Viewer, records: list[Record], name: str | None) -> None:
    assert Judge(DEPLOYMENT, who).show_name(records) == name


@pytest.mark.parametrize(
    ("who", "lacking"),
    [
        pytest.param(EVERYBODY, set(), id="nothing"),
        pytest.param(NORTHERNER, set(), id="nothing in their division"),
        pytest.param(LACKS_QUEUE, {QUEUE_SEARCH}, id="what is held nowhere"),
        pytest.param(SPLIT, {EVENT_TYPE_VIEW, QUEUE_SEARCH, WRAP_UP_CODE_VIEW, PII_VIEW}, id="what is lacking in one"),
        pytest.param(viewer("+north", f"{ANALYTICS_VIEW}@north"), set(), id="others do not count"),
    ],
)
def test_withheld(who: Viewer, lacking: set[str]) -> None:
    expected = {(field, permission) for permission in lacking for field in WITHHELD_FIELDS[permission]}
    assert set(Judge(DEPLOYMENT, who).withheld) == expected
