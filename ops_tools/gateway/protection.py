"""The gateway as the ground's end of the telecommand security: open TC frames in, protected ones out to the radio.

Whoever is connected then needs no key and keeps no count, and may repeat a frame as its sequence control demands: each
transmission is protected anew, under a number of its own.
"""

from __future__ import annotations

import msgspec

from ops_tools.gateway.errors import GatewayError
from ops_tools.gateway.frame_form import BareFrames
from tlm_cmd.errors import ProtocolError
from tlm_cmd.frames.tc import TcFrame, TcFrameType
from tlm_cmd.link.parameters import LinkParameters
from tlm_cmd.sdls.frame_security import FrameSecurity
from tlm_cmd.sdls.refusals import ProtectionRefusedError


class ProtectionCounters(msgspec.Struct):
    """What became of each frame handed in: ``frames = protected + control + invalid + too_long + not_protected``."""

    frames: int = 0
    protected: int = 0
    control: int = 0
    """Control frames (BC), which are never protected (CCSDS 355.0-B-2, 2.3.1.3)."""
    invalid: int = 0
    """What is no TC frame of this spacecraft's command channel: it could only be made genuine by mistake."""
    too_long: int = 0
    """Frames for which the link has no room once they are protected."""
    not_protected: int = 0
    """Frames that the security refused, which counts them by reason."""


class ProtectedCommands(BareFrames):
    """Protects what is handed in; what comes down passes as it is.

    Args:
        parameters: of the command link.
        security: of the ground's end, with the association of the telecommand channel.

    Attributes:
        counters: what became of what was handed in.

    Raises:
        GatewayError: the link is not protected.
    """

    def __init__(self, parameters: LinkParameters, security: FrameSecurity) -> None:
        if parameters.telecommand_security is None:
            raise GatewayError("the mission's commands are not protected: there is nothing to do for the gateway")
        self.counters = ProtectionCounters()
        self._parameters = parameters
        self._security = security

    def inward(self, unit: bytes) -> list[bytes]:
        """The frame, protected; nothing if it cannot be, which is counted by reason."""
        parameters, counters = self._parameters, self.counters
        counters.frames += 1
        try:
            frame = TcFrame.unpack(
                unit, segment_header=parameters.segment_header, spacecraft_id=parameters.spacecraft_id
            )
        except ProtocolError:
            counters.invalid += 1
            return []
        if frame.virtual_channel != parameters.tc_virtual_channel:
            counters.invalid += 1
            return []
        if frame.frame_type is TcFrameType.BC:
            counters.control += 1
            return [unit]
        if len(unit) + parameters.telecommand_security_octets > parameters.tc_frame_octets:
            counters.too_long += 1
            return []
        return self._protected(frame)

    def _protected(self, frame: TcFrame) -> list[bytes]:
        parameters, channel = self._parameters, self._parameters.telecommand_channel
        try:
            octets = frame.pack(
                lambda header, data: self._security.protect(channel, header, data),
                security_octets=parameters.telecommand_security_octets,
            )
        except ProtectionRefusedError:
            self.counters.not_protected += 1
            return []
        self.counters.protected += 1
        return [octets]
