"""Service 17, test (ECSS-E-ST-70-41C, 6.17 and 8.17): whether application processes live."""

from __future__ import annotations

from typing import Self

from tlm_cmd.packets.pus.body import PusBody
from tlm_cmd.packets.pus.fields import FieldReader, pack_unsigned
from tlm_cmd.packets.pus.formats import DEFAULT_FORMATS, PusFormats

SERVICE = 17
_APID_OCTETS = 2


class ConnectionTest(PusBody, frozen=True, gc=False):
    """TC[17,1]: are you alive? (8.17.2.1)."""

    service = SERVICE
    subtype = 1


class ConnectionReport(PusBody, frozen=True, gc=False):
    """TM[17,2]: yes (8.17.2.2)."""

    service = SERVICE
    subtype = 2


class OnboardConnection(PusBody, frozen=True, gc=False):
    """A connection on board; the base of TC[17,3] and TM[17,4].

    Attributes:
        apid: the application process at its other end.
    """

    service = SERVICE

    apid: int

    def pack(self, formats: PusFormats = DEFAULT_FORMATS) -> bytes:
        """Return the octets of the body.

        Raises:
            FieldRangeError: the APID does not fit two octets.
        """
        return pack_unsigned("application process id", self.apid, _APID_OCTETS)

    @classmethod
    def read(cls, reader: FieldReader) -> Self:
        """Read the fields of the body."""
        return cls(reader.unsigned(_APID_OCTETS))


class OnboardConnectionTest(OnboardConnection, frozen=True, gc=False):
    """TC[17,3]: does the other one hear you? (8.17.2.3)."""

    subtype = 3


class OnboardConnectionReport(OnboardConnection, frozen=True, gc=False):
    """TM[17,4]: it does (8.17.2.4)."""

    subtype = 4
