"""Key management procedures that name keys: lists, ranges and the inventory (CCSDS 355.1-B-1, 3.2 and 5.3)."""

from collections.abc import Sequence

from tlm_cmd.errors import LengthMismatchError, WrongValueError, check_range
from tlm_cmd.sdls.key_ring import MAX_KEY_ID, MAX_KEYS, KeyState

KEY_ID_OCTETS = 2
MAX_KEYS_PER_UNIT = 32
"""Keys that one request may name, so that request and reply fit a packet."""

_INVENTORY_OCTETS = KEY_ID_OCTETS + 1
_KEY_STATES = {state.value: state for state in KeyState}


def pack_key_ids(key_ids: Sequence[int]) -> bytes:
    """Return the data of a request that names keys, 2 octets each.

    Raises:
        FieldRangeError: a key id does not fit 16 bits, or there are none or too many.
    """
    check_range("keys", len(key_ids), 1, MAX_KEYS_PER_UNIT)
    for key_id in key_ids:
        check_range("key id", key_id, 0, MAX_KEY_ID)
    return b"".join(key_id.to_bytes(KEY_ID_OCTETS, "big") for key_id in key_ids)


def unpack_key_ids(octets: bytes) -> list[int]:
    """Read the data of a request that names keys.

    Raises:
        LengthMismatchError: they are no whole number of key ids, 1 to 32.
    """
    return [int.from_bytes(piece, "big") for piece in cut_into_pieces("key ids", octets, KEY_ID_OCTETS)]


def pack_key_range(first: int, last: int) -> bytes:
    """Return the data of an inventory request: all keys from one id to another.

    Raises:
        FieldRangeError: a key id does not fit 16 bits, or the last is before the first.
    """
    check_range("first key id", first, 0, MAX_KEY_ID)
    check_range("last key id", last, first, MAX_KEY_ID)
    return first.to_bytes(KEY_ID_OCTETS, "big") + last.to_bytes(KEY_ID_OCTETS, "big")


def unpack_key_range(octets: bytes) -> tuple[int, int]:
    """Read the data of an inventory request.

    Raises:
        LengthMismatchError: they are not four octets.
        FieldRangeError: the last key id is before the first.
    """
    if len(octets) != 2 * KEY_ID_OCTETS:
        raise LengthMismatchError("inventory request", 2 * KEY_ID_OCTETS, len(octets))
    first, last = int.from_bytes(octets[:KEY_ID_OCTETS], "big"), int.from_bytes(octets[KEY_ID_OCTETS:], "big")
    check_range("last key id", last, first, MAX_KEY_ID)
    return first, last


def pack_inventory(states: Sequence[tuple[int, KeyState]]) -> bytes:
    """Return the data of an inventory reply: number of keys (2 octets), then id (2) and state (1) of each.

    Raises:
        FieldRangeError: more keys than a ring holds, or a key id that does not fit 16 bits.
    """
    check_range("keys", len(states), 0, MAX_KEYS)
    for key_id, _ in states:
        check_range("key id", key_id, 0, MAX_KEY_ID)
    entries = (key_id.to_bytes(KEY_ID_OCTETS, "big") + bytes([state]) for key_id, state in states)
    return len(states).to_bytes(2, "big") + b"".join(entries)


def unpack_inventory(octets: bytes) -> list[tuple[int, KeyState]]:
    """Read the data of an inventory reply.

    Raises:
        LengthMismatchError: the number of keys does not fit the octets given, or is more than a ring holds.
        WrongValueError: a key is in no known state.
    """
    count = int.from_bytes(octets[:2], "big")
    if len(octets) != 2 + count * _INVENTORY_OCTETS or count > MAX_KEYS:
        raise LengthMismatchError("key inventory", 2 + count * _INVENTORY_OCTETS, len(octets))
    found = []
    for at in range(2, len(octets), _INVENTORY_OCTETS):
        state = _KEY_STATES.get(octets[at + KEY_ID_OCTETS])
        if state is None:
            raise WrongValueError("key state", octets[at + KEY_ID_OCTETS], "one of KeyState")
        found.append((int.from_bytes(octets[at : at + KEY_ID_OCTETS], "big"), state))
    return found


def cut_into_pieces(name: str, octets: bytes, piece_octets: int) -> list[bytes]:
    """Cut the data of a request or reply into 1 to 32 pieces of one length.

    Raises:
        LengthMismatchError: they are no whole number of pieces, or too many.
    """
    if len(octets) % piece_octets or not 0 < len(octets) <= MAX_KEYS_PER_UNIT * piece_octets:
        raise LengthMismatchError(name, piece_octets, len(octets))
    return [octets[at : at + piece_octets] for at in range(0, len(octets), piece_octets)]
