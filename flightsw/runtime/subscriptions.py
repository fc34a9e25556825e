"""Which messages one app gets, and which of its methods takes each."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from flightsw.app import App
from flightsw.bus.inbox import InboxLimits
from flightsw.bus.overflow import Overflow, Reception
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

    def make(self, bus: Bus, limits: InboxLimits, besides: Iterable[int] = ()) -> None:
        """Subscribe the app to its commands, to what it handles and collects, and to what it asks for besides.

        Args:
            bus: where.
            limits: of the app's inboxes.
            besides: ids of messages that the app's container needs.

        Raises:
            FlightSoftwareError: it handles what no app, or more than one, declares, or asks for commands of others.
            DictionaryError: it handles a command that it does not declare.
        """
        command_id = COMMAND_MESSAGE_ID | self._dictionary.apid_of(self._owner)
        bus.subscribe(self._owner, command_id, Quality.COMMAND, limits.commands, Overflow.WAIT)
        wanted: list[tuple[int, Reception]] = []
        for record, method in type(self._app).handlers.items():
            wanted += self._with_reception(method, self._handled(record))
        for packet, method in type(self._app).collectors.items():
            wanted += self._with_reception(method, self._collected(packet))
        for message_id in self._app.subscriptions():
            if message_id & COMMAND_MESSAGE_ID == COMMAND_MESSAGE_ID:
                raise FlightSoftwareError(
                    f"{self._owner} asks for message 0x{message_id:04x}, a command; only the app that it is for gets it"
                )
            wanted.append((message_id, Reception()))
            self._asked_for[message_id] = partial(self._app.received, message_id)
        wanted += [(message_id, Reception()) for message_id in besides]
        for message_id, reception in self._agreed(wanted).items():
            self._subscribe(bus, message_id, reception, limits)

    def handler(self, message_id: int, message: object) -> Handler | None:
        """The method that takes a message; None for other events of an app of which one event is handled."""
        handler = self._handlers.get(message_id) or self._event_handlers.get(type(message))
        return handler or self._asked_for.get(message_id)

    def _with_reception(self, method: str, message_ids: Iterable[int]) -> list[tuple[int, Reception]]:
        reception: Reception = getattr(self._app, method).reception
        return [(message_id, reception) for message_id in message_ids]

    def _agreed(self, wanted: Iterable[tuple[int, Reception]]) -> dict[int, Reception]:
        """How each message is taken; where several methods take it, the one that says something decides."""
        agreed: dict[int, Reception] = {}
        for message_id, reception in wanted:
            before = agreed.get(message_id, Reception())
            if Reception() not in {before, reception} and before != reception:
                raise FlightSoftwareError(
                    f"{self._owner}: two handlers of message 0x{message_id:04x} (all events of an app are one message) "
                    f"ask for different limits or overflow: {before}, {reception}"
                )
            agreed[message_id] = reception if before == Reception() else before
        return agreed

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

    def _subscribe(self, bus: Bus, message_id: int, reception: Reception, limits: InboxLimits) -> None:
        entry = self._dictionary.telemetry_by_apid(message_id & 0x7FF)
        quality, limit = Quality.TELEMETRY, DEFAULT_MESSAGE_LIMIT
        if entry is not None:
            quality = entry.record.quality
            if entry.record is VerificationReport:  # as dear as commands, of which there may be as many
                limit = limits.depth(quality)
        bus.subscribe(self._owner, message_id, quality, reception.limit or limit, reception.overflow)
