"""Processes on a disk that is full, broken, or holds what it should not: named by an event, and ridden out."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flight.harness import MISSION, ProcessVehicle, SmallFlight
from flight.sink.messages import AskStatus, Remember, SinkStatus

from flightsw.core.software_bus.messages import CommandsNotKept
from flightsw.messages.life import AppHousekeeping, AppStarted, CheckpointFailed
from flightsw.messages.store import JournalNotWritten, StoredDataCorrupt
from tlm_cmd.packets.verification import Stage

STORE = Path("run", "store", "sink")
MOUNT, UNMOUNT = shutil.which("mount"), shutil.which("umount")
SOFTWARE_BUS = """
[apps.software_bus]
package = "flightsw.core.software_bus"
apid = 0x0F0
"""


@pytest.fixture
def flight(mission_file: Path, folder: Path) -> Iterator[SmallFlight]:
    """The small flight in processes."""
    mission_file.write_text(MISSION + SOFTWARE_BUS)
    flight = SmallFlight(ProcessVehicle(mission_file, folder), mission_file, folder)
    try:
        flight.until(lambda: flight.vehicle.account().apps == 5, "a running flight")
        yield flight
        flight.settle()
    finally:
        flight.vehicle.close()


def value(flight: SmallFlight) -> int:
    """What the sink remembers."""
    return flight.ask("sink", AskStatus(), SinkStatus).value


def filled(folder: Path, generation: int) -> bool:
    """Let the next write of a generation find no room, unless one is just under way."""
    try:
        (folder / STORE / f"checkpoint.sink.{generation}~").symlink_to("/dev/full")
    except FileExistsError:
        return False
    return True


def command_without(flight: SmallFlight, file: Path) -> None:
    """Fly on with a folder in the place of a file; the sink does its commands all the same."""
    flight.vehicle.close()
    file.unlink()
    file.mkdir()
    flight.vehicle.reset()
    flight.until(lambda: flight.vehicle.account().apps == 5, "a running flight")
    for number in range(5):
        assert flight.command("sink", Remember(number)).stage is Stage.COMPLETED


def test_a_full_disk_loses_no_accepted_command(flight: SmallFlight, folder: Path) -> None:
    """The kernel says ENOSPC, the event names it, the command is done; stored it is as soon as there is room."""
    for generation in (0, 1):
        flight.until(lambda place=generation: filled(folder, place), "a moment without a write")  # type: ignore[misc]
    assert flight.command("sink", Remember(7)).stage is Stage.COMPLETED
    flight.until(lambda: bool(flight.messages(CheckpointFailed, "sink")), "the event")
    assert "cannot be written: No space left on device (ENOSPC)" in flight.messages(CheckpointFailed)[0].reason
    assert value(flight) == 7
    flight.until(lambda: any(each.store_faults for each in flight.messages(AppHousekeeping, "sink")), "the count")
    flight.command("sink", Remember(8))
    flight.command("sink", Remember(9))
    flight.vehicle.crash("sink")
    flight.await_start("sink", 2)
    assert value(flight) == 9


def test_a_corrupt_generation_is_told_and_the_other_one_used(flight: SmallFlight, folder: Path) -> None:
    """Whichever it is; the app starts with a memory that it once had, and says what was wrong."""
    flight.command("sink", Remember(7))
    flight.vehicle.reset()
    flight.await_start("sink", 2)
    flight.vehicle.close()
    (broken,) = sorted((folder / STORE).glob("checkpoint.sink.*"), key=lambda path: path.stat().st_mtime_ns)[-1:]
    octets = bytearray(broken.read_bytes())
    octets[-1] ^= 1
    broken.write_bytes(bytes(octets))
    flight.vehicle.reset()
    flight.await_start("sink", 3)
    flight.until(lambda: bool(flight.messages(StoredDataCorrupt)), "the event")
    assert flight.messages(StoredDataCorrupt) == [StoredDataCorrupt("checkpoint.sink", 1, recovered=True)]
    assert flight.messages(AppStarted, "sink")[-1].checkpoint
    assert value(flight) == 7


def test_a_journal_that_cannot_be_written_is_told(flight: SmallFlight, folder: Path) -> None:
    """Commands go on without it; the event names the cause, once."""
    command_without(flight, folder / "run" / "sink.journal")
    flight.until(lambda: bool(flight.messages(JournalNotWritten)), "the event")
    assert flight.messages(JournalNotWritten) == [JournalNotWritten("Is a directory (EISDIR)")]


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Let a folder be a read-only file system."""
    for options in (["--bind", str(folder), str(folder)], ["-o", "remount,ro,bind", str(folder)]):
        subprocess.run([str(MOUNT), *options], check=True)
    try:
        yield
    finally:
        subprocess.run([str(UNMOUNT), str(folder)], check=True)


@pytest.mark.skipif(os.geteuid() != 0 or MOUNT is None, reason="mounts need root")
def test_a_read_only_file_system_loses_no_accepted_command(flight: SmallFlight, folder: Path) -> None:
    """Commands are done, the event names the cause; when it can be written again, what was done is stored."""
    flight.command("sink", Remember(7))
    with read_only(folder / STORE):
        assert flight.command("sink", Remember(8)).stage is Stage.COMPLETED
        flight.until(lambda: bool(flight.messages(CheckpointFailed, "sink")), "the event")
        assert "Read-only file system (EROFS)" in flight.messages(CheckpointFailed)[0].reason
        assert value(flight) == 8
    assert flight.command("sink", Remember(9)).stage is Stage.COMPLETED
    flight.vehicle.crash("sink")
    flight.await_start("sink", 2)
    assert value(flight) == 9


def test_an_outbox_that_cannot_be_written_is_told(flight: SmallFlight, folder: Path) -> None:
    """Commands to other processes pass without it; the event names the process that could not keep them."""
    command_without(flight, folder / "run" / "core.outbox")
    flight.until(lambda: bool(flight.messages(CommandsNotKept)), "the event")
    assert flight.messages(CommandsNotKept) == [CommandsNotKept("core")]
    assert value(flight) == 4
