from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlm_cmd.errors import FieldRangeError, ProtocolError, WrongValueError
from tlm_cmd.packets.time_codes.ascii_codes import AsciiFormat
from tlm_cmd.packets.time_codes.utc import MAX_NS_OF_DAY, NS_PER_DAY, UtcTime, day_of_date, ns_of_clock

MODEST = settings(max_examples=100, deadline=None)
FORMATS = st.builds(AsciiFormat, st.booleans(), st.integers(0, 18), st.booleans())
TIME = UtcTime(day_of_date(1988, 1, 18), ns_of_clock(17, 20, 43, 123_456_789))


@pytest.mark.parametrize(
    ("shape", "code"),
    [
        (AsciiFormat(False, 6), b"1988-01-18T17:20:43.123456Z"),
        (AsciiFormat(True, 6), b"1988-018T17:20:43.123456Z"),
        (AsciiFormat(False, 0), b"1988-01-18T17:20:43Z"),
        (AsciiFormat(False, 3, False), b"1988-01-18T17:20:43.123"),
        (AsciiFormat(True, 12, True), b"1988-018T17:20:43.123456789000Z"),
        (AsciiFormat(True, 0, False), b"1988-018T17:20:43"),
    ],
)
def test_known_codes(shape: AsciiFormat, code: bytes) -> None:
    """Codes A and B with any number of digits, with and without terminator."""
    assert shape.pack(TIME) == code
    found, time = AsciiFormat.unpack(code)
    assert found == shape
    assert shape.pack(time) == code


@MODEST
@given(FORMATS, st.integers(day_of_date(1, 1, 1), day_of_date(9999, 12, 31)), st.integers(0, MAX_NS_OF_DAY))
def test_round_trip(shape: AsciiFormat, day: int, ns: int) -> None:
    """Every code tells its own format and, cut to the digits, its time."""
    step = 10 ** max(0, 9 - shape.fraction_digits)
    assert AsciiFormat.unpack(shape.pack(UtcTime(day, ns))) == (shape, UtcTime(day, ns - ns % step))


@MODEST
@given(st.datetimes(), st.booleans())
def test_agrees_with_python(when: datetime, day_of_year: bool) -> None:  # noqa: FBT001
    """Code A and code B are what Python writes in the same formats."""
    day = day_of_date(when.year, when.month, when.day)
    time = UtcTime(day, ns_of_clock(when.hour, when.minute, when.second, when.microsecond * 1000))
    form = "%j" if day_of_year else "%m-%d"
    expected = f"{when.year:04}-" + when.strftime(f"{form}T%H:%M:%S.%fZ")
    assert AsciiFormat(day_of_year, 6).pack(time).decode() == expected


def test_leap_second() -> None:
    """Second 60 is written and read at 23:59, and refused elsewhere."""
    time = UtcTime(day_of_date(2016, 12, 31), NS_PER_DAY + 500_000_000)
    assert AsciiFormat().pack(time) == b"2016-12-31T23:59:60.500Z"
    assert AsciiFormat.unpack(b"2016-366T23:59:60.5Z") == (AsciiFormat(True, 1), time)
    with pytest.raises(FieldRangeError, match="second"):
        AsciiFormat.unpack(b"2016-12-31T22:59:60Z")


@pytest.mark.parametrize(
    "code",
    [
        b"",
        b"1988-01-18",
        b"17:20:43.123Z",
        b"1988-01-18T17:20Z",
        b"1988-01-18 17:20:43Z",
        b"88-01-18T17:20:43Z",
        b"1988-1-18T17:20:43Z",
        b"1988-01-18T17:20:43.Z",
        b"1988-01-18T17:20:43.123z",
        b"1988-01-18T17:20:43Z\n",
        b" 1988-01-18T17:20:43Z",
        b"1988-01-18T17:20:43+00:00",
        b"1988-01-18T17:20:43." + b"1" * 19,
        "198\u0668-01-18T17:20:43Z".encode(),
    ],
)
def test_codes_that_are_none(code: bytes) -> None:
    """Subsets, other separators, missing digits, more digits than read, and digits of other scripts are refused."""
    with pytest.raises(WrongValueError, match="ASCII time code"):
        AsciiFormat.unpack(code)


@pytest.mark.parametrize(
    "code", [b"1988-02-30T00:00:00Z", b"1988-367T00:00:00Z", b"0000-001T00:00:00Z", b"1988-001T24:00:00Z"]
)
def test_codes_of_no_time(code: bytes) -> None:
    """Dates and clocks that there are not are refused by their part."""
    with pytest.raises(FieldRangeError):
        AsciiFormat.unpack(code)


@pytest.mark.parametrize("digits", [-1, 19])
def test_format_limits(digits: int) -> None:
    """The fraction has a bounded number of digits."""
    with pytest.raises(FieldRangeError, match="fraction digits"):
        AsciiFormat(fraction_digits=digits)


@MODEST
@given(st.one_of(st.binary(max_size=40), st.from_regex(rb"\A\d{4}-\d{3}T\d\d:\d\d:\d\d(\.\d{1,20})?Z?\Z")))
def test_any_octets_are_read_or_refused(octets: bytes) -> None:
    """Any octets give a time that packs to the same, up to the ninth digit of the fraction, or a named error."""
    try:
        shape, time = AsciiFormat.unpack(octets)
    except ProtocolError:
        return
    packed = shape.pack(time)
    assert len(packed) == len(octets)
    assert packed[:27] == octets[:27]
