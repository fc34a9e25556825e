"""Interface of the diary."""

from __future__ import annotations

from typing import Annotated

from flightsw.services.time_quality import ClockState
from tlm_cmd.definition.fields import I64, U32, U64, UpTo
from tlm_cmd.definition.message import Telemetry


class Page(Telemetry, period_s=0.5):
    """All clocks at one moment, and where the minor frames lie."""

    count: Annotated[int, U32]
    monotonic_ns: Annotated[int, U64]
    met_ns: Annotated[int, U64]
    tai_ns: Annotated[int, U64]
    state: ClockState
    uncertainty_ns: Annotated[int, U64]
    major_frame_monotonic_ns: Annotated[int, I64, "begin of the running major frame"]


class Appointment(Telemetry):
    """A calendar entry fell due."""

    entry: Annotated[str, UpTo(16)]
    fire_utc_s: Annotated[int, U64]
    skipped: Annotated[int, U32]
