"""Radios: transmitters that send frames at their data rate, and a receiver for what the ground sends.

A frame is a string of octets; what it means is none of the radio's business. Whether anybody hears it is decided in
the step in which its last bit leaves: only while a station sees the spacecraft. Propagation takes no time (below 8 ms
in low orbit). Every queue has a bound, and what does not fit, or is not heard, is counted where it is lost.
"""

from typing import Annotated

import msgspec

from bus_sim.environment.epoch import NS_PER_S

_BITS_PER_OCTET = 8
PositiveCount = Annotated[int, msgspec.Meta(gt=0)]
NotNegative = Annotated[float, msgspec.Meta(ge=0.0)]


class TransmitterParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A transmitter.

    Attributes:
        rate_bit_s: of everything in a frame, coding included.
        queue_octets: bound of the queue of frames to send.
        ground_frames: bound of the queue of frames the ground has not yet collected.
        off_w: power while the carrier is off.
        on_w: power while the carrier is on, whether or not there is something to send.
        radiated_w: the part of it that leaves through the antenna and heats nothing.
    """

    rate_bit_s: PositiveCount
    queue_octets: PositiveCount
    ground_frames: PositiveCount
    off_w: NotNegative
    on_w: NotNegative
    radiated_w: NotNegative = 0.0


class ReceiverParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A receiver.

    Attributes:
        rate_bit_s: of everything the ground sends, coding included.
        air_octets: bound of what the ground has handed over and not yet sent.
        queue_octets: bound of what was received and not yet read.
        power_w: what it draws.
    """

    rate_bit_s: PositiveCount
    air_octets: PositiveCount
    queue_octets: PositiveCount
    power_w: NotNegative


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


class Transmitter:
    """A transmitter with its queue, and the far end of its beam."""

    def __init__(self, parameters: TransmitterParameters) -> None:
        self.parameters = parameters
        self.state = TransmitterState(queue=[], ground=[])

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

    def set_power(self, on: bool) -> None:  # noqa: FBT001
        """The line closed or opened; without power the carrier is off and the queue is lost."""
        state = self.state
        state.powered = on
        if not on:
            state.lost_power += len(state.queue)
            state.queue.clear()
            state.queued_octets = state.sent_bits = 0
            state.on = False

    def progress(self, station: int, now_ns: int, step_ns: int) -> None:
        """Send for ``step_ns``, until ``now_ns``, while ``station`` (number, -1 for none) sees the spacecraft."""
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
            self._arrive(frame, station, now_ns)
        for frame in state.queue[:finished]:
            state.queued_octets -= len(frame)
        del state.queue[:finished]
        state.sent_bits = budget if state.queue else 0

    def _arrive(self, frame: bytes, station: int, now_ns: int) -> None:
        state = self.state
        state.sent += 1
        if station < 0:
            state.lost_in_space += 1
            return
        state.heard += 1
        if len(state.ground) >= self.parameters.ground_frames:
            state.lost_ground += 1
            return
        state.ground.append(GroundFrame(now_ns, station, frame))


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


class Receiver:
    """A receiver with its queue, and the ground's end of the uplink."""

    def __init__(self, parameters: ReceiverParameters) -> None:
        self.parameters = parameters
        self.state = ReceiverState(air=[], queue=[])

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

    def set_power(self, on: bool) -> None:  # noqa: FBT001
        """The line closed or opened; without power what was not read is lost."""
        state = self.state
        state.powered = on
        if not on:
            state.lost_power += len(state.queue)
            state.queue.clear()
            state.queued_octets = 0
            state.locked = False

    def progress(self, station: int, step_ns: int) -> None:
        """The ground sends for ``step_ns`` while ``station`` (number, -1 for none) sees the spacecraft."""
        state = self.state
        state.locked = station >= 0 and state.powered
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
            self._arrive(octets)
        state.sent_bits = budget if state.air else 0

    def _arrive(self, octets: bytes) -> None:
        state = self.state
        if not state.locked:
            state.lost_in_space += 1
        elif state.queued_octets + len(octets) > self.parameters.queue_octets:
            state.received += 1
            state.dropped += 1
        else:
            state.received += 1
            state.queue.append(octets)
            state.queued_octets += len(octets)
