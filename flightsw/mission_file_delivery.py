"""How files are delivered between spacecraft and ground, as the mission file says it for both ends."""

from __future__ import annotations

from enum import Enum, unique

import msgspec

from tlm_cmd.cfdp.codes import ChecksumType
from tlm_cmd.cfdp.parameters import LocalEntity, RemoteEntity
from tlm_cmd.errors import WrongValueError, check_range

NANOSECONDS = 1_000_000_000
MAX_FILE_PDU_OCTETS = 900
"""Longest PDU that fits into a packet, a TC frame and a TM frame of the usual lengths."""
MIN_FILE_PDU_OCTETS = 128
MAX_TIMEOUT_S = 86_400


@unique
class FileChecksum(Enum):
    """Checksums of files by the names that mission files use."""

    MODULAR = "modular"
    CRC_32C = "crc-32c"
    CRC_32 = "crc-32"
    NONE = "none"

    @property
    def checksum_type(self) -> ChecksumType:
        """Its number in the protocol."""
        return _CHECKSUM_TYPES[self]


class FileDeliveryParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Managed parameters of the file delivery protocol (CCSDS 727.0-B-5, section 8), the same for both ends.

    Raises:
        FieldRangeError, WrongValueError: a value is not allowed.
    """

    spacecraft_entity: int
    ground_entity: int
    entity_id_octets: int = 2
    sequence_octets: int = 4
    pdu_octets: int = MAX_FILE_PDU_OCTETS
    """Longest PDU, header included."""
    checksum: FileChecksum = FileChecksum.MODULAR
    crc: bool = False
    """Whether each PDU ends with a CRC; packets and frames have their own."""
    ack_timeout_s: int = 10
    nak_timeout_s: int = 10
    inactivity_timeout_s: int = 300
    attempts: int = 20
    """Times that something is sent again, and that missing data are asked for, before a transaction is given up."""

    def __post_init__(self) -> None:
        check_range("PDU octets", self.pdu_octets, MIN_FILE_PDU_OCTETS, MAX_FILE_PDU_OCTETS)
        for field in ("ack_timeout_s", "nak_timeout_s", "inactivity_timeout_s"):
            check_range(field, getattr(self, field), 1, MAX_TIMEOUT_S)
        if self.spacecraft_entity == self.ground_entity:
            raise WrongValueError("entities", self.spacecraft_entity, "one for the spacecraft and one for the ground")
        for entity_id in (self.spacecraft_entity, self.ground_entity):
            self.local(entity_id)
            self.remote(entity_id)

    def local(self, entity_id: int) -> LocalEntity:
        """The end with this entity id, as it knows itself; bounds are the library's and may be replaced."""
        return LocalEntity(
            entity_id=entity_id, entity_id_octets=self.entity_id_octets, sequence_octets=self.sequence_octets
        )

    def remote(self, entity_id: int) -> RemoteEntity:
        """The end with this entity id, as the other one knows it."""
        return RemoteEntity(
            entity_id=entity_id,
            checksum_type=self.checksum.checksum_type,
            crc=self.crc,
            max_segment_octets=self.pdu_octets,
            max_pdu_octets=self.pdu_octets,
            ack_timeout_ns=self.ack_timeout_s * NANOSECONDS,
            ack_limit=self.attempts,
            nak_timeout_ns=self.nak_timeout_s * NANOSECONDS,
            nak_limit=self.attempts,
            inactivity_timeout_ns=self.inactivity_timeout_s * NANOSECONDS,
            check_timeout_ns=self.nak_timeout_s * NANOSECONDS,
        )


_CHECKSUM_TYPES = {
    FileChecksum.MODULAR: ChecksumType.MODULAR,
    FileChecksum.CRC_32C: ChecksumType.CRC_32C,
    FileChecksum.CRC_32: ChecksumType.CRC_32,
    FileChecksum.NONE: ChecksumType.NULL,
}
