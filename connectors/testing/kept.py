"""The contract for connectors whose rows the gateway keeps: the same rules, while the vendor is asked for little."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from connectors.testing.contract import OPERATIONS, ConnectorContract, Known, Subject
from connectors.testing.faults import FAULTS, rate_limit_until


class KeptContract(ConnectorContract):
    """Subclass it as `Test…`, give `subject`, and in `asked` the operations for which the vendor is asked anything."""

    test_every_failure_is_a_leaf_that_tells_nothing = None  # type: ignore[assignment]
    test_a_date_to_wait_for_is_understood = None  # type: ignore[assignment]
    asked: Collection[str]

    @pytest.mark.parametrize("operation", OPERATIONS)
    async def test_every_failure_of_the_vendor_is_a_leaf_that_tells_nothing(
        self, operation: str, subject: Subject, known: Known, caplog: pytest.LogCaptureFixture
    ) -> None:
        """What is kept is told whatever the vendor does."""
        if operation not in self.asked:
            return
        now = subject.connect(subject.transport).utc_now()
        for fault in (*FAULTS, rate_limit_until(now)):
            await self.fails_well(fault, operation, subject, known, caplog)
            caplog.clear()
