"""Service 1, request verification (ECSS-E-ST-70-41C, 6.1 and 8.1): what became of a telecommand, stage by stage."""

from __future__ import annotations

from typing import Self

from tlm_cmd.packets.pus.body import PusBody
from tlm_cmd.packets.pus.fields import FieldReader, pack_unsigned
from tlm_cmd.packets.pus.formats import DEFAULT_FORMATS, PusFormats
from tlm_cmd.packets.pus.request_id import REQUEST_ID_OCTETS, PusRequestId

SERVICE = 1


class SuccessReport(PusBody, frozen=True, gc=False):
    """A stage that was passed; the base of TM[1,1], TM[1,3] and TM[1,7].

    Attributes:
        request: the telecommand.
    """

    service = SERVICE

    request: PusRequestId

    def pack(self, formats: PusFormats = DEFAULT_FORMATS) -> bytes:
        """Return the octets of the body."""
        return self.request.pack()

    @classmethod
    def read(cls, reader: FieldReader) -> Self:
        """Read the fields of the body."""
        return cls(PusRequestId.unpack(reader.take(REQUEST_ID_OCTETS)))


class FailureReport(PusBody, frozen=True, gc=False):
    """A stage that was not passed; the base of TM[1,2], TM[1,4], TM[1,8] and TM[1,10].

    Attributes:
        request: the telecommand.
        code: why, as the mission defines it.
        detail: parameters of the failure notice, as the mission defines them for the code.
    """

    service = SERVICE

    request: PusRequestId
    code: int
    detail: bytes = b""

    def pack(self, formats: PusFormats = DEFAULT_FORMATS) -> bytes:
        """Return the octets of the body.

        Raises:
            FieldRangeError: the code does not fit.
        """
        return self.request.pack() + pack_unsigned("failure code", self.code, formats.failure_code_octets) + self.detail

    @classmethod
    def read(cls, reader: FieldReader) -> Self:
        """Read the fields of the body; the detail is all that is left."""
        request = PusRequestId.unpack(reader.take(REQUEST_ID_OCTETS))
        return cls(request, reader.unsigned(reader.formats.failure_code_octets), reader.rest())


class AcceptanceSuccess(SuccessReport, frozen=True, gc=False):
    """TM[1,1]: the telecommand was accepted (8.1.2.1)."""

    subtype = 1


class AcceptanceFailure(FailureReport, frozen=True, gc=False):
    """TM[1,2]: it was not (8.1.2.2)."""

    subtype = 2


class StartSuccess(SuccessReport, frozen=True, gc=False):
    """TM[1,3]: its execution has started (8.1.2.3)."""

    subtype = 3


class StartFailure(FailureReport, frozen=True, gc=False):
    """TM[1,4]: it could not start (8.1.2.4)."""

    subtype = 4


class ProgressSuccess(PusBody, frozen=True, gc=False):
    """TM[1,5]: a step of its execution is done (8.1.2.5).

    Attributes:
        request: the telecommand.
        step: which one.
    """

    service = SERVICE
    subtype = 5

    request: PusRequestId
    step: int

    def pack(self, formats: PusFormats = DEFAULT_FORMATS) -> bytes:
        """Return the octets of the body.

        Raises:
            FieldRangeError: the step does not fit.
        """
        return self.request.pack() + pack_unsigned("step id", self.step, formats.step_octets)

    @classmethod
    def read(cls, reader: FieldReader) -> Self:
        """Read the fields of the body."""
        return cls(PusRequestId.unpack(reader.take(REQUEST_ID_OCTETS)), reader.unsigned(reader.formats.step_octets))


class ProgressFailure(PusBody, frozen=True, gc=False):
    """TM[1,6]: a step of its execution has failed (8.1.2.6).

    Attributes:
        request: the telecommand.
        step: which one.
        code: why, as the mission defines it.
        detail: parameters of the failure notice, as the mission defines them for the code.
    """

    service = SERVICE
    subtype = 6

    request: PusRequestId
    step: int
    code: int
    detail: bytes = b""

    def pack(self, formats: PusFormats = DEFAULT_FORMATS) -> bytes:
        """Return the octets of the body.

        Raises:
            FieldRangeError: step or code do not fit.
        """
        step = pack_unsigned("step id", self.step, formats.step_octets)
        code = pack_unsigned("failure code", self.code, formats.failure_code_octets)
        return self.request.pack() + step + code + self.detail

    @classmethod
    def read(cls, reader: FieldReader) -> Self:
        """Read the fields of the body; the detail is all that is left."""
        formats = reader.formats
        request, step = PusRequestId.unpack(reader.take(REQUEST_ID_OCTETS)), reader.unsigned(formats.step_octets)
        return cls(request, step, reader.unsigned(formats.failure_code_octets), reader.rest())


class CompletionSuccess(SuccessReport, frozen=True, gc=False):
    """TM[1,7]: its execution is completed (8.1.2.7)."""

    subtype = 7


class CompletionFailure(FailureReport, frozen=True, gc=False):
    """TM[1,8]: its execution has failed (8.1.2.8)."""

    subtype = 8


class RoutingFailure(FailureReport, frozen=True, gc=False):
    """TM[1,10]: it could not be handed to its application process (8.1.2.9)."""

    subtype = 10
