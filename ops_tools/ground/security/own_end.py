"""The ground's own end of the link security: its keys, its associations, and who has the other end of each."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum, unique

import msgspec

from flightsw.errors import FlightSoftwareError
from flightsw.mission_links import MissionLinks
from flightsw.services.link_security import LinkSecurity
from ops_tools.ground.security.operation import OperationFailedError
from tlm_cmd.errors import ProtocolError
from tlm_cmd.sdls.association import AssociationParameters, AssociationState, Role
from tlm_cmd.sdls.key_ring import MAX_KEY_ID, MAX_KEYS, KeyEntry, KeyKind, KeyState
from tlm_cmd.sdls.key_use import UNBOUND_SPI
from tlm_cmd.sdls.secret_key import SecretKey

RandomOctets = Callable[[int], bytes]
"""Gives so many octets that nobody can guess; in a simulation, of a seed."""


@unique
class Direction(StrEnum):
    """What a key protects."""

    TELECOMMAND = "tc"
    S_BAND = "s_band"
    """Telemetry of the S-band."""
    X_BAND = "x_band"
    """Telemetry of the X-band."""


class AssociationView(msgspec.Struct, frozen=True):
    """One association, as it is at the ground.

    Attributes:
        spi: its number.
        direction: what it protects.
        state: of its life.
        key_id: its key, None if it has none.
        next_counter: number of the next frame; of the lowest one that is still accepted.
        heard_ns: ground time at which a telemetry frame was last accepted through it, None before.
    """

    spi: int
    direction: Direction
    state: AssociationState
    key_id: int | None
    next_counter: int
    heard_ns: int | None


class KeyView(msgspec.Struct, frozen=True):
    """One key of the ground; never the key itself.

    Attributes:
        key_id: its number.
        kind: what it is for.
        state: of its life.
        check_value: by which two people see that they hold the same; empty when it is destroyed.
    """

    key_id: int
    kind: KeyKind
    state: KeyState
    check_value: str


class OwnEnd:
    """What the ground holds.

    Args:
        security: of all links.
        links: of the mission.
        random_octets: for keys, challenges and initialisation vectors.
    """

    def __init__(self, security: LinkSecurity, links: MissionLinks, random_octets: RandomOctets) -> None:
        self._security = security
        self._table = security.frames.table
        self.random_octets = random_octets
        self._spis = _spis(links)
        self._counters: dict[int, int] = {}
        self._heard_ns: dict[int, int] = {}
        self._begin_to_hear()

    # ---------------------------------------------------------------- associations

    @property
    def directions(self) -> tuple[Direction, ...]:
        """The directions that are protected."""
        return tuple(self._spis)

    @property
    def spis(self) -> tuple[int, ...]:
        """All associations."""
        return tuple(spi for spis in self._spis.values() for spi in spis)

    def direction_of(self, spi: int) -> Direction | None:
        """What an association protects; None for an unknown one."""
        return next((direction for direction, spis in self._spis.items() if spi in spis), None)

    def parameters(self, spi: int) -> AssociationParameters:
        """The parameters of an association of the mission."""
        return self._table.parameters[spi]

    def state(self, spi: int) -> AssociationState:
        """What an association of the mission is doing at this end."""
        return self._table.state.records[spi].state

    def is_first(self, spi: int) -> bool:
        """Whether an association is the one that had a key from the beginning."""
        return any(spis[0] == spi for spis in self._spis.values())

    def in_turn(self, direction: Direction) -> tuple[int, int]:
        """The association that protects a direction now, and the one whose turn is next.

        Raises:
            OperationFailedError: there is no second one, or none is in use; or two are, and it is not known through
                which of them frames come.
        """
        spis = self._spis.get(direction, ())
        if len(spis) < 2:
            raise OperationFailedError(f"the mission gives {direction} no second association: see 'second_spi'")
        in_use = [spi for spi in spis if self.state(spi) is AssociationState.OPERATIONAL]
        if not in_use:
            raise OperationFailedError(f"no association of {direction} is in use at the ground")
        records = self._table.state.records
        if self.parameters(spis[0]).role is Role.SENDER:
            current = max(in_use, key=lambda spi: records[spi].started)
        else:  # both may be in use here, then the spacecraft's last frame tells which is there
            current = max(in_use, key=lambda spi: self._heard_ns.get(spi, -1))
            if len(in_use) > 1 and current not in self._heard_ns:
                raise OperationFailedError(f"nothing was heard on {direction} yet: try again when there is telemetry")
        return current, spis[1] if current == spis[0] else spis[0]

    def hear(self, now_ns: int) -> None:
        """Notice through which associations frames have come."""
        self._begin_to_hear()
        for spi, bound in self._table.receivers.items():
            if bound.use.next_counter > self._counters[spi]:
                self._heard_ns[spi] = now_ns
            self._counters[spi] = bound.use.next_counter

    def has_heard(self, spi: int) -> bool:
        """Whether a frame has come through an association since it was started."""
        return spi in self._heard_ns

    def _begin_to_hear(self) -> None:
        """Count from now on what comes through associations that were started, and forget those that were stopped."""
        receivers = self._table.receivers
        for spi in [spi for spi in self._counters if spi not in receivers]:
            del self._counters[spi]
            self._heard_ns.pop(spi, None)
        for spi, bound in receivers.items():
            self._counters.setdefault(spi, bound.use.next_counter)

    # ---------------------------------------------------------------- keys

    def master_key_id(self) -> int:
        """The key under which session keys travel.

        Raises:
            OperationFailedError: there is none.
        """
        for entry in self._table.ring.entries:
            if entry.kind is KeyKind.MASTER and entry.state is KeyState.ACTIVE:
                return entry.key_id
        raise OperationFailedError("the ground has no master key: 'flightsw keys create' makes one")

    def secret(self, key_id: int) -> SecretKey:
        """A session key.

        Raises:
            OperationFailedError: there is none of this number.
        """
        try:
            return self._table.ring.secret(key_id, KeyKind.SESSION, *KeyState)
        except ProtocolError as error:
            raise OperationFailedError(str(error)) from error

    def key_state(self, key_id: int) -> KeyState | None:
        """The state of a key at this end, None if there is none."""
        entry = self._table.ring.entry(key_id)
        return None if entry is None else entry.state

    def next_key(self, octets: int) -> int:
        """A key that never was in use: a spare one, or a new one, which is stored before anybody uses it.

        Raises:
            OperationFailedError: there is no place for another key, or it cannot be stored.
        """
        ring = self._table.ring
        spares = (each for each in ring.entries if each.kind is KeyKind.SESSION and each.state is KeyState.PREACTIVE)
        for entry in spares:
            if entry.secret is not None and len(entry.secret) == octets and not self._has_served(entry):
                return entry.key_id
        key_id = self._free_key_id()
        try:
            ring.store([(key_id, SecretKey(self.random_octets(octets)))])
            self._security.store_keys()
        except (ProtocolError, FlightSoftwareError) as error:
            raise OperationFailedError(f"no new key: {error}") from error
        return key_id

    def _free_key_id(self) -> int:
        """A number that no key had; when the ring is full, the lowest one whose key is destroyed."""
        sessions = [each for each in self._table.ring.entries if each.kind is KeyKind.SESSION]
        following = max(each.key_id for each in sessions) + 1
        if len(self._table.ring.entries) < MAX_KEYS and following <= MAX_KEY_ID:
            return following
        destroyed = [each.key_id for each in sessions if each.state is KeyState.DESTROYED]
        if not destroyed:
            raise OperationFailedError("the ring is full, and none of its keys is destroyed")
        return destroyed[0]

    def used_up_keys(self) -> list[int]:
        """Keys that have served, serve no more, and are still there."""
        held = [record.key_id for record in self._table.state.records.values()]
        return [
            entry.key_id
            for entry in self._table.ring.entries
            if entry.secret is not None and entry.key_id not in held and self._has_served(entry)
        ]

    def _has_served(self, entry: KeyEntry) -> bool:
        use = None if entry.secret is None else self._table.state.key_uses.get(entry.secret.check_value)
        return use is not None and use.spi != UNBOUND_SPI

    # ---------------------------------------------------------------- changes

    def transport(self, make: Callable[..., bytes], *arguments: object) -> bytes:
        """Make a request that needs the ring.

        Raises:
            OperationFailedError: the ring does not give it.
        """
        try:
            return make(self._table.ring, *arguments)
        except ProtocolError as error:
            raise OperationFailedError(str(error)) from error

    def apply(self, unit: bytes, now_ns: int = 0) -> None:
        """Do to this end what a request does to the other, and store it.

        Raises:
            OperationFailedError: that is not possible.
        """
        try:
            outcome = self._security.apply(unit, now_ns)
        except FlightSoftwareError as error:
            raise OperationFailedError(f"at the ground: executed, but not stored: {error}") from error
        if outcome.refusal is not None:
            raise OperationFailedError(f"at the ground: {outcome.reason}")
        self._begin_to_hear()

    # ---------------------------------------------------------------- for people

    def association_views(self) -> list[AssociationView]:
        """All associations, as they are."""
        views = []
        for direction, spis in self._spis.items():
            for spi in spis:
                record, bound = self._table.state.records[spi], self._table.bound(spi)
                counter = 0 if bound is None else bound.use.next_counter
                heard_ns = self._heard_ns.get(spi)
                views.append(AssociationView(spi, direction, record.state, record.key_id, counter, heard_ns))
        return views

    def key_views(self) -> list[KeyView]:
        """All keys, as they are."""
        return [
            KeyView(each.key_id, each.kind, each.state, "" if each.secret is None else each.secret.check_value)
            for each in self._table.ring.entries
        ]


def _spis(links: MissionLinks) -> dict[Direction, tuple[int, ...]]:
    """The associations of each direction that is protected, the one that begins in front."""
    x_band = None if links.x_band is None else links.x_band.telemetry_security
    found = {
        Direction.TELECOMMAND: links.s_band.telecommand_security,
        Direction.S_BAND: links.s_band.telemetry_security,
        Direction.X_BAND: x_band,
    }
    return {direction: security.spis for direction, security in found.items() if security is not None}
