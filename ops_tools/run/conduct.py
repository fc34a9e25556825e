"""Conducts a run in the ground's process: steps the ground, shows it, serves it, sends a scenario's commands."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import msgspec
from rich.console import Console

from flightsw.clock import HostClock
from ops_tools.console.observer import Observer
from ops_tools.console.server import serve
from ops_tools.console.snapshot import FlightFacts
from ops_tools.console.stepping import SteppedGround
from ops_tools.console.terminal import TerminalView
from ops_tools.gateway.gateway import Gateway, GatewaySettings
from ops_tools.ground.decoder import Sample
from ops_tools.ground.packet_recorder import PacketRecorder
from ops_tools.ground.station import GroundSegment
from ops_tools.run.pace import PaceWatch
from ops_tools.run.session import BANDS, RunError, RunSession
from ops_tools.run.summary import closing_text, command_entries
from ops_tools.sil.command_judgement import judge_commands, unsent_commands
from ops_tools.sil.procedure import Procedure
from ops_tools.sil.report.records import Verdict
from ops_tools.sil.scenario import ScenarioCommand

NANOSECONDS = 1_000_000_000
TURN_S = 0.1
ACCOUNT = "EXECUTIVE.EXECUTIVE_STATUS"
"""The packet in which the flight software tells how its schedule goes."""
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class RunOptions(msgspec.Struct, frozen=True):
    """How a run is conducted.

    Attributes:
        duration_s: vehicle seconds to fly, None until interrupted.
        host: where the ground listens.
        port: 0 for any free one.
        headless: no view.
        json: where a summary is written at the end.
        commands: of a scenario.
        gateway: who else is connected to the spacecraft's radios, and commands it; None for nobody.
        record: where every packet that comes down is kept, None for nowhere.
    """

    duration_s: float | None
    host: str
    port: int
    headless: bool
    json: Path | None
    commands: tuple[ScenarioCommand, ...]
    gateway: GatewaySettings | None = None
    record: Path | None = None


class Conductor:
    """One run, seen from the ground.

    Args:
        session: the processes.
        options: how it is conducted.
        console: where it is shown.

    Raises:
        RecorderError: packets cannot be kept where they are wanted.
    """

    def __init__(self, session: RunSession, options: RunOptions, console: Console) -> None:
        self.session = session
        self.gateway = None if options.gateway is None else Gateway(options.gateway, BANDS)
        self.ground: GroundSegment = session.ground(self.gateway)
        self._options = options
        self._console = console
        self._stop = asyncio.Event()
        self._host_clock = HostClock.starting_now()
        self._procedure = Procedure(options.commands, self.ground)
        self._observer = Observer(self.ground, epoch_tai_ns=session.mission_epoch_tai_ns())
        self._pace = PaceWatch(session.settings.speed)
        self.ground.listeners.append(self._watch_account)
        self._recorder = None if options.record is None else PacketRecorder(options.record)
        if self._recorder is not None:
            self.ground.packet_listeners.append(self._recorder.write)

    async def conduct(self) -> None:
        """Fly to the end of the duration, or until SIGINT, SIGTERM or SIGHUP.

        Raises:
            RunError: a process or the server has ended by itself.
        """
        loop = asyncio.get_running_loop()
        for number in STOP_SIGNALS:
            loop.add_signal_handler(number, self._stop.set)
        stepped = SteppedGround(self.ground, self.session.clock, speed=self.session.settings.speed)
        serving = asyncio.create_task(
            serve(stepped, self._options.host, self._options.port, on_listening=self._announce)
        )
        try:
            with TerminalView(self._console, self._host_clock) as view:
                while not self._over():
                    self.session.check()
                    if serving.done():
                        await serving
                        raise RunError("the ground's server has ended")
                    self._procedure.step(self.ground.now_ns)
                    self._watch_pace()
                    self._show(view)
                    await asyncio.sleep(TURN_S)
        finally:
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)
            if self.gateway is not None:
                self.gateway.close()
            if self._recorder is not None:
                self._recorder.close()
            for number in STOP_SIGNALS:
                loop.remove_signal_handler(number)

    def judge(self, failure: str) -> tuple[Verdict, str]:
        """What the run came to: whether every command of the scenario got the verdict that was expected, and why not.

        Args:
            failure: why the run ended by itself, empty when it did not.
        """
        commands = judge_commands(self._procedure.issued, self._procedure.unsent)
        if failure:
            return Verdict.ERROR, "; ".join(reason for reason in (failure, commands.reason) if reason)
        return commands.verdict, commands.reason

    def summary(self, failure: str = "") -> dict[str, object]:
        """What the run came to, for machines.

        Args:
            failure: why the run ended by itself, empty when it did not.
        """
        ground = self.ground
        verdict, reason = self.judge(failure)
        reports = ground.telemetry.samples(ACCOUNT)
        return {
            "mission": self.session.mission.name,
            "verdict": verdict.value,
            "verdict_reason": reason,
            "simulated_s": round(self.session.clock.now_ns() / NANOSECONDS, 1),
            "wall_s": round(self._host_clock.now_ns() / NANOSECONDS, 1),
            "commands": command_entries(
                ground.commands.newest(),
                {issued.record.number: issued.wanted.expect for issued in self._procedure.issued},
            ),
            "unsent": msgspec.to_builtins(unsent_commands(self._procedure.unsent)),
            "packets": ground.decoder.decoded,
            "files": len(ground.files.files),
            "executive": msgspec.to_builtins(reports[-1].message) if reports else None,
            "record": None if self._recorder is None else msgspec.to_builtins(self._recorder.counters),
            "gateway": None if self.gateway is None else msgspec.to_builtins(self.gateway.status()),
        }

    def closing(self) -> str:
        """What the run came to, in one line."""
        commands, reports = self.ground.commands, self.ground.telemetry.samples(ACCOUNT)
        account = reports[-1].message if reports else None
        text = closing_text(
            self.session.clock.now_ns() / NANOSECONDS,
            self._host_clock.now_ns() / NANOSECONDS,
            commands.counters.verdicts,
            len(commands.open),
            None if account is None else (getattr(account, "slots_skipped", 0), getattr(account, "slots_overrun", 0)),
        )
        return text if self._recorder is None else f"{text}; {self._recorder.describe()}"

    def _watch_pace(self) -> None:
        """Say live that the simulator is late: in the view, or on standard error where there is none."""
        self._pace.take(self.session.behind_ns())
        self._tell_pace()

    def _watch_account(self, sample: Sample) -> None:
        """Say that the flight software is late, as soon as it is known on ground."""
        if sample.name == ACCOUNT and not sample.recorded:
            self._pace.take_account(getattr(sample.message, "slots_skipped", 0))
            self._tell_pace()

    def _tell_pace(self) -> None:
        if self._options.headless and (line := self._pace.line(self._host_clock.now_ns())):
            sys.stderr.write(f"{line}\n")

    def _over(self) -> bool:
        duration_s = self._options.duration_s
        if self._stop.is_set():
            return True
        return duration_s is not None and self.session.clock.now_ns() >= duration_s * NANOSECONDS

    def _announce(self, url: str) -> None:
        self._console.print(f"ground listens on {url}; run folder {self.session.settings.run_folder}", soft_wrap=True)
        if self.gateway is not None:
            self._console.print(f"gateway: {self.gateway.describe()}; this ground only listens", soft_wrap=True)
            for address in self.gateway.settings.exposed:
                self._console.print(f"warning: whoever reaches {address} can command the spacecraft", soft_wrap=True)

    def _show(self, view: TerminalView) -> None:
        duration_s = self._options.duration_s
        met_s = self.session.clock.now_ns() / NANOSECONDS
        progress = min(1.0, met_s / duration_s) if duration_s else None
        if self._options.headless or not view.due(progress):
            return
        facts = FlightFacts(
            met_s=met_s,
            progress=progress,
            speed=self.session.settings.speed,
            note="processes",
            warning=self._pace.warning,
        )
        view.show(self._observer.snapshot(facts))
