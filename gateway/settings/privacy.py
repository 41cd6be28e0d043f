"""What an operator can say about who may look how often, what of it is recorded, and how long things are kept."""

from __future__ import annotations

from pydantic import Field

from gateway.settings.section import Section


class AuditSection(Section):
    max_waiting: int = Field(
        default=20_000,
        ge=100,
        le=1_000_000,
        description="Entries that wait while the store is away; with so many, nobody is shown anything more.",
    )


class RateLimitsSection(Section):
    per_second: float = Field(
        default=100.0,
        ge=0.1,
        le=1_000_000,
        description="Questions about customers that one viewer may ask, in the long run; one operation may hold many.",
    )
    burst: int = Field(default=1000, ge=10, le=1_000_000, description="And so many at once.")


class RetentionSection(Section):
    quarantine_days: int = Field(
        default=30, ge=1, le=3650, description="Deliveries that nobody understood are deleted after so long."
    )
    every_hours: int = Field(default=1, ge=1, le=168, description="How often a running gateway deletes what is old.")
