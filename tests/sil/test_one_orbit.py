"""The reference scenario: boot, images, inference, contact, products, eclipse."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ops_tools.sil.report.records import Verdict
from ops_tools.sil.report.render import render

if TYPE_CHECKING:
    from tests.sil.conftest import FlownOrbit

pytestmark = pytest.mark.xdist_group("one_orbit")


def test_the_scenario_passes(one_orbit: FlownOrbit) -> None:
    """Every expectation of the scenario holds."""
    assert one_orbit.result.verdict is Verdict.PASS, one_orbit.result.verdict_reason


def test_every_command_gets_the_verdict_it_should(one_orbit: FlownOrbit) -> None:
    """At least eight commands, one invalid and one hazardous among them, each with the verdict the scenario demands."""
    commands = one_orbit.result.commands
    assert len(commands) >= 8
    assert [command.verdict for command in commands] == [command.expected for command in commands]
    assert any(command.hazardous and command.verdict == "completed" for command in commands)
    assert any(
        command.forced and command.verdict == "rejected" and command.code == "BAD_ARGUMENT" for command in commands
    )
    assert any(command.verdict == "refused_on_ground" for command in commands)


def test_cloudy_scenes_are_discarded_and_products_come_down(one_orbit: FlownOrbit) -> None:
    """Images are taken, some thrown away on board, and masks reach the ground, much smaller than the images."""
    result = one_orbit.result
    assert result.images.discarded >= 1
    assert result.products.files >= 1
    assert result.downlink.sent_bytes < result.downlink.raw_bytes / 100


def test_no_limit_is_broken_and_the_ledger_closes(one_orbit: FlownOrbit) -> None:
    """Battery and temperatures stay within limits; every message is accounted for."""
    assert one_orbit.result.limits.violations == 0
    assert one_orbit.result.ledger.closed
    assert one_orbit.result.ledger.queued == 0


def test_the_report_shows_scene_and_mask_side_by_side(one_orbit: FlownOrbit) -> None:
    """Each product that came down stands in the gallery, and clouds in it are marked as synthetic."""
    gallery = one_orbit.report.gallery
    assert len(gallery) == one_orbit.result.products.files
    assert all(item.clouds_synthetic for item in gallery if item.cloud > 0.02)
    assert any(item.clouds_synthetic for item in gallery)
    page = render(one_orbit.report)
    assert one_orbit.result.trace_hash in page


def test_the_report_has_every_section_filled(one_orbit: FlownOrbit) -> None:
    """Orbit, power, temperatures, modes, jobs, commands, passes, products, events and ledger are all there."""
    report = one_orbit.report
    assert report.orbit is not None
    assert report.power is not None
    assert report.thermal is not None
    assert len(report.thermal.nodes) >= 6
    assert report.compute is not None
    assert report.ledger is not None
    assert report.ledger.closed
    for rows in (report.jobs, report.commands, report.passes, report.products, report.events, report.spacecraft_modes):
        assert rows


def test_the_demo_flies_with_valid_time(one_orbit: FlownOrbit) -> None:
    """In the reference scenario time becomes VALID once, with one jump, and stays so."""
    record = one_orbit.flight.record  # type: ignore[attr-defined]
    texts = [timed.message.describe() for timed in record.events if timed.source == "timekeeping"]
    assert [text for text in texts if text.startswith("time ")] == ["time INVALID -> VALID: tone acquired"]
    assert sum("TAI jumped" in text for text in texts) == 1
