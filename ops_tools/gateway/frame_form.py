"""What travels between the gateway and whoever is connected, compared with what the radio carries."""

from __future__ import annotations

from typing import Protocol

from tlm_cmd.frames.tc import HEADER_OCTETS, declared_frame_octets
from tlm_cmd.packets.crc import CRC_OCTETS

_MIN_FRAME_OCTETS = HEADER_OCTETS + 1 + CRC_OCTETS


class FrameForm(Protocol):
    """Turns one form into the other, one transmission or unit at a time."""

    def outward(self, received: bytes) -> list[bytes]:
        """What is handed out for one transmission that has come down."""
        ...

    def inward(self, unit: bytes) -> list[bytes]:
        """What is radiated for one unit that somebody has handed in."""
        ...

    def cut(self, stream: bytes) -> tuple[list[bytes], bytes | None]:
        """The whole units at the start of what came on a stream, and the rest of it, of less than one unit.

        The rest is None when no unit can start where one must: where the next one starts is not known then.
        """
        ...


class BareFrames:
    """Transfer frames as they are, on a radio that carries nothing else.

    Frames are handed on whatever they hold: the spacecraft judges those that go up, whoever is connected those that
    come down.
    """

    def outward(self, received: bytes) -> list[bytes]:
        """The frame."""
        return [received]

    def inward(self, unit: bytes) -> list[bytes]:
        """The frame."""
        return [unit]

    def cut(self, stream: bytes) -> tuple[list[bytes], bytes | None]:
        """TC frames, each as long as its header says (CCSDS 232.0-B-4, 4.1.2.7).

        A header of another version, or one that declares fewer octets than a frame has, starts none.
        """
        frames: list[bytes] = []
        offset = 0
        while len(stream) - offset >= HEADER_OCTETS:
            header = stream[offset : offset + HEADER_OCTETS]
            octets = declared_frame_octets(header)
            if header[0] >> 6 or octets < _MIN_FRAME_OCTETS:
                return frames, None
            if octets > len(stream) - offset:
                break
            frames.append(stream[offset : offset + octets])
            offset += octets
        return frames, stream[offset:]
