"""The table of docs/configuration.md, made from the settings themselves.

`python -m gateway.settings.reference docs/configuration.md` writes it anew between its two marks.
"""

from __future__ import annotations

import sys
from enum import Enum
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from connectors.interaction import Channel
from gateway.settings.section import Section
from gateway.settings.shape import bare, element_of, is_secret, is_table, leaves, words

BEGIN, END = "<!-- settings: begin -->", "<!-- settings: end -->"
UNITS = {"_ms": "ms", "_seconds": "s", "_bytes": "bytes", "_megabytes": "MiB"}


def table() -> str:
    rows = ["| key | type | unit | default | meaning |", "|---|---|---|---|---|"]
    for written, section, key in leaves():
        rows.append(f"| `{written}` | {' | '.join(_cells(section, key))} |")
    return "\n".join(rows)


def _cells(section: type[Section], key: str) -> tuple[str, str, str, str]:
    field = section.model_fields[key]
    unit = next((unit for suffix, unit in UNITS.items() if key.endswith(suffix)), "")
    return _type(field), unit, _default(field), str(field.description)


def _type(field: FieldInfo) -> str:
    found = field.annotation
    if is_secret(found):
        return "secret"
    inner = element_of(found)
    if inner is not None:
        what = "channels" if bare(inner) is Channel else f"{_word(inner, plural=True)}{_choices(inner)}"
        return f"{'table' if is_table(found) else 'list'} of {what}"
    return _word(found) + _choices(found) + _bounds(field)


def _word(annotation: Any, *, plural: bool = False) -> str:
    if is_secret(annotation):
        return "secrets"
    found = bare(annotation)
    one, many = {
        int: ("whole number", "whole numbers"),
        float: ("number", "numbers"),
        bool: ("true or false", ""),
        Any: ("any", "any values"),
    }.get(found, ("text", "words") if not words(annotation) else ("one", "any"))
    return many if plural else one


def _choices(annotation: Any) -> str:
    return " of " + ", ".join(word or "(empty)" for word in words(annotation)) if words(annotation) else ""


def _bounds(field: FieldInfo) -> str:
    limits = {name: getattr(m, name) for m in field.metadata for name in ("ge", "le") if hasattr(m, name)}
    return f", {limits['ge']} to {limits['le']}" if len(limits) == 2 else ""


def _default(field: FieldInfo) -> str:
    said = field.json_schema_extra
    if isinstance(said, dict) and "default" in said:
        return str(said["default"])
    if field.default is PydanticUndefined:
        return "required"
    return _spell(field.default) if field.default not in (None, (), {}) else "none"


def _spell(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(_spell(item) for item in value)
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value.value if isinstance(value, Enum) else value}`"


def with_table(document: str) -> str:
    """The document with what stands between the marks replaced."""
    before, _, rest = document.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.write_text(with_table(target.read_text()))
