"""Asks the ground process, with the standard library only."""

from __future__ import annotations

import base64
import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from http.client import HTTPException
from typing import Any

from ops_tools.ground.command_record import WithoutContact
from ops_tools.ground.errors import GroundError

DEFAULT_URL = "http://127.0.0.1:8800"
TIMEOUT_S = 70.0
"""Longer than the server lets a request wait for a command."""

Transport = Callable[[str, str, bytes | None], tuple[int, bytes]]
"""(method, URL, JSON body) to (status, body)."""


class ConsoleUnreachableError(GroundError):
    """No ground process answers at the address."""

    def __init__(self, url: str, problem: str) -> None:
        super().__init__(
            f"no console answers at {url} ({problem}); start one with 'flightsw run', or name its address with --url"
        )
        self.url, self.problem = url, problem


class ConsoleRequestError(GroundError):
    """The ground process refused a request."""

    def __init__(self, status: int, message: str, answer: Mapping[str, Any]) -> None:
        super().__init__(message)
        self.status, self.message, self.answer = status, message, answer


class ConsoleClient:
    """The interface of the ground process as methods; each returns what the server answers, as plain values.

    Raises:
        ConsoleUnreachableError: nobody answers, or not in JSON.
        ConsoleRequestError: the request was refused; the message says why.
    """

    def __init__(self, url: str = DEFAULT_URL, transport: Transport | None = None) -> None:
        self.url = url.rstrip("/")
        self._transport = transport or http_transport

    def issue(
        self,
        name: str,
        arguments: Mapping[str, object],
        confirm: str | None = None,
        without_contact: str = WithoutContact.WAIT.value,
    ) -> dict[str, Any]:
        """Have a command checked and sent, or held until there is contact; return its record."""
        body = {"name": name, "arguments": arguments, "confirm": confirm, "without_contact": without_contact}
        return self._ask("POST", "/api/commands", body=body)

    def withdraw(self, number: int) -> dict[str, Any]:
        """Give up a command that waits for contact; return its record."""
        return self._ask("DELETE", f"/api/commands/{number}")

    def command(self, number: int, wait: str | None = None, timeout_s: float = 10.0) -> dict[str, Any]:
        """A command's record, at once or when it has reached a stage."""
        query = {} if wait is None else {"wait": wait, "timeout_s": timeout_s}
        return self._ask("GET", f"/api/commands/{number}", query)

    def commands(self, limit: int = 100, since: int = 0) -> list[dict[str, Any]]:
        """The newest records."""
        return list(self._ask("GET", "/api/commands", {"limit": limit, "since": since})["commands"])

    def telemetry(self, names: Sequence[str], history: int = 0) -> list[dict[str, Any]]:
        """Packets and fields by name; without a name, every packet."""
        return list(self._ask("GET", "/api/telemetry", {"name": list(names), "history": history})["values"])

    def events(self, severity: str = "DEBUG", since: int = 0, limit: int = 100) -> list[dict[str, Any]]:
        """The newest events of at least a severity."""
        query = {"severity": severity, "since": since, "limit": limit}
        return list(self._ask("GET", "/api/events", query)["events"])

    def security(self) -> dict[str, Any]:
        """The link security at the ground: keys, without themselves, associations and operations."""
        return self._ask("GET", "/api/security")

    def operate_security(self, name: str, confirm: str = "") -> dict[str, Any]:
        """Have something done with the link security; its record."""
        return self._ask("POST", "/api/security", body={"name": name, "confirm": confirm})

    def security_operation(self, number: int, timeout_s: float = 0.0) -> dict[str, Any]:
        """An operation on the link security, at once or when it has ended."""
        return self._ask("GET", f"/api/security/{number}", {"timeout_s": timeout_s})

    def files(self) -> dict[str, Any]:
        """The files on ground, and the transfers."""
        return self._ask("GET", "/api/files")

    def put_file(self, name: str, content: bytes, *, acknowledged: bool = True) -> dict[str, Any]:
        """Send a file up; return its transfer."""
        body = {"name": name, "content": base64.b64encode(content).decode(), "acknowledged": acknowledged}
        return self._ask("POST", "/api/files/put", body=body)

    def get_file(self, name: str) -> dict[str, Any]:
        """Have a file sent down; return its transfer."""
        return self._ask("POST", "/api/files/get", body={"name": name})

    def list_directory(self, name: str) -> dict[str, Any]:
        """Have a directory on board listed; return its transfer."""
        return self._ask("POST", "/api/files/list", body={"name": name})

    def transfer(self, number: int, timeout_s: float = 0.0) -> dict[str, Any]:
        """A transfer, when it is over or the time is."""
        return self._ask("GET", f"/api/files/transfers/{number}", {"timeout_s": timeout_s})

    def change_transfer(self, number: int, action: str) -> dict[str, Any]:
        """Cancel, suspend or resume a transfer; return it."""
        return self._ask("POST", f"/api/files/transfers/{number}/{action}", body={})

    def file_content(self, name: str) -> bytes:
        """The octets of a file on ground."""
        return base64.b64decode(self._ask("GET", f"/api/files/content/{urllib.parse.quote(name)}")["content"])

    def status(self) -> dict[str, Any]:
        """The ground segment at a glance."""
        return self._ask("GET", "/api/status")

    def dictionary(self) -> dict[str, Any]:
        """Every command, packet and event."""
        return self._ask("GET", "/api/dictionary")

    def _ask(
        self, method: str, path: str, query: Mapping[str, object] | None = None, body: object = None
    ) -> dict[str, Any]:
        url = self.url + path
        if query:
            url += "?" + urllib.parse.urlencode(query, doseq=True)
        try:
            status, answer = self._transport(method, url, None if body is None else json.dumps(body).encode())
        except (OSError, HTTPException, ValueError) as error:
            raise ConsoleUnreachableError(self.url, str(getattr(error, "reason", error))) from error
        try:
            values = json.loads(answer)
        except ValueError as error:
            raise ConsoleUnreachableError(self.url, "the answer is no JSON") from error
        if status >= 400:
            raise ConsoleRequestError(status, str(values.get("error", f"status {status}")), values)
        return dict(values)


def http_transport(method: str, url: str, body: bytes | None) -> tuple[int, bytes]:
    """One request over HTTP.

    Raises:
        ValueError: the URL is not one of HTTP.
        OSError: nobody answers.
    """
    if not url.startswith(("http://", "https://")):
        raise ValueError(f"{url!r} does not begin with http://")
    headers = {} if body is None else {"Content-Type": "application/json"}
    request = urllib.request.Request(url, data=body, method=method, headers=headers)  # noqa: S310 - checked above
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=TIMEOUT_S) as answer:
            return int(answer.status), bytes(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()
