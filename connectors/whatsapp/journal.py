"""What webhooks brought, as the gateway keeps it: for vendors that tell each message once and list none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import phonenumbers

from connectors.base import Window
from connectors.deadline import Deadline
from connectors.errors import UnavailableError
from connectors.whatsapp.folding import TextMessage


class Journal(Protocol):
    """Every method raises leaves of `connectors.errors` alone. `customer`: E.164, or WhatsApp's own user id."""

    async def customers(self, source: str, asked: Sequence[str], deadline: Deadline) -> frozenset[str]:
        """Those of them with whom a message was exchanged."""
        ...

    async def messages(
        self, source: str, customers: Sequence[str], window: Window, deadline: Deadline
    ) -> Sequence[TextMessage]:
        """All of them, in any order."""
        ...

    async def message(self, source: str, message_id: str, deadline: Deadline) -> TextMessage | None: ...


class NothingKept:
    """No journal: that nothing is known is no empty answer."""

    async def customers(self, source: str, asked: Sequence[str], deadline: Deadline) -> frozenset[str]:
        raise self._unavailable(source)

    async def messages(
        self, source: str, customers: Sequence[str], window: Window, deadline: Deadline
    ) -> Sequence[TextMessage]:
        raise self._unavailable(source)

    async def message(self, source: str, message_id: str, deadline: Deadline) -> TextMessage | None:
        raise self._unavailable(source)

    def _unavailable(self, source: str) -> UnavailableError:
        return UnavailableError(source, "its messages come with webhooks alone, and nothing keeps them")


def spellings(number: str) -> tuple[str, ...]:
    """An E.164 number, and how WhatsApp may know it: some countries have a digit in mobile numbers that it leaves out
    or puts in (Meta, "Phone numbers": Argentina, Brazil, Mexico)."""
    parsed = phonenumbers.parse(number)
    code, rest = parsed.country_code, str(parsed.national_number)
    other = {54: _with_or_without("9", rest, 0, 11), 55: _with_or_without("9", rest, 2, 11)}
    other[52] = _with_or_without("1", rest, 0, 11)
    also = other.get(code or 0)
    return (number,) if also is None else (number, f"+{code}{also}")


def _with_or_without(digit: str, rest: str, place: int, length: int) -> str | None:
    """`length`: of the number with that digit at that place."""
    if len(rest) == length and rest[place] == digit:
        return rest[:place] + rest[place + 1 :]
    return rest[:place] + digit + rest[place:] if len(rest) == length - 1 else None
