"""VISIBILITY.md §1, §2 and §4 as a table: a sentence, a viewer, a row, and whether it is shown. Written by hand."""

from __future__ import annotations

import pytest
from msgspec.structs import replace as with_fields

from connectors.interaction import Channel, Interaction, Leg, Record
from gateway.deployment import Deployment, Module
from gateway.permissions import EVENT_VIEW, QUEUE_SEARCH, SESSION_VIEW
from gateway.viewer.viewer import Viewer, ViewerKind
from gateway.visibility import Judge
from tests.gateway.visibility.cast import (
    ADA,
    CARE,
    DEPLOYMENT,
    EVERYBODY,
    IN_BOTH,
    IN_NORTH,
    IN_SOUTH,
    IN_UNKNOWN,
    LACKS_QUEUE,
    NORTH_THEN_SOUTH,
    NORTHERNER,
    OTHER,
    ROSA,
    SALES,
    SPRING,
    a_leg,
    a_row,
    defaulting_to,
    profile,
    show,
    viewer,
    without,
)

AGENT = ViewerKind.AGENT
LINE_ONLY = profile(channels=frozenset({Channel.LINE}))
NO_VOICE = profile("sales", channels=frozenset(Channel) - {Channel.VOICE})
FIRST_SALES = (a_leg(0, "N", queue=SALES), a_leg(10, "N"))
LAST_SALES = (a_leg(0, "N"), a_leg(10, "N", queue=SALES))

HOME_ROW, NORTH_ROW, BOTH_ROW = a_row(), a_row(division_ids=("N",)), a_row(division_ids=("N", "S"))
SALES_ROW, OTHER_ROW = a_row(legs=(a_leg(0, queue=SALES),)), a_row(legs=(a_leg(0, queue=OTHER),))
SPRING_ROW = a_row(campaign=SPRING)
APART = viewer(f"{EVENT_VIEW}@north", f"{SESSION_VIEW}@south")


def everywhere_with(*queues: str, campaigns: tuple[str, ...] = ()) -> Viewer:
    return viewer("+*", profile=profile(*queues, campaigns=campaigns))


SHOWS, HIDES = True, False
VISIBLE: list[tuple[str, bool, Viewer, Interaction, Record, Deployment]] = []


def case(
    sentence: str,
    visible: bool,
    who: Viewer,
    row: Interaction = HOME_ROW,
    record: Record = ROSA,
    deployment: Deployment = DEPLOYMENT,
) -> None:
    VISIBLE.append((sentence, visible, who, row, record, deployment))


# §1
case("an AGENT with none reaches nothing", HIDES, viewer("+*", kind=AGENT))
case("an AGENT with one reaches what is on it", SHOWS, viewer("+*", kind=AGENT, profile=profile()))
case("anyone else with none is not narrowed", SHOWS, viewer("+*", kind=ViewerKind.WIDGET))
case("in reach: event view held anywhere", HIDES, viewer(f"{SESSION_VIEW}@*"))
case("in reach: one configured channel on the profile", HIDES, viewer("+*", profile=LINE_ONLY))
case("unknown division: nothing", HIDES, viewer("+calls/X"), a_row(division_ids=("X",)))
case("unknown source: nothing", HIDES, EVERYBODY, a_row(source="x"), with_fields(ROSA, source="x"))
# §2.1
case(
    "the module of its channel is off", HIDES, EVERYBODY, a_row(channel=Channel.SMS), deployment=without(Module.SOCIAL)
)
case("another module may be off", SHOWS, EVERYBODY, a_row(channel=Channel.EMAIL), deployment=without(Module.SOCIAL))
case("nothing without JOURNEY", HIDES, EVERYBODY, a_row(channel=Channel.EMAIL), deployment=without(Module.JOURNEY))
# §2.2
case("the channel is not on the active profile", HIDES, viewer("+*", profile=NO_VOICE))
case("the channel is not taken from this source", HIDES, EVERYBODY, a_row(channel=Channel.LINE))
# §2.3
case("the record has no division", SHOWS, viewer("north"), NORTH_ROW)
case("the record has one with session view", SHOWS, viewer("north"), NORTH_ROW, IN_NORTH)
case("one of several is enough", SHOWS, viewer("north"), NORTH_ROW, IN_BOTH)
case("none with session view", HIDES, viewer("north"), NORTH_ROW, IN_SOUTH)
case("a record's unknown division, for some divisions", HIDES, viewer("north"), NORTH_ROW, IN_UNKNOWN)
case("a record's unknown division, for every one", SHOWS, viewer("*"), HOME_ROW, IN_UNKNOWN)
# §2.4, divisions
case("both permissions, but in two divisions", HIDES, APART, BOTH_ROW)
case("one of its divisions is enough", SHOWS, viewer("south"), BOTH_ROW)
case("a leg's own first", HIDES, viewer("south"), a_row(legs=(a_leg(0, "N"),), division_ids=("S",)))
case("else the interaction's", SHOWS, viewer("south"), a_row(legs=(a_leg(0),), division_ids=("S",)))
case("else its source's", SHOWS, viewer("south"), deployment=defaulting_to("south"))
case("its source's in place of the home division", HIDES, viewer("home"), deployment=defaulting_to("south"))
case("`*`: every", SHOWS, viewer("south"), deployment=defaulting_to("*"))
case("`*` needs both in one all the same", HIDES, APART, deployment=defaulting_to("*"))
case("else the home division", SHOWS, viewer("home"))
case("else the home division and no other", HIDES, viewer("north"))
case("one leg is visible", SHOWS, viewer("south"), a_row(legs=NORTH_THEN_SOUTH))
# §2.4, services
case("its services are unknown", SHOWS, everywhere_with("care"))
case("its queue is on the profile", SHOWS, everywhere_with("sales"), SALES_ROW)
case("its queue is not", HIDES, everywhere_with("care"), SALES_ROW)
case("a queue that nobody named", SHOWS, everywhere_with("calls/q3"), OTHER_ROW)
case("for the first leg the campaign", SHOWS, everywhere_with(campaigns=("calls/k1",)), SPRING_ROW)
case("a campaign that is not on the profile", HIDES, everywhere_with("sales"), SPRING_ROW)
case("one of its services is enough", SHOWS, everywhere_with("sales"), with_fields(SALES_ROW, campaign=SPRING))
case("a campaign is no queue of that name", HIDES, everywhere_with("calls/k1"), SPRING_ROW)
case("a queue is no campaign of that name", HIDES, everywhere_with(campaigns=("calls/q3",)), OTHER_ROW)


@pytest.mark.parametrize(
    ("sentence", "visible", "who", "row", "record", "deployment"), VISIBLE, ids=[sentence for sentence, *_ in VISIBLE]
)
def test_a_row_is_visible(
    sentence: str, visible: bool, who: Viewer, row: Interaction, record: Record, deployment: Deployment
) -> None:
    assert (show(who, row, record, deployment) is not None) is visible


@pytest.mark.parametrize(
    ("legs", "queues", "shown"),
    [
        pytest.param(FIRST_SALES, ("sales",), [True, True], id="a leg with none takes the nearest earlier leg's"),
        pytest.param(LAST_SALES, ("sales",), [True, True], id="else the nearest later's"),
        pytest.param(FIRST_SALES, ("care",), None, id="and is hidden with it"),
        pytest.param(
            (a_leg(0, "N", queue=SALES), a_leg(5, "N"), a_leg(10, "N", queue=CARE)),
            ("care",),
            [False, False, True],
            id="the earlier before the later",
        ),
        pytest.param(
            (a_leg(10, "N", queue=CARE), a_leg(0, "N", queue=SALES), a_leg(5, "N")),
            ("sales",),
            [True, True, False],
            id="legs go by start",
        ),
    ],
)
def test_services_of_legs(legs: tuple[Leg, ...], queues: tuple[str, ...], shown: list[bool] | None) -> None:
    named = tuple(with_fields(leg, agent=ADA) for leg in legs)
    found = show(viewer("+*", profile=profile(*queues)), a_row(legs=named))
    assert (None if found is None else [leg.agent is not None for leg in found.row.legs]) == shown


# ------------------------------------------------------------------------ §4: nodes need the viewer's scope

ON_SHIFT = viewer("+north", profile=profile("sales", campaigns=("calls/k1",)))


@pytest.mark.parametrize(
    ("who", "queue", "campaign"),
    [
        pytest.param(EVERYBODY, True, True, id="everybody"),
        pytest.param(ON_SHIFT, True, True, id="on the profile"),
        pytest.param(viewer("+*", profile=profile("care")), False, False, id="not on the profile"),
        pytest.param(LACKS_QUEUE, False, True, id="without `routing:queue:search`"),
        pytest.param(viewer(f"{QUEUE_SEARCH}@*"), False, False, id="out of reach"),
    ],
)
def test_nodes_of_queues_and_campaigns(who: Viewer, queue: bool, campaign: bool) -> None:
    judge = Judge(DEPLOYMENT, who)
    listed = with_fields(ROSA, campaigns=(SPRING,))
    assert judge.has_queue("calls", SALES) is queue
    assert judge.has_campaign("calls", SPRING) is campaign
    assert judge.show_campaigns([listed]) == ([("calls", SPRING)] if campaign else [])
    assert not judge.has_queue("nobody", SALES)
    assert not judge.has_campaign("nobody", SPRING)


def test_nodes_of_divisions() -> None:
    judge = Judge(DEPLOYMENT, NORTHERNER)
    assert judge.has_division("north")
    assert not judge.has_division("south")
    assert Judge(DEPLOYMENT, EVERYBODY).has_division("south")
