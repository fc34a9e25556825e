from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from apps.file_transfer.messages import (
    CancelTransfer,
    DeleteFile,
    FileEnded,
    FilePdu,
    FileSent,
    FileTransferStatus,
    NumbersForgotten,
    ReportTransfer,
    ResumeTransfer,
    SendFile,
    SuspendTransfer,
    TakePdu,
    TransferCancelled,
    TransferFailed,
    TransferFinished,
    TransferReport,
)
from apps.mode_manager.messages import SpacecraftMode
from apps.telemetry_output.messages import FileRoom
from flightsw.services.store import StoreError
from flightsw.testing import Bench
from tests.unit.apps.file_transfer.conftest import FIRST_PRODUCT, GROUND, SPACECRAFT, Ends
from tlm_cmd.cfdp.codes import ConditionCode, FilestoreAction, Mode
from tlm_cmd.cfdp.indications import DirectoryListed, ProxyPutFinished, TransactionFinished
from tlm_cmd.cfdp.pdu.tlv import FilestoreRequest
from tlm_cmd.cfdp.requests import PutRequest, TransactionId
from tlm_cmd.cfdp.traffic import kind_of
from tlm_cmd.cfdp.user_messages import ListingRequest, ProxyPutRequest
from tlm_cmd.packets.verification import FailureCode, Stage

if TYPE_CHECKING:
    from flightsw.mission import Mission

NAME = "products/00001.mask"
PRODUCT = SendFile(NAME, NAME)
PER_SECOND = 60


# ------------------------------------------------------------------ down


@pytest.mark.parametrize("octets", [0, 1, 884, 885, 40_000])
def test_a_file_comes_down_whole(ends: Ends, octets: int) -> None:
    """Every octet arrives, its sender is told when all of it was sent and when it has arrived, and all is counted."""
    content = ends.product(1, octets)
    assert ends.bench.command(PRODUCT).stage is Stage.COMPLETED
    ends.contact()
    ends.fly(10)
    assert ends.files.get(NAME) == content
    assert ends.bench.sent(FileSent) == [FileSent(NAME, 0)]
    assert ends.bench.sent(FileEnded) == [
        FileEnded(True, True, False, ConditionCode.NO_ERROR, NAME, NAME, octets, SPACECRAFT, 0)
    ]
    assert ends.bench.sent(TransferFinished) == [TransferFinished(SPACECRAFT, 0, NAME, octets)]
    status = ends.status()
    assert (status.sending, status.finished, status.failed) == (0, 1, 0)
    assert (status.pdus_out, status.octets_out) == (len(ends.down), sum(map(len, ends.down)))
    assert status.file_data_out == -(-octets // 884)
    assert (status.pdus_in, status.accepted) == (2, 2)
    assert all(len(pdu) <= 900 for pdu in ends.down)


def test_a_file_without_acknowledgement(ends: Ends) -> None:
    """Class 1 with closure: nothing is sent again, and the receiver's word ends it."""
    content = ends.product(1, 2000)
    assert ends.bench.command(SendFile(NAME, NAME, acknowledged=False)).stage is Stage.COMPLETED
    ends.contact()
    ends.fly(10)
    assert ends.files.get(NAME) == content
    assert [kind_of(pdu) for pdu in ends.down] == ["metadata", "file_data", "file_data", "file_data", "eof"]


def test_no_more_than_the_table_and_the_downlink_allow(ends: Ends) -> None:
    """Neither the rate of the table nor the room that the downlink has told is ever exceeded."""
    ends.product(1, 400_000)
    ends.bench.command(PRODUCT)
    ends.contact()
    ends.fly(1)
    for _ in range(4):
        before = len(ends.down)
        ends.fly(1)
        assert len(ends.down) - before == PER_SECOND
    ends.room = 7
    before = len(ends.down)
    ends.fly(10)
    assert len(ends.down) - before == 20 * 7
    ends.room = 0
    before = len(ends.down)
    ends.fly(10)
    assert len(ends.down) == before


@pytest.mark.parametrize("mode", [SpacecraftMode.NOMINAL, SpacecraftMode.IMAGING])
def test_nothing_is_sent_to_nobody(ends: Ends, mode: SpacecraftMode) -> None:
    """Files wait until the antennas point down and their transmitter is on."""
    ends.product(1, 10)
    ends.bench.command(PRODUCT)
    ends.fly(5)
    ends.contact(mode=mode)
    ends.fly(5)
    ends.transmitting = False
    ends.contact()
    ends.fly(20)
    assert ends.down == []
    assert ends.bench.latest(FileTransferStatus).link_open is False
    ends.transmitting = True
    ends.fly(5)
    assert ends.files.get(NAME) == ends.stored()[FIRST_PRODUCT + 1]


def test_a_silent_telemetry_output_closes_the_link(ends: Ends) -> None:
    """Without a word of room for a few seconds no time runs out for any transaction."""
    ends.product(1, 10)
    ends.contact()
    ends.fly(1)
    assert ends.bench.latest(FileTransferStatus).link_open
    ends.transmitting = False
    ends.fly(7)
    assert not ends.bench.latest(FileTransferStatus).link_open


def test_a_pass_that_ends_on_the_way(ends: Ends) -> None:
    """A file that was half sent goes on in the next pass, half an hour later; only what was lost is sent twice."""
    content = ends.product(1, 100_000)
    ends.bench.command(PRODUCT)
    ends.contact()
    ends.fly(1.5)
    ends.no_contact()
    ends.ground.freeze(SPACECRAFT)
    ends.fly(1800)
    assert ends.ground.transactions
    ends.ground.thaw(SPACECRAFT, ends.bench.now_ns())
    ends.contact()
    ends.fly(10)
    assert ends.files.get(NAME) == content
    assert [kind_of(pdu) for pdu in ends.down].count("file_data") == -(-100_000 // 884)


@pytest.mark.parametrize("seed", range(3))
def test_losses_both_ways_are_made_good(ends: Ends, seed: int) -> None:
    """With a fifth of all PDUs lost each way a file goes down and another up, byte by byte."""
    chance = random.Random(seed)
    ends.loses = lambda _pdu: chance.random() < 0.2
    content = ends.product(1, 60_000)
    ends.files.put("there", content[::-1])
    ends.ground.put(PutRequest(SPACECRAFT, "there", "uploads/back"))
    ends.bench.command(PRODUCT)
    ends.contact()
    ends.fly(200)
    assert ends.files.get(NAME) == content
    assert content[::-1] in ends.stored().values()
    assert ends.ground.transactions == ()
    status = ends.status()
    assert (status.sending, status.receiving, status.finished, status.failed) == (0, 0, 2, 0)
    assert status.naks_in > 0
    assert status.naks_out > 0
    assert status.pdus_in == status.accepted + status.late + status.malformed + status.refused


@pytest.mark.parametrize("at_s", [0.5, 1, 1.5, 3, 6])
def test_a_crash_on_the_way(ends: Ends, at_s: float) -> None:
    """After a crash both ways go on from the last checkpoint, and new transactions have new numbers."""
    content = ends.product(1, 100_000)
    ends.product(2, 10)
    ends.files.put("there", content[::-1])
    ends.ground.put(PutRequest(SPACECRAFT, "there", "uploads/back"))
    ends.bench.command(PRODUCT)
    ends.contact()
    ends.fly(at_s)
    ends.bench.restart()
    ends.contact()
    ends.bench.command(SendFile("products/00002.mask", "products/00002.mask"))
    ends.fly(120)
    assert ends.files.get(NAME) == content
    assert ends.files.get("products/00002.mask") == ends.stored()[FIRST_PRODUCT + 2]
    assert content[::-1] in ends.stored().values()
    assert ends.ground.transactions == ()


def test_a_crash_right_behind_a_beginning(ends: Ends) -> None:
    """What the ground has begun is stored at once: its number is not given out again, and its file arrives."""
    content = ends.product(3, 5000)
    ends.product(4, 10)
    ends.contact()
    ends.fly(1)
    ends.ground.put(
        PutRequest(SPACECRAFT, messages=(ProxyPutRequest(GROUND, "products/00003.mask", "received/3").pack(),))
    )
    ends.fly(1)
    assert ends.down
    ends.bench.restart()
    assert ends.bench.app.state.entity.next_sequence > 0
    ends.contact()
    ends.bench.command(SendFile("products/00004.mask", "received/4"))
    ends.fly(60)
    assert ends.files.get("received/3") == content
    assert ends.files.get("received/4") == ends.stored()[FIRST_PRODUCT + 4]


def test_a_processor_reset_on_the_way(bench_of: Callable[..., Bench], ends: Ends) -> None:
    """What was stored is enough for a new life whose clock begins anew."""
    content = ends.product(1, 100_000)
    ends.bench.command(PRODUCT)
    ends.contact()
    ends.fly(1)
    ends.bench.container.checkpoint()
    after = Ends(bench_of, memory_of=ends)
    after.files, after.ground = ends.files, ends.ground
    after.ground.restart(0)
    after.contact()
    after.fly(30)
    assert after.files.get(NAME) == content


def after_power_on(bench_of: Callable[..., Bench], ends: Ends) -> Ends:
    """The app behind a reset that forgets all but what lasts, and the ground as it was."""
    after = Ends(bench_of, memory_of=ends, power_on=True)
    after.files, after.ground = ends.files, ends.ground
    after.ground.restart(0)
    after.contact()
    return after


def test_numbers_do_not_come_twice_after_a_power_on_reset(bench_of: Callable[..., Bench], ends: Ends) -> None:
    """The ground, which remembers what is over, takes no new file for an old one."""
    ends.contact()
    for number in (1, 2, 3):
        ends.product(number, 2000)
        name = f"products/0000{number}.mask"
        ends.bench.command(SendFile(name, name))
        ends.fly(5)
    assert ends.status().finished == 3
    after = after_power_on(bench_of, ends)
    content = after.product(9, 2000)
    after.bench.command(SendFile("products/00009.mask", "products/00009.mask"))
    after.fly(20)
    assert after.files.get("products/00009.mask") == content
    assert after.bench.latest(FileEnded).arrived


def test_a_reservation_that_is_damaged(bench_of: Callable[..., Bench], ends: Ends) -> None:
    """Numbers go on far ahead, and an event says why."""
    ends.bench.lasting.save("file_transfer", b"damaged somehow")
    after = after_power_on(bench_of, ends)
    after.product(1, 10)
    after.bench.command(PRODUCT)
    after.fly(10)
    assert after.bench.sent(NumbersForgotten) == [NumbersForgotten(2**31)]
    assert after.bench.latest(FileEnded).number == 2**31


def test_a_store_that_takes_no_reservation(ends: Ends, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files come down all the same, and it is counted."""

    def full(_name: str, _data: bytes) -> None:
        raise StoreError("full")

    monkeypatch.setattr(ends.bench.lasting, "save_twice", full)
    ends.bench.app.state.entity.next_sequence = 1000
    ends.product(1, 10)
    ends.contact()
    ends.bench.command(PRODUCT)
    ends.fly(10)
    assert ends.bench.latest(FileEnded).arrived
    assert ends.status().unreserved > 0


# ------------------------------------------------------------------ up


@pytest.mark.parametrize("octets", [0, 1, 884, 40_000])
def test_a_file_goes_up(ends: Ends, octets: int) -> None:
    """It lies in the memory under a number of its own, and the ground hears that it has arrived."""
    content = random.Random(octets).randbytes(octets)
    ends.files.put("there", content)
    ends.ground.put(PutRequest(SPACECRAFT, "there", "uploads/table"))
    ends.contact()
    ends.fly(10)
    (finished,) = ends.heard(TransactionFinished)
    assert finished.condition is ConditionCode.NO_ERROR  # type: ignore[union-attr]
    assert list(ends.stored().values()) == [content]
    ended = ends.bench.latest(FileEnded)
    assert (ended.sent, ended.arrived, ended.destination, ended.octets) == (False, True, "uploads/table", octets)
    status = ends.status()
    assert (status.files, status.file_octets) == (1, octets)


def test_pdus_may_come_as_commands(ends: Ends) -> None:
    """Whoever sends them on board in a command is answered as for any command."""
    assert ends.bench.command(TakePdu(b"nonsense")).stage is Stage.COMPLETED
    status = ends.status()
    assert (status.pdus_in, status.malformed) == (1, 1)


def test_a_file_that_is_replaced(ends: Ends) -> None:
    """A newer file of a name takes its place when it is complete, and the old one is deleted."""
    ends.contact()
    for content in (b"first", b"second"):
        ends.files.put("there", content)
        ends.ground.put(PutRequest(SPACECRAFT, "there", "uploads/table"))
        ends.fly(10)
    assert list(ends.stored().values()) == [b"second"]


def test_a_file_that_does_not_fit(ends: Ends) -> None:
    """Where it may not go it is refused, the ground hears why, and nothing of it stays."""
    ends.contact()
    for name in ("none/table", "products/00005.mask"):
        ends.files.put("there", b"content")
        ends.ground.put(PutRequest(SPACECRAFT, "there", name))
        ends.fly(10)
        (finished,) = ends.heard(TransactionFinished)
        assert finished.condition is ConditionCode.FILESTORE_REJECTION  # type: ignore[union-attr]
    ends.fly(5)
    assert ends.stored() == {}
    failed = ends.bench.sent(TransferFailed)
    assert [(event.name, event.reason) for event in failed] == [
        ("none/table", "there is no directory 'none'"),
        ("products/00005.mask", "files in 'products' can be read only"),
    ]
    assert ends.status().failed == 2


def test_the_ground_fetches_and_lists(ends: Ends) -> None:
    """A file that the ground asks for comes down, what there is comes as a list, and what there is not is said."""
    content = ends.product(3, 3000)
    ends.model.write(17, b"image")
    ends.contact()
    asking = (
        ProxyPutRequest(GROUND, "products/00003.mask", "received/mask").pack(),
        ProxyPutRequest(GROUND, "products/00004.mask", "received/none").pack(),
        ListingRequest("", "listings/root").pack(),
        ListingRequest("products", "listings/products").pack(),
        ListingRequest("images", "listings/images").pack(),
    )
    for message in asking:
        ends.ground.put(PutRequest(SPACECRAFT, messages=(message,)))
    ends.fly(20)
    assert ends.files.get("received/mask") == content
    assert ends.files.get("listings/root") == b"images/\nproducts/\nuploads/\n"
    assert ends.files.get("listings/products") == b"00003.mask\t3000\n"
    assert ends.files.get("listings/images") == b"00017.img\t5\n"
    told = ends.ground.take_indications()
    assert len([each for each in told if isinstance(each, DirectoryListed) and each.successful]) == 3
    conditions = [each.condition for each in told if isinstance(each, ProxyPutFinished)]
    assert sorted(conditions) == [ConditionCode.NO_ERROR, ConditionCode.FILESTORE_REJECTION]


def test_filestore_requests(ends: Ends) -> None:
    """The ground makes directories and deletes what it has sent, but nothing of what other apps have written."""
    ends.product(1, 10)
    requests = (
        FilestoreRequest(FilestoreAction.CREATE_DIRECTORY, "uploads/new"),
        FilestoreRequest(FilestoreAction.CREATE_FILE, "uploads/new/empty"),
        FilestoreRequest(FilestoreAction.DELETE_FILE, NAME),
    )
    ends.ground.put(PutRequest(SPACECRAFT, filestore_requests=requests))
    ends.contact()
    ends.fly(10)
    (finished,) = ends.heard(TransactionFinished)
    assert [response.status for response in finished.responses] == [0, 0, 2]  # type: ignore[union-attr]
    assert FIRST_PRODUCT + 1 in ends.stored()


# ------------------------------------------------------------------ commands


def test_what_cannot_be_sent(ends: Ends) -> None:
    """A file that is not there is refused, to whoever asked and to whoever follows the file."""
    report = ends.bench.command(PRODUCT)
    assert (report.stage, report.code) == (Stage.FAILED, FailureCode.BAD_ARGUMENT)
    assert ends.bench.sent(FileEnded) == [
        FileEnded(True, False, False, ConditionCode.FILESTORE_REJECTION, NAME, NAME, 0, 0, 0)
    ]


@pytest.mark.parametrize(("source", "destination"), [("", NAME), (NAME, "")])
def test_half_a_pair_of_names(ends: Ends, source: str, destination: str) -> None:
    """A file without one of its names is a wrong argument, and no failure of the app."""
    ends.product(1, 10)
    report = ends.bench.command(SendFile(source, destination))
    assert (report.stage, report.code) == (Stage.FAILED, FailureCode.BAD_ARGUMENT)
    assert ends.bench.container.state.errors == 0


def test_more_than_may_go_on(ends: Ends) -> None:
    """One transaction more than the table allows is refused for now."""
    ends.product(1, 10)
    for _ in range(32):
        assert ends.bench.command(PRODUCT).stage is Stage.COMPLETED
    report = ends.bench.command(PRODUCT)
    assert (report.stage, report.code) == (Stage.FAILED, FailureCode.NOT_POSSIBLE_NOW)
    assert ends.bench.latest(FileEnded).may_pass


def test_suspending_resuming_cancelling(ends: Ends) -> None:
    """A transaction rests, goes on and is given up by command, and a report says how it stands."""
    ends.product(1, 400_000)
    ends.bench.command(PRODUCT)
    ends.contact()
    ends.fly(2)
    assert ends.bench.command(SuspendTransfer(SPACECRAFT, 0)).stage is Stage.COMPLETED
    before = len(ends.down)
    ends.fly(5)
    assert len(ends.down) == before
    assert ends.bench.command(ReportTransfer(SPACECRAFT, 0)).stage is Stage.COMPLETED
    report = ends.bench.latest(TransferReport)
    assert (report.suspended, report.octets, report.phase) == (True, 400_000, "sending")
    assert 0 < report.progress < 400_000
    assert ends.bench.command(ResumeTransfer(SPACECRAFT, 0)).stage is Stage.COMPLETED
    ends.fly(2)
    assert len(ends.down) > before
    assert ends.bench.command(CancelTransfer(SPACECRAFT, 0)).stage is Stage.COMPLETED
    ends.fly(5)
    assert ends.bench.sent(TransferCancelled) == [TransferCancelled(SPACECRAFT, 0, NAME)]
    assert ends.bench.latest(FileEnded).condition is ConditionCode.CANCEL_REQUEST
    assert ends.ground.transactions == ()
    for command in (CancelTransfer, SuspendTransfer, ResumeTransfer, ReportTransfer):
        assert ends.bench.command(command(SPACECRAFT, 0)).code is FailureCode.BAD_ARGUMENT


def test_what_cannot_rest(ends: Ends) -> None:
    """A file that comes up unacknowledged goes on, and whoever wanted it to rest is told so."""
    ends.contact()
    ends.fly(1)
    ends.files.put("there", bytes(100_000))
    ends.ground.put(PutRequest(SPACECRAFT, "there", "uploads/there", mode=Mode.UNACKNOWLEDGED))
    ends.loses = lambda pdu: kind_of(pdu) == "eof"
    ends.fly(1)
    report = ends.bench.command(SuspendTransfer(GROUND, 0))
    assert (report.stage, report.code) == (Stage.FAILED, FailureCode.NOT_POSSIBLE_NOW)
    assert ends.bench.command(SuspendTransfer(GROUND, 1)).code is FailureCode.BAD_ARGUMENT


def test_deleting(ends: Ends) -> None:
    """A received file is deleted by command; products stay with the app that has written them."""
    ends.product(1, 10)
    ends.files.put("there", b"content")
    ends.ground.put(PutRequest(SPACECRAFT, "there", "uploads/table"))
    ends.contact()
    ends.fly(5)
    assert ends.bench.command(DeleteFile("uploads/table")).stage is Stage.COMPLETED
    ends.fly(2)
    assert list(ends.stored()) == [FIRST_PRODUCT + 1]
    for name in ("uploads/table", NAME):
        assert ends.bench.command(DeleteFile(name)).code is FailureCode.BAD_ARGUMENT


# ------------------------------------------------------------------ a memory that fails


@pytest.mark.parametrize("way", ["down", "up"])
def test_a_memory_that_is_silent_for_a_while(ends: Ends, way: str) -> None:
    """A transaction waits for a memory that does not answer, and goes on with it; few requests are made in vain."""
    content = ends.product(1, 100_000)
    ends.files.put("there", content[::-1])
    ends.contact()
    if way == "down":
        ends.bench.command(PRODUCT)
        ends.fly(1)
    ends.noisy = True
    requests = ends.requests
    if way == "up":
        ends.ground.put(PutRequest(SPACECRAFT, "there", "uploads/back"))
    ends.fly(20)
    assert ends.requests - requests < 100
    ends.noisy = False
    ends.fly(100)
    if way == "down":
        assert ends.files.get(NAME) == content
    else:
        assert content[::-1] in ends.stored().values()
    status = ends.status()
    assert (status.finished, status.failed) == (1, 0)
    assert status.errors > 0


def test_a_memory_that_is_silent_for_good(ends: Ends) -> None:
    """After as many attempts as the table allows the transaction is given up, and both ends know why."""
    ends.product(1, 100_000)
    ends.bench.command(PRODUCT)
    ends.contact()
    ends.fly(1)
    ends.noisy = True
    ends.fly(100)
    failed = ends.bench.latest(TransferFailed)
    assert (failed.name, failed.condition) == (NAME, ConditionCode.FILESTORE_REJECTION)
    assert failed.reason.startswith("mass memory: no answer")
    assert ends.status().errors == 11
    report = ends.bench.command(PRODUCT)
    assert report.code is FailureCode.NOT_POSSIBLE_NOW
    assert ends.bench.latest(FileEnded).may_pass


def test_a_file_that_goes_away(ends: Ends) -> None:
    """A file that is deleted while it is sent ends its transaction at once."""
    ends.product(1, 100_000)
    ends.bench.command(PRODUCT)
    ends.contact()
    ends.fly(0.5)
    ends.model.delete(FIRST_PRODUCT + 1)
    ends.fly(10)
    failed = ends.bench.latest(TransferFailed)
    assert (failed.condition, failed.reason) == (ConditionCode.FILESTORE_REJECTION, "mass memory: not found")
    assert ends.ground.transactions == ()


def test_a_transaction_whose_metadata_never_come(ends: Ends) -> None:
    """It has failed, and says so, though nobody knows the name of its file."""
    ends.contact()
    ends.files.put("there", bytes(5000))
    ends.ground.put(PutRequest(SPACECRAFT, "there", "uploads/there"))
    ends.loses = lambda pdu: kind_of(pdu) != "file_data"
    ends.fly(3)
    assert ends.status().receiving == 1
    ends.loses = lambda _pdu: True
    ends.fly(700)
    status = ends.status()
    assert (status.receiving, status.finished, status.failed) == (0, 0, 1)
    (failed,) = ends.bench.sent(TransferFailed)
    assert (failed.entity, failed.number, failed.name, failed.reason) == (GROUND, 0, "", "its metadata never came")


def test_transactions_of_the_ground_that_say_nothing_of_themselves(ends: Ends) -> None:
    """A transaction without metadata that ends leaves no entry, and is nobody's file; it counts as failed."""
    ends.files.put("there", b"content")
    ends.ground.put(PutRequest(SPACECRAFT, "there", "uploads/table"))
    ends.loses = lambda pdu: kind_of(pdu) == "metadata"
    ends.contact()
    ends.fly(3)
    assert ends.bench.command(CancelTransfer(GROUND, 0)).stage is Stage.COMPLETED
    assert ends.bench.sent(FileEnded) == []
    assert ends.bench.app.state.transfers == []


# ------------------------------------------------------------------ the bus


def test_what_the_bus_refuses_is_counted_and_sent_again(ends: Ends) -> None:
    """A PDU for which an inbox has no room is counted; the protocol makes it good."""
    ends.product(1, 10_000)
    ends.bench.command(PRODUCT)
    ends.contact()
    send, refused = ends.bench.app.send, []

    def refuse(packet: object) -> object:
        if isinstance(packet, FilePdu) and len(refused) < 3:
            refused.append(packet)
            return ("full",)
        return send(packet)

    ends.bench.app.send = refuse  # type: ignore[method-assign, assignment]
    ends.fly(60)
    assert ends.status().lost_on_board == 3
    assert ends.files.get(NAME) == ends.stored()[FIRST_PRODUCT + 1]


def test_a_new_count_of_the_downlink_is_believed(ends: Ends) -> None:
    """After a restart of the telemetry output its count begins elsewhere; sending goes on after two reports."""
    ends.product(1, 400_000)
    ends.bench.command(PRODUCT)
    ends.contact()
    ends.fly(1)
    ends._taken = 5_000_000
    ends.fly(3)
    before = len(ends.down)
    ends.fly(1)
    assert len(ends.down) - before == PER_SECOND


def test_a_table_that_changes(ends: Ends) -> None:
    """The app follows the limits of a newer table from the next second on."""
    limits = ends.bench.app.limits
    assert limits.pdus_per_s == PER_SECOND
    ends.bench.deliver(FileRoom(True, 0, 1))
    assert ends.bench.app.state.pacing.granted <= 1


def test_without_parameters_the_app_does_not_start(mission: Mission) -> None:
    """A mission without file delivery has no use for the app, which says so."""
    bench = Bench(
        "apps.file_transfer",
        others=tuple(
            mission.file.apps[name].package for name in ("command_ingest", "mode_manager", "telemetry_output")
        ),
        devices={},
        tables=mission.table_folder("file_transfer"),
    )
    bench.start()
    assert not bench.container.running
    assert any("links.file_delivery" in str(line) for line in bench.logged)


def test_small_limits(bench_of: Callable[..., Bench], mission: Mission, tmp_path: Path) -> None:
    """A file longer than the table allows is given up when that shows, and leaves nothing."""
    text = (mission.table_folder("file_transfer") / "limits.toml").read_text()
    (tmp_path / "limits.toml").write_text(text.replace("file_octets = 16_777_216", "file_octets = 2000"))
    ends = Ends(bench_of, tmp_path)
    ends.files.put("there", bytes(5000))
    ends.ground.put(PutRequest(SPACECRAFT, "there", "uploads/long"))
    ends.contact()
    ends.fly(10)
    assert ends.bench.latest(TransferFailed).reason == "longer than 2000 octets"
    assert ends.stored() == {}
    assert TransactionId(GROUND, 0) not in ends.ground.transactions
