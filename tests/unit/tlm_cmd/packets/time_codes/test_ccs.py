import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlm_cmd.errors import FieldRangeError, ProtocolError, TooShortError, WrongValueError
from tlm_cmd.packets.time_codes.ccs import CcsFormat
from tlm_cmd.packets.time_codes.utc import MAX_NS_OF_DAY, NS_PER_DAY, UtcTime, day_of_date, ns_of_clock

MODEST = settings(max_examples=100, deadline=None)
TIME = UtcTime(day_of_date(2002, 5, 23), ns_of_clock(12, 34, 56, 789_012_345))
FORMATS = st.builds(CcsFormat, st.booleans(), st.integers(0, 6))


@pytest.mark.parametrize(
    ("p_field", "ccs", "field"),
    [
        ("50", CcsFormat(), "20020523123456"),
        ("58", CcsFormat(True), "20020143123456"),
        ("52", CcsFormat(False, 2), "200205231234567890"),
        ("56", CcsFormat(False, 6), "20020523123456789012345000"),
        ("5e", CcsFormat(True, 6), "20020143123456789012345000"),
    ],
)
def test_known_fields(p_field: str, ccs: CcsFormat, field: str) -> None:
    """Both calendar variations, with and without fraction, are decimal digits as one reads them."""
    assert ccs.pack_p_field().hex() == p_field
    assert CcsFormat.unpack_p_field(bytes.fromhex(p_field) + b"rest") == ccs
    assert ccs.pack(TIME).hex() == field
    assert ccs.octets == len(field) // 2
    assert ccs.pack(ccs.unpack(bytes.fromhex(field) + b"rest")).hex() == field


@MODEST
@given(FORMATS, st.integers(day_of_date(1, 1, 1), day_of_date(9999, 12, 31)), st.integers(0, MAX_NS_OF_DAY))
def test_round_trip(ccs: CcsFormat, day: int, ns: int) -> None:
    """Every format comes back from its P-field, and every time of the calendar, cut to the digits."""
    assert CcsFormat.unpack_p_field(ccs.pack_p_field()) == ccs
    step = 10 ** max(0, 9 - 2 * ccs.fraction_octets)
    assert ccs.unpack(ccs.pack(UtcTime(day, ns))) == UtcTime(day, ns - ns % step)


def test_leap_second() -> None:
    """Second 60 is written and read at 23:59, and refused elsewhere."""
    assert CcsFormat().pack(UtcTime(0, NS_PER_DAY)).hex() == "19580101235960"
    assert CcsFormat().unpack(bytes.fromhex("19580101235960")) == UtcTime(0, NS_PER_DAY)
    with pytest.raises(FieldRangeError, match="second"):
        CcsFormat().unpack(bytes.fromhex("19580101225960"))


@pytest.mark.parametrize(
    ("day_of_year", "field", "error"),
    [
        (False, "07d205170c2238", WrongValueError),
        (False, "20020231123456", FieldRangeError),
        (False, "00000101000000", FieldRangeError),
        (True, "20020366000000", FieldRangeError),
        (True, "20021143000000", FieldRangeError),
        (False, "20020523240000", FieldRangeError),
    ],
)
def test_fields_that_are_no_time(day_of_year: bool, field: str, error: type[ProtocolError]) -> None:  # noqa: FBT001
    """Digits that are none (plain binary, as Orekit writes it), and dates and clocks that are none, are refused."""
    with pytest.raises(error):
        CcsFormat(day_of_year).unpack(bytes.fromhex(field))


def test_p_fields_that_are_none() -> None:
    """Other time codes, a second octet and the reserved length are refused."""
    for octet, error in ((0x40, WrongValueError), (0xD0, WrongValueError), (0x57, FieldRangeError)):
        with pytest.raises(error):
            CcsFormat.unpack_p_field(bytes([octet]))
    with pytest.raises(TooShortError):
        CcsFormat.unpack_p_field(b"")
    with pytest.raises(TooShortError):
        CcsFormat(fraction_octets=1).unpack(bytes(7))


def test_years_that_do_not_fit() -> None:
    """A year has four digits."""
    with pytest.raises(FieldRangeError):
        CcsFormat().pack(UtcTime(day_of_date(9999, 12, 31) + 1, 0))


@MODEST
@given(FORMATS, st.binary(min_size=6, max_size=14))
def test_any_octets_are_read_or_refused(ccs: CcsFormat, octets: bytes) -> None:
    """Any octets give a time that packs to the same digits, up to the ninth of the fraction, or a named error."""
    for candidate in (octets, bytes.fromhex(octets.hex().translate(str.maketrans("abcdef", "001234")))):
        try:
            time = ccs.unpack(candidate)
        except ProtocolError:
            continue
        assert ccs.pack(time).hex()[: 14 + 9] == candidate[: ccs.octets].hex()[: 14 + 9]
