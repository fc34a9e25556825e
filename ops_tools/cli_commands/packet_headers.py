"""What can be done only with packets whose headers are those of NASA's core Flight System."""

from __future__ import annotations

from flightsw.mission import Mission
from flightsw.mission_file import MissionError
from tlm_cmd.packets.profile import ProfileName


def require_cfs_headers(mission: Mission, what: str) -> None:
    """Refuse a mission whose packets would be described, or read, wrongly.

    Args:
        mission: with the profile of its packets.
        what: what knows headers of cFS only, as a subject: ``XTCE is``.

    Raises:
        MissionError: its packets have other headers.
    """
    packets = mission.file.packets
    if packets is not ProfileName.CFS:
        raise MissionError(f"{what} for packets with headers of cFS; those of the mission are {packets.value}")
