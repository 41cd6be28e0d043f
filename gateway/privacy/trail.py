"""What one operation showed of whom: noted where customers and rows become part of an answer, told when it is given."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from connectors.interaction import Identifier


@dataclass(slots=True)
class Trail:
    """`people`: the handles of customers that were shown, each with the external id of one of their records; `asked`:
    what they were asked for by; `missed`: what led to nobody. `rows`: by source and id there."""

    people: dict[Identifier, Identifier | None] = field(default_factory=dict)
    asked: dict[Identifier, None] = field(default_factory=dict)
    missed: dict[Identifier, None] = field(default_factory=dict)
    rows: set[tuple[str, str]] = field(default_factory=set)
    searches_missed: int = 0

    @property
    def misses(self) -> int:
        return len(self.missed) + self.searches_missed

    def whom(self) -> Iterator[Identifier]:
        """Everybody that was shown or asked for, once."""
        return iter(dict.fromkeys((*self.people, *self.asked, *self.missed)))

    def __bool__(self) -> bool:
        """Whether anybody was looked for at all."""
        return bool(self.people or self.asked or self.misses or self.rows)
