"""What types cannot say: names used twice, what each connector declares, and the defaults that it decides.

Works on the text's own tables, whatever else is wrong with them, so that every fault is found at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path as FilePath
from typing import Any

import msgspec

from connectors.base import SourceConfig, VendorConnector
from connectors.interaction import Channel, IdentifierKind, SourceKind
from connectors.journal import Journal
from connectors.registry import configured, files
from connectors.rules import can_be_told_as
from connectors.toml_text import TomlError
from connectors.webhooks import RECEIVERS, make_receiver, receiver_class
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
        yield from _webhook(source, ("sources", index, "webhook"))
    yield from _harvest(raw, registry)
    yield from _without_store(raw)


def _without_store(raw: Mapping[str, Any]) -> Iterator[Finding]:
    """What is told once, or copied, must be kept somewhere."""
    store, harvest = raw.get("store"), raw.get("harvest")
    if not isinstance(store, dict) or store.get("url") != "":
        return
    told = any("webhook" in source for _, source in tables(raw, "sources"))
    if told or (isinstance(harvest, dict) and harvest.get("sources")):
        yield Finding(
            ("store", "url"), "keeps nothing, but webhooks and harvests need a store", "name a file or a database"
        )


def _harvest(raw: Mapping[str, Any], registry: Registry) -> Iterator[Finding]:
    """Sources are harvested once each, if their connectors tell changes."""
    section = raw.get("harvest")
    named = section.get("sources") if isinstance(section, dict) else None
    if not isinstance(named, list):
        return
    sources = {str(source.get("name")): source for _, source in tables(raw, "sources")}
    for index, name in enumerate(named):
        path: Path = ("harvest", "sources", index)
        source = sources.get(str(name), {})
        cls = connector_class(source.get("connector"), source.get("options", {}), registry)
        sheet = getattr(cls, "capabilities", None)
        if sheet is not None and not sheet.changes:
            yield Finding(
                path, "is a source that tells no changes", "leave it out; docs/connectors names those that do"
            )
        elif name in named[:index]:
            yield Finding(path, "is there already", "leave it out")


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
    options = source.get("options", {})
    yield from _struct(options, cls.Options, (*path, "options"), secret=False)
    try:
        cls = configured(cls, options)
    except TomlError as error:  # of another file that an option names
        for index, fault in enumerate(error.faults):
            yield Finding((*path, "options", index), fault.problem, fault.mend, elsewhere=fault)
        return
    if not source.get("base_url") and not hasattr(cls, "base_url"):
        yield Finding((*path, "base_url"), "is missing", "add it: its connector needs it")
    if issubclass(cls, Journal):
        for key in ("channels", "webhook"):
            if key not in source:
                yield Finding((*path, key), "is missing", "add it: all that is known of this source is told by webhook")
    yield from _struct(source.get("credentials", {}), cls.Credentials, (*path, "credentials"), secret=True)
    yield from _inboxes(source, path, cls)
    yield from _channels(source, path, cls)


def _inboxes(source: Mapping[str, Any], path: Path, cls: type[VendorConnector]) -> Iterator[Finding]:
    taken = source.get("channels", Channel)
    for inbox, channel in _mapped(source).items():
        if not _can_come(channel, cls):
            known = ", ".join(other for other in Channel if _can_come(other, cls))
            yield Finding((*path, "inboxes", inbox), "is a channel that its rows cannot be told as", f"known: {known}")
        elif channel not in taken:
            yield Finding((*path, "inboxes", inbox), "is a channel that is not taken from it", "add it to `channels`")


def _mapped(source: Mapping[str, Any]) -> dict[str, Channel]:
    """Its `inboxes`, without what is no channel."""
    given = source.get("inboxes")
    words = given.items() if isinstance(given, dict) else ()
    return {inbox: Channel(word) for inbox, word in words if isinstance(word, str) and word in frozenset(Channel)}


def _can_come(channel: Channel, cls: type[VendorConnector]) -> bool:
    """From an inbox of this connector, by an operator's rule."""
    return any(can_be_told_as(own, channel) for own in cls.channels)


def _taken_channels(source: Mapping[str, Any], cls: type[VendorConnector]) -> list[Channel]:
    """All that its connector has, and what its inboxes are said to carry."""
    return sorted(cls.channels | {channel for channel in _mapped(source).values() if _can_come(channel, cls)})


def _channels(source: Mapping[str, Any], path: Path, cls: type[VendorConnector]) -> Iterator[Finding]:
    channels = source.get("channels")
    if channels == []:
        yield Finding((*path, "channels"), "is empty", "leave it out to take every channel")
    known = _taken_channels(source, cls)
    for index, channel in enumerate(channels) if isinstance(channels, list) else ():
        if isinstance(channel, str) and channel in frozenset(Channel) and channel not in known:
            yield Finding(
                (*path, "channels", index), "is not among the channels of this connector", f"known: {', '.join(known)}"
            )


def _webhook(source: Mapping[str, Any], path: Path) -> Iterator[Finding]:
    webhook = source.get("webhook")
    if not isinstance(webhook, dict):
        return
    name = webhook.get("receiver", source.get("connector"))
    if name not in RECEIVERS:
        mend = nearest(name, RECEIVERS) if isinstance(name, str) else "name one"
        problem = "is unknown" if "receiver" in webhook else "is missing: its connector has none of its own"
        yield Finding((*path, "receiver"), problem, mend)
        return
    cls = receiver_class(name)
    options, secrets = dict(_items(webhook.get("options"))), dict(_items(webhook.get("credentials")))
    for key in options.keys() & cls.secret_options:
        yield Finding((*path, "options", key), "is a secret", "move it to `credentials` of the webhook")
    for key in secrets.keys() - cls.secret_options:
        yield Finding((*path, "credentials", key), "is no secret of its receiver", nearest(key, cls.secret_options))
    plain = {key: value for key, value in options.items() if key not in cls.secret_options}
    for finding in _struct(plain, cls.Options, (*path, "options"), secret=False):
        key = str(finding.path[-1])
        if key not in cls.secret_options:
            yield finding
        elif key not in options.keys() | secrets.keys():
            yield Finding((*path, "credentials", key), finding.problem, "add it: its receiver needs it")


def _items(table: Any) -> list[tuple[str, Any]]:
    return list(table.items()) if isinstance(table, dict) else []


def whole_webhook(
    name: str, options: Mapping[str, Any], config: SourceConfig, hidden: frozenset[str], path: Path
) -> Iterator[Finding]:
    """Rules that a receiver's options have among themselves, once each of them is there. `hidden`: texts of secrets."""
    try:
        make_receiver(name, options, config)
    except msgspec.ValidationError as error:
        reason = _AT.sub("", str(error))
        tells = any(text in reason for text in hidden)
        yield Finding((*path, "options"), "is refused by its receiver", "see docs/webhooks.md" if tells else reason)


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


def connector_class(name: object, options: Any, registry: Registry) -> type[VendorConnector] | None:
    """None where it cannot be had: the fault is found elsewhere."""
    if not isinstance(name, str) or name not in registry.names():
        return None
    cls = registry.connector_class(name)
    try:
        return None if cls is None else configured(cls, options)
    except TomlError:
        return None


def resolve_files(raw: Mapping[str, Any], registry: Registry, folder: FilePath) -> None:
    """Options that name a file name it from the folder of the configuration."""
    for _, source in tables(raw, "sources"):
        name, options = source.get("connector"), source.get("options")
        cls = registry.connector_class(name) if isinstance(name, str) and name in registry.names() else None
        if cls is None or not isinstance(options, dict):
            continue
        for key in files(cls):
            if isinstance(options.get(key), str) and "." in options[key]:
                options[key] = str(folder / options[key])


def add_defaults(raw: Mapping[str, Any], registry: Registry) -> None:
    """What a source leaves out and its connector decides."""
    for _, source in tables(raw, "sources"):
        cls = connector_class(source.get("connector"), source.get("options", {}), registry)
        if cls is not None:
            source.setdefault("channels", _taken_channels(source, cls))
            source.setdefault("verifies", list(VERIFIED_BY_DEFAULT.get(cls.kind, ())))
