"""One field of a planned operation: how it is resolved and completed, found out once.

It does what graphql-core's `execute_field` does, in the same order, for what is usual: an attribute or a resolver of
Strawberry without extensions, and a value that goes out as it is. Whatever else comes up in a place is given to
graphql-core in that very place, with the value as it was resolved: so nothing is asked twice, and every error is its.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from inspect import iscoroutinefunction
from types import CoroutineType
from typing import TYPE_CHECKING, Any

from graphql import (
    GraphQLEnumType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    get_named_type,
    is_composite_type,
)
from graphql.execution.collect_fields import FieldDetails
from graphql.pyutils import Path
from strawberry.schema import Schema
from strawberry.types.field import StrawberryField

from gateway.graph.execution.arguments import Convert, Read, conversion, reading
from gateway.graph.execution.compile import (
    DEFINITION,
    NotPlain,
    class_of,
    classes_of,
    fits_scalar,
    readable,
    written_as_named,
)

if TYPE_CHECKING:
    from gateway.graph.execution.plan import PlannedExecutor

Complete = Callable[["PlannedExecutor", Any, Path], Any]
Resolve = Callable[["PlannedExecutor", Any, Path, dict[str, Any]], Any]

UNUSUAL: Any = object()
"""In place of a completed value: graphql-core has to complete it."""


class Field:
    """A field that graphql-core executes: its resolver is not one of ours, or does more than to resolve."""

    def __init__(self, key: str, parent_type: GraphQLObjectType, details: list[FieldDetails]) -> None:
        self.key = key
        self.parent_type = parent_type
        self.details = details

    def execute(self, executor: PlannedExecutor, source: Any, path: Path) -> Any:
        return executor.execute_field(self.parent_type, source, self.details, path, None)


class TypeName(Field):
    """`__typename`."""

    def execute(self, executor: PlannedExecutor, source: Any, path: Path) -> Any:
        return self.parent_type.name


class PlannedField(Field):
    """Raises NotPlain when it is not a field that can be planned."""

    def __init__(
        self, schema: GraphQLSchema, key: str, parent_type: GraphQLObjectType, details: list[FieldDetails]
    ) -> None:
        super().__init__(key, parent_type, details)
        self.nodes = [d.node for d in details]
        self.definition = parent_type.fields[self.nodes[0].name.value]
        self.type = self.definition.type
        field = self.definition.extensions.get(DEFINITION)
        strawberry_schema = getattr(schema, "_strawberry_schema", None)
        if not isinstance(field, StrawberryField) or field.extensions:
            raise NotPlain  # an extension, such as a permission, wraps the resolver
        if not isinstance(strawberry_schema, Schema) or strawberry_schema.exception_handlers:
            raise NotPlain
        self._field = field
        self._info_class = strawberry_schema.config.info_class
        self._read: Read = reading(self.definition, details[0])
        self._convert: Convert | None = conversion(strawberry_schema, field, self.definition)
        self._resolve, self._is_async = self._resolver()
        self._complete = _completion(schema, self)

    def execute(self, executor: PlannedExecutor, source: Any, path: Path) -> Any:
        """The completed value, or a coroutine of it."""
        try:
            values = self._read(executor.variable_values)
            if self._is_async:
                return self._finish(executor, source, path, values)
            if self._convert is not None:
                values = self._convert(values, lambda: self._info(executor, path))
            value = self._resolve(executor, source, path, values)
            completed = self._complete(executor, value, path)
            if completed is UNUSUAL:
                completed = executor.complete_unusual(self, value, path)
            return self._await(executor, completed, path) if completed.__class__ is CoroutineType else completed
        except Exception as error:
            executor.handle_field_error(error, self.type, self.details, path)
            return None

    async def _finish(self, executor: PlannedExecutor, source: Any, path: Path, values: dict[str, Any]) -> Any:
        """Strawberry reads the arguments of an async resolver when it is awaited, so their errors come then."""
        try:
            if self._convert is not None:
                values = self._convert(values, lambda: self._info(executor, path))
            value = await self._resolve(executor, source, path, values)
            completed = self._complete(executor, value, path)
            if completed is UNUSUAL:
                info = self.raw_info(executor, path)
                completed = executor.complete_value(self.type, self.details, info, path, value, None)
            return await completed if executor.is_awaitable(completed) else completed
        except Exception as error:
            executor.handle_field_error(error, self.type, self.details, path)
            return None

    async def _await(self, executor: PlannedExecutor, completed: Awaitable[Any], path: Path) -> Any:
        try:
            return await completed
        except Exception as error:
            executor.handle_field_error(error, self.type, self.details, path)
            return None

    def raw_info(self, executor: PlannedExecutor, path: Path) -> Any:
        return executor.build_resolve_info(self.definition, self.nodes, self.parent_type, path)

    def _info(self, executor: PlannedExecutor, path: Path) -> Any:
        return self._info_class(_raw_info=self.raw_info(executor, path), _field=self._field)

    def _resolver(self) -> tuple[Resolve, bool]:
        """What is called, and whether that gives a coroutine."""
        resolver = self._field.base_resolver
        if resolver is None:
            if self._field.default_resolver is not getattr:
                raise NotPlain
            name = readable(self._field.python_name)
            return lambda executor, source, path, values: getattr(source, name), False
        function: Any = resolver.wrapped_func
        is_async = iscoroutinefunction(function)
        if resolver.is_async is not is_async or resolver.parent_parameter or resolver.root_parameter:
            raise NotPlain  # an asynchronous generator, for one
        own: tuple[()] | tuple[None] = (None,) if resolver.self_parameter else ()
        if resolver.info_parameter:
            name = resolver.info_parameter.name

            def with_info(executor: PlannedExecutor, source: Any, path: Path, values: dict[str, Any]) -> Any:
                return function(*(source for _ in own), **values, **{name: self._info(executor, path)})

            return with_info, is_async
        if not own:
            return lambda executor, source, path, values: function(**values), is_async
        return lambda executor, source, path, values: function(source, **values), is_async


def plan_field(schema: GraphQLSchema, key: str, parent_type: GraphQLObjectType, details: list[FieldDetails]) -> Field:
    if details[0].node.name.value == "__typename":
        return TypeName(key, parent_type, details)
    try:
        return PlannedField(schema, key, parent_type, details)
    except (NotPlain, KeyError):  # `__schema` and `__type` are no fields of their type
        return Field(key, parent_type, details)


# ------------------------------------------------------------------------ completing


def _completion(schema: GraphQLSchema, field: PlannedField) -> Complete:
    """A function from a resolved value to the completed one, to a coroutine of it, or to UNUSUAL."""
    nullable = not isinstance(field.type, GraphQLNonNull)
    type_: Any = field.type if nullable else field.type.of_type
    absent = None if nullable else UNUSUAL
    if isinstance(type_, GraphQLList):
        if is_composite_type(get_named_type(type_)):
            return _list_of_objects(field, type_)
        return _list_of_leaves(type_, absent)
    if isinstance(type_, GraphQLObjectType):
        return _object(field, {class_of(type_): type_}, absent)
    if isinstance(type_, GraphQLInterfaceType):
        return _object(field, classes_of(schema, type_), absent)
    fits = _fitting(type_)
    return lambda executor, value, path: value if fits(value) else absent if value is None else UNUSUAL


def _fitting(type_: Any) -> Callable[[Any], bool]:
    """Whether a value of the leaf type goes out as it is."""
    if isinstance(type_, GraphQLScalarType):
        return fits_scalar(type_.name)
    if isinstance(type_, GraphQLEnumType):
        members = written_as_named(type_)
        return lambda value: value.__class__ is members
    raise NotPlain


def _list_of_leaves(type_: GraphQLList[Any], absent: Any) -> Complete:
    nullable = not isinstance(type_.of_type, GraphQLNonNull)
    fits = _fitting(type_.of_type if nullable else type_.of_type.of_type)

    def complete(executor: PlannedExecutor, value: Any, path: Path) -> Any:
        if value.__class__ is not list:
            return absent if value is None else UNUSUAL
        return [*value] if all(fits(v) or (v is None and nullable) for v in value) else UNUSUAL

    return complete


def _list_of_objects(field: PlannedField, type_: GraphQLList[Any]) -> Complete:
    """By a compiled writer, or item by item; both are the executor's business."""

    def complete(executor: PlannedExecutor, value: Any, path: Path) -> Any:
        if value.__class__ is not list:
            return UNUSUAL
        return executor.complete_list_value(type_, field.details, field.raw_info(executor, path), path, value, None)

    return complete


def _object(field: PlannedField, types: Mapping[type, GraphQLObjectType], absent: Any) -> Complete:
    details = field.details

    def complete(executor: PlannedExecutor, value: Any, path: Path) -> Any:
        type_ = types.get(value.__class__)
        if type_ is None:
            return absent if value is None else UNUSUAL
        fields = executor.collect_subfields(type_, details).grouped_field_set
        return executor.execute_fields(type_, value, path, fields, None)

    return complete
