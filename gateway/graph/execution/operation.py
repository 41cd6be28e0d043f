"""An operation of a document, ready to be executed by a plan."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

from graphql import (
    DirectiveNode,
    DocumentNode,
    ExecutionResult,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    VariableNode,
    Visitor,
    parse,
    visit,
)
from graphql.execution.collect_fields import FragmentDetails, collect_fields
from graphql.execution.executor import default_field_resolver, default_type_resolver
from graphql.execution.values import VariableValues

from gateway.graph.execution.arguments import Variables
from gateway.graph.execution.executor import WRITTEN, probe_schema
from gateway.graph.execution.plan import Plan, PlannedExecutor, PlannedFields

MAX_PLANS = 16
"""Of one operation: enough for four conditions."""
CONDITIONS = ("include", "skip")


class PlannedOperation:
    """Executes a query as graphql-core would. `definitions`: the document's fragments, by name."""

    executor_class = PlannedExecutor

    def __init__(
        self, schema: GraphQLSchema, operation: OperationDefinitionNode, definitions: dict[str, FragmentDefinitionNode]
    ) -> None:
        assert schema.query_type is not None
        self._schema = schema
        self._type = schema.query_type
        self._operation = operation
        self._definitions = definitions
        self._fragments = {name: FragmentDetails(definition) for name, definition in definitions.items()}
        self._variables = Variables(schema, operation.variable_definitions or ())
        self._conditions = sorted(_conditions(operation, *definitions.values()))
        self._plans: dict[Hashable, Plan] = {}

    async def execute(self, context: Any, variables: Mapping[str, Any], root: Any = None) -> ExecutionResult:
        values = self._variables.read(variables)
        if isinstance(values, list):
            return ExecutionResult(None, values)
        try:
            plan = self._plan(values)
        except GraphQLError as error:  # a condition that cannot be read
            return ExecutionResult(None, [error])
        executor = self.executor_class(
            self._schema,
            self._definitions,
            self._fragments,
            root,
            context,
            self._operation,
            values,
            default_field_resolver,
            default_type_resolver,
            default_field_resolver,
            hide_suggestions=True,
        )
        executor.plan = plan
        return await executor.execute_plan(self._type)

    def _plan(self, values: VariableValues) -> Plan:
        key = tuple(map(values.coerced.get, self._conditions))
        plan = self._plans.get(key)
        if plan is None:
            collected = collect_fields(
                self._schema, self._fragments, values, self._type, self._operation, hide_suggestions=True
            )
            if len(self._plans) >= MAX_PLANS:
                self._plans.clear()
            root = PlannedFields(self._schema, self._type, collected.grouped_field_set)
            plan = self._plans[key] = Plan(root)
        return plan


def plan_operation(schema: GraphQLSchema, document: DocumentNode, name: str | None) -> PlannedOperation | None:
    """None for what is graphql-core's to execute, or to refuse."""
    operations = [d for d in document.definitions if isinstance(d, OperationDefinitionNode)]
    named = [d for d in operations if name is None or (d.name is not None and d.name.value == name)]
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
    if len(named) != 1 or named[0].operation is not OperationType.QUERY or named[0].directives:
        return None
    if any(fragment.variable_definitions for fragment in fragments.values()):
        return None
    if schema.get_directive("defer") or schema.get_directive("stream"):
        return None
    return PlannedOperation(schema, named[0], fragments)


def check_plans() -> None:
    """Raises RuntimeError when the installed version of graphql-core no longer works as plans expect it to."""
    schema = probe_schema()
    planned = plan_operation(schema, parse("{ probes { name } again: probes { fails } }"), None)
    assert planned is not None
    try:
        planned.execute(None, {}).send(None)
    except StopIteration as end:
        failed = [error.path for error in end.value.errors or ()]
        if end.value.data == {"probes": WRITTEN, "again": None} and failed == [["again", 0, "fails"]]:
            return
    raise RuntimeError("plans of operations do not work with the installed versions of Strawberry and graphql-core")


def _conditions(*definitions: OperationDefinitionNode | FragmentDefinitionNode) -> set[str]:
    """Names of the variables that decide what is collected."""
    names: set[str] = set()

    class Collector(Visitor):
        def enter_directive(self, node: DirectiveNode, *_: Any) -> None:
            if node.name.value in CONDITIONS:
                names.update(a.value.name.value for a in node.arguments or () if isinstance(a.value, VariableNode))

    for definition in definitions:
        visit(definition, Collector())
    return names
