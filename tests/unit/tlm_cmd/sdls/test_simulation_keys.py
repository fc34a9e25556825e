import hashlib
import hmac

import pytest

from tlm_cmd.errors import FieldRangeError, WrongValueError
from tlm_cmd.sdls.key_ring import KeyKind, KeyRefusedError, KeyState
from tlm_cmd.sdls.simulation_keys import derive_simulation_keys


def test_a_seed_gives_the_same_keys() -> None:
    """Two rings of one seed are alike, two of different seeds have no key in common, and both say what they are."""
    one, same, other = (derive_simulation_keys(seed, [1], [128, 129], [140]) for seed in (7, 7, 8))
    assert one.entries == same.entries
    assert {entry.secret for entry in one.entries}.isdisjoint(entry.secret for entry in other.entries)
    assert one.simulation
    assert [(entry.key_id, entry.kind, entry.state) for entry in one.entries] == [
        (1, KeyKind.MASTER, KeyState.ACTIVE),
        (128, KeyKind.SESSION, KeyState.ACTIVE),
        (129, KeyKind.SESSION, KeyState.ACTIVE),
        (140, KeyKind.SESSION, KeyState.PREACTIVE),
    ]


def test_keys_are_those_of_rfc_5869() -> None:
    """A key is HKDF with SHA-256 over seed, salt and name, computed here step by step."""
    salt, name = b"flightsw SIMULATION ONLY", b"session key 128"
    extracted = hmac.digest(salt, (7).to_bytes(8, "big"), hashlib.sha256)
    expected = hmac.digest(extracted, name + b"\1", hashlib.sha256)
    for octets in (16, 32):
        entry = derive_simulation_keys(7, [], [128], key_octets=octets).entry(128)
        assert entry is not None
        assert entry.secret is not None
        assert entry.secret.reveal() == expected[:octets]


def test_keys_have_lengths_of_their_own() -> None:
    """By id; those that are not named have 32 octets, and so has a master key."""
    ring = derive_simulation_keys(7, [1], [128, 129], [130, 131], key_octets={1: 16, 128: 16, 131: 16})
    lengths = {entry.key_id: len(entry.secret) for entry in ring.entries if entry.secret is not None}
    assert lengths == {1: 32, 128: 16, 129: 32, 130: 32, 131: 16}


def test_limits() -> None:
    """A seed of more than 64 bits, a key id twice, and keys of another length are refused."""
    with pytest.raises(FieldRangeError, match="seed"):
        derive_simulation_keys(2**64, [], [1])
    with pytest.raises(KeyRefusedError):
        derive_simulation_keys(1, [1], [1])
    with pytest.raises(WrongValueError):
        derive_simulation_keys(1, [], [1], key_octets=24)
    with pytest.raises(WrongValueError):
        derive_simulation_keys(1, [], [1], key_octets={1: 24})
