"""The mode manager: decides what the spacecraft as a whole is doing, and tells the attitude app where to point."""

from __future__ import annotations

import math
from typing import Annotated

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
from apps.mode_manager.modes import WORKING, Conditions, SpacecraftModes
from apps.mode_manager.stations import Contact, Stations, contact
from apps.power.messages import PowerStatus, ShedLevel
from flightsw.app import App, Refused, Table, every, handles
from flightsw.geometry.earth import Geodetic
from flightsw.services.modes import Changed, Faulted, ModeState, Outcome
from flightsw.services.modes import Refused as TriggerRefused
from tlm_cmd.definition.fields import F32, U8, U16, Range, Unit
from tlm_cmd.definition.message import Record

NANOSECONDS = 1_000_000_000
STALE_NS = 10 * NANOSECONDS

POINTING = {
    SpacecraftMode.BOOT: PointingMode.IDLE,
    SpacecraftMode.DETUMBLE: PointingMode.DETUMBLE,
    SpacecraftMode.SAFE: PointingMode.SUN,
    SpacecraftMode.NOMINAL: PointingMode.SUN,
    SpacecraftMode.DOWNLINK: PointingMode.NADIR,
}


class ModeRules(Record):
    """When modes change by themselves."""

    boot_s: Annotated[int, U8, Range(1, 250), Unit("s"), "from start to the first mode"]
    damped_rate: Annotated[float, F32, Range(0.01, 5), Unit("deg/s"), "under which detumbling is done"]
    tumble_rate: Annotated[float, F32, Range(0.5, 20), Unit("deg/s"), "above which it is needed"]
    attitude_lost_s: Annotated[int, U16, Range(10, 3600), Unit("s"), "without attitude before safe mode"]


class ManagerState(msgspec.Struct):
    """What the app remembers.

    Attributes:
        machine: the mode.
        attitude: newest attitude packet.
        attitude_known_ns: when the attitude was last valid.
        navigation: newest orbit packet.
        navigation_ns: when it came.
        shed_level: newest of the power app.
        contact: station in contact.
        imaging_until_ns: when the imaging mode ends by itself.
    """

    machine: ModeState = msgspec.field(default_factory=lambda: ModeState(SpacecraftMode.BOOT))
    attitude: AttitudeStatus | None = None
    attitude_known_ns: int = 0
    navigation: Navigation | None = None
    navigation_ns: int = 0
    shed_level: ShedLevel = ShedLevel.NONE
    contact: Contact | None = None
    imaging_until_ns: int = 0


class ModeManager(App):
    """Runs the mode machine once per second."""

    rules = Table(ModeRules, file="rules.toml")
    stations = Table(Stations, file="stations.toml")

    state: ManagerState

    def start(self) -> None:
        """Take the mode up again."""
        self._machine = SpacecraftModes(self.state.machine)

    # ---------------------------------------------------------------- what it learns

    @handles(AttitudeStatus)
    def take_attitude(self, status: AttitudeStatus) -> None:
        """Keep the attitude."""
        self.state.attitude = status
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
        self.state.shed_level = status.shed_level

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
        state, rules, now_ns = self.state, self.rules, self.now_ns
        mode = self._machine.mode
        if mode is not SpacecraftMode.SAFE and self._in_danger():
            return
        rate = state.attitude.rate_norm if state.attitude else 0.0
        if mode not in (SpacecraftMode.BOOT, SpacecraftMode.DETUMBLE) and rate > rules.tumble_rate:
            self._trigger("tumble", f"rate {rate:.1f} deg/s")
            return
        match mode:
            case SpacecraftMode.BOOT if self._machine.in_mode_ns(now_ns) >= rules.boot_s * NANOSECONDS:
                self._trigger("booted", "boot time over")
            case SpacecraftMode.DETUMBLE:
                self._trigger("damped", "rates damped")
            case SpacecraftMode.IMAGING if now_ns >= state.imaging_until_ns:
                self._trigger("imaged", "imaging time over")
            case SpacecraftMode.NOMINAL if state.contact is not None:
                self._trigger("contact", state.contact.station)
            case SpacecraftMode.DOWNLINK if state.contact is None:
                self._trigger("contact_lost", "no station in view")

    def _in_danger(self) -> bool:
        state = self.state
        lost_ns = self.rules.attitude_lost_s * NANOSECONDS
        if state.shed_level is ShedLevel.SURVIVAL:
            self._trigger("protect", "battery low")
        elif self._machine.mode in WORKING and self.now_ns - state.attitude_known_ns > lost_ns:
            self._trigger("protect", "attitude lost")
        else:
            return False
        return True

    def _follow_contact(self) -> None:
        state = self.state
        before, state.contact = state.contact, None
        if state.navigation is not None and self.now_ns - state.navigation_ns < STALE_NS and state.navigation.valid:
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

    def _trigger(self, trigger: str, cause: str) -> Outcome:
        state = self.state
        conditions = Conditions(
            attitude_known=self.now_ns - state.attitude_known_ns < STALE_NS and state.attitude is not None,
            rate_deg_s=state.attitude.rate_norm if state.attitude else 0.0,
            damped_below_deg_s=self.rules.damped_rate,
            battery_good=state.shed_level is ShedLevel.NONE,
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
            self.event(SafeModeEntered(cause[:64]))
        self._point(mode)

    def _point(self, mode: SpacecraftMode) -> None:
        if mode in POINTING:
            self.command("attitude", SetPointing(POINTING[mode]))

    def _insist(self, outcome: Outcome) -> None:
        if isinstance(outcome, TriggerRefused):
            raise Refused(outcome.reason)
