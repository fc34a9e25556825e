import pytest

from tlm_cmd.errors import FieldRangeError
from tlm_cmd.sdls.key_ring import MAX_KEYS, KeyEntry, KeyKind, KeyProblem, KeyRefusedError, KeyRing, KeyState
from tlm_cmd.sdls.secret_key import SecretKey
from tlm_cmd.sdls.simulation_keys import derive_simulation_keys


def secret(number: int) -> SecretKey:
    """Return a key of its own for each number."""
    return SecretKey(number.to_bytes(32, "big"))


def ring() -> KeyRing:
    """Return a master key, and a session key in each state."""
    states = (KeyState.PREACTIVE, KeyState.ACTIVE, KeyState.DEACTIVATED)
    return KeyRing(
        [
            KeyEntry(1, KeyKind.MASTER, KeyState.ACTIVE, secret(1)),
            *(KeyEntry(10 + state, KeyKind.SESSION, state, secret(10 + state)) for state in states),
            KeyEntry(13, KeyKind.SESSION, KeyState.DESTROYED),
        ]
    )


def states(keys: KeyRing) -> list[tuple[int, KeyState, bool]]:
    """Return id, state, and whether there is a key, of all entries."""
    return [(entry.key_id, entry.state, entry.secret is not None) for entry in keys.entries]


def problem(error: pytest.ExceptionInfo[KeyRefusedError]) -> tuple[int, KeyProblem]:
    """Return which key was refused, and why."""
    return error.value.key_id, error.value.problem


@pytest.mark.parametrize(
    ("procedure", "start", "after"),
    [
        ("activate", KeyState.PREACTIVE, KeyState.ACTIVE),
        ("deactivate", KeyState.ACTIVE, KeyState.DEACTIVATED),
        ("destroy", KeyState.PREACTIVE, KeyState.DESTROYED),
        ("destroy", KeyState.DEACTIVATED, KeyState.DESTROYED),
    ],
)
def test_allowed_transitions(procedure: str, start: KeyState, after: KeyState) -> None:
    """A key goes from preactive to active, deactivated and destroyed, or is destroyed unused; then it is gone."""
    keys = ring()
    getattr(keys, procedure)([10 + start])
    assert keys.entry(10 + start) == KeyEntry(
        10 + start, KeyKind.SESSION, after, None if after is KeyState.DESTROYED else secret(10 + start)
    )


@pytest.mark.parametrize("procedure", ["activate", "deactivate", "destroy"])
def test_all_other_transitions_are_refused(procedure: str) -> None:
    """Every other state, a master key, and a key that is not there are refused by name, and change nothing."""
    allowed = {"activate": {10}, "deactivate": {11}, "destroy": {10, 12}}[procedure]
    for key_id in sorted({10, 11, 12, 13} - allowed):
        keys = ring()
        with pytest.raises(KeyRefusedError) as error:
            getattr(keys, procedure)([*sorted(allowed), key_id])
        assert problem(error) == (key_id, KeyProblem.WRONG_STATE)
        assert states(keys) == states(ring())
    for key_ids, found in (([1], (1, KeyProblem.IS_MASTER)), ([99], (99, KeyProblem.UNKNOWN))):
        with pytest.raises(KeyRefusedError) as error:
            getattr(ring(), procedure)(key_ids)
        assert problem(error) == found


def test_a_key_named_twice_is_refused() -> None:
    """A list that names a key twice changes nothing."""
    keys = ring()
    with pytest.raises(KeyRefusedError) as error:
        keys.destroy([10, 12, 10])
    assert problem(error) == (10, KeyProblem.NAMED_TWICE)
    assert states(keys) == states(ring())


def test_keys_are_stored_preactive() -> None:
    """New keys, and keys in the place of preactive and destroyed ones, come in as preactive session keys."""
    keys = ring()
    keys.store([(20, secret(20)), (10, secret(21)), (13, secret(22))])
    assert [keys.entry(key_id) for key_id in (10, 13, 20)] == [
        KeyEntry(key_id, KeyKind.SESSION, KeyState.PREACTIVE, secret(number))
        for key_id, number in ((10, 21), (13, 22), (20, 20))
    ]


def test_the_same_key_may_come_again() -> None:
    """An upload that is repeated, because nobody heard that it had arrived, changes nothing."""
    keys = ring()
    keys.store([(10, secret(10))])
    assert states(keys) == states(ring())


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        ([(20, 20), (1, 30)], (1, KeyProblem.IS_MASTER)),
        ([(20, 20), (11, 30)], (11, KeyProblem.WRONG_STATE)),
        ([(20, 20), (12, 30)], (12, KeyProblem.WRONG_STATE)),
        ([(20, 20), (21, 11)], (21, KeyProblem.ALREADY_THERE)),
        ([(20, 20), (21, 1)], (21, KeyProblem.ALREADY_THERE)),
        ([(20, 20), (21, 20)], (21, KeyProblem.NAMED_TWICE)),
        ([(20, 20), (20, 21)], (20, KeyProblem.NAMED_TWICE)),
    ],
)
def test_keys_that_are_not_stored(keys: list[tuple[int, int]], found: tuple[int, KeyProblem]) -> None:
    """No master key, no key in use, no id and no key twice; and then none of the others either."""
    holder = ring()
    with pytest.raises(KeyRefusedError) as error:
        holder.store([(key_id, secret(number)) for key_id, number in keys])
    assert problem(error) == found
    assert states(holder) == states(ring())


def test_a_ring_has_a_bound() -> None:
    """It holds 256 keys, and refuses a list that would be one too many as a whole."""
    keys = KeyRing()
    keys.store([(key_id, secret(key_id)) for key_id in range(MAX_KEYS - 1)])
    with pytest.raises(KeyRefusedError) as error:
        keys.store([(1000, secret(1000)), (1001, secret(1001))])
    assert problem(error) == (1001, KeyProblem.RING_FULL)
    assert len(keys.entries) == MAX_KEYS - 1
    keys.store([(1000, secret(1000))])
    entries = [*keys.entries, KeyEntry(2000, KeyKind.SESSION, KeyState.ACTIVE, secret(2000))]
    with pytest.raises(KeyRefusedError):
        KeyRing(entries)


def test_entries_are_checked() -> None:
    """A ring with an id or a key twice is refused, and so is an id of more than 16 bits."""
    one = KeyEntry(1, KeyKind.SESSION, KeyState.ACTIVE, secret(1))
    for other, found in ((1, KeyProblem.NAMED_TWICE), (2, KeyProblem.ALREADY_THERE)):
        with pytest.raises(KeyRefusedError) as error:
            KeyRing([one, KeyEntry(other, KeyKind.SESSION, KeyState.ACTIVE, secret(1))])
        assert problem(error) == (other, found)
    with pytest.raises(FieldRangeError, match="key id is 65536"):
        KeyEntry(65536, KeyKind.SESSION, KeyState.ACTIVE)


def test_a_secret_is_given_by_kind_and_state() -> None:
    """A key comes out only as what it is, and in a state that is asked for."""
    keys = ring()
    assert keys.secret(1, KeyKind.MASTER, KeyState.ACTIVE) == secret(1)
    for key_id, kind, found in (
        (1, KeyKind.SESSION, KeyProblem.IS_MASTER),
        (11, KeyKind.MASTER, KeyProblem.IS_SESSION),
        (10, KeyKind.SESSION, KeyProblem.WRONG_STATE),
        (99, KeyKind.SESSION, KeyProblem.UNKNOWN),
    ):
        with pytest.raises(KeyRefusedError) as error:
            keys.secret(key_id, kind, KeyState.ACTIVE)
        assert problem(error) == (key_id, found)


def test_a_ring_follows_a_newer_copy() -> None:
    """States, new keys and destroyed ones; it says whose octets are no longer what they were, and stays its own."""
    old = derive_simulation_keys(1, [1], [128, 129], [130, 131])
    newer = derive_simulation_keys(1, [1], [128, 129], [130])
    newer.deactivate([128, 129])
    newer.destroy([129])
    newer.store([(132, SecretKey(bytes(32)))])
    kept = old.entry(128)
    assert old.follow(newer) == [129, 131]
    assert [(each.key_id, each.state, each.secret) for each in old.entries] == [
        (each.key_id, each.state, each.secret) for each in newer.entries
    ]
    assert old.entry(128) is kept  # whoever holds the entry sees its new state
    newer.activate([132])
    followed = old.entry(132)
    assert followed is not None
    assert followed.state is KeyState.PREACTIVE
    assert old.follow(derive_simulation_keys(2, [1], [128])) == [1, 128, 129, 130, 132]


def test_the_other_end_begins_without_spares() -> None:
    """Preactive keys stay where they are until they are sent; the copy is independent."""
    ring = derive_simulation_keys(1, [1], [128], [130])
    copy = ring.without_spares()
    assert [entry.key_id for entry in copy.entries] == [1, 128]
    assert copy.simulation
    copy.deactivate([128])
    entry = ring.entry(128)
    assert entry is not None
    assert entry.state is KeyState.ACTIVE
