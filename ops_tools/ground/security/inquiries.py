"""Operations that ask the spacecraft's security for something, and change no key."""

from __future__ import annotations

import msgspec

from ops_tools.ground.security.operation import Operation, OperationFailedError
from ops_tools.ground.security.own_end import Direction, OwnEnd
from ops_tools.ground.security.rotation import ask, has_key, last_procedure
from tlm_cmd.errors import ProtocolError
from tlm_cmd.sdls import requests
from tlm_cmd.sdls.association import AssociationState
from tlm_cmd.sdls.association_procedures import unpack_counter
from tlm_cmd.sdls.key_ring import MAX_KEY_ID, KeyState
from tlm_cmd.sdls.procedures import Procedure
from tlm_cmd.sdls.replies import CounterReply, InventoryReply, LogDump, SelfTestReply
from tlm_cmd.sdls.security_log import SecurityEvent


class KeyComparison(msgspec.Struct, frozen=True):
    """One key at both ends; None where it is not."""

    key_id: int
    ground: KeyState | None
    spacecraft: KeyState | None


class Inventory(msgspec.Struct, frozen=True):
    """All keys of both ends."""

    keys: tuple[KeyComparison, ...]


class OnboardAssociation(msgspec.Struct, frozen=True):
    """One association on board; its state and its key are no part of what the procedures tell, but known at the ground.

    Attributes:
        spi: its number.
        direction: what it protects.
        last_procedure: that changed its state last, empty if none has.
        counter: number of its newest frame; None if it has no key.
        ground_state: state of the ground's end.
        ground_key_id: key of the ground's end, None if it has none.
    """

    spi: int
    direction: Direction
    last_procedure: str
    counter: int | None
    ground_state: AssociationState
    ground_key_id: int | None


class OnboardAssociations(msgspec.Struct, frozen=True):
    """All associations on board."""

    associations: tuple[OnboardAssociation, ...]


class OnboardLog(msgspec.Struct, frozen=True):
    """The security log of the telecommands, oldest event first."""

    events: tuple[SecurityEvent, ...]


class SelfTest(msgspec.Struct, frozen=True):
    """Whether every cipher on board gave its known answer."""

    passed: bool


def ping() -> Operation:
    """Ask whether there is somebody."""
    yield from ask(Procedure.PING, requests.ping())
    return None


def self_test() -> Operation:
    """Have the ciphers on board tested."""
    reply = yield from ask(Procedure.SELF_TEST, requests.self_test())
    return SelfTest(isinstance(reply, SelfTestReply) and reply.passed)


def log() -> Operation:
    """Read the security log of the telecommands."""
    reply = yield from ask(Procedure.DUMP_LOG, requests.dump_log())
    return OnboardLog(reply.events if isinstance(reply, LogDump) else ())


def erase_log() -> Operation:
    """Erase the security log of the telecommands."""
    yield from ask(Procedure.ERASE_LOG, requests.erase_log())
    return None


def reset_alarm() -> Operation:
    """Put the alarm of the frame security report out."""
    yield from ask(Procedure.RESET_ALARM, requests.reset_alarm())
    return None


def inventory(own: OwnEnd) -> Operation:
    """Compare the keys of both ends."""
    reply = yield from ask(Procedure.KEY_INVENTORY, requests.key_inventory(0, MAX_KEY_ID))
    on_board = dict(reply.states) if isinstance(reply, InventoryReply) else {}
    at_ground = {each.key_id: each.state for each in own.key_views()}
    return Inventory(
        tuple(
            KeyComparison(key_id, at_ground.get(key_id), on_board.get(key_id))
            for key_id in sorted({*at_ground, *on_board})
        )
    )


def associations(own: OwnEnd) -> Operation:
    """Ask what the associations on board are doing."""
    found = []
    for each in own.association_views():
        last, counter = (yield from last_procedure(each.spi)), None
        if has_key(own, each.spi, last):
            unit = requests.read_counter(each.spi)
            counter = _counter(own, each.spi, (yield from ask(Procedure.READ_ARSN, unit, f"association {each.spi}")))
        name = "" if last is None else last.name
        found.append(OnboardAssociation(each.spi, each.direction, name, counter, each.state, each.key_id))
    return OnboardAssociations(tuple(found))


def _counter(own: OwnEnd, spi: int, reply: object) -> int:
    """The number of the newest frame."""
    try:
        return unpack_counter(own.parameters(spi), reply.counter_octets if isinstance(reply, CounterReply) else b"")
    except ProtocolError as error:
        raise OperationFailedError(f"READ_ARSN association {spi}: {error}") from error
