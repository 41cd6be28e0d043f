"""A proved token is remembered for half a minute, and never beyond its end; a key as long as the settings stand."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gateway.errors import UnauthenticatedError
from gateway.permissions import EVENT_VIEW, PII_VIEW
from gateway.settings import Settings, load
from gateway.viewer.authenticate import Authenticator
from gateway.viewer.issuer import LocalIssuer
from gateway.viewer.keys import hash_of, new_key
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


KEY, KEY_HASH = new_key("nightly")
TEXT = """
[gateway]
modules = ["JOURNEY"]
secret = { env = "SEAL" }

[roles.viewer]
permissions = ["journey:event:view", "customer:pii:view"]
"""
ENTRY = f"""
[[auth.keys]]
id = "nightly"
name = "Nightly"
hashes = ["{KEY_HASH}"]
roles = ["viewer"]
divisions = "*"
"""


@pytest.fixture
def read(tmp_path):
    def read(text: str) -> Settings:
        path = tmp_path / "gateway.toml"
        path.write_text(text)
        return load(path, {"SEAL": bytes(range(32)).hex()})

    return read


async def test_a_key_is_judged_by_the_settings_in_force(read):
    settings = read(TEXT + ENTRY)
    authenticator = Authenticator(lambda: settings, TokenVerifier([], 0))
    viewer = await authenticator.viewer(f"Bearer {KEY}", None)
    assert viewer.grants.keys() == {EVENT_VIEW, PII_VIEW}
    assert await authenticator.viewer(f"Bearer {KEY}", None) is viewer

    settings = read(TEXT.replace(', "customer:pii:view"', "") + ENTRY)
    assert (await authenticator.viewer(f"Bearer {KEY}", None)).grants.keys() == {EVENT_VIEW}

    settings = read(TEXT)
    with pytest.raises(UnauthenticatedError):
        await authenticator.viewer(f"Bearer {KEY}", None)


async def test_a_key_is_remembered_by_its_hash_and_a_wrong_one_not_at_all(read):
    settings = read(TEXT + ENTRY)
    authenticator = Authenticator(lambda: settings, TokenVerifier([], 0))
    wrong = f"jgk_nightly_{'A' * 43}"
    for _ in range(2):
        await authenticator.viewer(f"Bearer {KEY}", None)
        with pytest.raises(UnauthenticatedError):
            await authenticator.viewer(f"Bearer {wrong}", None)
    kept = repr(vars(authenticator))
    assert KEY_HASH in kept
    assert not any(text in kept for text in (KEY, wrong, hash_of(wrong)))
