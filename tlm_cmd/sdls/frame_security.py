"""Frames protected and processed by one end (CCSDS 355.0-B-2, 4.2.3 and 4.2.4).

Both take the octets of a frame that stand in front of its security header as they are on the wire, its primary header
with everything up to there, and know no more of frames. Control frames of TC (type BC) carry no security header and
never come here.
"""

from collections.abc import Sequence

import msgspec

from tlm_cmd.sdls.association import SPI_OCTETS, AssociationParameters, AssociationRecord, Role
from tlm_cmd.sdls.association_table import AssociationTable, AssociationTableState
from tlm_cmd.sdls.channel import GlobalChannel
from tlm_cmd.sdls.key_ring import KeyRing, KeyState
from tlm_cmd.sdls.refusals import (
    ProcessRefusal,
    ProcessRefusalCounters,
    ProtectionRefusedError,
    ProtectRefusal,
    ProtectRefusalCounters,
)
from tlm_cmd.sdls.security_log import EventCode, SecurityLog, event_of
from tlm_cmd.sdls.security_report import FrameSecurityReport

MAX_FRAME_OCTETS = 2048
"""The longest frame that there is: what is protected or received is no longer."""

_BAD_MAC = frozenset({ProcessRefusal.BAD_MAC})
_BAD_SEQUENCE = frozenset({ProcessRefusal.REPLAYED, ProcessRefusal.OUT_OF_WINDOW, ProcessRefusal.BAD_IV})
_BAD_ASSOCIATION = frozenset(
    {
        ProcessRefusal.UNKNOWN_SPI,
        ProcessRefusal.WRONG_ROLE,
        ProcessRefusal.NOT_OPERATIONAL,
        ProcessRefusal.WRONG_CHANNEL,
        ProcessRefusal.KEY_NOT_ACTIVE,
    }
)


class FrameSecurityCounters(msgspec.Struct):
    """What became of each frame.

    ``offered = protected + not_protected.total`` and ``received = accepted + refused.total + put_aside``.
    """

    offered: int = 0
    protected: int = 0
    not_protected: ProtectRefusalCounters = msgspec.field(default_factory=ProtectRefusalCounters)
    received: int = 0
    accepted: int = 0
    put_aside: int = 0
    """Genuine frames that somebody else did not want."""
    refused: ProcessRefusalCounters = msgspec.field(default_factory=ProcessRefusalCounters)


class FrameSecurityState(msgspec.Struct):
    """The memory of a `FrameSecurity`; there is no key in it."""

    table: AssociationTableState
    counters: FrameSecurityCounters = msgspec.field(default_factory=FrameSecurityCounters)
    log: SecurityLog = msgspec.field(default_factory=SecurityLog)
    alarm: bool = False
    """A frame was refused, or a key exhausted, since the alarm was reset."""
    last_spi: int = 0
    last_refusal: ProcessRefusal | None = None
    """Why the newest frame was refused; None if it was accepted."""
    sequence_octet: int = 0
    """The last octet of the sequence number of the newest frame that was accepted."""


class ExaminedFrame(msgspec.Struct, frozen=True, gc=False):
    """A genuine frame that has not been accepted yet; its sequence number can still come again."""

    data: bytes
    spi: int
    counter: int


class ProcessResult(msgspec.Struct, frozen=True, gc=False):
    """What a received frame gave: its data, or why it was refused."""

    data: bytes = b""
    spi: int = 0
    """What the frame said; believe it only if there is no refusal."""
    refusal: ProcessRefusal | None = None


class FrameSecurity:
    """Protects the frames that one end sends, and processes those that it receives. There is no way to do neither.

    A sender needs the state saved ahead: call `reserve`, save the state where a restart finds it, then call `saved`,
    at the beginning and whenever `reservation_due`. Up to then, and when the numbers saved so are used up, frames are
    refused. A receiver remembers what it has accepted: save the state before anything that came with a frame is done
    (`unsaved_acceptances`), or that frame can be replayed after a restart.

    Args:
        ring: the keys of this end.
        parameters: the associations of this end.

    Raises:
        WrongValueError: an SPI or a key is given to two associations.
    """

    def __init__(self, ring: KeyRing, parameters: Sequence[AssociationParameters]) -> None:
        self.table = AssociationTable(ring, parameters)
        self.unsaved_acceptances = 0
        """Frames accepted since the state was last saved."""
        self._state = FrameSecurityState(table=self.table.state)

    @property
    def state(self) -> FrameSecurityState:
        """The memory of this end. To set it is to come back after a restart, see `AssociationTable.state`."""
        return self._state

    @state.setter
    def state(self, state: FrameSecurityState) -> None:
        self.table.state = state.table
        self._state = state
        self.unsaved_acceptances = 0

    @property
    def reservation_due(self) -> bool:
        """Whether a sender in use has less than a quarter of a reservation left, so that `reserve` should be called."""
        return any(bound.is_low for bound in self.table.senders.values())

    def reserve(self) -> bool:
        """Reserve numbers for the frames to come; True if the state must now be saved, and `saved` called."""
        return self.table.reserve()

    def saved(self) -> None:
        """Take notice that the state, as it is now, will be found again after a restart."""
        self.table.saved()
        self.unsaved_acceptances = 0

    def association(self, spi: int) -> AssociationRecord | None:
        """Return what an association is doing; None for an unknown SPI."""
        return self._state.table.records.get(spi)

    def sender_parameters(self, channel: GlobalChannel) -> AssociationParameters | None:
        """Return the association that sends on a channel now, and so the overhead of the next frame; None if none."""
        bound = self.table.senders.get(channel)
        return None if bound is None else bound.parameters

    def protect(self, channel: GlobalChannel, frame_header: bytes, data: bytes, now_ns: int = 0) -> bytes:
        """Return security header, protected data and trailer, to stand behind ``frame_header`` in the frame.

        Args:
            channel: what the frame travels on.
            frame_header: the octets from the first of the frame up to the security header, lengths already right.
            data: what is to be protected.
            now_ns: for the log.

        Raises:
            ProtectionRefusedError: the frame cannot be protected, and nothing may be sent in its place.
        """
        counters = self._state.counters
        counters.offered += 1
        bound = self.table.senders.get(channel)
        if bound is None:
            raise self._not_protected(ProtectRefusal.NO_ASSOCIATION, f"{channel}")
        spi, use = bound.parameters.spi, bound.use
        if bound.entry.state is not KeyState.ACTIVE:
            raise self._not_protected(ProtectRefusal.KEY_NOT_ACTIVE, f"key {bound.entry.key_id} of association {spi}")
        if len(frame_header) != bound.protection.mask_octets:
            expected = bound.protection.mask_octets
            raise self._not_protected(ProtectRefusal.BAD_HEADER, f"{len(frame_header)} octets, the mask has {expected}")
        if not 0 < len(data) <= MAX_FRAME_OCTETS:
            raise self._not_protected(ProtectRefusal.BAD_LENGTH, f"{len(data)} octets of data")
        counter = use.next_counter
        if counter >= bound.usable_until:
            if counter <= bound.last_counter:
                raise self._not_protected(ProtectRefusal.NOT_RESERVED, f"association {spi} at {counter}")
            if not use.exhausted:
                use.exhausted = True
                self._state.log.add(EventCode.COUNTER_EXHAUSTED, spi, counter, now_ns)
            self._state.alarm = True
            raise self._not_protected(ProtectRefusal.EXHAUSTED, f"association {spi} needs another key")
        use.next_counter = counter + 1
        counters.protected += 1
        return bound.protection.seal(frame_header, data, counter)

    def process(self, channel: GlobalChannel, frame_header: bytes, octets: bytes, now_ns: int = 0) -> ProcessResult:
        """Return the data of a received frame, or why it is refused. It never raises; see `examine`."""
        examined = self.examine(channel, frame_header, octets, now_ns)
        if isinstance(examined, ProcessRefusal):
            return ProcessResult(spi=self._state.last_spi, refusal=examined)
        self.accept(examined)
        return ProcessResult(examined.data, examined.spi)

    def examine(
        self, channel: GlobalChannel, frame_header: bytes, octets: bytes, now_ns: int = 0
    ) -> ExaminedFrame | ProcessRefusal:
        """Find out whether a received frame is genuine and new, or why it is refused. It never raises.

        Nothing is believed before the MAC has been found right, and nothing but counters is changed: whoever called
        says by `accept` or `put_aside` what becomes of a genuine frame, before the next one is examined.

        Args:
            channel: what the frame came on.
            frame_header: the octets from the first of the frame up to the security header.
            octets: security header, protected data and trailer.
            now_ns: for the log.
        """
        self._state.counters.received += 1
        spi = int.from_bytes(octets[:SPI_OCTETS], "big") if len(octets) >= SPI_OCTETS else 0
        bound = self.table.receivers.get(spi)
        if bound is None or channel not in bound.channels or bound.entry.state is not KeyState.ACTIVE:
            return self._refuse(self._unusable(spi, channel, octets), spi, octets, now_ns)
        if len(frame_header) != bound.protection.mask_octets or len(octets) > MAX_FRAME_OCTETS:
            return self._refuse(ProcessRefusal.BAD_LENGTH, spi, octets, now_ns)
        opened = bound.protection.open(frame_header, octets)
        if isinstance(opened, ProcessRefusal):
            return self._refuse(opened, spi, octets, now_ns)
        counter, data = opened
        use = bound.use
        if counter < use.next_counter:
            return self._refuse(ProcessRefusal.REPLAYED, spi, octets, now_ns)
        if counter - use.next_counter >= bound.record.window or counter > bound.last_counter:
            return self._refuse(ProcessRefusal.OUT_OF_WINDOW, spi, octets, now_ns)
        return ExaminedFrame(data, spi, counter)

    def accept(self, examined: ExaminedFrame) -> None:
        """Take a genuine frame: neither it nor an older one is accepted again."""
        state, spi, counter = self._state, examined.spi, examined.counter
        self.table.receivers[spi].use.next_counter = counter + 1
        self.unsaved_acceptances += 1
        state.counters.accepted += 1
        state.last_spi, state.last_refusal, state.sequence_octet = spi, None, counter & 0xFF

    def put_aside(self, examined: ExaminedFrame) -> None:
        """Leave a genuine frame: it was not in its turn, and may come again."""
        self._state.counters.put_aside += 1
        self._state.last_spi, self._state.last_refusal = examined.spi, None

    def report(self) -> FrameSecurityReport:
        """Return the frame security report for the next TM frame."""
        state = self._state
        return FrameSecurityReport(
            last_spi=state.last_spi,
            sequence_octet=state.sequence_octet,
            alarm=state.alarm,
            bad_sequence_number=state.last_refusal in _BAD_SEQUENCE,
            bad_mac=state.last_refusal in _BAD_MAC,
            bad_association=state.last_refusal in _BAD_ASSOCIATION,
        )

    def reset_alarm(self) -> None:
        """Put the alarm out, and forget what was wrong with the newest frame."""
        self._state.alarm, self._state.last_refusal = False, None

    def _unusable(self, spi: int, channel: GlobalChannel, octets: bytes) -> ProcessRefusal:
        """Return why no receiving association is there for a frame."""
        if len(octets) < SPI_OCTETS:
            return ProcessRefusal.TOO_SHORT
        parameters = self.table.parameters.get(spi)
        if parameters is None:
            return ProcessRefusal.UNKNOWN_SPI
        if parameters.role is not Role.RECEIVER:
            return ProcessRefusal.WRONG_ROLE
        bound = self.table.receivers.get(spi)
        if bound is None:
            return ProcessRefusal.NOT_OPERATIONAL
        if channel not in bound.channels:
            return ProcessRefusal.WRONG_CHANNEL
        return ProcessRefusal.KEY_NOT_ACTIVE

    def _refuse(self, refusal: ProcessRefusal, spi: int, octets: bytes, now_ns: int) -> ProcessRefusal:
        state = self._state
        bound = self.table.bound(spi)
        state.counters.refused.count(refusal)
        state.log.add(event_of(refusal), spi, 0 if bound is None else bound.protection.counter_of(octets), now_ns)
        state.alarm, state.last_spi, state.last_refusal = True, spi, refusal
        return refusal

    def _not_protected(self, refusal: ProtectRefusal, detail: str) -> ProtectionRefusedError:
        self._state.counters.not_protected.count(refusal)
        return ProtectionRefusedError(refusal, detail)
