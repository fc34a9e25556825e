from __future__ import annotations

import msgspec
import pytest

from flightsw.mission_links import KeyPlan, MissionLinks, key_plan
from tlm_cmd.errors import WrongValueError
from tlm_cmd.link.parameters import LinkParameters
from tlm_cmd.link.security_parameters import ChannelSecurity
from tlm_cmd.sdls.algorithms import Algorithm

UP = ChannelSecurity(spi=1, second_spi=17, key_id=128)
DOWN = ChannelSecurity(spi=2, second_spi=18, key_id=129)
S_BAND = LinkParameters(spacecraft_id=1, telecommand_security=UP, telemetry_security=DOWN)


def links(**x_band: int) -> MissionLinks:
    """Both radios protected, the X-band as the test wants it."""
    security = ChannelSecurity(**({"spi": 3, "second_spi": 19, "key_id": 130} | x_band))
    return MissionLinks(S_BAND, LinkParameters(spacecraft_id=2, telemetry_security=security))


def test_a_mission_needs_a_master_its_session_keys_and_spares() -> None:
    """No id comes twice; a mission that protects nothing needs none."""
    assert key_plan(links()) == KeyPlan((1,), (128, 129, 130), (131, 132, 133, 134), dict.fromkeys((128, 129, 130), 32))
    assert key_plan(MissionLinks(LinkParameters(spacecraft_id=1))) == KeyPlan((), (), (), {})
    assert key_plan(links(key_id=1)).masters == (2,)
    assert key_plan(links(key_id=65_534)).spares == (65_535,)


def test_a_key_is_as_long_as_its_algorithm_needs() -> None:
    """One short, the others long."""
    short = msgspec.structs.replace(UP, algorithm=Algorithm.AES_128_CMAC, sequence_octets=4)
    mixed = MissionLinks(msgspec.structs.replace(S_BAND, telecommand_security=short))
    assert key_plan(mixed).session_octets == {128: 16, 129: 32}


@pytest.mark.parametrize("x_band", [{"spi": 2}, {"second_spi": 17}, {"spi": 18}])
def test_no_two_directions_share_an_spi(x_band: dict[str, int]) -> None:
    """The ground could not tell which association a frame belongs to."""
    with pytest.raises(WrongValueError, match="SPIs of all links"):
        links(**x_band)


def test_no_two_directions_share_a_key() -> None:
    """Two senders with one key would use one number twice."""
    with pytest.raises(WrongValueError, match="keys of all links"):
        links(key_id=129)


def test_what_is_protected_is_listed() -> None:
    """Of each radio telecommands, then telemetry."""
    assert links().security == (UP, DOWN, ChannelSecurity(spi=3, second_spi=19, key_id=130))
    open_s_band = msgspec.structs.replace(S_BAND, telecommand_security=None)
    assert MissionLinks(open_s_band).security == (DOWN,)
