"""Random documents over a schema, and variables for them. Most are valid; whoever asks validates."""

from __future__ import annotations

import re
from random import Random
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_abstract_type,
    is_composite_type,
    is_required_argument,
)

VARIABLES = {
    "yes": "Boolean!",
    "maybe": "Boolean! = true",
    "loose": "Boolean = false",
    "count": "Int",
    "few": "Int = 2",
    "exact": "Int! = 1",
    "zone": "String",
    "wait": "Int",
    "fate": "Fate = GOOD",
    "fates": "[Fate!]",
    "some": "[Fate!]! = [BAD, GOOD]",
    "key": "ID",
    "wish": 'Wish! = {word: "a"}',
    "thing": "JSON",
}
CONDITIONS = ("true", "false", "$yes", "$maybe", "$loose")
LITERALS = {
    "Int": ("1", "2", "200", "0", "-1", "201", "null", "$count", "$count", "$few", "$few", "$exact"),
    "Boolean!": ("true", "false", "$yes", "$maybe", "$loose"),
    "String": ('"Europe/Rome"', '"Atlantis"', '""', "null", "$zone", "$zone"),
    "Int!": ("1", "2", "$exact", "$few"),
    "ID": ('"7"', "7", "null", "$key"),
    "Fate!": ("GOOD", "ODD", "$fate", "$fate"),
    "[Fate!]": ("null", "[GOOD, BAD]", "BAD", "$fates", "[GOOD, $fate]"),
    "[Fate!]!": ("[]", "[GOOD, BAD]", "BAD", "$some", "[$fate]"),
    "Wish!": (
        "$wish",
        "$wish",
        '{word: "b"}',
        '{word: "c", count: $count, fates: [BAD], inner: {word: "d", count: null}}',
        '{word: "e", fates: $fates, inner: $wish}',
        '{word: "f", count: $few, fates: ODD}',
    ),
    "JSON": ("{a: 1, b: [1, 2]}", "[1, 2]", "{a: $count}", "7", "$thing"),
    "String!": ('"Europe/Rome"', '"quoted \\"text\\""', "$zone", "$zone"),
}
RARELY = {
    "customer": 0.15,
    "journey": 0.15,
    "analysis": 0.15,
    "episode": 0.1,
    "summary": 0.3,
    "facets": 0.3,
    "later": 0.2,
    "here": 0.2,
    "guarded": 0.2,
}
"""Fields that make a list a matter of graphql-core, or are slow."""


ROOTS = (
    "maze",
    "maze",
    "mazeLater",
    "surelyLater",
    "connection",
    "rows",
    "odds",
    "odds",
    "gapsInOdds",
    "sides",
    "summary",
)
"""Asked more often than the others."""


class Question:
    """One document, made field by field; `text` is what was made."""

    def __init__(self, random: Random, schema: GraphQLSchema, size: int = 60) -> None:
        self._random = random
        self._schema = schema
        self._left = size
        self._fragments: list[tuple[str, str]] = []
        self._bodies: list[str] = []
        self._spellings: dict[tuple[str, str], int] = {}
        assert schema.query_type is not None
        names = sorted(schema.query_type.fields)
        roots = [random.choice(ROOTS) if random.random() < 0.5 else random.choice(names) for _ in range(2)]
        fields = " ".join(self._field(schema.query_type, name, 6) for name in roots)
        bodies = "\n".join([f"{{ {fields} }}", *self._bodies])
        used = [f"${name}: {type_}" for name, type_ in VARIABLES.items() if re.search(rf"\${name}\b", bodies)]
        self.text = f"query ({', '.join(used)}) {bodies}" if used else bodies

    def _selections(self, type_: Any, depth: int) -> str:
        chosen = [self._selection(type_, depth) for _ in range(self._random.choice((1, 2, 3, 4, 6, 8)))]
        return "{ " + " ".join(chosen) + " }"

    def _selection(self, type_: Any, depth: int) -> str:
        self._left -= 1
        dice = self._random.random()
        if depth > 0 and self._left > 0:
            if dice < 0.16:
                return self._inline(type_, depth - 1)
            if dice < 0.26:
                return self._spread(type_, depth - 1)
        if dice > 0.92:
            return f"{self._random.choice(('', '', 'kind_of: '))}__typename{self._directives()}"
        names = [n for n, f in type_.fields.items() if self._may_ask(n, f, depth) for _ in range(1 + 2 * len(f.args))]
        return self._field(type_, self._random.choice(names), depth) if names else "__typename"

    def _may_ask(self, name: str, field: GraphQLField, depth: int) -> bool:
        deep_enough = not is_composite_type(get_named_type(field.type)) or (depth > 0 and self._left > 0)
        return deep_enough and self._random.random() < RARELY.get(name, 1)

    def _field(self, parent: Any, name: str, depth: int) -> str:
        field = parent.fields[name]
        arguments = self._arguments(field)
        type_ = get_named_type(field.type)
        inner = f" {self._selections(type_, depth - 1)}" if is_composite_type(type_) else ""
        return f"{self._alias(parent, name, arguments)}{name}{arguments}{self._directives()}{inner}"

    def _alias(self, parent: Any, name: str, arguments: str) -> str:
        """The same name never has two meanings; now and then one that is another field's."""
        dice = self._random.random()
        if dice < 0.03:
            return f"{self._random.choice(sorted(parent.fields))}: "
        place = self._spellings.setdefault((name, arguments), len(self._spellings))
        return f"{name}_{place}: " if arguments or dice < 0.15 else ""

    def _arguments(self, field: GraphQLField) -> str:
        given = []
        for name, argument in field.args.items():
            literals = LITERALS.get(str(argument.type))
            if literals and (is_required_argument(argument) or self._random.random() < 0.5):
                given.append(f"{name}: {self._random.choice(literals)}")
        return f"({', '.join(given)})" if given else ""

    def _directives(self) -> str:
        if self._random.random() > 0.15:
            return ""
        names = self._random.choice((["include"], ["skip"], ["include", "skip"]))
        return "".join(f" @{name}(if: {self._random.choice(CONDITIONS)})" for name in names)

    def _inline(self, type_: Any, depth: int) -> str:
        if self._random.random() < 0.3:
            return f"...{self._directives()} {self._selections(type_, depth)}"
        condition = self._random.choice(self._overlapping(type_))
        return f"... on {condition}{self._directives()} {self._selections(condition, depth)}"

    def _spread(self, type_: Any, depth: int) -> str:
        """A fragment that is there already, or a new one. One that is being written is not there yet."""
        overlapping = {str(t) for t in self._overlapping(type_)}
        known = [name for name, condition in self._fragments if condition in overlapping]
        if known and self._random.random() < 0.5:
            return f"...{self._random.choice(known)}{self._directives()}"
        condition = self._random.choice(self._overlapping(type_))
        body = self._selections(condition, depth)
        name = f"part_{len(self._bodies)}"
        self._fragments.append((name, str(condition)))
        self._bodies.append(f"fragment {name} on {condition} {body}")
        return f"...{name}{self._directives()}"

    def _overlapping(self, type_: Any) -> list[Any]:
        """Types that a fragment within `type_` may be on."""
        possible = self._possible(type_)
        shared: list[Any] = [*possible]
        for candidate in (type_, *(i for t in possible for i in t.interfaces)):
            if candidate not in shared:
                shared.append(candidate)
        return shared

    def _possible(self, type_: Any) -> list[GraphQLObjectType]:
        return list(self._schema.get_possible_types(type_)) if is_abstract_type(type_) else [type_]


def variables(random: Random) -> dict[str, Any]:
    """Mostly legal, except that `loose` may be null where a condition must not be."""
    given: dict[str, Any] = {"yes": random.random() < 0.5} if random.random() < 0.95 else {}
    choices: dict[str, tuple[Any, ...]] = {
        "maybe": (True, False),
        "loose": (True, False, None),
        "count": (None, 1, 3, 200, 0, -7, 201),
        "few": (None, 1, 3, 20),
        "exact": (1, 2, 5),
        "zone": (None, "Europe/Rome", "Nowhere"),
        "wait": (None, 1, 0),
        "fate": ("GOOD", "BAD", "ODD", None),
        "fates": (None, [], ["GOOD"], ["ODD", "BAD"], "BAD"),
        "some": ([], ["GOOD"]),
        "thing": ({"a": 1}, [1]),
        "key": ("x", 7, None, ""),
        "wish": ({"word": "v"}, {"word": "w", "count": None, "inner": {"word": "x", "fates": ["GOOD"]}}),
    }
    for name, values in choices.items():
        if random.random() < 0.6:
            given[name] = random.choice(values)
    if random.random() < 0.1:
        given[random.choice([*VARIABLES])] = random.choice((None, "text", 2**31, -1, 1.0, 1.5, True, [], [None], {}))
    return given
