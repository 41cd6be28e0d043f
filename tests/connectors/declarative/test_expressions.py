"""What can be known of an expression is known when it is compiled; and the short way gives what the library gives."""

from __future__ import annotations

from typing import Any

import jmespath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.declarative.expressions import ExpressionError, UnfitError, compiled, is_true

LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=3)
DATA = st.recursive(
    LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["a", "b", "c"]), inner), max_leaves=12
)


@given(keys=st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=4), data=DATA)
def test_keys_of_keys_are_what_the_library_finds(keys: list[str], data: Any) -> None:
    text = ".".join(keys)
    assert compiled(text)(data) == jmespath.search(text, data)


@pytest.mark.parametrize(
    "text",
    ["", " ", "a.", "a[", "foo(a)", "length()", "length(a, b)", "join(a)", "a" * 1001, "(" * 900 + "a" + ")" * 90],
)
def test_what_cannot_be_used_is_refused_with_a_mend(text: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        compiled(text)
    assert caught.value.mend


@pytest.mark.parametrize(
    "text", ["merge(a, b, c)", "not_null(a)", "sort_by(a, &b)", "a[?b == `1`] | [0]", "@", '"a b".c']
)
def test_what_can_be_used_is_not(text: str) -> None:
    assert compiled(text).text == text


@pytest.mark.parametrize("data", [{"a": "x"}, {"a": [1, "x"]}, {"a": [{}]}, {}])
def test_data_that_do_not_fit_say_so_without_a_value(data: Any) -> None:
    with pytest.raises(UnfitError) as caught:
        compiled("sum(a)")(data)
    assert str(caught.value) == "the expression does not fit what stands there"
    assert caught.value.__cause__ is None


def test_a_deep_well_does_not_fit() -> None:
    data: Any = []
    for _ in range(100_000):
        data = [data]
    with pytest.raises(UnfitError):
        compiled("to_string(@)")(data)
    while data:  # taken apart by hand: freeing it would recurse as well
        data = data.pop()


def test_truth_is_jmespaths() -> None:
    assert [is_true(value) for value in (None, False, "", [], {}, 0, "a", [0], True)] == [False] * 5 + [True] * 4
