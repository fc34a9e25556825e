"""The ground's end of the telecommand chain: packets to protected TC frames, repeated until they have arrived.

It is the sending end of CCSDS 232.0-B-4 (4.3), with FOP-1 of 232.1-B-2 (section 5) and ApplySecurity of 355.0-B-2
(4.2.3) in it.
"""

from collections.abc import Iterable

import msgspec

from tlm_cmd.cop1.fop_outputs import Alert, FopOutput, FrameDataUnit, TransmitFrame, UnitAnswer
from tlm_cmd.cop1.fop_variables import FopStatus
from tlm_cmd.cop1.fop_vocabulary import Answer, Directive, FopState
from tlm_cmd.cop1.sender import Cop1Sender, Cop1SenderState
from tlm_cmd.errors import ProtocolError, check_range
from tlm_cmd.frames.clcw import Clcw
from tlm_cmd.frames.segmentation import cut_into_segments
from tlm_cmd.frames.tc import SegmentFlags, SegmentHeader, TcFrameType
from tlm_cmd.link.parameters import LinkParameters
from tlm_cmd.link.security_parameters import check_security
from tlm_cmd.packets.spacepacket import check_whole_packet
from tlm_cmd.sdls.frame_security import FrameSecurity
from tlm_cmd.sdls.refusals import ProtectionRefusedError

MAX_HELD_UNITS = 1024
"""Units that may wait until the sequence-controlled service begins."""


class UplinkSenderCounters(msgspec.Struct):
    """What was asked and sent.

    With sequence control ``units = confirmed + not_confirmed + rejected + expired``, those aside that are under way;
    units that bypass it are only counted as frames.
    """

    packets: int = 0
    refused_packets: int = 0
    """Packets that no frame can carry; none of the packets given with them was taken either."""
    frames: int = 0
    octets: int = 0
    units: int = 0
    """Frame data units for the sequence-controlled service."""
    confirmed: int = 0
    """Units that the spacecraft has reported as accepted."""
    not_confirmed: int = 0
    """Units that were sent and given up: they may have arrived or not."""
    rejected: int = 0
    """Units that were never sent: the queue was full, or the service ended."""
    expired: int = 0
    """Units that waited too long for the service to begin, and were never sent."""
    unprotected: int = 0
    """Frames that could not be protected and were not sent; the sequence control repeats those in sequence."""
    alerts: int = 0
    """Times the service ended."""
    initiations: int = 0


class HeldUnit(msgspec.Struct, frozen=True):
    """A unit that waits for the service, and until when."""

    unit: FrameDataUnit
    expires_ns: int


class UplinkSenderState(msgspec.Struct):
    """The memory of an `UplinkSender`; that of its security is with `FrameSecurity`."""

    cop1: Cop1SenderState | None = None
    """None if the link has no sequence control."""
    counters: UplinkSenderCounters = msgspec.field(default_factory=UplinkSenderCounters)
    newest_clcw: Clcw | None = None
    """What the spacecraft's receiver last reported."""
    held: list[HeldUnit] = msgspec.field(default_factory=list)
    sequenced_ns: int | None = None
    """When the newest frame in sequence was handed out; None before the first."""


class UplinkSender:
    """Makes TC frames of telecommand packets. Each call returns the frames to radiate now, in order.

    If the link has sequence control, frames are of type AD: they may be kept back until a report or the time releases
    them, and are repeated until the spacecraft has them. The service begins by itself with the first report, and after
    an alert with the first that knows all frames sent before, T1 after the last of them: a number given again while an
    older frame with it is under way would confirm a frame that never arrives. An Unlock command goes first if the
    receiver is locked out, or still asks for a lost frame. What waits for that longer than the frame would be repeated
    is dropped: nobody wants an old command to arrive in the next pass. A sender that begins without the state of an
    earlier one cannot know what is under way: whoever replaces one waits T1 before the first report is taken.

    Args:
        parameters: of the link.
        security: with the association of the telecommand channel; None only if the link has none.

    Raises:
        WrongValueError: the link is protected and there is no security, or the other way round.
    """

    def __init__(self, parameters: LinkParameters, security: FrameSecurity | None = None) -> None:
        check_security(parameters.telecommand_security, security)
        self.parameters = parameters
        self.security = security
        self._sender: Cop1Sender | None = None
        self._state = UplinkSenderState()
        if parameters.cop1 is not None:
            cop1 = parameters.cop1
            self._sender = Cop1Sender(cop1.fop(parameters.tc_virtual_channel), cop1.queue_units)
            self._state.cop1 = self._sender.state

    @property
    def state(self) -> UplinkSenderState:
        """The memory of the sender; set it to restore an earlier one."""
        return self._state

    @state.setter
    def state(self, state: UplinkSenderState) -> None:
        if self._sender is not None and state.cop1 is not None:
            self._sender.state = state.cop1
        self._state = state

    @property
    def cop1_status(self) -> FopStatus | None:
        """State of the sequence control for displays; None if the link has none."""
        return None if self._sender is None else self._sender.status()

    @property
    def free_units(self) -> int | None:
        """Frames that would leave at once, in sequence; None if the link has no sequence control, and thus no window.

        For what can wait, such as files: whoever sends no more than this leaves no queue for others to wait behind.
        """
        sender = self._sender
        if sender is None:
            return None
        fop = sender.state.fop
        if fop.state is not FopState.ACTIVE:
            return 0
        waiting = len(sender.state.queue) + (fop.wait_queue is not None)
        return max(0, fop.window - fop.outstanding - waiting)

    def send(self, packet: bytes, now_ns: int) -> list[bytes]:
        """Take one packet, see `send_all`."""
        return self.send_all([packet], now_ns)

    def send_all(self, packets: Iterable[bytes], now_ns: int) -> list[bytes]:
        """Take packets in order and put as many as fit into each frame; all are checked before the first is taken.

        Raises:
            TooShortError, WrongVersionError, LengthMismatchError, FieldRangeError: the first packet that has a fault is
                none, or too long for the link; without segment header that is one frame's data.
        """
        units = self._units(list(packets))
        return self._bypass(units, now_ns) if self._sender is None else self._in_sequence(units, now_ns)

    def send_bypass(self, packets: Iterable[bytes], now_ns: int) -> list[bytes]:
        """Take packets for frames that bypass the sequence control: once, and whatever its state.

        Raises:
            ProtocolError: as `send_all`.
        """
        return self._bypass(self._units(list(packets)), now_ns)

    def send_unchecked(self, octets: bytes, now_ns: int) -> list[bytes]:
        """Take octets, packets or not, for one frame that bypasses the sequence control.

        Raises:
            FieldRangeError: none, or more than one frame can hold.
        """
        check_range("frame data octets", len(octets), 1, self.parameters.max_tc_data_octets)
        return self._bypass([self._unit(SegmentFlags.WHOLE, octets)], now_ns)

    def on_clcw(self, clcw: Clcw, now_ns: int) -> list[bytes]:
        """Take a report of the spacecraft's receiver."""
        self._state.newest_clcw = clcw
        sender = self._sender
        if sender is None or clcw.virtual_channel != self.parameters.tc_virtual_channel:
            return []
        frames = self._frames(sender.on_clcw(clcw, now_ns), now_ns)
        if sender.state.fop.state is FopState.INITIAL and self._known_after_ns(sender, now_ns) == now_ns:
            frames += self._initiate(sender, clcw, now_ns)
        return frames + self._release_held(sender, now_ns)

    def poll(self, now_ns: int) -> list[bytes]:
        """Take the time."""
        if self._sender is None:
            return []
        self._drop_expired(now_ns)
        return self._frames(self._sender.poll(now_ns), now_ns)

    # ---------------------------------------------------------------- sequence control

    def _known_after_ns(self, sender: Cop1Sender, now_ns: int) -> int:
        """From when on a report knows of all frames sent in sequence."""
        sent_ns = self._state.sequenced_ns
        return now_ns if sent_ns is None or sent_ns > now_ns else max(now_ns, sent_ns + sender.parameters.t1_initial_ns)

    def _initiate(self, sender: Cop1Sender, clcw: Clcw, now_ns: int) -> list[bytes]:
        """Begin where the receiver says that it is.

        One that asks for a frame again which nobody has any more is told to forget it: it would ask for ever, and
        FOP-1 begins with no report that says so.
        """
        self._state.counters.initiations += 1
        outputs = sender.directive(Directive.SET_V_S, now_ns, qualifier=clcw.report_value)
        if clcw.lockout or (clcw.retransmit and not clcw.wait):
            outputs += sender.directive(Directive.INITIATE_WITH_UNLOCK, now_ns)
        else:
            outputs += sender.directive(Directive.INITIATE_WITH_CLCW_CHECK, now_ns)
            outputs += sender.on_clcw(clcw, now_ns)
        return self._frames(outputs, now_ns)

    def _in_sequence(self, units: list[FrameDataUnit], now_ns: int) -> list[bytes]:
        sender, state = self._sender, self._state
        assert sender is not None  # noqa: S101 - the caller has made sure
        state.counters.units += len(units)
        if sender.state.fop.state is FopState.INITIAL:
            room = MAX_HELD_UNITS - len(state.held)
            patience_ns = sender.parameters.t1_initial_ns * sender.parameters.transmission_limit
            expires_ns = self._known_after_ns(sender, now_ns) + patience_ns
            state.held += [HeldUnit(unit, expires_ns) for unit in units[:room]]
            state.counters.rejected += len(units[room:])
            return []
        return [frame for unit in units for frame in self._frames(sender.send(unit, now_ns), now_ns)]

    def _release_held(self, sender: Cop1Sender, now_ns: int) -> list[bytes]:
        """Send what has waited for the service, now that it begins."""
        state = self._state
        self._drop_expired(now_ns)
        if not state.held or sender.state.fop.state is FopState.INITIAL:
            return []
        held, state.held = state.held, []
        return [frame for each in held for frame in self._frames(sender.send(each.unit, now_ns), now_ns)]

    def _drop_expired(self, now_ns: int) -> None:
        state = self._state
        kept = [each for each in state.held if now_ns < each.expires_ns]
        state.counters.expired += len(state.held) - len(kept)
        state.held = kept

    def _frames(self, outputs: list[FopOutput], now_ns: int) -> list[bytes]:
        """Pack the frames that the procedure hands out, and count what it answers."""
        counters = self._state.counters
        frames: list[bytes] = []
        for output in outputs:
            match output:
                case TransmitFrame():
                    frames += self._packed(output, now_ns)
                case UnitAnswer(answer=Answer.CONFIRMED):
                    counters.confirmed += 1
                case UnitAnswer(answer=Answer.NOT_CONFIRMED):
                    counters.not_confirmed += 1
                case UnitAnswer(answer=Answer.REJECTED):
                    counters.rejected += 1
                case Alert():
                    counters.alerts += 1
                case _:
                    pass
        return frames

    # ---------------------------------------------------------------- frames

    def _bypass(self, units: list[FrameDataUnit], now_ns: int) -> list[bytes]:
        return [frame for unit in units for frame in self._packed(TransmitFrame(TcFrameType.BD, 0, unit), now_ns)]

    def _packed(self, output: TransmitFrame, now_ns: int) -> list[bytes]:
        """The frame, protected anew at each transmission; none if that is not possible.

        The standard protects a frame before COP-1 sees it, so that it is repeated as it was. The receiver sees no
        difference, unless a frame that bypasses the sequence control overtakes one that is repeated: by its number that
        one would then be a replay.
        """
        parameters, counters, security = self.parameters, self._state.counters, self.security
        frame = output.frame(parameters.spacecraft_id, parameters.tc_virtual_channel)
        if security is None or output.frame_type is TcFrameType.BC:
            octets = frame.pack()
        else:
            try:
                octets = frame.pack(
                    lambda header, data: security.protect(parameters.telecommand_channel, header, data, now_ns),
                    security_octets=parameters.telecommand_security_octets,
                )
            except ProtectionRefusedError:
                counters.unprotected += 1
                return []
        counters.frames += 1
        counters.octets += len(octets)
        if output.frame_type is TcFrameType.AD:
            self._state.sequenced_ns = now_ns
        return [octets]

    def _units(self, packets: list[bytes]) -> list[FrameDataUnit]:
        """The frame data units that carry packets.

        Raises:
            ProtocolError: one of them is no packet, or too long; then none is taken.
        """
        parameters = self.parameters
        room = parameters.max_tc_data_octets
        longest = parameters.max_packet_octets if parameters.segment_header else min(parameters.max_packet_octets, room)
        try:
            for packet in packets:
                check_whole_packet(packet, longest)
        except ProtocolError:
            self._state.counters.refused_packets += len(packets)
            raise
        self._state.counters.packets += len(packets)
        return [
            self._unit(flags, piece)
            for unit in _together(packets, room)
            for flags, piece in cut_into_segments(unit, room)
        ]

    def _unit(self, flags: SegmentFlags, data: bytes) -> FrameDataUnit:
        parameters = self.parameters
        segment = SegmentHeader(flags, parameters.map_id) if parameters.segment_header else None
        return FrameDataUnit(data, segment)


def _together(packets: list[bytes], room: int) -> list[bytes]:
    """Packets joined as long as they fit into one frame."""
    units: list[bytes] = []
    together: list[bytes] = []
    filled = 0
    for packet in packets:
        if together and filled + len(packet) > room:
            units.append(b"".join(together))
            together, filled = [], 0
        together.append(packet)
        filled += len(packet)
    return [*units, b"".join(together)] if together else units
