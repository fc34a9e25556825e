"""The sink: takes, remembers, refuses, works, hangs."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from flight.sink.messages import (
    Add,
    AskStatus,
    Clog,
    Defer,
    FailToStart,
    Hang,
    Labour,
    Raise,
    Refuse,
    Remember,
    Rule,
    Sighted,
    SinkStatus,
    TakeTables,
    Task,
)
from flight.sink.worker import Problem, Solution
from flight.source.messages import BurstDone, Sample, Tick
from flightsw.app import App, Refused, Table, TableKind, Ticket, Work, WorkFailed, collects, every, handles
from flightsw.messages.life import AppHousekeeping
from tlm_cmd.packets.verification import FailureCode


def check_rule(rule: Rule) -> str | None:
    """Thirteen brings bad luck; dividing by zero is the rule's own fault."""
    return "factor 13 is not allowed" if 13 // rule.factor == 1 and rule.factor == 13 else None


class Later(msgspec.Struct):
    """A command to be finished."""

    ticket: Ticket
    steps: int
    well: bool


class SinkState(msgspec.Struct):
    """What the sink remembers."""

    value: int = 0
    samples: int = 0
    next_sample: int = 0
    disorder: int = 0
    bursts: int = 0
    ticks: int = 0
    heard: dict[str, int] = {}
    later: list[Later] = []
    results: list[str] = []
    fail_to_start: bool = False
    clog: object = None


class Sink(App):
    """Does everything that an app can do."""

    rule = Table(Rule, file="rule.toml", check=check_rule)
    offset = Table(Rule, file="rule.toml", kind=TableKind.DOUBLE, swap_on_call=True)
    labour = Work("flight.sink.worker:open_worker", Problem, Solution, time_limit_s=60)
    haste = Work("flight.sink.worker:open_worker", Problem, Solution, time_limit_s=0.5)
    state: SinkState

    def subscriptions(self) -> Iterable[int]:
        """Ticks, if the table says so."""
        if self.rule.watch_ticks:
            yield self.container.surroundings.dictionary.telemetry_of("source", Tick).message_id

    def start(self) -> None:
        """Start, or do not."""
        if self.state.fail_to_start:
            raise RuntimeError("told not to start")

    def received(self, message_id: int, message: object) -> None:
        """Count ticks."""
        assert isinstance(message, Tick)
        self.state.ticks += 1
        self.send(Sighted(self.state.ticks))

    @handles(Sample)
    def take(self, sample: Sample) -> None:
        """Take a sample; a number may be missing, never come late."""
        self.state.samples += 1
        self.state.disorder += sample.number < self.state.next_sample
        self.state.next_sample = sample.number + 1

    @handles(BurstDone)
    def note_burst(self, _: BurstDone) -> None:
        """Hear an event."""
        self.state.bursts += 1

    @collects(AppHousekeeping)
    def note_housekeeping(self, sender: str, _: AppHousekeeping) -> None:
        """Hear all apps."""
        self.state.heard[sender] = self.state.heard.get(sender, 0) + 1

    @handles(Remember)
    def remember(self, command: Remember) -> None:
        """Keep it."""
        self.state.value = command.value * self.rule.factor

    @handles(Add)
    def add(self, command: Add) -> None:
        """Count."""
        self.state.value += command.number

    @handles(TakeTables)
    def take_tables(self, _: TakeTables) -> None:
        """Take what waits; before it, the old content stays."""
        before = self.offset.factor
        self.swap_tables()
        self.state.value = 1000 * before + self.offset.factor

    @handles(Refuse)
    def refuse(self, _: Refuse) -> None:
        """Say no."""
        raise Refused("not today", FailureCode.GUARD_REFUSED)

    @handles(Raise)
    def fall_over(self, _: Raise) -> None:
        """Be faulty."""
        raise ZeroDivisionError("on purpose")

    @handles(Defer)
    def finish_later(self, command: Defer) -> None:
        """Keep the command open."""
        self.state.later.append(Later(self.defer(), command.steps, command.well))

    @handles(Hang)
    def hang(self, _: Hang) -> None:
        """Never return."""
        while True:
            pass

    @handles(FailToStart)
    def fail_to_start(self, command: FailToStart) -> None:
        """Poison the memory."""
        self.state.fail_to_start = command.fail

    @handles(Clog)
    def clog_memory(self, command: Clog) -> None:
        """Hold something that msgpack cannot."""
        self.state.clog = object() if command.clogged else None

    @handles(Labour)
    def begin_labour(self, command: Labour) -> None:
        """Hand work to the worker."""
        key = f"{command.task.name.lower()} {command.value}"
        work = self.haste if command.task is Task.HANG else self.labour
        self.work(work, Problem(command.task, command.value), key=key, takes_s=command.value / 10)

    @handles(Solution)
    def take_solution(self, solution: Solution) -> None:
        """Take a result."""
        self.state.results.append(f"{solution.value}")

    @handles(WorkFailed)
    def take_failure(self, failure: WorkFailed) -> None:
        """Take a failure."""
        self.state.results.append(f"{failure.key}: {failure.reason}")

    @handles(AskStatus)
    def show(self, _: AskStatus) -> None:
        """Send everything."""
        state = self.state
        self.send(
            SinkStatus(
                value=state.value,
                samples=state.samples,
                next_sample=state.next_sample,
                disorder=state.disorder,
                bursts=state.bursts,
                heard_housekeeping_of=tuple(sorted(state.heard)),
                factor=self.rule.factor,
                results=tuple(state.results),
                restarts=self.container.state.restarts,
            )
        )

    @every(seconds=0.5, offset=0.3)
    def finish(self) -> None:
        """Go on with what was deferred."""
        for each in tuple(self.state.later):
            each.steps -= 1
            self.progress(each.ticket, 100 - each.steps * 10)
            if each.steps == 0:
                self.state.later.remove(each)
                if each.well:
                    self.complete(each.ticket)
                else:
                    self.fail(each.ticket, "it came to nothing")
