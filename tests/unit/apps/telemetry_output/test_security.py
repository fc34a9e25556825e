"""Extended procedures on the associations that protect the telemetry of the mission's radios."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from apps.command_ingest.messages import UplinkStatus
from apps.telemetry_output.messages import (
    DownlinkStatus,
    KeysNotRead,
    KeyUseNotNoted,
    SecurityProcedure,
    SecurityReply,
)
from apps.telemetry_output.security import TelemetryAssociations
from apps.thermal.messages import ThermalStatus
from flightsw.app import Refused
from flightsw.hal.errors import MemoryFullError
from flightsw.services.key_safe import LinkSecurityError
from flightsw.testing import Bench
from tests.unit.apps.telemetry_output.test_protected_link import THERMAL, ProtectedDownlink
from tlm_cmd.packets.verification import FailureCode, Stage, VerificationReport
from tlm_cmd.sdls import requests
from tlm_cmd.sdls.association_procedures import unpack_counter
from tlm_cmd.sdls.key_ring import KeyRing
from tlm_cmd.sdls.procedures import Procedure
from tlm_cmd.sdls.replies import CounterReply, StatusReply, unpack_reply
from tlm_cmd.sdls.simulation_keys import derive_simulation_keys

NEW_KEYS = derive_simulation_keys(0, (), [131, 132])


def procedure(downlink: ProtectedDownlink, unit: bytes) -> VerificationReport:
    """Have a procedure executed; its verdict."""
    return downlink.bench.command(SecurityProcedure(unit))


def second(downlink: ProtectedDownlink) -> requests.AssociationParameters:
    """The S-band's association that has no key at first."""
    return downlink.bench.links.s_band.telemetry_associations(flight=True)[1]


def take_keys(downlink: ProtectedDownlink, *, changes: int = 1, tell: bool = True) -> None:
    """The command ingest gets new keys, and says so."""
    safe = downlink.bench.key_safe
    assert safe is not None
    ring = safe.read()
    new = [(entry.key_id, entry.secret) for entry in NEW_KEYS.entries if entry.secret is not None]
    ring.store(new)
    ring.activate([key_id for key_id, _ in new])
    safe.write(ring)
    if tell:
        downlink.bench.deliver(UplinkStatus(0, 0, 0, 0, 0, 0, key_changes=changes))


def hear_with_new_key(downlink: ProtectedDownlink) -> None:
    """The ground gets the key as well, and receives through both associations."""
    table = downlink.security.table
    assert NEW_KEYS.entries[0].secret is not None
    table.ring.store([(131, NEW_KEYS.entries[0].secret)])
    table.ring.activate([131])
    table.rekey(18, 131, 0)
    table.start(18)


@pytest.fixture
def downlink(bench_of: Callable[..., Bench]) -> ProtectedDownlink:
    """The app in contact."""
    return ProtectedDownlink(bench_of)


def test_frames_go_on_through_the_other_association(
    bench_of: Callable[..., Bench], downlink: ProtectedDownlink
) -> None:
    """From its start on, without a refused frame; also behind a reset, with no number used twice."""
    bench = downlink.bench
    downlink.hear(5)
    take_keys(downlink)
    hear_with_new_key(downlink)
    assert procedure(downlink, requests.rekey(second(downlink), 131)).stage is Stage.COMPLETED
    assert bench.app._s_band.spi == 2  # type: ignore[attr-defined]
    assert procedure(downlink, requests.start(18)).stage is Stage.COMPLETED
    bench.deliver(THERMAL)
    apid = bench.dictionary.packet("THERMAL.THERMAL_STATUS").apid
    assert apid in downlink.hear(12)
    assert bench.sent(DownlinkStatus)[-1].s_band_spi == 18
    assert bench.sent(DownlinkStatus)[-1].x_band_spi == 3
    assert procedure(downlink, requests.stop(2)).stage is Stage.COMPLETED
    assert procedure(downlink, requests.expire(2)).stage is Stage.COMPLETED
    downlink.security.table.stop(2)
    again = downlink
    for power_on in (False, True, False):
        again = ProtectedDownlink(bench_of, again, power_on=power_on)
        again.bench.deliver(ThermalStatus((1.0, 2.0), 0, 0, 0, 3.0, 0))
        assert apid in again.hear(5)
    assert again.security.state.counters.refused.total == 0


def test_replies_name_the_command_that_asked(downlink: ProtectedDownlink) -> None:
    """Status and sequence number of an association come down as packets."""
    downlink.hear(5)
    bench = downlink.bench
    procedure(downlink, requests.association_status(18))
    report = procedure(downlink, requests.read_counter(2))
    assert report.stage is Stage.COMPLETED
    status, counter = bench.sent(SecurityReply)
    assert (status.sequence, unpack_reply(status.unit)) == (0, (Procedure.ASSOCIATION_STATUS, StatusReply(18, 0)))
    assert counter.sequence == report.request.sequence == 1
    _, reply = unpack_reply(counter.unit)
    assert isinstance(reply, CounterReply)
    assert unpack_counter(second(downlink), reply.counter_octets) > 0


@pytest.mark.parametrize(
    ("unit", "reason"),
    [
        (requests.stop(2), "no other association is in use beside 2: telemetry would end"),
        (requests.deactivate_keys([129]), "DEACTIVATE_KEYS is for the command ingest"),
        (requests.ping(), "SPI: 2 octets needed, 0 found"),
        (requests.start(1), "no telemetry association has SPI 1, there are 2, 18, 3, 19"),
        (requests.start(18), "association 18: wrong state"),
        (b"\x9e", "extended procedure: 3 octets needed, 1 found"),
    ],
)
def test_what_cannot_be_done_fails_with_its_reason(downlink: ProtectedDownlink, unit: bytes, reason: str) -> None:
    """And telemetry goes on."""
    report = procedure(downlink, unit)
    assert (report.stage, report.code, report.reason) == (Stage.FAILED, FailureCode.BAD_ARGUMENT, reason)
    downlink.hear(5)


def test_a_key_serves_one_radio_only(downlink: ProtectedDownlink) -> None:
    """Two senders with one key would use one number twice; so the second is refused the key of the first."""
    take_keys(downlink)
    assert procedure(downlink, requests.rekey(second(downlink), 131)).stage is Stage.COMPLETED
    x_band = downlink.bench.links.x_band
    assert x_band is not None
    other = x_band.telemetry_associations(flight=True)[1]
    for key_id in (131, 129):
        report = procedure(downlink, requests.rekey(other, key_id))
        assert (report.stage, report.reason[:10]) == (Stage.FAILED, "key in use")


def test_keys_are_read_before_a_procedure_even_if_nobody_has_said_that_they_changed(
    downlink: ProtectedDownlink,
) -> None:
    """The message may be late; the key is used all the same."""
    take_keys(downlink, tell=False)
    assert procedure(downlink, requests.rekey(second(downlink), 131)).stage is Stage.COMPLETED


def test_a_destroyed_key_is_let_go_when_that_is_said(downlink: ProtectedDownlink) -> None:
    """The app has no copy of it any more."""
    take_keys(downlink)
    safe = downlink.bench.key_safe
    assert safe is not None
    ring = safe.read()
    ring.deactivate([132])
    ring.destroy([132])
    safe.write(ring)
    downlink.bench.deliver(UplinkStatus(0, 0, 0, 0, 0, 0, key_changes=2))
    for security in downlink.bench.app._securities:  # type: ignore[attr-defined]
        entry = security.frames.table.ring.entry(132)
        assert entry is not None
        assert entry.secret is None


def test_keys_that_cannot_be_read_are_reported_and_read_later(
    downlink: ProtectedDownlink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Telemetry goes on with those that were read before."""

    def broken() -> KeyRing:
        raise LinkSecurityError("key file: is gone")

    monkeypatch.setattr(downlink.bench.key_safe, "read", broken)
    downlink.bench.deliver(UplinkStatus(0, 0, 0, 0, 0, 0, key_changes=1))
    downlink.bench.deliver(UplinkStatus(0, 0, 0, 0, 0, 0, key_changes=1))
    assert [event.problem for event in downlink.bench.sent(KeysNotRead)] == ["key file: is gone"] * 2
    report = procedure(downlink, requests.association_status(2))
    assert (report.stage, report.code) == (Stage.FAILED, FailureCode.DEVICE_FAILED)
    downlink.hear(5)
    monkeypatch.undo()
    take_keys(downlink)
    assert len(downlink.bench.sent(KeysNotRead)) == 2


def test_what_cannot_be_stored_fails(downlink: ProtectedDownlink, monkeypatch: pytest.MonkeyPatch) -> None:
    """The verdict tells that it would not outlive a reset."""

    def full(_name: str, _data: bytes) -> None:
        raise MemoryFullError("telemetry_output.s-band", 1, 0)

    take_keys(downlink)
    monkeypatch.setattr(downlink.bench.security_store, "save_twice", full)
    report = procedure(downlink, requests.rekey(second(downlink), 131))
    assert (report.stage, report.code) == (Stage.FAILED, FailureCode.DEVICE_FAILED)
    assert "not stored" in report.reason


def test_without_authenticated_commands_nothing_is_changed() -> None:
    """On a bench whose commands are open, anybody could switch the protection of the telemetry."""
    with pytest.raises(Refused, match="nobody vouches"):
        TelemetryAssociations((), commands_protected=False).execute(requests.association_status(2), 0)


def test_a_note_of_keys_that_cannot_be_written_is_said_and_stops_nothing(
    bench_of: Callable[..., Bench], downlink: ProtectedDownlink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once; telemetry goes on."""

    def full(_name: str, _data: bytes) -> None:
        raise MemoryFullError("telemetry_output", 1, 0)

    safe = downlink.bench.key_safe
    assert safe is not None
    for name in safe.uses().names():
        safe.uses().delete(name)
    monkeypatch.setattr(safe.uses(), "save_twice", full)
    again = ProtectedDownlink(bench_of, downlink)
    again.bench.deliver(THERMAL)
    assert again.bench.dictionary.packet("THERMAL.THERMAL_STATUS").apid in again.hear(25)
    (event,) = again.bench.sent(KeyUseNotNoted)
    assert event.problem.startswith("note 'telemetry_output.s-band' in memory: ")
