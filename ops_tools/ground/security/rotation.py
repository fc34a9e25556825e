"""A key changed at both ends without a gap (CCSDS 355.1-B-1).

The new key goes up encrypted under a master key, the spacecraft proves that it has it, and it is activated. Then the
association that is not in use gets it. Of telemetry, the ground starts it first, since the ground receives; of
telecommands the spacecraft. While both are in use, whatever is on its way arrives. When the new one works, the old one
is stopped and loses its key, and that is destroyed.

Each change is asked for until it is known to be in effect. An operation that fails leaves a link that works: the next
one clears up first what is left of it.
"""

from __future__ import annotations

from collections.abc import Generator

import msgspec

from ops_tools.ground.security.operation import Answer, Ask, Await, Operation, OperationFailedError, Outcome
from ops_tools.ground.security.own_end import Direction, OwnEnd
from tlm_cmd.sdls import requests
from tlm_cmd.sdls.algorithms import GCM_IV_OCTETS
from tlm_cmd.sdls.association import AssociationState
from tlm_cmd.sdls.key_ring import KeyState
from tlm_cmd.sdls.key_verification import CHALLENGE_OCTETS, KeyChallenge
from tlm_cmd.sdls.procedures import Procedure
from tlm_cmd.sdls.replies import InventoryReply, StatusReply, VerificationReply

MAX_TRIES = 3
"""Times that a procedure is asked for while its answer is missing."""
MAX_KEYS_TRIED = 8
"""Keys left over of failed operations that are cleared away before a fresh one is taken."""

_GIVES_KEY = frozenset({Procedure.START_ASSOCIATION, Procedure.STOP_ASSOCIATION, Procedure.REKEY_ASSOCIATION})


class RotationResult(msgspec.Struct, frozen=True):
    """What protects a direction now."""

    direction: Direction
    spi: int
    key_id: int


def rotate(own: OwnEnd, direction: Direction) -> Operation:
    """Change the key of a direction."""
    current, following = own.in_turn(direction)
    yield from _retire(own, following)
    key_id = yield from _new_key(own, own.parameters(following).algorithm.key_octets)
    yield from _send_key(own, key_id)
    if direction is Direction.TELECOMMAND:
        yield from _engage_spacecraft(own, following, key_id)
        _engage_ground(own, following, key_id)
    else:
        _engage_ground(own, following, key_id)
        yield from _engage_spacecraft(own, following, key_id)
        answer = yield Await(lambda: own.has_heard(following), f"a frame through association {following}")
        _check(answer, f"no frame came through association {following}")
    yield from _retire(own, current)
    return RotationResult(direction, following, key_id)


# ---------------------------------------------------------------- the new key


def _new_key(own: OwnEnd, octets: int) -> Generator[Ask | Await, Answer, int]:
    """A key that neither end has used."""
    for _ in range(MAX_KEYS_TRIED):
        key_id = own.next_key(octets)
        state = yield from _key_state(key_id)
        if state in {None, KeyState.PREACTIVE, KeyState.DESTROYED}:
            return key_id
        yield from _forget(own, key_id)
    raise OperationFailedError(f"{MAX_KEYS_TRIED} keys have been in use on board already: look at the inventory")


def _send_key(own: OwnEnd, key_id: int) -> Operation:
    """Transport a key, have it proved, and activate it on board."""
    iv = own.random_octets(GCM_IV_OCTETS)
    unit = own.transport(requests.transport_keys, own.master_key_id(), [key_id], iv)
    yield from _change_key(Procedure.OTAR, unit, key_id, KeyState.PREACTIVE)
    challenge = KeyChallenge(key_id, own.random_octets(CHALLENGE_OCTETS))
    reply = yield from ask(Procedure.VERIFY_KEYS, requests.verify_keys([challenge]), f"key {key_id}")
    answers = reply.answers if isinstance(reply, VerificationReply) else ()
    if not any(each.proves(challenge, own.secret(key_id)) for each in answers):
        raise OperationFailedError(f"the spacecraft has not proved that it holds key {key_id}")
    yield from _change_key(Procedure.ACTIVATE_KEYS, requests.activate_keys([key_id]), key_id, KeyState.ACTIVE)
    return None


def _forget(own: OwnEnd, key_id: int) -> Operation:
    """Destroy a key at both ends."""
    state = yield from _key_state(key_id)
    if state is KeyState.ACTIVE:
        unit = requests.deactivate_keys([key_id])
        yield from _change_key(Procedure.DEACTIVATE_KEYS, unit, key_id, KeyState.DEACTIVATED)
    if state not in {None, KeyState.DESTROYED}:
        yield from _change_key(Procedure.DESTROY_KEYS, requests.destroy_keys([key_id]), key_id, KeyState.DESTROYED)
    if own.key_state(key_id) is KeyState.ACTIVE:
        own.apply(requests.deactivate_keys([key_id]))
    if own.key_state(key_id) not in {None, KeyState.DESTROYED}:
        own.apply(requests.destroy_keys([key_id]))
    return None


# ---------------------------------------------------------------- associations


def _engage_spacecraft(own: OwnEnd, spi: int, key_id: int) -> Operation:
    yield from _change_association(Procedure.REKEY_ASSOCIATION, requests.rekey(own.parameters(spi), key_id), spi)
    yield from _change_association(Procedure.START_ASSOCIATION, requests.start(spi), spi)
    return None


def _engage_ground(own: OwnEnd, spi: int, key_id: int) -> None:
    own.apply(requests.activate_keys([key_id]))
    own.apply(requests.rekey(own.parameters(spi), key_id))
    own.apply(requests.start(spi))


def _retire(own: OwnEnd, spi: int) -> Operation:
    """Stop an association at both ends and take its key, as far as that is not so; keys that served are destroyed."""
    last = yield from last_procedure(spi)
    if last is Procedure.START_ASSOCIATION or (last is None and own.is_first(spi)):
        yield from _change_association(Procedure.STOP_ASSOCIATION, requests.stop(spi), spi)
    if has_key(own, spi, last):
        yield from _change_association(Procedure.EXPIRE_ASSOCIATION, requests.expire(spi), spi)
    if own.state(spi) is AssociationState.OPERATIONAL:
        own.apply(requests.stop(spi))
    if own.state(spi) is AssociationState.KEYED:
        own.apply(requests.expire(spi))
    for key_id in own.used_up_keys():
        yield from _forget(own, key_id)
    return None


# ---------------------------------------------------------------- asking


def ask(procedure: Procedure, unit: bytes, about: str = "") -> Generator[Ask | Await, Answer, msgspec.Struct | None]:
    """Ask until there is an answer; it changes nothing on board.

    Raises:
        OperationFailedError: it was refused, or there is no answer.
    """
    answer = Answer(Outcome.SILENT)
    for _ in range(MAX_TRIES):
        answer = yield Ask(procedure, unit, about)
        if answer.outcome is not Outcome.SILENT:
            break
    _check(answer, f"{procedure.name} {about}".strip())
    return answer.reply


def _key_state(key_id: int) -> Generator[Ask | Await, Answer, KeyState | None]:
    """The state of a key on board, None if there is none."""
    reply = yield from ask(Procedure.KEY_INVENTORY, requests.key_inventory(key_id, key_id), f"key {key_id}")
    return dict(reply.states).get(key_id) if isinstance(reply, InventoryReply) else None


def has_key(own: OwnEnd, spi: int, last: Procedure | None) -> bool:
    """Whether an association on board has a key, by the procedure that changed it last."""
    return own.is_first(spi) if last is None else last in _GIVES_KEY


def last_procedure(spi: int) -> Generator[Ask | Await, Answer, Procedure | None]:
    """The procedure that changed an association on board last, None if none has."""
    unit = requests.association_status(spi)
    reply = yield from ask(Procedure.ASSOCIATION_STATUS, unit, f"association {spi}")
    tag = reply.last_procedure if isinstance(reply, StatusReply) else 0
    return next((each for each in Procedure if each == tag), None)


def _change_key(procedure: Procedure, unit: bytes, key_id: int, effect: KeyState) -> Operation:
    """Change a key on board, until it is known to be changed."""
    for _ in range(MAX_TRIES):
        answer = yield Ask(procedure, unit, f"key {key_id}")
        if answer.outcome is Outcome.DONE:
            return None
        if answer.outcome is Outcome.NOT_SENT:
            break
        state = yield from _key_state(key_id)
        if state is effect:
            return None
        if answer.outcome is Outcome.REFUSED:
            break
    _check(answer, f"{procedure.name} key {key_id}")
    return None


def _change_association(procedure: Procedure, unit: bytes, spi: int) -> Operation:
    """Change an association on board, until it is known to be changed."""
    for _ in range(MAX_TRIES):
        answer = yield Ask(procedure, unit, f"association {spi}")
        if answer.outcome is Outcome.DONE:
            return None
        if answer.outcome is Outcome.NOT_SENT:
            break
        last = yield from last_procedure(spi)
        if last is procedure:
            return None
        if answer.outcome is Outcome.REFUSED:
            break
    _check(answer, f"{procedure.name} association {spi}")
    return None


def _check(answer: Answer, what: str) -> None:
    if answer.outcome is not Outcome.DONE:
        raise OperationFailedError(f"{what}: {answer.outcome.value.replace('_', ' ')}: {answer.reason}")
