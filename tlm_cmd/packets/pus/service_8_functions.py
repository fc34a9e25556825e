"""Service 8, function management (ECSS-E-ST-70-41C, 6.8 and 8.8)."""

from __future__ import annotations

from typing import Self

from tlm_cmd.packets.pus.body import PusBody
from tlm_cmd.packets.pus.fields import FieldReader, pack_unsigned
from tlm_cmd.packets.pus.formats import DEFAULT_FORMATS, PusFormats


class PerformFunction(PusBody, frozen=True, gc=False):
    """TC[8,1]: perform a function (8.8.2.1).

    The arguments of a function follow each other as its definition says; where all are always there, the standard lets
    a mission leave out their number and their identifiers, and this is how it is done here.

    Attributes:
        function: function identifier.
        arguments: of the function, one behind the other.
    """

    service = 8
    subtype = 1

    function: int
    arguments: bytes = b""

    def pack(self, formats: PusFormats = DEFAULT_FORMATS) -> bytes:
        """Return the octets of the body.

        Raises:
            FieldRangeError: the identifier does not fit.
        """
        return pack_unsigned("function id", self.function, formats.function_octets) + self.arguments

    @classmethod
    def read(cls, reader: FieldReader) -> Self:
        """Read the fields of the body; the arguments are all that is left."""
        return cls(reader.unsigned(reader.formats.function_octets), reader.rest())
