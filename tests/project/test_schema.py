"""schema.graphql is the code's, keeps the public promise, and describes itself."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    build_schema,
    get_named_type,
)

from gateway.graph.schema import print_schema
from tests.project.support import ROOT, read

LEFT_OUT = [
    "Query.journeyAnalytics",
]
"""What the promise has and the gateway not yet. Types that only these use are missing with them."""


def parse(path: str) -> GraphQLSchema:
    return build_schema(read(path), assume_valid_sdl=True)


PROMISE, OURS = parse("tests/contract/api.graphql"), parse("schema.graphql")


def is_left_out(type_name: str, field_name: str) -> bool:
    return f"{type_name}.{field_name}" in LEFT_OUT or f"*.{field_name}" in LEFT_OUT


def fields_of(kind: GraphQLNamedType) -> dict[str, object]:
    if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
        return dict(kind.fields)
    return {}


def reached(schema: GraphQLSchema) -> set[str]:
    """Types that an operation reaches without what is left out. Being a Node is no use of a type."""
    found: set[str] = set()
    roots = [name for name in ("Query", "Mutation", "Subscription") if name in schema.type_map and name not in LEFT_OUT]
    waiting: list[GraphQLNamedType] = [schema.type_map[name] for name in roots]
    while waiting:
        kind = waiting.pop()
        if kind.name in found:
            continue
        found.add(kind.name)
        if isinstance(kind, GraphQLInterfaceType | GraphQLUnionType) and kind.name != "Node":
            waiting += schema.get_possible_types(kind)
        waiting += getattr(kind, "interfaces", ())
        for name, field in fields_of(kind).items():
            if not is_left_out(kind.name, name):
                waiting.append(get_named_type(field.type))
                waiting += [get_named_type(argument.type) for argument in getattr(field, "args", {}).values()]
    return found


def missing_parts() -> Iterator[str]:
    there = reached(PROMISE)
    for name, kind in PROMISE.type_map.items():
        if name.startswith("__") or name in ("Boolean", "Float", "ID", "Int", "String"):
            continue
        if name not in there:
            yield f"{name} was removed."
            continue
        for field in fields_of(kind):
            if is_left_out(name, field):
                yield f"Field {name}.{field} was removed."


def test_it_is_what_the_code_says():
    assert read("schema.graphql") == print_schema(), "run make schema"


def test_it_keeps_the_promise_but_for_what_is_left_out():
    check = [sys.executable, ROOT / "tests/contract/check.py", ROOT / "schema.graphql"]
    ran = subprocess.run(check, capture_output=True, text=True, check=False)
    *broken, closing = ran.stdout.splitlines()
    expected = sorted(missing_parts())
    assert sorted(broken) == expected, ran.stderr
    assert closing == f"{len(expected)} broken promises in schema.graphql"


FEDERATION = {"_Any", "_Entity", "_Service"}
"""The federation specification's own types: their meaning is its."""


def undescribed() -> Iterator[str]:
    for name, kind in OURS.type_map.items():
        if name.startswith("__") or name in FEDERATION or name in ("Boolean", "Float", "ID", "Int", "String"):
            continue
        if not kind.description:
            yield name
        if isinstance(kind, GraphQLEnumType):
            yield from (f"{name}.{value}" for value, meaning in kind.values.items() if not meaning.description)
        for field_name, field in fields_of(kind).items():
            if field_name in ("_entities", "_service"):
                continue
            if not field.description:
                yield f"{name}.{field_name}"
            arguments = getattr(field, "args", {})
            yield from (f"{name}.{field_name}({a}:)" for a, given in arguments.items() if not given.description)


def test_everything_is_described():
    assert list(undescribed()) == []


@pytest.mark.parametrize(
    "line",
    [
        r'type Customer implements Node @key\(fields: "id"\) \{',
        r"type PageInfo @shareable \{",
        r"node\([^)]*\): Node @inaccessible",
        r"nodes\([^)]*\): \[Node\]! @inaccessible",
        r'@link\(url: "https://specs\.apollo\.dev/federation/v2\.\d+"',
    ],
)
def test_it_is_a_federation_2_subgraph(line: str):
    assert re.search(line, read("schema.graphql"))
