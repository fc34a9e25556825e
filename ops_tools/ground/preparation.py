"""A command made ready to leave: everything that the ground can check before it does."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from ops_tools.ground.command_record import CommandRecord
from ops_tools.ground.errors import RefusedOnGroundError
from tlm_cmd.definition.arguments import ArgumentError, build
from tlm_cmd.definition.dictionary import Dictionary, DictionaryError
from tlm_cmd.definition.message import Command
from tlm_cmd.errors import ProtocolError

WITHHELD = "withheld"
"""In a record, in the place of each argument that nobody is to see."""


class Prepared(msgspec.Struct, frozen=True):
    """A command that is checked, and the octets that it carries; if it is secret, they are nowhere else."""

    record: CommandRecord
    payload: bytes
    secret: bool = False


def prepare(dictionary: Dictionary, record: CommandRecord, confirm: str) -> Prepared:
    """Check what was asked for, and complete its record; arguments that nobody is to see are withheld there.

    Those of a command that does not exist are withheld too: its name may be that of a secret one, misspelt.

    Args:
        dictionary: the mission's.
        record: with name and arguments as they were asked for.
        confirm: why a hazardous command is to be sent; empty if nobody said.

    Raises:
        ProtocolError: the dictionary has no such command, or does not allow the arguments.
        RefusedOnGroundError: it is hazardous, and not confirmed; or an argument of a secret one has no allowed value.
    """
    arguments = record.arguments
    try:
        entry = dictionary.command(record.name)
    except DictionaryError:
        record.arguments = _withheld(arguments)
        raise
    record.name, record.hazardous = entry.name, entry.record.hazardous
    record.apid, record.function = entry.apid, entry.code
    if entry.record.secret:
        record.arguments = _withheld(arguments)
    payload = dictionary.encode_payload(_build(entry.record, arguments))
    if record.hazardous:
        if not confirm:
            raise RefusedOnGroundError(
                'hazardous, needs a confirmation: give the reason for it with confirm="...", or --confirm "..." '
                "on the command line"
            )
        record.confirm = confirm
    return Prepared(record, payload, entry.record.secret)


def _build(command: type[Command], arguments: Mapping[str, object]) -> Command:
    """The command, or an error that tells nothing of what is to be withheld."""
    try:
        return build(command, arguments)
    except ArgumentError:
        raise
    except ProtocolError:
        if not command.secret:
            raise
    raise RefusedOnGroundError(f"{command.__name__}: an argument has a value that is not allowed ({WITHHELD})")


def _withheld(arguments: Mapping[str, object]) -> dict[str, object]:
    return dict.fromkeys(arguments, WITHHELD)
