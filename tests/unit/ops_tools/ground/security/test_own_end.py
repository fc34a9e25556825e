from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from flightsw.hal.sim import MemoryNvm
from flightsw.mission_links import MissionLinks
from flightsw.services.key_safe import LinkSecurityError, MemoryKeySafe
from flightsw.services.link_security import LinkSecurity
from flightsw.services.store import Store
from ops_tools.ground.security.operation import OperationFailedError
from ops_tools.ground.security.own_end import Direction, OwnEnd
from ops_tools.ground.station import ground_associations
from tlm_cmd.link.parameters import LinkParameters
from tlm_cmd.link.security_parameters import ChannelSecurity
from tlm_cmd.sdls import requests
from tlm_cmd.sdls.key_ring import MAX_KEYS, KeyEntry, KeyKind, KeyRing, KeyState
from tlm_cmd.sdls.secret_key import SecretKey
from tlm_cmd.sdls.simulation_keys import derive_simulation_keys

if TYPE_CHECKING:
    from tests.unit.ops_tools.ground.security.conftest import Ends

ONE_ASSOCIATION = MissionLinks(LinkParameters(spacecraft_id=1, telecommand_security=ChannelSecurity(spi=1, key_id=128)))


def own_end(links: MissionLinks, ring: KeyRing) -> OwnEnd:
    """The ground's end with some keys."""
    security = LinkSecurity(MemoryKeySafe(ring), ground_associations(links), Store(MemoryNvm()), "ground")
    return OwnEnd(security, links, lambda octets: bytes([7]) * octets)


def test_spare_keys_are_taken_first_and_then_new_ones_made(ends: Ends) -> None:
    """A new one is stored before anybody uses it."""
    assert ends.own.next_key(32) == 131
    ends.own.apply(requests.destroy_keys([131, 132, 133, 134]))
    assert ends.own.next_key(32) == 135
    assert ends.ground_keys.read().entry(135) is not None
    assert ends.own.next_key(32) == 135
    assert ends.own.next_key(16) == 136


def test_a_full_ring_gives_the_number_of_a_destroyed_key_again() -> None:
    """There is one place for each key that is still there; without any, there is no new key."""
    entries = [
        KeyEntry(key_id, KeyKind.SESSION, KeyState.DESTROYED if key_id > 199 else KeyState.ACTIVE)
        for key_id in range(1, MAX_KEYS + 1)
    ]
    for entry in entries:
        if entry.state is not KeyState.DESTROYED:
            entry.secret = SecretKey(entry.key_id.to_bytes(32, "big"))
    assert own_end(ONE_ASSOCIATION, KeyRing(entries)).next_key(32) == 200
    full = [
        KeyEntry(key_id, KeyKind.SESSION, KeyState.ACTIVE, SecretKey(key_id.to_bytes(32, "big")))
        for key_id in range(1, MAX_KEYS + 1)
    ]
    with pytest.raises(OperationFailedError, match="the ring is full"):
        own_end(ONE_ASSOCIATION, KeyRing(full)).next_key(32)


def test_a_key_that_cannot_be_stored_is_no_key(ends: Ends, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ring is as it was."""
    ends.own.apply(requests.destroy_keys([131, 132, 133, 134]))

    def full(_ring: KeyRing) -> None:
        raise LinkSecurityError("no space left")

    monkeypatch.setattr(ends.ground_keys, "write", full)
    with pytest.raises(OperationFailedError, match="no new key: no space left"):
        ends.own.next_key(32)
    assert ends.own.key_state(135) is None
    with pytest.raises(OperationFailedError, match="executed, but not stored: no space left"):
        ends.own.apply(requests.transport_keys(derive_simulation_keys(1, [1], [], [150]), 1, [150], bytes(12)))


def test_what_the_ground_cannot_do_says_why(ends: Ends) -> None:
    """An association in use keeps its key; a key that is not there has no octets; no master key, no transport."""
    with pytest.raises(OperationFailedError, match="at the ground: key in use: key 128"):
        ends.own.apply(requests.deactivate_keys([128]))
    with pytest.raises(OperationFailedError, match="key 77: unknown"):
        ends.own.secret(77)
    with pytest.raises(OperationFailedError, match="key 77: unknown"):
        ends.own.transport(requests.transport_keys, 1, [77], bytes(12))
    with pytest.raises(OperationFailedError, match="no master key"):
        own_end(ONE_ASSOCIATION, derive_simulation_keys(1, [], [128])).master_key_id()


def test_a_direction_needs_a_second_association() -> None:
    """Without one its key is not changed in use."""
    own = own_end(ONE_ASSOCIATION, derive_simulation_keys(1, [1], [128]))
    assert own.directions == (Direction.TELECOMMAND,)
    with pytest.raises(OperationFailedError, match="second_spi"):
        own.in_turn(Direction.TELECOMMAND)
    with pytest.raises(OperationFailedError, match="second_spi"):
        own.in_turn(Direction.X_BAND)


def test_with_two_associations_in_use_the_one_that_is_heard_counts(ends: Ends) -> None:
    """Not the one that the ground started last; and nothing is decided before anything was heard."""
    ends.own.apply(requests.activate_keys([131]))
    ends.own.apply(requests.rekey(ends.own.parameters(18), 131))
    ends.own.apply(requests.start(18))
    with pytest.raises(OperationFailedError, match="nothing was heard on s_band yet"):
        ends.own.in_turn(Direction.S_BAND)
    ends.exchange()
    assert ends.own.in_turn(Direction.S_BAND) == (2, 18)
    heard = {view.spi: view.heard_ns for view in ends.own.association_views()}
    assert heard[2] == ends.now_ns
    assert heard[18] is None


def test_nothing_in_use_is_nothing_to_change(ends: Ends) -> None:
    """A ground whose association was stopped says so."""
    ends.own.apply(requests.stop(2))
    with pytest.raises(OperationFailedError, match="no association of s_band is in use"):
        ends.own.in_turn(Direction.S_BAND)
