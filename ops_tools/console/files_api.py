"""The part of the interface that is about files: what is on ground, and what goes down and up."""

from __future__ import annotations

import base64
from typing import Any

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ops_tools.console import json_values
from ops_tools.console.http_requests import MAX_WAIT_S, guarded, number, path_number, read_json
from ops_tools.console.stepping import SteppedGround
from ops_tools.ground.delivery_figures import figures_of
from ops_tools.ground.file_delivery import MAX_PUT_OCTETS, FileDelivery
from ops_tools.ground.transfers import Transfer

MAX_FILE_BODY_OCTETS = MAX_PUT_OCTETS * 4 // 3 + 4096
"""A file in base64, with its name."""
ACTIONS = ("cancel", "suspend", "resume")


class PutFileRequest(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a request that sends a file up: its name on board, and its octets in base64."""

    name: str
    content: bytes
    acknowledged: bool = True


class NamedRequest(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a request about a file or a directory on board."""

    name: str


class FilesApi:
    """Answers requests about files from one ground segment."""

    def __init__(self, stepped: SteppedGround) -> None:
        self._stepped = stepped
        self._ground = stepped.ground

    def routes(self) -> list[Route]:
        """The paths that are served."""
        return [
            Route("/api/files", guarded(self.list_files), methods=["GET"]),
            Route("/api/files/put", guarded(self.put_file), methods=["POST"]),
            Route("/api/files/get", guarded(self.get_file), methods=["POST"]),
            Route("/api/files/list", guarded(self.list_directory), methods=["POST"]),
            Route("/api/files/content/{name:path}", guarded(self.show_content), methods=["GET"]),
            Route("/api/files/transfers/{number}", guarded(self.show_transfer), methods=["GET"]),
            Route("/api/files/transfers/{number}/{action}", guarded(self.change_transfer), methods=["POST"]),
        ]

    async def list_files(self, _request: Request) -> Response:
        """``GET /api/files``: the files on ground, all transfers, those that are over too, and what was counted."""
        delivery = self._ground.delivery
        files = [json_values.plain(file) for file in self._ground.files.by_name.values()]
        transfers = [] if delivery is None else [_transfer(each) for each in delivery.refresh()]
        counted = {} if delivery is None else json_values.plain(figures_of(delivery, self._ground.files.counters))
        counted["waits_refused"] = self._stepped.refused_waits
        return JSONResponse({"files": files, "transfers": transfers, "counters": counted})

    async def put_file(self, request: Request) -> Response:
        """``POST /api/files/put``: send a file up; 201 with its transfer."""
        expected = '{"name": "uploads/file", "content": "base64", "acknowledged": true}'
        asked = await read_json(request, PutFileRequest, expected, MAX_FILE_BODY_OCTETS)
        transfer = self._delivery().put(
            asked.name, asked.content, self._stepped.now_ns(), acknowledged=asked.acknowledged
        )
        return JSONResponse(_transfer(transfer), status_code=201)

    async def get_file(self, request: Request) -> Response:
        """``POST /api/files/get``: have a file sent down; 201 with its transfer."""
        asked = await read_json(request, NamedRequest, '{"name": "products/00001.mask"}')
        return JSONResponse(_transfer(self._delivery().get(asked.name, self._stepped.now_ns())), status_code=201)

    async def list_directory(self, request: Request) -> Response:
        """``POST /api/files/list``: have a directory on board listed; 201 with its transfer."""
        asked = await read_json(request, NamedRequest, '{"name": "products"}')
        transfer = self._delivery().list_directory(asked.name, self._stepped.now_ns())
        return JSONResponse(_transfer(transfer), status_code=201)

    async def show_content(self, request: Request) -> Response:
        """``GET /api/files/content/NAME``: the octets of a file on ground, in base64."""
        name = request.path_params["name"]
        content = self._ground.files.read(name) if name in self._ground.files.by_name else None
        if content is None:
            raise HTTPException(404, f"no file {name!r} is on ground")
        return JSONResponse({"name": name, "content": base64.b64encode(content).decode()})

    async def show_transfer(self, request: Request) -> Response:
        """``GET /api/files/transfers/N?timeout_s=``: one transfer, when it is over or the time is."""
        delivery = self._delivery()
        transfer = delivery.transfers.number(path_number(request))
        timeout_s = min(number(request, "timeout_s", 0.0), MAX_WAIT_S)
        if timeout_s:
            await self._stepped.wait_until(lambda: not transfer.open, timeout_s)
        delivery.refresh()
        return JSONResponse(_transfer(transfer))

    async def change_transfer(self, request: Request) -> Response:
        """``POST /api/files/transfers/N/ACTION``: cancel, suspend or resume a transfer."""
        delivery, action = self._delivery(), request.path_params["action"]
        if action not in ACTIONS:
            raise HTTPException(404, f"no action {action!r}, there are {', '.join(ACTIONS)}")
        if request.headers.get("content-type", "").split(";")[0].strip() != "application/json":
            raise HTTPException(415, "send it with Content-Type: application/json")
        act = {"cancel": delivery.cancel, "suspend": delivery.suspend, "resume": delivery.resume}[action]
        transfer = act(path_number(request), self._stepped.now_ns())
        delivery.refresh()
        return JSONResponse(_transfer(transfer))

    def _delivery(self) -> FileDelivery:
        if self._ground.delivery is None:
            raise HTTPException(404, "the mission has no file delivery")
        return self._ground.delivery


def _transfer(transfer: Transfer) -> dict[str, Any]:
    described: dict[str, Any] = json_values.plain(transfer)
    return described
