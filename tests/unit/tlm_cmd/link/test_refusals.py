import msgspec
import pytest

from tlm_cmd.errors import (
    ChecksumError,
    FieldRangeError,
    LengthMismatchError,
    ProtocolError,
    TooShortError,
    WrongSpacecraftError,
    WrongValueError,
    WrongVersionError,
)
from tlm_cmd.link.refusals import FrameRefusal, RefusalCounters, refusal_of


def test_every_reason_has_its_counter() -> None:
    """Reasons and counters are the same set, and counting one reason changes its counter alone."""
    assert [reason.value for reason in FrameRefusal] == list(RefusalCounters.__struct_fields__)
    for reason in FrameRefusal:
        counters = RefusalCounters()
        counters.count(reason)
        assert {other for other in FrameRefusal if counters.of(other)} == {reason}
        assert counters.total == 1


def test_total_is_the_sum() -> None:
    """The total is the sum over all reasons."""
    counters = RefusalCounters(*range(len(FrameRefusal)))
    assert counters.total == sum(msgspec.structs.astuple(counters))


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (TooShortError("x", 2, 1), FrameRefusal.TOO_SHORT),
        (LengthMismatchError("x", 2, 1), FrameRefusal.BAD_LENGTH),
        (ChecksumError("x", 2, 1), FrameRefusal.BAD_CRC),
        (WrongVersionError("x", 2, 1), FrameRefusal.BAD_VERSION),
        (WrongSpacecraftError("x", 2, 1), FrameRefusal.WRONG_SPACECRAFT),
        (WrongValueError("x", 2, 1), FrameRefusal.BAD_HEADER),
        (FieldRangeError("x", 2, 0, 1), FrameRefusal.BAD_HEADER),
    ],
)
def test_reason_of_an_error(error: ProtocolError, reason: FrameRefusal) -> None:
    """Each error of a frame is counted under its own reason."""
    assert refusal_of(error) is reason
