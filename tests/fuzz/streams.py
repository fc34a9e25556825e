"""Streams of bits for receivers that look for units at any bit: units, noise between them, bits struck and slipped."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

_BITS_PER_OCTET = 8


class BitStream:
    """A stream without end, handed out in pieces.

    Args:
        chance: all randomness.
        unit: makes the next unit, sound or not.
        noise_octets: what stands between two units, at most.
        longest_piece: octets of the longest piece.
    """

    def __init__(self, chance: Random, unit: Callable[[], bytes], *, noise_octets: int, longest_piece: int) -> None:
        self._chance, self._unit = chance, unit
        self._noise_octets, self._longest_piece = noise_octets, longest_piece
        self._bits = 0
        self._count = 0
        self._octets = b""

    def piece(self) -> bytes:
        """The next octets of the stream; none now and then."""
        wanted = int(self._chance.random() * (self._longest_piece + 1))
        while len(self._octets) < wanted:
            self._more()
        piece, self._octets = self._octets[:wanted], self._octets[wanted:]
        return piece

    def _more(self) -> None:
        chance = self._chance
        octets = self._unit()
        if chance.random() < 0.3:
            octets = self._struck(octets)
        if chance.random() < 0.3:
            octets += chance.choice((b"\x55", b"\0", b"\xff", chance.randbytes(1))) * chance.randint(
                0, self._noise_octets
            )
        self._append(int.from_bytes(octets, "big"), _BITS_PER_OCTET * len(octets))
        if chance.random() < 0.1:
            self._append(chance.getrandbits(7), chance.randint(1, 7))  # from here on octets begin elsewhere
        whole = self._count // _BITS_PER_OCTET
        rest = self._count % _BITS_PER_OCTET
        self._octets += (self._bits >> rest).to_bytes(whole, "big")
        self._bits &= (1 << rest) - 1
        self._count = rest

    def _append(self, bits: int, count: int) -> None:
        self._bits = self._bits << count | bits & (1 << count) - 1
        self._count += count

    def _struck(self, octets: bytes) -> bytes:
        """Octets with a few bits inverted, all inverted, or cut short."""
        chance = self._chance
        kind = chance.random()
        if kind < 0.1:
            return bytes(octet ^ 0xFF for octet in octets)
        if kind < 0.2:
            return octets[: int(chance.random() * len(octets))]
        struck = bytearray(octets)
        for _ in range(chance.choice((1, 1, 2, 3, 20))):
            struck[int(chance.random() * len(struck))] ^= 1 << int(chance.random() * 8)
        return bytes(struck)
