import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlm_cmd.errors import FieldRangeError, ProtocolError, TooShortError, WrongValueError
from tlm_cmd.packets.time_codes.cds import CdsEpoch, CdsFormat, CdsResolution
from tlm_cmd.packets.time_codes.utc import MAX_NS_OF_DAY, NS_PER_DAY, UtcTime, day_of_date, ns_of_clock

MODEST = settings(max_examples=100, deadline=None)
MILLISECONDS, MICROSECONDS, PICOSECONDS = CdsResolution
FORMATS = st.builds(
    lambda epoch, octets, resolution, day: CdsFormat(epoch, octets, resolution, day if epoch else 0),
    st.sampled_from(CdsEpoch),
    st.integers(2, 3),
    st.sampled_from(CdsResolution),
    st.integers(-20_000, 30_000),
)
# 2002-05-23T12:34:56.789012345, which Orekit 12 tests its decoder by in several formats.
OREKIT = UtcTime(day_of_date(2002, 5, 23), ns_of_clock(12, 34, 56, 789_012_345))
J2000_DAY = day_of_date(2000, 1, 1)


def test_short_vector() -> None:
    """The short form, 16 bits of day and milliseconds, of a known time."""
    cds = CdsFormat()
    time = UtcTime(day_of_date(2030, 1, 1), 1_500_000_000)
    assert (cds.pack_p_field() + cds.pack(time)).hex() == "4066ba000005dc"
    assert cds.unpack(bytes.fromhex("66ba000005dc")) == time


@pytest.mark.parametrize(
    ("p_field", "cds", "field", "cut_ns"),
    [
        ("40", CdsFormat(), "3f5502b32c95", 12_345),
        ("41", CdsFormat(resolution=MICROSECONDS), "3f5502b32c95000c", 345),
        ("42", CdsFormat(resolution=PICOSECONDS), "3f5502b32c9500bc5ea8", 0),
        ("45", CdsFormat(day_octets=3, resolution=MICROSECONDS), "003f5502b32c95000c", 345),
        ("49", CdsFormat(CdsEpoch.AGENCY, 2, MICROSECONDS, J2000_DAY), "036902b32c95000c", 345),
        ("4e", CdsFormat(CdsEpoch.AGENCY, 3, PICOSECONDS, J2000_DAY), "00036902b32c9500bc5ea8", 0),
    ],
)
def test_known_fields(p_field: str, cds: CdsFormat, field: str, cut_ns: int) -> None:
    """Days of 16 and 24 bits, each resolution and both epochs, of one time, cut to the resolution."""
    assert cds.pack_p_field().hex() == p_field
    assert CdsFormat.unpack_p_field(bytes.fromhex(p_field) + b"rest", epoch_day=J2000_DAY) == cds
    assert cds.pack(OREKIT).hex() == field
    assert cds.unpack(bytes.fromhex(field) + b"rest") == UtcTime(OREKIT.day, OREKIT.ns_of_day - cut_ns)
    assert cds.octets == len(field) // 2


def test_picoseconds_are_cut() -> None:
    """Three of the digits of picoseconds are below what a time holds here."""
    assert CdsFormat(resolution=PICOSECONDS).unpack(bytes.fromhex("3f5502b32c9500bc614e")) == OREKIT


def test_leap_second() -> None:
    """The milliseconds of a day go on to 86,400,999 in a leap second."""
    cds = CdsFormat()
    time = UtcTime(100, NS_PER_DAY + 999_000_000)
    assert cds.pack(time).hex() == "0064" + f"{86_400_999:08x}"
    assert cds.unpack(cds.pack(time)) == time
    with pytest.raises(FieldRangeError, match="milliseconds of the day"):
        cds.unpack(bytes.fromhex("0064" + f"{86_401_000:08x}"))


@MODEST
@given(FORMATS, st.integers(0, 0xFFFF), st.integers(0, MAX_NS_OF_DAY))
def test_round_trip(cds: CdsFormat, day: int, ns: int) -> None:
    """Every format comes back from its P-field, and a time from its field, at most a step of the resolution earlier."""
    assert CdsFormat.unpack_p_field(cds.pack_p_field(), epoch_day=cds.epoch_day) == cds
    time = UtcTime(cds.epoch_day + day, ns)
    found = cds.unpack(cds.pack(time))
    step = (1_000_000, 1000, 1)[cds.resolution]
    assert found == UtcTime(time.day, ns - ns % step)
    assert cds.pack(found) == cds.pack(time)


@pytest.mark.parametrize(
    ("p_field", "words"), [("1e", "identification"), ("50", "identification"), ("c0", "extension"), ("43", "submilli")]
)
def test_other_p_fields_are_refused(p_field: str, words: str) -> None:
    """Other time codes, a second octet, and the reserved resolution are refused."""
    with pytest.raises(WrongValueError, match=words):
        CdsFormat.unpack_p_field(bytes.fromhex(p_field))


def test_too_short() -> None:
    """A P-field and a time field must be whole."""
    with pytest.raises(TooShortError):
        CdsFormat.unpack_p_field(b"")
    with pytest.raises(TooShortError) as caught:
        CdsFormat(resolution=MICROSECONDS).unpack(bytes(7))
    assert (caught.value.needed, caught.value.found) == (8, 7)


@pytest.mark.parametrize(("octets", "highest"), [(2, 0xFFFF), (3, 0xFF_FFFF)])
def test_days_that_do_not_fit(octets: int, highest: int) -> None:
    """The days of a field begin at its epoch and end with its bits."""
    cds = CdsFormat(day_octets=octets)
    assert cds.unpack(cds.pack(UtcTime(highest, 5_000_000))) == UtcTime(highest, 5_000_000)
    for day in (-1, highest + 1):
        with pytest.raises(FieldRangeError, match="day since the epoch"):
            cds.pack(UtcTime(day, 0))


def test_format_limits() -> None:
    """Days have two or three octets, and the recommended epoch is no other day."""
    for octets in (1, 4):
        with pytest.raises(FieldRangeError, match="day octets"):
            CdsFormat(day_octets=octets)
    with pytest.raises(WrongValueError, match="epoch day"):
        CdsFormat(epoch_day=1)
    with pytest.raises(FieldRangeError, match="epoch day"):
        CdsFormat(CdsEpoch.AGENCY, epoch_day=1 << 25)


@MODEST
@given(FORMATS, st.binary(max_size=12))
def test_any_octets_are_read_or_refused(cds: CdsFormat, octets: bytes) -> None:
    """Any octets give a time that packs to the same field, picoseconds aside, or a named error."""
    try:
        time = cds.unpack(octets)
    except ProtocolError:
        return
    if cds.resolution is not PICOSECONDS:
        assert cds.pack(time) == octets[: cds.octets]
    coarse = msgspec.structs.replace(cds, resolution=MILLISECONDS)
    assert coarse.pack(time) == octets[: coarse.octets]
