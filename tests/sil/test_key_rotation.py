"""All keys of the mission changed in one contact, with telemetry and commands going on."""

from __future__ import annotations

import importlib.resources
import io
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from flightsw.hal.sim import MemoryNvm
from flightsw.runtime.trace import TraceChain
from ops_tools.console import json_values
from ops_tools.ground.command_record import CommandRecord, Verdict
from ops_tools.ground.security.inquiries import Inventory
from ops_tools.ground.security.operation import OperationRecord
from ops_tools.ground.security.own_end import Direction
from ops_tools.sil.vehicle import LockstepVehicle
from tlm_cmd.link.refusals import FrameRefusal
from tlm_cmd.sdls.key_ring import KeyState

EARLY_CONTACT_UTC = "2026-05-15T03:05:00Z"
SECOND_NS = 1_000_000_000
PATIENCE_S = 300
NEW_SPIS = {Direction.TELECOMMAND: 17, Direction.S_BAND: 18, Direction.X_BAND: 19}


class RotatedFlight:
    """The reference mission in its first contact, and a controller at its keys.

    Attributes:
        written: everything that was written into any memory that survives.
        units: requests for procedures as they went up.
        up, down: frames on the S-band, as station and spacecraft protect them.
        trace_file: every message on the bus.
    """

    def __init__(self, folder: Path) -> None:
        text = (importlib.resources.files("bus_sim") / "urbanwatch.toml").read_text()
        spacecraft, mission = folder / "spacecraft.toml", folder / "mission.toml"
        spacecraft.write_text(text.replace("2026-05-15T02:41:00Z", EARLY_CONTACT_UTC))
        mission.write_text(f'extends = "apps.missions.urbanwatch"\n[time]\nepoch_utc = "{EARLY_CONTACT_UTC}"\n')
        self.written: list[bytes] = []
        self.units: list[bytes] = []
        self.up: list[bytes] = []
        self.down: list[bytes] = []
        self.commands: list[CommandRecord] = []
        self.log: list[str] = []
        self.trace_file = io.BytesIO()
        self.vehicle = LockstepVehicle(
            mission,
            spacecraft,
            7,
            TraceChain(self.trace_file),
            lambda app, event, _now_ns: self.log.append(f"{app} {event.describe()}"),
        )
        self.vehicle.runtime.trace_handlers()
        self.ground = self.vehicle.ground
        self._tap()
        self.vehicle.start()

    def _tap(self) -> None:
        """See what crosses the S-band, and which requests are made."""
        port = self.ground.link.downlinks[0].port
        send, receive = port.send, port.receive
        self.radiate = send

        def sending(frame: bytes) -> None:
            self.up.append(frame)
            send(frame)

        def receiving() -> list[bytes]:
            frames = receive()
            self.down += frames
            return frames

        port.send, port.receive = sending, receiving  # type: ignore[method-assign]
        assert self.ground.security is not None
        issue = self.ground.security._issue

        def issuing(name: str, arguments: dict[str, object], now_ns: int) -> CommandRecord:
            self.units.append(bytes.fromhex(str(arguments["unit"])))
            return issue(name, arguments, now_ns)

        self.ground.security._issue = issuing  # type: ignore[assignment]

    def until(self, reached: Callable[[], bool], *, commanding: bool = False) -> None:
        """Let seconds pass until something has come about; with a command in each, if one is to go on commanding."""
        for _ in range(PATIENCE_S):
            if reached():
                return
            if commanding:
                self.commands.append(self.ground.issue("POWER.NOOP", now_ns=self.vehicle.now_ns))
            self.vehicle.run_until(self.vehicle.now_ns + SECOND_NS)
        pytest.fail("it did not come about")

    def operate(self, name: str, confirm: str = "") -> OperationRecord:
        """Have an operation done, with commands going on."""
        assert self.ground.security is not None
        record = self.ground.security.request(name, confirm, now_ns=self.vehicle.now_ns)
        self.until(lambda: record.succeeded is not None, commanding=True)
        assert record.succeeded, record.problem
        return record

    def rotate_all(self) -> None:
        """Come into contact, and change every key."""
        self.until(lambda: self.ground.passes.count == 1)
        self.until(lambda: len(self.commands) == 5, commanding=True)
        for direction in Direction:
            self.operate(f"rotate {direction}", "a test")
        self.until(lambda: all(not record.open for record in self.commands))

    def secrets(self) -> list[bytes]:
        """The keys of both ends, those that are destroyed now included."""
        return self._first_keys + self._keys()

    def remember_keys(self) -> None:
        """Keep the keys of now for `secrets`."""
        self._first_keys = self._keys()

    def _keys(self) -> list[bytes]:
        rings = [self.vehicle.runtime.host.key_safe.read(), self.ground.link._security.frames.table.ring]  # type: ignore[union-attr]
        return [entry.secret.reveal() for ring in rings for entry in ring.entries if entry.secret is not None]


@pytest.fixture(scope="module")
def flight(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RotatedFlight]:
    """A flight in which every key was changed."""
    made = RotatedFlight(tmp_path_factory.mktemp("rotation"))
    write = MemoryNvm.write

    def writing(self: MemoryNvm, name: str, data: bytes) -> None:
        made.written.append(data)
        write(self, name, data)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MemoryNvm, "write", writing)
        made.remember_keys()
        made.rotate_all()
        yield made
    made.vehicle.close()


def test_nothing_is_lost_or_refused(flight: RotatedFlight) -> None:
    """Every command is executed once, every frame of either end is accepted, and the contact goes on."""
    assert len(flight.commands) > 60
    assert {record.verdict for record in flight.commands} == {Verdict.COMPLETED}
    link = flight.ground.link
    assert (link.frames_refused, link.frames_lost) == ({}, 0)
    uplink = flight.ground.telemetry.packet("COMMAND_INGEST.UPLINK_STATUS", flight.vehicle.now_ns).sample
    downlink = flight.ground.telemetry.packet("TELEMETRY_OUTPUT.DOWNLINK_STATUS", flight.vehicle.now_ns).sample
    assert uplink is not None
    assert downlink is not None
    assert (uplink.message.frames_not_genuine, downlink.message.frames_unprotected) == (0, 0)  # type: ignore[union-attr]
    assert flight.vehicle.runtime.account().ledger.closed
    assert flight.ground.passes.current is not None


def test_both_ends_hold_the_same_new_keys(flight: RotatedFlight) -> None:
    """Of each direction the second association has a new key; the first keys are destroyed at both ends."""
    inventory = flight.operate("inventory").result
    assert isinstance(inventory, Inventory)
    states = {key.key_id: (key.ground, key.spacecraft) for key in inventory.keys}
    assert all(states[key_id] == (KeyState.DESTROYED, KeyState.DESTROYED) for key_id in (128, 129, 130))
    assert all(states[key_id] == (KeyState.ACTIVE, KeyState.ACTIVE) for key_id in (131, 132, 133))
    assert flight.ground.security is not None
    in_use = {view.direction: view.spi for view in flight.ground.security.status().associations if view.key_id}
    assert in_use == NEW_SPIS


def test_no_key_leaves_its_place(flight: RotatedFlight) -> None:
    """Neither a key nor a request that carries one encrypted is on the bus, in a memory, a log, a trace or a record."""
    carried = [unit[3 + 14 :] for unit in flight.units if unit[0] == 0x01]
    assert len(carried) == 3
    assert flight.ground.security is not None
    records = [flight.ground.security.status(), flight.ground.status(), *flight.ground.commands.newest()]
    places = {
        "bus": flight.trace_file.getvalue(),
        "memories": b"\0".join(flight.written),
        "events": "\n".join([*flight.log, *(each.text for each in flight.ground.events.newest(5000))]).encode(),
        "handler runs": repr(flight.vehicle.runtime.host.monitor.tracer.spans()).encode(),
        "records": b"\0".join(msgspec.json.encode(json_values.plain(record)) for record in records),
        "records, raw": b"\0".join(record.octets for record in flight.ground.commands.newest()),
    }
    assert {place: len(content) for place, content in places.items() if len(content) < 500} == {}
    for secret in [*flight.secrets(), *carried]:
        for place, content in places.items():
            assert secret not in content, place
            assert secret.hex().encode() not in content, place


def test_frames_recorded_before_are_refused(flight: RotatedFlight) -> None:
    """Of all that went up and down under the old keys, nothing is believed any more."""
    old_up = [frame for frame in flight.up if frame[5:7] == b"\0\1"]
    old_down = [frame for frame in flight.down if frame[6:8] == b"\0\2"]
    assert len(old_up) > 10
    assert len(old_down) > 10
    receiver = flight.ground.link.downlinks[0].receiver
    before = receiver.state.counters.refused.not_genuine
    assert {receiver.receive(frame).refusal for frame in old_down} == {FrameRefusal.NOT_GENUINE}
    assert receiver.state.counters.refused.not_genuine == before + len(old_down)
    executed = flight.vehicle.runtime.host.containers["power"].state.completed
    for frame in old_up:
        flight.radiate(frame)
    flight.vehicle.run_until(flight.vehicle.now_ns + 20 * SECOND_NS)
    ingest = flight.vehicle.runtime.host.containers["command_ingest"].app
    assert ingest._receiver.state.counters.refused.not_genuine == len(old_up)  # type: ignore[attr-defined]
    assert flight.vehicle.runtime.host.containers["power"].state.completed == executed


def test_a_power_on_reset_comes_up_with_the_new_keys(flight: RotatedFlight) -> None:
    """Whatever is forgotten, the keys are not, nor the numbers used with them."""
    refused = flight.ground.link.frames_refused
    flight.vehicle.runtime.power_on_reset("a test of the keys")
    flight.vehicle.run_until(flight.vehicle.now_ns + 30 * SECOND_NS)
    record = flight.ground.issue("POWER.NOOP", now_ns=flight.vehicle.now_ns)
    flight.until(lambda: not record.open)
    assert record.verdict is Verdict.COMPLETED
    assert flight.ground.link.frames_refused == refused
    flight.operate("ping")


def test_the_same_seed_is_the_same_flight(tmp_path: Path) -> None:
    """New keys and challenges come of the seed as well."""
    digests = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        made = RotatedFlight(folder)
        try:
            made.rotate_all()
            digests.append((made.vehicle.runtime.trace.digest(), made.up, made.down))
        finally:
            made.vehicle.close()
    assert digests[0] == digests[1]
