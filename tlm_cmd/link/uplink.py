"""The telecommand chain: packets to TC frames on the ground, TC frames to packets on board."""

from collections.abc import Iterable
from typing import assert_never

import msgspec

from tlm_cmd.errors import ProtocolError
from tlm_cmd.frames.clcw import Clcw
from tlm_cmd.frames.segmentation import AssemblerState, SegmentAssembler, cut_into_segments
from tlm_cmd.frames.tc import SegmentFlags, SegmentHeader, TcFrame, TcFrameType, control_value
from tlm_cmd.link.parameters import LinkParameters
from tlm_cmd.link.refusals import FrameRefusal, RefusalCounters, refusal_of
from tlm_cmd.packets.spacepacket import (
    PRIMARY_HEADER_OCTETS,
    check_whole_packet,
    declared_packet_octets,
    is_idle_packet,
)


class UplinkSenderCounters(msgspec.Struct):
    """What was sent: ``packets`` in ``frames`` of ``octets`` octets, and packets refused before."""

    packets: int = 0
    refused_packets: int = 0
    frames: int = 0
    octets: int = 0


class UplinkSenderState(msgspec.Struct):
    """The memory of an `UplinkSender`."""

    counters: UplinkSenderCounters = msgspec.field(default_factory=UplinkSenderCounters)
    newest_clcw: Clcw | None = None
    """What the spacecraft's receiver last reported."""


class UplinkSender:
    """Makes TC frames of telecommand packets.

    Each call returns the frames to radiate now, in order. Frames bypass the sequence check (type BD), so a packet
    is in the frames of the call that took it. A sequence-controlled procedure may instead keep frames back until
    a report or the time releases them: callers radiate whatever `send`, `on_clcw` and `poll` return.
    """

    def __init__(self, parameters: LinkParameters) -> None:
        self.parameters = parameters
        self.state = UplinkSenderState()

    def send(self, packet: bytes) -> list[bytes]:
        """Take one packet.

        Raises:
            TooShortError: ``packet`` is shorter than any packet.
            WrongVersionError: its version is not 0.
            LengthMismatchError: its length field does not fit it.
            FieldRangeError: it is longer than the link allows; without segment header that is one frame's data.
        """
        return self.send_all([packet])

    def send_all(self, packets: Iterable[bytes]) -> list[bytes]:
        """Take packets in order and put as many as fit into each frame.

        All are checked before the first one is taken.

        Raises:
            TooShortError, WrongVersionError, LengthMismatchError, FieldRangeError: as `send`, for the first packet
                that has a fault; none was taken then.
        """
        parameters, packets = self.parameters, list(packets)
        room = parameters.max_tc_data_octets
        longest = parameters.max_packet_octets if parameters.segment_header else min(parameters.max_packet_octets, room)
        try:
            for packet in packets:
                check_whole_packet(packet, longest)
        except ProtocolError:
            self.state.counters.refused_packets += len(packets)
            raise
        self.state.counters.packets += len(packets)
        frames: list[bytes] = []
        together: list[bytes] = []
        filled = 0
        for packet in packets:
            if together and filled + len(packet) > room:
                frames += self._frames(b"".join(together))
                together, filled = [], 0
            together.append(packet)
            filled += len(packet)
        if together:
            frames += self._frames(b"".join(together))
        return frames

    def on_clcw(self, clcw: Clcw) -> list[bytes]:
        """Take a report of the spacecraft's receiver; bypass frames wait for none, so it releases nothing."""
        self.state.newest_clcw = clcw
        return []

    def poll(self, now_ns: int) -> list[bytes]:
        """Take the time; bypass frames have no timer, so it releases nothing."""
        del now_ns
        return []

    def _frames(self, unit: bytes) -> list[bytes]:
        """Return the frames that carry one service data unit."""
        parameters, counters = self.parameters, self.state.counters
        frames = []
        for flags, piece in cut_into_segments(unit, parameters.max_tc_data_octets):
            segment = SegmentHeader(flags, parameters.map_id) if parameters.segment_header else None
            frame = TcFrame(
                frame_type=TcFrameType.BD,
                spacecraft_id=parameters.spacecraft_id,
                virtual_channel=parameters.tc_virtual_channel,
                data=piece,
                segment=segment,
            ).pack()
            counters.frames += 1
            counters.octets += len(frame)
            frames.append(frame)
        return frames


class UplinkReceiverCounters(msgspec.Struct):
    """What became of each frame and of each octet of accepted units.

    ``frames = data_frames + control_frames + refused.total`` and
    ``unit_octets = packet_octets + idle_octets + malformed_octets``; the segment assembler counts for itself.
    """

    refused: RefusalCounters = msgspec.field(default_factory=RefusalCounters)
    frames: int = 0
    data_frames: int = 0
    control_frames: int = 0
    unit_octets: int = 0
    packets: int = 0
    packet_octets: int = 0
    idle_packets: int = 0
    idle_octets: int = 0
    malformed: int = 0
    """Times the rest of a unit was dropped because no packet can start there."""
    malformed_octets: int = 0


class UplinkReceiverState(msgspec.Struct):
    """The memory of an `UplinkReceiver`."""

    assembler: AssemblerState
    counters: UplinkReceiverCounters = msgspec.field(default_factory=UplinkReceiverCounters)
    farm_b_count: int = 0
    """Frames accepted out of sequence, modulo 4, as the CLCW reports it."""


class UplinkResult(msgspec.Struct, frozen=True, gc=False):
    """What one frame gave: packets, or why it was refused and, in words, what was wrong with it."""

    packets: tuple[bytes, ...] = ()
    refusal: FrameRefusal | None = None
    reason: str = ""


class UplinkReceiver:
    """Reads TC frames, one at a time and without fill, and returns their packets. It never raises.

    It accepts bypass frames (BD) and control frames (BC); a control frame has nothing to act on yet but counts
    as accepted. Frames of the sequence-controlled service (AD) are refused, since nothing keeps their sequence.
    """

    def __init__(self, parameters: LinkParameters) -> None:
        self.parameters = parameters
        self._assembler = SegmentAssembler(parameters.max_packet_octets)
        self._state = UplinkReceiverState(assembler=self._assembler.state)

    @property
    def state(self) -> UplinkReceiverState:
        """The memory of the receiver; set it to restore an earlier one."""
        return self._state

    @state.setter
    def state(self, state: UplinkReceiverState) -> None:
        self._assembler.state = state.assembler
        self._state = state

    def receive(self, octets: bytes) -> UplinkResult:
        """Read one frame; what is wrong with it is counted by reason."""
        parameters, counters = self.parameters, self._state.counters
        counters.frames += 1
        if len(octets) > parameters.tc_frame_octets:
            limit = parameters.tc_frame_octets
            return self._refuse(FrameRefusal.BAD_LENGTH, f"{len(octets)} octets, frames have at most {limit}")
        try:
            frame = TcFrame.unpack(
                octets, segment_header=parameters.segment_header, spacecraft_id=parameters.spacecraft_id
            )
        except ProtocolError as error:
            return self._refuse(refusal_of(error), str(error))
        if frame.virtual_channel != parameters.tc_virtual_channel:
            return self._refuse(FrameRefusal.WRONG_VIRTUAL_CHANNEL, f"virtual channel {frame.virtual_channel}")
        match frame.frame_type:
            case TcFrameType.AD:
                return self._refuse(FrameRefusal.NOT_IN_SEQUENCE, f"AD frame {frame.sequence_number}")
            case TcFrameType.BC:
                return self._accept_control(frame)
            case TcFrameType.BD:
                return self._accept_data(frame)
            case _:
                assert_never(frame.frame_type)

    def clcw(self, *, no_rf_available: bool = False, no_bit_lock: bool = False) -> Clcw:
        """Return the report for the next TM frame; the flags are what the radio says of the signal."""
        return Clcw(
            virtual_channel=self.parameters.tc_virtual_channel,
            farm_b_count=self._state.farm_b_count,
            no_rf_available=no_rf_available,
            no_bit_lock=no_bit_lock,
        )

    def _refuse(self, refusal: FrameRefusal, reason: str) -> UplinkResult:
        self._state.counters.refused.count(refusal)
        return UplinkResult(refusal=refusal, reason=reason)

    def _accept_control(self, frame: TcFrame) -> UplinkResult:
        try:
            control_value(frame)
        except ProtocolError as error:
            return self._refuse(FrameRefusal.BAD_CONTROL, str(error))
        self._state.counters.control_frames += 1
        self._state.farm_b_count = (self._state.farm_b_count + 1) % 4
        return UplinkResult()

    def _accept_data(self, frame: TcFrame) -> UplinkResult:
        flags = SegmentFlags.WHOLE
        if frame.segment is not None:
            if frame.segment.map_id != self.parameters.map_id:
                return self._refuse(FrameRefusal.WRONG_MAP, f"MAP id {frame.segment.map_id}")
            flags = frame.segment.flags
        self._state.counters.data_frames += 1
        self._state.farm_b_count = (self._state.farm_b_count + 1) % 4
        unit = self._assembler.add(flags, frame.data)
        return UplinkResult() if unit is None else UplinkResult(self._split(unit))

    def _split(self, unit: bytes) -> tuple[bytes, ...]:
        """Return the packets of a unit, idle ones aside."""
        counters = self._state.counters
        counters.unit_octets += len(unit)
        packets = []
        offset = 0
        while offset < len(unit):
            left = len(unit) - offset
            octets = declared_packet_octets(unit, offset) if left >= PRIMARY_HEADER_OCTETS else 0
            if not 0 < octets <= min(left, self.parameters.max_packet_octets):
                counters.malformed += 1
                counters.malformed_octets += left
                break
            if is_idle_packet(unit, offset):
                counters.idle_packets += 1
                counters.idle_octets += octets
            else:
                counters.packets += 1
                counters.packet_octets += octets
                packets.append(unit[offset : offset + octets])
            offset += octets
        return tuple(packets)
