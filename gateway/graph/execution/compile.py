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
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from enum import Enum
from functools import cache, lru_cache
from itertools import count
from math import isfinite
from types import NoneType
from typing import Any, NamedTuple, NoReturn

import msgspec
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
    get_named_type,
    is_leaf_type,
)
from graphql.execution.collect_fields import FieldDetails, FragmentDetails, collect_subfields
from graphql.execution.values import VariableValues, get_argument_values
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.field import StrawberryField

DEFINITION = "strawberry-definition"
MIN_INT, MAX_INT = -(2**31), 2**31 - 1
PLAIN_ARGUMENTS = (int, str, bool, type(None))

SMALL = 4
"""Fields of an object that is written without a function of its own."""
MAX_STRUCTS = 1_000

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


class NotPlain(Exception):
    """The selection asks for something that cannot be compiled."""


CONDITION_NAMES = {
    "UTC": UTC,
    "datetime": datetime,
    "isfinite": isfinite,
    "NoneType": NoneType,
    "MIN_INT": MIN_INT,
    "MAX_INT": MAX_INT,
}


@cache
def fits_scalar(name: str) -> Callable[[Any], bool]:
    """Whether a value of this scalar goes out as it is, as a function."""
    if name not in SCALARS:
        raise NotPlain
    condition = SCALARS[name].format(first="value", value="value")
    return eval(f"lambda value: {condition}", dict(CONDITION_NAMES))  # type: ignore[no-any-return]  # noqa: S307 - made here


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
    except (NotPlain, GraphQLError, RecursionError):  # a wrong argument is graphql-core's to report, in its place
        return None


class _Function:
    """A piece of the source that is being written: its local names, and the paths that fields of `subject` are read
    by."""

    def __init__(self, subject: str = "a", numbers: Iterator[int] | None = None) -> None:
        self._subject = subject
        self._numbers = numbers or count(1)
        self._bases: dict[str, str] = {}

    def about(self, subject: str) -> _Function:
        """A piece of the same function that is about another object."""
        return _Function(subject, self._numbers)

    def fresh(self) -> str:
        return f"v{next(self._numbers)}"

    def attribute(self, path: str) -> str:
        """Reads `shown.row.url` of `a` by way of a name for `a.shown.row`, which is read but once."""
        base, dot, name = path.rpartition(".")
        if not dot:
            return f"{self._subject}.{name}"
        if base not in self._bases:
            self._bases[base] = self.fresh()
        return f"{self._bases[base]}.{name}"

    @property
    def subject(self) -> str:
        return self._subject

    @property
    def reads_paths(self) -> bool:
        return bool(self._bases)

    def source(self, name: str, made: Sequence[str]) -> str:
        """A function of `a` that gives what is `made`."""
        first, *rest = made
        lines = [*(f"{local} = a.{base}" for base, local in self._bases.items()), f"return {first}", *rest]
        return "\n    ".join([f"def {name}(a):", *lines])


class _Compiler:
    """Collects the source of one writer and the objects that it refers to."""

    def __init__(self, selection: Selection) -> None:
        self._selection = selection
        self._globals: dict[str, Any] = {"unserved": _unserved, **CONDITION_NAMES}
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
            return f"{first}.__class__ is {self._global(written_as_named(type_))}", value
        if isinstance(type_, GraphQLList):
            check = f"({first}.__class__ is list or {value}.__class__ is tuple)"
            classes = self._classes_of_items(type_.of_type)
            if classes is not None:
                all_of = self._once("all_of", lambda name: f"{name} = {classes}.issuperset")
                return f"{check} and {all_of}(map(type, {value}))", value
            item = function.fresh()
            completed = self._value(function, type_.of_type, item, fields)
            return check, f"[{completed} for {item} in {value}]"
        if isinstance(type_, GraphQLObjectType):
            return f"{first}.__class__ is {self._global(class_of(type_))}", self._made(function, type_, value, fields)
        if isinstance(type_, GraphQLInterfaceType):
            types = classes_of(self._selection.schema, type_)
            writers = {cls: self._object(t, fields) for cls, t in types.items()}
            write = function.fresh()
            return f"({write} := {self._table(writers)}.get({first}.__class__)) is not None", f"{write}({value})"
        raise NotPlain

    def _classes_of_items(self, type_: Any) -> str | None:
        """A set, when items are to be judged by their class alone."""
        nullable = not isinstance(type_, GraphQLNonNull)
        leaf = type_ if nullable else type_.of_type
        if isinstance(leaf, GraphQLEnumType):
            cls = self._global(written_as_named(leaf))
        else:
            cls = SCALARS.get(getattr(leaf, "name", ""), "").removeprefix("{first}.__class__ is ")
        if not cls.isidentifier():
            return None
        return f"{{{cls}, NoneType}}" if nullable else f"{{{cls}}}"

    # ------------------------------------------------------------ objects

    def _made(self, function: _Function, type_: GraphQLObjectType, value: str, fields: list[FieldDetails]) -> str:
        """An expression for what is written of `value`: made on the spot where it is small."""
        collected = self._collect(type_, fields)
        if len(collected) <= SMALL and all(_is_leaf(type_, details) for details in collected.values()):
            inner = function.about(value)
            made = self._struct(inner, type_, collected)
            if not inner.reads_paths:
                return "".join(line.strip() for line in made)
        return f"{self._object(type_, fields)}({value})"

    def _table(self, writers: dict[type, str]) -> str:
        """The name of a dict from classes to the functions that write their objects."""
        rows = ", ".join(f"{self._global(cls)}: {write}" for cls, write in writers.items())
        return self._once("by_class", lambda name: f"{name} = {{{rows}}}")

    def _object(self, type_: GraphQLObjectType, fields: list[FieldDetails]) -> str:
        """The name of a function from an object of this type to a struct. Types that are written alike share one."""
        key = (type_.name, *(id(details.node) for details in fields))
        if key in self._objects:
            return self._objects[key]
        function = _Function()
        made = self._struct(function, type_, self._collect(type_, fields))
        name = self._objects[key] = self._once("write", lambda name: function.source(name, made))
        return name

    def _collect(self, type_: GraphQLObjectType, fields: list[FieldDetails]) -> dict[str, list[FieldDetails]]:
        s = self._selection
        collected = collect_subfields(s.schema, s.fragments, s.variable_values, s.operation, type_, fields)
        if collected.new_defer_usages:
            raise NotPlain
        return collected.grouped_field_set

    def _struct(
        self, function: _Function, type_: GraphQLObjectType, collected: Mapping[str, list[FieldDetails]]
    ) -> list[str]:
        """The lines of a call that makes a struct of the fields: it is quicker made than a dict, quicker encoded, and
        nothing that the garbage collector has to look at."""
        values = [f"    {self._field(function, type_, details)}," for details in collected.values()]
        return [f"{self._global(_struct_of(tuple(collected)))}(", *values, ")"]

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
            raise NotPlain
        return self._value(function, field.type, self._read(function, field, details[0]), details)

    def _read(self, function: _Function, field: GraphQLField, details: FieldDetails) -> str:
        """An expression for the resolved value."""
        definition = field.extensions.get(DEFINITION)
        if not isinstance(definition, StrawberryField) or definition.extensions:
            raise NotPlain  # an extension, such as a permission, wraps the resolver
        resolver = definition.base_resolver
        if resolver is None:
            if definition.default_resolver is not getattr:
                raise NotPlain
            return function.attribute(readable(definition.python_name))
        path = getattr(resolver.wrapped_func, "reads", None)
        if isinstance(path, str):
            return function.attribute(readable(path))
        takes_more = resolver.info_parameter or resolver.root_parameter or resolver.parent_parameter
        if resolver.is_async or takes_more or not resolver.self_parameter:
            raise NotPlain
        return (
            f"{self._global(resolver.wrapped_func)}({', '.join([function.subject, *self._arguments(field, details)])})"
        )

    def _arguments(self, field: GraphQLField, details: FieldDetails) -> list[str]:
        """`last=5`, for each argument that is given or has a default in the schema."""
        values = get_argument_values(field, details.node, self._selection.variable_values)
        if any(type(value) not in PLAIN_ARGUMENTS for value in values.values()):
            raise NotPlain  # Strawberry makes objects of inputs
        return [f"{field.args[name].extensions[DEFINITION].python_name}={value!r}" for name, value in values.items()]

    def _global(self, thing: Any) -> str:
        """A name of the source for an object of ours."""
        name = self._names.setdefault(id(thing), f"g{len(self._names)}")
        self._globals[name] = thing
        return name


@lru_cache(MAX_STRUCTS)
def _struct_of(keys: tuple[str, ...]) -> type[msgspec.Struct]:
    """A class whose objects are encoded as a JSON object with these keys, in this order."""
    names = [f"f{place}" for place in range(len(keys))]
    fields = [(name, object) for name in names]
    return msgspec.defstruct("Written", fields, rename=dict(zip(names, keys, strict=True)), gc=False)


def _is_leaf(type_: GraphQLObjectType, details: list[FieldDetails]) -> bool:
    name = details[0].node.name.value
    return name == "__typename" or (name in type_.fields and is_leaf_type(get_named_type(type_.fields[name].type)))


def _unserved() -> NoReturn:
    raise Unserved


def class_of(type_: GraphQLObjectType) -> type:
    definition = type_.extensions.get(DEFINITION)
    if not isinstance(definition, StrawberryObjectDefinition):
        raise NotPlain
    if definition.is_type_of is not None or definition.concrete_of is not None:
        raise NotPlain  # more than the class decides
    return definition.origin


def classes_of(schema: GraphQLSchema, type_: GraphQLInterfaceType) -> dict[type, GraphQLObjectType]:
    """The object types of an interface by the classes of their objects."""
    definition = type_.extensions.get(DEFINITION)
    if not isinstance(definition, StrawberryObjectDefinition) or definition.resolve_type is not None:
        raise NotPlain  # more than the class decides
    return {class_of(possible): possible for possible in schema.get_possible_types(type_)}


def written_as_named(type_: GraphQLEnumType) -> type[Enum]:
    """The enum's class. The encoder writes a member's value, so that must be its name in the schema."""
    members: type[Enum] = type_.extensions[DEFINITION].wrapped_cls
    if {member.value for member in members} != set(type_.values):
        raise NotPlain
    if any(value.value != name for name, value in type_.values.items()):
        raise NotPlain
    return members


def _is_streamed(details: FieldDetails) -> bool:
    return any(directive.name.value == "stream" for directive in details.node.directives or ())


def readable(path: str) -> str:
    if not all(name.isidentifier() and not keyword.iskeyword(name) for name in path.split(".")):
        raise NotPlain
    return path
