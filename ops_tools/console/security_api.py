"""The part of the interface that is about the link security: what the ground holds, and operations on both ends."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ops_tools.console import json_values
from ops_tools.console.http_requests import MAX_WAIT_S, guarded, number, path_number, read_json, whole
from ops_tools.console.stepping import SteppedGround
from ops_tools.ground.security.control import SecurityControl, SecurityStatus
from ops_tools.ground.security.operation import OperationRecord

USUAL_OPERATIONS = 10
"""Operations in an answer that does not ask for more."""


class SecurityRequest(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a request for an operation."""

    name: str
    confirm: str = ""


class SecurityApi:
    """Answers requests about the link security from one ground segment. No answer has a key."""

    def __init__(self, stepped: SteppedGround) -> None:
        self._stepped = stepped
        self._ground = stepped.ground

    def routes(self) -> list[Route]:
        """The paths that are served."""
        return [
            Route("/api/security", guarded(self.show_security), methods=["GET"]),
            Route("/api/security", guarded(self.begin_operation), methods=["POST"]),
            Route("/api/security/{number}", guarded(self.show_operation), methods=["GET"]),
        ]

    async def show_security(self, request: Request) -> Response:
        """``GET /api/security?limit=``: keys by their check values, associations, and the newest operations."""
        control, limit = self._ground.security, whole(request, "limit", USUAL_OPERATIONS)
        status = SecurityStatus() if control is None else control.status(limit)
        return JSONResponse(json_values.plain(status))

    async def begin_operation(self, request: Request) -> Response:
        """``POST /api/security``: have something done when its turn comes; 201 with its record."""
        asked = await read_json(request, SecurityRequest, '{"name": "ping", "confirm": "reason, to change a key"}')
        control = self._control()
        self._ground.link.check_commander()
        record = control.request(asked.name, asked.confirm, now_ns=self._stepped.now_ns())
        return JSONResponse(_operation(record), status_code=201)

    async def show_operation(self, request: Request) -> Response:
        """``GET /api/security/N?timeout_s=``: one operation, when it has ended or the time has."""
        record = self._control().record(path_number(request))
        timeout_s = min(number(request, "timeout_s", 0.0), MAX_WAIT_S)
        if timeout_s:
            await self._stepped.wait_until(lambda: record.succeeded is not None, timeout_s)
        return JSONResponse(_operation(record))

    def _control(self) -> SecurityControl:
        if self._ground.security is None:
            raise HTTPException(404, "no link of the mission is protected, or the spacecraft takes no procedures")
        return self._ground.security


def _operation(record: OperationRecord) -> dict[str, Any]:
    described: dict[str, Any] = json_values.plain(record)
    return described
