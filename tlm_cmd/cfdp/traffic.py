"""What passes a link, by the kinds of PDU (CCSDS 727.0-B-5, section 5)."""

import msgspec

from tlm_cmd.cfdp.codes import DirectiveCode
from tlm_cmd.cfdp.pdu.header import HEADER_OCTETS_BY_LENGTHS, PREFIX_OCTETS

_FILE_DATA_FLAG = 0x10
"""The bit of the first octet that says that a PDU carries file data."""


class PduTraffic(msgspec.Struct):
    """How many PDUs of each kind have passed one way; ``pdus`` is the sum of the fields from ``file_data`` on.

    Only the kind is looked at: a PDU whose rest cannot be read is counted as what it says it is.
    """

    pdus: int = 0
    octets: int = 0
    """Of all PDUs, headers included."""
    file_data: int = 0
    eof: int = 0
    finished: int = 0
    ack: int = 0
    metadata: int = 0
    nak: int = 0
    prompt: int = 0
    keep_alive: int = 0
    unknown: int = 0
    """Too short to have a kind, or of a kind that the standard does not have."""

    def count(self, pdu: bytes) -> None:
        """Count one PDU."""
        self.pdus += 1
        self.octets += len(pdu)
        kind = kind_of(pdu)
        setattr(self, kind, int(getattr(self, kind)) + 1)


def kind_of(pdu: bytes) -> str:
    """The field of `PduTraffic` for a PDU."""
    if len(pdu) < PREFIX_OCTETS:
        return "unknown"
    if pdu[0] & _FILE_DATA_FLAG:
        return "file_data"
    place = HEADER_OCTETS_BY_LENGTHS[pdu[3]]
    return _KINDS.get(pdu[place], "unknown") if place < len(pdu) else "unknown"


_KINDS: dict[int, str] = {code.value: code.name.lower() for code in DirectiveCode}
