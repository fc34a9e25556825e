from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from apps.camera.messages import ImageTaken
from apps.mode_manager.messages import ModeStatus, SpacecraftMode
from apps.payload.messages import ProductReady
from apps.products.messages import (
    SEGMENT_OCTETS,
    Alert,
    AlertRaised,
    DeleteProduct,
    ProductDropped,
    ProductSegment,
    ProductSent,
    ProductsStatus,
    ResendProduct,
)
from apps.telemetry_output.messages import DownlinkStatus
from bus_sim.endpoints.mass_memory import MassMemoryEndpoint
from bus_sim.equipment.mass_memory import MassMemory as MemoryModel
from bus_sim.equipment.mass_memory import MassMemoryParameters
from flightsw.devices.mass_memory import MassMemory
from flightsw.hal.sim import SimUart
from flightsw.mission import Mission
from flightsw.testing import Bench
from tlm_cmd.packets.verification import FailureCode, Stage

FIRST_FILE = 0x8000_0000
PER_SECOND = 60
OTHERS = ("mode_manager", "camera", "payload", "telemetry_output")


def ready(number: int, octets: int, value: float = 1.0, **changes: float) -> ProductReady:
    """The payload's announcement of a product."""
    message = ProductReady(
        product=number,
        job=number,
        scene=number,
        target=7,
        file=FIRST_FILE + number,
        octets=octets,
        raw_octets=1_000_000,
        value=value,
        cloud_fraction=0.0,
        green_fraction=0.5,
        water_fraction=0.1,
    )
    return msgspec.structs.replace(message, **changes)


class Store:
    """The app on its bench with a real mass memory behind a wire.

    Attributes:
        noisy: the memory's answers are damaged.
    """

    def __init__(self, make: Callable[..., Bench], tables: Path | None = None) -> None:
        self.model = MemoryModel(MassMemoryParameters(10_000_000, 1000, 0.0))
        self.model.state.powered = True
        self._end = MassMemoryEndpoint(self.model)
        self.noisy = False
        self.bench = make("products", {MassMemory: MassMemory(SimUart(self))}, others=OTHERS, tables=tables)

    def receive(self, data: bytes) -> bytes:
        """The memory's end of its wire."""
        answer = self._end.receive(data)
        return answer[:-1] + bytes([answer[-1] ^ 1]) if self.noisy and answer else answer

    def announce(self, number: int, octets: int, value: float = 1.0, **changes: float) -> bytes:
        """Put a product into the memory and announce it; returns its content."""
        content = bytes((number + index // 7) % 256 for index in range(octets))
        self.model.write(FIRST_FILE + number, content)
        self.bench.deliver(ready(number, octets, value, **changes))
        return content

    def contact(self, *, mode: SpacecraftMode = SpacecraftMode.DOWNLINK, x_band: bool = True) -> None:
        """A contact begins, or is as told."""
        self.bench.deliver(ModeStatus(mode, True, "Beijing", 10.0, 1, 1))
        self.bench.deliver(DownlinkStatus(True, 0, 0, 0, 0, 0, 0, 0, x_band_on=x_band))

    def no_contact(self) -> None:
        """The contact ends."""
        self.bench.deliver(ModeStatus(SpacecraftMode.NOMINAL, False, "", 0.0, 1, 1))

    def segments(self, number: int) -> list[ProductSegment]:
        """The segments sent of a product."""
        return [segment for segment in self.bench.sent(ProductSegment) if segment.product == number]

    def content(self, number: int) -> bytes:
        """The file that the ground puts together of a product's segments, in any order."""
        segments = self.segments(number)
        content = bytearray(segments[0].total_octets)
        for segment in segments:
            content[segment.offset : segment.offset + len(segment.data)] = segment.data
            assert segment.checksum == zlib.crc32(self.model.state.files[FIRST_FILE + number])
        return bytes(content)

    def order(self) -> list[int]:
        """Products in the order in which they were sent."""
        return [event.product for event in self.bench.sent(ProductSent)]

    def status(self) -> ProductsStatus:
        """The next report."""
        self.bench.advance(10)
        return self.bench.latest(ProductsStatus)


@pytest.fixture
def store(bench_of: Callable[..., Bench]) -> Store:
    """The app out of contact, with an empty memory."""
    return Store(bench_of)


@pytest.fixture
def small(bench_of: Callable[..., Bench], mission: Mission, tmp_path: Path) -> Store:
    """An app that keeps and queues few products."""
    text = (mission.table_folder("products") / "rules.toml").read_text()
    (tmp_path / "rules.toml").write_text(text.replace("kept = 64", "kept = 2").replace("waiting = 64", "waiting = 3"))
    return Store(bench_of, tmp_path)


# ------------------------------------------------------------------ sending


@pytest.mark.parametrize("octets", [1, SEGMENT_OCTETS - 1, SEGMENT_OCTETS, SEGMENT_OCTETS + 1, 40_000, 100_001])
def test_a_product_comes_down_whole(store: Store, octets: int) -> None:
    """Every octet of a file is sent once, in segments that tell its size and checksum."""
    content = store.announce(1, octets)
    store.contact()
    store.bench.advance(5)
    assert store.content(1) == content
    assert len(store.segments(1)) == -(-octets // SEGMENT_OCTETS)
    assert store.bench.sent(ProductSent) == [ProductSent(1, octets)]


def test_an_empty_product(store: Store) -> None:
    """A product without content is done without a segment, and holds up nothing."""
    store.announce(1, 0)
    store.announce(2, 10)
    store.contact()
    store.bench.advance(1)
    assert (store.order(), store.segments(1)) == ([1, 2], [])


def test_no_more_per_second_than_the_table_allows(store: Store) -> None:
    """A long file takes as many seconds as the rate of the table makes it."""
    store.announce(1, SEGMENT_OCTETS * PER_SECOND * 3)
    store.contact()
    for second in range(1, 4):
        store.bench.advance(1)
        assert len(store.segments(1)) == second * PER_SECOND
    assert store.order() == [1]


def test_the_valuable_first(store: Store) -> None:
    """Products are sent by value, the older of equals first; one begun is finished before a better one."""
    long = SEGMENT_OCTETS * PER_SECOND * 2
    for number, value in ((1, 1.0), (2, 3.0), (3, 2.0), (4, 3.0)):
        store.announce(number, long, value)
    store.contact()
    store.bench.advance(1)
    store.announce(5, 10, value=9.0)
    store.bench.advance(10)
    assert store.order() == [2, 5, 4, 3, 1]


def test_what_is_left_of_a_second_is_used(store: Store) -> None:
    """Small products share a second."""
    for number in range(1, 31):
        store.announce(number, 2 * SEGMENT_OCTETS)
    store.contact()
    store.bench.advance(1)
    assert len(store.order()) == 30


@pytest.mark.parametrize(
    ("mode", "x_band"),
    [(SpacecraftMode.NOMINAL, True), (SpacecraftMode.IMAGING, True), (SpacecraftMode.DOWNLINK, False)],
)
def test_nothing_is_sent_to_nobody(store: Store, mode: SpacecraftMode, *, x_band: bool) -> None:
    """Products wait until the spacecraft points its antennas down and the transmitter for them is on."""
    store.announce(1, 10)
    store.bench.advance(1)
    store.contact(mode=mode, x_band=x_band)
    store.bench.advance(5)
    assert store.order() == []
    store.contact()
    store.bench.advance(1)
    assert store.order() == [1]


def test_a_contact_that_ends_on_the_way(store: Store) -> None:
    """A product that was half sent when the contact ended goes on in the next one, no segment twice."""
    content = store.announce(1, SEGMENT_OCTETS * PER_SECOND * 2)
    store.contact()
    store.bench.advance(1)
    store.no_contact()
    store.bench.advance(100)
    assert len(store.segments(1)) == PER_SECOND
    store.contact()
    store.bench.advance(1)
    assert store.content(1) == content
    assert len(store.segments(1)) == 2 * PER_SECOND


def test_a_crash_on_the_way(store: Store) -> None:
    """After a crash the file goes on where the memory of it stands, with the same checksum."""
    content = store.announce(1, SEGMENT_OCTETS * PER_SECOND * 3)
    store.announce(2, 10)
    store.contact()
    store.bench.advance(1)
    store.bench.container.checkpoint()
    store.bench.advance(1)
    store.bench.restart()
    store.bench.advance(3)
    assert store.content(1) == content
    assert len(store.segments(1)) == 4 * PER_SECOND
    assert store.order() == [1, 2]


# ------------------------------------------------------------------ a memory that fails


def test_a_silent_memory_costs_no_product(store: Store) -> None:
    """While the memory does not answer everything waits; each second is one error."""
    for number in range(1, 6):
        store.announce(number, 10)
    store.model.state.powered = False
    store.contact()
    store.bench.advance(30)
    store.model.state.powered = True
    status = store.status()
    assert (status.errors, status.dropped, status.sent, status.waiting) == (30, 0, 5, 0)


def test_a_noisy_memory_costs_no_product(store: Store) -> None:
    """Replies that cannot be trusted are errors, and the product is read again."""
    content = store.announce(1, 5000)
    store.noisy = True
    store.contact()
    store.bench.advance(10)
    store.noisy = False
    store.bench.advance(1)
    assert store.content(1) == content


def test_a_file_that_is_gone(store: Store) -> None:
    """A product whose file is gone is given up after a few attempts, which is told; the others follow."""
    store.announce(1, 10, value=9.0)
    store.announce(2, 10)
    del store.model.state.files[FIRST_FILE + 1]
    store.contact()
    store.bench.advance(2)
    assert store.bench.sent(ProductDropped) == []
    store.bench.advance(2)
    assert store.bench.sent(ProductDropped) == [ProductDropped(1, "not found")]
    assert store.order() == [2]
    assert store.status().dropped == 1


def test_a_file_shorter_than_announced(store: Store) -> None:
    """A product whose file ends too early is given up after a few attempts, and holds up nothing."""
    store.announce(1, 2000, value=9.0)
    store.announce(2, 10)
    del store.model.state.files[FIRST_FILE + 1][1000:]
    store.contact()
    store.bench.advance(5)
    assert store.bench.sent(ProductDropped) == [ProductDropped(1, "file ends at octet 1000 of 2000")]
    assert store.order() == [2]
    assert FIRST_FILE + 1 not in store.model.state.files


# ------------------------------------------------------------------ bounds and commands


def test_too_many_wait(small: Store) -> None:
    """Beyond the bound the least valuable product is given up, told, and deleted."""
    for number, value in ((1, 3.0), (2, 1.0), (3, 2.0), (4, 4.0), (5, 0.5)):
        small.announce(number, 10, value)
    assert small.bench.sent(ProductDropped) == [
        ProductDropped(2, "too many wait"),
        ProductDropped(5, "too many wait"),
    ]
    assert sorted(small.model.state.files) == [FIRST_FILE + number for number in (1, 3, 4)]
    status = small.status()
    assert (status.waiting, status.dropped) == (3, 2)


def test_sent_products_are_kept_for_a_while(small: Store) -> None:
    """The newest sent products stay in the memory, older ones are deleted; a failed deletion is an error."""
    small.contact()
    for number in range(1, 4):
        small.announce(number, 10)
        small.bench.advance(1)
    assert sorted(small.model.state.files) == [FIRST_FILE + 2, FIRST_FILE + 3]
    del small.model.state.files[FIRST_FILE + 2]
    small.announce(4, 10)
    small.bench.advance(1)
    assert (small.order(), small.status().errors) == ([1, 2, 3, 4], 1)


def test_resending(store: Store) -> None:
    """A kept product is sent once more from its beginning; one that was not sent is refused."""
    content = store.announce(1, 2000)
    report = store.bench.command(ResendProduct(1))
    assert (report.stage, report.code) == (Stage.FAILED, FailureCode.BAD_ARGUMENT)
    store.contact()
    store.bench.advance(1)
    assert store.bench.command(ResendProduct(1)).stage is Stage.COMPLETED
    store.bench.advance(1)
    assert (store.order(), len(store.segments(1))) == ([1, 1], 6)
    assert store.content(1) == content


def test_resending_has_a_bound(small: Store) -> None:
    """When as many products wait as may, resending is refused instead of pushing one out."""
    small.contact()
    small.announce(1, 10)
    small.bench.advance(1)
    small.no_contact()
    for number in range(2, 5):
        small.announce(number, 10)
    report = small.bench.command(ResendProduct(1))
    assert (report.stage, report.code) == (Stage.FAILED, FailureCode.NOT_POSSIBLE_NOW)
    assert small.bench.sent(ProductDropped) == []


def test_deleting(store: Store) -> None:
    """A sent product is deleted from the memory; after that it can neither be deleted nor resent."""
    for number in (1, 2):
        store.announce(number, 10)
    store.contact()
    store.bench.advance(1)
    assert store.bench.command(DeleteProduct(2)).stage is Stage.COMPLETED
    assert list(store.model.state.files) == [FIRST_FILE + 1]
    for command in (DeleteProduct(2), ResendProduct(2)):
        assert store.bench.command(command).code is FailureCode.BAD_ARGUMENT


# ------------------------------------------------------------------ alerts and counts


def test_alerts(store: Store) -> None:
    """A place that has changed since its last clear image raises an alert at once, contact or not."""
    store.announce(1, 10)
    assert store.bench.sent(Alert) == []
    store.announce(2, 10, green_fraction=0.46)
    assert store.bench.sent(Alert) == []
    store.announce(3, 10, green_fraction=0.40)
    alert = store.bench.latest(Alert)
    assert (alert.scene, alert.target, alert.finding) == (3, 7, "green cover from 46% to 40%")
    assert alert.change == pytest.approx(0.06)
    assert store.bench.sent(AlertRaised) == [AlertRaised(7, "green cover from 46% to 40%")]
    assert store.status().alerts == 1


def test_clouds_raise_no_alert(store: Store) -> None:
    """What is seen through much cloud is neither believed nor remembered."""
    store.announce(1, 10)
    store.announce(2, 10, green_fraction=0.1, cloud_fraction=0.21)
    store.announce(3, 10, green_fraction=0.5, cloud_fraction=0.2)
    assert store.bench.sent(Alert) == []


def test_places_are_compared_with_themselves(store: Store) -> None:
    """Another place has another past, also after a crash."""
    store.announce(1, 10, target=7)
    store.announce(2, 10, target=8, green_fraction=0.9)
    store.bench.restart()
    store.announce(3, 10, target=8, green_fraction=0.7)
    assert [alert.target for alert in store.bench.sent(Alert)] == [8]


def test_what_was_saved(store: Store) -> None:
    """The octets of all images are counted beside those that were sent instead."""
    for scene in (1, 2):
        store.bench.deliver(ImageTaken(scene, 7, "Beijing", scene, 500_000, 1.0, 0, 0.0))
    store.announce(1, 1234)
    store.contact()
    store.bench.advance(1)
    status = store.status()
    assert (status.raw_octets, status.octets_sent, status.sent) == (1_000_000, 1234, 1)
