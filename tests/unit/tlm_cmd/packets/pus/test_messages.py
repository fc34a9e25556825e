"""What the messages look like on the wire, octet by octet."""

import pytest

from tlm_cmd.errors import FieldRangeError, LengthMismatchError, ProtocolError, WrongVersionError
from tlm_cmd.packets.pus.body import PusBody
from tlm_cmd.packets.pus.catalogue import REPORTS, unpack_report, unpack_request
from tlm_cmd.packets.pus.formats import PusFormats
from tlm_cmd.packets.pus.request_id import PusRequestId
from tlm_cmd.packets.pus.service_1_verification import (
    AcceptanceFailure,
    AcceptanceSuccess,
    CompletionFailure,
    CompletionSuccess,
    ProgressFailure,
    ProgressSuccess,
    RoutingFailure,
    StartFailure,
    StartSuccess,
)
from tlm_cmd.packets.pus.service_3_housekeeping import (
    CreateStructure,
    DisablePeriodicReports,
    EnablePeriodicReports,
    HousekeepingReport,
    ModifyIntervals,
    SampledArray,
    SendReportsOnce,
    StructureInterval,
)
from tlm_cmd.packets.pus.service_5_events import DisabledEvents, HighSeverityEvent, InformativeEvent
from tlm_cmd.packets.pus.service_8_functions import PerformFunction
from tlm_cmd.packets.pus.service_9_time import CucTimeReport, SetTimeRate
from tlm_cmd.packets.pus.service_11_schedule import (
    Activity,
    DeleteActivities,
    InsertActivities,
    ScheduledRequest,
    ShiftActivities,
)
from tlm_cmd.packets.pus.service_17_connection import OnboardConnectionTest
from tlm_cmd.packets.pus.service_20_parameters import ReportParameters, SetParameters

REQUEST = PusRequestId(0x64, 5)
PING = bytes.fromhex("1864C00000062F110100009F7A")
TIME = bytes(range(6))

KNOWN = [
    (AcceptanceSuccess(REQUEST), "1864c005"),
    (AcceptanceFailure(REQUEST, 2, b"why"), "1864c0050002" + b"why".hex()),
    (StartSuccess(REQUEST), "1864c005"),
    (StartFailure(REQUEST, 0x102), "1864c0050102"),
    (ProgressSuccess(REQUEST, 7), "1864c00507"),
    (ProgressFailure(REQUEST, 7, 1), "1864c005070001"),
    (CompletionSuccess(REQUEST), "1864c005"),
    (CompletionFailure(REQUEST, 9), "1864c0050009"),
    (RoutingFailure(REQUEST, 3), "1864c0050003"),
    (CreateStructure(1, 10, (2, 3), (SampledArray(4, (5,)),)), "0001 0000000a 02 0002 0003 01 04 01 0005"),
    (EnablePeriodicReports((1, 2)), "02 0001 0002"),
    (DisablePeriodicReports((1,)), "01 0001"),
    (HousekeepingReport(3, b"\xaa"), "0003 aa"),
    (SendReportsOnce((9,)), "01 0009"),
    (ModifyIntervals((StructureInterval(1, 60),)), "01 0001 0000003c"),
    (InformativeEvent(32, b"\1"), "0020 01"),
    (HighSeverityEvent(33), "0021"),
    (DisabledEvents(()), "00"),
    (PerformFunction(2, b"\1\1"), "02 0101"),
    (SetTimeRate(8), "08"),
    (CucTimeReport(TIME, 2), "02 000102030405"),
    (InsertActivities((Activity(TIME, PING),)), "01 000102030405" + PING.hex()),
    (DeleteActivities((ScheduledRequest(0, 0x64, 5),)), "01 0000 0064 0005"),
    (ShiftActivities(-2, (ScheduledRequest(1, 2, 3),)), "fffffffe 01 0001 0002 0003"),
    (OnboardConnectionTest(0x64), "0064"),
    (ReportParameters((1, 2)), "02 0001 0002"),
    (SetParameters.of([(1, b"\5"), (2, b"\6\7")]), "02 0001 05 0002 0607"),
]


@pytest.mark.parametrize(("body", "octets"), KNOWN, ids=lambda value: type(value).__name__)
def test_octets(body: PusBody, octets: str) -> None:
    """Fields stand in the standard's order, each with its length."""
    assert body.pack().hex() == octets.replace(" ", "")
    unpack = unpack_report if REPORTS.get((body.service, body.subtype)) is type(body) else unpack_request
    assert unpack(body.service, body.subtype, body.pack()) == body


def test_optional_fields() -> None:
    """Groups, sub-schedules and status are there where the mission has them."""
    formats = PusFormats(subschedule_octets=1, group_octets=1, time_status_octets=1)
    insert = InsertActivities((Activity(TIME, PING, 3),), 2)
    assert insert.pack(formats) == b"\2\1\3" + TIME + PING
    assert InsertActivities.unpack(insert.pack(formats), formats) == insert
    assert CucTimeReport(TIME, 1, 5).pack(formats) == b"\1" + TIME + b"\5"


@pytest.mark.parametrize(
    "body",
    [
        CompletionFailure(REQUEST, 65_536),
        ProgressSuccess(REQUEST, 256),
        EnablePeriodicReports((65_536,)),
        EnablePeriodicReports((1,) * 256),
        ModifyIntervals((StructureInterval(1, -1),)),
        PerformFunction(256),
        ShiftActivities(2**31, ()),
        ScheduledRequest(65_536, 0, 0),
        InsertActivities((), 1),
        InsertActivities((Activity(TIME, PING, 1),)),
        OnboardConnectionTest(65_536),
        ReportParameters((-1,)),
        CucTimeReport(TIME, 1, 1),
    ],
    ids=lambda body: type(body).__name__,
)
def test_what_does_not_fit_is_refused(body: PusBody) -> None:
    """A number too large, a list too long and a field that the mission leaves out are refused."""
    with pytest.raises(FieldRangeError):
        body.pack()


def test_times_and_requests_are_checked() -> None:
    """A time of another length, and a request that is no whole packet, are refused."""
    with pytest.raises(LengthMismatchError, match="release time"):
        InsertActivities((Activity(TIME[:5], PING),)).pack()
    with pytest.raises(ProtocolError, match="Space Packet"):
        InsertActivities((Activity(TIME, PING[:-1]),)).pack()
    with pytest.raises(WrongVersionError):
        InsertActivities.unpack(b"\1" + TIME + b"\x38" + PING[1:])


def test_rates_are_checked() -> None:
    """A time report with one of 512 frames is beyond the standard."""
    with pytest.raises(FieldRangeError):
        SetTimeRate.unpack(b"\x09")


@pytest.mark.parametrize("name", PusFormats.__struct_fields__)
def test_formats_are_checked(name: str) -> None:
    """A length out of range is refused, by name."""
    with pytest.raises(FieldRangeError, match=name):
        PusFormats(**{name: 33})
    with pytest.raises(FieldRangeError, match=name):
        PusFormats(**{name: -1})
