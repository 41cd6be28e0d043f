"""The shape of the settings, read from their types: what stands at a path, for overrides, mends and documentation."""

from __future__ import annotations

import types
from collections.abc import Iterator
from enum import Enum
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import SecretBytes, SecretStr

from gateway.settings.fault import Path
from gateway.settings.model import Settings
from gateway.settings.section import Section

NAMED_BY = {"sources": "name", "keys": "id"}
"""Arrays of tables whose elements have a name, and the key that holds it."""


def bare(annotation: Any) -> Any:
    """`annotation` without what validates it, and without None."""
    while True:
        if get_origin(annotation) is Annotated:
            annotation = get_args(annotation)[0]
        elif get_origin(annotation) in (Union, types.UnionType):
            annotation = next(a for a in get_args(annotation) if a is not types.NoneType)
        else:
            return annotation


def section_of(annotation: Any) -> type[Section] | None:
    found = bare(annotation)
    return found if isinstance(found, type) and issubclass(found, Section) else None


def element_of(annotation: Any) -> Any:
    """What a list holds, or the values of a table; None for anything else."""
    found = bare(annotation)
    if get_origin(found) is tuple:
        return get_args(found)[0]
    if get_origin(found) is dict:
        return get_args(found)[1]
    return None


def is_table(annotation: Any) -> bool:
    return get_origin(bare(annotation)) is dict


def is_secret(annotation: Any) -> bool:
    return bare(annotation) in (SecretStr, SecretBytes)


def is_text(annotation: Any) -> bool:
    """Whether a bare word is one of its values, rather than a number, a truth value or a list."""
    found = bare(annotation)
    return found not in (int, float, bool, Any) and get_origin(found) not in (tuple, dict)


def section_at(path: Path) -> type[Section] | None:
    """The section whose keys stand below `path`."""
    annotation: Any = Settings
    for part in path:
        section = section_of(annotation)
        if section is None:
            annotation = element_of(annotation)
        elif isinstance(part, str) and part in section.model_fields:
            annotation = section.model_fields[part].annotation
        else:
            return None
        if annotation is None:
            return None
    return section_of(annotation)


def annotation_of(section: type[Section], key: str) -> Any:
    return section.model_fields[key].annotation


def words(annotation: Any) -> list[str]:
    """The values of an enumeration; empty for anything else."""
    found = bare(annotation)
    if isinstance(found, type) and issubclass(found, Enum):
        return [str(member.value) for member in found]
    return [str(value) for value in get_args(found)] if get_origin(found) is Literal else []


def leaves(section: type[Section] = Settings, prefix: str = "") -> Iterator[tuple[str, type[Section], str]]:
    """Every key that holds a value: how it is written (`sources[].name`, `roles.NAME.divisions`), and its field."""
    for key, field in section.model_fields.items():
        inner = section_of(field.annotation)
        element = section_of(element_of(field.annotation)) if element_of(field.annotation) is not None else None
        if inner is not None:
            yield from leaves(inner, f"{prefix}{key}.")
        elif element is not None:
            yield from leaves(element, f"{prefix}{key}{'.NAME' if is_table(field.annotation) else '[]'}.")
        else:
            yield prefix + key, section, key
