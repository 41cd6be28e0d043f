"""Random data behind the schema: of the right types, or hostile, which is anything at all in any place."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from functools import cache
from random import Random
from types import SimpleNamespace
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints
from zoneinfo import ZoneInfo

import msgspec
import strawberry

from connectors import interaction as i
from connectors.base import Window
from gateway.deployment import SourceRules
from gateway.errors import BadUserInputError
from gateway.graph import customer, interactions, journey, nodes, viewer
from gateway.journey.cursor import Cursors
from gateway.journey.filter import Filter
from gateway.journey.read import Reading
from gateway.operation import Operation, Person
from gateway.sources.enrich import Enrichment
from gateway.sources.report import SourceHealth
from gateway.sources.source import Source
from gateway.visibility import Shown
from tests.gateway.graph.execution import oddities
from tests.gateway.support import NOW, FakeVendor, begin, gateway_of, person_of


class Steady(Source):
    """Whose health is the same before and after it is asked."""

    health = SourceHealth.UP


HERE = FakeVendor("alpha"), FakeVendor("beta")
GATEWAY = dataclasses.replace(
    gateway_of(*HERE),
    sources={vendor.name: Steady(vendor, Enrichment(SourceRules(vendor.name, vendor.channels))) for vendor in HERE},
)
CURSORS = Cursors(GATEWAY.cursors, b"question", Window(None, None))
OPERATION = begin(GATEWAY)
PERSON = person_of(HERE)
NODES = (nodes.Source, nodes.Queue, nodes.Agent, nodes.Campaign, nodes.Division, nodes.WorkProfile, customer.Customer)
TEXTS = ("", "alpha", "beta", "Ünïcode 🙂", 'quoted "text"', "line\nbreak", "</script>", "null", "\0", "a" * 300)
ZONES = (None, UTC, ZoneInfo("UTC"), ZoneInfo("Europe/Rome"), timezone(timedelta(hours=-5, minutes=-30)))


class Colour(Enum):
    """Nobody's enum."""

    VOICE = "VOICE"
    RED = 1


class Subagent(nodes.Agent):
    """Of a class that no GraphQL type knows."""


class Text(str):
    """A str that is not quite one."""


class Stranger:
    """Of a class that nobody knows, without an attribute."""

    def __repr__(self) -> str:
        return "Stranger"


class Stream:
    """Neither list nor tuple, but can be read from end to end, and again."""

    def __init__(self, items: Iterable[Any]) -> None:
        self._items = items

    def __iter__(self) -> Iterator[Any]:
        yield from self._items

    def __repr__(self) -> str:
        return "Stream"


class Bomb:
    """Whatever is read of it fails."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise self._error

    def __repr__(self) -> str:
        return "Bomb"


ANYTHING: tuple[Callable[[Random], Any], ...] = (
    lambda r: None,
    lambda r: r.choice((0, 1, -1, 2**31, 10**400, 1.5, float("nan"), True, "12", "VOICE", b"bytes", Decimal("1.5"))),
    lambda r: r.choice((*Colour, *i.Channel, *i.InteractionStatus, *i.LegKind)),
    lambda r: instant(r, r.choice(ZONES)),
    lambda r: r.choice(([], (), {}, set(), frozenset({1}), [None], ["a", None], ("a", 1), [[1]], {"a": 1}, "text")),
    lambda r: Stream(("a", "b")),
    lambda r: Stranger(),
    lambda r: r.choice((i.Agent("7", "Ada"), SimpleNamespace(id="7", name="Ada", kind="X", label=None))),
    lambda r: Subagent(id=strawberry.ID("7"), name="Ada"),
    lambda r: strawberry.UNSET,
    lambda r: r.choice((BadUserInputError("Given, not raised."), ValueError("given"))),
    lambda r: Bomb(r.choice((BadUserInputError("Not this."), ValueError("boom"), KeyError("key"), RecursionError()))),
    lambda r: int,
)
ALMOST: dict[Any, tuple[Any, ...]] = {
    int: (True, False, 2**31, -(2**31) - 1, 2**53 + 1, 7.0, 7.5, "12", Decimal(7), None),
    float: (1, 0, True, float("nan"), float("inf"), float("-inf"), 2**53 + 1, "1.5", None),
    bool: (0, 1, 2, 0.0, float("nan"), "true", None),
    str: (Text("text"), 12, 1.5, float("inf"), True, b"bytes", i.Channel.CHAT, None),
    datetime: (*(NOW.replace(tzinfo=zone) for zone in ZONES), NOW.isoformat(), NOW.date(), None),
    Enum: (*Colour, i.Channel.CHAT, i.LegKind.OTHER, "VOICE", "COMPLETED", "UNKNOWN", 1, None),
}
"""What comes near a value of the type, and is not one that goes out as it is."""


def instant(random: Random, zone: Any = UTC) -> datetime:
    micros = random.choice((0, 0, 1, 120_000, 999_999))
    at = random.choice((NOW, NOW - timedelta(seconds=50), datetime(1, 1, 2), datetime(9999, 12, 30), NOW))
    return (at - timedelta(seconds=random.randrange(100))).replace(tzinfo=zone, microsecond=micros)


class World:
    """Makes a value of any type, the same for the same seed.

    `hostility`: how many values are not of the type they should be. One in seven of the hostile worlds has anything
    in any place; in the others it is one wrong value that comes near, wherever one type should be.
    """

    def __init__(self, seed: int, hostility: float = 0.0) -> None:
        self._random = Random(seed)
        self._hostility = hostility
        self._only = self._random.choice((*ALMOST, None))
        self._wrong = None if self._only is None else self._random.choice(ALMOST[self._only])
        self._depth = 0
        self._made: dict[Any, Callable[[], Any]] = {
            str: lambda: self._random.choice(TEXTS),
            int: lambda: self._random.choice((0, 1, 5, 9, 10, 3600, 2**31 - 1)),
            float: lambda: self._random.choice((0.0, 0.5, -3.25, 1e9)),
            bool: lambda: self._random.random() < 0.5,
            datetime: lambda: instant(self._random),
            type(None): lambda: None,
            Operation: lambda: OPERATION,
            Person: lambda: PERSON,
            Reading: lambda: OPERATION.reading(PERSON),
            Window: lambda: Window(None, None),
            Filter: Filter,
            Cursors: lambda: CURSORS,
            Source: lambda: self._random.choice(list(GATEWAY.sources.values())),
            Shown: self._shown,
            nodes.Node: lambda: self.make(self._random.choice((interactions.Interaction, *NODES))),
            interactions.Interaction: self._interaction,
            oddities.Left: self._left,
            oddities.Side: lambda: self.make(self._random.choice((oddities.Left, oddities.Right))),
        }

    def make(self, hint: Any) -> Any:
        near = Enum if isinstance(hint, type) and issubclass(hint, Enum) else hint
        if self._random.random() < self._rate(near):
            return self._random.choice(ANYTHING)(self._random) if self._only is None else self._wrong
        if hint in self._made:
            return self._made[hint]()
        return self._make(hint)

    def _rate(self, near: Any) -> float:
        if self._only is None:
            return self._hostility if near in ALMOST else self._hostility / 8
        return self._hostility * 3 if near is self._only else 0

    def _make(self, hint: Any) -> Any:
        kind, inner = shape_of(hint)
        if kind is Enum:
            return self._random.choice(inner)
        if kind is Union:
            return self.make(self._random.choice(inner))
        if kind is list or kind is tuple:
            return self._many(kind, inner)
        if kind is Annotated:
            return self.make(inner)
        return kind(**{name: self.make(field) for name, field in inner.items()})

    def _many(self, kind: Any, hint: Any) -> Any:
        """Few, and fewer where the list is within another."""
        self._depth += 1
        items = [
            self.make(hint) for _ in range(self._random.choice((0, 1, 1, 2, 2, 3) if self._depth < 3 else (0, 0, 1, 2)))
        ]
        self._depth -= 1
        if self._only is None and self._random.random() < self._hostility:
            return self._random.choice((list, tuple, Stream, dict.fromkeys))(items)
        return kind(items)

    def _left(self) -> Any:
        """Some of its parts may be missing, which its type forbids and its interface's does not."""
        made = {name: self.make(hint) for name, hint in fields_of(oddities.Left).items()}
        return oddities.Left(**{**made, "parts": self.make(list[oddities.Part | None])})

    def _shown(self) -> Any:
        """A row of a source that is there, with its place as a judge would tell it."""
        made = {name: self.make(hint) for name, hint in fields_of(Shown).items()}
        if isinstance(made["row"], i.Interaction) and self._random.random() >= self._hostility:
            made["row"] = msgspec.structs.replace(made["row"], source=self._random.choice(("alpha", "beta")))
        return Shown(**made)

    def _interaction(self) -> Any:
        shown = self._shown()
        if self._random.random() < 0.3 or not isinstance(shown.row, i.Interaction):
            return self._random.choice(interactions.CONCRETE_TYPES)(shown=shown, operation=OPERATION, person=PERSON)
        try:
            return interactions.interaction_node(OPERATION, PERSON, shown)
        except TypeError:  # a channel that cannot be looked up
            return interactions.OtherInteraction(shown=shown, operation=OPERATION, person=PERSON)


@cache
def shape_of(hint: Any) -> tuple[Any, Any]:
    """What kind of type it is, and the types it is made of."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return Union, arguments
    if origin in (list, tuple, Annotated):
        return origin, arguments[0]
    if hasattr(hint, "__supertype__"):
        return Annotated, hint.__supertype__
    if isinstance(hint, type) and issubclass(hint, Enum):
        return Enum, list(hint)
    return hint, fields_of(hint)


@cache
def fields_of(made: type) -> dict[str, Any]:
    """What has to be given to make one, with its type."""
    names = vars(viewer) | vars(customer) | vars(interactions) | vars(journey) | vars(oddities)
    if issubclass(made, msgspec.Struct):
        return {field.name: field.type for field in msgspec.structs.fields(made)}
    hints = get_type_hints(made, names, include_extras=True)
    return {field.name: hints[field.name] for field in dataclasses.fields(made) if field.init}
