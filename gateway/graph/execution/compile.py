"""Makes one function out of a selection on a list of plain objects: from the items to values ready to encode.

graphql-core collects the fields (fragments, type conditions, directives and arguments stay its business), and this
module writes Python that reads them: `{"id": a.id, "queue": write_2(v3) if ... }`. What comes out is one function for
each object type, and one for the list. It either gives exactly what graphql-core would, or raises, and graphql-core
does the list: so it checks every value that graphql-core would check, and gives up where that would convert or refuse.

What can be compiled: attributes, paths of attributes, and resolvers that are plain functions of the object and of
plain arguments. For anything else `compile_list` gives None. docs/execution.md shows a compiled selection.
"""

from __future__ import annotations

import keyword
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from enum import Enum
from math import isfinite
from typing import Any, NamedTuple, NoReturn

from graphql import (
    GraphQLEnumType,
    GraphQLError,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
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
PLAIN_ARGUMENTS = (int, str, bool, type(None))

Writer = Callable[[Sequence[Any]], list[Any]]

SCALARS = {
    "String": "{first}.__class__ is str",
    "ID": "{first}.__class__ is str",
    "URL": "{first}.__class__ is str",
    "Int": "{first}.__class__ is int and MIN_INT <= {value} <= MAX_INT",
    "Float": "{first}.__class__ is float and isfinite({value})",
    "Boolean": "{first}.__class__ is bool",
    "DateTime": "{first}.__class__ is datetime and {value}.tzinfo is UTC",
}
"""When a value goes out as it is. `{first}` is `{value}` with its assignment. The encoder writes instants in UTC as
`scalars.format_instant` does."""


class Unserved(Exception):
    """Not a value that goes out as it is: graphql-core converts it, or has the error."""


class _NotPlain(Exception):
    """The selection asks for something that cannot be compiled."""


class Selection(NamedTuple):
    """What graphql-core knows where a list is about to be completed."""

    schema: GraphQLSchema
    fragments: dict[str, FragmentDetails]
    variable_values: VariableValues
    operation: OperationDefinitionNode
    fields: list[FieldDetails]


def compile_list(selection: Selection, item_type: GraphQLOutputType) -> Writer | None:
    """A function that gives the completed list, or None when graphql-core must do it."""
    compiler = _Compiler(selection)
    try:
        return compiler.compile(item_type)
    except (_NotPlain, GraphQLError, RecursionError):  # a wrong argument is graphql-core's to report, in its place
        return None


class _Function:
    """One function of the source being written: its local names, and the paths that its fields are read by."""

    def __init__(self) -> None:
        self._count = 0
        self._bases: dict[str, str] = {}

    def fresh(self) -> str:
        self._count += 1
        return f"v{self._count}"

    def attribute(self, path: str) -> str:
        """Reads `shown.row.url` of `a` by way of a name for `a.shown.row`, which is read but once."""
        base, dot, name = path.rpartition(".")
        if not dot:
            return f"a.{name}"
        if base not in self._bases:
            self._bases[base] = self.fresh()
        return f"{self._bases[base]}.{name}"

    def source(self, name: str, entries: Sequence[str]) -> str:
        """A function of `a` that gives a dict in the order of the selection."""
        lines = [f"    {local} = a.{base}" for base, local in self._bases.items()]
        return "\n".join([f"def {name}(a):", *lines, "    return {", *(f"        {e}," for e in entries), "    }"])


class _Compiler:
    """Collects the source of one writer and the objects that it refers to."""

    def __init__(self, selection: Selection) -> None:
        self._selection = selection
        self._globals: dict[str, Any] = {
            "unserved": _unserved,
            "UTC": UTC,
            "datetime": datetime,
            "isfinite": isfinite,
            "MIN_INT": MIN_INT,
            "MAX_INT": MAX_INT,
        }
        self._names: dict[int, str] = {}
        self._objects: dict[tuple[object, ...], str] = {}
        self._pieces: dict[str, str] = {}
        self._source: list[str] = []

    def compile(self, item_type: GraphQLOutputType) -> Writer:
        body = self._value(_Function(), item_type, "item", self._selection.fields)
        self._source.append(f"def write(items):\n    return [{body} for item in items]")
        code = compile("\n\n".join(self._source), "<compiled selection>", "exec")
        exec(code, self._globals)  # noqa: S102 - made here, of the schema's names and of literals by repr
        return self._globals["write"]  # type: ignore[no-any-return]

    # ------------------------------------------------------------ values

    def _value(self, function: _Function, type_: Any, expression: str, fields: list[FieldDetails]) -> str:
        """An expression for the completed value of `expression`: itself or made of it if it passes the check, None if
        it is None and may be."""
        nullable = not isinstance(type_, GraphQLNonNull)
        type_ = type_ if nullable else type_.of_type
        if expression.isidentifier():
            value = first = expression
        else:
            value = function.fresh()
            first = f"({value} := {expression})"
        check, completed = self._check(function, type_, first, value, fields)
        if not nullable:
            return f"({completed} if {check} else unserved())"
        if completed == value:
            return f"({value} if {check} or {value} is None else unserved())"
        return f"({completed} if {check} else None if {value} is None else unserved())"

    def _check(
        self, function: _Function, type_: Any, first: str, value: str, fields: list[FieldDetails]
    ) -> tuple[str, str]:
        """A condition under which a value of a type that is not null can be served, and what it is completed to.
        `first` is to be used before `value`."""
        if isinstance(type_, GraphQLScalarType) and type_.name in SCALARS:
            return SCALARS[type_.name].format(first=first, value=value), value
        if isinstance(type_, GraphQLEnumType):
            return f"{first}.__class__ is {self._global(_written_as_named(type_))}", value
        if isinstance(type_, GraphQLList):
            item = function.fresh()
            completed = self._value(function, type_.of_type, item, fields)
            return f"({first}.__class__ is list or {value}.__class__ is tuple)", f"[{completed} for {item} in {value}]"
        if isinstance(type_, GraphQLObjectType):
            return f"{first}.__class__ is {self._global(_class_of(type_))}", f"{self._object(type_, fields)}({value})"
        if isinstance(type_, GraphQLInterfaceType):
            possible = self._selection.schema.get_possible_types(type_)
            writers = {_class_of(t): self._object(t, fields) for t in possible}
            write = function.fresh()
            return f"({write} := {self._table(writers)}.get({first}.__class__)) is not None", f"{write}({value})"
        raise _NotPlain

    # ------------------------------------------------------------ objects

    def _table(self, writers: dict[type, str]) -> str:
        """The name of a dict from classes to the functions that write their objects."""
        rows = ", ".join(f"{self._global(cls)}: {write}" for cls, write in writers.items())
        return self._once("by_class", lambda name: f"{name} = {{{rows}}}")

    def _object(self, type_: GraphQLObjectType, fields: list[FieldDetails]) -> str:
        """The name of a function from an object of this type to a dict. Types that are written alike share one."""
        key = (type_.name, *(id(details.node) for details in fields))
        if key in self._objects:
            return self._objects[key]
        s = self._selection
        collected = collect_subfields(s.schema, s.fragments, s.variable_values, s.operation, type_, fields)
        if collected.new_defer_usages:
            raise _NotPlain
        function = _Function()
        entries = [
            f"{key!r}: {self._field(function, type_, details)}" for key, details in collected.grouped_field_set.items()
        ]
        name = self._objects[key] = self._once("write", lambda name: function.source(name, entries))
        return name

    def _once(self, prefix: str, source: Callable[[str], str]) -> str:
        """The name of a piece of source, which is written but once however often it is needed."""
        nameless = source("")
        name = self._pieces.get(nameless)
        if name is None:
            name = self._pieces[nameless] = f"{prefix}_{len(self._pieces)}"
            self._source.append(source(name))
        return name

    def _field(self, function: _Function, type_: GraphQLObjectType, details: list[FieldDetails]) -> str:
        name = details[0].node.name.value
        if name == "__typename":
            return repr(type_.name)
        field = type_.fields.get(name)
        if field is None or any(_is_streamed(d) or d.fragment_variable_values for d in details):
            raise _NotPlain
        return self._value(function, field.type, self._read(function, field, details[0]), details)

    def _read(self, function: _Function, field: GraphQLField, details: FieldDetails) -> str:
        """An expression for the resolved value."""
        definition = field.extensions.get(DEFINITION)
        if not isinstance(definition, StrawberryField) or definition.extensions:
            raise _NotPlain  # an extension, such as a permission, wraps the resolver
        resolver = definition.base_resolver
        if resolver is None:
            if definition.default_resolver is not getattr:
                raise _NotPlain
            return function.attribute(_readable(definition.python_name))
        path = getattr(resolver.wrapped_func, "reads", None)
        if isinstance(path, str):
            return function.attribute(_readable(path))
        takes_more = resolver.info_parameter or resolver.root_parameter or resolver.parent_parameter
        if resolver.is_async or takes_more or not resolver.self_parameter:
            raise _NotPlain
        return f"{self._global(resolver.wrapped_func)}({', '.join(['a', *self._arguments(field, details)])})"

    def _arguments(self, field: GraphQLField, details: FieldDetails) -> list[str]:
        """`last=5`, for each argument that is given or has a default in the schema."""
        values = get_argument_values(field, details.node, self._selection.variable_values)
        if any(type(value) not in PLAIN_ARGUMENTS for value in values.values()):
            raise _NotPlain  # Strawberry makes objects of inputs
        return [f"{field.args[name].extensions[DEFINITION].python_name}={value!r}" for name, value in values.items()]

    def _global(self, thing: Any) -> str:
        """A name of the source for an object of ours."""
        name = self._names.setdefault(id(thing), f"g{len(self._names)}")
        self._globals[name] = thing
        return name


def _unserved() -> NoReturn:
    raise Unserved


def _class_of(type_: GraphQLObjectType) -> type:
    definition = type_.extensions.get(DEFINITION)
    if not isinstance(definition, StrawberryObjectDefinition):
        raise _NotPlain
    return definition.origin


def _written_as_named(type_: GraphQLEnumType) -> type[Enum]:
    """The enum's class. The encoder writes a member's value, so that must be its name in the schema."""
    members: type[Enum] = type_.extensions[DEFINITION].wrapped_cls
    if {member.value for member in members} != set(type_.values):
        raise _NotPlain
    if any(value.value != name for name, value in type_.values.items()):
        raise _NotPlain
    return members


def _is_streamed(details: FieldDetails) -> bool:
    return any(directive.name.value == "stream" for directive in details.node.directives or ())


def _readable(path: str) -> str:
    if not all(name.isidentifier() and not keyword.iskeyword(name) for name in path.split(".")):
        raise _NotPlain
    return path
