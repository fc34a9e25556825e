import pytest

from tlm_cmd.cfdp.codes import ConditionCode, FaultHandler
from tlm_cmd.cfdp.faults import NO_FAULTS, handler_for
from tlm_cmd.cfdp.pdu.tlv import FaultHandlerOverride

Condition = ConditionCode


@pytest.mark.parametrize("condition", [condition for condition in Condition if condition not in NO_FAULTS])
def test_faults_cancel_unless_something_else_is_said(condition: Condition) -> None:
    """But for an unsupported checksum type: the file may be good."""
    expected = FaultHandler.IGNORE if condition is Condition.UNSUPPORTED_CHECKSUM else FaultHandler.CANCEL
    assert handler_for(condition, (), ()) is expected


def test_the_transaction_comes_before_the_entity() -> None:
    """The first that names the condition decides, and others have no say."""
    weak = (
        FaultHandlerOverride(Condition.NAK_LIMIT, FaultHandler.ABANDON),
        FaultHandlerOverride(Condition.INACTIVITY, FaultHandler.SUSPEND),
    )
    strong = (FaultHandlerOverride(Condition.NAK_LIMIT, FaultHandler.IGNORE),)
    assert handler_for(Condition.NAK_LIMIT, strong, weak) is FaultHandler.IGNORE
    assert handler_for(Condition.INACTIVITY, strong, weak) is FaultHandler.SUSPEND
    assert handler_for(Condition.CHECK_LIMIT, strong, weak) is FaultHandler.CANCEL
