from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from apps.attitude.messages import AttitudeStatus, Navigation, PointingMode, SetPointing
from apps.mode_manager.messages import (
    ContactBegan,
    ContactEnded,
    ModeChanged,
    ModeStatus,
    ReleaseImaging,
    RequestImaging,
    SafeModeEntered,
    SetMode,
    SpacecraftMode,
)
from apps.mode_manager.modes import SpacecraftModes
from apps.power.messages import PowerStatus, ShedLevel
from flightsw.bus.ledger import Ledger
from flightsw.core.executive.reports import status
from flightsw.runtime.keeping.reset_record import ResetRecord
from flightsw.runtime.supervision import VehicleAccount
from flightsw.testing import Bench
from tlm_cmd.packets.verification import FailureCode, Stage

BOOT, DETUMBLE, SAFE = SpacecraftMode.BOOT, SpacecraftMode.DETUMBLE, SpacecraftMode.SAFE
NOMINAL, IMAGING, DOWNLINK = SpacecraftMode.NOMINAL, SpacecraftMode.IMAGING, SpacecraftMode.DOWNLINK
BEIJING, SANYA, NOWHERE = (40.45, 116.86), (18.31, 109.31), (0.0, -30.0)
POINTS = {BOOT: PointingMode.IDLE, DETUMBLE: PointingMode.DETUMBLE, DOWNLINK: PointingMode.NADIR}


class Spacecraft:
    """The app on its bench, and the apps that tell it of the world.

    Attributes:
        rate: of the body [deg/s], None for an attitude app that does not report.
        known: the attitude is valid.
        obedient: the attitude app points as it is told.
        shed: load shedding, None for a power app that does not report.
        place: latitude and longitude, None for no orbit.
    """

    def __init__(self, make: Callable[..., Bench], memory_of: Bench | None = None, start_ns: int = 0) -> None:
        self.bench: Bench = make(
            "mode_manager",
            {},
            others=("attitude", "power", "camera", "executive"),
            memory_of=memory_of,
            start_ns=start_ns,
        )
        self.rate: float | None = 0.1
        self.known = True
        self.obedient = True
        self.pointing = PointingMode.IDLE
        self.shed: ShedLevel | None = ShedLevel.NONE
        self.place: tuple[float, float] | None = NOWHERE
        self.place_valid = True

    @property
    def mode(self) -> SpacecraftMode:
        """As last reported."""
        return self.bench.latest(ModeStatus).mode

    @property
    def changes(self) -> list[tuple[SpacecraftMode, str]]:
        """Modes entered, and why."""
        return [(event.mode, event.cause) for event in self.bench.sent(ModeChanged)]

    def told(self) -> list[PointingMode]:
        """Where the attitude app was told to point, in order."""
        return [command.mode for command in self.bench.commands if isinstance(command, SetPointing)]

    def pass_time(self, seconds: int) -> None:
        """Let time pass in which all apps report once per second."""
        for _ in range(seconds):
            if self.obedient and self.told():
                self.pointing = self.told()[-1]
            if self.rate is not None:
                self.bench.deliver(
                    AttitudeStatus(
                        self.pointing, self.known, (1.0, 0.0, 0.0, 0.0), (0.0,) * 3, self.rate, 0.0, (0.0,) * 3, 0
                    )
                )
            if self.shed is not None:
                self.bench.deliver(PowerStatus(30.0, 0.0, 0.9, 20.0, 0.0, 9.0, 1, 0, (0.0,) * 12, self.shed, 0))
            if self.place is not None:
                self.bench.deliver(
                    Navigation(
                        valid=self.place_valid,
                        time_tai_ns=0,
                        position=(7000.0, 0.0, 0.0),
                        velocity=(0.0, 7.5, 0.0),
                        latitude=self.place[0],
                        longitude=self.place[1],
                        altitude=500.0,
                        sun=(1.0, 0.0, 0.0),
                        sunlit=True,
                    )
                )
            self.bench.advance(1)

    def reach(self, mode: SpacecraftMode) -> None:
        """Bring a new spacecraft into a mode."""
        self.pass_time(20)
        assert self.mode is NOMINAL
        if mode is IMAGING:
            assert self.bench.command(RequestImaging(200)).stage is Stage.COMPLETED
        elif mode is DOWNLINK:
            self.place = BEIJING
        elif mode is not NOMINAL:
            assert self.bench.command(SetMode(mode)).stage is Stage.COMPLETED
        self.pass_time(1)
        assert self.mode is mode

    def refusal(self, command: SetMode | RequestImaging | ReleaseImaging) -> str:
        """The reason for which a command fails, as not possible now."""
        report = self.bench.command(command)
        assert (report.stage, report.code) == (Stage.FAILED, FailureCode.NOT_POSSIBLE_NOW)
        return report.reason


@pytest.fixture
def spacecraft(bench_of: Callable[..., Bench]) -> Spacecraft:
    """A spacecraft just started, calm and charged."""
    return Spacecraft(bench_of)


# ------------------------------------------------------------------ from boot to work


def test_from_boot_to_nominal(spacecraft: Spacecraft) -> None:
    """After the boot time the body is damped, and when it is steady the wings are turned to the Sun."""
    spacecraft.rate = 2.0
    spacecraft.known = False
    spacecraft.pass_time(15)
    assert spacecraft.mode is BOOT
    spacecraft.pass_time(1)
    assert spacecraft.mode is DETUMBLE
    spacecraft.pass_time(700)
    assert spacecraft.mode is DETUMBLE
    spacecraft.rate = 0.2
    spacecraft.known = True
    spacecraft.pass_time(1)
    assert spacecraft.changes == [(DETUMBLE, "boot time over"), (NOMINAL, "rates damped")]
    assert spacecraft.told() == [PointingMode.DETUMBLE, PointingMode.SUN]
    status = spacecraft.bench.latest(ModeStatus)
    assert (status.seconds_in_mode, status.transitions, status.in_contact) == (0, 2, False)
    spacecraft.pass_time(5)
    assert spacecraft.bench.latest(ModeStatus).seconds_in_mode == 5


@pytest.mark.parametrize("missing", ["rate", "shed"])
def test_nothing_is_steady_without_news(spacecraft: Spacecraft, missing: str) -> None:
    """Without rates or without the battery's state detumbling does not end."""
    setattr(spacecraft, missing, None)
    spacecraft.pass_time(30)
    assert spacecraft.mode is DETUMBLE


def test_a_late_start_waits_as_well(bench_of: Callable[..., Bench]) -> None:
    """An app that first starts late in the vehicle's life boots as long as ever, and does not count itself lost."""
    spacecraft = Spacecraft(bench_of, start_ns=10**13)
    spacecraft.known = False
    spacecraft.pass_time(15)
    assert spacecraft.mode is BOOT
    spacecraft.known = True
    spacecraft.pass_time(5)
    assert spacecraft.changes[-1][0] is NOMINAL


def test_too_many_processor_resets_bring_safe_mode(spacecraft: Spacecraft) -> None:
    """Once for each start of the flight software: the ground can recover although the executive still says so."""
    spacecraft.reach(NOMINAL)
    calm = status(VehicleAccount(3, 1, 0, Ledger(), 0), ResetRecord(boots=4), watchdog_stroked=True)
    demand = msgspec.structs.replace(calm, safe_mode=True)
    spacecraft.bench.deliver(calm)
    spacecraft.pass_time(2)
    assert spacecraft.mode is NOMINAL
    spacecraft.bench.deliver(demand)
    spacecraft.pass_time(2)
    assert spacecraft.mode is SAFE
    assert spacecraft.bench.sent(SafeModeEntered) == [SafeModeEntered("too many processor resets")]
    assert spacecraft.bench.command(SetMode(NOMINAL)).stage is Stage.COMPLETED
    spacecraft.bench.deliver(demand)
    spacecraft.pass_time(2)
    assert spacecraft.mode is NOMINAL
    spacecraft.bench.deliver(msgspec.structs.replace(demand, boots=5))
    spacecraft.pass_time(2)
    assert spacecraft.mode is SAFE


# ------------------------------------------------------------------ contacts


def test_contacts(spacecraft: Spacecraft) -> None:
    """A station above its mask means contact and downlink, another one takes over, and the last one ends it."""
    spacecraft.reach(NOMINAL)
    spacecraft.place = BEIJING
    spacecraft.pass_time(1)
    status = spacecraft.bench.latest(ModeStatus)
    assert (status.mode, status.in_contact, status.station) == (DOWNLINK, True, "Beijing")
    assert status.elevation == pytest.approx(90.0, abs=0.01)
    spacecraft.place = SANYA
    spacecraft.pass_time(1)
    assert (spacecraft.mode, spacecraft.bench.latest(ModeStatus).station) == (DOWNLINK, "Sanya")
    spacecraft.place = NOWHERE
    spacecraft.pass_time(1)
    assert (spacecraft.mode, spacecraft.bench.latest(ModeStatus).elevation) == (NOMINAL, 0.0)
    assert spacecraft.bench.sent(ContactBegan) == [ContactBegan("Beijing"), ContactBegan("Sanya")]
    assert spacecraft.bench.sent(ContactEnded) == [ContactEnded("Beijing"), ContactEnded("Sanya")]
    assert spacecraft.told()[-2:] == [PointingMode.NADIR, PointingMode.SUN]


@pytest.mark.parametrize(("place", "valid"), [(None, True), (BEIJING, False)])
def test_no_contact_without_a_position(
    spacecraft: Spacecraft, place: tuple[float, float] | None, *, valid: bool
) -> None:
    """When the position is not news any more, or not valid, the contact is over."""
    spacecraft.reach(DOWNLINK)
    spacecraft.place, spacecraft.place_valid = place, valid
    spacecraft.pass_time(11)
    assert (spacecraft.mode, spacecraft.bench.latest(ModeStatus).in_contact) == (NOMINAL, False)


@pytest.mark.parametrize("mode", [BOOT, SAFE])
def test_contact_in_other_modes(spacecraft: Spacecraft, mode: SpacecraftMode) -> None:
    """Contact is told in every mode, but only the nominal one gives way to downlink."""
    if mode is SAFE:
        spacecraft.reach(SAFE)
    spacecraft.place = BEIJING
    spacecraft.pass_time(2)
    status = spacecraft.bench.latest(ModeStatus)
    assert (status.mode, status.in_contact) == (mode, True)


# ------------------------------------------------------------------ imaging


@pytest.mark.parametrize("mode", [NOMINAL, DOWNLINK])
def test_imaging_is_granted_and_given_back(spacecraft: Spacecraft, mode: SpacecraftMode) -> None:
    """The camera gets the imaging mode from nominal or downlink and gives it back; its pointing is its own affair."""
    spacecraft.reach(mode)
    spacecraft.pass_time(2)
    told = len(spacecraft.told())
    assert spacecraft.bench.command(RequestImaging(100)).stage is Stage.COMPLETED
    spacecraft.pass_time(50)
    assert (spacecraft.mode, len(spacecraft.told())) == (IMAGING, told)
    assert spacecraft.bench.command(ReleaseImaging()).stage is Stage.COMPLETED
    assert spacecraft.changes[-1] == (NOMINAL, "camera")


def test_imaging_ends_by_itself(spacecraft: Spacecraft) -> None:
    """A camera that does not give the mode back loses it after the time that it asked for."""
    spacecraft.reach(NOMINAL)
    spacecraft.bench.command(RequestImaging(30))
    spacecraft.pass_time(30)
    assert spacecraft.mode is IMAGING
    spacecraft.pass_time(1)
    assert spacecraft.changes[-1] == (NOMINAL, "imaging time over")
    assert "not possible in NOMINAL" in spacecraft.refusal(ReleaseImaging())


def test_imaging_is_refused(spacecraft: Spacecraft) -> None:
    """No imaging in other modes, twice at a time, while loads are shed or while the battery's state is unknown."""
    assert "BOOT" in spacecraft.refusal(RequestImaging(100))
    spacecraft.reach(NOMINAL)
    spacecraft.shed = ShedLevel.PAYLOAD
    spacecraft.pass_time(1)
    assert "shed" in spacecraft.refusal(RequestImaging(100))
    spacecraft.shed = ShedLevel.NONE
    spacecraft.pass_time(1)
    spacecraft.shed = None
    spacecraft.pass_time(11)
    assert "unknown" in spacecraft.refusal(RequestImaging(100))
    spacecraft.shed = ShedLevel.NONE
    spacecraft.pass_time(1)
    spacecraft.bench.command(RequestImaging(100))
    assert "IMAGING" in spacecraft.refusal(RequestImaging(100))


# ------------------------------------------------------------------ protection


@pytest.mark.parametrize("mode", [NOMINAL, IMAGING, DOWNLINK])
def test_a_low_battery_leads_to_safe_mode(spacecraft: Spacecraft, mode: SpacecraftMode) -> None:
    """Shedding down to survival ends whatever goes on; the wings turn to the Sun, and only the ground ends it."""
    spacecraft.reach(mode)
    spacecraft.shed = ShedLevel.SURVIVAL
    spacecraft.pass_time(1)
    assert spacecraft.changes[-1] == (SAFE, "battery low")
    assert spacecraft.bench.sent(SafeModeEntered) == [SafeModeEntered("battery low")]
    spacecraft.shed = ShedLevel.NONE
    spacecraft.pass_time(100)
    assert (spacecraft.mode, spacecraft.pointing) == (SAFE, PointingMode.SUN)
    assert spacecraft.bench.command(SetMode(NOMINAL)).stage is Stage.COMPLETED
    assert spacecraft.changes[-1] == (NOMINAL, "by command")


def test_a_lost_attitude_leads_to_safe_mode(spacecraft: Spacecraft) -> None:
    """Ten minutes without a valid attitude, or without any report of it, end in safe mode."""
    spacecraft.reach(NOMINAL)
    spacecraft.known = False
    spacecraft.pass_time(300)
    spacecraft.rate = None
    spacecraft.pass_time(299)
    assert spacecraft.mode is NOMINAL
    spacecraft.pass_time(1)
    assert spacecraft.changes[-1] == (SAFE, "attitude lost")


@pytest.mark.parametrize("mode", [SAFE, NOMINAL, IMAGING, DOWNLINK])
def test_tumbling(spacecraft: Spacecraft, mode: SpacecraftMode) -> None:
    """A body that turns too fast is damped, whatever goes on; when it is steady again work goes on."""
    spacecraft.reach(mode)
    spacecraft.rate = 4.1
    spacecraft.pass_time(1)
    assert spacecraft.changes[-1] == (DETUMBLE, "rate 4.1 deg/s")
    spacecraft.rate, spacecraft.place = 0.2, NOWHERE
    spacecraft.pass_time(1)
    assert spacecraft.changes[-1][0] is NOMINAL


def test_tumbling_with_a_low_battery(spacecraft: Spacecraft) -> None:
    """Damping is brought to its end before safe mode turns the wings to the Sun; the modes do not flutter."""
    spacecraft.reach(NOMINAL)
    before = len(spacecraft.changes)
    spacecraft.rate, spacecraft.shed, spacecraft.known = 8.0, ShedLevel.SURVIVAL, False
    spacecraft.pass_time(1000)
    spacecraft.rate = 0.2
    spacecraft.pass_time(100)
    assert [mode for mode, _ in spacecraft.changes[before:]] == [SAFE, DETUMBLE, SAFE]


def test_old_rates_are_no_rates(spacecraft: Spacecraft) -> None:
    """A high rate that is not news any more does not lead out of safe mode."""
    spacecraft.reach(NOMINAL)
    spacecraft.rate = 8.0
    spacecraft.pass_time(1)
    spacecraft.rate = None
    spacecraft.bench.command(SetMode(SAFE))
    spacecraft.pass_time(9)
    assert spacecraft.mode is DETUMBLE
    spacecraft.bench.command(SetMode(SAFE))
    spacecraft.pass_time(20)
    assert spacecraft.mode is SAFE


def test_a_fault_of_the_machine(spacecraft: Spacecraft, monkeypatch: pytest.MonkeyPatch) -> None:
    """A guard that raises ends in safe mode, and the command that met it fails."""
    spacecraft.reach(NOMINAL)

    def fail(_machine: SpacecraftModes, _conditions: object) -> bool:
        raise ZeroDivisionError("guard")

    monkeypatch.setattr(SpacecraftModes, "battery_is_good", fail)
    report = spacecraft.bench.command(RequestImaging(100))
    assert (report.stage, report.code) == (Stage.FAILED, FailureCode.HANDLER_FAILED)
    assert spacecraft.changes[-1] == (SAFE, "ZeroDivisionError: guard")


# ------------------------------------------------------------------ commands


def test_modes_by_command(spacecraft: Spacecraft) -> None:
    """Safe mode is always granted, nominal and detumble where there is a way, and the present mode is no change."""
    assert spacecraft.bench.command(SetMode(SAFE)).stage is Stage.COMPLETED
    assert spacecraft.bench.command(SetMode(SAFE)).stage is Stage.COMPLETED
    assert spacecraft.changes == [(SAFE, "by command")]
    assert "attitude unknown" in spacecraft.refusal(SetMode(NOMINAL))
    spacecraft.pass_time(1)
    for mode in (NOMINAL, DETUMBLE):
        assert spacecraft.bench.command(SetMode(mode)).stage is Stage.COMPLETED
        assert spacecraft.changes[-1] == (mode, "by command")
    assert "not possible in DETUMBLE" in spacecraft.refusal(SetMode(NOMINAL))


@pytest.mark.parametrize("mode", [BOOT, IMAGING, DOWNLINK])
def test_modes_that_cannot_be_commanded(spacecraft: Spacecraft, mode: SpacecraftMode) -> None:
    """Modes that are entered by themselves are refused with those that can be commanded."""
    spacecraft.reach(NOMINAL)
    assert "SAFE, NOMINAL and DETUMBLE" in spacecraft.refusal(SetMode(mode))


# ------------------------------------------------------------------ pointing


def test_pointing_that_was_not_taken_is_repeated(spacecraft: Spacecraft) -> None:
    """An attitude app that does not point as told, because it was restarting, is told again until it does."""
    spacecraft.reach(NOMINAL)
    spacecraft.obedient = False
    spacecraft.place = BEIJING
    before = len(spacecraft.told())
    spacecraft.pass_time(9)
    assert spacecraft.told()[before:] == [PointingMode.NADIR] * 5
    spacecraft.obedient = True
    spacecraft.pass_time(9)
    assert len(spacecraft.told()) == before + 5


def test_the_ground_may_point_elsewhere(spacecraft: Spacecraft) -> None:
    """Once the mode's pointing was reached, another one by command is left alone until the mode changes."""
    spacecraft.reach(NOMINAL)
    spacecraft.pass_time(3)
    before = len(spacecraft.told())
    spacecraft.obedient, spacecraft.pointing = False, PointingMode.NADIR
    spacecraft.pass_time(20)
    assert len(spacecraft.told()) == before


def test_an_attitude_app_that_forgot_is_told(spacecraft: Spacecraft) -> None:
    """An attitude app that lost its memory points nowhere; it is told where to point."""
    spacecraft.reach(NOMINAL)
    spacecraft.pass_time(3)
    spacecraft.pointing, spacecraft.obedient = PointingMode.IDLE, False
    spacecraft.pass_time(1)
    assert spacecraft.told()[-1] is PointingMode.SUN
    before = len(spacecraft.told())
    spacecraft.rate = None
    spacecraft.pass_time(20)
    assert len(spacecraft.told()) <= before + 6


# ------------------------------------------------------------------ crashes


@pytest.mark.parametrize("mode", [SAFE, NOMINAL, IMAGING, DOWNLINK])
def test_the_mode_survives_a_crash(spacecraft: Spacecraft, mode: SpacecraftMode) -> None:
    """After a crash the app goes on in its mode, without a change and without events."""
    spacecraft.reach(mode)
    spacecraft.bench.container.checkpoint()
    changes = len(spacecraft.changes)
    spacecraft.bench.restart()
    spacecraft.pass_time(3)
    assert (spacecraft.mode, len(spacecraft.changes)) == (mode, changes)


def test_the_clock_starts_again(spacecraft: Spacecraft, bench_of: Callable[..., Bench]) -> None:
    """After a processor reset times are counted from boot: old news is none, and imaging is over."""
    spacecraft.reach(IMAGING)
    spacecraft.bench.container.checkpoint()
    again = Spacecraft(bench_of, memory_of=spacecraft.bench)
    again.rate = again.shed = again.place = None
    again.pass_time(1)
    assert (again.mode, again.bench.latest(ModeStatus).seconds_in_mode) == (NOMINAL, 0)
    assert "unknown" in again.refusal(RequestImaging(100))
    again.pass_time(599)
    assert again.mode is NOMINAL
    again.pass_time(2)
    assert again.changes[-1] == (SAFE, "attitude lost")
