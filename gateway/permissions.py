"""The permissions a role may hold, by the names that operators and VISIBILITY.md use."""

from __future__ import annotations

EVENT_VIEW = "journey:event:view"
SESSION_VIEW = "externalContacts:session:view"
EVENT_TYPE_VIEW = "journey:eventType:view"
QUEUE_SEARCH = "routing:queue:search"
WRAP_UP_CODE_VIEW = "routing:wrapupCode:view"
PII_VIEW = "customer:pii:view"
ANALYTICS_VIEW = "journey:analytics:view"
IDENTITY_EDIT = "customer:identity:edit"
WIDGET_TOKEN_CREATE = "widget:token:create"  # noqa: S105 - a permission's name
DATA_ERASE = "customer:data:erase"
DATA_EXPORT = "customer:data:export"
AUDIT_LOG_VIEW = "audit:log:view"

ALL_PERMISSIONS = frozenset(
    {
        EVENT_VIEW,
        SESSION_VIEW,
        EVENT_TYPE_VIEW,
        QUEUE_SEARCH,
        WRAP_UP_CODE_VIEW,
        PII_VIEW,
        ANALYTICS_VIEW,
        IDENTITY_EDIT,
        WIDGET_TOKEN_CREATE,
        DATA_ERASE,
        DATA_EXPORT,
        AUDIT_LOG_VIEW,
    }
)

EVERYWHERE_ONLY = frozenset({DATA_ERASE, DATA_EXPORT, AUDIT_LOG_VIEW})
"""They reach hidden data, so they count only when granted in every division."""

WITHHELD_FIELDS = {
    EVENT_TYPE_VIEW: (
        "Interaction.legs",
        "Interaction.preview",
        "Interaction.comments",
        "NpsAnswer.comment",
        "Conversation.messages",
        "WebVisit.events",
        "SurveyResponse.answers",
        "Call.waitSeconds",
        "Call.talkSeconds",
        "Call.holdSeconds",
    ),
    QUEUE_SEARCH: ("Interaction.queue", "Leg.queue", "JourneyFacets.queues"),
    WRAP_UP_CODE_VIEW: ("Interaction.wrapUpCodes",),
    PII_VIEW: ("Customer.identifiers", "Interaction.address"),
}
"""What each permission gates (VISIBILITY.md §3), as `WithheldField.field` names it."""
