import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlm_cmd.errors import ChecksumError
from tlm_cmd.frames.error_control import append_error_control, check_error_control


def test_known_field() -> None:
    """The check value of CRC-16 CCITT-FALSE stands behind the octets that it is known for."""
    assert append_error_control(b"123456789") == b"123456789\x29\xb1"


@given(st.binary(max_size=40), st.integers(0, 15))
def test_a_changed_octet_is_found(octets: bytes, bit: int) -> None:
    """What was appended verifies, and no longer does when one of its bits is inverted."""
    frame = append_error_control(octets)
    check_error_control("frame", frame)
    found = int.from_bytes(frame[-2:], "big") ^ 1 << bit
    with pytest.raises(ChecksumError, match="frame: checksum") as caught:
        check_error_control("frame", frame[:-2] + found.to_bytes(2, "big"))
    assert (caught.value.expected, caught.value.found) == (int.from_bytes(frame[-2:], "big"), found)
