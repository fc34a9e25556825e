"""From a flight and its result to the data of the mission report."""

from __future__ import annotations

from apps.camera.opportunities import Targets
from apps.payload.messages import JobOutcome, JobReport
from bus_sim.spacecraft import Spacecraft
from flightsw.services.spacecraft_time import parse_utc
from flightsw.services.tables.content import TableError, read_table
from ops_tools.sil.flight_record import FlightRecord, ModeEntry
from ops_tools.sil.report.model import (
    Compute,
    Downlink,
    Ledger,
    LedgerRow,
    MissionReport,
    ModeSpan,
    Orbit,
    Power,
    Series,
    Station,
    Target,
    Thermal,
    ThermalNode,
)
from ops_tools.sil.report.records import (
    EventRecord,
    Expectation,
    JobRecord,
    LinkPass,
    Severity,
)
from ops_tools.sil.report.records import JobOutcome as ReportedOutcome
from ops_tools.sil.reported_commands import reported_commands
from ops_tools.sil.reported_products import gallery, reported_images, reported_products
from ops_tools.sil.result import FlightResult
from ops_tools.sil.runner import NANOSECONDS, Flight
from ops_tools.sil.scenario import Limits
from tlm_cmd.definition.message import Event

COMPUTE_NODE = "compute_board"
_OUTCOMES = {
    JobOutcome.COMPLETED: ReportedOutcome.COMPLETED,
    JobOutcome.DISCARDED_CLOUDY: ReportedOutcome.DISCARDED,
    JobOutcome.EXPIRED: ReportedOutcome.EXPIRED,
    JobOutcome.CANCELLED: ReportedOutcome.REFUSED,
    JobOutcome.FAILED: ReportedOutcome.FAILED,
    JobOutcome.REFUSED: ReportedOutcome.REFUSED,
}


def mission_report(flight: Flight, result: FlightResult) -> MissionReport:
    """Everything the report shows of a flight."""
    vehicle, record, samples = flight.vehicle, flight.record, flight.record.history
    scenario = flight.loaded.scenario
    targets = _targets(flight)
    return MissionReport(
        mission=vehicle.mission.name,
        spacecraft=vehicle.spacecraft.parameters.name,
        seed=flight.seed,
        start_utc_s=parse_utc(vehicle.mission.file.time.epoch_utc) // NANOSECONDS,
        span_s=flight.duration_s,
        verdict=result.verdict,
        verdict_reason=result.verdict_reason,
        trace_hash=result.trace_hash,
        dictionary_hash=result.dictionary_hash,
        scenario=scenario.name,
        software=f"flightsw {vehicle.mission.file.version}",
        cpu_s=result.cpu_s,
        expectations=[
            Expectation(requirement=each.requirement, text=each.text, verdict=each.verdict, detail=each.detail)
            for each in result.expectations
        ],
        orbit=_orbit(record, vehicle.spacecraft, targets),
        power=_power(record, vehicle.spacecraft, scenario.limits),
        thermal=_thermal(record, vehicle.spacecraft, scenario.limits),
        compute=Compute(
            modes=_spans(record.compute_modes, flight.duration_s),
            history=Series(
                time_s=[sample.time_s for sample in samples],
                columns={"power_w": [sample.compute_power_w for sample in samples]},
            ),
        ),
        spacecraft_modes=_spans(record.spacecraft_modes, flight.duration_s),
        jobs=[_job(timed.message, timed.time_s) for timed in record.jobs if isinstance(timed.message, JobReport)],
        commands=list(reported_commands(flight)),
        passes=_passes(flight),
        downlink=Downlink(
            raw_bytes=record.raw_octets,
            sent_bytes=record.file_octets,
            settled_images=result.downlink.settled_images,
            settled_bytes=result.downlink.settled_bytes,
        ),
        products=list(reported_products(flight)),
        images=list(reported_images(record)),
        gallery=list(gallery(flight)),
        events=[
            EventRecord(
                at_s=timed.time_s,
                severity=Severity[timed.message.severity.name],
                source=timed.source,
                name=type(timed.message).__name__,
                text=timed.message.describe(),
            )
            for timed in record.events
            if isinstance(timed.message, Event)
        ],
        ledger=_ledger(flight),
    )


def _targets(flight: Flight) -> list[Target]:
    folder = flight.vehicle.mission.table_folder("camera")
    try:
        table = read_table(Targets, folder / "targets.toml")
    except TableError:
        return []
    return [Target(name=each.name, latitude_deg=each.latitude, longitude_deg=each.longitude) for each in table.targets]


def _orbit(record: FlightRecord, spacecraft: Spacecraft, targets: list[Target]) -> Orbit:
    samples = record.history
    return Orbit(
        track=Series(
            time_s=[sample.time_s for sample in samples],
            columns={
                "latitude_deg": [sample.latitude_deg for sample in samples],
                "longitude_deg": [sample.longitude_deg for sample in samples],
                "sunlit": [sample.illumination for sample in samples],
            },
        ),
        altitude_km=spacecraft.environment.orbit.mean_altitude_km,
        stations=[
            Station(
                name=each.name,
                latitude_deg=each.latitude_deg,
                longitude_deg=each.longitude_deg,
                mask_deg=each.mask_deg,
            )
            for each in spacecraft.parameters.stations
        ],
        targets=targets,
    )


def _power(record: FlightRecord, spacecraft: Spacecraft, limits: Limits) -> Power:
    samples, battery = record.history, spacecraft.parameters.battery
    nominal_v = battery.cells_in_series * battery.ocv_v[len(battery.ocv_v) // 2]
    return Power(
        history=Series(
            time_s=[sample.time_s for sample in samples],
            columns={
                "array_w": [sample.array_power_w for sample in samples],
                "load_w": [sample.load_power_w for sample in samples],
                "soc": [sample.battery_soc for sample in samples],
            },
        ),
        soc_floor=limits.battery_floor,
        battery_wh=battery.capacity_ah * nominal_v,
    )


def _thermal(record: FlightRecord, spacecraft: Spacecraft, limits: Limits) -> Thermal:
    names, samples = spacecraft.thermal.names, record.history
    return Thermal(
        history=Series(
            time_s=[sample.time_s for sample in samples],
            columns={name: [sample.temperatures_c[number] for sample in samples] for number, name in enumerate(names)},
        ),
        nodes=[
            ThermalNode(name=name, low_c=limits.node_lowest_c.get(name), high_c=limits.node_highest_c.get(name))
            for name in names
        ],
        compute_node=COMPUTE_NODE if COMPUTE_NODE in names else "",
    )


def _spans(entries: list[ModeEntry], end_s: float) -> list[ModeSpan]:
    ends = [entry.time_s for entry in entries[1:]] + [end_s]
    return [
        ModeSpan(mode=entry.mode, start_s=entry.time_s, end_s=end)
        for entry, end in zip(entries, ends, strict=True)
        if end > entry.time_s
    ]


def _job(report: JobReport, ended_s: float) -> JobRecord:
    return JobRecord(
        job=report.job,
        outcome=_OUTCOMES[report.outcome],
        submitted_s=max(0.0, ended_s - report.run_s - report.wait_s),
        value=report.value,
        image=report.scene,
        variant=report.variant,
        reason=report.reason,
        ended_s=ended_s,
        duration_s=report.run_s,
        energy_wh=report.energy,
    )


def _passes(flight: Flight) -> list[LinkPass]:
    heard = list(flight.vehicle.ground.passes.passes)
    if flight.vehicle.ground.passes.current is not None:
        heard.append(flight.vehicle.ground.passes.current)
    rows = []
    for contact in flight.record.contacts:
        end_s = contact.end_s if contact.end_s is not None else flight.duration_s
        frames_down = frames_up = 0
        for each in heard:
            middle_s = (each.begin_ns + each.last_ns) / 2 / NANOSECONDS
            if each.station == contact.station and contact.begin_s <= middle_s <= end_s:
                frames_down, frames_up = frames_down + each.frames_down, frames_up + each.frames_up
        rows.append(
            LinkPass(
                station=contact.station,
                aos_s=contact.begin_s,
                los_s=end_s,
                max_elevation_deg=contact.highest_deg,
                frames_up=frames_up,
                frames_down=frames_down,
                lost={},
            )
        )
    return rows


def _ledger(flight: Flight) -> Ledger:
    dictionary = flight.vehicle.mission.dictionary
    names = {entry.message_id: entry.name for entry in dictionary.telemetry.values()}
    names |= {0x1800 | app.apid: f"{app.name.upper()} commands" for app in dictionary.apps}
    names |= {0x0800 | app.apid: f"{app.name.upper()} events" for app in dictionary.apps}
    rows = []
    for message_id, destination in flight.vehicle.runtime.host.bus.all_destinations():
        dropped = {reason.value: count for reason, count in destination.dropped.items()}
        if destination.queued:
            dropped["still queued"] = destination.queued
        lost = 0
        for count in dropped.values():
            lost += count
        rows.append(
            LedgerRow(
                message=names.get(message_id, f"0x{message_id:04x}"),
                destination=destination.owner,
                sent=destination.delivered + lost,
                delivered=destination.delivered,
                dropped=dropped,
            )
        )
    return Ledger(rows=rows)
