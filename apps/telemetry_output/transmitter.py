"""One radio's side of the downlink: packets in, frames out, no faster than the radio's rate."""

from __future__ import annotations

import msgspec

from flightsw.devices.errors import DeviceError, RefusedError
from flightsw.devices.framing import Status
from flightsw.devices.radio import Radio, SendResult
from tlm_cmd.frames.clcw import Clcw
from tlm_cmd.frames.multiplexer import MultiplexerState
from tlm_cmd.link.downlink_sender import DownlinkSender
from tlm_cmd.link.parameters import LinkParameters

NANOSECONDS = 1_000_000_000
IDLE_FRAME_NS = NANOSECONDS
MAX_BURST_S = 2
"""Unused time that may be made up for at once."""
PASSING_REFUSALS = (Status.BUSY, Status.WRONG_STATE, Status.FAULT)
"""A frame refused for one of these is offered again; for anything else the frame itself must be wrong."""


class TransmitterState(msgspec.Struct):
    """What one transmitter remembers.

    Attributes:
        multiplexer: queued packets and frame counters.
        on: whether the radio was told to transmit.
        credit_octets: octets that may be sent now.
        pending: a frame that the radio had no room for.
        last_frame_ns: when a frame was last sent.
        frames: frames sent.
        refused: times that the radio had no room for a frame, which was kept.
        lost: frames given up because the radio refused them, or did not say whether it took them.
        dropped: packets that no channel had room for.
        resets: times that the radio was found off although it had been switched on.
        errors: failed transactions.
    """

    multiplexer: MultiplexerState | None = None
    on: bool = False
    credit_octets: float = 0.0
    pending: bytes = b""
    last_frame_ns: int = 0
    frames: int = 0
    refused: int = 0
    lost: int = 0
    dropped: int = 0
    resets: int = 0
    errors: int = 0


class Transmitter:
    """Frames packets and hands them to a radio.

    Args:
        radio: its driver.
        parameters: the link's managed parameters.
        state: the memory to work on.

    Attributes:
        state: the memory.
        octets_per_s: how fast frames may leave, counted in their octets; 0 until it is set.
    """

    def __init__(self, radio: Radio, parameters: LinkParameters, state: TransmitterState) -> None:
        self.state = state
        self.octets_per_s = 0
        self._radio = radio
        self._parameters = parameters
        self._sender = DownlinkSender(parameters)
        if state.multiplexer is not None and _same_channels(state.multiplexer, self._sender.state):
            self._sender.state = state.multiplexer
        state.multiplexer = self._sender.state

    @property
    def channels(self) -> tuple[int, ...]:
        """Its virtual channels, the most urgent first."""
        return self._parameters.channels_by_priority

    @property
    def queue_packets(self) -> int:
        """Packets that may wait on each channel."""
        return self._parameters.queue_packets

    @property
    def octets(self) -> int:
        """Frame octets sent."""
        return self.state.frames * self._parameters.tm_frame_octets

    def waiting_on(self, channel: int) -> int:
        """Packets of one channel not sent yet."""
        return len(self._sender.state.builders[channel].queue)

    def switch(self, on: bool) -> None:  # noqa: FBT001 - the field's own term
        """Switch the radio's transmitter, unless it is as wanted; ``state.on`` tells whether it worked."""
        if on is self.state.on:
            return
        try:
            self._radio.switch_transmitter(on)
        except DeviceError:
            self.state.errors += 1
            return
        self.state.on = on
        self.state.credit_octets = 0.0

    def verify(self) -> None:
        """Ask the radio whether it still transmits; one that was reset, and is off, can then be switched on again."""
        state = self.state
        if not state.on:
            return
        try:
            state.on = self._radio.status().transmitter_on
        except DeviceError:
            state.errors += 1
        state.resets += not state.on

    def enqueue(self, channel: int, packet: bytes) -> bool:
        """Queue a packet; False and counted when its channel is full."""
        taken = self._sender.enqueue(channel, packet)
        self.state.dropped += not taken
        return taken

    def send(self, now_ns: int, seconds: float, clcw: Clcw) -> None:
        """Send as many frames as ``seconds`` allow; an idle frame when nothing has gone for a second."""
        state = self.state
        length = self._parameters.tm_frame_octets
        most = self.octets_per_s * MAX_BURST_S
        state.credit_octets = min(state.credit_octets + self.octets_per_s * seconds, max(most, length))
        while state.credit_octets >= length:
            idle = not 0 <= now_ns - state.last_frame_ns < IDLE_FRAME_NS
            if not (state.pending or self._sender.waiting or idle):
                return
            frame = state.pending or self._sender.next_frame(clcw)
            if not self._hand_over(frame):
                return
            state.credit_octets -= length
            state.last_frame_ns = now_ns

    def _hand_over(self, frame: bytes) -> bool:
        """Offer a frame; what the radio certainly did not take is kept, and offered again."""
        state = self.state
        state.pending = b""
        try:
            result = self._radio.send(frame)
        except DeviceError as error:
            state.errors += 1
            if isinstance(error, RefusedError) and error.status in PASSING_REFUSALS:
                state.pending = frame
            else:  # the radio may have taken it: sending it again could double its packets
                state.lost += 1
            return False
        if result is SendResult.ACCEPTED:
            state.frames += 1
            return True
        state.pending = frame
        state.refused += 1
        return False


def _same_channels(one: MultiplexerState, other: MultiplexerState) -> bool:
    """Whether a stored memory fits the link as it is now."""
    return (
        one.builders.keys() == other.builders.keys()
        and one.virtual_channel_counts.keys() == other.virtual_channel_counts.keys()
    )
