"""A line of the log: what it holds, and what it never does."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import structlog

from gateway.logs import ALLOWED_KEYS, configure_logs, line

Lines = Callable[[], list[str]]


@pytest.fixture
def written(capsys: pytest.CaptureFixture[str]) -> Iterator[Lines]:
    """What has gone to standard error."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield lambda: capsys.readouterr().err.splitlines()
    structlog.reset_defaults()
    root.handlers[:], root.level = before


def test_a_line_is_json_as_the_standard_library_writes_it() -> None:
    said = {
        "request_id": "abcdefgh",
        "route": "/graphql",
        "status": 200,
        "duration_ms": 12.5,
        "keys": ["a", "b"],
        "reason": None,
        "event": "request",
    }
    text = line(None, "info", dict(said)).decode()
    told = json.loads(text)
    assert text == json.dumps(told), "the same spaces, one line"
    assert list(told) == [*said, "level", "timestamp"]
    assert {key: told[key] for key in said} == said
    assert told["level"] == "info"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z", told["timestamp"])
    assert abs((datetime.now(UTC) - datetime.fromisoformat(told["timestamp"])).total_seconds()) < 60


def test_only_what_is_listed_is_said() -> None:
    allowed = {key: 1 for key in ALLOWED_KEYS}
    told = json.loads(line(None, "error", {**allowed, "phone": "+393331110001", "exc_info": "Traceback"}))
    assert told.keys() == ALLOWED_KEYS
    assert told["level"] == "error", "it is the logger who says how loudly"


@pytest.mark.parametrize("value", ['a "quoted" text', "two\nlines", "Zoë", "\x00"])
def test_a_text_stays_one_line(value: str) -> None:
    told = line(None, "info", {"event": value})
    assert b"\n" not in told
    assert json.loads(told)["event"] == value


def test_a_value_of_any_kind_is_told_somehow() -> None:
    class Odd:
        def __repr__(self) -> str:
            return "<odd>"

    assert json.loads(line(None, "info", {"event": "e", "problem": Odd()}))["problem"] == "<odd>"


def test_lines_go_to_standard_error_from_the_level_on(written: Lines) -> None:
    configure_logs("INFO")
    log = structlog.get_logger()
    log.debug("unheard")
    log.info("heard", status=200, name="Zoë")
    log.error("loud", error="ValueError")
    told = [json.loads(text) for text in written()]
    assert [(entry["event"], entry["level"]) for entry in told] == [("heard", "info"), ("loud", "error")]
    assert told[0].keys() == {"event", "level", "status", "timestamp"}


def test_libraries_are_heard_by_name_alone(written: Lines) -> None:
    configure_logs("WARNING")
    logging.getLogger("some.library").info("unheard")
    try:
        raise ValueError("+393331110001")
    except ValueError:
        logging.getLogger("some.library").exception("cannot reach %s", "+393331110001")
    [told] = [json.loads(text) for text in written()]
    assert re.fullmatch(r"test_logs:\d+", told.pop("at"))
    told.pop("timestamp")
    assert told == {"event": "library_warning", "level": "warning", "source": "some.library"}


def test_whoever_made_a_logger_before_is_heard_as_well(written: Lines) -> None:
    early: Any = structlog.get_logger()
    configure_logs("INFO")
    early.info("heard")
    early.info("again")
    assert [json.loads(text)["event"] for text in written()] == ["heard", "again"]
