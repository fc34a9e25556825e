"""All targets, in the order of the table."""

from __future__ import annotations

from tests.fuzz.target import Target
from tests.fuzz.targets import (
    coding,
    cop1,
    decoded_links,
    downlink,
    file_delivery,
    file_delivery_pdus,
    files,
    frames,
    mission_packets,
    packet_flow,
    protected_frames,
    pus_bodies,
    pus_packets,
    security_procedures,
    space_packets,
    synchronisation,
    time_codes,
    uplink,
    xtce_files,
)

TARGETS: tuple[type[Target], ...] = (
    *space_packets.TARGETS,
    *mission_packets.TARGETS,
    *pus_packets.TARGETS,
    *pus_bodies.TARGETS,
    *time_codes.TARGETS,
    *frames.TARGETS,
    *packet_flow.TARGETS,
    *coding.TARGETS,
    *synchronisation.TARGETS,
    *decoded_links.TARGETS,
    *uplink.TARGETS,
    *downlink.TARGETS,
    *protected_frames.TARGETS,
    *security_procedures.TARGETS,
    *cop1.TARGETS,
    *file_delivery_pdus.TARGETS,
    *file_delivery.TARGETS,
    *files.TARGETS,
    *xtce_files.TARGETS,
)


def target_named(name: str) -> type[Target]:
    """A target by name.

    Raises:
        KeyError: there is none; with the names there are.
    """
    by_name = {target.name: target for target in TARGETS}
    if name not in by_name:
        raise KeyError(f"no target {name}; there is {', '.join(by_name)}")
    return by_name[name]
