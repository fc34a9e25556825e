"""The mode manager: decides what the spacecraft as a whole is doing, and tells the attitude app where to point."""

from __future__ import annotations

import math

import msgspec

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
from apps.mode_manager.modes import Conditions, SpacecraftModes
from apps.mode_manager.rules import ModeRules, Situation, check_rules, decide
from apps.mode_manager.stations import Contact, Stations, contact
from apps.power.messages import PowerStatus, ShedLevel
from flightsw.app import App, Refused, Table, every, handles
from flightsw.core.executive.messages import ExecutiveStatus
from flightsw.geometry.earth import Geodetic
from flightsw.services.modes import Changed, Faulted, ModeState, Outcome
from flightsw.services.modes import Refused as TriggerRefused
from tlm_cmd.packets.verification import FailureCode

NANOSECONDS = 1_000_000_000
STALE_NS = 10 * NANOSECONDS
"""News older than this is no news."""
POINT_AGAIN_NS = 2 * NANOSECONDS
"""How long the attitude app has to show that it points as it was told."""

POINTING = {
    SpacecraftMode.BOOT: PointingMode.IDLE,
    SpacecraftMode.DETUMBLE: PointingMode.DETUMBLE,
    SpacecraftMode.SAFE: PointingMode.SUN,
    SpacecraftMode.NOMINAL: PointingMode.SUN,
    SpacecraftMode.DOWNLINK: PointingMode.NADIR,
}


class ManagerState(msgspec.Struct):
    """What the app remembers.

    Attributes:
        machine: the mode.
        attitude: newest attitude packet.
        attitude_ns: when it came.
        attitude_known_ns: when the attitude was last valid.
        navigation: newest orbit packet.
        navigation_ns: when it came.
        shed_level: newest of the power app, None before the first.
        shed_level_ns: when it came.
        contact: station in contact.
        imaging_until_ns: when the imaging mode ends by itself.
        pointing_asked: the attitude app was told where to point, and has not yet shown that it does.
        pointing_asked_ns: when it was last told.
        safe_demanded: the executive wants safe mode, and it has not been entered since.
        obeyed_boot: the start of the flight software for which that was last heard; once per start, so that the ground
            can recover from it.
    """

    machine: ModeState = msgspec.field(default_factory=lambda: ModeState(SpacecraftMode.BOOT))
    attitude: AttitudeStatus | None = None
    attitude_ns: int = 0
    attitude_known_ns: int = 0
    navigation: Navigation | None = None
    navigation_ns: int = 0
    shed_level: ShedLevel | None = None
    shed_level_ns: int = 0
    contact: Contact | None = None
    imaging_until_ns: int = 0
    pointing_asked: bool = False
    pointing_asked_ns: int = 0
    safe_demanded: bool = False
    obeyed_boot: int = 0


class ModeManager(App):
    """Runs the mode machine once per second."""

    rules = Table(ModeRules, file="rules.toml", check=check_rules)
    stations = Table(Stations, file="stations.toml")

    state: ManagerState

    def start(self) -> None:
        """Take the mode up again."""
        state, machine = self.state, self.state.machine
        newest_ns = max(machine.entered_at_ns, state.attitude_ns, state.navigation_ns, state.shed_level_ns)
        if machine.transitions == 0 or self.now_ns < newest_ns:  # at first, or the clock has started again
            machine.entered_at_ns = state.attitude_known_ns = state.imaging_until_ns = self.now_ns
            state.attitude = state.navigation = state.shed_level = None
        self._machine = SpacecraftModes(machine)

    # ---------------------------------------------------------------- what it learns

    @handles(AttitudeStatus)
    def take_attitude(self, status: AttitudeStatus) -> None:
        """Keep the attitude."""
        self.state.attitude, self.state.attitude_ns = status, self.now_ns
        if status.valid:
            self.state.attitude_known_ns = self.now_ns

    @handles(Navigation)
    def take_navigation(self, navigation: Navigation) -> None:
        """Keep the orbit."""
        self.state.navigation = navigation
        self.state.navigation_ns = self.now_ns

    @handles(PowerStatus)
    def take_power(self, status: PowerStatus) -> None:
        """Keep the shed level."""
        self.state.shed_level, self.state.shed_level_ns = status.shed_level, self.now_ns

    @handles(ExecutiveStatus)
    def take_executive(self, status: ExecutiveStatus) -> None:
        """Note that there were too many processor resets."""
        if status.safe_mode and status.boots != self.state.obeyed_boot:
            self.state.obeyed_boot = status.boots
            self.state.safe_demanded = True

    def _is_news(self, came_ns: int) -> bool:
        return self.now_ns - came_ns < STALE_NS

    def _rate(self) -> float | None:
        """How fast the body turns [deg/s]; None when that is not known."""
        attitude = self.state.attitude
        known = attitude is not None and attitude.rate_valid and self._is_news(self.state.attitude_ns)
        return attitude.rate_norm if attitude is not None and known else None

    # ---------------------------------------------------------------- what it is asked

    @handles(SetMode)
    def set_mode(self, command: SetMode) -> None:
        """Change the mode by command."""
        if command.mode is self._machine.mode:
            return
        triggers = {
            SpacecraftMode.SAFE: "protect",
            SpacecraftMode.NOMINAL: "recover",
            SpacecraftMode.DETUMBLE: "tumble",
        }
        trigger = triggers.get(command.mode)
        if trigger is None:
            raise Refused(f"{command.mode.name} is entered by itself; SAFE, NOMINAL and DETUMBLE can be commanded")
        self._insist(self._trigger(trigger, "by command"))

    @handles(RequestImaging)
    def begin_imaging(self, command: RequestImaging) -> None:
        """Grant the imaging mode."""
        self._insist(self._trigger("image", "camera"))
        self.state.imaging_until_ns = self.now_ns + command.seconds * NANOSECONDS

    @handles(ReleaseImaging)
    def end_imaging(self, _: ReleaseImaging) -> None:
        """Take the imaging mode back."""
        self._insist(self._trigger("imaged", "camera"))

    # ---------------------------------------------------------------- what it does

    @every(seconds=1, offset=0.3)
    def manage(self) -> None:
        """Follow contacts, change modes that change by themselves, report."""
        self._follow_contact()
        self._change_by_itself()
        self._hold_pointing()
        state, contact_now = self.state, self.state.contact
        self.send(
            ModeStatus(
                mode=self._machine.mode,
                in_contact=contact_now is not None,
                station=contact_now.station if contact_now else "",
                elevation=contact_now.elevation if contact_now else 0.0,
                seconds_in_mode=self._machine.in_mode_ns(self.now_ns) // NANOSECONDS,
                transitions=state.machine.transitions,
            )
        )

    def _change_by_itself(self) -> None:
        state, now_ns = self.state, self.now_ns
        situation = Situation(
            mode=self._machine.mode,
            in_mode_s=self._machine.in_mode_ns(now_ns) / NANOSECONDS,
            rate_deg_s=self._rate(),
            attitude_lost_s=(now_ns - state.attitude_known_ns) / NANOSECONDS,
            battery_low=state.shed_level is ShedLevel.SURVIVAL,
            executive_demands=state.safe_demanded,
            station=state.contact.station if state.contact else "",
            imaging_over=now_ns >= state.imaging_until_ns,
        )
        if self._machine.mode is SpacecraftMode.SAFE:
            state.safe_demanded = False
        change = decide(self.rules, situation)
        if change is not None:
            self._trigger(change.trigger, change.cause)

    def _follow_contact(self) -> None:
        state = self.state
        before, state.contact = state.contact, None
        if state.navigation is not None and self._is_news(state.navigation_ns) and state.navigation.valid:
            place = Geodetic(
                math.radians(state.navigation.latitude),
                math.radians(state.navigation.longitude),
                state.navigation.altitude,
            )
            state.contact = contact(self.stations, place)
        then, now = before.station if before else None, state.contact.station if state.contact else None
        if then != now:
            if then is not None:
                self.event(ContactEnded(then))
            if now is not None:
                self.event(ContactBegan(now))

    # ---------------------------------------------------------------- changing modes

    def _trigger(self, trigger: str, cause: str) -> Outcome:
        state, rate = self.state, self._rate()
        conditions = Conditions(
            attitude_known=rate is not None and self._is_news(state.attitude_known_ns),
            rate_deg_s=math.inf if rate is None else rate,
            damped_below_deg_s=self.rules.damped_rate,
            battery_good=state.shed_level is ShedLevel.NONE and self._is_news(state.shed_level_ns),
            in_contact=state.contact is not None,
        )
        outcome = self._machine.trigger(trigger, self.now_ns, conditions)
        match outcome:
            case Changed(_, source, destination, _):
                self._entered(SpacecraftMode(source), SpacecraftMode(destination), cause)
            case Faulted(_, source, destination, _, error):
                self._entered(SpacecraftMode(source), SpacecraftMode(destination), error)
        return outcome

    def _entered(self, previous: SpacecraftMode, mode: SpacecraftMode, cause: str) -> None:
        self.event(ModeChanged(previous, mode, cause[:64]))
        if mode is SpacecraftMode.SAFE:
            self.state.safe_demanded = False
            self.event(SafeModeEntered(cause[:64]))
        self._point()

    def _point(self) -> None:
        """Tell the attitude app where to point in this mode."""
        pointing = POINTING.get(self._machine.mode)
        self.state.pointing_asked = pointing is not None
        if pointing is not None:
            self.state.pointing_asked_ns = self.now_ns
            self.command("attitude", SetPointing(pointing))

    def _hold_pointing(self) -> None:
        """Tell it again when it does not, or has forgotten; once it does, the ground may point elsewhere."""
        state = self.state
        if state.attitude is None or not self._is_news(state.attitude_ns):
            return
        had_time = self.now_ns - state.pointing_asked_ns >= POINT_AGAIN_NS
        if state.attitude.mode is POINTING.get(self._machine.mode):
            state.pointing_asked = False
        elif had_time and (state.pointing_asked or state.attitude.mode is PointingMode.IDLE):
            self._point()

    def _insist(self, outcome: Outcome) -> None:
        match outcome:
            case TriggerRefused(_, _, reason):
                raise Refused(reason)
            case Faulted(_, _, _, _, error):
                raise Refused(error, FailureCode.HANDLER_FAILED)
