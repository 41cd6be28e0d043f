"""What operators said about who is who, as it was said: only ever added to. And every id that a customer was given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar, cast

import msgspec
from sqlalchemy import ColumnElement, Connection, insert, or_, select

from connectors.interaction import Identifier
from gateway.customers.links import Cut, Link, Merge, Undone
from gateway.store import feed, schema
from gateway.store.database import Database
from gateway.store.database import insert as upsert
from gateway.store.feed import ChangeKind, Touched
from gateway.store.statements import InsertNew
from gateway.store.times import instant, micros
from gateway.store.vault import Vault

L = TypeVar("L", bound=Merge | Cut | Undone)
_LINK = cast(type[Link], Link)


class LinkStore:
    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    async def append(self, link: L, touched: Sequence[Touched] = ()) -> L:
        """With the number that it was given. `touched` is appended to the feed with it."""
        return await self._database.write(lambda connection: self._append(connection, link, touched))

    def _append(self, connection: Connection, link: L, touched: Sequence[Touched]) -> L:
        feed.lock(connection)  # before it gets its number: who reads on by numbers must not miss one
        links, named = schema.links, schema.link_identifiers
        values = {
            "undoes": link.link if isinstance(link, Undone) else None,
            "at": micros(link.at),
            "payload": self._vault.seal(msgspec.msgpack.encode(link), "link"),
        }
        key = connection.execute(insert(links).values(values)).inserted_primary_key
        assert key is not None
        digests = {self._vault.digest(identifier) for identifier in named_by(link)}
        if digests:
            rows = [{"digest": digest, "link_id": key[0]} for digest in sorted(digests)]
            connection.execute(insert(named), rows)
        feed.append(connection, touched or [Touched(ChangeKind.IDENTITY, "", link.at)])
        return msgspec.structs.replace(link, id=key[0])

    async def naming(self, identifiers: Sequence[Identifier]) -> list[Link]:
        """Every link that names one of them, undone or not, and what undid those; in the order of their numbers."""
        digests = [self._vault.digest(identifier) for identifier in identifiers]
        named = schema.link_identifiers.c
        ids = select(named.link_id).where(named.digest.in_(digests))
        links = schema.links.c
        return await self._read(or_(links.id.in_(ids), links.undoes.in_(ids)))

    async def get(self, id_: int) -> Link | None:
        found = await self._read(schema.links.c.id == id_)
        return found[0] if found else None

    async def all(self, after: int = 0) -> list[Link]:
        """Those with larger numbers, in their order."""
        return await self._read(schema.links.c.id > after)

    async def _read(self, which: ColumnElement[bool]) -> list[Link]:
        def work(connection: Connection) -> list[Link]:
            return [self._opened(row) for row in connection.execute(query)]

        query = select(schema.links.c.id, schema.links.c.payload).where(which).order_by(schema.links.c.id)
        return await self._database.read(work)

    def _opened(self, row: Any) -> Link:
        link: Link = msgspec.msgpack.decode(self._vault.open(row.payload, "link"), type=_LINK)
        return msgspec.structs.replace(link, id=row.id)


def named_by(link: Link) -> tuple[Identifier, ...]:
    match link:
        case Merge():
            return link.into, link.absorbed, link.handle, link.known_as
        case Cut():
            return link.identifier, link.keeper, link.handle
        case Undone():
            return ()


class Handle(msgspec.Struct, frozen=True):
    """What a customer's id was made of, and when it was first given. `record`: the external id of a record that was
    theirs then."""

    identifier: Identifier
    at: datetime
    record: Identifier | None = None


_REMEMBER = InsertNew(schema.handles)


class Handles:
    """Every customer id ever given goes on resolving: these are the identifiers they were made of."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    async def remember(
        self,
        identifiers: Sequence[Identifier],
        at: datetime,
        records: Mapping[Identifier, Identifier | None] | None = None,
    ) -> None:
        """The first time counts. `records`: by identifier, see `Handle`."""
        rows = [
            {
                "digest": self._vault.digest(identifier),
                "at": micros(at),
                "payload": self._vault.pack(Handle(identifier, at, (records or {}).get(identifier)), "handle"),
            }
            for identifier in dict.fromkeys(identifiers)
        ]

        def work(connection: Connection) -> None:
            if rows:
                _REMEMBER.run_all(connection, rows)

        await self._database.write(work)

    async def among(self, identifiers: Sequence[Identifier]) -> list[Handle]:
        """Those of them that an id was made of, the oldest first."""
        digests = [self._vault.digest(identifier) for identifier in identifiers]
        columns = schema.handles.c
        query = select(columns.payload).where(columns.digest.in_(digests)).order_by(columns.at, columns.digest)

        def work(connection: Connection) -> list[Handle]:
            return [self._vault.unpack(one, Handle, "handle") for one in connection.execute(query).scalars()]

        return await self._database.read(work)


class Revocations:
    """Tokens that count no more, until they would have ended by themselves."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def revoke(self, token_id: str, expires_at: datetime, at: datetime) -> datetime:
        """When it was revoked: the first time counts."""
        values = {"token_id": token_id, "expires_at": micros(expires_at), "at": micros(at)}
        first = select(schema.revocations.c.at).where(schema.revocations.c.token_id == token_id)

        def work(connection: Connection) -> int:
            connection.execute(upsert(connection, schema.revocations).values(values).on_conflict_do_nothing())
            return int(connection.execute(first).scalar_one())

        return instant(await self._database.write(work))

    async def live(self, now: datetime) -> dict[str, datetime]:
        """Id → when it was revoked, of all that have not ended yet."""
        columns = schema.revocations.c
        query = select(columns.token_id, columns.at).where(columns.expires_at > micros(now))
        return await self._database.read(
            lambda connection: {row.token_id: instant(row.at) for row in connection.execute(query)}
        )

    async def is_revoked(self, token_id: str) -> bool:
        query = select(schema.revocations.c.at).where(schema.revocations.c.token_id == token_id)
        return await self._database.read(lambda connection: connection.execute(query).first() is not None)
