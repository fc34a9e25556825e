"""A ground that restarts while transfers are under way."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from ops_tools.ground.delivery_memory import DeliveryMemory
from ops_tools.ground.file_delivery import FileDelivery
from ops_tools.ground.pdu_uplink import PduUplink
from ops_tools.ground.settings import GroundSettings
from ops_tools.ground.transfers import TransferOutcome
from tlm_cmd.cfdp.codes import ConditionCode
from tlm_cmd.cfdp.entity_state import EntityState
from tlm_cmd.cfdp.indications import TransactionFinished
from tlm_cmd.cfdp.requests import PutRequest
from tlm_cmd.cfdp.traffic import kind_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ops_tools.ground.transfers import Transfer
    from tests.unit.ops_tools.conftest import Loop
    from tlm_cmd.cfdp.requests import TransactionId
    from tlm_cmd.definition.dictionary import Dictionary
    from tlm_cmd.link.parameters import LinkParameters

CONTENT = random.Random(5).randbytes(5000)


class Killed(BaseException):
    """The process of the ground ends here."""


@pytest.fixture
def settings(tmp_path: Path) -> GroundSettings:
    """Files and what is remembered go to a directory."""
    return GroundSettings(files_directory=tmp_path)


@pytest.fixture
def contact(loop: Loop) -> Loop:
    """Ground and spacecraft in contact; the spacecraft has a file."""
    loop.spacecraft.files.put("mask", CONTENT)
    loop.spacecraft.transmitting = True
    loop.step()
    return loop


@pytest.fixture
def restart(
    contact: Loop, dictionary: Dictionary, parameters: LinkParameters, settings: GroundSettings
) -> Callable[[], Loop]:
    """Makes another run of the ground over the same directory, with the same spacecraft, not yet in contact."""

    def run() -> Loop:
        loop = type(contact)(dictionary, parameters, settings)
        loop.spacecraft.files, loop.spacecraft.entity = contact.spacecraft.files, contact.spacecraft.entity
        loop.now_ns = contact.now_ns
        return loop

    return run


def delivery(loop: Loop) -> FileDelivery:
    """The ground's end."""
    assert loop.ground.delivery is not None
    return loop.ground.delivery


def fly(loop: Loop, seconds: int = 60) -> None:
    """Let time pass in contact."""
    loop.spacecraft.transmitting, loop.spacecraft.silent = True, False
    for _ in range(seconds):
        loop.step()


def only(loop: Loop) -> Transfer:
    """The one transfer that there is."""
    (transfer,) = delivery(loop).refresh()
    return transfer


def test_what_was_cancelled_stays_cancelled(contact: Loop, restart: Callable[[], Loop]) -> None:
    """A file whose end the spacecraft has not heard of yet is no transfer that goes on."""
    contact.spacecraft.loses = lambda _pdu: True
    sent = delivery(contact).put("up", CONTENT, contact.now_ns)
    fly(contact, 2)
    delivery(contact).cancel(sent.number, contact.now_ns)
    assert delivery(contact).state.senders
    later = restart()
    transfer = only(later)
    assert (transfer.outcome, transfer.condition) == (TransferOutcome.CANCELLED, ConditionCode.CANCEL_REQUEST)
    fly(later)
    assert delivery(later).state.senders == []
    assert not only(later).open


def test_a_file_that_is_whole_is_not_refused(contact: Loop, restart: Callable[[], Loop], tmp_path: Path) -> None:
    """What was asked for and has come, of which the spacecraft has not heard yet, stays and is listed."""
    contact.spacecraft.loses = lambda pdu: kind_of(pdu) == "finished"
    asked = delivery(contact).get("mask", contact.now_ns)
    fly(contact, 5)
    assert asked.outcome is TransferOutcome.FINISHED
    later = restart()
    assert (only(later).outcome, only(later).reason) == (TransferOutcome.FINISHED, "")
    assert asked.local in later.ground.files.by_name
    contact.spacecraft.entity.take_indications()
    fly(later)
    assert (tmp_path / asked.local).read_bytes() == CONTENT
    assert ConditionCode.FILESTORE_REJECTION not in conditions(later)


@pytest.mark.parametrize("saved_on_the_way", [False, True])
def test_a_file_that_got_its_name_just_before(
    contact: Loop,
    restart: Callable[[], Loop],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    saved_on_the_way: bool,
) -> None:
    """A ground that ends between the name and the saving of its memory takes the file again."""
    save = DeliveryMemory.save

    def save_or_die(memory: DeliveryMemory, entity: EntityState, transfers: int) -> None:
        if any(receiver.finished for receiver in entity.receivers):
            raise Killed
        save(memory, entity, transfers)

    def fly_until_killed() -> None:
        for _ in range(20):
            fly(contact, 1)
            if saved_on_the_way:
                delivery(contact).put("other", b"", contact.now_ns)

    asked = delivery(contact).get("mask", contact.now_ns)
    with monkeypatch.context() as patch:
        patch.setattr(DeliveryMemory, "save", save_or_die)
        with pytest.raises(Killed):
            fly_until_killed()
    assert (tmp_path / asked.local).read_bytes() == CONTENT
    contact.spacecraft.entity.take_indications()
    later = restart()
    fly(later, 200)
    assert asked.local in later.ground.files.by_name
    assert (tmp_path / asked.local).read_bytes() == CONTENT
    assert ConditionCode.FILESTORE_REJECTION not in conditions(later)


def test_left_overs_are_removed(contact: Loop, restart: Callable[[], Loop], tmp_path: Path) -> None:
    """Files of which no transaction knows go away at the start; what is under way, and what others put there, stays."""
    contact.spacecraft.loses = lambda pdu: kind_of(pdu) == "eof"
    sent = delivery(contact).put("up", CONTENT, contact.now_ns)
    contact.spacecraft.entity.put(PutRequest(1, "mask", "products/00001.mask"))
    fly(contact, 3)
    (partial,) = tmp_path.glob("partial-*")
    (tmp_path / "outgoing" / "77").write_bytes(b"left over")
    (tmp_path / "partial-2-500").write_bytes(b"left over")
    (tmp_path / "partial-account").write_bytes(b"of somebody")
    (tmp_path / "products").mkdir()
    (tmp_path / "products" / "partial-2-500").write_bytes(b"of somebody")
    later = restart()
    assert [each.name for each in (tmp_path / "outgoing").iterdir()] == [sent.local.removeprefix("outgoing/")]
    assert sorted(each.name for each in tmp_path.glob("**/partial-*")) == sorted(
        [partial.name, "partial-2-500", "partial-account"]
    )
    fly(later, 100)
    assert {each.outcome for each in delivery(later).transfers} == {TransferOutcome.FINISHED}


def test_what_is_sent_is_remembered(contact: Loop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When PDUs leave, the memory on disk knows of each transaction of the ground, also of one that takes back."""
    send, memory = PduUplink.send, DeliveryMemory(tmp_path, 4)
    seen: set[TransactionId] = set()

    def check_and_send(uplink: PduUplink, next_pdu: Callable[[], bytes | None], now_ns: int) -> None:
        begun = {sender.transaction for sender in delivery(contact).state.senders}
        if begun - seen:
            assert begun <= {sender.transaction for sender in memory.load().entity.senders}
            seen.update(begun)
        send(uplink, next_pdu, now_ns)

    monkeypatch.setattr(PduUplink, "send", check_and_send)
    delivery(contact).get("mask", contact.now_ns)
    contact.spacecraft.loses = lambda pdu: not pdu[0] & 0x08 and pdu[4:6] == b"\0\2" and kind_of(pdu) != "finished"
    fly(contact, 5)
    contact.spacecraft.entity.state = EntityState(next_sequence=100)
    fly(contact, 700)
    assert only(contact).condition is ConditionCode.INACTIVITY
    assert len(seen) == 2


def conditions(loop: Loop) -> list[ConditionCode]:
    """How transactions have ended on board."""
    indications = loop.spacecraft.entity.take_indications()
    ended = [each.condition for each in indications if isinstance(each, TransactionFinished)]
    assert ended
    return ended
