"""The radio links of a mission, as the mission file names them."""

from __future__ import annotations

import msgspec

from tlm_cmd.link.parameters import LinkParameters


class MissionLinks(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Managed parameters of the links.

    Attributes:
        s_band: telecommands up, telemetry down.
        x_band: products down, under a spacecraft id of its own; None when there is no such transmitter.
    """

    s_band: LinkParameters
    x_band: LinkParameters | None = None


def link_key_ids(links: MissionLinks) -> tuple[int, ...]:
    """The session keys that the links of a mission begin with, each once; none if no link is protected."""
    found: dict[int, None] = {}
    for parameters in (links.s_band, links.x_band):
        for security in () if parameters is None else (parameters.telecommand_security, parameters.telemetry_security):
            if security is not None:
                found[security.key_id] = None
    return tuple(found)
