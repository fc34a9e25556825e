"""The reference mission over processes and ZeroMQ: commands, telemetry, and the death of each process in turn."""

from __future__ import annotations

import asyncio
import importlib.resources
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from ops_tools.cli import main
from ops_tools.ground.command_record import CommandRecord, Verdict
from ops_tools.ground.file_delivery import FileDelivery
from ops_tools.ground.transfers import Transfer, TransferOutcome
from ops_tools.run.conduct import Conductor, RunOptions
from ops_tools.run.session import RunSession

SPEED = 20.0
PATIENCE_TURNS = 600
EARLY_CONTACT_UTC = "2026-05-15T03:05:00Z"


@pytest.fixture
def mission(tmp_path: Path) -> tuple[Path, Path]:
    """The reference mission and spacecraft, begun one minute before the first contact."""
    text = (importlib.resources.files("bus_sim") / "urbanwatch.toml").read_text()
    spacecraft = tmp_path / "spacecraft.toml"
    spacecraft.write_text(text.replace("2026-05-15T02:41:00Z", EARLY_CONTACT_UTC))
    mission = tmp_path / "mission.toml"
    mission.write_text(f'extends = "apps.missions.urbanwatch"\n[time]\nepoch_utc = "{EARLY_CONTACT_UTC}"\n')
    return mission, spacecraft


class Operator:
    """Sits at the console of a run."""

    def __init__(self, conductor: Conductor) -> None:
        self.conductor = conductor
        self.ground = conductor.ground
        self.processes_file = conductor.session.settings.processes_file

    async def wait(self, reached: Callable[[], bool], what: str) -> None:
        """Wait until something has come about, with bounded patience."""
        for _ in range(PATIENCE_TURNS):
            if reached():
                return
            self.conductor.session.check()
            await asyncio.sleep(0.05)
        pytest.fail(f"{what} did not come about; events: {[each.text for each in self.ground.events.newest(20)]}")

    async def command(self, name: str) -> CommandRecord:
        """Send a command and wait for its verdict."""
        record = self.ground.issue(name)
        await self.wait(lambda: not record.open, f"a verdict for {name}")
        return record

    def pids(self) -> dict[str, int]:
        """Process ids by process name."""
        found: dict[str, int] = json.loads(self.processes_file.read_text())
        return found

    @staticmethod
    def process_name(pid: int) -> str:
        """What ``ps`` calls a process."""
        return Path(f"/proc/{pid}/comm").read_text().strip()

    def event_texts(self) -> list[str]:
        """Everything in the event log."""
        return [f"{event.name} {event.text}" for event in self.ground.events.newest(2000)]


async def kill_each_process(operator: Operator) -> None:
    """The test itself, beside the running ground."""
    ground = operator.ground
    await operator.wait(lambda: ground.passes.current is not None, "contact")
    assert (await operator.command("EXECUTIVE.NOOP")).verdict is Verdict.COMPLETED
    for process, app in (
        ("imaging", "camera"),
        ("platform", "power"),
        ("link", "telemetry_output"),
        ("core", "executive"),
    ):
        before = operator.pids()
        assert operator.process_name(before[process]) == f"fsw:{process}"
        os.kill(before[process], signal.SIGKILL)
        await operator.wait(lambda: operator.pids()[process] != before[process], f"{process} back")  # noqa: B023
        wanted = f"APP_RESTARTED {app} restarted: process ended"
        await operator.wait(lambda: any(wanted in text for text in operator.event_texts()), wanted)  # noqa: B023
        after = operator.pids()
        assert {name: pid for name, pid in after.items() if name != process} == {
            name: pid for name, pid in before.items() if name != process
        }
        assert (await operator.command(f"{app.upper()}.NOOP")).verdict is Verdict.COMPLETED
    started = [text for text in operator.event_texts() if text.startswith("CAMERA.APP_STARTED")]
    assert any("after 1 restarts, memory restored: True" in text for text in started)
    seen = len(ground.telemetry.samples("EXECUTIVE.EXECUTIVE_STATUS"))
    await operator.wait(lambda: len(ground.telemetry.samples("EXECUTIVE.EXECUTIVE_STATUS")) > seen, "a newer account")


def test_every_process_comes_back_with_its_checkpoint_and_the_ledger_closes(mission: tuple[Path, Path]) -> None:
    """Kill -9 of any process: it alone is replaced, the executive reports it in telemetry, and commands go on."""

    async def fly() -> None:
        with RunSession(mission[0], mission[1], seed=7, speed=SPEED) as session:
            options = RunOptions(duration_s=None, host="127.0.0.1", port=0, headless=True, json=None, commands=())
            conductor = Conductor(session, options, Console(quiet=True))
            conducting = asyncio.create_task(conductor.conduct())
            try:
                await kill_each_process(Operator(conductor))
            finally:
                conducting.cancel()
                await asyncio.gather(conducting, return_exceptions=True)
            account = conductor.summary()["executive"]
            assert isinstance(account, dict)
            assert account["ledger_closed"]
            assert account["processes"] == 6

    asyncio.run(fly())


async def carry_a_file(operator: Operator) -> None:
    """Send a file up and fetch it again; the process that carries it dies in the middle of both."""
    ground = operator.ground
    delivery = ground.delivery
    assert delivery is not None
    content = random.Random(1).randbytes(150_000)
    await operator.wait(lambda: ground.passes.current is not None, "contact")
    up = delivery.put("uploads/file", content, ground.now_ns)
    await die_in_the_middle(operator, delivery, up)
    down = delivery.get("uploads/file", ground.now_ns)
    await die_in_the_middle(operator, delivery, down)
    assert ground.files.read(down.local) == content


async def die_in_the_middle(operator: Operator, delivery: FileDelivery, transfer: Transfer) -> None:
    """Kill the process with the file transfer when a part of a file has passed, and wait for the rest."""

    def is_in_the_middle() -> bool:
        delivery.refresh()
        return 0 < transfer.progress < (transfer.octets or 0)

    await operator.wait(is_in_the_middle, "a part of the file")
    before = operator.pids()["link"]
    os.kill(before, signal.SIGKILL)
    await operator.wait(lambda: operator.pids()["link"] != before, "link back")
    assert transfer.open
    await operator.wait(lambda: not transfer.open, "the end of the transfer")
    assert transfer.outcome is TransferOutcome.FINISHED, transfer


def test_a_file_outlives_the_process_that_carries_it(mission: tuple[Path, Path], tmp_path: Path) -> None:
    """Kill -9 in the middle of a transfer, each way: the file arrives all the same, and outlives the run as well."""

    async def fly() -> None:
        with RunSession(mission[0], mission[1], seed=7, speed=10.0, files=tmp_path) as session:
            options = RunOptions(duration_s=None, host="127.0.0.1", port=0, headless=True, json=None, commands=())
            conductor = Conductor(session, options, Console(quiet=True))
            conducting = asyncio.create_task(conductor.conduct())
            try:
                await carry_a_file(Operator(conductor))
            finally:
                conducting.cancel()
                await asyncio.gather(conducting, return_exceptions=True)

    asyncio.run(fly())
    assert (tmp_path / "received" / "2").stat().st_size == 150_000
    assert not (tmp_path / ".file_delivery").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_ends_in_good_order_when_it_is_told_to(number: signal.Signals) -> None:
    """Its processes end, and its folder is gone."""
    shell = ["sh", "-c", 'trap "" INT; exec "$@"', "sh"]  # as a shell starts what runs in the background
    command = [sys.executable, "-m", "ops_tools.cli", "run", "--headless", "--speed", "20", "--listen", "127.0.0.1:0"]
    with subprocess.Popen([*shell, *command], stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        told = run.stdout.readline()
        folder = Path(told.rpartition("run folder ")[2].strip())
        assert folder.is_dir()
        run.send_signal(number)
        closing = run.stdout.read()
        assert run.wait() == 0
    assert f"commands: none; {folder} is removed" in closing
    assert not folder.exists()


def test_the_command_flies_for_so_long_and_leaves_nothing_behind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """``flightsw run`` ends by itself, says where it listened, writes its summary, and removes its folder."""
    summary = tmp_path / "summary.json"
    arguments = ["run", "--speed", "60", "--headless", "--duration", "150", "--listen", "127.0.0.1:0"]
    assert main([*arguments, "--json", str(summary)]) == 0
    told = capsys.readouterr().out.replace("\n", "")
    found = json.loads(summary.read_text())
    assert found["mission"] == "urbanwatch"
    assert found["simulated_s"] >= 150
    folder = told.partition("run folder ")[2].partition("flown ")[0].strip()
    assert folder.startswith("/tmp/flightsw-")  # noqa: S108 - said by the program
    assert not Path(folder).exists()
    assert " s of vehicle time in " in told
    assert f"commands: none; {folder} is removed" in told


def test_what_comes_down_is_recorded_and_can_be_decoded(
    mission: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every packet is in the file as it came; the last line and the summary count them."""
    file, summary = tmp_path / "packets.bin", tmp_path / "summary.json"
    arguments = ["run", str(mission[0]), "--spacecraft", str(mission[1]), "--speed", "60", "--duration", "500"]
    assert (
        main([*arguments, "--headless", "--record", str(file), "--json", str(summary), "--listen", "127.0.0.1:0"]) == 0
    )
    found = json.loads(summary.read_text())
    written = found["record"]["written"]
    assert written >= found["packets"] > 0
    assert f"{written} packets recorded in {file}" in capsys.readouterr().out
    assert main(["decode", str(file), "--mission", str(mission[0])]) == 0
    shown = capsys.readouterr()
    assert "POWER.POWER_STATUS" in shown.out
    octets = file.stat().st_size
    assert f"{written} packets in {octets} of {octets} octets; 0 of them refused, 0 octets skipped" in shown.err


SCENARIO = """
name = "short"
mission = "{mission}"
duration_s = 60

[[commands]]
at_s = 1
name = "NOBODY.NOTHING"
expect = "completed"

[[commands]]
contact = 9
name = "EXECUTIVE.NOOP"
"""


def test_a_run_whose_commands_come_to_nothing_fails(
    mission: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit status 1, and result and output name what was refused and what was never sent."""
    scenario, summary = tmp_path / "scenario.toml", tmp_path / "summary.json"
    scenario.write_text(SCENARIO.format(mission=mission[0]))
    arguments = ["run", "--speed", "20", "--headless", "--duration", "40", "--listen", "127.0.0.1:0"]
    assert main([*arguments, "--scenario", str(scenario), "--json", str(summary)]) == 1
    reason = (
        "NOBODY.NOTHING: refused_on_ground (no command is called 'NOBODY.NOTHING'), expected completed; "
        "EXECUTIVE.NOOP: never sent, contact 9 did not come"
    )
    assert f"fail: {reason}" in capsys.readouterr().out
    found = json.loads(summary.read_text())
    assert (found["verdict"], found["verdict_reason"]) == ("fail", reason)
    assert found["commands"][0]["verdict"] == "refused_on_ground"
    assert found["commands"][0]["expected"] == "completed"
    assert found["unsent"] == [{"name": "EXECUTIVE.NOOP", "when": "contact 9", "expected": "completed"}]


def test_a_run_whose_simulator_dies_keeps_its_result(tmp_path: Path) -> None:
    """Exit status 1, the summary is written with the verdict error, and the folder is removed."""
    summary = tmp_path / "summary.json"
    command = [sys.executable, "-m", "ops_tools.cli", "run", "--headless", "--listen", "127.0.0.1:0"]
    with subprocess.Popen([*command, "--json", str(summary)], stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        folder = Path(run.stdout.readline().rpartition("run folder ")[2].strip())
        children = Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text().split()
        (simulator,) = (
            int(pid) for pid in children if b"ops_tools.run.simulator" in Path(f"/proc/{pid}/cmdline").read_bytes()
        )
        os.kill(simulator, signal.SIGKILL)
        told = run.stdout.read()
        assert run.wait() == 1
    found = json.loads(summary.read_text())
    assert found["verdict"] == "error"
    assert "the simulator process ended" in found["verdict_reason"]
    assert "the simulator process ended" in told
    assert not folder.exists()
