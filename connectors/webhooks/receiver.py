"""What receivers share: their options, a body read once and strictly, ids of what has none."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, NoReturn, TypeVar

import msgspec

from connectors.errors import MalformedError
from connectors.events import Change, Delivery, Event, PartlyMalformedError
from connectors.mapping import from_unix, plausible
from connectors.questions import SourceConfig

T = TypeVar("T")

LONGEST_ID = 200
ODD = (ValueError, RecursionError, msgspec.MsgspecError)


class NoOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class VendorReceiver:
    """`secret_options`: those of its options that are secrets, besides the ones that sign."""

    Options: ClassVar[type[msgspec.Struct]] = NoOptions
    secret_options: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, options: Mapping[str, Any], config: SourceConfig) -> None:
        """Raises `msgspec.ValidationError` for odd options."""
        self.options: Any = msgspec.convert(dict(options), self.Options)
        self.config = config
        self.source = config.name

    def challenge(self, delivery: Delivery, secrets: Sequence[str]) -> bytes | None:
        return None

    def decode(self, body: bytes, type_: type[T], *, repeated: bool = False) -> T:
        """JSON of that shape. Raises `MalformedError` also for a name that is given twice, unless `repeated`: two
        readers may take different ones of the two."""
        try:
            found = msgspec.json.decode(body, type=type_)
            if not repeated or b"\\u0000" in body:
                json.loads(body.decode(), object_pairs_hook=_each_once if not repeated else _no_zero, **_NO_NUMBERS)
        except ODD:
            self.malformed("no JSON of the expected shape")
        return found

    def malformed(self, reason: str) -> NoReturn:
        raise MalformedError(self.source, reason) from None

    def of_batch(self, events: Sequence[Event], odd: int) -> list[Event]:
        """The events, each once. Raises `PartlyMalformedError` with them when there was something odd beside them."""
        once = list({event.id: event for event in events}.values())
        if odd:
            raise PartlyMalformedError(self.source, "parts of the delivery make no sense", once)
        return once


def rows_of(raw: msgspec.Raw | bytes) -> list[msgspec.Raw]:
    """The elements of a list; what is no list, alone."""
    text = bytes(raw)
    return msgspec.json.decode(text, type=list[msgspec.Raw]) if text.lstrip().startswith(b"[") else [msgspec.Raw(text)]


def event(id_: str, *changes: Change) -> Event:
    return Event(id_ if len(id_) <= LONGEST_ID else digest(id_.encode()), changes)


def digest(*parts: bytes) -> str:
    """An id of what was said. Lengths are counted in, so that parts cannot be cut elsewhere."""
    made = hashlib.sha256()
    for part in parts:
        made.update(len(part).to_bytes(8, "big"))
        made.update(part)
    return made.hexdigest()


def id_of(value: int | str | None) -> str | None:
    """An id as text; None for what is none: nothing, zero, or longer than ids are."""
    text = "" if value is None else str(value) if isinstance(value, str) or abs(value) < 10**30 else ""
    return text if text not in ("", "0") and len(text) <= LONGEST_ID else None


def ids_of(*values: int | str | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for text in map(id_of, values) if text is not None))


def seconds(value: str | float | None) -> datetime | None:
    """Unix seconds, as a number or as text."""
    if isinstance(value, str):
        value = int(value) if value.isascii() and value.isdigit() and len(value) <= 11 else None
    return from_unix(value)


def moment(text: str | None) -> datetime | None:
    """ISO 8601; None for what is no time, or does not say its offset."""
    try:
        at = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return plausible(at) if at.tzinfo is not None else None


def _each_once(pairs: list[tuple[str, Any]]) -> None:
    if len({name for name, _ in pairs}) != len(pairs):
        raise ValueError("a name is given twice")
    _no_zero(pairs)


def _no_zero(pairs: list[tuple[str, Any]]) -> None:
    """Databases keep no text with a zero byte."""
    for name, value in pairs:
        texts = value if isinstance(value, list) else (value,)
        if "\0" in name or any(isinstance(text, str) and "\0" in text for text in texts):
            raise ValueError("a zero byte")


def _nothing(text: str) -> None:
    return None


_NO_NUMBERS: Mapping[str, Any] = {"parse_int": _nothing, "parse_float": _nothing, "parse_constant": _nothing}
