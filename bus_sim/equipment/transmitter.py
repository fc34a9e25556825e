"""A radio transmitter: sends frames at its data rate, for whoever hears them.

A frame is a string of octets; what it means is none of the radio's business. Whether anybody hears it is decided in
the step in which its last bit leaves: only while a station sees the spacecraft. Propagation takes no time (below 8 ms
in low orbit). Every queue has a bound, and what does not fit, or is not heard, is counted where it is lost.
"""

import random

import msgspec

from bus_sim.environment.epoch import NS_PER_S
from bus_sim.equipment.radio_channel import Decibels, RadioChannel, RadioChannelState
from bus_sim.quantities import BitsPerSecond, Count, Octets, Watts

_BITS_PER_OCTET = 8


class TransmitterParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A transmitter.

    Attributes:
        rate_bit_s: of everything in a frame, coding included.
        queue_octets: bound of the queue of frames to send.
        ground_frames: bound of the queue of frames the ground has not yet collected.
        off_w: power while the carrier is off.
        on_w: power while the carrier is on, whether or not there is something to send.
        radiated_w: the part of it that leaves through the antenna and heats nothing.
        eb_n0_db: energy per bit over noise density at a distance of 1000 km [dB]; without it, no bit is ever wrong.
    """

    rate_bit_s: BitsPerSecond
    queue_octets: Octets
    ground_frames: Count
    off_w: Watts
    on_w: Watts
    radiated_w: Watts = 0.0
    eb_n0_db: Decibels | None = None


class Hearer(msgspec.Struct, frozen=True, gc=False):
    """The station that sees the spacecraft: its number, and how far away it is [km]."""

    station: int
    range_km: float


class GroundFrame(msgspec.Struct, frozen=True):
    """A frame as a station received it: when [ns since scenario start], by which station's number, its octets."""

    time_ns: int
    station: int
    octets: bytes


class TransmitterState(msgspec.Struct):
    """Memory of a transmitter.

    Attributes:
        queue: frames to send, oldest first.
        ground: frames received and not yet collected, oldest first.
        queued_octets: sum of the queue's lengths.
        powered: the line is closed.
        on: the carrier is on.
        sent_bits: of the oldest frame, already sent.
        accepted: frames put into the queue.
        refused: frames that did not fit, or came without power.
        sent: frames that left the antenna.
        heard: of these, received by a station.
        lost_in_space: of these, heard by nobody.
        lost_power: frames in the queue when the power went.
        lost_ground: heard, but the ground did not collect in time.
        channel: what noise has done.
    """

    queue: list[bytes]
    ground: list[GroundFrame]
    queued_octets: int = 0
    powered: bool = False
    on: bool = False
    sent_bits: int = 0
    accepted: int = 0
    refused: int = 0
    sent: int = 0
    heard: int = 0
    lost_in_space: int = 0
    lost_power: int = 0
    lost_ground: int = 0
    channel: RadioChannelState = msgspec.field(default_factory=RadioChannelState)


class Transmitter:
    """A transmitter with its queue, and the far end of its beam; ``stream`` draws the noise."""

    def __init__(self, parameters: TransmitterParameters, stream: random.Random) -> None:
        self.parameters = parameters
        self.state = TransmitterState(queue=[], ground=[])
        self._channel = RadioChannel(parameters.eb_n0_db, stream)

    def switch(self, *, on: bool) -> bool:
        """Switch the carrier; False without power."""
        if not self.state.powered:
            return False
        self.state.on = on
        return True

    def transmit(self, frame: bytes) -> bool:
        """Queue a frame; False, and counted, if it is empty, does not fit or there is no power."""
        state = self.state
        if not state.powered or not frame or state.queued_octets + len(frame) > self.parameters.queue_octets:
            state.refused += 1
            return False
        state.queue.append(bytes(frame))
        state.queued_octets += len(frame)
        state.accepted += 1
        return True

    def room_octets(self) -> int:
        """Room left in the queue."""
        return self.parameters.queue_octets - self.state.queued_octets

    def take_ground_frames(self) -> list[GroundFrame]:
        """What stations received since the last call, oldest first."""
        taken, self.state.ground = self.state.ground, []
        return taken

    def demand_w(self) -> float:
        """Power drawn in the present state [W]."""
        if not self.state.powered:
            return 0.0
        return self.parameters.on_w if self.state.on else self.parameters.off_w

    def radiated_w(self) -> float:
        """Power leaving through the antenna [W]."""
        return self.parameters.radiated_w if self.state.powered and self.state.on else 0.0

    def set_power(self, *, on: bool) -> None:
        """The line closed or opened; without power the carrier is off and the queue is lost."""
        state = self.state
        state.powered = on
        if not on:
            state.lost_power += len(state.queue)
            state.queue.clear()
            state.queued_octets = state.sent_bits = 0
            state.on = False

    def progress(self, heard_by: Hearer | None, now_ns: int, step_ns: int) -> None:
        """Send for ``step_ns``, until ``now_ns``, while a station sees the spacecraft, or none."""
        state = self.state
        if not state.on or not state.queue:
            return
        budget = state.sent_bits + self.parameters.rate_bit_s * step_ns // NS_PER_S
        finished = 0
        for frame in state.queue:
            bits = len(frame) * _BITS_PER_OCTET
            if bits > budget:
                break
            budget -= bits
            finished += 1
            self._arrive(frame, heard_by, now_ns)
        for frame in state.queue[:finished]:
            state.queued_octets -= len(frame)
        del state.queue[:finished]
        state.sent_bits = budget if state.queue else 0

    def _arrive(self, frame: bytes, heard_by: Hearer | None, now_ns: int) -> None:
        state = self.state
        state.sent += 1
        if heard_by is None:
            state.lost_in_space += 1
            return
        state.heard += 1
        if len(state.ground) >= self.parameters.ground_frames:
            state.lost_ground += 1
            return
        octets = self._channel.carry(frame, heard_by.range_km, state.channel)
        state.ground.append(GroundFrame(now_ns, heard_by.station, octets))
