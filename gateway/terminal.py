"""Draws in the terminal: a journey, as any client would get it, and what one source tells of a customer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from connectors.http import aiohttp_transport
from connectors.interaction import HeldIdentifier, Identifier

if TYPE_CHECKING:
    from connectors.declarative.connector import Explained
    from gateway.checking import Told
    from gateway.privacy.commands import Shown
    from gateway.store.inbox import Waiting

QUERY = """
query Journey($by: CustomerKey!, $first: Int!) {
  singleCustomerView(by: $by) {
    state
    candidates { displayName identifiers { kind value } }
    sources { source { name } state message }
    customer {
      displayName
      identifiers { kind value }
      summary {
        nps { state score category }
        last30Days { interactions { value state } missed { value } }
        today { interactions { value } missed { value } }
        activeTickets { value state }
        escalatedTickets { value }
      }
      journey(first: $first) {
        nodes {
          channel direction startedAt liveness status
          subject queue { name } agent { name } outcome { kind label }
        }
        pageInfo { hasNextPage }
        sources { source { name } state message }
      }
    }
  }
}
"""
ARROWS = {"INBOUND": "←", "OUTBOUND": "→", "INTERNAL": "↔"}
MARKS = {"LIVE": "[green]● live[/green]", "IDLE": "[yellow]● idle[/yellow]"}
OUTCOME_STYLES = {"SUCCESS": "green", "FAILURE": "red", "NEUTRAL": "default"}
ANSWERED = ("FRESH", "CACHED")
LONGEST_CELL = 60


def customer_key(text: str) -> dict[str, Any]:
    """`+39…` is a phone, `a@b` an e-mail, `source:id` an external id."""
    if "@" in text:
        return {"email": text}
    source, colon, external_id = text.partition(":")
    if colon and source and not source.lstrip("+").isdigit():
        return {"external": {"source": source, "id": external_id}}
    return {"phone": text}


async def draw_journey(
    out: Console, err: Console, url: str, token: str | None, work_profile: str | None, key: str, first: int
) -> int:
    """Prints; returns the exit code: 0 found, 1 not found or ambiguous, 2 refused."""
    token = token or await _demo_token(url)
    if token is None:
        err.print("Give a viewer's token with --token or GATEWAY_TOKEN.")
        return 2
    headers = {"authorization": f"Bearer {token}"}
    if work_profile is not None:
        headers["x-work-profile"] = work_profile
    variables = {"by": customer_key(key), "first": first}
    try:
        async with _client() as client:
            response = await client.post(
                f"{url}/graphql", json={"query": QUERY, "variables": variables}, headers=headers
            )
        answer = response.json()
    except (httpx.HTTPError, ValueError):
        err.print(f"No gateway answers at {url}.", markup=False)
        return 2
    for error in answer.get("errors", ()):
        err.print(f"{error['extensions']['code']}: {error['message']}", markup=False)
    view = (answer.get("data") or {}).get("singleCustomerView")
    if view is None:
        return 2
    return _draw(out, view)


def _client() -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=aiohttp_transport(), timeout=30)


async def _demo_token(url: str) -> str | None:
    """A gateway in demo mode hands out tokens: the supervisor's."""
    try:
        async with _client() as client:
            response = await client.get(f"{url}/demo/viewers.json")
        viewers = response.json() if response.status_code == 200 else []
    except (httpx.HTTPError, ValueError):
        return None
    return next((v["token"] for v in viewers if v["kind"] == "SUPERVISOR"), None)


def _draw(out: Console, view: dict[str, Any]) -> int:
    customer = view["customer"]
    if customer is None:
        if view["state"] == "AMBIGUOUS":
            out.print("Several customers:")
            for candidate in view["candidates"]:
                out.print("  " + _who(candidate), markup=False)
        else:
            out.print("Nobody found.")
        _draw_late(out, view["sources"])
        return 1
    out.print(f"[bold]{escape(_who(customer))}[/bold]")
    _draw_figures(out, customer["summary"])
    out.print(_table(customer["journey"]["nodes"]))
    if customer["journey"]["pageInfo"]["hasNextPage"]:
        out.print("… and older ones", style="dim")
    _draw_late(out, customer["journey"]["sources"])
    return 0


def _who(customer: dict[str, Any]) -> str:
    values = ", ".join(i["value"] for i in customer["identifiers"] if i["kind"] in ("PHONE", "EMAIL"))
    return f"{customer['displayName'] or 'Without a name'}  {values}"


def _draw_figures(out: Console, summary: dict[str, Any] | None) -> None:
    if summary is None:
        return
    nps, month, today = summary["nps"], summary["last30Days"], summary["today"]
    score = "—" if nps["score"] is None else f"{nps['score']} {nps['category'].lower()}"
    at_least = "≥ " if month["interactions"]["state"] == "AT_LEAST" else ""
    out.print(
        f"NPS {score}   30 days {at_least}{_number(month['interactions'])}/{_number(month['missed'])} lost   "
        f"today {_number(today['interactions'])}/{_number(today['missed'])} lost   "
        f"tickets {_number(summary['activeTickets'])} open, {_number(summary['escalatedTickets'])} escalated",
        markup=False,
    )


def _number(count: dict[str, Any]) -> str:
    return "—" if count["value"] is None else str(count["value"])


def _table(nodes: list[dict[str, Any]]) -> Table:
    """A row an interaction; outcomes have a column only when there is one to show."""
    with_outcome = any(node["outcome"] for node in nodes)
    table = Table(box=None, pad_edge=False, header_style="dim", expand=True)
    for name in ("Time", "Channel", "", "Queue", "Agent", "Status", *(["Outcome"] if with_outcome else [])):
        table.add_column(name, no_wrap=True)
    table.add_column("Subject", no_wrap=True, overflow="ellipsis", ratio=1)
    for node in nodes:
        cells = [
            MARKS.get(node["liveness"]) or _time(node["startedAt"]),
            node["channel"],
            ARROWS.get(node["direction"], " "),
            escape((node["queue"] or {}).get("name", "")),
            escape((node["agent"] or {}).get("name", "")),
            node["status"],
        ]
        if with_outcome:
            outcome = node["outcome"]
            cells.append(f"[{OUTCOME_STYLES[outcome['kind']]}]{escape(outcome['label'])}[/]" if outcome else "")
        table.add_row(*cells, escape(node["subject"] or ""))
    return table


def _time(text: str) -> str:
    """In the terminal's own time zone; the year instead of the hour for what is long ago."""
    at, now = datetime.fromisoformat(text).astimezone(), datetime.now().astimezone()
    return f"{at:%d %b %H:%M}" if now - at < timedelta(days=300) else f"{at:%d %b %Y}"


def _draw_late(out: Console, sources: list[dict[str, Any]]) -> None:
    for report in sources:
        if report["state"] not in ANSWERED:
            out.print(f"[yellow]{escape(report['source']['name'])}: {escape(report['message'] or '')}[/yellow]")


def draw_told(out: Console, told: Told) -> int:
    """Prints, field by field; returns the exit code: 0 found, 1 not."""
    if told.problem is not None:
        out.print(f"[red]{escape(told.problem)}[/red]")
        return 1
    if not told.people:
        out.print("Nobody found.")
        return 1
    _draw_explained(out, "Person", told.people)
    if not told.records:
        out.print("None of them carries what was asked for, so none is taken.")
        return 1
    _draw_explained(out, "Interaction", told.rows)
    if not told.rows:
        out.print("No interaction.")
    return 0


def _draw_explained(out: Console, what: str, explained: Sequence[Explained]) -> None:
    for number, each in enumerate(explained, start=1):
        left_out = f"  [red]left out: {escape(each.problem)}[/red]" if each.result is None else ""
        out.print(f"\n[bold]{what} {number}[/bold]{left_out}")
        with_expressions = any(cell.expression for cell in each.cells)
        table = Table(box=None, pad_edge=False, header_style="dim")
        for name in ("Field", *(("Expression", "Found") if with_expressions else ()), "Became", ""):
            table.add_column(name, overflow="fold")
        for cell in each.cells:
            found = (escape(cell.expression), _shown(cell.raw)) if with_expressions else ()
            table.add_row(cell.field, *found, _shown(cell.value), f"[red]{escape(cell.problem)}[/red]")
        out.print(table)


def _shown(value: Any) -> str:
    """On one line, without anything that a terminal would obey."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        value = value.isoformat()
    text = value if isinstance(value, str) else msgspec.json.encode(_bare(value)).decode()
    text = "".join(sign if sign.isprintable() else "·" for sign in text)
    return escape(text if len(text) <= LONGEST_CELL else text[: LONGEST_CELL - 1] + "…")


def _bare(value: Any) -> Any:
    """Identifiers as their values alone."""
    if isinstance(value, (list, tuple)):
        return [_bare(item) for item in value]
    if isinstance(value, HeldIdentifier):
        value = value.identifier
    return value.value if isinstance(value, Identifier) else value


def draw_waiting(out: Console, deliveries: Sequence[Waiting]) -> None:
    """A row a delivery, without what it says."""
    if not deliveries:
        out.print("No delivery was set aside.")
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("Number", "Source", "Received", "State", "Tried", "Why"):
        table.add_column(name)
    for one in deliveries:
        received = f"{one.received_at.astimezone():%d %b %Y %H:%M:%S}"
        table.add_row(str(one.id), one.source, received, one.state.name, str(one.attempts), escape(one.reason or ""))
    out.print(table)


def draw_audit(out: Console, entries: Sequence[Shown]) -> None:
    """A line an entry, for people and for `grep`. Customers stand in it as the beginnings of keyed hashes: alike ones
    are one customer."""
    if not entries:
        out.print("Nothing of that is on record.")
    for one in entries:
        seen = one.seen
        whom = ",".join(digest.hex()[:12] for digest in seen.whom)
        told = {"profile": seen.profile, "whom": whom, "rows": seen.rows, "misses": seen.misses, "why": seen.reason}
        said = " ".join(f"{name}={value}" for name, value in told.items() if value)
        line = f"{one.seq} {one.at:%Y-%m-%dT%H:%M:%SZ} {seen.subject} {seen.kind} {seen.operation!r} {said}"
        out.print(line, markup=False)
