"""Which cached answers are no longer true, once something has been told. Pure."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

from connectors.interaction import Identifier
from gateway.live.bus import News
from gateway.store.feed import ChangeKind


def made_stale(news: News, digest: Callable[[Identifier], bytes]) -> Callable[[Hashable], bool]:
    """Whether an answer with this key may say something else by now. Keys: `gateway.sources.source` and, of who
    somebody is, `gateway.operation`."""
    touched = [entry.touched for entry in news.entries]
    sources = {one.source for one in touched}
    whole = {one.source for one in touched if (one.record_id, one.external_id, one.digest) == (None, None, None)}
    records = {(one.source, one.record_id) for one in touched if one.record_id is not None}
    rows = {(one.source, one.external_id) for one in touched if one.external_id is not None}
    placed = {(one.source, one.at) for one in touched if one.record_id is not None}
    unplaced = {  # of rows and people of whom it is not told which records are theirs
        one.source
        for one in touched
        if one.record_id is None
        and (one.external_id is not None or (one.kind is ChangeKind.HINT and (one.source, one.at) not in placed))
    }
    digests = {one.digest for one in touched if one.digest is not None}
    named = frozenset(news.identifiers)

    def is_of_them(identifiers: Sequence[Any]) -> bool:
        return any(one in named or (digests and digest(one) in digests) for one in identifiers)

    def belongs(key: Hashable) -> bool:
        if not isinstance(key, tuple) or len(key) < 2:
            return False
        kind, source = key[0], key[1]
        if kind == "who":
            return "" in sources or is_of_them(key[1:2])
        if source in whole:
            return True
        if source not in sources:
            return False
        match kind:
            case "page":
                return source in unplaced or any((source, record_id) in records for record_id in key[5:])
            case "on":
                return source in unplaced or any((source, record_id) in records for record_id in key[3:])
            case "get":
                return (source, key[2]) in rows or any(one[0] == source for one in records)
            case "find":
                return is_of_them(key[2:])
            case _:  # it is not known whom a search would find
                return True

    return belongs
