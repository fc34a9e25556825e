from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from ops_tools.ground.errors import AmbiguousNameError, UnknownNameError
from ops_tools.ground.limits import LimitState
from ops_tools.ground.settings import GroundSettings
from ops_tools.ground.telemetry import TelemetryStore

if TYPE_CHECKING:
    from tests.unit.ops_tools.conftest import Loop


SECOND_NS = 1_000_000_000


@pytest.fixture
def settings() -> GroundSettings:
    """A short history, so that its bound is met."""
    return GroundSettings(history=4)


@pytest.fixture
def telemetry(loop: Loop) -> TelemetryStore:
    """A store that has seen one status."""
    loop.spacecraft.say("heater", loop.spacecraft.heater_status(board=45.0))
    loop.step()
    return loop.ground.telemetry


def test_a_field_is_found_by_full_and_short_name(telemetry: TelemetryStore, tiny: SimpleNamespace) -> None:
    """Both names give the same value, with unit and limit state."""
    value = telemetry.field("HEATER.HEATER_STATUS.board", SECOND_NS)
    assert telemetry.field("heater.board", SECOND_NS) == value
    assert (value.name, value.value, value.unit) == ("HEATER.HEATER_STATUS.board", 45.0, "degC")
    assert (value.limit, value.age_ns, value.time_ns, value.stale) == (LimitState.YELLOW, 0, 0, False)
    assert telemetry.field("heater.heater_status.colour", SECOND_NS).value is tiny.Colour.BLUE


def test_items_and_nested_fields_have_names(telemetry: TelemetryStore) -> None:
    """Arrays by index, structures by their fields; an item that is not there has no value."""
    assert telemetry.field("HEATER.lines[2]", 0).value == 3
    assert telemetry.field("HEATER.HEATER_STATUS.lines[7]", 0).value is None
    assert telemetry.field("HEATER.cell.voltage", 0).limit is LimitState.GREEN
    assert telemetry.field("HEATER.cell.voltage", 0).unit == "V"


def test_a_short_name_that_two_packets_have_is_refused_with_both(telemetry: TelemetryStore) -> None:
    """The error lists the full names to choose from."""
    with pytest.raises(AmbiguousNameError, match=r"HEATER_STATUS\.colour or HEATER\.HEATER_EXTRA\.colour") as caught:
        telemetry.field("HEATER.colour", 0)
    assert caught.value.candidates == ("HEATER.HEATER_STATUS.colour", "HEATER.HEATER_EXTRA.colour")


@pytest.mark.parametrize(
    "name",
    [
        "HEATER.bord",
        "HEATER.HEATER_STATUS.bord",
        "HEATER",
        "",
        "HEATER.HEATER_STATUS.",
        "HEATER.board[0]",
        "HEATER.board.x",
        "HEATER.cell.volt",
        "HEATER.lines[x]",
        "NOBODY.board",
        "HEATER.HEATER_STATUS.cell..voltage",
    ],
)
def test_an_unknown_name_is_refused(telemetry: TelemetryStore, name: str) -> None:
    """Whatever is not there is named in the error."""
    with pytest.raises(UnknownNameError) as caught:
        telemetry.field(name, 0)
    assert caught.value.name == name


def test_close_matches_are_suggested(telemetry: TelemetryStore) -> None:
    """A slip of the finger is answered with what may have been meant."""
    with pytest.raises(UnknownNameError, match=r"did you mean HEATER\.board"):
        telemetry.field("HEATER.bord", 0)
    with pytest.raises(UnknownNameError, match=r"HEATER\.HEATER_STATUS"):
        telemetry.packet("HEATER.HEATER_STATUSS", 0)
    with pytest.raises(UnknownNameError, match=r"no packet or field is called 'HEATER.NOTHING'"):
        telemetry.samples("HEATER.NOTHING")


def test_a_packet_of_another_dictionary_is_not_kept(telemetry: TelemetryStore) -> None:
    """A sample whose name the dictionary does not have is refused."""
    sample = telemetry.samples("HEATER.HEATER_STATUS")[0]
    with pytest.raises(UnknownNameError):
        telemetry.record(type(sample)("X.Y", "x", 1, 0, 0, 0, 0, False, sample.message))


def test_before_the_first_packet_there_is_no_value(telemetry: TelemetryStore) -> None:
    """A field never received has no value, no age and is stale."""
    value = telemetry.field("HEATER.count", 0)
    assert (value.value, value.age_ns, value.time_ns, value.stale, value.limit) == (
        None,
        None,
        None,
        True,
        LimitState.UNLIMITED,
    )
    assert telemetry.packet("HEATER.HEATER_EXTRA", 0).sample is None


def test_a_packet_gets_stale_after_three_periods(telemetry: TelemetryStore, loop: Loop, tiny: SimpleNamespace) -> None:
    """Exactly three periods of silence are still fresh, a nanosecond more is not; occasional packets stay fresh."""
    fresh = telemetry.packet("HEATER.HEATER_STATUS", 4 * SECOND_NS)
    assert (fresh.stale, fresh.age_ns, fresh.received) == (False, 3 * SECOND_NS, 1)
    assert telemetry.packet("heater.heater_status", 4 * SECOND_NS + 1).stale
    loop.spacecraft.say("heater", tiny.Occasion(b"x"))
    loop.step()
    assert not telemetry.packet("HEATER.OCCASION", 10**6 * SECOND_NS).stale


def test_a_packet_that_was_slowed_down_by_command_is_not_stale(telemetry: TelemetryStore, loop: Loop) -> None:
    """Its last interval counts when it is longer than declared, but an interval over a lost contact does not."""
    for seconds, fresh_s in ((4, 15), (10, 30), (100, 3)):
        loop.step(seconds)
        loop.spacecraft.say("heater", loop.spacecraft.heater_status())
        loop.step()
        assert not telemetry.packet("HEATER.HEATER_STATUS", loop.now_ns + fresh_s * SECOND_NS).stale
        assert telemetry.packet("HEATER.HEATER_STATUS", loop.now_ns + 5 * (seconds + 1) * SECOND_NS).stale


def test_history_is_bounded_and_in_order(telemetry: TelemetryStore, loop: Loop) -> None:
    """The newest packets are kept, the oldest first."""
    for board in (1.0, 2.0, 3.0, 4.0):
        loop.spacecraft.say("heater", loop.spacecraft.heater_status(board=board))
        loop.step()
    assert [value for _, value in telemetry.history("HEATER.board")] == [1.0, 2.0, 3.0, 4.0]
    assert [value for _, value in telemetry.history("HEATER.board", 2)] == [3.0, 4.0]
    assert telemetry.packet("HEATER.HEATER_STATUS", 0).received == 5


def say_recorded(loop: Loop, time_s: float, board: float) -> None:
    """Play back a status of an earlier time."""
    now_ns, loop.spacecraft.now_ns = loop.spacecraft.now_ns, round(time_s * SECOND_NS)
    loop.spacecraft.say("heater", loop.spacecraft.heater_status(board=board), channel=1)
    loop.spacecraft.now_ns = now_ns


def test_recorded_packets_take_their_place_in_history_and_replace_nothing_newer(
    telemetry: TelemetryStore, loop: Loop
) -> None:
    """Playback goes between the live packets by its time; the newest value stays the live one."""
    loop.step(4)
    loop.spacecraft.say("heater", loop.spacecraft.heater_status(board=9.0))
    say_recorded(loop, 3.0, 3.0)
    say_recorded(loop, 2.0, 2.0)
    loop.step()
    assert [value for _, value in telemetry.history("HEATER.board")] == [45.0, 2.0, 3.0, 9.0]
    assert telemetry.field("HEATER.board", loop.now_ns).value == 9.0
    say_recorded(loop, 2.5, 2.5)
    say_recorded(loop, 0.5, 0.5)
    loop.ground.step(loop.now_ns)
    assert [value for _, value in telemetry.history("HEATER.board")] == [2.0, 2.5, 3.0, 9.0]


def test_recorded_packets_count_while_nothing_live_is_known(loop: Loop) -> None:
    """Before the first live packet the newest recorded one is the newest value."""
    for time_s, board in ((3.0, 3.0), (4.0, 4.0), (2.0, 2.0)):
        say_recorded(loop, time_s, board)
    loop.step()
    assert loop.ground.telemetry.field("HEATER.board", 0).value == 4.0
    assert loop.ground.telemetry.newest_time_ns is None
    assert loop.ground.telemetry.spacecraft_time_ns(5) is None


def test_spacecraft_time_is_counted_on_from_the_newest_packet(telemetry: TelemetryStore, loop: Loop) -> None:
    """Between packets spacecraft time goes on with ground time."""
    assert telemetry.newest_time_ns == 0
    assert telemetry.spacecraft_time_ns(loop.now_ns + 5) == 5


def test_a_trend_holds_the_last_value_of_each_interval(telemetry: TelemetryStore, loop: Loop) -> None:
    """Values fall into equal intervals, empty ones are None, values that are no numbers too."""
    for seconds, board in ((1, 2.0), (1, 3.0), (4, 5.0)):
        loop.step(seconds)
        loop.spacecraft.say("heater", loop.spacecraft.heater_status(board=board))
        loop.ground.step(loop.now_ns)
    until_ns = loop.now_ns
    assert telemetry.trend("HEATER.board", until_ns, 8 * SECOND_NS, 4) == [45.0, 3.0, None, 5.0]
    assert telemetry.trend("HEATER.note", until_ns, 8 * SECOND_NS, 2) == [None, None]


def test_every_packet_and_field_has_a_name(telemetry: TelemetryStore) -> None:
    """The list of names holds packets and fields."""
    names = telemetry.names.names()
    assert "HEATER.HEATER_STATUS" in names
    assert "HEATER.HEATER_STATUS.board" in names
    assert len(telemetry.packets(0)) == 7
