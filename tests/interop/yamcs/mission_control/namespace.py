"""A network namespace with nothing but a loopback: what runs in it speaks with nobody else."""

from __future__ import annotations

import contextlib
import ctypes
import http.client
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

IP = shutil.which("ip")
CLONE_NEWNET = 0x4000_0000


class Namespace:
    """A network namespace; it must be removed."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._ip("netns", "add", name)
        self._ip("-n", name, "link", "set", "lo", "up")

    def command(self, *words: str) -> list[str]:
        """A command line that runs ``words`` in the namespace."""
        assert IP is not None
        return [IP, "netns", "exec", self.name, *words]

    def remove(self) -> None:
        """End the namespace; what is left in it keeps it until it ends."""
        self._ip("netns", "del", self.name)

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        """Sockets that this thread opens here belong to the namespace."""
        with Path("/proc/thread-self/ns/net").open("rb") as home, Path("/run/netns", self.name).open("rb") as there:
            _set_namespace(there.fileno())
            try:
                yield
            finally:
                _set_namespace(home.fileno())

    def _ip(self, *words: str) -> None:
        assert IP is not None
        subprocess.run([IP, *words], check=True)


class NamespaceConnection(http.client.HTTPConnection):
    """HTTP with a server in a namespace."""

    def __init__(self, namespace: Namespace, port: int, timeout_s: float) -> None:
        super().__init__("127.0.0.1", port, timeout=timeout_s)
        self._namespace = namespace

    def connect(self) -> None:
        """Connect from within."""
        with self._namespace.entered():
            super().connect()


def _set_namespace(descriptor: int) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    if library.setns(descriptor, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
