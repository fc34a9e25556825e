"""An app's memory as octets: what the framework remembers of it, and its own state, each readable without the other."""

from __future__ import annotations

from typing import Protocol

import msgspec

from flightsw.app import App, Ticket
from flightsw.errors import FlightSoftwareError
from flightsw.messages.life import CheckpointFailed
from flightsw.messages.store import StoredDataCorrupt
from flightsw.runtime.surroundings import Surroundings
from flightsw.services.events import EventFilter, EventFilterState
from tlm_cmd.definition.message import Event
from tlm_cmd.packets.verification import shorten


class StoredTable(msgspec.Struct, frozen=True):
    """A critical table as it was activated.

    Attributes:
        layout: hash of the layout of its image.
        image: the content.
        file: where it came from.
        updated_met_ns: mission elapsed time of its activation.
    """

    layout: bytes
    image: bytes
    file: str
    updated_met_ns: int


class ActivityCount(msgspec.Struct):
    """What became of the slots of one cyclic activity.

    Attributes:
        started: times it was started.
        late: among them, a minor frame or more behind the slot.
        overruns: times it began in its minor frame and ended behind it.
        skipped: slots that were too late to run.
        worst_lag_ns: longest time that it was started behind its slot.
    """

    started: int = 0
    late: int = 0
    overruns: int = 0
    skipped: int = 0
    worst_lag_ns: int = 0


class ContainerState(msgspec.Struct):
    """The framework's own memory of one app; stored with the app's.

    Attributes:
        accepted: commands accepted.
        completed: commands completed.
        failed: commands rejected or failed.
        errors: handlers that raised, and checkpoints that could not be stored.
        events_unlogged: events that the log on board did not take; saturates.
        event_lines_lost: events that could not be written for people; saturates.
        messages: messages handled.
        activities: cyclic activities run.
        refused_sends: destinations that refused a message of this app.
        sequence: sequence count of the next command that this app sends.
        restarts: starts after the first.
        store_faults: stored generations found corrupt, and times that something was not stored.
        tables: critical tables that were activated by command, by name.
        activations: commands that are open until the app takes the table that they activate, by table.
        filter: memory of the event filter.
        disabled_routes: messages that do not reach the app, by command.
        slots: what became of the slots of its activities, by name.
        disabled_activities: activities switched off by command.
        disabled_groups: activity groups switched off by command.
        executed: commands whose handler has been called, from the very first start on.
        open: commands that were deferred and have no verdict yet, oldest first.
    """

    accepted: int = 0
    completed: int = 0
    failed: int = 0
    errors: int = 0
    events_unlogged: int = 0
    event_lines_lost: int = 0
    messages: int = 0
    activities: int = 0
    refused_sends: int = 0
    sequence: int = 0
    restarts: int = 0
    store_faults: int = 0
    tables: dict[str, StoredTable] = {}
    activations: dict[str, Ticket] = {}
    filter: EventFilterState = msgspec.field(default_factory=EventFilterState)
    disabled_routes: list[int] = []
    slots: dict[str, ActivityCount] = {}
    disabled_activities: list[str] = []
    disabled_groups: list[str] = []
    executed: int = 0
    open: list[Ticket] = []


class _Checkpoint(msgspec.Struct):
    container: ContainerState
    app: msgspec.Raw


def new_state(app_class: type[App]) -> msgspec.Struct:
    """An app's memory at its very first start.

    Raises:
        FlightSoftwareError: the state's class has a field without a default.
    """
    state_class = app_class.state_class()
    try:
        return state_class()
    except TypeError as error:
        raise FlightSoftwareError(
            f"{app_class.__name__}: {state_class.__name__} cannot begin, every field needs a default: {error}"
        ) from error


class Owner(Protocol):
    """The app whose memory it is."""

    name: str
    app: App
    app_class: type[App]
    state: ContainerState
    surroundings: Surroundings

    @property
    def filter(self) -> EventFilter:
        """Decides which of the app's events are sent."""
        ...

    def report(self, event: Event) -> None:
        """Send an event of the app."""
        ...


class CheckpointKeeper:
    """Stores the memory of one app and takes it up again, as far as each part of it can be.

    Attributes:
        entry: its name in the critical data store.
        problems: what could not be taken up, and why.
        corrupt: what was found corrupt of it, None when nothing was.
    """

    def __init__(self, owner: Owner) -> None:
        self._owner = owner
        self.entry = f"checkpoint.{owner.name}"
        self.problems: list[str] = []
        self.corrupt: StoredDataCorrupt | None = None
        self._saved = b""
        self._failing = False

    def save(self) -> None:
        """Store the memory if it changed; a failure is counted, and reported once until it goes well again."""
        owner = self._owner
        try:
            data = _pack(owner.state, owner.app.state)
            if data != self._saved:
                owner.surroundings.store(self.entry, data)
                self._saved = data
        except Exception as error:  # noqa: BLE001 - a fault domain: what the app remembers, and what the store does
            owner.state.errors += 1
            owner.state.store_faults += 1
            if not self._failing:
                self._failing = True
                owner.report(CheckpointFailed(shorten(f"{type(error).__name__}: {error}")))
        else:
            self._failing = False

    def restore(self) -> bool:
        """Take the stored memory up; whether the app's own part is there again."""
        owner = self._owner
        try:
            recalled = owner.surroundings.recall(self.entry)
            stored = recalled.data
            if recalled.corrupt:
                self.corrupt = StoredDataCorrupt(self.entry, recalled.corrupt, stored is not None)
                owner.state.store_faults = recalled.corrupt
            if stored is None:
                return False
            owner.state.restarts = 1
            checkpoint = msgspec.msgpack.decode(stored, type=_Checkpoint)
            owner.state = checkpoint.container
            owner.state.restarts += 1
            owner.state.store_faults += recalled.corrupt
            owner.filter.state = owner.state.filter
            owner.app.state = msgspec.msgpack.decode(checkpoint.app, type=owner.app_class.state_class())
        except (msgspec.MsgspecError, FlightSoftwareError, OSError) as error:
            self.problems.append(str(error))
            return False
        return True


def _pack(container: ContainerState, app: msgspec.Struct) -> bytes:
    return msgspec.msgpack.encode(_Checkpoint(container, msgspec.Raw(msgspec.msgpack.encode(app))))
