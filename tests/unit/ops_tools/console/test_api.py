from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ops_tools.console.api import MAX_NAMES
from ops_tools.console.http_requests import MAX_BODY_OCTETS
from tlm_cmd.packets.cfs_header import build_command

if TYPE_CHECKING:
    from types import SimpleNamespace

    from tests.unit.ops_tools.conftest import LoopbackConsole


def command(**values: object) -> dict[str, object]:
    """The body of a request for a command."""
    return {"name": "HEATER.SET_HEATER", "arguments": {"line": 1, "on": "true"}} | values


def test_a_command_is_sent_and_its_record_returned(console: LoopbackConsole) -> None:
    """201 with the record; the same record is found by its number and in the list."""
    console.begin_contact()
    status, record = console.json("POST", "/api/commands", command())
    assert status == 201
    assert (record["number"], record["stage"], record["open"], record["verdict"]) == (1, "sent", True, None)
    assert record["octets"] == build_command(0x20, 0, 2, b"\x01\x01\x00").hex()
    console.step()
    status, record = console.json("GET", "/api/commands/1")
    assert (status, record["verdict"], record["code"], record["stage"]) == (200, "completed", "NONE", "finished")
    assert console.json("GET", "/api/commands")[1] == {"commands": [record]}
    assert console.json("GET", "/api/commands?since=1")[1] == {"commands": []}


def test_a_refused_command_is_unprocessable_and_recorded(console: LoopbackConsole) -> None:
    """422 with the reason and the record; nothing has left."""
    status, answer = console.json("POST", "/api/commands", command(arguments={"line": 9, "on": True}))
    assert status == 422
    assert "line is 9, allowed are 0 to 7" in answer["error"]
    assert answer["command"]["verdict"] == "refused_on_ground"
    assert console.loop.spacecraft.frames_up == []


def test_a_hazardous_command_needs_its_confirmation_over_http_too(console: LoopbackConsole) -> None:
    """Without a reason 422, with one it is armed and sent."""
    console.begin_contact()
    hazard = {"name": "HEATER.EXPLODE", "arguments": {"charge": 1}}
    assert console.json("POST", "/api/commands", hazard)[0] == 422
    status, record = console.json("POST", "/api/commands", hazard | {"confirm": "separation"})
    assert (status, record["stage"], record["armed_by"]) == (201, "arming", 3)
    _, record = console.json("GET", f"/api/commands/{record['number']}?wait=completed")
    assert (record["verdict"], record["confirm"]) == ("completed", "separation")


def test_waiting_for_a_stage_lets_time_pass_until_it_is_reached(console: LoopbackConsole) -> None:
    """The answer comes with the stage, or when the time is over."""
    console.begin_contact()
    _, record = console.json("POST", "/api/commands", {"name": "HEATER.SURVEY"})
    _, record = console.json("GET", "/api/commands/1?wait=started")
    assert (record["stage"], console.clock.now_ns()) == ("started", 1_000_000_000)
    _, record = console.json("GET", "/api/commands/1?wait=completed&timeout_s=5")
    assert (record["stage"], console.clock.now_ns()) == ("started", 6_000_000_000)
    _, record = console.json("GET", "/api/commands/1?wait=sent")
    assert console.clock.now_ns() == 6_000_000_000


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        (b"no json", 400, 'expected is {"name"'),
        (b'{"nome": "X"}', 400, "unknown field `nome`"),
        (b'{"name": 3}', 400, "Expected `str`"),
        (b'{"name": "X.Y", "arguments": []}', 400, "$.arguments"),
        (b" " * (MAX_BODY_OCTETS + 1), 413, "longer than 65536 octets"),
        (b'{"name": "\xff"}', 400, "utf-8"),
        (b'{"name": "X.Y", "arguments": {"a": ' + b"[" * 600 + b"]" * 600 + b"}}", 400, "more than 32 arrays"),
        (b'{"name": "X.Y", "arguments": {"a": ' + b"[" * 30_000, 400, "more than 32 arrays"),
        (b'{"name": "X.Y", "more": ' + b'{"a": ' * 5_000, 400, "more than 32 arrays"),
    ],
)
def test_a_body_that_is_no_command_is_refused(console: LoopbackConsole, body: bytes, status: int, message: str) -> None:
    """The answer says what is wrong and what is expected; no record is made."""
    found, answer = console.ask("POST", "/api/commands", body)
    assert found == status
    assert message in json.loads(answer)["error"]
    assert console.loop.ground.commands.newest() == []


def test_brackets_in_texts_and_beside_each_other_are_not_deep(console: LoopbackConsole) -> None:
    """What is checked is how deep a document is, not how many brackets it has; each level allowed can be told again."""
    beside, deep = "[" + "[]," * 1000 + "[]]", "[" * 30 + "]" * 30
    for argument in (json.dumps('\\"[' * 1000), beside, deep):
        body = f'{{"name": "HEATER.SET_HEATER", "arguments": {{"line": {argument}}}}}'
        assert console.ask("POST", "/api/commands", body.encode())[0] == 422
    status, answer = console.json("GET", "/api/commands")
    assert (status, len(answer["commands"])) == (200, 3)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (rb'{"name": "\ud800"}', "a text holds half of a surrogate pair"),
        (rb'{"name": "HEATER.NOOP", "arguments": {"x": ["\udc00 and more"]}}', "a text holds half of a surrogate pair"),
        (rb'{"name": "HEATER.NOOP", "arguments": {"\ud83d\u0041": 1}}', "a text holds half of a surrogate pair"),
        (rb'{"name": "HEATER', "Input data was truncated"),
        (b'{"name": "\xff"}', "'utf-8' codec can't decode byte 0xff"),
        (rb'{"name": NaN}', "invalid character"),
        (rb'{"name": 3}', "Expected `str`, got `int`"),
    ],
)
def test_a_body_that_cannot_be_read_is_told_what_is_wrong_with_it(
    console: LoopbackConsole, body: bytes, message: str
) -> None:
    """Half a character is neither the end of the body nor its fault."""
    status, answer = console.ask("POST", "/api/commands", body)
    error = json.loads(answer)["error"]
    assert (status, message in error, "expected is" in error) == (400, True, True)


def test_a_defect_is_told_as_json(console: LoopbackConsole, monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody has foreseen is an error of the server, in the form that programs read; the log has the rest."""

    def defect() -> None:
        raise RuntimeError("defect")

    monkeypatch.setattr(console.loop.ground, "status", defect)
    console.defects_expected = True
    status, answer = console.json("GET", "/api/status")
    assert (status, "GET /api/status failed by a defect of the ground: RuntimeError" in answer["error"]) == (500, True)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"host": "127.0.0.1:8800", "content-type": "text/plain"}, 415),
        ({"host": "127.0.0.1:8800"}, 415),
        ({"host": "evil.example", "content-type": "application/json"}, 403),
        ({"host": "127.0.0.1.evil.example:8800", "content-type": "application/json"}, 403),
        ({"content-type": "application/json"}, 403),
        ({"host": "localhost:1", "content-type": "application/json; charset=utf-8"}, 201),
        ({"host": "[::1]:8800", "content-type": "application/json"}, 201),
        ({"host": "localhost", "content-type": "application/json"}, 201),
    ],
)
def test_only_programs_of_this_host_can_command(console: LoopbackConsole, headers: dict[str, str], status: int) -> None:
    """A page of the World Wide Web can send neither the host nor the content type that are asked for."""
    console.begin_contact()
    assert console.ask("POST", "/api/commands", json.dumps(command()).encode(), headers)[0] == status
    assert len(console.loop.spacecraft.frames_up) == (status == 201)


def test_telemetry_by_packet_field_and_short_name(console: LoopbackConsole) -> None:
    """Values have unit, limit state, age and staleness; members of enumerations are names, octets hexadecimal."""
    console.loop.spacecraft.say("heater", console.loop.spacecraft.heater_status(board=50.0))
    console.step()
    url = "/api/telemetry?name=HEATER.board&name=heater.heater_status&name=HEATER.count"
    _, answer = console.json("GET", url)
    board, packet, count = answer["values"]
    assert (board["kind"], board["value"], board["unit"], board["limit"]) == ("field", 50.0, "degC", "YELLOW")
    assert (packet["kind"], packet["fields"]["colour"], packet["fields"]["cell"]) == (
        "packet",
        "BLUE",
        {"voltage": 3.7},
    )
    assert (count["value"], count["age_ns"], count["stale"]) == (None, None, True)


def test_telemetry_without_a_name_lists_every_packet(console: LoopbackConsole) -> None:
    """Also those that never came."""
    _, answer = console.json("GET", "/api/telemetry")
    assert [value["name"] for value in answer["values"]][:2] == [
        "COMMAND_INGEST.VERIFICATION_REPORT",
        "HEATER.VERIFICATION_REPORT",
    ]
    assert answer["values"][0]["fields"] is None
    assert "HEATER.HEATER_STATUS.board" in console.json("GET", "/api/telemetry/names")[1]["names"]


def test_history_comes_with_the_value(console: LoopbackConsole) -> None:
    """The last values of a field, and the last packets of a kind."""
    for board in (1.0, 2.0, 3.0):
        console.loop.spacecraft.say("heater", console.loop.spacecraft.heater_status(board=board))
        console.step()
    _, answer = console.json("GET", "/api/telemetry?name=HEATER.board&name=HEATER.HEATER_STATUS&history=2")
    assert [value for _, value in answer["values"][0]["history"]] == [2.0, 3.0]
    packets = answer["values"][1]["history"]
    assert [packet["fields"]["board"] for packet in packets] == [2.0, 3.0]
    assert packets[0]["recorded"] is False


@pytest.mark.parametrize(
    ("url", "status", "message"),
    [
        ("/api/telemetry?name=HEATER.bord", 404, "did you mean HEATER.board"),
        ("/api/telemetry?name=HEATER.colour", 400, "say which"),
        ("/api/telemetry?" + "&".join(["name=HEATER.board"] * (MAX_NAMES + 1)), 400, "at most 100"),
        ("/api/telemetry?name=HEATER.board&history=-1", 400, "history is '-1'"),
        ("/api/telemetry?name=HEATER.board&history=x", 400, "a number from 0 on"),
        ("/api/commands?limit=1.5", 400, "a whole number"),
        ("/api/commands/7", 404, "no record of command 7"),
        ("/api/commands/1?wait=soon", 404, "no record of command 1"),
        ("/api/events?severity=loud", 400, "there are DEBUG, INFO, ERROR, CRITICAL"),
        ("/api/commands/x", 404, "'x' is no number"),
        ("/api/nothing", 404, "nothing is at GET /api/nothing"),
    ],
)
def test_questions_that_make_no_sense_are_answered_with_what_would(
    console: LoopbackConsole, url: str, status: int, message: str
) -> None:
    """Errors are JSON with a message, and a status of 4xx."""
    found, answer = console.json("GET", url)
    assert (found, list(answer)) == (status, ["error"])
    assert message in answer["error"]


@pytest.mark.parametrize("place", ["commands", "files/transfers", "security"])
def test_a_number_longer_than_any_that_is_given_is_not_found(console: LoopbackConsole, place: str) -> None:
    """Python refuses to read so many digits at all, which must not be a defect of the server."""
    status, answer = console.json("GET", f"/api/{place}/{'9' * 5000}")
    assert (status, list(answer), len(answer["error"]) < 100) == (404, ["error"], True)


def test_an_unknown_stage_and_a_wrong_method_are_refused(console: LoopbackConsole) -> None:
    """The stages that there are, and the methods."""
    console.json("POST", "/api/commands", command())
    status, answer = console.json("GET", "/api/commands/1?wait=soon")
    assert (status, "issued, waiting, arming, sent, accepted" in answer["error"]) == (400, True)
    assert console.json("DELETE", "/api/status")[0] == 405


def test_without_contact_a_command_waits_and_can_be_withdrawn(console: LoopbackConsole) -> None:
    """Nothing is radiated before contact; withdrawn, it is refused on ground; once it has left, that is a conflict."""
    assert console.json("POST", "/api/commands", command())[1]["stage"] == "waiting"
    assert console.json("POST", "/api/commands", command())[1]["stage"] == "waiting"
    status, record = console.json("DELETE", "/api/commands/1")
    assert (status, record["verdict"], record["reason"]) == (200, "refused_on_ground", "withdrawn before it was sent")
    assert console.loop.spacecraft.frames_up == []
    console.begin_contact()
    status, answer = console.json("DELETE", "/api/commands/2")
    assert (status, "only what waits can be withdrawn" in answer["error"]) == (409, True)
    assert console.json("DELETE", "/api/commands/3")[0] == 404
    assert len(console.loop.spacecraft.frames_up) == 1


def test_a_command_can_be_refused_or_radiated_without_contact(console: LoopbackConsole) -> None:
    """The caller chooses; the words are checked."""
    assert console.json("POST", "/api/commands", command(without_contact="refuse"))[0] == 422
    assert console.json("POST", "/api/commands", command(without_contact="radiate"))[1]["stage"] == "sent"
    status, answer = console.json("POST", "/api/commands", command(without_contact="hope"))
    assert (status, "without_contact" in answer["error"]) == (400, True)


def test_the_root_lists_what_there_is_to_ask(console: LoopbackConsole) -> None:
    """Every path with its methods and a sentence; each path that needs no number is answered."""
    status, answer = console.json("GET", "/")
    assert (status, answer["mission"]) == (200, "tiny")
    listed = {(each["method"], each["path"]) for each in answer["paths"]}
    assert {("GET", "/"), ("POST", "/api/commands"), ("DELETE", "/api/commands/{number}")} <= listed
    assert all(each["about"] for each in answer["paths"])
    for method, path in listed:
        if method == "GET" and "{" not in path:
            assert console.json(method, path)[0] == 200


def test_events_by_severity_and_number(console: LoopbackConsole, tiny: SimpleNamespace) -> None:
    """A reader asks for what it has not seen."""
    console.loop.spacecraft.say("heater", tiny.HeaterStuck(1))
    console.loop.spacecraft.say("heater", tiny.HeaterOn(2, tiny.Colour.RED))
    console.step()
    _, answer = console.json("GET", "/api/events?severity=error")
    assert [(event["name"], event["severity"]) for event in answer["events"]] == [("HEATER.HEATER_STUCK", "ERROR")]
    assert answer["newest"] == 3
    assert [event["number"] for event in console.json("GET", "/api/events?since=1&limit=1")[1]["events"]] == [3]


def test_status_and_dictionary_are_plain_json(console: LoopbackConsole) -> None:
    """Both come whole."""
    console.step()
    status: dict[str, Any] = console.json("GET", "/api/status")[1]
    assert (status["mission"], status["dictionary"], status["link"]["clcw"]) == ("tiny", "unknown", None)
    assert (status["contact"]["in_contact"], status["contact"]["following"], status["speed"]) == (False, None, 1.0)
    dictionary = console.json("GET", "/api/dictionary")[1]
    assert dictionary["mission"] == "tiny"
    assert "HEATER.EXPLODE" in [entry["name"] for entry in dictionary["commands"]]


def test_the_page_on_http_lists_every_path(console: LoopbackConsole) -> None:
    """The table is what GET / answers."""
    page = (Path(__file__).resolve().parents[4] / "docs" / "http.md").read_text()
    listed = {(method, path) for method, path in re.findall(r"\| `(GET|POST|DELETE) ([^?`]+)", page)}
    paths = console.json("GET", "/")[1]["paths"]
    words = {"{number}": "N", "{action}": "ACTION", "{name}": "NAME"}
    served = {(each["method"], re.sub(r"\{\w+\}", lambda found: words[found[0]], each["path"])) for each in paths}
    assert listed == served
