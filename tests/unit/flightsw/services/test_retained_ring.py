from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from flightsw.services.retained_memory import VirtualRegion
from flightsw.services.retained_ring import MAX_SLOTS, RetainedRing, RingError, RingMode, read_ring

SLOTS, SLOT_OCTETS = 5, 32
HEADER_OCTETS = 32


def ring(region: VirtualRegion, mode: RingMode = RingMode.OVERWRITE) -> RetainedRing:
    """A small ring on a region."""
    return RetainedRing(region, SLOTS, SLOT_OCTETS, mode)


def texts(region: VirtualRegion, since: int = 0) -> list[bytes]:
    """What a reader finds."""
    return [data for _, data in read_ring(region, SLOTS, SLOT_OCTETS, since).records]


def filled(count: int) -> VirtualRegion:
    """A region with a ring to which some records were written."""
    region = VirtualRegion()
    writer = ring(region)
    for number in range(1, count + 1):
        writer.append(b"record %d" % number)
    return region


def test_the_newest_records_are_kept_in_order() -> None:
    """A full ring overwrites its oldest record."""
    assert texts(filled(3)) == [b"record 1", b"record 2", b"record 3"]
    assert texts(filled(12)) == [b"record %d" % number for number in range(8, 13)]
    assert texts(filled(12), since=10) == [b"record 11", b"record 12"]


def test_a_new_region_holds_nothing() -> None:
    """Zeros are an empty ring, and no damage."""
    content = read_ring(VirtualRegion(), SLOTS, SLOT_OCTETS)
    assert (content.records, content.damaged) == ((), 0)


def test_a_ring_that_discards_keeps_the_oldest() -> None:
    """When it is full, a record more is refused until it is cleared."""
    region = VirtualRegion()
    writer = ring(region, RingMode.DISCARD)
    assert [writer.append(b"%d" % number) for number in range(7)] == [True] * 5 + [False] * 2
    assert (texts(region), writer.held) == ([b"0", b"1", b"2", b"3", b"4"], 5)
    writer.clear()
    assert (texts(region), writer.held) == ([], 0)
    assert writer.append(b"new")
    assert texts(region) == [b"new"]


def test_the_mode_can_be_changed_and_stays() -> None:
    """A ring opened again is in the mode it was set to, whatever the mission says of a new one."""
    region = filled(5)
    writer = ring(region)
    writer.set_mode(RingMode.DISCARD)
    assert not writer.append(b"one more")
    again = ring(region, RingMode.OVERWRITE)
    assert (again.mode, again.held) == (RingMode.DISCARD, 5)
    again.set_mode(RingMode.OVERWRITE)
    assert again.append(b"one more")
    assert texts(region)[-1] == b"one more"


def test_numbers_go_on_behind_a_restart_and_a_clear() -> None:
    """A reader that has seen a record never meets its number again."""
    region = filled(7)
    ring(region).append(b"next")
    assert read_ring(region, SLOTS, SLOT_OCTETS).records[-1][0] == 8
    ring(region).clear()
    ring(region).append(b"after")
    assert read_ring(region, SLOTS, SLOT_OCTETS).records == ((9, b"after"),)


@pytest.mark.parametrize(("slots", "octets"), [(0, 32), (MAX_SLOTS + 1, 32), (5, 14), (5, 4097)])
def test_bounds_are_checked(slots: int, octets: int) -> None:
    """A ring without slots, or of slots without room, is refused."""
    with pytest.raises(RingError, match="allowed are 1 to 4096 of 15 to 4096"):
        RetainedRing(VirtualRegion(), slots, octets)


def test_a_record_longer_than_a_slot_is_refused() -> None:
    """The longest fits exactly; nothing of a longer one is written."""
    region = VirtualRegion()
    writer = ring(region)
    assert writer.append(bytes(writer.longest))
    with pytest.raises(RingError, match=r"record of 19 octets, at most 18 are allowed"):
        writer.append(bytes(writer.longest + 1))
    assert texts(region) == [bytes(18)]


def test_a_ring_of_another_size_is_given_up() -> None:
    """A mission that gives the log another size begins it anew, without leftovers."""
    region = filled(5)
    RetainedRing(region, 3, 40).append(b"x")
    content = read_ring(region, 3, 40)
    assert (content.records, content.damaged) == (((1, b"x"),), 0)


def test_a_memory_that_refuses_the_header_leaves_mode_and_records() -> None:
    """A change that cannot be written is not made."""

    class ReadOnly(VirtualRegion):
        def write(self, offset: int, data: bytes) -> None:
            raise OSError("read-only")

    region = filled(3)
    frozen = ReadOnly()
    frozen.data = region.data
    writer = ring(frozen)
    with pytest.raises(OSError, match="read-only"):
        writer.clear()
    with pytest.raises(OSError, match="read-only"):
        writer.set_mode(RingMode.DISCARD)
    with pytest.raises(OSError, match="read-only"):
        writer.append(b"x")
    assert (writer.mode, writer.held, len(texts(frozen))) == (RingMode.OVERWRITE, 3, 3)


def test_every_flipped_bit_costs_its_record_and_no_other() -> None:
    """Damage is found and counted, the rest is read; a damaged header changes only mode and what was cleared."""
    region = filled(7)
    good, undamaged = bytes(region.data), texts(region)
    used = HEADER_OCTETS - 4  # the header's octets that mean something, its checksum included
    for bit in range(len(good) * 8):
        region.data = bytearray(good)
        region.data[bit // 8] ^= 1 << bit % 8
        content = read_ring(region, SLOTS, SLOT_OCTETS)
        found = [data for _, data in content.records]
        place = bit // 8
        if place >= HEADER_OCTETS:
            assert len(found) == len(undamaged) - content.damaged
            assert content.damaged <= 1
            assert [each for each in undamaged if each in found] == found
        else:
            assert found == undamaged
            assert content.damaged == (place < used - 6)


def test_a_damaged_ring_is_written_on() -> None:
    """Its writer goes on behind the newest record that can be read, and mends the slot."""
    region = filled(4)
    region.data[HEADER_OCTETS + 4 * SLOT_OCTETS + 20] ^= 1
    writer = ring(region)
    writer.append(b"mended")
    content = read_ring(region, SLOTS, SLOT_OCTETS)
    assert (content.records[-1], content.damaged) == ((4, b"mended"), 0)


@settings(max_examples=60, deadline=None)
@given(cut=st.integers(0, HEADER_OCTETS + SLOTS * SLOT_OCTETS), octets=st.binary(max_size=200))
def test_any_octets_can_be_read(cut: int, octets: bytes) -> None:
    """A region cut short or full of anything is read without an error, and opened for writing."""
    for data in (bytes(filled(7).data)[:cut], octets, bytes(filled(7).data)[:cut] + octets):
        region = VirtualRegion()
        region.data = bytearray(data)
        read_ring(region, SLOTS, SLOT_OCTETS)
        assert ring(region).append(b"x")
        assert b"x" in texts(region)


class RingRules(RuleBasedStateMachine):
    """A ring holds what a list of the same bound would hold, whatever happens to its writer."""

    def __init__(self) -> None:
        super().__init__()
        self.region = VirtualRegion()
        self.ring = ring(self.region)
        self.mode = RingMode.OVERWRITE
        self.kept: list[bytes] = []
        self.written = 0

    @rule()
    def append(self) -> None:
        """A record comes."""
        data = b"%d" % self.written
        self.written += 1
        full = len(self.kept) == SLOTS
        assert self.ring.append(data) is not (full and self.mode is RingMode.DISCARD)
        if not full or self.mode is RingMode.OVERWRITE:
            self.kept = [*self.kept, data][-SLOTS:]

    @rule(mode=st.sampled_from(RingMode))
    def set_mode(self, mode: RingMode) -> None:
        """The ground sets the mode."""
        self.ring.set_mode(mode)
        self.mode = mode

    @rule()
    def clear(self) -> None:
        """The ground clears it."""
        self.ring.clear()
        self.kept = []

    @rule()
    def restart(self) -> None:
        """The writer dies and comes back."""
        self.ring = ring(self.region)

    @invariant()
    def it_holds_what_it_should(self) -> None:
        """Content, order and count agree, numbers rise by one, nothing is damaged."""
        content = read_ring(self.region, SLOTS, SLOT_OCTETS)
        assert [data for _, data in content.records] == self.kept
        assert all(second[0] == first[0] + 1 for first, second in pairwise(content.records))
        assert (content.damaged, self.ring.held, self.ring.mode) == (0, len(self.kept), self.mode)


TestRingRules = RingRules.TestCase
TestRingRules.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
