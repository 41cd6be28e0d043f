"""Makes one function out of a selection on a list of plain objects: from the items to JSON-ready values.

graphql-core collects the fields (fragments, type conditions, directives and arguments are its business), and this
module writes Python that reads them: `{"id": a.id, "queue": queue(a)}` instead of a few microseconds a field. The
function either gives exactly what graphql-core would, or raises `Unserved`, and graphql-core does the list. So it
checks every value that graphql-core would check, and gives up where that would have been an error.

What can be compiled: fields that are attributes, and resolvers that are plain functions of the object and of
arguments. What can't (async resolvers, those that ask for `info`, `@defer`, `@stream`): `compile_list` says None.
"""

from __future__ import annotations

import keyword
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from enum import Enum
from math import isfinite
from typing import Any, NamedTuple

from graphql import (
    GraphQLEnumType,
    GraphQLError,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    OperationDefinitionNode,
)
from graphql.execution.collect_fields import FieldDetails, FragmentDetails, collect_subfields
from graphql.execution.values import VariableValues, get_argument_values
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.field import StrawberryField

DEFINITION = "strawberry-definition"
MIN_INT, MAX_INT = -(2**31), 2**31 - 1

Writer = Callable[[Sequence[Any]], list[Any]]


class Unserved(Exception):
    """The compiled function does not serve these values; graphql-core will, with their errors if they are any."""


class _NotPlain(Exception):
    """The selection asks for something that cannot be compiled."""


class Selection(NamedTuple):
    """What graphql-core knows where a list is about to be completed."""

    schema: GraphQLSchema
    fragments: dict[str, FragmentDetails]
    variable_values: VariableValues
    operation: OperationDefinitionNode
    fields: list[FieldDetails]


def compile_list(selection: Selection, item_type: Any) -> Writer | None:
    """A function that gives the completed list, or None when the selection is not plain data."""
    compiler = _Compiler(selection)
    try:
        body = compiler.value(item_type, "item", selection.fields)
    except _NotPlain:
        return None
    return compiler.finish(body)


class _Compiler:
    """Collects the source of one writer and the objects it refers to."""

    def __init__(self, selection: Selection) -> None:
        self._selection = selection
        self._names: dict[str, Any] = {
            "unserved": _unserved,
            "UTC": UTC,
            "datetime": datetime,
            "isfinite": isfinite,
            "MIN_INT": MIN_INT,
            "MAX_INT": MAX_INT,
        }
        self._functions: list[str] = []

    def finish(self, body: str) -> Writer:
        source = "\n\n".join([*self._functions, f"def write(items):\n    return [{body} for item in items]"])
        code = compile(source, "<compiled selection>", "exec")
        exec(code, self._names)  # noqa: S102 - the source is made here, from names of the schema alone
        return self._names["write"]  # type: ignore[no-any-return]

    # ------------------------------------------------------------ values

    def value(self, type_: Any, expression: str, fields: list[FieldDetails]) -> str:
        """An expression for the completed value of `expression`, which is a name or an attribute of one."""
        if isinstance(type_, GraphQLNonNull):
            return self._some(type_.of_type, expression, fields)
        name = self._fresh("v")
        some = self._some(type_, name, fields)
        return f"(None if ({name} := {expression}) is None else {some})"

    def _some(self, type_: Any, expression: str, fields: list[FieldDetails]) -> str:
        """As `value`, for a value that must not be None."""
        if isinstance(type_, GraphQLList):
            item = self._fresh("i")
            inner = self.value(type_.of_type, item, fields)
            held = self._fresh("l")
            return (
                f"([{inner} for {item} in {held}] if ({held} := {expression}).__class__ in (list, tuple) "
                f"else unserved())"
            )
        if isinstance(type_, GraphQLScalarType):
            return self._scalar(type_.name, expression)
        if isinstance(type_, GraphQLEnumType):
            return self._enum(type_, expression)
        if isinstance(type_, GraphQLObjectType):
            return self._checked_call(expression, [type_], fields)
        if isinstance(type_, GraphQLInterfaceType):
            return self._checked_call(expression, self._selection.schema.get_possible_types(type_), fields)
        raise _NotPlain

    def _scalar(self, name: str, expression: str) -> str:
        held = self._fresh("s")
        holds = f"({held} := {expression})"
        if name in ("String", "ID", "URL"):
            return f"({held} if {holds}.__class__ is str else unserved())"
        if name == "Int":
            return f"({held} if {holds}.__class__ is int and MIN_INT <= {held} <= MAX_INT else unserved())"
        if name == "Boolean":
            return f"({held} if {holds}.__class__ is bool else unserved())"
        if name == "Float":
            return f"({held} if {holds}.__class__ is float and isfinite({held}) else unserved())"
        if name == "DateTime":  # the encoder writes instants in UTC as `scalars.format_instant` does
            return f"({held} if {holds}.__class__ is datetime and {held}.tzinfo is UTC else unserved())"
        raise _NotPlain

    def _enum(self, type_: GraphQLEnumType, expression: str) -> str:
        """Enums of ours have their names as values, and the encoder writes values."""
        definition = type_.extensions[DEFINITION]
        members: type[Enum] = definition.wrapped_cls
        if any(member.value != member.name for member in members):
            raise _NotPlain
        held = self._fresh("e")
        return f"({held} if ({held} := {expression}).__class__ is {self._named(members)} else unserved())"

    # ------------------------------------------------------------ objects

    def _checked_call(self, expression: str, types: Sequence[GraphQLObjectType], fields: list[FieldDetails]) -> str:
        """A call of the function that writes the object's type, found by its class."""
        by_class = {self._definition(t).origin: self._object(t, fields) for t in types}
        held = self._fresh("o")
        if len(by_class) == 1:
            ((origin, function),) = by_class.items()
            return (
                f"({function}({held}) if ({held} := {expression}).__class__ is {self._named(origin)} else unserved())"
            )
        table = self._fresh("by_class")
        self._functions.append(f"{table} = {{" + ", ".join(f"{self._named(o)}: {f}" for o, f in by_class.items()) + "}")
        return f"{table}.get(({held} := {expression}).__class__, unserved)({held})"

    def _object(self, type_: GraphQLObjectType, fields: list[FieldDetails]) -> str:
        """The name of a function from an object of this type to a dict in the order of the selection."""
        s = self._selection
        collected = collect_subfields(s.schema, s.fragments, s.variable_values, s.operation, type_, fields)
        if collected.new_defer_usages:
            raise _NotPlain
        entries = [f"{key!r}: {self._field(type_, details)}" for key, details in collected.grouped_field_set.items()]
        function = self._fresh("write")
        self._functions.append(f"def {function}(a):\n    return {{{', '.join(entries)}}}")
        return function

    def _field(self, type_: GraphQLObjectType, details: list[FieldDetails]) -> str:
        node = details[0].node
        name = node.name.value
        if name == "__typename":
            return repr(type_.name)
        graphql_field = type_.fields.get(name)
        field = None if graphql_field is None else graphql_field.extensions.get(DEFINITION)
        if graphql_field is None or not isinstance(field, StrawberryField):
            raise _NotPlain
        if any(directive.name.value in ("stream", "defer") for d in details for directive in d.node.directives or ()):
            raise _NotPlain
        return self.value(graphql_field.type, self._read(field, graphql_field, details[0]), details)

    def _read(self, field: StrawberryField, graphql_field: Any, details: FieldDetails) -> str:
        """An expression for the resolved value: an attribute, a path of attributes, or a call of the resolver."""
        resolver = field.base_resolver
        if resolver is None:
            if field.arguments or keyword.iskeyword(field.python_name):
                raise _NotPlain
            return f"a.{field.python_name}"
        path = getattr(resolver.wrapped_func, "reads", None)
        if isinstance(path, str):
            return f"a.{path}"
        if resolver.is_async or resolver.info_parameter or resolver.root_parameter or resolver.parent_parameter:
            raise _NotPlain
        return f"{self._named(resolver.wrapped_func)}(a{self._arguments(field, graphql_field, details)})"

    def _arguments(self, field: StrawberryField, graphql_field: Any, details: FieldDetails) -> str:
        if not field.arguments:
            return ""
        try:
            values = get_argument_values(
                graphql_field, details.node, self._selection.variable_values, details.fragment_variable_values
            )
        except GraphQLError:
            raise _NotPlain from None
        given = []
        for argument in field.arguments:
            name = argument.graphql_name or _camel(argument.python_name)
            if name in values:
                if not isinstance(values[name], int | str | bool | None):
                    raise _NotPlain
                given.append(f", {argument.python_name}={values[name]!r}")
        return "".join(given)

    # ------------------------------------------------------------ names

    def _definition(self, type_: GraphQLObjectType) -> StrawberryObjectDefinition:
        definition = type_.extensions.get(DEFINITION)
        if not isinstance(definition, StrawberryObjectDefinition):
            raise _NotPlain
        return definition

    def _named(self, thing: Any) -> str:
        name = f"g{id(thing)}"
        self._names[name] = thing
        return name

    def _fresh(self, prefix: str) -> str:
        name = f"{prefix}{len(self._names)}"
        self._names[name] = None  # taken
        return name


def _unserved(*_: Any) -> Any:
    raise Unserved


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)
