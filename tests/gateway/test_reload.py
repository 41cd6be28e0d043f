"""A changed file changes rights at once; a broken one changes nothing."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal

import pytest
from structlog.testing import capture_logs

from connectors.interaction import Channel
from gateway.deployment import Module
from gateway.reload import Configuration
from gateway.settings import SettingsError

CANARY = "tok-canary-91"
TEXT = """\
[gateway]
modules = ["JOURNEY"]
secret = { env = "SEAL" }

[[auth.keys]]
id = "k"
name = "Tool"
hashes = ["1f0e6c3a8d5b7492e6a1c0f3b2d49587061e2d3c4b5a69788796a5b4c3d2e1f0"]
roles = ["agent"]

[roles.agent]
permissions = ["journey:event:view"]

[divisions.emea]

[work_profiles.front]
channels = ["VOICE"]
"""


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "gateway.toml"
    path.write_text(TEXT)
    return path


@pytest.fixture
def configuration(path):
    return Configuration(path, {"SEAL": bytes(range(32)).hex()})


def test_rights_are_swapped_and_the_epoch_grows(configuration, path):
    before = configuration.deployment
    path.write_text(
        TEXT.replace('["JOURNEY"]', '["JOURNEY", "SUPPORT"]')
        .replace("[divisions.emea]", "[divisions.apac]")
        .replace('["VOICE"]', '["TICKET"]')
        .replace('["journey:event:view"]', "[]")
        .replace("1f0e", "2f0e")
    )
    with capture_logs() as entries:
        assert configuration.reload()
    assert configuration.epoch == 1
    assert before.modules == {Module.JOURNEY}
    assert configuration.deployment.modules == {Module.JOURNEY, Module.SUPPORT}
    assert configuration.deployment.divisions == {"apac", "Home"}
    assert configuration.deployment.work_profiles["front"].channels == {Channel.TICKET}
    assert configuration.settings.roles["agent"].permissions == ()
    assert configuration.settings.auth.keys[0].hashes[0].startswith("2f0e")
    assert [entry["event"] for entry in entries] == ["settings_changed"]


def test_a_file_with_faults_is_refused_whole(configuration, path):
    before = (configuration.settings, configuration.deployment, configuration.epoch)
    path.write_text(TEXT.replace('["JOURNEY"]', f'["JOURNEY"]\nregion = "{CANARY}"').replace("event:view", f"{CANARY}"))
    with capture_logs() as entries:
        assert not configuration.reload()
    assert (configuration.settings, configuration.deployment, configuration.epoch) == before
    assert {(entry["where"], entry["key"]) for entry in entries} == {
        ("gateway.toml:3", "gateway.region"),
        ("gateway.toml:13", "roles.agent.permissions[0]"),
    }
    assert CANARY not in str(entries)
    path.unlink()
    assert not configuration.reload()
    path.write_text(TEXT)
    assert configuration.reload()
    assert configuration.epoch == 0


def test_what_needs_a_restart_is_said_and_left(configuration, path):
    path.write_text(
        TEXT.replace("[gateway]", "[gateway]\ndeadline_ms = 99")
        + '[[auth.issuers]]\nissuer = "i"\naudience = "a"\njwks_url = "https://i.example.org"\n'
        + "[identity]\nshared_after = 9\n"
    )
    with capture_logs() as entries:
        assert configuration.reload()
    assert configuration.settings.gateway.deadline_ms == 1500
    assert configuration.settings.auth.issuers == ()
    assert configuration.epoch == 0
    (entry,) = entries
    assert (entry["event"], entry["keys"]) == ("settings_need_restart", ["gateway", "identity", "auth"])


def test_a_broken_file_stops_the_start(path):
    path.write_text(TEXT.replace("SEAL", "NONE"))
    with pytest.raises(SettingsError):
        Configuration(path, {})


async def until(condition, seconds: float = 5.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what is waited for happens in another thread
            await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def watching(configuration):
    task = asyncio.create_task(configuration.watch())
    await asyncio.sleep(0.2)  # the watcher is a thread that tells nobody when it is ready
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_a_changed_file_and_one_put_in_its_place_are_noticed(configuration, path):
    async with watching(configuration):
        path.write_text(TEXT.replace("emea", "apac"))
        await until(lambda: configuration.epoch == 1)
        path.write_text("[gateway")
        other = path.with_name("new.toml")
        other.write_text(TEXT.replace("emea", "amer"))
        other.replace(path)
        await until(lambda: configuration.epoch == 2)
    assert configuration.deployment.divisions == {"amer", "Home"}


async def test_a_mounted_folder_that_is_swapped_is_noticed(tmp_path):
    """As Kubernetes swaps a ConfigMap: the file is a link through `..data`, which is replaced."""
    for name, text in (("one", TEXT), ("two", TEXT.replace("emea", "apac"))):
        (tmp_path / name).mkdir()
        (tmp_path / name / "gateway.toml").write_text(text)
    (tmp_path / "..data").symlink_to("one")
    (tmp_path / "gateway.toml").symlink_to("..data/gateway.toml")
    configuration = Configuration(tmp_path / "gateway.toml", {"SEAL": bytes(range(32)).hex()})
    async with watching(configuration):
        (tmp_path / "..new").symlink_to("two")
        (tmp_path / "..new").replace(tmp_path / "..data")
        await until(lambda: configuration.epoch == 1)
    assert configuration.deployment.divisions == {"apac", "Home"}


async def test_a_hang_up_signal_reads_the_file_again(configuration, path, monkeypatch):
    reads = []
    monkeypatch.setattr(configuration, "reload", lambda: reads.append(1))
    async with watching(configuration):
        os.kill(os.getpid(), signal.SIGHUP)
        await until(lambda: reads)
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_DFL
