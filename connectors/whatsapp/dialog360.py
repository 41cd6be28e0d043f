"""360dialog: WhatsApp's Cloud API through a partner. Its webhooks are Meta's; of what was sent it keeps no history."""

from __future__ import annotations

import msgspec

from connectors.deadline import Deadline
from connectors.http import Auth, StaticAuth
from connectors.whatsapp.whatsapp_cloud import KeptConversations


class Dialog360Credentials(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The API key of one number."""

    api_key: str


class _Webhook(msgspec.Struct):
    url: str | None


class Dialog360(KeptConversations):
    vendor = "360dialog"
    base_url = "https://waba-v2.360dialog.io"
    Credentials = Dialog360Credentials

    def auth(self) -> Auth:
        return StaticAuth("D360-API-KEY", self.credentials.api_key)

    async def check(self, deadline: Deadline) -> None:
        """Where its messages are sent to: the question that any key may ask."""
        await self.http.get("/v1/configs/webhook", _Webhook, deadline)
