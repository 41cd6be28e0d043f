"""The same question put to graphql-core and to compiled selections, and what their answers differ in."""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field, replace
from functools import cache
from inspect import isawaitable
from itertools import chain, count
from random import Random
from typing import Any, ClassVar

import msgspec
from graphql import (
    REMOVE,
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLField,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    Node,
    NoUnusedFragmentsRule,
    NoUnusedVariablesRule,
    OverlappingFieldsCanBeMergedRule,
    Visitor,
    execute,
    get_named_type,
    is_composite_type,
    parse,
    print_ast,
    specified_rules,
    validate,
    visit,
)
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from gateway.graph import customer, interactions, journey, nodes, query, viewer
from gateway.graph.errors import shown_errors
from gateway.graph.execution.fields import Field
from gateway.graph.execution.operation import plan_operation
from gateway.graph.execution.plan import PlannedExecutor
from gateway.graph.scalars import scalar_config
from gateway.graph.schema import JourneySchema
from tests.gateway.graph.execution import oddities
from tests.gateway.graph.execution.questions import Question, variables
from tests.gateway.graph.execution.worlds import OPERATION, World

CONCRETE = (*interactions.CONCRETE_TYPES, oddities.Left, oddities.Right)
VARIATIONS = 16
"""Of variables and of data, to each document: so plans are found again, with other values."""
RULES = [rule for rule in specified_rules if rule not in (NoUnusedFragmentsRule, NoUnusedVariablesRule)]
REMOVABLE = ("field", "inline_fragment", "fragment_spread", "fragment_definition", "directive", "argument")
ADDRESS = re.compile(r"0x[0-9a-f]+")


class CountingExecutor(PlannedExecutor):
    """Counts lists of objects that had items, and of these those that were written by compiled code; and fields."""

    counted: ClassVar[Counter[str]] = Counter()

    def complete_list_value(self, return_type: Any, *arguments: Any) -> Any:
        completed = super().complete_list_value(return_type, *arguments)
        if is_composite_type(get_named_type(return_type)) and completed != []:
            self.counted["served" if isinstance(completed, msgspec.Raw) else "left"] += 1
        return completed

    def execute_fields(self, *arguments: Any) -> Any:
        fields = getattr(arguments[3], "fields", ())
        self.counted["planned"] += sum(type(field) is not Field for field in fields)
        self.counted["unplanned"] += sum(type(field) is Field for field in fields)
        return super().execute_fields(*arguments)


@cache
def schema() -> GraphQLSchema:
    """The gateway's types under a root whose fields are whatever a world makes, so that nothing has to be fetched."""
    built = JourneySchema(
        query=query.Query,
        types=[oddities.Ways, *CONCRETE],
        config=StrawberryConfig(scalar_map=scalar_config(), disable_field_suggestions=True),
    )
    types: dict[str, Any] = built._schema.type_map
    hints: dict[str, tuple[str, Any]] = {
        "connection": ("JourneyConnection", customer.JourneyConnection | None),
        "rows": ("[Interaction!]!", list[interactions.Interaction]),
        "moreRows": ("[Interaction!]", list[interactions.Interaction]),
        "gaps": ("[Interaction]", list[interactions.Interaction | None]),
        "table": ("[[Interaction!]]", list[list[interactions.Interaction] | None]),
        "row": ("Interaction", interactions.Interaction | None),
        "calls": ("[Call]!", list[interactions.Call]),
        "nodes": ("[Node]!", list[nodes.Node | None]),
        "summary": ("JourneySummary", journey.JourneySummary),
        "facets": ("JourneyFacets", journey.JourneyFacets),
        "view": ("SingleCustomerView", customer.SingleCustomerView),
        "customers": ("[Customer!]", list[customer.Customer]),
        "people": ("CustomerConnection", customer.CustomerConnection),
        "identifiers": ("[Identifier!]!", list[customer.Identifier]),
        "viewer": ("Viewer!", viewer.Viewer),
        "odd": ("Odd", oddities.Odd),
        "odds": ("[Odd!]", list[oddities.Odd]),
        "gapsInOdds": ("[Odd]", list[oddities.Odd | None]),
        "left": ("Left", oddities.Left),
        "right": ("Right", oddities.Right),
        "sides": ("[Side]", list[oddities.Side | None]),
        "sources": ("[SourceReport!]", list[nodes.SourceReport]),
    }
    made = {name: GraphQLField(_wrapped(text, types), resolve=_maker(hint)) for name, (text, hint) in hints.items()}
    fields = {**{name: types["Ways"].fields[name] for name in ("maze", "mazeLater", "surelyLater")}, **made}
    schema = GraphQLSchema(GraphQLObjectType("Root", fields), types=[types[t.__name__] for t in CONCRETE])
    schema._strawberry_schema = built  # type: ignore[attr-defined]  # as Strawberry does with its own
    return schema


def _wrapped(text: str, types: Any) -> Any:
    if text.endswith("!"):
        return GraphQLNonNull(_wrapped(text[:-1], types))
    return GraphQLList(_wrapped(text[1:-1], types)) if text.startswith("[") else types[text]


def _maker(hint: Any) -> Any:
    """Makes the field's data: once for a sound world, and anew for each execution of a hostile one, since what can be
    read but once may be in it."""

    def resolve(case: Case, info: Any) -> Any:
        name = info.field_name
        if name in case.made:
            return case.made[name]
        made = World(case.seed + zlib.crc32(name.encode()), case.hostility).make(hint)
        if not case.hostility:
            case.made[name] = made
        return made

    return resolve


@dataclass(frozen=True)
class Case:
    document: DocumentNode
    variables: dict[str, Any]
    seed: int
    hostility: float
    made: dict[str, Any] = field(default_factory=dict)


def is_valid(document: DocumentNode) -> bool:
    return not validate(schema(), document, RULES)


LESSONS = (
    # the same nodes, in lists of other types
    "{ right { ...part } left { ...part } } fragment part on Side { parts { size } }",
    # merged with another node in one run and alone in the next, when the variables used are not the same
    "query ($yes: Boolean!, $maybe: Boolean! = true) {"
    " odds { number } odds @include(if: $yes) { flag @include(if: $maybe) ratio } }",
    # a condition that cannot be read: it is an error of each item, not of the list
    "query ($loose: Boolean = false) { gapsInOdds { number ... @include(if: $loose) { flag } } }",
)
"""Documents that found a bug, or would have."""


def cases(seed: int) -> Iterator[Case]:
    """Without end. A quarter of the worlds are sound, the others hostile here and there."""
    random = Random(seed)
    for document in map(parse, chain(LESSONS, (Question(random, schema()).text for _ in count()))):
        if not validate(schema(), document, [OverlappingFieldsCanBeMergedRule]):  # valid otherwise, as a test shows
            for _ in range(VARIATIONS):
                hostility = random.choice((0.0, 0.02, 0.05, 0.1))
                yield Case(document, variables(random), random.randrange(2**40), hostility)


Execute = Callable[[Case], Awaitable[ExecutionResult]]


async def by_graphql_core(case: Case) -> ExecutionResult:
    result = execute(
        schema(),
        case.document,
        case,
        OPERATION,
        deepcopy(case.variables),  # a resolver may change what it is given
        executor_class=StrawberryGraphQLCoreExecutionContext,
        hide_suggestions=True,
    )
    result = await result if isawaitable(result) else result
    assert isinstance(result, ExecutionResult)
    return result


class ByPlan:
    """Keeps the plan of a document for as long as cases are about it."""

    def __init__(self, plan: Callable[..., Any] = plan_operation, executor_class: type[Any] | None = None) -> None:
        self._plan = plan
        self._executor_class = executor_class
        self._planned: tuple[DocumentNode | None, Any] = (None, None)

    async def __call__(self, case: Case) -> ExecutionResult:
        if self._planned[0] is not case.document:
            self._planned = (case.document, self._plan(schema(), case.document, None))
            if self._executor_class is not None:
                self._planned[1].executor_class = self._executor_class
        result = await self._planned[1].execute(OPERATION, deepcopy(case.variables), root=case)
        assert isinstance(result, ExecutionResult)
        return result


async def answer(case: Case, execute: Execute) -> tuple[Any, ...]:
    """Everything that a client could see of it, in bytes and in order."""
    try:
        result = await execute(case)
    except Exception as error:
        return (ADDRESS.sub("0x", repr(error)),)
    errors = result.errors or []
    shown = msgspec.json.encode(shown_errors(errors, "request-1"))
    return encoded(result.data), shown, *map(told, errors)


def encoded(data: Any) -> bytes:
    try:
        return msgspec.json.encode(data)
    except (TypeError, ValueError) as error:
        return repr(error).encode()


def told(error: GraphQLError) -> tuple[str, ...]:
    cause = error.original_error
    return ADDRESS.sub("0x", error.message), str(error.path), str(error.locations), ADDRESS.sub("0x", repr(cause))


async def differs(case: Case, execute: Execute) -> bool:
    return await answer(case, by_graphql_core) != await answer(case, execute)


async def smallest(case: Case, execute: Execute) -> Case:
    """The case without whatever of its document is not needed for the two to differ."""
    place, shrunk = 0, False
    while True:
        text = without(case.document, place)
        if text is None and not shrunk:
            return case
        if text is None:
            place, shrunk = 0, False  # what is gone may have needed what came before it
            continue
        smaller = replace(case, document=parse(text)) if is_readable(text) else None
        if smaller is not None and await differs(smaller, execute):
            case, shrunk = smaller, True
        else:
            place += 1


def without(document: DocumentNode, place: int) -> str | None:
    """The document without its selection, directive, argument or fragment of that place; None behind the last one."""
    nodes_seen = -1

    class Remover(Visitor):
        def enter(self, node: Node, *_: Any) -> Any:
            nonlocal nodes_seen
            nodes_seen += node.kind in REMOVABLE
            return REMOVE if node.kind in REMOVABLE and nodes_seen == place else None

    changed = print_ast(visit(document, Remover()))
    return changed if nodes_seen >= place else None


def is_readable(text: str) -> bool:
    if "{}" in text:
        return False  # nothing is left of a selection set
    try:
        return is_valid(parse(text))
    except GraphQLError:
        return False


async def report(case: Case, execute: Execute) -> str:
    """For whoever has to find the bug."""
    case = await smallest(case, execute)
    core, compiled = await answer(case, by_graphql_core), await answer(case, execute)
    return (
        f"{print_ast(case.document)}\nvariables {case.variables}\nworld {case.seed}, hostility {case.hostility}\n"
        f"graphql-core: {core}\ncompiled:     {compiled}"
    )
