from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.telemetry_output.recorder import FIRST_FILE, MAX_CORRUPT_READS, Recorder, RecorderState
from bus_sim.endpoints.mass_memory import MassMemoryEndpoint
from bus_sim.equipment.mass_memory import MassMemory as MemoryModel
from bus_sim.equipment.mass_memory import MassMemoryParameters
from flightsw.devices.mass_memory import MassMemory
from flightsw.hal.sim import SimUart
from tlm_cmd.packets.spacepacket import idle_packet

MODEST = settings(max_examples=60, deadline=None)
FILE_OCTETS = 100
FLUSH_NS = 60


class NoisyEnd:
    """The memory's end of its wire, whose answers can be damaged.

    Attributes:
        noisy: damage every answer.
    """

    def __init__(self, model: MemoryModel) -> None:
        self._end = MassMemoryEndpoint(model)
        self.noisy = False

    def receive(self, data: bytes) -> bytes:
        """Answer a request."""
        answer = self._end.receive(data)
        return answer[:-1] + bytes([answer[-1] ^ 1]) if self.noisy and answer else answer


class Rig:
    """A recorder of three small files on a simulated memory."""

    def __init__(self, capacity: int = 10_000, files: int = 3) -> None:
        self.model = MemoryModel(MassMemoryParameters(capacity, most_files=64, power_w=0.0))
        self.model.state.powered = True
        self.end = NoisyEnd(self.model)
        self.state = RecorderState()
        self.recorder = Recorder(
            MassMemory(SimUart(self.end)), self.state, files=files, file_octets=FILE_OCTETS, flush_ns=FLUSH_NS
        )
        self.now_ns = 0
        self.given: list[bytes] = []
        self.taken: list[bytes] = []

    def add(self, count: int = 1, octets: int = 20) -> None:
        """Record packets that differ."""
        for _ in range(count):
            packet = idle_packet(octets)[:-1] + bytes([len(self.given) % 256])
            self.given.append(packet)
            self.recorder.add(packet, self.now_ns)

    def take_all(self) -> None:
        """Take until nothing comes."""
        while packets := self.recorder.take():
            self.taken += packets

    def check_books(self) -> None:
        """Every packet was taken, waits or is counted as dropped, and those taken are in order."""
        assert len(self.given) == self.state.recorded == len(self.taken) + self.recorder.packets + self.state.dropped
        rest = iter(self.given)
        assert all(packet in rest for packet in self.taken)


@pytest.fixture
def rig() -> Rig:
    """A recorder on an empty memory."""
    return Rig()


def test_packets_come_back_in_order(rig: Rig) -> None:
    """What was recorded comes back packet by packet, the oldest first, and leaves no file behind."""
    rig.add(13)
    assert [file.packets for file in rig.state.files] == [5, 5]
    rig.take_all()
    assert rig.taken == rig.given
    assert rig.model.state.files == {}
    assert rig.recorder.packets == 0


def test_waiting_packets_are_written_in_time(rig: Rig) -> None:
    """Packets wait in memory for the flush time, not a nanosecond less, then they are in a file."""
    rig.add(2)
    assert not rig.recorder.tick(FLUSH_NS - 1)
    assert rig.state.files == []
    assert rig.recorder.tick(FLUSH_NS)
    assert [(file.number, file.octets, file.packets) for file in rig.state.files] == [(FIRST_FILE, 40, 2)]
    assert not rig.recorder.tick(10 * FLUSH_NS)


def test_a_clock_that_starts_again_writes_at_once(rig: Rig) -> None:
    """Packets that seem to have come in the future are written, not kept for ever."""
    rig.now_ns = 10_000
    rig.add()
    assert rig.recorder.tick(5)


def test_the_oldest_file_is_overwritten(rig: Rig) -> None:
    """Beyond its files the recorder forgets the oldest one, and counts its packets."""
    rig.add(23)
    assert (len(rig.state.files), rig.state.dropped) == (3, 5)
    rig.take_all()
    assert rig.taken == rig.given[5:]
    rig.check_books()


def test_a_packet_too_long_for_a_file_is_dropped(rig: Rig) -> None:
    """A packet that fits no file is counted as dropped and spoils nothing."""
    rig.add()
    rig.add(octets=FILE_OCTETS + 1)
    rig.add()
    rig.take_all()
    assert rig.taken == [rig.given[0], rig.given[2]]
    rig.check_books()


def test_a_memory_without_power_loses_no_file(rig: Rig) -> None:
    """While the memory is silent nothing is given up: files are read when it answers again."""
    rig.add(11)
    rig.model.state.powered = False
    for _ in range(20):
        assert rig.recorder.take() == []
    assert (rig.state.errors, rig.state.dropped) == (20, 0)
    rig.model.state.powered = True
    rig.take_all()
    assert rig.taken == rig.given


def test_what_cannot_be_written_waits(rig: Rig) -> None:
    """Packets that could not be written wait for the next attempt; only when no more fit are they dropped."""
    rig.model.state.powered = False
    rig.add(5)
    assert not rig.recorder.tick(FLUSH_NS)
    assert (rig.recorder.packets, rig.state.errors, rig.state.dropped) == (5, 1, 0)
    rig.add(1)
    assert (rig.recorder.packets, rig.state.dropped) == (1, 5)
    rig.model.state.powered = True
    rig.take_all()
    assert rig.taken == rig.given[5:]
    rig.check_books()


def test_a_full_memory_costs_the_oldest_file() -> None:
    """When the memory has no room, the oldest file makes some for what comes next."""
    rig = Rig(capacity=250)
    rig.add(30)
    rig.take_all()
    assert rig.taken[-1] == rig.given[-1]
    assert rig.state.dropped > 0
    rig.check_books()


def test_a_file_that_is_gone_is_counted(rig: Rig) -> None:
    """A file that somebody deleted is dropped at once, and the next one follows."""
    rig.add(11)
    del rig.model.state.files[FIRST_FILE]
    assert rig.recorder.take() == []
    rig.take_all()
    assert rig.taken == rig.given[5:]
    rig.check_books()


def test_a_file_that_was_cut_is_counted(rig: Rig) -> None:
    """Of a file that lost its end, the whole packets are given and the others counted."""
    rig.add(6)
    del rig.model.state.files[FIRST_FILE][50:]
    rig.take_all()
    assert rig.taken == [*rig.given[:2], rig.given[5]]
    assert rig.state.dropped == 3


def test_a_file_that_cannot_be_read_is_given_up(rig: Rig) -> None:
    """A file whose every reading is corrupt is given up after a few, so that the next one comes."""
    rig.add(11)
    rig.end.noisy = True
    for _ in range(MAX_CORRUPT_READS - 1):
        assert rig.recorder.take() == []
    assert rig.state.dropped == 0
    assert rig.recorder.take() == []
    rig.end.noisy = False
    rig.take_all()
    assert rig.taken == rig.given[5:]
    rig.check_books()


def test_an_old_file_of_the_same_number_does_no_harm(rig: Rig) -> None:
    """A longer file of an earlier life under the same number does not leak into what is read."""
    rig.model.state.files[FIRST_FILE] = bytearray(b"\xff" * 500)
    rig.add(3)
    rig.recorder.tick(FLUSH_NS)
    rig.take_all()
    assert rig.taken == rig.given


def test_a_failed_deletion_is_made_up_for(rig: Rig) -> None:
    """A file that was read but could not be deleted is deleted later."""
    rig.add(6)
    original = rig.model.delete

    def lose_power(file_id: int) -> object:
        rig.model.state.powered = False
        return original(file_id)

    rig.model.delete = lose_power  # type: ignore[assignment, method-assign]
    rig.taken += rig.recorder.take()
    assert (rig.taken, rig.state.errors) == (rig.given[:5], 1)
    rig.recorder.tick(0)
    assert rig.state.undeleted == [FIRST_FILE]
    rig.model.delete = original  # type: ignore[method-assign]
    rig.model.state.powered = True
    rig.recorder.tick(0)
    assert (rig.state.undeleted, rig.model.state.files) == ([], {})


@MODEST
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("add"), st.integers(1, 8)),
            st.tuples(st.sampled_from(["take", "power", "noise", "tick"]), st.just(0)),
        ),
        max_size=50,
    )
)
def test_no_packet_is_lost_silently(steps: list[tuple[str, int]]) -> None:
    """Whatever fails in between, every packet is taken once and in order, waits, or is counted as dropped."""
    rig = Rig(capacity=350)
    for step, count in steps:
        rig.now_ns += FLUSH_NS // 2
        if step == "add":
            rig.add(count, octets=12 + 7 * count)
        elif step == "take":
            rig.taken += rig.recorder.take()
        elif step == "power":
            rig.model.state.powered = not rig.model.state.powered
        elif step == "noise":
            rig.end.noisy = not rig.end.noisy
        else:
            rig.recorder.tick(rig.now_ns)
        rig.check_books()
        assert len(rig.state.files) <= 3
        assert len(rig.state.waiting) <= FILE_OCTETS
