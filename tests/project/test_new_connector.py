"""`scripts/new-connector` writes a connector that works: linted, typed and proved before its author has read a line."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.project.support import ROOT

NEW = {
    "telephony": "other_calls",
    "ticketing": "zz_desk",
    "survey": "other_forms_2",
    "chat": "a_very_long_name_of_a_chat",
    "whatsapp": "other_whatsapp",
    "campaign": "other_dialer",
    "web": "other_web",
    "other": "branch_visits",
}
FOLDERS = ("connectors", "examples", "scripts", "docs/connectors")
IGNORED = shutil.ignore_patterns("__pycache__", ".*")


def run(root: Path, *command: str | Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(root), "PYTHON": sys.executable, "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(list(command), cwd=root, env=environment, capture_output=True, text=True, check=False)


def copy_to(root: Path) -> Path:
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, root / folder, ignore=IGNORED)
    shutil.copy(ROOT / "pyproject.toml", root)
    return root


def files(root: Path) -> dict[str, str]:
    found = {str(path.relative_to(root)): path for path in sorted(root.rglob("*")) if path.is_file()}
    return {name: path.read_text() for name, path in found.items() if not name.startswith((".ruff", ".mypy"))}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository with one connector more of every kind."""
    root = copy_to(tmp_path_factory.mktemp("repository"))
    for kind, name in NEW.items():
        made = run(root, "scripts/new-connector", kind, name)
        assert made.returncode == 0, made.stderr
        assert f"connectors/{kind}/{name}.py\n" in made.stdout
    return root


def modules(written: Path) -> list[Path]:
    return [written / "connectors" / kind / f"{name}.py" for kind, name in NEW.items()]


def test_each_kind_of_the_product_can_be_written():
    from connectors.interaction import SourceKind

    assert {kind.upper() for kind in NEW} == set(SourceKind)


def test_a_vendor_is_one_module_its_samples_its_test_and_its_page(written: Path):
    before, after = files(copy_to(written.parent / "before")), files(written)
    changed = {path for path in before if after[path] != before[path]}
    assert changed == {"connectors/registry.py", "docs/connectors/README.md"}
    new = sorted(path for path in after.keys() - before.keys() if "zz_desk" in path)
    assert new == [
        "connectors/ticketing/zz_desk.py",
        "docs/connectors/zz_desk.md",
        "tests/connectors/ticketing/zz_desk/fake.py",
        "tests/connectors/ticketing/zz_desk/samples/contacts.json",
        "tests/connectors/ticketing/zz_desk/samples/tickets.json",
        "tests/connectors/ticketing/zz_desk/test_zz_desk.py",
    ]
    others = {path for path in after.keys() - before.keys() if not any(name in path for name in NEW.values())}
    assert {Path(path).name for path in others} <= {"__init__.py"}


def test_what_is_written_names_the_vendor_and_not_the_example(written: Path):
    for kind, name in NEW.items():
        texts = {path: text for path, text in files(written).items() if name in path}
        assert len(texts) == 6
        for path, text in texts.items():
            assert not re.search(r"acme", text, re.IGNORECASE), path
            assert kind == "ticketing" or not re.search(r"ticket", text, re.IGNORECASE), path
        assert f'connector = "{name}"' in texts[f"docs/connectors/{name}.md"]
    registry = (written / "connectors" / "registry.py").read_text()
    assert '"a_very_long_name_of_a_chat": "connectors.chat.a_very_long_name_of_a_chat:AVeryLongNameOfAChat"' in registry
    assert "[branch_visits](branch_visits.md)" in (written / "docs" / "connectors" / "README.md").read_text()


def test_it_is_linted(written: Path):
    for command in (("check",), ("format", "--check")):
        linted = run(written, sys.executable, "-m", "ruff", *command, "--no-cache", "connectors", "tests")
        assert linted.returncode == 0, linted.stdout


def test_it_is_typed(written: Path, tmp_path: Path):
    typed = run(written, sys.executable, "-m", "mypy", "--strict", f"--cache-dir={tmp_path}", *modules(written))
    assert typed.returncode == 0, typed.stdout


def test_its_own_tests_pass(written: Path):
    """Every fault that a vendor can have is tried with one of them: what fails there is the same in all."""
    pytest_ = (sys.executable, "-m", "pytest", "-p", "no:cacheprovider")
    one, others = "tests/connectors/web", ("tests/connectors", "-k", "not every_failure and not other_web")
    for asked in ((one,), others):
        tested = run(written, *pytest_, *asked)
        assert tested.returncode == 0, tested.stdout[-5000:]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ([], "usage"),
        (["ticketing"], "usage"),
        (["tickets", "zz_desk"], "no kind"),
        (["ticketing", "zendesk"], "there is a connector"),
        (["chat", "zendesk"], "there is a connector"),
        (["ticketing", "zendesk_mapping"], "is there already"),
        (["chat", "contract"], "is there already"),
        (["ticketing", "Acme"], "no name"),
        (["ticketing", "acme-desk"], "no name"),
        (["ticketing", "2_desks"], "no name"),
        (["ticketing", "class"], "no name"),
        (["ticketing", "../desk"], "no name"),
        (["ticketing", "x" * 80], "no name"),
    ],
)
def test_what_cannot_be_written_is_refused_and_nothing_is(arguments: list[str], problem: str, tmp_path: Path):
    root = copy_to(tmp_path)
    before = files(root)
    refused = run(root, "scripts/new-connector", *arguments)
    assert refused.returncode == 1
    assert problem in refused.stderr
    assert files(root) == before
