"""The configuration in force, read again when its file changes or on SIGHUP.

Roles, divisions, work profiles, modules and API keys are swapped at once. Anything else needs a restart and is said so.
A file with faults is refused whole and the old configuration kept.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from typing import NamedTuple

import structlog
from watchfiles import awatch

from gateway.deployment import Deployment
from gateway.settings import Settings, SettingsError, load
from gateway.settings.registry import Installed, Registry

SWAPPED = ("roles", "divisions", "work_profiles")
log = structlog.get_logger(__name__)


class _State(NamedTuple):
    """Replaced as one, so that no reader meets half of a change."""

    settings: Settings
    deployment: Deployment
    epoch: int


class Configuration:
    """`epoch` grows with every change of rights: what was judged under an older one must be judged anew."""

    def __init__(self, path: Path, environment: Mapping[str, str], registry: Registry | None = None) -> None:
        """Raises `SettingsError`."""
        self._path = path
        self._environment = environment
        self._registry = registry or Installed()
        self._reloading = Lock()
        settings = load(path, environment, self._registry)
        self._state = _State(settings, settings.deployment(), 0)

    @property
    def settings(self) -> Settings:
        return self._state.settings

    @property
    def deployment(self) -> Deployment:
        return self._state.deployment

    @property
    def epoch(self) -> int:
        return self._state.epoch

    def reload(self) -> bool:
        """Read the file again; False when it was refused, and its faults are in the log."""
        with self._reloading:
            try:
                read = load(self._path, self._environment, self._registry)
            except SettingsError as error:
                for fault in error.faults:
                    log.error("settings_refused", where=fault.where, key=fault.key_path, problem=fault.problem)
                return False
            swapped = _with_rights_of(self.settings, read)
            if waiting := _differences(swapped, read):
                log.warning("settings_need_restart", keys=waiting)
            if swapped != self.settings:
                self._state = _State(swapped, swapped.deployment(), self.epoch + 1)
                log.info("settings_changed", epoch=self.epoch)
            return True

    async def watch(self) -> None:
        """Reload on every change until cancelled."""
        changed = asyncio.Event()
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGHUP, changed.set)
        watching = asyncio.create_task(self._notice(changed, stop))
        try:
            while True:
                await changed.wait()
                changed.clear()
                await asyncio.to_thread(self.reload)
        finally:
            loop.remove_signal_handler(signal.SIGHUP)
            stop.set()
            await watching

    async def _notice(self, changed: asyncio.Event, stop: asyncio.Event) -> None:
        """The folder is watched, not the file: editors and Kubernetes put a new file in its place."""
        before = _content(self._path)
        async for _ in awatch(self._path.parent, watch_filter=None, recursive=False, debounce=200, stop_event=stop):
            after = _content(self._path)
            if after != before:
                before = after
                changed.set()


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _with_rights_of(old: Settings, new: Settings) -> Settings:
    return old.model_copy(
        update={
            **{key: getattr(new, key) for key in SWAPPED},
            "gateway": old.gateway.model_copy(update={"modules": new.gateway.modules}),
            "auth": old.auth.model_copy(update={"keys": new.auth.keys}),
        }
    )


def _differences(swapped: Settings, read: Settings) -> list[str]:
    """Sections of the file that say something else than what is in force."""
    return [key for key in Settings.model_fields if getattr(swapped, key) != getattr(read, key)]
