from hypothesis import given
from hypothesis import strategies as st

from tlm_cmd.sdls.association import MAX_COUNTER
from tlm_cmd.sdls.key_use import RESERVATION, KeyUse


def test_reservations_are_taken_by_the_block() -> None:
    """A block is reserved at first, and again when half of one is left, not before."""
    use = KeyUse(1)
    use.reserve(MAX_COUNTER - 1)
    assert use.reserved_until == RESERVATION
    use.next_counter = RESERVATION // 2
    use.reserve(MAX_COUNTER - 1)
    assert use.reserved_until == RESERVATION
    use.next_counter += 1
    use.reserve(MAX_COUNTER - 1)
    assert use.reserved_until == RESERVATION // 2 + 1 + RESERVATION


@given(st.integers(0, 2**16 - 1))
def test_a_reservation_ends_with_the_last_number(counter: int) -> None:
    """No number behind the last one is reserved, and the last one is."""
    use = KeyUse(1, next_counter=counter)
    use.reserve(65535)
    assert use.reserved_until == min(counter + RESERVATION, 65536)


def test_a_restart_skips_what_was_reserved() -> None:
    """Whatever may have been used counts as used, answers to challenges as well; a receiver skips nothing."""
    use = KeyUse(1, next_counter=7, reserved_until=1024, next_verification=3)
    use.skip_reserved()
    assert (use.next_counter, use.next_verification) == (1024, 3 + RESERVATION)
    receiver = KeyUse(1, next_counter=7)
    receiver.skip_reserved()
    assert receiver.next_counter == 7


@given(st.integers(0, MAX_COUNTER), st.integers(0, MAX_COUNTER), st.integers(0, 2**64))
def test_numbers_never_go_back(counter: int, reserved: int, target: int) -> None:
    """Going on behind a number either is a step forward, or changes nothing and says so; all numbers can be kept."""
    use = KeyUse(1, next_counter=counter, reserved_until=reserved)
    done = use.advance(target)
    assert done is (max(counter, reserved) - 1 <= target < MAX_COUNTER)
    assert use.next_counter == (target + 1 if done else counter) <= MAX_COUNTER
