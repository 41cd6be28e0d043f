"""Documents parsed and validated once: a bounded memory of what was asked before, by the document's text."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass

from graphql import (
    ASTValidationRule,
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    NoSchemaIntrospectionCustomRule,
    parse,
    specified_rules,
    validate,
)

from gateway.graph.limits import DocumentLimits, limits_rule

MAX_DOCUMENTS = 1_000
MAX_REMEMBERED_CHARACTERS = 20_000
"""Longer documents are prepared anew each time, so that the memory of documents stays small."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """`document` is None when there are errors."""

    document: DocumentNode | None
    errors: tuple[GraphQLError, ...] = ()


class Documents:
    """Prepares documents for one schema under its limits; refusals are remembered as well."""

    def __init__(self, schema: GraphQLSchema, limits: DocumentLimits, *, max_tokens: int, introspection: bool) -> None:
        self._schema = schema
        self._max_tokens = max_tokens
        rules: list[type[ASTValidationRule]] = [*specified_rules]
        if not introspection:
            rules.append(NoSchemaIntrospectionCustomRule)
        self._limits: Collection[type[ASTValidationRule]] = [limits_rule(limits)]
        self._rules: Collection[type[ASTValidationRule]] = rules
        self._known: OrderedDict[str, Prepared] = OrderedDict()

    def prepare(self, text: str) -> Prepared:
        known = self._known.get(text)
        if known is not None:
            self._known.move_to_end(text)
            return known
        prepared = self._prepare(text)
        if len(text) <= MAX_REMEMBERED_CHARACTERS:
            self._known[text] = prepared
            if len(self._known) > MAX_DOCUMENTS:
                self._known.popitem(last=False)
        return prepared

    def _prepare(self, text: str) -> Prepared:
        """Limits first: GraphQL's own validation is what an oversized document would make slow."""
        try:
            document = parse(text, max_tokens=self._max_tokens)
        except GraphQLError as error:
            return Prepared(None, (error,))
        for rules in (self._limits, self._rules):
            errors = validate(self._schema, document, rules, max_errors=20, hide_suggestions=True)
            if errors:
                return Prepared(None, tuple(errors))
        return Prepared(document)
