"""Documents parsed and validated once: a bounded memory of what was asked before, by the document's text."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from graphql import (
    ASTValidationRule,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    InlineFragmentNode,
    NoSchemaIntrospectionCustomRule,
    get_operation_ast,
    parse,
    specified_rules,
    validate,
)

from gateway.errors import PersistedQueryNotFoundError
from gateway.graph.execution.operation import PlannedOperation, plan_operation
from gateway.graph.limits import DocumentLimits, limits_rule

MAX_DOCUMENTS = 1_000
MAX_NAMES = 50
MAX_REMEMBERED_CHARACTERS = 20_000
"""Longer documents are prepared anew each time, so that the memory of documents stays small."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """`document` is None when there are errors."""

    document: DocumentNode | None
    errors: tuple[GraphQLError, ...] = ()
    _operations: dict[str | None, PlannedOperation | None] = field(default_factory=dict, compare=False, repr=False)
    _roots: dict[str | None, str] = field(default_factory=dict, compare=False, repr=False)

    def operation(self, schema: GraphQLSchema, name: str | None) -> PlannedOperation | None:
        """The operation of that name, planned; None when it is graphql-core's to execute, or there is none."""
        try:
            return self._operations[name]
        except KeyError:
            planned = None if self.document is None else plan_operation(schema, self.document, name)
            if planned is not None:
                self._operations[name] = planned
            return planned

    def root_fields(self, name: str | None) -> str:
        """Names of the root fields of the operation of that name, each once: what it is about, whatever its author
        calls it."""
        known = self._roots.get(name)
        if known is None:
            known = "" if self.document is None else " ".join(_root_fields(self.document, name))
            if len(self._roots) < MAX_NAMES:
                self._roots[name] = known
        return known


def _root_fields(document: DocumentNode, name: str | None) -> list[str]:
    operation = get_operation_ast(document, name)
    if operation is None:
        return []
    fragments = {d.name.value: d.selection_set for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
    found: dict[str, None] = {}
    waiting, seen = [operation.selection_set], set[str]()
    while waiting:
        for selection in waiting.pop().selections:
            if isinstance(selection, FieldNode):
                found[selection.name.value] = None
            elif isinstance(selection, InlineFragmentNode):
                waiting.append(selection.selection_set)
            elif isinstance(selection, FragmentSpreadNode) and selection.name.value not in seen:
                seen.add(selection.name.value)
                waiting.append(fragments[selection.name.value])
    return list(found)


class Documents:
    """Prepares documents for one schema under its limits; refusals are remembered as well."""

    def __init__(
        self,
        schema: GraphQLSchema,
        limits: DocumentLimits,
        *,
        max_tokens: int,
        introspection: bool,
        trusted: Mapping[str, str] | None = None,
        own: Mapping[str, str] | None = None,
        only_trusted: bool = False,
    ) -> None:
        """`trusted`: documents by the SHA-256 of their text. Raises ValueError when one of them is not valid. `own`:
        those of the gateway's own pages: limits are not for them, and each is read when it is first asked for."""
        self._schema = schema
        self._max_tokens = max_tokens
        rules: list[type[ASTValidationRule]] = [*specified_rules]
        if not introspection:
            rules.append(NoSchemaIntrospectionCustomRule)
        self._limits: Collection[type[ASTValidationRule]] = [limits_rule(limits)]
        self._rules: Collection[type[ASTValidationRule]] = rules
        self._known: OrderedDict[str, Prepared] = OrderedDict()
        self._only_trusted = only_trusted
        self._own = own or {}
        self._trusted = {digest: self._prepare(text) for digest, text in (trusted or {}).items()}
        for digest, prepared in self._trusted.items():
            if prepared.errors:
                raise ValueError(f"the trusted document {digest[:12]}… is not valid: {prepared.errors[0].message}")

    def prepare(self, text: str | None, digest: str | None = None) -> Prepared:
        """By its hash among the trusted, or by its text. Raises `PersistedQueryNotFoundError`."""
        if digest is not None or self._only_trusted:
            if text is not None and digest is None:
                digest = sha256(text.encode()).hexdigest()
            return self._known_by(digest or "")
        return self._remembered(text or "")

    def _known_by(self, digest: str) -> Prepared:
        trusted = self._trusted.get(digest)
        if trusted is None:
            if digest not in self._own:
                raise PersistedQueryNotFoundError
            trusted = self._trusted[digest] = self._validated(parse(self._own[digest]), self._rules)
        return trusted

    def forget(self) -> int:
        """Documents that were sent, which may hold anybody's address; how many there were. The trusted stay."""
        count = len(self._known)
        self._known.clear()
        return count

    def _remembered(self, text: str) -> Prepared:
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
        return self._validated(document, self._limits, self._rules)

    def _validated(self, document: DocumentNode, *rules: Collection[type[ASTValidationRule]]) -> Prepared:
        for some in rules:
            errors = validate(self._schema, document, some, max_errors=20, hide_suggestions=True)
            if errors:
                return Prepared(None, tuple(errors))
        return Prepared(document)
