from __future__ import annotations

import random
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from flightsw.mission_file_delivery import FileDeliveryParameters
from ops_tools.ground import transfers
from ops_tools.ground.delivery_memory import DeliveryMemory
from ops_tools.ground.errors import LinkDownError
from ops_tools.ground.file_delivery import MAX_TRANSACTIONS, FileDelivery
from ops_tools.ground.files import FileStore
from ops_tools.ground.guarded_files import MEMORY_FOLDER
from ops_tools.ground.pdu_uplink import FRAMES_FOR_COMMANDS
from ops_tools.ground.settings import GroundSettings
from ops_tools.ground.transfers import (
    Transfer,
    TransferBook,
    TransferKind,
    TransferOutcome,
    TransferRefusedError,
    UnknownTransferError,
)
from tlm_cmd.cfdp.codes import ConditionCode, FilestoreAction
from tlm_cmd.cfdp.entity_state import EntityState
from tlm_cmd.cfdp.filestore import DirectoryEntry
from tlm_cmd.cfdp.pdu.tlv import FilestoreRequest
from tlm_cmd.cfdp.requests import PutRequest, TransactionId
from tlm_cmd.cfdp.traffic import kind_of
from tlm_cmd.definition.dictionary import Dictionary
from tlm_cmd.link.parameters import LinkParameters
from tlm_cmd.packets.cfs_header import parse_command
from tlm_cmd.packets.cfs_profile import CfsProfile

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.ops_tools.conftest import Loop

CONTENT = random.Random(5).randbytes(5000)
PARAMETERS = FileDeliveryParameters(spacecraft_entity=2, ground_entity=1, pdu_octets=200)


@pytest.fixture
def contact(loop: Loop) -> Loop:
    """Ground and spacecraft in contact."""
    loop.spacecraft.transmitting = True
    loop.step()
    return loop


def delivery(loop: Loop) -> FileDelivery:
    """The ground's end."""
    assert loop.ground.delivery is not None
    return loop.ground.delivery


def fly(loop: Loop, seconds: int = 60) -> None:
    """Let time pass."""
    for _ in range(seconds):
        loop.step()


def texts(loop: Loop) -> list[str]:
    """What the event log says of files."""
    return [event.text for event in loop.ground.events.newest() if "FILE" in event.name]


# ------------------------------------------------------------------ down


def test_a_product_comes_down(contact: Loop) -> None:
    """A file that the spacecraft sends lies in the store under its name, and the log says so."""
    contact.spacecraft.files.put("mask", CONTENT)
    contact.spacecraft.entity.put(PutRequest(1, "mask", "products/00012.mask"))
    fly(contact)
    assert contact.ground.files.content(12) == CONTENT
    assert texts(contact) == ["product 12 complete, 5000 octets"]
    assert contact.ground.status().files_complete == 1
    (transfer,) = delivery(contact).transfers
    assert (transfer.kind, transfer.outcome, transfer.progress) == (TransferKind.DOWN, TransferOutcome.FINISHED, 5000)
    assert contact.spacecraft.entity.transactions == ()


def test_losses_both_ways_are_made_good(contact: Loop) -> None:
    """With a fifth of all PDUs lost each way files arrive, byte by byte."""
    chance = random.Random(3)
    contact.spacecraft.loses = lambda _pdu: chance.random() < 0.2
    contact.spacecraft.files.put("mask", CONTENT)
    contact.spacecraft.entity.put(PutRequest(1, "mask", "products/00001.mask"))
    sent = delivery(contact).put("table", CONTENT[:3000], contact.now_ns)
    fly(contact, 600)
    assert contact.ground.files.content(1) == CONTENT
    assert sent.outcome is TransferOutcome.FINISHED


def test_a_pass_that_ends_on_the_way(contact: Loop) -> None:
    """Out of contact nothing goes up and no time runs out; in the next pass the file is completed."""
    contact.spacecraft.files.put("mask", CONTENT)
    contact.spacecraft.entity.put(PutRequest(1, "mask", "products/00001.mask"))
    chance = random.Random(4)
    contact.spacecraft.loses = lambda pdu: kind_of(pdu) != "metadata" and chance.random() < 0.7
    fly(contact, 5)
    (transfer,) = delivery(contact).refresh()
    assert transfer.open
    assert contact.ground.status().files_open == 1
    contact.spacecraft.transmitting, contact.spacecraft.silent = False, True
    contact.spacecraft.entity.freeze(1)
    fly(contact, 3600)
    delivery(contact).refresh()
    assert transfer.phase.endswith("out of contact")
    up = delivery(contact).counters.up.pdus.pdus
    fly(contact, 100)
    assert delivery(contact).counters.up.pdus.pdus == up
    contact.spacecraft.silent, contact.spacecraft.transmitting = False, True
    contact.spacecraft.loses = lambda _pdu: False
    contact.spacecraft.entity.thaw(1, contact.now_ns)
    fly(contact, 60)
    assert contact.ground.files.content(1) == CONTENT


def test_a_wrong_checksum_drops_the_file(contact: Loop) -> None:
    """All octets with another checksum are no file; the ground says so."""
    contact.spacecraft.files.put("mask", CONTENT)
    contact.spacecraft.entity.put(PutRequest(1, "mask", "products/00009.mask"))
    state = contact.spacecraft.entity.state.senders[0]
    state.checksum.value = 1
    fly(contact)
    assert texts(contact) == [
        "mask dropped: all octets came, but its checksum is wrong; have it sent once more",
    ]
    assert (contact.ground.files.counters.corrupt, list(contact.ground.files.files)) == (1, [])


@pytest.mark.parametrize(
    "name",
    [
        ".file_delivery",
        "./.File_Delivery/x",
        "outgoing/7",
        "outgoing/./7",
        "received/1",
        "a/../b",
        "received",
        "Listings",
        "received/2/x",
    ],
)
def test_the_ground_s_own_files_are_not_overwritten(contact: Loop, name: str) -> None:
    """A name of what the ground keeps for itself, or of what it has asked for and has, is refused when it is told."""
    contact.spacecraft.files.put("there", CONTENT)
    asked = delivery(contact).get("there", contact.now_ns)
    fly(contact)
    assert asked.local == "received/1"
    contact.spacecraft.files.put("bad", b"bad")
    contact.spacecraft.entity.put(PutRequest(1, "bad", name))
    fly(contact)
    transfer = [*delivery(contact).transfers][-1]
    assert (transfer.outcome, transfer.condition) == (TransferOutcome.FAILED, ConditionCode.FILESTORE_REJECTION)
    assert transfer.reason.startswith("refused on ground: ")
    assert contact.ground.files.read("received/1") == CONTENT
    assert list(contact.ground.files.by_name) == ["received/1"]
    assert contact.spacecraft.entity.transactions == ()


def test_requests_leave_the_ground_s_own_files_alone(contact: Loop) -> None:
    """No filestore request of the spacecraft changes them either."""
    contact.spacecraft.files.put("there", CONTENT)
    delivery(contact).get("there", contact.now_ns)
    fly(contact)
    contact.ground.files.filestore.create("outgoing/9")
    contact.ground.files.filestore.create(".file_delivery/state")
    before = {name: contact.ground.files.read(name) for name in ("received/1", "outgoing/9", ".file_delivery/state")}
    for name in before:
        for action, second in (("DELETE_FILE", ""), ("RENAME_FILE", "new"), ("APPEND_FILE", name), ("DENY_FILE", "")):
            request = FilestoreRequest(FilestoreAction[action], name, second)
            contact.spacecraft.entity.put(PutRequest(1, filestore_requests=(request,)))
    fly(contact)
    assert {name: contact.ground.files.read(name) for name in before} == before
    assert contact.ground.files.filestore.size("new") is None


def test_no_request_puts_a_directory_in_the_way(contact: Loop) -> None:
    """What the ground asks for finds its place free."""
    for name in ("received", "received/1", "listings", "listings/2", "outgoing"):
        request = FilestoreRequest(FilestoreAction.CREATE_DIRECTORY, name)
        contact.spacecraft.entity.put(PutRequest(1, filestore_requests=(request,)))
    fly(contact)
    contact.spacecraft.files.put("there", CONTENT)
    asked = [delivery(contact).get("there", contact.now_ns), delivery(contact).list_directory("", contact.now_ns)]
    fly(contact)
    assert [each.outcome.value for each in asked] == ["finished", "finished"]
    assert contact.ground.files.filestore.list_directory("") == [
        DirectoryEntry("listings", None),
        DirectoryEntry("received", None),
    ]


def test_a_file_that_is_too_long(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is refused when its length is told, and the files that there are stay."""
    monkeypatch.setattr(contact_files := loop.ground.files, "_most_octets", 5000)
    loop.spacecraft.transmitting = True
    for name, content in (("first", CONTENT), ("second", CONTENT + b"1")):
        loop.spacecraft.files.put(name, content)
        loop.spacecraft.entity.put(PutRequest(1, name, f"products/{name}"))
    fly(loop)
    assert list(contact_files.by_name) == ["products/first"]
    assert [each.outcome.value for each in delivery(loop).transfers] == ["finished", "failed"]
    assert texts(loop)[0] == "second failed: refused on ground: 5001 octets, at most 5000 are kept"


# ------------------------------------------------------------------ up, and asking


def test_a_file_goes_up(contact: Loop) -> None:
    """It is on board under the name that was asked for, and nothing of it stays in the ground's filestore."""
    transfer = delivery(contact).put("uploads/table", CONTENT, contact.now_ns)
    fly(contact)
    assert transfer.outcome is TransferOutcome.FAILED  # the spacecraft has no such directory
    contact.spacecraft.files.make_directory("uploads")
    transfer = delivery(contact).put("uploads/table", CONTENT, contact.now_ns)
    fly(contact)
    assert transfer.outcome is TransferOutcome.FINISHED
    assert contact.spacecraft.files.get("uploads/table") == CONTENT
    assert contact.ground.files.filestore.list_directory("outgoing") == []
    assert texts(contact) == [
        "uploads/table failed: filestore rejection",
        "uploads/table is on board, 5000 octets",
    ]


def test_a_file_is_fetched(contact: Loop) -> None:
    """What was asked for comes down, and its transfer is the one that was asked for."""
    contact.spacecraft.files.put("log", CONTENT)
    transfer = delivery(contact).get("log", contact.now_ns)
    fly(contact)
    assert (transfer.outcome, transfer.octets) == (TransferOutcome.FINISHED, 5000)
    assert contact.ground.files.read(transfer.local) == CONTENT
    assert len([*delivery(contact).transfers]) == 1
    assert texts(contact) == ["log complete, 5000 octets"]


def test_a_file_that_is_not_there(contact: Loop) -> None:
    """The spacecraft says that it has none, and the transfer has failed."""
    transfer = delivery(contact).get("none", contact.now_ns)
    fly(contact)
    assert (transfer.outcome, transfer.condition) == (TransferOutcome.FAILED, ConditionCode.FILESTORE_REJECTION)
    assert texts(contact) == ["none failed: the spacecraft could not send it"]


def test_a_directory_is_listed(contact: Loop) -> None:
    """A listing comes down as a file of lines; of a directory that is not there none does."""
    contact.spacecraft.files.put("log", b"123")
    contact.spacecraft.files.make_directory("uploads")
    listing = delivery(contact).list_directory("", contact.now_ns)
    none = delivery(contact).list_directory("none", contact.now_ns)
    fly(contact)
    assert listing.outcome is TransferOutcome.FINISHED
    assert contact.ground.files.read(listing.local) == b"log\t3\nuploads/\n"
    assert none.outcome is TransferOutcome.FAILED
    assert "no such directory" in none.reason


def test_what_people_do_with_transfers(contact: Loop) -> None:
    """A transfer rests while it is suspended, goes on when it is resumed, and ends when it is cancelled."""
    contact.spacecraft.files.make_directory("uploads")
    ground = delivery(contact)
    transfer = ground.put("uploads/long", bytes(100_000), contact.now_ns)
    fly(contact, 3)
    ground.suspend(transfer.number, contact.now_ns)
    ground.refresh()
    progress = transfer.progress
    fly(contact, 30)
    ground.refresh()
    assert (transfer.phase, transfer.suspended, transfer.progress) == ("suspended", True, progress)
    assert 0 < progress < 100_000
    ground.resume(transfer.number, contact.now_ns)
    fly(contact, 3)
    ground.refresh()
    assert transfer.progress > progress
    ground.cancel(transfer.number, contact.now_ns)
    fly(contact, 30)
    assert (transfer.outcome, transfer.phase) == (TransferOutcome.CANCELLED, "cancelled")
    assert contact.spacecraft.entity.transactions == ()
    assert texts(contact) == ["uploads/long cancelled"]
    for do in (ground.cancel, ground.suspend, ground.resume):
        with pytest.raises(TransferRefusedError, match="over"):
            do(transfer.number, contact.now_ns)
        with pytest.raises(UnknownTransferError):
            do(99, contact.now_ns)


def test_what_was_only_asked_for_is_cancelled_as_well(loop: Loop) -> None:
    """Out of contact a file can be asked for and given up; nothing is on its way that could rest."""
    ground = delivery(loop)
    transfer = ground.get("log", loop.now_ns)
    with pytest.raises(TransferRefusedError, match="no file is on its way yet"):
        ground.suspend(transfer.number, loop.now_ns)
    ground.cancel(transfer.number, loop.now_ns)
    assert transfer.outcome is TransferOutcome.CANCELLED


def no_file_comes(pdu: bytes) -> bool:
    """Lose what the spacecraft sends of the file that it was asked for."""
    return not pdu[0] & 0x08 and pdu[4:6] == b"\0\2" and kind_of(pdu) in ("metadata", "file_data", "eof")


def test_a_request_that_was_delivered_is_cancelled(contact: Loop) -> None:
    """It is over at once on ground, and on board as well: the file is taken back."""
    contact.spacecraft.files.put("there", CONTENT)
    contact.spacecraft.loses = no_file_comes
    transfer = delivery(contact).get("there", contact.now_ns)
    fly(contact, 30)
    assert (transfer.open, transfer.transaction) == (True, None)
    assert len(contact.spacecraft.entity.transactions) == 1
    assert delivery(contact).cancel(transfer.number, contact.now_ns).outcome is TransferOutcome.CANCELLED
    fly(contact, 10)
    assert contact.spacecraft.entity.state.senders[0].condition is ConditionCode.CANCEL_REQUEST
    contact.spacecraft.loses = lambda _pdu: False
    fly(contact, 300)
    assert contact.spacecraft.entity.transactions == ()
    assert contact.ground.files.by_name == {}


def test_a_cancelled_file_that_comes_all_the_same_is_refused(contact: Loop) -> None:
    """Where it could not be taken back it is cancelled when it comes, at both ends."""
    contact.spacecraft.files.put("there", CONTENT)
    contact.spacecraft.loses = no_file_comes
    transfer = delivery(contact).get("there", contact.now_ns)
    fly(contact, 30)
    contact.spacecraft.entity.state.proxied.clear()
    delivery(contact).cancel(transfer.number, contact.now_ns)
    contact.spacecraft.loses = lambda _pdu: False
    fly(contact, 300)
    assert contact.spacecraft.entity.transactions == ()
    assert contact.ground.files.by_name == {}
    assert contact.ground.files.read(transfer.local) is None


@pytest.mark.parametrize("kind", [TransferKind.GET, TransferKind.LISTING])
def test_a_request_that_is_never_answered_fails(contact: Loop, kind: TransferKind) -> None:
    """The spacecraft has forgotten it: the ground waits for twice the time of inactivity, in contact only."""
    contact.spacecraft.files.put("there", CONTENT)
    contact.spacecraft.loses = no_file_comes
    ground = delivery(contact)
    transfer = (ground.get if kind is TransferKind.GET else ground.list_directory)("there", contact.now_ns)
    fly(contact, 30)
    contact.spacecraft.entity.state = EntityState(next_sequence=100)
    contact.spacecraft.loses = lambda _pdu: False
    contact.spacecraft.transmitting = False
    fly(contact, 2000)
    assert transfer.open
    contact.spacecraft.transmitting = True
    fly(contact, 500)
    assert transfer.open
    fly(contact, 150)
    assert (transfer.outcome, transfer.condition) == (TransferOutcome.FAILED, ConditionCode.INACTIVITY)
    assert transfer.reason == "the spacecraft does not answer"


def test_a_transfer_that_the_entity_does_not_know(contact: Loop) -> None:
    """It is ended: nothing would ever be told of it."""
    book = delivery(contact).transfers
    lost = book.begin(TransferKind.PUT, "up", "outgoing/9", 0)
    lost.transaction = TransactionId(1, 999)
    fly(contact, 3)
    assert lost.outcome is TransferOutcome.FAILED
    assert lost.reason == "its transaction is over, and nothing was told of how it ended"


def test_no_more_transfers_than_are_remembered(contact: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where all go on a further one is refused; one that the spacecraft begins is taken."""
    monkeypatch.setattr(transfers, "MAX_TRANSFERS", 2)
    contact.spacecraft.silent = True
    for name in ("one", "two"):
        delivery(contact).put(name, CONTENT, contact.now_ns)
    with pytest.raises(TransferRefusedError, match="cancel some"):
        delivery(contact).put("three", CONTENT, contact.now_ns)
    contact.spacecraft.files.put("there", b"1")
    contact.spacecraft.entity.put(PutRequest(1, "there", "products/there"))
    fly(contact)
    assert [each.remote for each in delivery(contact).transfers] == ["one", "two", "there"]
    assert "products/there" in contact.ground.files.by_name


def test_what_is_refused_at_once(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Too long, with a name that does not fit, or more than may go on: refused with the reason."""
    ground = delivery(loop)
    monkeypatch.setattr("ops_tools.ground.file_delivery.MAX_PUT_OCTETS", 10)
    with pytest.raises(TransferRefusedError, match="11 octets, at most 10"):
        ground.put("long", bytes(11), 0)
    with pytest.raises(TransferRefusedError):
        ground.put("n" * 300, b"", 0)
    with pytest.raises(TransferRefusedError):
        ground.get("n" * 300, 0)
    for number in range(MAX_TRANSACTIONS):
        ground.put(f"file {number}", b"", 0)
    with pytest.raises(TransferRefusedError, match="as many as may"):
        ground.put("one more", b"", 0)


# ------------------------------------------------------------------ the uplink


class NarrowLink:
    """A link whose window is as wide as the test says, and which remembers what was sent."""

    def __init__(self, free_frames: int | None) -> None:
        self.free_frames = free_frames
        self.frame_data_octets = 450
        self.frames: list[list[bytes]] = []
        self.broken = False

    def send_together(self, packets: list[bytes], _now_ns: int) -> None:
        """Take what goes into one frame."""
        if self.broken:
            raise LinkDownError("broken")
        assert sum(map(len, packets)) <= self.frame_data_octets
        self.frames.append(packets)


@pytest.mark.parametrize(("free", "frames"), [(10, 8), (3, 1), (2, 0), (0, 0), (None, 8)])
def test_no_more_goes_up_than_the_window_takes(dictionary: Dictionary, free: int | None, frames: int) -> None:
    """PDUs fill the window but for the frames that are kept for commands, and each frame is well filled."""
    link = NarrowLink(free)
    ground = FileDelivery(PARAMETERS, dictionary, CfsProfile(dictionary), link, FileStore())
    ground.put("long", bytes(10_000), 0)
    ground.step(0, in_contact=False)
    assert link.frames == []
    ground.step(0, in_contact=True)
    assert len(link.frames) == frames
    assert all(len(packets) >= 2 for packets in link.frames)
    assert free is None or frames == max(0, free - FRAMES_FOR_COMMANDS)
    commands = [parse_command(packet) for packets in link.frames for packet in packets]
    assert [command.sequence_count for command in commands] == list(range(1, len(commands) + 1))


def test_a_link_that_takes_nothing(dictionary: Dictionary) -> None:
    """Frames that it refuses are counted, and their PDUs are sent again in time."""
    link = NarrowLink(None)
    ground = FileDelivery(PARAMETERS, dictionary, CfsProfile(dictionary), link, FileStore())
    ground.put("file", bytes(100), 0)
    link.broken = True
    ground.step(0, in_contact=True)
    assert ground.counters.up.frames_refused == 1
    link.broken = False
    ground.step(11_000_000_000, in_contact=True)
    assert len(link.frames) == 1


def test_who_only_listens_sends_nothing(dictionary: Dictionary) -> None:
    """Where somebody else commands the spacecraft, nothing goes up, and nothing can be asked for."""
    link = NarrowLink(None)
    ground = FileDelivery(PARAMETERS, dictionary, CfsProfile(dictionary), link, FileStore(), listens_only=True)
    ground.step(0, in_contact=True)
    for ask in (lambda: ground.put("a", b"", 0), lambda: ground.get("a", 0), lambda: ground.list_directory("", 0)):
        with pytest.raises(TransferRefusedError, match="only listens"):
            ask()
    assert link.frames == []


def test_pdus_must_fit_into_frames(dictionary: Dictionary) -> None:
    """Parameters that cannot work are refused at the start, with what to change."""
    link = NarrowLink(None)
    with pytest.raises(TransferRefusedError, match="set pdu_octets"):
        FileDelivery(
            msgspec.structs.replace(PARAMETERS, pdu_octets=450), dictionary, CfsProfile(dictionary), link, FileStore()
        )


def test_octets_that_are_no_pdu_are_counted(dictionary: Dictionary) -> None:
    """Nothing that comes down raises."""
    ground = FileDelivery(PARAMETERS, dictionary, CfsProfile(dictionary), NarrowLink(None), FileStore())
    chance = random.Random(1)
    for length in range(60):
        ground.receive(chance.randbytes(length), 0)
    assert ground.counters.down.pdus == 60 == ground.state.counters.pdus
    assert ground.state.counters.refused == 60


# ------------------------------------------------------------------ memory


class TestOnDisk:
    """A ground segment with a directory for files."""

    @pytest.fixture
    def settings(self, tmp_path: Path) -> GroundSettings:
        """Files go to a directory."""
        return GroundSettings(files_directory=tmp_path)

    def test_files_that_come_down_lie_in_the_directory(self, contact: Loop, tmp_path: Path) -> None:
        """A product that comes down is a file on disk."""
        contact.spacecraft.files.put("mask", CONTENT)
        contact.spacecraft.entity.put(PutRequest(1, "mask", "products/00005.mask"))
        fly(contact)
        assert (tmp_path / "products" / "00005.mask").read_bytes() == CONTENT

    @pytest.mark.parametrize("lost", ["none", "eof", "ack", "file_data", "finished"])
    def test_transactions_survive_a_restart_of_the_ground(
        self, contact: Loop, dictionary: Dictionary, tmp_path: Path, lost: str
    ) -> None:
        """What was on its way up and down goes on, and new transactions have new numbers."""
        old = delivery(contact)
        contact.spacecraft.files.put("mask", CONTENT)
        contact.spacecraft.entity.put(PutRequest(1, "mask", "products/00005.mask"))
        old.put("upload", CONTENT, contact.now_ns)
        contact.spacecraft.loses = lambda pdu: kind_of(pdu) == lost
        fly(contact, 4)
        contact.spacecraft.loses = lambda _pdu: False
        new = FileDelivery(
            PARAMETERS,
            dictionary,
            CfsProfile(dictionary),
            contact.ground.link,
            FileStore(tmp_path),
            memory=DeliveryMemory(tmp_path, 4),
        )
        assert lost == "none" or [*new.transfers]
        contact.ground.delivery = new
        fly(contact, 120)
        assert {transfer.outcome for transfer in new.transfers} == {TransferOutcome.FINISHED}
        assert (tmp_path / "products" / "00005.mask").read_bytes() == CONTENT
        assert contact.spacecraft.files.get("upload") == CONTENT
        again = new.put("upload", b"again", contact.now_ns)
        fly(contact)
        assert again.outcome is TransferOutcome.FINISHED
        assert contact.spacecraft.files.get("upload") == b"again"

    @pytest.fixture
    def rerun(
        self, contact: Loop, dictionary: Dictionary, parameters: LinkParameters, settings: GroundSettings
    ) -> Callable[[], Loop]:
        """Makes another run of the ground over the same directory, with the same spacecraft."""

        def run() -> Loop:
            loop = type(contact)(dictionary, parameters, settings)
            loop.spacecraft.files, loop.spacecraft.entity = contact.spacecraft.files, contact.spacecraft.entity
            loop.spacecraft.transmitting = True
            loop.step()
            return loop

        return run

    def test_a_new_upload_does_not_take_the_place_of_one_under_way(
        self, contact: Loop, rerun: Callable[[], Loop]
    ) -> None:
        """Both arrive as they were given."""
        first = delivery(contact).put("zero", b"0", contact.now_ns)
        fly(contact)
        assert not first.open
        delivery(contact).put("one", CONTENT, contact.now_ns)
        fly(contact, 1)
        later = rerun()
        delivery(later).put("two", b"2" * 5000, later.now_ns)
        fly(later, 200)
        assert [each.outcome.value for each in delivery(later).transfers] == ["finished", "finished"]
        files = later.spacecraft.files
        assert (files.get("one"), files.get("two")) == (CONTENT, b"2" * 5000)

    def test_what_an_earlier_run_has_received_stays(
        self, contact: Loop, rerun: Callable[[], Loop], tmp_path: Path
    ) -> None:
        """Numbers of transfers go on, also where only the files tell which there were."""
        contact.spacecraft.files.put("old", b"old")
        old = delivery(contact).get("old", contact.now_ns)
        fly(contact)
        shutil.rmtree(tmp_path / MEMORY_FOLDER)
        later = rerun()
        new = delivery(later).get("old", later.now_ns)
        assert (old.local, new.local) == ("received/1", "received/2")

    @pytest.mark.parametrize("damaged", [1, 2])
    def test_a_damaged_memory_is_told_and_files_go_on(
        self, contact: Loop, rerun: Callable[[], Loop], tmp_path: Path, damaged: int
    ) -> None:
        """Whether one copy is left or none, no number comes twice, and an event says what happened."""
        for count in range(3):
            delivery(contact).put("upload", bytes(900 + count), contact.now_ns)
            fly(contact)
        copies = sorted((tmp_path / MEMORY_FOLDER).glob("delivery.*"))
        for file in copies[-damaged:]:
            file.write_bytes(file.read_bytes()[:-20])
        later = rerun()
        (text,) = texts(later)
        assert text.startswith("the memory of file delivery is ")
        again = delivery(later).put("upload", b"again", later.now_ns)
        fly(later)
        assert again.outcome is TransferOutcome.FINISHED
        assert later.spacecraft.files.get("upload") == b"again"

    def test_transfers_with_somebody_else(self, contact: Loop, dictionary: Dictionary, tmp_path: Path) -> None:
        """A directory of another mission is refused, and the message says what to do."""
        delivery(contact).put("upload", CONTENT, contact.now_ns)
        other = msgspec.structs.replace(PARAMETERS, spacecraft_entity=7)
        with pytest.raises(TransferRefusedError, match="another directory"):
            FileDelivery(
                other,
                dictionary,
                CfsProfile(dictionary),
                contact.ground.link,
                FileStore(tmp_path),
                memory=DeliveryMemory(tmp_path, 4),
            )


def test_transfers_that_are_over_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest of those that are over makes room; one that goes on stays."""
    monkeypatch.setattr(transfers, "MAX_TRANSFERS", 2)
    book = TransferBook()
    first = book.begin(TransferKind.PUT, "a", "a", 0)
    second: Transfer = book.begin(TransferKind.PUT, "b", "b", 0)
    second.end(TransferOutcome.FINISHED, ConditionCode.NO_ERROR, 1)
    third = book.begin(TransferKind.PUT, "c", "c", 0)
    assert ([*book], book.forgotten) == ([first, third], 1)
