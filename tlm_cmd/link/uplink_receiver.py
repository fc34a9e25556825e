"""The spacecraft's end of the telecommand chain: TC frames to packets, once and in sequence, and only genuine ones.

It is the receiving end of CCSDS 232.0-B-4 (4.4), with ProcessSecurity of 355.0-B-2 (4.2.4) and FARM-1 of 232.1-B-2
(section 6) in it.
"""

import msgspec

from tlm_cmd.cop1.farm import Farm, FarmVerdict
from tlm_cmd.cop1.farm_table import FarmOutcome, FarmState
from tlm_cmd.cop1.farm_variables import FarmParameters, FarmStatus, FarmVariables
from tlm_cmd.errors import ProtocolError
from tlm_cmd.frames.clcw import Clcw
from tlm_cmd.frames.segmentation import AssemblerState, SegmentAssembler
from tlm_cmd.frames.tc import HEADER_OCTETS, SegmentFlags, TcFrame, TcFrameType
from tlm_cmd.link.parameters import LinkParameters
from tlm_cmd.link.refusals import FrameRefusal, RefusalCounters, refusal_of
from tlm_cmd.link.security_parameters import check_security
from tlm_cmd.packets.packet_run import split_run
from tlm_cmd.sdls.frame_security import ExaminedFrame, FrameSecurity

_REFUSALS = {
    FarmOutcome.INVALID: FrameRefusal.BAD_CONTROL,
    FarmOutcome.NOT_EXECUTED: FrameRefusal.LOCKED_OUT,
    FarmOutcome.LOCKED_OUT: FrameRefusal.LOCKED_OUT,
    FarmOutcome.OUT_OF_WINDOW: FrameRefusal.LOCKED_OUT,
}


class UplinkReceiverCounters(msgspec.Struct):
    """What became of each frame and of each octet of accepted units.

    ``frames = data_frames + control_frames + refused.total`` and
    ``unit_octets = packet_octets + idle_octets + malformed_octets``; the segment assembler, FARM-1 and the security
    count for themselves.
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
    """The memory of an `UplinkReceiver`; that of its security is with `FrameSecurity`."""

    assembler: AssemblerState
    farm: FarmVariables
    counters: UplinkReceiverCounters = msgspec.field(default_factory=UplinkReceiverCounters)


class UplinkResult(msgspec.Struct, frozen=True, gc=False):
    """What one frame gave: packets, or why it was refused and, in words, what was wrong with it."""

    packets: tuple[bytes, ...] = ()
    refusal: FrameRefusal | None = None
    reason: str = ""
    carrier_spi: int | None = None
    """The association that vouches for the packets, that of their last frame; None on an open link."""


class UplinkReceiver:
    """Reads TC frames, one at a time and without fill, and returns their packets. It never raises.

    A frame is examined by the security before FARM-1 sees it, so that a forged one cannot move V(R); its sequence
    number counts as used only if FARM-1 accepts it, so that a frame which comes too early can come again. Control
    frames (BC) are not protected (CCSDS 355.0-B-2, 2.3.1.3): they change what is accepted next, and nothing else.

    Without sequence control (``parameters.cop1`` is None) frames of that service (AD) are refused.

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
        self._assembler = SegmentAssembler(parameters.max_packet_octets)
        self._farm = Farm(_farm_parameters(parameters))
        self._state = UplinkReceiverState(assembler=self._assembler.state, farm=self._farm.state)

    @property
    def state(self) -> UplinkReceiverState:
        """The memory of the receiver; set it to restore an earlier one."""
        return self._state

    @state.setter
    def state(self, state: UplinkReceiverState) -> None:
        self._assembler.state = state.assembler
        self._farm.state = state.farm
        self._state = state

    @property
    def cop1_status(self) -> FarmStatus:
        """State of the sequence control for telemetry."""
        return self._farm.status()

    def receive(self, octets: bytes, now_ns: int = 0) -> UplinkResult:
        """Read one frame; what is wrong with it is counted by reason. The time is for the security's log."""
        parameters, counters = self.parameters, self._state.counters
        counters.frames += 1
        if len(octets) > parameters.tc_frame_octets:
            limit = parameters.tc_frame_octets
            return self._refuse_invalid(FrameRefusal.BAD_LENGTH, f"{len(octets)} octets, frames have at most {limit}")
        try:
            frame = TcFrame.unpack(
                octets, segment_header=parameters.segment_header, spacecraft_id=parameters.spacecraft_id
            )
        except ProtocolError as error:
            return self._refuse_invalid(refusal_of(error), str(error))
        if frame.virtual_channel != parameters.tc_virtual_channel:
            return self._refuse(FrameRefusal.WRONG_VIRTUAL_CHANNEL, f"virtual channel {frame.virtual_channel}")
        if frame.frame_type is TcFrameType.BC:
            return self._take_control(frame)
        if frame.frame_type is TcFrameType.AD and parameters.cop1 is None:
            return self._refuse(FrameRefusal.NOT_IN_SEQUENCE, f"AD frame {frame.sequence_number}")
        return self._take_data(frame, octets, now_ns)

    def clcw(self, *, no_rf_available: bool = False, no_bit_lock: bool = False) -> Clcw:
        """Return the report for the next TM frame; the flags are what the radio says of the signal."""
        return self._farm.clcw(no_rf_available=no_rf_available, no_bit_lock=no_bit_lock)

    # ---------------------------------------------------------------- control frames

    def _take_control(self, frame: TcFrame) -> UplinkResult:
        verdict = self._farm.receive(frame)
        if verdict.outcome is not FarmOutcome.EXECUTED:
            return self._refuse(_REFUSALS[verdict.outcome], f"control command {frame.data.hex()}")
        self._state.counters.control_frames += 1
        return UplinkResult()

    # ---------------------------------------------------------------- data frames

    def _take_data(self, frame: TcFrame, octets: bytes, now_ns: int) -> UplinkResult:
        flags = SegmentFlags.WHOLE
        if frame.segment is not None:
            if frame.segment.map_id != self.parameters.map_id:
                return self._refuse(FrameRefusal.WRONG_MAP, f"MAP id {frame.segment.map_id}")
            flags = frame.segment.flags
        if self.security is None:
            return self._accept(frame, flags, frame.data)
        header = octets[: HEADER_OCTETS + (frame.segment is not None)]
        examined = self.security.examine(self.parameters.telecommand_channel, header, frame.data, now_ns)
        if not isinstance(examined, ExaminedFrame):
            return self._refuse_invalid(FrameRefusal.NOT_GENUINE, f"security: {examined.value.replace('_', ' ')}")
        result = self._accept(frame, flags, examined.data)
        if result.refusal is not None:
            self.security.put_aside(examined)
            return result
        self.security.accept(examined)
        return UplinkResult(result.packets, carrier_spi=examined.spi)

    def _accept(self, frame: TcFrame, flags: SegmentFlags, data: bytes) -> UplinkResult:
        verdict = self._farm.receive(frame)
        if not verdict.accepted:
            return self._refuse(_REFUSALS.get(verdict.outcome, FrameRefusal.NOT_IN_SEQUENCE), _words(frame, verdict))
        self._state.counters.data_frames += 1
        unit = self._assembler.add(flags, data)
        return UplinkResult() if unit is None else UplinkResult(self._split(unit))

    def _refuse(self, refusal: FrameRefusal, reason: str) -> UplinkResult:
        self._state.counters.refused.count(refusal)
        return UplinkResult(refusal=refusal, reason=reason)

    def _refuse_invalid(self, refusal: FrameRefusal, reason: str) -> UplinkResult:
        """Refuse a frame that FARM-1 knows of as an invalid one."""
        self._farm.invalid_frame()
        return self._refuse(refusal, reason)

    def _split(self, unit: bytes) -> tuple[bytes, ...]:
        """Return the packets of a unit, idle ones aside."""
        counters = self._state.counters
        run = split_run(unit, self.parameters.max_packet_octets)
        counters.unit_octets += len(unit)
        counters.packets += len(run.packets)
        counters.packet_octets += run.packet_octets
        counters.idle_packets += run.idle_packets
        counters.idle_octets += run.idle_octets
        counters.malformed += run.malformed_octets > 0
        counters.malformed_octets += run.malformed_octets
        return run.packets


def _farm_parameters(parameters: LinkParameters) -> FarmParameters:
    if parameters.cop1 is not None:
        return parameters.cop1.farm(parameters.tc_virtual_channel)
    return FarmParameters(virtual_channel=parameters.tc_virtual_channel, initial_state=FarmState.OPEN)


def _words(frame: TcFrame, verdict: FarmVerdict) -> str:
    return f"{frame.frame_type.name} frame {frame.sequence_number}: {verdict.outcome.value.replace('_', ' ')}"
