"""Which values the console shows, and how: data, no code. What a mission's dictionary does not have is left out."""

from __future__ import annotations

from enum import Enum, unique

import msgspec


@unique
class Form(Enum):
    """How a value is written."""

    NUMBER = "number"
    PERCENT = "percent"
    """A fraction of 1 as percent."""
    WORD = "word"
    """An enumeration's member, or a text."""
    YES_NO = "yes or no"
    BITS = "bits"
    """The numbers of the bits that are set, the lowest is 0."""
    LIST = "list"
    """All items of an array."""


class Row(msgspec.Struct, frozen=True):
    """One reading of a panel.

    Attributes:
        label: what stands in front of it.
        field: its name in the dictionary, short or full.
        form: how it is written.
        decimals: of a number.
        bits: how many bits there are.
        gauge: the values at both ends of its gauge; None for no gauge.
        trend: whether its course over the last orbit is drawn.
        unit: unit to show instead of the dictionary's.
    """

    label: str
    field: str
    form: Form = Form.NUMBER
    decimals: int = 1
    bits: int = 8
    gauge: tuple[float, float] | None = None
    trend: bool = False
    unit: str | None = None


class Panel(msgspec.Struct, frozen=True):
    """Readings under one title, the important ones first."""

    title: str
    rows: tuple[Row, ...]


class Display(msgspec.Struct, frozen=True):
    """The telemetry that a console shows.

    Attributes:
        mode: the field that says what the spacecraft as a whole does.
        station: the field with the name of the station in contact.
        elevation: the field with the spacecraft's elevation there.
        panels: by subsystem.
        headline: readings of a progress line.
        trend_s: the time that trends cover.
    """

    mode: str
    station: str
    elevation: str
    panels: tuple[Panel, ...]
    headline: tuple[Row, ...]
    trend_s: int = 5_700


STANDARD_DISPLAY = Display(
    mode="MODE_MANAGER.mode",
    station="MODE_MANAGER.station",
    elevation="MODE_MANAGER.elevation",
    panels=(
        Panel(
            "Power",
            (
                Row("charge", "POWER.state_of_charge", Form.PERCENT, gauge=(0.0, 1.0), trend=True),
                Row("array", "POWER.array_power", trend=True),
                Row("load", "POWER.load_power", trend=True),
                Row("battery", "POWER.battery_voltage", decimals=2, trend=True),
                Row("current", "POWER.battery_current", decimals=2, trend=True),
                Row("lines on", "POWER.lines_on", Form.BITS, bits=12),
                Row("tripped", "POWER.lines_tripped", Form.BITS, bits=12),
                Row("shedding", "POWER.shed_level", Form.WORD),
                Row("batt temp", "POWER.battery_temperature", trend=True),
            ),
        ),
        Panel(
            "Thermal",
            (
                Row("margin", "THERMAL.margin", trend=True),
                Row("compute", "PAYLOAD.board_temperature", gauge=(-20.0, 85.0), trend=True),
                Row("battery", "POWER.battery_temperature", trend=True),
                Row("heaters", "THERMAL.heaters_on", Form.BITS),
                Row("worst", "THERMAL.worst_sensor", decimals=0),
                Row("sensors", "THERMAL.temperatures", Form.LIST, decimals=0, unit="degC"),
                Row("overruled", "THERMAL.heaters_overruled", Form.BITS),
            ),
        ),
        Panel(
            "Attitude and orbit",
            (
                Row("pointing", "ATTITUDE.ATTITUDE_STATUS.mode", Form.WORD),
                Row("error", "ATTITUDE.pointing_error", decimals=2, trend=True),
                Row("rate", "ATTITUDE.rate_norm", decimals=3, trend=True),
                Row("latitude", "ATTITUDE.latitude", decimals=2, trend=True),
                Row("longitude", "ATTITUDE.longitude", decimals=2),
                Row("altitude", "ATTITUDE.altitude", decimals=1),
                Row("sunlit", "ATTITUDE.sunlit", Form.YES_NO),
                Row("star track", "ATTITUDE.ATTITUDE_STATUS.valid", Form.YES_NO),
            ),
        ),
        Panel(
            "Compute payload",
            (
                Row("mode", "PAYLOAD.PAYLOAD_STATUS.mode", Form.WORD),
                Row("board", "PAYLOAD.board_power_mode", decimals=0, trend=True),
                Row("jobs done", "PAYLOAD.PAYLOAD_STATUS.completed", decimals=0),
                Row("queued", "PAYLOAD.PAYLOAD_STATUS.queued", decimals=0),
                Row("cloudy", "PAYLOAD.PAYLOAD_STATUS.discarded", decimals=0),
                Row("guard", "PAYLOAD.guard", Form.WORD),
                Row("energy", "PAYLOAD.PAYLOAD_STATUS.energy", decimals=2),
                Row("policy", "PAYLOAD.policy", Form.WORD),
                Row("refusals", "PAYLOAD.guard_refusals", decimals=0),
            ),
        ),
        Panel(
            "Images and products",
            (
                Row("images", "CAMERA.images_taken", decimals=0),
                Row("missed", "CAMERA.images_missed", decimals=0),
                Row("next in", "CAMERA.seconds_to_next", decimals=0),
                Row("sent", "PRODUCTS.PRODUCTS_STATUS.sent", decimals=0),
                Row("waiting", "PRODUCTS.waiting", decimals=0),
                Row("alerts", "PRODUCTS.alerts", decimals=0),
                Row("camera", "CAMERA.activity", Form.WORD),
            ),
        ),
    ),
    headline=(
        Row("charge", "POWER.state_of_charge", Form.PERCENT),
        Row("board", "PAYLOAD.board_temperature"),
        Row("images", "CAMERA.images_taken", decimals=0),
        Row("jobs", "PAYLOAD.PAYLOAD_STATUS.completed", decimals=0),
        Row("products", "PRODUCTS.PRODUCTS_STATUS.sent", decimals=0),
    ),
)
"""The reference mission's display; a mission with other apps shows those of its panels that it has."""
