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
from tlm_cmd.frames.aos import ALL_CHANNELS, AosFormat, AosFrame, declared_virtual_channel
from tlm_cmd.packets.crc import crc16

MODEST = settings(max_examples=80, deadline=None)
PLAIN = AosFormat(frame_octets=20)
FULL = AosFormat(frame_octets=32, header_error_control=True, insert_zone_octets=3, ocf_channels=frozenset({2}))
FRAME = AosFrame(0xAA, 2, 5, b"twelve octet")
FULL_FRAME = AosFrame(0x2AA, 2, 5, b"fifteen octets!", 9, True, b"ins", b"\1\4\0\5")


def with_crc(octets: bytes) -> bytes:
    """Return octets followed by a good error control field."""
    return octets + crc16(octets).to_bytes(2, "big")


def changed(octet: int, bits: int) -> bytes:
    """Return the plain frame with bits of one octet inverted and a good error control field."""
    octets = bytearray(FRAME.pack(PLAIN)[:-2])
    octets[octet] ^= bits
    return with_crc(bytes(octets))


def test_header_vector() -> None:
    """Spacecraft 0xAA, virtual channel 2, count 5 have a known header, and error control stands at the end."""
    octets = FRAME.pack(PLAIN)
    assert octets[:6].hex() == "6a8200000500"
    assert octets[6:] == FRAME.data + crc16(octets[:-2]).to_bytes(2, "big")
    assert AosFrame.unpack(octets, PLAIN, spacecraft_id=0xAA) == FRAME


def test_header_error_control_vector() -> None:
    """The same header has a known error control of its own."""
    shape = msgspec.structs.replace(PLAIN, frame_octets=22, header_error_control=True)
    assert FRAME.pack(shape)[:8].hex() == "6a8200000500fc2e"


@pytest.mark.parametrize(
    ("replay", "cycle", "spacecraft_id", "signalling"),
    [
        (False, None, 255, 0x00),
        (True, None, 0, 0x80),
        (False, 0, 0, 0x40),
        (True, 15, 0, 0xCF),
        (False, None, 1023, 0x30),
        (True, 5, 0x1FF, 0xD5),
    ],
)
def test_signalling_field(replay: bool, cycle: int | None, spacecraft_id: int, signalling: int) -> None:  # noqa: FBT001
    """Replay flag, cycle flag, upper bits of the spacecraft id and cycle stand in the last octet of the header."""
    frame = msgspec.structs.replace(FRAME, replay=replay, cycle=cycle, spacecraft_id=spacecraft_id)
    octets = frame.pack(PLAIN)
    assert octets[5] == signalling
    assert AosFrame.unpack(octets, PLAIN) == frame


def test_order_of_all_fields() -> None:
    """Header, its error control, insert zone, data, operational control field and error control follow each other."""
    octets = FULL_FRAME.pack(FULL)
    assert len(octets) == 32
    assert octets[8:11] == b"ins"
    assert octets[11:26] == FULL_FRAME.data
    assert octets[26:30] == b"\1\4\0\5"
    assert crc16(octets) == 0
    assert AosFrame.unpack(octets, FULL) == FULL_FRAME


@MODEST
@given(
    st.tuples(st.integers(0, 1023), st.integers(0, 63), st.integers(0, 0xFF_FFFF)),
    st.one_of(st.none(), st.integers(0, 15)),
    st.tuples(st.booleans(), st.booleans(), st.booleans(), st.booleans()),
    st.integers(0, 9),
    st.binary(min_size=1, max_size=30),
)
def test_round_trip(
    header: tuple[int, int, int],
    cycle: int | None,
    flags: tuple[bool, bool, bool, bool],
    insert_octets: int,
    data: bytes,
) -> None:
    """Every frame comes back from its octets in every shape, and the shape says how much room for data it has."""
    replay, header_control, fecf, ocf = flags
    fixed = 6 + 2 * header_control + insert_octets + 4 * ocf + 2 * fecf
    shape = AosFormat(
        frame_octets=fixed + len(data),
        header_error_control=header_control,
        insert_zone_octets=insert_octets,
        ocf_channels=ALL_CHANNELS if ocf else frozenset(),
        fecf=fecf,
    )
    frame = AosFrame(*header, data, cycle, replay, bytes(insert_octets), b"ocf!" if ocf else b"")
    octets = frame.pack(shape)
    assert len(octets) == shape.frame_octets
    assert AosFrame.unpack(octets, shape, spacecraft_id=header[0]) == frame
    assert shape.max_data_octets(header[1]) == len(data)
    assert declared_virtual_channel(octets) == header[1]


@pytest.mark.parametrize(
    ("field", "lowest", "highest"),
    [
        ("spacecraft_id", 0, 1023),
        ("virtual_channel", 0, 63),
        ("frame_count", 0, 0xFF_FFFF),
        ("cycle", 0, 15),
    ],
)
def test_field_limits(field: str, lowest: int, highest: int) -> None:
    """Each field takes its lowest and highest value and refuses one beyond."""
    for value in (lowest, highest):
        frame = msgspec.structs.replace(FRAME, **{field: value})
        assert AosFrame.unpack(frame.pack(PLAIN), PLAIN) == frame
    for value in (lowest - 1, highest + 1):
        with pytest.raises(FieldRangeError) as caught:
            msgspec.structs.replace(FRAME, **{field: value})
        assert caught.value.value == value


def test_extended_count() -> None:
    """The cycle stands in front of the count."""
    assert FRAME.extended_count == 5
    assert msgspec.structs.replace(FRAME, cycle=3).extended_count == 3 * 2**24 + 5


@pytest.mark.parametrize("octets", [0, 8, 2049])
def test_frame_length_limits(octets: int) -> None:
    """A frame has room for one octet of data and is no longer than 2048 octets."""
    with pytest.raises(FieldRangeError, match="frame octets"):
        AosFormat(frame_octets=octets)
    assert AosFormat(frame_octets=9).max_data_octets(0) == 1
    assert AosFormat(frame_octets=2048).max_data_octets(0) == 2040


def test_channels_of_a_shape_exist() -> None:
    """A shape names only virtual channels that there are."""
    with pytest.raises(FieldRangeError, match="virtual channel"):
        AosFormat(frame_octets=100, ocf_channels=frozenset({64}))


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"data": b"x"}, LengthMismatchError, "frame data"),
        ({"insert_zone": b"x"}, LengthMismatchError, "insert zone"),
        ({"ocf": b""}, WrongValueError, "operational control field"),
        ({"virtual_channel": 3}, WrongValueError, "operational control field"),
    ],
)
def test_frames_of_another_shape_are_not_packed(
    change: dict[str, object], error: type[ProtocolError], words: str
) -> None:
    """A frame whose parts do not fill the frame exactly is refused by the part that does not."""
    with pytest.raises(error, match=words):
        msgspec.structs.replace(FULL_FRAME, **change).pack(FULL)


@pytest.mark.parametrize(("data", "ocf"), [(b"", b""), (b"x", b"123"), (bytes(2043), b"")])
def test_frames_that_cannot_be(data: bytes, ocf: bytes) -> None:
    """No data, too many, and a control field that is not four octets are refused."""
    with pytest.raises(ProtocolError, match="octets"):
        AosFrame(1, 2, 3, data, ocf=ocf)


def test_every_single_bit_flip_is_refused_without_header_control() -> None:
    """No valid frame with one bit inverted is accepted."""
    octets = FRAME.pack(PLAIN)
    for bit in range(8 * len(octets)):
        flipped = bytearray(octets)
        flipped[bit // 8] ^= 0x80 >> bit % 8
        with pytest.raises(ChecksumError):
            AosFrame.unpack(bytes(flipped), PLAIN)


@pytest.mark.parametrize("fecf", [True, False])
def test_header_errors_are_corrected(*, fecf: bool) -> None:
    """With header error control, two wrong symbols of the protected fields do no harm."""
    shape = msgspec.structs.replace(FULL, fecf=fecf, frame_octets=FULL.frame_octets - 2 * (not fecf))
    octets = bytearray(FULL_FRAME.pack(shape))
    octets[0] ^= 0x50
    octets[5] ^= 0x0F
    assert AosFrame.unpack(bytes(octets), shape) == FULL_FRAME
    octets[1] ^= 0x01
    with pytest.raises(ProtocolError):
        AosFrame.unpack(bytes(octets), shape, spacecraft_id=FULL_FRAME.spacecraft_id)


def test_every_other_length_is_refused() -> None:
    """A frame of any other length than the channel's is refused with both."""
    octets = FRAME.pack(PLAIN)
    for wrong in [octets[:length] for length in range(len(octets))] + [octets + b"\0"]:
        with pytest.raises(LengthMismatchError) as caught:
            AosFrame.unpack(wrong, PLAIN)
        assert (caught.value.declared, caught.value.found) == (20, len(wrong))


@pytest.mark.parametrize("version", [0, 2, 3])
def test_other_versions(version: int) -> None:
    """A transfer frame of another version, such as TM, is refused by its version."""
    with pytest.raises(WrongVersionError) as caught:
        AosFrame.unpack(changed(0, (1 ^ version) << 6), PLAIN)
    assert caught.value.found == version


def test_other_spacecraft() -> None:
    """A frame of another spacecraft is refused with both identifiers, upper bits included."""
    with pytest.raises(WrongSpacecraftError) as caught:
        AosFrame.unpack(changed(5, 0x10), PLAIN, spacecraft_id=0xAA)
    assert (caught.value.found, caught.value.expected) == (0x1AA, 0xAA)


def test_cycle_that_is_not_used() -> None:
    """A cycle without its flag is refused, since it must be 0 then."""
    with pytest.raises(WrongValueError, match="cycle is 3"):
        AosFrame.unpack(changed(5, 0x03), PLAIN)


def test_security_takes_its_room_behind_the_insert_zone() -> None:
    """Protection gets header, header error control and insert zone, and the data, and adds to them."""
    seen = []

    def protect(header: bytes, data: bytes) -> bytes:
        seen.append((header, data))
        return b"SPI" + data[::-1] + b"MAC!"

    def process(header: bytes, field: bytes) -> bytes:
        seen.append((header, field))
        return field[3:-4][::-1]

    assert FULL.max_data_octets(2, security_octets=7) == 8
    frame = msgspec.structs.replace(FULL_FRAME, data=b"12345678")
    octets = frame.pack(FULL, protect, security_octets=7)
    assert octets[11:26] == b"SPI87654321MAC!"
    assert AosFrame.unpack(octets, FULL, process=process) == frame
    assert seen == [(octets[:11], b"12345678"), (octets[:11], octets[11:26])]
    with pytest.raises(LengthMismatchError, match="protected frame data"):
        frame.pack(FULL, lambda _, data: data, security_octets=7)


def test_declared_virtual_channel_needs_a_header() -> None:
    """Fewer octets than a header have no virtual channel."""
    with pytest.raises(TooShortError):
        declared_virtual_channel(bytes(5))


@MODEST
@given(st.binary(min_size=30, max_size=30), st.booleans())
def test_any_octets_are_read_or_refused(body: bytes, control: bool) -> None:  # noqa: FBT001
    """Any octets behind a good error control give a frame that packs to the same, or a named error."""
    shape = msgspec.structs.replace(FULL, header_error_control=control)
    octets = with_crc(b"\x6a" + body[1:])
    try:
        frame = AosFrame.unpack(octets, shape)
    except ProtocolError:
        return
    packed = frame.pack(shape)
    assert packed == octets or control
