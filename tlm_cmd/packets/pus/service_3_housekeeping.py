"""Service 3, housekeeping (ECSS-E-ST-70-41C, 6.3 and 8.3): reports of parameters, each of a structure with a number."""

from __future__ import annotations

from typing import Self

import msgspec

from tlm_cmd.packets.pus.body import PusBody
from tlm_cmd.packets.pus.fields import FieldReader, pack_list, pack_unsigned
from tlm_cmd.packets.pus.formats import DEFAULT_FORMATS, PusFormats

SERVICE = 3


class SampledArray(msgspec.Struct, frozen=True, gc=False):
    """Parameters that are sampled several times within one collection interval.

    Attributes:
        samples: how often.
        parameters: their identifiers.
    """

    samples: int
    parameters: tuple[int, ...]


class StructureList(PusBody, frozen=True, gc=False):
    """A list of structures; the base of TC[3,5], TC[3,6] and TC[3,27].

    Attributes:
        structures: their identifiers.
    """

    service = SERVICE

    structures: tuple[int, ...]

    def pack(self, formats: PusFormats = DEFAULT_FORMATS) -> bytes:
        """Return the octets of the body.

        Raises:
            FieldRangeError: too many structures, or an identifier does not fit.
        """
        return pack_list("structures", [_structure(each, formats) for each in self.structures], formats)

    @classmethod
    def read(cls, reader: FieldReader) -> Self:
        """Read the fields of the body."""
        return cls(reader.identifiers(reader.formats.structure_octets))


class CreateStructure(PusBody, frozen=True, gc=False):
    """TC[3,1]: create a structure (8.3.2.1).

    Attributes:
        structure: its identifier.
        interval: collection interval, in the mission's unit.
        parameters: identifiers of the parameters sampled once.
        arrays: those sampled several times.
    """

    service = SERVICE
    subtype = 1

    structure: int
    interval: int
    parameters: tuple[int, ...]
    arrays: tuple[SampledArray, ...] = ()

    def pack(self, formats: PusFormats = DEFAULT_FORMATS) -> bytes:
        """Return the octets of the body.

        Raises:
            FieldRangeError: too many parameters or arrays, or a field does not fit.
        """
        arrays = [
            pack_unsigned("sample repetition number", array.samples, formats.count_octets)
            + _parameters(array.parameters, formats)
            for array in self.arrays
        ]
        return (
            _structure(self.structure, formats)
            + _interval(self.interval, formats)
            + _parameters(self.parameters, formats)
            + pack_list("arrays", arrays, formats)
        )

    @classmethod
    def read(cls, reader: FieldReader) -> Self:
        """Read the fields of the body."""
        formats = reader.formats
        structure, interval = reader.unsigned(formats.structure_octets), reader.unsigned(formats.interval_octets)
        parameters = reader.identifiers(formats.parameter_octets)
        return cls(structure, interval, parameters, reader.items(lambda: _read_array(reader)))


class EnablePeriodicReports(StructureList, frozen=True, gc=False):
    """TC[3,5]: let the reports of structures be sent periodically (8.3.2.5)."""

    subtype = 5


class DisablePeriodicReports(StructureList, frozen=True, gc=False):
    """TC[3,6]: let them not be sent (8.3.2.6)."""

    subtype = 6


class HousekeepingReport(PusBody, frozen=True, gc=False):
    """TM[3,25]: a report on the parameters of a structure.

    Attributes:
        structure: identifier of its structure.
        values: of the structure's parameters, one behind the other.
    """

    service = SERVICE
    subtype = 25

    structure: int
    values: bytes

    def pack(self, formats: PusFormats = DEFAULT_FORMATS) -> bytes:
        """Return the octets of the body.

        Raises:
            FieldRangeError: the identifier does not fit.
        """
        return _structure(self.structure, formats) + self.values

    @classmethod
    def read(cls, reader: FieldReader) -> Self:
        """Read the fields of the body; the values are all that is left."""
        return cls(reader.unsigned(reader.formats.structure_octets), reader.rest())


class SendReportsOnce(StructureList, frozen=True, gc=False):
    """TC[3,27]: send one report of each structure, whether or not they are sent periodically."""

    subtype = 27


class StructureInterval(msgspec.Struct, frozen=True, gc=False):
    """How often a structure's reports are sent.

    Attributes:
        structure: its identifier.
        interval: collection interval, in the mission's unit.
    """

    structure: int
    interval: int


class ModifyIntervals(PusBody, frozen=True, gc=False):
    """TC[3,31]: change collection intervals.

    Attributes:
        intervals: the new ones.
    """

    service = SERVICE
    subtype = 31

    intervals: tuple[StructureInterval, ...]

    def pack(self, formats: PusFormats = DEFAULT_FORMATS) -> bytes:
        """Return the octets of the body.

        Raises:
            FieldRangeError: too many structures, or a field does not fit.
        """
        items = [_structure(each.structure, formats) + _interval(each.interval, formats) for each in self.intervals]
        return pack_list("structures", items, formats)

    @classmethod
    def read(cls, reader: FieldReader) -> Self:
        """Read the fields of the body."""
        formats = reader.formats
        return cls(
            reader.items(
                lambda: StructureInterval(
                    reader.unsigned(formats.structure_octets), reader.unsigned(formats.interval_octets)
                )
            )
        )


def _structure(structure: int, formats: PusFormats) -> bytes:
    return pack_unsigned("structure id", structure, formats.structure_octets)


def _interval(interval: int, formats: PusFormats) -> bytes:
    return pack_unsigned("collection interval", interval, formats.interval_octets)


def _parameters(parameters: tuple[int, ...], formats: PusFormats) -> bytes:
    identifiers = [pack_unsigned("parameter id", each, formats.parameter_octets) for each in parameters]
    return pack_list("parameters", identifiers, formats)


def _read_array(reader: FieldReader) -> SampledArray:
    samples = reader.unsigned(reader.formats.count_octets)
    return SampledArray(samples, reader.identifiers(reader.formats.parameter_octets))
