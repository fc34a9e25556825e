"""The ground's end of the telemetry chain: TM frames to packets, in order, and only genuine ones.

It is the receiving end of CCSDS 132.0-B-3 (4.3), with ProcessSecurity of 355.0-B-2 (4.2.4) in it.
"""

import msgspec

from tlm_cmd.errors import ProtocolError
from tlm_cmd.frames.clcw import Clcw
from tlm_cmd.frames.packet_extractor import ExtractorState, PacketExtractor
from tlm_cmd.frames.pointers import ONLY_IDLE_DATA
from tlm_cmd.frames.security import Process
from tlm_cmd.frames.tm import COUNT_MODULO, TmFrame, declared_virtual_channel
from tlm_cmd.link.parameters import LinkParameters
from tlm_cmd.link.refusals import FrameRefusal, NotGenuineError, RefusalCounters, refusal_of
from tlm_cmd.link.security_parameters import check_security
from tlm_cmd.packets.spacepacket import sequence_gap
from tlm_cmd.sdls.frame_security import FrameSecurity
from tlm_cmd.sdls.security_report import FrameSecurityReport

_SECURITY_REPORT_BIT = 0x80
"""Of the first octet of an operational control field: a frame security report, not a CLCW."""


class DownlinkReceiverCounters(msgspec.Struct):
    """What became of each frame: ``frames = accepted + refused.total``; each extractor counts its own."""

    refused: RefusalCounters = msgspec.field(default_factory=RefusalCounters)
    frames: int = 0
    accepted: int = 0
    lost_frames: int = 0
    """Frames missing by the master channel count, which cannot tell a loss of 256."""
    clcws: int = 0
    security_reports: int = 0
    bad_control_words: int = 0
    """Operational control fields that hold neither a CLCW nor a frame security report that can be read."""


class DownlinkReceiverState(msgspec.Struct):
    """The memory of a `DownlinkReceiver`: its own, and the state of each virtual channel's extractor.

    That of its security is with `FrameSecurity`.
    """

    extractors: dict[int, ExtractorState]
    counters: DownlinkReceiverCounters = msgspec.field(default_factory=DownlinkReceiverCounters)
    expected_count: int | None = None
    """Master channel count of the next frame; None before the first one."""
    newest_clcw: Clcw | None = None
    newest_security_report: FrameSecurityReport | None = None


class DownlinkResult(msgspec.Struct, frozen=True, gc=False):
    """What one frame gave: packets with their virtual channels, and its CLCW; or why it was refused, in words too."""

    packets: tuple[tuple[int, bytes], ...] = ()
    clcw: Clcw | None = None
    refusal: FrameRefusal | None = None
    reason: str = ""


class DownlinkReceiver:
    """Reads TM frames in order and returns their packets. It never raises.

    On a protected link only frames without packets may come unprotected, on the idle channel. The operational control
    field of any frame is outside of what is protected (CCSDS 355.0-B-2, 2.3.2.2).

    Args:
        parameters: of the link.
        security: with the association of the telemetry channels; None only if the link has none.

    Raises:
        WrongValueError: the link is protected and there is no security, or the other way round.
    """

    def __init__(self, parameters: LinkParameters, security: FrameSecurity | None = None) -> None:
        check_security(parameters.telemetry_security, security)
        self.parameters = parameters
        self.security = security
        self._protected = frozenset(parameters.channels_by_priority) if security is not None else frozenset()
        channels = sorted({*parameters.channels_by_priority, parameters.idle_virtual_channel})
        self._extractors = {channel: PacketExtractor(parameters.max_packet_octets) for channel in channels}
        self._state = DownlinkReceiverState(
            extractors={channel: extractor.state for channel, extractor in self._extractors.items()}
        )

    @property
    def state(self) -> DownlinkReceiverState:
        """The memory of the receiver; set it to restore an earlier one."""
        return self._state

    @state.setter
    def state(self, state: DownlinkReceiverState) -> None:
        for channel, extractor in self._extractors.items():
            extractor.state = state.extractors[channel]
        self._state = state

    def receive(self, octets: bytes, now_ns: int = 0) -> DownlinkResult:
        """Read one frame; what is wrong with it is counted by reason. The time is for the security's log."""
        parameters, state = self.parameters, self._state
        state.counters.frames += 1
        try:
            frame = TmFrame.unpack(
                octets,
                parameters.tm_frame_octets,
                spacecraft_id=parameters.spacecraft_id,
                process=self._process(now_ns),
            )
        except ProtocolError as error:
            return self._refuse(refusal_of(error), str(error))
        self._check_count(frame.master_channel_count)
        channel = frame.virtual_channel
        extractor = self._extractors.get(channel)
        if extractor is None:
            return self._refuse(FrameRefusal.WRONG_VIRTUAL_CHANNEL, f"virtual channel {channel}")
        if self._protected and channel not in self._protected and frame.first_header_pointer != ONLY_IDLE_DATA:
            return self._refuse(FrameRefusal.NOT_GENUINE, f"packets on virtual channel {channel}, which is unprotected")
        state.counters.accepted += 1
        found = extractor.extract(frame.virtual_channel_count, frame.first_header_pointer, frame.data)
        packets = tuple((channel, packet) for packet in found)
        return DownlinkResult(packets, self._read_control_word(frame.ocf))

    def _process(self, now_ns: int) -> Process | None:
        """What verifies the frames of protected channels."""
        security, parameters, protected = self.security, self.parameters, self._protected
        if security is None:
            return None

        def process(header: bytes, octets: bytes) -> bytes:
            channel = declared_virtual_channel(header)
            if channel not in protected:
                return octets
            result = security.process(parameters.telemetry_channel(channel), header, octets, now_ns)
            if result.refusal is not None:
                raise NotGenuineError(result.refusal)
            return result.data

        return process

    def _check_count(self, count: int) -> None:
        state = self._state
        if state.expected_count is not None:
            state.counters.lost_frames += sequence_gap(state.expected_count, count, COUNT_MODULO)
        state.expected_count = (count + 1) % COUNT_MODULO

    def _read_control_word(self, ocf: bytes) -> Clcw | None:
        """Keep what an operational control field says; return it if it is a CLCW."""
        if not ocf:
            return None
        counters = self._state.counters
        try:
            if ocf[0] & _SECURITY_REPORT_BIT:
                self._state.newest_security_report = FrameSecurityReport.unpack(ocf)
                counters.security_reports += 1
                return None
            clcw = Clcw.unpack(ocf)
        except ProtocolError:
            counters.bad_control_words += 1
            return None
        counters.clcws += 1
        self._state.newest_clcw = clcw
        return clcw

    def _refuse(self, refusal: FrameRefusal, reason: str) -> DownlinkResult:
        self._state.counters.refused.count(refusal)
        return DownlinkResult(refusal=refusal, reason=reason)
