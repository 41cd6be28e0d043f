"""Genesys Cloud's journey: what external contacts did on the website and in the app, visit by visit.

A connector of its own beside `genesys_cloud`: sessions are listed for one contact, newest first, without a window, so
they cannot be read from any day as conversations can. Who somebody is, both ask alike. See
docs/connectors/genesys_journey.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import httpx

from connectors.base import Capabilities, Fetched, Query, SourceConfig, Window
from connectors.deadline import Deadline
from connectors.http import Params, segment
from connectors.interaction import Channel, IdentifierKind, Interaction, Record, SourceKind, WebEvent
from connectors.mapping import Kept, decode_rows, plausible, together
from connectors.telephony.genesys_api import ContactListing, JourneySessionListing
from connectors.telephony.genesys_cloud import CONTACTS, NOT_THERE, GenesysCloud, Options
from connectors.telephony.genesys_contacts import head_of
from connectors.web.genesys_journey_mapping import Event, WebSession, visit, web_events

PAGE_SIZE = 200
MOST_EVENT_PAGES = 5
EVENTS_SECONDS = 3600.0


class JourneyOptions(Options, frozen=True, forbid_unknown_fields=True):
    """events_days: how young a visit must be for its pages and events to be read in a list."""

    events_days: int = 14


class _Listing(JourneySessionListing):
    """Of sessions, or of events."""

    next_uri: str | None = None


class GenesysJourney(GenesysCloud):
    vendor = "genesys_journey"
    kind = SourceKind.WEB
    channels = frozenset({Channel.WEB})
    Options = JourneyOptions
    capabilities = Capabilities(
        seek=False,
        ascending=False,
        finds_by=frozenset(IdentifierKind),
        window_granularity_seconds=None,
        row_cap=30 * PAGE_SIZE,
        search=True,
        live_state=True,
        cannot_see=(
            "Visits of people whom no external contact was made of or linked to, sessions of divisions that the OAuth "
            "client's role does not hold, and the pages of older visits but one by one."
        ),
    )

    def __init__(self, config: SourceConfig, transport: httpx.AsyncBaseTransport, *args: Any, **kwargs: Any) -> None:
        super().__init__(config, transport, *args, **kwargs)
        self._events: Kept[str, tuple[WebEvent, ...]] = Kept(EVENTS_SECONDS, size=5000)

    async def check(self, deadline: Deadline) -> None:
        """Needs contacts; sessions are somebody's, so nobody's can be asked for harmlessly."""
        await self.http.get(CONTACTS, ContactListing, deadline, [("pageSize", 1)])

    async def fetch_page(self, records: Sequence[Record], query: Query, deadline: Deadline) -> Fetched:
        """The next page of each contact's list that has one."""
        cursors: Mapping[str, str] = query.cursor or dict.fromkeys((record.id for record in records), "")
        record_ids = await self._record_ids([record.id for record in records], deadline)
        listings = await together(self._listing(id_, after, deadline) for id_, after in cursors.items())
        following: dict[str, str] = {}
        sessions: list[WebSession] = []
        dropped = 0
        for id_, listing in zip(cursors, listings, strict=True):
            decoded, odd = decode_rows(listing.entities or (), WebSession)
            sessions += [session for session in decoded if not session.is_conversation]
            dropped += odd
            after = _after(listing.next_uri)
            if after is not None and not _is_past(decoded, query.window):
                following[id_] = after
        events = await together(self._events_of(session, deadline) for session in sessions)
        mapped = [visit(self.name, s, record_ids, told) for s, told in zip(sessions, events, strict=True)]
        rows = [row for row in mapped if row is not None]
        return Fetched(rows, following or None, dropped=dropped + len(mapped) - len(rows))

    async def fetch_one(self, external_id: str, deadline: Deadline) -> Interaction | None:
        answer = await self.http.send("GET", _path(external_id), deadline, expect=NOT_THERE)
        if answer.status in NOT_THERE:
            return None
        session = self.http.decode(answer.body, WebSession)
        if session.is_conversation:
            return None
        contact_id = session.external_contact.id if session.external_contact else None
        contact = await self._contact(contact_id, deadline) if contact_id else None
        record_ids = {contact.id: head_of(contact)} if contact else {}
        return visit(self.name, session, record_ids, await self._read_events(session.id, deadline))

    async def _listing(self, contact_id: str, after: str, deadline: Deadline) -> _Listing:
        path = f"{CONTACTS}/{segment(contact_id)}/journey/sessions"
        params: Params = [("pageSize", PAGE_SIZE), ("includeMerged", "true"), *([("after", after)] if after else [])]
        return await self.http.get_or_none(path, _Listing, deadline, params) or _Listing()

    async def _events_of(self, session: WebSession, deadline: Deadline) -> tuple[WebEvent, ...] | None:
        """Of a visit that is young enough; what has ended does not change any more."""
        began = plausible(session.created_date)
        if began is None or self.utc_now() - began > timedelta(days=self.options.events_days):
            return None
        if session.ended_date is None:
            return await self._read_events(session.id, deadline)
        return await self._events.get(session.id, deadline, lambda: self._read_events(session.id, deadline))

    async def _read_events(self, session_id: str, deadline: Deadline) -> tuple[WebEvent, ...]:
        """None of them where the credential may not read any."""
        events: list[Event] = []
        after: str | None = ""
        for _ in range(MOST_EVENT_PAGES):
            params: Params = [("pageSize", PAGE_SIZE), *([("after", after)] if after else [])]
            answer = await self.http.send(
                "GET", f"{_path(session_id)}/events", deadline, params=params, expect=(403, *NOT_THERE)
            )
            if answer.status in (403, *NOT_THERE):
                break
            listing = self.http.decode(answer.body, _Listing)
            events += decode_rows(listing.entities or (), Event)[0]
            after = _after(listing.next_uri)
            if after is None:
                break
        return web_events(events)


def _path(session_id: str) -> str:
    return f"/api/v2/journey/sessions/{segment(session_id)}"


def _after(next_uri: str | None) -> str | None:
    """The cursor in a link to the next page, wherever that link begins."""
    if not next_uri:
        return None
    try:
        return httpx.URL(next_uri).params.get("after") or None
    except httpx.InvalidURL:
        return None


def _is_past(sessions: Sequence[WebSession], window: Window) -> bool:
    """Whether a page that comes newest first lies in front of the window: those behind it do, too."""
    times = [at for session in sessions if (at := plausible(session.created_date)) is not None]
    if window.start is None or len(times) < 2 or times[0] <= times[-1] or times != sorted(times, reverse=True):
        return False
    return times[0] < window.start
