import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlm_cmd.coding.bch import BchMode, decode_blocks
from tlm_cmd.coding.cltu import TAIL_SEQUENCE, CltuParameters, decode_cltu, encode_cltu
from tlm_cmd.coding.frame_delimiting import delimit_frames
from tlm_cmd.errors import FieldRangeError, ProtocolError, TooShortError, WrongValueError

MODEST = settings(max_examples=60, deadline=None)
DETECT = CltuParameters(mode=BchMode.TRIPLE_ERROR_DETECTION)
KNOWN = {
    "312304070000cd3b": "eb90 312304070000cd74 3b555555555555fa c5c5c5c5c5c5c579",
    "312304090082000adce8": "eb90 31230409008200a0 0adce855555555d4 c5c5c5c5c5c5c579",
    "0123040a050102030429dc": "eb90 0123040a050102e2 030429dc5555553a c5c5c5c5c5c5c579",
    # A frame and its CLTU from the unit tests of SpacePyLibrary, which Yamcs has as well.
    "22f600230082000f001dff000000000f001eff000000000f001fff000000000fac8f0068": (
        "eb90 22f6002300820024 0f001dff00000034 000f001eff000010 00000f001fff00d8 0000000fac8f0090 6855555555555506"
        "c5c5c5c5c5c5c579"
    ),
}


@pytest.mark.parametrize(("frame", "cltu"), KNOWN.items())
def test_known_cltus(frame: str, cltu: str) -> None:
    """Frames give the CLTUs known from elsewhere, and come out of them with their fill."""
    assert encode_cltu(bytes.fromhex(frame)) == bytes.fromhex(cltu)
    for parameters in (CltuParameters(), DETECT):
        decoded = decode_cltu(bytes.fromhex(cltu), parameters)
        assert decoded.octets.hex().startswith(frame)
        assert set(decoded.octets[len(frame) // 2 :]) <= {0x55}
        assert delimit_frames(decoded.octets).frames == (bytes.fromhex(frame),)


@MODEST
@given(st.binary(min_size=1, max_size=300), st.sampled_from(BchMode))
def test_round_trip(frames: bytes, mode: BchMode) -> None:
    """Any octets come back in front of up to six octets of fill."""
    decoded = decode_cltu(encode_cltu(frames), CltuParameters(mode=mode))
    assert decoded.octets[: len(frames)] == frames
    assert decoded.octets[len(frames) :] == b"\x55" * (-len(frames) % 7)
    assert decoded.blocks * 7 == len(decoded.octets)


def test_tail_is_no_code_word_and_far_from_one() -> None:
    """The tail is rejected in both modes, and so is every block that differs from it by the filler bit."""
    for tail in (TAIL_SEQUENCE, TAIL_SEQUENCE[:-1] + b"\x78"):
        for mode in BchMode:
            assert decode_blocks(tail, mode).rejected


@pytest.mark.parametrize("tail", [b"\x55" * 8, b"\xc5" * 8, b"\xaa" * 8, b"", b"\x55" * 16])
def test_other_tails(tail: bytes) -> None:
    """Encoders with other tails are understood, also with one that a single error makes a code word."""
    parameters = CltuParameters(tail=tail)
    cltu = encode_cltu(bytes(14), parameters)
    assert cltu.endswith(tail)
    assert decode_cltu(cltu, parameters).octets == bytes(14)


def test_other_start() -> None:
    """The start sequence is a managed parameter."""
    parameters = CltuParameters(start=b"\x03\x47\x76\xc7")
    cltu = encode_cltu(bytes(14), parameters)
    assert cltu.startswith(parameters.start)
    assert decode_cltu(cltu, parameters).octets == bytes(14)
    with pytest.raises(WrongValueError, match="start sequence"):
        decode_cltu(cltu)


@pytest.mark.parametrize("bit", range(16))
def test_errors_in_the_start_sequence(bit: int) -> None:
    """One error in the start sequence is tolerated where errors are corrected, two are not, and none elsewhere."""
    cltu = bytearray(encode_cltu(bytes(7)))
    cltu[bit // 8] ^= 0x80 >> bit % 8
    assert decode_cltu(bytes(cltu)).octets == bytes(7)
    with pytest.raises(WrongValueError):
        decode_cltu(bytes(cltu), DETECT)
    cltu[1 - bit // 8] ^= 1
    with pytest.raises(WrongValueError):
        decode_cltu(bytes(cltu))


def test_cltu_without_end() -> None:
    """A CLTU that is cut gives its whole blocks, and one that is too long what it may have."""
    cltu = encode_cltu(bytes(70))
    assert decode_cltu(cltu[:31]).blocks == 3
    assert decode_cltu(cltu, CltuParameters(max_octets=29)).blocks == 4
    assert decode_cltu(cltu[:2] + b"\x55" * 8).blocks == 0
    with pytest.raises(TooShortError) as caught:
        decode_cltu(cltu[:9])
    assert (caught.value.needed, caught.value.found) == (10, 9)


def test_limits() -> None:
    """Parameters and data have limits, and a tail that is a code word is none."""
    with pytest.raises(FieldRangeError, match="CLTU data octets"):
        encode_cltu(b"")
    parameters = CltuParameters(max_octets=20)
    assert decode_cltu(encode_cltu(bytes(14), parameters), parameters).blocks == 2
    with pytest.raises(FieldRangeError, match="CLTU data octets"):
        encode_cltu(bytes(15), parameters)
    with pytest.raises(WrongValueError, match="tail sequence"):
        CltuParameters(tail=bytes(7) + b"\xff")


@pytest.mark.parametrize(
    ("field", "value"), [("max_octets", 6), ("start", b""), ("start", bytes(65)), ("tail", bytes(65))]
)
def test_parameter_limits(field: str, value: object) -> None:
    """Each parameter is refused beyond its range."""
    with pytest.raises(FieldRangeError):
        msgspec.structs.replace(CltuParameters(), **{field: value})


@MODEST
@given(st.binary(max_size=60))
def test_any_octets_are_decoded_or_refused(octets: bytes) -> None:
    """Any octets give a CLTU of whole blocks or a named error."""
    for data in (octets, b"\xeb\x90" + octets):
        try:
            decoded = decode_cltu(data)
        except ProtocolError:
            continue
        assert len(decoded.octets) == 7 * decoded.blocks
