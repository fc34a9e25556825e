import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlm_cmd.coding.convolutional import ConvolutionalEncoder, ConvolutionalEncoderState
from tlm_cmd.errors import FieldRangeError

MODEST = settings(max_examples=60, deadline=None)
G1, G2 = 0o171, 0o133


def symbols_bit_by_bit(octets: bytes) -> str:
    """Encode with a shift register of seven bits, the newest one most significant, as the standard draws it."""
    register, symbols = 0, ""
    for octet in octets:
        for bit in range(7, -1, -1):
            register = register >> 1 | (octet >> bit & 1) << 6
            first, second = (register & G1).bit_count() & 1, (register & G2).bit_count() & 1
            symbols += f"{first}{second ^ 1}"
    return symbols


def test_impulse_response() -> None:
    """A single 1 gives the connection vectors one behind the other, the second one inverted."""
    symbols = f"{int.from_bytes(ConvolutionalEncoder().encode(bytes([0x80, 0])), 'big'):032b}"
    assert symbols[0:14:2] == f"{G1:07b}"
    assert symbols[1:14:2] == "".join("10"[int(bit)] for bit in f"{G2:07b}")
    assert symbols[14:] == "01" * 9


@MODEST
@given(st.binary(max_size=60), st.lists(st.integers(0, 60), max_size=5).map(sorted))
def test_agrees_with_the_shift_register(octets: bytes, cuts: list[int]) -> None:
    """Any octets give the symbols that a shift register gives, however they are cut into calls."""
    encoder = ConvolutionalEncoder()
    cuts = [cut for cut in cuts if cut < len(octets)]
    pieces = [octets[start:end] for start, end in zip([0, *cuts], [*cuts, len(octets)], strict=True)]
    symbols = b"".join(encoder.encode(piece) for piece in pieces)
    assert "".join(f"{octet:08b}" for octet in symbols) == symbols_bit_by_bit(octets)
    assert encoder.state.octets == len(octets)


def test_flush_empties_the_register() -> None:
    """After a flush the encoder gives what a new one gives."""
    encoder = ConvolutionalEncoder()
    assert encoder.encode(b"\xff") + encoder.flush() == ConvolutionalEncoder().encode(b"\xff\x00")
    assert encoder.encode(b"abc") == ConvolutionalEncoder().encode(b"abc")


def test_register_limits() -> None:
    """The register has six bits; with it an encoder goes on where another ended."""
    first = ConvolutionalEncoder()
    first.encode(b"\x2b")
    assert ConvolutionalEncoder(0x2B).encode(b"x") == first.encode(b"x")
    with pytest.raises(FieldRangeError, match="register"):
        ConvolutionalEncoder(64)


def test_state_can_be_saved_and_restored() -> None:
    """An encoder goes on from a saved state as if it were the first."""
    first, second = ConvolutionalEncoder(), ConvolutionalEncoder()
    first.encode(b"something")
    second.state = msgspec.msgpack.decode(msgspec.msgpack.encode(first.state), type=ConvolutionalEncoderState)
    assert second.encode(b"more") == first.encode(b"more")
    assert second.state == first.state
