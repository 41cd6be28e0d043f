"""graphql-core's executor by a plan: what it would find out anew for every request is found out once.

A plan is what was collected of an operation for one outcome of its conditions: which fields are asked of which type,
in which order, and how each of them is executed (`fields.py`). It fills as requests get there. Whatever is not planned
is executed by graphql-core, which asks the plan again for what is below.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import CoroutineType
from typing import TYPE_CHECKING, Any

from graphql import ExecutionResult, GraphQLError, GraphQLObjectType, GraphQLSchema
from graphql.execution.collect_fields import CollectedFields, FieldDetails
from graphql.pyutils import Path, Undefined, gather_with_cancel

from gateway.graph.execution.executor import CompilingExecutor
from gateway.graph.execution.fields import plan_field

if TYPE_CHECKING:
    from gateway.graph.execution.fields import PlannedField


class PlannedFields(dict[str, list[FieldDetails]]):
    """A collected field set that knows how its fields are executed."""

    def __init__(
        self, schema: GraphQLSchema, type_: GraphQLObjectType, collected: Mapping[str, list[FieldDetails]]
    ) -> None:
        super().__init__(collected)
        self.fields = [plan_field(schema, key, type_, details) for key, details in collected.items()]


class Plan:
    """`root`: the fields of the operation itself. `below`: those of each type within a field's selections, which are
    known by their place in memory and kept there."""

    def __init__(self, root: PlannedFields) -> None:
        self.root = root
        self.below: dict[tuple[GraphQLObjectType, int], tuple[list[FieldDetails], CollectedFields]] = {}


class PlannedExecutor(CompilingExecutor):
    """Made for one execution of an operation that has a plan."""

    plan: Plan

    async def execute_plan(self, root_type: GraphQLObjectType) -> ExecutionResult:
        """As `execute_operation`, for a query."""
        data: Any = None
        try:
            data = self.execute_fields(root_type, self.root_value, None, self.plan.root, None)
            if data.__class__ is CoroutineType:
                data = await data
        except GraphQLError as error:
            self.collected_errors.add(error, None)
            data = None
        return ExecutionResult(data, self.collected_errors.errors or None)

    def collect_subfields(
        self, return_type: GraphQLObjectType, field_details_list: list[FieldDetails]
    ) -> CollectedFields:
        below, key = self.plan.below, (return_type, id(field_details_list))
        if key in below:
            return below[key][1]
        collected = super().collect_subfields(return_type, field_details_list)
        planned = PlannedFields(self.schema, return_type, collected.grouped_field_set)
        below[key] = (field_details_list, collected._replace(grouped_field_set=planned))
        return below[key][1]

    def execute_fields(
        self,
        parent_type: GraphQLObjectType,
        source_value: Any,
        path: Path | None,
        grouped_field_set: dict[str, list[FieldDetails]],
        position_context: Any,
    ) -> Any:
        """The object, or a coroutine of it where some field takes time: these then run at the same time."""
        if not isinstance(grouped_field_set, PlannedFields):
            return super().execute_fields(parent_type, source_value, path, grouped_field_set, position_context)
        results: dict[str, Any] = {}
        pending: list[str] = []
        type_name = parent_type.name
        try:
            for field in grouped_field_set.fields:
                key = field.key
                value = field.execute(self, source_value, Path(path, key, type_name))
                if value.__class__ is CoroutineType:
                    pending.append(key)
                if value is not Undefined:
                    results[key] = value
        except Exception:
            if pending:  # they may fail as well, and must not be left over
                self.settle_in_background([results[key] for key in pending])
            raise
        return _settled(results, pending) if pending else results

    def complete_unusual(self, field: PlannedField, value: Any, path: Path) -> Any:
        """As the end of `execute_field`, for a value that does not go out as it is."""
        info = field.raw_info(self, path)
        complete = self.complete_awaitable_value if self.is_awaitable(value) else self.complete_value
        return complete(field.type, field.details, info, path, value, None)


async def _settled(results: dict[str, Any], pending: list[str]) -> dict[str, Any]:
    if len(pending) == 1:
        results[pending[0]] = await results[pending[0]]
    else:
        results.update(zip(pending, await gather_with_cancel(*(results[key] for key in pending)), strict=True))
    return results
