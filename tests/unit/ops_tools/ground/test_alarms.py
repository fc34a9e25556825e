from __future__ import annotations

from math import inf, nan
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from ops_tools.ground.limits import LimitState, limit_state, limited_fields
from tlm_cmd.definition.fields import Limits
from tlm_cmd.definition.message import Severity

if TYPE_CHECKING:
    from tests.unit.ops_tools.conftest import Loop


@pytest.mark.parametrize(
    ("value", "state"),
    [
        (0, LimitState.GREEN),
        (40, LimitState.GREEN),
        (40.001, LimitState.YELLOW),
        (-10, LimitState.YELLOW),
        (-10.001, LimitState.RED),
        (inf, LimitState.RED),
        (nan, LimitState.RED),
    ],
)
def test_a_value_at_a_limit_is_inside(value: float, state: LimitState) -> None:
    """Green, yellow and red, exact at the edges; what is no number is an alarm."""
    assert limit_state(Limits(yellow=(0, 40), red=(-10, 60)), value) is state


def test_limits_may_lack_one_colour() -> None:
    """Only yellow, only red, or none at all."""
    assert limit_state(Limits(yellow=(0, 1)), 2) is LimitState.YELLOW
    assert limit_state(Limits(yellow=(0, 1)), nan) is LimitState.RED
    assert limit_state(Limits(red=(0, 1)), 2) is LimitState.RED
    assert limit_state(Limits(), 2) is LimitState.GREEN
    assert limit_state(None, 2) is LimitState.UNLIMITED


def test_limited_fields_are_found_in_arrays_and_structures(tiny: SimpleNamespace, loop: Loop) -> None:
    """Every declared limit is watched, wherever it stands."""
    fields = limited_fields(tiny.HeaterStatus)
    assert [field.name for field in fields] == ["board", "pressure", "lines", "cell.voltage"]
    status = loop.spacecraft.heater_status(lines=(1, 200), cell=tiny.Cell(3.5))
    assert [field.all_green(status) for field in fields] == [True, True, False, True]
    assert fields[2].values(status) == [("lines[0]", 1), ("lines[1]", 200)]
    assert fields[3].values(status) == [("cell.voltage", 3.5)]


def test_transitions_are_counted_listed_and_logged(loop: Loop) -> None:
    """Into yellow, into red and back to green: three transitions, three events, and the active list follows."""
    alarms = loop.ground.alarms

    def say(**fields: object) -> None:
        loop.spacecraft.say("heater", loop.spacecraft.heater_status(**fields))

    say(board=50.0)
    loop.step()
    assert [alarm.describe() for alarm in alarms.active] == ["HEATER.HEATER_STATUS.board GREEN to YELLOW: 50"]
    say(board=50.0)
    loop.step()
    assert len(alarms.transitions) == 1
    say(board=70.0, lines=(1, 101))
    loop.step()
    assert [alarm.state for alarm in alarms.active] == [LimitState.RED, LimitState.YELLOW]
    say()
    loop.step()
    assert alarms.active == []
    assert alarms.counts[LimitState.YELLOW] == 2
    assert alarms.counts[LimitState.RED] == 1
    assert alarms.counts[LimitState.GREEN] == 2
    severities = [event.severity for event in loop.ground.events.newest() if event.name == "GROUND.LIMIT_TRANSITION"]
    assert severities == [Severity.ERROR, Severity.CRITICAL, Severity.ERROR, Severity.INFO, Severity.INFO]


def test_recorded_packets_change_no_alarm(loop: Loop) -> None:
    """What was red yesterday is counted, but is no alarm of today; nor does a good recorded value end one."""
    loop.spacecraft.say("heater", loop.spacecraft.heater_status(board=99.0), channel=1)
    loop.step()
    assert loop.ground.alarms.active == []
    assert loop.ground.alarms.recorded_violations == 1
    loop.spacecraft.say("heater", loop.spacecraft.heater_status(board=99.0))
    loop.step()
    loop.spacecraft.say("heater", loop.spacecraft.heater_status(), channel=1)
    loop.step()
    assert len(loop.ground.alarms.active) == 1
    assert loop.ground.alarms.recorded_violations == 1
