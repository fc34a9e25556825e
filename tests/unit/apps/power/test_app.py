from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from apps.power.messages import (
    LineGivenUp,
    LineOpened,
    LineRestored,
    LineSwitched,
    LineTripped,
    LoadShed,
    LoadsRestored,
    PowerStatus,
    PowerSystemBack,
    PowerSystemSilent,
    RetriggerLine,
    ShedLevel,
    SwitchLine,
)
from flightsw.devices.eps import Eps, EpsStatus
from flightsw.devices.errors import NoReplyError, RefusedError
from flightsw.devices.framing import Status, pack_reply, unpack_request
from flightsw.hal.sim import SimI2c
from flightsw.testing import Bench
from tlm_cmd.definition.codec import codec_of
from tlm_cmd.packets.verification import FailureCode, Stage

HEATERS, CAMERA, COMPUTE, XBAND = 5, 6, 7, 8
NORMAL = 1 << HEATERS | 1 << CAMERA | 1 << XBAND
PLATFORM = 0b11111


class PowerUnit:
    """A power system with nine lines, which does what the test says.

    Attributes:
        on: bit n: line n is closed.
        tripped: bit n: limiter n has opened.
        charge: state of charge.
        silent: no request is answered.
        stubborn: bit n: line n refuses to be switched or retriggered.
        requests: what was asked of lines.
    """

    def __init__(self) -> None:
        self.on, self.tripped, self.stubborn = PLATFORM, 0, 0
        self.charge = 0.9
        self.silent = False
        self.requests: list[tuple[str, int]] = []

    def status(self) -> EpsStatus:
        """Measure."""
        if self.silent:
            raise NoReplyError("eps", 1)
        currents = tuple(0.1 if self.on >> line & 1 else 0.0 for line in range(16))
        return EpsStatus(30.0, -0.5, self.charge, 20.0, 12.0, 9.0, 9, self.on, self.tripped, 0, currents)

    def switch(self, line: int, on: bool) -> None:  # noqa: FBT001 - as the driver has it
        """Close or open a line."""
        self._ask("on" if on else "off", line)
        if on and self.tripped >> line & 1:
            raise RefusedError("eps", 2, Status.WRONG_STATE)
        self.on = self.on | 1 << line if on else self.on & ~(1 << line)

    def retrigger(self, line: int) -> None:
        """Close a line that has tripped."""
        self._ask("retrigger", line)
        self.tripped &= ~(1 << line)
        self.on |= 1 << line

    def trip(self, line: int) -> None:
        """Let a limiter open."""
        self.on &= ~(1 << line)
        self.tripped |= 1 << line

    def _ask(self, what: str, line: int) -> None:
        self.requests.append((what, line))
        if self.silent:
            raise NoReplyError("eps", 2)
        if line >= 9:
            raise RefusedError("eps", 2, Status.OUT_OF_RANGE)
        if self.stubborn >> line & 1:
            raise RefusedError("eps", 2, Status.FAULT)


@pytest.fixture
def unit() -> PowerUnit:
    """A charged power system with the platform's lines on."""
    return PowerUnit()


@pytest.fixture
def bench(bench_of: Callable[..., Bench], unit: PowerUnit) -> Bench:
    """The app, just started."""
    return bench_of("power", {Eps: unit})


# ------------------------------------------------------------------ measuring


def test_measurements_are_published(bench: Bench) -> None:
    """Every second the measurements are told, with the bits of the lines."""
    bench.advance(3)
    assert len(bench.sent(PowerStatus)) == 3
    status = bench.latest(PowerStatus)
    assert (status.battery_voltage, status.battery_current, status.state_of_charge) == (30.0, -0.5, 0.9)
    assert (status.lines_on, status.lines_tripped, status.shed_level) == (PLATFORM | NORMAL, 0, ShedLevel.NONE)
    assert status.line_currents == (0.1,) * 7 + (0.0, 0.1, 0.0, 0.0, 0.0)


def test_normal_lines_are_switched_on_at_first(bench: Bench, unit: PowerUnit) -> None:
    """The normal lines go on once after the first start; one switched off later stays off, also after a crash."""
    bench.advance(2)
    assert unit.requests == [("on", HEATERS), ("on", CAMERA), ("on", XBAND)]
    assert bench.command(SwitchLine(CAMERA, on=False)).stage is Stage.COMPLETED
    bench.advance(2)
    bench.restart()
    bench.advance(2)
    assert unit.on == (PLATFORM | NORMAL) & ~(1 << CAMERA)


def test_a_line_that_refuses_holds_up_nothing(bench: Bench, unit: PowerUnit) -> None:
    """A normal line that cannot be switched is tried again; measurements and the other lines go on meanwhile."""
    unit.stubborn = 1 << HEATERS
    bench.advance(5)
    assert unit.on == (PLATFORM | NORMAL) & ~(1 << HEATERS)
    assert (len(bench.sent(PowerStatus)), bench.latest(PowerStatus).eps_errors) == (5, 5)
    unit.stubborn = 0
    bench.advance(1)
    assert unit.on == PLATFORM | NORMAL


def test_a_line_tripped_before_the_start(bench: Bench, unit: PowerUnit) -> None:
    """A normal line that is tripped at first is closed by its retry, and nothing waits for it."""
    unit.trip(CAMERA)
    bench.advance(5)
    assert (len(bench.sent(PowerStatus)), bench.latest(PowerStatus).eps_errors) == (5, 0)
    bench.advance(10)
    assert unit.on == PLATFORM | NORMAL


def test_lines_that_do_not_exist(bench_of: Callable[..., Bench], unit: PowerUnit, tmp_path: Path) -> None:
    """A normal line beyond those of the spacecraft is left alone."""
    (tmp_path / "shedding.toml").write_text(
        "payload_below = 0.6\npayload_recovered = 0.7\nsurvival_below = 0.3\nsurvival_recovered = 0.4\n"
        "payload_lines = []\nsurvival_lines = []\nnormal_lines = [11]\ntrip_retries = 3\nretry_after_s = 10\n"
    )
    bench = bench_of("power", {Eps: unit}, tables=tmp_path)
    bench.advance(3)
    assert (unit.requests, bench.latest(PowerStatus).eps_errors) == ([], 0)


def test_a_silent_power_system(bench: Bench, unit: PowerUnit) -> None:
    """Silence is counted, reported once after three seconds, and its end too; nothing is shed meanwhile."""
    bench.advance(2)
    unit.silent = True
    bench.advance(2)
    assert bench.sent(PowerSystemSilent) == []
    bench.advance(60)
    assert len(bench.sent(PowerSystemSilent)) == 1
    assert len(bench.sent(PowerStatus)) == 2
    unit.silent = False
    bench.advance(1)
    assert bench.sent(PowerSystemBack) == [PowerSystemBack(62)]
    assert (bench.latest(PowerStatus).eps_errors, bench.sent(LoadShed)) == (62, [])


def test_a_short_silence_is_no_event(bench: Bench, unit: PowerUnit) -> None:
    """One missing answer is an error in telemetry and no event."""
    unit.silent = True
    bench.advance(1)
    unit.silent = False
    bench.advance(1)
    assert bench.latest(PowerStatus).eps_errors == 1
    assert bench.sent(PowerSystemSilent) + bench.sent(PowerSystemBack) == []


def test_a_reading_that_is_no_number(bench_of: Callable[..., Bench], unit: PowerUnit) -> None:
    """The driver trusts no reply with a state of charge that is not a number: counted, and survived."""
    status = unit.status()

    class BrokenGauge:
        """The wire's far end, whose state of charge is not a number at first."""

        charge = math.nan

        def receive(self, data: bytes) -> bytes:
            """Answer a request for measurements; lines need none."""
            opcode, sequence, _ = unpack_request(data)
            if opcode != 1:
                return pack_reply(opcode, sequence, 0, b"")
            payload = bytearray(codec_of(EpsStatus).encode(status))
            payload[8:12] = (b"\x7f\xc0\x00\x00", b"\x3f\x00\x00\x00")[self.charge == 0.5]
            return pack_reply(opcode, sequence, 0, bytes(payload))

    end = BrokenGauge()
    bench = bench_of("power", {Eps: Eps(SimI2c({0x24: end}))})
    bench.advance(2)
    assert (bench.sent(PowerStatus), bench.app.state.errors) == ([], 2)
    end.charge = 0.5
    bench.advance(1)
    assert bench.latest(PowerStatus).state_of_charge == 0.5


# ------------------------------------------------------------------ shedding


def test_loads_are_shed_and_restored(bench: Bench, unit: PowerUnit) -> None:
    """A low battery switches the payload's lines off; when it has recovered the normal ones go on again."""
    bench.advance(2)
    unit.on |= 1 << COMPUTE
    unit.charge = 0.67
    bench.advance(2)
    assert unit.on == PLATFORM | 1 << HEATERS
    assert bench.sent(LoadShed) == [LoadShed(ShedLevel.PAYLOAD, 0.67)]
    assert bench.latest(PowerStatus).shed_level is ShedLevel.PAYLOAD
    unit.charge = 0.73
    bench.advance(5)
    assert bench.sent(LoadsRestored) == []
    unit.charge = 0.75
    bench.advance(2)
    assert unit.on == PLATFORM | NORMAL
    assert bench.sent(LoadsRestored) == [LoadsRestored(ShedLevel.NONE, 0.75)]


def test_a_shed_line_that_comes_on_is_switched_off(bench: Bench, unit: PowerUnit) -> None:
    """A line that closes although it is shed is switched off each second, even if another one refuses."""
    unit.charge = 0.5
    bench.advance(2)
    unit.on |= 1 << CAMERA | 1 << XBAND
    unit.stubborn = 1 << CAMERA
    bench.advance(1)
    assert unit.on == PLATFORM | 1 << HEATERS | 1 << CAMERA
    unit.stubborn = 0
    bench.advance(1)
    assert unit.on == PLATFORM | 1 << HEATERS


def test_the_level_survives_a_crash(bench: Bench, unit: PowerUnit) -> None:
    """After a crash between two thresholds the level is what it was."""
    unit.charge = 0.6
    bench.advance(2)
    bench.container.checkpoint()
    bench.restart()
    unit.charge = 0.7
    bench.advance(2)
    assert bench.latest(PowerStatus).shed_level is ShedLevel.PAYLOAD


def test_survival(bench: Bench, unit: PowerUnit) -> None:
    """A nearly empty battery is a level of its own, reported as such."""
    unit.charge = 0.3
    bench.advance(1)
    assert bench.sent(LoadShed) == [LoadShed(ShedLevel.SURVIVAL, 0.3)]
    unit.charge = 0.6
    bench.advance(1)
    assert bench.sent(LoadsRestored) == [LoadsRestored(ShedLevel.PAYLOAD, 0.6)]


# ------------------------------------------------------------------ limiters


def test_trips_are_retried_as_often_as_allowed(bench: Bench, unit: PowerUnit) -> None:
    """A line that trips is closed again ten seconds later, three times; then it stays off, which is told."""
    bench.advance(2)
    for retry in range(1, 4):
        unit.trip(CAMERA)
        bench.advance(10)
        assert bench.sent(LineRestored) == [LineRestored(CAMERA)] * (retry - 1)
        bench.advance(1)
        assert bench.sent(LineRestored) == [LineRestored(CAMERA)] * retry
        assert unit.on >> CAMERA & 1
    unit.trip(CAMERA)
    bench.advance(60)
    assert bench.sent(LineTripped) == [LineTripped(CAMERA)] * 4
    assert bench.sent(LineGivenUp) == [LineGivenUp(CAMERA, 3)]
    assert unit.requests.count(("retrigger", CAMERA)) == 3
    assert bench.latest(PowerStatus).lines_tripped == 1 << CAMERA


def test_retriggering_counts_afresh(bench: Bench, unit: PowerUnit) -> None:
    """Closing a given-up line by command allows it all retries again."""
    bench.advance(2)
    for _ in range(4):
        unit.trip(CAMERA)
        bench.advance(12)
    assert bench.command(RetriggerLine(CAMERA)).stage is Stage.COMPLETED
    assert unit.on >> CAMERA & 1
    unit.trip(CAMERA)
    bench.advance(12)
    assert unit.on >> CAMERA & 1


def test_a_failed_retry_is_repeated(bench: Bench, unit: PowerUnit) -> None:
    """A retry that the power system refuses is not used up; measurements go on, and other lines are watched."""
    bench.advance(2)
    unit.trip(CAMERA)
    unit.stubborn = 1 << CAMERA
    bench.advance(15)
    unit.trip(XBAND)
    bench.advance(1)
    assert LineTripped(XBAND) in bench.sent(LineTripped)
    assert len(bench.sent(PowerStatus)) == 18
    unit.stubborn = 0
    bench.advance(1)
    assert (unit.on >> CAMERA & 1, bench.app.state.retries[CAMERA]) == (1, 1)


def test_a_shed_line_is_not_retried(bench: Bench, unit: PowerUnit) -> None:
    """A tripped line that is shed stays off until the battery has recovered; then it gets its retry."""
    bench.advance(2)
    unit.charge = 0.5
    unit.trip(CAMERA)
    bench.advance(30)
    assert ("retrigger", CAMERA) not in unit.requests
    assert bench.sent(LineTripped) == [LineTripped(CAMERA)]
    unit.charge = 0.9
    bench.advance(2)
    assert unit.on == PLATFORM | NORMAL


def test_a_retry_due_before_the_clock_started_again(
    bench: Bench, unit: PowerUnit, bench_of: Callable[..., Bench]
) -> None:
    """After a processor reset a tripped line is closed at once, not at a time that lies far ahead."""
    bench.advance(500)
    unit.trip(CAMERA)
    bench.advance(1)
    bench.container.checkpoint()
    again = bench_of("power", {Eps: unit}, memory_of=bench)
    again.advance(1)
    assert unit.on >> CAMERA & 1


# ------------------------------------------------------------------ lines opened by the power system


def test_lines_opened_by_the_hardware_are_closed_again(bench: Bench, unit: PowerUnit) -> None:
    """Lines that were on and are off without a command, a trip or shedding are told, and closed a minute later."""
    bench.advance(3)
    unit.on = 0b11
    bench.advance(60)
    assert bench.sent(LineOpened) == [LineOpened(line) for line in (2, 3, 4, HEATERS, CAMERA, XBAND)]
    assert unit.on == 0b11
    bench.advance(2)
    assert unit.on == PLATFORM | NORMAL
    assert len(bench.sent(LineRestored)) == 6


def test_a_line_that_does_not_stay_closed(bench: Bench, unit: PowerUnit) -> None:
    """A line that the power system opens over and over is closed once per minute, no more often."""
    bench.advance(3)
    for _ in range(300):
        unit.on &= ~(1 << CAMERA)
        bench.advance(1)
    assert 3 <= unit.requests.count(("on", CAMERA)) - 1 <= 5


def test_a_refusal_is_no_restoration(bench: Bench, unit: PowerUnit) -> None:
    """A line that refuses to be closed again is not told as restored, and is tried again a minute later."""
    bench.advance(3)
    unit.on &= ~(1 << CAMERA)
    unit.stubborn = 1 << CAMERA
    bench.advance(100)
    assert (bench.sent(LineRestored), bench.latest(PowerStatus).eps_errors) == ([], 1)
    unit.stubborn = 0
    bench.advance(60)
    assert bench.sent(LineRestored) == [LineRestored(CAMERA)]


def test_lines_that_were_never_on_are_left_off(bench: Bench, unit: PowerUnit) -> None:
    """The compute board's line, which nobody has switched on, stays off; so does one that was shed."""
    bench.advance(100)
    assert not unit.on >> COMPUTE & 1
    bench.command(SwitchLine(COMPUTE, on=True))
    bench.advance(2)
    unit.charge = 0.5
    bench.advance(2)
    unit.charge = 0.9
    bench.advance(100)
    assert unit.on == PLATFORM | NORMAL
    assert bench.sent(LineOpened) == []


def test_expectations_survive_a_reset(bench: Bench, unit: PowerUnit, bench_of: Callable[..., Bench]) -> None:
    """After a reset with a low bus voltage the lines that were on before are closed again."""
    bench.advance(500)
    bench.container.checkpoint()
    unit.on = 0b11
    bench.advance(1)
    bench.container.checkpoint()
    again = bench_of("power", {Eps: unit}, memory_of=bench)
    again.advance(2)
    assert unit.on == PLATFORM | NORMAL


# ------------------------------------------------------------------ commands


def test_switching_by_command(bench: Bench, unit: PowerUnit) -> None:
    """A line is switched and reported."""
    bench.advance(2)
    assert bench.command(SwitchLine(COMPUTE, on=True)).stage is Stage.COMPLETED
    assert unit.on >> COMPUTE & 1
    assert bench.sent(LineSwitched) == [LineSwitched(COMPUTE, on=True)]


def test_a_line_switched_off_is_not_closed_by_itself(bench: Bench, unit: PowerUnit) -> None:
    """A line that the ground switched off stays off after a trip and after shedding, until it is switched on."""
    bench.advance(2)
    unit.trip(CAMERA)
    bench.command(SwitchLine(CAMERA, on=False))
    bench.advance(30)
    unit.charge = 0.5
    bench.advance(2)
    unit.charge = 0.9
    bench.advance(2)
    assert unit.on == (PLATFORM | NORMAL) & ~(1 << CAMERA)
    assert bench.command(RetriggerLine(CAMERA)).stage is Stage.COMPLETED
    bench.advance(1)
    unit.trip(CAMERA)
    bench.advance(12)
    assert unit.on == PLATFORM | NORMAL


@pytest.mark.parametrize("command", [SwitchLine(CAMERA, on=True), RetriggerLine(CAMERA)])
def test_shed_lines_are_refused(bench: Bench, unit: PowerUnit, command: SwitchLine | RetriggerLine) -> None:
    """No command closes a line that is shed; switching it off is allowed."""
    unit.charge = 0.5
    unit.trip(CAMERA)
    bench.advance(2)
    report = bench.command(command)
    assert (report.stage, report.code) == (Stage.FAILED, FailureCode.NOT_POSSIBLE_NOW)
    assert "PAYLOAD" in report.reason
    assert bench.command(SwitchLine(CAMERA, on=False)).stage is Stage.COMPLETED


def test_only_tripped_lines_are_retriggered(bench: Bench, unit: PowerUnit) -> None:
    """Retriggering is no way to close a line that is merely off: that is hazardous and needs arming."""
    report = bench.command(RetriggerLine(COMPUTE))
    assert (report.stage, report.code) == (Stage.FAILED, FailureCode.NOT_POSSIBLE_NOW)
    assert (unit.on, unit.requests) == (PLATFORM, [])


@pytest.mark.parametrize("command", [SwitchLine(COMPUTE, on=True), RetriggerLine(CAMERA)])
def test_a_device_that_fails_a_command(bench: Bench, unit: PowerUnit, command: SwitchLine | RetriggerLine) -> None:
    """A command that the power system does not answer fails for that, and is counted."""
    unit.trip(CAMERA)
    unit.silent = True
    report = bench.command(command)
    assert (report.stage, report.code) == (Stage.FAILED, FailureCode.DEVICE_FAILED)
    assert bench.app.state.errors == 1
    unit.silent = False
    unit.stubborn = 1 << COMPUTE | 1 << CAMERA
    assert bench.command(command).code is FailureCode.DEVICE_FAILED
    assert msgspec.structs.asdict(bench.app.state)["held_off"] == []
