import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlm_cmd.errors import FieldRangeError, ProtocolError, TooShortError, WrongValueError, WrongVersionError
from tlm_cmd.frames.clcw import Clcw
from tlm_cmd.sdls.security_report import FrameSecurityReport

REPORTS = st.builds(
    FrameSecurityReport,
    st.integers(0, 0xFFFF),
    st.integers(0, 255),
    *[st.booleans()] * 4,
)


@given(REPORTS)
def test_round_trip(report: FrameSecurityReport) -> None:
    """Every report comes back from its word, which is never taken for a CLCW."""
    assert FrameSecurityReport.unpack(report.pack()) == report
    with pytest.raises(WrongValueError, match="control word type"):
        Clcw.unpack(report.pack())


@pytest.mark.parametrize(
    ("report", "word"),
    [
        (FrameSecurityReport(), "c0000000"),
        (FrameSecurityReport(0x1234, 0xAB), "c01234ab"),
        (FrameSecurityReport(alarm=True), "c8000000"),
        (FrameSecurityReport(bad_sequence_number=True), "c4000000"),
        (FrameSecurityReport(bad_mac=True), "c2000000"),
        (FrameSecurityReport(bad_association=True), "c1000000"),
    ],
)
def test_known_words(report: FrameSecurityReport, word: str) -> None:
    """Type 1, version 100, alarm, bad sequence number, bad MAC, bad association, SPI, sequence octet: in this order."""
    assert report.pack().hex() == word
    assert FrameSecurityReport.unpack(bytes.fromhex(word)) == report


@pytest.mark.parametrize(
    ("octets", "error"),
    [("c00000", TooShortError), ("01040005", WrongValueError), ("80000000", WrongVersionError)],
)
def test_other_words(octets: str, error: type[ProtocolError]) -> None:
    """A short word, a CLCW, and a report of another version are refused by name."""
    with pytest.raises(error):
        FrameSecurityReport.unpack(bytes.fromhex(octets))


@pytest.mark.parametrize(("field", "value"), [("last_spi", 65536), ("sequence_octet", 256), ("last_spi", -1)])
def test_limits(field: str, value: int) -> None:
    """A field that does not fit its bits is refused."""
    with pytest.raises(FieldRangeError):
        FrameSecurityReport(**{field: value})
