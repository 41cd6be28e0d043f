"""graphql-core's executor, with compiled lists."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Any

import msgspec
import strawberry
from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLList,
    GraphQLResolveInfo,
    Node,
    VariableNode,
    execute,
    get_named_type,
    is_composite_type,
    parse,
)
from graphql.execution.collect_fields import FieldDetails
from graphql.pyutils import Path
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from gateway.graph.execution.compile import Selection, Unserved, Writer, compile_list

MAX_PLANS = 2_000
_ABSENT = object()
_encoder = msgspec.json.Encoder()


class Plans:
    """Writers by selection and by the values of the variables used in it; the least recently used go first.

    A key holds the selection's node itself, so that no other node can take its place in memory.
    """

    def __init__(self) -> None:
        self._plans: OrderedDict[Hashable, tuple[Node, Writer | None]] = OrderedDict()
        self._variables: OrderedDict[int, tuple[Node, tuple[str, ...]]] = OrderedDict()

    def find(self, selection: Selection, item_type: Any) -> Writer | None:
        node = selection.fields[0].node
        coerced = selection.variable_values.coerced
        used = self._used_variables(node, selection)
        try:
            key = (
                id(selection.schema),
                tuple(id(d.node) for d in selection.fields),
                *(coerced.get(n, _ABSENT) for n in used),
            )
            known = self._plans.get(key)
        except TypeError:  # a list or an object as an argument within the selection
            return None
        if known is not None:
            self._plans.move_to_end(key)
            return known[1]
        writer = compile_list(selection, item_type)
        self._plans[key] = (node, writer)
        if len(self._plans) > MAX_PLANS:
            self._plans.popitem(last=False)
        return writer

    def _used_variables(self, node: FieldNode, selection: Selection) -> tuple[str, ...]:
        known = self._variables.get(id(node))
        if known is not None and known[0] is node:
            return known[1]
        names: set[str] = set()
        for details in selection.fields:
            _collect_variables(details.node, selection, names, set())
        used = tuple(sorted(names))
        self._variables[id(node)] = (node, used)
        if len(self._variables) > MAX_PLANS:
            self._variables.popitem(last=False)
        return used


def _collect_variables(node: Node, selection: Selection, names: set[str], seen: set[str]) -> None:
    if isinstance(node, VariableNode):
        names.add(node.name.value)
    if isinstance(node, FragmentSpreadNode) and node.name.value not in seen:
        seen.add(node.name.value)
        fragment = selection.fragments.get(node.name.value)
        if fragment is not None:
            _collect_variables(fragment.definition, selection, names, seen)
    for key in node.keys:
        value = getattr(node, key, None)
        for child in value if isinstance(value, list | tuple) else (value,):
            if isinstance(child, Node):
                _collect_variables(child, selection, names, seen)


PLANS = Plans()


class CompilingExecutor(StrawberryGraphQLCoreExecutionContext):
    """Completes a list of plain objects by a compiled writer where there is one; `msgspec.Raw` stands for the list."""

    def complete_list_value(
        self,
        return_type: GraphQLList[Any],
        field_details_list: list[FieldDetails],
        info: GraphQLResolveInfo[Any],
        path: Path,
        result: Any,
        position_context: Any,
    ) -> Any:
        if result.__class__ is list and is_composite_type(get_named_type(return_type)):
            selection = Selection(self.schema, self.fragments, self.variable_values, self.operation, field_details_list)
            writer = PLANS.find(selection, return_type.of_type)
            if writer is not None:
                try:
                    return msgspec.Raw(_encoder.encode(writer(result)))
                except Unserved:
                    pass
                except Exception:  # noqa: S110 - whatever a resolver raises is graphql-core's to report
                    pass
        return super().complete_list_value(return_type, field_details_list, info, path, result, position_context)


@strawberry.type
class Probe:
    name: str


@strawberry.type
class ProbeQuery:
    @strawberry.field
    def probes(self) -> list[Probe]:
        return [Probe(name="x")]


def check_hook() -> None:
    """Raises RuntimeError when this version of Strawberry or graphql-core no longer asks what we overrode: the class
    is not documented, so an upgrade must not switch the compiled lists off in silence."""
    schema = strawberry.Schema(query=ProbeQuery)
    result = execute(schema._schema, parse("{ probes { name } }"), executor_class=CompilingExecutor)
    data = getattr(result, "data", None)
    if not isinstance(data, dict) or data.get("probes") != msgspec.Raw(b'[{"name":"x"}]'):
        raise RuntimeError("compiled selections do not take with the installed versions of Strawberry and graphql-core")
