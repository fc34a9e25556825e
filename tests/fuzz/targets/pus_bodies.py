"""Packets of the packet utilisation standard under any lengths that a mission may choose, and the bodies in them."""

from __future__ import annotations

from random import Random

from tests.fuzz.mutation import Field
from tests.fuzz.repairs import frame_crc, packet_length, packet_version
from tests.fuzz.target import ACCEPTED, MutatedTarget, Target, promise
from tlm_cmd.errors import ProtocolError
from tlm_cmd.packets.pus.body import PusBody
from tlm_cmd.packets.pus.catalogue import REPORTS, REQUESTS, unpack_report, unpack_request
from tlm_cmd.packets.pus.formats import PusFormats
from tlm_cmd.packets.pus.service_9_time import TimePacket
from tlm_cmd.packets.pus.service_11_schedule import Activity, InsertActivities
from tlm_cmd.packets.pus.telecommand import PusTelecommand
from tlm_cmd.packets.pus.telemetry import PusTelemetry

_TRIES = 300
_FIELDS = (Field(0, 2), Field(2, 2), Field(4, 2), Field(6, 1), Field(7, 1), Field(8, 1), Field(9, 2))


def pus_version(octets: bytes, *, at: int = 6) -> bytes:
    """Set the version of a secondary header to 2."""
    return octets[:at] + bytes([octets[at] & 0x0F | 0x20]) + octets[at + 1 :] if len(octets) > at else octets


def draw_formats(chance: Random) -> PusFormats:
    """Lengths that a mission may have chosen."""
    return PusFormats(
        time_octets=chance.choice((4, 6, 8)),
        failure_code_octets=chance.choice((1, 2)),
        structure_octets=chance.choice((1, 2)),
        parameter_octets=chance.choice((1, 2, 4)),
        time_rate_octets=chance.choice((0, 1)),
        time_status_octets=chance.choice((0, 1)),
        subschedule_octets=chance.choice((0, 1)),
        group_octets=chance.choice((0, 1)),
        offset_octets=chance.choice((2, 4)),
        count_octets=chance.choice((1, 2)),
    )


def draw_body(chance: Random, kind: type[PusBody], formats: PusFormats) -> bytes | None:
    """Octets that are a body of this kind, found by trying; None if there is no luck."""
    if kind is InsertActivities:
        requests = [PusTelecommand(3, chance.randrange(99), 17, 1).pack() for _ in range(chance.randint(1, 3))]
        group = 1 if formats.group_octets else 0
        activities = tuple(Activity(chance.randbytes(formats.time_octets), request, group) for request in requests)
        return InsertActivities(activities).pack(formats)
    for _ in range(_TRIES):
        octets = bytes(chance.choice((0, 0, 1, 2, 3, chance.randrange(256))) for _ in range(chance.randrange(30)))
        try:
            kind.unpack(octets, formats)
        except ProtocolError:
            continue
        return octets
    return None


class RequestTarget(MutatedTarget):
    """`PusTelecommand.unpack` and `unpack_request`: what is accepted packs to the same octets."""

    name = "pus_requests"
    reaches = frozenset(
        {
            ACCEPTED,
            "UnknownMessageError",
            "ChecksumError PUS telecommand",
            "LengthMismatchError PUS telecommand",
            "TooShortError PUS telecommand",
            "WrongVersionError PUS version",
        }
    )
    share = 20
    kinds = REQUESTS

    def __init__(self, chance: Random) -> None:
        self.formats = draw_formats(chance)
        corpus = []
        for (service, subtype), kind in self.kinds.items():
            body = draw_body(chance, kind, self.formats)
            if body is not None:
                corpus.append(self.packed(chance, service, subtype, body))
        fields = (*_FIELDS, *(Field(self.body_at + at, 1) for at in range(8)), Field(self.body_at, 2))
        super().__init__(chance, corpus, fields, (packet_version, packet_length, pus_version, frame_crc))

    @property
    def body_at(self) -> int:
        """Where the body begins."""
        return 11

    def packed(self, chance: Random, service: int, subtype: int, body: bytes) -> bytes:
        """A packet with a body."""
        return PusTelecommand(chance.randrange(2047), chance.randrange(16_384), service, subtype, body).pack()

    def run(self, case: bytes) -> str:
        """Read a packet and its body."""
        packet = PusTelecommand.unpack(case)
        promise(packet.pack() == case, what="the packet packs to other octets")
        body = unpack_request(packet.service, packet.subtype, packet.data, self.formats)
        promise(body.pack(self.formats) == packet.data, what="the body packs to other octets")
        return ACCEPTED


class ReportTarget(RequestTarget):
    """`PusTelemetry.unpack` and `unpack_report`."""

    name = "pus_reports"
    reaches = frozenset(
        {
            ACCEPTED,
            "UnknownMessageError",
            "ChecksumError PUS telemetry packet",
            "LengthMismatchError PUS telemetry packet",
            "TooShortError PUS telemetry packet",
            "WrongVersionError PUS version",
        }
    )
    kinds = REPORTS

    @property
    def body_at(self) -> int:
        """Where the body begins."""
        return 13 + self.formats.time_octets

    def packed(self, chance: Random, service: int, subtype: int, body: bytes) -> bytes:
        """A packet with a body."""
        time = chance.randbytes(self.formats.time_octets)
        counts = chance.randrange(2047), chance.randrange(16_384)
        return PusTelemetry(*counts, service, subtype, time, body, chance.randrange(65_536)).pack(self.formats)

    def run(self, case: bytes) -> str:
        """Read a packet and its body."""
        packet = PusTelemetry.unpack(case, self.formats)
        promise(packet.pack(self.formats) == case, what="the packet packs to other octets")
        body = unpack_report(packet.service, packet.subtype, packet.data, self.formats)
        promise(body.pack(self.formats) == packet.data, what="the body packs to other octets")
        return ACCEPTED


class TimePacketTarget(MutatedTarget):
    """`TimePacket.unpack`."""

    name = "pus_time_packet"
    reaches = frozenset({ACCEPTED, "ChecksumError PUS time packet", "FieldRangeError APID of a time packet"})
    share = 3

    def __init__(self, chance: Random) -> None:
        corpus = [TimePacket(chance.randrange(16_384), chance.randbytes(7)).pack() for _ in range(20)]
        super().__init__(chance, corpus, _FIELDS, (packet_version, packet_length, frame_crc))

    def run(self, case: bytes) -> str:
        """Read a packet."""
        promise(TimePacket.unpack(case).pack() == case, what="the packet packs to other octets")
        return ACCEPTED


TARGETS: tuple[type[Target], ...] = (RequestTarget, ReportTarget, TimePacketTarget)
