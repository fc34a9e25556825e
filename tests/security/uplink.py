"""A ground station and a spacecraft joined by the bits of a protected uplink, and what has been executed."""

from __future__ import annotations

from itertools import count

import msgspec

from tlm_cmd.link.coding_parameters import TelecommandCoding
from tlm_cmd.link.parameters import LinkParameters
from tlm_cmd.link.telecommand_coding import TelecommandDecoder, encode_telecommand
from tlm_cmd.link.uplink_receiver import UplinkReceiver, UplinkReceiverState
from tlm_cmd.link.uplink_sender import UplinkSender
from tlm_cmd.packets.cfs_header import build_command
from tlm_cmd.sdls.frame_security import FrameSecurity, FrameSecurityState
from tlm_cmd.sdls.simulation_keys import derive_simulation_keys

SECOND = 10**9
GENUINE_SEED = 11
_LATELY = 8
"""Commands among which the one that is waited for must be: no more are sent at a time."""
MOST_ROUNDS = 200
"""Reports that the ground waits for, at most, until a command is executed."""


def link_security(parameters: LinkParameters, *, flight: bool, seed: int = GENUINE_SEED) -> FrameSecurity:
    """One end's security of the telecommand channel, ready to send; a stranger's has another seed."""
    assert parameters.telecommand_security is not None
    ring = derive_simulation_keys(seed, [1], [parameters.telecommand_security.key_id])
    security = FrameSecurity(ring, parameters.telecommand_associations(flight=flight))
    security.reserve()
    security.saved()
    return security


def coding_of(parameters: LinkParameters) -> TelecommandCoding:
    """How frames become bits."""
    assert parameters.telecommand_coding is not None
    return parameters.telecommand_coding


class SpacecraftEnd:
    """The composed receiving chain. It saves its memory before a packet counts as executed, as flight software does."""

    def __init__(self, parameters: LinkParameters) -> None:
        self.parameters = parameters
        self.executed: list[bytes] = []
        self.frames = 0
        self._saved = (b"", b"")
        self._make()
        self._save()

    def _make(self) -> None:
        self.security = link_security(self.parameters, flight=True)
        self.receiver = UplinkReceiver(self.parameters, self.security)
        self.decoder = TelecommandDecoder(coding_of(self.parameters), self.parameters.tc_frame_octets)

    def _save(self) -> None:
        self._saved = msgspec.msgpack.encode(self.security.state), msgspec.msgpack.encode(self.receiver.state)
        self.security.saved()

    def reboot(self, *, checkpoint_lost: bool) -> None:
        """Come back: the memory of the security is in the store, that of the receiver in a checkpoint, or lost."""
        security, receiver = self._saved
        self._make()
        self.security.state = msgspec.msgpack.decode(security, type=FrameSecurityState)
        if not checkpoint_lost:
            self.receiver.state = msgspec.msgpack.decode(receiver, type=UplinkReceiverState)
        self._save()

    def hear(self, bits: bytes, now_ns: int) -> list[bytes]:
        """Take bits and return what is executed of them."""
        packets: list[bytes] = []
        for frame in self.decoder.feed(bits):
            self.frames += 1
            packets += self.receiver.receive(frame, now_ns).packets
        if self.security.unsaved_acceptances:
            self._save()
        self.executed += packets
        return packets


class GroundEnd:
    """Who may command: it repeats what does not arrive, and begins again when the sequence control gives up."""

    def __init__(self, parameters: LinkParameters) -> None:
        self.security = link_security(parameters, flight=False)
        self.sender = UplinkSender(parameters, self.security)
        self._numbers = count()

    def new_command(self, octets: int) -> bytes:
        """A command that is like no other."""
        number = next(self._numbers)
        return build_command(0x30 + number % 7, number % 16_384, 1, number.to_bytes(4, "big") + bytes(octets))

    def send(self, packet: bytes, now_ns: int) -> list[bytes]:
        """Take a command; the frames to radiate now."""
        if self.security.reservation_due:
            self.security.reserve()
            self.security.saved()
        return self.sender.send(packet, now_ns)

    @property
    def under_way(self) -> int:
        """Units that are neither confirmed nor given up."""
        counters = self.sender.state.counters
        return counters.units - counters.confirmed - counters.not_confirmed - counters.rejected - counters.expired


class Uplink:
    """Both ends, and the time.

    Args:
        parameters: of the link.
    """

    def __init__(self, parameters: LinkParameters) -> None:
        self.parameters = parameters
        self.coding = coding_of(parameters)
        self.spacecraft, self.ground = SpacecraftEnd(parameters), GroundEnd(parameters)
        self.now_ns = 0
        self.radiated: list[bytes] = []
        """Genuine frames that the spacecraft has heard, the newest last."""

    def bits(self, frame: bytes) -> bytes:
        """A frame as it is radiated."""
        return encode_telecommand(frame, self.coding)

    def radiate(self, frames: list[bytes]) -> None:
        """Let the spacecraft hear genuine frames."""
        for frame in frames:
            self.spacecraft.hear(self.bits(frame), self.now_ns)
            self.radiated.append(frame)

    def report(self) -> list[bytes]:
        """Let a second pass and a report come down; the frames that the ground answers with."""
        self.now_ns += SECOND
        frames = self.ground.sender.on_clcw(self.spacecraft.receiver.clcw(), self.now_ns)
        return frames + self.ground.sender.poll(self.now_ns)

    def carry_out(self, packet: bytes, frames: list[bytes]) -> bool:
        """Radiate the frames of a command, and all that it takes until it is executed; False if it never is."""
        self.radiate(frames)
        for _ in range(MOST_ROUNDS):
            if packet in self.spacecraft.executed[-_LATELY:]:
                break
            self.radiate(self.report())
            if not self.ground.under_way and packet not in self.spacecraft.executed[-_LATELY:]:
                self.radiate(self.ground.send(packet, self.now_ns))
        else:
            return False
        while self.ground.under_way:
            self.radiate(self.report())
        return True
