"""The small flight on either runtime, seen and commanded through its gate."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

import pytest

from flightsw.clock import HostClock
from flightsw.hal.ports import NonVolatileMemory
from flightsw.hal.sim import MemoryNvm
from flightsw.messages.life import AppStarted
from flightsw.mission import Mission
from flightsw.runtime.device_ports import SimPorts
from flightsw.runtime.lockstep import LockstepRuntime
from flightsw.runtime.run_folder import table_memory
from flightsw.runtime.supervision import Notice, VehicleAccount
from flightsw.runtime.supervisor import Supervisor
from flightsw.services.store import Store
from tlm_cmd.definition.message import Command, Event, Record, Telemetry
from tlm_cmd.packets.cfs_header import build_command, parse_telemetry
from tlm_cmd.packets.spacepacket import PRIMARY_HEADER_OCTETS, declared_packet_octets
from tlm_cmd.packets.verification import GROUND, RequestId, VerificationReport

Message = TypeVar("Message", bound=Record)

MISSION = """
name = "proof"
version = "1.0"

[time]
epoch_utc = "2026-01-01T00:00:00Z"
minor_frame_ms = 100
housekeeping_s = 2

[links.s_band]
spacecraft_id = 1

[executive]
hang_after_s = 10.0

[apps.executive]
package = "flightsw.core.executive"
apid = 0x010

[apps.gate]
package = "flight.gate"
apid = 0x020
inboxes = { telemetry = 2048 }

[apps.source]
package = "flight.source"
apid = 0x030
process = "alpha"

[apps.sink]
package = "flight.sink"
apid = 0x040
process = "sink"
max_restarts = 100

[apps.sink.settings]
step = 2
"""
HERALDS = tuple(f"herald{number}" for number in range(8))
CROWDED_MISSION = MISSION + "".join(
    f"""
[apps.{herald}]
package = "flight.herald"
apid = {0x100 + 16 * number}
process = "heralds{number % 3}"
"""
    for number, herald in enumerate(HERALDS)
)
STEP_NS = 100_000_000
PATIENCE_STEPS = 2000
SPEED = 10.0


def lay_out(folder: Path) -> Path:
    """Write the small flight's mission, tables and mailbox into a folder; returns the mission file."""
    for table, content in {
        "gate/mailbox": f'folder = "{folder}"\n',
        "sink/rule": "factor = 1\nwatch_ticks = false\n",
    }.items():
        file = folder / "tables" / f"{table}.toml"
        file.parent.mkdir(parents=True)
        file.write_text(content)
    (folder / "up").touch()
    path = folder / "mission.toml"
    path.write_text(MISSION)
    return path


class Vehicle(Protocol):
    """A runtime with the small flight on it."""

    def step(self) -> None:
        """Let a little time pass."""
        ...

    def crash(self, app: str) -> None:
        """Let an app die without warning."""
        ...

    def account(self) -> VehicleAccount:
        """Figures over all apps."""
        ...

    def started(self) -> tuple[str, ...]:
        """Apps that have come up since the boot, in that order."""
        ...

    def rest(self) -> bool:
        """Let no app begin anything more; whether every link conserves: each loss is known to both ends."""
        ...

    def reset(self) -> None:
        """Begin anew with what is stored, as behind a reset of the processor."""
        ...

    def table_memory(self, app: str) -> NonVolatileMemory:
        """Where an app's table files are."""
        ...

    def close(self) -> None:
        """End the flight."""
        ...


class LockstepVehicle:
    """The flight in virtual time."""

    def __init__(self, mission_file: Path, folder: Path) -> None:
        self._mission_file = mission_file
        self._memory = MemoryNvm()
        self._begin()

    def _begin(self) -> None:
        self.runtime = LockstepRuntime(Mission.load(self._mission_file), Store(self._memory), SimPorts({}))
        self.runtime.start()

    def step(self) -> None:
        """One minor frame."""
        self.runtime.run_until(self.runtime.clock.now_ns() + STEP_NS)

    def crash(self, app: str) -> None:
        """Lose all but the checkpoint."""
        self.runtime.restart(app, "test")

    def account(self) -> VehicleAccount:
        """Figures over all apps."""
        return self.runtime.account()

    def started(self) -> tuple[str, ...]:
        """Apps that have come up since the boot, in that order."""
        return self.runtime.supervision.started()

    def rest(self) -> bool:
        """There are no links."""
        return True

    def reset(self) -> None:
        """Only the store stays."""
        self.close()
        self._begin()

    def table_memory(self, app: str) -> NonVolatileMemory:
        """In memory."""
        return self.runtime.host.table_memory(app)

    def close(self) -> None:
        """End what runs outside."""
        self.runtime.close()


class ProcessVehicle:
    """The flight in processes."""

    def __init__(self, mission_file: Path, folder: Path, clock: HostClock | None = None) -> None:
        self._mission_file = mission_file
        self._folder = folder
        self._clock = clock
        self.notices: list[Notice] = []
        self._begin()

    def _begin(self) -> None:
        self.supervisor = Supervisor(
            self._mission_file,
            self._folder / "run",
            f"ipc://{self._folder}/none",
            self._clock or HostClock.starting_now(SPEED),
            self.notices.append,
        )
        self.supervisor.start()

    def step(self) -> None:
        """Hear the processes."""
        self.supervisor.poll(0.02)

    def crash(self, app: str) -> None:
        """Kill the app's process."""
        process = Mission.load(self._mission_file).file.apps[app].process
        os.kill(self.supervisor.pids[process], signal.SIGKILL)

    def account(self) -> VehicleAccount:
        """Figures over all apps."""
        return self.supervisor.account()

    def started(self) -> tuple[str, ...]:
        """Apps that have come up since the boot, in that order."""
        return self.supervisor.boot.gate.started

    def rest(self) -> bool:
        """Both ends of all links agree."""
        return self.supervisor.rest()

    def reset(self) -> None:
        """All processes end and begin anew in the same run folder."""
        self.close()
        self._begin()

    def table_memory(self, app: str) -> NonVolatileMemory:
        """In the run folder."""
        return table_memory(self._folder / "run", app)

    def close(self) -> None:
        """Stop the processes."""
        self.supervisor.stop()


RUNTIMES = [
    pytest.param(LockstepVehicle, id="lockstep"),
    pytest.param(ProcessVehicle, id="processes"),
]
"""What processes do is not traced, so there is no use in tracing who waits for them."""


class SmallFlight:
    """The flight as the tests see it: commands go up, messages come down.

    Args:
        vehicle: on either runtime.
        mission_file: what is flown.
        folder: of the gate's mailbox.
    """

    def __init__(self, vehicle: Vehicle, mission_file: Path, folder: Path) -> None:
        self.vehicle = vehicle
        self.dictionary = Mission.load(mission_file).dictionary
        self._folder = folder
        self._sequence = 0
        self._down = b""
        self._read = 0
        self._messages: list[tuple[str, Telemetry | Event]] = []
        self._verdicts: dict[int, list[VerificationReport]] = {}

    def send(self, app: str, command: Command) -> RequestId:
        """Send a command to an app."""
        entry = self.dictionary.command_of(app, type(command))
        request = RequestId(GROUND, entry.apid, self._sequence, entry.code)
        self._sequence += 1
        with (self._folder / "up").open("ab") as file:
            file.write(build_command(entry.apid, request.sequence, entry.code, self.dictionary.encode_payload(command)))
        return request

    def verdict(self, request: RequestId) -> VerificationReport:
        """The verdict on a request, which must come within bounded patience, and be the only one."""
        self.until(lambda: bool(self.answers(request)), f"a verdict on {request}")
        answers = self.answers(request)
        assert len(answers) == 1
        return answers[0]

    def answers(self, request: RequestId) -> list[VerificationReport]:
        """The verdicts on a request; several are the same one, told again by an app that has died meanwhile."""
        answers = [report for report in self.reports(request) if report.stage.final]
        assert len({(report.stage, report.code) for report in answers}) <= 1
        return answers

    def command(self, app: str, command: Command) -> VerificationReport:
        """Send a command and wait for its verdict."""
        return self.verdict(self.send(app, command))

    def reports(self, request: RequestId) -> list[VerificationReport]:
        """Everything reported about a request, in order."""
        return [report for report in self.messages(VerificationReport) if report.request == request]

    def sent_by(self, source: int) -> list[VerificationReport]:
        """Everything reported about the requests of one source, in order."""
        return [report for report in self.messages(VerificationReport) if report.request.source == source]

    def verdicts_for(self, source: int) -> list[VerificationReport]:
        """The verdicts on the requests of one source, in order."""
        self._receive()
        return self._verdicts.get(source, [])

    def ask(self, app: str, question: Command, answer: type[Message]) -> Message:
        """Send a command that is answered by a packet; returns the newest one."""
        before = len(self.messages(answer, app))
        self.command(app, question)
        self.until(lambda: len(self.messages(answer, app)) > before, answer.__name__)
        return self.messages(answer, app)[-1]

    def messages(self, record: type[Message], app: str | None = None) -> list[Message]:
        """Everything of one class that has come down, of one app or of all."""
        self._receive()
        return [message for sender, message in self._messages if isinstance(message, record) and app in (None, sender)]

    def await_start(self, app: str, count: int) -> None:
        """Wait until an app has started so many times."""
        self.until(lambda: len(self.messages(AppStarted, app)) >= count, f"start {count} of {app}")

    def until(self, condition: Callable[[], bool], what: str, *, patience: int = 1) -> None:
        """Let time pass until something has come about, with bounded patience."""
        for _ in range(PATIENCE_STEPS * patience):
            if condition():
                return
            self.vehicle.step()
        pytest.fail(f"{what} did not come about; {self.vehicle.account()}; {self._messages[-20:]}")

    def settle(self) -> None:
        """Let the flight come to rest and end; its links conserve and its ledger closes."""
        assert any(self.vehicle.rest() for _ in range(10))
        assert self.vehicle.account().ledger.closed
        self.vehicle.close()
        assert self.vehicle.account().ledger.closed

    def _receive(self) -> None:
        down = self._folder / "down"
        if not down.exists():
            return
        with down.open("rb") as file:
            file.seek(self._read)
            new = file.read()
        self._read += len(new)
        self._down += new
        while len(self._down) >= PRIMARY_HEADER_OCTETS and declared_packet_octets(self._down) <= len(self._down):
            octets = declared_packet_octets(self._down)
            parsed = parse_telemetry(self._down[:octets])
            self._down = self._down[octets:]
            entry, message = self.dictionary.decode_telemetry(parsed.apid, parsed.payload)
            self._messages.append((entry.app, message))
            if isinstance(message, VerificationReport) and message.stage.final:
                self._verdicts.setdefault(message.request.source, []).append(message)
