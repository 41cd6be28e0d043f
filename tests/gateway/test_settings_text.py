"""Where keys stand in a text, and that the documentation and the example say what the settings are."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.interaction import Channel
from connectors.toml_text import Lines
from gateway.settings import Settings, load
from gateway.settings.reference import with_table
from gateway.settings.shape import leaves

DOCS = Path(__file__).parents[2] / "docs"
SEAL = "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA="


def test_lines_are_found_in_every_way_that_toml_writes_a_key():
    text = """\
a = 1 # a = 2
b.c."d e" = '''
x = 1
'''
[t] # [u]
k = { m = "}", n = [1, 2] }
list = [
  "one", # two

  { x = 1 },
]
[[s]]
name = "s]"
[s.o]
p = 1
[[s]]
"name" = 2
[[s.inner]]
q = \"\"\"a\\\"\"\"\"\"\"
[ u . "v w" ]
z = 1979-05-27T07:32:00Z
"""
    tomllib.loads(text)
    lines = Lines(text)
    expected = {
        ("a",): 1,
        ("b", "c", "d e"): 2,
        ("t",): 5,
        ("t", "k", "m"): 6,
        ("t", "k", "n", 1): 6,
        ("t", "list", 0): 8,
        ("t", "list", 1, "x"): 10,
        ("s",): 12,
        ("s", 0, "name"): 13,
        ("s", 0, "o", "p"): 15,
        ("s", 1): 16,
        ("s", 1, "name"): 17,
        ("s", 1, "inner", 0, "q"): 19,
        ("u", "v w", "z"): 21,
        ("s", 1, "missing", "key"): 16,
        ("nothing",): None,
    }
    assert {path: lines.of(path) for path in expected} == expected


toml_keys = st.one_of(
    st.from_regex(r"[A-Za-z0-9_-]{1,6}", fullmatch=True), st.text(min_size=1, max_size=5).map(json.dumps)
)


@settings(max_examples=300)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["[{}]", "[[{}]]", "{} = [1, {{ a = '#' }}]", '{} = """\n]\n"""', "{}.x = 1"]), toml_keys
        ),
        max_size=12,
    )
)
def test_any_text_that_toml_takes_has_a_line_for_each_key(parts):
    text = "\n".join(form.format(key) for form, key in parts)
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    lines = Lines(text)

    def walk(value, path):
        if path:
            line = lines.of(path)
            assert line is not None
        for step, inner in (
            value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        ):
            walk(inner, (*path, step))

    walk(raw, ())


# ---------------------------------------------------------------- documentation


def test_the_table_in_the_documentation_is_made_from_the_settings():
    document = (DOCS / "configuration.md").read_text()
    assert document == with_table(document), "run: python -m gateway.settings.reference docs/configuration.md"
    for written, section, key in leaves():
        assert f"| `{written}` |" in document
        assert section.model_fields[key].description
    for channel in Channel:
        assert re.search(rf"\b{channel}\b", document)


def test_the_example_is_a_good_configuration(tmp_path):
    text = (DOCS / "gateway.example.toml").read_text()
    (tmp_path / "gateway.toml").write_text(text)
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "zendesk_token").write_text("token\n")
    named = re.findall(r'env = "(\w+)"', text)
    environment = {name: name.lower() for name in named} | {"JOURNEY_SECRET": SEAL}
    settings = load(tmp_path / "gateway.toml", environment)
    assert len(settings.sources) >= 5
    shown = {key for key in tomllib.loads(text)}
    assert shown == set(Settings.model_fields), "the example shows every section"


def test_every_value_in_the_example_that_has_a_default_is_that_or_explained():
    text = (DOCS / "gateway.example.toml").read_text()
    raw = tomllib.loads(text)["gateway"]
    fields = Settings.model_fields["gateway"].annotation.model_fields
    differing = {
        key for key, value in raw.items() if fields[key].default not in (value, None) and not fields[key].is_required()
    }
    assert differing == {"time_zone", "public_url", "origins"}
