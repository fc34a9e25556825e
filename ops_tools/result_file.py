"""Results for machines, written to a file."""

from __future__ import annotations

from pathlib import Path

import msgspec

from flightsw.errors import FlightSoftwareError


class OutputError(FlightSoftwareError):
    """A result that could not be written where it was wanted."""


def write_json(path: Path, content: object) -> None:
    """Write a result; folders on the way to the file are made.

    Args:
        path: the file.
        content: what msgspec can write as JSON.

    Raises:
        OutputError: the file cannot be written; says why.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(msgspec.json.format(msgspec.json.encode(content, enc_hook=str), indent=2) + b"\n")
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror}") from error
