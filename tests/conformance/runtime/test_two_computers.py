"""One bus over two computers: network namespaces with a cable between them, a supervisor on each."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flight.harness import MISSION, SmallFlight
from flight.sink.messages import Add, AskStatus, SinkStatus
from flight.source.messages import Burst, Sample, Storm

from flightsw.bus.admission import make_keys
from flightsw.bus.ledger import Ledger
from flightsw.core.software_bus.messages import ConnectionRefused, DifferentDictionary
from flightsw.messages.life import AppStarted, Noop
from flightsw.runtime.supervision import VehicleAccount
from ops_tools.run.settings import RunSettings, encode
from tlm_cmd.packets.verification import Stage

ADDRESSES = {"obc": "10.77.0.1", "compute": "10.77.0.2"}
COMPUTERS = """
[apps.software_bus]
package = "flightsw.core.software_bus"
apid = 0x0F0

[hosts.obc]
address = "10.77.0.1"

[hosts.compute]
address = "10.77.0.2"

[processes.sink]
host = "compute"

[processes.alpha]
host = "compute"
"""
STORM = 200
LOOK_S = 0.05
TRIES = 60
STEPS_BETWEEN = 10
IP = shutil.which("ip")

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0 or IP is None, reason="network namespaces need root and iproute2"),
]


class TwoComputers:
    """The small flight on two computers, as the harness wants a vehicle.

    Args:
        folder: of everything.
        names: namespaces of the computers.
        missions: what is flown on each.
        keys: where the keys of each are.
    """

    def __init__(self, folder: Path, names: dict[str, str], missions: dict[str, Path], keys: dict[str, Path]) -> None:
        self._folder = folder
        self._names = names
        self._settings = {
            host: RunSettings(
                mission_file=missions[host],
                spacecraft_file=None,
                seed=0,
                origin_ns=time.monotonic_ns(),
                speed=10.0,
                run_folder=folder / host,
                host=host,
                keys_folder=keys[host],
            )
            for host in ADDRESSES
        }
        self._supervisors: dict[str, subprocess.Popen[bytes]] = {}
        for host in ADDRESSES:
            self.boot(host)

    def boot(self, host: str) -> None:
        """Start the flight software of one computer."""
        assert IP is not None
        command = [IP, "netns", "exec", self._names[host], sys.executable, "-m", "ops_tools.run.flight"]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
        self._supervisors[host] = subprocess.Popen([*command, encode(self._settings[host])], env=environment)

    def pids(self, host: str) -> dict[str, int]:
        """Processes of one computer."""
        try:
            found: dict[str, int] = json.loads(self._settings[host].processes_file.read_text())
        except FileNotFoundError:
            return {}
        return found

    def step(self) -> None:
        """Let a little time pass for both."""
        for supervisor in self._supervisors.values():
            assert supervisor.poll() is None
        time.sleep(LOOK_S)

    def crash(self, app: str) -> None:
        """Kill the sink's process."""
        os.kill(self.pids("compute")["sink"], signal.SIGKILL)

    def power_off(self, host: str) -> None:
        """End everything on one computer at once; its run folder stays."""
        for pid in (self._supervisors[host].pid, *self.pids(host).values()):
            os.kill(pid, signal.SIGKILL)
        self._supervisors[host].wait()

    def account(self) -> VehicleAccount:
        """Nobody knows both computers' figures; those of nobody are the answer."""
        return VehicleAccount(0, 0, 0, Ledger(), 0)

    def rest(self) -> bool:
        """They cannot be told to."""
        return True

    def close(self) -> None:
        """End both."""
        for supervisor in self._supervisors.values():
            supervisor.terminate()
        for supervisor in self._supervisors.values():
            supervisor.wait(20)


def ip(*words: str) -> None:
    """Set the network up."""
    assert IP is not None
    subprocess.run([IP, *words], check=True)


@pytest.fixture
def names() -> Iterator[dict[str, str]]:
    """Two namespaces and a cable; removed behind the test."""
    names = {host: f"fs{os.getpid()}{host}" for host in ADDRESSES}
    try:
        for name in names.values():
            ip("netns", "add", name)
            ip("-n", name, "link", "set", "lo", "up")
        one, other = names.values()
        ip("-n", one, "link", "add", "cable", "type", "veth", "peer", "name", "cable", "netns", other)
        for host, name in names.items():
            ip("-n", name, "addr", "add", f"{ADDRESSES[host]}/24", "dev", "cable")
            ip("-n", name, "link", "set", "cable", "up")
        yield names
    finally:
        for name in names.values():
            ip("netns", "del", name)


def meet(flight: SmallFlight) -> None:
    """Wait until both computers know what the other wants: then a command from one is done on the other."""
    for _ in range(TRIES):
        if flight.command("sink", Noop()).stage is Stage.COMPLETED:
            return
        for _ in range(STEPS_BETWEEN):
            flight.vehicle.step()
    pytest.fail("the computers did not meet")


Fly = Callable[..., tuple[SmallFlight, TwoComputers]]


@pytest.fixture
def fly(mission_file: Path, folder: Path, names: dict[str, str]) -> Iterator[Fly]:
    """Starts the flight on both computers."""
    mission_file.write_text(MISSION + COMPUTERS)
    make_keys(folder / "keys", tuple(ADDRESSES))
    vehicles: list[TwoComputers] = []

    def start(
        keys: dict[str, Path] | None = None, missions: dict[str, Path] | None = None
    ) -> tuple[SmallFlight, TwoComputers]:
        all_keys, all_missions = dict.fromkeys(ADDRESSES, folder / "keys"), dict.fromkeys(ADDRESSES, mission_file)
        vehicles.append(TwoComputers(folder, names, all_missions | (missions or {}), all_keys | (keys or {})))
        return SmallFlight(vehicles[-1], mission_file, folder), vehicles[-1]

    yield start
    for vehicle in vehicles:
        vehicle.close()


def test_two_computers_share_one_bus(fly: Fly) -> None:
    """Commands, telemetry and events cross, in order; a storm ends with its verdicts; a killed app comes back."""
    flight, vehicle = fly()
    meet(flight)
    assert flight.command("sink", Add(3)).stage is Stage.COMPLETED
    flight.command("source", Burst(40))
    flight.until(lambda: len(flight.messages(Sample)) == 40, "all samples")
    assert [sample.number for sample in flight.messages(Sample)] == list(range(40))
    requests = [flight.send("sink", Add(1)) for _ in range(STORM)]
    vehicle.crash("sink")
    flight.until(lambda: all(flight.answers(request) for request in requests), "all verdicts")
    answers = [flight.answers(request)[-1] for request in requests]
    done = sum(answer.stage is Stage.COMPLETED for answer in answers)
    assert 3 + done <= flight.ask("sink", AskStatus(), SinkStatus).value <= 3 + STORM
    assert done >= STORM - 1


def test_a_computer_that_loses_power_comes_back(fly: Fly) -> None:
    """Commands to it wait, and are executed when it is there again; nobody else is restarted."""
    flight, vehicle = fly()
    meet(flight)
    assert flight.command("sink", Add(3)).stage is Stage.COMPLETED
    core = vehicle.pids("obc")["core"]
    vehicle.power_off("compute")
    waiting = flight.send("sink", Add(4))
    vehicle.boot("compute")
    assert flight.verdict(waiting).stage is Stage.COMPLETED
    assert flight.ask("sink", AskStatus(), SinkStatus).value == 7
    flight.command("source", Storm(5))
    assert vehicle.pids("obc")["core"] == core


def test_a_computer_without_a_listed_key_shares_nothing(fly: Fly, folder: Path) -> None:
    """It knows whom it calls, and is refused all the same, with an event; its apps run, the others never hear them."""
    make_keys(folder / "stranger", tuple(ADDRESSES))
    listed, own = (tomllib.loads((folder / name / "public.toml").read_text()) for name in ("keys", "stranger"))
    (folder / "stranger" / "public.toml").write_text(f'obc = "{listed["obc"]}"\ncompute = "{own["compute"]}"\n')
    flight, vehicle = fly(keys={"compute": folder / "stranger"})
    flight.until(lambda: "sink" in vehicle.pids("compute") and "core" in vehicle.pids("obc"), "both computers")
    verdict = flight.command("sink", Add(1))
    assert verdict.stage is Stage.REJECTED
    flight.until(lambda: bool(flight.messages(ConnectionRefused)), "an event")
    assert ADDRESSES["compute"] in flight.messages(ConnectionRefused)[0].who
    assert flight.messages(AppStarted, "sink") == []


def test_a_computer_with_other_messages_shares_nothing(fly: Fly, mission_file: Path) -> None:
    """A message that is declared differently on two computers is read by neither, and an event says so."""
    other = mission_file.with_name("other.toml")
    other.write_text(mission_file.read_text().replace("apid = 0x040", "apid = 0x050"))
    flight, _ = fly(missions={"compute": other})
    flight.until(lambda: bool(flight.messages(DifferentDictionary)), "an event")
    event = flight.messages(DifferentDictionary)[0]
    assert (event.process, event.sender) in {("core", "sink"), ("core", "alpha")}
    assert flight.messages(AppStarted, "sink") == []
