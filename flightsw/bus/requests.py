"""Commands as the bus carries them: with who asked, and how they came here."""

from __future__ import annotations

import msgspec

from tlm_cmd.definition.message import Command
from tlm_cmd.packets.verification import RequestId

MAX_UNDER_WAY = 64
"""Commands of one link that may have left and not be known, at their sender, to be dealt with: of so many the receiver
remembers the verdicts, so that none gets lost with it."""


class Passage(msgspec.Struct, frozen=True, array_like=True):
    """Which command of a link it is; no two commands of a flight have the same.

    Attributes:
        sender: number of the sending process.
        series: identity of its numbers, the same over its incarnations unless it has lost its memory of them.
        number: of the command on this link, from 1.
    """

    sender: int
    series: int
    number: int


class Request(msgspec.Struct, frozen=True):
    """A command on its way to an app.

    Attributes:
        id: who asked whom, and how reports name it.
        command: what to do.
        passage: how it came from another process; None when it did not.
    """

    id: RequestId
    command: Command
    passage: Passage | None = None
