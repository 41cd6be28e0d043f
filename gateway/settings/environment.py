"""Environment variables laid over the file: `GATEWAY_SOURCES__ZENDESK__BASE_URL` is `base_url` of that source.

A double underscore goes one level down. Elements of `[[sources]]` and `[[auth.keys]]` go by name and id, other lists of
tables by position. Lists are written with commas or as in TOML. A secret's variable holds the secret itself; that of a
list of secrets the only one of it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from typing import Any

import msgspec

from gateway.settings.fault import Fault, Path, nearest
from gateway.settings.model import Settings
from gateway.settings.registry import Registry
from gateway.settings.section import Section
from gateway.settings.shape import NAMED_BY, annotation_of, element_of, is_secret, is_table, is_text, section_of

PREFIX = "GATEWAY_"
OUR_OWN = frozenset({"GATEWAY_CONFIG"})
"""Read by the command line, not by the settings."""

_KUBERNETES = re.compile(r"GATEWAY_(SERVICE_HOST|SERVICE_PORT|PORT)(_|$)")


class Overrides:
    """`origins`: which variable each overridden path came from."""

    def __init__(self, raw: dict[str, Any], environment: Mapping[str, str], registry: Registry) -> None:
        self.faults: list[Fault] = []
        self.origins: dict[Path, str] = {}
        self._registry = registry
        referenced = frozenset(_referenced(raw))
        for variable in sorted(environment):
            if variable.startswith(PREFIX) and variable not in OUR_OWN | referenced:
                steps = variable.removeprefix(PREFIX).lower().split("__")
                try:
                    self._set(_Place(raw, Settings, ()), steps, variable, environment[variable])
                except _Unknown as unknown:
                    mend = unknown.mend
                    if _KUBERNETES.match(variable):
                        mend = "Kubernetes sets it for a service called gateway: set `enableServiceLinks: false`"
                    self.faults.append(Fault(variable, variable, "is no setting", mend))

    def _set(self, place: _Place, steps: list[str], variable: str, text: str) -> None:
        step, *rest = steps
        if step not in place.section.model_fields:
            raise _Unknown(nearest(step, place.section.model_fields))
        annotation = annotation_of(place.section, step)
        path = (*place.path, step)
        inner, element = section_of(annotation), element_of(annotation)
        of_sections = section_of(element) if element is not None else None
        if inner is not None:
            table = place.table.setdefault(step, {})
            if isinstance(table, dict):
                self._descend(_Place(table, inner, path), rest, variable, text)
        elif of_sections is not None:
            key, table = _element(place.table.get(step), step, rest)
            self._descend(_Place(table, of_sections, (*path, key)), rest[1:], variable, text)
        elif is_table(annotation):
            table = place.table.setdefault(step, {})
            if isinstance(table, dict):
                self._set_entry(place, table, path, rest, variable, text)
        elif is_secret(annotation):
            self._leaf(place.table, path, _reference(rest, variable, text), variable)
        elif is_secret(element):
            self._leaf(place.table, path, [_reference(rest, variable, text)], variable)
        elif rest:
            raise _Unknown(f"`{step}` is a value: end the name there")
        else:
            value = text if is_text(annotation) else _list(text) if element is not None else _scalar(text)
            self._leaf(place.table, path, value, variable)

    def _descend(self, place: _Place, rest: list[str], variable: str, text: str) -> None:
        if not rest:
            raise _Unknown(f"name a key below it: {', '.join(sorted(place.section.model_fields))}")
        self._set(place, rest, variable, text)

    def _set_entry(
        self, place: _Place, table: dict[str, Any], path: Path, rest: list[str], variable: str, text: str
    ) -> None:
        """One entry of `credentials`, `options`, `services` and the like."""
        if not rest:
            raise _Unknown("name an entry below it")
        key = next((known for known in table if _plain(known) == rest[0]), rest[0])
        value: Any = text
        if path[-1] == "credentials":
            value = _reference(rest[1:], variable, text)
        elif rest[1:]:
            raise _Unknown("an entry is a value: end the name there")
        elif path[-1] == "options":
            value = self._option(place.table.get("connector"), key, text)
        self._leaf(table, (*path, key), value, variable)

    def _option(self, connector: object, key: str, text: str) -> Any:
        """Text where its connector takes text, else a TOML value."""
        cls = self._registry.connector_class(connector) if isinstance(connector, str) else None
        for field in msgspec.structs.fields(cls.Options) if cls is not None else ():
            if field.encode_name == key:
                try:
                    msgspec.convert(text, field.type)
                except msgspec.ValidationError:
                    return _scalar(text)
        return text

    def _leaf(self, table: dict[str, Any], path: Path, value: Any, variable: str) -> None:
        table[str(path[-1])] = value
        self.origins[path] = variable


class _Place:
    """A table of the configuration, what it is, and where."""

    def __init__(self, table: dict[str, Any], section: type[Section], path: Path) -> None:
        self.table = table
        self.section = section
        self.path = path


class _Unknown(Exception):
    def __init__(self, mend: str) -> None:
        super().__init__(mend)
        self.mend = mend


def _element(container: Any, key: str, rest: list[str]) -> tuple[str | int, dict[str, Any]]:
    """The element of a list or table of tables that the next step names; it must be in the file."""
    candidates: dict[str, tuple[str | int, Any]] = {}
    if isinstance(container, dict):
        candidates = {_plain(name): (name, table) for name, table in container.items()}
    elif isinstance(container, list):
        for index, table in enumerate(container):
            name = table.get(NAMED_BY.get(key, "")) if isinstance(table, dict) else None
            candidates[_plain(name) if isinstance(name, str) else str(index)] = (index, table)
    if not rest or rest[0] not in candidates:
        raise _Unknown(f"`{key}` of the file: {nearest(rest[0] if rest else '', candidates)}")
    found, table = candidates[rest[0]]
    if not isinstance(table, dict):
        raise _Unknown("it is no table in the file")
    return found, table


def _reference(rest: list[str], variable: str, text: str) -> dict[str, str]:
    match rest:
        case []:
            return {"env": variable}
        case ["env" | "file" as kind]:
            return {kind: text}
    raise _Unknown("end the name there, or with `__FILE` or `__ENV`")


def _plain(name: str) -> str:
    """A name as a variable can spell it."""
    return re.sub(r"[^a-z0-9]", "_", name.lower())


def _list(text: str) -> Any:
    if text.lstrip().startswith("["):
        return _scalar(text)
    return [item.strip() for item in text.split(",") if item.strip()]


def _scalar(text: str) -> Any:
    """A TOML value; text that is none stays text, and is then refused by the setting's type."""
    try:
        value = tomllib.loads(f"v = {text}")
    except tomllib.TOMLDecodeError:
        return text
    return value["v"] if len(value) == 1 else text


def _referenced(value: Any) -> list[str]:
    """Variables that the file itself names as secrets."""
    if isinstance(value, dict):
        own = [value["env"]] if len(value) == 1 and isinstance(value.get("env"), str) else []
        return own + [name for inner in value.values() for name in _referenced(inner)]
    return [name for inner in value for name in _referenced(inner)] if isinstance(value, list) else []
