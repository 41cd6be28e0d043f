"""From the headers of a request to a viewer: who asks, what they were granted where, which work profile is in force.

Roles, divisions and profiles that nobody configured count as nothing. Source: VISIBILITY.md §1 and §5.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx

from gateway.deployment import EVERY_DIVISION
from gateway.errors import ForbiddenError, UnauthenticatedError
from gateway.permissions import EVERYWHERE_ONLY
from gateway.settings.model import ApiKeySection, IssuerSection, Settings
from gateway.viewer.jwks import FixedKeys, KeySource, RemoteKeys, read_key_set
from gateway.viewer.keys import PREFIX, find_key, hash_of
from gateway.viewer.tokens import TokenVerifier, TrustedIssuer, VerifiedToken
from gateway.viewer.viewer import EVERYWHERE, NOWHERE, Identity, Scope, Viewer, ViewerKind
from gateway.viewer.widgets import PREFIX as WIDGET_PREFIX
from gateway.viewer.widgets import WIDGET_PERMISSIONS, Grant, WidgetTokens

MAX_NAME_CHARACTERS = 200
MAX_VIEWERS = 5_000


class Authenticator:
    """`current` gives the settings in force, so that a changed role counts at the next request. `widgets`: None where
    no widget token is taken."""

    def __init__(
        self, current: Callable[[], Settings], tokens: TokenVerifier, widgets: WidgetTokens | None = None
    ) -> None:
        self._current = current
        self._tokens = tokens
        self._widgets = widgets
        self._viewers: OrderedDict[tuple[Hashable, str | None], tuple[Settings, object, Viewer]] = OrderedDict()
        self._keys: tuple[Settings | None, dict[str, ApiKeySection]] = (None, {})

    async def viewer(
        self, authorization: str | None, work_profile_header: str | None, origin: str | None = None
    ) -> Viewer:
        """`origin`: of the page that asks, as its browser says. Raises `UnauthenticatedError`, or `ForbiddenError` for
        a work profile that is unknown or not allowed."""
        scheme, _, credential = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not credential:
            raise UnauthenticatedError
        settings = self._current()
        if credential.startswith(WIDGET_PREFIX) and self._widgets is not None:
            grant = self._widgets.open(credential, origin)
            return self._viewer(settings, grant.id, grant, work_profile_header)
        if not credential.startswith(PREFIX):
            token = await self._tokens.verify(credential)
            return self._viewer(settings, id(token), token, work_profile_header)
        entry = self._entry(settings, credential)
        return self._viewer(settings, entry.id, entry, work_profile_header)

    def _entry(self, settings: Settings, key: str) -> ApiKeySection:
        """A key that was found is known by its hash as long as the settings stand, so there are never more than those
        that are configured."""
        if self._keys[0] is not settings:
            self._keys = (settings, {})
        known, digest = self._keys[1], hash_of(key)
        entry = known.get(digest) or find_key(key, settings.auth.keys)
        if entry is None:
            raise UnauthenticatedError
        known[digest] = entry
        return entry

    def _viewer(
        self,
        settings: Settings,
        key: Hashable,
        proof: VerifiedToken | ApiKeySection | Grant,
        work_profile_header: str | None,
    ) -> Viewer:
        """The same viewer for the same proof under the same settings, so that what is worked out for one request
        about what they may see holds for the next."""
        remembered = self._viewers.get((key, work_profile_header))
        if remembered is not None and remembered[0] is settings and remembered[1] is proof:
            return remembered[2]
        if isinstance(proof, Grant):
            viewer = self._widget(settings, proof, work_profile_header)
        else:
            identity = of_token(proof) if isinstance(proof, VerifiedToken) else of_key(proof)
            viewer = viewer_of(settings, identity, work_profile_header)
        self._viewers[key, work_profile_header] = (settings, proof, viewer)
        if len(self._viewers) > MAX_VIEWERS:
            self._viewers.popitem(last=False)
        return viewer

    def _widget(self, settings: Settings, grant: Grant, work_profile_header: str | None) -> Viewer:
        """Whoever made it must still be somebody: what they may do is looked up anew."""
        roles, divisions, profiles = grant.roles, grant.divisions, (() if grant.profile is None else (grant.profile,))
        if grant.key is not None:
            entry = next((entry for entry in settings.auth.keys if entry.id == grant.key), None)
            if entry is None:
                raise UnauthenticatedError
            if not set(profiles) <= set(entry.work_profiles) or (entry.kind is ViewerKind.AGENT and not profiles):
                raise ForbiddenError
            roles, divisions = entry.roles, entry.divisions
        elif grant.issuer is None or not self._tokens.trusts(grant.issuer):
            raise UnauthenticatedError
        identity = Identity(
            grant.subject, ViewerKind.WIDGET, roles, divisions, profiles, grant.profile, expires_at=grant.ends
        )
        viewer = viewer_of(settings, identity, work_profile_header)
        held = {permission: scope for permission, scope in viewer.grants.items() if permission in WIDGET_PERMISSIONS}
        return replace(viewer, grants=held, only=grant.customer, token=grant.id)


def viewer_of(settings: Settings, identity: Identity, work_profile_header: str | None = None) -> Viewer:
    """The viewer that an identity is in this deployment. Raises `ForbiddenError`, see `Authenticator.viewer`."""
    allowed = tuple(name for name in dict.fromkeys(identity.profiles) if name in settings.work_profiles)
    wanted = work_profile_header if work_profile_header is not None else identity.profile
    if wanted is not None and wanted not in allowed:
        raise ForbiddenError
    return Viewer(
        subject=identity.subject,
        kind=identity.kind,
        grants=grants(settings, identity.roles, _scope(settings, identity.divisions)),
        profiles=allowed,
        active=None if wanted is None else settings.work_profiles[wanted].profile(wanted),
        name=identity.name,
        expires_at=identity.expires_at,
        identity=identity,
    )


def grants(settings: Settings, roles: Iterable[str], own: Scope) -> Mapping[str, Scope]:
    """Each role's permissions where the role says, else in the bearer's own divisions; several roles add up."""
    held: dict[str, Scope] = {}
    for name in roles:
        role = settings.roles.get(name)
        if role is not None:
            scope = own if role.divisions is None else _scope(settings, role.divisions)
            for permission in role.permissions:
                held[permission] = held.get(permission, NOWHERE) | scope
    return {
        permission: EVERYWHERE if scope.everywhere else scope
        for permission, scope in held.items()
        if scope and (scope.everywhere or permission not in EVERYWHERE_ONLY)
    }


def _scope(settings: Settings, names: Iterable[str]) -> Scope:
    given = frozenset(names)
    if EVERY_DIVISION in given:
        return EVERYWHERE
    return Scope(divisions=given & {*settings.divisions, settings.gateway.home_division})


def of_token(token: VerifiedToken) -> Identity:
    names = token.issuer.claims
    kind, name = token.claim(names.kind), token.claim(names.name)
    return Identity(
        subject=token.subject,
        kind=ViewerKind(kind) if isinstance(kind, str) and kind in frozenset(ViewerKind) else ViewerKind.AGENT,
        roles=_listed(token.claim(names.roles)),
        divisions=_listed(token.claim(names.divisions)),
        profiles=_listed(token.claim(names.work_profiles)),
        profile=token.claim(names.work_profile),
        name=name[:MAX_NAME_CHARACTERS] if isinstance(name, str) and name.strip() else None,
        expires_at=token.expires_at,
        issuer=token.issuer.issuer,
    )


def of_key(entry: ApiKeySection) -> Identity:
    return Identity(
        subject=f"key:{entry.id}",
        kind=entry.kind,
        roles=entry.roles,
        divisions=entry.divisions,
        profiles=entry.work_profiles,
        profile=entry.work_profile,
        name=entry.name,
        key=entry.id,
    )


def _listed(claim: Any) -> tuple[str, ...]:
    """A claim that is one name or a list of them; anything else names nothing."""
    if isinstance(claim, str):
        return (claim,)
    return tuple(item for item in claim if isinstance(item, str)) if isinstance(claim, list) else ()


def verifier(
    settings: Settings,
    transport: Callable[[], httpx.AsyncBaseTransport],
    own: Iterable[TrustedIssuer] = (),
    *,
    clock: Callable[[], float] = time.monotonic,
    utc_now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> TokenVerifier:
    """For the configured issuers and the gateway's own. `transport` makes one for each issuer that is asked."""

    def keys(section: IssuerSection) -> KeySource:
        if section.jwks_file is not None:
            return FixedKeys(read_key_set(section.jwks_file.content))
        assert section.jwks_url is not None
        return RemoteKeys(section.jwks_url, transport(), clock)

    configured = [TrustedIssuer(section, keys(section)) for section in settings.auth.issuers]
    return TokenVerifier([*configured, *own], settings.auth.leeway_seconds, utc_now)
