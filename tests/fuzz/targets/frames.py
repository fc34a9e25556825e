"""Transfer frames and control words: what is accepted packs to the same octets."""

from __future__ import annotations

from random import Random

from tests.fuzz.mutation import Field
from tests.fuzz.repairs import fixed_length, frame_crc, tc_frame_length
from tests.fuzz.target import ACCEPTED, MutatedTarget, Target, promise
from tlm_cmd.frames.aos import ALL_CHANNELS, AosFormat, AosFrame
from tlm_cmd.frames.aos_data_units import Bpdu, Mpdu
from tlm_cmd.frames.clcw import Clcw
from tlm_cmd.frames.header_error_control import correct_header, header_check
from tlm_cmd.frames.pointers import NO_PACKET_START, ONLY_IDLE_DATA
from tlm_cmd.frames.tc import SET_VR, UNLOCK, SegmentFlags, SegmentHeader, TcFrame, TcFrameType, control_value
from tlm_cmd.frames.tm import TmFrame, max_data_octets
from tlm_cmd.sdls.security_report import FrameSecurityReport

SPACECRAFT = 0x1A7
TM_FIELDS = (Field(0, 2), Field(1, 1), Field(2, 1), Field(3, 1), Field(4, 2), Field(4, 1), Field(6, 1), Field(-4, 4))
_NOT_SPARE = 0xFFFC_FEFF
"""The bits of a CLCW that mean something."""
TC_FIELDS = (Field(0, 1), Field(0, 2), Field(2, 2), Field(2, 1), Field(4, 1), Field(5, 1), Field(6, 1), Field(-2, 2))


class TmTarget(MutatedTarget):
    """`TmFrame.unpack`, with and without error control."""

    name = "tm_frame"
    reaches = frozenset(
        {
            ACCEPTED,
            "ChecksumError TM transfer frame",
            "LengthMismatchError TM transfer frame",
            "WrongSpacecraftError spacecraft id",
            "WrongVersionError transfer frame version",
            "WrongVersionError secondary header version",
            "WrongValueError sync, order and segment bits",
            "FieldRangeError first header pointer",
            "FieldRangeError secondary header octets",
            "TooShortError TM transfer frame with secondary header",
        }
    )
    share = 20

    def __init__(self, chance: Random) -> None:
        self.octets = chance.choice((15, 20, 40, 100))
        self.fecf = chance.random() < 0.8
        corpus = [self._frame(chance) for _ in range(40)]
        repairs = [lambda octets: fixed_length(octets, self.octets)] + [frame_crc] * self.fecf
        super().__init__(chance, corpus, TM_FIELDS, repairs)

    def _frame(self, chance: Random) -> bytes:
        secondary = chance.randbytes(chance.randint(1, 6)) if self.octets > 30 and chance.random() < 0.4 else b""
        ocf = chance.randbytes(4) if chance.random() < 0.5 else b""
        room = max_data_octets(self.octets, ocf=bool(ocf), fecf=self.fecf, secondary_header_octets=len(secondary))
        pointer = chance.choice((0, room - 1, chance.randrange(room), NO_PACKET_START, ONLY_IDLE_DATA))
        counts = chance.randrange(256), chance.randrange(256)
        data = chance.randbytes(room)
        frame = TmFrame(SPACECRAFT, chance.randrange(8), *counts, pointer, data, ocf, secondary)
        return frame.pack(fecf=self.fecf)

    def run(self, case: bytes) -> str:
        """Read a frame."""
        frame = TmFrame.unpack(case, self.octets, spacecraft_id=SPACECRAFT, fecf=self.fecf)
        promise(frame.pack(fecf=self.fecf) == case, what="the frame packs to other octets")
        return ACCEPTED


class AosTarget(MutatedTarget):
    """`AosFrame.unpack`, in several formats."""

    name = "aos_frame"
    reaches = frozenset(
        {
            ACCEPTED,
            "corrected",
            "ChecksumError AOS transfer frame",
            "ChecksumError AOS transfer frame header",
            "LengthMismatchError AOS transfer frame",
            "WrongVersionError transfer frame version",
            "WrongSpacecraftError spacecraft id",
            "WrongValueError frame count cycle",
        }
    )
    share = 20

    def __init__(self, chance: Random) -> None:
        self.shape = AosFormat(
            frame_octets=chance.choice((30, 50)),
            header_error_control=chance.random() < 0.5,
            insert_zone_octets=chance.choice((0, 0, 5)),
            ocf_channels=chance.choice((frozenset(), ALL_CHANNELS, frozenset({3}))),
            fecf=chance.random() < 0.7,
        )
        repairs = [lambda octets: fixed_length(octets, self.shape.frame_octets)]
        repairs += [self._header] * self.shape.header_error_control + [frame_crc] * self.shape.fecf
        fields = (Field(0, 2), Field(0, 1), Field(1, 1), Field(2, 3), Field(5, 1), Field(5, 1), Field(6, 2))
        super().__init__(chance, [self._frame(chance) for _ in range(40)], fields, repairs)

    def _header(self, octets: bytes) -> bytes:
        if len(octets) < 8:
            return octets
        return octets[:6] + header_check(octets).to_bytes(2, "big") + octets[8:]

    def _frame(self, chance: Random) -> bytes:
        channel = chance.choice((3, 3, 5, 63, chance.randrange(64)))
        ocf = chance.randbytes(4) if channel in self.shape.ocf_channels else b""
        cycle = chance.randrange(16) if chance.random() < 0.5 else None
        data = chance.randbytes(self.shape.max_data_octets(channel))
        zone = chance.randbytes(self.shape.insert_zone_octets)
        replay = chance.random() < 0.2
        frame = AosFrame(SPACECRAFT, channel, chance.randrange(1 << 24), data, cycle, replay, zone, ocf)
        return frame.pack(self.shape)

    def run(self, case: bytes) -> str:
        """Read a frame."""
        frame = AosFrame.unpack(case, self.shape, spacecraft_id=SPACECRAFT)
        packed = frame.pack(self.shape)
        if packed == case:
            return ACCEPTED
        header, wrong = correct_header(case) if self.shape.header_error_control else (case[:8], 0)
        expected = header + case[8:]
        # A frame error control that was right in front of the correction is wrong behind it, and the frame refused.
        promise(wrong and packed == expected, what="the frame packs to other octets")
        return "corrected"


class TcTarget(MutatedTarget):
    """`TcFrame.unpack`, and what control frames ask for."""

    name = "tc_frame"
    reaches = frozenset(
        {
            "AD",
            "BD",
            "BC",
            "ChecksumError TC transfer frame",
            "LengthMismatchError TC transfer frame",
            "TooShortError TC transfer frame",
            "TooShortError TC transfer frame with segment header",
            "WrongSpacecraftError spacecraft id",
            "WrongVersionError transfer frame version",
            "WrongValueError bypass and control command flags",
            "WrongValueError reserved spare bits",
            "WrongValueError frame sequence number",
            "WrongValueError control command",
        }
    )
    share = 20

    def __init__(self, chance: Random) -> None:
        self.fecf, self.segmented = chance.random() < 0.8, chance.random() < 0.5
        corpus = [draw_tc_frame(chance, segmented=self.segmented).pack(fecf=self.fecf) for _ in range(40)]
        super().__init__(chance, corpus, TC_FIELDS, [tc_frame_length] + [frame_crc] * self.fecf)

    def run(self, case: bytes) -> str:
        """Read a frame."""
        frame = TcFrame.unpack(case, segment_header=self.segmented, spacecraft_id=SPACECRAFT, fecf=self.fecf)
        promise(frame.pack(fecf=self.fecf) == case, what="the frame packs to other octets")
        if frame.frame_type is TcFrameType.BC:
            control_value(frame)
        return frame.frame_type.name


def draw_tc_frame(chance: Random, *, segmented: bool, channel: int = 1, map_id: int = 3) -> TcFrame:
    """A TC frame of any type."""
    kind = chance.random()
    if kind < 0.3:
        data = UNLOCK if kind < 0.1 else SET_VR + chance.randbytes(1)
        return TcFrame(TcFrameType.BC, SPACECRAFT, channel, data)
    segment = SegmentHeader(chance.choice(list(SegmentFlags)), map_id) if segmented else None
    data = chance.randbytes(chance.choice((1, 2, 10, 60)))
    if kind < 0.5:
        return TcFrame(TcFrameType.BD, SPACECRAFT, channel, data, segment=segment)
    return TcFrame(TcFrameType.AD, SPACECRAFT, channel, data, chance.randrange(256), segment)


class ControlWordTarget(MutatedTarget):
    """`Clcw.unpack` and `FrameSecurityReport.unpack`, spare bits aside."""

    name = "control_words"
    reaches = frozenset(
        {
            "CLCW",
            "report",
            "WrongVersionError CLCW version",
            "WrongValueError COP in effect",
            "WrongVersionError frame security report version",
            "TooShortError CLCW",
        }
    )
    share = 5

    def __init__(self, chance: Random) -> None:
        corpus = [
            Clcw(chance.randrange(64), chance.randrange(256), status=chance.randrange(8)).pack() for _ in range(9)
        ]
        corpus += [FrameSecurityReport(chance.randrange(1 << 16), chance.randrange(256)).pack() for _ in range(9)]
        super().__init__(chance, corpus, (Field(0, 1), Field(0, 4), Field(2, 1)))

    def run(self, case: bytes) -> str:
        """Read a word as what its first bit says."""
        if case and case[0] & 0x80:
            promise(FrameSecurityReport.unpack(case).pack() == case[:4], what="the report packs to other octets")
            return "report"
        word = Clcw.unpack(case).pack()
        same = int.from_bytes(word, "big") == int.from_bytes(case[:4], "big") & _NOT_SPARE
        promise(same, what="the CLCW packs to other octets")
        return "CLCW"


class DataUnitTarget(MutatedTarget):
    """`Mpdu.unpack` and `Bpdu.unpack`: what is accepted packs to octets that mean the same."""

    name = "aos_data_units"
    reaches = frozenset(
        {
            "packets",
            "bits",
            "FieldRangeError first header pointer",
            "FieldRangeError bitstream data pointer",
            "WrongValueError M_PDU spare bits",
            "WrongValueError B_PDU spare bits",
            "TooShortError M_PDU",
            "TooShortError B_PDU",
        }
    )
    share = 5

    def __init__(self, chance: Random) -> None:
        corpus = []
        for _ in range(20):
            zone = chance.randbytes(chance.randint(1, 30))
            corpus.append(b"\0" + Mpdu(chance.choice((0, len(zone) - 1, NO_PACKET_START)), zone).pack())
            corpus.append(b"\1" + Bpdu(zone, chance.randint(0, 8 * len(zone))).pack())
        super().__init__(chance, corpus, (Field(0, 1), Field(1, 2), Field(1, 1)))

    def run(self, case: bytes) -> str:
        """Read a unit of the kind that the first octet says."""
        if case[:1] > b"\x40" or case[:1] == b"\0":
            promise(Mpdu.unpack(case[1:]).pack() == case[1:], what="the M_PDU packs to other octets")
            return "packets"
        unit = Bpdu.unpack(case[1:])
        promise(Bpdu.unpack(unit.pack()) == unit, what="the B_PDU packs to another one")
        return "bits"


TARGETS: tuple[type[Target], ...] = (TmTarget, AosTarget, TcTarget, ControlWordTarget, DataUnitTarget)
