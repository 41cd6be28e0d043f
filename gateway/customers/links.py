"""What operators said about who is who: links that are added and undone, never overwritten.

Pure. A link stands between records, which go by their own external ids, since everything else about a person changes.
Source: BEHAVIOUR.md, "Who is it"; docs/decisions/0016-identity-links.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from connectors.interaction import Identifier


class Merge(msgspec.Struct, frozen=True, tag="merge"):
    """Two customers are one person. `into`, `absorbed`: a record's external id of either; the person goes by `handle`,
    which was that of the one merged into, and `known_as` is the other's."""

    id: int
    at: datetime
    by: str
    reason: str
    into: Identifier
    absorbed: Identifier
    handle: Identifier
    known_as: Identifier


class Cut(msgspec.Struct, frozen=True, tag="cut"):
    """An identifier does not tell that its holders are one person. `keeper`: the external id of a record of whoever
    goes on under the id that they had; `handle` is what that was made of."""

    id: int
    at: datetime
    by: str
    reason: str
    identifier: Identifier
    keeper: Identifier
    handle: Identifier


class Undone(msgspec.Struct, frozen=True, tag="undone"):
    """The link of that number counts no more."""

    id: int
    at: datetime
    by: str
    reason: str
    link: int


Link = Merge | Cut | Undone


@dataclass(frozen=True)
class Links:
    """The links that count. `merges` in the order in which they were made."""

    merges: tuple[Merge, ...] = ()
    cuts: Mapping[Identifier, Cut] = field(default_factory=dict)

    @classmethod
    def replay(cls, links: Iterable[Link]) -> Links:
        """What is left of all links that were ever made, in the order of their numbers."""
        counting: dict[int, Merge | Cut] = {}
        for link in sorted(links, key=lambda link: link.id):
            if isinstance(link, Undone):
                counting.pop(link.link, None)
            else:
                counting[link.id] = link
        return cls(
            tuple(link for link in counting.values() if isinstance(link, Merge)),
            {link.identifier: link for link in counting.values() if isinstance(link, Cut)},
        )

    def beside(self, own: Iterable[Identifier]) -> set[Identifier]:
        """External ids of records that are the same person's as one of `own`, by one merge."""
        mine = set(own)
        found = {m.absorbed for m in self.merges if m.into in mine} | {
            m.into for m in self.merges if m.absorbed in mine
        }
        return found - mine

    def __bool__(self) -> bool:
        return bool(self.merges or self.cuts)


NO_LINKS = Links()
