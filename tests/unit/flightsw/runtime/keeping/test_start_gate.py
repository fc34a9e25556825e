from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from flightsw.mission_file import AppEntry
from flightsw.mission_life import WithoutNeeds
from flightsw.runtime.keeping.boot import Boot
from flightsw.runtime.keeping.start_gate import BootState, StartGate
from flightsw.runtime.supervision import NeedMissing

SECOND = 1_000_000_000


def entry(*needs: str, core: bool = False, within_s: int = 10, stays_out: bool = False) -> AppEntry:
    """An app with needs."""
    return AppEntry(
        "flightsw.core.x" if core else "apps.x",
        0x20,
        needs=needs,
        needs_within_s=within_s,
        without_needs=WithoutNeeds.STAY_OUT if stays_out else WithoutNeeds.START,
    )


@st.composite
def missions(draw: st.DrawFn) -> dict[str, AppEntry]:
    """Apps that need only earlier ones, in a drawn order."""
    names = [f"app{number}" for number in range(draw(st.integers(1, 8)))]
    apps = {}
    for index, name in enumerate(names):
        needs = draw(st.lists(st.sampled_from(names[:index]), unique=True)) if index else []
        core = draw(st.booleans()) and all(apps[need].package.startswith("flightsw.core.") for need in needs)
        apps[name] = entry(*needs, core=core, within_s=draw(st.integers(1, 20)))
    return {name: apps[name] for name in draw(st.permutations(names))}


@given(missions())
def test_every_app_starts_behind_what_it_needs(apps: dict[str, AppEntry]) -> None:
    """When all come up at once, all start in one instant, nobody before its needs or before the framework's apps."""
    gate, started = StartGate(apps), []
    for app in apps:
        gate.wait(app, 0)
    while admissions := gate.admit(0):
        for admission in admissions:
            assert admission.starts
            assert admission.missing == ()
            assert set(gate.needs(admission.app)) <= set(started)
            started.append(admission.app)
            gate.up(admission.app)
    assert sorted(started) == sorted(apps)
    assert gate.boot_state() is BootState.OPERATIONAL


@given(missions(), st.data())
def test_no_app_waits_for_ever(apps: dict[str, AppEntry], data: st.DataObject) -> None:
    """Whichever apps never come up, each other one is admitted by its deadline, and told what is missing."""
    dead = data.draw(st.lists(st.sampled_from(sorted(apps)), unique=True))
    gate, up = StartGate(apps), set()
    for app in apps:
        if app not in dead:
            gate.wait(app, 0)
    for second in range(200):
        for admission in gate.admit(second * SECOND):
            assert set(admission.missing) == set(gate.needs(admission.app)) - up
            assert second >= apps[admission.app].needs_within_s or not admission.missing
            gate.up(admission.app)
            up.add(admission.app)
    assert up == set(apps) - set(dead)
    assert gate.next_deadline_ns() is None


def test_nobody_waits_for_what_will_not_come() -> None:
    """As soon as a need is out, the app starts without it, or stays out if it was declared so."""
    gate = StartGate({"a": entry(), "b": entry("a"), "c": entry("a", stays_out=True)})
    for app in "abc":
        gate.wait(app, 0)
    gate.admit(0)
    assert gate.busy
    gate.out("a")
    found = {admission.app: (admission.starts, admission.missing) for admission in gate.admit(1)}
    assert found == {"b": (True, ("a",)), "c": (False, ("a",))}


def test_an_app_that_has_been_up_is_not_waited_for_again() -> None:
    """A restart waits for nobody that has come up since the boot, even if that is down just now."""
    gate = StartGate({"a": entry(), "b": entry("a")})
    for app in "ab":
        gate.wait(app, 0)
        gate.up(app)
    gate.wait("a", 5)
    gate.wait("b", 5)
    assert [admission.app for admission in gate.admit(5)] == ["a", "b"]


def test_boot_states_are_told_once_and_in_order() -> None:
    """From EARLY_INIT to OPERATIONAL none is left out, and a later restart takes none back."""
    boot = Boot({"exec": entry(core=True), "a": entry("exec")})
    told = [each.state for each in boot.reached(0)]
    boot.gate.wait("exec", 0)
    boot.gate.wait("a", 0)
    told += [each.state for each in boot.reached(1)]
    boot.gate.admit(1)
    boot.gate.up("exec")
    told += [each.state for each in boot.reached(2)]
    boot.gate.admit(2)
    told += [each.state for each in boot.reached(3)]
    boot.gate.up("a")
    told += [each.state for each in boot.reached(4)]
    assert told == list(BootState)
    boot.gate.wait("a", 9)
    assert boot.reached(9) == []
    assert boot.state is BootState.OPERATIONAL


def test_what_is_missing_is_named() -> None:
    """Notices and reasons say which app waits for which."""
    boot = Boot({"a": entry(), "b": entry("a", within_s=1, stays_out=True)})
    boot.gate.wait("b", 0)
    assert boot.waits_for("b") == "waits for a"
    (admission,) = boot.gate.admit(SECOND)
    assert boot.missed(admission) == [NeedMissing("b", "a", started=False)]
    assert boot.stays_out(admission) == "stays out, as a did not come up in time"
