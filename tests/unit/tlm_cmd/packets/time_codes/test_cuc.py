import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlm_cmd.errors import FieldRangeError, TooShortError, WrongValueError
from tlm_cmd.packets.cfs_header import split_time
from tlm_cmd.packets.time_codes.cuc import CucEpoch, CucFormat

MODEST = settings(max_examples=60, deadline=None)
NS = 1_000_000_000
FORMATS = st.builds(CucFormat, st.sampled_from(CucEpoch), st.integers(1, 7), st.integers(0, 10))


@pytest.mark.parametrize(
    ("p_field", "cuc"),
    [
        ("1e", CucFormat(CucEpoch.TAI_1958, 4, 2)),
        ("2e", CucFormat(CucEpoch.AGENCY, 4, 2)),
        ("2f", CucFormat(CucEpoch.AGENCY, 4, 3)),
        ("10", CucFormat(CucEpoch.TAI_1958, 1, 0)),
        ("9f20", CucFormat(CucEpoch.TAI_1958, 5, 3)),
        ("af7c", CucFormat(CucEpoch.AGENCY, 7, 10)),
    ],
)
def test_p_field(p_field: str, cuc: CucFormat) -> None:
    """Known P-fields declare their formats, with and without extension octet."""
    assert cuc.pack_p_field().hex() == p_field
    assert CucFormat.unpack_p_field(bytes.fromhex(p_field) + b"rest") == (cuc, len(p_field) // 2)


@MODEST
@given(FORMATS)
def test_p_field_round_trip(cuc: CucFormat) -> None:
    """Every format comes back from its P-field, which is extended only if it must be."""
    p_field = cuc.pack_p_field()
    assert CucFormat.unpack_p_field(p_field) == (cuc, len(p_field))
    assert len(p_field) == (2 if cuc.coarse_octets > 4 or cuc.fine_octets > 3 else 1)


@pytest.mark.parametrize(("octets", "needed"), [("", 1), ("9e", 2)])
def test_p_field_too_short(octets: str, needed: int) -> None:
    """A P-field that is not whole is refused with the octets it needs."""
    with pytest.raises(TooShortError) as caught:
        CucFormat.unpack_p_field(bytes.fromhex(octets))
    assert caught.value.needed == needed


@pytest.mark.parametrize("octet", [0x0E, 0x3E, 0x40, 0x5E, 0x6E, 0x7E])
def test_other_time_codes_are_refused(octet: int) -> None:
    """A P-field of a time code that is no CUC is refused."""
    with pytest.raises(WrongValueError, match="time code identification"):
        CucFormat.unpack_p_field(bytes([octet]))


def test_third_p_field_octet_is_refused() -> None:
    """A P-field that announces a further octet is refused."""
    with pytest.raises(WrongValueError, match="second extension"):
        CucFormat.unpack_p_field(bytes([0x9E, 0x80]))


@pytest.mark.parametrize(("field", "lowest", "highest"), [("coarse_octets", 1, 7), ("fine_octets", 0, 10)])
def test_format_limits(field: str, lowest: int, highest: int) -> None:
    """The octets of a format take their lowest and highest value and refuse one beyond."""
    for value in (lowest, highest):
        assert getattr(msgspec.structs.replace(CucFormat(), **{field: value}), field) == value
    for value in (lowest - 1, highest + 1):
        with pytest.raises(FieldRangeError) as caught:
            msgspec.structs.replace(CucFormat(), **{field: value})
        assert caught.value.value == value


@pytest.mark.parametrize(
    ("time_ns", "octets"),
    [(0, "000000000000"), (NS + NS // 2, "000000018000"), (NS - 1, "00000000ffff"), (2**32 * NS - 1, "ffffffffffff")],
)
def test_time_field_4_2(time_ns: int, octets: str) -> None:
    """Known times have their known time fields, rounded down."""
    assert CucFormat().pack(time_ns).hex() == octets


def test_time_field_4_3() -> None:
    """The third octet of fraction resolves 1/2^24 s."""
    cuc = CucFormat(CucEpoch.AGENCY, 4, 3)
    assert cuc.pack(60).hex() == "00000000000001"
    assert cuc.unpack(bytes.fromhex("00000000000001")) == 60
    assert cuc.octets == 7


def test_whole_seconds_only() -> None:
    """Without fraction, a time field counts whole seconds."""
    cuc = CucFormat(CucEpoch.AGENCY, 2, 0)
    assert cuc.pack(65_536 * NS - 1) == b"\xff\xff"
    assert cuc.unpack(b"\xff\xff") == 65_535 * NS


@MODEST
@given(FORMATS, st.data())
def test_time_is_rounded_down_by_less_than_a_step(cuc: CucFormat, data: st.DataObject) -> None:
    """What is read back is never later than what was written, and earlier by less than one step."""
    time_ns = data.draw(st.integers(0, cuc.max_ns))
    back_ns = cuc.unpack(cuc.pack(time_ns))
    assert 0 <= (time_ns - back_ns) << 8 * cuc.fine_octets < NS
    if cuc.fine_octets >= 4:
        assert back_ns == time_ns


@MODEST
@given(st.integers(1, 7), st.integers(0, 3), st.data())
def test_time_field_survives_nanoseconds(coarse: int, fine: int, data: st.DataObject) -> None:
    """Any time field with up to three octets of fraction comes back from its nanoseconds."""
    cuc = CucFormat(CucEpoch.TAI_1958, coarse, fine)
    octets = data.draw(st.binary(min_size=cuc.octets, max_size=cuc.octets))
    assert cuc.pack(cuc.unpack(octets)) == octets


@MODEST
@given(st.integers(0, 2**32 * NS - 1))
def test_telemetry_time_is_cuc_4_2(time_ns: int) -> None:
    """The time of a telemetry header is a CUC of 4 + 2 octets."""
    seconds, subseconds = split_time(time_ns)
    assert CucFormat().pack(time_ns) == seconds.to_bytes(4, "big") + subseconds.to_bytes(2, "big")


@pytest.mark.parametrize("time_ns", [-1, 2**32 * NS])
def test_times_that_do_not_fit(time_ns: int) -> None:
    """A time before the epoch or after the last that fits is refused instead of wrapped."""
    with pytest.raises(FieldRangeError) as caught:
        CucFormat().pack(time_ns)
    assert caught.value.highest == 2**32 * NS - 1


@pytest.mark.parametrize("octets", range(6))
def test_truncated_time_field(octets: int) -> None:
    """A time field cut at any octet is too short."""
    with pytest.raises(TooShortError):
        CucFormat().unpack(bytes(octets))
