"""A wrong manifest is refused whole: every fault with its line and a mend, and never a value of the text."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from connectors.declarative.connector import Declarative
from connectors.declarative.reading import load, read, shipped
from connectors.toml_text import TomlError
from tests.connectors.declarative.support import FIELDS, HEAD, LIST, SMALL


def faults(text: str) -> list[str]:
    with pytest.raises(TomlError) as caught:
        read(text, "tried.toml")
    return [str(fault) for fault in caught.value.faults]


def changed(old: str, new: str) -> str:
    assert SMALL.count(old) == 1, old
    return SMALL.replace(old, new)


REQUEST = '{ path = "/rows", query = { of = "{record_id}" } }'
STARTED = 'started_at = "at"'

WRONG = [
    # what types say
    ('name = "tried"', "name = 7", "name is not text", "give text in quotes"),
    ('name = "tried"', 'name = "Tried It"', "name is not written as it must be", "it must match"),
    ('name = "tried"\n', "", "name is missing", "add it"),
    ('kind = "CHAT"', 'kind = "CHATS"', "kind is none of the known words", "did you mean `CHAT`?"),
    ('kind = "CHAT"', 'kind = "CHAT"\nlive_state = "yes"', "live_state is not true or false", "give true or false"),
    ('kind = "CHAT"', 'kind = "CHAT"\nhistory_days = 0', "history_days is out of bounds", "give at least 1"),
    ('kind = "CHAT"', 'kind = "CHAT"\nhistory_days = 1.5', "history_days is not a whole number", "a whole number"),
    ('kind = "CHAT"', 'kind = "CHAT"\ncannot_sea = ""', "cannot_sea is unknown", "did you mean `cannot_see`?"),
    ('auth = { kind = "none" }', "auth = 1", "auth is not a table", "give a table"),
    ('emails = ["email"]', 'emails = "email"', "person.emails is not a list", "give a list"),
    ('by = ["EMAIL", "PHONE", "RECORD_ID"]', "by = []", "find[0].by has too few entries", "at least 1"),
    # expressions
    (STARTED, 'started_at = "at["', "fields.started_at is no JMESPath expression at character 4", "jmespath.org"),
    (STARTED, 'started_at = ""', "fields.started_at is no JMESPath expression", "jmespath.org"),
    (STARTED, 'started_at = "nearest(at)"', "fields.started_at calls `nearest`", "known: abs"),
    (STARTED, 'started_at = "length(a, b)"', "calls `length` with 2 arguments", "give it 1"),
    (STARTED, f'started_at = "{"a" * 1001}"', "is an overlong expression", "at most 1000"),
    # times
    (STARTED, 'started_at = { at = "at", format = "epoch" }', "started_at.format is no format of time", "`iso`"),
    (STARTED, 'started_at = { at = "at", format = "%H:%M" }', "started_at.format is no format of time", "%d/%m/%Y"),
    # words
    ('channel = { fixed = "CHAT" }', 'channel = { fixed = "CHIT" }', "channel.fixed is none", "did you mean `CHAT`?"),
    ('channel = { fixed = "CHAT" }', "channel = {}", "fields.channel says no word", "give `fixed`"),
    ('channel = { fixed = "CHAT" }', 'channel = { from = "c" }', "channel.map is missing beside `from`", "add it"),
    (
        'channel = { fixed = "CHAT" }',
        'channel = { map = { a = "CHAT" } }',
        "channel.from is missing beside `map`",
        "add it",
    ),
    (
        'channel = { fixed = "CHAT" }',
        'channel = { fixed = "CHAT", else = "EMAIL" }',
        "channel.fixed leaves nothing to the others",
        "keep it alone",
    ),
    (
        'channel = { fixed = "CHAT" }',
        'channel = { rules = [{ when = "a", is = "CHUT" }] }',
        "channel.rules[0].is is none of the known words",
        "did you mean `CHAT`?",
    ),
    # requests
    ('path = "/check"', 'path = "check"', "check.path does not begin with `/`", "/v1/calls"),
    ('path = "/check"', 'path = "/check?a=1"', "check.path has a query in it", "move it to `query`"),
    ('path = "/check"', 'path = "/../check"', "check.path has a step in it", "without `.` and `..`"),
    ('path = "/check"', 'path = "/che ck"', "check.path has a sign that no path has", "letters"),
    ('path = "/people"', 'path = "/people-{identifier}"', "within a longer segment", "a whole segment"),
    ('path = "/people"', 'path = "/{identifer}"', "which is no placeholder", "did you mean `identifier`?"),
    ('q = "{identifier}"', 'q = "mail:{identifier}"', "within a longer text", "the whole value"),
    ('q = "{identifier}"', 'q = "{who}"', "has `{who}`, which is no placeholder", "known:"),
    ('q = "{identifier}"', 'q = "x"', "asks without `{identifier}`, so for everybody's", "put `{identifier}`"),
    ('q = "{identifier}"', 'q = { a = "{identifier}" }', "find[0].query.q is a table", "a list of them"),
    ('q = "{identifier}"', 'q = "{identifier}", d = 2026-11-23', "find[0].query.d is a date of TOML", "in quotes"),
    ('path = "/check"', 'path = "/{record_id}"', "has `{record_id}`, which has no value here", "a fixed value"),
    ('path = "/check"', 'path = "/check", body = { a = 1 }', "check.body stands in a GET", 'method = "POST"'),
    ('path = "/check"', 'path = "/check", headers = { Authorization = "x" }', "is written by the gateway", "[auth]"),
    ('path = "/check"', 'path = "/check", headers = { X-A = "a\\nb" }', "a sign that no header has", "ASCII"),
    ('path = "/check"', 'path = "/check", headers = { "X A" = "a" }', "is no name of a header", "X-Api-Key"),
    ('rows = "people"', 'rows = "people", row = "@"', "find[0].rows stands beside `row`", "or `row` for one"),
    (', rows = "people"', "", "find[0].rows is missing", "for a list of people"),
    # credentials
    ('{ kind = "none" }', '{ kind = "header" }', "auth.header is missing", "the name of the header"),
    ('{ kind = "none" }', '{ kind = "basic", header = "X" }', "auth.header has no meaning for `basic`", "remove it"),
    ('{ kind = "none" }', '{ kind = "client_credentials" }', "auth.token_path is missing", "`token_url`"),
    ('{ kind = "none" }', '{ kind = "bearer", scope = "a" }', "auth.scope has no meaning", "remove it"),
    (
        '{ kind = "none" }',
        '{ kind = "client_credentials", token_url = "http://a" }',
        "auth.token_url is not https",
        "`https://`",
    ),
    (
        '{ kind = "none" }',
        '{ kind = "client_credentials", token_path = "/t", token_url = "https://a" }',
        "auth.token_path stands beside `token_url`",
        "for another server",
    ),
    ('{ kind = "none" }', '{ kind = "header", header = "X", scheme = "a\\nb" }', "auth.scheme is no word", "`Token`"),
    # lists
    (REQUEST, '{ path = "/rows" }', "asks without `{record_id}`, so for everybody's", "put `{record_id}`"),
    (REQUEST, REQUEST.replace('"{record_id}"', '"{record_id}", p = "{cursor}"'), "paging is missing", "`{cursor}`"),
    (REQUEST, REQUEST.replace('"{record_id}"', '"{record_id}", o = "{order}"'), "order_words is missing", "add it"),
    (REQUEST, REQUEST.replace("/rows", "/rows/{end}"), "has `{end}`, which may be missing", "move it to `query`"),
    ("/rows/{external_id}", "/one", "asks without `{external_id}`", "put `{external_id}`"),
    (f"[{REQUEST}]", "[]", "interactions[0].requests has too few entries", "at least 1"),
    (STARTED + "\n", "", "fields.started_at is missing", "for every list"),
    ('record_id = "person"\n', "", "fields.record_id is missing", "for every list"),
    (STARTED, STARTED + '\nurl = { path = "/a/{cursor}" }', "has `{cursor}`, which has no value here", "known: id"),
    (STARTED, STARTED + '\nurl = { path = "/a", query = { q = "a{id}" } }', "within a longer text", "whole value"),
]


@pytest.mark.parametrize(("old", "new", "problem", "mend"), WRONG, ids=[problem for _, _, problem, _ in WRONG])
def test_a_fault_is_told_with_its_line_and_its_mend(old: str, new: str, problem: str, mend: str) -> None:
    (fault,) = faults(changed(old, new))
    where, _, told = fault.partition(": ")
    said, _, order = told.partition("; ")
    assert problem in said
    assert mend in order
    line = int(where.removeprefix("tried.toml:"))
    assert 1 <= line <= SMALL.count("\n") + 2


PAGING = [
    ('style = "page"', "style asks for every page alike", "put `{cursor}`"),
    ('style = "cursor"', "next is missing", "the next cursor"),
    ('style = "next_url"', "next is missing", "or address"),
    ('style = "link_header", next = "a"', "next has no meaning for `link_header`", "remove it"),
    ('style = "keyset"', "style needs a window and newest first", "put `{end}`"),
    ('style = "pages"', "style is none of the known words", "did you mean `page`?"),
    ('style = "page", size = 0', "size is out of bounds", "at least 1 and at most 10000"),
]


@pytest.mark.parametrize(("paging", "problem", "mend"), PAGING, ids=[paging for paging, _, _ in PAGING])
def test_paging_that_cannot_work_is_refused(paging: str, problem: str, mend: str) -> None:
    told = faults(HEAD + LIST + f"paging = {{ {paging} }}\n" + FIELDS)
    assert any(f"paging.{problem}" in fault and mend in fault for fault in told)
    assert all(re.match(r"tried\.toml:\d+: ", fault) for fault in told)


def test_a_cursor_that_nothing_moves_is_refused() -> None:
    query = '"{record_id}", c = "{cursor}"'
    text = (HEAD + LIST + 'paging = { style = "link_header" }\n' + FIELDS).replace('"{record_id}"', query)
    assert faults(text) == [
        "tried.toml:11: interactions[0].paging.style gives `{cursor}` no value; known: page, offset, cursor"
    ]


def test_words_for_an_order_that_nobody_asks_for_are_refused() -> None:
    text = HEAD + LIST + 'order_words = { newest = "d", oldest = "a" }\n' + FIELDS
    assert faults(text) == [
        "tried.toml:11: interactions[0].order_words is used by no request; put `{order}` in the query"
    ]


def test_several_lists_need_prefixes() -> None:
    told = faults(HEAD + LIST + LIST + FIELDS)
    assert [fault.split(" ")[0] for fault in told] == ["tried.toml:7:", "tried.toml:11:"]
    assert all("does not tell this list's ids from others'" in fault for fault in told)


def test_all_faults_are_told_at_once_from_the_top() -> None:
    text = SMALL.replace('"CHAT"\n', '"CHATS"\n', 1).replace('"/check"', '"check"').replace('"at"', '"at["')
    assert [int(fault.split(":")[1]) for fault in faults(text)] == [2, 4, 14]


def test_what_is_no_toml_is_told_with_its_line() -> None:
    (fault,) = faults('name = "a"\nkind = CHAT\n')
    assert fault.startswith("tried.toml:2: this is no TOML; ")


def test_a_manifest_that_cannot_be_had_is_told(tmp_path: Path) -> None:
    (tmp_path / "odd.toml").write_bytes(b"\xff")
    (tmp_path / "large.toml").write_bytes(b"#" * 300_000)
    for name, problem in (
        ("plain_rset", "did you mean `plain_rest`?"),
        (str(tmp_path / "absent.toml"), "the file cannot be read"),
        (str(tmp_path / "odd.toml"), "the file is not UTF-8"),
        (str(tmp_path / "large.toml"), "the file is too large"),
    ):
        with pytest.raises(TomlError, match=re.escape(problem)):
            Declarative.configured({"manifest": name})


def test_a_file_is_read_as_well(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(SMALL)
    assert load(str(path)).name == "tried"


def test_the_smallest_and_the_shipped_ones_are_right() -> None:
    assert read(SMALL, "tried.toml").name == "tried"
    assert [load(name).name for name in shipped()] == shipped()


def test_the_example_of_the_documentation_is_right() -> None:
    page = Path(__file__).parents[3].joinpath("docs/connectors/declarative.md").read_text(encoding="utf-8")
    (example,) = [text for text in re.findall(r"```toml\n(.*?)```", page, re.DOTALL) if "acme_calls" in text]
    assert read(example, "acme_calls.toml").name == "acme_calls"


def test_the_same_manifest_makes_the_same_class() -> None:
    made = Declarative.configured({"manifest": "plain_rest"})
    assert made is Declarative.configured({"manifest": "plain_rest"})
    assert (made.vendor, made.kind) == ("plain_rest", "TELEPHONY")
    assert Declarative.configured({}) is Declarative
