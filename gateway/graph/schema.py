"""The schema: a Federation 2 subgraph from the start."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import strawberry
from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    OperationType,
    execute,
    get_operation_ast,
    subscribe,
)
from graphql.pyutils import is_awaitable
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.types import ExecutionContext

from gateway.graph import enums  # noqa: F401 - makes the enums GraphQL's
from gateway.graph.customer import Customer
from gateway.graph.errors import log_errors
from gateway.graph.execution.executor import CompilingExecutor, check_hook
from gateway.graph.execution.operation import check_plans
from gateway.graph.execution.prepare import Documents, Prepared
from gateway.graph.interactions import CONCRETE_TYPES
from gateway.graph.limits import DocumentLimits
from gateway.graph.mutation import Mutation
from gateway.graph.query import Query
from gateway.graph.scalars import scalar_config
from gateway.graph.subscription import UPDATE_TYPES, Subscription
from gateway.operation import Operation


class JourneySchema(strawberry.federation.Schema):
    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Strawberry would log the document with every literal in it; we log what happened and no more."""
        operation = execution_context.context if execution_context else None
        log_errors(errors, operation.request_id if isinstance(operation, Operation) else None)


class Executable:
    """The schema, ready to answer: documents are prepared and planned once, plain lists are compiled.

    `compiled=False` leaves every field to graphql-core, for comparison and in case of need.
    """

    def __init__(
        self,
        *,
        max_tokens: int = 1_000,
        limits: DocumentLimits | None = None,
        introspection: bool = True,
        compiled: bool = True,
        trusted: Mapping[str, str] | None = None,
        own: Mapping[str, str] | None = None,
        only_trusted: bool = False,
    ) -> None:
        if compiled:
            check_hook()
            check_plans()
        self.schema = build_schema()
        self._core = self.schema._schema
        self._compiled = compiled
        self._executor = CompilingExecutor if compiled else StrawberryGraphQLCoreExecutionContext
        self.documents = Documents(
            self._core,
            limits or DocumentLimits(),
            max_tokens=max_tokens,
            introspection=introspection,
            trusted=trusted,
            own=own,
            only_trusted=only_trusted,
        )

    async def execute(
        self, prepared: Prepared, variables: Mapping[str, Any] | None, operation_name: str | None, operation: Operation
    ) -> ExecutionResult:
        """The result, errors unmasked; its data is for the encoder: it may hold instants, enums, and
        `msgspec.Raw` in place of lists."""
        if prepared.document is None:
            return ExecutionResult(None, list(prepared.errors))
        planned = prepared.operation(self._core, operation_name) if self._compiled else None
        if planned is not None:
            finished = await planned.execute(operation, variables or {})
        else:
            finished = await self._execute_by_graphql_core(prepared.document, variables, operation_name, operation)
        if finished.errors:
            log_errors(finished.errors, operation.request_id)
        return finished

    def is_subscription(self, prepared: Prepared, operation_name: str | None) -> bool:
        """Whether the operation that would run is one; False when it is not clear which it is."""
        if prepared.document is None:
            return False
        node = get_operation_ast(prepared.document, operation_name)
        return node is not None and node.operation is OperationType.SUBSCRIPTION

    async def subscribe(
        self, prepared: Prepared, variables: Mapping[str, Any] | None, operation_name: str | None, operation: Operation
    ) -> AsyncIterator[ExecutionResult] | ExecutionResult:
        """A result for each piece of news, or the one result that says why there will be none. Errors as they are."""
        if prepared.document is None:
            return ExecutionResult(None, list(prepared.errors))
        begun = subscribe(
            self._core,
            prepared.document,
            context_value=operation,
            variable_values=dict(variables or {}),
            operation_name=operation_name,
            executor_class=self._executor,
            hide_suggestions=True,
        )
        return await begun if is_awaitable(begun) else begun  # type: ignore[return-value]

    async def _execute_by_graphql_core(
        self,
        document: DocumentNode,
        variables: Mapping[str, Any] | None,
        operation_name: str | None,
        operation: Operation,
    ) -> ExecutionResult:
        result = execute(
            self._core,
            document,
            context_value=operation,
            variable_values=dict(variables or {}),
            operation_name=operation_name,
            executor_class=self._executor,
            hide_suggestions=True,
        )
        finished = await result if is_awaitable(result) else result
        assert isinstance(finished, ExecutionResult)
        return finished


def build_schema() -> JourneySchema:
    return JourneySchema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        types=[Customer, *CONCRETE_TYPES, *UPDATE_TYPES],
        config=StrawberryConfig(scalar_map=scalar_config(), disable_field_suggestions=True),
    )


def print_schema() -> str:
    """`schema.graphql`, as checked in."""
    return build_schema().as_str().rstrip() + "\n"
