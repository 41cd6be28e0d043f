"""What operators say, in `gateway.toml` and the environment. Described in docs/configuration.md."""

from gateway.settings.fault import Fault, SettingsError
from gateway.settings.load import load
from gateway.settings.model import Settings

__all__ = ["Fault", "Settings", "SettingsError", "load"]
