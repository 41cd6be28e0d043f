"""Twilio's message list as far as we ask it: one side's address, GMT days, pages by token, newest day first."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from email.utils import format_datetime
from urllib.parse import parse_qsl, urlencode

import httpx

ACCOUNT = "AC" + "0" * 31 + "1"
ROOT = f"/2010-04-01/Accounts/{ACCOUNT}"
OURS = "+390651110000"
ANNA = "+393331110001"
BRUNO = "+393331110002"


def sid(number: int) -> str:
    return f"SM{number:032x}"


@dataclass(frozen=True)
class Sent:
    """A message as the tests think of it; `row` is how Twilio tells it."""

    number: int
    at: datetime
    customer: str = ANNA
    ours: str = OURS
    direction: str = "inbound"
    status: str | None = None
    body: str | None = "Buongiorno"
    prefix: str = "whatsapp:"
    created_at: datetime | None = None
    num_media: str = "0"

    @property
    def sid(self) -> str:
        return sid(self.number)

    @property
    def is_inbound(self) -> bool:
        return self.direction == "inbound"

    @property
    def addresses(self) -> tuple[str, str]:
        """From, To."""
        pair = (self.prefix + self.customer, self.prefix + self.ours)
        return pair if self.is_inbound else (pair[1], pair[0])

    def row(self) -> dict[str, object]:
        return {
            "account_sid": ACCOUNT,
            "api_version": "2010-04-01",
            "sid": self.sid,
            "from": self.addresses[0],
            "to": self.addresses[1],
            "direction": self.direction,
            "status": self.status or ("received" if self.is_inbound else "delivered"),
            "body": self.body,
            "num_media": self.num_media,
            "num_segments": "1",
            "date_created": format_datetime(self.created_at or self.at),
            "date_sent": None if self.created_at else format_datetime(self.at),
            "date_updated": format_datetime(self.at),
            "error_code": None,
            "error_message": None,
            "messaging_service_sid": None,
            "price": "-0.00750",
            "price_unit": "USD",
            "uri": f"{ROOT}/Messages/{self.sid}.json",
        }


@dataclass
class FakeTwilio:
    """`largest_page`: rows a page whatever is asked. `stops_at_midnight`: `DateSent<` leaves its own day out.

    `ignores_addresses`: answers everybody's messages. `requests`: what was asked, path and query.
    """

    messages: list[Sent] = field(default_factory=list)
    largest_page: int = 1000
    stops_at_midnight: bool = False
    ignores_addresses: bool = False
    shuffle: random.Random = field(default_factory=lambda: random.Random(1))
    requests: list[httpx.URL] = field(default_factory=list)
    extra_rows: list[object] = field(default_factory=list)

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request.url)
        path = request.url.path.removeprefix(request.url.path.split("/2010-04-01")[0])
        if path == f"{ROOT}/Messages.json":
            return httpx.Response(200, json=self._list(request.url.query.decode()))
        found = [m for m in self.messages if path == f"{ROOT}/Messages/{m.sid}.json"]
        return httpx.Response(200, json=found[0].row()) if found else httpx.Response(404, json={"code": 20404})

    def _list(self, query: str) -> dict[str, object]:
        asked = dict(parse_qsl(query, strict_parsing=bool(query)))
        rows = self._sorted([m for m in self.messages if self._matches(m, asked)])
        size = min(int(asked.get("PageSize", 50)), self.largest_page, 1000)
        begin = int(asked.get("PageToken", "PA0").removeprefix("PA"))
        following = None
        if begin + size < len(rows):
            page = {**asked, "Page": begin // size + 1, "PageToken": f"PA{begin + size}"}
            following = f"{ROOT}/Messages.json?{urlencode(page)}"
        shown = [m.row() for m in rows[begin : begin + size]]
        return {"messages": [*shown, *self.extra_rows], "next_page_uri": following, "page_size": size, "page": 0}

    def _matches(self, message: Sent, asked: dict[str, str]) -> bool:
        day, addresses = message.at.date(), message.addresses
        if not self.ignores_addresses and (
            asked.get("From", addresses[0]) != addresses[0] or asked.get("To", addresses[1]) != addresses[1]
        ):
            return False
        first = date.fromisoformat(asked.get("DateSent>", "0001-01-01"))
        last = date.fromisoformat(asked.get("DateSent<", "9999-12-31"))
        return first <= day and (day < last if self.stops_at_midnight else day <= last)

    def _sorted(self, messages: list[Sent]) -> list[Sent]:
        """Newest day first, in a disorder within the day that stays the same from page to page."""
        self.shuffle.seed(1)
        disorder = {m.sid: self.shuffle.random() for m in sorted(self.messages, key=lambda m: m.sid)}
        return sorted(messages, key=lambda m: (-m.at.date().toordinal(), disorder[m.sid]))


def random_history(rng: random.Random, now: datetime, customers: tuple[str, ...] = (ANNA,)) -> list[Sent]:
    """Bursts, long talks, silences of exactly and nearly a day, several messages in one second."""
    gaps = [0, 1, 60, 3600, 6 * 3600, 86_399, 86_400, 86_401, 3 * 86_400, 40 * 86_400]
    some = rng.sample(gaps, rng.randint(2, 4))
    weights = [rng.random() for _ in some]
    at = now - timedelta(seconds=rng.choice([0, 1, 3600, 86_399, 86_400, 90_000, 9 * 86_400]))
    messages: list[Sent] = []
    leanings = [rng.random() for _ in range(3)]
    senders = [OURS, "+390651110009"][: rng.randint(1, 2)]
    numbers = list(range(1, 400))
    rng.shuffle(numbers)  # sids say nothing about time
    for number in numbers[: rng.choice([0, 1, 5, 40, 100, 160, 300])]:
        direction = rng.choices(["inbound", "outbound-api", "outbound-reply"], leanings)[0]
        failed = direction != "inbound" and rng.random() < 0.2
        messages.append(
            Sent(
                number,
                at,
                customer=rng.choice(customers),
                ours=rng.choice(senders),
                direction=direction,
                status="undelivered" if failed else None,
                prefix="whatsapp:" if rng.random() < 0.7 else "",
            )
        )
        at -= timedelta(seconds=rng.choices(some, weights)[0])
    return messages
