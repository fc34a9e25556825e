"""Service 20, on-board parameter management (ECSS-E-ST-70-41C, 6.20 and 8.20).

How long a value is follows from its parameter, so values are read with the help of who knows the parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Self

from tlm_cmd.errors import check_range
from tlm_cmd.packets.pus.body import PusBody
from tlm_cmd.packets.pus.fields import FieldReader, pack_list, pack_unsigned
from tlm_cmd.packets.pus.formats import DEFAULT_FORMATS, PusFormats

SERVICE = 20


class ReportParameters(PusBody, frozen=True, gc=False):
    """TC[20,1]: say what parameters are (8.20.2.1).

    Attributes:
        parameters: their identifiers.
    """

    service = SERVICE
    subtype = 1

    parameters: tuple[int, ...]

    def pack(self, formats: PusFormats = DEFAULT_FORMATS) -> bytes:
        """Return the octets of the body.

        Raises:
            FieldRangeError: too many parameters, or an identifier does not fit.
        """
        return pack_list("parameters", [_parameter(each, formats) for each in self.parameters], formats)

    @classmethod
    def read(cls, reader: FieldReader) -> Self:
        """Read the fields of the body."""
        return cls(reader.identifiers(reader.formats.parameter_octets))


class Values(PusBody, frozen=True, gc=False):
    """Parameters with their values; the base of TM[20,2] and TC[20,3].

    Attributes:
        count: how many.
        octets: identifiers and values, in turn.
    """

    service = SERVICE

    count: int
    octets: bytes

    @classmethod
    def of(cls, values: Iterable[tuple[int, bytes]], formats: PusFormats = DEFAULT_FORMATS) -> Self:
        """The body that holds these identifiers and packed values.

        Raises:
            FieldRangeError: an identifier does not fit.
        """
        items = [_parameter(parameter, formats) + value for parameter, value in values]
        return cls(len(items), b"".join(items))

    def values(
        self, octets_of: Callable[[int], int], formats: PusFormats = DEFAULT_FORMATS
    ) -> tuple[tuple[int, bytes], ...]:
        """Identifiers and packed values.

        Args:
            octets_of: the length of a parameter's value, at least 0; raises what its caller wants for an unknown one.
            formats: the mission's lengths.

        Raises:
            TooShortError: a value is not there.
            LengthMismatchError: there are octets behind the last one.
            FieldRangeError: there are more values than octets.
        """
        check_range("number of parameters", self.count, 0, len(self.octets))
        reader = FieldReader("parameter values", self.octets, formats)
        found = []
        for _ in range(self.count):
            parameter = reader.unsigned(formats.parameter_octets)
            found.append((parameter, reader.take(max(0, octets_of(parameter)))))
        reader.end()
        return tuple(found)

    def pack(self, formats: PusFormats = DEFAULT_FORMATS) -> bytes:
        """Return the octets of the body.

        Raises:
            FieldRangeError: too many parameters.
        """
        return pack_unsigned("number of parameters", self.count, formats.count_octets) + self.octets

    @classmethod
    def read(cls, reader: FieldReader) -> Self:
        """Read the fields of the body; the values are all that is left."""
        return cls(reader.unsigned(reader.formats.count_octets), reader.rest())


class ParameterValues(Values, frozen=True, gc=False):
    """TM[20,2]: what parameters are (8.20.2.2)."""

    subtype = 2


class SetParameters(Values, frozen=True, gc=False):
    """TC[20,3]: let parameters be something else (8.20.2.3)."""

    subtype = 3


def _parameter(parameter: int, formats: PusFormats) -> bytes:
    return pack_unsigned("parameter id", parameter, formats.parameter_octets)
