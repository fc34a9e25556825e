"""Which events go down the link without their fields. Pure."""

from __future__ import annotations

from typing import assert_never

from apps.telemetry_output.messages import EventForm
from flightsw.messages.events import ANSWERS
from tlm_cmd.definition.message import Event, Severity


def is_short(event: Event, form: EventForm) -> bool:
    """Whether an event goes down in the short form; what somebody has asked for never does."""
    if isinstance(event, ANSWERS):
        return False
    match form:
        case EventForm.LONG:
            return False
        case EventForm.SHORT_BELOW_ERROR:
            return event.severity < Severity.ERROR
        case EventForm.SHORT:
            return True
        case _:
            assert_never(form)
