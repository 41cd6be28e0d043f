"""The body of `POST /analytics/conversations/details/query`: what it may hold, and which conversations fit it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import msgspec

Row = dict[str, Any]

LONGEST_INTERVAL = timedelta(days=31)
MOST_A_PAGE = 100
DEEPEST_ROW = 100_000

CONVERSATION_DIMENSIONS = frozenset(
    {
        "accessAttribute", "conversationEnd", "conversationId", "conversationInitiator", "conversationStart",
        "customerParticipation", "divisionId", "externalTag", "mediaStatsMinConversationMos", "originatingDirection",
        "originatingSocialMediaPublic",
    }
)  # fmt: skip
SEGMENT_DIMENSIONS = frozenset(
    {
        "addressFrom", "addressTo", "agentAssistantId", "agentOwned", "ani", "authenticated", "bargedParticipantId",
        "callbackNumber", "callbackScheduledTime", "canonicalExternalContactId", "cleared", "coachedParticipantId",
        "conference", "deliveryPushed", "deliveryStatus", "destinationAddress", "destinationConversationId",
        "detectedSpeechEnd", "detectedSpeechStart", "direction", "disconnectType", "dnis", "edgeId",
        "engagementSource", "errorCode", "exitReason", "extendedDeliveryStatus", "externalContactId",
        "externalOrganizationId", "flaggedReason", "flowId", "flowName", "flowOutType", "flowOutcome",
        "flowOutcomeId", "flowOutcomeValue", "flowVersion", "groupId", "journeyActionId", "journeyActionMapId",
        "journeyCustomerId", "journeyCustomerIdType", "journeyCustomerSessionId", "mediaCount", "mediaType",
        "messageType", "monitoredParticipantId", "outboundCampaignId", "outboundContactId", "outboundContactListId",
        "participantName", "protocolCallId", "provider", "purpose", "queueId", "recording", "remote",
        "remoteNameDisplayable", "requestedLanguageId", "requestedRouting", "requestedRoutingSkillId",
        "scoredAgentId", "screenMonitoredUserId", "screenRecording", "scriptId", "segmentEnd", "segmentType",
        "sessionDnis", "sipResponseCode", "skillExpressionId", "snippetRecording", "subject", "teamId",
        "transferTargetAddress", "transferTargetName", "transferType", "usedRouting", "userId", "wrapUpCode",
        "wrapUpNote",
    }
)  # fmt: skip
SURVEY_DIMENSIONS = frozenset(
    {
        "eventTime", "queueId", "surveyCompletedDate", "surveyFormContextId", "surveyFormId", "surveyId",
        "surveyPartialResponse", "surveyPromoterScore", "surveyStatus", "surveyType", "userId",
    }
)  # fmt: skip
_FIELD_OF = {
    "divisionId": "divisionIds",
    "callbackNumber": "callbackNumbers",
    "requestedRouting": "requestedRoutings",
    "canonicalExternalContactId": "externalContactId",
}
"""Dimensions whose field in the answer has another name."""


class BadQuery(Exception):
    """Told to the caller with status 400: the vendor's code and words."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Strict(msgspec.Struct, forbid_unknown_fields=True):
    pass


class Range(Strict):
    gt: float | None = None
    gte: float | None = None
    lt: float | None = None
    lte: float | None = None

    def holds(self, value: float) -> bool:
        return (
            (self.gt is None or value > self.gt)
            and (self.gte is None or value >= self.gte)
            and (self.lt is None or value < self.lt)
            and (self.lte is None or value <= self.lte)
        )


class Predicate(Strict):
    type: Literal["dimension", "property", "metric"] | None = None
    dimension: str | None = None
    property: str | None = None
    propertyType: Literal["bool", "integer", "real", "date", "string", "uuid"] | None = None
    metric: str | None = None
    operator: Literal["matches", "exists", "notExists"] = "matches"
    value: str | None = None
    range: Range | None = None


class Clause(Strict):
    type: Literal["and", "or"]
    predicates: list[Predicate]


class Filter(Strict):
    type: Literal["and", "or"]
    predicates: list[Predicate] = []
    clauses: list[Clause] = []


class AggregationRange(Strict):
    gte: float | None = None
    lt: float | None = None


class Aggregation(Strict):
    type: Literal["termFrequency", "numericRange"]
    dimension: str | None = None
    metric: str | None = None
    size: int = 10
    ranges: list[AggregationRange] = []


class Paging(Strict):
    pageSize: int
    pageNumber: int


class Query(Strict):
    interval: str
    conversationFilters: list[Filter] = []
    segmentFilters: list[Filter] = []
    evaluationFilters: list[Filter] = []
    surveyFilters: list[Filter] = []
    resolutionFilters: list[Filter] = []
    order: Literal["asc", "desc", "unordered"] = "asc"
    orderBy: Literal["conversationStart", "conversationEnd", "segmentStart", "segmentEnd"] = "conversationStart"
    aggregations: list[Aggregation] = []
    paging: Paging = msgspec.field(default_factory=lambda: Paging(pageSize=25, pageNumber=1))

    def days(self) -> tuple[datetime, datetime]:
        """The whole UTC days that the interval touches: from midnight until midnight."""
        start, end = parse_interval(self.interval)
        first = start.replace(hour=0, minute=0, second=0, microsecond=0)
        last = (end - timedelta(microseconds=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        return first, last + timedelta(days=1)

    def holds(self, conversation: Row) -> bool:
        """Each filter asks for one row of its level that fits; rows are made one by one, the customer's first."""
        return (
            all(_filter_holds(f, _conversation_level(conversation)) for f in self.conversationFilters)
            and all(any(_filter_holds(f, row) for row in _segments(conversation)) for f in self.segmentFilters)
            and all(any(_filter_holds(f, row) for row in conversation.get("surveys", ())) for f in self.surveyFilters)
            and not (self.evaluationFilters or self.resolutionFilters)  # nobody here evaluates or resolves
        )

    def customers(self, holders: Callable[[str, str], frozenset[int] | None]) -> frozenset[int] | None:
        """Whose conversations can fit at all, as `holders` tells for a dimension and its value; None is anybody's."""
        return _narrowest([_customers(f, holders) for f in self.segmentFilters])


def parse_query(body: bytes) -> Query:
    try:
        query = msgspec.json.decode(body, type=Query)
    except msgspec.ValidationError as error:
        raise BadQuery(_code_of(str(error)), str(error)) from error
    except msgspec.DecodeError as error:
        raise BadQuery("bad.request", "The request could not be understood by the server.") from error
    parse_interval(query.interval)
    paging = query.paging
    if not 1 <= paging.pageSize <= MOST_A_PAGE or paging.pageNumber < 1:
        raise BadQuery("bad.request", f"pageSize must be 1 to {MOST_A_PAGE} and pageNumber at least 1")
    if paging.pageSize * paging.pageNumber > DEEPEST_ROW:
        raise BadQuery("bad.request", f"Results past {DEEPEST_ROW} are not available")
    for filters, allowed in (
        (query.conversationFilters, CONVERSATION_DIMENSIONS),
        (query.segmentFilters, SEGMENT_DIMENSIONS),
        (query.surveyFilters, SURVEY_DIMENSIONS),
    ):
        for predicate in (p for f in filters for p in _predicates(f)):
            _check(predicate, allowed)
    return query


def _code_of(fault: str) -> str:
    if "unknown field" in fault:
        return "invalid.property"
    return "invalid.value" if "enum value" in fault else "bad.request"


def parse_interval(text: str) -> tuple[datetime, datetime]:
    first, slash, last = text.partition("/")
    try:
        start, end = (datetime.fromisoformat(part) for part in (first, last))
    except ValueError:
        raise BadQuery("invalid.date", "Dates must be specified as ISO-8601 strings.") from None
    start, end = (moment if moment.tzinfo else moment.replace(tzinfo=UTC) for moment in (start, end))
    if not slash or start >= end:
        raise BadQuery("bad.request", "The interval must start before it ends.")
    if end - start > LONGEST_INTERVAL:
        raise BadQuery("bad.request", f"The interval may be at most {LONGEST_INTERVAL.days} days long.")
    return start.astimezone(UTC), end.astimezone(UTC)


def _predicates(filter_: Filter) -> Iterator[Predicate]:
    yield from filter_.predicates
    for clause in filter_.clauses:
        yield from clause.predicates


def _check(predicate: Predicate, allowed: frozenset[str]) -> None:
    named = [name for name in (predicate.dimension, predicate.property, predicate.metric) if name is not None]
    if len(named) != 1:
        raise BadQuery("bad.request", "A predicate names one dimension, property or metric.")
    if predicate.dimension is not None and predicate.dimension not in allowed:
        message = f"Value [{predicate.dimension}] is not valid for field type [dimension]."
        raise BadQuery("invalid.value", f"{message} Allowable values are: {', '.join(sorted(allowed))}")
    if predicate.operator == "matches" and predicate.value is None and predicate.range is None:
        raise BadQuery("bad.request", "A predicate that matches needs a value or a range.")


def _filter_holds(filter_: Filter, row: Row) -> bool:
    results = [_predicate_holds(predicate, row) for predicate in filter_.predicates]
    for clause in filter_.clauses:
        inner = [_predicate_holds(predicate, row) for predicate in clause.predicates]
        results.append(all(inner) if clause.type == "and" else any(inner))
    return all(results) if filter_.type == "and" or not results else any(results)


def _predicate_holds(predicate: Predicate, row: Row) -> bool:
    if predicate.metric is not None:
        held = [row["metrics"][predicate.metric]] if predicate.metric in row.get("metrics", {}) else []
    elif predicate.dimension is not None:
        held = _values(row, predicate.dimension)
    else:
        held = []  # nobody here tags segments with properties
    if predicate.operator != "matches":
        return bool(held) is (predicate.operator == "exists")
    if predicate.range is not None:
        return any(isinstance(value, int | float) and predicate.range.holds(value) for value in held)
    return any(_spelled(value) == predicate.value for value in held)


def _values(row: Row, dimension: str) -> list[Any]:
    value = row.get(_FIELD_OF.get(dimension, dimension))
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _spelled(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _conversation_level(conversation: Row) -> Row:
    """The conversation's own fields and the sums of its sessions' metrics."""
    metrics: Counter[str] = Counter()
    for participant in conversation["participants"]:
        for session in participant["sessions"]:
            for told in session.get("metrics", []):
                metrics[told["name"]] += told["value"]
    if "conversationEnd" in conversation:
        metrics["tConversationDuration"] = _span(conversation, "conversationStart", "conversationEnd")
    return conversation | {"metrics": metrics}


def _segments(conversation: Row) -> Iterator[Row]:
    """Each segment with the fields of its session and participant."""
    for participant in conversation["participants"]:
        for session in participant["sessions"]:
            for segment in session["segments"]:
                metrics = {}
                if "segmentEnd" in segment:
                    metrics["tSegmentDuration"] = _span(segment, "segmentStart", "segmentEnd")
                yield participant | session | segment | {"metrics": metrics}


def _span(row: Row, start: str, end: str) -> int:
    """Milliseconds."""
    return (datetime.fromisoformat(row[end]) - datetime.fromisoformat(row[start])) // timedelta(milliseconds=1)


Customers = frozenset[int] | None


def _customers(part: Filter | Clause, holders: Callable[[str, str], Customers]) -> Customers:
    found = [_customer_of(predicate, holders) for predicate in part.predicates]
    if isinstance(part, Filter):
        found += [_customers(clause, holders) for clause in part.clauses]
    if part.type == "and" or not found:
        return _narrowest(found)
    known = [people for people in found if people is not None]
    return frozenset().union(*known) if len(known) == len(found) else None


def _narrowest(found: Sequence[Customers]) -> Customers:
    known = [people for people in found if people is not None]
    return frozenset.intersection(*known) if known else None


def _customer_of(predicate: Predicate, holders: Callable[[str, str], Customers]) -> Customers:
    if predicate.dimension is None or predicate.operator != "matches" or predicate.value is None:
        return None
    return holders(predicate.dimension, predicate.value)


def in_order(conversations: list[Row], order: str, by: str) -> list[Row]:
    """Those that still run come last where their end is asked for."""

    def key(conversation: Row) -> tuple[str, str]:
        if by in ("conversationStart", "conversationEnd"):
            return conversation.get(by, "9"), conversation["conversationId"]
        times = [segment[by] for segment in _segments(conversation) if by in segment] or ["9"]
        return (min(times) if by == "segmentStart" else max(times)), conversation["conversationId"]

    return sorted(conversations, key=key, reverse=order == "desc")


def aggregate(aggregation: Aggregation, conversations: Sequence[Row]) -> Row:
    """How many conversations hold each value of a dimension, or have a metric within each range."""
    base: Row = {"type": aggregation.type, "count": len(conversations)}
    if aggregation.type == "termFrequency":
        dimension = aggregation.dimension or ""
        counted: Counter[str] = Counter()
        for conversation in conversations:
            rows = [_conversation_level(conversation), *_segments(conversation)]
            counted.update({_spelled(value) for row in rows for value in _values(row, dimension)})
        results: list[Row] = [{"value": v, "count": n} for v, n in counted.most_common(aggregation.size)]
        return base | {"dimension": dimension, "results": results}
    metric = aggregation.metric or ""
    values = [level["metrics"].get(metric) for level in map(_conversation_level, conversations)]
    results = []
    for wanted in aggregation.ranges:
        holds = Range(gte=wanted.gte, lt=wanted.lt).holds
        bounds = {name: bound for name, bound in (("gte", wanted.gte), ("lt", wanted.lt)) if bound is not None}
        results.append({**bounds, "count": sum(value is not None and holds(value) for value in values)})
    return base | {"metric": metric, "results": results}
