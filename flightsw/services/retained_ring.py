"""A bounded log of records in retained memory, written in place; damage costs the damaged record and no other.

A header ``magic, version, mode, slots, slot octets, first number, CRC-32``, then the slots of one ring: record ``n``
lies in slot ``n % slots`` as ``n, length, CRC-32, data``. Numbers count up from 1.
"""

from __future__ import annotations

import struct
from enum import IntEnum, unique

import msgspec

from flightsw.errors import FlightSoftwareError
from flightsw.services.retained_memory import Region
from tlm_cmd.packets.crc import crc32

MAX_SLOTS = 4096
MAX_SLOT_OCTETS = 4096

_MAGIC = b"FSRR"
_VERSION = 1
_HEADER = struct.Struct(">4sBBHHQ")
_RECORD = struct.Struct(">QH")
_CRC = struct.Struct(">I")
_SLOT_HEAD_OCTETS = _RECORD.size + _CRC.size
_HEADER_OCTETS = 32


class RingError(FlightSoftwareError):
    """Bounds that no ring can have, or a record longer than a slot."""


@unique
class RingMode(IntEnum):
    """What a full ring does with one record more."""

    OVERWRITE = 0
    DISCARD = 1


class RingContent(msgspec.Struct, frozen=True):
    """What a ring holds.

    Attributes:
        records: number and data of each, the oldest first.
        damaged: slots, or the header, whose checksum is wrong.
    """

    records: tuple[tuple[int, bytes], ...]
    damaged: int


class RetainedRing:
    """The ring as its one writer sees it.

    A header that cannot be read is taken as that of a ring in which nothing was ever cleared, in the mode given here.

    Args:
        region: where it lies.
        slots: most records, 1 to ``MAX_SLOTS``; a ring of another size that lies there is given up.
        slot_octets: of one record with its checksum, at most ``MAX_SLOT_OCTETS``.
        mode: that of a new ring; one that lies there keeps its own.

    Raises:
        RingError: a bound is out of range.
        OSError: the memory cannot be read or written.
    """

    def __init__(self, region: Region, slots: int, slot_octets: int, mode: RingMode = RingMode.OVERWRITE) -> None:
        if not (1 <= slots <= MAX_SLOTS and _SLOT_HEAD_OCTETS < slot_octets <= MAX_SLOT_OCTETS):
            raise RingError(
                f"ring of {slots} slots of {slot_octets} octets, allowed are 1 to {MAX_SLOTS} of "
                f"{_SLOT_HEAD_OCTETS + 1} to {MAX_SLOT_OCTETS}"
            )
        self._region, self._slots, self._slot_octets = region, slots, slot_octets
        header = _read_header(region)
        if header is not None and (header.slots, header.slot_octets) != (slots, slot_octets):
            region.write(0, bytes(_HEADER_OCTETS + header.slots * header.slot_octets))
            header = None
        self._header = header or _Header(mode, slots, slot_octets, 1)
        if header is None:
            self._write_header()
        content = read_ring(region, slots, slot_octets)
        self._next = content.records[-1][0] + 1 if content.records else self._header.first

    @property
    def mode(self) -> RingMode:
        """What becomes of records when it is full."""
        return self._header.mode

    @property
    def longest(self) -> int:
        """Most octets of one record."""
        return self._slot_octets - _SLOT_HEAD_OCTETS

    @property
    def held(self) -> int:
        """Records that it holds, damaged ones included."""
        return min(self._next - self._header.first, self._slots)

    def append(self, data: bytes) -> bool:
        """Write a record; False when the ring is full and does not overwrite.

        Raises:
            RingError: the record is longer than ``longest``.
            OSError: the memory cannot take it; what was there stays.
        """
        if len(data) > self.longest:
            raise RingError(f"record of {len(data)} octets, at most {self.longest} are allowed")
        if self.mode is RingMode.DISCARD and self.held == self._slots:
            return False
        head = _RECORD.pack(self._next, len(data))
        octets = b"".join((head, _CRC.pack(crc32(data, crc32(head))), data))
        self._region.write(_HEADER_OCTETS + self._next % self._slots * self._slot_octets, octets)
        self._next += 1
        return True

    def clear(self) -> None:
        """Forget every record; numbers go on.

        Raises:
            OSError: the memory cannot take it; the records stay.
        """
        self._change(msgspec.structs.replace(self._header, first=self._next))

    def set_mode(self, mode: RingMode) -> None:
        """Treat a full ring otherwise from now on.

        Raises:
            OSError: the memory cannot take it; the mode stays.
        """
        self._change(msgspec.structs.replace(self._header, mode=mode))

    def _change(self, header: _Header) -> None:
        before, self._header = self._header, header
        try:
            self._write_header()
        except OSError:
            self._header = before
            raise

    def _write_header(self) -> None:
        header = self._header
        octets = _HEADER.pack(_MAGIC, _VERSION, header.mode, header.slots, header.slot_octets, header.first)
        self._region.write(0, octets + _CRC.pack(crc32(octets)))


class _Header(msgspec.Struct, frozen=True):
    mode: RingMode
    slots: int
    slot_octets: int
    first: int


def read_ring(region: Region, slots: int, slot_octets: int, since: int = 0) -> RingContent:
    """What a ring holds, from its writer's side or from another process.

    Args:
        region: where it lies.
        slots: of the ring, unless its header says otherwise.
        slot_octets: of one slot, unless the header says otherwise.
        since: only records with a higher number; the others are not even checked.

    Raises:
        OSError: the memory cannot be read.
    """
    header = _read_header(region)
    damaged = int(header is None and any(region.read(0, _HEADER_OCTETS)))
    if header is not None:
        slots, slot_octets = header.slots, header.slot_octets
    first = header.first if header else 1
    octets = region.read(_HEADER_OCTETS, slots * slot_octets)
    records = []
    for slot in range(slots):
        data = octets[slot * slot_octets : (slot + 1) * slot_octets]
        if since and _RECORD.unpack_from(data)[0] <= since:
            continue
        record = _record(data, slot, slots)
        if record is None and data.count(0) < slot_octets:  # its writer may be at it just now
            record = _record(region.read(_HEADER_OCTETS + slot * slot_octets, slot_octets), slot, slots)
            damaged += record is None
        if record is not None and record[0] >= first and record[0] > since:
            records.append(record)
    return RingContent(tuple(sorted(records)), damaged)


def _read_header(region: Region) -> _Header | None:
    octets = region.read(0, _HEADER_OCTETS)
    magic, version, mode, slots, slot_octets, first = _HEADER.unpack_from(octets)
    (checksum,) = _CRC.unpack_from(octets, _HEADER.size)
    good = checksum == crc32(octets[: _HEADER.size]) and (magic, version) == (_MAGIC, _VERSION)
    if not good or mode not in tuple(RingMode):
        return None
    return _Header(RingMode(mode), slots, slot_octets, first)


def _record(octets: bytes, slot: int, slots: int) -> tuple[int, bytes] | None:
    number, length = _RECORD.unpack_from(octets)
    (checksum,) = _CRC.unpack_from(octets, _RECORD.size)
    data = octets[_SLOT_HEAD_OCTETS:][:length]
    if number % slots != slot or number == 0 or len(data) < length:
        return None
    return (number, data) if checksum == crc32(data, crc32(octets[: _RECORD.size])) else None
