"""Types that the gateway has no use for today, so that what compiles today is not all that is compared."""

from __future__ import annotations

from typing import Annotated, Any

import strawberry
from graphql import GraphQLNamedType
from strawberry.permission import BasePermission


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


@strawberry.type
class Query:
    odd: Odd


def types() -> dict[str, GraphQLNamedType]:
    return strawberry.Schema(query=Query, types=[Left, Right])._schema.type_map
