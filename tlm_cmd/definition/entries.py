"""What an app contributes to the mission dictionary, and what becomes of it there."""

from __future__ import annotations

import msgspec

from tlm_cmd.definition.codec import Codec, codec_of
from tlm_cmd.definition.message import Command, Event, Telemetry
from tlm_cmd.errors import ProtocolError

APIDS_PER_APP = 16
HIGHEST_APP_APID = 0x7EF
COMMAND_MESSAGE_ID = 0x1800  # packet type and secondary-header bits of a command, as in cFS
TELEMETRY_MESSAGE_ID = 0x0800


class DictionaryError(ProtocolError):
    """Apps that cannot live in one dictionary, or a name or id that is not in it."""


class AppInterface(msgspec.Struct, frozen=True):
    """What one app contributes.

    Attributes:
        name: the app's name in the mission, snake case.
        apid: first of the app's 16 APIDs; commands go to it, events come from it, telemetry packet k from apid + 1 + k.
        commands: command classes, with unique function codes.
        telemetry: telemetry classes, in the order of their APIDs; new ones go to the end.
        events: event classes, with unique codes.
    """

    name: str
    apid: int
    commands: tuple[type[Command], ...] = ()
    telemetry: tuple[type[Telemetry], ...] = ()
    events: tuple[type[Event], ...] = ()


class CommandEntry(msgspec.Struct, frozen=True):
    """One command. ``name`` is what a controller types: ``THERMAL.SET_HEATER``."""

    name: str
    app: str
    apid: int
    record: type[Command]

    @property
    def code(self) -> int:
        """Function code within the app."""
        return self.record.code

    @property
    def message_id(self) -> int:
        """The app's command message id on the bus."""
        return COMMAND_MESSAGE_ID | self.apid

    @property
    def codec(self) -> Codec[Command]:
        """Octets to command and back."""
        return codec_of(self.record)


class TelemetryEntry(msgspec.Struct, frozen=True):
    """One telemetry packet. ``name`` is ``THERMAL.THERMAL_HK``."""

    name: str
    app: str
    apid: int
    record: type[Telemetry]

    @property
    def message_id(self) -> int:
        """The packet's message id on the bus."""
        return TELEMETRY_MESSAGE_ID | self.apid

    @property
    def codec(self) -> Codec[Telemetry]:
        """Octets to packet and back."""
        return codec_of(self.record)


class EventEntry(msgspec.Struct, frozen=True):
    """One event. ``name`` is ``THERMAL.HEATER_STUCK``."""

    name: str
    app: str
    apid: int
    record: type[Event]

    @property
    def code(self) -> int:
        """Number within the app."""
        return self.record.code
