"""How sources' answers are kept until somebody asks for them again: rows as bytes, which take a third of the memory
and go in one piece."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from connectors.base import Page
from connectors.interaction import Interaction

MEMORY_FOR_A_BYTE = 3
"""Rows in memory take so many times the room of their bytes, about."""
MEMORY_FOR_AN_ANSWER = 700
"""Of itself and its key, whatever it holds."""

_encoder = msgspec.msgpack.Encoder()
_rows = msgspec.msgpack.Decoder(tuple[Interaction, ...])


class PackedPage(NamedTuple):
    page: Page
    rows: bytes


class Pages:
    """A codec of pages."""

    def pack(self, value: Page) -> tuple[PackedPage, int]:
        rows = _encoder.encode(value.items)
        rest = Page((), value.next, value.reached, value.capped, value.dropped, value.foreign)
        return PackedPage(rest, rows), MEMORY_FOR_AN_ANSWER + len(rows)

    def unpack(self, packed: PackedPage) -> Page:
        return replace(packed.page, items=_rows.decode(packed.rows))

    def weigh(self, value: Page) -> int:
        if not value.items:
            return MEMORY_FOR_AN_ANSWER
        return MEMORY_FOR_AN_ANSWER + MEMORY_FOR_A_BYTE * len(value.items) * len(_encoder.encode(value.items[0]))


class AsItIs:
    """A codec of what is small."""

    def pack(self, value: Any) -> tuple[Any, int]:
        return value, self.weigh(value)

    def unpack(self, packed: Any) -> Any:
        return packed

    def weigh(self, value: Any) -> int:
        return MEMORY_FOR_AN_ANSWER + MEMORY_FOR_A_BYTE * len(_encoder.encode(value))


PAGES, AS_IT_IS = Pages(), AsItIs()
