"""Who may connect from another computer: ZeroMQ's CURVE with an allow-list of public keys (ZAP, RFC 27).

Without an answer here nobody is admitted; whoever knows our public key but is not on the list is refused, and counted.
The keys of a computer lie in a folder: its own secret in one file with mode 0600, everybody's public keys in another.
"""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Mapping
from pathlib import Path

import msgspec
import zmq
from zmq.utils import z85

from flightsw.errors import FlightSoftwareError

ZAP_ADDRESS = "inproc://zeromq.zap.01"
ZAP_VERSION = b"1.0"
ZAP_DOMAIN = b"flightsw"
KEY_OCTETS = 40
"""A CURVE key in Z85 (ZeroMQ RFC 32)."""
MAX_ANSWERS_AT_ONCE = 64
CURVE_OCTETS = 32
_CURVE_KEY_FRAME = 6
_FRAMES = 7


class KeyFileError(FlightSoftwareError):
    """A key file that cannot be used; says which and why, never what is in it."""


class Keys(msgspec.Struct, frozen=True):
    """The keys of one computer.

    Attributes:
        public: its own public key, Z85.
        secret: its own secret key, Z85.
        known: public keys of all computers of the vehicle, by name, Z85.
    """

    public: bytes
    secret: bytes
    known: dict[str, bytes]

    def __repr__(self) -> str:
        """Never the secret: it must not reach a log."""
        return f"Keys(public={self.public!r}, known={list(self.known)})"


def make_keys(folder: Path, hosts: tuple[str, ...]) -> None:
    """Make fresh keys for the computers of a vehicle: ``HOST.secret`` for each, and ``public.toml`` for all.

    Raises:
        KeyFileError: there are keys already; remove them first if they are to be replaced.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    lines = ["# Public CURVE keys of the vehicle's computers.", ""]
    for host in hosts:
        public, secret = zmq.curve_keypair()
        path = folder / f"{host}.secret"
        try:
            file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except FileExistsError:
            raise KeyFileError(f"{path} is there already; remove the old keys if all are to be replaced") from None
        with os.fdopen(file, "wb") as stream:
            stream.write(secret + b"\n")
        lines.append(f'{host} = "{public.decode()}"')
    (folder / "public.toml").write_text("\n".join(lines) + "\n", encoding="ascii")


def read_keys(folder: Path, host: str) -> Keys:
    """The keys of one computer.

    Raises:
        KeyFileError: a file is missing, malformed, or the secret may be read by others.
    """
    secret_file, public_file = folder / f"{host}.secret", folder / "public.toml"
    try:
        if stat.S_IMODE(secret_file.stat().st_mode) & 0o077:
            raise KeyFileError(f"{secret_file} may be read by others; its mode must be 0600")
        secret = secret_file.read_bytes().strip()
        known = msgspec.toml.decode(public_file.read_bytes(), type=dict[str, str])
    except (OSError, msgspec.MsgspecError) as error:
        raise KeyFileError(f"keys of {host!r} in {folder}: {error}") from error
    keys = {name: text.encode() for name, text in known.items()}
    for name, key in (("the secret key", secret), *keys.items()):
        if _is_no_key(key):
            raise KeyFileError(f"keys of {host!r} in {folder}: {name} is no key of {KEY_OCTETS} characters in Z85")
    public = zmq.curve_public(secret)
    if keys.get(host) != public:
        raise KeyFileError(f"{public_file} has another public key of {host!r} than the one of {secret_file}")
    return Keys(public, secret, keys)


def _is_no_key(key: bytes) -> bool:
    try:
        return len(key) != KEY_OCTETS or len(z85.decode(key)) != CURVE_OCTETS
    except (KeyError, ValueError, OverflowError, struct.error):
        return True


class Admission:
    """Answers ZeroMQ's question whether a connection is admitted.

    Args:
        context: of the sockets that ask.
        known: public keys that are admitted, by name of the computer.

    Attributes:
        socket: to wait on.
        admitted: connections let in.
        refused: connections kept out.
        last_refused: address and reason of the last one.
    """

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], known: Mapping[str, bytes]) -> None:
        self.admitted = self.refused = 0
        self.last_refused = ""
        self._names = {z85.decode(key): name for name, key in known.items()}
        self.socket = context.socket(zmq.ROUTER)
        self.socket.set(zmq.LINGER, 0)
        self.socket.bind(ZAP_ADDRESS)

    def answer(self) -> None:
        """Answer what has been asked, at most MAX_ANSWERS_AT_ONCE questions."""
        for _ in range(MAX_ANSWERS_AT_ONCE):
            try:
                frames = self.socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            empty = frames.index(b"")
            self.socket.send_multipart([*frames[: empty + 1], *self._decide(frames[empty + 1 :])])

    def _decide(self, question: list[bytes]) -> list[bytes]:
        """The answer to one question: version, request, status, text, user, metadata (RFC 27, section 4)."""
        request = question[1] if len(question) > 1 else b""
        name, problem = None, "no CURVE key"
        if len(question) >= _FRAMES and question[0] == ZAP_VERSION and question[5] == b"CURVE":
            name, problem = self._names.get(question[_CURVE_KEY_FRAME]), "key not on the list"
        if name is None:
            self.refused += 1
            address = question[3].decode("ascii", "replace") if len(question) > 3 else "?"
            self.last_refused = f"{address}: {problem}"
            return [ZAP_VERSION, request, b"400", problem.encode(), b"", b""]
        self.admitted += 1
        return [ZAP_VERSION, request, b"200", b"OK", name.encode(), b""]
