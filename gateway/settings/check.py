"""What types cannot say: names used twice, what each connector declares, and the defaults that it decides.

Works on the text's own tables, whatever else is wrong with them, so that every fault is found at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from connectors.base import SourceConfig, VendorConnector
from connectors.interaction import Channel, IdentifierKind, SourceKind
from gateway.settings.fault import Finding, Path, nearest
from gateway.settings.registry import Registry

VERIFIED_BY_DEFAULT = {
    SourceKind.TICKETING: (IdentifierKind.EMAIL, IdentifierKind.PHONE),
    SourceKind.TELEPHONY: (IdentifierKind.EMAIL, IdentifierKind.PHONE),
}
"""BEHAVIOUR.md, "Who is it": for sources without a flag of their own."""

_AT = re.compile(r" - at `\$(.*)`$")
_STEP = re.compile(r"\.(\w+)|\[(\d+)\]")
_QUOTED = re.compile(r"Invalid enum value .*")


def tables(raw: Mapping[str, Any], *path: str) -> list[tuple[int, dict[str, Any]]]:
    """The tables of an array of tables, with their position; those that are something else are left to the types."""
    found: Any = raw
    for key in path:
        found = found.get(key) if isinstance(found, dict) else None
    return [(i, table) for i, table in enumerate(found) if isinstance(table, dict)] if isinstance(found, list) else []


def find(raw: Mapping[str, Any], registry: Registry) -> Iterator[Finding]:
    yield from _twice(raw, ("sources",), "name")
    yield from _twice(raw, ("auth", "keys"), "id")
    yield from _twice(raw, ("auth", "issuers"), "issuer")
    for index, issuer in tables(raw, "auth", "issuers"):
        path: Path = ("auth", "issuers", index)
        if "jwks_url" not in issuer and "jwks_file" not in issuer:
            yield Finding((*path, "jwks_url"), "is missing", "add it, or `jwks_file`: where its public keys are")
        elif "jwks_url" in issuer and "jwks_file" in issuer:
            yield Finding((*path, "jwks_file"), "stands beside `jwks_url`", "keep one of them")
    for index, source in tables(raw, "sources"):
        yield from _source(source, ("sources", index), registry)


def _twice(raw: Mapping[str, Any], array: Sequence[str], key: str) -> Iterator[Finding]:
    """Names that differ only in `-` and `_` are one in the environment."""
    seen: set[str] = set()
    for index, table in tables(raw, *array):
        name = table.get(key)
        if isinstance(name, str):
            plain = name.replace("-", "_")
            if plain in seen:
                yield Finding((*array, index, key), "is the name of another one as well", "choose another name")
            seen.add(plain)


def _source(source: Mapping[str, Any], path: Path, registry: Registry) -> Iterator[Finding]:
    connector = source.get("connector")
    if not isinstance(connector, str) or connector not in registry.names():
        return
    cls = registry.connector_class(connector)
    if cls is None:
        yield Finding((*path, "connector"), "cannot be loaded", "repair or reinstall the package that offers it")
        return
    yield from _struct(source.get("credentials", {}), cls.Credentials, (*path, "credentials"), secret=True)
    yield from _struct(source.get("options", {}), cls.Options, (*path, "options"), secret=False)
    yield from _channels(source, path, cls)


def _channels(source: Mapping[str, Any], path: Path, cls: type[VendorConnector]) -> Iterator[Finding]:
    channels = source.get("channels")
    if channels == []:
        yield Finding((*path, "channels"), "is empty", "leave it out to take every channel")
    known = sorted(cls.channels)
    for index, channel in enumerate(channels) if isinstance(channels, list) else ():
        if isinstance(channel, str) and channel in frozenset(Channel) and channel not in known:
            yield Finding(
                (*path, "channels", index), "is not among the channels of this connector", f"known: {', '.join(known)}"
            )


def _struct(given: Any, struct: type[msgspec.Struct], path: Path, *, secret: bool) -> Iterator[Finding]:
    """Key by key against what the connector declares. Secrets are judged by their names: their values come later."""
    if not isinstance(given, dict):
        return
    fields = {field.encode_name: field for field in msgspec.structs.fields(struct)}
    for key, field in fields.items():
        if key not in given and field.required:
            yield Finding((*path, key), "is missing", "add it: its connector needs it")
        elif key in given and not secret:
            yield from _option(given[key], field.type, (*path, key))
    for key in given:
        if key not in fields:
            yield Finding((*path, key), "is unknown to its connector", nearest(key, fields))


def _option(value: Any, type_: Any, path: Path) -> Iterator[Finding]:
    try:
        msgspec.convert(value, type_)
    except msgspec.ValidationError as error:
        text = str(error)
        at = _AT.search(text)
        if at is not None:
            text = text[: at.start()]
            path = (*path, *(int(index) if index else key for key, index in _STEP.findall(at[1])))
        text = _QUOTED.sub("it is none of the known words", text)
        yield Finding(path, "is refused by its connector", text[:1].lower() + text[1:])


def whole(config: SourceConfig, cls: type[VendorConnector], path: Path) -> Iterator[Finding]:
    """Rules that a connector's credentials and options have among themselves, once each of them is there."""
    declared = (("credentials", config.credentials, cls.Credentials), ("options", config.options, cls.Options))
    for key, values, struct in declared:
        try:
            msgspec.convert(values, struct)
        except msgspec.ValidationError as error:
            reason = _AT.sub("", str(error))
            tells = any(value in reason for value in config.credentials.values())
            yield Finding((*path, key), "is refused by its connector", "check its documentation" if tells else reason)


def add_defaults(raw: Mapping[str, Any], registry: Registry) -> None:
    """What a source leaves out and its connector decides."""
    for _, source in tables(raw, "sources"):
        connector = source.get("connector")
        known = isinstance(connector, str) and connector in registry.names()
        cls = registry.connector_class(str(connector)) if known else None
        if cls is not None:
            source.setdefault("channels", sorted(cls.channels))
            source.setdefault("verifies", list(VERIFIED_BY_DEFAULT.get(cls.kind, ())))
