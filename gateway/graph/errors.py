"""Errors as clients see them: a code, a plain sentence, the request id, and nothing of anybody's data."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import structlog
from graphql import GraphQLError, GraphQLSyntaxError

from gateway.errors import BadUserInputError, GatewayError, InternalError, RateLimitedError, TooComplexError

log = structlog.get_logger()

PARSE_FAILED = "GRAPHQL_PARSE_FAILED"
VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED"

_TOO_MANY_TOKENS = re.compile(r"more than \d+ tokens")
_ONE_OF = re.compile(r"OneOf Input Object|Value for member field")
_COERCION = re.compile(r"Variable '\$(?P<name>\w+)'(?: got invalid value .*)?", re.DOTALL)
_COERCION_PATH = re.compile(r" at '(?P<path>[\w.\[\]]+)'")
_QUOTED = re.compile(r"'(?P<one>[^']*)'|\"(?P<two>[^\"]*)\"")
_NAME = re.compile(r"[@$]?[_A-Za-z][_0-9A-Za-z]*(\.[_A-Za-z][_0-9A-Za-z]*)?|\[?[_A-Za-z][_0-9A-Za-z]*!?\]?!?")


def shown_errors(errors: Iterable[GraphQLError], request_id: str) -> list[dict[str, Any]]:
    """`errors` as they go out."""
    return [_shown(error, request_id) for error in errors]


def shown_error(error: GatewayError, request_id: str) -> dict[str, Any]:
    """One error that refuses the whole request."""
    extensions: dict[str, Any] = {"code": error.code, "requestId": request_id}
    if isinstance(error, RateLimitedError) and error.retry_after_seconds is not None:
        extensions["retryAfterSeconds"] = error.retry_after_seconds
    return {"message": str(error), "extensions": extensions}


def log_errors(errors: Iterable[GraphQLError], request_id: str | None) -> None:
    """What went wrong, for operators: never the query's text, its variables or a vendor's words."""
    for error in errors:
        cause = error.original_error
        if cause is None or isinstance(cause, GatewayError | GraphQLError):
            continue
        frame = _last_frame(cause)
        log.error("internal_error", request_id=request_id, error=type(cause).__name__, at=frame)


def is_refused_early(errors: Iterable[GraphQLError]) -> bool:
    """Whether the document or its variables were refused before anything ran."""
    return all(error.path is None for error in errors)


def _shown(error: GraphQLError, request_id: str) -> dict[str, Any]:
    code, message = _code_and_message(error)
    shown: dict[str, Any] = {"message": message}
    if error.locations:
        shown["locations"] = [{"line": place.line, "column": place.column} for place in error.locations]
    if error.path:
        shown["path"] = error.path
    shown["extensions"] = {"code": code, "requestId": request_id}
    return shown


def _code_and_message(error: GraphQLError) -> tuple[str, str]:
    cause = error.original_error
    if isinstance(cause, GatewayError):
        return cause.code, str(cause)
    if isinstance(error, GraphQLSyntaxError) or isinstance(cause, GraphQLSyntaxError):
        if _TOO_MANY_TOKENS.search(error.message):
            return TooComplexError.code, "The document is too long."
        place = error.locations[0] if error.locations else None
        where = f" at line {place.line}, column {place.column}" if place else ""
        return PARSE_FAILED, f"The document is not valid GraphQL{where}."
    if cause is not None and not isinstance(cause, GraphQLError):
        return InternalError.code, InternalError.default_message
    if _ONE_OF.match(error.message):
        return BadUserInputError.code, "Exactly one field of a key must be given, and not null."
    coercion = _COERCION.match(error.message)
    if coercion is not None:
        path = _COERCION_PATH.search(error.message)
        where = f" at `{path['path']}`" if path else ""
        return BadUserInputError.code, f"Variable `${coercion['name']}` has a value that its type does not take{where}."
    if error.path is not None:  # an argument that a field's own code refused, such as a DateTime in a literal
        return BadUserInputError.code, _without_values(error.message)
    return VALIDATION_FAILED, _without_values(error.message)


def _without_values(message: str) -> str:
    """A validation message keeps the names of the schema and loses every value that the caller wrote."""
    sentence = message.split("\n", 1)[0]
    sentence = re.sub(r",? found .*$", ".", sentence)
    sentence = re.sub(r"(cannot represent [^:]*):.*$", r"\1.", sentence)
    return _QUOTED.sub(lambda m: m[0] if _NAME.fullmatch(m["one"] or m["two"] or "") else "that value", sentence)


def _last_frame(error: BaseException) -> str | None:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return None
    return f"{trace.tb_frame.f_globals.get('__name__')}:{trace.tb_lineno}"
