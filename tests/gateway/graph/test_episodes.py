"""Episodes over the API: one and the same from every side, page by page, and refused like everything else."""

from __future__ import annotations

from typing import Any

import pytest

from tests.gateway.graph.conftest import Running

JOHN = '{phone: "+393331110001"}'
EPISODES = """query($filter: JourneyFilter, $first: Int, $after: String, $resolutions: [Resolution!]) {
  singleCustomerView(by: {phone: "+393331110001"}) {
    customer {
      id
      analysis(filter: $filter) {
        agentsInvolved { value state } channelsUsed transfers { value state }
        episodes(first: $first, after: $after, resolutions: $resolutions) {
          edges { cursor node { id } }
          nodes {
            id customer { id } topic startedAt endedAt resolution steps channels joinedBy
            interactions { id startedAt episode { id } }
          }
          pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
        }
      }
    }
  }
}"""


async def analysis(running: Running, viewer: str = "Emma Hartley", **variables: Any) -> Any:
    answer = await running.ask(EPISODES, viewer, **variables)
    assert "errors" not in answer, answer
    return answer["data"]["singleCustomerView"]["customer"]["analysis"]


async def episodes(running: Running, **variables: Any) -> list[Any]:
    found: list[Any] = (await analysis(running, **variables))["episodes"]["nodes"]
    return found


async def test_a_quote_by_chat_mail_and_call_is_one_episode(running: Running) -> None:
    (quote,) = [e for e in await episodes(running) if e["topic"] == "Quotes"]
    assert quote["channels"] == ["CHAT", "EMAIL", "VOICE"]
    assert (quote["steps"], quote["joinedBy"]) == (3, "topic")
    starts = [i["startedAt"] for i in quote["interactions"]]
    assert starts == sorted(starts) and starts[0] == quote["startedAt"]


async def test_an_episode_is_the_same_one_from_every_side(running: Running) -> None:
    for episode in await episodes(running, filter={"period": "ALL_TIME"}):
        assert {i["episode"]["id"] for i in episode["interactions"]} == {episode["id"]}
        rows = [i["id"] for i in episode["interactions"]]
        journey = "journey(filter: {period: ALL_TIME, episodeIds: $ids}) { nodes { id } }"
        answer = await running.ask(
            f"""query($ids: [ID!]!, $id: ID!) {{
              singleCustomerView(by: {JOHN}) {{ customer {{ {journey} }} }}
              node(id: $id) {{ ... on Episode {{ id interactions {{ id }} customer {{ id }} }} }}
            }}""",
            ids=[episode["id"], "nonsense"],
            id=episode["id"],
        )
        found = answer["data"]["singleCustomerView"]["customer"]["journey"]["nodes"]
        assert [row["id"] for row in reversed(found)] == rows
        assert answer["data"]["node"] == {
            "id": episode["id"],
            "interactions": [{"id": row} for row in rows],
            "customer": episode["customer"],
        }


async def test_pages_make_the_whole_list_newest_first(running: Running) -> None:
    every = {"period": "ALL_TIME"}
    whole = [e["id"] for e in await episodes(running, filter=every, first=200)]
    found: list[str] = []
    after = None
    for _ in range(len(whole) + 1):
        page = (await analysis(running, filter=every, first=2, after=after))["episodes"]
        assert page["pageInfo"]["hasPreviousPage"] is (after is not None)
        found += [node["id"] for node in page["nodes"]]
        assert [edge["node"]["id"] for edge in page["edges"]] == [node["id"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert found == whole and len(whole) > 4
    starts = [e["startedAt"] for e in await episodes(running, filter=every, first=200)]
    assert starts == sorted(starts, reverse=True)


async def test_a_cursor_belongs_to_its_question(running: Running) -> None:
    page = (await analysis(running, first=1))["episodes"]
    cursor = page["pageInfo"]["endCursor"]
    for other in ({"resolutions": ["OPEN"]}, {"filter": {"period": "ALL_TIME"}}):
        answer = await running.ask(EPISODES, after=cursor, **other)
        assert answer["errors"][0]["extensions"]["code"] == "BAD_CURSOR"


async def test_resolutions_are_chosen(running: Running) -> None:
    everything = await episodes(running)
    chosen = await episodes(running, resolutions=["OPEN", "RESOLVED"])
    assert chosen == [e for e in everything if e["resolution"] in ("OPEN", "RESOLVED")]
    assert 0 < len(chosen) < len(everything)
    assert await episodes(running, resolutions=[]) == []


async def test_an_id_of_something_else_matches_nothing(running: Running) -> None:
    (first, *_) = await episodes(running)
    wrong = first["interactions"][0]["id"]
    found = await analysis(running, filter={"episodeIds": [wrong, "nonsense"]})
    assert found["episodes"]["nodes"] == [] and found["channelsUsed"] == []
    assert found["agentsInvolved"] == {"value": 0, "state": "EXACT"}


async def test_who_is_shown_no_legs_is_told_of_no_transfers(running: Running) -> None:
    assert (await analysis(running, "Emma Hartley"))["transfers"] == {"value": 2, "state": "EXACT"}
    told = await analysis(running, "CRM")
    assert told["transfers"] == {"value": None, "state": "NOT_PERMITTED"}
    assert told["agentsInvolved"]["state"] == "AT_LEAST"


@pytest.mark.parametrize(
    "field",
    [
        "analysis { episodes(first: 0) { nodes { id } } }",
        "analysis { episodes(first: 201) { nodes { id } } }",
        "analysis { episodes { nodes { interactions(first: 0) { id } } } }",
        "analysis(filter: {text: \"\"}) { channelsUsed }",
        "analysis(filter: {period: ALL_TIME, from: \"2026-01-01T00:00:00Z\"}) { channelsUsed }",
        "analysis(filter: {episodeIds: [" + '"x", ' * 51 + "]}) { channelsUsed }",
        "journey(filter: {episodeIds: [" + '"x", ' * 51 + "]}) { nodes { id } }",
    ],
)  # fmt: skip
async def test_bad_arguments_are_refused(running: Running, field: str) -> None:
    answer = await running.ask(f"{{ singleCustomerView(by: {JOHN}) {{ customer {{ {field} }} }} }}")
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_source_that_is_down_leaves_a_lower_bound(running: Running) -> None:
    await running.control("genesys_cloud", fault="status", status=500)
    told = await analysis(running)
    assert told["transfers"]["state"] == "AT_LEAST" and told["episodes"]["nodes"]
