"""The power app: watches battery and lines, and sheds loads before the hardware has to."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import msgspec

from apps.power.messages import (
    LINES,
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
from apps.power.shedding import SheddingRules, check_rules, lines_off, shed_level
from flightsw.app import App, Refused, Table, every, handles
from flightsw.devices.eps import Eps, EpsStatus
from flightsw.devices.errors import DeviceError
from tlm_cmd.packets.verification import FailureCode

Reply = TypeVar("Reply")

NANOSECONDS = 1_000_000_000
ALL_LINES = (1 << LINES) - 1
CLOSE_AGAIN_NS = 60 * NANOSECONDS
"""How long a line that the power system has opened by itself is left open, before each attempt to close it."""
SILENT_AFTER = 3
"""Failed measurements in a row that make the power system silent."""


class PowerState(msgspec.Struct):
    """What the app remembers.

    Attributes:
        prepared: the normal lines were to be switched on once.
        closing: lines still to be switched on.
        held_off: lines switched off by command, which stay so until a command switches them on.
        expected_on: bit n: line n was on, and neither shedding nor a command has switched it off since.
        opened_ns: when a line was found open that is expected on, or was last closed again; 0 when it is as expected.
        shed_level: how much is switched off.
        retries: times each line was closed again after a trip.
        retry_at_ns: when a tripped line is closed next; 0 when it has not tripped.
        failures: failed measurements in a row.
        errors: failed transactions.
    """

    prepared: bool = False
    closing: list[int] = []
    held_off: list[int] = []
    expected_on: int = 0
    opened_ns: list[int] = msgspec.field(default_factory=lambda: [0] * LINES)
    shed_level: ShedLevel = ShedLevel.NONE
    retries: list[int] = msgspec.field(default_factory=lambda: [0] * LINES)
    retry_at_ns: list[int] = msgspec.field(default_factory=lambda: [0] * LINES)
    failures: int = 0
    errors: int = 0


class Power(App):
    """Measures once per second, and acts on what it measures; what a line refuses is tried again the next second."""

    rules = Table(SheddingRules, file="shedding.toml", check=check_rules)

    state: PowerState

    def start(self) -> None:
        """Open the power system."""
        self._eps = self.device(Eps)

    # ---------------------------------------------------------------- commands

    @handles(SwitchLine)
    def switch_line(self, command: SwitchLine) -> None:
        """Switch a line, unless load shedding forbids it."""
        if command.on:
            self._refuse_if_shed(command.line)
        self._command(lambda: self._eps.switch(command.line, command.on))
        self._hold_off(command.line, off=not command.on)
        self.event(LineSwitched(command.line, command.on))

    @handles(RetriggerLine)
    def retrigger_line(self, command: RetriggerLine) -> None:
        """Close a tripped line, with its retries counted afresh."""
        self._refuse_if_shed(command.line)
        if not self._command(self._eps.status).is_tripped(command.line):
            raise Refused(f"line {command.line} has not tripped")
        self._command(lambda: self._eps.retrigger(command.line))
        self.state.retries[command.line] = self.state.retry_at_ns[command.line] = 0
        self._hold_off(command.line, off=False)
        self.event(LineRestored(command.line))

    def _hold_off(self, line: int, *, off: bool) -> None:
        others = [held for held in self.state.held_off if held != line]
        self.state.held_off = [*others, line] if off else others

    def _refuse_if_shed(self, line: int) -> None:
        if line in lines_off(self.rules, self.state.shed_level):
            raise Refused(f"line {line} is shed: {self.state.shed_level.name}")

    def _command(self, action: Callable[[], Reply]) -> Reply:
        try:
            return action()
        except DeviceError as error:
            self.state.errors += 1
            raise Refused(str(error), FailureCode.DEVICE_FAILED) from error

    # ---------------------------------------------------------------- once per second

    @every(seconds=1, offset=0.1)
    def watch(self) -> None:
        """Measure, shed, restore, report."""
        try:
            status = self._eps.status()
        except DeviceError as error:
            self._count_failure(error)
            return
        if self.state.failures >= SILENT_AFTER:
            self.event(PowerSystemBack(self.state.failures))
        self.state.failures = 0
        self._shed(status)
        self._close(status)
        for line in range(min(LINES, status.line_count)):
            self._watch_limiter(status, line)
            self._watch_line(status, line)
        self._report(status)

    def _count_failure(self, error: DeviceError) -> None:
        state = self.state
        state.errors += 1
        state.failures += 1
        if state.failures == SILENT_AFTER:
            self.event(PowerSystemSilent(str(error)[:80]))

    def _shed(self, status: EpsStatus) -> None:
        state = self.state
        before, state.shed_level = state.shed_level, shed_level(self.rules, state.shed_level, status.state_of_charge)
        for line in lines_off(self.rules, state.shed_level):
            state.expected_on &= ~(1 << line)
            if status.is_on(line):
                self._switch(line, on=False)
        if state.shed_level > before:
            self.event(LoadShed(state.shed_level, status.state_of_charge))
        elif state.shed_level < before:
            self.event(LoadsRestored(state.shed_level, status.state_of_charge))
        if state.shed_level < before or not state.prepared:
            state.closing = list(self.rules.normal_lines)
            state.prepared = True

    def _may_close(self, line: int) -> bool:
        """Whether neither shedding nor a command keeps a line off."""
        return line not in lines_off(self.rules, self.state.shed_level) and line not in self.state.held_off

    def _close(self, status: EpsStatus) -> None:
        """Switch on what is still to be; tripped lines are left to their retries."""
        waiting = [line for line in self.state.closing if line < status.line_count and self._may_close(line)]
        self.state.closing = [line for line in waiting if not status.is_on(line)]
        for line in self.state.closing:
            if not status.is_tripped(line):
                self._switch(line, on=True)

    def _watch_limiter(self, status: EpsStatus, line: int) -> None:
        """Report a trip, and close the line again some time later, a few times."""
        state, rules = self.state, self.rules
        pause_ns = rules.retry_after_s * NANOSECONDS
        if not status.is_tripped(line):
            state.retry_at_ns[line] = 0
            return
        if state.retry_at_ns[line] == 0:
            state.retry_at_ns[line] = self.now_ns + pause_ns
            self.event(LineTripped(line))
            if state.retries[line] >= rules.trip_retries:
                self.event(LineGivenUp(line, state.retries[line]))
        due = not 0 < state.retry_at_ns[line] - self.now_ns <= pause_ns
        if due and state.retries[line] < rules.trip_retries and self._may_close(line):
            self._retry(line)

    def _retry(self, line: int) -> None:
        try:
            self._eps.retrigger(line)
        except DeviceError:
            self.state.errors += 1
            return
        self.state.retries[line] += 1
        self.state.retry_at_ns[line] = 0
        self.event(LineRestored(line))

    def _watch_line(self, status: EpsStatus, line: int) -> None:
        """Close a line again that the power system has opened by itself, as it does when the bus voltage is low."""
        state, bit = self.state, 1 << line
        if status.is_on(line):
            state.opened_ns[line] = 0
            if self._may_close(line):
                state.expected_on |= bit
        elif state.expected_on & bit and self._may_close(line) and not status.is_tripped(line):
            if state.opened_ns[line] == 0:
                state.opened_ns[line] = self.now_ns
                self.event(LineOpened(line))
            elif not 0 <= self.now_ns - state.opened_ns[line] < CLOSE_AGAIN_NS:
                state.opened_ns[line] = self.now_ns
                if self._switch(line, on=True):
                    self.event(LineRestored(line))

    def _switch(self, line: int, *, on: bool) -> bool:
        try:
            self._eps.switch(line, on)
        except DeviceError:
            self.state.errors += 1
            return False
        return True

    def _report(self, status: EpsStatus) -> None:
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
