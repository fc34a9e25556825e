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
