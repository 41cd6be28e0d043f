"""One GraphQL operation as a stream of answers, whatever carries it: news, or a query's one answer."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from graphql import ExecutionResult

from gateway.core import Gateway
from gateway.errors import GatewayError, UnauthenticatedError
from gateway.graph.errors import log_errors, shown_error, shown_errors
from gateway.graph.request import Asked, digest_of_document, shown_result
from gateway.graph.schema import Executable
from gateway.live.hub import Hub
from gateway.operation import Operation
from gateway.viewer.authenticate import Authenticator
from gateway.viewer.viewer import Viewer


class Refused(msgspec.Struct, frozen=True):
    """Nothing was begun, for these reasons."""

    errors: list[dict[str, Any]]


class Next(msgspec.Struct, frozen=True):
    """One answer."""

    result: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who holds a connection: asked again whenever their rights are looked at."""

    authenticator: Authenticator
    authorization: str | None
    work_profile: str | None
    origin: str | None
    utc_now: Callable[[], datetime]

    async def viewer(self) -> Viewer:
        """Raises a `GatewayError` when they are nobody any more, or their token has ended."""
        viewer = await self.authenticator.viewer(self.authorization, self.work_profile, self.origin)
        if viewer.expires_at is not None and self.utc_now() >= viewer.expires_at:
            raise UnauthenticatedError
        return viewer


@dataclass(frozen=True, slots=True)
class Streams:
    executable: Executable
    gateway: Gateway
    hub: Hub

    async def answers(
        self, asked: Asked, bearer: Bearer, request_id: str, *, is_admitted: bool = False
    ) -> AsyncGenerator[Refused | Next, None]:
        """Every answer in turn; `is_admitted`: whoever asks has been let in for this. Raises a `GatewayError` where the
        whole stream is refused or ended."""
        viewer = await bearer.viewer()
        if not is_admitted:
            self.gateway.admit(viewer)
        operation = Operation.begin(self.gateway, viewer, request_id, self.hub, bearer.viewer)
        prepared = self.executable.documents.prepare(asked.query, digest_of_document(asked))
        if not self.executable.is_subscription(prepared, asked.operation_name):
            result = await self.executable.execute(prepared, asked.variables, asked.operation_name, operation)
            operation.told(prepared.root_fields(asked.operation_name))
            yield _told(result, request_id)
            return
        begun = await self.executable.subscribe(prepared, asked.variables, asked.operation_name, operation)
        if isinstance(begun, ExecutionResult):
            log_errors(begun.errors or (), request_id)
            yield Refused(shown_errors(begun.errors or (), request_id))
            return
        async with aclosing(_closable(begun)) as news:
            async for result in news:
                log_errors(result.errors or (), request_id)
                ended_by = _ending(result)
                if ended_by is not None:
                    raise ended_by
                yield _told(result, request_id)


def _told(result: ExecutionResult, request_id: str) -> Refused | Next:
    shown = shown_result(result, request_id)
    return Next(shown) if "data" in shown else Refused(shown["errors"])


def _ending(result: ExecutionResult) -> GatewayError | None:
    """The error that ended the source of the news itself, told as a result without data."""
    if result.data is None and result.errors:
        for error in result.errors:
            if isinstance(error.original_error, GatewayError):
                return error.original_error
    return None


async def _closable(news: AsyncIterator[ExecutionResult]) -> AsyncGenerator[ExecutionResult, None]:
    try:
        async for result in news:
            yield result
    finally:
        close = getattr(news, "aclose", None)
        if close is not None:
            await close()


def refused(error: GatewayError, request_id: str) -> Refused:
    return Refused([shown_error(error, request_id)])
