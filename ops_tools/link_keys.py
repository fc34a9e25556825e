"""Whether a key file has what the links of a mission begin with: found out before anything is started with it."""

from __future__ import annotations

from flightsw.errors import FlightSoftwareError
from flightsw.mission_links import MissionLinks
from tlm_cmd.link.security_parameters import ChannelSecurity
from tlm_cmd.sdls.key_ring import KeyKind, KeyRing, KeyState
from tlm_cmd.sdls.secret_key import SecretKey


class LinkKeyMissingError(FlightSoftwareError):
    """A key file lacks a key that a link begins with; says which, and what to do."""

    def __init__(self, spi: int, key_id: int, problem: str) -> None:
        super().__init__(
            f"association {spi} needs key {key_id} active, {problem}: "
            "'flightsw keys create FILE --mission MISSION' makes a file that has it "
            "(for the reference mission without --mission)"
        )
        self.spi, self.key_id, self.problem = spi, key_id, problem


def check_link_keys(links: MissionLinks, ring: KeyRing) -> None:
    """See that every protected direction of the links has its key.

    Raises:
        LinkKeyMissingError: one has not.
    """
    for security in links.security:
        link_key(security, ring)


def link_key(security: ChannelSecurity, ring: KeyRing | None) -> SecretKey:
    """The key that protects a direction of a link at first; None for the ring if there is no key file.

    Raises:
        LinkKeyMissingError: it is not there, not active, or of another length than the algorithm needs.
    """
    entry = None if ring is None else ring.entry(security.key_id)
    if ring is None:
        problem = "and no key file is given"
    elif entry is None or entry.kind is not KeyKind.SESSION:
        problem = "and the key file has no such session key"
    elif entry.secret is None or entry.state is not KeyState.ACTIVE:
        problem = f"and in the key file it is {entry.state.name.lower()}"
    elif len(entry.secret) != security.algorithm.key_octets:
        problem = f"with {8 * security.algorithm.key_octets} bits; in the key file it has {8 * len(entry.secret)}"
    else:
        return entry.secret
    raise LinkKeyMissingError(security.spi, security.key_id, problem)
