"""The contract suite as a pytest plug-in, for connectors in any package. In its pyproject.toml:

    [tool.pytest.ini_options]
    addopts = "-p connectors.testing.plugin"
    asyncio_mode = "auto"

It is named and no entry point of pytest: who only has the gateway installed gets nothing of it in other test runs.
"""

from __future__ import annotations

import pytest


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """The contract's tests are coroutines: without this they would be left out, and nobody would notice."""
    if not config.pluginmanager.hasplugin("asyncio"):
        raise pytest.UsageError("connectors.testing needs pytest-asyncio: install journey-gateway[testing]")
    mode = config.getoption("asyncio_mode", None) or config.getini("asyncio_mode")
    if getattr(mode, "value", mode) != "auto":
        raise pytest.UsageError('connectors.testing needs `asyncio_mode = "auto"` in the options of pytest')
