"""The interface of the ground process over HTTP: requests in, JSON out, errors with a message that says what to do."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ops_tools.console import json_values
from ops_tools.console.files_api import FilesApi
from ops_tools.console.http_requests import MAX_WAIT_S, guarded, number, path_number, read_json, whole
from ops_tools.console.security_api import SecurityApi
from ops_tools.console.stepping import SteppedGround
from ops_tools.ground.command_record import CommandStage, Verdict, WithoutContact
from tlm_cmd.definition.message import Severity

MAX_LISTED = 1000
"""Most commands, events or values in one answer."""
MAX_NAMES = 100
"""Most names in one question for telemetry."""


class CommandRequest(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a request for a command."""

    name: str
    arguments: dict[str, Any] = {}
    confirm: str | None = None
    without_contact: WithoutContact = WithoutContact.WAIT


class Api:
    """Answers requests from one ground segment.

    Only requests addressed to this host are answered, and commands only as JSON: a page of the World Wide Web that an
    operator happens to look at can do neither.
    """

    def __init__(self, stepped: SteppedGround) -> None:
        self._stepped = stepped
        self._ground = stepped.ground
        self._security = SecurityApi(stepped)
        self._files = FilesApi(stepped)
        self._dictionary = json.dumps(self._ground.dictionary.document()).encode()

    def routes(self) -> list[Route]:
        """The paths that are served."""
        return [
            Route("/", guarded(self.show_index), methods=["GET"]),
            Route("/api/commands", guarded(self.issue_command), methods=["POST"]),
            Route("/api/commands", guarded(self.list_commands), methods=["GET"]),
            Route("/api/commands/{number}", guarded(self.show_command), methods=["GET"]),
            Route("/api/commands/{number}", guarded(self.withdraw_command), methods=["DELETE"]),
            Route("/api/telemetry", guarded(self.show_telemetry), methods=["GET"]),
            Route("/api/telemetry/names", guarded(self.list_names), methods=["GET"]),
            Route("/api/events", guarded(self.list_events), methods=["GET"]),
            Route("/api/status", guarded(self.show_status), methods=["GET"]),
            Route("/api/dictionary", guarded(self.show_dictionary), methods=["GET"]),
            *self._security.routes(),
            *self._files.routes(),
        ]

    # ---------------------------------------------------------------- commands

    async def issue_command(self, request: Request) -> Response:
        """``POST /api/commands``: check and send, or hold; 201 with the record, 422 if it was refused on ground."""
        asked = await read_json(
            request,
            CommandRequest,
            '{"name": "APP.COMMAND", "arguments": {...}, "confirm": "reason, for hazardous commands", '
            '"without_contact": "wait", "refuse" or "radiate"}',
        )
        record = self._ground.issue(
            asked.name,
            asked.arguments,
            asked.confirm,
            now_ns=self._stepped.now_ns(),
            without_contact=asked.without_contact,
        )
        refused = record.verdict is Verdict.REFUSED_ON_GROUND
        return JSONResponse(
            {"error": record.reason, "command": json_values.command(record)}
            if refused
            else json_values.command(record),
            status_code=422 if refused else 201,
        )

    async def list_commands(self, request: Request) -> Response:
        """``GET /api/commands?limit=&since=``: the newest records, the oldest first."""
        records = self._ground.commands.newest(_limit(request), since=whole(request, "since", 0))
        return JSONResponse({"commands": [json_values.command(record) for record in records]})

    async def show_command(self, request: Request) -> Response:
        """``GET /api/commands/N?wait=STAGE&timeout_s=``: one record, at once or when the stage is reached.

        The time-out is in seconds of the host, at most MAX_WAIT_S.
        """
        record = self._ground.commands.record(path_number(request))
        wait = request.query_params.get("wait")
        if wait is not None:
            stage = _stage(wait)
            timeout_s = min(number(request, "timeout_s", 10.0), MAX_WAIT_S)
            await self._stepped.wait_until(lambda: record.reached(stage), timeout_s)
        return JSONResponse(json_values.command(record))

    async def withdraw_command(self, request: Request) -> Response:
        """``DELETE /api/commands/N``: give up a command that waits for contact; 409 if it does not wait any more."""
        command = path_number(request)
        record = self._ground.commands.withdraw(command, now_ns=self._stepped.now_ns())
        return JSONResponse(json_values.command(record))

    # ---------------------------------------------------------------- telemetry and events

    async def show_telemetry(self, request: Request) -> Response:
        """``GET /api/telemetry?name=...&history=N``: packets and fields by name, all packets without a name."""
        names = request.query_params.getlist("name")
        if len(names) > MAX_NAMES:
            raise HTTPException(400, f"{len(names)} names, at most {MAX_NAMES} in one request")
        history = min(whole(request, "history", 0), MAX_LISTED)
        if not names:
            packets = self._ground.telemetry.packets(self._ground.now_ns)
            return JSONResponse({"values": [json_values.packet_value(packet) for packet in packets]})
        return JSONResponse({"values": [self._value(name, history) for name in names]})

    def _value(self, name: str, history: int) -> dict[str, Any]:
        telemetry, now_ns = self._ground.telemetry, self._ground.now_ns
        if telemetry.names.packet(name) is not None:
            value = json_values.packet_value(telemetry.packet(name, now_ns))
            if history:
                value["history"] = [json_values.sample(packet) for packet in telemetry.samples(name)[-history:]]
            return value
        value = json_values.field_value(telemetry.field(name, now_ns))
        if history:
            value["history"] = json_values.plain(telemetry.history(name, history))
        return value

    async def list_names(self, _request: Request) -> Response:
        """``GET /api/telemetry/names``: every packet and field."""
        return JSONResponse({"names": self._ground.telemetry.names.names()})

    async def list_events(self, request: Request) -> Response:
        """``GET /api/events?severity=&since=&limit=``: the newest events of at least a severity, the oldest first."""
        severity = _severity(request.query_params.get("severity", "DEBUG"))
        events = self._ground.events.newest(_limit(request), lowest=severity, since=whole(request, "since", 0))
        return JSONResponse(
            {"events": [json_values.event(each) for each in events], "newest": self._ground.events.logged}
        )

    # ---------------------------------------------------------------- the whole

    async def show_index(self, _request: Request) -> Response:
        """``GET /``: what there is to ask."""
        paths = [
            {
                "method": method,
                "path": route.path.replace(":path}", "}"),
                "about": _about(route.endpoint),
            }
            for route in self.routes()
            for method in sorted(route.methods or ())
            if method != "HEAD"
        ]
        return JSONResponse({"mission": self._ground.dictionary.mission, "paths": paths})

    async def show_status(self, _request: Request) -> Response:
        """``GET /api/status``: the ground segment at a glance, contact included, and the speed of its clock."""
        return JSONResponse({**json_values.plain(self._ground.status()), "speed": self._stepped.speed})

    async def show_dictionary(self, _request: Request) -> Response:
        """``GET /api/dictionary``: every command, packet and event."""
        return Response(self._dictionary, media_type="application/json")


def _about(handler: Callable[..., object]) -> str:
    """What the first line of a handler's description says behind its path."""
    first = (handler.__doc__ or "").partition("\n")[0]
    return first.partition("``: ")[2]


def _limit(request: Request) -> int:
    return min(whole(request, "limit", 100), MAX_LISTED)


def _stage(text: str) -> CommandStage:
    if text.lower() == "completed":
        return CommandStage.FINISHED
    try:
        return CommandStage(text.lower())
    except ValueError:
        allowed = ", ".join([*CommandStage, "completed"])
        raise HTTPException(400, f"no stage is called {text!r}, there are {allowed}") from None


def _severity(text: str) -> Severity:
    try:
        return Severity[text.upper()]
    except KeyError:
        allowed = ", ".join(severity.name for severity in Severity)
        raise HTTPException(400, f"no severity is called {text!r}, there are {allowed}") from None
