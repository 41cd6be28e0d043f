"""What is wrong with a configuration, where, and how to mend it. No value of the configuration is ever in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import NamedTuple

Path = tuple[str | int, ...]

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


class Fault(NamedTuple):
    """`where`: `gateway.toml:12`, or the name of the variable. `problem` follows the key, `mend` is an order."""

    key_path: str
    where: str
    problem: str
    mend: str

    def __str__(self) -> str:
        key = "" if self.key_path in ("", self.where) else f"{self.key_path} "
        return f"{self.where}: {key}{self.problem}; {self.mend}"


class SettingsError(Exception):
    """A configuration was refused; `faults` names everything that is wrong with it."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = list(faults)


class Finding(NamedTuple):
    """A fault before it is known where in the text its key stands."""

    path: Path
    problem: str
    mend: str


def spell(path: Path) -> str:
    """`("roles", "team lead", "divisions", 0)` as `roles."team lead".divisions[0]`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += "." * bool(text) + (part if _BARE_KEY.fullmatch(part) else f'"{part}"')
    return text


def nearest(word: object, known: Iterable[str]) -> str:
    """The mend for a name that nobody knows: the known one it looks like, else all of them."""
    names = sorted(known)
    close = get_close_matches(str(word), names, n=1, cutoff=0.6)
    if close:
        return f"did you mean `{close[0]}`?"
    return f"known: {', '.join(names)}" if names else "there is none to name yet"
