"""Extended procedures that come up the mission's link: executed before the bus, and answered."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from apps.command_ingest.messages import KeysChanged, SecurityProcedure, SecurityReply, TakePacket, UplinkStatus
from apps.command_ingest.security import MAX_WAITING_PROCEDURES, WaitingProcedure
from apps.telemetry_output.messages import SecurityProcedure as TelemetryProcedure
from flightsw.hal.errors import MemoryFullError
from flightsw.services.key_safe import LinkSecurityError
from flightsw.services.link_security import LinkSecurity
from flightsw.testing import Bench
from tests.unit.apps.command_ingest.test_protected_link import COMMAND, ProtectedUplink
from tlm_cmd.packets.cfs_header import build_command
from tlm_cmd.packets.verification import GROUND, FailureCode, RequestId, Stage, VerificationReport
from tlm_cmd.sdls import requests
from tlm_cmd.sdls.key_ring import KeyRing, KeyState
from tlm_cmd.sdls.key_verification import KeyChallenge
from tlm_cmd.sdls.procedures import Procedure
from tlm_cmd.sdls.replies import PingReply, VerificationReply, unpack_reply
from tlm_cmd.sdls.simulation_keys import derive_simulation_keys

GROUND_RING = derive_simulation_keys(0, [1], [128, 129, 130], [131])
NEW_KEY = GROUND_RING.entry(131)
OTAR = requests.transport_keys(GROUND_RING, 1, [131], bytes(range(12)))


class Controller:
    """Sends procedures up, and reads what becomes of them."""

    def __init__(self, uplink: ProtectedUplink) -> None:
        self.uplink = uplink
        self.bench = uplink.bench
        self.entry = self.bench.dictionary.command_of("command_ingest", SecurityProcedure)
        self.sequence = 100

    def packet(self, unit: bytes) -> bytes:
        """The command that carries a request."""
        self.sequence += 1
        command = SecurityProcedure(unit)
        return build_command(self.entry.apid, self.sequence, self.entry.code, self.entry.codec.encode(command))

    def send(self, *units: bytes) -> list[RequestId]:
        """Send requests up, together; how they are named."""
        packets = [self.packet(unit) for unit in units]
        self.uplink.radiate(self.uplink.ground.send_all(packets, self.bench.clock.now_ns()))
        self.bench.advance(2)
        self.uplink.hear()
        first = self.sequence - len(units) + 1
        return [RequestId(GROUND, self.entry.apid, first + each, self.entry.code) for each in range(len(units))]

    def do(self, unit: bytes) -> VerificationReport:
        """Send a request up; the verdict."""
        (request,) = self.send(unit)
        return self.bench.reports(request)[-1]

    def keys(self) -> KeyRing:
        """The keys as they are kept on board."""
        assert self.bench.key_safe is not None
        return self.bench.key_safe.read()

    def key_state(self, key_id: int) -> KeyState | None:
        """The state of a key as it is kept on board."""
        entry = self.keys().entry(key_id)
        return None if entry is None else entry.state


@pytest.fixture
def uplink(bench_of: Callable[..., Bench]) -> ProtectedUplink:
    """The app after its first contact."""
    return ProtectedUplink(bench_of)


@pytest.fixture
def controller(uplink: ProtectedUplink) -> Controller:
    """Who sends procedures."""
    return Controller(uplink)


def test_a_procedure_is_executed_and_answered(controller: Controller) -> None:
    """Its reply says which command asked; its verdict is that of any command; other commands go on."""
    (request,) = controller.send(requests.ping())
    (reply,) = controller.bench.sent(SecurityReply)
    assert (reply.sequence, unpack_reply(reply.unit)) == (request.sequence, (Procedure.PING, PingReply()))
    assert [report.stage for report in controller.bench.reports(request)] == [Stage.ACCEPTED, Stage.COMPLETED]
    controller.uplink.send()
    assert controller.uplink.taken == [COMMAND]
    status = controller.bench.sent(UplinkStatus)[-1]
    assert (status.procedures_executed, status.procedures_refused, status.key_changes) == (1, 0, 0)
    state = controller.bench.container.state
    assert (state.accepted, state.completed, state.failed) == (1, 1, 0)


def test_a_key_comes_up_is_proved_and_activated(controller: Controller, bench_of: Callable[..., Bench]) -> None:
    """It is in the one place for keys before the verdict, and there after a power-on reset."""
    assert controller.do(OTAR).stage is Stage.COMPLETED
    assert controller.key_state(131) is KeyState.PREACTIVE
    challenge = KeyChallenge(131, bytes(16))
    controller.do(requests.verify_keys([challenge]))
    _, proof = unpack_reply(controller.bench.sent(SecurityReply)[-1].unit)
    assert isinstance(proof, VerificationReply)
    assert NEW_KEY is not None
    assert NEW_KEY.secret is not None
    assert proof.answers[0].proves(challenge, NEW_KEY.secret)
    assert controller.do(requests.activate_keys([131])).stage is Stage.COMPLETED
    assert [event.procedure for event in controller.bench.sent(KeysChanged)] == ["OTAR", "ACTIVATE_KEYS"]
    assert controller.bench.sent(UplinkStatus)[-1].key_changes == 2
    again = Controller(ProtectedUplink(bench_of, controller.uplink, power_on=True))
    assert again.key_state(131) is KeyState.ACTIVE


def test_nothing_of_a_request_is_kept_or_told(controller: Controller) -> None:
    """Neither the key nor the request that carried it are in a checkpoint, a message or a text."""
    controller.uplink.send()  # a checkpoint in front of it
    controller.do(OTAR)
    controller.uplink.send()
    bench = controller.bench
    assert NEW_KEY is not None
    assert NEW_KEY.secret is not None
    told = repr(bench._sent).encode() + repr(bench.logged).encode()
    kept = b"".join(bench._stored.values()) + b"".join(bench.security_store.load(n) or b"" for n in ("command_ingest",))
    for secret in (NEW_KEY.secret.reveal(), OTAR[17:]):
        assert secret not in kept
        assert repr(secret).encode()[2:-1] not in told
        assert secret.hex().encode() not in told
    waiting = WaitingProcedure(RequestId(GROUND, 0, 1, 4), None, OTAR, 1)
    assert repr(OTAR)[2:-1] not in repr(waiting)


@pytest.mark.parametrize(
    ("unit", "reason"),
    [
        (requests.deactivate_keys([128]), "key in use: key 128"),
        (requests.stop(1), "own carrier: association 1 carries this request"),
        (requests.activate_keys([77]), "key 77: unknown"),
        (b"\x07\x00", "extended procedure: 3 octets needed"),
        (requests.start(2), "association 2: unknown spi"),
    ],
)
def test_what_cannot_be_done_fails_with_its_reason(controller: Controller, unit: bytes, reason: str) -> None:
    """Nothing has changed; it is counted."""
    before = {entry.key_id: entry.state for entry in controller.keys().entries}
    verdict = controller.do(unit)
    assert (verdict.stage, verdict.code) == (Stage.FAILED, FailureCode.BAD_ARGUMENT)
    assert verdict.reason.startswith(reason)
    assert controller.bench.sent(UplinkStatus)[-1].procedures_refused == 1
    assert {entry.key_id: entry.state for entry in controller.keys().entries} == before
    assert controller.bench.sent(KeysChanged) == []


def test_keys_of_telemetry_are_not_taken_away(controller: Controller) -> None:
    """What another app's association has is refused here, and so is to use a key that it has used."""
    bench = controller.bench
    assert bench.key_safe is not None
    associations = bench.links.s_band.telemetry_associations(flight=True)
    LinkSecurity(bench.key_safe, associations, bench.security_store, "telemetry_output.s-band").keep()
    assert "key in use: key 129" in controller.do(requests.deactivate_keys([129])).reason
    second = bench.links.s_band.telecommand_associations(flight=True)[1]
    assert "key in use: key 129 serves" in controller.do(requests.rekey(second, 129)).reason
    assert controller.do(requests.deactivate_keys([130])).stage is Stage.COMPLETED  # nobody has said that it is used


def test_what_comes_over_the_bus_is_refused(controller: Controller) -> None:
    """No association vouches for it, whether an app sends it or a stored packet holds it."""
    verdict = controller.bench.command(SecurityProcedure(requests.ping()))
    assert (verdict.stage, verdict.code) == (Stage.FAILED, FailureCode.NOT_POSSIBLE_NOW)
    assert controller.bench.command(TakePacket(controller.packet(OTAR))).stage is Stage.COMPLETED
    controller.bench.advance(2)
    assert controller.key_state(131) is None
    request = RequestId(GROUND, controller.entry.apid, controller.sequence, controller.entry.code)
    report = controller.bench.reports(request)[-1]
    assert (report.stage, report.code) == (Stage.REJECTED, FailureCode.NOT_POSSIBLE_NOW)
    assert controller.bench.sent(SecurityReply) == []


def test_a_stored_packet_changes_no_association_of_telemetry(controller: Controller) -> None:
    """Whatever app executes it, a procedure is asked for by a frame, there and then; from there it goes its way."""
    bench = controller.bench
    entry = bench.dictionary.command_of("telemetry_output", TelemetryProcedure)
    packet = build_command(entry.apid, 5, entry.code, entry.codec.encode(TelemetryProcedure(requests.stop(2))))
    bench.command(TakePacket(packet))
    bench.advance(2)
    report = bench.reports(RequestId(GROUND, entry.apid, 5, entry.code))[-1]
    assert (report.stage, report.code) == (Stage.REJECTED, FailureCode.NOT_POSSIBLE_NOW)
    assert report.reason == "TELEMETRY_OUTPUT.SECURITY_PROCEDURE is taken from a telecommand frame only"
    assert controller.uplink.taken == []
    controller.uplink.radiate(controller.uplink.ground.send(packet, bench.clock.now_ns()))
    bench.advance(2)
    assert controller.uplink.taken == [TelemetryProcedure(requests.stop(2))]


def test_a_request_that_cannot_be_read_is_rejected_as_any_command(controller: Controller) -> None:
    """It has the code of its fault."""
    packet = bytearray(controller.packet(requests.ping()))
    packet[7] ^= 1  # the checksum
    controller.uplink.radiate(controller.uplink.ground.send(bytes(packet), controller.bench.clock.now_ns()))
    controller.bench.advance(2)
    request = RequestId(GROUND, controller.entry.apid, controller.sequence, controller.entry.code)
    report = controller.bench.reports(request)[-1]
    assert (report.stage, report.code) == (Stage.REJECTED, FailureCode.BAD_CHECKSUM)


def test_a_flood_is_bounded(controller: Controller) -> None:
    """What is too much for one poll is rejected; everything has one verdict."""
    named = controller.send(*[requests.ping()] * (MAX_WAITING_PROCEDURES + 3))
    stages = [controller.bench.reports(each)[-1].stage for each in named]
    assert stages == [Stage.COMPLETED] * MAX_WAITING_PROCEDURES + [Stage.REJECTED] * 3
    assert controller.bench.sent(UplinkStatus)[-1].procedures_refused == 3


def test_keys_that_cannot_be_kept_are_not_there(controller: Controller, monkeypatch: pytest.MonkeyPatch) -> None:
    """The procedure fails, and the ring is as it was; later it succeeds."""

    def full(_ring: KeyRing) -> None:
        raise LinkSecurityError("no space left")

    monkeypatch.setattr(controller.bench.key_safe, "write", full)
    verdict = controller.do(OTAR)
    assert (verdict.stage, verdict.code) == (Stage.FAILED, FailureCode.DEVICE_FAILED)
    assert verdict.reason == "executed, but not stored: no space left"
    assert "key 131: unknown" in controller.do(requests.activate_keys([131])).reason
    monkeypatch.undo()
    assert controller.do(OTAR).stage is Stage.COMPLETED


def test_nothing_is_executed_before_it_is_certain_that_it_cannot_come_again(
    controller: Controller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the security's memory cannot be written, procedures wait; then they are executed once."""

    def full(_name: str, _data: bytes) -> None:
        raise MemoryFullError("command_ingest", 1, 0)

    monkeypatch.setattr(controller.bench.security_store, "save_twice", full)
    (request,) = controller.send(OTAR)
    assert controller.bench.reports(request) == []
    assert controller.key_state(131) is None
    monkeypatch.undo()
    controller.bench.advance(2)
    assert [report.stage for report in controller.bench.reports(request)] == [Stage.ACCEPTED, Stage.COMPLETED]


def test_telecommands_go_on_through_the_other_association(controller: Controller) -> None:
    """With the new key; then the old association can be stopped, and its key destroyed."""
    uplink = controller.uplink
    _, second = controller.bench.links.s_band.telecommand_associations(flight=False)
    for unit in (OTAR, requests.activate_keys([131]), requests.rekey(second, 131), requests.start(17)):
        assert controller.do(unit).stage is Stage.COMPLETED
    security = uplink.ground.security
    assert security is not None
    security.table.follow_keys(controller.keys())
    security.table.rekey(17, 131, 0)
    security.table.start(17)
    security.reserve()
    security.saved()
    for unit in (requests.stop(1), requests.expire(1), requests.deactivate_keys([128]), requests.destroy_keys([128])):
        assert controller.do(unit).stage is Stage.COMPLETED
    assert controller.bench.sent(UplinkStatus)[-1].frames_not_genuine == 0
    assert controller.key_state(128) is KeyState.DESTROYED
