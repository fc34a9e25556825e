"""Which messages one app gets, and which of its methods takes each."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from flightsw.app import App
from flightsw.bus.inbox import InboxLimits
from flightsw.bus.router import DEFAULT_MESSAGE_LIMIT, Bus
from flightsw.errors import FlightSoftwareError
from tlm_cmd.definition.dictionary import COMMAND_MESSAGE_ID, TELEMETRY_MESSAGE_ID, Dictionary
from tlm_cmd.definition.message import Command, Event, Quality, Telemetry
from tlm_cmd.packets.verification import VerificationReport

Handler = Callable[[Any], object]


class Subscriptions:
    """The messages of one app, worked out from what its class declares.

    Args:
        owner: the app's name in the mission.
        app: the app.
        dictionary: the mission's words.
    """

    def __init__(self, owner: str, app: App, dictionary: Dictionary) -> None:
        self._owner = owner
        self._app = app
        self._dictionary = dictionary
        self._handlers: dict[int, Handler] = {}
        self._event_handlers: dict[type[Any], Handler] = {}
        self._asked_for: dict[int, Handler] = {}

    def make(self, bus: Bus, limits: InboxLimits) -> None:
        """Subscribe the app to its commands, to what it handles and collects, and to what it asks for besides.

        Raises:
            FlightSoftwareError: it handles what no app, or more than one, declares, or asks for commands of others.
            DictionaryError: it handles a command that it does not declare.
        """
        command_id = COMMAND_MESSAGE_ID | self._dictionary.apid_of(self._owner)
        bus.subscribe(self._owner, command_id, Quality.COMMAND, limits.commands)
        wanted = [message_id for record in type(self._app).handlers for message_id in self._handled(record)]
        for packet in type(self._app).collectors:
            wanted += self._collected(packet)
        for message_id in self._app.subscriptions():
            if message_id & COMMAND_MESSAGE_ID == COMMAND_MESSAGE_ID:
                raise FlightSoftwareError(
                    f"{self._owner} asks for message 0x{message_id:04x}, a command; only the app that it is for gets it"
                )
            wanted.append(message_id)
            self._asked_for[message_id] = partial(self._app.received, message_id)
        for message_id in wanted:
            self._subscribe(bus, message_id, limits)

    def handler(self, message_id: int, message: object) -> Handler | None:
        """The method that takes a message; None for other events of an app of which one event is handled."""
        handler = self._handlers.get(message_id) or self._event_handlers.get(type(message))
        return handler or self._asked_for.get(message_id)

    def _handled(self, record: type[Any]) -> tuple[int, ...]:
        """The message that a handler's class stands for; none for the results of works."""
        handler = getattr(self._app, type(self._app).handlers[record])
        if issubclass(record, Command):
            self._dictionary.command_of(self._owner, record)
        elif issubclass(record, Telemetry):
            message_id = self._dictionary.telemetry_of(self._only_sender(record), record).message_id
            self._handlers[message_id] = handler
            return (message_id,)
        elif issubclass(record, Event):
            self._event_handlers[record] = handler
            return (TELEMETRY_MESSAGE_ID | self._dictionary.apid_of(self._only_sender(record)),)
        return ()

    def _only_sender(self, record: type[Telemetry | Event]) -> str:
        senders = self._dictionary.apps_declaring(record)
        if len(senders) != 1:
            raise FlightSoftwareError(
                f"{self._owner} handles {record.__name__}, which {', '.join(senders) or 'no app'} declares; "
                "exactly one must (use @collects for a packet of many apps)"
            )
        return senders[0]

    def _collected(self, packet: type[Telemetry]) -> list[int]:
        collector = getattr(self._app, type(self._app).collectors[packet])
        message_ids = []
        for sender in self._dictionary.apps_declaring(packet):
            message_ids.append(self._dictionary.telemetry_of(sender, packet).message_id)
            self._handlers[message_ids[-1]] = partial(collector, sender)
        return message_ids

    def _subscribe(self, bus: Bus, message_id: int, limits: InboxLimits) -> None:
        entry = self._dictionary.telemetry_by_apid(message_id & 0x7FF)
        quality, limit = Quality.TELEMETRY, DEFAULT_MESSAGE_LIMIT
        if entry is not None:
            quality = entry.record.quality
            if entry.record is VerificationReport:  # as dear as commands, of which there may be as many
                limit = limits.depth(quality)
        bus.subscribe(self._owner, message_id, quality, limit)
