"""Writes a connector that works, against an imitated API of its own: examples/acme_desk under another name and kind.

What is written meets the contract, the linters and the types from the first minute; then the vendor's truth replaces
the invented one, piece by piece, while the tests tell what no longer fits.
"""

from __future__ import annotations

import keyword
import re
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / "examples" / "acme_desk"
REGISTRY = ROOT / "connectors" / "registry.py"
TABLE = ROOT / "docs" / "connectors" / "README.md"
NAME = re.compile(r"[a-z][a-z0-9_]{1,27}")
REGISTRY_ENTRY = re.compile(r'^    "(\w+)": "connectors\.', re.MULTILINE)


@dataclass(frozen=True)
class Kind:
    """row: what one interaction is called in code. details: how those of its channel are made, if it has any."""

    channel: str
    row: str
    details: str | None = None


KINDS = {
    "telephony": Kind("VOICE", "call", "CallDetails()"),
    "ticketing": Kind("TICKET", "ticket", "_details(row)"),
    "survey": Kind("SURVEY", "response", "SurveyDetails(plain_text(row.subject) or row.id)"),
    "chat": Kind("CHAT", "conversation", "ConversationDetails()"),
    "whatsapp": Kind("WHATSAPP", "conversation", "ConversationDetails()"),
    "campaign": Kind("CAMPAIGN", "mailing"),
    "web": Kind("WEB", "visit", "WebVisitDetails()"),
    "other": Kind("OTHER", "meeting"),
}


def main(arguments: list[str]) -> str | None:
    """What is wrong, or None."""
    if len(arguments) != 2:
        return f"usage: scripts/new-connector KIND NAME; kinds: {', '.join(KINDS)}"
    kind, name = arguments
    if kind not in KINDS:
        return f"{kind!r} is no kind of vendor: {', '.join(KINDS)}"
    if not NAME.fullmatch(name) or keyword.iskeyword(name):
        return f"{name!r} is no name: 2 to 28 small letters, digits and _, such as other_desk"
    if name in REGISTRY_ENTRY.findall(REGISTRY.read_text()):
        return f"there is a connector {name!r} already"
    texts = written(kind, name)
    if taken := [path for path in texts if path.exists()]:
        return f"{taken[0].relative_to(ROOT)} is there already"
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    package = ROOT / "connectors" / kind / "__init__.py"
    if not package.exists():
        package.touch()
    REGISTRY.write_text(registered(REGISTRY.read_text(), kind, name))
    tidy(path for path in texts if path.suffix == ".py")
    run("-m", "connectors.table", TABLE)
    for path in (*texts, REGISTRY, TABLE):
        print(path.relative_to(ROOT))
    print(f"\nIt works: .venv/bin/pytest tests/connectors/{kind}/{name}")
    print("Now read the vendor's documentation, put its samples in place of these, and follow the tests.")
    return None


def written(kind: str, name: str) -> dict[Path, str]:
    """The new files and what they hold."""
    tests = ROOT / "tests" / "connectors" / kind / name
    rename = Renaming(kind, name)
    page = (EXAMPLE / "README.md").read_text().partition("## This package")[0].rstrip() + "\n"
    page = page.replace(" The vendor is invented: what is here shows how a connector looks.", "")
    rows = f"{KINDS[kind].row}s"
    return {
        ROOT / "connectors" / kind / f"{name}.py": rename.module((EXAMPLE / "acme_desk.py").read_text()),
        tests / f"test_{name}.py": rename.test((EXAMPLE / "tests" / "test_acme_desk.py").read_text()),
        tests / "fake.py": rename.words((EXAMPLE / "tests" / "imitation.py").read_text()).replace(
            "imitation:app", f"tests.connectors.{kind}.{name}.fake:app"
        ),
        tests / "samples" / "contacts.json": (EXAMPLE / "tests" / "samples" / "contacts.json").read_text(),
        tests / "samples" / f"{rows}.json": (EXAMPLE / "tests" / "samples" / "tickets.json").read_text(),
        ROOT / "docs" / "connectors" / f"{name}.md": rename.words(page),
    }


@dataclass(frozen=True)
class Renaming:
    kind: str
    name: str

    def words(self, text: str) -> str:
        row = KINDS[self.kind].row
        spellings = {
            "Acme Desk": self.name.replace("_", " ").title(),
            "AcmeDesk": class_of(self.name),
            "acme_desk": self.name,
            "acme-desk": self.name.replace("_", "-"),
            "ACME_DESK": self.name.upper(),
            "acme.example.org": f"{self.name.replace('_', '-')}.example.org",
            "SourceKind.TICKETING": f"SourceKind.{self.kind.upper()}",
            "Channel.TICKET": f"Channel.{KINDS[self.kind].channel}",
            "Ticket": row.capitalize(),
            "ticket": row,
        }
        return re.sub("|".join(map(re.escape, spellings)), lambda found: spellings[found[0]], text)

    def module(self, text: str) -> str:
        if self.kind == "ticketing":
            return self.words(text)
        details = KINDS[self.kind].details
        text = re.sub(r"^TICKET_STATUSES = \{.*?^\}\n", "", text, flags=re.MULTILINE | re.DOTALL)
        text = text.partition("\n\ndef _details(")[0].rstrip() + "\n"
        text = text.replace(
            "    TicketDetails,\n    TicketStatus,\n", "" if details is None else f"    {made_of(details)},\n"
        )
        given = "" if details is None else f"            details={details},\n"
        return self.words(text.replace("            details=_details(row),\n", given))

    def test(self, text: str) -> str:
        place = f"tests.connectors.{self.kind}.{self.name}.fake"
        if self.kind != "ticketing":
            text = re.sub(r"    async def test_ticket_statuses\(.*?(?=    async def )", "", text, flags=re.DOTALL)
        text = text.replace("from acme_desk import", f"from connectors.{self.kind}.acme_desk import")
        return self.words(text.replace("from imitation import", f"from {place} import"))


def class_of(name: str) -> str:
    return name.title().replace("_", "")


def made_of(details: str) -> str:
    return details.partition("(")[0]


def registered(text: str, kind: str, name: str) -> str:
    """With one entry more, behind the last of its kind, or in front of the connector that is made of manifests."""
    entry = f'    "{name}": "connectors.{kind}.{name}:{class_of(name)}",\n'
    alike = list(re.finditer(rf'^    "\w+": "connectors\.{kind}\..*\n', text, re.MULTILINE))
    place = alike[-1].end() if alike else text.index('    "declarative":')
    return text[:place] + entry + text[place:]


def tidy(modules: Iterable[Path]) -> None:
    """Names that are longer or shorter than the example's break lines and order imports differently."""
    paths = list(modules)
    run("-m", "ruff", "check", "--quiet", "--fix", "--ignore", "E501", *paths)
    run("-m", "ruff", "format", "--quiet", *paths)


def run(*arguments: str | Path) -> None:
    subprocess.run([sys.executable, *arguments], check=True, cwd=ROOT)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
