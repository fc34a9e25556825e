import msgspec
import pytest

from tlm_cmd.cop1.fop_outputs import Alert, FopOutput, FrameDataUnit, TransmitFrame, UnitAnswer
from tlm_cmd.cop1.fop_variables import FopParameters
from tlm_cmd.cop1.fop_vocabulary import AlertCode, Answer, Directive, FopState, TimeoutType
from tlm_cmd.cop1.sender import Cop1Sender, Cop1SenderState
from tlm_cmd.errors import FieldRangeError
from tlm_cmd.frames.clcw import Clcw
from tlm_cmd.frames.tc import TcFrameType

PARAMETERS = FopParameters(window=2, t1_initial_ns=1000)


def unit(tag: int) -> FrameDataUnit:
    """Return a unit with a tag."""
    return FrameDataUnit(bytes([tag]), tag=tag)


def tags(outputs: list[FopOutput]) -> list[int]:
    """Return the units of the frames handed out."""
    return [output.unit.tag for output in outputs if isinstance(output, TransmitFrame)]


def answered(outputs: list[FopOutput], answer: Answer) -> list[int]:
    """Return the units with one answer."""
    return [output.tag for output in outputs if isinstance(output, UnitAnswer) and output.answer is answer]


def active(queue_units: int = 10, parameters: FopParameters = PARAMETERS) -> Cop1Sender:
    """Return a sender whose service is in use."""
    sender = Cop1Sender(parameters, queue_units)
    sender.directive(Directive.INITIATE_WITHOUT_CLCW_CHECK, 0)
    return sender


def check_books(sender: Cop1Sender) -> None:
    """Assert that every unit is accounted for."""
    counters = sender.state.counters
    assert counters.submitted == (
        counters.passed_on + counters.refused_full + counters.given_up + len(sender.state.queue)
    )
    assert counters.passed_on == sender.state.fop.counters.ad_requests


def test_units_follow_as_the_window_opens() -> None:
    """Units queue in order behind the window, and leave as reports open it."""
    sender = active()
    assert [tags(sender.send(unit(tag), 0)) for tag in range(6)] == [[0], [1], [], [], [], []]
    assert [item.tag for item in sender.state.queue] == [3, 4, 5]
    outputs = sender.on_clcw(Clcw(0, 2), 1)
    assert tags(outputs) == [2, 3]
    assert answered(outputs, Answer.CONFIRMED) == [0, 1]
    assert tags(sender.on_clcw(Clcw(0, 4), 2)) == [4, 5]
    assert answered(sender.on_clcw(Clcw(0, 6), 3), Answer.CONFIRMED) == [4, 5]
    assert sender.deadline_ns is None
    check_books(sender)


def test_a_full_queue_refuses() -> None:
    """The queue has a bound, and a unit beyond it is rejected and counted."""
    sender = active(queue_units=2)
    outputs = [sender.send(unit(tag), 0) for tag in range(7)]
    assert [answered(output, Answer.REJECTED) for output in outputs] == [[], [], [], [], [], [5], [6]]
    assert sender.state.counters.refused_full == 2
    check_books(sender)


def test_an_alert_empties_the_queue() -> None:
    """Units behind one that may not have arrived are rejected, in order, and not sent when the service begins again."""
    sender = active()
    for tag in range(5):
        sender.send(unit(tag), 0)
    outputs = sender.on_clcw(Clcw(0, 1, lockout=True), 1)
    assert Alert(AlertCode.LOCKOUT) in outputs
    assert answered(outputs, Answer.NOT_CONFIRMED) == [0, 1]
    assert answered(outputs, Answer.REJECTED) == [2, 3, 4]
    assert sender.state.counters.given_up == 2
    assert tags(sender.directive(Directive.INITIATE_WITHOUT_CLCW_CHECK, 2)) == []
    assert tags(sender.send(unit(9), 3)) == [9]
    check_books(sender)


def test_units_wait_while_the_service_begins() -> None:
    """Units sent during the initiation leave when a report confirms it; without a service they are rejected."""
    sender = Cop1Sender(PARAMETERS)
    assert answered(sender.send(unit(0), 0), Answer.REJECTED) == [0]
    sender.directive(Directive.INITIATE_WITH_UNLOCK, 0)
    assert sender.send(unit(1), 0) == []
    outputs = sender.on_clcw(Clcw(0, 0), 1)
    assert tags(outputs) == [1]
    check_books(sender)


def test_units_wait_while_the_service_is_suspended() -> None:
    """A suspension keeps the queue, also what is added to it, until the service is resumed."""
    suspending = msgspec.structs.replace(PARAMETERS, transmission_limit=1, timeout_type=TimeoutType.SUSPEND)
    sender = active(parameters=suspending)
    for tag in range(4):
        sender.send(unit(tag), 0)
    sender.poll(1000)
    assert sender.status().suspend_state == 1
    assert sender.send(unit(4), 1000) == []
    sender.directive(Directive.RESUME, 2000)
    assert tags(sender.on_clcw(Clcw(0, 2), 2000)) == [2, 3]
    assert tags(sender.on_clcw(Clcw(0, 4), 2000)) == [4]
    check_books(sender)


def test_bypass_goes_ahead_of_the_queue() -> None:
    """A BD unit leaves at once, whatever waits."""
    sender = active()
    for tag in range(5):
        sender.send(unit(tag), 0)
    assert tags(sender.send_bypass(unit(9), 0)) == [9]
    check_books(sender)


def test_lower_procedures_that_answer_later() -> None:
    """Each answer of a half-duplex caller releases the next unit of the queue; a rejection empties it."""
    sender = active(parameters=msgspec.structs.replace(PARAMETERS, accepted_at_once=False))
    assert [tags(sender.send(unit(tag), 0)) for tag in range(4)] == [[0], [], [], []]
    assert tags(sender.lower_accepts(TcFrameType.AD, 1)) == [1]
    outputs = sender.lower_rejects(TcFrameType.AD, 2)
    assert answered(outputs, Answer.REJECTED) == [2, 3]
    check_books(sender)


def test_an_invalid_report_ends_the_service() -> None:
    """A report that is none ends the service, and the queue with it."""
    sender = active()
    for tag in range(4):
        sender.send(unit(tag), 0)
    outputs = sender.on_invalid_clcw(1)
    assert Alert(AlertCode.CLCW) in outputs
    assert answered(outputs, Answer.REJECTED) == [2, 3]
    assert sender.state.fop.state is FopState.INITIAL
    check_books(sender)


@pytest.mark.parametrize("units", [0, 65_537])
def test_the_bound_must_be_one(units: int) -> None:
    """The queue can be as long as its limits say."""
    with pytest.raises(FieldRangeError, match="queue units"):
        Cop1Sender(PARAMETERS, units)


def test_state_can_be_saved_and_restored() -> None:
    """A sender goes on from a saved state as if it were the first."""
    first, second = active(), Cop1Sender(PARAMETERS, 10)
    for tag in range(5):
        first.send(unit(tag), 0)
    second.state = msgspec.msgpack.decode(msgspec.msgpack.encode(first.state), type=Cop1SenderState)
    assert second.state == first.state
    assert second.parameters == first.parameters
    assert second.on_clcw(Clcw(0, 2), 1) == first.on_clcw(Clcw(0, 2), 1) != []
    assert second.poll(2000) == first.poll(2000) != []
    assert second.state == first.state
