"""The profile of a mission by its name."""

from __future__ import annotations

from typing import assert_never

from tlm_cmd.definition.dictionary import Dictionary
from tlm_cmd.packets.cfs_profile import CfsProfile
from tlm_cmd.packets.profile import PacketProfile, ProfileName
from tlm_cmd.packets.pus.packet_time import PacketTimeName
from tlm_cmd.packets.pus.profile import PusProfile


def packet_profile(
    name: ProfileName, dictionary: Dictionary, time: PacketTimeName = PacketTimeName.CUC
) -> PacketProfile:
    """The profile of this name.

    Args:
        name: which one.
        dictionary: the mission's words.
        time: the time code of PUS packets; cFS packets have only one.
    """
    match name:
        case ProfileName.CFS:
            return CfsProfile(dictionary)
        case ProfileName.PUS:
            return PusProfile(dictionary, time)
        case _:
            assert_never(name)
