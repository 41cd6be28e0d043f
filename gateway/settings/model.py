"""What an operator can say in `gateway.toml`, as frozen values. docs/configuration.md is made from the descriptions."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator

from connectors.base import SourceConfig
from connectors.identifiers import email, phone, whatsapp
from connectors.interaction import (
    AddressKind,
    Channel,
    Identifier,
    IdentifierKind,
    JourneyStage,
    OutcomeKind,
    TicketPriority,
)
from connectors.rules import RowRules
from gateway.deployment import EVERY_DIVISION, Deployment, Module, SourceRules, WorkProfile
from gateway.settings.harvest import HarvestSection
from gateway.settings.privacy import AuditSection, RateLimitsSection, RetentionSection
from gateway.settings.section import Section
from gateway.settings.types import (
    AddressPattern,
    CampaignRef,
    ConnectorRef,
    Contact,
    Divisions,
    DocumentsPath,
    EncryptedUrl,
    HexSha256,
    Host,
    KeyId,
    KeySetPath,
    Name,
    NotEmpty,
    OneDivision,
    Origin,
    Permission,
    ProfileRef,
    Region,
    RoleRef,
    Secret,
    Secret32Bytes,
    SourceName,
    SourceRef,
    StoreUrl,
    TimeZone,
    Word,
    host_of,
    is_loopback,
    refusal,
    web_address,
)
from gateway.sources.cache import CacheLimits
from gateway.viewer.jwks import Algorithm
from gateway.viewer.viewer import ViewerKind

LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "[::1]")


class GatewaySection(Section):
    deadline_ms: int = Field(
        default=1500,
        ge=50,
        le=30_000,
        description="Longest time for one operation; later sources are reported as late.",
    )
    modules: tuple[Module, ...] = Field(
        description="Licensed modules. JOURNEY is calls; nothing shows without it. The others add their channels."
    )
    region: Region | None = Field(
        default=None, description="Country (ISO 3166) assumed for phone numbers without a country prefix."
    )
    time_zone: TimeZone = Field(
        default="UTC", description="IANA name; where `today` begins unless a viewer says otherwise."
    )
    home_division: Name = Field(default="Home", description="Division of rows, and of sources, that name none.")
    public_url: EncryptedUrl = Field(default="http://localhost:8000", description="Where browsers reach the gateway.")
    origins: tuple[Origin, ...] = Field(
        default=(),
        description="Web origins whose pages may call the gateway from a browser (CORS), and show `/embed` in a frame.",
    )
    hosts: tuple[Host, ...] = Field(
        default=(),
        description="`Host` headers that are answered; `*.example.org` takes every name below it.",
        json_schema_extra={"default": "that of `public_url`, and loopback"},
    )
    secret: Secret32Bytes = Field(
        description="32 random bytes, base64 or hexadecimal; seals ids and cursors. All replicas need the same one."
    )
    messaging_idle_seconds: int = Field(
        default=45, ge=1, le=86_400, description="A message conversation without activity for this long is IDLE."
    )
    messaging_inactive_seconds: int = Field(default=60, ge=1, le=86_400, description="And INACTIVE after this long.")
    repeat_contact_days: int = Field(
        default=7,
        ge=1,
        le=365,
        description="A contact on the same topic this soon after the last is a repeat: of the same episode, and a sign "
        "that it was not resolved.",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="Least severe entry to log."
    )
    introspection: bool = Field(default=False, description="Whether the schema can be asked for over the API.")
    max_body_bytes: int = Field(default=65_536, ge=1024, le=1_048_576, description="Largest request body.")
    max_tokens: int = Field(default=1000, ge=50, le=15_000, description="Most lexical tokens in a document.")
    max_depth: int = Field(default=15, ge=5, le=100, description="Deepest nesting of fields in a document.")
    max_aliases: int = Field(default=30, ge=0, le=1000, description="Most aliases in a document.")
    max_root_fields: int = Field(
        default=20, ge=1, le=200, description="Most fields of Query or Mutation in an operation."
    )
    max_directives: int = Field(default=50, ge=0, le=1000, description="Most directives in a document.")
    max_repeated_fields: int = Field(
        default=50, ge=1, le=1000, description="Most repetitions of one field in a selection."
    )
    max_selections: int = Field(
        default=5000, ge=100, le=100_000, description="Most fields once fragments are spread out."
    )

    transport: Literal["lean", "aiohttp"] = Field(
        default="lean", description="What speaks HTTP with the sources: the gateway's own transport, or aiohttp's."
    )
    trusted_documents: DocumentsPath | None = Field(
        default=None,
        description="A JSON file of documents by their SHA-256, which clients may send instead of the text.",
    )
    only_trusted_documents: bool = Field(
        default=False,
        description="Whether all other documents are refused. Those of the widget are known without being named.",
    )
    graphiql: bool = Field(
        default=False,
        description="Whether developers find GraphiQL at `/graphiql`. Needs `introspection`; not for production.",
    )
    compiled_selections: bool = Field(
        default=True, description="Whether lists of plain data are written by compiled code; off only in case of need."
    )

    @field_validator("graphiql")
    @classmethod
    def _may_ask(cls, value: bool, info: ValidationInfo) -> bool:
        if value and info.data.get("introspection") is False:
            raise refusal("cannot ask for the schema", "set `introspection` to true, or this to false")
        if value and info.data.get("only_trusted_documents"):
            raise refusal("may ask nothing", "set `only_trusted_documents` to false, or this")
        return value

    @field_validator("messaging_inactive_seconds")
    @classmethod
    def _after_idle(cls, value: int, info: ValidationInfo) -> int:
        idle = info.data.get("messaging_idle_seconds")
        if idle is not None and value <= idle:
            raise refusal("is not longer than `messaging_idle_seconds`", "make it longer")
        return value

    def answered_hosts(self) -> tuple[str, ...]:
        return self.hosts or tuple(dict.fromkeys((host_of(self.public_url), *LOOPBACK_HOSTS)))


class CacheSection(Section):
    url: Literal["memory://", ""] = Field(
        default="memory://", description="Where sources' answers are kept for a while; empty: every question is asked."
    )
    soft_seconds: float = Field(default=5.0, ge=0, le=3600, description="For so long an answer is as good as new.")
    grace_seconds: float = Field(
        default=10.0, ge=0, le=3600, description="For so long it is given once more while a new one is fetched."
    )
    hard_seconds: float = Field(
        default=300.0, ge=0, le=86_400, description="For so long it is given, as STALE, in place of a failure."
    )
    failure_seconds: float = Field(
        default=1.0, ge=0, le=60, description="For so long a question that failed is not asked again."
    )
    max_megabytes: int = Field(default=32, ge=1, le=16_384, description="Memory for all of it, roughly.")

    def limits(self) -> CacheLimits:
        return CacheLimits(
            soft_seconds=self.soft_seconds,
            grace_seconds=max(self.soft_seconds, self.grace_seconds),
            hard_seconds=max(self.soft_seconds, self.hard_seconds),
            failure_seconds=self.failure_seconds,
            max_bytes=self.max_megabytes * 1024 * 1024,
        )


class StoreSection(Section):
    url: StoreUrl = Field(
        default="sqlite:///journey.db",
        description="Where the journal is: a file (relative to this one's folder), or `postgresql://user@host/database`"
        "; empty: nothing is kept, and no read is recorded.",
    )
    password: Secret | None = Field(default=None, description="Of the user of a PostgreSQL database.")
    key: Secret32Bytes | None = Field(
        default=None, description="32 random bytes, base64 or hexadecimal; what is stored is encrypted with it."
    )
    previous_key: Secret32Bytes | None = Field(
        default=None, description="The key before: what was stored with it can still be read."
    )

    def keys(self) -> list[bytes]:
        """The one that is used first."""
        return [key.get_secret_value() for key in (self.key, self.previous_key) if key is not None]


class IdentitySection(Section):
    shared_after: int = Field(
        default=5,
        ge=2,
        le=1000,
        description="An identifier on this many records of one source is shared, so joins nobody.",
    )
    shared: tuple[Contact, ...] = Field(
        default=(), description="Phone numbers (+39…) and e-mail addresses that join nobody: switchboards, info@."
    )

    def shared_identifiers(self) -> frozenset[Identifier]:
        """A shared number is shared on WhatsApp as well."""
        found = (make(text) for text in self.shared for make in (phone, email, whatsapp))
        return frozenset(identifier for identifier in found if identifier is not None)


class ClaimNames(Section):
    """A name that is no claim of the token, but has dots, is a path into nested claims: `realm_access.roles`."""

    roles: Word = Field(default="roles", description="Claim with the names of roles: text or a list.")
    divisions: Word = Field(
        default="divisions", description='Claim with the names of divisions: text or a list; "*" is every.'
    )
    work_profiles: Word = Field(default="work_profiles", description="Claim with the work profiles that may be chosen.")
    work_profile: Word = Field(
        default="work_profile", description="Claim with the active one, where no header names it."
    )
    kind: Word = Field(default="kind", description="Claim with AGENT, SUPERVISOR, SERVICE or WIDGET; else AGENT.")
    name: Word = Field(default="name", description="Claim with the name that people know the viewer by.")


class IssuerSection(Section):
    issuer: Word = Field(description="The `iss` of its tokens, exactly.")
    audience: Word = Field(description="The `aud` that its tokens must hold.")
    jwks_url: EncryptedUrl | None = Field(default=None, description="Where its public keys are; or `jwks_file`.")
    jwks_file: KeySetPath | None = Field(default=None, description="A file with its public keys; or `jwks_url`.")
    algorithms: Annotated[tuple[Algorithm, ...], NotEmpty] = Field(
        default=tuple(Algorithm), description="Signatures that are accepted from it."
    )
    claims: ClaimNames = Field(default_factory=ClaimNames, description="How its tokens name what the gateway reads.")


class ApiKeySection(Section):
    id: KeyId = Field(description="Part of the key's text; small letters, digits and hyphens.")
    name: Word = Field(description="Whose it is, for people.")
    hashes: Annotated[tuple[HexSha256, ...], NotEmpty] = Field(
        max_length=2, description="SHA-256 of the keys that are live; two while one replaces the other."
    )
    roles: Annotated[tuple[RoleRef, ...], NotEmpty] = Field(description="What it may do.")
    divisions: Divisions = Field(default=(), description='Where, for roles that do not fix it: names, or "*".')
    kind: ViewerKind = Field(default=ViewerKind.SERVICE, description="Kind of viewer.")
    work_profiles: tuple[ProfileRef, ...] = Field(default=(), description="Work profiles that its caller may choose.")
    work_profile: ProfileRef | None = Field(default=None, description="The active one, where no header names it.")

    @field_validator("work_profile")
    @classmethod
    def _is_allowed(cls, value: str | None, info: ValidationInfo) -> str | None:
        allowed = info.data.get("work_profiles")
        if value is not None and allowed is not None and value not in allowed:
            raise refusal("is not one of its `work_profiles`", "add it there")
        return value


class AuthSection(Section):
    leeway_seconds: int = Field(default=30, ge=0, le=60, description="How far issuers' clocks may differ from ours.")
    widget_token_seconds: int = Field(
        default=900, ge=30, le=900, description="Longest life of a widget's token; never longer than its maker's."
    )
    issuers: tuple[IssuerSection, ...] = Field(default=(), description="Who signs viewers' tokens.")
    keys: tuple[ApiKeySection, ...] = Field(default=(), description="API keys of other tools.")


class RoleSection(Section):
    permissions: tuple[Permission, ...] = Field(description="What it allows.")
    divisions: Divisions | None = Field(
        default=None,
        description='Where: names, or "*" for every division.',
        json_schema_extra={"default": "those of the token or key"},
    )


class DivisionSection(Section):
    label: Word | None = Field(default=None, description="Its name for people.")


class WorkProfileSection(Section):
    channels: tuple[Channel, ...] = Field(description="Channels that its agents work on.")
    queues: tuple[Word, ...] = Field(default=(), description="Services, as `sources.services` calls them.")
    campaigns: tuple[CampaignRef, ...] = Field(default=(), description="Campaigns, as `source/campaign id`.")

    def profile(self, name: str) -> WorkProfile:
        return WorkProfile(name, frozenset(self.channels), frozenset(self.queues), frozenset(self.campaigns))


class EscalationSection(Section):
    tags: tuple[Word, ...] = Field(default=(), description="A ticket with one of these tags is escalated.")
    priorities: tuple[TicketPriority, ...] = Field(default=(), description="So is one of these priorities.")
    queues: tuple[Word, ...] = Field(default=(), description="So is one in one of these queues (vendor's id or name).")


class WebhookSection(Section):
    """Deliveries of a source come in at `/ingest/NAME`; docs/webhooks.md says how each vendor is set up."""

    secrets: Annotated[tuple[Secret, ...], NotEmpty] = Field(
        max_length=2, description="What proves that a delivery is its own; two while one replaces the other."
    )
    receiver: Word | None = Field(
        default=None,
        description="Who reads its deliveries.",
        json_schema_extra={"default": "that of its `connector`"},
    )
    credentials: dict[str, Secret] = Field(default={}, description="Further secrets that its receiver declares.")
    options: dict[str, Any] = Field(default={}, description="Options that its receiver declares.")
    max_body_bytes: int = Field(
        default=4_194_304, ge=1024, le=67_108_864, description="Largest delivery that is looked at."
    )

    def all_options(self) -> dict[str, Any]:
        """Secret ones among them laid open."""
        return {**self.options, **{key: secret.get_secret_value() for key, secret in self.credentials.items()}}


class SourceSection(Section):
    name: SourceName = Field(description="Our name of it, shown to viewers; small letters, digits, `-` and `_`.")
    connector: ConnectorRef = Field(description="The connector that speaks with it.")
    allow_insecure: bool = Field(default=False, description="Whether `base_url` may be http beyond this machine.")
    base_url: str = Field(
        default="",
        description="Where it is: https, or http on this machine.",
        json_schema_extra={"default": "required, but where the connector knows it, or needs none"},
    )
    credentials: dict[str, Secret] = Field(default={}, description="Secrets that its connector declares.")
    options: dict[str, Any] = Field(default={}, description="Options that its connector declares.")
    channels: tuple[Channel, ...] = Field(
        default=(), description="What is taken from it.", json_schema_extra={"default": "all that its connector has"}
    )
    divisions: Divisions = Field(
        default=(),
        description='Divisions of its rows that name none: names, or "*".',
        json_schema_extra={"default": "the home division"},
    )
    division_names: dict[str, OneDivision] = Field(default={}, description="Its division ids or names, to ours.")
    services: dict[str, Word] = Field(default={}, description="Its queue ids or names, to services of work profiles.")
    inboxes: dict[str, Channel] = Field(
        default={}, description="Its inboxes, mailboxes, numbers or queues, by id or name, to the channel they carry."
    )
    number_types: dict[AddressPattern, Literal["HOME", "WORK", "MOBILE", "OFFICE"]] = Field(
        default={},
        description="Addresses (+39…, or +3902* and *@example.org) to their kind, where it does not say.",
    )
    outcomes: dict[str, OutcomeKind] = Field(
        default={}, description="Its outcomes, wrap-up codes or dispositions, by id or label, to how it went."
    )
    verifies: tuple[IdentifierKind, ...] = Field(
        default=(),
        description="Kinds of identifiers that count as verified where it has no flag of its own.",
        json_schema_extra={"default": "EMAIL and PHONE for ticketing and telephony, else none"},
    )
    escalation: EscalationSection = Field(
        default_factory=EscalationSection, description="Which tickets are escalated where it has no mark of its own."
    )
    external_id_source: Word | None = Field(
        default=None, description='Whose ids its "external id" field holds: a source\'s name, or a word such as `crm`.'
    )
    region: Region | None = Field(
        default=None,
        description="As `gateway.region`, for this source.",
        json_schema_extra={"default": "`gateway.region`"},
    )
    time_zone: TimeZone = Field(default="UTC", description="IANA name; for vendors that tell local time.")
    max_connections: int = Field(default=20, ge=1, le=500, description="Most connections to it at once.")
    webhook: WebhookSection | None = Field(default=None, description="How it tells by itself what has happened.")
    retention_days: int | None = Field(
        default=None,
        ge=1,
        le=36_500,
        description="What it told is deleted from the journal so long after its last activity.",
        json_schema_extra={"default": "kept"},
    )
    retention_days_by_channel: dict[Channel, Annotated[int, Field(ge=1, le=36_500)]] = Field(
        default={}, description="The same, where a channel is another matter."
    )
    timeout_ms: int | None = Field(
        default=None,
        ge=50,
        le=30_000,
        description="Longest time for one answer of it.",
        json_schema_extra={"default": "`gateway.deadline_ms`"},
    )

    @field_validator("base_url")
    @classmethod
    def _is_encrypted(cls, value: str, info: ValidationInfo) -> str:
        if value:
            web_address(value)
        if value.startswith("http:") and not is_loopback(host_of(value)) and not info.data.get("allow_insecure"):
            raise refusal("is not encrypted", "use https, or set `allow_insecure = true` on a network that you trust")
        return value

    def rules(self) -> SourceRules:
        return SourceRules(
            self.name, frozenset(self.channels), self.divisions, dict(self.division_names), dict(self.services)
        )

    def config(self, default_region: str | None) -> SourceConfig:
        """What its connector is made of; the only place where its secrets are laid open."""
        return SourceConfig(
            name=self.name,
            base_url=self.base_url,
            credentials={key: secret.get_secret_value() for key, secret in self.credentials.items()},
            options=dict(self.options),
            external_id_source=self.external_id_source,
            region=self.region or default_region,
            time_zone=self.time_zone,
            rules=self._row_rules(),
        )

    def _row_rules(self) -> RowRules | None:
        if not (self.inboxes or self.number_types or self.outcomes):
            return None
        number_types = {pattern: AddressKind(kind) for pattern, kind in self.number_types.items()}
        return RowRules(dict(self.inboxes), number_types, dict(self.outcomes))


class TouchpointSection(Section):
    """Matches a row that is in every list given; the first touchpoint that matches is the row's."""

    stage: JourneyStage = Field(description="Stage of the journey that it belongs to.")
    channels: tuple[Channel, ...] = Field(default=(), description="Channels that it happens on.")
    sources: tuple[SourceRef, ...] = Field(default=(), description="Sources that tell of it.")
    queues: tuple[Word, ...] = Field(default=(), description="Services, as in work profiles.")
    campaigns: tuple[CampaignRef, ...] = Field(default=(), description="Campaigns, as `source/campaign id`.")


class TopicSection(Section):
    """A row is about the first topic of which it carries a mark, as far as the viewer is shown it."""

    sources: tuple[SourceRef, ...] = Field(default=(), description="Sources that it is told by; empty: all.")
    words: tuple[Word, ...] = Field(default=(), description="What sources themselves call it.")
    tags: tuple[Word, ...] = Field(default=(), description="Tags that mark it.")
    wrap_up_codes: tuple[Word, ...] = Field(
        default=(), description="Wrap-up codes that mark it, by id, label or an outer level."
    )
    queues: tuple[Word, ...] = Field(default=(), description="Queues where it is dealt with, or their services.")


class Settings(Section):
    """The whole of `gateway.toml` with the environment laid over it; made by `gateway.settings.load` alone."""

    gateway: GatewaySection = Field(description="The gateway itself.")
    identity: IdentitySection = Field(default_factory=IdentitySection, description="Who is who.")
    store: StoreSection = Field(
        default_factory=StoreSection,
        description="The journal: what sources told by themselves, who is whom, and who looked.",
    )
    harvest: HarvestSection = Field(
        default_factory=HarvestSection, description="What is copied from sources into the journal."
    )
    cache: CacheSection = Field(default_factory=CacheSection, description="What sources said a moment ago.")
    auth: AuthSection = Field(default_factory=AuthSection, description="Who may ask.")
    rate_limits: RateLimitsSection = Field(
        default_factory=RateLimitsSection, description="How often one viewer may look."
    )
    audit: AuditSection = Field(default_factory=AuditSection, description="The record of who looked at whom.")
    retention: RetentionSection = Field(default_factory=RetentionSection, description="How long things are kept.")
    roles: dict[Name, RoleSection] = Field(default={}, description="What viewers may do, by role.")
    divisions: dict[Name, DivisionSection] = Field(
        default={}, description="Parts of the company that rights are split by."
    )
    work_profiles: dict[Name, WorkProfileSection] = Field(default={}, description="What agents work on.")
    sources: tuple[SourceSection, ...] = Field(default=(), description="The systems that are asked.")
    topics: dict[Name, TopicSection] = Field(
        default={}, description="What contacts are about, in your own terms; episodes are joined by it."
    )
    touchpoints: dict[Name, TouchpointSection] = Field(default={}, description="Names for moments of a journey.")

    def deployment(self) -> Deployment:
        return Deployment(
            modules=frozenset(self.gateway.modules),
            sources={source.name: source.rules() for source in self.sources},
            home_division=self.gateway.home_division,
            divisions=frozenset({*self.divisions, self.gateway.home_division}) - {EVERY_DIVISION},
            work_profiles={name: profile.profile(name) for name, profile in self.work_profiles.items()},
        )

    def source_configs(self) -> list[SourceConfig]:
        return [source.config(self.gateway.region) for source in self.sources]
