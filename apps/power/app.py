"""The power app: watches battery and lines, and sheds loads before the hardware has to."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from apps.power.messages import (
    LINES,
    LineRestored,
    LineSwitched,
    LineTripped,
    LoadShed,
    PowerStatus,
    RetriggerLine,
    ShedLevel,
    SwitchLine,
)
from apps.power.shedding import SheddingRules, check_rules, lines_off, shed_level
from flightsw.app import App, Refused, Table, every, handles
from flightsw.devices.eps import Eps, EpsStatus
from flightsw.devices.errors import DeviceError
from tlm_cmd.packets.verification import FailureCode

NANOSECONDS = 1_000_000_000
ALL_LINES = (1 << LINES) - 1


class PowerState(msgspec.Struct):
    """What the app remembers.

    Attributes:
        prepared: the normal lines were switched on once.
        shed_level: how much is switched off.
        retries: times each line was closed again after a trip.
        retry_at_ns: when a tripped line is closed next; 0 when it is not.
        errors: failed transactions.
    """

    prepared: bool = False
    shed_level: ShedLevel = ShedLevel.NONE
    retries: list[int] = msgspec.field(default_factory=lambda: [0] * LINES)
    retry_at_ns: list[int] = msgspec.field(default_factory=lambda: [0] * LINES)
    errors: int = 0


class Power(App):
    """Measures once per second, and acts on what it measures."""

    rules = Table(SheddingRules, file="shedding.toml", check=check_rules)

    state: PowerState

    def start(self) -> None:
        """Open the power system."""
        self._eps = self.device(Eps)

    @handles(SwitchLine)
    def switch_line(self, command: SwitchLine) -> None:
        """Switch a line, unless load shedding forbids it."""
        if command.on and command.line in lines_off(self.rules, self.state.shed_level):
            raise Refused(f"line {command.line} is shed: {self.state.shed_level.name}")
        self._command(lambda: self._eps.switch(command.line, command.on))
        self.event(LineSwitched(command.line, command.on))

    @handles(RetriggerLine)
    def retrigger_line(self, command: RetriggerLine) -> None:
        """Close a tripped line, with its retries counted afresh."""
        self._command(lambda: self._eps.retrigger(command.line))
        self.state.retries[command.line] = 0
        self.event(LineRestored(command.line))

    @every(seconds=1, offset=0.1)
    def watch(self) -> None:
        """Measure, shed, restore, report."""
        try:
            status = self._eps.status()
            self._shed(status)
            self._retry_trips(status)
        except DeviceError:
            self.state.errors += 1
            return
        self.send(
            PowerStatus(
                battery_voltage=status.battery_voltage_v,
                battery_current=status.battery_current_a,
                state_of_charge=status.state_of_charge,
                battery_temperature=status.battery_temperature_c,
                array_power=status.array_power_w,
                load_power=status.load_power_w,
                lines_on=status.lines_on & ALL_LINES,
                lines_tripped=status.lines_tripped & ALL_LINES,
                line_currents=status.line_currents_a[:LINES],
                shed_level=self.state.shed_level,
                eps_errors=self.state.errors,
            )
        )

    def _shed(self, status: EpsStatus) -> None:
        state = self.state
        level = shed_level(self.rules, state.shed_level, status.state_of_charge)
        for line in lines_off(self.rules, level):
            if status.is_on(line):
                self._eps.switch(line, on=False)
        if level < state.shed_level or not state.prepared:
            for line in self.rules.normal_lines:
                if line not in lines_off(self.rules, level) and not status.is_on(line):
                    self._eps.switch(line, on=True)
            state.prepared = True
        if level is not state.shed_level:
            state.shed_level = level
            self.event(LoadShed(level, status.state_of_charge))

    def _retry_trips(self, status: EpsStatus) -> None:
        state = self.state
        for line in range(min(LINES, status.line_count)):
            if not status.is_tripped(line):
                state.retry_at_ns[line] = 0
            elif state.retry_at_ns[line] == 0:
                self.event(LineTripped(line))
                state.retry_at_ns[line] = self.now_ns + self.rules.retry_after_s * NANOSECONDS
            elif self.now_ns >= state.retry_at_ns[line] and state.retries[line] < self.rules.trip_retries:
                state.retries[line] += 1
                state.retry_at_ns[line] = 0
                self._eps.retrigger(line)
                self.event(LineRestored(line))

    def _command(self, action: Callable[[], None]) -> None:
        try:
            action()
        except DeviceError as error:
            self.state.errors += 1
            raise Refused(str(error), FailureCode.DEVICE_FAILED) from error
