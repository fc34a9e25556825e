"""The ground process: a ground segment and its interface over HTTP, in one asyncio loop, on a loopback address only."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator
from ipaddress import ip_address

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ops_tools.console.api import Api
from ops_tools.console.stepping import SteppedGround
from ops_tools.ground.errors import GroundError

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8800


class ListenError(GroundError):
    """An address that the server does not, or cannot, listen on."""

    def __init__(self, host: str, port: int, problem: str) -> None:
        super().__init__(f"cannot listen on {host}:{port}: {problem}")
        self.host, self.port, self.problem = host, port, problem


def build_application(stepped: SteppedGround) -> Starlette:
    """The application; whoever runs it steps the ground segment in the same loop."""

    async def not_found(request: Request, _error: Exception) -> Response:
        return JSONResponse({"error": f"nothing is at {request.method} {request.url.path}"}, status_code=404)

    async def not_allowed(request: Request, _error: Exception) -> Response:
        return JSONResponse({"error": f"{request.url.path} knows no {request.method}"}, status_code=405)

    async def defect(request: Request, error: Exception) -> Response:
        message = f"{request.method} {request.url.path} failed by a defect of the ground: {type(error).__name__}"
        return JSONResponse({"error": f"{message}; its log says where"}, status_code=500)

    handlers = {404: not_found, 405: not_allowed, 500: defect}
    return Starlette(routes=Api(stepped).routes(), exception_handlers=handlers)


async def serve(
    stepped: SteppedGround,
    host: str = DEFAULT_HOST,
    port: int = DEFAULT_PORT,
    *,
    on_listening: Callable[[str], None] | None = None,
) -> None:
    """Step and serve until cancelled or interrupted; ``on_listening`` gets the address once requests are taken.

    Raises:
        ListenError: the host is not a loopback address, or the port is taken.
    """
    listener = _listen(host, port)
    shown = f"[{host}]" if ":" in host else host
    url = f"http://{shown}:{listener.getsockname()[1]}"
    config = uvicorn.Config(build_application(stepped), log_level="warning", access_log=False, lifespan="off")
    server = _Server(config, (lambda: on_listening(url)) if on_listening else None)
    stepping = asyncio.create_task(stepped.run())
    serving = asyncio.create_task(server.serve([listener]))
    try:
        await asyncio.wait({stepping, serving}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        server.should_exit = True
        stepping.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        listener.close()
    for task in (stepping, serving):
        with contextlib.suppress(asyncio.CancelledError):
            await task


class _Server(uvicorn.Server):
    """Says when it takes requests."""

    def __init__(self, config: uvicorn.Config, on_listening: Callable[[], None] | None) -> None:
        super().__init__(config)
        self._on_listening = on_listening

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to whoever runs the loop."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and self._on_listening is not None:
            self._on_listening()


def _listen(host: str, port: int) -> socket.socket:
    if host != "localhost":
        try:
            is_loopback = ip_address(host).is_loopback
        except ValueError:
            is_loopback = False
        if not is_loopback:
            raise ListenError(host, port, "commands are taken from this host only; use 127.0.0.1 and a tunnel")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except (OSError, OverflowError) as error:
        listener.close()
        raise ListenError(host, port, str(error)) from error
    return listener
