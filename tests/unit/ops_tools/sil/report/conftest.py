"""A flight made of formulas: a circular sun-synchronous orbit, a battery, a few images. No simulator."""

import hashlib
import math
import random

import pytest

from ops_tools.sil.report.ground_track import EARTH_RADIUS_KM
from ops_tools.sil.report.imagery import MaskClass, gallery_item
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
    CommandRecord,
    CommandVerdict,
    EventRecord,
    Expectation,
    FaultRecord,
    GalleryItem,
    ImageOutcome,
    ImageRecord,
    JobOutcome,
    JobRecord,
    LinkPass,
    ProductRecord,
    Severity,
    Stage,
    StageReport,
    Verdict,
)

ALTITUDE_KM = 520.0
PERIOD_S = 5702
START_UTC_S = 1_774_056_300  # 2026-03-21 01:25:00 UTC
STATIONS = [
    Station(name="Beijing", latitude_deg=40.45, longitude_deg=116.86),
    Station(name="Sanya", latitude_deg=18.31, longitude_deg=109.31),
    Station(name="Kashi", latitude_deg=39.5, longitude_deg=75.93),
]
TARGETS = [
    Target(name=name, latitude_deg=latitude, longitude_deg=longitude)
    for name, latitude, longitude in (
        ("Shanghai", 31.2, 121.5), ("Wuhan", 30.6, 114.3), ("Harbin", 45.8, 126.5), ("Guangzhou", 23.1, 113.3),
        ("Seoul", 37.6, 127.0), ("Manila", 14.6, 121.0), ("Jakarta", -6.2, 106.8), ("Perth", -31.9, 115.9),
        ("Lagos", 6.5, 3.4), ("Madrid", 40.4, -3.7), ("New York", 40.7, -74.0), ("Bogot\u00e1", 4.7, -74.1),
        ("S\u00e3o Paulo", -23.6, -46.6), ("Cairo", 30.0, 31.2), ("Delhi", 28.6, 77.2),
    )
]  # fmt: skip


def _position(at_s: float) -> tuple[float, float, float]:
    """Latitude, longitude [deg] and visible part of the sun, at a time."""
    inclination, node = math.radians(97.5), math.radians(157.5)
    along = 2 * math.pi * at_s / PERIOD_S + math.radians(-49)
    x = math.cos(node) * math.cos(along) - math.sin(node) * math.sin(along) * math.cos(inclination)
    y = math.sin(node) * math.cos(along) + math.cos(node) * math.sin(along) * math.cos(inclination)
    z = math.sin(along) * math.sin(inclination)
    subsolar = 180 - 15 * ((START_UTC_S + at_s) % 86400) / 3600
    longitude = (math.degrees(math.atan2(y, x)) + subsolar + 180) % 360 - 180
    radius = 1 + ALTITUDE_KM / EARTH_RADIUS_KM
    height = (math.hypot(y, z) * radius - 1) / 0.012 + 0.5
    return math.degrees(math.asin(z)), longitude, 1.0 if x > 0 else min(max(height, 0.0), 1.0)


def _elevation(at_s: float, station: Station) -> float:
    latitude, longitude, _ = _position(at_s)
    here, there = math.radians(latitude), math.radians(station.latitude_deg)
    cosine = math.sin(here) * math.sin(there) + math.cos(here) * math.cos(there) * math.cos(
        math.radians(longitude - station.longitude_deg)
    )
    angle = math.acos(min(1.0, max(-1.0, cosine)))
    ratio = EARTH_RADIUS_KM / (EARTH_RADIUS_KM + ALTITUDE_KM)
    return math.degrees(math.atan2(math.cos(angle) - ratio, math.sin(angle)))


def _passes(span_s: int) -> list[LinkPass]:
    found = []
    for station in STATIONS:
        seen: list[tuple[int, float]] = []
        for at_s in range(0, span_s + 1, 10):
            elevation = _elevation(at_s, station)
            if elevation > station.mask_deg:
                seen.append((at_s, elevation))
            elif seen:
                up = 8 + seen[0][0] % 23
                lost = {"crc": up % 4, "out of window": up % 2} if up % 3 == 0 else {}
                found.append(
                    LinkPass(
                        station=station.name,
                        aos_s=seen[0][0],
                        los_s=seen[-1][0],
                        max_elevation_deg=max(e for _, e in seen),
                        frames_up=up,
                        frames_down=11 * (seen[-1][0] - seen[0][0]),
                        lost=lost,
                    )
                )
                seen = []
    return sorted(found, key=lambda each: each.aos_s)


Pixels = tuple[list[list[int]], int, int]


def _landscape() -> Pixels:
    side = 64
    noise = random.Random(5)
    tops = (900, 1000, 1100, 2600)
    bands = [
        [
            int(top * (0.6 + 0.3 * math.sin(row / 9 + band) * math.cos(column / 7)) + noise.randrange(80))
            for row in range(side)
            for column in range(side)
        ]
        for band, top in enumerate(tops)
    ]
    return bands, side, side


def picture(index: int, target: str, taken_s: float, pixels: Pixels) -> GalleryItem:
    """A scene with clouds drawn into it, beside its mask."""
    bands, width, height = pixels
    bands = [list(band) for band in bands]
    mask = bytearray(width * height)
    phase = 1.7 * index
    for row in range(height):
        for column in range(width):
            x, y = 9 * column / width, 9 * row / height
            wave = math.sin(x + phase) + math.sin(1.3 * y - phase) + 0.6 * math.sin(2.3 * (x - y) + 2 * phase)
            shade = (
                math.sin(x + 0.5 + phase)
                + math.sin(1.3 * (y - 0.5) - phase)
                + 0.6 * math.sin(2.3 * (x - y + 1) + 2 * phase)
            )
            pixel = row * width + column
            if wave > 1.25:
                cover = min(1.0, (wave - 1.25) * 2.5)
                mask[pixel] = MaskClass.CLOUD
                for band in bands:
                    band[pixel] = int(band[pixel] * (1 - cover) + 5200 * cover)
            elif shade > 1.5:
                mask[pixel] = MaskClass.SHADOW
                for band in bands:
                    band[pixel] = int(band[pixel] * 0.55)
    return gallery_item(
        image=index,
        target=target,
        taken_s=taken_s,
        bands=bands,
        mask=bytes(mask),
        width=width,
        height=height,
        received_s=taken_s + 1300,
        clouds_synthetic=True,
    )


def _images(span_s: int) -> list[ImageRecord]:
    found: list[ImageRecord] = []
    for at_s in range(0, span_s, 20):
        latitude, longitude, sunlit = _position(at_s)
        for target in TARGETS:
            near = abs(latitude - target.latitude_deg) < 0.7 and abs(longitude - target.longitude_deg) < 7
            if near and sunlit == 1.0 and (not found or found[-1].target != target.name):
                index = len(found)
                cloud = 0.5 + 0.5 * math.sin(2.4 * index + 1)
                outcome = ImageOutcome.DISCARDED if cloud > 0.7 else ImageOutcome.PROCESSED
                outcome = ImageOutcome.FAILED if index % 11 == 9 else outcome
                outcome = ImageOutcome.WAITING if at_s > span_s - 600 else outcome
                found.append(
                    ImageRecord(image=index, target=target.name, taken_s=at_s, outcome=outcome, cloud_fraction=cloud)
                )
    return found


def _compute_modes(images: list[ImageRecord], span_s: int) -> list[ModeSpan]:
    spans = [ModeSpan(mode="OFF", start_s=0, end_s=40), ModeSpan(mode="BOOTING", start_s=40, end_s=75)]
    for image in images:
        start = max(image.taken_s + 20, spans[-1].end_s)
        steps = [("IDLE", start), ("WARMING", start + 25), ("RUNNING", start + 160)]
        steps += [("THROTTLED", start + 190)] if image.image % 3 == 1 else []
        steps += [("COOLING", steps[-1][1] + 60)]
        for mode, end in steps:
            if spans[-1].end_s < end <= span_s:
                spans.append(ModeSpan(mode=mode, start_s=spans[-1].end_s, end_s=end))
    return [*spans, ModeSpan(mode="IDLE", start_s=spans[-1].end_s, end_s=span_s)]


BOARD_W = {"OFF": 0.0, "BOOTING": 9.0, "IDLE": 5.2, "WARMING": 8.0, "RUNNING": 24.6, "THROTTLED": 14.8, "COOLING": 5.0}


class _Histories:
    """Power and temperatures, stepped in first-order lags."""

    def __init__(self, span_s: int, step_s: int, modes: list[ModeSpan], passes: list[LinkPass]) -> None:
        noise = random.Random(1)
        self.time_s = list(range(0, span_s + 1, step_s))
        self.array_w: list[float | None] = []
        self.load_w: list[float | None] = []
        self.soc: list[float | None] = []
        self.board_w: list[float | None] = []
        names = ("compute board", "battery", "camera", "radio", "structure", "solar array")
        self.nodes: dict[str, list[float | None]] = {name: [] for name in names}
        charge, row = 0.93, 0
        now = {
            "compute board": 21.0,
            "battery": 16.0,
            "camera": 8.0,
            "radio": 19.0,
            "structure": 11.0,
            "solar array": 40.0,
        }
        for at_s in self.time_s:
            while row + 1 < len(modes) and at_s >= modes[row].end_s:
                row += 1
            sunlit = _position(at_s)[2]
            linked = any(each.aos_s <= at_s <= each.los_s for each in passes)
            board = BOARD_W[modes[row].mode]
            board += 0.3 * noise.random() if board else 0.0
            array = 64 * sunlit * (0.86 + 0.14 * math.cos(2 * math.pi * at_s / PERIOD_S))
            load = 17.5 + board + 22 * linked + 0.5 * noise.random()
            taken = array if charge < 0.985 else min(array, load)
            charge = min(charge + (taken - load) * step_s / 3600 / 80, 0.985)
            goal = {
                "compute board": now["structure"] + 1.7 * board,
                "battery": now["structure"] + 6,
                "camera": now["structure"] - 3,
                "radio": now["structure"] + 7 + 24 * linked,
                "structure": 4 + 14 * sunlit,
                "solar array": -38 + 108 * sunlit,
            }
            lag_s = {
                "compute board": 320,
                "battery": 4200,
                "camera": 1500,
                "radio": 420,
                "structure": 2200,
                "solar array": 260,
            }
            for name, value in now.items():
                now[name] = value + (goal[name] - value) * min(step_s / lag_s[name], 1)
                self.nodes[name].append(None if 2400 < at_s < 2520 and name == "camera" else now[name])
            self.array_w.append(array)
            self.load_w.append(load)
            self.soc.append(charge)
            self.board_w.append(board)


def _jobs(images: list[ImageRecord]) -> list[JobRecord]:
    variants = ("csmask-int8", "csmask-fp16", "csmask-small")
    jobs = []
    for image in images:
        ran = image.outcome in {ImageOutcome.PROCESSED, ImageOutcome.DISCARDED}
        outcome = JobOutcome.COMPLETED if image.outcome is ImageOutcome.PROCESSED else JobOutcome.DISCARDED
        if not ran:
            outcome = (JobOutcome.FAILED, JobOutcome.EXPIRED)[image.image % 2]
        why = {
            JobOutcome.DISCARDED: "cloud cover above 70 %",
            JobOutcome.FAILED: "worker stopped: time limit",
            JobOutcome.EXPIRED: "deadline passed before a slot was free",
        }
        jobs.append(
            JobRecord(
                job=2 * image.image,
                image=image.image,
                outcome=outcome,
                reason=why.get(outcome, ""),
                value=3.0 - 2 * (image.cloud_fraction or 0),
                variant=variants[image.image % 3] if ran else "",
                submitted_s=image.taken_s + 4,
                ended_s=image.taken_s + 160,
                duration_s=88.4 + 7 * (image.image % 5) if ran else None,
                energy_wh=0.43 + 0.05 * (image.image % 4) if ran else None,
            )
        )
        if image.image % 3 == 0:
            jobs.append(
                JobRecord(
                    job=2 * image.image + 1,
                    image=image.image,
                    outcome=JobOutcome.REFUSED,
                    reason=("battery floor", "board temperature")[image.image % 2],
                    value=1.5,
                    submitted_s=image.taken_s + 6,
                    ended_s=image.taken_s + 7,
                )
            )
    return jobs


def _commands(passes: list[LinkPass]) -> list[CommandRecord]:
    menu = (
        ("PAYLOAD.SUBMIT", "scene=7 value=3.0"),
        ("THERMAL.SET_HEATER", "line=2 on=true"),
        ("CAMERA.TAKE", "target='Shanghai' exposure_ms=4.2"),
        ("PAYLOAD.LOAD_MODEL", "slot=B name='csmask-int8'"),
        ("EPS.SWITCH_LINE", "line=5 on=false"),
        ("THERMAL.SET_HEATER", "line=9 on=true"),
        ("ADCS.POINT", "mode=NADIR"),
        ("SYSTEM.NOOP", ""),
    )
    commands: list[CommandRecord] = []
    for each in passes:
        for index, at_s in enumerate(range(int(each.aos_s) + 20, int(each.los_s) - 20, 40)):
            name, arguments = menu[(len(commands) + index) % len(menu)]
            invalid = arguments.startswith("line=9")
            failed = len(commands) % 17 == 12 and not invalid
            sent = at_s + 0.37
            stages = [StageReport(stage=Stage.ACCEPTED, at_s=sent + 0.021, ok=not invalid)]
            if not invalid:
                stages += [
                    StageReport(stage=Stage.STARTED, at_s=sent + 0.034),
                    StageReport(stage=Stage.COMPLETED, at_s=sent + 0.9 + index * 0.31, ok=not failed),
                ]
            verdict = CommandVerdict.REJECTED if invalid else CommandVerdict.COMPLETED
            reason = "line is 9, allowed are 0 to 7" if invalid else ""
            commands.append(
                CommandRecord(
                    sequence=len(commands) + 1,
                    name=name,
                    arguments=arguments,
                    source=("procedure", "console")[index % 2],
                    hazardous=name == "EPS.SWITCH_LINE",
                    invalid=invalid,
                    sent_s=sent,
                    verdict=CommandVerdict.FAILED if failed else verdict,
                    code=3 if invalid else 17 if failed else None,
                    reason="camera not ready after 2 s" if failed else reason,
                    stages=stages,
                )
            )
    return commands


def _events(span_s: int, images: list[ImageRecord], modes: list[ModeSpan]) -> list[EventRecord]:
    found = [
        EventRecord(
            at_s=0.2, severity=Severity.INFO, source="executive", name="BOOTED", text="14 apps in 0.41 s, cold start"
        )
    ]
    found += [
        EventRecord(
            at_s=image.taken_s + 0.4,
            severity=Severity.ERROR if image.outcome is ImageOutcome.FAILED else Severity.INFO,
            source="camera",
            name="IMAGE_TAKEN",
            text=f"image {image.image} of {image.target}, 4 bands of 300 x 300",
        )
        for image in images
    ]
    found += [
        EventRecord(
            at_s=span.start_s,
            severity=Severity.ERROR if span.mode == "THROTTLED" else Severity.DEBUG,
            source="payload",
            name="COMPUTE_MODE",
            text=f"compute board is {span.mode}",
        )
        for span in modes
    ]
    if span_s > 2400:
        found.append(
            EventRecord(
                at_s=2401.5, severity=Severity.ERROR, source="thermal", name="SENSOR_SILENT",
                text="camera node: no reply in 3 tries, using the estimate",
            )
        )  # fmt: skip
    return sorted(found, key=lambda event: event.at_s)


def _ledger(span_s: int) -> Ledger:
    apps = ("command_ingest", "eps", "thermal", "adcs", "camera", "payload", "products", "telemetry_output")
    rows = []
    for index, app in enumerate(apps):
        sent = span_s // (1 + index % 3)
        rows.append(LedgerRow(message=f"{app}.hk", destination="telemetry_output", sent=sent, delivered=sent))
        dropped = {"inbox full": 4} if app == "camera" else {}
        rows.append(
            LedgerRow(
                message=f"{app}.state", destination="health", sent=2 * sent, delivered=2 * sent - sum(dropped.values()),
                dropped=dropped,
            )
        )  # fmt: skip
    return Ledger(rows=rows)


def _products(images: list[ImageRecord], passes: list[LinkPass]) -> list[ProductRecord]:
    products = []
    for image in images:
        if image.outcome is not ImageOutcome.PROCESSED:
            continue
        for kind, size in (("mask", 11_400), ("thumbnail", 38_000), ("alert", 96)):
            made = image.taken_s + 165
            down = next((each.aos_s + 60 for each in passes if each.los_s > made + 60), None)
            received = max(down, made + 4.5) if down is not None else None
            products.append(
                ProductRecord(
                    name=f"{image.target.lower().replace(' ', '-')}-{image.image:04d}.{kind}",
                    kind=kind,
                    image=image.image,
                    size_bytes=size + 13 * image.image,
                    created_s=made,
                    received_s=received,
                )
            )
    return products


def _expectations() -> list[Expectation]:
    demands = (
        ("PWR-01", "State of charge never below its floor", "lowest 71.3 %, floor 30 %"),
        ("THM-02", "Compute board never above 75 \u00b0C", "highest 61.2 \u00b0C"),
        ("CMD-01", "Every command has exactly one verdict", "all of them"),
        ("BUS-01", "The ledger closes", "sent = delivered + dropped on every row"),
        ("PAY-03", "At least two masks received", "3 received"),
    )
    return [
        Expectation(requirement=name, text=text, verdict=Verdict.PASS, detail=detail) for name, text, detail in demands
    ]


def make_report(span_s: int, step_s: int = 10, pixels: Pixels | None = None) -> MissionReport:
    """A report of a flight of ``span_s`` seconds, sampled every ``step_s``."""
    scene = pixels or _landscape()
    passes = _passes(span_s)
    images = _images(span_s)
    modes = _compute_modes(images, span_s)
    past = _Histories(span_s, step_s, modes, passes)
    track = [_position(at_s) for at_s in past.time_s]
    products = _products(images, passes)
    limits = {
        "compute board": (-20.0, 75.0), "battery": (0.0, 40.0), "camera": (-15.0, 35.0), "radio": (-20.0, 60.0),
        "structure": (-30.0, 60.0), "solar array": (-90.0, 110.0),
    }  # fmt: skip
    spacecraft = [ModeSpan(mode="SAFE", start_s=0, end_s=110), ModeSpan(mode="NOMINAL", start_s=110, end_s=span_s)]
    for image in images:
        last = spacecraft.pop()
        if last.start_s < image.taken_s - 45 and image.taken_s + 30 < span_s:
            spacecraft += [
                ModeSpan(mode="NOMINAL", start_s=last.start_s, end_s=image.taken_s - 45),
                ModeSpan(mode="IMAGING", start_s=image.taken_s - 45, end_s=image.taken_s + 30),
                ModeSpan(mode="NOMINAL", start_s=image.taken_s + 30, end_s=span_s),
            ]
        else:
            spacecraft.append(last)
    return MissionReport(
        mission="urbanwatch",
        spacecraft="UW-1",
        scenario="nominal flight",
        seed=7,
        start_utc_s=START_UTC_S,
        span_s=span_s,
        verdict=Verdict.PASS,
        verdict_reason="All expectations held.",
        trace_hash=hashlib.sha256(b"trace").hexdigest(),
        dictionary_hash=hashlib.sha256(b"dictionary").hexdigest(),
        software="flightsw 0.1.0",
        cpu_s=span_s / 2900,
        expectations=_expectations(),
        orbit=Orbit(
            track=Series(
                time_s=past.time_s,
                columns={
                    "latitude_deg": [each[0] for each in track],
                    "longitude_deg": [each[1] for each in track],
                    "sunlit": [each[2] for each in track],
                },
            ),
            altitude_km=ALTITUDE_KM,
            stations=STATIONS,
            targets=TARGETS,
        ),
        power=Power(
            history=Series(
                time_s=past.time_s, columns={"array_w": past.array_w, "load_w": past.load_w, "soc": past.soc}
            ),
            soc_floor=0.3,
            battery_wh=80.0,
        ),
        thermal=Thermal(
            history=Series(time_s=past.time_s, columns=past.nodes),
            nodes=[ThermalNode(name=name, low_c=low, high_c=high) for name, (low, high) in limits.items()],
            compute_node="compute board",
        ),
        compute=Compute(modes=modes, history=Series(time_s=past.time_s, columns={"power_w": past.board_w})),
        spacecraft_modes=spacecraft,
        jobs=_jobs(images),
        commands=_commands(passes),
        passes=passes,
        downlink=Downlink(
            raw_bytes=720_000 * len(images),
            sent_bytes=sum(p.size_bytes for p in products if p.received_s is not None),
            settled_images=len(images),
            settled_bytes=720_000 * len(images),
        ),
        products=products,
        images=images,
        gallery=[
            picture(image.image, image.target, image.taken_s, scene)
            for image in images
            if image.outcome is ImageOutcome.PROCESSED
        ][:12],
        events=_events(span_s, images, modes),
        ledger=_ledger(span_s),
        faults=[
            FaultRecord(
                at_s=2400.0, until_s=2520.0, fault="sensor_silent", where="camera thermistor", detail="no reply on I2C",
                detected_s=2401.5, reaction="estimate used, event raised", recovered_s=2520.9,
            ),
            FaultRecord(at_s=3900.0, fault="stored_block_flip", where="mass memory", detail="1 bit in block 4711"),
        ] if span_s > 4000 else [],
    )  # fmt: skip


@pytest.fixture(scope="session")
def orbit_report() -> MissionReport:
    """A flight of one orbit, sampled every 10 s."""
    return make_report(PERIOD_S)


@pytest.fixture(scope="session")
def day_report() -> MissionReport:
    """A flight of 24 h, sampled every 4 s."""
    return make_report(86_400, step_s=4)


@pytest.fixture(scope="session")
def empty_report() -> MissionReport:
    """A flight of which nothing was recorded."""
    return MissionReport(
        mission="urbanwatch",
        spacecraft="UW-1",
        seed=1,
        start_utc_s=START_UTC_S,
        span_s=0,
        verdict=Verdict.ERROR,
        verdict_reason="The vehicle did not boot.",
    )
