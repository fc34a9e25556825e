import pytest
from hypothesis import given
from hypothesis import strategies as st

from flightsw.hal.sim import MemoryNvm
from flightsw.services.number_reservation import RESERVED, NumberReservation
from flightsw.services.store import Store, StoreError

ENTRY = "numbers"


@given(st.sampled_from([2**8, 2**16, 2**32, 2**64]), st.lists(st.integers(0, 400), max_size=6), st.data())
def test_no_number_comes_twice(modulo: int, lives: list[int], data: st.DataObject) -> None:
    """Each life begins behind the numbers of those before it, whatever it remembers, until all numbers were used."""
    memory = MemoryNvm()
    remembered = st.integers(0, modulo - 1)
    number, taken, gone = data.draw(remembered), set[int](), 0
    for life, count in enumerate(lives):
        reservation = NumberReservation(Store(memory), ENTRY, modulo)
        begin = reservation.begin(data.draw(remembered) if life else number)
        gone += (begin - number) % modulo + count
        assert (begin - number) % modulo <= min(RESERVED, modulo // 4)
        number = begin
        reservation.prepare(number)
        for _ in range(count):
            assert number not in taken or gone >= modulo
            taken.add(number)
            number = (number + 1) % modulo
            reservation.prepare(number)


class MemoryWithBadPlace(MemoryNvm):
    """A memory in which one place keeps a wrong bit."""

    def __init__(self, bad: str) -> None:
        super().__init__()
        self.bad = bad

    def write(self, name: str, data: bytes) -> None:
        """Write, with the last bit wrong in the bad place."""
        super().write(name, data if name != self.bad else data[:-1] + bytes([data[-1] ^ 1]))


def damage(memory: MemoryNvm, *generations: str) -> None:
    """Spoil what is kept."""
    for generation in generations:
        memory.write(f"{ENTRY}.{generation}", b"spoilt")


def test_the_older_generation_is_not_enough() -> None:
    """Where the newer one is damaged and the other was not stored, numbers go on behind what it may have said."""
    memory = MemoryNvm()
    reservation = NumberReservation(Store(memory), ENTRY, 2**32)
    reservation.prepare(reservation.begin(0))
    Store(memory).save(ENTRY, (2 * RESERVED).to_bytes(8, "big"))
    damage(memory, "0")
    assert NumberReservation(Store(memory), ENTRY, 2**32).begin(0) >= 2 * RESERVED


@pytest.mark.parametrize("bad", [f"{ENTRY}.0", f"{ENTRY}.1"])
@pytest.mark.parametrize("from_the_start", [False, True])
def test_a_bad_place_of_the_memory(bad: str, *, from_the_start: bool) -> None:
    """One place that keeps a wrong bit, whatever is written there, brings no number back and makes none forgotten."""
    memory = MemoryWithBadPlace(bad if from_the_start else "")
    number = 0
    for _life in range(5):
        reservation = NumberReservation(Store(memory), ENTRY, 2**32)
        begin = reservation.begin(0)
        assert number <= begin <= number + 2 * RESERVED
        assert not reservation.forgotten
        number = begin
        reservation.prepare(number)
        memory.bad = bad
        for _ in range(1000):
            number += 1
            reservation.prepare(number)


def test_damage_of_both_generations() -> None:
    """Numbers go on half of their range ahead, and the caller is told."""
    memory = MemoryNvm()
    NumberReservation(Store(memory), ENTRY, 2**16).prepare(5)
    damage(memory, "0", "1")
    reservation = NumberReservation(Store(memory), ENTRY, 2**16)
    assert reservation.forgotten
    assert reservation.begin(0) == 2**15


def test_a_store_that_is_full() -> None:
    """What could not be reserved is said each time, and tried again."""
    reservation = NumberReservation(Store(MemoryNvm(), max_entries=0), ENTRY, 2**16)
    for _ in range(2):
        with pytest.raises(StoreError):
            reservation.prepare(reservation.begin(0))
