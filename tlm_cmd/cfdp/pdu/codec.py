"""Whole PDUs to octets and back (CCSDS 727.0-B-5, sections 5.1 and 4.1.3)."""

from typing import Self, TypeAlias

import msgspec

from tlm_cmd.cfdp.codes import DirectiveCode, PduType, code
from tlm_cmd.cfdp.pdu.cursor import Cursor
from tlm_cmd.cfdp.pdu.directives import Ack, Eof, Finished, KeepAlive, Nak, Prompt
from tlm_cmd.cfdp.pdu.file_data import FileData
from tlm_cmd.cfdp.pdu.header import PduHeader, find_header
from tlm_cmd.cfdp.pdu.metadata import Metadata
from tlm_cmd.errors import ChecksumError
from tlm_cmd.packets.crc import CRC_OCTETS, crc16

Directive: TypeAlias = Eof | Finished | Ack | Metadata | Nak | Prompt | KeepAlive
Content: TypeAlias = Directive | FileData

_DIRECTIVES: dict[DirectiveCode, type[Directive]] = {
    DirectiveCode.EOF: Eof,
    DirectiveCode.FINISHED: Finished,
    DirectiveCode.ACK: Ack,
    DirectiveCode.METADATA: Metadata,
    DirectiveCode.NAK: Nak,
    DirectiveCode.PROMPT: Prompt,
    DirectiveCode.KEEP_ALIVE: KeepAlive,
}


class Pdu(msgspec.Struct, frozen=True, gc=False):
    """A header and what the PDU carries."""

    header: PduHeader
    content: Content

    def pack(self) -> bytes:
        """Return the octets of the PDU, its CRC included if the header says so.

        Raises:
            FieldRangeError: a field does not fit, or all of them together.
            WrongValueError: header and content contradict each other.
        """
        header, content = self.header, self.content
        pdu_type = PduType.FILE_DATA if isinstance(content, FileData) else PduType.DIRECTIVE
        field = content.pack_field(header)
        octets = header.pack(pdu_type, len(field) + (CRC_OCTETS if header.crc else 0)) + field
        return octets + crc16(octets).to_bytes(CRC_OCTETS, "big") if header.crc else octets

    @classmethod
    def unpack(cls, octets: bytes, *, padded: bool = False) -> Self:
        """Read a PDU and verify it.

        Whether octets may follow it is a matter of the link below: by default the PDU must be all there is. Inside
        a directive nothing may follow its last field, save for metadata, where options of unknown types are kept.

        Args:
            octets: the PDU.
            padded: ignore what follows the PDU, on links that fill their units up.

        Raises:
            TooShortError: a field ends before its content.
            WrongVersionError: the protocol version is not 001.
            LengthMismatchError: the PDU or a field in it goes on behind its content, or ends elsewhere than declared.
            ChecksumError: the CRC is wrong; when it is, no field behind the header has been read.
            WrongValueError: a code that is not known, or fields that contradict each other.
            FieldRangeError: an entity id in a TLV has not 1 to 8 octets.
        """
        found = find_header(octets, padded=padded)
        end = found.end
        if found.header.crc and crc16(octets[: end + CRC_OCTETS]):
            trailer = int.from_bytes(octets[end : end + CRC_OCTETS], "big")
            raise ChecksumError("CFDP PDU", crc16(octets[:end]), trailer)
        if found.pdu_type is PduType.FILE_DATA:
            cursor = Cursor("file data", octets, found.start, end)
            return cls(found.header, FileData.read_field(cursor, found.header))
        cursor = Cursor("file directive", octets, found.start, end)
        directive = code(DirectiveCode, "directive code", cursor.number(1))
        return cls(found.header, _DIRECTIVES[directive].read_field(cursor, found.header))
