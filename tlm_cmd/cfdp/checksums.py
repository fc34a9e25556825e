"""Checksums of files (CCSDS 727.0-B-5, section 4.2)."""

from collections.abc import Callable

import msgspec

from tlm_cmd.cfdp.codes import ChecksumType
from tlm_cmd.packets.crc import crc32, crc32_proximity, crc32c

_MASK = 0xFFFF_FFFF
_MAX_EXPONENT = 14
_BLOCK_OCTETS = (1 << _MAX_EXPONENT) - 4
"""Octets summed at a time: with what is missing of the last word they are no more than 2^14."""


def _folds() -> tuple[tuple[int, tuple[tuple[int, int], ...]], ...]:
    """Return, for blocks of 2^n octets, the mask of every second word and the halvings down to 64 bits."""
    table = []
    for exponent in range(_MAX_EXPONENT + 1):
        octets = max(8, 1 << exponent)
        every_second = int.from_bytes((bytes(4) + b"\xff" * 4) * (octets // 8), "big")
        halves = [octets * 8 >> halving for halving in range(1, octets.bit_length() - 3)]
        table.append((every_second, tuple((half, (1 << half) - 1) for half in halves)))
    return tuple(table)


_FOLDS = _folds()


def modular_sum(data: bytes, offset: int = 0) -> int:
    """Sum of the words of four octets of a part of a file, modulo 2^32 (4.2.3, the modular checksum).

    Words are counted from the start of the file, so the octet at place n has its weight by n modulo 4; what is
    missing of the first and of the last word counts as 0. The sums of all parts add up to that of the file.

    Args:
        data: the part.
        offset: its place in the file.
    """
    if len(data) > _BLOCK_OCTETS:
        starts = range(0, len(data), _BLOCK_OCTETS)
        return sum(modular_sum(data[start : start + _BLOCK_OCTETS], offset + start) for start in starts) & _MASK
    # One long number holds all words. Every second word, with room to carry into, is added to its neighbour; then
    # halves are added until one pair is left: a dozen operations where a loop has one for each word.
    missing = -(offset + len(data)) % 4
    words = int.from_bytes(data, "big") << 8 * missing
    every_second, halvings = _FOLDS[(len(data) + missing - 1).bit_length()]
    sums = (words & every_second) + (words >> 32 & every_second)
    for half, mask in halvings:
        sums = (sums & mask) + (sums >> half)
    return sums & _MASK


_IN_ORDER: dict[int, Callable[[bytes, int], int]] = {
    ChecksumType.PROXIMITY_1: crc32_proximity,
    ChecksumType.CRC_32C: crc32c,
    ChecksumType.CRC_32: crc32,
}
_SUPPORTED = frozenset(ChecksumType)


def is_supported(checksum_type: int) -> bool:
    """Whether files can be checked by checksums of this type, one octet's four bits: 0 to 15."""
    return checksum_type in _SUPPORTED


def file_checksum(data: bytes, checksum_type: ChecksumType) -> int:
    """Checksum of a whole file."""
    running = RunningChecksum(checksum_type)
    running.add(0, data)
    return running.value


class RunningChecksum(msgspec.Struct):
    """The checksum of a file of which the parts come one by one.

    The modular checksum takes them in any order, unless ``in_order`` is set. The others can only go on where they
    have got to: other parts are passed over, and have to be read back from the file when it is their turn.
    """

    checksum_type: ChecksumType
    value: int = 0
    place: int = 0
    """How far it has got, if it goes in order."""
    in_order: bool = False

    def __post_init__(self) -> None:
        self.in_order = self.in_order or self.checksum_type in _IN_ORDER

    def add(self, offset: int, data: bytes) -> None:
        """Take a part of the file that has not been taken before.

        Args:
            offset: its place in the file.
            data: the part.
        """
        if self.in_order:
            if offset != self.place:
                return
            self.place = offset + len(data)
        if self.checksum_type is ChecksumType.MODULAR:
            self.value = self.value + modular_sum(data, offset) & _MASK
        elif self.checksum_type is not ChecksumType.NULL:
            self.value = _IN_ORDER[self.checksum_type](data, self.value)

    def behind(self, size: int) -> int:
        """How many octets of a file of this size have yet to be read back, once all of it is there."""
        return size - self.place if self.in_order else 0
