"""The CDS short time code against spacepackets (us-irs)."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlm_cmd.packets.time_codes.cds import CdsFormat
from tlm_cmd.packets.time_codes.cuc import CucEpoch, CucFormat
from tlm_cmd.packets.time_codes.utc import UtcTime

pytest.importorskip("spacepackets")

from spacepackets.ccsds.time import CcsdsTimeCodeId, CdsShortTimestamp
from spacepackets.ccsds.time.common import read_p_field

MODEST = settings(max_examples=200, deadline=None)
SHORT = CdsFormat()


@MODEST
@given(st.integers(0, 0xFFFF), st.integers(0, 86_399_999))
def test_short_cds_agrees_in_both_directions(day: int, milliseconds: int) -> None:
    """Both write the same seven octets, and each reads the other's day and milliseconds back."""
    time = UtcTime(day, milliseconds * 1_000_000)
    theirs = CdsShortTimestamp(day, milliseconds, init_dt_unix_stamp=False)
    octets = SHORT.pack_p_field() + SHORT.pack(time)
    assert octets == theirs.pack()
    assert CdsShortTimestamp.unpack_from_raw(octets) == (day, milliseconds)
    assert CdsFormat.unpack_p_field(theirs.pack()) == SHORT
    assert SHORT.unpack(theirs.pack()[1:]) == time


@MODEST
@given(st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2137, 1, 1)))  # noqa: DTZ001 - made aware below
def test_dates_agree(when: datetime) -> None:
    """The peer's time of a date, to its millisecond, is the date that we read from it."""
    when = when.replace(microsecond=when.microsecond // 1000 * 1000, tzinfo=UTC)
    time = SHORT.unpack(CdsShortTimestamp.from_datetime(when).pack()[1:])
    found = datetime(time.date.year, time.date.month, time.date.day, tzinfo=UTC)
    assert abs(found + timedelta(microseconds=time.ns_of_day // 1000) - when) <= timedelta(milliseconds=1)


@pytest.mark.parametrize(
    ("octets", "kind"),
    [
        (CucFormat().pack_p_field(), CcsdsTimeCodeId.CUC_CCSDS_EPOCH),
        (CucFormat(CucEpoch.AGENCY).pack_p_field(), CcsdsTimeCodeId.CUC_AGENCY_EPOCH),
        (SHORT.pack_p_field(), CcsdsTimeCodeId.CDS),
    ],
)
def test_time_codes_are_told_apart(octets: bytes, kind: CcsdsTimeCodeId) -> None:
    """The peer, which has no CUC of its own, tells by our P-field which code follows."""
    assert read_p_field(octets[0]) == kind
