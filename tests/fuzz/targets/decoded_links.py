"""The bits of a link's physical channels to frames: all codes of both directions."""

from __future__ import annotations

from random import Random

import msgspec

from tests.fuzz.links import ENCRYPTED, SPACECRAFT
from tests.fuzz.mutation import Mutator
from tests.fuzz.repairs import frame_crc
from tests.fuzz.streams import BitStream
from tests.fuzz.target import Target, promise, promise_sum
from tests.fuzz.targets.frames import TC_FIELDS
from tlm_cmd.frames.tc import TcFrame, TcFrameType
from tlm_cmd.link.coding_parameters import TelecommandCoding
from tlm_cmd.link.telecommand_coding import TelecommandDecoder, encode_telecommand
from tlm_cmd.link.telemetry_coding import TelemetryDecoder, TelemetryEncoder


class TelecommandDecoderTarget(Target):
    """`TelecommandDecoder` on a stream of bits: each decoded octet is of a frame, fill or refused."""

    name = "telecommand_decoder"
    declared = ()
    reaches = frozenset({"frames", "none"})
    share = 20
    most_state_octets = 6000

    def __init__(self, chance: Random) -> None:
        super().__init__(chance)
        self.coding = TelecommandCoding()
        self.decoder = TelecommandDecoder(self.coding, 256)
        self.frames = Mutator(chance, [frame_crc(bytes(40))], TC_FIELDS)
        self.stream = BitStream(chance, self._unit, noise_octets=20, longest_piece=150)
        self.given = self.octets = 0

    def _unit(self) -> bytes:
        data = self.chance.randbytes(self.chance.choice((1, 20, 100)))
        frames = TcFrame(TcFrameType.BD, SPACECRAFT, 1, data).pack()
        while self.chance.random() < 0.3:
            frames += TcFrame(TcFrameType.BD, SPACECRAFT, 1, data).pack()
        if self.chance.random() < 0.4:
            frames = self.frames.mutate(frames) or b"\0"
        return encode_telecommand(frames, self.coding)

    def case(self) -> bytes:
        """The next piece."""
        return self.stream.piece()

    def run(self, case: bytes) -> str:
        """Feed a piece."""
        frames = self.decoder.feed(case)
        self.given += len(frames)
        self.octets += sum(map(len, frames))
        promise(all(5 <= len(frame) <= 256 for frame in frames), what="length of a frame")
        return "frames" if frames else "none"

    def check(self) -> None:
        """Each octet of each unit is accounted for."""
        counters = self.decoder.state.counters
        promise_sum("octets", counters.octets, counters.frame_octets, counters.fill_octets, counters.refused_octets)
        promise_sum("frames", counters.frames, self.given)
        promise_sum("frame octets", counters.frame_octets, self.octets)
        receiver = self.decoder.state.receiver
        promise_sum("decoded octets", receiver.counters.octets, counters.octets, len(receiver.octets))

    def memory(self) -> msgspec.Struct:
        """The decoder's."""
        return self.decoder.state

    def restore(self, state: msgspec.Struct) -> None:
        """Go on with it."""
        assert isinstance(state, type(self.decoder.state))
        self.decoder.state = state


class TelemetryDecoderTarget(Target):
    """`TelemetryDecoder` on a stream of bits: each block is a frame or cannot be corrected."""

    name = "telemetry_decoder"
    declared = ()
    reaches = frozenset({"frames", "uncorrectable", "none"})
    most_state_octets = 3000

    def __init__(self, chance: Random) -> None:
        super().__init__(chance)
        coding = ENCRYPTED.telemetry_coding
        assert coding is not None
        self.octets = ENCRYPTED.tm_frame_octets
        self.encoder = TelemetryEncoder(coding, self.octets)
        self.decoder = TelemetryDecoder(coding, self.octets)
        self.stream = BitStream(chance, self._unit, noise_octets=30, longest_piece=250)
        self.given = 0

    def _unit(self) -> bytes:
        unit = bytearray(self.encoder.encode(self.chance.randbytes(self.octets)))
        if self.chance.random() < 0.3:
            for _ in range(self.chance.choice((1, 10, 16, 17, 30))):
                unit[self.chance.randrange(len(unit))] ^= self.chance.randrange(256)
        return bytes(unit)

    def case(self) -> bytes:
        """The next piece."""
        return self.stream.piece()

    def run(self, case: bytes) -> str:
        """Feed a piece."""
        before = self.decoder.state.counters.uncorrectable
        frames = self.decoder.feed(case)
        self.given += len(frames)
        promise(all(len(frame) == self.octets for frame in frames), what="length of a frame")
        if self.decoder.state.counters.uncorrectable != before:
            return "uncorrectable"
        return "frames" if frames else "none"

    def check(self) -> None:
        """Each block that was found is accounted for."""
        counters = self.decoder.state.counters
        promise_sum("blocks", counters.blocks, counters.frames, counters.uncorrectable)
        promise_sum("frames", counters.frames, self.given)
        promise_sum("blocks found", counters.blocks, self.decoder.state.synchroniser.counters.frames)

    def memory(self) -> msgspec.Struct:
        """The decoder's."""
        return self.decoder.state

    def restore(self, state: msgspec.Struct) -> None:
        """Go on with it."""
        assert isinstance(state, type(self.decoder.state))
        self.decoder.state = state


TARGETS: tuple[type[Target], ...] = (TelecommandDecoderTarget, TelemetryDecoderTarget)
