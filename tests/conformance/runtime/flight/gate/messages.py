"""Interface of the gate: what it reads in a table of the sink."""

from __future__ import annotations

from typing import Annotated

from tlm_cmd.definition.fields import U32
from tlm_cmd.definition.message import Command, Telemetry


class AskFactor(Command, code=2):
    """Send a FactorSeen packet."""


class FactorSeen(Telemetry):
    """The sink's factor, as the gate has it."""

    factor: Annotated[int, U32, "0 while nothing has come"]
