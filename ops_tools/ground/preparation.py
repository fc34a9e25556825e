"""A command made ready to leave: everything that the ground can check before it does."""

from __future__ import annotations

import msgspec

from ops_tools.ground.command_record import CommandRecord
from ops_tools.ground.errors import RefusedOnGroundError
from tlm_cmd.definition.arguments import build
from tlm_cmd.definition.dictionary import Dictionary


class Prepared(msgspec.Struct, frozen=True):
    """A command that is checked, and the octets that it carries."""

    record: CommandRecord
    payload: bytes


def prepare(dictionary: Dictionary, record: CommandRecord, confirm: str) -> Prepared:
    """Check what was asked for, and complete its record.

    Args:
        dictionary: the mission's.
        record: with name and arguments as they were asked for.
        confirm: why a hazardous command is to be sent; empty if nobody said.

    Raises:
        ProtocolError: the dictionary has no such command, or does not allow the arguments.
        RefusedOnGroundError: it is hazardous, and not confirmed.
    """
    entry = dictionary.command(record.name)
    record.name, record.hazardous = entry.name, entry.record.hazardous
    record.apid, record.function = entry.apid, entry.code
    payload = dictionary.encode_payload(build(entry.record, record.arguments))
    if record.hazardous:
        if not confirm:
            raise RefusedOnGroundError(
                'hazardous, needs a confirmation: give the reason for it with confirm="...", or --confirm "..." '
                "on the command line"
            )
        record.confirm = confirm
    return Prepared(record, payload)
