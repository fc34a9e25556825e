"""Reports that have a packet of their own in the packet utilisation standard (ECSS-E-ST-70-41C, clause 8).

An app that makes one declares a class of its own derived from it, so that it is a packet of the app in any profile.
"""

from __future__ import annotations

from typing import Annotated

from tlm_cmd.definition.fields import U8, U16, U32, Tail, Unit
from tlm_cmd.definition.message import Telemetry

MAX_VALUES_OCTETS = 1024


class ConnectionTested(Telemetry):
    """An app has answered a connection test: TM[17,2], or TM[17,4] when it was asked by another app."""

    apid: Annotated[int, U16, "of the app to which the test was addressed"]
    tested: Annotated[int, U16, "APID of the app that has answered"]


class ParametersReported(Telemetry):
    """What parameters of an app are: TM[20,2]."""

    apid: Annotated[int, U16, "of the app"]
    count: Annotated[int, U8, "how many parameters"]
    values: Annotated[bytes, Tail(MAX_VALUES_OCTETS), "identifiers, two octets each, and values, in turn"]


class TimeReported(Telemetry):
    """Spacecraft time, by which the ground correlates its own: TM[9,2] or TM[9,3]."""

    rate: Annotated[int, U8, "one report with every 2^rate frames"]
    tai_s: Annotated[int, U32, Unit("s"), "TAI since 1958-01-01"]
    tai_subseconds: Annotated[int, U16, "1/65536 s"]
