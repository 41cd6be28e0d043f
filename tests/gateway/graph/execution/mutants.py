"""Bugs to plant in a copy of the compiler or of the executor, each a piece of its source."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from inspect import getsource
from types import ModuleType
from typing import Any

from gateway.graph.execution import compile as compiler
from gateway.graph.execution import executor

COMPILER, EXECUTOR = compiler, executor


@dataclass(frozen=True)
class Mutant:
    name: str
    piece: str
    planted: str
    module: ModuleType = COMPILER


@contextmanager
def planted(mutant: Mutant) -> Iterator[type[Any]]:
    """A `CompilingExecutor` with the bug in it, out of modules with names of their own."""
    sources = {module: getsource(module) for module in (COMPILER, EXECUTOR)}
    source = sources[mutant.module]
    assert source.count(mutant.piece) == 1, f"{mutant.name}: the code has changed, so this bug must be planted anew"
    sources[mutant.module] = source.replace(mutant.piece, mutant.planted)
    sources[EXECUTOR] = sources[EXECUTOR].replace("from gateway.graph.execution.compile", "from mutant_compiler")
    modules = {COMPILER: ModuleType("mutant_compiler"), EXECUTOR: ModuleType("mutant_executor")}
    sys.modules.update({module.__name__: module for module in modules.values()})
    try:
        for original, module in modules.items():
            exec(compile(sources[original], module.__name__, "exec"), module.__dict__)
        yield modules[EXECUTOR].CompilingExecutor
    finally:
        for module in modules.values():
            del sys.modules[module.__name__]


MUTANTS = (
    # what is asked for
    Mutant("an alias is ignored", "{key!r}: {self._field(", "{details[0].node.name.value!r}: {self._field("),
    Mutant(
        "the selection's order is lost",
        "in collected.grouped_field_set.items()",
        "in sorted(collected.grouped_field_set.items())",
    ),
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
        "        nameless = source(\"\").split('{')[-1]\n",
    ),
    # arguments
    Mutant(
        "arguments are forgotten",
        "', '.join(['a', *self._arguments(field, details)])",
        "', '.join(['a'])",
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
        "{first}.__class__ is {self._global(_written_as_named(type_))}",
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
        'f"{first}.__class__ is {self._global(_class_of(type_))}", f"{self._object',
        'f"({first}, True)[1]", f"{self._object',
    ),
    Mutant(
        "classes and writers of an interface are mixed up",
        "writers = {_class_of(t): self._object(t, fields) for t in possible}",
        "writers = {_class_of(t): self._object(o, fields) for t, o in zip(possible, possible[::-1])}",
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
        "except (_NotPlain, GraphQLError, RecursionError):",
        "except (_NotPlain, RecursionError):",
    ),
    Mutant("what a resolver raises is reported at the list", "except Exception:", "except ValueError:", EXECUTOR),
)
