"""From the text of a manifest to the manifest, or all that is wrong with it: each with its line and a mend."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from enum import Enum
from functools import cache, partial
from importlib.resources import files
from pathlib import Path as FilePath
from re import fullmatch
from typing import Any

import msgspec
from msgspec import inspect

from connectors.declarative.expressions import ExpressionError, compiled
from connectors.declarative.manifest import Manifest
from connectors.declarative.rules import broken_rules
from connectors.declarative.templates import path_fault
from connectors.declarative.times import FORMATS, is_format
from connectors.toml_text import Fault, Finding, Lines, Path, TomlError, nearest, parse, spell

SUFFIX = ".toml"
MAX_BYTES = 256 * 1024

_SHIPPED = files(__package__).joinpath("manifests")


def shipped() -> list[str]:
    """The names of those that come with the package."""
    return sorted(entry.name.removesuffix(SUFFIX) for entry in _SHIPPED.iterdir() if entry.name.endswith(SUFFIX))


def load(name: str) -> Manifest:
    """A shipped one by its name, or a file by its path. Raises `TomlError` with every fault at once."""
    if name in shipped():
        return read(_SHIPPED.joinpath(name + SUFFIX).read_text(encoding="utf-8"), name + SUFFIX)
    path = FilePath(name)
    if "." not in name and "/" not in name:
        raise TomlError([Fault("manifest", name, "is no manifest that is shipped", nearest(name, shipped()))])
    try:
        body = path.read_bytes()
        if len(body) > MAX_BYTES:
            raise TomlError([Fault("", path.name, "the file is too large", f"give at most {MAX_BYTES} bytes")])
        return read(body.decode(), path.name)
    except OSError:
        fault = Fault("", path.name, "the file cannot be read", "check the path, and that the gateway may read it")
    except UnicodeDecodeError:
        fault = Fault("", path.name, "the file is not UTF-8", "store it as UTF-8")
    raise TomlError([fault])


def read(text: str, name: str) -> Manifest:
    """Raises `TomlError`; `name` is told in its faults."""
    raw = parse(text, name)
    findings = list(_findings(raw, _shape(), ()))
    if not findings:
        manifest = msgspec.convert(raw, Manifest)
        findings = list(broken_rules(manifest))
        if not findings:
            return manifest
    lines = Lines(text)
    first: dict[Path, Finding] = {}
    for finding in findings:
        first.setdefault(finding.path, finding)
    located = sorted(((lines.of(path) or 1, finding) for path, finding in first.items()), key=lambda item: item[0])
    raise TomlError([Fault(spell(f.path), f"{name}:{line}", f.problem, f.mend) for line, f in located])


@cache
def _shape() -> inspect.Type:
    return inspect.type_info(Manifest)


def _findings(value: Any, shape: inspect.Type, path: Path) -> Iterator[Finding]:
    """Everything by which `value` is not of that shape."""
    match shape:
        case inspect.Metadata():
            yield from _findings(value, shape.type, path)
            yield from _grammar(value, (shape.extra or {}).get("is"), path)
        case inspect.UnionType():
            yield from _findings(value, _meant(value, shape), path)
        case inspect.StructType():
            yield from _table(value, shape, path)
        case inspect.ListType():
            yield from _list(value, shape, path)
        case inspect.DictType():
            yield from _dict(value, shape, path)
        case _:
            yield from _leaf(value, shape, path)


def _meant(value: Any, union: inspect.UnionType) -> inspect.Type:
    """A table is the struct of the union, if there is one; anything else is the other."""
    known = [shape for shape in union.types if not isinstance(shape, inspect.NoneType)]
    structs = [shape for shape in known if isinstance(shape, inspect.StructType)]
    others = [shape for shape in known if not isinstance(shape, inspect.StructType)]
    return (structs or others)[0] if isinstance(value, dict) else (others or structs)[0]


def _table(value: Any, shape: inspect.StructType, path: Path) -> Iterator[Finding]:
    if not isinstance(value, dict):
        yield Finding(path, "is not a table", "give a table")
        return
    fields = {field.encode_name: field for field in shape.fields}
    for key, field in fields.items():
        if key in value:
            yield from _findings(value[key], field.type, (*path, key))
        elif field.required:
            yield Finding((*path, key), "is missing", "add it")
    for key in value:
        if key not in fields:
            yield Finding((*path, key), "is unknown", nearest(key, fields))


def _list(value: Any, shape: inspect.ListType, path: Path) -> Iterator[Finding]:
    if not isinstance(value, list):
        yield Finding(path, "is not a list", "give a list")
        return
    if len(value) < (shape.min_length or 0):
        yield Finding(path, "has too few entries", f"give at least {shape.min_length}")
    for index, item in enumerate(value):
        yield from _findings(item, shape.item_type, (*path, index))


def _dict(value: Any, shape: inspect.DictType, path: Path) -> Iterator[Finding]:
    if not isinstance(value, dict):
        yield Finding(path, "is not a table", "give a table")
        return
    for key, item in value.items():
        yield from _findings(key, shape.key_type, (*path, key))
        yield from _findings(item, shape.value_type, (*path, key))


def _leaf(value: Any, shape: inspect.Type, path: Path) -> Iterator[Finding]:
    known = _words(shape)
    if known:
        if value not in known:
            mend = nearest(value, known) if isinstance(value, str) else f"known: {', '.join(known)}"
            yield Finding(path, "is none of the known words", mend)
    elif isinstance(shape, inspect.IntType):
        if isinstance(value, bool) or not isinstance(value, int):
            yield Finding(path, "is not a whole number", "give a whole number")
        elif not (shape.ge or 0) <= value <= (math.inf if shape.le is None else shape.le):
            most = "" if shape.le is None else f" and at most {shape.le}"
            yield Finding(path, "is out of bounds", f"give at least {shape.ge or 0}{most}")
    elif isinstance(shape, inspect.BoolType):
        if not isinstance(value, bool):
            yield Finding(path, "is not true or false", "give true or false")
    elif isinstance(shape, inspect.StrType):
        if not isinstance(value, str):
            yield Finding(path, "is not text", "give text in quotes")
        elif shape.pattern and not fullmatch(shape.pattern.strip("^$"), value):
            yield Finding(path, "is not written as it must be", f"it must match {shape.pattern}")


def _words(shape: inspect.Type) -> list[str]:
    if isinstance(shape, inspect.EnumType):
        return [str(member.value) for member in shape.cls if isinstance(member, Enum)]
    return [str(value) for value in shape.values] if isinstance(shape, inspect.LiteralType) else []


def _grammar(value: Any, kind: object, path: Path) -> Iterator[Finding]:
    check = _GRAMMARS.get(str(kind))
    fault = check(value) if check is not None and isinstance(value, str) else None
    if fault is not None:
        yield Finding(path, *fault)


def _expression_fault(text: str) -> tuple[str, str] | None:
    try:
        compiled(text)
    except ExpressionError as error:
        return str(error), error.mend
    return None


def _time_format_fault(text: str) -> tuple[str, str] | None:
    if is_format(text):
        return None
    known = ", ".join(f"`{word}`" for word in FORMATS)
    return "is no format of time", f"give {known}, or a pattern with a whole date such as `%d/%m/%Y %H:%M:%S`"


def _header_fault(text: str) -> tuple[str, str] | None:
    if fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", text):
        return None
    return "is no name of a header", "write it as HTTP does, such as `X-Api-Key`"


_GRAMMARS: dict[str, Callable[[str], tuple[str, str] | None]] = {
    "expression": _expression_fault,
    "path": path_fault,
    "link": partial(path_fault, is_link=True),
    "time format": _time_format_fault,
    "header name": _header_fault,
}
