"""Commands that wait for an app when it is replaced, stopped or reset get their verdict from whoever comes next."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flight.harness import LockstepVehicle, SmallFlight
from flight.sink.messages import Add, AskStatus, SinkStatus

from flightsw.runtime.keeping.reset_record import ResetSubtype
from flightsw.runtime.lockstep import LockstepRuntime
from tlm_cmd.packets.verification import RequestId, Stage, VerificationReport

WAITING = 100
"""More than the sink's inbox holds."""


@pytest.fixture
def flight(mission_file: Path, folder: Path) -> Iterator[SmallFlight]:
    """The small flight in lock-step, where a test can act between two messages."""
    flight = SmallFlight(LockstepVehicle(mission_file, folder), mission_file, folder)
    flight.until(lambda: flight.vehicle.account().apps == 4, "a running flight")
    yield flight
    flight.settle()


def runtime_of(flight: SmallFlight) -> LockstepRuntime:
    """Its runtime."""
    assert isinstance(flight.vehicle, LockstepVehicle)
    return flight.vehicle.runtime


def let_wait(flight: SmallFlight) -> list[RequestId]:
    """Put commands on the bus that nobody hands out yet."""
    source = runtime_of(flight).host.containers["source"]
    return [source.request("sink", Add(1)).request for _ in range(WAITING)]


def verdicts(flight: SmallFlight, requests: list[RequestId]) -> list[VerificationReport]:
    """One for each."""
    flight.until(lambda: all(flight.answers(request) for request in requests), "all verdicts")
    return [flight.verdict(request) for request in requests]


def test_a_restarted_app_executes_them(flight: SmallFlight) -> None:
    """All of them, in order, once."""
    requests = let_wait(flight)
    runtime_of(flight).restart("sink", "test")
    assert {verdict.stage for verdict in verdicts(flight, requests)} == {Stage.COMPLETED}
    assert flight.ask("sink", AskStatus(), SinkStatus).value == WAITING


def test_the_stand_in_of_a_stopped_app_rejects_them(flight: SmallFlight) -> None:
    """Each with the reason; and those that wait for the stand-in itself go to the app that comes back."""
    host = runtime_of(flight).host
    requests = let_wait(flight)
    host.lives.stop("sink")
    assert {(each.stage, each.reason) for each in verdicts(flight, requests)} == {
        (Stage.REJECTED, "sink is stopped by command")
    }
    requests = let_wait(flight)
    runtime_of(flight).restart("sink", "test")
    assert {verdict.stage for verdict in verdicts(flight, requests)} == {Stage.COMPLETED}


def test_a_processor_reset_keeps_them(flight: SmallFlight) -> None:
    """As their senders have them in processes; a power-on reset forgets them, with everything else."""
    requests = let_wait(flight)
    runtime_of(flight).supervision.reset(ResetSubtype.COMMAND, "", "test")
    assert {verdict.stage for verdict in verdicts(flight, requests)} == {Stage.COMPLETED}
    let_wait(flight)
    runtime_of(flight).power_on_reset("test")
    assert flight.ask("sink", AskStatus(), SinkStatus).value == 0
