import math

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bus_sim.equipment.compute_board import ComputeBoard, ComputeReply, ComputeState
from bus_sim.errors import ParameterError
from bus_sim.parameters import SpacecraftParameters, load_parameters

COOL_C, WARM_C, HOT_C, TRIP_C = 30.0, 82.0, 85.1, 95.0


def booted() -> ComputeBoard:
    """The mission's board, idle."""
    board = ComputeBoard(load_parameters().compute_board)
    board.set_power(on=True)
    run(board, 20)
    assert board.state.state is ComputeState.IDLE
    return board


def run(board: ComputeBoard, seconds: int, temperature_c: float = COOL_C) -> None:
    """Let time pass at one temperature."""
    for _ in range(seconds):
        board.progress(temperature_c, 1.0)


def test_power_boots_the_board_in_20_s(parameters: SpacecraftParameters) -> None:
    """Off without power, booting for 20 s, then idle; each state has its draw."""
    board = ComputeBoard(parameters.compute_board)
    run(board, 5)
    assert (board.state.state, board.demand_w(), board.state.powered) == (ComputeState.OFF, 0.0, False)
    board.set_power(on=True)
    run(board, 19)
    assert (board.state.state, board.demand_w(), board.state.powered) == (ComputeState.BOOTING, 5.0, True)
    board.set_power(on=True)
    run(board, 1)
    assert (board.state.state, board.demand_w(), board.state.boots) == (ComputeState.IDLE, 1.5, 1)


@pytest.mark.parametrize(("mode", "power_w", "seconds"), [(0, 7.0, 29), (1, 15.0, 14), (2, 25.0, 10)])
def test_work_takes_its_time_and_power(mode: int, power_w: float, seconds: int) -> None:
    """Ten seconds of work at full speed take 10 s at 25 W, 14 at 15 W and 29 at 7 W."""
    board = booted()
    assert board.set_mode(mode) is ComputeReply.ACCEPTED
    assert board.start(7, 10.0) is ComputeReply.ACCEPTED
    assert board.demand_w() == power_w
    run(board, seconds - 1)
    assert board.state.state is ComputeState.ACTIVE
    run(board, 1)
    state = board.state
    assert (state.state, state.completed, state.work_id, state.work_left_s) == (ComputeState.IDLE, 1, 7, 0.0)
    assert board.speed() == 0.0


def test_the_mode_may_change_during_work() -> None:
    """Progress goes on at the new speed."""
    board = booted()
    board.set_mode(2)
    board.start(1, 10.0)
    run(board, 5)
    board.set_mode(0)
    run(board, 1)
    assert board.state.work_left_s == pytest.approx(5.0 - 0.35)


def test_work_is_refused_unless_idle() -> None:
    """Off, booting and busy are told apart and counted; the same work again is no offence."""
    board = ComputeBoard(load_parameters().compute_board)
    assert board.start(1, 1.0) is ComputeReply.OFF
    board.set_power(on=True)
    assert board.start(1, 1.0) is ComputeReply.BOOTING
    assert board.set_mode(1) is ComputeReply.BOOTING
    assert board.abort(1) is ComputeReply.BOOTING
    run(board, 20)
    assert board.start(1, 10.0) is ComputeReply.ACCEPTED
    run(board, 1)
    assert board.start(1, 10.0) is ComputeReply.ACCEPTED
    assert board.state.work_left_s < 10.0
    assert board.start(2, 10.0) is ComputeReply.BUSY
    assert board.state.refused == 5


@pytest.mark.parametrize(("work_id", "work_s"), [(0, 1.0), (-1, 1.0), (1, -1.0), (1, math.inf), (1, math.nan)])
def test_impossible_work_is_refused(work_id: int, work_s: float) -> None:
    """Numbers start at one; work is finite and not negative."""
    board = booted()
    assert board.start(work_id, work_s) is ComputeReply.BAD_ARGUMENT
    assert board.state.state is ComputeState.IDLE


@pytest.mark.parametrize("mode", [-1, 3])
def test_a_mode_that_does_not_exist_is_refused(mode: int) -> None:
    """There are three modes."""
    assert booted().set_mode(mode) is ComputeReply.BAD_ARGUMENT


def test_abort_ends_only_the_work_that_runs() -> None:
    """Another number changes nothing; the right one leaves the board idle with the work unfinished."""
    board = booted()
    board.start(4, 10.0)
    assert board.abort(5) is ComputeReply.ACCEPTED
    assert board.state.state is ComputeState.ACTIVE
    assert board.abort(4) is ComputeReply.ACCEPTED
    assert board.abort(4) is ComputeReply.ACCEPTED
    assert (board.state.state, board.state.aborted, board.state.work_left_s) == (ComputeState.IDLE, 1, 10.0)


def test_hot_means_slow_until_it_is_cool_again() -> None:
    """Above 85 degC power and speed fall; between 80 and 85 nothing changes; below 80 they return."""
    board = booted()
    board.set_mode(2)
    board.start(1, 1000.0)
    run(board, 2, HOT_C)
    assert board.demand_w() == pytest.approx(1.5 + 0.5 * 23.5)
    assert board.speed() == pytest.approx(0.4)
    run(board, 5, WARM_C)
    assert board.state.throttled
    run(board, 1, 79.9)
    assert (board.demand_w(), board.speed()) == (25.0, 1.0)
    run(board, 5, WARM_C)
    assert not board.state.throttled
    assert board.state.throttles == 1


def test_critical_heat_trips_the_board_until_its_line_is_cycled() -> None:
    """At 95 degC it is off at once, its work lost, and stays off until the line has been open."""
    board = booted()
    board.start(1, 1000.0)
    run(board, 1, TRIP_C)
    state = board.state
    assert (state.state, state.trips, state.lost, state.tripped) == (ComputeState.OFF, 1, 1, True)
    assert (board.demand_w(), state.work_id, state.powered) == (0.0, 0, True)
    run(board, 100)
    board.set_power(on=True)
    assert board.state.state is ComputeState.OFF
    board.set_power(on=False)
    board.set_power(on=True)
    assert board.state.state is ComputeState.BOOTING
    run(board, 1, TRIP_C)
    assert (board.state.trips, board.state.lost) == (2, 1)


def test_a_power_cut_loses_the_work_at_once() -> None:
    """When the line opens the board is off and forgets mode and work."""
    board = booted()
    board.set_mode(2)
    board.start(1, 1000.0)
    board.set_power(on=False)
    assert (board.state.state, board.state.lost, board.demand_w()) == (ComputeState.OFF, 1, 0.0)
    board.set_power(on=True)
    run(board, 20)
    assert (board.state.mode, board.state.lost) == (0, 1)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.floats(20.0, 94.0)), min_size=1, max_size=60))
def test_work_done_is_the_integral_of_speed(path: list[tuple[int, float]]) -> None:
    """Whatever modes and temperatures, what is left falls by exactly the speed of each second."""
    board = booted()
    board.start(1, 1e6)
    expected = 1e6
    for mode, temperature_c in path:
        board.set_mode(mode)
        expected -= board.speed()
        board.progress(temperature_c, 1.0)
    assert board.state.work_left_s == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"modes": ()}, "is empty"), ({"resume_c": 86.0}, "does not hold"), ({"trip_c": 85.0}, "does not hold")],
)
def test_contradictions_are_refused(changes: dict[str, object], message: str) -> None:
    """There must be a mode, and the temperatures must rise from resume over throttle to trip."""
    with pytest.raises(ParameterError, match=message):
        ComputeBoard(msgspec.structs.replace(load_parameters().compute_board, **changes))
