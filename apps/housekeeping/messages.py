"""Interface of the housekeeping app: the vehicle at a glance."""

from __future__ import annotations

from typing import Annotated

from tlm_cmd.definition.fields import U8, U16, U32, U64, Length, Unit, UpTo
from tlm_cmd.definition.message import Event, Record, Severity, Telemetry


class AppHealth(Record):
    """One app at a glance."""

    apid: Annotated[int, U16, "the app's, to which its commands go"]
    errors: Annotated[int, U16, "handlers that raised"]
    restarts: Annotated[int, U16, "starts after the first"]
    failed: Annotated[int, U16, "commands rejected or failed"]
    silent_s: Annotated[int, U16, Unit("s"), "since its last housekeeping packet"]


class SystemStatus(Telemetry, period_s=10):
    """The vehicle at a glance."""

    dictionary: Annotated[bytes, Length(8), "first octets of the dictionary's content hash"]
    utc_s: Annotated[int, U64, Unit("s"), "UTC since 1970, by the newest GPS fix; 0 before the first"]
    accepted: Annotated[int, U32, "commands accepted by all apps"]
    failed: Annotated[int, U32, "commands rejected or failed in all apps"]
    errors: Annotated[int, U32, "handlers that raised in all apps"]
    events: Annotated[int, U32, "events of all apps"]
    silent_apps: Annotated[int, U8, "apps without a recent housekeeping packet"]
    apps: Annotated[tuple[AppHealth, ...], UpTo(64), "those heard of, in the order of the mission"]


class AppSilent(Event, code=32, severity=Severity.ERROR, text="{app} sent no housekeeping for {seconds} s"):
    """An app has stopped reporting."""

    app: Annotated[str, UpTo(32)]
    seconds: Annotated[int, U16, Unit("s")]


class AppHeardAgain(Event, code=33, text="{app} sends housekeeping again"):
    """An app that had stopped reporting is back."""

    app: Annotated[str, UpTo(32)]
