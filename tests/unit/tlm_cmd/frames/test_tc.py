import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlm_cmd.errors import (
    ChecksumError,
    FieldRangeError,
    LengthMismatchError,
    ProtocolError,
    TooShortError,
    WrongSpacecraftError,
    WrongValueError,
    WrongVersionError,
)
from tlm_cmd.frames.tc import (
    SET_VR,
    UNLOCK,
    SegmentFlags,
    SegmentHeader,
    TcFrame,
    TcFrameType,
    control_value,
    declared_frame_octets,
    declared_virtual_channel,
    max_data_octets,
)
from tlm_cmd.packets.crc import crc16

MODEST = settings(max_examples=50, deadline=None)
AD = TcFrame(TcFrameType.AD, 0x123, 1, b"\1\2\3\4", 5)
BD = TcFrame(TcFrameType.BD, 0x123, 1, b"\1\2\3\4")
KNOWN_FRAMES = [
    (TcFrame(TcFrameType.BC, 0x123, 1, UNLOCK), "312304070000cd3b"),
    (TcFrame(TcFrameType.BC, 0x123, 1, SET_VR + b"\x0a"), "312304090082000adce8"),
    (AD, "0123040a050102030429dc"),
]
SEGMENTS = st.builds(SegmentHeader, st.sampled_from(SegmentFlags), st.integers(0, 63))


def with_crc(octets: bytes) -> bytes:
    """Return octets followed by a good error control field."""
    return octets + crc16(octets).to_bytes(2, "big")


def changed(octet: int, bits: int) -> bytes:
    """Return the BD frame with bits of one header octet inverted and a good error control field."""
    octets = bytearray(BD.pack()[:-2])
    octets[octet] ^= bits
    return with_crc(bytes(octets))


@pytest.mark.parametrize(("frame", "octets"), KNOWN_FRAMES)
def test_known_frames(frame: TcFrame, octets: str) -> None:
    """Known frames of the types BC and AD are packed and read octet by octet."""
    assert frame.pack().hex() == octets
    assert TcFrame.unpack(bytes.fromhex(octets), spacecraft_id=0x123) == frame


@pytest.mark.parametrize(("frame_type", "bits"), [(TcFrameType.AD, 0), (TcFrameType.BD, 2), (TcFrameType.BC, 3)])
def test_frame_type_bits(frame_type: TcFrameType, bits: int) -> None:
    """Each frame type has its bypass and control bits on the wire."""
    assert TcFrame(frame_type, 0, 0, b"x").pack()[0] >> 4 == bits


@MODEST
@given(st.sampled_from(TcFrameType), st.integers(0, 1023), st.integers(0, 63), st.binary(min_size=1, max_size=60))
def test_round_trip(frame_type: TcFrameType, spacecraft_id: int, channel: int, data: bytes) -> None:
    """Every frame without segment header comes back from its octets."""
    frame = TcFrame(frame_type, spacecraft_id, channel, data, 200 if frame_type is TcFrameType.AD else 0)
    octets = frame.pack()
    assert TcFrame.unpack(octets, spacecraft_id=spacecraft_id) == frame
    assert declared_frame_octets(octets[:5]) == len(octets)


@MODEST
@given(SEGMENTS, st.binary(min_size=1, max_size=60))
def test_round_trip_with_segment_header(segment: SegmentHeader, data: bytes) -> None:
    """Every data frame with segment header comes back when the channel is known to use one."""
    frame = TcFrame(TcFrameType.BD, 1, 2, data, segment=segment)
    assert TcFrame.unpack(frame.pack(), segment_header=True) == frame
    assert TcFrame.unpack(frame.pack()).data == segment.pack() + data


def test_control_frames_have_no_segment_header() -> None:
    """On a channel with segment headers, control frames are read without one."""
    frame = TcFrame(TcFrameType.BC, 1, 2, UNLOCK)
    assert TcFrame.unpack(frame.pack(), segment_header=True) == frame
    with pytest.raises(WrongValueError, match="segment header"):
        TcFrame(TcFrameType.BC, 1, 2, UNLOCK, segment=SegmentHeader(SegmentFlags.WHOLE, 0))


@pytest.mark.parametrize(
    ("field", "lowest", "highest"),
    [("spacecraft_id", 0, 1023), ("virtual_channel", 0, 63), ("sequence_number", 0, 255)],
)
def test_field_limits(field: str, lowest: int, highest: int) -> None:
    """Each field takes its lowest and highest value and refuses one beyond."""
    for value in (lowest, highest):
        frame = msgspec.structs.replace(AD, **{field: value})
        assert TcFrame.unpack(frame.pack()) == frame
    for value in (lowest - 1, highest + 1):
        with pytest.raises(FieldRangeError) as caught:
            msgspec.structs.replace(AD, **{field: value})
        assert caught.value.value == value


@pytest.mark.parametrize("segment", [None, SegmentHeader(SegmentFlags.WHOLE, 3)])
def test_data_limits(segment: SegmentHeader | None) -> None:
    """Data have one octet at least and fill a frame of 1024 octets at most."""
    longest = 1017 - (segment is not None)
    assert max_data_octets(segment_header=segment is not None) == longest
    for octets in (1, longest):
        frame = TcFrame(TcFrameType.BD, 1, 2, bytes(octets), segment=segment)
        assert TcFrame.unpack(frame.pack(), segment_header=segment is not None) == frame
    for octets in (0, longest + 3):
        with pytest.raises(FieldRangeError, match="frame data octets"):
            TcFrame(TcFrameType.BD, 1, 2, bytes(octets), segment=segment)


@pytest.mark.parametrize("map_id", [-1, 64])
def test_map_id_limits(map_id: int) -> None:
    """A MAP identifier has six bits."""
    with pytest.raises(FieldRangeError, match="MAP id"):
        SegmentHeader(SegmentFlags.WHOLE, map_id)


def test_segment_header_octets() -> None:
    """The segment header is two bits of flags and six of MAP identifier, and needs one octet."""
    headers = [SegmentHeader(flags, 63) for flags in SegmentFlags]
    assert [header.pack() for header in headers] == [b"\x3f", b"\x7f", b"\xbf", b"\xff"]
    assert [SegmentHeader.unpack(header.pack()) for header in headers] == headers
    with pytest.raises(TooShortError):
        SegmentHeader.unpack(b"")


@pytest.mark.parametrize("frame_type", [TcFrameType.BD, TcFrameType.BC])
def test_bypass_frames_have_no_sequence_number(frame_type: TcFrameType) -> None:
    """A sequence number in a frame that bypasses the sequence can neither be made nor read."""
    with pytest.raises(WrongValueError, match=f"0 in {frame_type.name} frames"):
        TcFrame(frame_type, 1, 2, b"x", 1)
    with pytest.raises(WrongValueError, match="frame sequence number"):
        TcFrame.unpack(changed(4, 0x01))


@pytest.mark.parametrize("frame", [AD, BD, KNOWN_FRAMES[0][0], KNOWN_FRAMES[1][0]])
def test_every_single_bit_flip_is_refused(frame: TcFrame) -> None:
    """No valid frame with one bit inverted is accepted."""
    octets = frame.pack()
    for bit in range(8 * len(octets)):
        flipped = bytearray(octets)
        flipped[bit // 8] ^= 0x80 >> bit % 8
        with pytest.raises(ProtocolError):
            TcFrame.unpack(bytes(flipped))


def test_every_truncation_is_refused() -> None:
    """A frame cut at any octet is too short or contradicts its length field."""
    octets = AD.pack()
    for length in range(len(octets)):
        with pytest.raises(TooShortError if length < 8 else LengthMismatchError):
            TcFrame.unpack(octets[:length])


def test_fill_behind_the_frame_is_refused() -> None:
    """Octets behind the frame are refused with both lengths; the header tells where to cut."""
    octets = AD.pack() + b"\x55" * 5
    with pytest.raises(LengthMismatchError) as caught:
        TcFrame.unpack(octets)
    assert (caught.value.declared, caught.value.found) == (11, 16)
    assert TcFrame.unpack(octets[: declared_frame_octets(octets)]) == AD
    with pytest.raises(TooShortError, match="header"):
        declared_frame_octets(octets[:4])


def test_wrong_error_control() -> None:
    """A wrong error control field is reported with the one found and the one expected."""
    with pytest.raises(ChecksumError) as caught:
        TcFrame.unpack(AD.pack()[:-1] + b"\x00")
    assert (caught.value.expected, caught.value.found) == (0x29DC, 0x2900)


@pytest.mark.parametrize("version", [1, 2, 3])
def test_other_versions(version: int) -> None:
    """A transfer frame of another version is refused by its version."""
    with pytest.raises(WrongVersionError) as caught:
        TcFrame.unpack(changed(0, version << 6))
    assert caught.value.found == version


def test_other_spacecraft() -> None:
    """A frame for another spacecraft is refused with both identifiers."""
    with pytest.raises(WrongSpacecraftError) as caught:
        TcFrame.unpack(BD.pack(), spacecraft_id=0x124)
    assert (caught.value.found, caught.value.expected) == (0x123, 0x124)


@pytest.mark.parametrize(("bits", "words"), [(0x30, "bypass and control"), (0x04, "spare"), (0x08, "spare")])
def test_illegal_header_bits(bits: int, words: str) -> None:
    """The illegal combination of flags and spare bits that are not 0 are refused by name."""
    with pytest.raises(WrongValueError, match=words):
        TcFrame.unpack(changed(0, bits))


def test_segment_header_without_data() -> None:
    """On a channel with segment headers, a data frame has one octet of data behind its own."""
    octets = TcFrame(TcFrameType.BD, 1, 2, b"\xc0").pack()
    with pytest.raises(TooShortError, match="segment header"):
        TcFrame.unpack(octets, segment_header=True)


def test_control_commands() -> None:
    """A control frame asks to unlock or to set V(R) to a value."""
    assert control_value(TcFrame(TcFrameType.BC, 1, 2, UNLOCK)) is None
    assert control_value(TcFrame(TcFrameType.BC, 1, 2, SET_VR + b"\xff")) == 255


@pytest.mark.parametrize("data", [b"\x01", SET_VR, SET_VR + b"\0\0", b"\x82\x01\x00", UNLOCK + UNLOCK])
def test_unknown_control_commands(data: bytes) -> None:
    """A control frame that asks for anything else is refused."""
    with pytest.raises(WrongValueError, match="control command"):
        control_value(TcFrame(TcFrameType.BC, 1, 2, data))


def test_data_frames_are_no_control_commands() -> None:
    """A data frame controls nothing, whatever its data are."""
    with pytest.raises(WrongValueError, match="control command"):
        control_value(TcFrame(TcFrameType.BD, 1, 2, UNLOCK))


@MODEST
@given(octets=st.binary(max_size=40), segment_header=st.booleans())
def test_any_octets_are_read_or_refused(*, octets: bytes, segment_header: bool) -> None:
    """Any octets behind a good length and error control give a frame that packs to the same, or a named error."""
    if len(octets) >= 5:
        octets = with_crc(octets[:2] + bytes([octets[2] & 0xFC, len(octets) + 1]) + octets[4:])
    try:
        frame = TcFrame.unpack(octets, segment_header=segment_header)
    except ProtocolError:
        return
    assert frame.pack() == octets


@pytest.mark.parametrize("segment", [None, SegmentHeader(SegmentFlags.FIRST, 7)])
def test_without_error_control(segment: SegmentHeader | None) -> None:
    """A channel without error control has two octets more for data, and its length field counts none."""
    longest = max_data_octets(segment_header=segment is not None, fecf=False)
    frame = TcFrame(TcFrameType.BD, 1, 2, bytes(longest), segment=segment)
    octets = frame.pack(fecf=False)
    assert len(octets) == declared_frame_octets(octets) == 1024
    assert TcFrame.unpack(octets, segment_header=segment is not None, fecf=False) == frame
    with pytest.raises(FieldRangeError, match="frame octets"):
        frame.pack()
    with pytest.raises(TooShortError):
        TcFrame.unpack(octets[:5], fecf=False)


@pytest.mark.parametrize("segment", [None, SegmentHeader(SegmentFlags.LAST, 7)])
def test_security_takes_its_room_behind_the_segment_header(segment: SegmentHeader | None) -> None:
    """Protection gets header and segment header, whose length field counts what protection will add, and the data."""
    seen = []

    def protect(header: bytes, data: bytes) -> bytes:
        seen.append((header, data))
        return b"SPI" + data[::-1] + b"MAC!"

    def process(header: bytes, field: bytes) -> bytes:
        seen.append((header, field))
        return field[3:-4][::-1]

    frame = msgspec.structs.replace(AD, segment=segment)
    octets = frame.pack(protect, security_octets=7)
    start = 5 + (segment is not None)
    assert declared_frame_octets(octets) == len(octets) == start + 4 + 7 + 2
    assert octets[start:] == b"SPI" + b"\4\3\2\1" + b"MAC!" + crc16(octets[:-2]).to_bytes(2, "big")
    assert TcFrame.unpack(octets, segment_header=segment is not None, process=process) == frame
    assert seen == [(octets[:start], frame.data), (octets[:start], octets[start:-2])]
    assert max_data_octets(len(octets), segment_header=segment is not None, security_octets=7) == 4


def test_control_frames_are_not_processed() -> None:
    """A control frame has no security header: what verifies the others is not asked."""

    def refuse(_header: bytes, _field: bytes) -> bytes:
        raise WrongValueError("tag", 1, 2)

    frame = TcFrame(TcFrameType.BC, 1, 2, UNLOCK)
    assert TcFrame.unpack(frame.pack(), process=refuse) == frame
    with pytest.raises(WrongValueError, match="tag is 1"):
        TcFrame.unpack(AD.pack(), process=refuse)


def test_protection_of_another_length_is_refused() -> None:
    """Protection that adds more or fewer octets than announced would contradict the length field."""
    with pytest.raises(LengthMismatchError):
        AD.pack(lambda _, data: data + b"xyz", security_octets=2)
    with pytest.raises(FieldRangeError, match="frame octets"):
        TcFrame(TcFrameType.BD, 1, 2, bytes(1017)).pack(lambda _, data: data + b"x", security_octets=1)


def test_declared_virtual_channel() -> None:
    """The virtual channel can be read off a header alone."""
    assert declared_virtual_channel(TcFrame(TcFrameType.BD, 1, 63, b"x").pack()) == 63
    with pytest.raises(TooShortError):
        declared_virtual_channel(b"1234")
