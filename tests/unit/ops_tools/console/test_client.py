from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from ops_tools.console.client import ConsoleClient, ConsoleRequestError, ConsoleUnreachableError, http_transport

if TYPE_CHECKING:
    from tests.unit.ops_tools.conftest import LoopbackConsole


def test_every_question_has_a_method(console: LoopbackConsole) -> None:
    """Commands, telemetry, events, status and dictionary."""
    waiting = ConsoleClient("http://127.0.0.1:8800/", console.ask).issue("HEATER.NOOP", {})
    assert ConsoleClient(transport=console.ask).withdraw(waiting["number"])["verdict"] == "refused_on_ground"
    console.begin_contact()
    client = ConsoleClient("http://127.0.0.1:8800/", console.ask)
    record = client.issue("HEATER.NOOP", {})
    assert client.command(record["number"], wait="completed")["verdict"] == "completed"
    assert [each["number"] for each in client.commands()] == [1, 2]
    assert client.telemetry(["HEATER.board"], history=2)[0]["history"] == []
    assert len(client.telemetry([])) == 7
    assert [event["name"] for event in client.events("info")] == ["GROUND.ACQUISITION_OF_SIGNAL"]
    assert client.status()["verdicts"]["completed"] == 1
    assert client.dictionary()["mission"] == "tiny"


def test_a_refusal_carries_status_message_and_answer(console: LoopbackConsole) -> None:
    """The caller sees what the server said, the command's record with it."""
    with pytest.raises(ConsoleRequestError, match="needs the argument 'line'") as caught:
        ConsoleClient(transport=console.ask).issue("HEATER.SET_HEATER", {})
    assert caught.value.status == 422
    assert caught.value.answer["command"]["verdict"] == "refused_on_ground"


def test_an_error_without_a_message_is_named_by_its_status() -> None:
    """Whatever answers with an error is believed."""
    client = ConsoleClient(transport=lambda _method, _url, _body: (500, b"{}"))
    with pytest.raises(ConsoleRequestError, match="status 500"):
        client.status()


def test_nobody_there_is_said_with_what_to_do() -> None:
    """A closed port, a wrong scheme and an answer that is no JSON."""
    with pytest.raises(ConsoleUnreachableError, match=r"no console answers at http://127\.0\.0\.1:1 .*--url"):
        ConsoleClient("http://127.0.0.1:1").status()
    with pytest.raises(ConsoleUnreachableError, match="does not begin with http://"):
        ConsoleClient("file:///etc/passwd").status()
    with pytest.raises(ConsoleUnreachableError, match="no JSON"):
        ConsoleClient(transport=lambda _method, _url, _body: (200, b"<html>")).status()


def test_the_transport_sends_json(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only HTTP is spoken."""
    monkeypatch.setenv("http_proxy", "http://192.0.2.1:1")
    with pytest.raises(ValueError, match="http://"):
        http_transport("GET", "ftp://127.0.0.1/", json.dumps({}).encode())
