"""The ground's end of the telemetry chain, from frames to packets; with security, an insider holds the keys."""

from __future__ import annotations

from random import Random

import msgspec

from tests.fuzz.links import ENCRYPTED, PLAIN, SPACECRAFT, TM_SPI, protection_of, security_of
from tests.fuzz.mutation import Mutator
from tests.fuzz.repairs import fixed_length, frame_crc
from tests.fuzz.target import REPAIRED_SHARE, Target, promise, promise_sum
from tests.fuzz.targets.frames import TM_FIELDS
from tests.fuzz.targets.space_packets import HEADER_FIELDS, draw_packet
from tlm_cmd.frames.clcw import Clcw
from tlm_cmd.frames.pointers import NO_PACKET_START, ONLY_IDLE_DATA
from tlm_cmd.frames.tm import TmFrame, max_data_octets
from tlm_cmd.link.downlink_receiver import DownlinkReceiver
from tlm_cmd.link.parameters import LinkParameters
from tlm_cmd.sdls.security_report import FrameSecurityReport

_IDLE_CHANNEL = 7
_UNKNOWN_CHANNEL = 4


class DownlinkTarget(Target):
    """`DownlinkReceiver`: frames with changed packets inside, then changed and repaired."""

    parameters: LinkParameters
    declared = ()
    share = 40
    most_state_octets = 8000

    def __init__(self, chance: Random) -> None:
        super().__init__(chance)
        parameters = self.parameters
        self.security = security_of(parameters, flight=False) if parameters.telemetry_security else None
        self.insider = protection_of(self.security, TM_SPI) if self.security else None
        self.receiver = DownlinkReceiver(parameters, self.security)
        self.room = max_data_octets(
            parameters.tm_frame_octets, ocf=True, security_octets=parameters.telemetry_security_octets
        )
        self.packets = Mutator(chance, [draw_packet(chance) for _ in range(20)], HEADER_FIELDS)
        self.frames = Mutator(chance, [frame_crc(bytes(128))], TM_FIELDS)
        self.stream, self.starts = b"", 0
        self.counts = [0] * 8
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
            if self.chance.random() < REPAIRED_SHARE:
                frame = fixed_length(frame, self.parameters.tm_frame_octets)
            if self.chance.random() < REPAIRED_SHARE:
                frame = frame_crc(frame)
        self.last = frame
        return frame

    def _zone(self) -> tuple[int, bytes]:
        """First header pointer and data of the next frame: packets that flow on, some of them changed."""
        pointer = self.starts
        while len(self.stream) < self.room:
            packet = self.packets.pick(self.packets.donors)
            self.stream += packet if self.chance.random() < 0.8 else self.packets.mutate(packet)
            self.starts = len(self.stream)
        zone, self.stream = self.stream[: self.room], self.stream[self.room :]
        self.starts -= self.room
        if self.chance.random() < 0.15:
            return self.chance.choice((0, NO_PACKET_START, ONLY_IDLE_DATA, self.chance.randrange(self.room))), zone
        return pointer if pointer < self.room else NO_PACKET_START, zone

    def _frame(self) -> bytes:
        chance = self.chance
        draw = chance.random()
        channel = chance.choice((0, 1)) if draw < 0.9 else chance.choice((_UNKNOWN_CHANNEL, _IDLE_CHANNEL))
        self.counts[channel] = (self.counts[channel] + (1 if draw < 0.85 else chance.randrange(256))) % 256
        pointer, data = self._zone()
        ocf = chance.choice((Clcw(1).pack(), FrameSecurityReport(1).pack(), chance.randbytes(4)))
        frame = TmFrame(SPACECRAFT, channel, self.cases % 256, self.counts[channel], pointer, data, ocf)
        if self.insider is None or channel in (_UNKNOWN_CHANNEL, _IDLE_CHANNEL):
            added = self.parameters.telemetry_security_octets
            return msgspec.structs.replace(frame, data=data + bytes(added)).pack()
        assert self.security is not None
        bound = self.security.table.bound(TM_SPI)
        assert bound is not None
        ahead = chance.choice((0, 0, 0, 0, 0, 0, 1, 5, -1, -3, 1023, 1024, 1 << 40))
        counter = max(bound.use.next_counter + ahead, 0)
        insider = self.insider
        return frame.pack(
            lambda header, plain: insider.seal(header, plain, counter),
            security_octets=self.parameters.telemetry_security_octets,
        )

    def run(self, case: bytes) -> str:
        """Receive a frame."""
        self.cases += 1
        result = self.receiver.receive(case, self.cases)
        self.given += len(result.packets)
        if result.refusal is not None:
            promise(not result.packets and result.clcw is None, what="something of a refused frame")
            return result.refusal.value
        return "packets" if result.packets else "nothing to give"

    def check(self) -> None:
        """Each frame and each octet is accounted for, by receiver, extractors and security."""
        state, counters = self.receiver.state, self.receiver.state.counters
        promise_sum("frames", counters.frames, self.cases)
        promise_sum("frames", counters.frames, counters.accepted, counters.refused.total)
        words = counters.clcws, counters.security_reports, counters.bad_control_words
        promise(sum(words) <= counters.accepted, what="more control words than frames")
        extracted = [found.counters for found in state.extractors.values()]
        promise_sum("accepted", counters.accepted, *(each.frames for each in extracted))
        promise_sum("packets", self.given, *(each.packets for each in extracted))
        for found in state.extractors.values():
            each = found.counters
            known = each.packet_octets, each.idle_octets, each.dropped_octets
            promise_sum("octets", each.octets, *known, len(found.partial))
        if self.security is not None:
            guard = self.security.state.counters
            promise_sum("security", guard.received, guard.accepted, guard.refused.total, guard.put_aside)
            promise(guard.refused.total <= counters.refused.not_genuine, what="more not genuine than refused")

    def memory(self) -> msgspec.Struct:
        """The receiver's."""
        return self.receiver.state

    def restore(self, state: msgspec.Struct) -> None:
        """Go on with it."""
        assert isinstance(state, type(self.receiver.state))
        self.receiver.state = state


_REACHED = frozenset(
    {
        *("packets", "nothing to give", "bad_length", "bad_crc", "bad_version", "wrong_spacecraft", "bad_header"),
        "wrong_virtual_channel",
    }
)


class PlainDownlink(DownlinkTarget):
    """Without security."""

    name = "downlink_plain"
    parameters = PLAIN
    reaches = _REACHED


class EncryptedDownlink(DownlinkTarget):
    """AES-GCM."""

    name = "downlink_gcm"
    parameters = ENCRYPTED
    reaches = _REACHED | {"not_genuine"}


TARGETS: tuple[type[Target], ...] = (PlainDownlink, EncryptedDownlink)
