"""The spacecraft's end of the telemetry chain: packets to protected TM frames, with the receiver's report in each.

It is the sending end of CCSDS 132.0-B-3 (4.2), with ApplySecurity of 355.0-B-2 (4.2.3) in it; the report is the CLCW of
232.0-B-4 (4.2), or a frame security report of 355.1-B-1 (4.2.2).
"""

from tlm_cmd.frames.multiplexer import MultiplexerState, channels_by_priority
from tlm_cmd.frames.tm import declared_virtual_channel
from tlm_cmd.frames.tm_multiplexer import TmMultiplexer
from tlm_cmd.link.parameters import LinkParameters
from tlm_cmd.link.security_parameters import check_security
from tlm_cmd.sdls.frame_security import FrameSecurity


class DownlinkSender:
    """Makes TM frames of telemetry packets.

    Args:
        parameters: of the link.
        security: with the association of the telemetry channels; None only if the link has none. Its numbers must be
            reserved before frames are made, see `FrameSecurity`.

    Raises:
        WrongValueError: the link is protected and there is no security, or the other way round.
    """

    def __init__(self, parameters: LinkParameters, security: FrameSecurity | None = None) -> None:
        check_security(parameters.telemetry_security, security)
        self.parameters = parameters
        self.security = security
        channels = channels_by_priority(
            parameters.channels_by_priority,
            security_octets=parameters.telemetry_security_octets,
            queue_packets=parameters.queue_packets,
            max_packet_octets=parameters.max_packet_octets,
        )
        self._multiplexer = TmMultiplexer(
            parameters.spacecraft_id,
            parameters.tm_frame_octets,
            channels,
            idle_channel=parameters.idle_virtual_channel,
        )

    @property
    def state(self) -> MultiplexerState:
        """The memory of the sender; set it to restore an earlier one. That of its security is with `FrameSecurity`."""
        return self._multiplexer.state

    @state.setter
    def state(self, state: MultiplexerState) -> None:
        self._multiplexer.state = state

    @property
    def waiting(self) -> int:
        """Packets not sent yet, over all virtual channels."""
        return self._multiplexer.waiting

    def enqueue(self, virtual_channel: int, packet: bytes) -> bool:
        """Queue a packet; False if it was refused, which is counted by reason in the channel's state.

        Raises:
            WrongValueError: there is no such virtual channel.
        """
        return self._multiplexer.enqueue(virtual_channel, packet)

    def next_frame(self, ocf: bytes, now_ns: int = 0) -> bytes:
        """Return the next frame, of only idle data if no packet waits.

        Args:
            ocf: four octets for the operational control field: a CLCW, or a frame security report.
            now_ns: for the security's log.

        Raises:
            ProtectionRefusedError: the frame cannot be protected; what would be in it waits for the next call.
        """
        security, parameters = self.security, self.parameters
        if security is None:
            return self._multiplexer.next_frame(ocf)

        def protect(header: bytes, data: bytes) -> bytes:
            channel = parameters.telemetry_channel(declared_virtual_channel(header))
            return security.protect(channel, header, data, now_ns)

        return self._multiplexer.next_frame(ocf, protect=protect)
