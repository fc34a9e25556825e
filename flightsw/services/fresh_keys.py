"""Keys that nobody knows, from the operating system's generator."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping

from tlm_cmd.sdls.key_ring import KeyRing
from tlm_cmd.sdls.new_ring import ALL_LONG, new_ring
from tlm_cmd.sdls.secret_key import SecretKey


def fresh_keys(
    masters: Iterable[int],
    sessions: Iterable[int],
    spares: Iterable[int] = (),
    session_octets: Mapping[int, int] = ALL_LONG,
) -> KeyRing:
    """Make keys by their ids: masters and sessions active, spares preactive.

    Args:
        masters: ids of master keys; they have 32 octets.
        sessions: ids of session keys that are in use.
        spares: ids of session keys for later.
        session_octets: lengths of session keys by id, 16 or 32; those that are not named have 32.

    Raises:
        FieldRangeError: an id is out of range.
        WrongValueError: a key has another length.
        KeyRefusedError: an id comes twice, or there are more than 256.
    """
    return new_ring(
        masters, sessions, spares, session_octets, lambda _id, _kind, octets: SecretKey(secrets.token_bytes(octets))
    )
