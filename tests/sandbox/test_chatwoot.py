from __future__ import annotations

import time
from datetime import datetime

import httpx
import pytest

from sandbox.credentials import CHATWOOT_ACCOUNT_ID, CHATWOOT_TOKEN
from sandbox.population import JOHN_EMAIL, JOHN_PHONE, build
from tests.sandbox.shapes import differences
from tests.sandbox.support import NOW, SEED, client_of, sandbox_of
from tests.sandbox.tables import chatwoot as tables

TOLD = build(SEED, NOW, depth=300)
SANDBOX = sandbox_of(TOLD)
ACCOUNT = f"/api/v1/accounts/{CHATWOOT_ACCOUNT_ID}"


@pytest.fixture
async def chatwoot():
    async with client_of(SANDBOX, "/chatwoot", headers={"api_access_token": CHATWOOT_TOKEN}) as client:
        yield client


async def told(client: httpx.AsyncClient, path: str, shape: object, **params: object):
    answer = await client.get(f"{ACCOUNT}{path}", params=params)
    assert answer.status_code == 200, answer.text
    assert differences(answer.json(), shape) == []
    return answer.json()


def number_of(key: str) -> int:
    return TOLD.named(key).number


async def filtered(client: httpx.AsyncClient, *conditions: dict[str, object], page: int = 1) -> httpx.Response:
    return await client.post(f"{ACCOUNT}/contacts/filter", params={"page": page}, json={"payload": conditions})


def condition(key: str, operator: str, *values: str, then: str | None = None) -> dict[str, object]:
    return {"attribute_key": key, "filter_operator": operator, "values": list(values), "query_operator": then}


async def test_every_answer_is_what_the_description_says(chatwoot):
    await told(chatwoot, "/inboxes", tables.INBOXES)
    await told(chatwoot, "/agents", [tables.AGENT])
    await told(chatwoot, "/teams", [tables.TEAM])
    await told(chatwoot, "/contacts", tables.CONTACTS)
    await told(chatwoot, "/contacts/search", tables.CONTACTS, q="a")
    await told(chatwoot, "/conversations", tables.CONVERSATIONS, status="all")
    for person in TOLD.people_in("chatwoot"):
        await told(chatwoot, f"/contacts/{person.number}", {"payload": tables.CONTACT})
        listed = await told(chatwoot, f"/contacts/{person.number}/conversations", tables.CONTACT_CONVERSATIONS)
        for conversation in listed["payload"][:2]:
            await told(chatwoot, f"/conversations/{conversation['id']}", tables.CONVERSATION)
            await told(chatwoot, f"/conversations/{conversation['id']}/messages", tables.MESSAGES)
            await told(chatwoot, f"/conversations/{conversation['id']}/labels", {"payload": [str]})
    profile = await chatwoot.get("/api/v1/profile")
    assert differences(profile.json(), tables.PROFILE) == []


@pytest.mark.parametrize(("sent", "shape"), [({}, tables.NOT_SIGNED_IN), ({"api_access_token": "old"}, tables.ERROR)])
async def test_a_caller_without_a_good_token_is_refused(sent, shape):
    async with client_of(SANDBOX, "/chatwoot", headers=sent) as client:
        answer = await client.get(f"{ACCOUNT}/inboxes")
    assert answer.status_code == 401
    assert differences(answer.json(), shape) == []


@pytest.mark.parametrize(
    "path",
    ["/api/v1/accounts/2/inboxes", f"{ACCOUNT}/contacts/9999", f"{ACCOUNT}/contacts/x", f"{ACCOUNT}/conversations/7"],
)
async def test_what_is_absent_is_not_found(chatwoot, path):
    answer = await chatwoot.get(path)
    assert answer.status_code == 404
    assert differences(answer.json(), tables.ERROR) == []


async def test_search_finds_substrings_of_name_email_and_number(chatwoot):
    john = number_of("john")
    for text in ("fairweath", JOHN_EMAIL.upper(), JOHN_PHONE, JOHN_PHONE[3:], str(john)):
        found = await told(chatwoot, "/contacts/search", tables.CONTACTS, q=text)
        assert john in [contact["id"] for contact in found["payload"]], text
    refused = await chatwoot.get(f"{ACCOUNT}/contacts/search", params={"q": " "})
    assert refused.status_code == 422


async def test_contacts_come_in_pages_of_fifteen(chatwoot):
    seen: list[int] = []
    page, more = 1, True
    while more:
        answer = await told(chatwoot, "/contacts/search", tables.CONTACTS, q="@", page=page)
        assert answer["meta"]["count"] == len(answer["payload"]) <= 15
        seen += [contact["id"] for contact in answer["payload"]]
        more, page = answer["meta"]["has_more"], page + 1
    assert seen == [person.number for person in TOLD.people_in("chatwoot")]
    listed = await told(chatwoot, "/contacts", tables.CONTACTS, page=2, sort="-name")
    assert listed["meta"] == {"count": len(seen), "current_page": "2"}
    names = [contact["name"] for contact in listed["payload"]]
    assert names == sorted(names, reverse=True)
    bare = await told(chatwoot, "/contacts", tables.CONTACTS, include_contact_inboxes="false")
    assert all("contact_inboxes" not in contact for contact in bare["payload"])


async def test_the_filter_is_exact_and_joins_conditions_in_a_row(chatwoot):
    john, vera = number_of("john"), number_of("deep")
    for one in (
        condition("email", "equal_to", JOHN_EMAIL.upper()),
        condition("phone_number", "equal_to", JOHN_PHONE),
        condition("phone_number", "equal_to", JOHN_PHONE[1:]),
        condition("identifier", "equal_to", "crm-00001"),
        condition("name", "contains", "FAIRWEATHER"),
    ):
        answer = await filtered(chatwoot, one)
        assert [contact["id"] for contact in answer.json()["payload"]] == [john], one
        assert answer.json()["meta"]["count"] == 1
        assert differences(answer.json(), tables.CONTACTS) == []
    either = await filtered(
        chatwoot, condition("email", "equal_to", JOHN_EMAIL, then="or"), condition("name", "contains", "Abissi")
    )
    assert [contact["id"] for contact in either.json()["payload"]] == [john, vera]
    several = await filtered(chatwoot, condition("email", "equal_to", "nobody@example.org", JOHN_EMAIL))
    assert several.json()["payload"] == []  # equality looks at the first value alone
    second = await filtered(chatwoot, condition("email", "not_equal_to", JOHN_EMAIL), page=2)
    assert len(second.json()["payload"]) == 15


@pytest.mark.parametrize(
    "conditions",
    [
        [condition("shoe_size", "equal_to", "44")],
        [condition("email", "resembles", "x")],
        [condition("email", "equal_to")],
        [condition("email", "equal_to", "x"), condition("name", "equal_to", "y")],
        [condition("email", "equal_to", "x", then="XOR"), condition("name", "equal_to", "y")],
    ],
)
async def test_a_filter_that_makes_no_sense_is_refused(chatwoot, conditions):
    answer = await filtered(chatwoot, *conditions)
    assert answer.status_code == 422
    assert differences(answer.json(), tables.ERROR) == []


async def test_a_contact_has_its_twenty_newest_conversations_and_no_second_page(chatwoot):
    vera = TOLD.named("deep")
    log = TOLD.contacts(vera, "chatwoot")
    assert len(log) > 20
    for page in (1, 2):
        listed = await told(chatwoot, f"/contacts/{vera.number}/conversations", tables.CONTACT_CONVERSATIONS, page=page)
        assert [row["id"] for row in listed["payload"]] == [contact.number for contact in log[:20]]
    newest = listed["payload"][0]
    assert newest["meta"]["sender"]["id"] == vera.number
    assert newest["created_at"] == int(log[0].started_at.timestamp())
    assert datetime.fromtimestamp(newest["last_activity_at"]) >= datetime.fromtimestamp(newest["created_at"])


async def test_an_instant_that_never_came_is_zero(chatwoot):
    lost = await told(chatwoot, f"/contacts/{number_of('lost')}/conversations", tables.CONTACT_CONVERSATIONS)
    given_up = lost["payload"][0]
    assert given_up["first_reply_created_at"] == given_up["waiting_since"] == 0
    assert "assignee" not in given_up["meta"]
    assert given_up["status"] == "resolved"


async def test_a_running_chat_is_open_and_unread(chatwoot):
    live = await told(chatwoot, f"/contacts/{number_of('live-chat')}/conversations", tables.CONTACT_CONVERSATIONS)
    chat = live["payload"][0]
    assert (chat["status"], chat["unread_count"]) == ("open", 1)
    assert chat["meta"]["sender"]["availability_status"] == "online"
    assert chat["waiting_since"] > 0
    opened = await told(chatwoot, "/conversations", tables.CONVERSATIONS)
    assert chat["id"] in [row["id"] for row in opened["data"]["payload"]]


async def test_messages_are_read_before_and_after_an_id(chatwoot):
    john = await told(chatwoot, f"/contacts/{number_of('john')}/conversations", tables.CONTACT_CONVERSATIONS)
    path = f"/conversations/{john['payload'][0]['id']}/messages"
    whole = (await told(chatwoot, path, tables.MESSAGES))["payload"]
    ids = [message["id"] for message in whole]
    assert ids == sorted(ids)
    assert [message["created_at"] for message in whole] == sorted(message["created_at"] for message in whole)
    assert {message["message_type"] for message in whole} == {0, 1, 2}
    senders = {message["message_type"]: message.get("sender", {}).get("type") for message in whole}
    assert senders == {0: "contact", 1: "user", 2: None}
    older = (await told(chatwoot, path, tables.MESSAGES, before=ids[2]))["payload"]
    newer = (await told(chatwoot, path, tables.MESSAGES, after=ids[2]))["payload"]
    assert [message["id"] for message in older] == ids[:2]
    assert [message["id"] for message in newer] == ids[3:]
    assert john["payload"][0]["messages"][0]["id"] == ids[-1]


async def test_notes_are_private_messages(chatwoot):
    noted = next(
        contact
        for person in TOLD.people_in("chatwoot")
        for contact in TOLD.contacts(person, "chatwoot")[:20]
        if any(turn.private for turn in contact.texts)
    )
    path = f"/conversations/{noted.number}/messages"
    messages = (await told(chatwoot, path, tables.MESSAGES))["payload"]
    assert sum(message["private"] for message in messages) == 1
    public = (await told(chatwoot, path, tables.MESSAGES, filter_internal_messages="true"))["payload"]
    assert not any(message["private"] or message["message_type"] == 2 for message in public)


async def test_all_conversations_are_listed_by_activity_in_pages_of_twenty_five(chatwoot):
    first = (await told(chatwoot, "/conversations", tables.CONVERSATIONS, status="all"))["data"]
    count = first["meta"]["all_count"]
    assert count == sum(len(TOLD.contacts(p, "chatwoot")) for p in TOLD.people_in("chatwoot"))
    seen: list[dict[str, int]] = []
    for page in range(1, count // 25 + 2):
        listed = await told(chatwoot, "/conversations", tables.CONVERSATIONS, status="all", page=page)
        seen += listed["data"]["payload"]
    assert len({row["id"] for row in seen}) == count
    activity = [row["last_activity_at"] for row in seen]
    assert activity == sorted(activity, reverse=True)
    quote = await told(chatwoot, "/conversations", tables.CONVERSATIONS, status="resolved", labels="quote")
    assert all("quote" in row["labels"] for row in quote["data"]["payload"])
    counts = (await told(chatwoot, "/conversations/meta", {"meta": dict}, status="all"))["meta"]
    assert counts == first["meta"]


async def test_the_depth_of_a_journey_costs_nothing():
    deep = build(SEED, NOW, depth=100_000)
    async with client_of(sandbox_of(deep), "/chatwoot", headers={"api_access_token": CHATWOOT_TOKEN}) as client:
        began = time.process_time()
        answer = await client.get(f"{ACCOUNT}/contacts/{deep.named('deep').number}/conversations")
        took = time.process_time() - began
    assert len(answer.json()["payload"]) == 20
    assert took < 1


async def test_confused_rows_are_somebody_elses(chatwoot):
    control = "http://sandbox.test/_control/chatwoot"
    await chatwoot.put(control, json={"fault": "foreign"})
    john = number_of("john")
    listed = await told(chatwoot, f"/contacts/{john}/conversations", tables.CONTACT_CONVERSATIONS)
    await chatwoot.put(control, json={})
    assert john not in {row["meta"]["sender"]["id"] for row in listed["payload"]}


async def test_throttling_is_plain_text(chatwoot):
    control = "http://sandbox.test/_control/chatwoot"
    await chatwoot.put(control, json={"fault": "status", "status": 429, "retry_after": 7, "remaining": 1})
    answer = await chatwoot.get(f"{ACCOUNT}/inboxes")
    assert (answer.status_code, answer.text, answer.headers["retry-after"]) == (429, "Retry later\n", "7")
