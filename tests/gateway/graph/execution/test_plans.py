"""What is compiled and what is not, and what is remembered of it for how long."""

from __future__ import annotations

import gc
import weakref
from inspect import isawaitable
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from graphql import ExecutionResult, execute, parse

from gateway.graph.execution import executor
from gateway.graph.execution.executor import CompilingExecutor, Plans
from gateway.graph.schema import Executable
from tests.gateway.graph.execution.comparing import Case, schema
from tests.gateway.graph.execution.oddities import Left, Odd, Part, Right
from tests.gateway.graph.execution.worlds import OPERATION


class Fresh(CompilingExecutor):
    """With plans of its own."""

    plans = Plans(most=10)


@pytest.fixture(autouse=True)
def plans(monkeypatch: pytest.MonkeyPatch) -> Plans:
    fresh = Plans(most=10)
    monkeypatch.setattr(Fresh, "plans", fresh)
    return fresh


def odd(**fields: Any) -> Odd:
    part = Part(name="a part", size=1)
    left = Left(part=part, other=part, parts=[part], words=["w"])
    sound: dict[str, Any] = {
        "number": 1,
        "maybe_number": None,
        "ratio": 0.5,
        "maybe_ratio": None,
        "flag": True,
        "flags": [None],
        "numbers": [1],
        "ratios": None,
        "words": [["w"], None],
        "sides": [left],
        "left": left,
        "right": None,
        "class_": "first",
        "guarded": 7,
    }
    return Odd(**{**sound, **fields})


async def ask(text: str, *items: Any, **variables: Any) -> Any:
    """The `odds` of the answer."""
    case = Case(parse(text), variables, 0, 0.0, {"odds": list(items)})
    result = execute(schema(), case.document, case, OPERATION, variables, executor_class=Fresh)
    result = await result if isawaitable(result) else result
    assert isinstance(result, ExecutionResult)
    assert result.data is not None
    return result.data["odds"]


@pytest.mark.parametrize(
    ("selection", "written"),
    [
        ("number class flag", b'[{"number":1,"class":"first","flag":true}]'),
        ("words numbers", b'[{"words":[["w"],null],"numbers":[1]}]'),
        ('a: times b: times(few: 1, word: "\'\\"\\\\")', b'[{"a":"3 many True","b":"1 \'\\"\\\\ True"}]'),
        ("times(isSure: false)", b'[{"times":"3 many False"}]'),
        ("sides { __typename name size }", b'[{"sides":[{"__typename":"Left","name":"a part","size":1}]}]'),
        ("left { parts { name } } right { name }", b'[{"left":{"parts":[{"name":"a part"}]},"right":null}]'),
    ],
)
async def test_plain_data_is_compiled(selection: str, written: bytes) -> None:
    assert await ask(f"{{ odds {{ {selection} }} }}", odd()) == msgspec.Raw(written)


@pytest.mark.parametrize(
    ("selection", "answer"),
    [
        pytest.param("later", [{"later": 1}], id="async"),
        pytest.param("here", [{"here": "here"}], id="asks for info"),
        pytest.param("guarded", [{"guarded": 7}], id="an extension around it"),
        pytest.param("number left { size } again: later", [{"number": 1, "left": {"size": 1}, "again": 1}], id="mixed"),
    ],
)
async def test_the_rest_is_left_to_graphql_core(selection: str, answer: Any) -> None:
    assert await ask(f"{{ odds {{ {selection} }} }}", odd()) == answer


async def test_a_permission_is_not_passed_by() -> None:
    assert await ask("{ odds { guarded } }", odd(flag=False)) is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("number", 2**31),
        ("number", True),
        ("ratio", float("nan")),
        ("flag", 1),
        ("class_", 12),
        ("numbers", {1}),
        ("numbers", [None]),
        ("left", Right(part=None, other=None, parts=None, words=[])),
        ("left", None),
        ("left", SimpleNamespace(size=1)),
    ],
)
async def test_a_value_that_does_not_go_out_as_it_is_is_left_to_graphql_core(field: str, value: Any) -> None:
    query = "{ odds { number ratio flag class numbers left { size } } }"
    assert isinstance(await ask(query, odd()), msgspec.Raw)
    assert not isinstance(await ask(query, odd(**{field: value})), msgspec.Raw)


async def test_what_can_be_read_but_once_is_still_there_for_graphql_core() -> None:
    assert await ask("{ odds { numbers } }", odd(numbers=(n for n in (1, 2)))) == [{"numbers": [1, 2]}]


async def test_the_same_selection_is_compiled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = []
    compile_list = executor.compile_list
    monkeypatch.setattr(executor, "compile_list", lambda *args: compiled.append(args) or compile_list(*args))
    text = "query ($few: Int, $other: Int) { odds { times(few: $few) } odd { times(few: $other) } }"
    document = parse(text)
    for variables in ({"few": 1}, {"few": 1}, {"few": 1, "other": 5}, {"few": 2}, {"few": None}, {}, {}):
        case = Case(document, variables, 0, 0.0, {"odds": [odd()], "odd": odd()})
        execute(schema(), document, case, OPERATION, variables, executor_class=Fresh)
    assert len(compiled) == 4


async def test_plans_are_bounded(plans: Plans) -> None:
    for number in range(30):
        await ask("query ($few: Int) { odds { times(few: $few) } }", odd(), few=number)
        await ask(f"{{ odds {{ n{number}: number }} }}", odd())
    assert len(plans) == 10


async def test_a_plan_keeps_no_document_alive(plans: Plans) -> None:
    document = parse("{ odds { ...part } } fragment part on Odd { number }")
    alive = [weakref.ref(definition) for definition in document.definitions]
    case = Case(document, {}, 0, 0.0, {"odds": [odd()]})
    execute(schema(), document, case, OPERATION, {}, executor_class=Fresh)
    assert len(plans) == len(plans._known) == 1
    del document, case
    gc.collect()
    assert [ref() for ref in alive] == [None, None]
    assert not plans._known


async def test_it_can_be_switched_off() -> None:
    async def sources(*, compiled: bool) -> Any:
        executable = Executable(compiled=compiled)
        prepared = executable.documents.prepare("{ sources { name kind } }")
        result = await executable.execute(prepared, None, None, OPERATION)
        assert result.data is not None
        return result.data["sources"]

    on, off = await sources(compiled=True), await sources(compiled=False)
    assert isinstance(on, msgspec.Raw)
    assert isinstance(off, list)
    assert bytes(on) == msgspec.json.encode(off)


def test_an_upgrade_that_no_longer_asks_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    executor.check_hook()
    monkeypatch.delattr(CompilingExecutor, "complete_list_value")
    with pytest.raises(RuntimeError, match="do not take"):
        executor.check_hook()
