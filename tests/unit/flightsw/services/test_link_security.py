from __future__ import annotations

import pytest

from flightsw.hal.errors import MemoryFullError
from flightsw.hal.sim import MemoryNvm
from flightsw.services.key_safe import KeySafe, LinkSecurityError, MemoryKeySafe
from flightsw.services.link_security import LinkSecurity
from flightsw.services.store import Store
from tlm_cmd.link.parameters import LinkParameters
from tlm_cmd.link.security_parameters import ChannelSecurity
from tlm_cmd.sdls import requests
from tlm_cmd.sdls.key_ring import KeyRing, KeyState
from tlm_cmd.sdls.procedure_refusals import ProcedureRefusal
from tlm_cmd.sdls.refusals import ProcessRefusal
from tlm_cmd.sdls.simulation_keys import derive_simulation_keys

LINK = LinkParameters(
    spacecraft_id=1,
    telecommand_security=ChannelSecurity(spi=1, second_spi=17, key_id=128),
    telemetry_security=ChannelSecurity(spi=2, second_spi=18, key_id=129),
)
RING = derive_simulation_keys(1, [1], [128, 129], [130])
OTAR = requests.transport_keys(RING, 1, [130], bytes(12))
UP, DOWN = LINK.telecommand_associations(flight=True), LINK.telemetry_associations(flight=True)


TELECOMMANDS = UP[0].channels[0]
TELEMETRY = DOWN[0].channels[0]


class Board:
    """What two apps share: keys, and the memory that no reset erases."""

    def __init__(self, *, off: bool = False) -> None:
        self.keys: KeySafe = MemoryKeySafe(derive_simulation_keys(1, [1], [128, 129]))
        self.memory = MemoryNvm()
        self.store = Store(self.memory)
        if not off:
            self.boot()

    def boot(self) -> None:
        """Both apps start with what there is."""
        self.up = LinkSecurity(self.keys, UP, self.store, "up")
        self.down = LinkSecurity(self.keys, DOWN, self.store, "down")

    def state(self, key_id: int) -> KeyState | None:
        """The state of a key as it is kept."""
        entry = self.keys.read().entry(key_id)
        return None if entry is None else entry.state

    def send(self, count: int) -> list[bytes]:
        """What identifies each telemetry frame under its key: SPI and initialisation vector."""
        header, sent = bytes(len(DOWN[0].header_mask)), []
        for _ in range(count):
            self.down.prepare()
            sent.append(self.down.frames.protect(TELEMETRY, header, b"telemetry")[:14])
        return sent

    def receive(self, octets: bytes) -> ProcessRefusal | None:
        """What becomes of a telecommand frame; one that is accepted is kept before anything else."""
        result = self.up.frames.process(TELECOMMANDS, bytes(len(UP[0].header_mask)), octets)
        if result.refusal is None:
            self.up.keep()
        return result.refusal

    def damage(self, slot: str) -> None:
        """Strike one bit of a copy."""
        octets = self.memory.read(slot)
        assert octets is not None
        self.memory.write(slot, octets[:-1] + bytes([octets[-1] ^ 1]))


class Commander:
    """A ground that sends telecommands to a board."""

    def __init__(self) -> None:
        ring = derive_simulation_keys(1, [1], [128])
        associations = LINK.telecommand_associations(flight=False)
        self.security = LinkSecurity(MemoryKeySafe(ring), associations, Store(MemoryNvm()), "ground")

    def command(self) -> bytes:
        """One protected frame behind its header."""
        self.security.prepare()
        return self.security.frames.protect(TELECOMMANDS, bytes(len(UP[0].header_mask)), b"command")


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

    monkeypatch.setattr(store, "save_twice", full)
    security = LinkSecurity(MemoryKeySafe(RING), UP, store, "up")
    assert not security.forgotten
    with pytest.raises(MemoryFullError):
        security.receive(OTAR, 1, 0)
    monkeypatch.undo()
    security.keep()
    assert store.load("up") is not None


@pytest.mark.parametrize("slot", ["down.0", "down.1"])
@pytest.mark.parametrize("sent", [1, 700, 5000])
def test_damage_to_one_copy_repeats_no_number(board: Board, slot: str, sent: int) -> None:
    """However often the sender starts anew with one of its two copies damaged, the same or the other."""
    numbers = board.send(sent)
    for damaged in (slot, slot, "down.0", "down.1"):
        board.damage(damaged)
        board.boot()
        assert not board.down.forgotten
        numbers += board.send(600)
    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize("slot", ["down.0", "down.1"])
def test_damage_to_one_copy_repeats_no_number_behind_a_jump(board: Board, slot: str) -> None:
    """Nor when a procedure has moved the number far ahead, or given the association another key, just before."""
    board.up.receive(OTAR, 1, 0)
    board.up.receive(requests.activate_keys([130]), 1, 0)
    board.down.follow_keys()
    units = [requests.set_counter(DOWN[0], 1_000_000), requests.rekey(DOWN[1], 130, 5), requests.start(18)]
    numbers: list[bytes] = []
    for unit in units:
        assert board.down.apply(unit, 0).refusal is None
        numbers += board.send(1)
        board.damage(slot)
        board.boot()
        numbers += board.send(1)
    assert len(set(numbers)) == len(numbers)
    assert numbers[1][6:] > (1_000_000).to_bytes(8, "big")
    assert numbers[-1][:2] == (18).to_bytes(2, "big")


@pytest.mark.parametrize("slot", ["up.0", "up.1"])
def test_damage_to_one_copy_lets_no_command_be_replayed(board: Board, slot: str) -> None:
    """What was accepted is known from the other copy, so nothing has to be said."""
    ground, recorded = Commander(), []
    for _ in range(5):
        recorded.append(ground.command())
        assert board.receive(recorded[-1]) is None
        board.damage(slot)
        board.boot()
        assert not board.up.forgotten
        assert [board.receive(each) for each in recorded] == [ProcessRefusal.REPLAYED] * len(recorded)
        assert board.memory.read(slot) is not None
        assert board.store.recall("up").corrupt == 0


def test_nothing_counts_before_both_copies_are_written(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    """A memory that takes only the first of them lets no number be used."""
    board.send(1)
    write, writes = board.memory.write, []

    def once(name: str, data: bytes) -> None:
        if writes:
            raise MemoryFullError(name, len(data), 0)
        writes.append(name)
        write(name, data)

    last = board.down.frames.table.senders[TELEMETRY].usable_until
    board.down.frames.state.table.key_uses[_check_value(129)].next_counter = last
    monkeypatch.setattr(board.memory, "write", once)
    with pytest.raises(MemoryFullError):
        board.down.prepare()
    assert board.down.frames.table.senders[TELEMETRY].usable_until == last


@pytest.mark.parametrize("writes", [1, 3, 5])
def test_a_copy_that_was_never_written_is_written_at_the_next_start(
    writes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The power was lost between the first two writes of memory or note: from the next start on, one may be damaged."""
    board, write, left = Board(off=True), MemoryNvm.write, writes

    def until_power_is_lost(self: MemoryNvm, name: str, data: bytes) -> None:
        nonlocal left
        if not left:
            raise KeyboardInterrupt
        left -= 1
        write(self, name, data)

    with monkeypatch.context() as patch:
        patch.setattr(MemoryNvm, "write", until_power_is_lost)
        with pytest.raises(KeyboardInterrupt):
            board.boot()
    board.boot()
    for entry in ("up", "down"):
        assert board.store.recall(entry).copies == board.keys.uses().recall(entry).copies == 2


def test_a_memory_that_is_gone_is_no_beginning(board: Board) -> None:
    """Keys that were used know it: a sender does not begin anew with them, a receiver says that it has forgotten."""
    board.send(1)
    for name in ("up", "down"):
        board.store.delete(name)
    up = LinkSecurity(board.keys, UP, board.store, "up")
    assert up.forgotten
    with pytest.raises(LinkSecurityError, match=r"'down' is gone: .* give the link new keys"):
        LinkSecurity(board.keys, DOWN, board.store, "down")
    up.keep()
    assert not LinkSecurity(board.keys, UP, board.store, "up").forgotten


def test_new_keys_are_a_beginning(board: Board) -> None:
    """The same ids, but other keys: what was used of the old ones does not concern them."""
    board.send(1)
    for name in ("up", "down"):
        board.store.delete(name)
    board.keys.write(derive_simulation_keys(2, [1], [128, 129]))
    board.boot()
    assert not board.up.forgotten
    assert board.send(1)


def test_old_keys_that_are_put_back_are_no_beginning(board: Board) -> None:
    """Their memory was deleted for other keys: a sender does not use their numbers again, a receiver says so."""
    ground = Commander()
    recorded = ground.command()
    assert board.receive(recorded) is None
    board.send(1)
    old = board.keys.read()
    board.keys.write(derive_simulation_keys(2, [1], [128, 129]))
    for name in ("up", "down"):
        board.store.delete(name)
    board.boot()
    board.send(1)
    board.keys.write(old)
    with pytest.raises(LinkSecurityError, match=r"'down' knows nothing of keys 129, .* give the link new keys"):
        LinkSecurity(board.keys, DOWN, board.store, "down")
    assert LinkSecurity(board.keys, UP, board.store, "up").forgotten
    for name in ("up", "down"):
        board.store.delete(name)
    with pytest.raises(LinkSecurityError, match="'down' is gone"):
        LinkSecurity(board.keys, DOWN, board.store, "down")
    board.keys.write(derive_simulation_keys(3, [1], [128, 129]))
    board.boot()
    assert not board.up.forgotten
    assert board.send(1)


def test_a_change_of_keys_leaves_nothing_in_doubt(board: Board) -> None:
    """After each of its steps both start as before, whether the old key is still there, without association, or not."""
    steps = [
        (OTAR, 1),
        (requests.activate_keys([130]), 1),
        (requests.rekey(UP[1], 130), 1),
        (requests.start(17), 1),
        (requests.stop(1), 17),
        (requests.expire(1), 17),
        (requests.deactivate_keys([128]), 17),
        (requests.destroy_keys([128]), 17),
    ]
    for unit, carrier_spi in steps:
        assert board.up.receive(unit, carrier_spi, 0).refusal is None
        board.boot()
        assert not board.up.forgotten
    assert _check_value(128).encode() in (board.keys.uses().load("up") or b"")


def test_damage_to_the_note_speaks_for_every_key(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the memory it does not matter; without it, the keys may have been used."""
    memory = MemoryNvm()
    memory.write("up.0", b"nonsense")
    monkeypatch.setattr(board.keys, "uses", lambda: Store(memory))
    board.boot()
    assert not board.up.forgotten
    board.store.delete("up")
    assert LinkSecurity(board.keys, UP, board.store, "up").forgotten


class UnwritableNvm(MemoryNvm):
    """It can be read only."""

    def write(self, name: str, data: bytes) -> None:
        """Refuse."""
        raise MemoryFullError(name, len(data), 0)


def test_a_note_that_cannot_be_written_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands are executed and telemetry goes on; it is said, and written as soon as that is possible."""
    board, ground = Board(off=True), Commander()
    with monkeypatch.context() as patch:
        patch.setattr(board.keys, "uses", lambda: Store(UnwritableNvm()))
        board.boot()
        assert board.receive(ground.command()) is None
        assert len(board.send(600)) == 600
    for security in (board.up, board.down):
        assert security.note.problem.startswith("note '")
        assert security.note.state.failed > 1
    assert board.store.recall("up").copies == 2
    board.boot()
    assert not board.up.forgotten
    assert not board.up.note.problem
    assert _check_value(128).encode() in (board.keys.uses().load("up") or b"")


def test_a_note_that_cannot_be_read_is_named(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no memory tells more: which note it is, and where."""
    board.keys.uses()._memory.write("down.0", b"nonsense")
    board.keys.uses()._memory.write("down.1", b"nonsense")
    monkeypatch.setattr(board.keys, "uses_place", lambda: "folder link.keys.uses")
    board.store.delete("down")
    with pytest.raises(
        LinkSecurityError, match=r"is not there, .* note 'down' in folder link\.keys\.uses is damaged or"
    ):
        LinkSecurity(board.keys, DOWN, board.store, "down")


def _check_value(key_id: int) -> str:
    entry = RING.entry(key_id)
    assert entry is not None
    assert entry.secret is not None
    return entry.secret.check_value
