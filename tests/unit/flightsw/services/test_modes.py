from enum import IntEnum
from typing import Any, ClassVar

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from flightsw.errors import FlightSoftwareError
from flightsw.services.modes import (
    Changed,
    Faulted,
    ModeError,
    ModeMachine,
    ModeState,
    Outcome,
    Refused,
    Transition,
)


class Mode(IntEnum):
    """Modes of the machines under test."""

    OFF = 0
    WARM = 5
    RUN = 10
    FAULT = 20


class Conditions(msgspec.Struct, frozen=True):
    """What the guards look at."""

    power_w: float = 100.0
    broken: bool = False


GOOD = Conditions()


class Payload(ModeMachine[Mode]):
    """A small but complete machine."""

    modes = Mode
    initial, safe, fault = Mode.OFF, Mode.OFF, Mode.FAULT
    transitions = (
        Transition("start", Mode.OFF, Mode.RUN, "has_full_power", "less than 50 W"),
        Transition("start", Mode.OFF, Mode.WARM, "has_some_power", "less than 10 W"),
        Transition("start", Mode.WARM, Mode.RUN, "has_full_power", "less than 50 W"),
        Transition("restart", Mode.RUN, Mode.RUN),
        Transition("stop", (Mode.WARM, Mode.RUN), Mode.OFF),
        Transition("recover", Mode.FAULT, Mode.OFF),
    )

    def has_full_power(self, conditions: Conditions) -> bool:
        """Enough for everything."""
        if conditions.broken:
            raise ZeroDivisionError("broken sensor")
        return conditions.power_w >= 50

    def has_some_power(self, conditions: Conditions) -> Any:  # noqa: ANN401 - a sloppy guard
        """Enough to warm up; answers with something true rather than with True."""
        return [conditions] if conditions.power_w >= 10 else []


def test_a_new_machine_is_in_its_initial_mode() -> None:
    """Its memory says so, and nothing has happened yet."""
    machine = Payload()
    assert machine.mode is Mode.OFF
    assert machine.state == ModeState(mode=0, entered_at_ns=0, transitions=0)
    assert machine.possible_triggers() == ("start",)


def test_a_trigger_answers_with_the_change() -> None:
    """The answer names source and destination, the memory has the time and the count, and the hook hears of it."""
    heard: list[Changed | Faulted] = []
    machine = Payload(on_transition=heard.append)
    outcome = machine.trigger("start", 7, GOOD)
    assert outcome == Changed("start", Mode.OFF, Mode.RUN, 7)
    assert heard == [outcome]
    assert machine.state == ModeState(mode=10, entered_at_ns=7, transitions=1)
    assert machine.in_mode_ns(10) == 3


def test_the_first_guard_that_agrees_decides() -> None:
    """With less power the second transition of the same trigger is taken."""
    machine = Payload()
    assert machine.trigger("start", 1, Conditions(power_w=20)) == Changed("start", Mode.OFF, Mode.WARM, 1)


def test_a_refusal_says_why() -> None:
    """When every guard refuses, the answer has all their reasons; nothing changes and the hook hears nothing."""
    heard: list[Changed | Faulted] = []
    machine = Payload(on_transition=heard.append)
    outcome = machine.trigger("start", 5, Conditions(power_w=1))
    assert outcome == Refused("start", Mode.OFF, "less than 50 W; less than 10 W")
    assert (machine.state, heard) == (ModeState(0), [])


def test_a_trigger_of_another_mode_is_refused() -> None:
    """The answer says what can be asked for instead."""
    machine = Payload()
    assert machine.trigger("stop", 1) == Refused("stop", Mode.OFF, "not possible in OFF, where start is")
    assert machine.mode is Mode.OFF


def test_a_mode_without_a_way_out_says_so() -> None:
    """A final mode refuses with a readable reason."""

    class Final(IntEnum):
        ON = 1
        OFF = 2

    class Once(ModeMachine[Final]):
        modes = Final
        initial, safe, fault = Final.ON, Final.OFF, Final.OFF
        transitions = (Transition("end", Final.ON, Final.OFF),)

    machine = Once(ModeState(2))
    assert machine.trigger("end", 1) == Refused("end", Final.OFF, "not possible in OFF, where nothing is")


def test_a_mode_can_be_entered_again() -> None:
    """A transition to the same mode counts and starts its time anew."""
    machine = Payload(ModeState(10, entered_at_ns=3, transitions=1))
    assert machine.trigger("restart", 9) == Changed("restart", Mode.RUN, Mode.RUN, 9)
    assert machine.state == ModeState(10, 9, 2)


def test_an_unknown_trigger_is_an_error_of_the_caller() -> None:
    """A trigger that the machine never has, or its own for faults, raises."""
    machine = Payload()
    for trigger in ("fly", "callback_failed", "to_RUN", "trigger"):
        with pytest.raises(ModeError, match=f"Payload: no transition has the trigger '{trigger}'") as caught:
            machine.trigger(trigger, 0)
        assert caught.value.machine == "Payload"
    assert issubclass(ModeError, FlightSoftwareError)


def test_there_is_no_way_around_a_guard() -> None:
    """Neither the machine nor what the library drives has the library's own shortcuts."""
    machine = Payload()
    for name in ("to_RUN", "start"):
        assert not hasattr(machine, name)
    assert not hasattr(machine._model, "to_RUN")
    assert list(machine._library.events) == ["start", "restart", "stop", "recover", "callback_failed"]


def test_a_guard_that_raises_leads_to_the_fault_mode() -> None:
    """The machine never stays where nobody knows why: it faults, counted, timed, published and told."""
    heard: list[Changed | Faulted] = []
    machine = Payload(on_transition=heard.append)
    outcome = machine.trigger("start", 9, Conditions(broken=True))
    assert outcome == Faulted("start", Mode.OFF, Mode.FAULT, 9, "ZeroDivisionError: broken sensor")
    assert heard == [outcome]
    assert machine.state == ModeState(20, 9, 1)
    assert machine.trigger("recover", 10) == Changed("recover", Mode.FAULT, Mode.OFF, 10)


def test_a_hook_that_raises_leads_to_the_fault_mode() -> None:
    """The change has happened, then the fault follows; the hook hears of both."""
    heard: list[Changed | Faulted] = []

    def hook(change: Changed | Faulted) -> None:
        heard.append(change)
        if isinstance(change, Changed):
            raise OSError("no bus")

    machine = Payload(on_transition=hook)
    outcome = machine.trigger("start", 4, GOOD)
    assert outcome == Faulted("start", Mode.OFF, Mode.FAULT, 4, "OSError: no bus")
    assert heard == [Changed("start", Mode.OFF, Mode.RUN, 4), outcome]
    assert machine.state == ModeState(20, 4, 2)


def test_a_hook_that_always_raises_is_told() -> None:
    """Also the fault could not be published: the answer says so, and nothing is raised."""

    def hook(change: Changed | Faulted) -> None:
        raise OSError(type(change).__name__)

    machine = Payload(on_transition=hook)
    outcome = machine.trigger("start", 4, GOOD)
    assert isinstance(outcome, Faulted)
    assert outcome.error == "OSError: Changed; and the hook: OSError: Faulted"
    assert machine.mode is Mode.FAULT


def test_a_failure_in_the_fault_mode_stays_there() -> None:
    """The fault mode is not entered a second time; the answer tells of the failure all the same."""

    def hook(change: Changed | Faulted) -> None:
        if isinstance(change, Changed):
            raise OSError("no bus")

    class Stubborn(Payload):
        transitions = (*Payload.transitions, Transition("retry", Mode.FAULT, Mode.FAULT))

    machine = Stubborn(ModeState(20, 1, 1), on_transition=hook)
    assert machine.trigger("retry", 8) == Faulted("retry", Mode.FAULT, Mode.FAULT, 8, "OSError: no bus")
    assert machine.state == ModeState(20, 8, 2)


def test_nothing_is_triggered_from_within_a_trigger() -> None:
    """A hook or a guard that triggers is a fault, not a second change inside the first."""
    machine = Payload(on_transition=lambda _: machine.trigger("stop", 2))
    outcome = machine.trigger("start", 1, GOOD)
    assert isinstance(outcome, Faulted)
    assert "'stop' from within a guard or the hook; send a command instead" in outcome.error
    assert machine.mode is Mode.FAULT

    class Impure(Payload):
        def has_full_power(self, conditions: Conditions) -> bool:
            return isinstance(self.trigger("start", 0, conditions), Changed)

    impure = Impure()
    assert isinstance(impure.trigger("start", 1, GOOD), Faulted)
    assert impure.state == ModeState(20, 1, 1)


def test_the_machine_works_on_after_a_fault() -> None:
    """A fault leaves no lock behind."""
    machine = Payload()
    machine.trigger("start", 1, Conditions(broken=True))
    machine.trigger("recover", 2)
    assert machine.trigger("start", 3, GOOD) == Changed("start", Mode.OFF, Mode.RUN, 3)


def test_what_ends_the_process_is_not_held_back() -> None:
    """An interrupt is no fault of the machine; it goes through, and the machine can be used afterwards."""

    def hook(_: Changed | Faulted) -> None:
        raise KeyboardInterrupt

    machine = Payload(on_transition=hook)
    with pytest.raises(KeyboardInterrupt):
        machine.trigger("start", 1, GOOD)
    machine._on_transition = None
    assert machine.trigger("stop", 2) == Changed("stop", Mode.RUN, Mode.OFF, 2)


def test_the_memory_can_be_restored() -> None:
    """A machine goes on from a stored memory; a mode that it does not have is refused."""
    stored = msgspec.msgpack.encode(ModeState(10, 33, 4))
    machine = Payload(msgspec.msgpack.decode(stored, type=ModeState))
    assert machine.mode is Mode.RUN
    machine.state = ModeState(5, 1, 1)
    assert machine.trigger("start", 40, GOOD) == Changed("start", Mode.WARM, Mode.RUN, 40)
    with pytest.raises(ModeError, match="Payload: 7 is none of its modes"):
        Payload(ModeState(7))


def test_two_machines_share_nothing() -> None:
    """Two machines of one class go their own ways."""
    first, second = Payload(), Payload()
    first.trigger("start", 1, GOOD)
    assert (first.mode, second.mode) == (Mode.RUN, Mode.OFF)
    assert second.trigger("start", 2, Conditions(power_w=20)) == Changed("start", Mode.OFF, Mode.WARM, 2)


def test_the_diagram_shows_every_transition() -> None:
    """It is a Mermaid state diagram in table order, the same each time."""
    assert Payload.diagram() == (
        "stateDiagram-v2\n"
        "    [*] --> OFF\n"
        "    OFF --> RUN: start [has_full_power]\n"
        "    OFF --> WARM: start [has_some_power]\n"
        "    WARM --> RUN: start [has_full_power]\n"
        "    RUN --> RUN: restart\n"
        "    WARM --> OFF: stop\n"
        "    RUN --> OFF: stop\n"
        "    FAULT --> OFF: recover\n"
        "    note right of FAULT: from any mode when a guard or the hook fails\n"
    )


# ------------------------------------------------------------------ declarations


class Other(IntEnum):
    """Not a mode of the machine."""

    OFF = 0


class Twice(IntEnum):
    """Two names of one value."""

    OFF = 0
    ALSO_OFF = 0
    FAULT = 20


RECOVER = Transition("recover", Mode.FAULT, Mode.OFF)
START = Transition("start", Mode.OFF, Mode.RUN)
STOP = Transition("stop", Mode.RUN, Mode.OFF)
WARM_UP = Transition("warm_up", Mode.OFF, Mode.WARM)
COOL = Transition("cool", Mode.WARM, Mode.OFF)
WHOLE = (RECOVER, START, STOP, WARM_UP, COOL)


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"transitions": (RECOVER, START, STOP)}, "WARM cannot be reached from OFF"),
        ({"transitions": (RECOVER, START, STOP, WARM_UP)}, "WARM has no way to the safe mode OFF"),
        ({"transitions": (START, STOP, WARM_UP, COOL)}, "FAULT has no way to the safe mode OFF"),
        ({"transitions": (*WHOLE, Transition("start", Mode.OFF, Mode.WARM))}, "start from OFF to WARM can never be"),
        (
            {
                "transitions": (
                    *WHOLE,
                    Transition("go", Mode.OFF, Mode.RUN, "agrees", "no"),
                    Transition("go", (Mode.WARM, Mode.OFF), Mode.WARM, "agrees", "no"),
                )
            },
            "go from OFF to WARM can never be taken",
        ),
        ({"transitions": (*WHOLE, Transition("go", Mode.OFF, Mode.RUN, "missing", "no"))}, "guard 'missing' is no"),
        ({"transitions": (*WHOLE, Transition("go", Mode.OFF, Mode.RUN, "constant", "no"))}, "guard 'constant' is no"),
        ({"transitions": (*WHOLE, Transition("go", Mode.OFF, Mode.RUN, "agrees"))}, "come together"),
        ({"transitions": (*WHOLE, Transition("go", Mode.OFF, Mode.RUN, None, "no"))}, "come together"),
        ({"transitions": (*WHOLE, Transition("go", Other.OFF, Mode.RUN))}, "none of its modes"),
        ({"transitions": (*WHOLE, Transition("go", Mode.OFF, Other.OFF))}, "none of its modes"),
        ({"transitions": (*WHOLE, Transition("go", (), Mode.OFF))}, "go has no source"),
        ({"transitions": (*WHOLE, Transition("go now", Mode.OFF, Mode.RUN))}, "'go now' cannot be a trigger"),
        ({"transitions": (*WHOLE, Transition("callback_failed", Mode.OFF, Mode.RUN))}, "cannot be a trigger"),
        ({"initial": Other.OFF}, "initial mode .* is none of its modes"),
        ({"safe": 0}, "safe mode 0 is none of its modes"),
        ({"fault": None}, "fault mode None is none of its modes"),
        ({"modes": Twice}, "two modes of Twice have the same value"),
    ],
)
def test_a_table_with_a_fault_is_refused(changed: dict[str, Any], problem: str) -> None:
    """The class cannot even be made; the error names the machine and what is wrong."""
    declared = {
        "modes": Mode,
        "initial": Mode.OFF,
        "safe": Mode.OFF,
        "fault": Mode.FAULT,
        "transitions": WHOLE,
        "constant": 5,
        "agrees": lambda _, __: True,
    }
    type("Sound", (ModeMachine,), dict(declared))
    with pytest.raises(ModeError, match=f"Broken: .*{problem}"):
        type("Broken", (ModeMachine,), declared | changed)


@pytest.mark.parametrize("missing", ["modes", "initial", "safe", "fault", "transitions"])
def test_an_incomplete_table_is_refused(missing: str) -> None:
    """Each part of the declaration is asked for by name."""
    declared = {
        "modes": Mode,
        "initial": Mode.OFF,
        "safe": Mode.OFF,
        "fault": Mode.FAULT,
        "transitions": WHOLE,
    }
    del declared[missing]
    with pytest.raises(ModeError, match=f"Incomplete: declares no {missing}"):
        type("Incomplete", (ModeMachine,), declared)


def test_an_unguarded_last_choice_is_allowed() -> None:
    """A guard that refuses can leave the way to a transition that needs none."""

    class Choosy(ModeMachine[Mode]):
        modes = Mode
        initial, safe, fault = Mode.OFF, Mode.OFF, Mode.FAULT
        transitions = (
            Transition("start", Mode.OFF, Mode.RUN, "agrees", "no"),
            Transition("start", Mode.OFF, Mode.WARM),
            STOP,
            COOL,
            RECOVER,
        )

        def agrees(self, conditions: bool) -> bool:  # noqa: FBT001 - the condition itself
            return conditions

    assert Choosy().trigger("start", 0, conditions=False) == Changed("start", Mode.OFF, Mode.WARM, 0)
    assert Choosy().trigger("start", 0, conditions=True) == Changed("start", Mode.OFF, Mode.RUN, 0)


class MachineRules(RuleBasedStateMachine):
    """Whatever is asked for, the machine is in a declared mode, and what it answers is what it did."""

    possible: ClassVar[list[tuple[Mode, Mode]]] = [
        (source, transition.destination) for transition in Payload.transitions for source in transition.sources
    ]

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[Changed | Faulted] = []
        self.machine = Payload(on_transition=self.heard.append)
        self.now = 0

    @rule(
        trigger=st.sampled_from(["start", "restart", "stop", "recover"]),
        power_w=st.sampled_from([1.0, 20.0, 70.0]),
        broken=st.booleans(),
    )
    def ask(self, trigger: str, power_w: float, broken: bool) -> None:  # noqa: FBT001 - called by hypothesis
        """Somebody asks for a transition."""
        self.now += 1
        before, heard = msgspec.structs.astuple(self.machine.state), len(self.heard)
        outcome: Outcome = self.machine.trigger(trigger, self.now, Conditions(power_w, broken))
        if isinstance(outcome, Refused):
            assert msgspec.structs.astuple(self.machine.state) == before
            assert len(self.heard) == heard
            return
        assert self.heard[heard:] == [outcome]
        assert outcome.source == before[0]
        assert outcome.destination is self.machine.mode
        assert self.machine.state.entered_at_ns == self.now
        if isinstance(outcome, Changed):
            assert (outcome.source, outcome.destination) in self.possible
        else:
            assert outcome.destination is Mode.FAULT

    @invariant()
    def counts_what_was_published(self) -> None:
        """Every change was published once."""
        assert self.machine.state.transitions == len(self.heard)


TestMachineRules = MachineRules.TestCase
TestMachineRules.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
