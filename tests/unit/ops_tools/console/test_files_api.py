from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from ops_tools.console.http_requests import MAX_BODY_OCTETS
from tlm_cmd.cfdp.requests import PutRequest
from tlm_cmd.definition.dictionary import AppInterface, Dictionary

if TYPE_CHECKING:
    from types import SimpleNamespace

    from tests.unit.ops_tools.conftest import LoopbackConsole
    from tlm_cmd.link.parameters import LinkParameters

CONTENT = bytes(range(256)) * 20


def put(name: str = "table", content: bytes = CONTENT, **values: object) -> dict[str, object]:
    """The body of a request that sends a file up."""
    return {"name": name, "content": base64.b64encode(content).decode()} | values


def finished(console: LoopbackConsole, number: int) -> dict[str, object]:
    """A transfer when it is over."""
    status, transfer = console.json("GET", f"/api/files/transfers/{number}?timeout_s=60")
    assert status == 200
    return transfer


def test_a_file_goes_up(console: LoopbackConsole) -> None:
    """201 with the transfer, which is waited for by its number."""
    console.begin_contact()
    status, transfer = console.json("POST", "/api/files/put", put())
    assert (status, transfer["number"], transfer["kind"], transfer["outcome"]) == (201, 1, "put", "open")
    assert finished(console, 1)["outcome"] == "finished"
    assert console.loop.spacecraft.files.get("table") == CONTENT


def test_a_file_comes_down_and_is_read(console: LoopbackConsole) -> None:
    """What was asked for is on ground under the name that its transfer tells, octet by octet."""
    console.begin_contact()
    console.loop.spacecraft.files.put("log 1", CONTENT)
    assert console.json("POST", "/api/files/get", {"name": "log 1"})[0] == 201
    transfer = finished(console, 1)
    assert (transfer["outcome"], transfer["octets"]) == ("finished", len(CONTENT))
    status, answer = console.json("GET", f"/api/files/content/{transfer['local']}")
    assert (status, base64.b64decode(answer["content"])) == (200, CONTENT)
    assert console.json("GET", "/api/files/content/none")[0] == 404
    assert console.json("GET", "/api/files/content/../secret")[0] == 404


def test_what_was_counted_is_told(console: LoopbackConsole) -> None:
    """All figures, whose sum holds: nothing that was dropped or refused is known to nobody."""
    console.begin_contact()
    console.loop.spacecraft.files.put("log", CONTENT)
    console.json("POST", "/api/files/get", {"name": "log"})
    finished(console, 1)
    assert console.loop.ground.delivery is not None
    console.loop.ground.delivery.receive(b"no PDU", 0)
    counted = console.json("GET", "/api/files")[1]["counters"]
    assert counted["files"]["completed"] == 1
    assert (counted["malformed"], counted["memory_errors"], counted["waits_refused"]) == (1, 0, 0)
    assert counted["pdus_down"] == sum(counted[name] for name in ("accepted", "late", "malformed", "refused"))


def test_a_directory_is_listed(console: LoopbackConsole) -> None:
    """A listing is a file as any other."""
    console.begin_contact()
    console.loop.spacecraft.files.put("log", b"123")
    assert console.json("POST", "/api/files/list", {"name": ""})[0] == 201
    local = finished(console, 1)["local"]
    answer = console.json("GET", f"/api/files/content/{local}")[1]
    assert base64.b64decode(answer["content"]) == b"log\t3\n"


def test_all_files_and_transfers(console: LoopbackConsole) -> None:
    """Products that came down by themselves are there, with the transfers that carried them."""
    console.begin_contact()
    console.loop.spacecraft.files.put("mask", CONTENT)
    console.loop.spacecraft.entity.put(PutRequest(1, "mask", "products/00007.mask"))
    for _ in range(20):
        console.step()
    answer = console.json("GET", "/api/files")[1]
    assert [(file["name"], file["product"], file["octets"]) for file in answer["files"]] == [
        ("products/00007.mask", 7, len(CONTENT))
    ]
    assert [(each["kind"], each["outcome"], each["condition"]) for each in answer["transfers"]] == [
        ("down", "finished", "NO_ERROR")
    ]


def test_transfers_are_changed(console: LoopbackConsole) -> None:
    """They rest, go on and end; what is over, unknown or no action is refused with a reason."""
    console.begin_contact()
    console.json("POST", "/api/files/put", put(content=bytes(200_000)))
    console.step()
    for action, phase in (("suspend", "suspended"), ("resume", "sending"), ("cancel", "cancelled")):
        status, transfer = console.json("POST", f"/api/files/transfers/1/{action}", {})
        assert (status, transfer["phase"]) == (200, phase)
    status, answer = console.json("POST", "/api/files/transfers/1/cancel", {})
    assert (status, answer["error"]) == (422, "transfer 1 is over: cancelled")
    assert console.json("POST", "/api/files/transfers/9/cancel", {})[0] == 404
    assert console.json("POST", "/api/files/transfers/1/rewind", {})[0] == 404
    assert console.ask("POST", "/api/files/transfers/1/cancel", b"{}", {"host": "localhost"})[0] == 415


@pytest.mark.parametrize("path", ["put", "get", "list"])
def test_what_cannot_be_read_is_refused(console: LoopbackConsole, path: str) -> None:
    """Neither other forms than JSON, nor other fields, nor a body without end."""
    headers = {"host": "127.0.0.1:8800", "content-type": "text/plain"}
    assert console.ask("POST", f"/api/files/{path}", b"{}", headers)[0] == 415
    status, answer = console.json("POST", f"/api/files/{path}", {"names": "x"})
    assert status == 400
    assert "expected is" in answer["error"]
    most = MAX_BODY_OCTETS if path != "put" else 23_000_000
    assert console.ask("POST", f"/api/files/{path}", b" " * (most + 1))[0] == 413


def test_what_the_ground_refuses(console: LoopbackConsole) -> None:
    """422 with the reason."""
    status, answer = console.json("POST", "/api/files/put", put("n" * 300))
    assert status == 422
    assert answer["error"]


def test_a_mission_without_file_delivery(tiny: SimpleNamespace, parameters: LinkParameters) -> None:
    """404 says so; the list is empty."""
    loop = tiny.Loop(
        Dictionary("bare", [AppInterface("housekeeping", 0x10, telemetry=(tiny.SystemStatus,))]), parameters, None
    )
    console = tiny.LoopbackConsole(loop)
    status, answer = console.json("POST", "/api/files/get", {"name": "x"})
    assert (status, answer["error"]) == (404, "the mission has no file delivery")
    assert console.json("GET", "/api/files")[1] == {
        "files": [],
        "transfers": [],
        "counters": {"waits_refused": 0},
    }
