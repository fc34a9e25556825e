"""File delivery: what PDUs are made of, PDUs, and the messages that the protocol reserves."""

from __future__ import annotations

from contextlib import suppress
from random import Random

from tests.fuzz.mutation import Field
from tests.fuzz.repairs import frame_crc
from tests.fuzz.target import ACCEPTED, MutatedTarget, Target, promise
from tlm_cmd.cfdp import user_messages
from tlm_cmd.cfdp.codes import ChecksumType, ConditionCode, FaultHandler, FilestoreAction, Mode
from tlm_cmd.cfdp.entity import Entity
from tlm_cmd.cfdp.filestore import MemoryFilestore
from tlm_cmd.cfdp.parameters import LocalEntity, RemoteEntity
from tlm_cmd.cfdp.pdu.codec import Pdu
from tlm_cmd.cfdp.pdu.tlv import FaultHandlerOverride, FilestoreRequest
from tlm_cmd.cfdp.requests import PutRequest, TransactionId
from tlm_cmd.cfdp.user_messages import unpack_reserved
from tlm_cmd.errors import ProtocolError

SECOND = 10**9
PDU_FIELDS = (
    *(Field(0, 1), Field(1, 2), Field(3, 1), Field(4, 2), Field(6, 4), Field(10, 2)),
    *(Field(12, 1), Field(13, 1), Field(13, 4), Field(14, 1), Field(14, 4), Field(17, 4), Field(18, 1), Field(19, 1)),
)
MOST_TRANSACTIONS = 4
LONGEST_FILE = 3000
NAMES = ("a", "b", "d/c", "none", "../up", "", "longer name.dat")


def pdu_length(octets: bytes) -> bytes:
    """Set the length field of a PDU."""
    if len(octets) < 4:
        return octets
    header = 4 + 2 * ((octets[3] >> 4 & 7) + 1) + (octets[3] & 7) + 1
    length = len(octets) - header
    return octets[:1] + length.to_bytes(2, "big") + octets[3:] if 0 <= length <= 0xFFFF else octets


def pdu_version(octets: bytes) -> bytes:
    """Set the version of a PDU to 001."""
    return bytes([octets[0] & 0x1F | 0x20]) + octets[1:] if octets else octets


def pdu_crc(octets: bytes) -> bytes:
    """Set the CRC of a PDU that says that it has one."""
    return frame_crc(octets) if octets and octets[0] & 2 else octets


PDU_REPAIRS = (pdu_version, pdu_length, pdu_crc)


def draw_messages(chance: Random) -> tuple[bytes, ...]:
    """Messages to the user: proxy operations, listings, and others."""
    request = FilestoreRequest(FilestoreAction.CREATE_FILE, chance.choice(NAMES))
    override = FaultHandlerOverride(ConditionCode.CHECKSUM_FAILURE, FaultHandler.IGNORE)
    made: list[user_messages.ReservedMessage] = [
        user_messages.ProxyPutRequest(chance.choice((1, 2, 3)), chance.choice(NAMES), chance.choice(NAMES)),
        user_messages.ProxyMessageToUser(b"hello"),
        user_messages.ProxyFilestoreRequest(request),
        user_messages.ProxyFaultHandlerOverride(override),
        user_messages.ProxyMode(chance.choice(list(Mode))),
        user_messages.ProxyFlowLabel(b"label"),
        user_messages.ProxySegmentationControl(boundaries_kept=True),
        user_messages.ProxyClosureRequest(closure_requested=True),
        user_messages.ProxyPutCancel(),
        user_messages.OriginatingTransaction(TransactionId(chance.choice((1, 2)), chance.randrange(4))),
        user_messages.ListingRequest(chance.choice(("", "d", "none")), "listing"),
        user_messages.ListingResponse(successful=True, directory="d", listing_file="listing"),
    ]
    return tuple(message.pack() for message in chance.sample(made, chance.randint(0, 3)))


def draw_request(chance: Random, destination: int) -> PutRequest:
    """A file to be sent, or only messages, in either class."""
    actions = [FilestoreRequest(FilestoreAction.CREATE_FILE, "new"), FilestoreRequest(FilestoreAction.DELETE_FILE, "b")]
    has_file = chance.random() < 0.8
    return PutRequest(
        destination,
        chance.choice(("a", "d/c", "big")) if has_file else "",
        chance.choice(("x", "y", "d/z")) if has_file else "",
        mode=chance.choice((None, Mode.ACKNOWLEDGED, Mode.UNACKNOWLEDGED)),
        closure_requested=chance.choice((None, True, False)),
        messages=draw_messages(chance) if chance.random() < 0.3 else (),
        filestore_requests=tuple(chance.sample(actions, chance.choice((0, 0, 1, 2)))),
    )


class ThinFilestore(MemoryFilestore):
    """A filestore that says yes to files of any size, and keeps only the start of each: disks are larger than tests."""

    def write(self, name: str, offset: int, data: bytes) -> None:
        """Write what lies in the first octets."""
        if offset + len(data) <= 2 * LONGEST_FILE:
            super().write(name, offset, data)
        else:
            self._file("write", name)


def make_entity(chance: Random, entity_id: int) -> Entity:
    """An entity with a few files."""
    files = ThinFilestore() if chance.random() < 0.5 else MemoryFilestore(4 * LONGEST_FILE)
    files.make_directory("d")
    for name, octets in (("a", 10), ("b", 3), ("d/c", 500), ("big", LONGEST_FILE)):
        files.put(name, chance.randbytes(octets))
    local = LocalEntity(
        entity_id=entity_id,
        segment_indications=chance.random() < 0.3,
        max_transactions=MOST_TRANSACTIONS,
        max_closed=8,
        max_parts=6,
        max_indications=20,
        max_answers=3,
        max_listing_octets=500,
    )
    remote = RemoteEntity(
        entity_id=3 - entity_id,
        checksum_type=chance.choice([each for each in ChecksumType if each.name != "PROXIMITY_1"]),
        crc=chance.random() < 0.5,
        max_segment_octets=chance.choice((50, 400)),
        max_pdu_octets=chance.choice((64, 500)),
        ack_limit=2,
        nak_limit=2,
        check_limit=2,
        immediate_nak=chance.random() < 0.5,
        inactivity_timeout_ns=60 * SECOND,
        keep_alive_interval_ns=chance.choice((0, 7 * SECOND)),
        keep_alive_limit_octets=chance.choice((0, 100)),
        retain_incomplete=chance.random() < 0.5,
    )
    return Entity(local, [remote], files)


def draw_pdus(chance: Random) -> list[bytes]:
    """The PDUs of some transactions, both ways, some of which are lost."""
    ends = make_entity(chance, 1), make_entity(chance, 2)
    now_ns = 0
    said: list[bytes] = []
    for _ in range(2):
        with suppress(ProtocolError):  # names and messages may be too long for the PDUs of this link
            ends[0].put(draw_request(chance, 2))
    ends[0].put(PutRequest(2, "d/c", "d/z"))
    for _ in range(60):
        now_ns += SECOND
        for index, end in enumerate(ends):
            pdu = end.next_pdu(now_ns)
            if pdu is not None:
                said.append(pdu)
                if chance.random() < 0.8:
                    ends[1 - index].receive(pdu, now_ns)
    return said


class PduTarget(MutatedTarget):
    """`Pdu.unpack`: what is accepted comes back when packed and read again."""

    name = "cfdp_pdu"
    reaches = frozenset(
        {
            *("Metadata", "FileData", "Eof", "Finished", "Ack", "Nak"),
            "ChecksumError CFDP PDU",
            "TooShortError file directive",
            "WrongValueError directive code",
        }
    )
    share = 30

    def __init__(self, chance: Random) -> None:
        super().__init__(chance, draw_pdus(chance), PDU_FIELDS, PDU_REPAIRS)

    def run(self, case: bytes) -> str:
        """Read a PDU."""
        pdu = Pdu.unpack(case)
        again = pdu.pack()
        promise(Pdu.unpack(again) == pdu, what="another PDU when packed and read again")
        return type(pdu.content).__name__


class MessageTarget(MutatedTarget):
    """`unpack_reserved`."""

    name = "cfdp_messages"
    reaches = frozenset({ACCEPTED, "WrongValueError reserved message type", "TooShortError reserved message"})
    share = 5

    def __init__(self, chance: Random) -> None:
        corpus = [message for _ in range(40) for message in draw_messages(chance)] or [b"cfdp"]
        super().__init__(chance, corpus, (Field(4, 1), Field(5, 1), Field(6, 1), Field(7, 1)))

    def run(self, case: bytes) -> str:
        """Read a message."""
        message = unpack_reserved(case)
        promise(unpack_reserved(message.pack()) == message, what="another message when packed and read again")
        return ACCEPTED


TARGETS: tuple[type[Target], ...] = (PduTarget, MessageTarget)
