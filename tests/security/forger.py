"""What somebody builds frames of who has heard many, and holds no key."""

from __future__ import annotations

from random import Random

from tests.security.uplink import Uplink, link_security
from tlm_cmd.frames.error_control import append_error_control
from tlm_cmd.frames.tc import HEADER_OCTETS, MAX_FRAME_OCTETS, SegmentFlags, SegmentHeader, TcFrameType
from tlm_cmd.link.uplink_sender import UplinkSender
from tlm_cmd.packets.crc import CRC_OCTETS

RECORDED = 3000
"""Frames that he has recorded."""


class Forger:
    """Hears every frame of an uplink, and can make any that needs no key.

    ``fresh`` are the genuine frames that come next: he hears them before the spacecraft does.
    """

    def __init__(self, link: Uplink, seed: int) -> None:
        self.link, self.chance = link, Random(seed)
        self.fresh: list[bytes] = []
        parameters = link.parameters
        self.has_segment = parameters.segment_header
        self.security_at = HEADER_OCTETS + self.has_segment
        self.spacecraft, self.channel = parameters.spacecraft_id, parameters.tc_virtual_channel
        self.map_id = parameters.map_id
        stranger = link_security(parameters, flight=False, seed=seed + 100)
        self.stranger = stranger
        self.pretender = UplinkSender(parameters, stranger)
        self.association = parameters.telecommand_associations(flight=False)[0]

    def recorded(self) -> bytes:
        """A frame that the spacecraft has had."""
        frames = self.link.radiated
        return frames[-1 - int(self.chance.random() ** 2 * min(len(frames), RECORDED))]

    def recorded_data(self) -> bytes:
        """One that carries data."""
        for _ in range(50):
            frame = self.recorded()
            if frame[0] & 0x10 == 0:
                return frame
        return next(frame for frame in reversed(self.link.radiated) if frame[0] & 0x10 == 0)

    def genuine(self) -> bytes:
        """A frame with data that comes next, or one that was there."""
        coming = [frame for frame in self.fresh if frame[0] & 0x10 == 0]
        return self.chance.choice(coming) if coming and self.chance.random() < 0.6 else self.recorded_data()

    def sealed(self, body: bytes) -> bytes:
        """Octets as a frame that is right by length and error control; the ends of frames are his to compute."""
        body = body[: MAX_FRAME_OCTETS - CRC_OCTETS]
        if len(body) < HEADER_OCTETS:
            return append_error_control(body or b"\0")
        length = (body[2] << 8 | body[3]) & 0xFC00 | len(body) + CRC_OCTETS - 1
        return append_error_control(body[:2] + length.to_bytes(2, "big") + body[4:])

    def flipped(self, body: bytes, start: int, end: int) -> bytes:
        """One to three bits between two octets inverted."""
        changed = bytearray(body)
        bits = self.chance.sample(range(8 * start, 8 * max(end, start + 1)), self.chance.choice((1, 1, 2, 3)))
        for bit in bits:
            changed[bit // 8] ^= 0x80 >> bit % 8
        return bytes(changed)

    def header(self, frame_type: TcFrameType, number: int = 0) -> bytes:
        """A primary header, and a segment header where the channel has them."""
        first = frame_type << 12 | self.spacecraft
        octets = first.to_bytes(2, "big") + (self.channel << 10).to_bytes(2, "big") + bytes([number])
        return octets + (SegmentHeader(SegmentFlags.WHOLE, self.map_id).pack() if self.has_segment else b"")

    @property
    def next_number(self) -> int:
        """The sequence number that the spacecraft expects: its report tells everybody."""
        return self.link.spacecraft.receiver.clcw().report_value
