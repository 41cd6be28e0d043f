"""`[harvest]`: what is copied from sources into the journal."""

from __future__ import annotations

from pydantic import Field

from gateway.settings.section import Section
from gateway.settings.types import SourceRef


class HarvestSection(Section):
    sources: tuple[SourceRef, ...] = Field(
        default=(),
        description="What `gateway harvest` copies into the journal, which then stands in for them: sources whose "
        "connectors tell changes.",
    )
    interval_seconds: int = Field(
        default=300, ge=5, le=86_400, description="As a service, each is asked for what is new so often."
    )
    calls_per_minute: int = Field(
        default=60, ge=1, le=6000, description="Most calls to one source, beside those that agents wait for."
    )
    history_days: int = Field(
        default=730, ge=1, le=7300, description="How far back the first harvest of a source begins."
    )
