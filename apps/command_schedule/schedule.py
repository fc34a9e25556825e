"""The stored telecommands: what is kept of them, what may be stored, and which are due. Pure."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Sequence

import msgspec

from apps.command_schedule.messages import MAX_STORED, MAX_STORED_OCTETS, StoredRequest
from flightsw.errors import FlightSoftwareError


class ScheduleError(FlightSoftwareError):
    """What cannot be stored, or is not stored; says why."""


class Stored(msgspec.Struct, frozen=True, order=True):
    """One telecommand that waits; they are ordered by time, then by the order in which they came.

    Attributes:
        release_tai_ns: when it is due.
        number: counts up over all telecommands stored.
        source: source id of its request id.
        apid: APID of its request id.
        sequence: sequence count of its request id.
        function: function code, 0 where the packet does not say it.
        packet: the whole packet.
    """

    release_tai_ns: int
    number: int
    source: int
    apid: int
    sequence: int
    function: int
    packet: bytes

    @property
    def request(self) -> StoredRequest:
        """By what it is deleted and shifted."""
        return StoredRequest(self.source, self.apid, self.sequence)


class ScheduleState(msgspec.Struct):
    """What the app remembers: ``inserted = len(stored) + released + expired + missed + deleted``.

    Attributes:
        enabled: telecommands are released.
        stored: those that wait, the next one first.
        number: of the telecommand stored last.
        inserted: telecommands stored.
        released: handed to the command ingest.
        expired: not released because they were too late.
        missed: not released because that was not enabled.
        deleted: by command.
        refused: never stored.
    """

    enabled: bool = False
    stored: list[Stored] = []
    number: int = 0
    inserted: int = 0
    released: int = 0
    expired: int = 0
    missed: int = 0
    deleted: int = 0
    refused: int = 0


def insert(state: ScheduleState, commands: Sequence[Stored], now_tai_ns: int) -> None:
    """Store telecommands, all or none.

    Raises:
        ScheduleError: a time is past, a request id is stored already or twice, or there is no room.
    """
    requests = {each.request for each in state.stored}
    for command in commands:
        if command.release_tai_ns <= now_tai_ns:
            late_s = (now_tai_ns - command.release_tai_ns) / 1e9
            raise ScheduleError(f"{_name(command.request)}: its time is past since {late_s:.3f} s")
        if command.request in requests:
            raise ScheduleError(f"{_name(command.request)} is stored already")
        requests.add(command.request)
    if len(requests) > MAX_STORED:
        raise ScheduleError(f"{len(state.stored)} commands are stored, at most {MAX_STORED} can be")
    octets = _octets(state.stored) + _octets(commands)
    if octets > MAX_STORED_OCTETS:
        raise ScheduleError(f"{octets} octets to be stored, at most {MAX_STORED_OCTETS} can be")
    for command in commands:
        state.number += 1
        insort(state.stored, msgspec.structs.replace(command, number=state.number))
    state.inserted += len(commands)


def delete(state: ScheduleState, requests: Sequence[StoredRequest]) -> None:
    """Forget telecommands, all or none.

    Raises:
        ScheduleError: one of them is not stored.
    """
    found = _found(state, requests)
    state.stored = [each for each in state.stored if each not in found]
    state.deleted += len(found)


def shift(state: ScheduleState, requests: Sequence[StoredRequest], offset_ns: int, now_tai_ns: int) -> None:
    """Move the times of telecommands, of all or of none.

    Raises:
        ScheduleError: one of them is not stored, or would be due in the past.
    """
    found = _found(state, requests)
    for each in found:
        if each.release_tai_ns + offset_ns <= now_tai_ns:
            raise ScheduleError(f"{_name(each.request)}: its new time would be past")
    state.stored = sorted(
        msgspec.structs.replace(each, release_tai_ns=each.release_tai_ns + offset_ns) if each in found else each
        for each in state.stored
    )


def clear(state: ScheduleState) -> None:
    """Forget all telecommands, and release none."""
    state.deleted += len(state.stored)
    state.stored, state.enabled = [], False


def take_due(
    state: ScheduleState, now_tai_ns: int, longest_delay_ns: int, most: int = MAX_STORED
) -> tuple[list[Stored], list[Stored], int]:
    """Take those whose time has come, at most so many at once; the others are taken next time.

    Returns:
        Those to be released; those that are later than ``longest_delay_ns`` and expire; and how many are forgotten
        because none is to be released now.
    """
    count = min(most, sum(each.release_tai_ns <= now_tai_ns for each in state.stored))
    due, state.stored = state.stored[:count], state.stored[count:]
    if not state.enabled:
        state.missed += len(due)
        return [], [], len(due)
    expired = [each for each in due if now_tai_ns - each.release_tai_ns > longest_delay_ns]
    released = [each for each in due if now_tai_ns - each.release_tai_ns <= longest_delay_ns]
    state.expired += len(expired)
    state.released += len(released)
    return released, expired, 0


def _found(state: ScheduleState, requests: Sequence[StoredRequest]) -> list[Stored]:
    stored = {each.request: each for each in state.stored}
    for request in requests:
        if request not in stored:
            raise ScheduleError(f"{_name(request)} is not stored")
    return [stored[request] for request in dict.fromkeys(requests)]


def _octets(commands: Iterable[Stored]) -> int:
    return sum(len(each.packet) for each in commands)


def _name(request: StoredRequest) -> str:
    return f"command {request.sequence} of source {request.source} to APID 0x{request.apid:03x}"
