"""Frame sequence numbers and the windows over them: everything is modulo 256 (CCSDS 232.1-B-2, 5.2.1 and 6.2.1)."""

from tlm_cmd.errors import FieldRangeError, WrongValueError, check_range

MODULUS = 256
MIN_FARM_WINDOW = 2
MAX_FARM_WINDOW = 254


def distance(start: int, end: int) -> int:
    """Steps from one sequence number, ``start``, up to another, ``end``, modulo 256: 0 to 255."""
    return (end - start) % MODULUS


def following(number: int) -> int:
    """Return the sequence number after ``number``."""
    return (number + 1) % MODULUS


def check_farm_window(width: int) -> None:
    """Verify a FARM sliding window width, W (6.1.8.2).

    Raises:
        FieldRangeError: it is not in 2 to 254.
        WrongValueError: it is odd.
    """
    check_range("FARM sliding window width W", width, MIN_FARM_WINDOW, MAX_FARM_WINDOW)
    if width % 2:
        raise WrongValueError("FARM sliding window width W", width, "even")


def check_fop_window(width: int, farm_window: int) -> None:
    """Verify a FOP sliding window width, K, against the receiver's window, W (5.1.12: K is 1 to PW, and PW is W/2).

    A wider window would let frames leave whose loss locks the receiver out.

    Raises:
        FieldRangeError: one of them is out of range; W is checked first.
        WrongValueError: W is odd.
    """
    check_farm_window(farm_window)
    positive = farm_window // 2
    if not 1 <= width <= positive:
        raise FieldRangeError("FOP sliding window width K", width, 1, f"{positive}, half of W")
