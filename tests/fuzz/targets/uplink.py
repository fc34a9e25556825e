"""The spacecraft's end of the telecommand chain, from frames to packets; with security, an insider holds the keys."""

from __future__ import annotations

from random import Random

import msgspec

from tests.fuzz.links import (
    AUTHENTICATED,
    BYPASSING,
    ENCRYPTED,
    PLAIN,
    SPACECRAFT,
    TC_SPI,
    protect_telecommand,
    protection_of,
    security_of,
)
from tests.fuzz.mutation import Mutator
from tests.fuzz.repairs import frame_crc, tc_frame_length
from tests.fuzz.target import REPAIRED_SHARE, Target, promise, promise_sum
from tests.fuzz.targets.frames import TC_FIELDS
from tests.fuzz.targets.space_packets import HEADER_FIELDS, draw_packet
from tlm_cmd.frames.segmentation import cut_into_segments
from tlm_cmd.frames.tc import SET_VR, UNLOCK, SegmentFlags, SegmentHeader, TcFrame, TcFrameType
from tlm_cmd.link.parameters import LinkParameters
from tlm_cmd.link.refusals import FrameRefusal
from tlm_cmd.link.uplink_receiver import UplinkReceiver
from tlm_cmd.packets.spacepacket import is_whole_packet
from tlm_cmd.sdls.refusals import ProcessRefusal

_MALFORMED = {
    FrameRefusal.TOO_SHORT.value,
    FrameRefusal.BAD_LENGTH.value,
    FrameRefusal.BAD_CRC.value,
    FrameRefusal.BAD_VERSION.value,
    FrameRefusal.WRONG_SPACECRAFT.value,
    FrameRefusal.BAD_HEADER.value,
    FrameRefusal.WRONG_VIRTUAL_CHANNEL.value,
    FrameRefusal.BAD_CONTROL.value,
}


class UplinkTarget(Target):
    """`UplinkReceiver`: frames for its next numbers, sound inside or not, then changed and repaired."""

    parameters: LinkParameters
    declared = ()
    share = 40
    most_state_octets = 8000

    def __init__(self, chance: Random) -> None:
        super().__init__(chance)
        parameters = self.parameters
        self.security = None
        self.insider = None
        if parameters.telecommand_security is not None:
            self.security = security_of(parameters, flight=True)
            self.insider = protection_of(self.security, TC_SPI)
        self.receiver = UplinkReceiver(parameters, self.security)
        donors = [draw_packet(chance) for _ in range(20)]
        self.packets = Mutator(chance, donors, HEADER_FIELDS)
        self.frames = Mutator(chance, [frame_crc(bytes(40))], TC_FIELDS)
        self.pieces: list[tuple[SegmentFlags, bytes]] = []
        self.last = b""
        self.cases = self.given = 0

    def case(self) -> bytes:
        """The next frame."""
        draw = self.chance.random()
        if draw < 0.03:
            return self.last
        frame = self._frame()
        if draw < 0.35:
            frame = self.frames.mutate(frame)
            for repair in (tc_frame_length, frame_crc):
                if self.chance.random() < REPAIRED_SHARE:
                    frame = repair(frame)
        self.last = frame
        return frame

    def _frame(self) -> bytes:
        chance, parameters = self.chance, self.parameters
        channel, draw = parameters.tc_virtual_channel, chance.random()
        if draw < 0.06 or (self.receiver.state.farm.lockout and draw < 0.5):
            data = UNLOCK if chance.random() < 0.6 else SET_VR + chance.randbytes(1)
            return TcFrame(TcFrameType.BC, SPACECRAFT, channel, data).pack()
        flags, data = self._piece()
        segment = None
        if parameters.segment_header:
            segment = SegmentHeader(flags, parameters.map_id if chance.random() < 0.97 else chance.randrange(64))
        if chance.random() < 0.2 or (parameters.cop1 is None and chance.random() < 0.9):
            return self._protected(TcFrame(TcFrameType.BD, SPACECRAFT, channel, data, segment=segment))
        ahead = chance.choice((0, 0, 0, 0, 0, 0, 0, 0, 1, -1, 9, 10, 11, -10, -11, chance.randrange(256)))
        number = (self.receiver.state.farm.v_r + ahead) % 256
        return self._protected(TcFrame(TcFrameType.AD, SPACECRAFT, channel, data, number, segment))

    def _piece(self) -> tuple[SegmentFlags, bytes]:
        """The next piece of a unit of packets, which may be changed."""
        if not self.pieces:
            unit = self.packets.pick(self.packets.donors)
            while self.chance.random() < 0.3:
                unit += self.packets.pick(self.packets.donors)
            if self.chance.random() < 0.3:
                unit = self.packets.mutate(unit) or b"\0"
            room = self.parameters.max_tc_data_octets
            if not self.parameters.segment_header:
                unit = unit[:room]
            self.pieces = cut_into_segments(unit, room if self.chance.random() < 0.5 else max(len(unit) // 2, 1))
            if not self.parameters.segment_header:
                self.pieces = [(SegmentFlags.WHOLE, unit)]
        return self.pieces.pop(0 if self.chance.random() < 0.95 else self.packets.below(len(self.pieces)))

    def _protected(self, frame: TcFrame) -> bytes:
        if self.insider is None or self.security is None:
            return frame.pack()
        bound = self.security.table.bound(TC_SPI)
        assert bound is not None
        ahead = self.chance.choice((0, 0, 0, 0, 0, 0, 1, 5, -1, -3, 63, 64, 1000, 1 << 31))
        counter = (bound.use.next_counter + ahead) % (1 << 32)
        return protect_telecommand(self.insider, frame, counter)

    def run(self, case: bytes) -> str:
        """Receive a frame."""
        self.cases += 1
        result = self.receiver.receive(case, self.cases)
        self.given += len(result.packets)
        if result.refusal is not None:
            promise(not result.packets, what="packets of a refused frame")
            if result.refusal is FrameRefusal.NOT_GENUINE and self.security is not None:
                newest = self.security.state.last_refusal
                promise(newest is not None, what="a frame is not genuine, and the security does not know")
                return f"not genuine: {newest.value if newest else ''}"
            return result.refusal.value
        limit = self.parameters.max_packet_octets
        sound = all(is_whole_packet(packet) and len(packet) <= limit for packet in result.packets)
        promise(sound, what="what is given is no packet")
        return "packets" if result.packets else "nothing to give"

    def check(self) -> None:
        """Each frame and each octet is accounted for, by receiver, assembler, FARM-1 and security."""
        state, counters = self.receiver.state, self.receiver.state.counters
        promise_sum("frames", counters.frames, self.cases)
        promise_sum("frames", counters.frames, counters.data_frames, counters.control_frames, counters.refused.total)
        promise_sum("packets", counters.packets, self.given)
        known = counters.packet_octets, counters.idle_octets, counters.malformed_octets
        promise_sum("unit octets", counters.unit_octets, *known)
        pieces = state.assembler.counters
        promise_sum("unit octets assembled", counters.unit_octets, pieces.unit_octets)
        waiting = len(state.assembler.partial)
        promise_sum("assembled", pieces.octets, pieces.unit_octets, pieces.dropped_octets, waiting)
        farm = state.farm.counters
        accepted = farm.accepted_ad + farm.accepted_bd
        promise_sum("FARM-1", farm.frames, accepted, farm.executed, farm.not_executed, farm.discarded)
        promise_sum("data frames", counters.data_frames, accepted)
        promise_sum("control frames", counters.control_frames, farm.executed)
        if self.security is not None:
            guard = self.security.state.counters
            promise_sum("security", guard.received, guard.accepted, guard.refused.total, guard.put_aside)
            promise_sum("accepted by both", guard.accepted, accepted)
            promise_sum("not genuine", guard.refused.total, counters.refused.not_genuine)
            log = self.security.state.log
            promise_sum("security log", log.seen, len(log.events), log.overflows, log.erased)

    def memory(self) -> msgspec.Struct:
        """The receiver's."""
        return self.receiver.state

    def restore(self, state: msgspec.Struct) -> None:
        """Go on with it."""
        assert isinstance(state, type(self.receiver.state))
        self.receiver.state = state


_SOUND = frozenset({"packets", "nothing to give", *_MALFORMED})
_SEQUENCE = frozenset({FrameRefusal.NOT_IN_SEQUENCE.value, FrameRefusal.LOCKED_OUT.value})
_GUARD = frozenset(
    f"not genuine: {reason.value}"
    for reason in (
        ProcessRefusal.TOO_SHORT,
        ProcessRefusal.UNKNOWN_SPI,
        ProcessRefusal.BAD_MAC,
        ProcessRefusal.REPLAYED,
        ProcessRefusal.OUT_OF_WINDOW,
    )
)


class PlainUplink(UplinkTarget):
    """Without security."""

    name = "uplink_plain"
    parameters = PLAIN
    reaches = _SOUND | _SEQUENCE | {FrameRefusal.WRONG_MAP.value}


class BypassingUplink(UplinkTarget):
    """Without security and sequence control."""

    name = "uplink_bypassing"
    parameters = BYPASSING
    reaches = _SOUND | {FrameRefusal.NOT_IN_SEQUENCE.value}
    share = 10


class EncryptedUplink(UplinkTarget):
    """AES-GCM, segmented."""

    name = "uplink_gcm"
    parameters = ENCRYPTED
    reaches = _SOUND | _SEQUENCE | _GUARD | {FrameRefusal.WRONG_MAP.value}


class AuthenticatedUplink(UplinkTarget):
    """AES-CMAC, one frame a unit."""

    name = "uplink_cmac"
    parameters = AUTHENTICATED
    reaches = _SOUND | _SEQUENCE | _GUARD


TARGETS: tuple[type[Target], ...] = (
    BypassingUplink,
    PlainUplink,
    EncryptedUplink,
    AuthenticatedUplink,
)
