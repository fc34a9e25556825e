import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlm_cmd.errors import FieldRangeError, LengthMismatchError, ProtocolError, WrongValueError
from tlm_cmd.sdls.key_lists import (
    MAX_KEYS_PER_UNIT,
    pack_inventory,
    pack_key_ids,
    pack_key_range,
    unpack_inventory,
    unpack_key_ids,
    unpack_key_range,
)
from tlm_cmd.sdls.key_ring import KeyState

IDS = st.integers(0, 0xFFFF)


@given(st.lists(IDS, min_size=1, max_size=MAX_KEYS_PER_UNIT), IDS, IDS)
def test_round_trips(key_ids: list[int], one: int, other: int) -> None:
    """Lists and ranges of keys come back."""
    assert unpack_key_ids(pack_key_ids(key_ids)) == key_ids
    assert unpack_key_range(pack_key_range(min(one, other), max(one, other))) == (min(one, other), max(one, other))


@given(st.lists(st.tuples(IDS, st.sampled_from(KeyState)), max_size=256))
def test_inventories_come_back(states: list[tuple[int, KeyState]]) -> None:
    """An inventory has a count, and three octets for each key."""
    octets = pack_inventory(states)
    assert len(octets) == 2 + 3 * len(states)
    assert unpack_inventory(octets) == states


def test_known_inventory() -> None:
    """Count, id and state stand as other implementations of the standard have them."""
    states = [(4, KeyState.PREACTIVE), (7, KeyState.ACTIVE), (11, KeyState.DEACTIVATED)]
    assert pack_inventory(states).hex() == "0003" + "000400" + "000701" + "000b02"


@pytest.mark.parametrize(
    ("read", "octets", "error"),
    [
        (unpack_key_ids, "", LengthMismatchError),
        (unpack_key_ids, "000102", LengthMismatchError),
        (unpack_key_ids, "00" * 66, LengthMismatchError),
        (unpack_key_range, "000100", LengthMismatchError),
        (unpack_key_range, "0001000200", LengthMismatchError),
        (unpack_key_range, "00020001", FieldRangeError),
        (unpack_inventory, "", LengthMismatchError),
        (unpack_inventory, "0001", LengthMismatchError),
        (unpack_inventory, "0001000100ff", LengthMismatchError),
        (unpack_inventory, "0001000104", WrongValueError),
        (unpack_inventory, "0101" + "000100" * 257, LengthMismatchError),
    ],
)
def test_what_is_refused(read: object, octets: str, error: type[ProtocolError]) -> None:
    """Lengths that do not fit, ranges that end before they begin, and unknown states are refused by name."""
    assert callable(read)
    with pytest.raises(error):
        read(bytes.fromhex(octets))


def test_what_is_not_packed() -> None:
    """No keys, too many keys, and ids of more than 16 bits are refused."""
    for key_ids in ([], [1] * 33, [65536], [-1]):
        with pytest.raises(FieldRangeError):
            pack_key_ids(key_ids)
    for first, last in ((2, 1), (0, 65536)):
        with pytest.raises(FieldRangeError):
            pack_key_range(first, last)
    with pytest.raises(FieldRangeError):
        pack_inventory([(1, KeyState.ACTIVE)] * 257)
