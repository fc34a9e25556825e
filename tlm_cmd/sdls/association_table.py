"""The associations of one end: their keys, their lives, and the numbers that they may use.

States and what moves between them are those of CCSDS 355.1-B-1, 3.3.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import msgspec

from tlm_cmd.errors import WrongValueError, check_range
from tlm_cmd.sdls.association import (
    MAX_WINDOW,
    AssociationParameters,
    AssociationRecord,
    AssociationState,
    Role,
)
from tlm_cmd.sdls.bound_association import AssociationProblem, AssociationRefusedError, BoundAssociation
from tlm_cmd.sdls.channel import GlobalChannel
from tlm_cmd.sdls.key_ring import KeyKind, KeyRing, KeyState
from tlm_cmd.sdls.key_use import MAX_KEY_USES, UNBOUND_SPI, KeyUse
from tlm_cmd.sdls.secret_key import SecretKey

MAX_ASSOCIATIONS = 64


class AssociationTableState(msgspec.Struct):
    """The memory of an `AssociationTable`."""

    records: dict[int, AssociationRecord] = msgspec.field(default_factory=dict)
    """By SPI."""
    key_uses: dict[str, KeyUse] = msgspec.field(default_factory=dict)
    """By the check value of the key, so that a key is known again under whatever id it comes."""
    starts: int = 0


class AssociationTable:
    """Gives associations their keys and moves them through their states: unkeyed, keyed, operational.

    Args:
        ring: the keys of this end.
        parameters: the associations, at most 64.

    Raises:
        WrongValueError: an SPI or a key is given to two associations.
        FieldRangeError: there are too many.
    """

    def __init__(self, ring: KeyRing, parameters: Sequence[AssociationParameters]) -> None:
        check_range("associations", len(parameters), 0, MAX_ASSOCIATIONS)
        for name, values in (
            ("SPIs", [each.spi for each in parameters]),
            ("key ids of associations", [each.key_id for each in parameters if each.key_id is not None]),
        ):
            if len(set(values)) != len(values):
                raise WrongValueError(name, values, "each once")
        self.ring = ring
        self.parameters: Mapping[int, AssociationParameters] = MappingProxyType({each.spi: each for each in parameters})
        self._bound: dict[int, BoundAssociation] = {}
        self.senders: dict[GlobalChannel, BoundAssociation] = {}
        """By channel, the association that sends on it: of those in use, the one started last."""
        self.receivers: dict[int, BoundAssociation] = {}
        """By SPI, the associations that receive."""
        self._state = AssociationTableState()
        for each in parameters:
            self._state.records[each.spi] = AssociationRecord(AssociationState.UNKEYED, each.window)
            self._begin(each)
        self._sort()

    @property
    def state(self) -> AssociationTableState:
        """The memory of the table.

        To set it is to come back after a restart: every number that was reserved counts as used, and nothing can be
        sent until numbers are reserved anew and that is saved. Associations that are no longer among the parameters
        are left alone; one whose key is gone is kept, and not used.
        """
        return self._state

    @state.setter
    def state(self, state: AssociationTableState) -> None:
        for use in state.key_uses.values():
            use.skip_reserved()
        self._state = state
        self._bound.clear()
        for spi, each in self.parameters.items():
            if spi not in state.records:
                state.records[spi] = AssociationRecord(AssociationState.UNKEYED, each.window)
                self._begin(each)
                continue
            record = state.records[spi]
            record.channels = tuple(channel for channel in record.channels if channel in each.channels)
            if record.state is not AssociationState.UNKEYED and record.key_id is not None:
                self._bind_if_possible(each, record, record.key_id)
        self._sort()

    def bound(self, spi: int) -> BoundAssociation | None:
        """Return an association that has its key, in use or not; None for every other SPI."""
        return self._bound.get(spi)

    def is_used(self, key_id: int) -> bool:
        """Whether an operational association uses a key."""
        records = self._state.records
        return any(
            records[spi].key_id == key_id and records[spi].state is AssociationState.OPERATIONAL
            for spi in self.parameters
        )

    def rekey(self, spi: int, key_id: int, counter: int) -> None:
        """Give an unkeyed association a key, and go on behind a sequence number, 0 to the association's last.

        Raises:
            AssociationRefusedError: the association is unknown or has a key, the key does not suit it, or the sequence
                number would be a step back for this key.
        """
        parameters, record = self.find(spi, AssociationState.UNKEYED)
        bound = self._bind(parameters, AssociationRecord(AssociationState.KEYED, record.window, key_id), key_id)
        if counter > parameters.last_counter or not bound.use.advance(counter):
            raise AssociationRefusedError(spi, AssociationProblem.NOT_FORWARD)
        record.state, record.key_id = AssociationState.KEYED, key_id
        bound.record = record
        self._keep(bound)

    def start(self, spi: int, channels: Sequence[GlobalChannel] = ()) -> None:
        """Use a keyed association, for some of the channels it may serve; for all of them if none is named.

        Raises:
            AssociationRefusedError: it is not keyed, its key is not active, or it may not serve a channel.
        """
        parameters, record = self.find(spi, AssociationState.KEYED)
        bound = self._bound.get(spi)
        if bound is None:
            raise AssociationRefusedError(spi, AssociationProblem.UNKNOWN_KEY)
        if bound.entry.state is not KeyState.ACTIVE:
            raise AssociationRefusedError(spi, AssociationProblem.KEY_NOT_ACTIVE)
        if any(channel not in parameters.channels for channel in channels):
            raise AssociationRefusedError(spi, AssociationProblem.BAD_CHANNEL)
        self._state.starts += 1
        record.state, record.started = AssociationState.OPERATIONAL, self._state.starts
        record.channels = tuple(channels) or parameters.channels
        bound.channels = frozenset(record.channels)
        self._sort()

    def stop(self, spi: int) -> None:
        """Use an operational association no more; it keeps its key.

        Raises:
            AssociationRefusedError: it is not operational.
        """
        _, record = self.find(spi, AssociationState.OPERATIONAL)
        record.state, record.channels = AssociationState.KEYED, ()
        self._sort()

    def expire(self, spi: int) -> None:
        """Take the key from a keyed association.

        Raises:
            AssociationRefusedError: it is not keyed.
        """
        _, record = self.find(spi, AssociationState.KEYED)
        record.state, record.key_id = AssociationState.UNKEYED, None
        self._bound.pop(spi, None)

    def set_counter(self, spi: int, counter: int) -> None:
        """Go on behind a sequence number, 0 to the association's last, forward only.

        Raises:
            AssociationRefusedError: the association has no key, or the number is a step back.
        """
        parameters, _ = self.find(spi, AssociationState.KEYED, AssociationState.OPERATIONAL)
        bound = self._bound.get(spi)
        if bound is None:
            raise AssociationRefusedError(spi, AssociationProblem.UNKNOWN_KEY)
        if counter > parameters.last_counter or not bound.use.advance(counter):
            raise AssociationRefusedError(spi, AssociationProblem.NOT_FORWARD)

    def set_window(self, spi: int, window: int) -> None:
        """Say how far behind the newest frame the next may be, in frames.

        Raises:
            AssociationRefusedError: the association is unknown.
            FieldRangeError: the window is not in 1 to 2^32 - 1.
        """
        _, record = self.find(spi, *AssociationState)
        check_range("window", window, 1, MAX_WINDOW)
        record.window = window

    def find(self, spi: int, *states: AssociationState) -> tuple[AssociationParameters, AssociationRecord]:
        """Return an association that must be in one of some states.

        Raises:
            AssociationRefusedError: it is unknown, or in another state.
        """
        parameters = self.parameters.get(spi)
        if parameters is None:
            raise AssociationRefusedError(spi, AssociationProblem.UNKNOWN_SPI)
        record = self._state.records[spi]
        if record.state not in states:
            raise AssociationRefusedError(spi, AssociationProblem.WRONG_STATE)
        return parameters, record

    def verification_use(self, secret: SecretKey) -> KeyUse:
        """Return the use of a key whose holding is to be proved; it may serve no association yet.

        Raises:
            AssociationRefusedError: too many keys are remembered already.
        """
        uses, check_value = self._state.key_uses, secret.check_value
        if check_value not in uses and len(uses) >= MAX_KEY_USES:
            raise AssociationRefusedError(UNBOUND_SPI, AssociationProblem.TOO_MANY_KEYS)
        return uses.setdefault(check_value, KeyUse(UNBOUND_SPI))

    def follow_keys(self, newer: KeyRing) -> None:
        """Hold the keys that a newer copy of the ring holds; somebody else has changed them."""
        self.drop_keys(self.ring.follow(newer))

    def drop_keys(self, key_ids: Sequence[int]) -> None:
        """Forget the ciphers of associations whose keys are destroyed."""
        for spi in [spi for spi, bound in self._bound.items() if bound.entry.key_id in key_ids]:
            del self._bound[spi]
        self._sort()

    def reserve(self) -> bool:
        """Reserve numbers ahead for all senders; True if the state must now be saved, and `saved` called."""
        due = False
        for bound in self._bound.values():
            if bound.parameters.role is Role.SENDER:
                bound.use.reserve(bound.last_counter)
                due |= bound.use.reserved_until > bound.usable_until
        return due

    def saved(self) -> None:
        """Take notice that the state, as it is now, will be found again after a restart."""
        for bound in self._bound.values():
            bound.usable_until = bound.use.reserved_until

    def _begin(self, parameters: AssociationParameters) -> None:
        """Let an association that was never there begin with the key that it is meant to, if that is active."""
        record = self._state.records[parameters.spi]
        if parameters.key_id is None or not self._bind_if_possible(parameters, record, parameters.key_id):
            return
        record.state, record.key_id = AssociationState.KEYED, parameters.key_id
        if self._bound[parameters.spi].entry.state is KeyState.ACTIVE:
            self.start(parameters.spi)

    def _bind_if_possible(self, parameters: AssociationParameters, record: AssociationRecord, key_id: int) -> bool:
        try:
            self._keep(self._bind(parameters, record, key_id))
        except AssociationRefusedError:
            return False
        return True

    def _bind(self, parameters: AssociationParameters, record: AssociationRecord, key_id: int) -> BoundAssociation:
        """Return the association with its key; what it knows of the key is kept by `_keep` only.

        Raises:
            AssociationRefusedError: the ring has no such session key, another association has it, or too many keys are
                known already.
        """
        spi, uses = parameters.spi, self._state.key_uses
        entry = self.ring.entry(key_id)
        if entry is None or entry.kind is not KeyKind.SESSION or entry.secret is None:
            raise AssociationRefusedError(spi, AssociationProblem.UNKNOWN_KEY)
        use = uses.get(entry.secret.check_value)
        if use is None and len(uses) >= MAX_KEY_USES:
            raise AssociationRefusedError(spi, AssociationProblem.TOO_MANY_KEYS)
        if use is not None and use.spi not in {UNBOUND_SPI, spi}:
            raise AssociationRefusedError(spi, AssociationProblem.KEY_OF_ANOTHER)
        return BoundAssociation(parameters, record, entry, KeyUse(spi) if use is None else use)

    def _keep(self, bound: BoundAssociation) -> None:
        bound.use.spi = bound.parameters.spi
        if bound.entry.secret is not None:
            self._state.key_uses[bound.entry.secret.check_value] = bound.use
        self._bound[bound.parameters.spi] = bound

    def _sort(self) -> None:
        """Say anew which associations send and which receive."""
        in_use = [
            bound for _, bound in sorted(self._bound.items()) if bound.record.state is AssociationState.OPERATIONAL
        ]
        in_use.sort(key=lambda bound: bound.record.started)
        self.receivers = {bound.parameters.spi: bound for bound in in_use if bound.parameters.role is Role.RECEIVER}
        self.senders = {
            channel: bound
            for bound in in_use
            if bound.parameters.role is Role.SENDER
            for channel in bound.record.channels
        }
