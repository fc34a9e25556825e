"""The fixed header of every PDU (CCSDS 727.0-B-5, section 5.1)."""

from typing import Self

import msgspec

from tlm_cmd.cfdp.codes import Direction, Mode, PduType
from tlm_cmd.cfdp.pdu.cursor import pack_number
from tlm_cmd.errors import LengthMismatchError, TooShortError, WrongVersionError, check_range
from tlm_cmd.packets.crc import CRC_OCTETS

VERSION = 1
"""Protocol version 2 of the standard has the number 001 (5.1)."""
PREFIX_OCTETS = 4
"""The part of the header with the same length in every PDU."""
MAX_DATA_FIELD_OCTETS = 0xFFFF
MAX_ID_OCTETS = 8
LENGTHS_MASK = 0x77
"""The bits of the fourth octet that say how long the identifiers are."""

HEADER_OCTETS_BY_LENGTHS = tuple(PREFIX_OCTETS + 2 * ((n >> 4 & 7) + 1) + (n & 7) + 1 for n in range(256))
"""Length of the header by its fourth octet."""

_STRUCTURE = "CFDP PDU header"
_DIRECTIONS = (Direction.TOWARD_RECEIVER, Direction.TOWARD_SENDER)
_MODES = (Mode.ACKNOWLEDGED, Mode.UNACKNOWLEDGED)


class PduHeader(msgspec.Struct, frozen=True, gc=False):
    """What all PDUs of one transaction have in common, and which way this one goes.

    The type of the PDU and the length of its data field come from what it carries. ``segmentation_control`` and
    ``segment_metadata`` have a meaning in file data only and are 0 in directives (5.1.3).

    Raises:
        FieldRangeError: an identifier does not fit its octets, or those are not 1 to 8.
    """

    direction: Direction
    mode: Mode
    source_id: int
    sequence_number: int
    destination_id: int
    entity_id_octets: int = 2
    sequence_octets: int = 4
    crc: bool = False
    """Whether the PDU ends with a CRC-16 of all octets before it (4.1.3.2)."""
    large_file: bool = False
    """Whether sizes and offsets have eight octets in place of four."""
    segmentation_control: bool = False
    """Whether segments keep to the boundaries of records."""
    segment_metadata: bool = False
    """Whether metadata of the segment stand in front of the offset."""

    def __post_init__(self) -> None:
        check_range("entity id octets", self.entity_id_octets, 1, MAX_ID_OCTETS)
        check_range("sequence number octets", self.sequence_octets, 1, MAX_ID_OCTETS)
        check_range("source entity id", self.source_id, 0, (1 << 8 * self.entity_id_octets) - 1)
        check_range("sequence number", self.sequence_number, 0, (1 << 8 * self.sequence_octets) - 1)
        check_range("destination entity id", self.destination_id, 0, (1 << 8 * self.entity_id_octets) - 1)

    @property
    def octets(self) -> int:
        """Length of the header."""
        return PREFIX_OCTETS + 2 * self.entity_id_octets + self.sequence_octets

    def first_octet(self, pdu_type: PduType) -> int:
        """Version, type and flags."""
        return VERSION << 5 | pdu_type << 4 | self.direction << 3 | self.mode << 2 | self.crc << 1 | self.large_file

    def tail(self, pdu_type: PduType) -> bytes:
        """Everything behind the length: the fourth octet and the identifiers."""
        flags = 0
        if pdu_type is PduType.FILE_DATA:
            flags = self.segmentation_control << 7 | self.segment_metadata << 3
        lengths = flags | (self.entity_id_octets - 1) << 4 | (self.sequence_octets - 1)
        return b"".join(
            (
                bytes((lengths,)),
                pack_number("source entity id", self.source_id, self.entity_id_octets),
                pack_number("sequence number", self.sequence_number, self.sequence_octets),
                pack_number("destination entity id", self.destination_id, self.entity_id_octets),
            )
        )

    def pack(self, pdu_type: PduType, data_field_octets: int) -> bytes:
        """Return the octets of the header.

        Args:
            pdu_type: what the PDU carries.
            data_field_octets: length of what follows, the CRC included.

        Raises:
            FieldRangeError: the data field is longer than 65 535 octets.
        """
        check_range("PDU data field octets", data_field_octets, 0, MAX_DATA_FIELD_OCTETS)
        prefix = self.first_octet(pdu_type) << 16 | data_field_octets
        return prefix.to_bytes(3, "big") + self.tail(pdu_type)

    def turned(self) -> Self:
        """Return the header of a PDU that goes the other way."""
        return msgspec.structs.replace(self, direction=_DIRECTIONS[1 - self.direction])


class FoundHeader(msgspec.Struct, frozen=True, gc=False):
    """A header as it was read: what it says, and where its PDU's content starts and ends.

    The end is that of the PDU without its CRC.
    """

    header: PduHeader
    pdu_type: PduType
    start: int
    end: int


def declared_pdu_octets(octets: bytes) -> int:
    """Length of the whole PDU as its header declares it.

    Raises:
        TooShortError: the octets end before the length fields do.
    """
    if len(octets) < PREFIX_OCTETS:
        raise TooShortError(_STRUCTURE, PREFIX_OCTETS, len(octets))
    return HEADER_OCTETS_BY_LENGTHS[octets[3]] + int.from_bytes(octets[1:3], "big")


def find_header(octets: bytes, *, padded: bool = False) -> FoundHeader:
    """Read the header at the start of a PDU, of which the CRC has not been verified.

    Args:
        octets: the PDU and nothing else, unless ``padded``.
        padded: the link fills its units up, and what follows the PDU means nothing.

    Raises:
        TooShortError: the octets end before the header or before the CRC.
        WrongVersionError: the protocol version is not 001.
        LengthMismatchError: the data field is not as long as declared.
    """
    declared = declared_pdu_octets(octets)
    first, lengths = octets[0], octets[3]
    if first >> 5 != VERSION:
        raise WrongVersionError("CFDP version", first >> 5, VERSION)
    start = HEADER_OCTETS_BY_LENGTHS[lengths]
    if len(octets) < start:
        raise TooShortError(_STRUCTURE, start, len(octets))
    if declared > len(octets) or (declared < len(octets) and not padded):
        raise LengthMismatchError("CFDP PDU", declared, len(octets))
    end = declared - (CRC_OCTETS if first & 2 else 0)
    if end < start:
        raise TooShortError("CFDP PDU with CRC", start + CRC_OCTETS, declared)
    pdu_type = PduType.FILE_DATA if first & 0x10 else PduType.DIRECTIVE
    is_file_data = pdu_type is PduType.FILE_DATA
    ids = (lengths >> 4 & 7) + 1
    middle = PREFIX_OCTETS + ids
    header = PduHeader(
        direction=_DIRECTIONS[first >> 3 & 1],
        mode=_MODES[first >> 2 & 1],
        source_id=int.from_bytes(octets[PREFIX_OCTETS:middle], "big"),
        sequence_number=int.from_bytes(octets[middle : start - ids], "big"),
        destination_id=int.from_bytes(octets[start - ids : start], "big"),
        entity_id_octets=ids,
        sequence_octets=(lengths & 7) + 1,
        crc=bool(first & 2),
        large_file=bool(first & 1),
        segmentation_control=is_file_data and bool(lengths & 0x80),
        segment_metadata=is_file_data and bool(lengths & 0x08),
    )
    return FoundHeader(header, pdu_type, start, end)
