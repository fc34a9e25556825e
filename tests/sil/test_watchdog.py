"""The watchdog of the reference mission in lock-step: its bite resets the processor, and the flight goes on."""

from __future__ import annotations

from flightsw.app import Ticket
from flightsw.runtime.keeping.reset_record import ResetKind, ResetSubtype
from flightsw.runtime.supervision import AppAction, AppRequest
from ops_tools.reference_mission import reference_mission
from ops_tools.sil.vehicle import LockstepVehicle

SECOND = 1_000_000_000


def fly(seconds: int) -> tuple[LockstepVehicle, str]:
    """Stop a critical app ten seconds into the flight; returns the vehicle, and what its trace hashes to."""
    vehicle = LockstepVehicle(reference_mission() / "mission.toml", None, 7)
    try:
        vehicle.start()
        vehicle.run_until(10 * SECOND)
        vehicle.runtime.supervision.request(AppRequest(Ticket(0, 0x10, 0, 4), AppAction.STOP, "thermal"))
        vehicle.run_until(seconds * SECOND)
    finally:
        vehicle.close()
    return vehicle, vehicle.runtime.trace.digest()


def test_the_watchdog_bites_when_a_critical_app_stays_stopped() -> None:
    """Thirty seconds behind the last stroke the processor is reset, which starts the app again; twice the same."""
    vehicle, trace = fly(60)
    assert vehicle.spacecraft.watchdog.state.bites == 1
    log = vehicle.runtime.supervision.record().log
    assert [(entry.kind, entry.subtype) for entry in log] == [
        (ResetKind.POWER_ON, ResetSubtype.POWER_CYCLE),
        (ResetKind.PROCESSOR, ResetSubtype.WATCHDOG),
    ]
    assert 34 * SECOND <= log[1].at_ns <= 37 * SECOND
    account = vehicle.runtime.account()
    assert account.apps == len(vehicle.mission.file.apps)
    assert account.ledger.closed
    assert vehicle.spacecraft.watchdog.state.armed
    assert fly(60)[1] == trace
