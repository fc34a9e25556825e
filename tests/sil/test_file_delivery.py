"""Files over the whole simulated chain: coded, protected and noisy links, passes that end, and frames that are lost."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from apps.file_transfer.messages import FileTransferStatus
from flightsw.runtime.keeping.reset_record import ResetSubtype
from ops_tools.ground.file_delivery import FileDelivery
from ops_tools.ground.link import FramePort
from ops_tools.ground.transfers import Transfer, TransferOutcome
from ops_tools.sil.vehicle import LockstepVehicle

pytestmark = pytest.mark.xdist_group("file_delivery")

ROOT = Path(__file__).resolve().parents[2]
MISSION = ROOT / "apps" / "missions" / "urbanwatch" / "mission.toml"
NANOSECONDS = 1_000_000_000
FIRST_CONTACT_S = 1500
"""Shortly before the first station sees the spacecraft."""
IMAGE = 4711


class PoorPort:
    """A radio of the station that loses frames.

    Attributes:
        lost: frames lost so far, both ways.
    """

    def __init__(self, port: FramePort, loses: Callable[[], bool]) -> None:
        self._port = port
        self._loses = loses
        self.lost = 0

    def send(self, frame: bytes) -> None:
        """Radiate a frame, or lose it."""
        if self._loses():
            self.lost += 1
        else:
            self._port.send(frame)

    def receive(self) -> list[bytes]:
        """What has come down and was not lost."""
        heard = []
        for frame in self._port.receive():
            if self._loses():
                self.lost += 1
            else:
                heard.append(frame)
        return heard


class Flight:
    """A vehicle with a ground that may be deaf, up to its first contact.

    Attributes:
        loses: says whether the next frame is lost.
    """

    def __init__(self) -> None:
        self.vehicle = LockstepVehicle(MISSION, None, seed=11)
        self.loses: Callable[[], bool] = lambda: False
        link = self.vehicle.ground.link
        self.ports = [PoorPort(downlink.port, self._loses_now) for downlink in link.downlinks]
        for downlink, port in zip(link.downlinks, self.ports, strict=True):
            downlink.port = port
        link._port = self.ports[0]
        self.statuses: list[FileTransferStatus] = []
        self.vehicle.runtime.observers.append(self._observe)
        self.vehicle.start()
        self.second = 0

    def _loses_now(self) -> bool:
        return self.loses()

    def _observe(self, _now_ns: int, _message_id: int, message: object) -> None:
        if isinstance(message, FileTransferStatus):
            self.statuses.append(message)

    @property
    def delivery(self) -> FileDelivery:
        """The ground's end."""
        assert self.vehicle.ground.delivery is not None
        return self.vehicle.ground.delivery

    @property
    def in_contact(self) -> bool:
        """Whether a station hears the spacecraft."""
        return self.vehicle.ground.passes.current is not None

    def fly(self, seconds: int = 1) -> None:
        """Let time pass."""
        self.second += seconds
        self.vehicle.run_until(self.second * NANOSECONDS)

    def fly_until(self, reached: Callable[[], bool], most_s: int, what: str) -> None:
        """Let time pass until something has come about."""
        for _ in range(most_s):
            if reached():
                return
            self.fly()
        pytest.fail(f"{what} did not come about in {most_s} s; {[*self.delivery.refresh()]}")

    def finish(self, *transfers: Transfer, most_s: int) -> None:
        """Let time pass until all of these have come to a good end."""
        self.fly_until(lambda: not any(transfer.open for transfer in transfers), most_s, "the end of all transfers")
        assert [transfer.outcome for transfer in transfers] == [TransferOutcome.FINISHED] * len(transfers)


@pytest.fixture(scope="module")
def flight() -> Iterator[Flight]:
    """In its first contact."""
    flight = Flight()
    flight.fly(FIRST_CONTACT_S)
    flight.fly_until(lambda: flight.in_contact and flight.statuses[-1].link_open, 600, "contact")
    yield flight
    flight.vehicle.close()


def test_files_go_up_and_down_with_losses_over_two_passes(flight: Flight) -> None:
    """Each tenth frame is lost, and the ground is deaf before the files are there: the next pass completes them."""
    chance = random.Random(1)
    image, table = chance.randbytes(1_000_000), chance.randbytes(60_000)
    flight.vehicle.spacecraft.mass_memory.write(IMAGE, image)
    flight.loses = lambda: chance.random() < 0.1
    up = flight.delivery.put("uploads/table", table, flight.vehicle.now_ns)
    down = flight.delivery.get(f"images/{IMAGE:05d}.img", flight.vehicle.now_ns)
    flight.fly(12)
    flight.delivery.refresh()
    assert up.open
    assert down.open
    assert 0 < down.progress < len(image)
    flight.loses = lambda: True
    flight.fly_until(lambda: not flight.in_contact, 60, "silence")
    progress = down.progress
    flight.fly_until(lambda: not flight.statuses[-1].link_open, 900, "the end of the pass on board")
    flight.delivery.refresh()
    assert down.progress == progress
    flight.loses = lambda: chance.random() < 0.1
    flight.finish(up, down, most_s=7000)
    assert sum(port.lost for port in flight.ports) > 100
    assert flight.vehicle.ground.files.read(down.local) == image
    memory = flight.vehicle.spacecraft.mass_memory
    assert table in [bytes(content) for content in memory.state.files.values()]
    flight.fly(20)
    status = flight.statuses[-1]
    assert (status.sending, status.receiving, status.failed, status.lost_on_board) == (0, 0, 0, 0)
    assert status.pdus_in == status.accepted + status.late + status.malformed + status.refused
    assert flight.vehicle.runtime.host.bus.ledger().closed
    assert not flight.vehicle.runtime.host.bus.ledger().dropped


def test_a_restart_of_the_app_and_of_the_computer(flight: Flight) -> None:
    """A file on its way survives the restart of its app, and a reset of the whole computer."""
    flight.loses = lambda: False
    flight.fly_until(lambda: flight.in_contact and flight.statuses[-1].link_open, 7000, "contact")
    table = random.Random(2).randbytes(200_000)
    up = flight.delivery.put("uploads/second", table, flight.vehicle.now_ns)
    flight.fly(4)
    assert up.open
    flight.vehicle.runtime.restart("file_transfer", "test")
    flight.fly(4)
    assert up.open
    flight.vehicle.runtime.processor_reset(ResetSubtype.COMMAND, "test")
    flight.fly(2)
    assert up.open
    flight.finish(up, most_s=7000)
    flight.delivery.list_directory("uploads", flight.vehicle.now_ns)
    listing = [*flight.delivery.transfers][-1]
    flight.finish(listing, most_s=7000)
    assert flight.vehicle.ground.files.read(listing.local) == b"second\t200000\ntable\t60000\n"
    memory = flight.vehicle.spacecraft.mass_memory
    assert table in [bytes(content) for content in memory.state.files.values()]


def test_files_come_down_behind_a_power_on_reset(flight: Flight) -> None:
    """The spacecraft has forgotten all but which numbers it used, so the ground takes no new file for an old one."""
    flight.loses = lambda: False
    flight.fly_until(lambda: flight.in_contact and flight.statuses[-1].link_open, 7000, "contact")
    image = random.Random(3).randbytes(20_000)
    flight.vehicle.spacecraft.mass_memory.write(IMAGE, image)
    before = flight.delivery.get(f"images/{IMAGE:05d}.img", flight.vehicle.now_ns)
    flight.finish(before, most_s=7000)
    flight.vehicle.runtime.power_on_reset("test")
    flight.fly(60)
    after = flight.delivery.get(f"images/{IMAGE:05d}.img", flight.vehicle.now_ns)
    flight.finish(after, most_s=7000)
    assert flight.vehicle.ground.files.read(after.local) == image
    assert before.transaction != after.transaction
