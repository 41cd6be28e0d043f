"""What can go wrong while asking a source, named by what the gateway does next: one leaf for each `SourceState`.

ConnectorError            lose this source's rows, keep the answer
├── TimedOutError         TIMED_OUT     ask again at the next request
├── UnavailableError      UNAVAILABLE   ask again at the next request, count it against the source's health
├── RateLimitedError      RATE_LIMITED  do not ask before `retry_after_seconds`
├── RefusedError          REFUSED       stop asking, tell an operator: credential, scope or licence
└── MalformedError        MALFORMED     trust nothing of this answer, tell a developer: shape or rule changed
"""

from __future__ import annotations


class ConnectorError(Exception):
    """One source failed. `str()` of it is safe to log and show: no address, body, credential or customer in it.

    `reason` must be one of our own plain sentences or words, never the vendor's text.
    """

    def __init__(self, source: str, reason: str) -> None:
        super().__init__(f"{source}: {reason}")
        self.source = source
        self.reason = reason


class TimedOutError(ConnectorError):
    """It did not answer within the deadline."""


class UnavailableError(ConnectorError):
    """It could not be reached, dropped the connection, or answered with a server error."""


class RateLimitedError(ConnectorError):
    """It asked us to wait. `retry_after_seconds` is None where it did not say how long."""

    def __init__(self, source: str, reason: str, retry_after_seconds: float | None = None) -> None:
        super().__init__(source, reason)
        self.retry_after_seconds = retry_after_seconds


class RefusedError(ConnectorError):
    """It does not accept our credential, or the credential may not read this."""


class MalformedError(ConnectorError):
    """It answered with something that is not what its description promises."""
