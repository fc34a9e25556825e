"""Keys from the operating system's generator."""

from __future__ import annotations

import pytest

from flightsw.services.fresh_keys import fresh_keys
from tlm_cmd.errors import WrongValueError
from tlm_cmd.sdls.key_ring import KeyKind, KeyState


def test_session_keys_have_lengths_of_their_own() -> None:
    """By id; those that are not named have 256 bits, and so has a master key. All differ."""
    ring = fresh_keys([1], [128, 129], [130], {1: 16, 128: 16})
    assert [(entry.key_id, entry.kind, entry.state, len(entry.secret or b"")) for entry in ring.entries] == [
        (1, KeyKind.MASTER, KeyState.ACTIVE, 32),
        (128, KeyKind.SESSION, KeyState.ACTIVE, 16),
        (129, KeyKind.SESSION, KeyState.ACTIVE, 32),
        (130, KeyKind.SESSION, KeyState.PREACTIVE, 32),
    ]
    assert len({entry.secret for entry in ring.entries}) == 4


def test_a_length_that_aes_does_not_have_is_refused() -> None:
    """Before a ring is made."""
    with pytest.raises(WrongValueError):
        fresh_keys([], [128], (), {128: 24})
