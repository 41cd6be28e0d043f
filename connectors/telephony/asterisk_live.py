"""Calls that are going on, from ARI's channels and bridges. Pure.

Source: docs.asterisk.org, "Channels REST API" and "Bridges REST API". A channel does not say which call it belongs to,
unless `ari.conf` has `channelvars = CHANNEL(linkedid)`; else channels of one bridge, and the two halves of a Local
channel, are one call.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from connectors.interaction import InteractionStatus
from connectors.telephony.asterisk_rows import application_argument, epoch_of, interface_of

LINKED_ID = "CHANNEL(linkedid)"
_CALLED = frozenset({"AppDial", "AppQueue"})
"""What a channel runs that somebody else's channel called."""


class Caller(msgspec.Struct):
    number: str | None = None
    name: str | None = None


class Dialplan(msgspec.Struct):
    context: str | None = None
    exten: str | None = None
    app_name: str | None = None
    app_data: str | None = None


class Channel(msgspec.Struct):
    id: str
    name: str
    creationtime: str | None = None
    caller: Caller | None = None
    dialplan: Dialplan | None = None
    channelvars: dict[str, str] | None = None

    @property
    def app(self) -> str:
        return (self.dialplan and self.dialplan.app_name) or ""

    @property
    def created_at(self) -> datetime | None:
        """To the second, as the CDR will have it."""
        at = epoch_of(self.id)
        if at is None and self.creationtime:
            try:
                at = datetime.fromisoformat(self.creationtime).astimezone(UTC).replace(microsecond=0)
            except (ValueError, OverflowError):
                return None
        return at


class Bridge(msgspec.Struct):
    id: str
    channels: list[str]
    bridge_type: str | None = None


class LiveCall(NamedTuple):
    """`entry`: the channel that the call began with. `queue` while it waits in one; `agent`: an interface."""

    id: str
    started_at: datetime
    entry: Channel
    waits: bool
    is_held: bool
    queue: str | None
    peer: str | None


def live_calls(channels: Iterable[Channel], bridges: Iterable[Bridge]) -> list[LiveCall]:
    """One for each group of channels that belong together and in which somebody's call came in or began."""
    by_id = {channel.id: channel for channel in channels if channel.id.strip()}
    kept = [bridge for bridge in bridges if any(id_ in by_id for id_ in bridge.channels)]
    calls = (_call(group, by_id, kept) for group in _groups(by_id, kept))
    return [call for call in calls if call is not None]


def _groups(by_id: dict[str, Channel], bridges: Iterable[Bridge]) -> list[list[Channel]]:
    ties: dict[str, str] = {id_: id_ for id_ in by_id}

    def root(id_: str) -> str:
        while ties[id_] != id_:
            id_ = ties[id_]
        return id_

    def tie(ids: Iterable[str]) -> None:
        roots = sorted({root(id_) for id_ in ids if id_ in by_id})
        for other in roots[1:]:
            ties[other] = roots[0]

    halves: dict[str, list[str]] = defaultdict(list)
    for channel in by_id.values():
        linked = (channel.channelvars or {}).get(LINKED_ID)
        if linked:
            halves[f"linked {linked}"].append(channel.id)
        if channel.name.endswith((";1", ";2")):
            halves[channel.name[:-2]].append(channel.id)
    for ids in halves.values():
        tie(ids)
    for bridge in bridges:
        tie(bridge.channels)
    groups: dict[str, list[Channel]] = defaultdict(list)
    for channel in by_id.values():
        groups[root(channel.id)].append(channel)
    return list(groups.values())


def _call(group: list[Channel], by_id: dict[str, Channel], bridges: Iterable[Bridge]) -> LiveCall | None:
    dated = sorted((at, _serial(channel.id), channel.id) for channel in group if (at := channel.created_at))
    entry = by_id[dated[0][2]] if dated else None
    if entry is None or entry.app in _CALLED:  # it rings for a call whose other channels are not tied to it yet
        return None
    linked = next((id_ for c in group if (id_ := (c.channelvars or {}).get(LINKED_ID))), None)
    held = next((bridge for bridge in bridges if entry.id in bridge.channels), None)
    peers = [by_id[id_] for id_ in (held.channels if held else ()) if id_ != entry.id and id_ in by_id]
    data = (entry.dialplan and entry.dialplan.app_data) or ""
    return LiveCall(
        id=linked or entry.id,
        started_at=dated[0][0],
        entry=entry,
        waits=not peers and entry.app in ("Queue", "Dial"),
        is_held=held is not None and held.bridge_type == "holding",
        queue=(application_argument(data) or None) if entry.app == "Queue" else None,
        peer=interface_of(peers[0].name) if peers else None,
    )


def _serial(id_: str) -> int:
    """Channels of one second are numbered."""
    tail = id_.rpartition(".")[2]
    return int(tail) if tail.isascii() and tail.isdigit() and len(tail) < 12 else 0


def status_of(call: LiveCall, *, is_outbound: bool) -> InteractionStatus:
    if call.is_held:
        return InteractionStatus.ON_HOLD
    return InteractionStatus.QUEUED if call.waits and not is_outbound else InteractionStatus.ACTIVE
