"""Compares an answer with the hand-written table of what its vendor answers."""

from __future__ import annotations

import re
from collections.abc import Iterator

Shape = object


def differences(value: object, shape: Shape, at: str = "$") -> list[str]:
    """Where `value` is not as `shape` says; empty when it is.

    A shape: a type, None, a set (enum), a pattern (whole text), a tuple (any of), `[shape]`, or a table of keys, of
    which those ending in `?` may be absent and no others may be present.
    """
    return list(_differences(value, shape, at))


def _differences(value: object, shape: Shape, at: str) -> Iterator[str]:
    if isinstance(shape, tuple):
        if all(differences(value, choice) for choice in shape):
            closest = min((differences(value, choice, at) for choice in shape), key=len)
            yield f"{at}: none of the choices; {closest[0]}"
    elif isinstance(shape, dict):
        yield from _table_differences(value, shape, at)
    elif isinstance(shape, list):
        if not isinstance(value, list):
            yield f"{at}: no list"
            return
        for place, item in enumerate(value):
            yield from _differences(item, shape[0], f"{at}[{place}]")
    elif not _fits(value, shape):
        yield f"{at}: {value!r} is not {shape!r}"


def _table_differences(value: object, table: dict[str, Shape], at: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{at}: no object"
        return
    for key, shape in table.items():
        name = key.removesuffix("?")
        if name in value:
            yield from _differences(value[name], shape, f"{at}.{name}")
        elif not key.endswith("?"):
            yield f"{at}.{name}: missing"
    for name in value.keys() - {key.removesuffix("?") for key in table}:
        yield f"{at}.{name}: not in the table"


def _fits(value: object, shape: Shape) -> bool:
    if shape is None:
        return value is None
    if isinstance(shape, re.Pattern):
        return isinstance(value, str) and shape.fullmatch(value) is not None
    if isinstance(shape, set | frozenset):
        return isinstance(value, str | int) and not isinstance(value, bool) and value in shape
    assert isinstance(shape, type)
    return isinstance(value, shape) and not (shape is int and isinstance(value, bool))
