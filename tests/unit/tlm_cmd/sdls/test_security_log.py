import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlm_cmd.errors import FieldRangeError, LengthMismatchError, ProtocolError, TooShortError, WrongValueError
from tlm_cmd.sdls.refusals import ProcessRefusal
from tlm_cmd.sdls.security_log import EVENT_OCTETS, MAX_EVENTS, EventCode, SecurityEvent, SecurityLog, event_of

EVENTS = st.builds(
    SecurityEvent,
    st.sampled_from(EventCode),
    st.integers(0, 0xFFFF),
    st.integers(0, 2**64 - 1),
    st.integers(-(2**63), 2**63 - 1),
)


@given(EVENTS)
def test_round_trip(event: SecurityEvent) -> None:
    """Every event comes back from its octets."""
    assert SecurityEvent.unpack(event.pack()) == event


def test_known_octets() -> None:
    """Tag, length of the value, SPI, sequence number and time stand in this order."""
    event = SecurityEvent(EventCode.REPLAYED, 0x0102, 5, 7)
    assert event.pack().hex() == "0a" + "0012" + "0102" + "0000000000000005" + "0000000000000007"


@pytest.mark.parametrize(
    ("octets", "error"),
    [
        (b"\x08", TooShortError),
        (b"\x08\x00\x12" + bytes(17), LengthMismatchError),
        (b"\x08\x00\x12" + bytes(19), LengthMismatchError),
        (b"\x08\x00\x11" + bytes(18), LengthMismatchError),
        (b"\xff\x00\x12" + bytes(18), WrongValueError),
    ],
)
def test_what_is_no_event(octets: bytes, error: type[ProtocolError]) -> None:
    """A cut event, a wrong length and an unknown tag are refused by name."""
    with pytest.raises(error):
        SecurityEvent.unpack(octets)


def test_limits() -> None:
    """A field that does not fit is refused."""
    for arguments in ((65536, 0, 0), (0, 2**64, 0), (0, 0, 2**63)):
        with pytest.raises(FieldRangeError):
            SecurityEvent(EventCode.BAD_MAC, *arguments)


def test_a_flood_does_not_wash_the_beginning_away() -> None:
    """The log keeps its first 64 events and counts the others; erasing makes room, and the sum holds."""
    log = SecurityLog()
    for number in range(MAX_EVENTS + 10):
        log.add(EventCode.BAD_MAC, 1, number, number)
        assert log.seen == len(log.events) + log.overflows + log.erased
        assert log.remaining == MAX_EVENTS - len(log.events)
    assert [event.counter for event in log.events] == list(range(MAX_EVENTS))
    assert log.overflows == 10
    log.erase()
    log.add(EventCode.BAD_MAC, 1, 99, 99)
    assert (len(log.events), log.erased, log.seen) == (1, MAX_EVENTS, MAX_EVENTS + 11)


def test_every_refusal_is_an_event() -> None:
    """Each reason for refusing a frame has an event of its own name, and an event has a fixed length."""
    assert [event_of(refusal).name for refusal in ProcessRefusal] == [refusal.name for refusal in ProcessRefusal]
    assert len(SecurityEvent(EventCode.BAD_MAC, 1, 1, 1).pack()) == EVENT_OCTETS
