import pytest

from tlm_cmd.errors import FieldRangeError
from tlm_cmd.frames.pointers import NO_PACKET_START, ONLY_IDLE_DATA, check_pointer


@pytest.mark.parametrize("pointer", [0, 9, NO_PACKET_START, ONLY_IDLE_DATA])
def test_pointers_into_the_zone_and_the_two_special_ones(pointer: int) -> None:
    """A pointer names a place in the zone, or says that there is none."""
    check_pointer(pointer, 10)


@pytest.mark.parametrize("pointer", [-1, 10, ONLY_IDLE_DATA - 1, NO_PACKET_START + 1])
def test_pointers_elsewhere(pointer: int) -> None:
    """A pointer that names no place in the zone is refused with the last place."""
    with pytest.raises(FieldRangeError) as caught:
        check_pointer(pointer, 10)
    assert (caught.value.value, caught.value.highest) == (pointer, 9)
