"""What proves a vendor's connector: from its class, samples of the vendor's answers and an imitation of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar

import httpx
import msgspec
import pytest

from connectors import registry
from connectors.base import SourceConfig, VendorConnector, Wanted
from connectors.interaction import Identifier
from connectors.testing.contract import ConnectorContract, Subject
from connectors.testing.mutations import Listing

Samples = Callable[[str], Any]


class VendorContract(ConnectorContract):
    """Subclass it as `Test…`, say what it is about, and give the fixture `app`.

    somebody: has three interactions or more. nobody: no record has it. now: the moment at which the imitation lives.
    rows_path, rows_key: where the vendor lists interactions, and under which key of the answer; each row has an `id`.
    """

    cls: ClassVar[type[VendorConnector]]
    config: ClassVar[SourceConfig]
    somebody: ClassVar[Identifier | None]
    nobody: ClassVar[Identifier | None]
    now: ClassVar[datetime]
    rows_path: ClassVar[str]
    rows_key: ClassVar[str]

    @pytest.fixture
    def samples(self, request: pytest.FixtureRequest) -> Samples:
        """By its name, what `samples/<name>.json` beside the test module holds."""
        folder = request.path.parent / "samples"
        return lambda name: json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))

    @pytest.fixture
    def app(self) -> Any:
        """An ASGI application that answers like the vendor."""
        raise NotImplementedError("a vendor needs an imitation")

    @pytest.fixture
    def subject(self, app: Any) -> Subject:
        assert self.somebody is not None and self.nobody is not None, "identifiers in their normal form are needed"
        return Subject.over_asgi(app, self.connect, known=self.somebody, stranger=self.nobody)

    def connect(self, transport: httpx.AsyncBaseTransport) -> VendorConnector:
        return self.cls(self.config, transport, lambda: self.now)

    def test_gateway_toml_may_name_it(self) -> None:
        """The registry knows it, or the package that offers it is installed (an editable install will do)."""
        assert registry.connector_class(self.cls.vendor) is self.cls

    def test_its_sheet_says_what_operators_ask(self) -> None:
        sheet = self.cls.capabilities
        assert self.cls.channels and sheet.finds_by
        assert sheet.cannot_see.endswith("."), "what its credential cannot see is a sentence"
        assert sheet.pushes <= {field.name for field in msgspec.structs.fields(Wanted)}

    async def test_a_spoiled_row_costs_no_other(self, subject: Subject) -> None:
        listing = Listing(
            connect=subject.connect,
            transport=subject.transport,
            known=subject.known,
            path=self.rows_path,
            rows_of=lambda body: body[self.rows_key],
        )
        assert await listing.spoil_interactions() > 0


__all__ = ["Samples", "VendorContract"]
