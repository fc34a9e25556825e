"""Notices that the processes of a run leave for each other in its folder: small files, each whole at any moment."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import msgspec

ValueT = TypeVar("ValueT")


class Pacing(msgspec.Struct, frozen=True):
    """How well the simulator keeps up.

    Attributes:
        behind_ns: vehicle time that was due, but not simulated: the worst since the notice before.
    """

    behind_ns: int = 0


def write_notice(path: Path, value: object) -> None:
    """Write a notice so that nobody ever reads half of it."""
    beside = path.with_suffix(".new")
    beside.write_bytes(msgspec.json.encode(value))
    beside.rename(path)


def read_notice(path: Path, kind: type[ValueT]) -> ValueT | None:
    """What a notice says, None while there is none."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except FileNotFoundError:
        return None
