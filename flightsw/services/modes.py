"""Modes and the transitions between them, declared as a table that is checked when its class is made.

The library ``transitions`` walks the table. What surprises in it is closed here: there is no way around a guard, a
trigger answers with what happened, an exception in a guard or a hook ends in a declared fault mode, and nothing is
triggered from within a trigger.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import Any, Generic, TypeVar, cast

import msgspec
from transitions import EventData, Machine

from flightsw.services.mode_table import CALLBACK_FAILED, ModeError, ModeTable, Transition

Mode = TypeVar("Mode", bound=IntEnum)


class Changed(msgspec.Struct, frozen=True):
    """The trigger led from one mode to another, which may be the same one entered again."""

    trigger: str
    source: IntEnum
    destination: IntEnum
    at_ns: int


class Refused(msgspec.Struct, frozen=True):
    """The mode stays as it was, for this reason."""

    trigger: str
    mode: IntEnum
    reason: str


class Faulted(msgspec.Struct, frozen=True):
    """A guard or a hook raised; the machine is in its fault mode."""

    trigger: str
    source: IntEnum
    destination: IntEnum
    at_ns: int
    error: str


Outcome = Changed | Refused | Faulted
Hook = Callable[[Changed | Faulted], None]


class ModeState(msgspec.Struct):
    """The memory of a mode machine.

    Attributes:
        mode: value of the current mode.
        entered_at_ns: when it was entered.
        transitions: how often a mode was entered since the start.
    """

    mode: int
    entered_at_ns: int = 0
    transitions: int = 0


class ModeMachine(ModeTable, Generic[Mode]):
    """Base class of mode machines. A subclass declares its table, and a method for each guard.

    For example::

        class Heater(ModeMachine[HeaterMode]):
            modes = HeaterMode
            initial, safe, fault = HeaterMode.OFF, HeaterMode.OFF, HeaterMode.FAULT
            transitions = (
                Transition("start", HeaterMode.OFF, HeaterMode.ON, "is_cold", "the tank is warm enough"),
                Transition("stop", (HeaterMode.ON, HeaterMode.FAULT), HeaterMode.OFF),
            )

            def is_cold(self, tank_c: float) -> bool:
                return tank_c < 5

    Guards are pure: they look at the conditions given to ``trigger`` and at the mode, and change nothing. Of several
    transitions with the same trigger and source the first one whose guard agrees is taken. The hook is called after
    each change, for publishing it.

    Attributes:
        state: the memory.
    """

    def __init_subclass__(cls) -> None:
        """Check the table."""
        super().__init_subclass__()
        cls.check()

    def __init__(self, state: ModeState | None = None, on_transition: Hook | None = None) -> None:
        self.state = ModeState(int(self.initial)) if state is None else state
        self._on_transition = on_transition
        self._busy = False
        if self.state.mode not in [int(mode) for mode in self.modes]:
            raise ModeError(type(self).__name__, f"{self.state.mode} is none of its modes")
        self._model = _Model(self)
        self._library = Machine(
            model=None,
            states=[mode.name for mode in self.modes],
            initial=None,
            auto_transitions=False,
            send_event=True,
            queued=False,
            model_attribute="mode_name",
            after_state_change=self._entered,
        )
        for transition in self.transitions:
            self._library.add_transition(
                transition.trigger,
                [source.name for source in transition.sources],
                transition.destination.name,
                conditions=None if transition.guard is None else self._condition(transition),
            )
        self._library.add_transition(CALLBACK_FAILED, [mode.name for mode in self.modes], self.fault.name)
        self._library.add_model(self._model, initial=self.mode.name)

    @property
    def mode(self) -> Mode:
        """The current mode."""
        return cast("Mode", self.modes(self.state.mode))

    def in_mode_ns(self, now_ns: int) -> int:
        """How long the current mode has lasted; the same clock as that of the triggers."""
        return now_ns - self.state.entered_at_ns

    def possible_triggers(self) -> tuple[str, ...]:
        """What can be asked for in the current mode, guards aside, in table order."""
        found = [transition.trigger for transition in self.transitions if self.mode in transition.sources]
        return tuple(dict.fromkeys(found))

    def trigger(self, trigger: str, now_ns: int, conditions: Any = None) -> Outcome:  # noqa: ANN401 - the guards know
        """Ask for a transition.

        Args:
            trigger: what is asked for.
            now_ns: when, on any clock that is always the same one.
            conditions: handed to the guards.

        Raises:
            ModeError: no transition of the machine has this trigger, or it comes from within a guard or the hook.
        """
        if trigger not in [transition.trigger for transition in self.transitions]:
            raise ModeError(type(self).__name__, f"no transition has the trigger {trigger!r}")
        if self._busy:
            raise ModeError(type(self).__name__, f"{trigger!r} from within a guard or the hook; send a command instead")
        source, count = self.mode, self.state.transitions
        possible = self.possible_triggers()
        if trigger not in possible:
            reason = f"not possible in {source.name}, where {', '.join(possible) or 'nothing'} is"
            return Refused(trigger, source, reason)
        refusals: list[str] = []
        self._busy = True
        try:
            self._walk(trigger, now_ns, conditions=conditions, refusals=refusals)
            if self.state.transitions == count:
                return Refused(trigger, source, "; ".join(refusals))
            changed = Changed(trigger, source, self.mode, now_ns)
            self._publish(changed)
        except Exception as error:  # noqa: BLE001 - whatever a guard or hook raises becomes a fault of this machine
            return self._fail(trigger, source, now_ns, f"{type(error).__name__}: {error}")
        else:
            return changed
        finally:
            self._busy = False

    # ---------------------------------------------------------------- inside

    def _condition(self, transition: Transition) -> Callable[[EventData], bool]:
        """The guard as the library calls it: keeps the reason, and takes any true answer for a yes."""

        def agrees(event: EventData) -> bool:
            agreed = bool(getattr(self, str(transition.guard))(event.kwargs["conditions"]))
            if not agreed:
                event.kwargs["refusals"].append(transition.refusal)
            return agreed

        return agrees

    def _walk(self, trigger: str, now_ns: int, **keywords: object) -> None:
        self._library.events[trigger].trigger(self._model, now_ns=now_ns, **keywords)

    def _entered(self, event: EventData) -> None:
        self.state.entered_at_ns = event.kwargs["now_ns"]
        self.state.transitions += 1

    def _publish(self, change: Changed | Faulted) -> None:
        if self._on_transition is not None:
            self._on_transition(change)

    def _fail(self, trigger: str, source: IntEnum, now_ns: int, error: str) -> Faulted:
        if self.mode != self.fault:
            self._walk(CALLBACK_FAILED, now_ns)
        faulted = Faulted(trigger, source, self.mode, now_ns, error)
        try:
            self._publish(faulted)
        except Exception as again:  # noqa: BLE001 - the fault is told by the return value as well
            return msgspec.structs.replace(faulted, error=f"{error}; and the hook: {type(again).__name__}: {again}")
        return faulted


class _Model:
    """What the library drives; it remembers nothing, the mode is kept in the machine's state."""

    def __init__(self, machine: ModeMachine[Any]) -> None:
        self._machine = machine

    @property
    def mode_name(self) -> str:
        name: str = self._machine.mode.name
        return name

    @mode_name.setter
    def mode_name(self, name: str) -> None:
        self._machine.state.mode = int(self._machine.modes[name])


__all__ = ["Changed", "Faulted", "ModeError", "ModeMachine", "ModeState", "Outcome", "Refused", "Transition"]
