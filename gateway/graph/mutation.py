"""What can be changed: widget tokens, who is who, and what is stored of a customer."""

from __future__ import annotations

import re
from collections.abc import Awaitable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, TypeVar
from urllib.parse import urlsplit

import strawberry
import structlog

from gateway.customers.editing import NOT_KEPT, latest, merge_customers, unlink_identifier
from gateway.deployment import WorkProfile
from gateway.errors import BadUserInputError, ForbiddenError, InternalError
from gateway.graph import ids
from gateway.graph.customer import Customer, SingleCustomerView, customer_node, view_node
from gateway.graph.inputs import CustomerKey, read_identifier, read_text
from gateway.graph.nodes import Info
from gateway.graph.parts import plain
from gateway.operation import Operation, Person
from gateway.permissions import DATA_ERASE, EVENT_VIEW, IDENTITY_EDIT, WIDGET_TOKEN_CREATE
from gateway.privacy.erasure import erase_customer
from gateway.store.errors import StoreError
from gateway.viewer.viewer import Viewer, ViewerKind
from gateway.viewer.widgets import MAX_LIFETIME, WIDGET_PERMISSIONS, WidgetTokens

T = TypeVar("T")
log = structlog.get_logger()

DEFAULT_LIFETIME_SECONDS = 900
HOST = re.compile(r"[a-z0-9.-]+|[0-9a-f:.]+")
DEFAULT_PORTS = {"http": 80, "https": 443}


@strawberry.input(description="Whom a widget shows, where it stands, and for how long.")
class CreateWidgetTokenInput:
    customer: CustomerKey = plain("The one customer that it may show.")
    origin: str = plain("Where the widget is embedded, such as `https://crm.example.com`: scheme, host and port alone.")
    work_profile_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="The work profile to look through; else the caller's. It stays fixed."
    )
    lifetime_seconds: int | None = strawberry.field(
        default=DEFAULT_LIFETIME_SECONDS,
        description="At most the deployment's limit, 15 minutes, and the caller's own token; `expiresAt` says what it "
        "came to.",
    )


@strawberry.type(description="A token for one embed.")
class WidgetToken:
    id: strawberry.ID = plain("What `revokeWidgetToken` takes.")
    secret: str = plain("What the widget sends; shown this once.")
    expires_at: datetime = plain("When it ends by itself.")


@strawberry.type(description="A token, if the key found one customer.")
class CreateWidgetTokenPayload:
    token: WidgetToken | None = plain("Null unless `view.state` is MATCHED.")
    view: SingleCustomerView = plain(
        "Whom the key found, as the widget will be shown them; of several candidates, the host chooses and asks again "
        "by id."
    )


@strawberry.input(description="Which token to end.")
class RevokeWidgetTokenInput:
    token_id: strawberry.ID = plain("The `id` of a `WidgetToken`.")


@strawberry.type(description="A token that counts no more.")
class RevokeWidgetTokenPayload:
    revoked_at: datetime = plain("Since when.")


@strawberry.input(description="Two customers who are one person. `fromId` still answers afterwards, as `intoId`.")
class MergeCustomersInput:
    into_id: strawberry.ID = plain("Who goes on.")
    from_id: strawberry.ID = plain("Who becomes part of them.")
    reason: str = plain("Why, for those who look at it later. No personal data.")


@strawberry.type(description="What two customers became.")
class MergeCustomersPayload:
    customer: Customer = plain("Both of them.")


@strawberry.input(description="An identifier that does not tell that its holders are one person.")
class UnlinkIdentifierInput:
    identifier_id: strawberry.ID = plain("An `Identifier.id`.")
    reason: str = plain("Why, for those who look at it later. No personal data.")


@strawberry.type(description="What one customer became.")
class UnlinkIdentifierPayload:
    customer: Customer = plain("Who goes on under the id that both had.")
    separated: Customer = plain("Who is somebody else from now on.")


@strawberry.input(description="Whom to forget.")
class EraseCustomerInput:
    customer_id: strawberry.ID = plain("A customer's id.")
    reason: str = plain("Why, for those who look at it later. No personal data.")


@strawberry.type(description="How much was forgotten in one place.")
class ErasedStore:
    store: str = plain("Where.")
    records: int = plain("How many things there were about this customer.")


@strawberry.type(description="The receipt of an erasure.")
class EraseCustomerPayload:
    erased_at: datetime = plain("What happened before that and is told later is left out as well.")
    stores: list[ErasedStore] = plain("Everything that the gateway keeps anything in.")


@strawberry.type(description="Everything that can be changed.")
class Mutation:
    @strawberry.field(
        description="A short-lived token for one embed: one customer, the caller's own rights or fewer, one origin. "
        "Needs `widget:token:create`."
    )
    async def create_widget_token(
        self, info: Info, input: Annotated[CreateWidgetTokenInput, strawberry.argument(description="For what.")]
    ) -> CreateWidgetTokenPayload | None:
        operation = info.context
        _require(operation, WIDGET_TOKEN_CREATE, EVENT_VIEW)
        origin, lifetime = _read_origin(input.origin), _read_lifetime(input.lifetime_seconds)
        tokens = _tokens(operation)
        widget = _as_widget(operation.viewer, _read_profile(operation, input.work_profile_id))
        looking = operation.as_viewer(widget)
        identifier = read_identifier(looking, input.customer)
        if identifier is None:
            lookup = looking.nobody()
        elif isinstance(identifier, ids.CustomerId):
            lookup = await looking.look_up_handle(identifier.identifier)
        else:
            lookup = await looking.look_up(identifier)
        token = None
        if len(lookup.people) == 1:
            assert operation.viewer.identity is not None, "whoever may make tokens has shown a token or a key"
            profile = None if widget.active is None else widget.active.name
            grant, secret = tokens.mint(operation.viewer.identity, lookup.people[0].handle, origin, profile, lifetime)
            id_ = operation.gateway.ids.of(ids.WidgetTokenId(grant.id, grant.expires_at, grant.subject))
            token = WidgetToken(id=strawberry.ID(id_), secret=secret, expires_at=grant.ends)
        return CreateWidgetTokenPayload(token=token, view=view_node(looking, lookup))

    @strawberry.field(
        description="Ends a token, and its streams, before its time. For whoever made it, and for whoever has "
        "`widget:token:create`."
    )
    async def revoke_widget_token(
        self, info: Info, input: Annotated[RevokeWidgetTokenInput, strawberry.argument(description="Which.")]
    ) -> RevokeWidgetTokenPayload | None:
        operation = info.context
        opened = operation.gateway.ids.open(input.token_id)
        viewer = operation.viewer
        mine = isinstance(opened, ids.WidgetTokenId) and viewer.only is None and opened.made_by == viewer.subject
        if not mine:
            _require(operation, WIDGET_TOKEN_CREATE)
        if not isinstance(opened, ids.WidgetTokenId):
            raise BadUserInputError("`tokenId` must be the id of a widget token.")
        tokens, recorder = _tokens(operation), operation.gateway.recorder
        if recorder is not None:
            await _kept(
                recorder.write(viewer, "revokeWidgetToken", (), operation.request_id, None, of_token=opened.token)
            )
        ends = datetime.fromtimestamp(opened.expires_at, UTC)
        return RevokeWidgetTokenPayload(revoked_at=await _kept(tokens.revoke(opened.token, ends)))

    @strawberry.field(description="Declare that two customers are one person. Needs `customer:identity:edit`.")
    async def merge_customers(
        self, info: Info, input: Annotated[MergeCustomersInput, strawberry.argument(description="Who, and why.")]
    ) -> MergeCustomersPayload | None:
        _require(info.context, IDENTITY_EDIT, EVENT_VIEW)
        reason = read_text("reason", input.reason)
        operation = await _kept(latest(info.context))
        into = await _read_customer(operation, "intoId", input.into_id)
        absorbed = await _read_customer(operation, "fromId", input.from_id)
        after, customer = await _kept(merge_customers(operation, into, absorbed, reason))
        return MergeCustomersPayload(customer=customer_node(after, customer))

    @strawberry.field(
        description="Undo a link, restoring both journeys exactly; an operator's merge is undone whole. Needs "
        "`customer:identity:edit`."
    )
    async def unlink_identifier(
        self, info: Info, input: Annotated[UnlinkIdentifierInput, strawberry.argument(description="Which, and why.")]
    ) -> UnlinkIdentifierPayload | None:
        _require(info.context, IDENTITY_EDIT, EVENT_VIEW)
        reason = read_text("reason", input.reason)
        operation = await _kept(latest(info.context))
        opened = operation.gateway.ids.open(input.identifier_id)
        if not isinstance(opened, ids.IdentifierId):
            raise BadUserInputError("`identifierId` must be the id of a customer's identifier.")
        after, stays, leaves = await _kept(unlink_identifier(operation, opened.identifier, reason))
        return UnlinkIdentifierPayload(customer=customer_node(after, stays), separated=customer_node(after, leaves))

    @strawberry.field(
        description="Forget everything that the gateway itself stores on this customer, and say so per store. Needs "
        "`customer:data:erase`."
    )
    async def erase_customer(
        self, info: Info, input: Annotated[EraseCustomerInput, strawberry.argument(description="Whom, and why.")]
    ) -> EraseCustomerPayload | None:
        operation = info.context
        if not operation.viewer.scope(DATA_ERASE).everywhere:
            raise ForbiddenError
        reason = read_text("reason", input.reason)
        opened = operation.gateway.ids.open(input.customer_id)
        if not isinstance(opened, ids.CustomerId):
            raise BadUserInputError("`customerId` must be the id of a customer.")
        receipt = await _kept(erase_customer(operation, opened.identifier, reason))
        return EraseCustomerPayload(
            erased_at=receipt.erased_at,
            stores=[ErasedStore(store=name, records=count) for name, count in receipt.stores.items()],
        )


def _require(operation: Operation, *permissions: str) -> None:
    if not all(map(operation.viewer.holds, permissions)):
        raise ForbiddenError


async def _kept(work: Awaitable[T]) -> T:
    """A store that is away is no fault of whoever asked, and tells them nothing else."""
    try:
        return await work
    except StoreError as error:
        log.error("store_unavailable", error=type(error).__name__)
        raise InternalError("The store cannot be reached now: ask again later.") from None


async def _read_customer(operation: Operation, name: str, text: str) -> Person:
    """A hidden customer is an unknown one."""
    opened = operation.gateway.ids.open(text)
    person = await operation.customer(opened.identifier) if isinstance(opened, ids.CustomerId) else None
    if person is None:
        raise BadUserInputError(f"`{name}` must be the id of a customer.")
    return person


# ---------------------------------------------------------------- widgets


def _tokens(operation: Operation) -> WidgetTokens:
    """Where a token could not be revoked, none is made."""
    tokens = operation.gateway.widgets
    if tokens is None or not tokens.are_kept:
        raise InternalError(NOT_KEPT)
    return tokens


def _as_widget(viewer: Viewer, profile: WorkProfile | None) -> Viewer:
    """What the caller will be through the widget: reading, and no more."""
    held = {permission: scope for permission, scope in viewer.grants.items() if permission in WIDGET_PERMISSIONS}
    profiles = () if profile is None else (profile.name,)
    return replace(viewer, kind=ViewerKind.WIDGET, grants=held, profiles=profiles, active=profile)


def _read_profile(operation: Operation, id_: strawberry.ID | None) -> WorkProfile | None:
    """An unknown one and one that the caller may not choose are refused alike."""
    viewer = operation.viewer
    if id_ is None or id_ is strawberry.UNSET:
        if viewer.active is None and viewer.kind is ViewerKind.AGENT:
            raise BadUserInputError("`workProfileId` must be given: an agent sees nothing without a work profile.")
        return viewer.active
    opened = operation.gateway.ids.open(id_)
    if not isinstance(opened, ids.WorkProfileId) or opened.name not in viewer.profiles:
        raise ForbiddenError
    profile = operation.judge.deployment.work_profiles.get(opened.name)
    if profile is None:
        raise ForbiddenError
    return profile


def _read_origin(text: str) -> str:
    """As browsers write it in `Origin`."""
    wrong = BadUserInputError("`origin` must be scheme, host and port alone, such as https://crm.example.com.")
    given = read_text("origin", text).lower()
    try:
        parts = urlsplit(given)
        port, host = parts.port, parts.hostname
    except ValueError:
        raise wrong from None
    if parts.scheme not in DEFAULT_PORTS or not host or given != f"{parts.scheme}://{parts.netloc}":
        raise wrong
    if "@" in parts.netloc or not HOST.fullmatch(host):
        raise wrong
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}" + ("" if port in (None, DEFAULT_PORTS[parts.scheme]) else f":{port}")


def _read_lifetime(seconds: int | None) -> timedelta:
    seconds = DEFAULT_LIFETIME_SECONDS if seconds is None else seconds
    most = int(MAX_LIFETIME.total_seconds())
    if not 1 <= seconds <= most:
        raise BadUserInputError(f"`lifetimeSeconds` must be between 1 and {most}.")
    return timedelta(seconds=seconds)
