"""Processes killed at random under load: no accepted command is lost, none is executed twice, nothing grows."""

from __future__ import annotations

import os
import random
import signal
from pathlib import Path

import pytest
from flight.harness import MISSION, ProcessVehicle, SmallFlight

from flightsw.mission import Mission

SOAK = int(os.environ.get("FLIGHTSW_SOAK", "1"))
KILLS = 10 * SOAK
SEED = 20_260_704
PRODUCERS = {"producer0": "pa", "producer1": "pa", "producer2": "pb"}
RECORDERS = {"recorder0": "ra", "recorder1": "rb"}
STEPS_BETWEEN = 3
MOST_GROWTH_KIB = 30_000

pytestmark = pytest.mark.soak


def loaded_mission() -> str:
    """The small flight, with apps that command others all the time, and patience for many restarts."""
    text = MISSION
    for number, (app, process) in enumerate({**PRODUCERS, **RECORDERS}.items()):
        text += f"""
[apps.{app}]
package = "flight.{app[:-1]}"
apid = {0x100 + 16 * number}
process = "{process}"
"""
    document = text.replace("max_restarts = 100\n", "")
    return document.replace("\npackage = ", "\nmax_restarts = 1000\nrestart_window_s = 1\npackage = ")


def resident_kib(pid: int) -> int:
    """Memory of a process."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise AssertionError(f"no such process: {pid}")


def all_dealt_with(flight: SmallFlight) -> bool:
    """Whether no process knows of a command that its receiver has not dealt with."""
    return all(links.counters.unconfirmed == 0 for links in flight.vehicle.account().links.values())


def check_numbers(folder: Path, recorder: str, kills: dict[str, int]) -> tuple[int, int]:
    """Hold what a recorder has written against what each producer had accepted; returns how many, and how many failed.

    A command may fail when its recorder dies within its handler, one for each death; a producer that dies between the
    bus and its own file leaves one command that is executed and not written down there.
    """
    recorded = [tuple(map(int, line.split())) for line in (folder / f"recorded.{recorder}").read_text().splitlines()]
    failed = accepted_in_all = 0
    for producer in PRODUCERS:
        numbers = [number for source, number in recorded if source == int(producer[-1])]
        accepted = [int(line) for line in (folder / f"accepted.{producer}.{recorder}").read_text().splitlines()]
        assert len(set(numbers)) == len(numbers), "a command was executed twice"
        assert numbers == sorted(numbers), "commands of one sender have changed their order"
        assert len(set(numbers) - set(accepted)) <= kills[PRODUCERS[producer]]
        failed += len(set(accepted) - set(numbers))
        accepted_in_all += len(accepted)
    assert failed <= kills[RECORDERS[recorder]], "an accepted command was lost"
    return accepted_in_all, failed


def test_kills_under_load_lose_no_command_and_repeat_none(mission_file: Path, folder: Path) -> None:
    """After each kill, whichever process it met, the ledger closes; in the end every command is accounted for."""
    for app in (*PRODUCERS, *RECORDERS):
        (folder / "tables" / app).mkdir()
        (folder / "tables" / app / "mailbox.toml").write_text(f'folder = "{folder}"\n')
    mission_file.write_text(loaded_mission())
    flight = SmallFlight(ProcessVehicle(mission_file, folder), mission_file, folder)
    assert isinstance(flight.vehicle, ProcessVehicle)
    supervisor, apps = flight.vehicle.supervisor, len(Mission.load(mission_file).file.apps)
    kills = dict.fromkeys(supervisor.pids, 0)
    choose = random.Random(SEED)
    try:
        flight.until(lambda: flight.vehicle.account().apps == apps, "a running flight")
        before_kib = resident_kib(os.getpid())
        for _ in range(KILLS):
            victim = choose.choice(list(kills))
            for _ in range(choose.randint(0, STEPS_BETWEEN)):
                flight.vehicle.step()
            kills[victim] += 1
            pid = supervisor.pids[victim]
            os.kill(pid, signal.SIGKILL)
            flight.until(lambda victim=victim, pid=pid: supervisor.pids[victim] not in (0, pid), f"{victim} again")
            flight.until(lambda: flight.vehicle.account().apps == apps, f"all apps behind the death of {victim}")
            assert flight.vehicle.account().ledger.closed
        flight.vehicle.rest()
        flight.until(lambda: all_dealt_with(flight), "the end of all commands")
        for recorder in RECORDERS:
            accepted, _failed = check_numbers(folder, recorder, kills)
            assert accepted > KILLS
        assert resident_kib(os.getpid()) - before_kib < MOST_GROWTH_KIB
        flight.settle()
    finally:
        flight.vehicle.close()
