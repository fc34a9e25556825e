"""The radio links of a mission, as the mission file names them."""

from __future__ import annotations

import msgspec

from flightsw.mission_file_delivery import FileDeliveryParameters
from tlm_cmd.errors import WrongValueError
from tlm_cmd.link.parameters import LinkParameters
from tlm_cmd.link.security_parameters import ChannelSecurity
from tlm_cmd.sdls.key_ring import MAX_KEY_ID

MASTER_KEY_ID = 1
"""The master key of keys that are made for a mission."""
SPARE_KEYS = 4
"""Session keys that the ground is given beside those in use, for the first changes."""


class MissionLinks(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Managed parameters of the links.

    Attributes:
        s_band: telecommands up, telemetry down.
        x_band: products down, under a spacecraft id of its own; None when there is no such transmitter.

    Raises:
        WrongValueError: two directions share an SPI or a key, so that two senders would use one number twice.
        file_delivery: how files go down and up over them; None when none do.
    """

    s_band: LinkParameters
    x_band: LinkParameters | None = None
    file_delivery: FileDeliveryParameters | None = None

    def __post_init__(self) -> None:
        protected = self.security
        for name, values in (
            ("SPIs of all links", [spi for each in protected for spi in each.spis]),
            ("keys of all links", [each.key_id for each in protected]),
        ):
            if len(set(values)) != len(values):
                raise WrongValueError(name, values, "each once")

    @property
    def security(self) -> tuple[ChannelSecurity, ...]:
        """What protects each direction that is protected: of the S-band, then of the X-band."""
        radios = [self.s_band] if self.x_band is None else [self.s_band, self.x_band]
        found = [each for radio in radios for each in (radio.telecommand_security, radio.telemetry_security)]
        return tuple(each for each in found if each is not None)


class KeyPlan(msgspec.Struct, frozen=True):
    """The keys that a mission needs, by their ids.

    Attributes:
        masters: under these, session keys travel.
        sessions: what the links begin with; none if no link is protected.
        spares: for the first changes; the ground alone has them, until it sends them up.
        session_octets: how long each of ``sessions`` is, as the algorithm of its association needs it. All others
            have the 32 octets of what is changed over the link.
    """

    masters: tuple[int, ...]
    sessions: tuple[int, ...]
    spares: tuple[int, ...]
    session_octets: dict[int, int]


def key_plan(links: MissionLinks) -> KeyPlan:
    """The keys that the links of a mission need."""
    octets = {each.key_id: each.algorithm.key_octets for each in links.security}
    if not octets:
        return KeyPlan((), (), (), {})
    sessions = tuple(octets)
    master = next(key_id for key_id in range(MASTER_KEY_ID, MAX_KEY_ID) if key_id not in sessions)
    behind = max(sessions) + 1
    spares = tuple(range(behind, min(behind + SPARE_KEYS, MAX_KEY_ID + 1)))
    return KeyPlan((master,), sessions, spares, octets)
