"""Structured logs, one JSON object a line, with nothing in them but what is on the list."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from datetime import UTC, datetime
from typing import Any

import msgspec
import structlog

ALLOWED_KEYS = frozenset(
    {
        "at",
        "duration_ms",
        "epoch",
        "error",
        "event",
        "external_id",
        "foreign",
        "key",
        "keys",
        "level",
        "method",
        "people",
        "problem",
        "reason",
        "removed",
        "request_id",
        "route",
        "rows",
        "source",
        "status",
        "timestamp",
        "unmappable",
        "where",
    }
)
"""A list of what may be said, not of what may not: a new key is silent until somebody has thought about it."""


_encoder = msgspec.json.Encoder(enc_hook=repr)


def line(_: Any, level: str, event: MutableMapping[str, Any]) -> bytes:
    """The whole chain of processors in one, since every request is a line: what may be said, how loudly, when."""
    said = {key: value for key, value in event.items() if key in ALLOWED_KEYS}
    said["level"] = level
    said["timestamp"] = datetime.now(UTC)
    return msgspec.json.format(_encoder.encode(said), indent=0)


def configure_logs(level: str) -> None:
    """To standard error; libraries are heard from WARNING on, by name alone."""
    structlog.configure(
        processors=[line],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level)),
        logger_factory=structlog.BytesLoggerFactory(sys.stderr.buffer),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(handlers=[_Libraries()], level=logging.WARNING, force=True)


class _Libraries(logging.Handler):
    """Third-party code may log addresses, bodies and arguments: only who spoke, and how loudly, is kept."""

    def emit(self, record: logging.LogRecord) -> None:
        structlog.get_logger().warning("library_warning", source=record.name, at=f"{record.module}:{record.lineno}")
