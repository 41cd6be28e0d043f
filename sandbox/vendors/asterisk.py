"""Asterisk's REST interface (ARI): the channels and bridges of the calls that are going on. It has no history."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.company import stable_uuid
from sandbox.contacts import Contact
from sandbox.credentials import ARI_PASSWORD, ARI_USER, PBX_NUMBER
from sandbox.scenes import LIVE_KEYS
from sandbox.vendor import Vendor, first_with, has_basic, json_answer, retry_headers
from sandbox.vendors.asterisk_rows import CALLS, channel_id, extension_of, phone_of, queue_name, trunk

STARTED = "2026-01-05T08:00:00.000+0000"
Row = dict[str, Any]


class Asterisk(Vendor):
    name = "asterisk"
    plays = "genesys_cloud"

    def routes(self) -> Sequence[Route]:
        return [
            Route("/ari/asterisk/info", self.info),
            Route("/ari/channels", self.list_channels),
            Route("/ari/channels/{id}", self.show_channel),
            Route("/ari/bridges", self.list_bridges),
        ]

    def refusal(self, request: Request) -> Response | None:
        if has_basic(request, ARI_USER, ARI_PASSWORD):
            return None
        realm = {"www-authenticate": 'Basic realm="Asterisk REST Interface"'}
        return json_answer({"message": "Authentication required"}, 401, realm)

    def failure(self, status: int, retry_after: int | None) -> Response:
        return json_answer({"message": "Internal server error"}, status, retry_headers(retry_after))

    async def info(self, request: Request) -> Response:
        return json_answer(
            {
                "build": {
                    "os": "Linux",
                    "kernel": "6.1",
                    "machine": "x86_64",
                    "options": "OPTIONAL_API",
                    "date": "2026-01-01 00:00:00 UTC",
                    "user": "asterisk",
                },
                "system": {"version": "22.10.1", "entity_id": "00:00:00:00:00:01"},
                "config": {"name": "", "default_language": "en", "setid": {"user": "", "group": ""}},
                "status": {"startup_time": STARTED, "last_reload_time": STARTED},
            }
        )

    async def list_channels(self, request: Request) -> Response:
        return json_answer([channel for call in self._calls() for channel in channels_of(call)])

    async def show_channel(self, request: Request) -> Response:
        channels = (channel for call in self._calls() for channel in channels_of(call))
        found = first_with(channels, lambda channel: channel["id"] == request.path_params["id"])
        return json_answer({"message": "Channel not found"}, 404) if found is None else json_answer(found)

    async def list_bridges(self, request: Request) -> Response:
        return json_answer([bridge for call in self._calls() for bridge in bridges_of(call)])

    def _calls(self) -> list[Contact]:
        """Calls in hand at this moment."""
        people = [person for person in self.people() if person.key in LIVE_KEYS]
        contacts = (contact for person in people for contact in self.contacts(person)[:5])
        return [contact for contact in contacts if contact.channel in CALLS and contact.ended_at is None]


def channels_of(call: Contact) -> list[Row]:
    """The customer's channel; the agent's as well once they talk."""
    talking = call.stretches[-1] if call.stretches and call.stretches[-1].agent else None
    customer = {"name": call.person.name, "number": call.address}
    service = {"name": "", "number": PBX_NUMBER}
    application, data = "Queue", f"{queue_name(call.last_queue)},,,,300"
    plan = {"context": "from-pstn", "exten": PBX_NUMBER, "priority": 3, "app_name": application, "app_data": data}
    rows = [_channel(channel_id(call), trunk(call), customer, service, plan, call.started_at)]
    if talking is not None and talking.agent is not None:
        called = {
            "context": "agents",
            "exten": extension_of(talking.agent),
            "priority": 1,
            "app_name": "AppQueue",
            "app_data": "(Outgoing Line)",
        }
        agent = {"name": talking.agent.name, "number": extension_of(talking.agent)}
        phone = phone_of(talking.agent, call)
        rows.append(_channel(channel_id(call, 9), phone, agent, customer, called, talking.start))
    return rows


def bridges_of(call: Contact) -> list[Row]:
    ids = [channel["id"] for channel in channels_of(call)]
    if len(ids) < 2:
        return []
    return [
        {
            "id": stable_uuid("bridge", call.number),
            "technology": "simple_bridge",
            "bridge_type": "mixing",
            "bridge_class": "basic",
            "creator": "",
            "name": "",
            "channels": ids,
            "creationtime": _stamp(call.started_at),
            "video_mode": "none",
        }
    ]


def _channel(id_: str, name: str, caller: Row, connected: Row, plan: Row, created_at: datetime) -> Row:
    return {
        "id": id_,
        "name": name,
        "state": "Up",
        "protocol_id": "",
        "caller": caller,
        "connected": connected,
        "accountcode": "",
        "dialplan": plan,
        "creationtime": _stamp(created_at),
        "language": "en",
    }


def _stamp(at: datetime) -> str:
    """`2026-11-23T02:02:37.138+0000`"""
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1_000:03}+0000"
