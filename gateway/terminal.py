"""Draws a journey in the terminal, as any client would get it: over HTTP, with a viewer's token."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import httpx
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from connectors.http import aiohttp_transport

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
