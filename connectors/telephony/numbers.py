"""Phone numbers as telephone exchanges write them: whatever the trunk sent, whatever was dialled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import phonenumbers

from connectors.identifiers import digits, e164, national
from connectors.interaction import Direction

FEWEST_DIGITS = 5
"""Shorter numbers are extensions."""


class Numbers:
    """`prefixes`: what is dialled in front of an outside number to reach a trunk. `own`: the company's numbers."""

    def __init__(self, region: str | None, prefixes: Sequence[str] = (), own: Sequence[str] = ()) -> None:
        self._region = region
        self._prefixes = sorted(prefixes, key=len, reverse=True)
        self._own = frozenset(number for text in own if (number := self.of(text)) is not None)

    def of(self, text: str | None, *, was_dialled: bool = False) -> str | None:
        """E.164, or None for extensions, names and withheld numbers."""
        bare = (text or "").strip().removeprefix("sip:").partition("@")[0]
        if was_dialled:
            prefix = next((p for p in self._prefixes if bare.startswith(p) and len(bare) > len(p)), "")
            bare = bare[len(prefix) :]
        if sum(character.isdigit() for character in bare) < FEWEST_DIGITS:
            return None
        if bare.startswith("00"):
            return e164(f"+{bare[2:]}")
        if bare.startswith("+") or self._region is None:
            return e164(f"+{bare.removeprefix('+')}")
        read = [number for number in (e164(bare, self._region), e164(f"+{bare}")) if number is not None]
        return next((number for number in read if _is_valid(number)), read[0] if read else None)

    def is_own(self, number: str | None) -> bool:
        return number in self._own

    def spellings(self, number: str) -> list[str]:
        """How exchanges may have written an E.164 number."""
        plain = digits(number)
        written = [number, plain, f"00{plain}"]
        if self._region is not None and (within := national(number, self._region)) is not None:
            at_home = phonenumbers.format_number(phonenumbers.parse(number), phonenumbers.PhoneNumberFormat.NATIONAL)
            written += [within, "".join(filter(str.isdigit, at_home))]
        dialled = [prefix + spelling for prefix in self._prefixes for spelling in written]
        return list(dict.fromkeys([*written, *dialled]))

    def core(self, number: str) -> str:
        """The digits that every spelling ends with."""
        return national(number) or digits(number)


@dataclass(frozen=True, slots=True)
class Sides:
    """Which side of a call is the customer's: an exchange does not say. trunks: how channels of trunks begin."""

    numbers: Numbers
    inbound_contexts: frozenset[str] = frozenset()
    outbound_contexts: frozenset[str] = frozenset()
    trunks: tuple[str, ...] = ()

    def customer(
        self, context: str, channel: str, peer_channel: str, source: str, target: str
    ) -> tuple[Direction, str | None]:
        """Which way a call went, and the customer's number."""
        src, dst = self.numbers.of(source), self.numbers.of(target, was_dialled=True)
        if context in self.inbound_contexts:
            return Direction.INBOUND, src
        if context in self.outbound_contexts:
            return Direction.OUTBOUND, dst
        if channel.startswith(self.trunks):
            return Direction.INBOUND, src
        if peer_channel.startswith(self.trunks):
            return Direction.OUTBOUND, dst
        if dst is None or self.numbers.is_own(dst):
            return Direction.INBOUND, src
        if src is None or self.numbers.is_own(src):
            return Direction.OUTBOUND, dst
        return Direction.UNKNOWN, src


def _is_valid(number: str) -> bool:
    """Within a range that a country has given out: tells digits with a country's prefix from those without."""
    return phonenumbers.is_valid_number(phonenumbers.parse(number))
