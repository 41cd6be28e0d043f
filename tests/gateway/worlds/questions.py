"""What a viewer may ask to find out what is behind their back: documents that read everything, and arguments made of
what lies in either world, hidden or not.

`Source.health` alone is not asked for: it tells of calls that were made for anybody.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random
from typing import Any

from connectors import identifiers
from connectors.base import Position, Window
from connectors.interaction import Channel, Direction, Identifier, IdentifierKind, InteractionStatus, OutcomeKind
from gateway.graph import ids
from gateway.journey.cursor import Cursors, digest_of
from gateway.journey.episodes import Resolution
from gateway.journey.filter import Period
from gateway.journey.liveness import Liveness
from tests.gateway.visibility.worlds import CAMPAIGNS, QUEUES, SERVICES, START, TAGS, some
from tests.gateway.worlds.asking import CURSORS, IDS, Answer
from tests.gateway.worlds.company import AGES, NOW
from tests.gateway.worlds.twins import Pair, owners

FRAGMENTS = """\
fragment SourceIs on Source { id name kind vendor channels }
fragment Reported on SourceReport { source { ...SourceIs } state items asOf message retryAfterSeconds }
fragment Whole on Interaction {
  __typename id customer { id } source { id } externalId url channel direction startedAt endedAt lastActivityAt
  durationSeconds status liveness idleAt inactiveAt outcome { kind label } queue { id name } agent { id name }
  legs { startedAt endedAt queue { id name } agent { id name } kind } wrapUpCodes { code label levels note } tags
  campaign { id externalId name } divisions { id name } address { kind identifierKind value masked }
  subject topic preview comments { text author { id name } at } score { previous current } touchpoint { name stage }
  ... on Call { answeredAt waitSeconds talkSeconds holdSeconds }
  ... on Ticket { number ticketStatus sourceStatus priority escalated openedVia }
  ... on Conversation {
    agentless messageCount
    messages { at from agent { id name } text attachments { name contentType url } delivery }
  }
  ... on SurveyResponse { surveyName npsScore npsCategory answers { question answer } }
  ... on WebVisit { pageCount events { at name title url } }
}
fragment Person on Customer {
  id displayName
  identifiers {
    id kind channel source { id } value masked evidence { source { id } by since }
  }
  campaigns { id externalId name }
}
fragment Counted on Count { value state asOf }
fragment Figures on JourneySummary {
  asOf sources { ...Reported }
  nps { state score category answeredAt comment survey { id } }
  last30Days { interactions { ...Counted } missed { ...Counted } }
  previous30Days { interactions { ...Counted } missed { ...Counted } }
  today { interactions { ...Counted } missed { ...Counted } }
  activeTickets { ...Counted } escalatedTickets { ...Counted }
  lastInteraction { id } live { id }
}
fragment Matter on Episode {
  id customer { id } topic startedAt endedAt resolution steps channels agents { id name } joinedBy
  interactions { id startedAt }
}
fragment Menus on JourneyFacets {
  exhaustive channels { channel count } campaigns { campaign { id name } count } queues { queue { id name } count }
  agents { agent { id name } count } tags { tag count }
}
"""


def document(text: str) -> str:
    """With the fragments that it spreads, and no others: an unused one is an error."""
    known = {part.split()[0]: f"fragment {part}" for part in FRAGMENTS.split("fragment ")[1:]}
    used: list[str] = []
    while missing := [
        n for n in re.findall(r"\.\.\.(\w+)", "".join([text, *used])) if known.get(n) not in (None, *used)
    ]:
        used.append(known[missing[0]])
    return "\n".join([text, *used])


EVERYTHING = document("""query($by: CustomerKey!, $filter: JourneyFilter) {
  singleCustomerView(by: $by) {
    state sources { ...Reported } candidates { ...Person }
    customer {
      ...Person
      journey(first: 200, filter: $filter) {
        edges { cursor node { id } } nodes { ...Whole } complete asOf sources { ...Reported }
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
        withheld { field permission } facets { ...Menus }
      }
      summary { ...Figures }
    }
  }
}""")

KEYS = document("""query($keys: [CustomerKey!]!) {
  singleCustomerViews(by: $keys) {
    state sources { source { id } state items } customer { ...Person } candidates { ...Person }
  }
}""")

NODES = document("""query($ids: [ID!]!, $one: ID!) {
  nodes(ids: $ids) {
    __typename id
    ... on Customer { ...Person }
    ... on Interaction { externalId queue { id } customer { id displayName } } ... on Episode { ...Matter }
    ... on Source { ...SourceIs } ... on Queue { name } ... on Agent { name }
    ... on Campaign { externalId name } ... on Division { name }
    ... on WorkProfile { name channels queues { id } campaigns { id } }
  }
  node(id: $one) { __typename id ... on Interaction { ...Whole } }
  customer(id: $one) { ...Person }
}""")

SEARCH = document("""query($search: String!, $again: String!, $first: Int) {
  a: customers(search: $search, first: $first) { ...Found }
  b: customers(search: $again) { ...Found }
}
fragment Found on CustomerConnection {
  edges { cursor node { ...Person } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  sources { ...Reported }
}""")

PAGE = document("""query(
  $id: ID!, $first: Int, $after: String, $last: Int, $before: String, $filter: JourneyFilter, $zone: String,
  $summary: Boolean!, $facets: Boolean!
) {
  customer(id: $id) {
    journey(first: $first, after: $after, last: $last, before: $before, filter: $filter) {
      edges { cursor node { id channel startedAt } } complete sources { ...Reported }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor } facets @include(if: $facets) { ...Menus }
    }
    summary(timeZone: $zone) @include(if: $summary) { ...Figures }
  }
}""")

MATTERS = document("""query(
  $id: ID!, $filter: JourneyFilter, $first: Int, $after: String, $resolutions: [Resolution!], $rows: Boolean!
) {
  customer(id: $id) {
    analysis(filter: $filter) {
      agentsInvolved { ...Counted } channelsUsed transfers { ...Counted }
      episodes(first: $first, after: $after, resolutions: $resolutions) {
        edges { cursor node { ...Matter } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      }
    }
    journey(first: 200, filter: $filter) @include(if: $rows) { nodes { id episode { id resolution steps } } }
  }
}""")

ABOUT_ME = document("""{
  viewer {
    subject name kind permissions { permission everyDivision divisions { id name } }
    workProfiles { id name channels } activeWorkProfile { id queues { id } campaigns { id } } modules
  }
  sources { ...SourceIs }
}""")

MAX_PAGES = 5
ALL_TIME = {"period": "ALL_TIME"}
WORDS = (
    "Rosa", "Livia", "Neri", "Conti", "Segreta", "rosa neri", "somebody1", "@example.org", "2201", "+393331112200",
    "+39 333 111 2201", "r0", "r1", "r3", "+393331112208", "nobody",
)  # fmt: skip
TEXTS = (
    "Sales", "Board", "Escalations", "Complaints", "Dario", "Ada", "Threatened", "Solved", "Winback", "Spring",
    "message", "comment", "tell anybody", "morning", "Touchpoint", "q1", "vip", "Done", "Hushed", "After the call",
)  # fmt: skip


def key_inputs(identifier: Identifier) -> dict[str, Any]:
    match identifier.kind:
        case IdentifierKind.PHONE:
            return {"phone": identifier.value}
        case IdentifierKind.EMAIL:
            return {"email": identifier.value.upper()}
        case IdentifierKind.WHATSAPP:
            return {"whatsApp": identifier.value}
        case IdentifierKind.SOCIAL:
            return {"social": {"channel": str(identifier.channel), "id": identifier.value}}
        case _:
            return {"external": {"source": identifier.source, "id": identifier.value}}


def known_ids(pair: Pair) -> list[str]:
    """Customers' ids that this deployment may have given. Whose they are is the deployment's, so only those that are
    the same person's in both worlds."""
    one, other = owners(pair.one), owners(pair.other)
    return [IDS.customer(i) for i in sorted({*one, *other}) if (one.get(i) or []) == (other.get(i) or [])]


def row_ids(pair: Pair) -> list[str]:
    rows = {(row.source, row.external_id): None for row in (*pair.one.rows, *pair.other.rows)}
    return [IDS.interaction(*key) for key in rows]


def other_ids(pair: Pair) -> list[str]:
    sources = [*pair.one.holdings, "elsewhere"]
    agents = {leg.agent for row in (*pair.one.rows, *pair.other.rows) for leg in row.legs if leg.agent}
    contents: list[ids.AnyId] = [
        *(ids.SourceId(name) for name in sources),
        *(ids.ServiceId(service, service) for service in SERVICES),
        *(ids.ServiceId(f"{s}/{q.id}", q.name, s, q.id) for s in sources for q in QUEUES),
        *(ids.CampaignId(s, c.id, c.name) for s in sources for c in CAMPAIGNS),
        *(ids.AgentId(s, a.id, a.name) for s in sources for a in sorted(agents, key=lambda a: a.id)),
        *(ids.DivisionId(name) for name in ("home", "north", "south", "east", "nowhere", "calls/d4")),
        *(ids.WorkProfileId(name) for name in ("day shift", "night shift")),
        *(ids.IdentifierId(i.kind, i.value, i.channel, i.source) for i in pair.other.identifiers),
    ]
    return [IDS.of(content) for content in contents]


def a_person(random: Random, pair: Pair) -> Identifier | None:
    """Mostly somebody whom this viewer sees, and of whom the worlds tell different things."""
    other = owners(pair.other)
    seen = sorted(i for i, records in owners(pair.one).items() if records and other.get(i) == records)
    told = sorted(changed(pair).intersection(seen))
    return random.choice(told if told and random.random() < 0.8 else seen) if seen else None


def changed(pair: Pair) -> set[Identifier]:
    """Of people with a record or a row that is in one world alone."""
    one, other = pair.one, pair.other
    records = {(r.source, r.id) for r in (*one.records, *other.records) if (r in one.records) != (r in other.records)}
    rows = [row for row in (*one.rows, *other.rows) if (row in one.rows) != (row in other.rows)]
    records |= {(row.source, row.record_id) for row in rows}
    people = [c for c in (*one.clusters, *other.clusters) if any((r.source, r.id) in records for r in c.records)]
    return {i for person in people for i in (*person.linking, person.handle)}


def a_customer(random: Random, pair: Pair) -> str:
    person = a_person(random, pair)
    return IDS.customer(person) if person and random.random() < 0.95 else random.choice(known_ids(pair) or [""])


def a_filter(random: Random, pair: Pair) -> dict[str, Any] | None:
    made: dict[str, Any] = dict(ALL_TIME) if random.random() < 0.7 else {}
    everything = other_ids(pair)
    choices: list[tuple[str, Callable[[], Any]]] = [
        ("queueIds", lambda: random.sample(everything, min(20, len(everything)))),
        ("agentIds", lambda: random.sample(everything, min(20, len(everything)))),
        ("campaignIds", lambda: random.sample(everything, min(25, len(everything)))),
        ("sourceIds", lambda: [IDS.of(ids.SourceId(random.choice([*pair.one.holdings])))]),
        ("channels", lambda: some(random, list(Channel), 0.5)),
        ("directions", lambda: some(random, list(Direction), 0.5)),
        ("tags", lambda: some(random, TAGS, 0.4)),
        ("outcomes", lambda: some(random, list(OutcomeKind), 0.6)),
        ("statuses", lambda: some(random, list(InteractionStatus), 0.6)),
        ("liveness", lambda: some(random, list(Liveness), 0.6)),
        ("text", lambda: random.choice(TEXTS)),
        ("activeSince", lambda: (START - random.choice(AGES)).isoformat()),
    ]
    for name, make in random.sample(choices, random.choice([0, 0, 1, 1, 1, 2])):
        made[name] = make()
    if "period" not in made and random.random() < 0.5:
        made |= random.choice(
            [{"from": (NOW - random.choice(AGES)).isoformat()}, {"period": random.choice(list(Period))}]
        )
    return made or None


# ------------------------------------------------------------------------ scripts: each question may follow an answer

Ask = Callable[[str, dict[str, Any]], Any]


async def everything(random: Random, pair: Pair, ask: Ask) -> None:
    person = a_person(random, pair)
    anybody = [*pair.one.identifiers, *pair.other.identifiers, identifiers.cookie("x")]
    if person is None or random.random() < 0.1:
        person = random.choice(anybody)
    elif random.random() < 0.5:
        await ask(EVERYTHING, {"by": {"id": IDS.customer(person)}, "filter": ALL_TIME})
        return
    await ask(EVERYTHING, {"by": key_inputs(person), "filter": ALL_TIME})


async def all_keys(random: Random, pair: Pair, ask: Ask) -> None:
    known = [*pair.one.identifiers, *pair.other.identifiers, Identifier(IdentifierKind.PHONE, "+390000000001")]
    keys = [key_inputs(identifier) for identifier in dict.fromkeys(known)]
    keys += [{"id": id_} for id_ in known_ids(pair)]
    keys += [{"id": "nonsense"}, {"phone": "no phone"}, {"external": {"source": "elsewhere", "id": "r1"}}]
    await ask(KEYS, {"keys": random.sample(keys, min(12, len(keys)))})


async def all_nodes(random: Random, pair: Pair, ask: Ask) -> None:
    rows, people, others = row_ids(pair), known_ids(pair), other_ids(pair)
    asked = random.sample(rows, min(12, len(rows))) + random.sample(people, min(6, len(people)))
    asked += [*random.sample(others, 8), "", "nonsense"]
    await ask(NODES, {"ids": asked, "one": random.choice([*rows, *people, "x"])})


async def search(random: Random, pair: Pair, ask: Ask) -> None:
    one, other = ([r.name for r in world.records if r.name] for world in (pair.one, pair.other))
    told = sorted({*one} ^ {*other}) or one
    words = [*WORDS, *(i.value for i in pair.other.identifiers)]
    first, again = random.choice(told or words), random.choice(words)
    await ask(SEARCH, {"search": first, "again": again, "first": random.choice([1, 2, 20])})


async def walk(random: Random, pair: Pair, ask: Ask) -> None:
    """All pages one way, and back."""
    base = {"id": a_customer(random, pair), "filter": a_filter(random, pair), "summary": False, "facets": False}
    count = random.choice([1, 2, 3, 5])
    forwards = random.random() < 0.5
    size, from_, more, end = (
        ("first", "after", "hasNextPage", "endCursor")
        if forwards
        else ("last", "before", "hasPreviousPage", "startCursor")
    )
    cursor = None
    for _ in range(MAX_PAGES):
        answer: Answer = await ask(PAGE, {**base, size: count, from_: cursor})
        page = ((answer.data or {}).get("customer") or {}).get("journey")
        if page is None or not page["pageInfo"][more]:
            return
        cursor = page["pageInfo"][end]
        if random.random() < 0.1:
            await ask(PAGE, {**base, "first" if not forwards else "last": 2, "before" if forwards else "after": cursor})


async def figures(random: Random, pair: Pair, ask: Ask) -> None:
    zone = random.choice([None, "UTC", "Pacific/Auckland", "America/Lima", "Nowhere/At_All"])
    await ask(
        PAGE,
        {
            "id": a_customer(random, pair),
            "first": random.choice([1, 4, 200]),
            "filter": a_filter(random, pair),
            "zone": zone,
            "summary": True,
            "facets": True,
        },
    )


async def cursor_of_a_hidden_row(random: Random, pair: Pair, ask: Ask) -> None:
    """A cursor is alike for every viewer: somebody else may have given this one."""
    rows = [*pair.one.rows, *pair.other.rows]
    if not rows:
        return
    row = random.choice(rows)
    asked = a_filter(random, pair) if random.random() < 0.1 else None
    cursor = Cursors(CURSORS, digest_of({}), Window()).seal(Position(row.started_at, row.source, row.external_id))
    base = {"id": a_customer(random, pair), "filter": asked, "summary": False, "facets": False}
    await ask(PAGE, {**base, "first": 2, "after": cursor})
    await ask(PAGE, {**base, "last": 2, "before": cursor})


async def matters(random: Random, pair: Pair, ask: Ask) -> None:
    """Episodes and figures, page by page, and by ids that somebody else may have been given."""
    person = a_customer(random, pair)
    asked: dict[str, Any] = {"id": person, "filter": random.choice([None, ALL_TIME, ALL_TIME]), "rows": True}
    answer: Answer = await ask(MATTERS, {**asked, "first": 200})
    rows = [*pair.one.rows, *pair.other.rows]
    episodes = [IDS.episode(row.source, row.external_id) for row in random.sample(rows, min(12, len(rows)))]
    await ask(NODES, {"ids": [*episodes, *row_ids(pair)[:2]], "one": random.choice([*episodes, "x"])})
    await ask(MATTERS, {**asked, "first": 3, "filter": {**ALL_TIME, "episodeIds": episodes[:5]}})
    found = (((answer.data or {}).get("customer") or {}).get("analysis") or {}).get("episodes") or {"edges": []}
    chosen = {**asked, "rows": False, "resolutions": list(some(random, list(Resolution), 0.6))}
    await ask(MATTERS, {**chosen, "filter": a_filter(random, pair), "first": 2})
    if len(found["edges"]) > 1:
        await ask(MATTERS, {**asked, "rows": False, "first": 1, "after": found["edges"][0]["cursor"]})


async def about_me(random: Random, pair: Pair, ask: Ask) -> None:
    await ask(ABOUT_ME, {})


ALWAYS = (everything, walk)
SOMETIMES = (all_keys, all_nodes, search, figures, cursor_of_a_hidden_row)


def scripts(random: Random) -> list[Callable[..., Any]]:
    chosen = [*ALWAYS, *random.sample(SOMETIMES, 2)]
    return [*chosen, *([about_me] if random.random() < 0.1 else []), matters]
