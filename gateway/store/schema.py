"""The tables, alike on SQLite and PostgreSQL; `migrations/` makes them.

Instants are microseconds since 1970, UTC. `payload` and `body` are what `vault` sealed. A `digest` is a keyed hash of
an identifier, so that people can be found, and recognised once erased, without their addresses standing in an index.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

SEQUENCE = BigInteger().with_variant(Integer, "sqlite")  # what SQLite numbers by itself must be an INTEGER
ID = String(1000).with_variant(String(1000, collation="C"), "postgresql")  # as `connectors.base.MAX_VALUE_LENGTH`
"""Ordered by code points on both, as Python orders texts."""

NAME = String(63)

inbox = Table(
    "inbox",
    metadata,
    Column("id", SEQUENCE, primary_key=True, autoincrement=True),
    Column("source", NAME, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("state", SmallInteger, nullable=False),  # see `inbox.State`
    Column("attempts", SmallInteger, nullable=False, default=0),
    Column("try_at", BigInteger, nullable=False),
    Column("reason", String(200)),
    Column("body", LargeBinary),  # the whole delivery; none once it is done
    Index("ix_inbox_state_try_at", "state", "try_at", "id"),
    sqlite_autoincrement=True,
)

seen_events = Table(
    "seen_events",
    metadata,
    Column("source", NAME, primary_key=True),
    Column("event_id", ID, primary_key=True),
    Column("at", BigInteger, nullable=False, index=True),
)

records = Table(
    "records",
    metadata,
    Column("source", NAME, primary_key=True),
    Column("record_id", ID, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("payload", LargeBinary, nullable=False),
)

identifiers = Table(
    "identifiers",
    metadata,
    Column("source", NAME, primary_key=True),
    Column("record_id", ID, primary_key=True),
    Column("digest", LargeBinary, primary_key=True),
    Index("ix_identifiers_digest_source_record_id", "digest", "source", "record_id"),
)

search_terms = Table(
    "search_terms",
    metadata,
    Column("source", NAME, primary_key=True),
    Column("record_id", ID, primary_key=True),
    Column("term", LargeBinary, primary_key=True),
    Index("ix_search_terms_source_term_record_id", "source", "term", "record_id"),
)

interactions = Table(
    "interactions",
    metadata,
    Column("source", NAME, primary_key=True),
    Column("external_id", ID, primary_key=True),
    Column("record_id", ID, nullable=False),
    Column("channel", String(20), nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("last_activity_at", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("tie", LargeBinary, nullable=False),  # decides between two of one instant, whichever comes first
    Column("payload", LargeBinary),  # none: the row was removed
    Index("ix_interactions_source_record_id_started_at", "source", "record_id", "started_at", "external_id"),
    Index("ix_interactions_source_channel_started_at", "source", "channel", "started_at"),
)

messages = Table(
    "messages",
    metadata,
    Column("source", NAME, primary_key=True),
    Column("message_id", ID, primary_key=True),
    Column("record_id", ID, nullable=False),
    Column("channel", String(20), nullable=False),
    Column("line", ID, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("side", SmallInteger, nullable=False),  # 0 the customer, 1 the company: its order within one instant
    Column("payload", LargeBinary),  # none: only what became of it was told
    Index("ix_messages_partners", "source", "record_id", "channel", "line", "at", "side", "message_id"),
    Index("ix_messages_source_record_id_at", "source", "record_id", "at", "side", "message_id"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("source", NAME, primary_key=True),
    Column("message_id", ID, primary_key=True),
    Column("rank", SmallInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
)

edits = Table(
    "edits",
    metadata,
    Column("source", NAME, primary_key=True),
    Column("message_id", ID, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("tie", LargeBinary, nullable=False),
    Column("payload", LargeBinary),  # none: its writer took it back, for good
)

feed = Table(
    "feed",
    metadata,
    Column("seq", SEQUENCE, primary_key=True, autoincrement=True),
    Column("kind", SmallInteger, nullable=False),  # see `feed.ChangeKind`
    Column("source", NAME, nullable=False),
    Column("record_id", ID),
    Column("external_id", ID),
    Column("digest", LargeBinary),
    Column("at", BigInteger, nullable=False, index=True),
    sqlite_autoincrement=True,
)

links = Table(
    "links",
    metadata,
    Column("id", SEQUENCE, primary_key=True, autoincrement=True),
    Column("undoes", BigInteger, index=True),
    Column("at", BigInteger, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    sqlite_autoincrement=True,
)

link_identifiers = Table(
    "link_identifiers",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("link_id", BigInteger, primary_key=True),
)

handles = Table(
    "handles",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("payload", LargeBinary, nullable=False),
)

revocations = Table(
    "revocations",
    metadata,
    Column("token_id", String(200), primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False, index=True),
)

tombstones = Table(
    "tombstones",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("at", BigInteger, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("seq", SEQUENCE, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False, index=True),
    Column("payload", LargeBinary, nullable=False),
    Column("chain", LargeBinary, nullable=False),
)

positions = Table(
    "positions",
    metadata,
    Column("source", NAME, primary_key=True),
    Column("name", NAME, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("payload", LargeBinary, nullable=False),
)
