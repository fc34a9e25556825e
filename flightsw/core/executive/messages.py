"""Interface of the executive: the apps' lives, and the bus's ledger."""

from __future__ import annotations

from typing import Annotated

from flightsw.messages.bus import DropCount
from tlm_cmd.definition.fields import U16, U32, U64, UpTo
from tlm_cmd.definition.message import Command, Event, Severity, Telemetry
from tlm_cmd.packets.verification import MAX_REASON_OCTETS


class RestartApp(Command, code=2):
    """Restart one app from its checkpoint; others of its process go on."""

    app: Annotated[str, UpTo(32), "the app's name in the mission"]


class ExecutiveStatus(Telemetry, period_s=10):
    """Processes, restarts and the bus's ledger over all processes."""

    apps: Annotated[int, U16, "running"]
    processes: Annotated[int, U16, "operating-system processes of apps"]
    restarts: Annotated[int, U32, "apps restarted since boot, for any cause"]
    sent: Annotated[int, U64, "messages sent on the bus"]
    offered: Annotated[int, U64, "sent x destinations"]
    delivered: Annotated[int, U64]
    queued: Annotated[int, U32]
    dropped: Annotated[tuple[DropCount, ...], UpTo(16)]
    unrouted: Annotated[int, U64, "sent while nobody was subscribed"]
    ledger_closed: bool
    slots_skipped: Annotated[int, U32, "slots of the cyclic scheduler that were too late to run"]


class AppRestarted(Event, code=32, severity=Severity.ERROR, text="{app} restarted: {cause}"):
    """An app was restarted."""

    app: Annotated[str, UpTo(32)]
    cause: Annotated[str, UpTo(MAX_REASON_OCTETS)]


class RestartsExhausted(Event, code=33, severity=Severity.CRITICAL, text="{app} failed too often, no more restarts"):
    """An app is left stopped because it failed too often within the window."""

    app: Annotated[str, UpTo(32)]
