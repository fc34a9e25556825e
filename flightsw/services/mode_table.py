"""The table that a mode machine is declared by, and the checks it must pass."""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar

import msgspec

from flightsw.errors import FlightSoftwareError

CALLBACK_FAILED = "callback_failed"
"""The trigger of the transition to the fault mode, which every mode has without declaring it."""


class ModeError(FlightSoftwareError):
    """A mode machine that is declared or used wrongly."""

    def __init__(self, machine: str, problem: str) -> None:
        super().__init__(f"{machine}: {problem}")
        self.machine, self.problem = machine, problem


class Transition(msgspec.Struct, frozen=True):
    """One way from one mode, or from each of several, to another.

    Attributes:
        trigger: what is asked for.
        source: mode or modes in which it can be asked for.
        destination: mode that it leads to.
        guard: name of the machine's method that must agree; None when nothing needs to.
        refusal: why the guard does not agree, as a controller reads it.
    """

    trigger: str
    source: IntEnum | tuple[IntEnum, ...]
    destination: IntEnum
    guard: str | None = None
    refusal: str = ""

    @property
    def sources(self) -> tuple[IntEnum, ...]:
        """The modes in which it can be asked for."""
        return self.source if isinstance(self.source, tuple) else (self.source,)


class ModeTable:
    """What a mode machine declares.

    Attributes:
        modes: all modes.
        initial: where a new machine starts.
        safe: the mode that every other one must have a way to.
        fault: the mode entered when a guard or the hook raises.
        transitions: every way from mode to mode.

    Raises:
        ModeError: when the subclass is made: a mode cannot be reached, one cannot reach the safe mode, two transitions
            exclude each other, or a guard is missing or cannot explain itself.
    """

    modes: ClassVar[type[IntEnum]]
    initial: ClassVar[IntEnum]
    safe: ClassVar[IntEnum]
    fault: ClassVar[IntEnum]
    transitions: ClassVar[tuple[Transition, ...]]

    @classmethod
    def check(cls) -> None:
        """Refuse a table that a machine could get lost in."""
        name = cls.__name__
        for attribute in ("modes", "initial", "safe", "fault", "transitions"):
            if not hasattr(cls, attribute):
                raise ModeError(name, f"declares no {attribute}")
        modes = tuple(cls.modes)
        if len(modes) != len(cls.modes.__members__):
            raise ModeError(name, f"two modes of {cls.modes.__name__} have the same value")
        for role in ("initial", "safe", "fault"):
            if not isinstance(getattr(cls, role), cls.modes):
                raise ModeError(name, f"its {role} mode {getattr(cls, role)!r} is none of its modes")
        for transition in cls.transitions:
            _check_transition(cls, transition)
        _check_choices(cls)
        forward = {(source, move.destination) for move in cls.transitions for source in move.sources}
        backward = {(destination, source) for source, destination in forward}
        reached = _reachable(cls.initial, forward) | _reachable(cls.fault, forward)
        for mode in modes:
            if mode not in reached:
                raise ModeError(name, f"{mode.name} cannot be reached from {cls.initial.name}")
            if mode not in _reachable(cls.safe, backward):
                raise ModeError(name, f"{mode.name} has no way to the safe mode {cls.safe.name}")

    @classmethod
    def diagram(cls) -> str:
        """The table as a Mermaid state diagram."""
        lines = ["stateDiagram-v2", f"    [*] --> {cls.initial.name}"]
        for transition in cls.transitions:
            guard = f" [{transition.guard}]" if transition.guard else ""
            lines += [
                f"    {source.name} --> {transition.destination.name}: {transition.trigger}{guard}"
                for source in transition.sources
            ]
        lines.append(f"    note right of {cls.fault.name}: from any mode when a guard or the hook fails")
        return "\n".join([*lines, ""])


def _check_transition(machine: type[ModeTable], transition: Transition) -> None:
    name, trigger = machine.__name__, transition.trigger
    if not trigger.isidentifier() or trigger == CALLBACK_FAILED:
        raise ModeError(name, f"{trigger!r} cannot be a trigger")
    for mode in (*transition.sources, transition.destination):
        if not isinstance(mode, machine.modes):
            raise ModeError(name, f"{trigger}: {mode!r} is none of its modes")
    if not transition.sources:
        raise ModeError(name, f"{trigger} has no source")
    if transition.guard is not None and not callable(getattr(machine, transition.guard, None)):
        raise ModeError(name, f"{trigger}: the guard {transition.guard!r} is no method")
    if (transition.guard is None) != (not transition.refusal):
        raise ModeError(name, f"{trigger}: a guard and the text of its refusal come together")


def _check_choices(machine: type[ModeTable]) -> None:
    """Refuse a transition that can never be taken, because an earlier one with its trigger and source always is."""
    guards: dict[tuple[str, IntEnum], list[str | None]] = {}
    for transition in machine.transitions:
        for source in transition.sources:
            earlier = guards.setdefault((transition.trigger, source), [])
            if None in earlier or transition.guard in earlier:
                raise ModeError(
                    machine.__name__,
                    f"{transition.trigger} from {source.name} to {transition.destination.name} can never be taken: "
                    "an earlier transition with this trigger has the same guard or none",
                )
            earlier.append(transition.guard)


def _reachable(start: IntEnum, edges: set[tuple[IntEnum, IntEnum]]) -> set[IntEnum]:
    reached, frontier = {start}, [start]
    while frontier:
        mode = frontier.pop()
        for source, destination in sorted(edges):
            if source == mode and destination not in reached:
                reached.add(destination)
                frontier.append(destination)
    return reached
