"""Genesys Cloud with its tracker on the company's website: the same, and a web session before each contact.

Beside the conversations' own sessions; each has its page views, and who left a quote has a content offer in between.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request

from sandbox.contacts import Contact, ContactLog
from sandbox.vendor import iso_millis
from sandbox.vendors import genesys_rows as rows
from sandbox.vendors.genesys_cloud import (
    EVENT_TYPES,
    GenesysCloud,
    cursor_of,
    position_of,
)
from sandbox.vendors.genesys_http import ABSENT, Refused, invalid_parameter, page_size, self_uri
from sandbox.vendors.genesys_ids import division_id, guest_id, part_id, person_id, visit_id, visit_number

Row = dict[str, Any]

MOST_A_PAGE = 200
BEFORE = timedelta(minutes=12)
STEP = timedelta(minutes=2)
SITE = "https://www.contact-centre.example.com"
TITLES = ("Home", "Prices", "Contact us")


class GenesysJourney(GenesysCloud):
    name = "genesys_journey"
    plays = "genesys_cloud"

    async def contact_sessions(self, request: Request) -> Row:
        """Newest first: each conversation, then the visit that came before it."""
        person = self._asked_person(request)
        size = page_size(request, 25, MOST_A_PAGE)
        start = position_of(request.query_params.get("after"))
        found = list(islice(_sessions(self.contacts(person)), start, start + size + 1))
        path = f"/api/v2/externalcontacts/contacts/{person_id(person)}/journey/sessions"
        answer: Row = {"entities": found[:size], "selfUri": self_uri(request, path)}
        if len(found) > size:
            following = {**request.query_params, "pageSize": size, "after": cursor_of(start + size)}
            answer["nextUri"] = f"{path}?{urlencode(following)}"
        return answer

    async def show_session(self, request: Request) -> Row:
        contact = self._visited(request)
        return await super().show_session(request) if contact is None else visit_row(contact)

    async def session_events(self, request: Request) -> Row:
        """Newest first."""
        contact = self._visited(request)
        if contact is None:
            return await super().session_events(request)
        size = page_size(request, 25, MOST_A_PAGE)
        start = position_of(request.query_params.get("after"))
        asked = list(filter(None, request.query_params.get("eventType", "").split(",")))
        for kind in asked:
            if kind not in EVENT_TYPES:
                raise invalid_parameter(request, "eventType", ", ".join(EVENT_TYPES))
        events = [event for event in event_rows(contact) if not asked or event["eventType"] in asked][::-1]
        path = f"/api/v2/journey/sessions/{visit_id(contact)}/events"
        answer: Row = {"entities": events[start : start + size], "selfUri": self_uri(request, path)}
        if start + size < len(events):
            following = {**request.query_params, "pageSize": size, "after": cursor_of(start + size)}
            answer["nextUri"] = f"{path}?{urlencode(following)}"
        return answer

    def _visited(self, request: Request) -> Contact | None:
        """The contact whose visit is asked for; None where it is no visit's id."""
        number = visit_number(request.path_params["session"])
        if number is None:
            return None
        contact = self.contact(number)
        if contact is None:
            raise Refused(404, "not.found", ABSENT)
        return contact


def _sessions(log: ContactLog) -> Iterator[Row]:
    for contact in log:
        if contact.campaign is None:
            yield rows.session_row(contact)
            yield visit_row(contact)


def visit_row(contact: Contact) -> Row:
    """It goes on while the messages that it led to do."""
    began, last = contact.started_at - BEFORE, _last(contact)
    is_live = contact.ended_at is None and contact.channel == "web_messaging"
    events = event_rows(contact)
    row: Row = {
        "id": visit_id(contact),
        "selfUri": f"/api/v2/journey/sessions/{visit_id(contact)}",
        "externalContact": {"id": person_id(contact.person)},
        "customerId": guest_id(contact.person),
        "customerIdType": "cookie",
        "type": "web",
        "shortId": f"{contact.number % 900_000 + 100_000}",
        "eventCount": len(events),
        "pageviewCount": sum("webEvent" in event for event in events),
        "screenviewCount": 0,
        "lastEvent": {"id": events[-1]["id"], "eventName": "page_viewed", "createdDate": iso_millis(last)},
        "lastPage": _page(TITLES[-1]),
        "mktCampaign": {"name": "spring-upgrades", "source": "newsletter", "medium": "email"}
        if contact.number // 1000 % 3 == 0
        else None,
        "searchTerms": [],
        "authenticated": False,
        "divisionIds": [division_id(stretch.division) for stretch in contact.stretches[:1]],
        "createdDate": iso_millis(began),
        "durationInSeconds": int((last - began).total_seconds()),
    }
    if is_live:
        idle, away = last + timedelta(seconds=45), last + timedelta(seconds=60)
        return row | {"idleDate": iso_millis(idle), "awayDate": iso_millis(away)}
    return row | {"endedDate": iso_millis(last)}


def event_rows(contact: Contact) -> Sequence[Row]:
    began = contact.started_at - BEFORE
    told = [
        _event(contact, place, began + STEP * place, "WebEvent", {"webEvent": _viewed(title)})
        for place, title in enumerate(TITLES)
    ]
    if contact.topic.tag == "quote":
        action = {"id": part_id(contact, "action"), "state": "accepted", "mediaType": "contentOffer"}
        offer = {"webActionEvent": {"action": action | {"prompt": "A quote within the hour"}}}
        told.insert(2, _event(contact, 9, began + STEP + STEP / 2, "WebActionEvent", offer))
    return told


def _event(contact: Contact, place: int, at: datetime, kind: str, body: Row) -> Row:
    return {
        "id": part_id(contact, "event", place),
        "correlationId": part_id(contact, "correlation", place),
        "customerId": guest_id(contact.person),
        "customerIdType": "cookie",
        "session": {"id": visit_id(contact), "type": "web"},
        "eventType": f"com.genesys.journey.{kind}",
        "createdDate": iso_millis(at),
        **body,
    }


def _viewed(title: str) -> Row:
    return {"eventName": "page_viewed", "totalEventCount": 1, "totalPageviewCount": 1, "page": _page(title)}


def _page(title: str) -> Row:
    path = f"/{title.lower().replace(' ', '-')}"
    return {
        "url": f"{SITE}{path}?visitor=secret#top",
        "title": title,
        "domain": "example.com",
        "hostname": SITE.removeprefix("https://"),
        "pathname": path,
        "queryString": "visitor=secret",
        "breadcrumb": [],
    }


def _last(contact: Contact) -> datetime:
    return contact.started_at - BEFORE + STEP * (len(TITLES) - 1)
