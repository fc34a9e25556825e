"""Interface of the mode manager: what the spacecraft as a whole is doing."""

from __future__ import annotations

from enum import IntEnum, unique
from typing import Annotated

from tlm_cmd.definition.fields import I16, U8, U32, Linear, Range, Unit, UpTo
from tlm_cmd.definition.message import Command, Event, Severity, Telemetry


@unique
class SpacecraftMode(IntEnum):
    """Modes of the spacecraft."""

    BOOT = 0
    DETUMBLE = 1
    SAFE = 2
    NOMINAL = 3
    IMAGING = 4
    DOWNLINK = 5


class SetMode(Command, code=2):
    """Bring the spacecraft into a mode; NOMINAL leaves SAFE, SAFE is always granted."""

    mode: SpacecraftMode


class RequestImaging(Command, code=3):
    """Ask for the imaging mode; the app that asked must give it back."""

    seconds: Annotated[int, U8, Range(10, 240), Unit("s"), "after which the mode ends by itself"]


class ReleaseImaging(Command, code=4):
    """Give the imaging mode back."""


class ModeStatus(Telemetry, period_s=1):
    """The spacecraft's mode and its contact with the ground."""

    mode: SpacecraftMode
    in_contact: Annotated[bool, "a station sees the spacecraft, by the on-board forecast"]
    station: Annotated[str, UpTo(16), "the station in contact, empty when there is none"]
    elevation: Annotated[float, I16, Linear(0.01), Unit("deg"), "of the spacecraft above that station"]
    seconds_in_mode: Annotated[int, U32, Unit("s"), "since the mode was entered"]
    transitions: Annotated[int, U32, "mode changes since boot"]


class ModeChanged(Event, code=32, text="mode {previous} to {mode}: {cause}"):
    """The spacecraft changed its mode."""

    previous: SpacecraftMode
    mode: SpacecraftMode
    cause: Annotated[str, UpTo(64)]


class SafeModeEntered(Event, code=33, severity=Severity.CRITICAL, text="safe mode: {cause}"):
    """The spacecraft protects itself."""

    cause: Annotated[str, UpTo(64)]


class ContactBegan(Event, code=34, text="contact with {station} began"):
    """A station rose above its mask."""

    station: Annotated[str, UpTo(16)]


class ContactEnded(Event, code=35, text="contact with {station} ended"):
    """A station set below its mask."""

    station: Annotated[str, UpTo(16)]
