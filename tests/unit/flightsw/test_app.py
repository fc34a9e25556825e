from __future__ import annotations

from typing import Annotated, Any

import msgspec
import pytest

from flightsw.app import MAX_NAME_OCTETS, App, NoState, Refused, Table, Ticket, Work, collects, every, handles
from flightsw.errors import FlightSoftwareError
from tlm_cmd.definition.fields import U8
from tlm_cmd.definition.message import Command, Record, Telemetry
from tlm_cmd.packets.verification import FailureCode, RequestId


class Go(Command, code=2):
    """A command."""


class Stop(Command, code=3):
    """Another."""


class Report(Telemetry):
    """A packet."""


class Rule(Record):
    """A table."""

    limit: Annotated[int, U8]


class Task(msgspec.Struct):
    """A request, and a result."""


class Memory(msgspec.Struct):
    """An app's memory."""

    count: int = 0


class Base(App):
    """An app with one of everything."""

    rule = Table(Rule, file="rule.toml")
    labour = Work("module:entry", Task, Task, time_limit_s=1)
    state: Memory

    @handles(Go, Stop)
    def move(self, command: Command) -> None:
        """Take two commands."""

    @collects(Report)
    def gather(self, sender: str, report: Report) -> None:
        """Take a packet of many."""

    @every(seconds=2, offset=0.5)
    def tick(self) -> None:
        """Run now and then."""


def test_a_class_gathers_what_it_declares() -> None:
    """Handlers, collectors, activities, tables and works are found by the decorators and declarations."""
    assert Base.handlers == {Go: "move", Stop: "move"}
    assert Base.collectors == {Report: "gather"}
    assert [(each.name, each.seconds, each.offset) for each in Base.activities] == [("tick", 2, 0.5)]
    assert (Base.tables, Base.works) == ({"rule": Base.rule}, {"labour": Base.labour})
    assert (Base.rule.name, Base.labour.name) == ("rule", "labour")
    assert Base.state_class() is Memory


def test_a_derived_class_inherits_and_overrides() -> None:
    """A method declared again replaces the one before it, and runs once; the base class stays as it was."""

    class Derived(Base):
        @handles(Go)
        def move(self, command: Command) -> None:
            """Take one of them otherwise."""

        @every(seconds=5)
        def tick(self) -> None:
            """Run less often."""

    assert Derived.handlers == {Go: "move", Stop: "move"}
    assert [(each.name, each.seconds) for each in Derived.activities] == [("tick", 5)]
    assert [(each.name, each.seconds) for each in Base.activities] == [("tick", 2)]
    assert Derived.tables == Base.tables


def test_an_app_without_a_declared_memory_has_none() -> None:
    """Its memory is an empty struct."""

    class Plain(App):
        """Nothing declared."""

    assert Plain.state_class() is NoState
    assert (Plain.handlers, Plain.activities, Plain.tables) == ({}, (), {})


def test_two_methods_cannot_take_one_class() -> None:
    """The error names class, both methods and the message; for handlers and for collectors."""
    with pytest.raises(FlightSoftwareError, match="Torn: first and second both take Go"):

        class Torn(App):
            @handles(Go)
            def first(self, command: Go) -> None:
                """Take it."""

            @handles(Go)
            def second(self, command: Go) -> None:
                """Take it as well."""

    with pytest.raises(FlightSoftwareError, match="Split: first and second both take Report"):

        class Split(App):
            @collects(Report)
            def first(self, sender: str, report: Report) -> None:
                """Take it."""

            @collects(Report)
            def second(self, sender: str, report: Report) -> None:
                """Take it as well."""


@pytest.mark.parametrize("records", [(), (lambda: None,), (Go, "Stop")])
def test_a_handler_names_classes(records: tuple[Any, ...]) -> None:
    """A decorator without parentheses, or with something else, is refused where it stands."""
    with pytest.raises(FlightSoftwareError, match="@handles needs the classes that the method takes"):
        handles(*records)


def test_a_handler_takes_at_least_one() -> None:
    """A limit below one message is refused where it stands."""
    with pytest.raises(FlightSoftwareError, match="limit is 0, it must be at least 1"):
        handles(Go, limit=0)


@pytest.mark.parametrize("member", [Table(Rule, file="rule.toml"), Work("m:e", Task, Task, 1)])
def test_names_must_fit_commands_and_events(member: object) -> None:
    """A table or work with the longest name is allowed, with one octet more not."""
    type("Fits", (App,), {"x" * MAX_NAME_OCTETS: member})
    with pytest.raises(FlightSoftwareError, match=f"at most {MAX_NAME_OCTETS} octets"):
        type("TooLong", (App,), {"x" * (MAX_NAME_OCTETS + 1): member})


def test_a_ticket_stands_for_a_request() -> None:
    """A request comes back from its ticket, also when that was stored."""
    request = RequestId(1, 0x20, 77, 3)
    stored = msgspec.msgpack.encode(Ticket.of(request))
    assert msgspec.msgpack.decode(stored, type=Ticket).request == request


def test_a_refusal_carries_code_and_reason() -> None:
    """The code says NOT_POSSIBLE_NOW unless the app says more."""
    assert (Refused("later").reason, Refused("later").code) == ("later", FailureCode.NOT_POSSIBLE_NOW)
    assert Refused("no", FailureCode.GUARD_REFUSED).code is FailureCode.GUARD_REFUSED
