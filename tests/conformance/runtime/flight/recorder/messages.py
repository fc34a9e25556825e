"""Interface of a recorder."""

from __future__ import annotations

from typing import Annotated

from tlm_cmd.definition.fields import U8, U32
from tlm_cmd.definition.message import Command


class Note(Command, code=2):
    """Write a number down."""

    producer: Annotated[int, U8]
    number: Annotated[int, U32]
