"""One radio's side of the downlink: packets in, frames out, no faster than the radio's rate."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from flightsw.devices.errors import DeviceError, RefusedError
from flightsw.devices.framing import Status
from flightsw.devices.radio import Radio, SendResult
from flightsw.hal.errors import PortError
from flightsw.services.link_security import LinkSecurity
from flightsw.services.store import StoreError
from tlm_cmd.frames.multiplexer import MultiplexerState
from tlm_cmd.link.downlink_sender import DownlinkSender
from tlm_cmd.link.parameters import LinkParameters
from tlm_cmd.link.telemetry_coding import TelemetryEncoder
from tlm_cmd.sdls.refusals import ProtectionRefusedError

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
        pending: a unit that the radio had no room for, coded.
        last_frame_ns: when a frame was last sent.
        frames: frames sent.
        refused: times that the radio had no room for a frame, which was kept.
        lost: frames given up because the radio refused them, or did not say whether it took them.
        unprotected: times that no frame could be made because no number for its protection is left.
        dropped: packets that no channel had room for.
        resets: times that the radio was found off although it had been switched on.
        errors: failed transactions, with the radio or with the memory of the security.
    """

    multiplexer: MultiplexerState | None = None
    on: bool = False
    credit_octets: float = 0.0
    pending: bytes = b""
    last_frame_ns: int = 0
    frames: int = 0
    refused: int = 0
    lost: int = 0
    unprotected: int = 0
    dropped: int = 0
    resets: int = 0
    errors: int = 0


class Transmitter:
    """Frames packets and hands them to a radio.

    Args:
        radio: its driver.
        parameters: the link's managed parameters.
        state: the memory to work on.
        security: of its frames, if the link is protected.

    Attributes:
        state: the memory.
        octets_per_s: how fast frames may leave, counted in octets as they are on the air; 0 until it is set.
        unit_octets: how long each frame is on the air.
    """

    def __init__(
        self, radio: Radio, parameters: LinkParameters, state: TransmitterState, security: LinkSecurity | None = None
    ) -> None:
        self.state = state
        self.octets_per_s = 0
        self._radio = radio
        self._parameters = parameters
        self._security = security
        self._sender = DownlinkSender(parameters, None if security is None else security.frames)
        coding = parameters.telemetry_coding
        self._encoder = None if coding is None else TelemetryEncoder(coding, parameters.tm_frame_octets)
        self.unit_octets = parameters.tm_frame_octets if self._encoder is None else self._encoder.unit_octets
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
        """Octets sent, coding included."""
        return self.state.frames * self.unit_octets

    @property
    def spi(self) -> int:
        """The association that protects the next frame with packets; 0 if there is none."""
        if self._security is None:
            return 0
        parameters = self._security.frames.sender_parameters(self._parameters.telemetry_channel(self.channels[0]))
        return 0 if parameters is None else parameters.spi

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

    def send(self, now_ns: int, seconds: float, control_words: Sequence[bytes]) -> None:
        """Send as many frames as ``seconds`` allow; an idle frame when nothing has gone for a second.

        Args:
            now_ns: vehicle time.
            seconds: since the last call.
            control_words: go into the operational control fields in turn.
        """
        state = self.state
        length = self.unit_octets
        self._reserve()
        most = self.octets_per_s * MAX_BURST_S
        state.credit_octets = min(state.credit_octets + self.octets_per_s * seconds, max(most, length))
        while state.credit_octets >= length:
            idle = not 0 <= now_ns - state.last_frame_ns < IDLE_FRAME_NS
            if not (state.pending or self._sender.waiting or idle):
                return
            unit = state.pending or self._next_unit(control_words, now_ns)
            if not unit or not self._hand_over(unit):
                return
            state.credit_octets -= length
            state.last_frame_ns = now_ns

    def _reserve(self) -> None:
        """Have numbers for the protection of the next frames; without, none is sent."""
        if self._security is None:
            return
        try:
            self._security.prepare()
        except (StoreError, PortError):
            self.state.errors += 1

    def _next_unit(self, control_words: Sequence[bytes], now_ns: int) -> bytes:
        """The next frame as it goes on the air; empty if it cannot be protected, then its packets wait."""
        control_word = control_words[self.state.frames % len(control_words)]
        try:
            frame = self._sender.next_frame(control_word, now_ns)
        except ProtectionRefusedError:
            self.state.unprotected += 1
            return b""
        return frame if self._encoder is None else self._encoder.encode(frame)

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
