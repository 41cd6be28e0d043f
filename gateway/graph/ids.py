"""Ids of this API: opaque, unique over all types, stable, and alike for every viewer.

An id holds what is needed to find the thing again, and its name where no source has to be asked for it; so nothing
has to be remembered, and an id says the same whatever anybody has been shown before.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from connectors.interaction import Agent, Campaign, Channel, Identifier, IdentifierKind
from gateway.sealing import Sealer


class CustomerId(msgspec.Struct, frozen=True, array_like=True, tag="c"):
    kind: IdentifierKind
    value: str
    channel: Channel | None = None
    source: str | None = None

    @property
    def identifier(self) -> Identifier:
        return Identifier(self.kind, self.value, self.channel, self.source)


class IdentifierId(msgspec.Struct, frozen=True, array_like=True, tag="i"):
    kind: IdentifierKind
    value: str
    channel: Channel | None = None
    source: str | None = None

    @property
    def identifier(self) -> Identifier:
        return Identifier(self.kind, self.value, self.channel, self.source)


class InteractionId(msgspec.Struct, frozen=True, array_like=True, tag="r"):
    source: str
    external_id: str


class EpisodeId(msgspec.Struct, frozen=True, array_like=True, tag="e"):
    """By its oldest row: whichever episode that row is in, as far as the viewer sees."""

    source: str
    external_id: str


class SourceId(msgspec.Struct, frozen=True, array_like=True, tag="s"):
    name: str


class ServiceId(msgspec.Struct, frozen=True, array_like=True, tag="q"):
    """A queue: a service that the operator named (`queue_id` is None), or a vendor's own queue."""

    service: str
    name: str
    source: str | None = None
    queue_id: str | None = None


class AgentId(msgspec.Struct, frozen=True, array_like=True, tag="a"):
    source: str
    agent_id: str
    name: str


class CampaignId(msgspec.Struct, frozen=True, array_like=True, tag="m"):
    source: str
    campaign_id: str
    name: str


class DivisionId(msgspec.Struct, frozen=True, array_like=True, tag="d"):
    name: str


class WorkProfileId(msgspec.Struct, frozen=True, array_like=True, tag="w"):
    name: str


class WidgetTokenId(msgspec.Struct, frozen=True, array_like=True, tag="t"):
    """Enough to revoke it: when it ends (Unix seconds) and who made it."""

    token: str
    expires_at: int
    made_by: str


AnyId = (
    CustomerId
    | IdentifierId
    | InteractionId
    | EpisodeId
    | SourceId
    | ServiceId
    | AgentId
    | CampaignId
    | DivisionId
    | WorkProfileId
    | WidgetTokenId
)


class Ids(NamedTuple):
    """Seals and opens ids; what cannot be opened is an unknown id."""

    sealer: Sealer

    def open(self, text: str) -> AnyId | None:
        return self.sealer.open(text, AnyId)  # type: ignore[arg-type]

    def of(self, content: AnyId) -> str:
        return self.sealer.seal(content)

    def customer(self, handle: Identifier) -> str:
        return self.of(CustomerId(handle.kind, handle.value, handle.channel, handle.source))

    def identifier(self, identifier: Identifier) -> str:
        return self.of(IdentifierId(identifier.kind, identifier.value, identifier.channel, identifier.source))

    def interaction(self, source: str, external_id: str) -> str:
        return self.sealer.seal(InteractionId(source, external_id))

    def episode(self, source: str, external_id: str) -> str:
        return self.sealer.seal(EpisodeId(source, external_id))

    def agent(self, source: str, agent: Agent) -> str:
        return self.of(AgentId(source, agent.id, agent.name))

    def campaign(self, source: str, campaign: Campaign) -> str:
        return self.of(CampaignId(source, campaign.id, campaign.name))
