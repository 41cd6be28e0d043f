"""Types that the gateway has no use for today, so that what compiles today is not all that is compared."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from datetime import UTC, datetime
from enum import Enum
from random import Random
from typing import Annotated, Any

import strawberry
from strawberry.permission import BasePermission
from strawberry.scalars import JSON

from connectors.interaction import Channel
from gateway.errors import BadUserInputError
from gateway.graph import enums  # noqa: F401 - makes the enums GraphQL's


class NoBombs(BasePermission):
    """An extension around a resolver."""

    message = "No bombs."

    def has_permission(self, source: Any, info: Any, **kwargs: Any) -> bool:
        return bool(source.flag)


def reads(path: str) -> Any:
    def resolve(self: Any) -> Any:
        value = self
        for name in path.split("."):
            value = getattr(value, name)
        return value

    resolve.reads = path  # type: ignore[attr-defined]
    return strawberry.field(resolver=resolve)


@strawberry.type
class Part:
    name: str
    size: int | None


@strawberry.interface
class Side:
    part: strawberry.Private[Part]
    other: strawberry.Private[Part]
    parts: list[Part | None] | None
    words: list[str]
    name: str = reads("part.name")
    both: int | None = reads("part.size")

    @strawberry.field
    def size(self) -> int | None:
        return self.part.size


@strawberry.type
class Left(Side):
    parts: list[Part]


@strawberry.type
class Right(Side):
    name: str = reads("other.name")
    both: int | None = reads("other.size")


@strawberry.type
class Odd:
    number: int
    maybe_number: int | None
    ratio: float
    maybe_ratio: float | None
    flag: bool
    flags: list[bool | None]
    numbers: list[int]
    ratios: list[float | None] | None
    words: list[list[str] | None]
    sides: list[Side]
    left: Left
    right: Right | None
    class_: str = strawberry.field(name="class")
    guarded: int = strawberry.field(permission_classes=[NoBombs])

    @strawberry.field
    def times(
        self, few: int | None = 3, word: str = "many", sure: Annotated[bool, strawberry.argument(name="isSure")] = True
    ) -> str:
        return f"{few} {word} {sure}"

    @strawberry.field
    async def later(self) -> int:
        return self.number

    @strawberry.field
    def here(self, info: strawberry.Info) -> str:
        return str(info.path.key)


@strawberry.enum
class Fate(Enum):
    GOOD = "GOOD"
    BAD = "BAD"
    ODD = 3


@strawberry.input
class Wish:
    word: str
    count: int | None = 3
    fates: list[Fate] | None = strawberry.UNSET
    inner: Wish | None = None


WRONG: tuple[Callable[[], Any], ...] = (
    lambda: None,
    lambda: strawberry.UNSET,
    lambda: 7,
    lambda: "text",
    dict,
    tuple,
    lambda: Part(name="a part", size=None),
    lambda: Fate.ODD,
    lambda: ValueError("given, or raised"),
    lambda: KeyError("key"),
    lambda: BadUserInputError("Not so."),
    ZeroDivisionError,
)
"""Made anew each time: an exception keeps whatever was going on when it was raised."""


class Later:
    """Can be awaited, and is no coroutine; nobody complains when it is not."""

    def __init__(self, begin: Callable[[], Coroutine[Any, Any, Any]]) -> None:
        self._begin = begin

    def __await__(self) -> Generator[Any, None, Any]:
        return self._begin().__await__()

    def __repr__(self) -> str:
        return "Later"


class Chance:
    """What comes of a field: the same whenever it is asked with the same words."""

    def __init__(self, seed: int, hostility: float, name: str) -> None:
        self._random = Random(zlib.crc32(f"{seed} {name}".encode()))
        self.seed = self._random.randrange(2**32)
        self.hostility = hostility

    def decide(self, make: Callable[[Chance], Any]) -> Any:
        """What `make` makes, or what has no business here; or it raises."""
        if self._random.random() > self.hostility * 3:
            return make(self)
        wrong = self._random.choice(WRONG)()
        if isinstance(wrong, Exception) and self._random.random() < 0.8:
            raise wrong
        return wrong

    async def decide_later(self, make: Callable[[Chance], Any]) -> Any:
        for _ in range(self._random.randrange(4)):
            await asyncio.sleep(0)
        return self.decide(make)

    def maze(self) -> Maze:
        return Maze(seed=self.seed, hostility=self.hostility, number=self.seed % 9, words=["a", "b"])

    def mazes(self) -> list[Maze]:
        return [Maze(seed=self.seed + n, hostility=self.hostility, number=n, words=[]) for n in range(self.seed % 3)]

    def side(self) -> Side:
        part = Part(name="p", size=self.seed % 5)
        return (Left if self.seed % 2 else Right)(part=part, other=part, parts=[part], words=["w"])


@strawberry.type
class Maze:
    """Every way into a resolver and out of it, again and again."""

    seed: strawberry.Private[int]
    hostility: strawberry.Private[float]
    number: int
    words: list[str]

    def chance(self, name: str) -> Chance:
        return Chance(self.seed, self.hostility, name)

    @strawberry.field
    def text(self) -> str:
        return self.chance("text").decide(lambda c: "text")  # type: ignore[no-any-return]

    @strawberry.field
    async def later_text(self) -> str | None:
        return await self.chance("later_text").decide_later(lambda c: "later")  # type: ignore[no-any-return]

    @strawberry.field
    def fate(self) -> Fate | None:
        return self.chance("fate").decide(lambda c: Fate.GOOD)  # type: ignore[no-any-return]

    @strawberry.field
    def channel(self) -> Channel:
        return self.chance("channel").decide(lambda c: Channel.CHAT)  # type: ignore[no-any-return]

    @strawberry.field
    def at(self) -> datetime | None:
        return self.chance("at").decide(lambda c: datetime(2026, 1, 2, microsecond=c.seed % 2, tzinfo=UTC))  # type: ignore[no-any-return]

    @strawberry.field
    def channels(self) -> list[Channel | None] | None:
        return self.chance("channels").decide(lambda c: [Channel.CHAT, None][: c.seed % 3])  # type: ignore[no-any-return]

    @strawberry.field
    def tuple_of(self) -> list[int]:
        return self.chance("tuple_of").decide(lambda c: (1, 2))  # type: ignore[no-any-return]

    @strawberry.field
    def counts(self) -> list[int]:
        return self.chance("counts").decide(lambda c: [1, c.seed % 2 * 2**31])  # type: ignore[no-any-return]

    @strawberry.field
    def now(self) -> Maze | None:
        return self.chance("now").decide(Chance.maze)  # type: ignore[no-any-return]

    @strawberry.field
    def surely(self) -> Maze:
        return self.chance("surely").decide(Chance.maze)  # type: ignore[no-any-return]

    @strawberry.field
    async def later(self) -> Maze | None:
        return await self.chance("later").decide_later(Chance.maze)  # type: ignore[no-any-return]

    @strawberry.field
    async def surely_later(self) -> Maze:
        return await self.chance("surely_later").decide_later(Chance.maze)  # type: ignore[no-any-return]

    @strawberry.field
    def sneaky(self) -> Maze:
        """Not async, but what it gives is."""
        return Later(lambda: self.chance("sneaky").decide_later(Chance.maze))  # type: ignore[return-value]

    @strawberry.field
    async def twice(self) -> Maze | None:
        """Gives what would have to be awaited again."""
        return Later(lambda: asyncio.sleep(0)) if self.hostility else self.chance("twice").maze()  # type: ignore[return-value]

    @strawberry.field
    async def stream(self) -> AsyncGenerator[int, None]:
        for number in range(self.seed % 4):
            yield number

    @strawberry.field
    def many(self) -> list[Maze]:
        return self.chance("many").decide(Chance.mazes)  # type: ignore[no-any-return]

    @strawberry.field
    async def many_later(self) -> list[Maze | None] | None:
        return await self.chance("many_later").decide_later(  # type: ignore[no-any-return]
            lambda c: [maze if maze.seed % 4 else None for maze in c.mazes()]
        )

    @strawberry.field
    def some_later(self) -> list[Maze | None]:
        """Items that are to be awaited, one by one."""
        return [self._item("one"), self._item("two"), self.chance("three").maze()]  # type: ignore[list-item]

    def _item(self, name: str) -> Later:
        return Later(lambda: self.chance(name).decide_later(Chance.maze))

    @strawberry.field
    def side(self) -> Side | None:
        return self.chance("side").decide(Chance.side)  # type: ignore[no-any-return]

    @strawberry.field
    async def sides(self) -> list[Side]:
        return await self.chance("sides").decide_later(lambda c: [c.side(), c.side()])  # type: ignore[no-any-return]

    @strawberry.field
    def wish(
        self,
        wish: Wish,
        fates: list[Fate] | None = None,
        fate: Fate = Fate.ODD,
        key: strawberry.ID | None = strawberry.UNSET,
        sure: Annotated[bool, strawberry.argument(name="isSure")] = True,
    ) -> str:
        wishes = self.chance(f"wish {wish} {fates} {fate} {key!r} {sure}")
        wish.word = "granted"
        if fates:
            fates.clear()
        return wishes.decide(lambda c: f"{c.seed}")  # type: ignore[no-any-return]

    @strawberry.field
    async def wish_later(self, info: strawberry.Info, fates: list[Fate], few: int = 2, word: str | None = None) -> str:
        asked = f"{fates} {few} {word!r} {sorted(info.variable_values.items(), key=str)}"
        return await self.chance(f"wish_later {asked}").decide_later(lambda c: asked)  # type: ignore[no-any-return]

    @strawberry.field
    def packed(self, thing: JSON | None = strawberry.UNSET, few: int | None = 1) -> str:
        """Changes what it is given."""
        said = f"{thing} {few}"
        if isinstance(thing, dict | list) and thing:
            thing.pop(*("a",) if isinstance(thing, dict) else ())
        return said

    @strawberry.field
    def where(self, info: strawberry.Info) -> str:
        return f"{info.path.as_list()} {info.field_name} {info.context.request_id} {type(info.root_value).__name__}"  # type: ignore[attr-defined]

    @strawberry.field
    @staticmethod
    def nobody(few: int = 1) -> int:
        return few

    @strawberry.field
    def parents(this: strawberry.Parent[Maze]) -> int:
        return this.number

    @strawberry.field(permission_classes=[NoBombs])
    async def guarded(self) -> int | None:
        return self.number

    @property
    def flag(self) -> bool:
        return self.seed % 2 == 0


@strawberry.type
class Ways:
    """Into a `Case`."""

    odd: Odd

    @strawberry.field
    def maze(self) -> Maze:
        return Chance(self.seed, self.hostility, "maze").maze()  # type: ignore[attr-defined]

    @strawberry.field
    async def maze_later(self, few: int = 2) -> Maze | None:
        return await Chance(self.seed, self.hostility, f"maze_later {few}").decide_later(Chance.maze)  # type: ignore[attr-defined,no-any-return]

    @strawberry.field
    async def surely_later(self) -> Maze:
        return await Chance(self.seed, self.hostility, "surely_later").decide_later(Chance.maze)  # type: ignore[attr-defined,no-any-return]
