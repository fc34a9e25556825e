"""What is connected to the spacecraft of a run."""

from __future__ import annotations

import argparse

import pytest

from ops_tools.cli import main, parser
from ops_tools.cli_commands.gateway_arguments import gateway_settings
from ops_tools.gateway.address import Address
from ops_tools.gateway.errors import GatewayError
from ops_tools.gateway.gateway import GatewaySettings, TelemetryTarget


def settings(*arguments: str) -> GatewaySettings | None:
    """What a command line asks for."""
    options: argparse.Namespace = parser().parse_args(["run", *arguments])
    return gateway_settings(options)


def test_without_a_word_nobody_is_connected() -> None:
    """The ground then commands by itself."""
    assert settings() is None


def test_one_word_connects_what_is_usual_on_this_computer_only() -> None:
    """The ports that Yamcs's examples use, and one for the second radio."""
    usual = settings("--gateway")
    assert usual == GatewaySettings(
        telemetry=(
            TelemetryTarget("s_band", Address("127.0.0.1", 10_017)),
            TelemetryTarget("x_band", Address("127.0.0.1", 10_019)),
        ),
        commands=(Address("127.0.0.1", 10_018),),
    )
    assert usual.exposed == ()


def test_each_way_may_be_given_several_times_and_adds_to_the_usual() -> None:
    """Radios are named before an equals sign, the command radio needs no name."""
    found = settings(
        *("--gateway-tm", "localhost:1", "--gateway-tm", "x_band=[::1]:2", "--gateway-tc", "127.0.0.1:0"),
        *("--gateway-tcp", "127.0.0.1:3", "--gateway-tcp", "127.0.0.1:4"),
    )
    assert found == GatewaySettings(
        telemetry=(TelemetryTarget("s_band", Address("localhost", 1)), TelemetryTarget("x_band", Address("::1", 2))),
        commands=(Address("127.0.0.1", 0),),
        streams=(Address("127.0.0.1", 3), Address("127.0.0.1", 4)),
    )
    more = settings("--gateway", "--gateway-tc", "127.0.0.1:5")
    assert more is not None
    assert [address.port for address in more.commands] == [10_018, 5]


@pytest.mark.parametrize("text", ["", "host", ":1", "host:", "host:65536", "host:-1", "host:\u0661", "=host:1"])
def test_what_is_no_address_is_refused(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Before anything is started."""
    with pytest.raises(SystemExit):
        settings("--gateway-tm", text)
    assert "--gateway-tm" in capsys.readouterr().err


def test_a_scenario_and_a_gateway_exclude_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    """Both would command the spacecraft."""
    assert main(["run", "--gateway", "--scenario", "none.toml"]) == 2
    assert "choose" in capsys.readouterr().err


def test_the_gateway_protects_commands_if_it_is_told_to() -> None:
    """Not by itself; and to say so without a gateway is a mistake."""
    usual, protecting = settings("--gateway"), settings("--gateway", "--gateway-protects")
    assert usual is not None
    assert protecting is not None
    assert (usual.protects, protecting.protects) == (False, True)
    with pytest.raises(GatewayError, match="--gateway-protects"):
        settings("--gateway-protects")
