"""Commands as the bus carries them: with who asked."""

from __future__ import annotations

import msgspec

from tlm_cmd.definition.message import Command
from tlm_cmd.packets.verification import RequestId


class Request(msgspec.Struct, frozen=True):
    """A command on its way to an app."""

    id: RequestId
    command: Command
