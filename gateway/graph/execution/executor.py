"""graphql-core's executor, with compiled lists."""

from __future__ import annotations

import weakref
from collections import OrderedDict
from collections.abc import Hashable
from itertools import count
from typing import Any

import msgspec
import strawberry
from graphql import (
    FragmentSpreadNode,
    GraphQLList,
    GraphQLResolveInfo,
    GraphQLSchema,
    Node,
    OperationDefinitionNode,
    VariableNode,
    execute,
    get_named_type,
    is_composite_type,
    parse,
)
from graphql.execution.collect_fields import FieldDetails, FragmentDetails
from graphql.pyutils import Path
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from gateway.graph.execution.compile import Selection, Writer, compile_list

MAX_PLANS = 300
"""A plan takes 10 KB; one of every field of every type, 70."""
_ABSENT = object()
_encoder = msgspec.json.Encoder()


class Plans:
    """Writers, by what they were compiled from; None where nothing could be. The least recently used go first.

    No plan keeps a document alive, and none is found by another document whose nodes took its place in memory: its
    operation goes by a number that is never given twice.
    """

    def __init__(self, most: int = MAX_PLANS) -> None:
        self._most = most
        self._writers: OrderedDict[Hashable, Writer | None] = OrderedDict()
        self._known: dict[int, _Known] = {}
        self._numbers = count()

    def __len__(self) -> int:
        return len(self._writers)

    def forget(self) -> None:
        """What was compiled, and for which values of variables."""
        self._writers.clear()

    def find(self, selection: Selection, return_type: GraphQLList[Any]) -> Writer | None:
        key = self._key(selection, return_type)
        try:
            if key in self._writers:
                self._writers.move_to_end(key)
                return self._writers[key]
        except TypeError:  # a list or an object among the variables
            return None
        writer = self._writers[key] = compile_list(selection, return_type.of_type)
        if len(self._writers) > self._most:
            self._writers.popitem(last=False)
        return writer

    def _key(self, selection: Selection, return_type: GraphQLList[Any]) -> Hashable:
        """Equal for selections that compile to the same. A variable has one type throughout an operation, so that
        1 and true are never mistaken for each other."""
        known = self._operation(selection.operation)
        coerced = selection.variable_values.coerced
        fields = [
            (id(node), *[coerced.get(name, _ABSENT) for name in known.variables_in(node, selection.fragments)])
            for node, *_ in selection.fields
        ]
        return known.number, return_type, *fields

    def _operation(self, operation: OperationDefinitionNode) -> _Known:
        place = id(operation)
        known = self._known.get(place)
        if known is None:
            gone = weakref.ref(operation, lambda _: self._known.pop(place, None))
            known = self._known[place] = _Known(next(self._numbers), gone)
        return known


class _Known:
    """What is remembered of an operation for as long as it lives; `gone` forgets it when it does not."""

    def __init__(self, number: int, gone: weakref.ref[OperationDefinitionNode]) -> None:
        self.number = number
        self._gone = gone
        self._variables: dict[int, tuple[str, ...]] = {}

    def variables_in(self, node: Node, fragments: dict[str, FragmentDetails]) -> tuple[str, ...]:
        """Names of the variables used in a node of the operation, also in the fragments that it spreads."""
        names = self._variables.get(id(node))
        if names is None:
            found: set[str] = set()
            _collect_variables(node, fragments, found, set())
            names = self._variables[id(node)] = tuple(sorted(found))
        return names


def _collect_variables(node: Node, fragments: dict[str, FragmentDetails], names: set[str], seen: set[str]) -> None:
    if isinstance(node, VariableNode):
        names.add(node.name.value)
    if isinstance(node, FragmentSpreadNode) and node.name.value not in seen:
        seen.add(node.name.value)
        _collect_variables(fragments[node.name.value].definition, fragments, names, seen)
    for key in node.keys:
        value = getattr(node, key, None)
        for child in value if isinstance(value, list | tuple) else (value,):
            if isinstance(child, Node):
                _collect_variables(child, fragments, names, seen)


PLANS = Plans()


class CompilingExecutor(StrawberryGraphQLCoreExecutionContext):
    """Completes a list of plain objects by a compiled writer where there is one; `msgspec.Raw` stands for the list."""

    plans = PLANS

    def complete_list_value(
        self,
        return_type: GraphQLList[Any],
        field_details_list: list[FieldDetails],
        info: GraphQLResolveInfo[Any],
        path: Path,
        result: Any,
        position_context: Any,
    ) -> Any:
        if result and result.__class__ is list and is_composite_type(get_named_type(return_type)):
            selection = Selection(self.schema, self.fragments, self.variable_values, self.operation, field_details_list)
            write = self.plans.find(selection, return_type)
            if write is not None:
                try:
                    return msgspec.Raw(_encoder.encode(write(result)))
                except Exception:  # noqa: S110 - `Unserved`, or a resolver's own, which is graphql-core's to report
                    pass
        return super().complete_list_value(return_type, field_details_list, info, path, result, position_context)


@strawberry.type
class Probe:
    name: str

    @strawberry.field
    def fails(self) -> str:
        raise ValueError(self.name)


@strawberry.type
class ProbeQuery:
    @strawberry.field
    def probes(self) -> list[Probe] | None:
        return [Probe(name="x")]


WRITTEN = msgspec.Raw(b'[{"name":"x"}]')
"""What `probes { name }` is compiled to."""


def probe_schema() -> GraphQLSchema:
    """A small schema to try the installed versions of Strawberry and graphql-core with."""
    return strawberry.Schema(query=ProbeQuery)._schema


def check_hook() -> None:
    """Raises RuntimeError when this version of Strawberry or graphql-core no longer asks what we overrode: the class
    is not documented, so an upgrade must not switch the compiled lists off in silence."""
    result = execute(probe_schema(), parse("{ probes { name } }"), executor_class=CompilingExecutor)
    data = getattr(result, "data", None)
    if not isinstance(data, dict) or data.get("probes") != WRITTEN:
        raise RuntimeError("compiled selections do not take with the installed versions of Strawberry and graphql-core")
