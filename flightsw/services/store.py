"""The critical data store: named entries that survive a loss of power, each kept in two alternating generations.

A new value never overwrites the last good one. Each generation is ``magic, version, spare, generation, length, CRC-32``
and the data; the CRC covers the entry's name as well, so that a misplaced generation is no better than a torn one.
"""

from __future__ import annotations

import re
import struct

import msgspec

from flightsw.errors import FlightSoftwareError
from flightsw.hal.errors import PortError
from flightsw.hal.ports import NonVolatileMemory
from tlm_cmd.packets.crc import crc32

MAX_ENTRIES = 128
MAX_ENTRY_OCTETS = 262_144
MAX_NAME_LENGTH = 62  # two less than the memory's own, for the number of the generation

_MAGIC = b"FSNV"
_VERSION = 1
_HEADER = struct.Struct(">4sB3xII")
_CRC = struct.Struct(">I")
_DATA_OFFSET = _HEADER.size + _CRC.size
_GENERATION_MODULO = 2**32
_NAME = re.compile(rf"[A-Za-z0-9_-][A-Za-z0-9._-]{{0,{MAX_NAME_LENGTH - 1}}}")


class StoreError(FlightSoftwareError):
    """The store refuses an entry; what it held stays."""


class EntryNameError(StoreError):
    """An entry name that the memory could not carry."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"entry name {name!r}: allowed are 1 to {MAX_NAME_LENGTH} of a-z A-Z 0-9 . _ - and no leading dot"
        )
        self.name = name


class EntryTooLargeError(StoreError):
    """More octets than one entry may have."""

    def __init__(self, name: str, octets: int, most: int) -> None:
        super().__init__(f"entry {name!r} has {octets} octets, at most {most} are allowed")
        self.name, self.octets, self.most = name, octets, most


class TooManyEntriesError(StoreError):
    """One entry more than the store may have; delete another first."""

    def __init__(self, name: str, most: int) -> None:
        super().__init__(f"no room for entry {name!r}: the store holds {most} already")
        self.name, self.most = name, most


class StoreState(msgspec.Struct):
    """What the store has counted.

    Attributes:
        saved: values written.
        loaded: values handed out.
        corrupt: torn, corrupt or unreadable generations met, by saving or by loading; one that stays is met again.
        lost: loads that found no good generation although something was stored.
        refused: saves refused for name, size or number.
        failed: saves that the memory did not take.
    """

    saved: int = 0
    loaded: int = 0
    corrupt: int = 0
    lost: int = 0
    refused: int = 0
    failed: int = 0


class Recalled(msgspec.Struct, frozen=True):
    """What the store has found of an entry.

    Attributes:
        data: the newest good value, None when there is none.
        corrupt: generations of it that could not be used, 0 to 2.
        copies: generations that hold this very value: 2 behind ``save_twice``, unless something came between.
    """

    data: bytes | None
    corrupt: int = 0
    copies: int = 0


class _Generation(msgspec.Struct, frozen=True):
    slot: str
    number: int
    data: bytes


class Store:
    """Entries that survive; whatever moment the power is lost, an entry loads as the old or the new value.

    Attributes:
        state: counters; the entries themselves are in the memory.
    """

    def __init__(
        self,
        memory: NonVolatileMemory,
        *,
        max_entries: int = MAX_ENTRIES,
        max_entry_octets: int = MAX_ENTRY_OCTETS,
    ) -> None:
        self.state = StoreState()
        self.max_entries = max_entries
        self.max_entry_octets = max_entry_octets
        self._memory = memory

    def save(self, name: str, data: bytes) -> None:
        """Store a value in the place of the older generation, or of a corrupt one.

        Raises:
            StoreError: name, size or number of entries is not allowed.
            PortError: the memory cannot take it; the last good value stays.
        """
        slot, number = self._place(name, data)
        self._write(slot, _pack(name, number, data))
        self.state.saved += 1

    def save_twice(self, name: str, data: bytes) -> None:
        """Store a value in the places of both generations: damage to either of them brings no older value back.

        When the power is lost between the two, or the memory takes the first one only, the entry loads as the old or
        the new value.

        Raises:
            StoreError: name, size or number of entries is not allowed.
            PortError: the memory cannot take it twice; the new value or the last good one stays.
        """
        slot, number = self._place(name, data)
        first, second = _slots(name)
        for each in (slot, second if slot == first else first):
            self._write(each, _pack(name, number, data))
            number = (number + 1) % _GENERATION_MODULO
        self.state.saved += 1

    def load(self, name: str) -> bytes | None:
        """The newest good value, or None when there is none; see ``recall``."""
        return self.recall(name).data

    def recall(self, name: str) -> Recalled:
        """The newest good value, how much of the entry was corrupt, and how many copies there are.

        Raises:
            EntryNameError: the name is not allowed.
        """
        _check_name(name)
        good, corrupt = self._generations(name)
        if not good:
            self.state.lost += corrupt > 0
            return Recalled(None, corrupt)
        self.state.loaded += 1
        data = good[0].data
        return Recalled(data, corrupt, copies=sum(each.data == data for each in good))

    def delete(self, name: str) -> None:
        """Forget an entry, its newest generation last: a loss of power never brings an older value back.

        Raises:
            EntryNameError: the name is not allowed.
            PortError: the memory refuses; the entry stays, or is gone with the next try.
        """
        _check_name(name)
        good, _ = self._generations(name)
        for slot in sorted(_slots(name), key=lambda slot: bool(good) and slot == good[0].slot):
            self._memory.delete(slot)

    def names(self) -> list[str]:
        """The entries, sorted; one whose generations are all corrupt is still among them."""
        stems = dict.fromkeys(slot[:-2] for slot in self._memory.names() if slot.endswith((".0", ".1")))
        return sorted(stem for stem in stems if _NAME.fullmatch(stem))

    def _place(self, name: str, data: bytes) -> tuple[str, int]:
        """Where the next generation of an entry belongs, and its number.

        Raises:
            StoreError: name, size or number of entries is not allowed.
        """
        try:
            self._check(name, data)
            good, corrupt = self._generations(name)
            if not good and not corrupt and len(self.names()) >= self.max_entries:
                raise TooManyEntriesError(name, self.max_entries)
        except StoreError:
            self.state.refused += 1
            raise
        first, second = _slots(name)
        if not good:
            return first, 1
        newest = good[0]
        return second if newest.slot == first else first, (newest.number + 1) % _GENERATION_MODULO

    def _write(self, slot: str, octets: bytes) -> None:
        try:
            self._memory.write(slot, octets)
        except PortError:
            self.state.failed += 1
            raise

    def _check(self, name: str, data: bytes) -> None:
        _check_name(name)
        if len(data) > self.max_entry_octets:
            raise EntryTooLargeError(name, len(data), self.max_entry_octets)

    def _generations(self, name: str) -> tuple[list[_Generation], int]:
        """The good generations, the newest first, and how many are corrupt, which is counted."""
        good, corrupt = [], 0
        for slot in _slots(name):
            try:
                octets = self._memory.read(slot)
            except PortError:
                octets = b""  # a broken place of the memory is no worse than a corrupt generation
            if octets is None:
                continue
            generation = _unpack(name, slot, octets)
            if generation is None:
                corrupt += 1
            else:
                good.append(generation)
        self.state.corrupt += corrupt
        if len(good) < 2:
            return good, corrupt
        first, second = good
        ahead = (second.number - first.number) % _GENERATION_MODULO
        return ([second, first] if 0 < ahead < _GENERATION_MODULO // 2 else good), corrupt


def _slots(name: str) -> tuple[str, str]:
    return f"{name}.0", f"{name}.1"


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise EntryNameError(name)


def _pack(name: str, number: int, data: bytes) -> bytes:
    header = _HEADER.pack(_MAGIC, _VERSION, number, len(data))
    return b"".join((header, _CRC.pack(_checksum(name, header, data)), data))


def _unpack(name: str, slot: str, octets: bytes) -> _Generation | None:
    """The generation in ``octets``, or None when it is torn, corrupt or another entry's."""
    if len(octets) < _DATA_OFFSET:
        return None
    header, data = octets[: _HEADER.size], octets[_DATA_OFFSET:]
    magic, version, number, length = _HEADER.unpack(header)
    (checksum,) = _CRC.unpack_from(octets, _HEADER.size)
    if (magic, version, length) != (_MAGIC, _VERSION, len(data)) or checksum != _checksum(name, header, data):
        return None
    return _Generation(slot, number, data)


def _checksum(name: str, header: bytes, data: bytes) -> int:
    return crc32(data, crc32(header, crc32(name.encode())))
