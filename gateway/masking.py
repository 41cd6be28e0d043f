"""What is left of an address or id that a viewer may not see, and of the texts that spell one out.

Source: VISIBILITY.md §3, `customer:pii:view`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from operator import is_
from typing import TypeVar, get_args
from urllib.parse import unquote

import msgspec

from connectors.interaction import Identifier, IdentifierKind

MASK = "***"
PHONE_TAIL_DIGITS = 7
"""A text that holds the last seven digits of a phone number holds the number."""
TELLING_LENGTH = 7
"""An id this long counts wherever it stands; a shorter one as a whole word, so that contact 7 is not in ticket 1073."""
MAX_DECODINGS = 4
"""A url may carry another, which may carry a third: each is encoded once more."""

_NO_DIGITS = re.compile(r"\D+")

T = TypeVar("T")


def mask(identifier: Identifier) -> str:
    """`***` and a phone's last two digits; first letter, `***@` and domain of an e-mail; else `***`."""
    if _is_phone(identifier):
        return MASK + identifier.value[-2:]
    local, at, domain = identifier.value.rpartition("@")
    if identifier.kind is IdentifierKind.EMAIL and at and local and domain:
        return f"{local[0]}{MASK}@{domain}"
    return MASK


def _is_phone(identifier: Identifier) -> bool:
    if identifier.kind not in (IdentifierKind.PHONE, IdentifierKind.WHATSAPP):
        return False  # WhatsApp's own user ids are no numbers
    value = identifier.value
    return value.startswith("+") and value[1:].isdigit() and len(value) > 3


class Hidden:
    """Identifiers that no name, externalId or url may spell out."""

    def __init__(self, identifiers: Iterable[Identifier]) -> None:
        self._tails: list[str] = []
        self._parts: list[str] = []
        self._words: list[str] = []
        for identifier in identifiers:
            value = identifier.value.casefold()
            if _is_phone(identifier):
                self._tails.append(value[1:][-PHONE_TAIL_DIGITS:])
            elif identifier.kind is IdentifierKind.EMAIL or len(value) >= TELLING_LENGTH:
                self._parts.append(value)
            else:
                self._words.append(value)

    def within(self, text: str) -> bool:
        """Whether `text` holds one, however it is cased, spaced or percent-encoded."""
        for _ in range(MAX_DECODINGS):
            if self._spelled(text.casefold()):
                return True
            text, encoded = unquote(text), text
            if text == encoded:
                return False
        return True  # no honest link is encoded that deep

    def _spelled(self, text: str) -> bool:
        for part in self._parts:
            if part in text:
                return True
        if self._tails and (digits := _NO_DIGITS.sub("", text)):
            for tail in self._tails:
                if tail in digits:
                    return True
        return any(_holds_word(text, word) for word in self._words if word in text)


def _holds_word(text: str, word: str) -> bool:
    at = text.find(word)
    while at >= 0:
        end = at + len(word)
        if not (at and text[at - 1].isalnum()) and not text[end : end + 1].isalnum():
            return True
        at = text.find(word, at + 1)
    return False


_EMPTY = {"name": "", "survey_name": "", "external_id": "", "url": None}
"""The fields that may spell somebody out, and what they are then."""


def spell_nothing_out(part: T, hidden: Hidden) -> T:
    """A row, or a part of one, without the names, externalIds and urls that hold a hidden identifier, however deep."""
    if isinstance(part, tuple):
        items = tuple(spell_nothing_out(item, hidden) for item in part)
        return part if all(map(is_, items, part)) else type(part)(items)
    if not isinstance(part, msgspec.Struct):
        return part
    texts, parts = _spelling_fields(type(part))
    changed: dict[str, object] = {}
    for field in texts:
        value = getattr(part, field)
        if value and hidden.within(value):
            changed[field] = _EMPTY[field]
    for field in parts:
        value = getattr(part, field)
        shown = spell_nothing_out(value, hidden) if value else value
        if shown is not value:
            changed[field] = shown
    return msgspec.structs.replace(part, **changed) if changed else part


@cache
def _spelling_fields(kind: type[msgspec.Struct]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The texts of such a part that may spell somebody out, and its fields with parts that hold such texts."""
    fields = msgspec.structs.fields(kind)
    texts = tuple(field.name for field in fields if field.name in _EMPTY)
    parts = tuple(
        field.name for field in fields if any(any(_spelling_fields(inner)) for inner in _structs_in(field.type))
    )
    return texts, parts


def _structs_in(hint: object) -> Iterator[type[msgspec.Struct]]:
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        yield hint
    for argument in get_args(hint):
        yield from _structs_in(argument)
