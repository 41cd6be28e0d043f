"""What a document may ask for at once: depth, aliases, root fields, breadth. One pass, each fragment once.

Every measure of a fragment is worked out once and remembered, so that the pass is linear in the document however its
fragments are nested. Source: GraphQL Armor's list of limits; docs/decisions/0006-query-limits.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValidationContext,
    ValidationRule,
)

from gateway.errors import TooComplexError


@dataclass(frozen=True, slots=True)
class DocumentLimits:
    """fields: selections of an operation once every fragment is spread out. repetitions: of one name in one
    selection set, which is what makes GraphQL's own validation slow."""

    depth: int = 16
    aliases: int = 30
    root_fields: int = 20
    fields: int = 5_000
    directives: int = 50
    repetitions: int = 50


@dataclass(frozen=True, slots=True)
class _Size:
    depth: int = 0
    fields: int = 0
    aliases: int = 0
    directives: int = 0
    repetitions: int = 0


class _Measure:
    """Sizes of selection sets; a fragment that spreads itself is left to the rule that forbids it."""

    def __init__(self, document: DocumentNode) -> None:
        self._fragments = {
            d.name.value: d.selection_set for d in document.definitions if isinstance(d, FragmentDefinitionNode)
        }
        self._known: dict[str, _Size] = {}
        self._open: set[str] = set()

    def size(self, selections: SelectionSetNode) -> _Size:
        size = _add(self._selection(node) for node in selections.selections)
        names = Counter(_response_key(node) for node in selections.selections)
        return replace(size, repetitions=max(size.repetitions, max(names.values(), default=0)))

    def _selection(self, node: Any) -> _Size:
        directives = len(node.directives or ())
        if isinstance(node, FieldNode):
            inner = self.size(node.selection_set) if node.selection_set else _Size()
            return _Size(
                inner.depth + 1,
                inner.fields + 1,
                inner.aliases + (node.alias is not None),
                inner.directives + directives,
                inner.repetitions,
            )
        if isinstance(node, InlineFragmentNode):
            inner = self.size(node.selection_set)
        else:
            assert isinstance(node, FragmentSpreadNode)
            inner = self._fragment(node.name.value)
        return replace(inner, directives=inner.directives + directives)

    def _fragment(self, name: str) -> _Size:
        known = self._known.get(name)
        if known is not None:
            return known
        selections = self._fragments.get(name)
        if selections is None or name in self._open:
            return _Size()
        self._open.add(name)
        size = self._known[name] = self.size(selections)
        self._open.discard(name)
        return size


def _add(sizes: Iterable[_Size]) -> _Size:
    depth = fields = aliases = directives = repetitions = 0
    for size in sizes:
        depth = max(depth, size.depth)
        fields += size.fields
        aliases += size.aliases
        directives += size.directives
        repetitions = max(repetitions, size.repetitions)
    return _Size(depth, fields, aliases, directives, repetitions)


def _response_key(node: Any) -> str:
    if isinstance(node, FieldNode):
        return node.alias.value if node.alias else node.name.value
    return f"...{node.name.value}" if isinstance(node, FragmentSpreadNode) else "..."


def excess(document: DocumentNode, limits: DocumentLimits) -> str | None:
    """What an operation of the document has too much of, in a sentence; None when all is well."""
    measure = _Measure(document)
    for operation in document.definitions:
        if not isinstance(operation, OperationDefinitionNode):
            continue
        size = measure.size(operation.selection_set)
        for what, count, most in (
            ("levels deep", size.depth, limits.depth),
            ("fields", size.fields, limits.fields),
            ("aliases", size.aliases, limits.aliases),
            ("directives", size.directives, limits.directives),
            ("repetitions of a field", size.repetitions, limits.repetitions),
            ("root fields", len(operation.selection_set.selections), limits.root_fields),
        ):
            if count > most:
                return f"The operation is too large: at most {most} {what}."
    return None


def limits_rule(limits: DocumentLimits) -> type[ValidationRule]:
    """A validation rule that refuses what is in excess, with the code TOO_COMPLEX."""

    class LimitsRule(ValidationRule):
        def enter_document(self, node: DocumentNode, *_: Any) -> None:
            sentence = excess(node, limits)
            if sentence is not None:
                self.report_error(GraphQLError(sentence, original_error=TooComplexError(sentence)))

        def __init__(self, context: ValidationContext) -> None:
            super().__init__(context)

    return LimitsRule
