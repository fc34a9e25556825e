"""What all bodies of requests and reports have: a type, a packing, and a reading that checks each length.

A body is the application data of a request or the source data of a report (ECSS-E-ST-70-41C, clauses 7.4 and 8).
"""

from __future__ import annotations

from typing import ClassVar, Self

import msgspec

from tlm_cmd.packets.pus.fields import FieldReader
from tlm_cmd.packets.pus.formats import DEFAULT_FORMATS, PusFormats


class PusBody(msgspec.Struct, frozen=True, gc=False):
    """The application data of a request or the source data of a report; this one has no fields.

    Attributes:
        service: service type.
        subtype: message subtype within the service.
    """

    service: ClassVar[int]
    subtype: ClassVar[int]

    def pack(self, formats: PusFormats = DEFAULT_FORMATS) -> bytes:
        """Return the octets of the body.

        Raises:
            FieldRangeError: a field does not fit the mission's lengths.
            LengthMismatchError: a time has another length than the mission's.
        """
        return b""

    @classmethod
    def unpack(cls, data: bytes, formats: PusFormats = DEFAULT_FORMATS) -> Self:
        """Read a body that fills ``data`` exactly.

        Raises:
            TooShortError: a field is not there.
            LengthMismatchError: there are octets behind the body.
            ProtocolError: a field holds what it cannot.
        """
        reader = FieldReader(f"PUS message {cls.service},{cls.subtype}", data, formats)
        body = cls.read(reader)
        reader.end()
        return body

    @classmethod
    def read(cls, reader: FieldReader) -> Self:  # noqa: ARG003 - some bodies need none
        """Read the fields of the body; what stands behind them is for the caller."""
        return cls()
