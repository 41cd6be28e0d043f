"""A file of settings to write, to read, and to find faults in."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.settings import Settings, SettingsError, load
from tests.gateway.settings.support import ENVIRONMENT, GOOD, PASSWORD, Offered


@pytest.fixture
def write(tmp_path):
    (tmp_path / "password").write_text(PASSWORD + "\n")

    def write(text: str) -> Path:
        path = tmp_path / "gateway.toml"
        path.write_text(text)
        return path

    return write


@pytest.fixture
def read(write):
    def read(text: str = GOOD, **more: str) -> Settings:
        return load(write(text), {**ENVIRONMENT, **more}, Offered())

    return read


@pytest.fixture
def faults(read):
    def faults(text: str = GOOD, **more: str):
        with pytest.raises(SettingsError) as caught:
            read(text, **more)
        return caught.value.faults

    return faults
