"""The command ingest on the mission's own link: coded, in sequence, authenticated, and never twice."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from apps.command_ingest.messages import KeyUseNotNoted, ReplaysPossible, SecurityNotStored, UplinkStatus
from apps.power.messages import RetriggerLine
from flightsw.bus.requests import Request
from flightsw.devices.framing import pack_reply, unpack_request
from flightsw.devices.radio import FetchFrames, ReceivedFrames, SBandTransceiver
from flightsw.hal.errors import MemoryFullError
from flightsw.hal.sim import SimUart
from flightsw.testing import Bench
from tlm_cmd.definition.codec import codec_of
from tlm_cmd.definition.message import Command
from tlm_cmd.frames.clcw import Clcw
from tlm_cmd.link.telecommand_coding import encode_telecommand
from tlm_cmd.link.uplink_sender import UplinkSender
from tlm_cmd.packets.cfs_header import build_command
from tlm_cmd.sdls.frame_security import FrameSecurity
from tlm_cmd.sdls.security_report import FrameSecurityReport
from tlm_cmd.sdls.simulation_keys import derive_simulation_keys

COMMAND = RetriggerLine(2)


class Radio:
    """The radio's end of its wire."""

    def __init__(self) -> None:
        self.received: list[bytes] = []
        self.first = 0

    def receive(self, data: bytes) -> bytes:
        """Answer a request for what was received."""
        opcode, sequence, payload = unpack_request(data)
        acknowledged = codec_of(FetchFrames).decode(payload).acknowledged
        if acknowledged >= 0:
            del self.received[: acknowledged - self.first]
            self.first = acknowledged
        reply = ReceivedFrames(self.first, tuple(self.received[:8]))
        return pack_reply(opcode, sequence, 0, codec_of(ReceivedFrames).encode(reply))


class ProtectedUplink:
    """The app, and a ground that has the keys.

    Attributes:
        taken: commands that reached their app.
        radiated: everything that went up, for whoever records it.
    """

    def __init__(
        self, make: Callable[..., Bench], memory_of: ProtectedUplink | None = None, *, power_on: bool = False
    ) -> None:
        self.taken: list[Command] = []
        self.radiated: list[bytes] = []
        self.radio = Radio()
        self.bench: Bench = make(
            "command_ingest",
            {SBandTransceiver: SBandTransceiver(SimUart(self.radio))},
            others=("power", "telemetry_output"),
            memory_of=memory_of.bench if memory_of else None,
            take=self._take,
            protected=True,
            power_on=power_on,
        )
        self.parameters = self.bench.links.s_band
        if memory_of is None:
            keys = derive_simulation_keys(0, (), [128])
            security = FrameSecurity(keys, self.parameters.telecommand_associations(flight=False))
            security.reserve()
            security.saved()
            self.ground = UplinkSender(self.parameters, security)
        else:
            self.ground = memory_of.ground
        self.bench.advance(2)
        self.hear()

    def _take(self, _message_id: int, message: object) -> None:
        assert isinstance(message, Request)
        self.taken.append(message.command)

    def radiate(self, frames: list[bytes], *, struck_bit: int | None = None) -> None:
        """Send frames up; of each, one bit may be wrong on arrival."""
        assert self.parameters.telecommand_coding is not None
        for frame in frames:
            octets = bytearray(encode_telecommand(frame, self.parameters.telecommand_coding))
            self.radiated.append(bytes(octets))
            if struck_bit is not None:
                octets[struck_bit // 8] ^= 0x80 >> struck_bit % 8
            self.radio.received.append(bytes(octets))

    def hear(self) -> UplinkStatus:
        """Let the ground have the newest report, and the app what follows from it."""
        for _ in range(3):
            report = self.bench.sent(UplinkStatus)[-1]
            self.radiate(self.ground.on_clcw(Clcw.unpack(report.clcw.to_bytes(4, "big")), self.bench.clock.now_ns()))
            self.bench.advance(2)
        return self.bench.sent(UplinkStatus)[-1]

    def send(self, command: Command = COMMAND, *, struck_bit: int | None = None) -> None:
        """Send a command."""
        entry = self.bench.dictionary.command_of("power", type(command))
        packet = build_command(entry.apid, 1, entry.code, entry.codec.encode(command))
        self.radiate(self.ground.send(packet, self.bench.clock.now_ns()), struck_bit=struck_bit)
        self.bench.advance(2)


@pytest.fixture
def uplink(bench_of: Callable[..., Bench]) -> ProtectedUplink:
    """The app after its first contact."""
    return ProtectedUplink(bench_of)


def test_the_ground_opens_the_link_and_commands_arrive(uplink: ProtectedUplink) -> None:
    """The receiver wakes up locked; an Unlock command opens it, and a command in sequence is executed."""
    uplink.send()
    status = uplink.hear()
    assert uplink.taken == [COMMAND]
    assert not Clcw.unpack(status.clcw.to_bytes(4, "big")).lockout
    assert FrameSecurityReport.unpack(status.security_report.to_bytes(4, "big")).last_spi == 1
    assert uplink.ground.state.counters.confirmed == 1


def test_an_accepted_frame_is_reported_at_once(uplink: ProtectedUplink) -> None:
    """The ground need not wait for the next regular report."""
    before = len(uplink.bench.sent(UplinkStatus))
    uplink.send()
    regular = 2
    assert len(uplink.bench.sent(UplinkStatus)) == before + regular + 1


def test_what_is_played_back_is_refused_and_counted(uplink: ProtectedUplink) -> None:
    """Everything that ever went up, once more: nothing of it is executed."""
    uplink.send()
    uplink.radio.received += uplink.radiated * 3
    uplink.bench.advance(3)
    status = uplink.hear()
    assert uplink.taken == [COMMAND]
    assert status.frames_not_genuine + status.farm_discarded > 0


@pytest.mark.parametrize("power_on", [False, True])
def test_what_was_executed_before_a_reset_is_refused_after_it(
    bench_of: Callable[..., Bench], uplink: ProtectedUplink, *, power_on: bool
) -> None:
    """Neither a processor reset nor a power-on reset makes a recorded command good again; new ones are."""
    uplink.send()
    again = ProtectedUplink(bench_of, uplink, power_on=power_on)
    again.radio.received += [each for each in uplink.radiated if len(each) > 40]  # no Unlock among them
    again.bench.advance(3)
    assert again.taken == []
    again.hear()
    again.send()
    again.hear()
    assert again.taken == [COMMAND]


def test_a_struck_bit_is_put_right_and_counted(uplink: ProtectedUplink) -> None:
    """The code corrects one bit in each block."""
    uplink.send(struck_bit=100)
    assert uplink.taken == [COMMAND]
    assert uplink.hear().corrected_bits == 1


def test_nothing_is_executed_that_could_be_executed_again(
    uplink: ProtectedUplink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the security's memory cannot be written, commands wait, which is said once; then they are executed once."""

    def full(_name: str, _data: bytes) -> None:
        raise MemoryFullError("command_ingest", 1, 0)

    save = uplink.bench.security_store.save_twice
    monkeypatch.setattr(uplink.bench.security_store, "save_twice", full)
    uplink.send()
    assert uplink.taken == []
    status = uplink.bench.sent(UplinkStatus)[-1]
    assert status.errors > 1
    assert status.packets_waiting == 1
    (event,) = uplink.bench.sent(SecurityNotStored)
    assert "command_ingest" in event.problem
    monkeypatch.setattr(uplink.bench.security_store, "save_twice", save)
    uplink.bench.advance(2)
    assert uplink.taken == [COMMAND]
    monkeypatch.setattr(uplink.bench.security_store, "save_twice", full)
    uplink.send()
    assert len(uplink.bench.sent(SecurityNotStored)) == 2


def test_one_copy_that_refuses_is_enough_to_wait_and_is_named(
    uplink: ProtectedUplink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both copies count: with one of them nothing is executed, and the event says which it was."""
    memory = uplink.bench.security_store._memory
    write = memory.write

    def refuse_one(name: str, data: bytes) -> None:
        if name == "command_ingest.1":
            raise MemoryFullError(name, len(data), 0)
        write(name, data)

    monkeypatch.setattr(memory, "write", refuse_one)
    uplink.send()
    assert uplink.taken == []
    (event,) = uplink.bench.sent(SecurityNotStored)
    assert "command_ingest.1" in event.problem


def test_a_note_of_keys_that_cannot_be_written_is_said_and_stops_nothing(
    bench_of: Callable[..., Bench], uplink: ProtectedUplink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once, by the app that starts without it; commands are executed."""

    def full(_name: str, _data: bytes) -> None:
        raise MemoryFullError("command_ingest", 1, 0)

    safe = uplink.bench.key_safe
    assert safe is not None
    safe.uses().delete("command_ingest")
    monkeypatch.setattr(safe.uses(), "save_twice", full)
    again = ProtectedUplink(bench_of, uplink)
    again.send()
    assert again.taken == [COMMAND]
    (event,) = again.bench.sent(KeyUseNotNoted)
    assert event.problem.startswith("note 'command_ingest' in memory: ")
    assert again.bench.sent(SecurityNotStored) == []


def test_a_damaged_memory_is_reported(bench_of: Callable[..., Bench], uplink: ProtectedUplink) -> None:
    """The app starts, and says that recorded commands could be replayed."""
    uplink.bench.security_store.save("command_ingest", b"nonsense")
    again = ProtectedUplink(bench_of, uplink)
    assert len(again.bench.sent(ReplaysPossible)) == 1
