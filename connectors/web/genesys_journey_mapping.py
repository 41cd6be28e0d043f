"""Genesys Cloud's web and app sessions and their events, and what they become.

Shapes: Platform API, "Journey" (sessions, events). Everything but the ids may be absent or null.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import httpx

from connectors.interaction import (
    Address,
    AddressKind,
    Campaign,
    Channel,
    Direction,
    IdentifierKind,
    Interaction,
    InteractionStatus,
    WebEvent,
    WebVisitDetails,
)
from connectors.mapping import plausible, preview, seconds_between
from connectors.telephony.genesys_api import Instant, JourneySession, Model

MOST_CHARACTERS = 500
"""Of a title or a name."""


class Page(Model):
    title: str | None = None
    url: str | None = None


class MarketingCampaign(Model):
    name: str | None = None
    source: str | None = None
    medium: str | None = None


class WebSession(JourneySession):
    customer_id: str | None = None
    customer_id_type: str | None = None
    pageview_count: int | None = None
    screenview_count: int | None = None
    last_page: Page | None = None
    last_screen: str | None = None
    mkt_campaign: MarketingCampaign | None = None


class PageEvent(Model):
    event_name: str | None = None
    page: Page | None = None


class ScreenEvent(Model):
    event_name: str | None = None
    screen_name: str | None = None


class Action(Model):
    media_type: str | None = None
    state: str | None = None
    prompt: str | None = None


class ActionEvent(Model):
    action: Action | None = None


class Outcome(Model):
    display_name: str | None = None


class OutcomeEvent(Model):
    outcome: Outcome | None = None


class Event(Model):
    id: str
    created_date: Instant
    web_event: PageEvent | None = None
    app_event: ScreenEvent | None = None
    web_action_event: ActionEvent | None = None
    outcome_achieved_event: OutcomeEvent | None = None


def visit(
    source: str, session: WebSession, record_ids: Mapping[str, str], events: Sequence[WebEvent] | None
) -> Interaction | None:
    """None for a session without a contact or a believable beginning. `events`: None where they were not read."""
    contact_id = session.external_contact.id if session.external_contact else None
    started_at = plausible(session.created_date)
    if not session.id.strip() or not contact_id or started_at is None:
        return None
    last_at = plausible(session.last_event.created_date) if session.last_event else None
    told_end = plausible(session.ended_date)
    ended_at = None if session.ended_date is None else max(started_at, told_end or started_at)
    campaign = session.mkt_campaign.name if session.mkt_campaign else None
    told = tuple(events or ())
    return Interaction(
        source=source,
        external_id=session.id,
        record_id=record_ids.get(contact_id, contact_id),
        channel=Channel.WEB,
        direction=Direction.INBOUND,
        started_at=started_at,
        last_activity_at=max(started_at, ended_at or last_at or started_at, *(event.at for event in told[-1:])),
        ended_at=ended_at,
        duration_seconds=seconds_between(started_at, ended_at),
        status=InteractionStatus.ACTIVE if ended_at is None else InteractionStatus.COMPLETED,
        division_ids=tuple(id_ for id_ in session.division_ids or () if id_),
        campaign=Campaign(campaign, campaign) if campaign else None,
        address=_address(session),
        subject=_text(told[0].title if told else _last_title(session)),
        preview=preview(_last_title(session)),
        details=WebVisitDetails(_pages(session), told),
    )


def web_events(events: Iterable[Event]) -> tuple[WebEvent, ...]:
    """Oldest first; those that tell nothing that a person did or saw are left out."""
    told = {event.id: found for event in events if (found := _web_event(event)) is not None}
    return tuple(sorted(told.values(), key=lambda event: event.at))


def _web_event(event: Event) -> WebEvent | None:
    at = plausible(event.created_date)
    if at is None:
        return None
    if event.web_event is not None:
        page = event.web_event.page or Page()
        return WebEvent(at, _text(event.web_event.event_name) or "web_event", _text(page.title), _bare(page.url))
    if event.app_event is not None:
        return WebEvent(at, _text(event.app_event.event_name) or "app_event", _text(event.app_event.screen_name))
    if event.web_action_event is not None:
        action = event.web_action_event.action or Action()
        name = " ".join(filter(None, (action.media_type, action.state)))
        return WebEvent(at, _text(name) or "web_action", _text(action.prompt))
    if event.outcome_achieved_event is not None:
        outcome = event.outcome_achieved_event.outcome
        return WebEvent(at, "outcome_achieved", _text(outcome.display_name if outcome else None))
    return None


def _address(session: WebSession) -> Address | None:
    if session.customer_id_type != "cookie" or not session.customer_id:
        return None
    return Address(AddressKind.OTHER, IdentifierKind.COOKIE, session.customer_id)


def _pages(session: WebSession) -> int | None:
    """Of an app its screens."""
    count = session.screenview_count if session.type == "app" else session.pageview_count
    return None if count is None or not 0 <= count < 10**9 else count


def _last_title(session: WebSession) -> str | None:
    title = session.last_page.title if session.last_page else None
    return title or session.last_screen


def _text(text: str | None) -> str | None:
    return " ".join(text.split())[:MOST_CHARACTERS] or None if text else None


def _bare(url: str | None) -> str | None:
    """Without query and fragment, where tokens and addresses of people travel."""
    if not url:
        return None
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        return None
    return str(parsed.copy_with(query=None, fragment=None)) if parsed.scheme in ("http", "https") else None
