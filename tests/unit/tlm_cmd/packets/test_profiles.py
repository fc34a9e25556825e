"""The same words in the packets of each profile."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Annotated

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlm_cmd.definition.dictionary import AppInterface, Dictionary, DictionaryError
from tlm_cmd.definition.fields import U8, U16, Range, UpTo
from tlm_cmd.definition.message import Command, Event, Severity, ShortEvent, Telemetry
from tlm_cmd.errors import (
    ChecksumError,
    FieldRangeError,
    LengthMismatchError,
    ProtocolError,
    TooShortError,
    WrongValueError,
)
from tlm_cmd.packets.cfs_header import build_command
from tlm_cmd.packets.crc import crc16
from tlm_cmd.packets.leap_seconds import LEAP_SECONDS
from tlm_cmd.packets.profile import FunctionCall, PacketProfile, ProfileName, ReadCommand, ServiceRequest
from tlm_cmd.packets.profiles import packet_profile
from tlm_cmd.packets.pus.acknowledgement import Acknowledge
from tlm_cmd.packets.pus.catalogue import UnknownMessageError
from tlm_cmd.packets.pus.packet_time import CdsTime, CucTime, PacketTimeName
from tlm_cmd.packets.pus.profile import PusProfile
from tlm_cmd.packets.pus.service_17_connection import ConnectionTest
from tlm_cmd.packets.pus.telecommand import PusTelecommand
from tlm_cmd.packets.pus.telemetry import PusTelemetry
from tlm_cmd.packets.service_reports import ConnectionTested, ParametersReported, TimeReported
from tlm_cmd.packets.verification import GROUND, FailureCode, RequestId, Stage, VerificationReport

MODEST = settings(max_examples=60, deadline=None)


class Turn(Command, code=2):
    """Turn."""

    angle: Annotated[int, U16]


class Status(Telemetry, period_s=2):
    """A status."""

    number: Annotated[int, U8, Range(0, 9)]
    text: Annotated[str, UpTo(20)]


class Empty(Telemetry):
    """Nothing."""


class Answered(ConnectionTested):
    """An answer."""


class Values(ParametersReported):
    """Parameters."""


class Time(TimeReported):
    """A time."""


class Debugged(Event, code=1, severity=Severity.DEBUG, text="{what}"):
    """For programmers."""

    what: Annotated[str, UpTo(8)]


class Informed(Event, code=2, text="nothing more"):
    """For people, without fields."""


class Erred(Event, code=200, severity=Severity.ERROR, text="{what}"):
    """An anomaly."""

    what: Annotated[int, U8]


class Burnt(Event, code=255, severity=Severity.CRITICAL, text="{what}"):
    """The worst."""

    what: Annotated[int, U8]


EVENTS = (Debugged, Informed, Erred, Burnt)
DICTIONARY = Dictionary(
    "m",
    [
        AppInterface("one", 0x100, (Turn,), (Status, VerificationReport, Empty), EVENTS),
        AppInterface("two", 0x120, (), (VerificationReport, Answered, Time, Status, Values), ()),
    ],
)
PUS = PusProfile(DICTIONARY)
PROFILES: list[PacketProfile] = [
    packet_profile(ProfileName.CFS, DICTIONARY),
    packet_profile(ProfileName.PUS, DICTIONARY),
    packet_profile(ProfileName.PUS, DICTIONARY, PacketTimeName.CDS),
]
START_1972 = LEAP_SECONDS.utc_to_tai(63_072_000 * 10**9) // 10**9
TIMES = st.tuples(st.integers(START_1972, 2**32 - 10**6), st.integers(0, 65_535))
COUNTS = st.integers(0, 16_383)
STATUSES = st.builds(Status, st.integers(0, 9), st.text("abc", max_size=20))
REQUESTS = st.builds(RequestId, st.integers(0, 65_535), st.integers(0, 0x7FF), st.integers(0, 16_383), st.just(0))
VERIFICATIONS = st.one_of(
    st.builds(VerificationReport, REQUESTS, st.sampled_from([Stage.ACCEPTED, Stage.STARTED])),
    st.builds(VerificationReport, REQUESTS, st.just(Stage.COMPLETED), percent=st.just(100)),
    st.builds(VerificationReport, REQUESTS, st.just(Stage.PROGRESS), percent=st.integers(0, 100)),
    st.builds(
        VerificationReport,
        REQUESTS,
        st.sampled_from([Stage.REJECTED, Stage.FAILED]),
        st.sampled_from(FailureCode),
        reason=st.text(max_size=30),
    ),
)
MESSAGES = st.one_of(
    st.tuples(st.sampled_from([0x101, 0x124]), STATUSES),
    st.tuples(st.just(0x103), st.just(Empty())),
    st.tuples(st.sampled_from([0x102, 0x121]), VERIFICATIONS),
    st.tuples(st.just(0x122), st.builds(Answered, st.sampled_from([0x100, 0x120]), st.sampled_from([0x100, 0x120]))),
    st.tuples(st.just(0x123), st.builds(lambda rate, time: Time(rate, *time), st.integers(0, 8), TIMES)),
    st.tuples(
        st.just(0x125),
        st.builds(Values, st.sampled_from([0x100, 0x120]), st.integers(0, 255), st.binary(max_size=20)),
    ),
    st.tuples(
        st.just(0x100),
        st.one_of(
            st.builds(Debugged, st.text("abc", max_size=8)),
            st.just(Informed()),
            st.builds(Erred, st.integers(0, 255)),
            st.builds(Burnt, st.integers(0, 255)),
        ),
    ),
)


def sealed(octets: bytes) -> bytes:
    """Octets with their CRC behind them."""
    return octets + crc16(octets).to_bytes(2, "big")


@pytest.mark.parametrize("profile", PROFILES)
@MODEST
@given(MESSAGES, COUNTS, TIMES)
def test_messages_come_back(
    profile: PacketProfile, sent: tuple[int, Telemetry | Event], count: int, time: tuple[int, int]
) -> None:
    """What an app says is the same on the ground, with entry, sequence count and time, in every profile."""
    apid, message = sent
    packet = profile.encode(apid, message, count, *time)
    profile.check_telemetry(packet)
    received = profile.decode(packet)
    assert received.message == message
    assert received.sequence_count == count
    assert received.entry.apid == apid
    assert type(message) is received.entry.record
    if not isinstance(message, Time):
        assert (received.time_seconds, received.time_subseconds) == time
    counted_at = int.from_bytes(packet[:2], "big") & 0x7FF
    assert counted_at == profile.counting_apid(apid, message)
    assert counted_at in profile.counting_apids()


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("event", [Debugged("x"), Informed(), Erred(1), Burnt(2)])
def test_short_events(profile: PacketProfile, event: Event) -> None:
    """Events in the short form come back as their class, also those that have no fields anyway."""
    packet = profile.encode(0x100, event, 1, START_1972, 3, short_event=True)
    assert profile.decode(packet).message == ShortEvent(type(event))
    assert profile.decode(profile.encode(0x100, event, 1, START_1972, 3)).message == event
    with pytest.raises(ProtocolError):
        profile.decode(sealed(packet[:4] + (len(packet) - 6).to_bytes(2, "big") + packet[6:-2] + b"x"))


@pytest.mark.parametrize("profile", PROFILES)
@MODEST
@given(st.binary(max_size=40), MESSAGES, st.data())
def test_any_octets_of_telemetry(
    profile: PacketProfile, garbage: bytes, sent: tuple[int, Telemetry | Event], data: st.DataObject
) -> None:
    """Whatever comes down raises nothing but ProtocolError, also with a valid CRC."""
    packet = bytearray(profile.encode(*sent, 5, START_1972, 6)[:-2])
    for _ in range(data.draw(st.integers(1, 4))):
        packet[data.draw(st.integers(0, len(packet) - 1))] = data.draw(st.integers(0, 255))
    for octets in (garbage, sealed(garbage), bytes(packet), sealed(bytes(packet)), sealed(bytes(packet) + garbage)):
        with contextlib.suppress(ProtocolError):
            profile.decode(octets)
        with contextlib.suppress(ProtocolError):
            profile.check_telemetry(octets)


@pytest.mark.parametrize("profile", PROFILES)
@MODEST
@given(st.integers(0x100, 0x7EF), COUNTS, st.integers(0, 127), st.binary(max_size=30))
def test_commands_come_back(profile: PacketProfile, apid: int, count: int, function: int, arguments: bytes) -> None:
    """A command of the ground is read on board with its ids, and all reports are wanted."""
    packet = profile.build_command(apid, count, function, arguments)
    request = RequestId(GROUND, apid, count, function)
    assert profile.read_command(packet) == ReadCommand(
        request, FunctionCall(apid, function, arguments), Acknowledge.ALL
    )
    assert profile.request_of(packet) == request


@pytest.mark.parametrize("profile", PROFILES)
@MODEST
@given(st.binary(max_size=40), st.data())
def test_any_octets_of_commands(profile: PacketProfile, garbage: bytes, data: st.DataObject) -> None:
    """Whatever comes up raises nothing but ProtocolError; seven octets have a request id, fewer have none."""
    packet = bytearray(profile.build_command(0x100, 1, 2, b"\1\2"))
    packet[data.draw(st.integers(0, len(packet) - 1))] = data.draw(st.integers(0, 255))
    for octets in (garbage, sealed(garbage), bytes(packet), sealed(bytes(packet)[:-2])):
        with contextlib.suppress(ProtocolError):
            profile.read_command(octets)
        assert (profile.request_of(octets) is None) is (len(octets) < 7)


def test_request_ids_of_cfs_have_the_function_code() -> None:
    """Reports of one profile name the function code, those of the other do not."""
    cfs, pus, _ = PROFILES
    request = RequestId(GROUND, 0x100, 5, 7)
    assert cfs.request_of(build_command(0x123, 4567, 89)[:7]) == RequestId(GROUND, 0x123, 4567, 89)
    assert cfs.request_key(request) == (0x100, 5, 7)
    assert pus.request_key(request) == (0x100, 5, 0)


# -------------------------------------------------------------------- what is in PUS packets


@pytest.mark.parametrize(
    ("apid", "message", "octets"),
    [
        (0x101, Status(3, "ab"), "0903190000 0000 | 0001 03 02 6162"),
        (0x124, Status(3, "ab"), "0903190000 0000 | 0004 03 02 6162"),
        (0x100, Debugged("a"), "0905010000 0000 | 0001 01 61"),
        (0x100, Informed(), "0905010000 0000 | 0002"),
        (0x100, Erred(7), "0905030000 0000 | 00c8 07"),
        (0x100, Burnt(7), "0905040000 0000 | 00ff 07"),
        (0x102, VerificationReport(RequestId(0, 0x100, 5, 2), Stage.ACCEPTED), "0901010000 0000 | 1900c005"),
        (0x102, VerificationReport(RequestId(9, 0x100, 5, 2), Stage.STARTED), "0901030000 0009 | 1900c005"),
        (
            0x102,
            VerificationReport(RequestId(0, 0x100, 5, 2), Stage.PROGRESS, percent=40),
            "0901050000 0000 | 1900c00528",
        ),
        (0x102, VerificationReport(RequestId(0, 0x100, 5, 2), Stage.COMPLETED), "0901070000 0000 | 1900c005"),
        (
            0x102,
            VerificationReport(RequestId(0, 0x100, 5, 2), Stage.FAILED, FailureCode.DEVICE_FAILED, reason="no"),
            "0901080000 0000 | 1900c005 000a 6e6f",
        ),
        (
            0x102,
            VerificationReport(RequestId(0, 0x100, 5, 2), Stage.REJECTED, FailureCode.BAD_LENGTH),
            "0901020000 0000 | 1900c005 0005",
        ),
        (
            0x102,
            VerificationReport(RequestId(0, 0x700, 5, 2), Stage.REJECTED, FailureCode.UNKNOWN_APPLICATION),
            "09010a0000 0000 | 1f00c005 0003",
        ),
        (0x122, Answered(0x100, 0x100), "0911020000 0000 |"),
        (0x122, Answered(0x100, 0x120), "0911040000 0000 | 0120"),
        (0x125, Values(0x100, 1, b"\7\3\1"), "0914020000 0000 | 01 0703 01"),
    ],
)
def test_services(apid: int, message: Telemetry | Event, octets: str) -> None:
    """Each kind of message is a report of its service, of the app's APID, with structure, event or request id."""
    packet = PUS.encode(apid, message, 9, 0x7E90_0D2C, 0x8000)
    app = 0x100 if isinstance(message, Answered | Values) else apid & 0x7F0
    header, _, data = octets[2:].partition("|")
    assert int.from_bytes(packet[:2], "big") == 0x0800 | app
    assert packet[6] == 0x20
    assert packet[7:13].hex() == header.replace(" ", "")
    assert packet[13:-2].hex() == "7e900d2c8000" + data.replace(" ", "")


@pytest.mark.parametrize("stage", Stage)
def test_every_stage_comes_back(stage: Stage) -> None:
    """Stage, percentage, code and reason survive service 1; only the function code does not."""
    failed = stage in (Stage.REJECTED, Stage.FAILED)
    code, reason = (FailureCode.GUARD_REFUSED, "too hot") if failed else (FailureCode.NONE, "")
    percent = {Stage.PROGRESS: 40, Stage.COMPLETED: 100}.get(stage, 0)
    sent = VerificationReport(RequestId(0, 0x100, 5, 2), stage, code, percent, reason)
    expected = msgspec.structs.replace(sent, request=RequestId(0, 0x100, 5, 0))
    assert PUS.decode(PUS.encode(0x102, sent, 1, START_1972, 0)).message == expected


def test_time_reports() -> None:
    """A time report is a packet of APID 0 without secondary header."""
    packet = PUS.encode(0x123, Time(2, 0x7E90_0D2C, 0x8000), 9, 1, 2)
    assert packet[:-2].hex() == "0000c009" + "0008" + "02" + "7e900d2c8000"


@pytest.mark.parametrize(
    ("service", "subtype", "data", "error", "words"),
    [
        (3, 25, "0005", DictionaryError, "no packet 5"),
        (3, 25, "0021", DictionaryError, "no packet 33"),
        (3, 25, "0001", TooShortError, "Status"),
        (3, 26, "0001", UnknownMessageError, "25"),
        (5, 2, "0001", DictionaryError, "came as report 5,2, declared is 5,1"),
        (5, 1, "0009", DictionaryError, "definition 9"),
        (5, 1, "0301", DictionaryError, "definition 769"),
        (5, 8, "00", DictionaryError, "report 5,8"),
        (1, 8, "1900c005 0063", WrongValueError, "failure code is 99"),
        (1, 1, "1900c005 00", LengthMismatchError, "1,1"),
    ],
)
def test_what_is_no_report_of_the_mission(
    service: int, subtype: int, data: str, error: type[ProtocolError], words: str
) -> None:
    """Structures, events, severities and failure codes that the mission has not are refused."""
    packet = PusTelemetry(0x100, 0, service, subtype, bytes(6), bytes.fromhex(data)).pack()
    with pytest.raises(error, match=words):
        PUS.decode(packet)


def test_other_apids_have_no_reports() -> None:
    """Only the apps' APIDs report."""
    for apid in (0x101, 0x110, 0x7FE):
        with pytest.raises(DictionaryError, match="no app"):
            PUS.decode(PusTelemetry(apid, 0, 5, 1, bytes(6), b"\0\2").pack())


def test_failures_of_others_are_understood() -> None:
    """Reports that our software never sends, failures of start and progress, count as failures."""
    for subtype, data in ((4, "1900c005 0006 6e6f"), (6, "1900c005 09 0006 6e6f")):
        received = PUS.decode(PusTelemetry(0x100, 0, 1, subtype, bytes(6), bytes.fromhex(data)).pack())
        request = RequestId(0, 0x100, 5, 0)
        assert received.message == VerificationReport(request, Stage.FAILED, FailureCode.BAD_ARGUMENT, reason="no")


def test_requests_to_services() -> None:
    """A telecommand of another service than 8 is a request to that service, with the flags and the source it has."""
    packet = PusTelecommand(0x100, 7, 17, 1, b"", Acknowledge.COMPLETION, 9).pack()
    assert PUS.read_command(packet) == ReadCommand(
        RequestId(9, 0x100, 7, 0), ServiceRequest(0x100, ConnectionTest()), Acknowledge.COMPLETION
    )


def test_no_user_has_the_apid_of_an_app() -> None:
    """A source id that is an app's could be taken for the app; it is refused."""
    with pytest.raises(WrongValueError, match="source id is 288"):
        PUS.read_command(PusTelecommand(0x100, 7, 17, 1, source=0x120).pack())


def test_unknown_requests() -> None:
    """A request that no service has is told from a malformed one and from a damaged one."""
    with pytest.raises(UnknownMessageError):
        PUS.read_command(PusTelecommand(0x100, 7, 200, 1).pack())
    with pytest.raises(TooShortError):
        PUS.read_command(PusTelecommand(0x100, 7, 8, 1).pack())
    with pytest.raises(ChecksumError):
        PUS.read_command(PusTelecommand(0x100, 7, 17, 1).pack()[:-1] + b"\0")


# -------------------------------------------------------------------- times


@pytest.mark.parametrize("time", [CucTime(), CdsTime()])
@MODEST
@given(TIMES)
def test_times_come_back(time: CucTime | CdsTime, tai: tuple[int, int]) -> None:
    """Every time of the headers survives either time code."""
    field = time.pack(*tai)
    assert len(field) == time.octets
    assert time.unpack(field) == tai


def test_known_times() -> None:
    """The CDS is UTC, the CUC is TAI: 37 s apart since 2017."""
    noon_tai_s = LEAP_SECONDS.utc_to_tai(1_893_499_200 * 10**9) // 10**9  # 2030-01-01T12:00:00Z
    assert CdsTime().pack(noon_tai_s, 32_768).hex() == "66ba" + (43_200_500).to_bytes(4, "big").hex() + "0000"
    assert CucTime().pack(noon_tai_s, 32_768).hex() == f"{noon_tai_s:08x}8000"


@pytest.mark.parametrize("name", ["pack", "unpack"])
def test_times_that_cannot_be(name: str) -> None:
    """Times out of range are refused with the field that is wrong."""
    calls: dict[str, list[tuple[Callable[..., object], tuple[object, ...], type[ProtocolError]]]] = {
        "pack": [
            (CucTime().pack, (2**32, 0), FieldRangeError),
            (CucTime().pack, (0, 65_536), FieldRangeError),
            (CdsTime().pack, (0, 0), FieldRangeError),
            (CdsTime().pack, (-1, 0), FieldRangeError),
        ],
        "unpack": [
            (CucTime().unpack, (bytes(5),), TooShortError),
            (CdsTime().unpack, (bytes(7),), TooShortError),
            (CdsTime().unpack, (bytes.fromhex("66baffffffff0000"),), FieldRangeError),
            (CdsTime().unpack, (bytes(8),), FieldRangeError),
        ],
    }
    for call, arguments, error in calls[name]:
        with pytest.raises(error):
            call(*arguments)


@pytest.mark.parametrize("profile", PROFILES)
def test_time_fields(profile: PacketProfile) -> None:
    """Release times are read as the packets' times are."""
    if profile.name is ProfileName.CFS:
        assert profile.unpack_time(bytes.fromhex("0000000a8000")) == 10_500_000_000
    else:
        packet = profile.encode(0x103, Empty(), 0, START_1972 + 10, 32_768)
        assert profile.unpack_time(packet[13:-4]) == (START_1972 + 10) * 10**9 + 500_000_000
    with pytest.raises(TooShortError):
        profile.unpack_time(b"")


def test_profiles_are_named() -> None:
    """The mission file's word chooses the profile."""
    assert [profile.name.value for profile in PROFILES] == ["cfs", "pus", "pus"]
    assert msgspec.convert("pus", ProfileName) is ProfileName.PUS
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert("ecss", ProfileName)
