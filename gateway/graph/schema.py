"""The schema: a Federation 2 subgraph from the start."""

from __future__ import annotations

from typing import Any

import strawberry
from graphql import GraphQLError
from strawberry.extensions import AddValidationRules, DisableIntrospection, MaxTokensLimiter
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionContext

from gateway.graph import enums  # noqa: F401 - makes the enums GraphQL's
from gateway.graph.customer import Customer
from gateway.graph.errors import log_errors
from gateway.graph.interactions import CONCRETE_TYPES
from gateway.graph.limits import DocumentLimits, limits_rule
from gateway.graph.query import Query
from gateway.graph.scalars import scalar_config
from gateway.operation import Operation


class JourneySchema(strawberry.federation.Schema):
    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Strawberry would log the document with every literal in it; we log what happened and no more."""
        operation = execution_context.context if execution_context else None
        log_errors(errors, operation.request_id if isinstance(operation, Operation) else None)


def build_schema(
    *, max_tokens: int = 1_000, limits: DocumentLimits | None = None, introspection: bool = True
) -> JourneySchema:
    """The schema with its bounds. Extensions are factories: one instance an operation."""
    rule = limits_rule(limits or DocumentLimits())
    extensions: list[Any] = [
        lambda: MaxTokensLimiter(max_token_count=max_tokens),
        lambda: AddValidationRules([rule]),
    ]
    if not introspection:
        extensions.append(lambda: DisableIntrospection())
    return JourneySchema(
        query=Query,
        types=[Customer, *CONCRETE_TYPES],
        config=StrawberryConfig(
            scalar_map=scalar_config(),
            disable_field_suggestions=True,
        ),
        extensions=extensions,
    )


def print_schema() -> str:
    """`schema.graphql`, as checked in."""
    return build_schema().as_str().rstrip() + "\n"
