"""A connector in a package of its own: installed beside the gateway's wheel, found, and proved by the same contract."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from tests.project.support import GATEWAY, ROOT

EXAMPLE = ROOT / "examples" / "acme_desk"
CONFIGURATION = """\
[gateway]
secret = {{ env = "SEAL" }}
modules = ["JOURNEY", "SUPPORT"]

[[sources]]
name = "desk"
connector = "acme_desk"
base_url = "{address}"
credentials = {{ token = {{ env = "ACME_TOKEN" }} }}
inboxes = {{ "q-1" = "{channel}" }}
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the gateway and the example lie as pip puts them, not as they lie in the repository."""
    folder = tmp_path_factory.mktemp("installed")
    options = ["-q", "--no-index", "--no-deps", "--no-build-isolation", "--disable-pip-version-check", "--no-compile"]
    command = [sys.executable, "-m", "pip", "install", *options, "--target", folder, ROOT, EXAMPLE]
    subprocess.run(command, check=True, capture_output=True, cwd=folder)
    return folder


def run(installed: Path, cwd: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(installed), "COLUMNS": "200", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The example, without anything of the repository around it."""
    return shutil.copytree(EXAMPLE, tmp_path / "acme_desk", ignore=shutil.ignore_patterns(".*", "__pycache__"))


def test_its_own_tests_pass_where_only_packages_are_installed(installed: Path, copy: Path):
    (copy / "acme_desk.py").unlink()  # so that the installed one is meant
    where = "import connectors.testing, acme_desk; print(connectors.__file__, acme_desk.__file__)"
    assert run(installed, copy, "-c", where).stdout.count(str(installed)) == 2
    tested = run(installed, copy, "-m", "pytest", "-p", "no:cacheprovider")
    assert tested.returncode == 0, tested.stdout + tested.stderr
    assert int(tested.stdout.rsplit(" passed", 1)[0].split()[-1]) > 50


def test_what_is_broken_in_it_is_told_in_full(installed: Path, copy: Path):
    """Assertions of the suite are rewritten: they tell what was there."""
    test = copy / "tests" / "test_broken.py"
    test.write_text(
        "from acme_desk import AcmeDesk\n"
        "from test_acme_desk import TestAcmeDesk as Sound\n\n"
        "class Forgetful(AcmeDesk):\n"
        "    async def fetch_one(self, external_id, deadline):\n"
        "        return None\n\n"
        "class TestForgetful(Sound):\n"
        "    cls = Forgetful\n"
    )
    tested = run(installed, copy, "-m", "pytest", "-p", "no:cacheprovider", str(test), "-k", "Forgetful and had_by_its")
    assert tested.returncode == 1
    assert "assert None is not None" in tested.stdout


@pytest.mark.parametrize(
    ("arguments", "mend"),
    [
        (["-o", "asyncio_mode=strict"], '`asyncio_mode = "auto"`'),
        (["-p", "no:asyncio"], "install journey-gateway[testing]"),
    ],
)
def test_a_run_that_would_leave_the_suite_out_is_refused(installed: Path, copy: Path, arguments: list[str], mend: str):
    tested = run(installed, copy, "-m", "pytest", "-p", "no:cacheprovider", *arguments)
    assert tested.returncode == pytest.ExitCode.USAGE_ERROR
    assert mend in tested.stderr


def test_the_registry_finds_it_by_its_entry_point(installed: Path, tmp_path: Path):
    code = "from connectors import registry; print(registry.connector_class('acme_desk'), *registry.names())"
    found = run(installed, tmp_path, "-c", code).stdout
    assert found.startswith("<class 'acme_desk.AcmeDesk'>")
    assert "zendesk" in found


@contextmanager
def serving(app: Any) -> Iterator[str]:
    """Its address on loopback; calls wait there until it has started."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
        thread = threading.Thread(target=lambda: server.run(sockets=[listener]))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="module")
def imitation() -> Any:
    spec = spec_from_file_location("acme_desk_imitation", EXAMPLE / "tests" / "imitation.py")
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_gateway_check_asks_it(installed: Path, imitation: Any, tmp_path: Path):
    environment = {"SEAL": "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA=", "ACME_TOKEN": imitation.TOKEN}
    asking = (str(GATEWAY), "check")
    with serving(imitation.app()) as address:
        (tmp_path / "gateway.toml").write_text(CONFIGURATION.format(address=address, channel="TICKET"))
        checked = run(installed, tmp_path, *asking, **environment)
        told = run(installed, tmp_path, *asking, "--source", "desk", "--customer", "+393331110002", **environment)
        refused = run(installed, tmp_path, *asking, **{**environment, "ACME_TOKEN": "another"})
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "acme_desk" in checked.stdout
    assert "Invoice of November" in told.stdout
    assert refused.returncode != 0


def test_faults_of_its_configuration_have_line_and_mend(installed: Path, tmp_path: Path):
    environment = {"SEAL": "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA=", "ACME_TOKEN": "t"}
    (tmp_path / "gateway.toml").write_text(CONFIGURATION.format(address="https://acme.example.org", channel="VOICE"))
    checked = run(installed, tmp_path, str(GATEWAY), "check", **environment)
    assert checked.returncode != 0
    assert "gateway.toml:10" in checked.stdout + checked.stderr
    assert "known: TICKET" in checked.stdout + checked.stderr
