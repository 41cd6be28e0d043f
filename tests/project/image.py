"""A Dockerfile read, and carried out without an engine: in a folder, by a user without rights, without network.

Absolute paths of the image are paths below that folder; everything else runs as it is written. Both stages share the
folder, since what is copied between them keeps its path.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.project.support import ROOT

PATHS = re.compile(r"(?:(?<=sqlite:///)|(?<![\w./]))/(?=(?:build|opt|etc)\b)")


@dataclass(frozen=True)
class Instruction:
    name: str
    argument: str

    @property
    def words(self) -> list[str]:
        return self.argument.split()

    @property
    def command(self) -> list[str]:
        """Of the JSON form."""
        found: list[str] = json.loads(self.argument[self.argument.index("[") :])
        return found


def parse(text: str) -> list[list[Instruction]]:
    """The instructions of each stage."""
    kept = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    lines = re.sub(r"\\\n\s*", "", kept).splitlines()
    instructions = [Instruction(*line.split(maxsplit=1)) for line in lines if line.strip()]
    starts = [index for index, instruction in enumerate(instructions) if instruction.name == "FROM"]
    assert starts[0] == 0, "something stands before the first stage"
    return [instructions[start:end] for start, end in zip(starts, [*starts[1:], None], strict=True)]


def only(stage: list[Instruction], name: str) -> Instruction:
    (found,) = (instruction for instruction in stage if instruction.name == name)
    return found


class Image:
    """`folder` must be empty. It is given to `uid` when we are root, else it stays ours."""

    def __init__(self, folder: Path, uid: int, wheels: Path) -> None:
        self.folder = folder
        self.user: dict[str, Any] = {"user": uid, "group": uid, "extra_groups": []} if os.geteuid() == 0 else {}
        self._system = {"PATH": f"{folder}/bin:/usr/bin:/bin", "HOME": "/nonexistent", "LANG": "C.UTF-8"}
        self._stage_environment: dict[str, str] = {}
        self._folder_now = folder
        for name in ("bin", "tmp", "opt", "etc"):
            (folder / name).mkdir()
            self._own(folder / name)
        shutil.copytree(wheels, folder / "wheels")
        self._own(folder)
        self._give_python()

    @property
    def environment(self) -> dict[str, str]:
        """Nothing of ours but where wheels are, instead of an index. There is no home to write to."""
        offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(self.folder / "wheels"), "PIP_CONFIG_FILE": os.devnull}
        return {**self._system, "TMPDIR": str(self.folder / "tmp"), **offline, **self._stage_environment}

    def mapped(self, text: str) -> str:
        return PATHS.sub(f"{self.folder}/", text)

    def path(self, text: str) -> Path:
        """Of an image's path; a relative one is below WORKDIR."""
        return Path(self.mapped(text)) if text.startswith("/") else self._folder_now / text

    def build(self, stages: Sequence[Sequence[Instruction]]) -> None:
        for stage in stages:
            self._stage_environment = {}
            for instruction in stage:
                self._carry_out(instruction)

    def popen(self, command: Sequence[str], **more: Any) -> subprocess.Popen[str]:
        mapped = [self.mapped(word) for word in command]
        where = {"cwd": self._folder_now, "env": {**self.environment, **more.pop("env", {})}}
        program = shutil.which(mapped[0], path=self.environment["PATH"]) or mapped[0]
        return subprocess.Popen([program, *mapped[1:]], text=True, **where, **self.user, **more)

    def run(self, command: Sequence[str]) -> tuple[int, str]:
        with self.popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
            said, _ = process.communicate(timeout=300)
        return process.returncode, said

    def _carry_out(self, instruction: Instruction) -> None:
        if instruction.name == "ENV":
            for pair in instruction.words:
                name, _, value = pair.partition("=")
                known = self.environment.get(name, "")
                self._stage_environment[name] = self.mapped(value.replace(f"${name}", known))
        elif instruction.name == "WORKDIR":
            self._folder_now = self.path(instruction.argument)
            self._folder_now.mkdir(parents=True, exist_ok=True)
            self._own(self._folder_now)
        elif instruction.name == "COPY":
            self._copy(instruction.words)
        elif instruction.name == "RUN":
            code, said = self.run(["sh", "-ec", instruction.argument])
            assert code == 0, said

    def _copy(self, words: list[str]) -> None:
        if words[0].startswith("--from="):
            source, target = (word for word in words if not word.startswith("--"))
            assert source == target, "a virtual environment works only where it was made"
            assert self.path(source).is_dir()
            return
        *sources, target = words
        for source in sources:
            place = self.path(target)
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, place, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / source, place / source if place.is_dir() else place)
        self._own_all(self.path("."))

    def _give_python(self) -> None:
        """`python`, as the base image has it: a copy of ours when it lies where the user may not go."""
        name = f"python3.{sys.version_info.minor}"
        python = Path(sys.base_prefix) / "bin" / name
        try:
            subprocess.run([python, "-c", ""], check=True, cwd="/", **self.user)
        except PermissionError:
            python = self._copy_python(Path(sys.base_prefix), name)
        shim = self.folder / "bin" / "python"
        shim.write_text(f'#!/bin/sh\nexec {python} "$@"\n')
        shim.chmod(0o755)

    def _copy_python(self, prefix: Path, name: str) -> Path:
        copy = self.folder / "python"
        unneeded = shutil.ignore_patterns("test", "site-packages", "__pycache__", "config-*", "idlelib")
        shutil.copytree(prefix / "lib" / name, copy / "lib" / name, ignore=unneeded)
        for library in (prefix / "lib").glob("libpython*"):
            shutil.copy(library, copy / "lib")
        (copy / "bin").mkdir()
        self._system["LD_LIBRARY_PATH"] = str(copy / "lib")
        return Path(shutil.copy(prefix / "bin" / name, copy / "bin"))

    def _own(self, path: Path) -> None:
        if self.user:
            os.chown(path, self.user["user"], self.user["group"])

    def _own_all(self, folder: Path) -> None:
        for path in (folder, *folder.rglob("*")):
            self._own(path)
