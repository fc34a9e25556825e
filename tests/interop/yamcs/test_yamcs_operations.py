"""A Yamcs server operates the spacecraft as it flies, over protected links and with COP-1.

It verifies and decrypts telemetry, calibrates it and raises alarms. Its commands are protected by the gateway, so that
its COP-1 can repeat what the way to there has lost.
"""

from __future__ import annotations

import collections
import math
import os
import random
from collections.abc import Iterator

import pytest
from mission_control.namespace import IP
from mission_control.processes import JAVA, wait_until
from mission_control.rest import RestError
from mission_control.station import Station, operating
from mission_control.yamcs import Json, number

from flightsw.services.spacecraft_time import parse_utc
from tlm_cmd.packets.leap_seconds import LEAP_SECONDS

MS_NS = 1_000_000
HISTORY = 200
UPLINK, POWER = "COMMAND_INGEST.UPLINK_STATUS", "POWER.APP_HOUSEKEEPING"
STATUS_PACKETS = (
    "POWER.POWER_STATUS",
    "THERMAL.THERMAL_STATUS",
    "ATTITUDE.ATTITUDE_STATUS",
    "MODE_MANAGER.MODE_STATUS",
)
BURST = 20
LOSS = 0.2
BUCKET, ON_BOARD = "station", "uploads/model.bin"
FILE_OCTETS = 20_000
T1_MS, TRANSMISSION_LIMIT = 1500, 30
KNOWN_COMPLAINTS = ("MacAddressUtil", "secret key", "SET_HEATER 400", "Cannot assign value to heater", "frame loss")
"""Of what there is in a network without cards and a server that is never started again, and of what the tests do."""

pytestmark = [
    pytest.mark.longest,
    pytest.mark.xdist_group("yamcs"),
    pytest.mark.skipif(
        os.geteuid() != 0 or IP is None or JAVA is None, reason="needs root and iproute2 for a network, and Java"
    ),
]


@pytest.fixture(scope="module")
def contact() -> Iterator[Station]:
    """Telemetry coming down, and sequence control begun: the receiver was locked out, as it is at power-on."""
    with operating("--gateway-protects") as station:
        station.yamcs.wait_for("power/POWER_STATUS_battery_voltage")
        station.yamcs.begin_sequence_control()
        yield station


def same_time(sample: Json, value: Json) -> bool:
    """Whether a packet and a value are of the same time; Yamcs keeps milliseconds, rounded its own way."""
    theirs_ns = LEAP_SECONDS.utc_to_tai(parse_utc(value["generationTime"]))
    return abs(int(sample["time_ns"]) - theirs_ns) <= MS_NS


def same(ours: object, value: Json) -> bool:
    """Whether both grounds show the same, numbers to the last digit but one that a double has."""
    theirs = value["engValue"]
    match theirs["type"]:
        case "ENUMERATED" | "STRING":
            return ours == theirs["stringValue"]
        case "BOOLEAN":
            return ours is theirs["booleanValue"]
        case _:
            assert isinstance(ours, int | float)
            return math.isclose(ours, number(theirs), rel_tol=1e-15)


def is_scalar(value: object) -> bool:
    """Whether a field is one value: neither a list nor a record."""
    return not isinstance(value, list | dict)


def test_yamcs_and_this_ground_show_the_same_of_the_same_packets(contact: Station) -> None:
    """Every number, label and flag of four status packets, calibrated, at the same spacecraft time."""
    compared = 0
    for packet in STATUS_PACKETS:
        app, _, name = packet.partition(".")
        newest = contact.ground.get(f"/api/telemetry?name={packet}")["values"][0]["fields"]
        fields = {f"{app.lower()}/{name}_{field}": field for field, value in newest.items() if is_scalar(value)}
        contact.yamcs.wait_for(*fields)
        theirs = contact.yamcs.parameters(*fields)
        samples = contact.ground.get(f"/api/telemetry?name={packet}&history={HISTORY}")["values"][0]["history"]
        for parameter, field in fields.items():
            (value,) = [sample["fields"][field] for sample in samples if same_time(sample, theirs[parameter])]
            assert same(value, theirs[parameter]), (packet, field, value, theirs[parameter])
            compared += 1
    assert compared >= 25


def test_values_outside_their_limits_raise_alarms_in_yamcs(contact: Station) -> None:
    """The battery was launched a little low: both grounds call it yellow, and Yamcs knows all limits of it."""
    name = "power/POWER_STATUS_state_of_charge"
    value = contact.yamcs.parameters(name)[name]
    assert value["monitoringResult"] == "WARNING"
    assert [(each["level"], each["minInclusive"], each["maxInclusive"]) for each in value["alarmRange"]] == [
        ("WARNING", 0.72, 1.0),
        ("CRITICAL", 0.70, 1.0),
    ]
    alarms = {of: level for of, level in contact.yamcs.alarms().items() if of.startswith("/urbanwatch/")}
    assert alarms == {f"/urbanwatch/{name}": "WARNING"}
    field = contact.ground.get("/api/telemetry?name=POWER.state_of_charge")["values"][0]
    assert field["limit"] == "YELLOW"
    voltage = contact.yamcs.parameters("power/POWER_STATUS_battery_voltage")["power/POWER_STATUS_battery_voltage"]
    assert voltage["monitoringResult"] == "IN_LIMITS"


def test_a_command_is_followed_to_its_completion(contact: Station) -> None:
    """Accepted, started and completed, each by a report of the spacecraft; its effect is in telemetry."""
    before = contact.yamcs.parameters("power/APP_HOUSEKEEPING_completed")
    history = contact.yamcs.verdict(contact.yamcs.issue("power/NOOP"))
    assert (history.completion, history.message) == ("OK", "")
    assert {stage: history.stage(f"Verifier_{stage}") for stage in ("Accepted", "Execution", "Complete", "Failed")} == {
        "Accepted": "OK",
        "Execution": "OK",
        "Complete": "OK",
        "Failed": "CANCELLED",
    }
    counted = "power/APP_HOUSEKEEPING_completed"
    wait_until(
        lambda: (
            counted in (now := contact.yamcs.parameters(counted))
            and (not before or number(now[counted]["engValue"]) > number(before[counted]["engValue"]))
        ),
        lambda: f"{contact.yamcs.parameters(counted)} after {before}",
    )


def test_a_command_that_fails_on_board_fails_in_yamcs_with_the_reason(contact: Station) -> None:
    """Accepted, then failed: the reason is the spacecraft's own, word for word."""
    history = contact.yamcs.verdict(contact.yamcs.issue("command_ingest/ARM", apid=0x010, function=0))
    assert (history.completion, history.message) == ("NOK", "function 0 of APID 0x010 is no hazardous command")
    assert history.stage("Verifier_Accepted") == "OK"
    assert history.stage("Verifier_Failed") == "OK"
    assert history.stage("Verifier_Complete") == "CANCELLED"


def test_each_command_of_a_burst_gets_its_own_verdict(contact: Station) -> None:
    """Reports of many commands share frames; none is lost, and none is taken for that of another of the same kind."""
    power, switch_line, noop = 0x030, 2, 0
    expected: dict[str, str] = {}
    for index in range(BURST):
        expected[contact.yamcs.issue("executive/NOOP")] = "OK"
        hazardous = index % 2 == 0
        function = switch_line if hazardous else noop
        expected[contact.yamcs.issue("command_ingest/ARM", apid=power, function=function)] = (
            "OK" if hazardous else "NOK"
        )
        expected[contact.yamcs.issue("power/NOOP")] = "OK"
    assert {command: contact.yamcs.verdict(command).completion for command in expected} == expected


def test_what_is_lost_is_repeated_and_every_command_is_executed_once(contact: Station) -> None:
    """Commands and reports are lost at random, a fifth of each; the spacecraft counts what reached it."""
    contact.yamcs.set_sequence_control(t1_ms=T1_MS, transmission_limit=TRANSMISSION_LIMIT)
    seen, commands = len(contact.up.passed), 3 * BURST
    contact.up.lose(LOSS)
    contact.down.lose(LOSS)
    issued = [contact.yamcs.issue("power/NOOP") for _ in range(commands)]
    wait_until(
        lambda: all(contact.yamcs.history(command).stage("Acknowledge_Sent") for command in issued),
        lambda: f"not all confirmed: {contact.yamcs.sequence_control()}",
    )
    contact.up.lose(0.0)
    contact.down.lose(0.0)
    # A command executed twice would be counted before this last one, which is executed after all others.
    contact.yamcs.verdict(contact.yamcs.issue("power/NOOP"))
    wait_until(
        lambda: contact.spacecraft(POWER)["completed"] >= contact.yamcs.issued["power/NOOP"],
        lambda: f"{contact.spacecraft(POWER)} of {contact.yamcs.issued}; {contact.spacecraft(UPLINK)}",
    )
    wait_until(
        lambda: contact.spacecraft(UPLINK)["packets_accepted"] >= contact.yamcs.issued.total(),
        lambda: f"{contact.spacecraft(UPLINK)} of {contact.yamcs.issued}",
    )
    assert contact.spacecraft(POWER)["completed"] == contact.yamcs.issued["power/NOOP"]
    assert contact.spacecraft(UPLINK)["packets_accepted"] == contact.yamcs.issued.total()
    assert {contact.yamcs.history(command).stage("Acknowledge_Sent") for command in issued} == {"OK"}
    transmissions = collections.Counter(contact.up.passed[seen:])
    assert contact.up.lost
    assert contact.down.lost
    assert max(transmissions.values()) > 1


def test_yamcs_refuses_arguments_that_the_dictionary_forbids(contact: Station) -> None:
    """They never leave: the ranges of arguments are in the dictionary."""
    with pytest.raises(RestError, match="400"):
        contact.yamcs.issue("thermal/SET_HEATER", heater=200, control="ON")


def test_a_file_goes_up_to_the_spacecraft_and_comes_back(contact: Station) -> None:
    """Both times Yamcs begins it, by CFDP in acknowledged mode; what comes back are the octets that went up."""
    content = random.Random(727).randbytes(FILE_OCTETS)
    contact.yamcs.rest.post("/api/storage/buckets", {"name": BUCKET})
    contact.yamcs.upload(BUCKET, "model.bin", content)
    sent = contact.yamcs.transfer("UPLOAD", BUCKET, "model.bin", ON_BOARD)
    assert sent["state"] == "COMPLETED", sent
    ended = contact.spacecraft("FILE_TRANSFER.FILE_ENDED")
    assert (ended["sent"], ended["arrived"], ended["destination"], ended["octets"]) == (0, 1, ON_BOARD, FILE_OCTETS)
    fetched = contact.yamcs.transfer("DOWNLOAD", BUCKET, "again.bin", ON_BOARD)
    assert fetched["state"] == "COMPLETED", fetched
    wait_until(lambda: bool(contact.yamcs.stored(BUCKET, "again.bin")), lambda: "the file is complete but not stored")
    assert contact.yamcs.stored(BUCKET, "again.bin") == content


def test_the_ground_beside_yamcs_only_listens(contact: Station) -> None:
    """Its commands are refused with the reason, and it goes on to show what comes down."""
    with pytest.raises(RestError, match=r"422.*commanded through the gateway"):
        contact.ground.post("/api/commands", {"name": "EXECUTIVE.NOOP", "without_contact": "radiate"})
    assert contact.ground.get("/api/status")["dictionary"] == "match"


def test_no_frame_and_no_packet_was_bad(contact: Station) -> None:
    """At the end of it all: Yamcs has complained of nothing, and has counted what this ground has."""
    links = contact.yamcs.links()
    for radio in ("s_band", "x_band"):
        assert links[f"tm_{radio}"]["extra"]["Invalid frames"] == "0"
    assert int(links["tm_s_band"]["dataInCount"]) > 0
    lines = contact.servers[-1].output().splitlines()
    complaints = [line for line in lines if " WARNING " in line or " SEVERE " in line]
    assert [line for line in complaints if not any(known in line for known in KNOWN_COMPLAINTS)] == []
