"""Packets of the packet utilisation standard: telecommands as the command ingest judges them, and telemetry."""

from __future__ import annotations

from functools import cache
from random import Random

from apps.command_ingest.judging import Judge
from apps.command_ingest.services import Rejection
from flightsw.bus.requests import Request
from flightsw.mission import Mission
from ops_tools.reference_mission import reference_mission
from tests.fuzz.mutation import Field
from tests.fuzz.payloads import draw_payload
from tests.fuzz.repairs import frame_crc, packet_length, packet_version
from tests.fuzz.target import ACCEPTED, MutatedTarget, Target, promise
from tlm_cmd.definition.codec import codec_of
from tlm_cmd.definition.dictionary import DictionaryError
from tlm_cmd.definition.message import Command, Telemetry
from tlm_cmd.errors import ProtocolError
from tlm_cmd.packets.profile import ServiceRequest
from tlm_cmd.packets.pus.body import PusBody
from tlm_cmd.packets.pus.catalogue import REPORTS, REQUESTS, unpack_report
from tlm_cmd.packets.pus.profile import PusProfile
from tlm_cmd.packets.pus.service_11_schedule import Activity, InsertActivities
from tlm_cmd.packets.pus.telecommand import PusTelecommand
from tlm_cmd.packets.pus.telemetry import PusTelemetry
from tlm_cmd.packets.service_reports import ConnectionTested, ParametersReported, TimeReported
from tlm_cmd.packets.verification import FailureCode, RequestId, Stage, VerificationReport

TELECOMMAND_FIELDS = (Field(0, 2), Field(2, 2), Field(4, 2), *(Field(6 + at, 1) for at in range(8)), Field(9, 2))
TELEMETRY_FIELDS = (Field(0, 2), Field(2, 2), Field(4, 2), *(Field(6 + at, 1) for at in range(3)), Field(19, 2))
FIRST_TAI_S = 2_000_000_000


@cache
def profile() -> PusProfile:
    """The reference mission's words in PUS packets."""
    return PusProfile(Mission.load(reference_mission() / "mission.toml").dictionary)


def draw_telecommand(chance: Random) -> bytes:
    """A command of an app, or a request to a service with some octets as its body."""
    apid, count = chance.choice(list(profile().dictionary.apps)).apid, chance.randrange(16_384)
    if chance.random() < 0.3:
        entry = chance.choice(list(profile().dictionary.commands.values()))
        payload = draw_payload(codec_of(entry.record).layout, chance)
        return profile().build_command(entry.apid, count, entry.code, payload)
    if chance.random() < 0.2:
        time = profile().time.pack(FIRST_TAI_S + chance.randrange(1 << 30), 0)
        activities = (Activity(time, draw_telecommand(chance)),) * chance.randint(0, 3)
        return _telecommand(apid, count, InsertActivities(activities).pack(), InsertActivities)
    body = chance.choice(list(REQUESTS.values()))
    items = chance.randint(0, 4)
    data = bytes([items]) + chance.randbytes(items * chance.choice((2, 2, 6)))
    return _telecommand(apid, count, chance.choice((b"", data, chance.randbytes(2))), body)


def _telecommand(apid: int, count: int, data: bytes, body: type[PusBody]) -> bytes:
    return PusTelecommand(apid, count, body.service, body.subtype, data).pack()


def draw_telemetry(chance: Random) -> bytes:
    """A packet of any kind of the reference mission."""
    known = profile().dictionary
    count, time = chance.randrange(16_384), (FIRST_TAI_S + chance.randrange(1 << 30), chance.randrange(1 << 16))
    if chance.random() < 0.3:
        event = chance.choice(list(known.events.values()))
        message = codec_of(event.record).decode(draw_payload(codec_of(event.record).layout, chance))
        return profile().encode(event.apid, message, count, *time, short_event=chance.random() < 0.2)
    if chance.random() < 0.3:
        app = chance.choice(list(known.apps))
        entry = known.telemetry_of(app.name, VerificationReport)
        request = RequestId(chance.randrange(1 << 16), app.apid, chance.randrange(16_384), 0)
        report = VerificationReport(request, chance.choice(list(Stage)), chance.choice(list(FailureCode)))
        return profile().encode(entry.apid, report, count, *time)
    if chance.random() < 0.2:
        app, data = chance.choice(list(known.apps)), chance.choice((b"", chance.randbytes(2), b"\1\7\0\5"))
        service, subtype = chance.choice(((17, 2), (17, 4), (20, 2)))
        return PusTelemetry(app.apid, count, service, subtype, profile().time.pack(*time), data).pack()
    own_apid = (VerificationReport, ConnectionTested, ParametersReported)
    entry = chance.choice([each for each in known.telemetry.values() if not issubclass(each.record, own_apid)])
    message = entry.codec.decode(draw_payload(entry.codec.layout, chance))
    return profile().encode(entry.apid, message, count, *time)


class PusTelecommandTarget(MutatedTarget):
    """`Judge.judge` on PUS packets: whatever comes gets an answer, and what is accepted can be put on the bus."""

    name = "pus_telecommands"
    declared = ()
    reaches = frozenset(
        {ACCEPTED, "service", *(code.name for code in (FailureCode.BAD_CHECKSUM, FailureCode.MALFORMED_PACKET))}
        | {FailureCode.UNKNOWN_FUNCTION.name, FailureCode.BAD_ARGUMENT.name, FailureCode.UNKNOWN_APPLICATION.name}
    )
    share = 10

    def __init__(self, chance: Random) -> None:
        repairs = (packet_version, packet_length, frame_crc)
        super().__init__(chance, [draw_telecommand(chance) for _ in range(100)], TELECOMMAND_FIELDS, repairs)
        self._judge = Judge(profile(), lambda _apid, _function: False, _own_request)

    def run(self, case: bytes) -> str:
        """Judge one packet."""
        judged = self._judge.judge(case)
        if isinstance(judged.verdict, Rejection):
            promise(judged.verdict.code is not FailureCode.NONE, what="a rejection has no reason")
            return judged.verdict.code.name
        entry = profile().dictionary.command_by_id(judged.verdict.id.apid, judged.verdict.id.function)
        promise(entry is not None, what="what is accepted is a command of an app")
        assert entry is not None
        payload = codec_of(entry.record).encode(judged.verdict.command)
        promise(len(codec_of(entry.record).encode(entry.codec.decode(payload))) == len(payload), what="it can be sent")
        return "service" if isinstance(profile().read_command(case).call, ServiceRequest) else ACCEPTED


def _own_request(app: str, command: Command) -> Request:
    entry = profile().dictionary.command_of(app, type(command))
    return Request(RequestId(1, entry.apid, 1, entry.code), command)


class PusTelemetryTarget(MutatedTarget):
    """`PusProfile.decode`: what is accepted is the report that stands there, and encodes to the same octets."""

    name = "pus_telemetry"
    declared = (ProtocolError, DictionaryError)
    reaches = frozenset({ACCEPTED, "DictionaryError", "ChecksumError PUS telemetry packet", "UnknownMessageError"})
    share = 10

    def __init__(self, chance: Random) -> None:
        repairs = (packet_version, packet_length, frame_crc)
        super().__init__(chance, [draw_telemetry(chance) for _ in range(100)], TELEMETRY_FIELDS, repairs)

    def run(self, case: bytes) -> str:
        """Decode a packet, and its body again by itself."""
        received = profile().decode(case)
        profile().check_telemetry(case)
        message = received.message
        if isinstance(message, TimeReported):
            return ACCEPTED
        packet = PusTelemetry.unpack(case, profile().formats)
        body = unpack_report(packet.service, packet.subtype, packet.data, profile().formats)
        promise((packet.service, packet.subtype) in REPORTS, what="a report of the catalogue")
        promise(body.pack(profile().formats) == packet.data, what="the body packs to the same octets")
        promise(packet.sequence_count == received.sequence_count, what="both ways read one sequence count")
        if isinstance(message, Telemetry) and not isinstance(message, VerificationReport):
            time = received.time_seconds, received.time_subseconds
            again = profile().encode(received.entry.apid, message, received.sequence_count, *time)
            promise(repr(profile().decode(again).message) == repr(message), what="the message comes back")
        return ACCEPTED


TARGETS: tuple[type[Target], ...] = (PusTelecommandTarget, PusTelemetryTarget)
