"""The rows of a mission report: one struct per thing that happened.

Times are mission elapsed time (MET) in seconds. A table row carries fractions of a second, because commands
and faults are judged by them. What was never observed is None, never zero.
"""

from enum import StrEnum, unique

from msgspec import Struct


@unique
class Verdict(StrEnum):
    """What a flight, or one expectation of it, came to."""

    PASS = "pass"  # noqa: S105 - a verdict, no password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    ERROR = "error"


class Expectation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing the scenario demanded, and whether it held."""

    requirement: str
    """Identifier of the requirement it verifies."""
    text: str
    """The demand, as a sentence."""
    verdict: Verdict
    detail: str = ""
    """What was found, with numbers."""


@unique
class CommandVerdict(StrEnum):
    """How a command ended. Each command gets exactly one; NONE is the absence of it, and a defect."""

    COMPLETED = "completed"
    REFUSED_ON_GROUND = "refused on ground"
    """It did not fit the dictionary, or was not confirmed, and never left."""
    REJECTED = "rejected"
    """Not accepted on board."""
    FAILED = "failed"
    TIMED_OUT = "timed out"
    """No report came in time."""
    NONE = "none"


@unique
class Stage(StrEnum):
    """The verification stages of ECSS-E-ST-70-41C, service 1."""

    ACCEPTED = "accepted"
    STARTED = "started"
    PROGRESS = "progress"
    COMPLETED = "completed"


class StageReport(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One verification report of a command."""

    stage: Stage
    at_s: float
    ok: bool = True
    """False when the stage was reported as failed."""


class CommandRecord(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One command from release to verdict."""

    sequence: int
    """Running number of the release, unique in the flight."""
    name: str
    """Name in the dictionary, such as ``PAYLOAD.SUBMIT``."""
    sent_s: float
    verdict: CommandVerdict
    arguments: str = ""
    """Arguments as the operator wrote them."""
    source: str = ""
    """Who released it: ground, procedure, on-board sequence."""
    hazardous: bool = False
    """True when the dictionary asks for a confirmation."""
    invalid: bool = False
    """True when the scenario expects it to be refused, so that rejection is the right answer."""
    code: int | None = None
    """Failure code of the verification report."""
    reason: str = ""
    stages: list[StageReport] = []


@unique
class JobOutcome(StrEnum):
    """How an inference job ended."""

    COMPLETED = "completed"
    DISCARDED = "discarded"
    REFUSED = "refused"
    EXPIRED = "expired"
    FAILED = "failed"


class JobRecord(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One inference job."""

    job: int
    outcome: JobOutcome
    submitted_s: float
    value: float
    """Worth given by the mission, in its own units."""
    image: int | None = None
    variant: str = ""
    """Model variant that ran, empty when none did."""
    reason: str = ""
    """Why it ended so: the guard's limit, the cloud cover, the error."""
    ended_s: float | None = None
    duration_s: float | None = None
    """Time on the compute board [s], waiting excluded."""
    energy_wh: float | None = None
    """Energy of the compute board above idle [Wh]."""


@unique
class ImageOutcome(StrEnum):
    """What became of an image."""

    PROCESSED = "processed"
    DISCARDED = "discarded"
    FAILED = "failed"
    WAITING = "waiting"


class ImageRecord(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One image taken."""

    image: int
    target: str
    """Name of the target it was taken for."""
    taken_s: float
    outcome: ImageOutcome
    cloud_fraction: float | None = None
    """Cloud cover found on board [0..1]."""


class LinkPass(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One contact with a ground station."""

    station: str
    aos_s: float
    """Acquisition of signal."""
    los_s: float
    """Loss of signal."""
    max_elevation_deg: float
    frames_up: int = 0
    """Command frames received on board."""
    frames_down: int = 0
    """Telemetry frames received on ground."""
    lost: dict[str, int] = {}
    """Frames lost in either direction, by reason."""


class ProductRecord(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One file or alert made on board."""

    name: str
    kind: str
    """Mask, thumbnail, alert, ..."""
    size_bytes: int
    created_s: float
    image: int | None = None
    received_s: float | None = None
    """When the ground had it whole; None while it is still on board."""


@unique
class Severity(StrEnum):
    """Severity of an event, mildest first."""

    DEBUG = "debug"
    INFO = "info"
    ERROR = "error"
    CRITICAL = "critical"


class EventRecord(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One event message."""

    at_s: float
    severity: Severity
    source: str
    """App that sent it."""
    name: str
    text: str = ""


class FaultRecord(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One entry of the truth channel, which the flight software cannot read."""

    at_s: float
    fault: str
    """Name in the fault catalogue."""
    where: str = ""
    """Equipment, wire or memory that it acts on."""
    detail: str = ""
    until_s: float | None = None
    """End of the fault; None when it stays."""
    detected_s: float | None = None
    reaction: str = ""
    recovered_s: float | None = None


class GalleryItem(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A scene beside the mask that came down; ``imagery.gallery_item`` makes one from pixels."""

    image: int
    target: str
    taken_s: float
    scene_png: bytes
    """True colour, as the camera saw it. It stays on board and is shown for comparison."""
    mask_png: bytes
    """Classes as received, in the palette of ``imagery``."""
    clear: float
    """Share of clear pixels [0..1]; the four shares add up to 1."""
    cloud: float
    shadow: float
    no_data: float = 0.0
    """Share of pixels that never arrived."""
    received_s: float | None = None
    clouds_synthetic: bool = False
    """True when the simulator drew the clouds into a clear scene."""
    ground: str = ""
    """What the ground in the picture is, if it is not the target's own."""
    caption: str = ""
