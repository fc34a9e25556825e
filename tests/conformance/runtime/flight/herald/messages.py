"""Interface of a herald."""

from __future__ import annotations

from typing import Annotated

from tlm_cmd.definition.fields import U16
from tlm_cmd.definition.message import Command


class Proclaim(Command, code=2):
    """Have the sink add many ones at once."""

    count: Annotated[int, U16]
