"""The gateway's ways to run that are measured against each other: the one place that names its settings.

A variant is left out, and said so, as long as the gateway has no such setting.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.settings.model import Settings


@dataclass(frozen=True, slots=True)
class Variant:
    """`settings`: key path of a setting to what it is set to; everything else is as in bench/gateway.toml."""

    name: str
    title: str
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        return {"GATEWAY_" + path.upper().replace(".", "__"): value for path, value in self.settings.items()}

    @property
    def missing(self) -> list[str]:
        """Settings that this gateway does not have (yet)."""
        return [path for path in self.settings if not _exists(path)]


DEFAULT = Variant("gateway", "Journey Gateway")
INTERPRETED = Variant(
    "gateway-interpreted", "Journey Gateway, compiled selection off", {"gateway.compiled_selections": "false"}
)
AIOHTTP = Variant("gateway-aiohttp", "Journey Gateway over aiohttp", {"gateway.transport": "aiohttp"})
WITHOUT_CACHE = Variant("gateway-uncached", "Journey Gateway, caches off", {"cache.url": ""})

VARIANTS = (DEFAULT, INTERPRETED, AIOHTTP, WITHOUT_CACHE)


def _exists(path: str) -> bool:
    section: Any = Settings
    for step in path.split("."):
        field_info = getattr(section, "model_fields", {}).get(step)
        if field_info is None:
            return False
        section = field_info.annotation
    return True
