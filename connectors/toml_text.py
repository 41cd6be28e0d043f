"""TOML that people write: on which line each key stands, and what is wrong with it, in words that help to mend it.

`tomllib` reads the values but forgets where they were. No value of a text is ever in a fault.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any, NamedTuple

Path = tuple[str | int, ...]

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}'
    r"|'''.*?'{3,5}"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_SCALAR = re.compile(r"[^,\]}\n#]*")


class Fault(NamedTuple):
    """`where`: `gateway.toml:12`, or the name of the variable. `problem` follows the key, `mend` is an order."""

    key_path: str
    where: str
    problem: str
    mend: str

    def __str__(self) -> str:
        key = "" if self.key_path in ("", self.where) else f"{self.key_path} "
        return f"{self.where}: {key}{self.problem}; {self.mend}"


class TomlError(Exception):
    """A text was refused; `faults` names everything that is wrong with it."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = list(faults)


class Finding(NamedTuple):
    """A fault before it is known where in the text its key stands. `elsewhere`: it is known, and in another text."""

    path: Path
    problem: str
    mend: str
    elsewhere: Fault | None = None


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


def parse(text: str, name: str) -> dict[str, Any]:
    """Raises `TomlError` with the line where the text stops being TOML."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        reason, _, place = str(error).rpartition(" (at ")
        line = re.search(r"line (\d+)", place)
        number = int(line[1]) if line else text.count("\n") + 1
    # tomllib quotes at most the key that it tripped over, which may be half of a secret
    reason = re.sub(r"'[^']*'|\"[^\"]*\"", "…", reason)
    raise TomlError([Fault("", f"{name}:{number}", "this is no TOML", reason[:1].lower() + reason[1:])])


class Lines:
    """The first line of every key, table header and array element of a text that `tomllib` has accepted."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._lines: dict[Path, int] = {}
        self._implied: dict[Path, int] = {}  # tables that only the headers of tables in them name
        self._arrays: dict[Path, int] = {}
        self._read()

    def of(self, path: Path) -> int | None:
        """The line of the key, else of the nearest table around it; None when not even that is in the text."""
        for end in range(len(path), 0, -1):
            line = self._lines.get(path[:end], self._implied.get(path[:end]))
            if line is not None:
                return line
        return None

    def _read(self) -> None:
        table: Path = ()
        while True:
            self._skip(_BLANK)
            if self._at >= len(self._text):
                return
            if self._text.startswith("[[", self._at):
                table = self._header(2)
            elif self._text[self._at] == "[":
                table = self._header(1)
            else:
                self._pair(table)

    def _header(self, brackets: int) -> Path:
        line = self._line()
        self._at += brackets
        path = self._enter(self._key())
        self._at += brackets
        if brackets == 2:
            count = self._arrays.get(path, 0)
            self._arrays[path] = count + 1
            self._lines.setdefault(path, line)
            path = (*path, count)
        self._lines.setdefault(path, line)
        return path

    def _enter(self, keys: list[str]) -> Path:
        """The path of a header: `[sources.options]` belongs to the last `[[sources]]` before it."""
        path: Path = ()
        for index, key in enumerate(keys):
            path = (*path, key)
            self._implied.setdefault(path, self._line())
            if index < len(keys) - 1 and path in self._arrays:
                path = (*path, self._arrays[path] - 1)
        return path

    def _pair(self, table: Path) -> None:
        line = self._line()
        path = table
        for key in self._key():
            path = (*path, key)
            self._lines.setdefault(path, line)
        self._at += 1  # the equals sign
        self._skip(_SPACE)
        self._value(path)

    def _value(self, path: Path) -> None:
        opening = self._text[self._at]
        if opening == "[":
            self._items(path, "]")
        elif opening == "{":
            self._items(path, "}")
        else:
            self._skip(_STRING if opening in "\"'" else _SCALAR)

    def _items(self, path: Path, closing: str) -> None:
        self._at += 1
        index = 0
        while True:
            self._skip(_BLANK)
            if self._text[self._at] == closing:
                self._at += 1
                return
            if self._text[self._at] == ",":
                self._at += 1
            elif closing == "}":
                self._pair(path)
            else:
                element: Path = (*path, index)
                self._lines.setdefault(element, self._line())
                self._value(element)
                index += 1

    def _key(self) -> list[str]:
        """A dotted key, up to the character that ends it."""
        parts = []
        while True:
            self._skip(_SPACE)
            start = self._at
            if self._text[self._at] in "\"'":
                self._skip(_STRING)
                parts.append(str(tomllib.loads(f"k = {self._text[start : self._at]}")["k"]))
            else:
                self._skip(_BARE_KEY)
                parts.append(self._text[start : self._at])
            self._skip(_SPACE)
            if self._text[self._at] != ".":
                return parts
            self._at += 1

    def _skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self._text, self._at)
        if match is not None:
            self._at = match.end()

    def _line(self) -> int:
        return self._text.count("\n", 0, self._at) + 1
