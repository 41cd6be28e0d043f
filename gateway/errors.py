"""What a request may be refused with: one leaf for each code that clients see in `errors[].extensions.code`.

GatewayError              nobody raises it itself
├── UnauthenticatedError  UNAUTHENTICATED    send a token or key that is valid now
├── ForbiddenError        FORBIDDEN          ask an operator for the right, or choose an allowed work profile
├── BadUserInputError     BAD_USER_INPUT     mend the argument that the message names
├── BadCursorError        BAD_CURSOR         start again from the first page
├── TooComplexError       TOO_COMPLEX        ask for less at once
├── RateLimitedError      RATE_LIMITED       wait `retry_after_seconds`
├── DeadlineExceededError DEADLINE_EXCEEDED  ask again, or for less
├── PersistedQueryNotFoundError PERSISTED_QUERY_NOT_FOUND  send a document that the operator listed
└── InternalError         INTERNAL           tell an operator the request id

Source: BEHAVIOUR.md, "Errors" (the public contract).
"""

from __future__ import annotations

from typing import ClassVar


class GatewayError(Exception):
    """`str()` of it is shown to clients: a plain sentence without vendor text, personal data or suggestions."""

    code: ClassVar[str]
    default_message: ClassVar[str]

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or self.default_message)


class UnauthenticatedError(GatewayError):
    """One message for every cause, so that it tells a forger nothing."""

    code = "UNAUTHENTICATED"
    default_message = "A valid token or key is needed."

    def __init__(self) -> None:
        super().__init__()


class ForbiddenError(GatewayError):
    """One message whether the thing is unknown or not allowed."""

    code = "FORBIDDEN"
    default_message = "This is not allowed."

    def __init__(self) -> None:
        super().__init__()


class BadUserInputError(GatewayError):
    code = "BAD_USER_INPUT"
    default_message = "An argument is not valid."


class BadCursorError(GatewayError):
    code = "BAD_CURSOR"
    default_message = "The cursor is not one of this list."


class TooComplexError(GatewayError):
    code = "TOO_COMPLEX"
    default_message = "The operation asks for too much at once."


class RateLimitedError(GatewayError):
    code = "RATE_LIMITED"
    default_message = "Too many requests."

    def __init__(self, message: str | None = None, retry_after_seconds: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class DeadlineExceededError(GatewayError):
    code = "DEADLINE_EXCEEDED"
    default_message = "The answer took too long."


class PersistedQueryNotFoundError(GatewayError):
    """The hash is not among the trusted documents; or a text was sent where only those are taken."""

    code = "PERSISTED_QUERY_NOT_FOUND"
    default_message = "This document is not one of those that the gateway trusts."


class InternalError(GatewayError):
    code = "INTERNAL"
    default_message = "Something went wrong in the gateway."
