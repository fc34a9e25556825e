from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from flightsw.hal.errors import MemoryFullError
from flightsw.hal.sim import MemoryNvm
from flightsw.mission_file import AppEntry
from flightsw.mission_life import ExecutiveEntry
from flightsw.runtime.keeping.keeper import Keeper
from flightsw.runtime.keeping.policy import Response
from flightsw.runtime.keeping.reset_record import (
    MAX_LOG_ENTRIES,
    RECORD_ENTRY,
    ResetKind,
    ResetSubtype,
    load_record,
)
from flightsw.services.store import Store

SECOND = 1_000_000_000
APPS = {
    "calm": AppEntry("a", 0x20, critical=True, max_restarts=1),
    "camera": AppEntry("b", 0x30, max_restarts=1),
}


def keeper(store: Store, most: int = 2, window_s: int = 100) -> Keeper:
    """A keeper of two apps."""
    limits = ExecutiveEntry(max_processor_resets=most, processor_reset_window_s=window_s)
    return Keeper(APPS, limits, store)


def test_the_first_start_is_a_power_on() -> None:
    """The next one is an exception when the flight software had not been ended in good order, and else is not."""
    store = Store(MemoryNvm())
    first = keeper(store)
    first.booted(ResetSubtype.POWER_CYCLE, "", 5)
    assert [(entry.kind, entry.subtype, entry.at_ns) for entry in first.record.log] == [
        (ResetKind.POWER_ON, ResetSubtype.POWER_CYCLE, 5)
    ]
    second = keeper(store)
    second.booted(ResetSubtype.POWER_CYCLE, "", 9)
    assert second.record.log[-1].subtype is ResetSubtype.EXCEPTION
    assert (second.record.boots, len(second.record.resets_ns)) == (2, 1)
    second.ended()
    third = keeper(store)
    third.booted(ResetSubtype.POWER_CYCLE, "", 12)
    assert (third.record.log[-1].kind, third.record.log[-1].subtype) == (ResetKind.PROCESSOR, ResetSubtype.POWER_CYCLE)
    assert len(third.record.resets_ns) == 1


def test_what_the_hardware_says_is_believed() -> None:
    """A bite of the watchdog is logged as one, with its reason, and counts."""
    store = Store(MemoryNvm())
    keeper(store).booted(ResetSubtype.POWER_CYCLE, "", 0)
    bitten = keeper(store)
    bitten.booted(ResetSubtype.WATCHDOG, "bitten", 1)
    assert (bitten.record.log[-1].subtype, bitten.record.log[-1].reason) == (ResetSubtype.WATCHDOG, "bitten")
    assert len(bitten.record.resets_ns) == 1


def test_a_critical_app_escalates_to_resets_then_to_safe_mode_then_is_given_up() -> None:
    """Two resets within the window are allowed, the third brings safe mode, and then there are no more of them."""
    found = keeper(Store(MemoryNvm()))
    found.booted(ResetSubtype.POWER_CYCLE, "", 0)
    for reset in range(3):
        assert not found.record.safe_mode
        assert found.failed(("calm",), "x", reset, reset).response is Response.RESTART_APP
        decision = found.failed(("calm",), "x", reset, reset)
        assert decision.response is Response.PROCESSOR_RESET
        found.reset(ResetSubtype.ESCALATION, "calm", "x", reset)
    assert found.record.safe_mode
    found.failed(("calm",), "x", 5, 5)
    decision = found.failed(("calm",), "x", 5, 5)
    assert (decision.response, decision.given_up) == (Response.GIVE_UP, ("calm",))
    found.forget_resets()
    assert (found.record.safe_mode, found.record.resets_ns) == (False, [])


def test_a_reset_by_command_does_not_count() -> None:
    """Nor does one behind a quiet window."""
    found = keeper(Store(MemoryNvm()), most=1)
    found.booted(ResetSubtype.POWER_CYCLE, "", 0)
    for _ in range(5):
        found.reset(ResetSubtype.COMMAND, "", "by command", 0)
    assert found.record.resets_ns == []
    for at_s in (0, 100, 200, 300):
        found.reset(ResetSubtype.WATCHDOG, "", "", at_s * SECOND)
    assert not found.record.safe_mode
    found.reset(ResetSubtype.WATCHDOG, "", "", 399 * SECOND)
    assert found.record.safe_mode


@given(st.lists(st.tuples(st.sampled_from(ResetSubtype), st.integers(0, 200)), max_size=60), st.integers(0, 3))
def test_safe_mode_is_asked_for_exactly_when_a_window_holds_too_many(
    resets: list[tuple[ResetSubtype, int]], most: int
) -> None:
    """Whatever resets come: the third in a window of two allowed ones asks for it, and nothing less does."""
    found = keeper(Store(MemoryNvm()), most=most)
    found.booted(ResetSubtype.POWER_CYCLE, "", 0)
    now_s, unasked, expected = 0, [], False
    for subtype, gap_s in resets:
        now_s += gap_s
        found.reset(subtype, "", "", now_s * SECOND)
        if subtype in {ResetSubtype.WATCHDOG, ResetSubtype.EXCEPTION, ResetSubtype.ESCALATION}:
            unasked.append(now_s)
            expected = expected or sum(now_s - at < 100 for at in unasked) > most
        assert found.record.safe_mode == expected
        assert len(found.record.resets_ns) <= most + 1
    assert found.record.boots == len(resets) + 1


def test_the_log_is_bounded_and_survives() -> None:
    """The oldest entries are overwritten, and counted; another keeper on the same store finds the others."""
    store = Store(MemoryNvm())
    found = keeper(store)
    found.booted(ResetSubtype.POWER_CYCLE, "", 0)
    for number in range(MAX_LOG_ENTRIES + 3):
        found.failed(("camera",), f"failure {number} " + "ü" * 200, number * 1000 * SECOND, number)
    assert len(load_record(store).log) == 1
    found.save_notes()
    record = load_record(store)
    assert (len(record.log), record.overwritten) == (MAX_LOG_ENTRIES, 4)
    assert record.log[0].reason.startswith("failure 3 ")
    assert all(len(entry.reason.encode()) <= 120 for entry in record.log)
    found.clear_log()
    assert (load_record(store).log, load_record(store).overwritten) == ([], 0)


def test_a_power_on_reset_forgets_all_but_itself() -> None:
    """The log begins with it, and resets are counted anew."""
    found = keeper(Store(MemoryNvm()))
    found.booted(ResetSubtype.POWER_CYCLE, "", 0)
    found.reset(ResetSubtype.WATCHDOG, "", "", 1)
    found.power_on_reset("by command", 2)
    assert [(entry.kind, entry.subtype) for entry in found.record.log] == [(ResetKind.POWER_ON, ResetSubtype.COMMAND)]
    assert (found.record.boots, found.record.resets_ns) == (1, [])


def test_failures_of_several_at_once_take_the_severest_response() -> None:
    """When nobody knows whose fault it was, each is counted; the log then names none."""
    found = keeper(Store(MemoryNvm()))
    found.booted(ResetSubtype.POWER_CYCLE, "", 0)
    assert found.failed(("calm", "camera"), "died", 0, 0).response is Response.RESTART_APP
    decision = found.failed(("calm", "camera"), "died", 0, 0)
    assert (decision.response, decision.given_up) == (Response.PROCESSOR_RESET, ("camera",))
    assert found.record.log[-1].app == ""
    assert found.recent_failures("calm", 0) == 2
    found.forgive("calm")
    assert found.recent_failures("calm", 0) == 0


class FullMemory(MemoryNvm):
    """Takes nothing."""

    def write(self, name: str, data: bytes) -> None:
        """Refuse."""
        raise MemoryFullError(name, len(data), 0)


def test_a_store_that_takes_nothing_does_not_end_the_flight() -> None:
    """The record goes on in memory, and what could not be stored is counted."""
    found = keeper(Store(FullMemory()))
    found.booted(ResetSubtype.POWER_CYCLE, "", 0)
    assert (found.unsaved, found.record.boots) == (1, 1)


def test_a_record_that_cannot_be_read_begins_anew() -> None:
    """As with a new store."""
    store = Store(MemoryNvm())
    store.save(RECORD_ENTRY, msgspec.msgpack.encode("nonsense"))
    assert load_record(store).boots == 0
