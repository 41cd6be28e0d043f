"""A proved token is remembered for half a minute, and never beyond its end."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gateway.errors import UnauthenticatedError
from gateway.viewer.issuer import LocalIssuer
from gateway.viewer.tokens import REMEMBERED_FOR, TokenVerifier, TrustedIssuer
from tests.gateway.viewer.support import NOW


class Keys:
    """The issuer's keys until they are taken away; counts how often they were asked for."""

    def __init__(self, trusted: TrustedIssuer) -> None:
        self.asked = 0
        self.gone = False
        self._keys = trusted.keys

    async def key(self, key_id, algorithm):
        self.asked += 1
        return None if self.gone else await self._keys.key(key_id, algorithm)

    async def aclose(self) -> None:
        pass


async def test_a_token_is_proved_once_in_half_a_minute_and_dies_on_time():
    now = NOW
    issuer = LocalIssuer(b"s" * 32, lambda: NOW)
    trusted = issuer.trusted()
    keys = Keys(trusted)
    verifier = TokenVerifier([TrustedIssuer(trusted.section, keys)], 0, lambda: now)
    token = issuer.mint("ada", {}, timedelta(seconds=70))

    assert (await verifier.verify(token)).subject == "ada"
    now = NOW + REMEMBERED_FOR - timedelta(seconds=1)
    assert (await verifier.verify(token)).subject == "ada"
    assert keys.asked == 1

    now = NOW + REMEMBERED_FOR
    await verifier.verify(token)
    assert keys.asked == 2, "proved again, so that a withdrawn key counts"
    now = NOW + timedelta(seconds=71)
    with pytest.raises(UnauthenticatedError):
        await verifier.verify(token)


async def test_a_withdrawn_key_counts_after_half_a_minute():
    now = NOW
    issuer = LocalIssuer(b"s" * 32, lambda: NOW)
    trusted = issuer.trusted()
    keys = Keys(trusted)
    verifier = TokenVerifier([TrustedIssuer(trusted.section, keys)], 0, lambda: now)
    token = issuer.mint("ada", {}, timedelta(hours=1))
    await verifier.verify(token)
    keys.gone = True
    now = NOW + REMEMBERED_FOR
    with pytest.raises(UnauthenticatedError):
        await verifier.verify(token)
