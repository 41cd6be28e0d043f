"""Variables of an operation and arguments of its fields: the plain ones without ado, the rest by graphql-core."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Any, NamedTuple

from graphql import (
    FieldNode,
    GraphQLBoolean,
    GraphQLError,
    GraphQLField,
    GraphQLID,
    GraphQLInt,
    GraphQLSchema,
    GraphQLString,
    VariableDefinitionNode,
    VariableNode,
    get_nullable_type,
    is_leaf_type,
    is_non_null_type,
    is_required_argument,
)
from graphql.execution.collect_fields import FieldDetails
from graphql.execution.get_variable_signature import GraphQLVariableSignature, get_variable_signature
from graphql.execution.values import VariableValues, VariableValueSource, get_argument_values, get_variable_values
from strawberry.relay.types import GlobalID
from strawberry.schema import BaseSchema
from strawberry.types.arguments import StrawberryArgument, convert_argument
from strawberry.types.base import StrawberryMaybe, StrawberryOptional
from strawberry.types.field import StrawberryField
from strawberry.types.info import Info

from gateway.graph.execution.compile import fits_scalar

NO_VARIABLES = VariableValues({}, {})
UNCHANGING = (str, int, float, bool, type(None), Enum)

GOES_IN_AS_IT_IS: Mapping[Any, Callable[[Any], bool]] = {
    scalar: fits_scalar(scalar.name) for scalar in (GraphQLString, GraphQLID, GraphQLInt, GraphQLBoolean)
}
"""What a value of these must be, to be taken as it is: the same as to be given as it is."""

Read = Callable[[VariableValues], dict[str, Any]]
Convert = Callable[[dict[str, Any], Callable[[], Info[Any, Any]]], dict[str, Any]]


class Variables:
    """`get_variable_values` of an operation, whose work is all in vain where texts and numbers are given."""

    def __init__(self, schema: GraphQLSchema, definitions: Sequence[VariableDefinitionNode]) -> None:
        self._schema = schema
        self._definitions = definitions
        self._plain: list[tuple[GraphQLVariableSignature, Callable[[Any], bool], bool]] = []
        for definition in definitions:
            signature = get_variable_signature(schema, definition)
            if isinstance(signature, GraphQLVariableSignature):
                named: Any = get_nullable_type(signature.type)
                optional = not is_non_null_type(signature.type) and signature.default is None
                self._plain.append((signature, GOES_IN_AS_IT_IS.get(named, _never), optional))

    def read(self, given: Mapping[str, Any]) -> VariableValues | list[GraphQLError]:
        if len(self._plain) == len(self._definitions):
            values = self._read_plain(given)
            if values is not None:
                return values
        return get_variable_values(self._schema, self._definitions, dict(given), max_errors=50, hide_suggestions=True)

    def _read_plain(self, given: Mapping[str, Any]) -> VariableValues | None:
        values = VariableValues({}, {})
        for signature, fits, optional in self._plain:
            name = signature.name
            if name in given:
                value = given[name]
                if not fits(value):
                    return None
                values.sources[name] = VariableValueSource(signature, value)
                values.coerced[name] = value
            elif optional:
                values.sources[name] = VariableValueSource(signature)
            else:
                return None
        return values


def _never(value: Any) -> bool:
    return False


class _FromVariable(NamedTuple):
    """An argument `name: $variable`. `absent`: what holds when the variable is; None where that is an error."""

    variable: str
    name: str
    is_non_null: bool
    absent: dict[str, Any] | None


def reading(field: GraphQLField, details: FieldDetails) -> Read:
    """`get_argument_values` of the field, as far as possible beforehand."""
    node = details.node

    def read_anew(variables: VariableValues) -> dict[str, Any]:
        return get_argument_values(field, node, variables, details.fragment_variable_values, hide_suggestions=True)

    if details.fragment_variable_values is not None:
        return read_anew
    given = {argument.name.value: argument.value for argument in node.arguments or ()}
    variables = {name: value.name.value for name, value in given.items() if isinstance(value, VariableNode)}
    try:
        fixed = get_argument_values(_only(field, given=variables, included=False), node)
        looked_up = [_from_variable(field, node, name, variable) for name, variable in variables.items()]
    except GraphQLError:  # in its place, and for every request anew
        return read_anew
    known = [*fixed.values(), *(v for f in looked_up for v in (f.absent or {}).values())]
    if not all(isinstance(value, UNCHANGING) for value in known):
        return read_anew

    def read(variable_values: VariableValues) -> dict[str, Any]:
        coerced = variable_values.coerced
        values = {**fixed}
        for variable, name, is_non_null, absent in looked_up:
            if variable in coerced:
                value = values[name] = coerced[variable]
                if value is None and is_non_null:
                    return read_anew(variable_values)
            elif absent is None:
                return read_anew(variable_values)
            else:
                values.update(absent)
        return values

    return read


def _only(field: GraphQLField, *, given: dict[str, str], included: bool) -> GraphQLField:
    """The field with only those of its arguments that are among `given`, or only those that are not."""
    return GraphQLField(field.type, {name: a for name, a in field.args.items() if (name in given) is included})


def _from_variable(field: GraphQLField, node: FieldNode, name: str, variable: str) -> _FromVariable:
    argument = field.args[name]
    absent: dict[str, Any] | None = None
    if not is_required_argument(argument):
        absent = get_argument_values(GraphQLField(field.type, {name: argument}), node, NO_VARIABLES)
    return _FromVariable(variable, argument.out_name or name, is_non_null_type(argument.type), absent)


def conversion(schema: BaseSchema, field: StrawberryField, definition: GraphQLField) -> Convert | None:
    """Strawberry's `convert_arguments`: to the resolver's own names, and inputs to objects. None: nothing to do."""
    name_of = schema.config.name_converter.from_argument
    arguments = [(name_of(a), str(a.python_name), a) for a in field.arguments]
    as_they_are = {name: python_name for name, python_name, a in arguments if _goes_in_as_it_is(a, definition, name)}
    converted = [(name, python_name, a.type) for name, python_name, a in arguments if name not in as_they_are]
    if not converted and all(name == python_name for name, python_name in as_they_are.items()):
        return None

    def rename(values: dict[str, Any], info: Callable[[], Info[Any, Any]]) -> dict[str, Any]:
        return {as_they_are[name]: value for name, value in values.items() if name in as_they_are}

    def convert(values: dict[str, Any], info: Callable[[], Info[Any, Any]]) -> dict[str, Any]:
        result = rename(values, info)
        for name, python_name, type_ in converted:
            if name in values:
                registry = schema.schema_converter.scalar_registry
                result[python_name] = convert_argument(
                    values[name], type_, registry, schema.config, info(), path=(name,)
                )
        return result

    return convert if converted else rename


def _goes_in_as_it_is(argument: StrawberryArgument, definition: GraphQLField, name: str) -> bool:
    type_: Any = argument.type
    if isinstance(type_, StrawberryMaybe):
        return False
    while isinstance(type_, StrawberryOptional):
        type_ = type_.of_type
    declared: Any = definition.args[name].type
    return is_leaf_type(declared.of_type if is_non_null_type(declared) else declared) and type_ is not GlobalID
