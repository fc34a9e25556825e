from __future__ import annotations

import pytest

from flightsw.hal.errors import MemoryFullError
from flightsw.hal.sim import MemoryNvm
from flightsw.services.key_safe import LinkSecurityError, MemoryKeySafe
from flightsw.services.link_security import LinkSecurity
from flightsw.services.store import Store
from tlm_cmd.link.parameters import LinkParameters
from tlm_cmd.link.security_parameters import ChannelSecurity
from tlm_cmd.sdls import requests
from tlm_cmd.sdls.key_ring import KeyRing, KeyState
from tlm_cmd.sdls.procedure_refusals import ProcedureRefusal
from tlm_cmd.sdls.simulation_keys import derive_simulation_keys

LINK = LinkParameters(
    spacecraft_id=1,
    telecommand_security=ChannelSecurity(spi=1, second_spi=17, key_id=128),
    telemetry_security=ChannelSecurity(spi=2, second_spi=18, key_id=129),
)
RING = derive_simulation_keys(1, [1], [128, 129], [130])
OTAR = requests.transport_keys(RING, 1, [130], bytes(12))
UP, DOWN = LINK.telecommand_associations(flight=True), LINK.telemetry_associations(flight=True)


class Board:
    """What two apps share: keys, and the memory that no reset erases."""

    def __init__(self) -> None:
        self.keys = MemoryKeySafe(derive_simulation_keys(1, [1], [128, 129]))
        self.store = Store(MemoryNvm())
        self.boot()

    def boot(self) -> None:
        """Both apps start with what there is."""
        self.up = LinkSecurity(self.keys, UP, self.store, "up")
        self.down = LinkSecurity(self.keys, DOWN, self.store, "down")

    def state(self, key_id: int) -> KeyState | None:
        """The state of a key as it is kept."""
        entry = self.keys.read().entry(key_id)
        return None if entry is None else entry.state


@pytest.fixture
def board() -> Board:
    """Two apps, just started."""
    return Board()


def test_what_was_executed_is_kept_before_it_counts(board: Board) -> None:
    """Keys and associations are as they were after a restart; what was refused changes nothing."""
    for unit in (OTAR, requests.activate_keys([130]), requests.rekey(UP[1], 130), requests.start(17)):
        assert board.up.receive(unit, 1, 0).refusal is None
    assert board.state(130) is KeyState.ACTIVE
    board.boot()
    record = board.up.frames.association(17)
    assert record is not None
    assert record.key_id == 130
    assert 17 in board.up.frames.table.receivers
    assert board.up.receive(requests.start(17), 1, 0).refusal is ProcedureRefusal.WRONG_STATE


def test_nobody_takes_the_keys_of_another(board: Board) -> None:
    """Held by an association, in use or not: neither deactivated nor destroyed, nor used for something else."""
    assert board.up.receive(requests.deactivate_keys([129]), 1, 0).refusal is ProcedureRefusal.KEY_IN_USE
    board.down.apply(requests.stop(2), 0)
    assert board.up.receive(requests.deactivate_keys([129]), 1, 0).refusal is ProcedureRefusal.KEY_IN_USE
    board.down.apply(requests.expire(2), 0)
    assert board.up.receive(requests.rekey(UP[1], 129), 1, 0).refusal is ProcedureRefusal.KEY_IN_USE
    assert board.down.apply(requests.rekey(DOWN[1], 128), 0).refusal is ProcedureRefusal.KEY_IN_USE
    assert board.up.receive(requests.deactivate_keys([129]), 1, 0).refusal is None
    assert board.state(129) is KeyState.DEACTIVATED


def test_a_memory_that_cannot_be_read_speaks_for_every_key(board: Board) -> None:
    """What the other app does is not known, so it may have any of them."""
    board.up.receive(OTAR, 1, 0)
    board.store.save("down", b"nonsense")
    assert board.up.receive(requests.destroy_keys([130]), 1, 0).refusal is ProcedureRefusal.KEY_IN_USE
    assert board.up.receive(requests.rekey(UP[1], 130), 1, 0).refusal is ProcedureRefusal.KEY_IN_USE


def test_the_others_follow_the_keys(board: Board) -> None:
    """They see what was kept, and let go of a key that is destroyed."""
    board.up.receive(OTAR, 1, 0)
    board.up.receive(requests.activate_keys([130]), 1, 0)
    assert board.down.apply(requests.rekey(DOWN[1], 130), 0).refusal is ProcedureRefusal.UNKNOWN_KEY
    board.down.follow_keys()
    assert board.down.apply(requests.rekey(DOWN[1], 130), 0).refusal is None
    assert board.down.frames.table.bound(18) is not None
    board.down.apply(requests.expire(18), 0)
    board.up.receive(requests.deactivate_keys([130]), 1, 0)
    board.up.receive(requests.destroy_keys([130]), 1, 0)
    board.down.follow_keys()
    entry = board.down.frames.table.ring.entry(130)
    assert entry is not None
    assert entry.secret is None


def test_keys_that_cannot_be_kept_are_as_before(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asked is told; nothing is half done."""

    def full(_ring: KeyRing) -> None:
        raise LinkSecurityError("full")

    monkeypatch.setattr(board.keys, "write", full)
    with pytest.raises(LinkSecurityError, match="full"):
        board.up.receive(OTAR, 1, 0)
    assert board.up.frames.table.ring.entry(130) is None
    with pytest.raises(LinkSecurityError, match="full"):
        board.up.store_keys()


def test_a_memory_that_is_full_at_first_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The app starts all the same."""
    store = Store(MemoryNvm())

    def full(_name: str, _data: bytes) -> None:
        raise MemoryFullError("up", 1, 0)

    monkeypatch.setattr(store, "save", full)
    security = LinkSecurity(MemoryKeySafe(RING), UP, store, "up")
    assert not security.forgotten
    with pytest.raises(MemoryFullError):
        security.receive(OTAR, 1, 0)
    monkeypatch.undo()
    security.keep()
    assert store.load("up") is not None
