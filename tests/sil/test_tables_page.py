"""The lines of docs/tables.md, run as they stand there: the tool on the ground, the commands in lock-step."""

from __future__ import annotations

import importlib.resources
import re
import shlex
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from flightsw.messages.tables import Inactive, TableRegistry
from ops_tools.cli import main
from ops_tools.ground.command_record import Verdict
from ops_tools.sil.vehicle import LockstepVehicle
from tests.sil.conftest import ROOT

PAGE = (ROOT / "docs" / "tables.md").read_text()
LINES = [
    shlex.split(line) for block in re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()
]
EARLY_CONTACT_UTC = "2026-05-15T03:05:00Z"
SECOND_NS = 1_000_000_000
PATIENCE_S = 120


@pytest.fixture
def vehicle(tmp_path: Path) -> Iterator[LockstepVehicle]:
    """The reference mission, one minute before its first contact."""
    text = (importlib.resources.files("bus_sim") / "urbanwatch.toml").read_text()
    spacecraft = tmp_path / "spacecraft.toml"
    spacecraft.write_text(text.replace("2026-05-15T02:41:00Z", EARLY_CONTACT_UTC))
    mission = tmp_path / "mission.toml"
    mission.write_text(f'extends = "apps.missions.urbanwatch"\n[time]\nepoch_utc = "{EARLY_CONTACT_UTC}"\n')
    made = LockstepVehicle(mission, spacecraft, seed=7)
    made.start()
    yield made
    made.close()


def until(vehicle: LockstepVehicle, reached: Callable[[], bool]) -> None:
    """Let seconds pass until something has come about."""
    for _ in range(PATIENCE_S):
        if reached():
            return
        vehicle.run_until(vehicle.now_ns + SECOND_NS)
    pytest.fail("it did not come about")


def test_the_page_leads_to_an_activated_table(
    vehicle: LockstepVehicle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every line does what the page says; the activated content is the one that the page makes."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(ROOT / "apps" / "missions" / "urbanwatch" / "tables", "apps/missions/urbanwatch/tables")
    registry: list[TableRegistry] = []
    vehicle.runtime.observers.append(
        lambda _now_ns, _message_id, message: (
            registry.append(message) if isinstance(message, TableRegistry) and message.table == "setpoints" else None
        )
    )
    until(vehicle, lambda: vehicle.ground.passes.count == 1)
    ran = 0
    for words in LINES:
        match words:
            case ["cp", source, copy]:
                shutil.copy(source, copy)
            case ["flightsw", "table", *arguments]:
                assert main(["table", *arguments]) == 0
                if "build" in arguments:
                    memory = vehicle.runtime.host.table_memory("thermal")
                    memory.write("setpoints.tbl", Path("setpoints.tbl").read_bytes())
            case ["flightsw", "cmd", name, *arguments]:
                record = vehicle.ground.issue(name, dict(each.split("=", 1) for each in arguments))
                until(vehicle, lambda record=record: not record.open)
                assert record.verdict is Verdict.COMPLETED, f"{words}: {record}"
                if "ACTIVATE" in name:
                    assert registry[-1].inactive is Inactive.EMPTY
            case ["flightsw", "tlm", name]:
                assert vehicle.ground.dictionary.packet(name)
            case _:
                assert words == ["flightsw", "run"]
        ran += 1
    assert ran >= 16
    activated = [entry.file for entry in registry if entry.updated_met_ns]
    assert "setpoints.tbl" in activated
    assert "COMMAND" in activated
    assert f"checksum={registry[-1].checksum:#010x}" in PAGE
    assert "LOAD_TABLE table=setpoints offset=0" in capsys.readouterr().out
