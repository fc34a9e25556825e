"""Arguments of the command line, checked before anything is begun: a flight must not end at a folder that is none."""

from __future__ import annotations

import math
import os
from argparse import ArgumentTypeError
from pathlib import Path


def above_zero(text: str) -> float:
    """A number above 0.

    Raises:
        ArgumentTypeError: it is none, or has no end.
    """
    return _number(text, "a number above 0", above=0.0)


def orbits(text: str) -> float:
    """How many orbits to fly.

    Raises:
        ArgumentTypeError: none, or more than a year of them.
    """
    most = 5500.0
    return _number(text, f"a number above 0, up to {most:g}", above=0.0, most=most)


def count(text: str) -> int:
    """A whole number from 1.

    Raises:
        ArgumentTypeError: it is none.
    """
    if not (text.isascii() and text.isdecimal() and int(text) >= 1):
        raise ArgumentTypeError(f"{text!r} is not a whole number from 1")
    return int(text)


def host_and_port(text: str) -> tuple[str, int]:
    """Where something listens: a host and a port.

    Raises:
        ArgumentTypeError: it is not ``HOST:PORT``, or the port is none.
    """
    most = 65_535
    host, _, port = text.rpartition(":")
    if not host or not (port.isascii() and port.isdecimal()) or int(port) > most:
        raise ArgumentTypeError(f"{text!r} is not HOST:PORT with a port from 0 to {most}")
    return host.removeprefix("[").removesuffix("]"), int(port)


def sendable(text: str, what: str) -> str:
    """A text that can be sent to the ground.

    Args:
        text: from the shell, which takes any octets.
        what: the name that the error says.

    Raises:
        ArgumentTypeError: it holds octets that are no UTF-8.
    """
    try:
        text.encode()
    except UnicodeEncodeError as error:
        octet = ord(text[error.start]) & 0xFF  # as Python carries what it could not decode (PEP 383)
        raise ArgumentTypeError(f"{what} holds octet 0x{octet:02x}, which is no UTF-8 text") from None
    return text


def output_file(text: str) -> Path:
    """A file that can be written; folders on the way to it are made when it is.

    Raises:
        ArgumentTypeError: it is a folder, or cannot be made or written there.
    """
    path = Path(text)
    if path.is_dir():
        raise ArgumentTypeError(f"{text!r} is a folder, a file is needed")
    if os.path.lexists(path) and not path.exists():
        raise ArgumentTypeError(f"{text!r} is a link to a place that is not there")
    if path.exists():
        _check_writable(path, text)
    else:
        _check_folder(path.parent, text)
    return path


def output_folder(text: str) -> Path:
    """A folder that can be written into; it is made when it is needed.

    Raises:
        ArgumentTypeError: it is a file, or cannot be made or written there.
    """
    _check_folder(Path(text), text)
    return Path(text)


def _number(text: str, wanted: str, above: float, most: float = math.inf) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not above < value <= most or math.isinf(value):
        raise ArgumentTypeError(f"{text!r} is not {wanted}")
    return value


def _check_folder(folder: Path, text: str) -> None:
    """See whether a folder is there, or the nearest one above it, and can be written."""
    for place in (folder, *folder.absolute().parents):
        if os.path.lexists(place):
            if not place.is_dir():
                raise ArgumentTypeError(f"{text!r}: {place} is not a folder")
            _check_writable(place, text)
            return


def _check_writable(path: Path, text: str) -> None:
    if not os.access(path, os.W_OK):
        raise ArgumentTypeError(f"{text!r}: {path} cannot be written")
