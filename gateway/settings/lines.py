"""On which line of a TOML text each key stands. `tomllib` reads the values but forgets where they were."""

from __future__ import annotations

import re
import tomllib

from gateway.settings.fault import Path

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
