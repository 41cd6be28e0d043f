"""An operator's rules stand between a connector and everything else: what is remembered, and who may see it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from connectors.base import EVERYTHING, Wanted, Window
from connectors.deadline import Deadline
from connectors.identifiers import phone
from connectors.interaction import AddressKind, Channel, Interaction
from gateway.build import build_gateway
from gateway.core import Clocks, Gateway
from gateway.demo import world
from gateway.deployment import Deployment, Module
from gateway.permissions import ALL_PERMISSIONS, PII_VIEW
from gateway.settings import Settings, load
from gateway.viewer.viewer import EVERYWHERE, Viewer, ViewerKind
from gateway.visibility import Judge
from sandbox.app import SandboxSettings, create_app
from sandbox.population import build
from sandbox.vendors.chatwoot_rows import INBOXES

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
POPULATION = build(1, NOW, depth=100)
VERA = phone("+393331110002")
CHATS = [f'{inbox.number} = "APPLE_MESSAGES"' for inbox in INBOXES if inbox.channel_type == "Channel::WebWidget"]
RULES = {
    "chat": f"inboxes = {{ {', '.join(CHATS)} }}",
    "whatsapp": 'number_types = { "+393*" = "MOBILE" }',
}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The demo's, which has rules for its telephony alone, with some for two more of its sources."""
    text = world.CONFIG.read_text()
    for source, rule in RULES.items():
        text = text.replace(f'name = "{source}"\n', f'name = "{source}"\n{rule}\n')
    path = tmp_path / "gateway.toml"
    path.write_text(text)
    return load(path, world.environment("http://127.0.0.1:8100"))


def gateway_of(settings: Settings, deployment: Deployment) -> Gateway:
    app = create_app(POPULATION, SandboxSettings(clock=lambda: NOW))
    return build_gateway(
        settings,
        lambda: deployment,
        transport=lambda section: httpx.ASGITransport(app=app),
        clocks=Clocks(utc_now=lambda: NOW),
    )


async def told(
    gateway: Gateway, name: str = "chat", wanted: Wanted = EVERYTHING, permissions: Iterable[str] = ALL_PERMISSIONS
) -> list[Interaction]:
    """What a source tells a supervisor, of all that is licensed."""
    source, deadline = gateway.sources[name], Deadline.after(30)
    records = (await source.find([VERA], deadline)).value
    question = source.question(records, Window(), wanted=wanted)
    rows = (await source.page(question, 100, deadline)).value.items
    judge = Judge(gateway.deployment(), Viewer("all", ViewerKind.SUPERVISOR, dict.fromkeys(permissions, EVERYWHERE)))
    shown = source.show(judge, rows, {record.id: record for record in records}, [])
    return [one.row for one in shown]


async def test_a_channel_that_an_operator_made_is_judged_like_any_other(settings: Settings):
    deployment = settings.deployment()
    everything = await told(gateway_of(settings, deployment))
    made = [row for row in everything if row.channel is Channel.APPLE_MESSAGES]
    assert made and Channel.CHAT not in {row.channel for row in everything}
    unlicensed = replace(deployment, modules=deployment.modules - {Module.SOCIAL})
    left = await told(gateway_of(settings, unlicensed))
    assert [row for row in everything if row not in made] == left, "licensed by the channel it has become"


async def test_a_source_that_is_asked_for_it_gives_it(settings: Settings):
    gateway = gateway_of(settings, settings.deployment())
    asked = Wanted(channels=frozenset({Channel.APPLE_MESSAGES}))
    assert Channel.APPLE_MESSAGES in {row.channel for row in await told(gateway, wanted=asked)}
    source = gateway.sources["chat"]
    row = next(row for row in await told(gateway) if row.channel is Channel.APPLE_MESSAGES)
    one = await source.get(row.external_id, Deadline.after(30))
    assert one is not None and one.channel is Channel.APPLE_MESSAGES


async def test_a_masked_address_has_its_kind(settings: Settings):
    gateway = gateway_of(settings, settings.deployment())
    whole = [row.address for row in await told(gateway, "whatsapp") if row.address]
    blind = ALL_PERMISSIONS - {PII_VIEW}
    masked = [row.address for row in await told(gateway, "whatsapp", permissions=blind) if row.address]
    assert [one.kind for one in masked] == [one.kind for one in whole]
    mobiles = [one for one in whole if one.value.startswith("+393")]
    assert mobiles and {one.kind for one in mobiles} == {AddressKind.MOBILE}
    assert not {one.value for one in mobiles} & {one.value for one in masked}


def test_sources_without_rules_pay_nothing(settings: Settings):
    configs = {config.name: config.rules for config in settings.source_configs()}
    assert [name for name, rules in configs.items() if rules is not None] == ["genesys", *RULES]
