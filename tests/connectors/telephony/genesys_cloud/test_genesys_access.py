"""Genesys Cloud: its token, its limits and failures, and its addresses."""

from __future__ import annotations

import httpx
import pytest

from connectors.errors import MalformedError, RateLimitedError, RefusedError, UnavailableError
from connectors.interaction import Identifier, IdentifierKind
from connectors.telephony.genesys_cloud import GenesysCloud
from tests.connectors.support import NOW, connect, router, soon
from tests.connectors.telephony.genesys_cloud import samples
from tests.connectors.telephony.genesys_cloud.fake import HOST, LOGIN, FakeGenesys
from tests.connectors.telephony.genesys_cloud.samples import ALWAYS, CONTACT, RECORD, stub


async def test_a_token_that_was_taken_back_is_fetched_again() -> None:
    fake = FakeGenesys(contacts=[samples.contact()])
    connector = fake.connect()
    await connector.check(soon())
    search = fake.routes.get(f"{HOST}/externalcontacts/contacts")
    search.side_effect = [httpx.Response(401), httpx.Response(200, json={"entities": []})]
    await connector.check(soon())
    assert fake.tokens == 2


async def test_many_at_once_fetch_one_token() -> None:
    fake = FakeGenesys(contacts=[samples.contact()])
    phones = [Identifier(IdentifierKind.PHONE, f"+39333111{n:04}") for n in range(8)]
    await fake.connect().find(phones, soon())
    assert fake.tokens == 1


async def test_wrong_secrets_are_refused() -> None:
    fake = FakeGenesys()
    fake.routes.post(LOGIN).mock(return_value=httpx.Response(400, json={"error": "invalid_client"}))
    with pytest.raises(RefusedError):
        await fake.connect().check(soon())


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.Response(429, headers={"Retry-After": "17"}, json={"code": "too.many.requests"}), RateLimitedError),
        (httpx.Response(403, json={"code": "missing.permissions"}), RefusedError),
        (httpx.Response(503), UnavailableError),
        (httpx.Response(200, text="<html>maintenance</html>"), MalformedError),
        (httpx.Response(200, json=[]), MalformedError),
    ],
)
async def test_a_failing_list_is_a_failing_source(answer: httpx.Response, error: type[Exception]) -> None:
    fake = FakeGenesys(contacts=[samples.contact()])
    fake.routes.post(f"{HOST}/analytics/conversations/details/query").mock(return_value=answer)
    with pytest.raises(error) as caught:
        await fake.connect().interactions([RECORD], ALWAYS, None, 50, soon())
    if isinstance(caught.value, RateLimitedError):
        assert caught.value.retry_after_seconds == 17


async def test_check_asks_for_both_permissions() -> None:
    fake = FakeGenesys()
    await fake.connect().check(soon())
    assert fake.calls == {"search": 1, "query": 1}


@pytest.mark.parametrize(
    ("base_url", "options", "token_url", "link"),
    [
        (
            "https://api.mypurecloud.ie",
            {},
            "https://login.mypurecloud.ie/oauth/token",
            "https://apps.mypurecloud.ie/directory/#/engage/admin/interactions/c",
        ),
        ("http://127.0.0.1:9/genesys", {}, "http://127.0.0.1:9/genesys/oauth/token", None),
        (
            "https://proxy.example.com/genesys",
            {"login_url": "https://login.example.com/", "apps_url": "https://apps.example.com/"},
            "https://login.example.com/oauth/token",
            "https://apps.example.com/directory/#/engage/admin/interactions/c",
        ),
    ],
)
async def test_addresses_follow_the_region(
    base_url: str, options: dict[str, str], token_url: str, link: str | None
) -> None:
    routes = router()
    token = routes.post(token_url).mock(return_value=httpx.Response(200, json={"access_token": "t"}))
    routes.get(f"{base_url}/api/v2/analytics/conversations/c/details").mock(
        return_value=httpx.Response(200, json=stub("c", NOW))
    )
    routes.get(url__startswith=f"{base_url}/api/v2/externalcontacts/contacts/{CONTACT}").mock(
        return_value=httpx.Response(200, json=samples.contact())
    )
    credentials = {"client_id": "id", "client_secret": "secret"}
    connector = connect(GenesysCloud, routes, base_url, credentials=credentials, options=options)
    row = await connector.get("c", soon())
    assert row is not None
    assert row.url == link
    assert token.call_count == 1
