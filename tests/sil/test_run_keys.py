"""Keys of a flight in processes: where they are, which are refused, and how they are changed."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest
from rich.console import Console

from flightsw.runtime.run_folder import LINK_KEYS_FILE
from flightsw.services.key_file import create_key_file, read_key_file, write_key_file
from flightsw.services.key_safe import LinkSecurityError
from ops_tools.ground.command_record import Verdict
from ops_tools.ground.security.own_end import Direction
from ops_tools.reference_mission import reference_mission
from ops_tools.run.conduct import Conductor, RunOptions
from ops_tools.run.session import GROUND_KEYS_FILE, RunSession
from ops_tools.sil.vehicle import LockstepVehicle
from tests.sil.test_run import SPEED, Operator, mission
from tlm_cmd.sdls.key_ring import KeyState
from tlm_cmd.sdls.simulation_keys import derive_simulation_keys

__all__ = ["mission"]

SIMULATED = derive_simulation_keys(7, [1], [128, 129, 130], [131])
SHORT_KEY = """
[links.s_band.telecommand_security]
algorithm = "aes-128-cmac"
sequence_octets = 4
window = 1024
"""
LAB = 'extends = "apps.missions.urbanwatch"\n[security]\nprofile = "lab"\n'


def states(path: Path) -> dict[int, KeyState]:
    """The keys in a file, which only its owner may read."""
    assert path.stat().st_mode & 0o777 == 0o600
    return {entry.key_id: entry.state for entry in read_key_file(path).entries}


def test_fresh_keys_are_given_to_both_ends(mission: tuple[Path, Path]) -> None:
    """Spare ones to the ground alone; nothing is left behind."""
    session = RunSession(mission[0], mission[1], seed=7, speed=SPEED)
    folder = session.settings.run_folder
    active = dict.fromkeys((1, 128, 129, 130), KeyState.ACTIVE)
    assert states(folder / LINK_KEYS_FILE) == active
    assert states(folder / GROUND_KEYS_FILE) == active | dict.fromkeys(range(131, 135), KeyState.PREACTIVE)
    session.__exit__(None, None, None)
    assert not folder.exists()


def test_fresh_keys_are_as_long_as_the_algorithms_need(mission: tuple[Path, Path]) -> None:
    """One of 128 bits for telecommands; the others have 256."""
    with mission[0].open("a") as file:
        file.write(SHORT_KEY)
    session = RunSession(mission[0], mission[1], seed=7, speed=SPEED)
    for name in (LINK_KEYS_FILE, GROUND_KEYS_FILE):
        entries = read_key_file(session.settings.run_folder / name).entries
        lengths = {entry.key_id: len(entry.secret or b"") for entry in entries}
        assert lengths == dict.fromkeys(lengths, 32) | {128: 16}
    session.__exit__(None, None, None)


def test_a_link_with_short_keys_carries_commands_and_telemetry(mission: tuple[Path, Path]) -> None:
    """In a flight in lock-step, whose keys are derived: AES-128-CMAC up, AES-256-GCM down."""
    with mission[0].open("a") as file:
        file.write(SHORT_KEY)
    vehicle = LockstepVehicle(mission[0], mission[1], 7)
    try:
        vehicle.start()
        vehicle.run_until(120 * 10**9)
        assert vehicle.ground.passes.current is not None
        record = vehicle.ground.issue("POWER.NOOP", now_ns=vehicle.now_ns)
        vehicle.run_until(150 * 10**9)
        assert record.verdict is Verdict.COMPLETED
    finally:
        vehicle.close()


def test_keys_for_simulations_are_refused_by_a_mission_that_flies(tmp_path: Path) -> None:
    """A bench may use them."""
    keys, lab = tmp_path / "simulated.keys", tmp_path / "mission.toml"
    create_key_file(keys, SIMULATED)
    lab.write_text(LAB)
    with pytest.raises(LinkSecurityError, match="for simulations only"):
        RunSession(reference_mission() / "mission.toml", None, 7, SPEED, link_keys=keys)
    session = RunSession(lab, None, 7, SPEED, link_keys=keys)
    assert read_key_file(session.settings.run_folder / LINK_KEYS_FILE).simulation
    session.__exit__(None, None, None)


async def see_the_receiver_refuse(operator: Operator) -> None:
    """The log of the process with the links tells why its apps do not start."""
    log = operator.conductor.session.settings.run_folder / "link.events.jsonl"
    await operator.wait(lambda: log.exists() and "for simulations only" in log.read_text(), "the refusal")


async def change_keys(operator: Operator) -> None:
    """Change every key in contact, end the process that holds them, and go on."""
    ground, control = operator.ground, operator.ground.security
    assert control is not None
    await operator.wait(lambda: ground.passes.current is not None, "contact")
    for direction in Direction:
        record = control.request(f"rotate {direction}", "a test", now_ns=ground.now_ns)
        await operator.wait(lambda: record.succeeded is not None, f"the end of {record.name}")  # noqa: B023
        assert record.succeeded, record.problem
    assert ground.link.frames_refused == {}
    os.kill(operator.pids()["link"], signal.SIGKILL)
    assert (await operator.command("POWER.NOOP")).verdict is Verdict.COMPLETED
    folder = operator.conductor.session.settings.run_folder
    on_board, at_ground = states(folder / LINK_KEYS_FILE), states(folder / GROUND_KEYS_FILE)
    for found in (on_board, at_ground):
        assert {key_id for key_id, state in found.items() if state is KeyState.ACTIVE} == {1, 131, 132, 133}
        assert {key_id for key_id, state in found.items() if state is KeyState.DESTROYED} == {128, 129, 130}
    assert 134 not in on_board


@pytest.mark.parametrize("simulated", [False, True])
def test_keys_are_changed_in_flight_or_not_flown_at_all(mission: tuple[Path, Path], *, simulated: bool) -> None:
    """Fresh keys are changed, over a kill -9; with keys that somebody has put there from a seed, nothing starts."""

    async def fly() -> None:
        session = RunSession(mission[0], mission[1], seed=7, speed=SPEED)
        if simulated:
            write_key_file(session.settings.run_folder / LINK_KEYS_FILE, SIMULATED)
        with session:
            options = RunOptions(duration_s=None, host="127.0.0.1", port=0, headless=True, json=None, commands=())
            conductor = Conductor(session, options, Console(quiet=True))
            conducting = asyncio.create_task(conductor.conduct())
            try:
                await (see_the_receiver_refuse if simulated else change_keys)(Operator(conductor))
            finally:
                conducting.cancel()
                await asyncio.gather(conducting, return_exceptions=True)

    asyncio.run(fly())
