"""What is done about faults (CCSDS 727.0-B-5, section 4.8)."""

from collections.abc import Iterable

from tlm_cmd.cfdp.codes import ConditionCode, FaultHandler
from tlm_cmd.cfdp.pdu.tlv import FaultHandlerOverride

NO_FAULTS = frozenset((ConditionCode.NO_ERROR, ConditionCode.SUSPEND_REQUEST, ConditionCode.CANCEL_REQUEST))
"""Conditions for which there are no handlers."""


def handler_for(condition: ConditionCode, *overrides: Iterable[FaultHandlerOverride]) -> FaultHandler:
    """Return what is to be done about a fault.

    The first that names the condition decides: those of the transaction come before those of the entity. Without
    one, an unsupported checksum type is ignored, since the file may be good and the Finished tells; all other
    faults cancel the transaction.

    Args:
        condition: the fault.
        overrides: from the strongest to the weakest.
    """
    for handlers in overrides:
        for override in handlers:
            if override.condition is condition:
                return override.handler
    return FaultHandler.IGNORE if condition is ConditionCode.UNSUPPORTED_CHECKSUM else FaultHandler.CANCEL
