"""Reading and writing the fields of PDUs, each checked against what is left (CCSDS 727.0-B-5, 5.1.8 to 5.1.10)."""

from tlm_cmd.errors import FieldRangeError, LengthMismatchError, TooShortError, WrongValueError

MAX_VALUE_OCTETS = 255
"""Longest value behind a length of one octet (727.0-B-5, 5.1.8 and 5.1.9)."""
SMALL_SIZE_OCTETS = 4
LARGE_SIZE_OCTETS = 8
MAX_SMALL_SIZE = 0xFFFF_FFFF
"""Largest file size and offset without the large file flag [octets]."""
MAX_LARGE_SIZE = 0xFFFF_FFFF_FFFF_FFFF


class Cursor:
    """A place in octets that moves on as fields are read.

    Args:
        structure: what is read, for the errors.
        octets: all of it.
        start: where to begin.
        end: where the structure ends; None if with the octets.
    """

    __slots__ = ("_octets", "_structure", "end", "place")

    def __init__(self, structure: str, octets: bytes, start: int = 0, end: int | None = None) -> None:
        self._structure = structure
        self._octets = octets
        self.place = start
        self.end = len(octets) if end is None else end

    @property
    def left(self) -> int:
        """Octets not read yet."""
        return self.end - self.place

    def take(self, count: int) -> bytes:
        """Return the next ``count`` octets.

        Raises:
            TooShortError: fewer are left.
        """
        start, end = self.place, self.place + count
        if end > self.end:
            raise TooShortError(self._structure, count, self.left)
        self.place = end
        return self._octets[start:end]

    def rest(self) -> bytes:
        """Return all that is left."""
        return self.take(self.left)

    def number(self, count: int) -> int:
        """Return the unsigned number in the next ``count`` octets.

        Raises:
            TooShortError: fewer are left.
        """
        return int.from_bytes(self.take(count), "big")

    def size(self, *, large_file: bool) -> int:
        """Return a file size or offset: four octets, eight with the large file flag (5.1.10).

        Raises:
            TooShortError: fewer are left.
        """
        return self.number(LARGE_SIZE_OCTETS if large_file else SMALL_SIZE_OCTETS)

    def value(self) -> bytes:
        """Return a value behind its length of one octet (5.1.8).

        Raises:
            TooShortError: the octets end before the value does.
        """
        return self.take(self.number(1))

    def text(self, field: str) -> str:
        """Return a name behind its length of one octet.

        Raises:
            TooShortError: the octets end before the name does.
            WrongValueError: it is no UTF-8; it names ``field``.
        """
        value = self.value()
        try:
            return value.decode()
        except UnicodeDecodeError:
            raise WrongValueError(field, value, "a text in UTF-8") from None

    def finish(self) -> None:
        """Make sure that all has been read.

        Raises:
            LengthMismatchError: something is left.
        """
        if self.place != self.end:
            raise LengthMismatchError(self._structure, self.end, self.place)


def pack_size(field: str, size: int, *, large_file: bool) -> bytes:
    """Return a file size or offset in four octets, or eight with the large file flag (5.1.10).

    Raises:
        FieldRangeError: it does not fit; it names ``field``.
    """
    highest = MAX_LARGE_SIZE if large_file else MAX_SMALL_SIZE
    if not 0 <= size <= highest:
        raise FieldRangeError(field, size, 0, highest)
    return size.to_bytes(LARGE_SIZE_OCTETS if large_file else SMALL_SIZE_OCTETS, "big")


def pack_value(field: str, value: bytes) -> bytes:
    """Return a value behind its length of one octet (5.1.8).

    Raises:
        FieldRangeError: it has more than 255 octets; it names ``field``.
    """
    if len(value) > MAX_VALUE_OCTETS:
        raise FieldRangeError(f"octets of {field}", len(value), 0, MAX_VALUE_OCTETS)
    return bytes((len(value),)) + value


def pack_text(field: str, text: str) -> bytes:
    """Return a name in UTF-8 behind its length of one octet.

    Raises:
        FieldRangeError: it has more than 255 octets; it names ``field``.
        WrongValueError: it has no form in UTF-8.
    """
    try:
        value = text.encode()
    except UnicodeEncodeError:
        raise WrongValueError(field, text, "a text with a form in UTF-8") from None
    return pack_value(field, value)


def pack_number(field: str, number: int, octets: int = 0) -> bytes:
    """Return an unsigned number in so many octets, or in as few as hold it if 0.

    Raises:
        FieldRangeError: it does not fit; it names ``field``.
    """
    octets = octets or max(1, (number.bit_length() + 7) // 8)
    if not 0 <= number < 1 << 8 * octets:
        raise FieldRangeError(field, number, 0, (1 << 8 * octets) - 1)
    return number.to_bytes(octets, "big")
