"""Which connectors a configuration may name; `connectors.registry`, or a table in a test."""

from __future__ import annotations

from typing import Protocol

import connectors.registry
from connectors.base import VendorConnector


class Registry(Protocol):
    def names(self) -> list[str]: ...

    def connector_class(self, name: str) -> type[VendorConnector] | None:
        """None for a connector that nobody offers or that cannot be loaded."""
        ...


class Installed:
    """The built-in connectors and those of installed packages."""

    def names(self) -> list[str]:
        return connectors.registry.names()

    def connector_class(self, name: str) -> type[VendorConnector] | None:
        try:
            return connectors.registry.connector_class(name)
        except Exception:  # loading somebody else's package may raise anything
            return None
