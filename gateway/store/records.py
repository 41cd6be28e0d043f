"""Who the journal knows: sources' contacts, found by what they are known by."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence

import msgspec
from sqlalchemy import Connection, Table, and_, bindparam, delete, select

from connectors.identifiers import external
from connectors.interaction import HeldIdentifier, Identifier, IdentifierKind, Record
from gateway.store import schema
from gateway.store.database import Database
from gateway.store.feed import ChangeKind, Touched
from gateway.store.statements import InsertNew, Statement, Upsert
from gateway.store.times import instant
from gateway.store.vault import Vault

MAX_CARRIERS = 50
"""Of one identifier that are given: many more than make it a shared one."""
SHORTEST_TERM, LONGEST_TERM = 2, 24
SHORTEST_NUMBER_END = 4
MAX_WORDS = 6


class Kept(msgspec.Struct, frozen=True):
    """`named_at`: when the source gave the name that stands."""

    record: Record
    named_at: int


class Records:
    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    async def find(self, source: str, identifiers: Sequence[Identifier]) -> list[Record]:
        """Of one source, those that carry one of the identifiers, by id."""
        digests = [self._vault.digest(identifier) for identifier in identifiers]

        def work(connection: Connection) -> list[Record]:
            ids = dict.fromkeys(id_ for digest in digests for id_ in carriers(connection, source, digest))
            return [kept.record for kept in read(connection, self._vault, source, sorted(ids))]

        return await self._database.read(work)

    async def anywhere(self, identifiers: Sequence[Identifier]) -> list[Record]:
        """As `find`, in every source."""
        digests = [self._vault.digest(identifier) for identifier in identifiers]
        held = schema.identifiers.c

        def work(connection: Connection) -> list[Record]:
            sources = connection.execute(select(held.source).where(held.digest.in_(digests)).distinct()).scalars()
            found = []
            for source in sorted(sources):
                ids = dict.fromkeys(id_ for digest in digests for id_ in carriers(connection, source, digest))
                found += [kept.record for kept in read(connection, self._vault, source, sorted(ids))]
            return found

        return await self._database.read(work)

    async def of(self, source: str, record_ids: Sequence[str]) -> list[Record]:
        return await self._database.read(
            lambda connection: [kept.record for kept in read(connection, self._vault, source, record_ids)]
        )

    async def search(self, source: str, words: str, limit: int) -> list[Record]:
        """Those with all of the words: beginnings of names, of addresses and of their parts, and ends of numbers."""
        asked = [self._vault.hash("term", source, term) for term in _asked(words)]

        def work(connection: Connection) -> list[Record]:
            """The first word by its index; each further one of those whom that found."""
            first, *others = (schema.search_terms.alias() for _ in asked)
            query = select(first.c.record_id).where(first.c.source == source, first.c.term == asked[0])
            for other, term in zip(others, asked[1:], strict=True):
                query = query.join(
                    other,
                    and_(
                        other.c.source == first.c.source,
                        other.c.record_id == first.c.record_id,
                        other.c.term == term,
                    ),
                )
            found = connection.execute(query.order_by(first.c.record_id).limit(limit))
            return [kept.record for kept in read(connection, self._vault, source, list(found.scalars()))]

        return await self._database.read(work) if asked else []


def carriers(connection: Connection, source: str, digest: bytes) -> list[str]:
    held = schema.identifiers.c
    found = select(held.record_id).where(held.digest == digest, held.source == source)
    return list(connection.execute(found.order_by(held.record_id).limit(MAX_CARRIERS)).scalars())


def read(connection: Connection, vault: Vault, source: str, record_ids: Sequence[str]) -> list[Kept]:
    if not record_ids:
        return []
    rows = connection.execute(_READ, {"of_source": source, "ids": list(record_ids)})
    return [vault.unpack(row.payload, Kept, "record", source, row.record_id) for row in rows]


def put_whole(connection: Connection, vault: Vault, record: Record, at: int) -> list[Touched]:
    """A record as its source tells it, unless a later telling is known. Who is found by what may have changed."""
    found = _ONE.first(connection, {"of_source": record.source, "of_id": record.id})
    if found is not None and at < found[0]:
        return []
    return _write(connection, vault, Kept(_with_own_id(record), at), at)


def learn(
    connection: Connection,
    vault: Vault,
    source: str,
    record_id: str,
    identifiers: Iterable[HeldIdentifier],
    name: str | None,
    at: int,
) -> list[Touched]:
    """What a message says of whom it is with: nothing is unlearned, and the last name stands."""
    found = _ONE.first(connection, {"of_source": source, "of_id": record_id})
    if found is None:
        before = Kept(Record(source=source, id=record_id, identifiers=()), -1)
    else:
        before = vault.unpack(found[1], Kept, "record", source, record_id)
    own = HeldIdentifier(external(source, record_id), verified=True)
    held = {one.identifier: one for one in (own, *before.record.identifiers, *identifiers)}
    named_at = before.named_at
    if name is not None and (at, name) > (named_at, before.record.name or ""):
        named_at = at
    else:
        name = before.record.name
    ordered = tuple(sorted(held.values(), key=lambda one: msgspec.msgpack.encode(one.identifier)))
    after = Kept(msgspec.structs.replace(before.record, identifiers=ordered, name=name), named_at)
    if found is not None and after == before:
        return []
    if found is not None and after.record == before.record:  # only named again: it is found by what it was
        _write_record(connection, vault, after, at)
        return []
    return _write(connection, vault, after, at)


def _with_own_id(record: Record) -> Record:
    own = external(record.source, record.id)
    if any(held.identifier == own for held in record.identifiers):
        return record
    return msgspec.structs.replace(record, identifiers=(HeldIdentifier(own, verified=True), *record.identifiers))


def _write(connection: Connection, vault: Vault, kept: Kept, at: int) -> list[Touched]:
    _write_record(connection, vault, kept, at)
    record = kept.record
    source, record_id = record.source, record.id
    terms = {vault.hash("term", source, term) for term in _terms(record)}
    _TERMS.replace(connection, source, record_id, terms)
    digests = {vault.digest(held.identifier) for held in record.identifiers}
    changed = _DIGESTS.replace(connection, source, record_id, digests)
    return [Touched(ChangeKind.IDENTITY, source, instant(at), record_id, digest=digest) for digest in changed]


def _write_record(connection: Connection, vault: Vault, kept: Kept, at: int) -> None:
    source, record_id = kept.record.source, kept.record.id
    payload = vault.pack(kept, "record", source, record_id)
    _WRITE.run(connection, {"source": source, "record_id": record_id, "at": at, "payload": payload})


class _Hashes:
    """Those of a record in one of the tables that it is found by."""

    def __init__(self, table: Table, column: str) -> None:
        of_record = (table.c.source == bindparam("of_source"), table.c.record_id == bindparam("of_id"))
        self._column = column
        self._known = Statement(select(table.c[column]).where(*of_record))
        self._remove = Statement(delete(table).where(*of_record, table.c[column] == bindparam("gone")))
        self._add = InsertNew(table)

    def replace(self, connection: Connection, source: str, record_id: str, values: set[bytes]) -> list[bytes]:
        """What has come or gone."""
        mine = {"of_source": source, "of_id": record_id}
        known = {value for (value,) in self._known.rows(connection, mine)}
        if gone := sorted(known - values):
            self._remove.run_all(connection, [{**mine, "gone": value} for value in gone])
        if added := sorted(values - known):
            rows = [{"source": source, "record_id": record_id, self._column: value} for value in added]
            self._add.run_all(connection, rows)
        return sorted(known ^ values)


_TERMS = _Hashes(schema.search_terms, "term")
_DIGESTS = _Hashes(schema.identifiers, "digest")
_ONE = Statement(
    select(schema.records.c.at, schema.records.c.payload).where(
        schema.records.c.source == bindparam("of_source"), schema.records.c.record_id == bindparam("of_id")
    )
)
_WRITE = Upsert(schema.records, ("source", "record_id"))
_READ = (
    select(schema.records.c.record_id, schema.records.c.payload)
    .where(
        schema.records.c.source == bindparam("of_source"),
        schema.records.c.record_id.in_(bindparam("ids", expanding=True)),
    )
    .order_by(schema.records.c.record_id)
)


# ---------------------------------------------------------------- words to search by


def _folded(text: str) -> str:
    """Without case, accents and other marks."""
    return "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))


def _words(text: str) -> list[str]:
    return "".join(c if c.isalnum() else " " for c in _folded(text)).split()


def _asked(text: str) -> list[str]:
    """The longest first: few have it."""
    words = sorted({word[:LONGEST_TERM] for word in _words(text)}, key=len, reverse=True)[:MAX_WORDS]
    return words if all(len(word) >= SHORTEST_TERM for word in words) else []


def _terms(record: Record) -> Iterator[str]:
    """What a record can be searched by; searching asks for each of its words."""
    for word in _words(record.name or ""):
        yield from _beginnings(word)
    for held in record.identifiers:
        if held.identifier.kind in (IdentifierKind.PHONE, IdentifierKind.WHATSAPP):
            digits = "".join(filter(str.isdigit, held.identifier.value))
            yield from _beginnings(digits)
            yield from (digits[-length:] for length in range(SHORTEST_NUMBER_END, len(digits)))
        elif held.identifier.kind is not IdentifierKind.COOKIE:
            for word in _words(held.identifier.value):
                yield from _beginnings(word)


def _beginnings(word: str) -> Iterator[str]:
    return (word[:length] for length in range(SHORTEST_TERM, min(len(word), LONGEST_TERM) + 1))
