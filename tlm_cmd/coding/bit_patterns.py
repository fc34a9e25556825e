"""Octets and patterns at any bit of a buffer: what a receiver needs before it knows where octets begin.

The patterns are sync markers of telemetry (CCSDS 131.0-B-5, section 9) and start sequences of CLTUs (231.0-B-4,
section 5).
"""

COMPLEMENT = bytes(octet ^ 0xFF for octet in range(256))
"""Table for ``bytes.translate`` that inverts every bit."""
_FIRST_WINDOW_OCTETS = 64
_LONGEST_WINDOW_OCTETS = 4096
_STEPS_PER_LOOK = 8


def octets_at(data: bytes, bit: int, octets: int) -> bytes:
    """Return so many octets from bit ``bit`` on, bit 0 being the most significant one of the first octet.

    ``data`` must hold them all: the caller has counted its bits.
    """
    first, shift = divmod(bit, 8)
    if not shift:
        return data[first : first + octets]
    word = int.from_bytes(data[first : first + octets + 1], "big") >> 8 - shift
    return (word & (1 << 8 * octets) - 1).to_bytes(octets, "big")


def find_pattern(data: bytes, bit: int, pattern: bytes, max_errors: int) -> int | None:
    """Return the first bit, from ``bit`` on, where ``pattern`` stands with at most ``max_errors`` bits inverted.

    None if there is no such place that ``data`` holds completely.
    """
    window, end = _FIRST_WINDOW_OCTETS, 8 * len(data)
    pattern_bits = 8 * len(pattern)
    if end - bit >= pattern_bits and octets_at(data, bit, len(pattern)) == pattern:
        return bit
    while end - bit >= pattern_bits:
        first = bit // 8
        part = data[first : first + window + len(pattern)]
        found = _find_in_window(part, bit % 8, pattern, max_errors)
        if found is not None:
            return 8 * first + found
        bit = 8 * (first + len(part)) - pattern_bits + 1
        window = min(2 * window, _LONGEST_WINDOW_OCTETS)
    return None


def _find_in_window(data: bytes, skip: int, pattern: bytes, max_errors: int) -> int | None:
    """Find the pattern behind the first ``skip`` bits of ``data``; every place is looked at in the same operation.

    Bit ``places - 1 - p`` of each number belongs to place p. ``more_than[n]`` marks the places where more than n bits
    differ so far.
    """
    pattern_bits = 8 * len(pattern)
    places = 8 * len(data) - pattern_bits + 1
    wanted = int.from_bytes(pattern, "big")
    differs_from_0 = int.from_bytes(data, "big")
    differs_from_1 = differs_from_0 ^ (1 << 8 * len(data)) - 1
    open_places = (1 << places - skip) - 1
    more_than = [0] * (max_errors + 1)
    for shift in range(pattern_bits - 1, -1, -1):
        differs = (differs_from_1 if wanted >> shift & 1 else differs_from_0) >> shift
        for errors in range(max_errors, 0, -1):
            more_than[errors] |= more_than[errors - 1] & differs
        more_than[0] |= differs
        if not shift % _STEPS_PER_LOOK and more_than[-1] & open_places == open_places:
            return None
    hits = open_places & ~more_than[-1]
    return places - hits.bit_length() if hits else None
