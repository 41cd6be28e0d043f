"""How a list of the vendor's is read: page by page in its own style, and several lists side by side in one order.

Each record under each request is a stream with pages of its own. Of a vendor that can seek, only the streams that are
behind are read on, so that everything on this side of the slowest one has been given.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from connectors.base import EARLIEST, LATEST, MAX_REPEATED_PAGES, Query, Window
from connectors.declarative.expressions import UnfitError, compiled, is_true
from connectors.declarative.manifest import Interactions, PagingTable, Request
from connectors.declarative.templates import Values, used
from connectors.declarative.times import UNITS, Times
from connectors.declarative.values import as_text, as_whole
from connectors.interaction import Interaction

SMALLEST_PAGE = 10

_LINK = re.compile(r'<([^<>]*)>((?:\s*;\s*[\w!#$&+.^`|~-]+\s*=\s*(?:"[^"]*"|[^\s;,"]+))*)')
_REL_NEXT = re.compile(r';\s*rel\s*=\s*(?:"[^"]*\bnext\b[^"]*"|next(?=\s|;|$))', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Stream:
    """Where the reading of one request for one record stands.

    token: what `{cursor}` stands for. link: the vendor's own next address, instead of the request. edge: rows on this
    side of it have been given. seen: rows since the window was last set. told: ids of the last page.
    """

    listed: int
    request: int
    record_id: str
    window: Window
    size: int
    edge: datetime
    token: str | int | None = None
    link: str | None = None
    seen: int = 0
    repeats: int = 0
    told: frozenset[str] = field(default=frozenset(), repr=False)


@dataclass(frozen=True, slots=True)
class Walk:
    """The streams that go on, and what was met on the way. The cursor of a read."""

    streams: tuple[Stream, ...]
    is_alone: bool
    capped: bool = False


@dataclass(frozen=True, slots=True)
class Answered:
    """What one page brought: `count` rows of the vendor's, of which `items` could be mapped."""

    body: Any
    headers: Mapping[str, str]
    count: int
    items: Sequence[Interaction]


class StuckError(Exception):
    """The vendor gives the same page again and again."""


def is_seekable(listed: Interactions) -> bool:
    """Newest first, and with an end that can be set: a page can then begin anywhere."""
    sorted_by_start = listed.order == "newest" or listed.order_words is not None
    return sorted_by_start and all("end" in {name for name, _ in used(request)} for request in listed.requests)


def is_ascending(listed: Interactions) -> bool:
    told = [{name for name, _ in used(request)} for request in listed.requests]
    return is_seekable(listed) and listed.order_words is not None and all({"start", "order"} <= t for t in told)


def page_size(listed: Interactions) -> int:
    return PagingTable(style="page").size if listed.paging is None else listed.paging.size


def _size(listed: Interactions, request: Request, limit: int) -> int:
    """Rows of a page: as many as are wanted and one more, where the vendor can be told how many."""
    most = page_size(listed)
    told = {name for name, _ in used(request)}
    return min(most, max(SMALLEST_PAGE, limit + 1)) if "limit" in told else most


def begin(lists: Sequence[Interactions], record_ids: Iterable[str], query: Query) -> Walk:
    edge = (query.window.start or EARLIEST) if query.ascending else (query.window.end or LATEST)
    streams = tuple(
        Stream(
            listed=number,
            request=place,
            record_id=record_id,
            window=query.window,
            size=_size(listed, request, query.limit),
            edge=edge,
            token=_first_token(listed.paging),
        )
        for record_id in record_ids
        for number, listed in enumerate(lists)
        for place, request in enumerate(listed.requests)
    )
    return Walk(streams, is_alone=len(streams) == 1)


def _first_token(paging: PagingTable | None) -> int | None:
    if paging is None or paging.style not in ("page", "offset"):
        return None
    return paging.first if paging.style == "page" else 0


def due(walk: Walk, seeks: bool, ascending: bool) -> tuple[Stream, ...]:
    """The streams to read on: all of them, or those that are furthest behind."""
    if not seeks or not walk.streams:
        return walk.streams
    behind = frontier(walk.streams, ascending)
    return tuple(stream for stream in walk.streams if stream.edge == behind)


def frontier(streams: Iterable[Stream], ascending: bool) -> datetime:
    edges = [stream.edge for stream in streams]
    return min(edges) if ascending else max(edges)


def values_of(stream: Stream, listed: Interactions, times: Times, ascending: bool) -> Values:
    """What the placeholders of this page stand for. Windows are asked wide: the base class cuts them exactly."""
    start, end = stream.window.start, stream.window.end
    words = listed.order_words
    return {
        "record_id": stream.record_id,
        "start": None if start is None else _start(start, listed, times),
        "end": None if end is None else _end(end, listed, times),
        "limit": stream.size,
        "cursor": stream.token,
        "order": None if words is None else words.oldest if ascending else words.newest,
    }


def _start(at: datetime, listed: Interactions, times: Times) -> str | int:
    granularity = listed.window.granularity
    return times.write(times.floor(at - times.slack(at), granularity), granularity)


def _end(at: datetime, listed: Interactions, times: Times) -> str | int:
    """The first unit behind the window; where the vendor's end is included, the last one in it."""
    granularity = listed.window.granularity
    at += times.slack(at)
    last = times.floor(at - UNITS["exact"], granularity)
    if listed.window.end == "inclusive":
        return times.write(last, granularity)
    following = times.floor(last + UNITS[granularity] * 1.5, granularity)  # a day may have 23 or 25 hours
    return times.write(following, granularity)


def follow(
    stream: Stream, listed: Interactions, answer: Answered, times: Times, *, ascending: bool
) -> tuple[Stream | None, bool]:
    """Where this stream goes on, None at its end; and whether the vendor keeps rows from us. Raises `StuckError`."""
    paging = listed.paging
    moved = _counted(stream, answer, ascending)
    if paging is None:
        return None, False
    if paging.style == "keyset":
        if answer.count < stream.size:
            return None, False
        return _narrowed(moved, listed, answer, times, ascending, stream.window)
    following, more = _next(moved, paging, answer)
    if following is None:
        return None, more
    if paging.cap is not None and moved.seen >= paging.cap:
        if not is_seekable(listed):
            return None, True
        anew = replace(following, token=_first_token(paging), link=None, seen=0)
        return _narrowed(anew, listed, answer, times, ascending, stream.window)
    return following, False


def _counted(stream: Stream, answer: Answered, ascending: bool) -> Stream:
    starts = [row.started_at for row in answer.items]
    edge = (max(*starts, stream.edge) if ascending else min(*starts, stream.edge)) if starts else stream.edge
    told = frozenset(row.external_id for row in answer.items)
    repeats = stream.repeats + (bool(told) and told <= stream.told)
    if repeats > MAX_REPEATED_PAGES:
        raise StuckError
    return replace(stream, edge=edge, seen=stream.seen + answer.count, told=told, repeats=repeats)


def _next(stream: Stream, paging: PagingTable, answer: Answered) -> tuple[Stream | None, bool]:
    """The stream at its next page, if there is one."""
    if paging.style in ("next_url", "link_header"):
        link = _link_header(answer.headers) if paging.style == "link_header" else _text(paging.next, answer.body)
        return (None if link is None else replace(stream, link=link)), False
    if paging.style == "cursor":
        token = _text(paging.next, answer.body)
        if token is None or not _has_more(stream, paging, answer, unless_short=False):
            return None, False
        if token == stream.token:
            raise StuckError
        return replace(stream, token=token), False
    if not _has_more(stream, paging, answer, unless_short=True):
        return None, False
    assert isinstance(stream.token, int)
    step = 1 if paging.style == "page" else answer.count
    return replace(stream, token=stream.token + step), False


def _has_more(stream: Stream, paging: PagingTable, answer: Answered, *, unless_short: bool) -> bool:
    """By what the vendor says of it; without a word, a page that is not full was the last."""
    if paging.more is not None:
        return is_true(_found(paging.more, answer.body))
    if not answer.count:
        return False
    total = as_whole(_found(paging.total, answer.body))
    if total is not None:
        return stream.seen < total
    return not unless_short or answer.count >= stream.size


def _narrowed(
    stream: Stream, listed: Interactions, answer: Answered, times: Times, ascending: bool, asked: Window
) -> tuple[Stream | None, bool]:
    """The stream with what is left of its window behind the edge, ties included. More ties than a page are skipped."""
    unit = UNITS[listed.window.granularity]
    reach = times.slack(stream.edge)
    if ascending:
        window = Window(times.floor(stream.edge - reach, listed.window.granularity), asked.end)
        stuck = asked.start is not None and window.start is not None and window.start <= asked.start
        if stuck and window.start is not None:
            window = Window(window.start + unit, asked.end)
    else:
        window = Window(asked.start, times.floor(stream.edge + reach, listed.window.granularity) + unit)
        stuck = asked.end is not None and window.end is not None and window.end >= asked.end
        if stuck and window.end is not None:
            window = Window(asked.start, window.end - unit)
    if window.is_empty or not answer.items:
        return None, True
    return replace(stream, window=window), stuck


def _link_header(headers: Mapping[str, str]) -> str | None:
    """RFC 8288: the target whose relation is `next`."""
    for target, parameters in _LINK.findall(headers.get("link", "")):
        if _REL_NEXT.search(parameters):
            return str(target) or None
    return None


def _text(expression: str | None, body: Any) -> str | None:
    return as_text(_found(expression, body))


def _found(expression: str | None, body: Any) -> Any:
    if expression is None:
        return None
    try:
        return compiled(expression)(body)
    except UnfitError:
        return None


def request_of(stream: Stream, lists: Sequence[Interactions]) -> Request:
    return lists[stream.listed].requests[stream.request]
