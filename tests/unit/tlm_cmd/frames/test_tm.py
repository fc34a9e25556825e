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
from tlm_cmd.frames.pointers import NO_PACKET_START, ONLY_IDLE_DATA
from tlm_cmd.frames.tm import TmFrame, declared_virtual_channel, max_data_octets
from tlm_cmd.packets.crc import crc16

MODEST = settings(max_examples=50, deadline=None)
FRAME = TmFrame(0x123, 2, 7, 9, 0, b"some data", b"\1\4\0\5")
OCTETS = FRAME.pack()


def changed(octet: int, bits: int, octets: bytes = OCTETS) -> bytes:
    """Return a frame with bits of one octet inverted and a good error control field."""
    body = bytearray(octets[:-2])
    body[octet] ^= bits
    return bytes(body) + crc16(bytes(body)).to_bytes(2, "big")


@pytest.mark.parametrize(
    ("pointer", "header"),
    [(0, "123507091800"), (ONLY_IDLE_DATA, "123507091ffe"), (NO_PACKET_START, "123507091fff")],
)
def test_header_vectors(pointer: int, header: str) -> None:
    """SCID 123, VC 2, counts 7 and 9 with OCF have a known header for each kind of first header pointer."""
    frame = msgspec.structs.replace(FRAME, first_header_pointer=pointer)
    assert frame.pack()[:6].hex() == header
    assert TmFrame.unpack(frame.pack(), 21, spacecraft_id=0x123) == frame


def test_trailer() -> None:
    """The operational control field and the CRC-16 stand at the end, in this order."""
    assert OCTETS[-6:-2] == b"\1\4\0\5"
    assert crc16(OCTETS) == 0
    assert len(OCTETS) == 6 + 9 + 4 + 2


def test_without_operational_control_field() -> None:
    """A frame without operational control field says so in its header and has more room."""
    frame = msgspec.structs.replace(FRAME, ocf=b"")
    assert frame.pack()[1] & 1 == 0
    assert TmFrame.unpack(frame.pack(), 17) == frame
    assert max_data_octets(1115, ocf=False) - max_data_octets(1115, ocf=True) == 4


@MODEST
@given(
    st.tuples(st.integers(0, 1023), st.integers(0, 7), st.integers(0, 255), st.integers(0, 255)),
    st.binary(min_size=1, max_size=60),
    st.sampled_from([b"", b"\0\0\0\0", b"\xff\xff\xff\xff"]),
    st.data(),
)
def test_round_trip(header: tuple[int, int, int, int], data: bytes, ocf: bytes, draw: st.DataObject) -> None:
    """Every frame comes back from its octets."""
    pointers = st.one_of(st.integers(0, len(data) - 1), st.sampled_from([NO_PACKET_START, ONLY_IDLE_DATA]))
    frame = TmFrame(*header, draw.draw(pointers), data, ocf)
    assert TmFrame.unpack(frame.pack(), len(frame.pack())) == frame


@pytest.mark.parametrize(
    ("field", "lowest", "highest"),
    [
        ("spacecraft_id", 0, 1023),
        ("virtual_channel", 0, 7),
        ("master_channel_count", 0, 255),
        ("virtual_channel_count", 0, 255),
        ("first_header_pointer", 0, 8),
    ],
)
def test_field_limits(field: str, lowest: int, highest: int) -> None:
    """Each field takes its lowest and highest value and refuses one beyond; the pointer ends with the data."""
    for value in (lowest, highest):
        frame = msgspec.structs.replace(FRAME, **{field: value})
        assert TmFrame.unpack(frame.pack(), len(OCTETS)) == frame
    for value in (lowest - 1, highest + 1):
        with pytest.raises(FieldRangeError) as caught:
            msgspec.structs.replace(FRAME, **{field: value})
        assert caught.value.value == value


@pytest.mark.parametrize("ocf", [b"", b"1234"])
def test_data_limits(ocf: bytes) -> None:
    """Data have one octet at least and fill a frame of 2048 octets at most."""
    longest = 2040 - len(ocf)
    assert longest == max_data_octets(ocf=bool(ocf))
    for octets in (1, longest):
        frame = TmFrame(1, 2, 3, 4, 0, bytes(octets), ocf)
        assert TmFrame.unpack(frame.pack(), len(frame.pack())) == frame
    assert len(frame.pack()) == 2048
    for octets in (0, longest + 3):
        with pytest.raises(FieldRangeError, match="frame data octets"):
            TmFrame(1, 2, 3, 4, 0, bytes(octets), ocf)


@pytest.mark.parametrize("ocf", [b"1", b"123", b"12345"])
def test_operational_control_field_has_four_octets(ocf: bytes) -> None:
    """An operational control field of another length is refused."""
    with pytest.raises(WrongValueError, match="operational control field"):
        msgspec.structs.replace(FRAME, ocf=ocf)


def test_every_single_bit_flip_is_refused() -> None:
    """No valid frame with one bit inverted is accepted."""
    for bit in range(8 * len(OCTETS)):
        flipped = bytearray(OCTETS)
        flipped[bit // 8] ^= 0x80 >> bit % 8
        with pytest.raises(ChecksumError):
            TmFrame.unpack(bytes(flipped), len(OCTETS))


def test_every_other_length_is_refused() -> None:
    """A frame of any other length than the channel's is refused."""
    for length in range(len(OCTETS)):
        with pytest.raises(TooShortError if length < 9 else LengthMismatchError):
            TmFrame.unpack(OCTETS[:length], len(OCTETS))
    with pytest.raises(LengthMismatchError) as caught:
        TmFrame.unpack(OCTETS + b"\0", len(OCTETS))
    assert (caught.value.declared, caught.value.found) == (len(OCTETS), len(OCTETS) + 1)


def test_wrong_error_control() -> None:
    """A wrong error control field is reported with the one found and the one expected."""
    with pytest.raises(ChecksumError) as caught:
        TmFrame.unpack(OCTETS[:-2] + b"\0\0", len(OCTETS))
    assert (caught.value.expected, caught.value.found) == (int.from_bytes(OCTETS[-2:], "big"), 0)


@pytest.mark.parametrize("version", [1, 2, 3])
def test_other_versions(version: int) -> None:
    """A transfer frame of another version, such as AOS, is refused by its version."""
    with pytest.raises(WrongVersionError) as caught:
        TmFrame.unpack(changed(0, version << 6), len(OCTETS))
    assert caught.value.found == version


def test_other_spacecraft() -> None:
    """A frame of another spacecraft is refused with both identifiers."""
    with pytest.raises(WrongSpacecraftError) as caught:
        TmFrame.unpack(OCTETS, len(OCTETS), spacecraft_id=5)
    assert (caught.value.found, caught.value.expected) == (0x123, 5)


@pytest.mark.parametrize("bits", [0x40, 0x20, 0x10, 0x08])
def test_unsupported_data_field_status(bits: int) -> None:
    """Data that are no packets, and reserved bits, are refused."""
    with pytest.raises(WrongValueError, match="sync, order"):
        TmFrame.unpack(changed(4, bits), len(OCTETS))


def test_pointer_behind_the_data() -> None:
    """A first header pointer behind the data field is refused when the frame is read."""
    with pytest.raises(FieldRangeError, match="first header pointer"):
        TmFrame.unpack(changed(5, 0x09), len(OCTETS))


def test_no_room_for_the_control_field() -> None:
    """A frame whose header announces a control field that leaves no data is too short."""
    octets = TmFrame(1, 2, 3, 4, 0, b"1234").pack()
    with pytest.raises(TooShortError, match="operational control field"):
        TmFrame.unpack(changed(1, 0x01, octets), len(octets))


@MODEST
@given(st.binary(min_size=7, max_size=30))
def test_any_octets_are_read_or_refused(body: bytes) -> None:
    """Any octets behind a good error control give a frame that packs to the same, or a named error."""
    octets = body + crc16(body).to_bytes(2, "big")
    try:
        frame = TmFrame.unpack(octets, len(octets))
    except ProtocolError:
        return
    assert frame.pack() == octets


@pytest.mark.parametrize("ocf", [b"", b"1234"])
def test_without_error_control(ocf: bytes) -> None:
    """A channel without error control has two octets more for data, and reads what it wrote."""
    longest = TmFrame(1, 2, 3, 4, 0, bytes(2042 - len(ocf)), ocf)
    octets = longest.pack(fecf=False)
    assert len(octets) == 2048
    assert max_data_octets(ocf=bool(ocf), fecf=False) == len(longest.data)
    assert TmFrame.unpack(octets, 2048, fecf=False) == longest
    with pytest.raises(FieldRangeError, match="frame octets"):
        longest.pack()


@pytest.mark.parametrize("octets", [1, 63])
def test_secondary_header(octets: int) -> None:
    """A secondary header stands behind the primary one, with its length less one in front."""
    frame = msgspec.structs.replace(FRAME, secondary_header=bytes(range(octets)))
    packed = frame.pack()
    assert packed[4] & 0x80
    assert packed[6 : 7 + octets] == bytes([octets, *range(octets)])
    assert TmFrame.unpack(packed, len(packed)) == frame
    assert len(frame.data) == max_data_octets(len(packed), ocf=True, secondary_header_octets=octets)


def test_secondary_header_limits() -> None:
    """A secondary header holds at most 63 octets, and an empty, long or unknown one is refused when read."""
    with pytest.raises(FieldRangeError, match="secondary header octets"):
        msgspec.structs.replace(FRAME, secondary_header=bytes(64))
    flagged = changed(4, 0x80)
    for identification, error in ((0x00, FieldRangeError), (0x40, WrongVersionError), (0x08, TooShortError)):
        body = bytearray(flagged[:-2])
        body[6] = identification
        with pytest.raises(error, match="secondary header"):
            TmFrame.unpack(bytes(body) + crc16(bytes(body)).to_bytes(2, "big"), len(OCTETS))


def test_security_takes_its_room_between_header_and_control_field() -> None:
    """Protection gets the headers and the data, and what it makes of them is in the frame and under error control."""
    seen = []

    def protect(header: bytes, data: bytes) -> bytes:
        seen.append((header, data))
        return b"SPI" + data[::-1] + b"MAC!"

    def process(header: bytes, field: bytes) -> bytes:
        seen.append((header, field))
        return field[3:-4][::-1]

    frame = msgspec.structs.replace(FRAME, secondary_header=b"xy")
    packed = frame.pack(protect, security_octets=7)
    headers = packed[:9]
    assert headers[6:] == b"\2xy"
    assert packed[9:] == b"SPI" + b"atad emos" + b"MAC!" + frame.ocf + crc16(packed[:-2]).to_bytes(2, "big")
    assert TmFrame.unpack(packed, len(packed), process=process) == frame
    assert seen == [(headers, frame.data), (headers, b"SPIatad emosMAC!")]
    assert max_data_octets(len(packed), ocf=True, secondary_header_octets=2, security_octets=7) == 9


def test_protection_of_another_length_is_refused() -> None:
    """Protection that adds more or fewer octets than announced would make a frame of a wrong length."""
    with pytest.raises(LengthMismatchError) as caught:
        FRAME.pack(lambda _, data: data + b"x", security_octets=2)
    assert (caught.value.declared, caught.value.found) == (11, 10)


def test_what_protection_finds_wrong_is_raised() -> None:
    """An error of whoever verifies the frame refuses it, and so do data that are cut too short for the pointer."""

    def refuse(_header: bytes, _field: bytes) -> bytes:
        raise WrongValueError("tag", 1, 2)

    with pytest.raises(WrongValueError, match="tag is 1"):
        TmFrame.unpack(OCTETS, len(OCTETS), process=refuse)
    octets = msgspec.structs.replace(FRAME, first_header_pointer=8).pack()
    with pytest.raises(FieldRangeError, match="first header pointer"):
        TmFrame.unpack(octets, len(octets), process=lambda _, field: field[:-1])
    with pytest.raises(FieldRangeError, match="frame data octets"):
        TmFrame.unpack(octets, len(octets), process=lambda _header, _field: b"")


def test_declared_virtual_channel() -> None:
    """The virtual channel can be read off a header alone."""
    assert declared_virtual_channel(OCTETS) == 2
    with pytest.raises(TooShortError):
        declared_virtual_channel(OCTETS[:5])
