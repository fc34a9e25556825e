"""Data link security: extended procedures, their replies, key documents."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import msgspec

from tests.fuzz.mutation import Field
from tests.fuzz.repairs import unit_bits
from tests.fuzz.target import ACCEPTED, MutatedTarget, Target, promise, promise_sum
from tests.fuzz.targets.protected_frames import (
    CHANNEL,
    HEADER_OCTETS,
    KEYS,
    MASTER,
    MOST_SECURITY_STATE_OCTETS,
    OTHER_CHANNEL,
    SPARES,
    check_security,
    draw_security,
)
from tlm_cmd.sdls import requests
from tlm_cmd.sdls.association import AssociationParameters
from tlm_cmd.sdls.key_document import pack_key_document, unpack_key_document
from tlm_cmd.sdls.key_ring import KeyRing
from tlm_cmd.sdls.key_verification import KeyChallenge
from tlm_cmd.sdls.management import SecurityManagement
from tlm_cmd.sdls.procedures import Procedure
from tlm_cmd.sdls.replies import unpack_reply
from tlm_cmd.sdls.simulation_keys import derive_simulation_keys


def draw_request(chance: Random, ring: KeyRing, parameters: AssociationParameters) -> bytes:
    """A request of any kind, for keys and associations that are there, mostly."""
    key_ids = chance.sample((MASTER, *KEYS, *SPARES, 30), chance.randint(1, 3))
    spi = chance.choice((1, 2, 3, 4, 9))
    kinds: tuple[Callable[[], bytes], ...] = (
        lambda: requests.transport_keys(ring, MASTER, chance.sample(SPARES, 1), chance.randbytes(12)),
        lambda: requests.activate_keys(key_ids),
        lambda: requests.deactivate_keys(key_ids),
        lambda: requests.destroy_keys([chance.choice((30, 31, *SPARES))]),
        lambda: requests.verify_keys([KeyChallenge(key_id, chance.randbytes(16)) for key_id in key_ids]),
        lambda: requests.key_inventory(0, chance.choice((20, 0xFFFF))),
        lambda: requests.start(spi, chance.choice(((), (CHANNEL,), (OTHER_CHANNEL,)))),
        lambda: requests.stop(spi),
        lambda: requests.expire(spi),
        lambda: requests.rekey(parameters, chance.choice((*KEYS, *SPARES)), chance.choice((0, 5, 250))),
        lambda: requests.set_counter(parameters, chance.choice((0, 1, 200, 255))),
        lambda: requests.set_window(spi, chance.choice((1, 10, 1 << 31))),
        lambda: requests.read_counter(spi),
        lambda: requests.association_status(spi),
        requests.dump_log,
        requests.log_status,
        requests.erase_log,
        requests.reset_alarm,
        requests.ping,
        requests.ping,
        requests.self_test if chance.random() < 0.1 else requests.ping,
    )
    return chance.choice(kinds)()


class ProceduresTarget(MutatedTarget):
    """`SecurityManagement.receive`: requests that are changed and repaired; what they reply can be read."""

    name = "security_procedures"
    declared = ()
    reaches = frozenset(
        {
            *("executed", "replied", "malformed", "is_reply", "user_defined", "unknown_procedure", "not_supported"),
            *("unprotected", "own_carrier", "bad_mac", "unknown_key", "wrong_kind", "wrong_key_state"),
            *("duplicate_key", "unknown_spi", "wrong_state", "bad_channel", "not_forward"),
        }
    )
    share = 20
    chunk = 1000
    most_state_octets = 20_000

    def __init__(self, chance: Random) -> None:
        self.security = draw_security(chance)
        self.management = SecurityManagement(self.security)
        ground = derive_simulation_keys(7, [MASTER], KEYS, [*SPARES])
        parameters = list(self.security.table.parameters.values())
        corpus = [draw_request(chance, ground, chance.choice(parameters)) for _ in range(200)]
        fields = (Field(0, 1), Field(0, 1), Field(1, 2), Field(3, 2), Field(5, 2), Field(3, 1), Field(-1, 1))
        super().__init__(chance, corpus, fields, (unit_bits,))
        self.cases = self.executed = 0

    def case(self) -> bytes:
        """A carrier (1 octet), and a request."""
        return bytes([self.chance.choice((1, 1, 1, 1, 1, 2, 3, 4, 9))]) + super().case()

    def run(self, case: bytes) -> str:
        """Give a request to the management."""
        self.cases += 1
        outcome = self.management.receive(case[1:], case[0] if case else 0, self.cases)
        if outcome.refusal is not None:
            promise(not outcome.reply and not outcome.keys_changed, what="a refused request did something")
            return outcome.refusal.value
        self.executed += 1
        if self.security.association(1) is not None and 1 not in self.security.table.receivers:
            self._revive()
        if not outcome.reply:
            return "executed"
        procedure, _ = unpack_reply(outcome.reply)
        promise(procedure is outcome.procedure, what="the reply is to another procedure")
        return "replied"

    def _revive(self) -> None:
        """Put the keys and associations back as they were at first, lest everything is refused from now on."""
        state = self.management.state
        self.security = draw_security(self.chance)
        self.management = SecurityManagement(self.security)
        self.management.state = state

    def check(self) -> None:
        """Each request is executed or refused."""
        counters = self.management.state.counters
        promise_sum("requests", counters.requests, self.cases)
        promise_sum("requests", counters.requests, counters.executed, counters.refused.total)
        promise_sum("executed", counters.executed, self.executed)
        check_security(self.security)
        packed = msgspec.msgpack.encode(self.security.state)
        promise(len(packed) <= MOST_SECURITY_STATE_OCTETS, what="security state beyond its bound")

    def memory(self) -> msgspec.Struct:
        """The management's."""
        return self.management.state

    def restore(self, state: msgspec.Struct) -> None:
        """Go on with it."""
        assert isinstance(state, type(self.management.state))
        self.management.state = state


class RepliesTarget(MutatedTarget):
    """`unpack_reply`."""

    name = "security_replies"
    reaches = frozenset(
        {
            *(procedure.name for procedure in (Procedure.VERIFY_KEYS, Procedure.KEY_INVENTORY, Procedure.READ_ARSN)),
            *(procedure.name for procedure in (Procedure.PING, Procedure.DUMP_LOG, Procedure.SELF_TEST)),
            *(procedure.name for procedure in (Procedure.LOG_STATUS, Procedure.ASSOCIATION_STATUS)),
            "ReplyError reply flag",
            "LengthMismatchError security log",
            "WrongValueError replying procedure",
            "WrongValueError key state",
            "WrongValueError event tag",
        }
    )

    def __init__(self, chance: Random) -> None:
        security = draw_security(chance)
        management = SecurityManagement(security)
        for _ in range(3):
            security.process(CHANNEL, bytes(HEADER_OCTETS), chance.randbytes(40))
        challenges = [KeyChallenge(KEYS[0], chance.randbytes(16))]
        asked = [
            requests.verify_keys(challenges),
            requests.key_inventory(0, 50),
            requests.read_counter(1),
            requests.association_status(1),
            requests.ping(),
            requests.log_status(),
            requests.dump_log(),
            requests.self_test(),
            requests.erase_log(),
        ]
        corpus = [reply for reply in (management.receive(each, 1).reply for each in asked) if reply]
        fields = (Field(0, 1), Field(1, 2), Field(3, 2), Field(7, 1), Field(3, 1), Field(22, 1), Field(24, 2))
        super().__init__(chance, corpus, fields, (unit_bits,))

    def run(self, case: bytes) -> str:
        """Read a reply."""
        procedure, _ = unpack_reply(case)
        return procedure.name


class KeyDocumentTarget(MutatedTarget):
    """`unpack_key_document`: whatever is changed is refused, and no message shows what stands there."""

    name = "key_document"
    reaches = frozenset({ACCEPTED, "KeyDocumentError"})
    share = 3
    chunk = 300

    def __init__(self, chance: Random) -> None:
        rings = [derive_simulation_keys(chance.randrange(99), [1], [11], [20]) for _ in range(3)]
        super().__init__(chance, [pack_key_document(ring) for ring in rings])
        self.secrets = [entry.secret.reveal().hex() for ring in rings for entry in ring.entries if entry.secret]

    def run(self, case: bytes) -> str:
        """Read a document."""
        try:
            ring = unpack_key_document(case)
        except self.declared as error:
            shown = str(error)
            promise(not any(secret[:16] in shown for secret in self.secrets), what="a message shows a key")
            raise
        promise(unpack_key_document(pack_key_document(ring)).entries == ring.entries, what="another ring")
        return ACCEPTED


TARGETS: tuple[type[Target], ...] = (ProceduresTarget, RepliesTarget, KeyDocumentTarget)
