"""What the types of a manifest cannot say: which placeholder belongs where, and which keys need one another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from connectors.declarative.manifest import AuthTable, Find, Interactions, Manifest, Request, Words, merged
from connectors.declarative.templates import ALWAYS_KNOWN, path_fault, used, value_faults
from connectors.toml_text import Finding, Path

REQUIRED_FIELDS = ("id", "record_id", "channel", "started_at")
LIST_PLACEHOLDERS = frozenset({"record_id", "start", "end", "limit", "cursor", "order"})
LINK_PLACEHOLDERS = frozenset({"id", "record_id"})
OWN_HEADERS = frozenset({"authorization", "accept-encoding", "content-length", "content-type", "host", "connection"})
CURSOR_STYLES = ("page", "offset", "cursor")


def broken_rules(manifest: Manifest) -> Iterator[Finding]:
    yield from _auth(manifest.auth)
    yield from _request(manifest.check, ("check",), frozenset(), None)
    for index, find in enumerate(manifest.find):
        yield from _find(find, ("find", index))
    if manifest.search is not None:
        yield from _request(manifest.search, ("search",), frozenset({"text", "limit"}), "text")
    for index, listed in enumerate(manifest.interactions):
        yield from _interactions(manifest, listed, ("interactions", index))
    yield from _prefixes(manifest)
    yield from _words(manifest, ())


def _auth(auth: AuthTable) -> Iterator[Finding]:
    path: Path = ("auth",)
    if auth.kind == "header" and auth.header is None:
        yield Finding((*path, "header"), "is missing", "add it: the name of the header that carries the key")
    if auth.kind != "header":
        for key in ("header", "scheme"):
            if getattr(auth, key) is not None:
                yield Finding((*path, key), f"has no meaning for `{auth.kind}`", 'remove it, or set `kind = "header"`')
    tokens = [key for key in ("token_path", "token_url") if getattr(auth, key) is not None]
    if auth.kind == "client_credentials":
        if len(tokens) != 1:
            mend = "give `token_path` for a path behind the base address, or `token_url` for another server"
            yield Finding((*path, "token_path"), "is missing" if not tokens else "stands beside `token_url`", mend)
        if auth.token_url is not None and not auth.token_url.startswith("https://"):
            yield Finding((*path, "token_url"), "is not https", "give an address that begins with `https://`")
    else:
        for key in [*tokens, *(key for key in ("scope", "audience") if getattr(auth, key) is not None)]:
            mend = 'remove it, or set `kind = "client_credentials"`'
            yield Finding((*path, key), f"has no meaning for `{auth.kind}`", mend)
    if auth.scheme is not None and not _is_header_value(auth.scheme):
        yield Finding((*path, "scheme"), "is no word of a header", "write one word, such as `Token`")


def _request(request: Request, path: Path, allowed: frozenset[str], required: str | None) -> Iterator[Finding]:
    faults = list(value_faults(request.body or {}, (*path, "body"), is_body=True))
    for name, value in request.query.items():
        faults += value_faults(value, (*path, "query", name), is_body=False)
    yield from (Finding(*fault) for fault in faults)
    if request.body is not None and request.method == "GET":
        yield Finding((*path, "body"), "stands in a GET", 'set `method = "POST"`, or move it to `query`')
    told = list(used(request))
    for placeholder, place in told:
        if placeholder not in allowed:
            mend = f"known: {', '.join(sorted(allowed))}" if allowed else "write a fixed value"
            yield Finding((*path, *place), f"has `{{{placeholder}}}`, which has no value here", mend)
        elif place == ("path",) and placeholder not in ALWAYS_KNOWN:
            yield Finding((*path, *place), f"has `{{{placeholder}}}`, which may be missing", "move it to `query`")
    if not faults and required is not None and required not in {placeholder for placeholder, _ in told}:
        problem = f"asks without `{{{required}}}`, so for everybody's"
        yield Finding((*path, "path"), problem, f"put `{{{required}}}` in the request")
    for name, value in request.headers.items():
        if name.lower() in OWN_HEADERS:
            yield Finding((*path, "headers", name), "is written by the gateway", "remove it; see `[auth]`")
        elif not _is_header_value(value):
            yield Finding((*path, "headers", name), "has a sign that no header has", "write printable ASCII alone")


def _is_header_value(text: str) -> bool:
    return text.isascii() and text.isprintable() and text == text.strip()


def _find(find: Find, path: Path) -> Iterator[Finding]:
    yield from _request(find, path, frozenset({"identifier"}), "identifier")
    if (find.rows is None) == (find.row is None):
        problem = "is missing" if find.rows is None else "stands beside `row`"
        yield Finding((*path, "rows"), problem, "give `rows` for a list of people, or `row` for one")


def _interactions(manifest: Manifest, listed: Interactions, path: Path) -> Iterator[Finding]:
    told: set[str] = set()
    for index, request in enumerate(listed.requests):
        place = (*path, "requests", index)
        yield from _request(request, place, LIST_PLACEHOLDERS, "record_id")
        told |= {placeholder for placeholder, _ in used(request)}
    yield from _paging(listed, told, path)
    if listed.order_words is None and "order" in told:
        yield Finding((*path, "order_words"), "is missing", "add it: the words for newest and oldest first")
    if listed.order_words is not None and "order" not in told:
        yield Finding((*path, "order_words"), "is used by no request", "put `{order}` in the query")
    if listed.one is not None:
        yield from _request(listed.one, (*path, "one"), frozenset({"external_id"}), "external_id")
    fields = merged(listed.fields, manifest.fields)
    for name in REQUIRED_FIELDS:
        if getattr(fields, name) is None:
            yield Finding((*path, "fields", name), "is missing", "add it here, or in `[fields]` for every list")
    if fields.url is not None:
        yield from _link(fields.url.path, fields.url.query, (*path, "fields", "url"))


def _link(path_text: str, query: dict[str, str], path: Path) -> Iterator[Finding]:
    fault = path_fault(path_text, is_link=True)
    if fault is None:
        link = Request(path=path_text, query=query)
        for placeholder, place in used(link):
            if placeholder not in LINK_PLACEHOLDERS:
                known = f"known: {', '.join(sorted(LINK_PLACEHOLDERS))}"
                yield Finding((*path, *place), f"has `{{{placeholder}}}`, which has no value here", known)
    for name, value in query.items():
        yield from (Finding(*found) for found in value_faults(value, (*path, "query", name), is_body=False))


def _paging(listed: Interactions, told: set[str], path: Path) -> Iterator[Finding]:
    paging = listed.paging
    if paging is None:
        if "cursor" in told:
            yield Finding((*path, "paging"), "is missing", "add it: `{cursor}` stands for what its style counts")
        return
    path = (*path, "paging")
    if paging.style in CURSOR_STYLES and "cursor" not in told:
        yield Finding((*path, "style"), "asks for every page alike", "put `{cursor}` in the query: it counts pages")
    if paging.style not in CURSOR_STYLES and "cursor" in told:
        yield Finding((*path, "style"), "gives `{cursor}` no value", f"known: {', '.join(CURSOR_STYLES)}")
    if paging.style in ("cursor", "next_url") and paging.next is None:
        yield Finding((*path, "next"), "is missing", "add it: the expression of the next cursor or address")
    if paging.style not in ("cursor", "next_url") and paging.next is not None:
        yield Finding((*path, "next"), f"has no meaning for `{paging.style}`", "remove it")
    if paging.style == "keyset":
        newest = listed.order == "newest" or listed.order_words is not None
        if "end" not in told or not newest:
            mend = 'put `{end}` in the query, and set `order = "newest"` if the vendor sorts so'
            yield Finding((*path, "style"), "needs a window and newest first", mend)


def _prefixes(manifest: Manifest) -> Iterator[Finding]:
    """Ids are unique in a source, so several lists need to be told apart by them."""
    lists = manifest.interactions
    if len(lists) == 1:
        return
    for index, listed in enumerate(lists):
        others = [other.prefix for position, other in enumerate(lists) if position != index]
        if not listed.prefix or any(other and listed.prefix.startswith(other) for other in others):
            mend = "give each list one of its own, such as `call-`"
            yield Finding(("interactions", index, "prefix"), "does not tell this list's ids from others'", mend)


def _words(value: Any, path: Path) -> Iterator[Finding]:
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _words(item, (*path, index))
    elif isinstance(value, Words):
        ways = [key for key, way in (("fixed", value.fixed), ("rules", value.rules), ("from", value.origin)) if way]
        if value.map and value.origin is None:
            yield Finding((*path, "from"), "is missing beside `map`", "add it")
        elif value.origin is not None and not value.map:
            yield Finding((*path, "map"), "is missing beside `from`", "add it")
        elif not ways:
            yield Finding(path, "says no word", "give `fixed`, `rules`, or `from` with a `map`")
        elif "fixed" in ways and (len(ways) > 1 or value.otherwise is not None):
            yield Finding((*path, "fixed"), "leaves nothing to the others", "keep it alone, or remove it")
    elif isinstance(value, msgspec.Struct):
        for field in msgspec.structs.fields(value):
            yield from _words(getattr(value, field.name), (*path, field.encode_name))
