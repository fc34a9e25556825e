"""Random schedules of what befalls a flight, on both runtimes: whatever happens, nothing is lost without a count."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from flight.harness import RUNTIMES, LockstepVehicle, ProcessVehicle, SmallFlight, lay_out
from flight.sink.messages import Add, AskStatus, Rule, SinkStatus
from flight.source.messages import Burst, Sample, Storm
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from flightsw.core.executive.messages import RestartApp, StartApp, StopApp
from flightsw.messages.bus import EnableRoute
from flightsw.messages.life import Noop
from flightsw.messages.tables import ActivateTable, LoadTable, ValidateTable
from tlm_cmd.definition.codec import codec_of
from tlm_cmd.packets.verification import RequestId, Stage

SOAK = int(os.environ.get("FLIGHTSW_SOAK", "1"))
SCHEDULES = {LockstepVehicle: min(8 * SOAK, 200), ProcessVehicle: min(2 * SOAK, 200)}
STEPS = 12
MOST_AT_ONCE = 300
"""Samples of one burst: more than the inbox of the sink holds."""
STEPS_TO_REST = 20

pytestmark = pytest.mark.soak


class Schedule(RuleBasedStateMachine):
    """One flight, to which things are done without waiting for what comes of them."""

    kind: type[LockstepVehicle | ProcessVehicle]

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="fs"))
        mission_file = lay_out(self.folder)
        self.flight = SmallFlight(self.kind(mission_file, self.folder), mission_file, self.folder)
        self.flight.until(lambda: self.flight.vehicle.account().apps == 4, "a running flight")
        self.sample_id = self.flight.dictionary.telemetry_of("source", Sample).message_id
        self.requests: list[RequestId] = []
        self.storms: dict[RequestId, int] = {}

    @rule(count=st.integers(1, MOST_AT_ONCE))
    def send_reports(self, count: int) -> None:
        """The source sends samples, perhaps more than the sink can hold."""
        self.requests.append(self.flight.send("source", Burst(count)))

    @rule(number=st.integers(1, 1000))
    def send_a_command(self, number: int) -> None:
        """One comes from outside."""
        self.requests.append(self.flight.send("sink", Add(number)))

    @rule(count=st.integers(1, MOST_AT_ONCE))
    def send_commands(self, count: int) -> None:
        """One app commands another more than its inbox holds."""
        request = self.flight.send("source", Storm(count))
        self.storms[request] = count

    @rule(change=st.sampled_from([RestartApp("source"), RestartApp("sink"), StopApp("sink"), StartApp("sink")]))
    def change(self, change: RestartApp | StopApp | StartApp) -> None:
        """An app is restarted, stopped or started in good order."""
        self.requests.append(self.flight.send("executive", change))

    @rule()
    def crash(self) -> None:
        """The sink dies without warning."""
        self.flight.vehicle.crash("sink")

    @rule(watches=st.booleans())
    def subscribe(self, watches: bool) -> None:  # noqa: FBT001 - drawn
        """The sink wants other messages from its next start on."""
        image = codec_of(Rule).encode(Rule(1, watches))
        self.requests += [
            self.flight.send("sink", command)
            for command in (LoadTable("rule", 0, image), ValidateTable("rule"), ActivateTable("rule"))
        ]

    @rule(enabled=st.booleans())
    def switch_a_route(self, enabled: bool) -> None:  # noqa: FBT001 - drawn
        """Samples reach the sink no longer, or again."""
        self.requests.append(self.flight.send("sink", EnableRoute(self.sample_id, enabled)))

    @rule(steps=st.integers(1, 5))
    def let_time_pass(self, steps: int) -> None:
        """What was done has effects before the next is done."""
        for _ in range(steps):
            self.flight.vehicle.step()

    def teardown(self) -> None:
        """Every command has its verdict, the order of each sender was kept, and the ledger closes."""
        try:
            self.check_commands()
            self.check_order()
            self.flight.settle()
        finally:
            self.flight.vehicle.close()
            shutil.rmtree(self.folder)

    def check_commands(self) -> None:
        """One verdict each, also on those that an app has sent."""
        flight = self.flight
        requests = [*self.requests, *self.storms]
        flight.until(lambda: all(flight.answers(request) for request in requests), "all verdicts")
        stormed = sum(
            count for request, count in self.storms.items() if flight.answers(request)[0].stage is Stage.COMPLETED
        )
        source = flight.dictionary.apid_of("source")

        def judged() -> set[RequestId]:
            return {verdict.request for verdict in flight.verdicts_for(source)}

        flight.until(lambda: len(judged()) >= stormed, f"verdicts on {stormed} commands of the source")
        for request in judged():
            flight.answers(request)

    def check_order(self) -> None:
        """What the sink has taken of the source's samples never went back."""
        for _ in range(STEPS_TO_REST):
            self.flight.vehicle.step()
        while self.flight.command("sink", Noop()).stage is not Stage.COMPLETED:
            self.flight.command("executive", StartApp("sink"))
        assert self.flight.ask("sink", AskStatus(), SinkStatus).disorder == 0


@pytest.mark.parametrize("kind", RUNTIMES)
def test_whatever_happens_is_accounted_for(kind: type[LockstepVehicle | ProcessVehicle]) -> None:
    """Hypothesis draws the schedules; to shorten one that fails would take longer than to read it."""
    schedule = type("Drawn", (Schedule,), {"kind": kind})
    drawn = settings(
        max_examples=SCHEDULES[kind],
        stateful_step_count=STEPS,
        phases=[Phase.generate],
        derandomize=SOAK == 1,
        database=None,
        deadline=None,
    )
    run_state_machine_as_test(schedule, settings=drawn)
