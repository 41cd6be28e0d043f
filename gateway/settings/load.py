"""From a TOML text and the environment to settings, or to everything that is wrong with them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path as FilePath
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from connectors.toml_text import Lines, TomlError, parse
from gateway.deployment import EVERY_DIVISION
from gateway.settings import check
from gateway.settings.environment import Overrides
from gateway.settings.fault import Fault, Finding, Path, SettingsError, nearest, spell
from gateway.settings.model import GatewaySection, Settings
from gateway.settings.registry import Installed, Registry
from gateway.settings.shape import section_at
from gateway.settings.types import Surroundings

_INSTALLED = Installed()
_DEFAULT_HOME: str = GatewaySection.model_fields["home_division"].default


def load(path: FilePath, environment: Mapping[str, str], registry: Registry = _INSTALLED) -> Settings:
    """The settings of one file with `GATEWAY_…` laid over it. Raises `SettingsError` with every fault at once.

    Paths in the file are relative to its folder.
    """
    text = _read(path)
    raw = _parse(text, path.name)
    overrides = Overrides(raw, environment, registry)
    check.resolve_files(raw, registry, path.parent)
    locate = _Locator(path.name, Lines(text), overrides.origins)
    findings = list(check.find(raw, registry))
    check.add_defaults(raw, registry)
    settings = None
    try:
        settings = Settings.model_validate_json(
            json.dumps(raw, default=str), context=Surroundings(environment, path.parent, _names(raw, registry))
        )
    except ValidationError as error:
        findings += (_finding(detail) for detail in error.errors(include_url=False, include_input=False))
    if settings is not None and not findings:
        findings += _whole(settings, registry)
    faults = overrides.faults + locate.faults(findings)
    if faults or settings is None:
        raise SettingsError(faults)
    return settings


def _read(path: FilePath) -> str:
    try:
        return path.read_bytes().decode()
    except OSError:
        fault = Fault("", path.name, "the file cannot be read", "check the path, and that the gateway may read it")
    except UnicodeDecodeError:
        fault = Fault("", path.name, "the file is not UTF-8", "store it as UTF-8")
    raise SettingsError([fault])


def _parse(text: str, name: str) -> dict[str, Any]:
    try:
        return parse(text, name)
    except TomlError as error:
        raise SettingsError(error.faults) from None


def _names(raw: Mapping[str, Any], registry: Registry) -> dict[str, frozenset[str]]:
    """Every name that something else may refer to, defined rightly or not."""

    def keys(section: str) -> frozenset[str]:
        table = raw.get(section)
        return frozenset(table) if isinstance(table, dict) else frozenset()

    gateway = raw.get("gateway")
    home = gateway.get("home_division") if isinstance(gateway, dict) else None
    return {
        "role": keys("roles"),
        "division": (keys("divisions") - {EVERY_DIVISION}) | {home if isinstance(home, str) else _DEFAULT_HOME},
        "work profile": keys("work_profiles"),
        "source": frozenset(str(source.get("name")) for _, source in check.tables(raw, "sources")),
        "connector": frozenset(registry.names()),
    }


def _whole(settings: Settings, registry: Registry) -> Iterable[Finding]:
    for index, (source, config) in enumerate(zip(settings.sources, settings.source_configs(), strict=True)):
        cls = check.connector_class(source.connector, config.options, registry)
        assert cls is not None
        yield from check.whole(config, cls, ("sources", index))
        if source.webhook is not None:
            options = source.webhook.all_options()
            hidden = frozenset(str(options[key]) for key in source.webhook.credentials)
            name = source.webhook.receiver or source.connector
            yield from check.whole_webhook(name, options, config, hidden, ("sources", index, "webhook"))


def _finding(detail: ErrorDetails) -> Finding:
    path = tuple(detail["loc"])
    if path[-1:] == ("[key]",):
        path = path[:-1]
    context = detail.get("ctx", {})
    kind = detail["type"]
    if kind == "settings":
        return Finding(path, context["problem"], context["mend"])
    if kind == "extra_forbidden":
        section = section_at(path[:-1])
        return Finding(path, "is unknown", nearest(path[-1], section.model_fields if section else ()))
    if kind == "missing":
        section = section_at(path[:-1])
        description = section.model_fields[str(path[-1])].description if section else ""
        return Finding(path, "is missing", f"add it: {description}")
    if kind in ("enum", "literal_error"):
        return Finding(path, "is none of the known words", f"known: {context['expected']}".replace("'", ""))
    if kind in _TYPES:
        return Finding(path, f"is not {_TYPES[kind]}", f"give {_TYPES[kind]}")
    if kind in _BOUNDS:
        problem, mend = (text.format(**context) for text in _BOUNDS[kind])
        return Finding(path, problem, mend)
    return Finding(path, "is not right", detail["msg"])


_TYPES = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "int_parsing_size": "a whole number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "string_type": "text in quotes",
    "tuple_type": "a list",
    "dict_type": "a table",
    "model_type": "a table",
}
_BOUNDS = {
    "greater_than_equal": ("is too small", "give at least {ge}"),
    "less_than_equal": ("is too large", "give at most {le}"),
    "string_too_short": ("is too short", "give at least {min_length} characters"),
    "string_too_long": ("is too long", "give at most {max_length} characters"),
    "too_short": ("has too few entries", "give at least {min_length}"),
    "too_long": ("has too many entries", "give at most {max_length}"),
    "string_pattern_mismatch": ("is not written as it must be", "it must match {pattern}"),
}


class _Locator:
    def __init__(self, name: str, lines: Lines, origins: Mapping[Path, str]) -> None:
        self._name = name
        self._lines = lines
        self._origins = origins

    def faults(self, findings: Iterable[Finding]) -> list[Fault]:
        """One a path, the first found; those of variables, then those of the file from its top."""
        first: dict[Path, Finding] = {}
        for finding in findings:
            first.setdefault(finding.path, finding)
        located = sorted(((self._place(path), finding) for path, finding in first.items()), key=lambda item: item[0])
        return [
            finding.elsewhere
            or Fault(spell(finding.path), variable or f"{self._name}:{line}", finding.problem, finding.mend)
            for (variable, line), finding in located
        ]

    def _place(self, path: Path) -> tuple[str, int]:
        """The variable, or the line: that of the table around it, at worst the first."""
        for end in range(len(path), 0, -1):
            if path[:end] in self._origins:
                return self._origins[path[:end]], 0
        return "", self._lines.of(path) or 1
