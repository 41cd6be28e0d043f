"""Bugs to plant in a copy of the compiler or of what makes and runs plans, each a piece of its source."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from inspect import getsource
from types import ModuleType

from gateway.graph.execution import arguments, executor, fields, operation, plan
from gateway.graph.execution import compile as compiler
from tests.gateway.graph.execution.comparing import ByPlan

COMPILER, EXECUTOR, ARGUMENTS, FIELDS, PLAN, OPERATION = compiler, executor, arguments, fields, plan, operation
MODULES = (COMPILER, EXECUTOR, ARGUMENTS, FIELDS, PLAN, OPERATION)
"""None of them imports a later one."""


@dataclass(frozen=True)
class Mutant:
    name: str
    piece: str
    planted: str
    module: ModuleType = COMPILER


@contextmanager
def planted(mutant: Mutant) -> Iterator[ByPlan]:
    """Plans with the bug in them, out of modules with names of their own."""
    assert getsource(mutant.module).count(mutant.piece) == 1, f"{mutant.name}: the code has changed: plant it anew"
    modules = {module: ModuleType(f"mutant_{place}") for place, module in enumerate(MODULES)}
    sys.modules.update({module.__name__: module for module in modules.values()})
    try:
        for original, module in modules.items():
            source = getsource(original)
            if original is mutant.module:
                source = source.replace(mutant.piece, mutant.planted)
            for other, its_mutant in modules.items():
                source = source.replace(f"from {other.__name__} import", f"from {its_mutant.__name__} import")
            exec(compile(source, module.__name__, "exec"), module.__dict__)
        yield ByPlan(modules[OPERATION].plan_operation)
    finally:
        for module in modules.values():
            del sys.modules[module.__name__]


MUTANTS = (
    # what is asked for
    Mutant(
        "an alias is ignored",
        "_struct_of(tuple(collected))",
        "_struct_of(tuple(details[0].node.name.value for details in collected.values()))",
    ),
    Mutant("the selection's order is lost", "_struct_of(tuple(collected))", "_struct_of(tuple(sorted(collected)))"),
    Mutant(
        "only the first of merged fields is collected",
        "s.operation, type_, fields)",
        "s.operation, type_, fields[:1])",
    ),
    Mutant(
        "a field in two fragments is collected twice",
        "s.operation, type_, fields)",
        "s.operation, type_, [*fields[::-1], *fields])",
    ),
    Mutant(
        "@skip and @include are ignored",
        "from graphql.execution.collect_fields import FieldDetails, FragmentDetails, collect_subfields",
        "from graphql.execution import collect_fields as c\n"
        "from types import FunctionType\n"
        "FieldDetails, FragmentDetails = c.FieldDetails, c.FragmentDetails\n"
        "names = {**vars(c), 'should_include_node': lambda *_: True}\n"
        "names['visit_selection_sets'] = FunctionType(c.visit_selection_sets.__code__, names)\n"
        "collect_subfields = FunctionType(c.collect_subfields.__code__, names, None, c.collect_subfields.__defaults__)",
    ),
    Mutant(
        "type conditions are ignored",
        "from graphql.execution.collect_fields import FieldDetails, FragmentDetails, collect_subfields",
        "from graphql.execution import collect_fields as c\n"
        "from types import FunctionType\n"
        "FieldDetails, FragmentDetails = c.FieldDetails, c.FragmentDetails\n"
        "names = {**vars(c), 'does_fragment_condition_match': lambda s, f, t: hasattr(t, 'fields')}\n"
        "names['visit_selection_sets'] = FunctionType(c.visit_selection_sets.__code__, names)\n"
        "collect_subfields = FunctionType(c.collect_subfields.__code__, names, None, c.collect_subfields.__defaults__)",
    ),
    Mutant("the type's name is the field's", "return repr(type_.name)", "return repr(name)"),
    Mutant("types that are written unlike share a function", "key = (type_.name, *(id", 'key = ("", *(id'),
    Mutant(
        "functions that begin with different paths are taken for one",
        '        nameless = source("")\n',
        "        nameless = source(()).split('return')[-1]\n",
    ),
    # arguments
    Mutant(
        "arguments are forgotten",
        "', '.join([function.subject, *self._arguments(field, details)])",
        "', '.join([function.subject])",
    ),
    Mutant(
        "an argument's default in the schema is forgotten",
        '{value!r}" for name, value in values.items()]',
        '{value!r}" for name, value in values.items() if any(a.name.value == name for a in details.node.arguments)]',
    ),
    Mutant("an argument is always given", '={value!r}"', '={value or 20!r}"'),
    # values
    Mutant(
        "a null is let through",
        "{completed} if {check} else unserved()",
        "{completed} if {check} or {value} is None else unserved()",
    ),
    Mutant(
        "a null object is written where none may be",
        "        if not nullable:\n",
        "        if False:\n",
    ),
    Mutant(
        "an object that may be null is written",
        "else None if {value} is None else unserved())",
        "else unserved() if {value} is None else None)",
    ),
    Mutant("the range of Int is not checked", " and MIN_INT <= {value} <= MAX_INT", ""),
    Mutant(
        "the range of Int is one too wide",
        "MIN_INT, MAX_INT = -(2**31), 2**31 - 1",
        "MIN_INT, MAX_INT = -(2**31), 2**31",
    ),
    Mutant("true is an Int", "{first}.__class__ is int and", "isinstance({first}, int) and"),
    Mutant(
        "an int is a Float", "{first}.__class__ is float and isfinite", "{first}.__class__ in (int, float) and isfinite"
    ),
    Mutant("infinity is a Float", " and isfinite({value})", ""),
    Mutant("anything is a String", '"String": "{first}.__class__ is str"', '"String": "({first}, True)[1]"'),
    Mutant("anything is an ID", '"ID": "{first}.__class__ is str"', '"ID": "({first}, True)[1]"'),
    Mutant("anything is a Boolean", '"Boolean": "{first}.__class__ is bool"', '"Boolean": "({first}, True)[1]"'),
    Mutant("an instant's zone is not asked", " and {value}.tzinfo is UTC", ""),
    Mutant(
        "members of any enum will do",
        "{first}.__class__ is {self._global(written_as_named(type_))}",
        "hasattr({first}, 'name')",
    ),
    Mutant(
        "any list of things is one",
        "({first}.__class__ is list or {value}.__class__ is tuple)",
        "hasattr({first}, '__iter__')",
    ),
    Mutant(
        "the items of a list may be null",
        "completed = self._value(function, type_.of_type, item, fields)",
        "completed = self._value(function, getattr(type_.of_type, 'of_type', type_.of_type), item, fields)",
    ),
    # objects
    Mutant(
        "an object's class is not asked",
        'f"{first}.__class__ is {self._global(class_of(type_))}", self._made',
        'f"({first}, True)[1]", self._made',
    ),
    Mutant(
        "classes and writers of an interface are mixed up",
        "writers = {cls: self._object(t, fields) for cls, t in types.items()}",
        "writers = {cls: self._object(t, fields) for cls, t in zip(types, [*types.values()][::-1])}",
    ),
    # plans
    Mutant(
        "variables are no part of a plan's key",
        "(id(node), *[coerced.get(name, _ABSENT) for name in known.variables_in(node, selection.fragments)])",
        "(id(node),)",
        EXECUTOR,
    ),
    Mutant("an absent variable is a null one", "coerced.get(name, _ABSENT)", "coerced.get(name)", EXECUTOR),
    Mutant(
        "variables in fragments are forgotten", "if isinstance(node, FragmentSpreadNode) and", "if False and", EXECUTOR
    ),
    Mutant(
        "only the first of merged fields is in the key",
        "for node, *_ in selection.fields\n",
        "for node, *_ in selection.fields[:1]\n",
        EXECUTOR,
    ),
    Mutant(
        "the type is no part of the key",
        "return known.number, return_type, *fields",
        "return known.number, *fields",
        EXECUTOR,
    ),
    # what fails
    Mutant(
        "a wrong argument fails the list",
        "except (NotPlain, GraphQLError, RecursionError):",
        "except (NotPlain, RecursionError):",
    ),
    Mutant("what a resolver raises is reported at the list", "except Exception:", "except ValueError:", EXECUTOR),
    Mutant("nulls among texts are let through", 'if nullable else f"{{{cls}}}"', 'if True else ""'),
    # plans of operations
    Mutant(
        "an operation's conditions are no part of the key",
        "key = tuple(map(values.coerced.get, self._conditions))",
        "key = ()",
        OPERATION,
    ),
    Mutant("@skip is no condition", '("include", "skip")', '("include",)', OPERATION),
    Mutant(
        "the type is no part of what is below", "self.plan.below, (return_type, id", "self.plan.below, (None, id", PLAN
    ),
    Mutant("a path begins anew", "Path(path, key, type_name)", "Path(None, key, type_name)", PLAN),
    Mutant("an error at the root is lost", "            self.collected_errors.add(error, None)\n", "", PLAN),
    Mutant(
        "what takes time is done one after the other",
        "zip(pending, await gather_with_cancel(*(results[key] for key in pending)), strict=True)",
        "{key: await results[key] for key in pending}",
        PLAN,
    ),
    Mutant(
        "what is awaitable is completed as it is",
        "self.complete_awaitable_value if self.is_awaitable(value) else self.complete_value",
        "self.complete_value",
        PLAN,
    ),
    # fields
    Mutant("an extension is passed by", " or field.extensions:", ":", FIELDS),
    Mutant("a null is let through in a field", "absent = None if nullable else UNUSUAL", "absent = None", FIELDS),
    Mutant(
        "an object may be null anywhere", "{class_of(type_): type_}, absent)", "{class_of(type_): type_}, None)", FIELDS
    ),
    Mutant("nulls among leaves are let through", "(v is None and nullable)", "(v is None)", FIELDS),
    Mutant("leaves of a list are not asked", "[*value] if all(", "[*value] if True or all(", FIELDS),
    Mutant(
        "a value's class is not asked",
        "types.get(value.__class__)",
        "None if value is None else next(iter(types.values()))",
        FIELDS,
    ),
    Mutant(
        "what was awaited is awaited again",
        "executor.complete_value(self.type, self.details, info, path, value, None)",
        "executor.complete_unusual(self, value, path)",
        FIELDS,
    ),
    Mutant("parents are not given", " or resolver.parent_parameter or", " or", FIELDS),
    Mutant(
        "an asynchronous generator is awaited",
        "is_async = iscoroutinefunction(function)",
        "is_async = resolver.is_async",
        FIELDS,
    ),
    # arguments and variables
    Mutant("a variable is taken as it is", "if not fits(value):", "if False:", ARGUMENTS),
    Mutant("a variable's default is forgotten", "and signature.default is None", "", ARGUMENTS),
    Mutant(
        "a variable may be left out", "optional = not is_non_null_type(signature.type) and", "optional =", ARGUMENTS
    ),
    Mutant("a null argument is let through", "if value is None and is_non_null:", "if False:", ARGUMENTS),
    Mutant("one request's arguments are the next one's", "values = {**fixed}", "values = fixed", ARGUMENTS),
    Mutant(
        "literals that can be changed are shared",
        "if not all(isinstance(value, UNCHANGING)",
        "if not all(True",
        ARGUMENTS,
    ),
    Mutant(
        "arguments keep their names in the schema",
        "if not converted and all(name == python_name for name, python_name in as_they_are.items()):",
        "if not converted:",
        ARGUMENTS,
    ),
    Mutant("every input is a leaf", "return is_leaf_type(", "return True or is_leaf_type(", ARGUMENTS),
)
