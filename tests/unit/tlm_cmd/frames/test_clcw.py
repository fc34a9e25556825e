import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlm_cmd.errors import FieldRangeError, ProtocolError, TooShortError, WrongValueError, WrongVersionError
from tlm_cmd.frames.clcw import Clcw

MODEST = settings(max_examples=50, deadline=None)


@pytest.mark.parametrize(
    ("clcw", "octets"),
    [
        (Clcw(1, 5), "01040005"),
        (Clcw(1, 5, lockout=True), "01042005"),
        (Clcw(1, 5, 2, retransmit=True), "01040c05"),
        (Clcw(0, no_rf_available=True), "01008000"),
        (Clcw(0, no_bit_lock=True), "01004000"),
        (Clcw(0, wait=True), "01001000"),
        (Clcw(63, 255, 3, status=7), "1dfc06ff"),
    ],
)
def test_known_words(clcw: Clcw, octets: str) -> None:
    """Known reports have known words, and each flag its bit."""
    assert clcw.pack().hex() == octets
    assert Clcw.unpack(bytes.fromhex(octets)) == clcw


@MODEST
@given(
    st.builds(
        Clcw,
        virtual_channel=st.integers(0, 63),
        report_value=st.integers(0, 255),
        farm_b_count=st.integers(0, 3),
        no_rf_available=st.booleans(),
        no_bit_lock=st.booleans(),
        lockout=st.booleans(),
        wait=st.booleans(),
        retransmit=st.booleans(),
        status=st.integers(0, 7),
    )
)
def test_round_trip(clcw: Clcw) -> None:
    """Every report comes back from its word."""
    assert Clcw.unpack(clcw.pack()) == clcw


@pytest.mark.parametrize(
    ("field", "highest"), [("virtual_channel", 63), ("report_value", 255), ("farm_b_count", 3), ("status", 7)]
)
def test_field_limits(field: str, highest: int) -> None:
    """Each field takes its lowest and highest value and refuses one beyond."""
    for value in (0, highest):
        clcw = msgspec.structs.replace(Clcw(1), **{field: value})
        assert getattr(Clcw.unpack(clcw.pack()), field) == value
    for value in (-1, highest + 1):
        with pytest.raises(FieldRangeError) as caught:
            msgspec.structs.replace(Clcw(1), **{field: value})
        assert caught.value.value == value


def test_spare_bits_are_ignored() -> None:
    """The spare bits of a word do not change what is read."""
    assert Clcw.unpack(bytes.fromhex("01070105")) == Clcw(1, 5)


@pytest.mark.parametrize(
    ("octets", "error", "words"),
    [
        ("81040005", WrongValueError, "control word type"),
        ("21040005", WrongVersionError, "CLCW version"),
        ("00040005", WrongValueError, "COP in effect"),
        ("03040005", WrongValueError, "COP in effect"),
        ("010400", TooShortError, "CLCW"),
        ("", TooShortError, "CLCW"),
    ],
)
def test_other_words_are_refused(octets: str, error: type[ProtocolError], words: str) -> None:
    """A word of another type, version or procedure, or cut short, is refused by name."""
    with pytest.raises(error, match=words):
        Clcw.unpack(bytes.fromhex(octets))
