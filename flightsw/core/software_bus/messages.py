"""Interface of the software bus app: the links between processes."""

from __future__ import annotations

from typing import Annotated

from tlm_cmd.definition.fields import U32, U64, UpTo
from tlm_cmd.definition.message import Command, Event, Record, Severity, Telemetry
from tlm_cmd.packets.verification import MAX_REASON_OCTETS

MAX_REPORTED_LINKS = 64

ProcessName = Annotated[str, UpTo(32), "a process of the mission"]


class ReportLinks(Command, code=2):
    """Publish a LinkReport for each process."""


class LinkAccount(Record):
    """What one process gave to another, by the newest accounts of both."""

    receiver: ProcessName
    offered: Annotated[int, U64, "by the sender's present incarnation, what it dropped itself included"]
    received: Annotated[int, U64, "came and could be read"]
    malformed: Annotated[int, U64, "came and could not be read"]
    lost: Annotated[int, U64, "did not come, what the sender dropped itself included"]


class LinkReport(Telemetry):
    """The links of one process, since it started."""

    process: ProcessName
    links: Annotated[tuple[LinkAccount, ...], UpTo(MAX_REPORTED_LINKS)]
    unconfirmed: Annotated[int, U32, "commands accepted here that their receivers have not dealt with yet"]
    resent: Annotated[int, U32, "commands sent again"]
    duplicates: Annotated[int, U32, "commands that had been taken before"]
    out_of_order: Annotated[int, U32, "commands before which one was missing"]
    unkept: Annotated[int, U32, "commands that could not be written down for a successor"]
    foreign: Annotated[int, U32, "octets that were no batch of this vehicle"]
    different: Annotated[int, U32, "batches of processes with another dictionary"]
    refused_connections: Annotated[int, U32, "of other computers, for want of a key on the list"]


class BusStatus(Telemetry, period_s=60):
    """The links of all processes together, since each of them started."""

    unconfirmed: Annotated[int, U32, "commands accepted that their receivers have not dealt with yet"]
    resent: Annotated[int, U32, "commands sent again"]
    unkept: Annotated[int, U32, "commands that could not be written down for a successor"]
    foreign: Annotated[int, U32, "messages that were no batch of this vehicle"]
    different: Annotated[int, U32, "batches of processes with another dictionary"]
    refused_connections: Annotated[int, U32, "of other computers, for want of a key on the list"]


class ForeignOctets(Event, code=32, severity=Severity.ERROR, text="{process} got {count} messages that are no batches"):
    """Something that is no process of this vehicle has written to an inbox."""

    process: ProcessName
    count: Annotated[int, U32]


class DifferentDictionary(
    Event,
    code=33,
    severity=Severity.CRITICAL,
    text="{process} refuses {sender}: it declares messages differently",
):
    """Two processes run different software or mission files; nothing passes from one to the other."""

    process: ProcessName
    sender: ProcessName


class ConnectionRefused(Event, code=34, severity=Severity.ERROR, text="{process} refused a connection from {who}"):
    """A computer whose key is not on the list has tried to connect."""

    process: ProcessName
    who: Annotated[str, UpTo(MAX_REASON_OCTETS), "its address, and why"]


class CommandsNotKept(Event, code=35, severity=Severity.ERROR, text="{process} cannot keep commands for a successor"):
    """A full or broken disk: commands of this process are no longer kept for a successor."""

    process: ProcessName
