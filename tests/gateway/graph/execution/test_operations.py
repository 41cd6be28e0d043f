"""Which operations are planned, what is remembered of them, and what a plan does that an answer does not show."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import strawberry
from graphql import GraphQLSchema, parse

from gateway.graph.execution import operation
from gateway.graph.execution.operation import MAX_PLANS, PlannedOperation, check_plans, plan_operation
from gateway.graph.execution.plan import PlannedExecutor
from gateway.graph.schema import Executable

CALLS: list[str] = []


@strawberry.type
class Thing:
    name: str

    @strawberry.field
    async def slow(self) -> int:
        CALLS.append("slow begins")
        await asyncio.sleep(0)
        CALLS.append("slow ends")
        return 2**31  # not an Int

    @strawberry.field
    async def quick(self, word: str = "x") -> str | None:
        CALLS.append("quick")
        return word


@strawberry.type
class Query:
    @strawberry.field
    async def thing(self) -> Thing | None:
        CALLS.append("thing")
        return Thing(name="a")

    @strawberry.field
    def flag(self) -> bool:
        return True


@strawberry.type
class Mutation:
    @strawberry.mutation
    def change(self) -> int:
        return 1


@pytest.fixture
def schema() -> GraphQLSchema:
    CALLS.clear()
    return strawberry.Schema(query=Query, mutation=Mutation)._schema


def plan(schema: GraphQLSchema, text: str, name: str | None = None) -> PlannedOperation:
    planned = plan_operation(schema, parse(text), name)
    assert planned is not None
    return planned


async def test_what_takes_time_is_done_at_once_and_asked_once(schema: GraphQLSchema) -> None:
    result = await plan(schema, "{ thing { slow quick } }").execute(None, {})
    assert CALLS == ["thing", "slow begins", "quick", "slow ends"]
    assert result.data == {"thing": None}
    assert result.errors is not None
    assert [(e.path, e.locations[0].column) for e in result.errors if e.locations] == [(["thing", "slow"], 11)]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        pytest.param("mutation { change }", None, id="a mutation"),
        pytest.param("query a { flag } query b { flag }", None, id="one of several, without a name"),
        pytest.param("query a { flag }", "b", id="a name that there is not"),
        pytest.param("query a { flag }", "", id="an empty name"),
        pytest.param("fragment a on Query { flag }", None, id="no operation"),
        pytest.param("query @odd { flag }", None, id="a directive on the operation"),
    ],
)
def test_the_rest_is_left_to_graphql_core(schema: GraphQLSchema, text: str, name: str | None) -> None:
    assert plan_operation(schema, parse(text), name) is None


async def test_the_operation_is_chosen_by_its_name(schema: GraphQLSchema) -> None:
    text = "query a { flag } query b { other: flag }"
    assert (await plan(schema, text, "b").execute(None, {})).data == {"other": True}


async def test_variables_are_refused_as_by_graphql_core(schema: GraphQLSchema) -> None:
    planned = plan(schema, "query ($word: String!) { thing { quick(word: $word) } }")
    assert (await planned.execute(None, {"word": "w"})).data == {"thing": {"quick": "w"}}
    for wrong in ({}, {"word": None}, {"word": 1}):
        result = await planned.execute(None, wrong)
        assert result.data is None
        assert result.errors is not None
        assert result.errors[0].message.startswith("Variable '$word' has invalid value")


async def test_a_plan_belongs_to_the_outcome_of_its_conditions(schema: GraphQLSchema) -> None:
    conditions = [f"c{n}" for n in range(5)]
    header = ", ".join(f"${name}: Boolean!" for name in conditions)
    fields = " ".join(f"{name}: flag @include(if: ${name})" for name in conditions)
    planned = plan(schema, f"query ({header}, $word: String) {{ flag {fields} thing {{ quick(word: $word) }} }}")
    for number in range(40):
        given = {name: bool(number >> place & 1) for place, name in enumerate(conditions)}
        result = await planned.execute(None, {**given, "word": str(number)})
        assert result.data is not None
        assert [name for name in conditions if name in result.data] == [name for name in given if given[name]]
        assert result.data["thing"] == {"quick": str(number)}
        assert len(planned._plans) <= MAX_PLANS


def test_a_document_remembers_its_plans() -> None:
    executable = Executable()
    prepared = executable.documents.prepare("query a { sources { name } } query b { viewer { name } }")
    core = executable.schema._schema
    assert prepared.operation(core, "a") is prepared.operation(core, "a")
    assert prepared.operation(core, "a") is not prepared.operation(core, "b")
    assert executable.documents.prepare("{ nothing }").operation(core, None) is None


async def test_without_compiling_nothing_is_planned(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: Any) -> None:
        raise AssertionError

    monkeypatch.setattr(operation, "PlannedExecutor", refuse)
    monkeypatch.setattr(PlannedOperation, "execute", refuse)
    executable = Executable(compiled=False)
    prepared = executable.documents.prepare("{ __typename }")
    assert (await executable.execute(prepared, None, None, None)).data == {"__typename": "Query"}  # type: ignore[arg-type]


def test_an_upgrade_that_breaks_plans_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    check_plans()
    monkeypatch.setattr(PlannedExecutor, "handle_field_error", lambda *arguments: None)
    with pytest.raises(RuntimeError, match="do not work"):
        check_plans()
