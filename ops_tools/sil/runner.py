"""Flies a scenario in lock-step, judges it, and gathers what the report shows."""

from __future__ import annotations

import gc
import resource
import time
from collections.abc import Callable, Collection

import msgspec

from apps.payload.messages import JobOutcome, JobReport
from bus_sim.errors import BusSimError
from flightsw.bus.ledger import Ledger
from flightsw.runtime.trace import TraceChain
from ops_tools.ground.command_record import CommandRecord
from ops_tools.ground.command_record import Verdict as CommandVerdict
from ops_tools.sil.command_judgement import judge_commands, unsent_commands
from ops_tools.sil.flight_record import FlightRecord, LimitCounts
from ops_tools.sil.procedure import Procedure
from ops_tools.sil.product_account import ProductAccount, product_account
from ops_tools.sil.report.records import Verdict
from ops_tools.sil.result import (
    CommandResult,
    DownlinkResult,
    ExpectationResult,
    FlightResult,
    ImagesResult,
    LedgerResult,
    LimitsResult,
    PayloadResult,
    ProductsResult,
    figure,
)
from ops_tools.sil.scenario import LoadedScenario, ScenarioCommand, ScenarioError, ScenarioExpectation
from ops_tools.sil.vehicle import LockstepVehicle
from tlm_cmd.definition.message import Event

NANOSECONDS = 1_000_000_000
VIEW_EVERY_S = 10
YOUNG_OBJECTS = 100_000
"""New objects after which the garbage collector looks for cycles."""


class Flight:
    """One flight of a scenario.

    Args:
        loaded: the scenario.
        seed: master seed.
        trace: where every message is recorded; a hash only by default.
        duration_s: overrules the scenario's.

    Attributes:
        vehicle: spacecraft, flight software and ground.
        record: what the flight left behind.
        procedure: the commands.
        failure: why the simulation ended early, empty when it did not.
        flown_s: seconds flown so far.
    """

    def __init__(
        self, loaded: LoadedScenario, seed: int, trace: TraceChain | None = None, duration_s: int | None = None
    ) -> None:
        self.loaded = loaded
        self.seed = seed
        self.duration_s = duration_s or loaded.scenario.duration_s
        limits = loaded.scenario.limits
        self.vehicle = LockstepVehicle(loaded.mission_file, loaded.spacecraft_file, seed, trace, self._event)
        self.record = FlightRecord(loaded.scenario.limits, self.vehicle.spacecraft.thermal.names, self.duration_s)
        for node in (*limits.node_highest_c, *limits.node_lowest_c):
            if node not in self.vehicle.spacecraft.thermal.names:
                names = ", ".join(self.vehicle.spacecraft.thermal.names)
                self.vehicle.close()
                raise ScenarioError(f"limits: no thermal node is called {node!r}, there are {names}")
        self.procedure = Procedure(loaded.scenario.commands, self.vehicle.ground)
        self.vehicle.runtime.observers.append(self.record.observe_message)
        self.failure = ""
        self.flown_s = 0
        self.cpu_s = 0.0
        self.wall_s = 0.0

    def fly(self, view: Callable[[Flight], None] = lambda _flight: None) -> FlightResult:
        """Fly to the end.

        Args:
            view: called every VIEW_EVERY_S simulated seconds, to show how it goes.
        """
        cpu, wall = time.process_time(), time.monotonic()
        try:
            self.vehicle.start()
            _rest_garbage_collector()
            for second in range(self.duration_s):
                self.vehicle.run_until((second + 1) * NANOSECONDS)
                self.record.observe_truth(self.vehicle.spacecraft.truth())
                self.procedure.step(self.vehicle.now_ns)
                self.flown_s = second + 1
                if second % VIEW_EVERY_S == 0:
                    view(self)
            view(self)
        except BusSimError as error:
            self.failure = f"the simulation ended after {self.flown_s} s: {error}"
        finally:
            self.vehicle.close()
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.cpu_s = time.process_time() - cpu + children.ru_utime + children.ru_stime
        self.wall_s = time.monotonic() - wall
        return self._result()

    def _event(self, app: str, event: Event, now_ns: int) -> None:
        self.record.observe_event(app, event, now_ns)

    def _commands(self) -> list[CommandResult]:
        """All commands of the flight, those that the ground has added to arm others included."""
        wanted = {issued.record.number: issued.wanted for issued in self.procedure.issued}
        records = self.vehicle.ground.commands.newest()
        arms = {record.armed_by: record.number for record in records if record.armed_by is not None}
        return [_command(record, wanted.get(record.number), arms.get(record.number)) for record in records]

    def _event_counts(self) -> dict[str, dict[str, int]]:
        names = {(entry.app, entry.record): entry.name for entry in self.vehicle.mission.dictionary.events.values()}
        counts: dict[str, dict[str, int]] = {}
        for timed in self.record.events:
            if isinstance(timed.message, Event):
                app, _, name = names[timed.source, type(timed.message)].partition(".")
                of_app = counts.setdefault(app, {})
                of_app[name] = of_app.get(name, 0) + 1
        return counts

    # ---------------------------------------------------------------- judging

    def _result(self) -> FlightResult:
        scenario, vehicle, record = self.loaded.scenario, self.vehicle, self.record
        jobs = _outcomes(record)
        account = product_account(
            record.images, record.jobs, record.products, record.contacts, vehicle.ground.files.files, self.duration_s
        )
        result = FlightResult(
            scenario=scenario.name,
            mission=vehicle.mission.name,
            verdict=Verdict.PASS,
            verdict_reason="",
            trace_hash=vehicle.runtime.trace.digest(),
            dictionary_hash=vehicle.mission.dictionary.content_hash,
            seed=self.seed,
            simulated_s=self.flown_s,
            cpu_s=round(self.cpu_s, 3),
            wall_s=round(self.wall_s, 3),
            rss_mb=round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
            worker_rss_mb=round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024, 1),
            commands=self._commands(),
            ledger=_ledger_result(vehicle.runtime.host.bus.ledger()),
            limits=_limits_result(record.limits),
            images=ImagesResult(
                taken=len(record.images),
                discarded=jobs.get(JobOutcome.DISCARDED_CLOUDY.name, 0),
                processed=jobs.get(JobOutcome.COMPLETED.name, 0),
            ),
            jobs=jobs,
            payload=PayloadResult(
                guard_refusals=record.payload.guard_refusals if record.payload else 0,
                highest_power_mode_w=record.highest_power_mode_w,
                energy_wh=round(record.payload.energy, 3) if record.payload else 0.0,
            ),
            products=self._products_result(account),
            downlink=DownlinkResult(
                raw_bytes=record.raw_octets,
                sent_bytes=record.file_octets,
                settled_images=account.settled,
                settled_bytes=account.settled_octets,
            ),
            events=self._event_counts(),
            expectations=[],
            unsent=unsent_commands(self.procedure.unsent),
        )
        return self._judged(result)

    def _products_result(self, account: ProductAccount) -> ProductsResult:
        files = self.vehicle.ground.files.files
        return ProductsResult(
            files=len(files),
            bytes=sum(file.octets for file in files.values()),
            alerts=len(self.record.alerts),
            made=account.made,
            waiting=account.waiting,
            waiting_bytes=account.waiting_octets,
            due=account.due,
            overdue=account.overdue,
        )

    def _judged(self, result: FlightResult) -> FlightResult:
        known = self.vehicle.mission.dictionary.events
        expectations = [_judge(expectation, result, known) for expectation in self.loaded.scenario.expectations]
        failures = [f"{each.requirement}: {each.detail}" for each in expectations if each.verdict is not Verdict.PASS]
        if not result.ledger.closed:
            failures.append("the bus's ledger does not close")
        commands = judge_commands(self.procedure.issued, self.procedure.unsent)
        verdict = Verdict.FAIL if failures else commands.verdict
        if self.failure or any(each.verdict is Verdict.ERROR for each in expectations):
            verdict = Verdict.ERROR
        reasons = [reason for reason in (self.failure, *failures, commands.reason) if reason]
        return msgspec.structs.replace(
            result, expectations=expectations, verdict=verdict, verdict_reason="; ".join(reasons)
        )


def _rest_garbage_collector() -> None:
    """Flights make hardly any cycles; looking for them all the time costs a tenth of the flight."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS)


def _outcomes(record: FlightRecord) -> dict[str, int]:
    outcomes: dict[str, int] = {}
    for timed in record.jobs:
        if isinstance(timed.message, JobReport):
            name = timed.message.outcome.name
            outcomes[name] = outcomes.get(name, 0) + 1
    return outcomes


def _command(record: CommandRecord, wanted: ScenarioCommand | None, arms: int | None) -> CommandResult:
    verdict = record.verdict
    return CommandResult(
        name=record.name,
        sequence=record.number,
        verdict=verdict.value if isinstance(verdict, CommandVerdict) else "none",
        code=record.code.name,
        reason=record.reason,
        expected=(CommandVerdict.COMPLETED if wanted is None else wanted.expect).value,
        hazardous=record.hazardous,
        forced=record.forced,
        source="ground" if wanted is None else "scenario",
        arms=arms,
    )


def _judge(expectation: ScenarioExpectation, result: FlightResult, events: Collection[str]) -> ExpectationResult:
    try:
        found = figure(result, expectation.value)
    except KeyError:
        if expectation.value.removeprefix("events.") not in events:
            return _judged(expectation, Verdict.ERROR, f"the result has no figure {expectation.value!r}")
        found = 0  # an event that there is, and that has not happened
    bounds = (expectation.at_least, expectation.at_most)
    if bounds != (None, None) and not isinstance(found, int | float):
        return _judged(expectation, Verdict.ERROR, f"{expectation.value} is {found!r}, which has no order")
    holds = expectation.equals is None or found == expectation.equals
    holds = holds and (expectation.at_least is None or found >= expectation.at_least)
    holds = holds and (expectation.at_most is None or found <= expectation.at_most)
    detail = f"{expectation.value} is {found}"
    if expectation.of:
        try:
            detail += f" of {figure(result, expectation.of)}"
        except KeyError:
            return _judged(expectation, Verdict.ERROR, f"the result has no figure {expectation.of!r}")
    return _judged(expectation, Verdict.PASS if holds else Verdict.FAIL, detail)


def _judged(expectation: ScenarioExpectation, verdict: Verdict, detail: str) -> ExpectationResult:
    return ExpectationResult(expectation.requirement, expectation.text, verdict, detail)


def _ledger_result(ledger: Ledger) -> LedgerResult:
    return LedgerResult(
        sent=ledger.sent,
        offered=ledger.offered,
        delivered=ledger.delivered,
        queued=ledger.queued,
        dropped={reason.name: count for reason, count in ledger.dropped.items()},
        closed=ledger.closed,
    )


def _limits_result(limits: LimitCounts) -> LimitsResult:
    return LimitsResult(
        violations=limits.violations,
        battery_floor_s=limits.battery_floor_s,
        node_s=limits.node_s,
        lowest_state_of_charge=round(limits.lowest_soc, 6),
        hottest_c={name: round(celsius, 2) for name, celsius in limits.hottest_c.items()},
    )
