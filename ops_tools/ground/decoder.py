"""From the octets of a telemetry packet to a named, dated object; what cannot be decoded is counted and kept."""

from __future__ import annotations

from collections import deque
from enum import StrEnum, unique

import msgspec

from ops_tools.ground.sequence import SequenceState, SequenceTracker
from tlm_cmd.definition.dictionary import Dictionary, DictionaryError
from tlm_cmd.definition.message import Event, ShortEvent, Telemetry
from tlm_cmd.errors import ChecksumError, LengthMismatchError, ProtocolError, TooShortError
from tlm_cmd.packets.cfs_profile import CfsProfile
from tlm_cmd.packets.profile import PacketProfile
from tlm_cmd.packets.pus.catalogue import UnknownMessageError
from tlm_cmd.packets.spacepacket import IDLE_APID

KEPT_UNDECODED = 64
"""Packets kept for inspection; the oldest is forgotten first."""

_NS_PER_S = 1_000_000_000


@unique
class Undecodable(StrEnum):
    """Why a packet gave no sample."""

    TOO_SHORT = "too_short"
    BAD_LENGTH = "bad_length"
    BAD_HEADER = "bad_header"
    BAD_CHECKSUM = "bad_checksum"
    UNKNOWN = "unknown"
    """No packet of the dictionary has this APID, or no event this code."""
    BAD_CONTENT = "bad_content"
    """The content does not fit its definition."""


class UndecodedPacket(msgspec.Struct, frozen=True):
    """A packet that gave no sample, kept for inspection."""

    received_ns: int
    reason: Undecodable
    detail: str
    octets: bytes


class Sample(msgspec.Struct, frozen=True, gc=False):
    """A packet decoded.

    Attributes:
        name: the dictionary's name: ``THERMAL.THERMAL_STATUS``.
        app: the app that sent it.
        apid: its APID.
        sequence: its sequence count.
        time_ns: spacecraft time, TAI in nanoseconds since 1958-01-01.
        received_ns: ground time of its arrival.
        sequence_gap: packets of this APID that are missing in front of it.
        recorded: whether it was recorded on board and played back, so that newer ones may have come before.
        message: its content; of an event in the short form only what it is.
    """

    name: str
    app: str
    apid: int
    sequence: int
    time_ns: int
    received_ns: int
    sequence_gap: int
    recorded: bool
    message: Telemetry | Event | ShortEvent


class Decoder:
    """Decodes the packets of one spacecraft. It never raises.

    Args:
        dictionary: the mission's.
        packets: the profile of its packets; cFS when none is given.

    Attributes:
        undecoded: the newest packets that gave no sample.
        refused: how many gave none, by reason.
        decoded: how many gave one.
    """

    def __init__(self, dictionary: Dictionary, packets: PacketProfile | None = None) -> None:
        self.dictionary = dictionary
        self.undecoded: deque[UndecodedPacket] = deque(maxlen=KEPT_UNDECODED)
        self.refused: dict[Undecodable, int] = dict.fromkeys(Undecodable, 0)
        self.decoded = 0
        self._packets = packets or CfsProfile(dictionary)
        self._trackers = {
            apid: SequenceTracker(0 if period_s is None else round(period_s * _NS_PER_S), ordered=self._packets.ordered)
            for apid, period_s in self._packets.counting_apids().items()
        }

    def decode(self, packet: bytes, now_ns: int, *, recorded: bool = False) -> Sample | None:
        """Decode one packet that arrived at ``now_ns``; None if it cannot be, which is counted by reason."""
        try:
            received = self._packets.decode(packet)
        except ProtocolError as error:
            self._refuse(packet, now_ns, error)
            return None
        self.decoded += 1
        entry, sequence, time_ns = received.entry, received.sequence_count, received.time_ns
        counted_at = int.from_bytes(packet[:2], "big") & IDLE_APID
        gap = self._trackers[counted_at].take(sequence, time_ns, recorded=recorded)
        return Sample(entry.name, entry.app, entry.apid, sequence, time_ns, now_ns, gap, recorded, received.message)

    def sequence(self, apid: int) -> SequenceState:
        """The sequence counts of one APID on the link.

        Raises:
            DictionaryError: no packet of the mission has this APID there.
        """
        tracker = self._trackers.get(apid)
        if tracker is None:
            raise DictionaryError(f"no packet of the mission has APID 0x{apid:03x}")
        return tracker.state

    @property
    def missing(self) -> int:
        """Packets that never came, by their sequence counts, over all APIDs."""
        return sum(tracker.state.missing for tracker in self._trackers.values())

    @property
    def gaps(self) -> dict[int, int]:
        """Times that packets were missing, by APID; APIDs without a gap are left out."""
        return {apid: tracker.state.gaps for apid, tracker in self._trackers.items() if tracker.state.gaps}

    def _refuse(self, packet: bytes, now_ns: int, error: ProtocolError) -> None:
        reason = self._reason(packet, error)
        self.refused[reason] += 1
        self.undecoded.append(UndecodedPacket(now_ns, reason, str(error), packet))

    def _reason(self, packet: bytes, error: ProtocolError) -> Undecodable:
        if isinstance(error, DictionaryError | UnknownMessageError):
            return Undecodable.UNKNOWN
        try:
            self._packets.check_telemetry(packet)
        except TooShortError:
            return Undecodable.TOO_SHORT
        except LengthMismatchError:
            return Undecodable.BAD_LENGTH
        except ChecksumError:
            return Undecodable.BAD_CHECKSUM
        except ProtocolError:
            return Undecodable.BAD_HEADER
        return Undecodable.BAD_CONTENT
