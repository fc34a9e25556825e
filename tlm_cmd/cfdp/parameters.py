"""What an entity knows of itself and of the others: the management information base (CCSDS 727.0-B-5, section 8)."""

import msgspec

from tlm_cmd.cfdp.codes import ChecksumType, Mode
from tlm_cmd.cfdp.pdu.header import MAX_DATA_FIELD_OCTETS, MAX_ID_OCTETS
from tlm_cmd.cfdp.pdu.tlv import FaultHandlerOverride
from tlm_cmd.errors import check_range

NS = 1_000_000_000
MAX_TIMEOUT_NS = 1 << 62
MIN_PDU_OCTETS = 64
"""A NAK with one request, large file flag, the longest identifiers and a CRC."""
MAX_PDU_OCTETS = 28 + MAX_DATA_FIELD_OCTETS
MAX_SEGMENT_OCTETS = MAX_DATA_FIELD_OCTETS - 10
"""File data of one PDU: what is left by an offset of eight octets and a CRC."""
MAX_LIMIT = 1_000_000
MAX_TRANSACTIONS = 100_000


class RemoteEntity(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Another entity, and how transactions with it are run (8.3).

    The limits are meant for links that lose one PDU in five each way: that twenty attempts fail in a row, each
    of which needs a PDU to get through both ways, happens to one transaction in a billion.

    Raises:
        FieldRangeError: a value lies outside its range.
    """

    entity_id: int
    mode: Mode = Mode.ACKNOWLEDGED
    """Of the files sent there, unless a request says otherwise."""
    closure_requested: bool = True
    """Of the files sent there in unacknowledged mode, unless a request says otherwise."""
    checksum_type: ChecksumType = ChecksumType.MODULAR
    """Of the files sent there."""
    crc: bool = False
    """Whether PDUs sent there end with a CRC-16."""
    max_segment_octets: int = 1024
    """File data of one PDU."""
    max_pdu_octets: int = 2048
    """Longest PDU that gets there, and the one into which the requests of a NAK are split."""
    ack_timeout_ns: int = 10 * NS
    """Wait for the acknowledgement of an EOF or a Finished."""
    ack_limit: int = 20
    """Times it is sent again."""
    nak_timeout_ns: int = 10 * NS
    """Silence after which missing data are asked for again."""
    nak_limit: int = 20
    """Times in a row without anything new."""
    immediate_nak: bool = False
    """Whether a gap is asked for when it shows, in place of when the EOF has come."""
    inactivity_timeout_ns: int = 300 * NS
    """Silence after which a receiver gives up, and a sender asks once more; it gives up after the next."""
    check_timeout_ns: int = 10 * NS
    """Of unacknowledged transactions: wait for data that are later than the EOF, or for a Finished."""
    check_limit: int = 10
    """Times of waiting so."""
    keep_alive_interval_ns: int = 0
    """Time between reports of the receiver's progress, sent unasked; 0 for none."""
    keep_alive_limit_octets: int = 0
    """How far the receiver's progress may fall behind the sender's; 0 for as far as it likes."""
    retain_incomplete: bool = False
    """Whether what came of a cancelled file is kept, under the file's name with ``.part`` behind it."""
    proxy_allowed: bool = True
    """Whether it may ask this entity to send files."""
    listing_allowed: bool = True
    """Whether it may ask this entity to list directories."""

    def __post_init__(self) -> None:
        check_range("entity id", self.entity_id, 0, (1 << 8 * MAX_ID_OCTETS) - 1)
        check_range("max segment octets", self.max_segment_octets, 1, MAX_SEGMENT_OCTETS)
        check_range("max PDU octets", self.max_pdu_octets, MIN_PDU_OCTETS, MAX_PDU_OCTETS)
        for field in ("ack_timeout_ns", "nak_timeout_ns", "inactivity_timeout_ns", "check_timeout_ns"):
            check_range(field, getattr(self, field), 1, MAX_TIMEOUT_NS)
        check_range("keep_alive_interval_ns", self.keep_alive_interval_ns, 0, MAX_TIMEOUT_NS)
        for field in ("ack_limit", "nak_limit", "check_limit"):
            check_range(field, getattr(self, field), 0, MAX_LIMIT)
        check_range("keep alive limit octets", self.keep_alive_limit_octets, 0, (1 << 64) - 1)


class LocalEntity(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """This entity (8.2).

    Raises:
        FieldRangeError: a value lies outside its range.
    """

    entity_id: int
    entity_id_octets: int = 2
    """Length of entity ids in the transactions it begins."""
    sequence_octets: int = 4
    """Length of sequence numbers in the transactions it begins; they wrap."""
    fault_handlers: tuple[FaultHandlerOverride, ...] = ()
    """What is done about faults where a transaction says nothing; see `tlm_cmd.cfdp.faults`."""
    segment_indications: bool = False
    """Whether the user hears of each segment that arrives."""
    partial_prefix: str = "cfdp-partial-"
    """What the names of files begin with that are being received; source and sequence number follow."""
    max_transactions: int = 256
    """Transactions at a time that it sends, and again as many that it receives."""
    max_closed: int = 4096
    """Closed transactions that it remembers, each way, to answer what is repeated."""
    max_parts: int = 4096
    """Separate parts that a file may consist of while it is received, and that may wait to be sent again."""
    max_indications: int = 4096
    """Indications that may wait for the user."""
    max_answers: int = 1024
    """Acknowledgements of closed transactions that may wait for the link."""
    max_listing_octets: int = 1 << 20
    """Longest directory listing that it sends."""

    def __post_init__(self) -> None:
        check_range("entity id octets", self.entity_id_octets, 1, MAX_ID_OCTETS)
        check_range("entity id", self.entity_id, 0, (1 << 8 * self.entity_id_octets) - 1)
        check_range("sequence octets", self.sequence_octets, 1, MAX_ID_OCTETS)
        for field in ("max_transactions", "max_closed", "max_parts", "max_indications", "max_answers"):
            check_range(field, getattr(self, field), 1, MAX_TRANSACTIONS)
        check_range("max listing octets", self.max_listing_octets, 0, 1 << 30)
