"""Commands and telemetry with cFS headers, decoded by the dictionary of the reference mission; bulk decoding."""

from __future__ import annotations

from functools import cache
from random import Random

from flightsw.mission import Mission
from ops_tools.reference_mission import reference_mission
from tests.fuzz.mutation import Field
from tests.fuzz.payloads import draw_payload
from tests.fuzz.repairs import command_checksum, frame_crc, packet_length, packet_version
from tests.fuzz.target import ACCEPTED, BrokenPromiseError, MutatedTarget, Target, promise, promise_sum
from tlm_cmd.bulk.decoding import decode_packets
from tlm_cmd.definition.codec import codec_of
from tlm_cmd.definition.dictionary import SHORT_FORM, Dictionary, DictionaryError
from tlm_cmd.errors import ProtocolError
from tlm_cmd.packets.cfs_header import build_command, build_telemetry, parse_command, parse_telemetry
from tlm_cmd.packets.telemetry_packets import TelemetryPackets

COMMAND_FIELDS = (Field(0, 2), Field(2, 2), Field(4, 2), Field(6, 1), Field(7, 1), Field(8, 1), Field(9, 1))
TELEMETRY_FIELDS = (Field(0, 2), Field(2, 2), Field(4, 2), *(Field(16 + at, 1) for at in range(6)), Field(-3, 1))


@cache
def dictionary() -> Dictionary:
    """The reference mission's."""
    return Mission.load(reference_mission() / "mission.toml").dictionary


@cache
def telemetry_packets() -> TelemetryPackets:
    """Its decoder, compiled once."""
    return TelemetryPackets(dictionary())


def draw_telemetry(chance: Random) -> bytes:
    """A packet of any kind, or an event, of the reference mission."""
    known = dictionary()
    time_s, count = chance.randrange(1 << 32), chance.randrange(16_384)
    if chance.random() < 0.3:
        event = chance.choice(list(known.events.values()))
        short = chance.random() < 0.2
        payload = bytes([event.code, event.record.severity | SHORT_FORM * short])
        if not short:
            payload += draw_payload(codec_of(event.record).layout, chance)
        return build_telemetry(event.apid, count, time_s, 0, payload)
    entry = chance.choice(list(known.telemetry.values()))
    return build_telemetry(entry.apid, count, time_s, 0, draw_payload(entry.codec.layout, chance))


def draw_command(chance: Random) -> bytes:
    """A command of the reference mission."""
    entry = chance.choice(list(dictionary().commands.values()))
    payload = draw_payload(codec_of(entry.record).layout, chance)
    return build_command(entry.apid, chance.randrange(16_384), entry.code, payload)


class CommandTarget(MutatedTarget):
    """`parse_command`, then the arguments by the dictionary: what is accepted packs to the same octets."""

    name = "commands"
    reaches = frozenset(
        {ACCEPTED, "unknown command", "ChecksumError command", "LengthMismatchError command", "TooShortError command"}
    )
    share = 20

    def __init__(self, chance: Random) -> None:
        repairs = (packet_version, packet_length, command_checksum)
        super().__init__(chance, [draw_command(chance) for _ in range(100)], COMMAND_FIELDS, repairs)

    def run(self, case: bytes) -> str:
        """Read a command and its arguments."""
        command = parse_command(case)
        promise(command.pack() == case, what="the command packs to other octets")
        entry = dictionary().command_by_id(command.apid, command.function_code)
        if entry is None:
            return "unknown command"
        codec = codec_of(entry.record)
        arguments = codec.decode(command.payload)
        again = codec.decode(codec.encode(arguments))
        promise(_alike(again, arguments), what="arguments change when encoded and decoded")
        return ACCEPTED


class TelemetryTarget(MutatedTarget):
    """`TelemetryPackets.decode`: what is accepted is what header and dictionary say one by one."""

    name = "telemetry_packets"
    reaches = frozenset(
        {ACCEPTED, "DictionaryError", "ChecksumError telemetry packet", "LengthMismatchError telemetry packet"}
    )
    declared = (ProtocolError, DictionaryError)
    share = 20

    def __init__(self, chance: Random) -> None:
        repairs = (packet_version, packet_length, frame_crc)
        super().__init__(chance, [draw_telemetry(chance) for _ in range(100)], TELEMETRY_FIELDS, repairs)

    def run(self, case: bytes) -> str:
        """Decode a packet both ways."""
        try:
            slow = parse_telemetry(case)
            _, message = dictionary().decode_downlink(slow.apid, slow.payload)
        except self.declared as expected:
            try:
                telemetry_packets().decode(case)
            except type(expected):
                raise expected from None
            raise BrokenPromiseError(f"the quick way accepts what the long way refuses: {expected}") from None
        quick = telemetry_packets().decode(case)
        promise(_alike(quick.message, message), what="both ways decode to different messages")
        same_header = (quick.sequence_count, quick.time_ns) == (slow.sequence_count, slow.time_ns)
        promise(same_header, what="both ways read different headers")
        return ACCEPTED


class BulkTarget(MutatedTarget):
    """`decode_packets`: each octet is of a packet or skipped, each packet gives a row or is refused, as one by one."""

    name = "bulk_decoding"
    declared = ()
    reaches = frozenset({"rows", "refused"})
    share = 1
    chunk = 100

    def __init__(self, chance: Random) -> None:
        repairs = (packet_version, packet_length, frame_crc)
        super().__init__(chance, [draw_telemetry(chance) for _ in range(60)], TELEMETRY_FIELDS, repairs)

    def case(self) -> bytes:
        """A buffer of packets, some of them changed."""
        return b"".join(
            self.changed(packet) if self.mutator.below(3) else packet
            for packet in self.chance.choices(self.corpus, k=self.chance.randint(1, 12))
        )

    def run(self, case: bytes) -> str:
        """Decode a buffer."""
        decoded = decode_packets(dictionary(), case)
        rows = sum(len(columns.positions) for columns in decoded.packets.values())
        refused = sum(decoded.refused.values())
        promise_sum("packets", decoded.index.packets, rows, refused)
        for columns in decoded.packets.values():
            for position in columns.positions.tolist():
                octets = int.from_bytes(case[position + 4 : position + 6], "big") + 7
                telemetry_packets().decode(case[position : position + octets])
        for refusal in decoded.refusals:
            self._promise_refused(case[refusal.position : refusal.position + refusal.octets])
        return "refused" if refused else "rows"

    def _promise_refused(self, packet: bytes) -> None:
        try:
            telemetry_packets().decode(packet)
        except (ProtocolError, DictionaryError):
            return
        raise BrokenPromiseError("a packet is refused that the scalar decoder accepts")


def _alike(one: object, other: object) -> bool:
    """Whether two messages are equal, or differ only in what is not a number."""
    return one == other or repr(one) == repr(other)


TARGETS: tuple[type[Target], ...] = (CommandTarget, TelemetryTarget, BulkTarget)
