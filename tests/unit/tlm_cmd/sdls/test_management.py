import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.security.ends import (
    CMAC_SPI,
    MASTER,
    SECOND_TC_SPI,
    SPARE_KEY,
    TC_CHANNEL,
    TC_HEADER,
    TC_KEY,
    TC_SPI,
    TM_CHANNEL,
    TM_SPI,
    ground_associations,
    ready,
    ring,
    tc_association,
    two_ends,
)
from tlm_cmd.sdls import requests
from tlm_cmd.sdls.association import AssociationState
from tlm_cmd.sdls.channel import GlobalChannel
from tlm_cmd.sdls.frame_security import FrameSecurity
from tlm_cmd.sdls.key_ring import KeyEntry, KeyKind, KeyRing, KeyState
from tlm_cmd.sdls.key_transport import KeyTransport
from tlm_cmd.sdls.key_verification import KeyChallenge
from tlm_cmd.sdls.management import ManagementState, SecurityManagement
from tlm_cmd.sdls.procedure_refusals import ProcedureRefusal, ProcedureRefusalCounters
from tlm_cmd.sdls.procedures import Procedure, ProcedureUnit
from tlm_cmd.sdls.refusals import ProcessRefusal
from tlm_cmd.sdls.replies import (
    CounterReply,
    InventoryReply,
    LogDump,
    LogStatus,
    PingReply,
    SelfTestReply,
    StatusReply,
    VerificationReply,
    unpack_reply,
)
from tlm_cmd.sdls.secret_key import SecretKey
from tlm_cmd.sdls.security_log import EventCode

IV = bytes(range(12))
NEW_KEY, OTHER_KEY = 200, 201
SECOND = tc_association(spi=SECOND_TC_SPI, key_id=None)


def spacecraft(*more: KeyEntry) -> SecurityManagement:
    """The managed end, with some keys more."""
    return SecurityManagement(
        ready(FrameSecurity(KeyRing([*ring().entries, *more]), [each.mirrored() for each in ground_associations()]))
    )


def ground_ring() -> KeyRing:
    """The keys of the ground, which has made two new ones."""
    keys = ring()
    keys.store([(key_id, SecretKey(bytes([key_id]) * 32)) for key_id in (NEW_KEY, OTHER_KEY)])
    return keys


def states(management: SecurityManagement) -> dict[int, KeyState]:
    """The state of each key."""
    return {entry.key_id: entry.state for entry in management.security.table.ring.entries}


def do(management: SecurityManagement, octets: bytes, carrier: int = TC_SPI) -> bytes:
    """Have a request executed that must succeed, and return the reply."""
    outcome = management.receive(octets, carrier, 5)
    assert (outcome.refusal, outcome.reason) == (None, "")
    return outcome.reply


def refused(management: SecurityManagement, octets: bytes, carrier: int = TC_SPI) -> ProcedureRefusal | None:
    """Have a request refused, which must change nothing and be logged and counted; return the reason."""
    state = management.security.state
    before = msgspec.msgpack.encode(state.table), states(management), state.log.seen
    outcome = management.receive(octets, carrier, 5)
    assert (outcome.reply, outcome.keys_changed) == (b"", False)
    assert outcome.reason
    assert (msgspec.msgpack.encode(state.table), states(management), state.log.seen - 1) == before
    counters = management.state.counters
    assert counters.requests == counters.executed + counters.refused.total
    return outcome.refusal


def test_every_procedure_is_known() -> None:
    """Each procedure of the standard is executed or refused for a reason of its own, never as unknown."""
    for procedure in Procedure:
        outcome = spacecraft().receive(ProcedureUnit(procedure).pack(), TC_SPI)
        assert outcome.procedure is procedure
        assert outcome.refusal is not ProcedureRefusal.UNKNOWN_PROCEDURE


@pytest.mark.parametrize("procedure", Procedure)
def test_replies_are_never_executed(procedure: Procedure) -> None:
    """What has the flag of a reply does nothing, whatever stands in it: not to keys, not to associations."""
    management = spacecraft()
    data = {
        Procedure.OTAR: KeyTransport.seal(MASTER, secret(MASTER), IV, [(NEW_KEY, SecretKey(bytes(32)))]).pack(),
        Procedure.DESTROY_KEYS: SPARE_KEY.to_bytes(2, "big"),
        Procedure.ACTIVATE_KEYS: SPARE_KEY.to_bytes(2, "big"),
        Procedure.STOP_ASSOCIATION: CMAC_SPI.to_bytes(2, "big"),
    }.get(procedure, b"")
    octets = ProcedureUnit(procedure, data, is_reply=True).pack()
    assert refused(management, octets) is ProcedureRefusal.IS_REPLY
    assert management.apply(octets).refusal is ProcedureRefusal.IS_REPLY


def secret(key_id: int) -> SecretKey:
    """A key that both ends have."""
    entry = ring().entry(key_id)
    assert entry is not None
    assert entry.secret is not None
    return entry.secret


def test_own_replies_do_nothing() -> None:
    """Every reply that this end gives is refused when it comes back as a request."""
    for request in (requests.ping(), requests.log_status(), requests.self_test(), requests.read_counter(TC_SPI)):
        management = spacecraft()
        assert refused(management, do(management, request)) is ProcedureRefusal.IS_REPLY


@pytest.mark.parametrize("carrier", [0, SECOND_TC_SPI, TM_SPI, 99])
def test_requests_come_through_an_association_in_use(carrier: int) -> None:
    """A request that no association in use has carried is refused: unknown, not operational, or one for sending."""
    assert refused(spacecraft(), requests.activate_keys([SPARE_KEY]), carrier) is ProcedureRefusal.UNPROTECTED


def test_new_keys_come_over_the_link() -> None:
    """Keys under a master key come in preactive; a repetition changes nothing, and the file must be written."""
    management = spacecraft()
    request = requests.transport_keys(ground_ring(), MASTER, [NEW_KEY, OTHER_KEY], IV)
    for _ in range(2):
        outcome = management.receive(request, TC_SPI)
        assert outcome.refusal is None
        assert outcome.keys_changed
    for key_id in (NEW_KEY, OTHER_KEY):
        assert management.security.table.ring.entry(key_id) == ground_ring().entry(key_id)


def test_transported_keys_that_are_refused() -> None:
    """A changed MAC, an unknown or a session key for the master, a key in use, a master key: no key comes in."""
    session = secret(TC_KEY)
    for transport, reason in (
        (KeyTransport(MASTER, IV, bytes(34 + 16)), ProcedureRefusal.BAD_MAC),
        (KeyTransport.seal(77, secret(MASTER), IV, [(NEW_KEY, SecretKey(bytes(32)))]), ProcedureRefusal.UNKNOWN_KEY),
        (KeyTransport.seal(TC_KEY, session, IV, [(NEW_KEY, SecretKey(bytes(32)))]), ProcedureRefusal.WRONG_KIND),
        (KeyTransport.seal(MASTER, secret(MASTER), IV, [(MASTER, SecretKey(bytes(32)))]), ProcedureRefusal.WRONG_KIND),
        (
            KeyTransport.seal(MASTER, secret(MASTER), IV, [(TC_KEY, SecretKey(bytes(32)))]),
            ProcedureRefusal.WRONG_KEY_STATE,
        ),
        (KeyTransport.seal(MASTER, secret(MASTER), IV, [(NEW_KEY, session)]), ProcedureRefusal.DUPLICATE_KEY),
        (KeyTransport.seal(MASTER, secret(MASTER), IV, [(NEW_KEY, SecretKey(bytes(16)))]), ProcedureRefusal.MALFORMED),
    ):
        assert refused(spacecraft(), ProcedureUnit(Procedure.OTAR, transport.pack()).pack()) is reason


def test_the_life_of_a_key() -> None:
    """A key is activated, deactivated and destroyed on request, and then its octets are gone."""
    management = spacecraft()
    for request, state in (
        (requests.activate_keys([SPARE_KEY]), KeyState.ACTIVE),
        (requests.deactivate_keys([SPARE_KEY]), KeyState.DEACTIVATED),
        (requests.destroy_keys([SPARE_KEY]), KeyState.DESTROYED),
    ):
        assert do(management, request) == b""
        assert states(management)[SPARE_KEY] is state
    entry = management.security.table.ring.entry(SPARE_KEY)
    assert entry == KeyEntry(SPARE_KEY, KeyKind.SESSION, KeyState.DESTROYED)


@pytest.mark.parametrize("request_of", [requests.deactivate_keys, requests.destroy_keys])
def test_keys_in_use_stay(request_of: object) -> None:
    """A key that an association uses is neither deactivated nor destroyed, nor are those named with it."""
    assert callable(request_of)
    for request in (request_of([TC_KEY]), request_of([SPARE_KEY, TC_KEY])):
        assert refused(spacecraft(), request) is ProcedureRefusal.KEY_IN_USE


def test_keys_are_proved() -> None:
    """Preactive and active keys answer challenges, with vectors that no frame and no other answer has."""
    management = spacecraft()
    seen: list[bytes] = []
    for number in range(3):
        challenges = [KeyChallenge(key_id, bytes([number]) * 16) for key_id in (SPARE_KEY, TC_KEY)]
        _, reply = unpack_reply(do(management, requests.verify_keys(challenges)))
        assert isinstance(reply, VerificationReply)
        for answer, challenge in zip(reply.answers, challenges, strict=True):
            assert answer.proves(challenge, secret(challenge.key_id))
            assert answer.iv[:4] == b"\xff\xff\xff\xff"
            seen.append(bytes([answer.key_id]) + answer.iv)
    assert len(set(seen)) == len(seen)


def test_answers_never_repeat_a_vector_behind_a_restart() -> None:
    """Even when the state before the answers comes back, new answers have new vectors."""
    management = spacecraft()
    challenge = KeyChallenge(SPARE_KEY, bytes(16))
    do(management, requests.verify_keys([challenge]))
    on_disk = msgspec.msgpack.encode(management.security.state)
    seen = [do(management, requests.verify_keys([challenge]))[5:17] for _ in range(100)]
    security = management.security
    security.state = msgspec.msgpack.decode(on_disk, type=type(security.state))
    seen += [do(management, requests.verify_keys([challenge]))[5:17] for _ in range(100)]
    assert len(set(seen)) == 200


def test_keys_that_are_not_proved() -> None:
    """Master keys, unknown and destroyed ones are not proved, none twice in one request, and none for the operator."""
    management = spacecraft(KeyEntry(50, KeyKind.SESSION, KeyState.DESTROYED))
    for key_ids, reason in (
        ([MASTER], ProcedureRefusal.WRONG_KIND),
        ([99], ProcedureRefusal.UNKNOWN_KEY),
        ([50], ProcedureRefusal.WRONG_KEY_STATE),
        ([TC_KEY, TC_KEY], ProcedureRefusal.DUPLICATE_KEY),
    ):
        request = requests.verify_keys([KeyChallenge(key_id, bytes(16)) for key_id in key_ids])
        assert refused(management, request) is reason
    request = requests.verify_keys([KeyChallenge(TC_KEY, bytes(16))])
    assert management.apply(request).refusal is ProcedureRefusal.NOT_SUPPORTED


def test_inventory() -> None:
    """The states of the keys in a range are told, and no key."""
    _, reply = unpack_reply(do(spacecraft(), requests.key_inventory(130, 140)))
    assert reply == InventoryReply(((130, KeyState.ACTIVE), (131, KeyState.ACTIVE), (140, KeyState.PREACTIVE)))


def test_the_life_of_an_association() -> None:
    """Rekey, start, stop and expire move an association between its states, and the status tells the last of them."""
    management = spacecraft(KeyEntry(NEW_KEY, KeyKind.SESSION, KeyState.ACTIVE, SecretKey(bytes(32))))
    for request, state, last in (
        (requests.rekey(SECOND, NEW_KEY), AssociationState.KEYED, Procedure.REKEY_ASSOCIATION),
        (requests.start(SECOND_TC_SPI), AssociationState.OPERATIONAL, Procedure.START_ASSOCIATION),
        (requests.stop(SECOND_TC_SPI), AssociationState.KEYED, Procedure.STOP_ASSOCIATION),
        (requests.expire(SECOND_TC_SPI), AssociationState.UNKEYED, Procedure.EXPIRE_ASSOCIATION),
    ):
        do(management, request)
        record = management.security.association(SECOND_TC_SPI)
        assert record is not None
        assert record.state is state
        _, reply = unpack_reply(do(management, requests.association_status(SECOND_TC_SPI)))
        assert reply == StatusReply(SECOND_TC_SPI, last)


@pytest.mark.parametrize(
    ("request_octets", "reason"),
    [
        (requests.start(SECOND_TC_SPI), ProcedureRefusal.WRONG_STATE),
        (requests.start(TC_SPI), ProcedureRefusal.WRONG_STATE),
        (requests.start(99), ProcedureRefusal.UNKNOWN_SPI),
        (requests.stop(SECOND_TC_SPI), ProcedureRefusal.WRONG_STATE),
        (requests.stop(TC_SPI), ProcedureRefusal.OWN_CARRIER),
        (requests.stop(99), ProcedureRefusal.UNKNOWN_SPI),
        (requests.expire(CMAC_SPI), ProcedureRefusal.WRONG_STATE),
        (requests.rekey(tc_association(), SPARE_KEY), ProcedureRefusal.WRONG_STATE),
        (requests.rekey(SECOND, 99), ProcedureRefusal.UNKNOWN_KEY),
        (requests.rekey(SECOND, MASTER), ProcedureRefusal.UNKNOWN_KEY),
        (requests.rekey(SECOND, TC_KEY), ProcedureRefusal.KEY_IN_USE),
        (requests.rekey(tc_association(spi=99), SPARE_KEY), ProcedureRefusal.UNKNOWN_SPI),
        (requests.set_counter(SECOND, 5), ProcedureRefusal.WRONG_STATE),
        (requests.read_counter(SECOND_TC_SPI), ProcedureRefusal.WRONG_STATE),
        (requests.association_status(99), ProcedureRefusal.UNKNOWN_SPI),
        (requests.set_window(TC_SPI, 0), ProcedureRefusal.MALFORMED),
        (requests.set_window(99, 5), ProcedureRefusal.UNKNOWN_SPI),
        (ProcedureUnit(Procedure.CREATE_ASSOCIATION, bytes(30)).pack(), ProcedureRefusal.NOT_SUPPORTED),
        (ProcedureUnit(Procedure.DELETE_ASSOCIATION, b"\0\2").pack(), ProcedureRefusal.NOT_SUPPORTED),
        (ProcedureUnit(Procedure.PING, b"\0").pack(), ProcedureRefusal.MALFORMED),
        (ProcedureUnit(Procedure.SELF_TEST, b"\0").pack(), ProcedureRefusal.MALFORMED),
        (ProcedureUnit(Procedure.RESET_ALARM, b"\0").pack(), ProcedureRefusal.MALFORMED),
        (ProcedureUnit(Procedure.LOG_STATUS, b"\0").pack(), ProcedureRefusal.MALFORMED),
        (ProcedureUnit(Procedure.DUMP_LOG, b"\0").pack(), ProcedureRefusal.MALFORMED),
        (ProcedureUnit(Procedure.ERASE_LOG, b"\0").pack(), ProcedureRefusal.MALFORMED),
        (b"\x71\0\0", ProcedureRefusal.USER_DEFINED),
        (b"\x21\0\0", ProcedureRefusal.UNKNOWN_PROCEDURE),
        (b"", ProcedureRefusal.MALFORMED),
    ],
)
def test_what_is_refused(request_octets: bytes, reason: ProcedureRefusal) -> None:
    """What cannot be done is refused for its own reason, and changes nothing."""
    assert refused(spacecraft(), request_octets) is reason


def test_an_association_starts_with_an_active_key_only() -> None:
    """A preactive key may be given to an association, but the association starts when it is active."""
    management = spacecraft()
    do(management, requests.rekey(SECOND, SPARE_KEY))
    assert refused(management, requests.start(SECOND_TC_SPI)) is ProcedureRefusal.WRONG_KEY_STATE
    do(management, requests.activate_keys([SPARE_KEY]))
    do(management, requests.start(SECOND_TC_SPI))


def test_an_association_whose_key_is_destroyed_does_not_start() -> None:
    """When a stopped association's key is destroyed it cannot be started, but expired and given another."""
    management = spacecraft()
    do(management, requests.rekey(SECOND, SPARE_KEY))
    do(management, requests.destroy_keys([SPARE_KEY]))
    assert refused(management, requests.start(SECOND_TC_SPI)) is ProcedureRefusal.UNKNOWN_KEY
    assert refused(management, requests.set_counter(SECOND, 5)) is ProcedureRefusal.UNKNOWN_KEY
    do(management, requests.expire(SECOND_TC_SPI))


def test_a_start_serves_only_what_it_may() -> None:
    """A start may choose among the channels of its association, and none beyond."""
    management = spacecraft()
    do(management, requests.stop(CMAC_SPI))
    other = GlobalChannel(0x123, 9)
    for channels in ([other], [TC_CHANNEL, other], [TM_CHANNEL]):
        assert refused(management, requests.start(CMAC_SPI, channels)) is ProcedureRefusal.BAD_CHANNEL
    do(management, requests.start(CMAC_SPI, [TC_CHANNEL]))
    record = management.security.association(CMAC_SPI)
    assert record is not None
    assert record.channels == (TC_CHANNEL,)


def test_sequence_numbers_go_forward_only() -> None:
    """A number may be set ahead and read back; frames up to it are refused; it is never set back."""
    management, parameters = spacecraft(), tc_association()
    near, _ = two_ends(parameters)
    frames = [near.protect(TC_CHANNEL, TC_HEADER, b"d") for _ in range(12)]
    _, reply = unpack_reply(do(management, requests.read_counter(TC_SPI)))
    assert reply == CounterReply(TC_SPI, bytes(12))
    do(management, requests.set_counter(parameters, 9))
    _, reply = unpack_reply(do(management, requests.read_counter(TC_SPI)))
    assert reply == CounterReply(TC_SPI, bytes(11) + b"\x09")
    security = management.security
    assert security.process(TC_CHANNEL, TC_HEADER, frames[9]).refusal is ProcessRefusal.REPLAYED
    assert security.process(TC_CHANNEL, TC_HEADER, frames[10]).data == b"d"
    assert refused(management, requests.set_counter(parameters, 8)) is ProcedureRefusal.NOT_FORWARD


def test_windows_are_set() -> None:
    """A window that is set holds for the next frame."""
    management = spacecraft()
    near, _ = two_ends(tc_association())
    frames = [near.protect(TC_CHANNEL, TC_HEADER, b"d") for _ in range(30)]
    security = management.security
    assert security.process(TC_CHANNEL, TC_HEADER, frames[20]).refusal is ProcessRefusal.OUT_OF_WINDOW
    do(management, requests.set_window(TC_SPI, 21))
    assert security.process(TC_CHANNEL, TC_HEADER, frames[21]).refusal is ProcessRefusal.OUT_OF_WINDOW
    assert security.process(TC_CHANNEL, TC_HEADER, frames[20]).data == b"d"


def test_monitoring() -> None:
    """Ping, log, self-test and alarm answer with what is the case."""
    management = spacecraft()
    security = management.security
    assert unpack_reply(do(management, requests.ping()))[1] == PingReply()
    security.process(TC_CHANNEL, TC_HEADER, b"\0\1nonsense", 44)
    assert security.report().alarm
    assert unpack_reply(do(management, requests.log_status()))[1] == LogStatus(1, 63)
    _, dump = unpack_reply(do(management, requests.dump_log()))
    assert isinstance(dump, LogDump)
    assert [(event.code, event.time_ns) for event in dump.events] == [(EventCode.TOO_SHORT, 44)]
    assert do(management, requests.reset_alarm()) == b""
    assert not security.report().alarm
    assert unpack_reply(do(management, requests.erase_log()))[1] == LogStatus(0, 64)
    assert unpack_reply(do(management, requests.self_test()))[1] == SelfTestReply(passed=True)


def test_a_failed_self_test_is_an_alarm(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cipher that gives a wrong answer is told, logged and raises the alarm."""
    monkeypatch.setattr("tlm_cmd.sdls.self_test._GMAC", bytes(16))
    management = spacecraft()
    assert unpack_reply(do(management, requests.self_test()))[1] == SelfTestReply(passed=False)
    assert management.security.report().alarm
    assert management.security.state.log.events[-1].code is EventCode.SELF_TEST_FAILED


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(Procedure), st.binary(max_size=80), st.sampled_from([TC_SPI, CMAC_SPI, SECOND_TC_SPI, 0]))
def test_no_request_raises(procedure: Procedure, data: bytes, carrier: int) -> None:
    """Whatever a request holds, it is executed or refused, and the counters add up."""
    management = spacecraft()
    for octets in (data, ProcedureUnit(procedure, data).pack(), ProcedureUnit(procedure, b"\0\1" + data).pack()):
        management.receive(octets, carrier)
        management.apply(octets)
    counters = management.state.counters
    assert counters.requests == counters.executed + counters.refused.total == 6


def test_the_state_survives_the_store() -> None:
    """The counters come back from a store."""
    management = spacecraft()
    do(management, requests.ping())
    refused(management, b"")
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(management.state), type=ManagementState) == management.state


def test_counters_have_one_field_for_each_reason() -> None:
    """Every reason for which a request can be refused has its counter, and the total is their sum."""
    counters = ProcedureRefusalCounters()
    for number, reason in enumerate(ProcedureRefusal):
        counters.count(reason)
        assert (counters.of(reason), counters.total) == (1, number + 1)
    assert set(msgspec.structs.asdict(counters)) == {reason.value for reason in ProcedureRefusal}
