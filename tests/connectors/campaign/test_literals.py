"""Nothing that a caller gives leaves its quotes."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connectors.campaign.literals import (
    SOQL,
    SQL,
    check_name,
    is_id,
    literal,
    one_of,
    select,
    soql_instant,
    sql_instant,
    words,
)
from connectors.campaign.salesforce_query import Questions
from sandbox.vendors.salesforce_soql import Parser

HOSTILE = [
    "'",
    "\\",
    "\\'",
    "' OR Id != '",
    "x') OR (Name LIKE '%",
    "\n\r\t\b\f",
    "\u2028",
    "\\u0027",
    "{!Name}",
    ":id",
    "--",
    "/*",
    "𝟎☎️",
]
TEXTS = st.one_of(st.text(max_size=60), st.lists(st.sampled_from(HOSTILE), max_size=4).map("".join))


@given(TEXTS)
@example("'")
@example("\\")
@example("\\' OR Id != '")
def test_soql_reads_the_very_text_and_nothing_beside_it(value: str) -> None:
    query = Parser(select(["Id"], "Contact", [f"Email = {literal(value, SOQL)}"], limit=1)).parse()
    assert [(c.path, c.operator, c.values) for c in query.conditions] == [("Email", "=", (value,))]
    assert (query.table, query.columns, query.limit) == ("Contact", ["Id"], 1)


@given(st.lists(TEXTS, min_size=1, max_size=4))
def test_soql_reads_the_very_list(values: list[str]) -> None:
    query = Parser(select(["Id"], "Contact", [one_of("Email", values, SOQL)])).parse()
    assert [c.values for c in query.conditions] == [tuple(values)]


@given(st.lists(TEXTS, max_size=3), st.lists(TEXTS, min_size=1, max_size=3), st.lists(TEXTS, max_size=3))
def test_a_question_for_people_holds_what_was_asked_and_nothing_else(
    ids: list[str], emails: list[str], external: list[str]
) -> None:
    """Ids that are none are left out; whatever else is asked for stands in its own list."""
    questions = Questions({"Contact": "Crm_Id__c"}, ("Call",), {}, "RelatedRecordId")
    soql = questions.people("Contact", [*ids, "0035f00000AbCdEAAV"], emails, external)
    assert soql is not None
    query = Parser(soql).parse()
    told = {condition.path: condition.values for condition in query.conditions}
    expected = {"Id": ("0035f00000AbCdEAAV",), "Email": tuple(emails), "Crm_Id__c": tuple(external)}
    assert told == {path: values for path, values in expected.items() if values}
    assert (query.table, query.limit) == ("Contact", 100)


@given(st.lists(TEXTS.filter(lambda text: "\x00" not in text), min_size=1, max_size=4))
def test_sql_reads_the_very_list(values: list[str]) -> None:
    """By a database; a zero is no character of a text, and refused before."""
    try:
        for value in values:
            value.encode()
    except UnicodeEncodeError:
        return
    database = sqlite3.connect(":memory:")
    found = [database.execute(f"SELECT {literal(value, SQL)}").fetchone()[0] for value in values]
    count = database.execute(f"SELECT 1 WHERE {one_of(literal(values[0], SQL), values, SQL)}").fetchall()
    database.close()
    assert (found, count) == (values, [(1,)])


@given(TEXTS)
def test_words_cannot_leave_their_braces(value: str) -> None:
    looked_for = words(value)
    bare = looked_for
    for sign in "?&|!{}[]()^~*:\\\"'+-":
        bare = bare.replace(f"\\{sign}", "")
    assert not set(bare) & set("?&|!{}[]()^~*:\\\"'+-")
    assert not {"OR", "AND", "NOT"} & set(looked_for.split()) and "\n" not in looked_for


@pytest.mark.parametrize("name", ["Id", "Owner.Name", "Number_Type__c", "ns__Deep__r.Owner.Manager.Name"])
def test_names_of_fields(name: str) -> None:
    check_name(name)


@pytest.mark.parametrize("name", ["", "1st", "Id FROM User", "Id,Name", "a.b.c.d.e", "Id'", "é__c", "Owner.", "a" * 81])
def test_what_is_no_name(name: str) -> None:
    with pytest.raises(ValueError, match="is no field's name"):
        check_name(name)


def test_ids_have_eighteen_characters() -> None:
    assert is_id("0035f00000AbCdEAAV")
    assert not any(
        map(is_id, ["0035f00000AbCdE", "0035f00000AbCdEAA'", "", "0035f00000AbCdEAAVV", "００35f00000AbCdEAAV"])
    )


def test_instants() -> None:
    at = datetime(2026, 11, 23, 2, 3, 4, 5678, tzinfo=timezone(timedelta(hours=1)))
    assert soql_instant(at) == "2026-11-23T01:03:04.005Z"
    assert sql_instant(at.astimezone(UTC)) == "TIMESTAMP WITH TIME ZONE '2026-11-23 01:03:04.005+00:00'"
