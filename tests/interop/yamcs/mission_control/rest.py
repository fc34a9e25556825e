"""JSON over HTTP with a server in a namespace."""

from __future__ import annotations

import json
from typing import Any

from mission_control.namespace import Namespace, NamespaceConnection

TIMEOUT_S = 10.0


class RestError(Exception):
    """The server refused a request."""


class Rest:
    """Requests to one server.

    Args:
        namespace: where it is.
        port: where it listens.
    """

    def __init__(self, namespace: Namespace, port: int) -> None:
        self._namespace, self._port = namespace, port

    def get(self, path: str) -> Any:  # noqa: ANN401 - what JSON holds
        """Ask for something."""
        return self.call("GET", path)

    def post(self, path: str, body: object) -> Any:  # noqa: ANN401 - what JSON holds
        """Ask to do something."""
        return self.call("POST", path, body)

    def call(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - what JSON holds
        """One request, and its answer.

        Raises:
            RestError: the server refused it.
            OSError: nobody answers.
        """
        content = b"" if body is None else json.dumps(body).encode()
        return json.loads(self._exchange(method, path, content, "application/json") or b"{}")

    def octets(self, path: str) -> bytes:
        """Ask for a file.

        Raises:
            RestError: the server refused it.
        """
        return self._exchange("GET", path, b"", "application/json")

    def upload(self, path: str, content: bytes) -> None:
        """Store a file.

        Raises:
            RestError: the server refused it.
        """
        self._exchange("POST", path, content, "application/octet-stream")

    def _exchange(self, method: str, path: str, content: bytes, content_type: str) -> bytes:
        connection = NamespaceConnection(self._namespace, self._port, TIMEOUT_S)
        try:
            connection.request(method, path, content or None, {"Content-Type": content_type})
            answer = connection.getresponse()
            octets = answer.read()
        finally:
            connection.close()
        if answer.status >= 300:
            raise RestError(f"{method} {path}: {answer.status} {octets.decode(errors='replace')}")
        return octets
