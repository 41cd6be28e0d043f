"""What is acknowledged is kept, whatever happens to the process; and the harness that says so is seen to fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.gateway.ingest.crash import run_all
from tests.gateway.ingest.tracing import may_trace, told_before_synced, trace

KILLS = 200


async def test_nothing_acknowledged_is_lost_or_doubled_over_200_kills():
    outcomes = await run_all(KILLS)
    print(*outcomes, sep="\n")
    assert sum(outcome.cycles for outcome in outcomes) == KILLS
    assert sum(len(outcome.acknowledged) for outcome in outcomes) > KILLS
    assert [(o.lost, o.doubled, o.intact) for o in outcomes] == [([], [], True)] * len(outcomes)


async def test_a_gateway_that_acknowledges_too_early_is_found_out():
    outcomes = await run_all(8, early=True)
    print(*outcomes, sep="\n")
    assert any(outcome.lost for outcome in outcomes)


async def test_the_disk_has_it_before_the_vendor_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    if not may_trace():
        with capsys.disabled():
            print("nothing may be traced here: that the sync precedes the answer is shown by the kills alone")
        return
    for early in (False, True):
        folder = tmp_path / str(early)
        folder.mkdir()
        told, before = told_before_synced(await trace(folder, 150, early=early))
        assert told == 150
        assert (before > 0) is early, f"{before} of {told} answers were told before the sync"
