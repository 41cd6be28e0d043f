"""JMESPath behind one typed face: the only module that knows the library, which ships no types.

Everything that can be known of an expression before there is data is checked when it is compiled: its grammar, the
functions it calls and how many arguments they take.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.functions import Functions

MAX_LENGTH = 1000

_KEYS = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*")
_KNOWN: dict[str, dict[str, Any]] = Functions().FUNCTION_TABLE


class ExpressionError(ValueError):
    """An expression that cannot be used; `mend` says what to do."""

    def __init__(self, problem: str, mend: str) -> None:
        super().__init__(problem)
        self.mend = mend


class UnfitError(Exception):
    """The data are not what the expression is for: a function met a value of another type."""


class Expression:
    """`text`, ready to be asked of any decoded JSON."""

    def __init__(self, text: str) -> None:
        self.text = text
        if len(text) > MAX_LENGTH:
            raise ExpressionError("is an overlong expression", f"give at most {MAX_LENGTH} characters")
        try:
            self._parsed = jmespath.compile(text)
        except JMESPathError as error:
            at = getattr(error, "lex_position", None)
            place = "" if at is None else f" at character {at + 1}"
            raise ExpressionError(f"is no JMESPath expression{place}", "write it as jmespath.org describes") from None
        except RecursionError:
            raise ExpressionError("is nested too deeply", "write a simpler expression") from None
        for name, arguments in _calls(self._parsed.parsed):
            _check_call(name, arguments)
        self._keys = tuple(text.split(".")) if _KEYS.fullmatch(text) else ()

    def __call__(self, data: Any) -> Any:
        """None where there is nothing. Raises `UnfitError`; no value is in it."""
        if self._keys:
            return self._walk(data)
        try:
            return self._parsed.search(data)
        except (JMESPathError, TypeError, ValueError, ArithmeticError, RecursionError):
            raise UnfitError("the expression does not fit what stands there") from None

    def _walk(self, data: Any) -> Any:
        """Keys of keys, which most expressions are, at a tenth of the library's price."""
        for key in self._keys:
            if not isinstance(data, dict):
                return None
            data = data.get(key)
        return data


@cache
def compiled(text: str) -> Expression:
    """Raises `ExpressionError`. Kept for good: there are only as many as manifests have."""
    return Expression(text)


def is_true(value: Any) -> bool:
    """JMESPath's own truth: null, false and what is empty are false; zero is true."""
    return value is not None and value is not False and value not in ("", [], {})


def _calls(node: Any) -> Iterator[tuple[str, int]]:
    """Name and number of arguments of each function that is called."""
    if isinstance(node, dict):
        if node.get("type") == "function_expression":
            yield node["value"], len(node["children"])
        for child in node.get("children", ()):
            yield from _calls(child)


def _check_call(name: str, arguments: int) -> None:
    known = _KNOWN.get(name)
    if known is None:
        raise ExpressionError(f"calls `{name}`, which JMESPath does not have", f"known: {', '.join(sorted(_KNOWN))}")
    signature = known["signature"]
    wanted = len(signature)
    varies = bool(signature) and bool(signature[-1].get("variadic"))
    if arguments < wanted or (arguments > wanted and not varies):
        raise ExpressionError(f"calls `{name}` with {arguments} arguments", f"give it {wanted}{' or more' * varies}")
