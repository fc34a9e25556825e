"""What an app can observe is the same in lock-step and in processes; after each test the ledger closes."""

from __future__ import annotations

from flight.sink.messages import AskStatus, Remember, SinkStatus

from flightsw.messages import Noop, NoopDone
from tlm_cmd.packets.verification import Stage


def test_a_command_is_accepted_and_completed(flight) -> None:
    """A command is answered by ACCEPTED and COMPLETED, in this order."""
    request = flight.send("sink", Noop())
    flight.verdict(request)
    assert [report.stage for report in flight.reports(request)] == [Stage.ACCEPTED, Stage.COMPLETED]
    assert flight.messages(NoopDone, "sink") == [NoopDone("proof", "1.0")]


def test_remember(flight) -> None:
    """A command changes the app's memory."""
    flight.command("sink", Remember(7))
    assert flight.ask("sink", AskStatus(), SinkStatus).value == 7
