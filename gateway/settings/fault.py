"""What is wrong with a configuration, where, and how to mend it. No value of the configuration is ever in it."""

from __future__ import annotations

from connectors.toml_text import Fault, Finding, Path, TomlError, nearest, spell

__all__ = ["Fault", "Finding", "Path", "SettingsError", "nearest", "spell"]


class SettingsError(TomlError):
    """A configuration was refused; `faults` names everything that is wrong with it."""
