"""Brings a store to the shape of this version. A new one is made as the schema says; an older one is taken there by
Alembic's revisions, in one transaction. Alembic itself, a tenth of a start's time, is loaded for that alone."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Column, Connection, MetaData, PrimaryKeyConstraint, String, Table, insert, inspect, select, text

from gateway.store.database import is_postgres
from gateway.store.schema import metadata

if TYPE_CHECKING:
    from alembic.script import ScriptDirectory

FOLDER = Path(__file__).with_name("migrations")
REVISIONS = ("0001",)
"""Of the folder, the oldest first; a test holds them together."""
ADVISORY_LOCK = 7_305_801_001
"""Two gateways that start at once make or migrate one after the other."""

# As Alembic makes it.
_version = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)


class Shape(Enum):
    EMPTY = "EMPTY"
    OLDER = "OLDER"
    CURRENT = "CURRENT"
    NEWER = "NEWER"


def shape(connection: Connection) -> Shape:
    if not inspect(connection).has_table(_version.name):
        return Shape.EMPTY
    current = connection.scalar(select(_version.c.version_num))
    if current == REVISIONS[-1]:
        return Shape.CURRENT
    return Shape.OLDER if current is None or current in REVISIONS else Shape.NEWER


def make(connection: Connection) -> None:
    """Does nothing to a store that somebody else made meanwhile."""
    _one_at_a_time(connection)
    if shape(connection) is Shape.EMPTY:
        metadata.create_all(connection, checkfirst=False)
        _version.create(connection)
        connection.execute(insert(_version).values(version_num=REVISIONS[-1]))


def migrate(connection: Connection, to: str = "head") -> None:
    """Does nothing to a store that has that shape already."""
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext

    _one_at_a_time(connection)
    known = scripts()
    environment = EnvironmentContext(Config(), known, fn=lambda revision, _: known._upgrade_revs(to, revision))
    environment.configure(connection=connection, target_metadata=metadata, render_as_batch=True, transactional_ddl=True)
    environment.run_migrations()


def scripts() -> ScriptDirectory:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return ScriptDirectory.from_config(config)


def _one_at_a_time(connection: Connection) -> None:
    if is_postgres(connection):
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
