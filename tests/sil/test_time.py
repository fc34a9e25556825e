"""The reference mission's clock: acquired from GPS, kept through a loss of the tone, and frames on the tone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from flightsw.core.scheduler.messages import FrameSync, SchedulerStatus
from flightsw.core.timekeeping.messages import TimeStatus
from flightsw.services.time_quality import ClockState
from ops_tools.sil.scenario import load_scenario
from ops_tools.sil.vehicle import LockstepVehicle
from tests.sil.conftest import ONE_ORBIT
from tlm_cmd.definition.message import Telemetry

NS_PER_S = 1_000_000_000


class Clockwork:
    """The reference vehicle in lock-step, with the newest status of time and frames.

    Attributes:
        vehicle: spacecraft and flight software.
        newest: newest packet by class.
    """

    def __init__(self) -> None:
        self.vehicle = LockstepVehicle(load_scenario(ONE_ORBIT).mission_file, None, seed=3)
        self.newest: dict[type[Telemetry], Telemetry] = {}
        self.vehicle.runtime.observers.append(self._observe)
        self.vehicle.start()

    def _observe(self, _now_ns: int, _message_id: int, message: object) -> None:
        if isinstance(message, TimeStatus | SchedulerStatus):
            self.newest[type(message)] = message

    def until(self, second: int) -> None:
        """Fly to a second."""
        self.vehicle.run_until(second * NS_PER_S)

    @property
    def time(self) -> TimeStatus:
        """The newest status of time."""
        status = self.newest[TimeStatus]
        assert isinstance(status, TimeStatus)
        return status

    @property
    def frames(self) -> SchedulerStatus:
        """The newest status of the frames."""
        status = self.newest[SchedulerStatus]
        assert isinstance(status, SchedulerStatus)
        return status

    def error_ns(self) -> float:
        """TAI on board less true TAI, as the tone has it."""
        now_ns, spacecraft = self.vehicle.now_ns, self.vehicle.spacecraft
        tai_ns = self.vehicle.runtime.host.time.tai_ns(now_ns)
        return tai_ns - spacecraft.environment.epoch.tai_ns(now_ns) + spacecraft.tone_unit.state.offset_ns


@pytest.fixture
def clockwork() -> Iterator[Clockwork]:
    """The reference vehicle, started."""
    clockwork = Clockwork()
    yield clockwork
    clockwork.vehicle.close()


def test_time_is_kept_through_a_loss_of_the_tone(clockwork: Clockwork) -> None:
    """VALID behind the receiver's first fix; FLYWHEEL when it loses power, within the stated error; VALID again."""
    clockwork.until(120)
    assert clockwork.time.state is ClockState.VALID
    assert clockwork.frames.sync is FrameSync.LOCKED
    assert abs(clockwork.error_ns()) < 5_000
    gps = clockwork.vehicle.spacecraft.gps
    gps.set_power(on=False)
    clockwork.until(720)
    assert clockwork.time.state is ClockState.FLYWHEEL
    assert clockwork.frames.sync is FrameSync.FREE
    assert abs(clockwork.error_ns()) < clockwork.time.uncertainty_us * 1000 + 1000
    gps.set_power(on=True)
    clockwork.until(840)
    assert clockwork.time.state is ClockState.VALID
    assert (clockwork.time.flywheels, clockwork.time.jumps) == (1, 1)
    assert clockwork.frames.skipped == clockwork.frames.late == 0


def test_a_receiver_that_goes_wrong_does_not_take_time_with_it(clockwork: Clockwork) -> None:
    """A tone off its window, and a second too late, are counted and refused."""
    clockwork.until(120)
    unit = clockwork.vehicle.spacecraft.tone_unit
    unit.state.shift_ns = 50_000_000
    clockwork.until(150)
    assert clockwork.time.tone_off_window > 10
    unit.state.shift_ns, unit.state.wrong_s = 0, 1
    clockwork.until(200)
    assert clockwork.time.time_off_window > 10
    assert clockwork.time.state is ClockState.FLYWHEEL
    assert abs(clockwork.error_ns()) < 20_000
