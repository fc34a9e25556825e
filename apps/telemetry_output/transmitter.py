"""One radio's side of the downlink: packets in, frames out, no faster than the radio's rate."""

from __future__ import annotations

import msgspec

from flightsw.devices.errors import DeviceError
from flightsw.devices.radio import Radio, SendResult
from tlm_cmd.frames.clcw import Clcw
from tlm_cmd.frames.multiplexer import MultiplexerState
from tlm_cmd.link.downlink import DownlinkSender
from tlm_cmd.link.parameters import LinkParameters

NANOSECONDS = 1_000_000_000
IDLE_FRAME_NS = NANOSECONDS
MAX_BURST_S = 2


class TransmitterState(msgspec.Struct):
    """What one transmitter remembers.

    Attributes:
        multiplexer: queued packets and frame counters.
        on: whether the radio was told to transmit.
        credit_octets: octets that may be sent now.
        pending: a frame that the radio had no room for.
        last_frame_ns: when a frame was last sent.
        frames: frames sent.
        refused: frames that the radio had no room for at first.
        dropped: packets that no channel had room for.
        errors: failed transactions.
    """

    multiplexer: MultiplexerState | None = None
    on: bool = False
    credit_octets: float = 0.0
    pending: bytes = b""
    last_frame_ns: int = 0
    frames: int = 0
    refused: int = 0
    dropped: int = 0
    errors: int = 0


class Transmitter:
    """Frames packets and hands them to a radio.

    Args:
        radio: its driver.
        parameters: the link's managed parameters.
        state: the memory to work on.
        octets_per_s: how fast frames may leave.
    """

    def __init__(self, radio: Radio, parameters: LinkParameters, state: TransmitterState, octets_per_s: int) -> None:
        self.state = state
        self._radio = radio
        self._parameters = parameters
        self._octets_per_s = octets_per_s
        self._sender = DownlinkSender(parameters)
        if state.multiplexer is not None:
            self._sender.state = state.multiplexer
        state.multiplexer = self._sender.state

    @property
    def waiting(self) -> int:
        """Packets not sent yet."""
        return self._sender.waiting

    @property
    def octets(self) -> int:
        """Frame octets sent."""
        return self.state.frames * self._parameters.tm_frame_octets

    def switch(self, on: bool) -> bool:  # noqa: FBT001 - the field's own term
        """Switch the radio's transmitter; whether that changed anything."""
        if on is self.state.on:
            return False
        try:
            self._radio.switch_transmitter(on)
        except DeviceError:
            self.state.errors += 1
            return False
        self.state.on = on
        self.state.credit_octets = 0.0
        return True

    def enqueue(self, channel: int, packet: bytes) -> bool:
        """Queue a packet; False and counted when its channel is full."""
        taken = self._sender.enqueue(channel, packet)
        self.state.dropped += not taken
        return taken

    def send(self, now_ns: int, seconds: float, clcw: Clcw) -> None:
        """Send as many frames as ``seconds`` allow; an idle frame when nothing has gone for a second."""
        state = self.state
        length = self._parameters.tm_frame_octets
        most = self._octets_per_s * MAX_BURST_S
        state.credit_octets = min(state.credit_octets + self._octets_per_s * seconds, max(most, length))
        while state.credit_octets >= length:
            idle = now_ns - state.last_frame_ns >= IDLE_FRAME_NS
            if not (state.pending or self._sender.waiting or idle):
                return
            frame = state.pending or self._sender.next_frame(clcw)
            if not self._hand_over(frame):
                return
            state.credit_octets -= length
            state.last_frame_ns = now_ns

    def _hand_over(self, frame: bytes) -> bool:
        state = self.state
        try:
            result = self._radio.send(frame)
        except DeviceError:  # the radio may have taken it: sending it again could double its packets
            state.errors += 1
            state.pending = b""
            return False
        if result is SendResult.ACCEPTED:
            state.pending = b""
            state.frames += 1
            return True
        state.pending = frame
        state.refused += 1
        return False
