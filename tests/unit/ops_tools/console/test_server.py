from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

import pytest

from ops_tools.console.client import ConsoleClient, ConsoleRequestError
from ops_tools.console.server import ListenError, serve

if TYPE_CHECKING:
    from tests.unit.ops_tools.conftest import LoopbackConsole


def test_a_client_operates_the_spacecraft_through_a_socket(console: LoopbackConsole) -> None:
    """From the command to its verdict over real HTTP, with the standard library's client."""
    console.begin_contact()
    console.stepped._period_s = 0
    answers: list[object] = []

    async def operate() -> None:
        listening: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        serving = asyncio.create_task(serve(console.stepped, port=0, on_listening=listening.set_result))
        client = ConsoleClient(await listening)

        def ask() -> None:
            record = client.issue("HEATER.SET_HEATER", {"line": 3, "on": True})
            answers.append(client.command(record["number"], wait="completed")["verdict"])
            answers.append(client.status()["mission"])
            with pytest.raises(ConsoleRequestError, match="did you mean") as caught:
                client.telemetry(["HEATER.bord"])
            answers.append(caught.value.status)

        await asyncio.to_thread(ask)
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)

    asyncio.run(operate())
    assert answers == ["completed", "tiny", 404]


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "example.org", ""])  # noqa: S104 - refused, that is the point
def test_only_loopback_addresses_are_listened_on(console: LoopbackConsole, host: str) -> None:
    """Whoever can reach the port can command, so nobody outside may."""
    with pytest.raises(ListenError, match=r"use 127\.0\.0\.1 and a tunnel"):
        asyncio.run(serve(console.stepped, host, 0))


def test_a_port_that_is_taken_is_named(console: LoopbackConsole) -> None:
    """The error has address and port; an impossible port too."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        with pytest.raises(ListenError, match=f"cannot listen on 127.0.0.1:{port}"):
            asyncio.run(serve(console.stepped, port=port))
    with pytest.raises(ListenError, match="99999"):
        asyncio.run(serve(console.stepped, "localhost", 99_999))


def test_a_ground_that_fails_ends_the_server(console: LoopbackConsole, monkeypatch: pytest.MonkeyPatch) -> None:
    """A defect must not leave a server that shows the last values for ever."""

    def defect(_now_ns: int) -> int:
        raise RuntimeError("defect")

    monkeypatch.setattr(console.loop.ground, "step", defect)
    with pytest.raises(RuntimeError, match="defect"):
        asyncio.run(serve(console.stepped, port=0))
