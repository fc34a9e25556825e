"""A radio receiver, and the ground's end of the uplink.

The ground hands over transmissions, strings of octets; they are on the air at the uplink's data rate and reach the
receiver's queue only while a station sees the spacecraft. What does not fit, or is not heard, is counted where it is
lost.
"""

import random

import msgspec

from bus_sim.environment.epoch import NS_PER_S
from bus_sim.equipment.radio_channel import Decibels, RadioChannel, RadioChannelState
from bus_sim.quantities import BitsPerSecond, Octets, Watts

_BITS_PER_OCTET = 8


class ReceiverParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A receiver.

    Attributes:
        rate_bit_s: of everything the ground sends, coding included.
        air_octets: bound of what the ground has handed over and not yet sent.
        queue_octets: bound of what was received and not yet read.
        power_w: what it draws.
        eb_n0_db: energy per bit over noise density at a distance of 1000 km [dB]; without it, no bit is ever wrong.
    """

    rate_bit_s: BitsPerSecond
    air_octets: Octets
    queue_octets: Octets
    power_w: Watts
    eb_n0_db: Decibels | None = None


class ReceiverState(msgspec.Struct):
    """Memory of a receiver.

    Attributes:
        air: what the ground handed over and has not sent, oldest first.
        queue: what was received and not read, oldest first.
        air_octets: sum of the lengths in ``air``.
        queued_octets: sum of the lengths in ``queue``.
        powered: the line is closed.
        locked: it hears a station's carrier.
        sent_bits: of the oldest in ``air``, already sent.
        offered: transmissions the ground handed over.
        refused: of these, not fitting.
        received: of these, now or once in the queue.
        lost_in_space: of these, sent while no station saw the spacecraft or the receiver had no power.
        dropped: received, but the queue was full.
        lost_power: in the queue when the power went.
        taken: read from the queue.
        channel: what noise has done.
    """

    air: list[bytes]
    queue: list[bytes]
    air_octets: int = 0
    queued_octets: int = 0
    powered: bool = False
    locked: bool = False
    sent_bits: int = 0
    offered: int = 0
    refused: int = 0
    received: int = 0
    lost_in_space: int = 0
    dropped: int = 0
    lost_power: int = 0
    taken: int = 0
    channel: RadioChannelState = msgspec.field(default_factory=RadioChannelState)


class Receiver:
    """A receiver with its queue, and the ground's end of the uplink; ``stream`` draws the noise."""

    def __init__(self, parameters: ReceiverParameters, stream: random.Random) -> None:
        self.parameters = parameters
        self.state = ReceiverState(air=[], queue=[])
        self._channel = RadioChannel(parameters.eb_n0_db, stream)

    def uplink(self, octets: bytes) -> bool:
        """The ground hands over one transmission; False, and counted, if it is empty or the bound is reached."""
        state = self.state
        state.offered += 1
        if not octets or state.air_octets + len(octets) > self.parameters.air_octets:
            state.refused += 1
            return False
        state.air.append(bytes(octets))
        state.air_octets += len(octets)
        return True

    def waiting(self, most: int) -> tuple[bytes, ...]:
        """The oldest transmissions received, at most so many; they stay in the queue."""
        return tuple(self.state.queue[:most])

    def first_number(self) -> int:
        """Running number of the oldest transmission in the queue, or of the next to come, counted from 0."""
        return self.state.taken + self.state.lost_power

    def take(self, count: int) -> tuple[bytes, ...]:
        """The oldest transmissions received, at most so many; they leave the queue."""
        state = self.state
        taken = tuple(state.queue[:count])
        for octets in taken:
            state.queued_octets -= len(octets)
        del state.queue[: len(taken)]
        state.taken += len(taken)
        return taken

    def demand_w(self) -> float:
        """Power drawn [W]."""
        return self.parameters.power_w if self.state.powered else 0.0

    def set_power(self, *, on: bool) -> None:
        """The line closed or opened; without power what was not read is lost."""
        state = self.state
        state.powered = on
        if not on:
            state.lost_power += len(state.queue)
            state.queue.clear()
            state.queued_octets = 0
            state.locked = False

    def progress(self, range_km: float | None, step_ns: int) -> None:
        """The ground sends for ``step_ns`` from a station so far away; None while no station sees the spacecraft."""
        state = self.state
        state.locked = range_km is not None and state.powered
        if not state.air:
            return
        budget = state.sent_bits + self.parameters.rate_bit_s * step_ns // NS_PER_S
        while state.air:
            bits = len(state.air[0]) * _BITS_PER_OCTET
            if bits > budget:
                break
            budget -= bits
            octets = state.air.pop(0)
            state.air_octets -= len(octets)
            self._arrive(octets, range_km)
        state.sent_bits = budget if state.air else 0

    def _arrive(self, octets: bytes, range_km: float | None) -> None:
        state = self.state
        if range_km is None or not state.locked:
            state.lost_in_space += 1
        elif state.queued_octets + len(octets) > self.parameters.queue_octets:
            state.received += 1
            state.dropped += 1
        else:
            state.received += 1
            state.queue.append(self._channel.carry(octets, range_km, state.channel))
            state.queued_octets += len(octets)
