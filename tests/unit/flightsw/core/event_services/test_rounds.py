from flightsw.app import Ticket
from flightsw.core.event_services.rounds import Round
from tlm_cmd.packets.verification import FailureCode, RequestId, Stage, VerificationReport

ASKED = Ticket(0, 0xC0, 1, 2)


def ticket(apid: int) -> Ticket:
    """A command that event services have sent to an app."""
    return Ticket(0xC0, apid, 7, 117)


def report(apid: int, stage: Stage, code: FailureCode = FailureCode.NONE, reason: str = "") -> VerificationReport:
    """A report about it."""
    return VerificationReport(RequestId(0xC0, apid, 7, 117), stage, code, 0, reason)


def waiting() -> Round:
    """A round of two apps."""
    return Round(ASKED, 100, {"first": ticket(0x10), "second": ticket(0x20)})


def test_a_round_is_over_when_all_have_answered() -> None:
    """Only verdicts count, each once, and only those of this round."""
    each = waiting()
    assert not each.take(report(0x10, Stage.ACCEPTED))
    assert each.take(report(0x10, Stage.COMPLETED))
    assert not each.take(report(0x10, Stage.COMPLETED))
    assert not each.take(report(0x30, Stage.COMPLETED))
    assert not each.is_over(99)
    assert each.take(report(0x20, Stage.COMPLETED))
    assert each.is_over(0)
    assert each.failure() is None


def test_a_round_ends_at_its_deadline_and_names_who_is_missing() -> None:
    """Not a nanosecond earlier."""
    each = waiting()
    each.take(report(0x20, Stage.COMPLETED))
    assert (each.is_over(99), each.is_over(100)) == (False, True)
    assert each.failure() == (FailureCode.APP_UNAVAILABLE, "no answer from first")


def test_a_refusal_is_named_with_its_reason() -> None:
    """Rejected and failed alike."""
    each = waiting()
    each.take(report(0x10, Stage.REJECTED, FailureCode.INBOX_FULL, "first: inbox full"))
    each.take(report(0x20, Stage.FAILED, FailureCode.DEVICE_FAILED, "read-only"))
    assert each.is_over(0)
    assert each.failure() == (FailureCode.NOT_POSSIBLE_NOW, "first: first: inbox full; second: read-only")
