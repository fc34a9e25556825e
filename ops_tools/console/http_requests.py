"""What requests to the ground process have in common: who may ask, what bodies hold, and how errors are told."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ops_tools.ground.errors import CommandHasLeftError, GroundError, UnknownCommandRecordError, UnknownNameError
from ops_tools.ground.security.operation import UnknownOperationError
from ops_tools.ground.transfers import TransferRefusedError, UnknownTransferError
from tlm_cmd.definition.dictionary import DictionaryError

MAX_BODY_OCTETS = 65_536
"""Longest body of a request, unless it carries a file."""
MAX_WAIT_S = 60.0
"""Longest time that one request waits for a command, a transfer or an operation; ask again after that."""
MAX_NESTING = 32
"""Most arrays and objects within each other in a body: no message is as deep, and whatever walks through a value stays
far from the limit of the interpreter."""
MAX_DIGITS = 18
"""Most digits of a number in a path."""
LOCAL_HOSTS = ("127.0.0.1", "localhost", "[::1]")
STATUSES: tuple[tuple[type[Exception], int], ...] = (
    (CommandHasLeftError, 409),
    (UnknownNameError, 404),
    (UnknownCommandRecordError, 404),
    (UnknownOperationError, 404),
    (UnknownTransferError, 404),
    (TransferRefusedError, 422),
)
"""Of errors that are not simply a bad request."""

_BRACKETS = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"?|[\[{]|[\]}]', re.DOTALL)
"""A whole string, so that nothing in it counts, or one bracket."""
_LONE_SURROGATE = "a text holds half of a surrogate pair, as in \\ud800, and is no valid UTF-8"

Handler = Callable[[Request], Awaitable[Response]]
Body = TypeVar("Body", bound=msgspec.Struct)


def guarded(handler: Handler) -> Handler:
    """Answer only this host's own requests, and turn errors into JSON."""

    @functools.wraps(handler)
    async def guarded_handler(request: Request) -> Response:
        host = request.headers.get("host", "")
        if host.rsplit(":", 1)[0] not in LOCAL_HOSTS and host not in LOCAL_HOSTS:
            return _error(403, f"host {host!r} is not served, only {', '.join(LOCAL_HOSTS)}")
        try:
            return await handler(request)
        except HTTPException as error:
            return _error(error.status_code, error.detail)
        except (GroundError, DictionaryError) as error:
            return _error(next((status for kind, status in STATUSES if isinstance(error, kind)), 400), str(error))

    return guarded_handler


async def read_json(request: Request, kind: type[Body], expected: str, most_octets: int = MAX_BODY_OCTETS) -> Body:
    """The body of a request; JSON only, so that no page of the World Wide Web can send it.

    Raises:
        HTTPException: it is not sent as JSON, too long, too deep, or not what is expected.
    """
    if request.headers.get("content-type", "").split(";")[0].strip() != "application/json":
        raise HTTPException(415, "send it as JSON, with Content-Type: application/json")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most_octets:
            raise HTTPException(413, f"the body is longer than {most_octets} octets")
    if _nesting(body) > MAX_NESTING:
        raise HTTPException(400, f"more than {MAX_NESTING} arrays or objects within each other; expected is {expected}")
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        problem = _LONE_SURROGATE if _has_lone_surrogate(body) else error
        raise HTTPException(400, f"{problem}; expected is {expected}") from error


def path_number(request: Request) -> int:
    """The number in the path of a command, a transfer or an operation.

    Raises:
        HTTPException: it is none, or longer than any that was ever given.
    """
    text = request.path_params["number"]
    if not (text.isascii() and text.isdecimal() and len(text) <= MAX_DIGITS):
        raise HTTPException(404, f"{text[:MAX_DIGITS]!r} is no number of up to {MAX_DIGITS} digits")
    return int(text)


def whole(request: Request, name: str, default: int) -> int:
    """A parameter that is a whole number from 0 on."""
    value = number(request, name, default)
    if value != int(value):
        raise HTTPException(400, f"{name} is {value}, a whole number is needed")
    return int(value)


def number(request: Request, name: str, default: float) -> float:
    """A parameter that is a number from 0 on."""
    text = request.query_params.get(name)
    if text is None:
        return default
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 2**53:
        raise HTTPException(400, f"{name} is {text!r}, a number from 0 on is needed")
    return value


def _has_lone_surrogate(body: bytearray) -> bool:
    """Whether a string of a document holds half of a character, which the reader takes for the end of the document."""
    try:
        json.dumps(json.loads(body), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    except ValueError:
        return False
    return False


def _nesting(body: bytearray) -> int:
    """How many arrays and objects of a document lie within each other at most."""
    depth = deepest = 0
    for match in _BRACKETS.finditer(body):
        token = match.group()
        if token in (b"[", b"{"):
            depth += 1
            deepest = max(deepest, depth)
        elif token in (b"]", b"}"):
            depth -= 1
    return deepest


def _error(status: int, message: str) -> Response:
    return JSONResponse({"error": message}, status_code=status)
