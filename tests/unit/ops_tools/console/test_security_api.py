from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.ops_tools.ground.security.conftest import Desk

if TYPE_CHECKING:
    from tests.unit.ops_tools.conftest import LoopbackConsole


@pytest.fixture
def desk(console: LoopbackConsole) -> Desk:
    """A controller's desk, reached through the console; while a request waits, its operations go on."""
    made, step = Desk(), console.stepped.step

    def stepping() -> None:
        made.step()
        step()

    console.loop.ground.security = made.control
    console.stepped.step = stepping  # type: ignore[method-assign]
    return made


def test_what_the_ground_holds_is_shown_without_a_key(console: LoopbackConsole, desk: Desk) -> None:
    """Keys by their check values, associations, what can be asked for, and the newest operations."""
    for _ in range(3):
        desk.do("ping")
    status, answer = console.json("GET", "/api/security?limit=2")
    assert status == 200
    assert [each["number"] for each in answer["operations"]] == [2, 3]
    assert {each["key_id"]: each["state"] for each in answer["keys"]}[131] == "PREACTIVE"
    first = answer["associations"][0]
    assert (first["spi"], first["direction"], first["state"]) == (1, "tc", "OPERATIONAL")
    assert "rotate x_band" in answer["names"]
    secrets = [entry.secret.reveal().hex() for entry in desk.ends.ground_keys.read().entries if entry.secret]
    assert not any(secret in str(answer) for secret in secrets)


def test_an_operation_is_begun_and_waited_for(console: LoopbackConsole, desk: Desk) -> None:
    """Its record says step by step what became of it."""
    status, begun = console.json("POST", "/api/security", {"name": "rotate tc", "confirm": "a test"})
    assert (status, begun["succeeded"], begun["confirm"]) == (201, None, "a test")
    for _ in range(40):
        desk.step()
    status, ended = console.json("GET", f"/api/security/{begun['number']}?timeout_s=5")
    assert (status, ended["succeeded"]) == (200, True)
    assert ended["result"] == {"direction": "tc", "spi": 17, "key_id": 131}
    assert ended["steps"][2]["what"] == "OTAR key 131"
    assert {step["outcome"] for step in ended["steps"]} == {"done"}


@pytest.mark.parametrize(
    ("body", "status", "problem"),
    [
        ({"name": "rotate tc"}, 400, "needs a confirmation"),
        ({"name": "destroy"}, 404, "no operation is called 'destroy'"),
        ({"nam": "ping"}, 400, "expected is"),
    ],
)
def test_what_cannot_be_begun_says_why(
    console: LoopbackConsole, desk: Desk, body: dict[str, str], status: int, problem: str
) -> None:
    """Nothing is asked of the spacecraft."""
    found, answer = console.json("POST", "/api/security", body)
    assert found == status
    assert problem in answer["error"]
    assert desk.issued == []


def test_a_ground_that_only_listens_begins_nothing(console: LoopbackConsole, desk: Desk) -> None:
    """It says so at once, instead of asking for what nobody will send."""
    console.loop.ground.link.listens_only = True
    status, answer = console.json("POST", "/api/security", {"name": "ping"})
    assert (status, "this ground only listens" in answer["error"]) == (400, True)
    assert console.json("GET", "/api/security")[1]["operations"] == []
    assert desk.issued == []


def test_an_operation_that_there_was_not_is_not_found(console: LoopbackConsole, desk: Desk) -> None:
    """Its number is named."""
    assert desk.issued == []
    assert console.json("GET", "/api/security/9") == (404, {"error": "no record of security operation 9"})


def test_a_mission_without_protected_links_has_nothing_to_operate(console: LoopbackConsole) -> None:
    """What it holds is nothing; an operation is refused."""
    empty = {"keys": [], "associations": [], "names": [], "operations": []}
    assert console.json("GET", "/api/security") == (200, empty)
    status, answer = console.json("POST", "/api/security", {"name": "ping"})
    assert (status, "no link of the mission is protected" in answer["error"]) == (404, True)
