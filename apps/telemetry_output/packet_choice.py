"""Packets named by their numbers within an app, and how often they are to be sent. Pure."""

from __future__ import annotations

from flightsw.errors import FlightSoftwareError
from tlm_cmd.definition.dictionary import Dictionary
from tlm_cmd.packets.verification import VerificationReport

MAX_ONE_OF = 255
_MS_PER_S = 1000


class ChoiceError(FlightSoftwareError):
    """No such packet, or one that cannot be sent so; says why."""


def chosen(dictionary: Dictionary, apid: int, packets: tuple[int, ...]) -> tuple[int, ...]:
    """The APIDs of packets of one app.

    Args:
        dictionary: the mission's words.
        apid: the app's.
        packets: numbers of packets.

    Raises:
        ChoiceError: there is no such app or packet, or it is the one that verifies commands.
    """
    app = dictionary.app_of(apid)
    if app is None or dictionary.apid_of(app) != apid:
        raise ChoiceError(f"no app has APID 0x{apid:03x}")
    for number in packets:
        entry = dictionary.telemetry_by_apid(apid + number)
        if entry is None or entry.app != app:
            raise ChoiceError(f"{app} has no packet {number}")
        if entry.record is VerificationReport:
            raise ChoiceError(f"packet {number} of {app} verifies commands, and is always sent")
    return tuple(apid + number for number in packets)


def one_of_so_many(dictionary: Dictionary, apid: int, interval_ms: int) -> int:
    """Of how many packets one is sent, so that they come at an interval.

    Raises:
        ChoiceError: the packet is not made periodically, or the interval is no multiple of its period, or too long.
    """
    entry = dictionary.telemetry_by_apid(apid)
    period_s = None if entry is None else entry.record.period_s
    if entry is None or period_s is None:
        raise ChoiceError(f"the packet of APID 0x{apid:03x} is not made periodically")
    period_ms = round(period_s * _MS_PER_S)
    count, rest = divmod(interval_ms, max(1, period_ms))
    if rest or not 1 <= count <= MAX_ONE_OF:
        raise ChoiceError(
            f"{entry.name} at {interval_ms} ms: allowed are multiples of {period_ms} up to {period_ms * MAX_ONE_OF}"
        )
    return count
