from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from apps.camera.messages import ImageTaken
from apps.file_transfer.messages import FileEnded, FileSent, FileTransferStatus, SendFile
from apps.payload.messages import ProductReady
from apps.products.messages import (
    Alert,
    AlertRaised,
    DeleteProduct,
    ProductDropped,
    ProductSent,
    ProductsStatus,
    ResendProduct,
    product_name,
)
from bus_sim.endpoints.mass_memory import MassMemoryEndpoint
from bus_sim.equipment.mass_memory import MassMemory as MemoryModel
from bus_sim.equipment.mass_memory import MassMemoryParameters
from flightsw.devices.mass_memory import MassMemory
from flightsw.hal.sim import SimUart
from flightsw.mission import Mission
from flightsw.testing import Bench
from tlm_cmd.cfdp.codes import ConditionCode
from tlm_cmd.packets.verification import FailureCode, Stage

FIRST_FILE = 0x8000_0000
PATIENCE_S = 240
OTHERS = ("file_transfer", "camera", "payload")
LINK = FileTransferStatus(*(0,) * len(FileTransferStatus.__struct_fields__))


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

    def contact(self, *, begins: bool = True) -> None:
        """Files can go down from now on, or not any more."""
        self.bench.deliver(msgspec.structs.replace(LINK, link_open=begins))

    def asked(self) -> list[int]:
        """Products that the file transfer was asked for so far."""
        commands = [command for command in self.bench.commands if isinstance(command, SendFile)]
        assert all(command == SendFile(command.source, command.source) for command in commands)
        return [int(command.source[9:14]) for command in commands]

    def sent_once(self, number: int) -> None:
        """The file transfer has sent all of a product once."""
        self.bench.deliver(FileSent(product_name(number), number))

    def ended(
        self,
        number: int,
        condition: ConditionCode = ConditionCode.NO_ERROR,
        *,
        may_pass: bool = False,
        destination: str = "",
    ) -> None:
        """The file transfer says what became of a product."""
        name, arrived = product_name(number), condition is ConditionCode.NO_ERROR and not may_pass
        self.bench.deliver(FileEnded(True, arrived, may_pass, condition, name, destination or name, 10, 423, number))

    def carry(self, number: int) -> None:
        """A product goes down and is confirmed."""
        self.sent_once(number)
        self.ended(number)

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


def test_a_product_goes_down(store: Store) -> None:
    """A product is asked for under its name, and is on ground when the ground has confirmed it, not before."""
    store.announce(12, 2000)
    store.bench.advance(5)
    assert store.asked() == []
    store.contact()
    store.bench.advance(1)
    assert store.asked() == [12]
    store.sent_once(12)
    assert store.order() == []
    store.ended(12)
    assert store.bench.sent(ProductSent) == [ProductSent(12, 2000)]
    status = store.status()
    assert (status.sent, status.octets_sent, status.waiting) == (1, 2000, 0)


def test_the_valuable_first(store: Store) -> None:
    """Products are asked for by value, the older of equals first, and the next one when all of the last was sent."""
    for number, value in ((1, 1.0), (2, 3.0), (3, 2.0), (4, 3.0)):
        store.announce(number, 10, value)
    store.contact()
    store.bench.advance(3)
    assert store.asked() == [2]
    store.announce(5, 10, value=9.0)
    for number in (2, 5, 4, 3, 1):
        assert store.asked()[-1] == number
        store.sent_once(number)
    assert store.order() == []
    for number in (5, 2, 1, 3, 4):
        store.ended(number)
    assert store.order() == [5, 2, 1, 3, 4]


def test_so_many_may_wait_for_the_ground(store: Store) -> None:
    """When as many are sent and not confirmed as may be, the next one waits until one is."""
    for number in range(1, 31):
        store.announce(number, 10)
    store.contact()
    store.bench.advance(1)
    for number in range(1, 25):
        assert store.asked()[-1] == number
        store.sent_once(number)
    store.bench.advance(10)
    assert len(store.asked()) == 24
    store.ended(7)
    assert store.asked()[-1] == 25


def test_nothing_is_asked_for_without_a_link(store: Store) -> None:
    """Which product is the most valuable is decided when it can go down; what was asked for is not asked for again."""
    store.announce(1, 10)
    store.contact()
    store.bench.advance(1)
    store.contact(begins=False)
    store.announce(2, 10)
    store.sent_once(1)
    store.bench.advance(5000)
    assert store.asked() == [1]
    store.contact()
    store.bench.advance(1)
    assert store.asked() == [1, 2]


def test_a_crash_on_the_way(store: Store) -> None:
    """After a crash a product that was asked for is not asked for again, and its end is still heard."""
    store.announce(1, 10)
    store.announce(2, 10)
    store.contact()
    store.bench.advance(1)
    store.bench.restart()
    store.bench.advance(5)
    assert store.asked() == [1]
    store.carry(1)
    assert (store.order(), store.asked()) == ([1], [1, 2])


def test_a_product_that_the_ground_has_fetched_itself(store: Store) -> None:
    """A product that comes down to its place without having been asked for is on ground; elsewhere it is not."""
    store.announce(1, 10)
    store.ended(1, destination="received/1")
    assert store.order() == []
    store.ended(1)
    assert store.order() == [1]
    store.ended(1)
    assert store.order() == [1]


# ------------------------------------------------------------------ what goes wrong


def test_a_memory_that_does_not_answer_costs_no_product(store: Store) -> None:
    """What may pass is tried again every second, without end; each time is one error."""
    store.announce(1, 10)
    store.contact()
    for second in range(1, 31):
        store.bench.advance(1)
        assert store.asked() == [1] * second
        store.ended(1, may_pass=True)
    store.bench.advance(1)
    store.carry(1)
    status = store.status()
    assert (status.errors, status.dropped, status.sent) == (30, 0, 1)


def test_a_product_that_cannot_be_sent(store: Store) -> None:
    """After a few attempts it is given up, which is told, and deleted; the others follow."""
    store.announce(1, 10, value=9.0)
    store.announce(2, 10)
    store.contact()
    for _ in range(3):
        assert store.bench.sent(ProductDropped) == []
        store.bench.advance(1)
        assert store.asked()[-1] == 1
        store.ended(1, ConditionCode.FILESTORE_REJECTION)
    assert store.bench.sent(ProductDropped) == [ProductDropped(1, "filestore rejection")]
    assert FIRST_FILE + 1 not in store.model.state.files
    store.bench.advance(1)
    assert store.asked()[-1] == 2
    assert store.status().dropped == 1


def test_a_product_of_which_nothing_is_heard(store: Store) -> None:
    """Waiting has a bound, counted in contact only; then it is asked for again."""
    store.announce(1, 10)
    store.contact()
    store.bench.advance(PATIENCE_S - 10)
    store.contact(begins=False)
    store.bench.advance(1000)
    store.contact()
    store.bench.advance(10)
    assert store.asked() == [1]
    store.bench.advance(2)
    assert store.asked() == [1, 1]
    store.bench.advance(2 * PATIENCE_S + 5)
    assert store.bench.sent(ProductDropped) == [ProductDropped(1, "no word of it")]


def test_a_product_that_is_cancelled(store: Store) -> None:
    """What the ground cancels is not sent again by itself, but it is kept and can be called for."""
    store.announce(1, 10)
    store.contact()
    store.bench.advance(1)
    store.ended(1, ConditionCode.CANCEL_REQUEST)
    store.bench.advance(10)
    assert store.asked() == [1]
    assert store.bench.sent(ProductDropped) == [ProductDropped(1, "cancelled; it is kept, and can be sent again")]
    assert store.bench.command(ResendProduct(1)).stage is Stage.COMPLETED
    store.bench.advance(1)
    store.carry(1)
    assert (store.asked(), store.order()) == ([1, 1], [1])


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
        small.carry(number)
    assert sorted(small.model.state.files) == [FIRST_FILE + 2, FIRST_FILE + 3]
    del small.model.state.files[FIRST_FILE + 2]
    small.announce(4, 10)
    small.bench.advance(1)
    small.carry(4)
    assert (small.order(), small.status().errors) == ([1, 2, 3, 4], 1)


def test_resending(store: Store) -> None:
    """A kept product is sent once more; one that was not sent is refused."""
    store.announce(1, 2000)
    report = store.bench.command(ResendProduct(1))
    assert (report.stage, report.code) == (Stage.FAILED, FailureCode.BAD_ARGUMENT)
    store.contact()
    store.bench.advance(1)
    store.carry(1)
    assert store.bench.command(ResendProduct(1)).stage is Stage.COMPLETED
    store.bench.advance(1)
    store.carry(1)
    assert (store.order(), store.asked()) == ([1, 1], [1, 1])


def test_resending_has_a_bound(small: Store) -> None:
    """When as many products wait as may, resending is refused instead of pushing one out."""
    small.contact()
    small.announce(1, 10)
    small.bench.advance(1)
    small.carry(1)
    small.contact(begins=False)
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
    for number in (1, 2):
        store.carry(number)
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
    store.carry(1)
    status = store.status()
    assert (status.raw_octets, status.octets_sent, status.sent) == (1_000_000, 1234, 1)
