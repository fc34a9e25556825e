"""What only processes can suffer: hanging, dying again and again, losing their parent."""

from __future__ import annotations

import json
import os
import select
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flight.harness import ProcessVehicle, SmallFlight
from flight.sink.messages import Add, AskStatus, Hang, Labour, Remember, SinkStatus, Task
from flight.source.messages import Relay, Storm

from flightsw.bus.addresses import LONGEST_IPC_PATH, AddressError
from flightsw.clock import HostClock
from flightsw.core.executive.messages import (
    AppReport,
    AppRestarted,
    DumpResetLog,
    QueryApp,
    ResetLogReport,
    RestartApp,
    RestartsExhausted,
    StartApp,
    StopApp,
)
from flightsw.messages.life import AppHousekeeping, Noop
from flightsw.messages.tracing import DumpTrace, TraceHandlers
from flightsw.runtime.keeping.reset_record import ResetKind, ResetSubtype
from flightsw.runtime.keeping.status_page import read_page
from flightsw.runtime.run_folder import RunFolderError, status_page
from flightsw.runtime.supervisor import Supervisor
from tlm_cmd.packets.verification import FailureCode, Stage

PATIENCE_MS = 20_000


@pytest.fixture
def fly(mission_file: Path, folder: Path) -> Iterator[Callable[..., SmallFlight]]:
    """Start the small flight in processes with limits of the test's own; it is ended, and settled, behind the test."""
    flights: list[SmallFlight] = []

    def start(*, hang_after_s: float = 10.0, max_restarts: int = 100) -> SmallFlight:
        text = mission_file.read_text().replace("hang_after_s = 10.0", f"hang_after_s = {hang_after_s}")
        mission_file.write_text(text.replace("max_restarts = 100", f"max_restarts = {max_restarts}"))
        vehicle = ProcessVehicle(mission_file, folder)
        flights.append(SmallFlight(vehicle, mission_file, folder))
        return flights[-1]

    try:
        yield start
        for flight in flights:
            flight.settle()
    finally:
        for flight in flights:
            flight.vehicle.close()


def supervisor_of(flight: SmallFlight) -> Supervisor:
    """The supervisor of a flight in processes."""
    assert isinstance(flight.vehicle, ProcessVehicle)
    return flight.vehicle.supervisor


def ended(pidfds: list[int]) -> bool:
    """Whether all these processes end within a bounded time."""
    for pidfd in pidfds:
        poller = select.poll()
        poller.register(pidfd, select.POLLIN)
        if not poller.poll(PATIENCE_MS):
            return False
        os.close(pidfd)
    return True


def open_files(pid: int) -> int:
    """How many file descriptors a process has."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def all_running(flight: SmallFlight) -> bool:
    """Whether the apps of all processes run."""
    return supervisor_of(flight).operational and flight.vehicle.account().apps == 4


def await_epoch(flight: SmallFlight, epoch: int) -> None:
    """Wait until an incarnation of the sink runs."""
    flight.until(lambda: supervisor_of(flight).epochs["sink"] == epoch and all_running(flight), "the restart")


def test_an_app_that_hangs_is_ended_and_restarted(fly: Callable[..., SmallFlight]) -> None:
    """A handler that never returns stops the heartbeat; its process is ended, and starts from its checkpoint."""
    flight = fly(hang_after_s=1.0)
    flight.command("sink", Remember(3))
    hang = flight.send("sink", Hang())
    verdict = flight.verdict(hang)
    assert (verdict.stage, verdict.code) == (Stage.FAILED, FailureCode.HANDLER_FAILED)
    assert verdict.reason == "the app's process ended while it was executed"
    flight.until(lambda: bool(flight.messages(AppRestarted)), "the restart")
    assert flight.messages(AppRestarted)[0] == AppRestarted("sink", "no heartbeat, while sink ran Hang")
    assert flight.ask("sink", AskStatus(), SinkStatus).value == 3


def test_a_stopped_process_is_ended_and_restarted(fly: Callable[..., SmallFlight]) -> None:
    """SIGSTOP while no handler runs: there is no heartbeat, and nobody's handler is to blame."""
    flight = fly(hang_after_s=1.0)
    flight.until(lambda: all_running(flight), "a running flight")
    os.kill(supervisor_of(flight).pids["alpha"], signal.SIGSTOP)
    flight.until(lambda: bool(flight.messages(AppRestarted)), "the restart")
    assert flight.messages(AppRestarted) == [AppRestarted("source", "no heartbeat")]
    flight.until(lambda: all_running(flight), "the source")


def test_whose_handler_killed_the_process_is_found_out(fly: Callable[..., SmallFlight], folder: Path) -> None:
    """The status page names app and handler; the event and the log say so, and only that app's restarts are counted."""
    mission_file = folder / "mission.toml"
    mission_file.write_text(mission_file.read_text().replace('process = "sink"', 'process = "alpha"'))
    flight = fly()
    flight.until(lambda: all_running(flight), "a running flight")
    hang = flight.send("sink", Hang())
    page = status_page(folder / "run", "alpha")
    flight.until(lambda: read_page(page) == ("sink", "Hang"), "the handler")
    flight.vehicle.crash("sink")
    assert flight.verdict(hang).reason == "the app's process ended while it was executed"
    flight.until(lambda: len(flight.messages(AppRestarted)) == 2, "the restarts")
    cause = "process ended, SIGKILL, while sink ran Hang"
    assert sorted(flight.messages(AppRestarted), key=lambda event: event.app) == [
        AppRestarted("sink", cause),
        AppRestarted("source", cause),
    ]
    assert flight.ask("executive", QueryApp("sink"), AppReport).failures == 1
    assert flight.ask("executive", QueryApp("source"), AppReport).failures == 0
    (entry,) = [each for each in flight.ask("executive", DumpResetLog(), ResetLogReport).log if each.app]
    assert (entry.kind, entry.app, entry.reason) == (ResetKind.APP, "sink", cause)


def test_a_stopped_app_stays_stopped_when_its_process_dies(fly: Callable[..., SmallFlight], folder: Path) -> None:
    """Its neighbours come back, and its commands are still rejected with the reason."""
    mission_file = folder / "mission.toml"
    mission_file.write_text(mission_file.read_text().replace('process = "sink"', 'process = "alpha"'))
    flight = fly()
    flight.until(lambda: all_running(flight), "a running flight")
    assert flight.command("executive", StopApp("sink")).stage is Stage.COMPLETED
    flight.vehicle.crash("source")
    flight.await_start("source", 2)
    assert flight.command("sink", Noop()).reason == "sink is stopped by command"
    flight.vehicle.crash("source")
    flight.await_start("source", 3)
    assert flight.command("executive", StartApp("sink")).stage is Stage.COMPLETED
    assert flight.command("sink", Noop()).stage is Stage.COMPLETED


def test_a_process_of_which_all_apps_are_stopped_answers_for_them(fly: Callable[..., SmallFlight]) -> None:
    """Even when it dies in between."""
    flight = fly()
    flight.until(lambda: all_running(flight), "a running flight")
    assert flight.command("executive", StopApp("sink")).stage is Stage.COMPLETED
    flight.vehicle.crash("sink")
    flight.until(lambda: supervisor_of(flight).epochs["sink"] == 2 and supervisor_of(flight).settled, "the process")
    assert flight.command("sink", Noop()).reason == "sink is stopped by command"
    assert flight.command("executive", StartApp("sink")).stage is Stage.COMPLETED


def test_a_supervisor_that_was_killed_comes_back_with_what_is_stored(mission_file: Path, folder: Path) -> None:
    """The next one finds memory and log, and knows that the last one had not ended in good order."""
    first = ProcessVehicle(mission_file, folder)
    flight = SmallFlight(first, mission_file, folder)
    flight.command("sink", Remember(8))
    for child in first.supervisor.fleet:  # as at the death of the process
        first.supervisor.fleet.bury(child)
    first.supervisor.fleet.close()
    assert first.supervisor._lock is not None
    first.supervisor._lock.close()
    second = ProcessVehicle(mission_file, folder)
    flight.vehicle = second
    try:
        flight.until(lambda: all_running(flight), "the flight")
        assert flight.ask("sink", AskStatus(), SinkStatus).value == 8
        log = flight.ask("executive", DumpResetLog(), ResetLogReport).log
        assert [(each.kind, each.subtype) for each in log] == [
            (ResetKind.POWER_ON, ResetSubtype.POWER_CYCLE),
            (ResetKind.PROCESSOR, ResetSubtype.EXCEPTION),
        ]
    finally:
        second.close()


def test_a_trace_is_written_for_a_viewer(fly: Callable[..., SmallFlight], folder: Path) -> None:
    """DUMP_TRACE leaves a file in the run folder that holds the runs of the app's handlers."""
    flight = fly()
    flight.command("sink", TraceHandlers(enabled=True))
    flight.command("sink", Remember(3))
    assert flight.command("sink", DumpTrace()).stage is Stage.COMPLETED
    document = json.loads((folder / "run" / "traces" / "sink.trace.json").read_bytes())
    spans = [event for event in document["traceEvents"] if event["ph"] == "X"]
    assert any(span["name"] == "Remember" and span["args"]["value"] == 3 for span in spans)


def test_a_process_that_dies_before_it_is_prepared_is_given_up(fly: Callable[..., SmallFlight], folder: Path) -> None:
    """The others start without it, its commands are rejected, and a restart by command gives it another chance."""
    table = folder / "tables" / "sink" / "rule.toml"
    good = table.read_text()
    table.write_text("factor = 1")
    flight = fly(max_restarts=2)
    flight.until(lambda: supervisor_of(flight).given_up == ("sink",), "the end of patience")
    assert supervisor_of(flight).epochs["sink"] == 3
    flight.until(lambda: bool(flight.messages(RestartsExhausted)), "the event")
    assert flight.messages(RestartsExhausted) == [RestartsExhausted("sink")]
    flight.until(lambda: flight.vehicle.account().apps == 3, "the others")
    assert not supervisor_of(flight).operational
    verdict = flight.command("sink", Noop())
    assert (verdict.stage, verdict.code) == (Stage.REJECTED, FailureCode.APP_UNAVAILABLE)
    table.write_text(good)
    assert flight.command("executive", RestartApp("sink")).stage is Stage.COMPLETED
    flight.until(lambda: all_running(flight), "the sink")
    assert flight.command("sink", Noop()).stage is Stage.COMPLETED


def test_no_command_is_lost_or_run_twice(fly: Callable[..., SmallFlight]) -> None:
    """Commands under way when their receiver is killed are executed by its successor, each once, and all answered."""
    flight = fly()
    requests = []
    for epoch in range(2, 12):
        requests += [flight.send("sink", Add(1)) for _ in range(5)]
        flight.vehicle.step()
        flight.vehicle.crash("sink")
        requests += [flight.send("sink", Add(1)) for _ in range(5)]
        await_epoch(flight, epoch)
    flight.until(lambda: all(flight.answers(request) for request in requests), "every verdict")
    verdicts = [flight.answers(request)[-1] for request in requests]
    done = [verdict for verdict in verdicts if verdict.stage is Stage.COMPLETED]
    assert {verdict.code for verdict in verdicts if verdict not in done} <= {
        FailureCode.APP_UNAVAILABLE,  # nobody listened when it was sent
        FailureCode.HANDLER_FAILED,  # the kill met its handler
    }
    value = flight.ask("sink", AskStatus(), SinkStatus).value
    died = sum(verdict.code is FailureCode.HANDLER_FAILED for verdict in verdicts)
    assert len(done) <= value <= len(done) + died


def test_a_command_to_an_app_that_is_dead_is_rejected(fly: Callable[..., SmallFlight]) -> None:
    """Between the death of a process and its restart a command from another process is answered at once."""
    flight = fly(max_restarts=0)
    flight.until(lambda: all_running(flight), "a running flight")
    flight.vehicle.crash("sink")
    flight.until(lambda: supervisor_of(flight).given_up == ("sink",), "the death")
    flight.command("source", Relay(1))
    source = flight.dictionary.apid_of("source")
    flight.until(lambda: bool(flight.sent_by(source)), "the answer")
    assert [report.code for report in flight.sent_by(source)] == [FailureCode.APP_UNAVAILABLE]


def test_fifty_restarts_leak_no_file_descriptor(fly: Callable[..., SmallFlight]) -> None:
    """Neither the supervisor nor the other processes hold on to what belonged to the dead."""
    flight = fly()
    flight.until(lambda: all_running(flight), "a running flight")
    flight.vehicle.crash("sink")
    await_epoch(flight, 2)
    core = supervisor_of(flight).pids["core"]
    before = [open_files(pid) for pid in (os.getpid(), core)]
    for epoch in range(3, 53):
        flight.vehicle.crash("sink")
        await_epoch(flight, epoch)
    flight.command("sink", Noop())  # core has met the newest incarnation
    after = [open_files(pid) for pid in (os.getpid(), core)]
    assert after[0] == before[0]
    assert after[1] <= before[1] + 2  # a dead peer's connection is taken down a moment later
    assert flight.vehicle.account().restarts == 51


def test_a_terminated_process_stores_its_memory(fly: Callable[..., SmallFlight]) -> None:
    """SIGTERM ends a process in good order; it is restarted as any other."""
    flight = fly()
    flight.until(lambda: all_running(flight), "a running flight")
    os.kill(supervisor_of(flight).pids["sink"], signal.SIGTERM)
    flight.await_start("sink", 2)
    flight.until(lambda: bool(flight.messages(AppRestarted)), "the event")
    assert flight.messages(AppRestarted) == [AppRestarted("sink", "process ended, status 0")]


def test_a_hung_worker_ends_with_its_flight_process(fly: Callable[..., SmallFlight]) -> None:
    """No worker outlives the process that started it, not even one that never reads its input again."""
    flight = fly()
    flight.command("sink", Labour(Task.SULK, 1))
    sink = supervisor_of(flight).pids["sink"]
    children = Path(f"/proc/{sink}/task/{sink}/children")
    flight.until(lambda: bool(children.read_text().split()), "the worker")
    worker = os.pidfd_open(int(children.read_text().split()[0]))
    flight.vehicle.crash("sink")
    assert ended([worker])


def test_processes_end_with_their_supervisor(mission_file: Path, folder: Path) -> None:
    """When the supervisor is terminated, or killed, every process of the flight ends by itself."""
    ready, pids_end = os.pipe()
    keeper = os.fork()
    if keeper == 0:
        try:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            vehicle = ProcessVehicle(mission_file, folder)
            while not vehicle.supervisor.operational:
                vehicle.step()
            os.write(pids_end, " ".join(str(pid) for pid in vehicle.supervisor.pids.values()).encode())
            while True:
                vehicle.step()
        finally:
            os._exit(1)
    os.close(pids_end)
    pidfds = [os.pidfd_open(int(pid)) for pid in os.read(ready, 1000).split()]
    os.close(ready)
    assert len(pidfds) == 3
    os.kill(keeper, signal.SIGTERM)
    assert os.WTERMSIG(os.waitpid(keeper, 0)[1]) == signal.SIGTERM
    assert ended(pidfds)


def test_a_run_folder_is_for_one_flight(fly: Callable[..., SmallFlight], mission_file: Path, folder: Path) -> None:
    """A second flight in the same folder is refused, and the first goes on."""
    flight = fly()
    second = Supervisor(mission_file, folder / "run", "", HostClock.starting_now())
    with pytest.raises(RunFolderError, match="another flight uses the run folder"):
        second.start()
    second.stop()
    assert flight.command("sink", Noop()).stage is Stage.COMPLETED


def test_a_run_folder_must_be_short_enough_for_sockets(mission_file: Path, folder: Path) -> None:
    """The error says how long the path is, and how long it may be; nothing is started."""
    run_folder = folder / ("x" * 100)
    supervisor = Supervisor(mission_file, run_folder, "", HostClock.starting_now())
    with pytest.raises(AddressError, match=f"octets, at most {LONGEST_IPC_PATH} are allowed; choose a shorter"):
        supervisor.start()
    assert not run_folder.exists()
    supervisor.stop()
    assert set(supervisor.pids.values()) == {0}


def test_a_burst_does_not_hold_up_activities(fly: Callable[..., SmallFlight]) -> None:
    """While thousands of commands are worked off, activities of the same process go on in their slots, each once."""
    flight = fly()
    flight.until(lambda: all_running(flight), "a running flight")
    flight.send("source", Storm(1500))
    source = flight.dictionary.apid_of("source")
    before = len(flight.messages(AppHousekeeping, "sink"))
    flight.until(lambda: len(flight.verdicts_for(source)) >= 1500, "every verdict", patience=10)
    reports = flight.messages(AppHousekeeping, "sink")[before:]
    assert any(0 < report.accepted < 1500 for report in reports)
    assert [report.activities for report in reports] == sorted(report.activities for report in reports)
