import pytest

from bus_sim.errors import ParameterError, UnknownNameError
from bus_sim.power.distribution import Distribution, DistributionParameters, LineParameters, TierParameters

BUS_V = 28.0


class Device:
    """A load that remembers whether it has power."""

    def __init__(self, power_w: float) -> None:
        self.power_w = power_w
        self.on = False

    def demand_w(self) -> float:
        """Its power when on."""
        return self.power_w if self.on else 0.0

    def set_power(self, *, on: bool) -> None:
        """Follow the line."""
        self.on = on


LINES = (
    LineParameters("computer", "structure", limit_a=0.5, retriggerable=True, initially_on=True),
    LineParameters("camera", "structure", limit_a=0.5),
    LineParameters("board", "structure", limit_a=1.0, trip_time_s=2.5),
)
TIERS = (
    TierParameters(below_v=25.6, recovered_v=28.0, hold_s=2.0, lines=("camera", "board")),
    TierParameters(below_v=24.0, recovered_v=26.4, hold_s=2.0, lines=("computer", "camera", "board")),
)


def unit_of(lines: tuple[LineParameters, ...] = LINES, tiers: tuple[TierParameters, ...] = TIERS) -> Distribution:
    """A distribution unit with these lines and tiers."""
    parameters = DistributionParameters(
        "structure", efficiency=0.9, quiescent_w=0.5, mppt_efficiency=0.95, restart_v=26.4, lines=lines, tiers=tiers
    )
    return Distribution(parameters)


@pytest.fixture
def devices() -> tuple[Device, Device, Device]:
    """A device for every line."""
    return Device(4.0), Device(6.0), Device(20.0)


@pytest.fixture
def unit(devices: tuple[Device, Device, Device]) -> Distribution:
    """The unit with its devices connected."""
    unit = unit_of()
    for line, device in zip(unit.line_names, devices, strict=True):
        unit.connect(line, device)
    return unit


def test_connecting_tells_the_device_whether_it_has_power(
    unit: Distribution, devices: tuple[Device, Device, Device]
) -> None:
    """Only what is initially on gets power."""
    assert unit.state.lines[0].closed
    assert [device.on for device in devices] == [True, False, False]


def test_power_follows_the_devices_own_state(unit: Distribution, devices: tuple[Device, Device, Device]) -> None:
    """A line draws what its device asks for now; the bus side carries the converter's losses too."""
    assert unit.switch(1, on=True)
    assert unit.draw(BUS_V, 1.0) == pytest.approx(10.0)
    assert unit.state.lines[1].power_w == 6.0
    assert unit.state.lines[1].current_a == pytest.approx(6.0 / 0.9 / BUS_V)
    devices[1].power_w = 1.5
    assert unit.draw(BUS_V, 1.0) == pytest.approx(5.5)
    unit.switch(1, on=False)
    assert not devices[1].on
    assert unit.draw(BUS_V, 1.0) == pytest.approx(4.0)
    assert unit.state.lines[1].current_a == 0.0


def test_two_devices_share_a_line(unit: Distribution) -> None:
    """Their demands add."""
    unit.connect("computer", Device(1.0))
    assert unit.draw(BUS_V, 1.0) == pytest.approx(5.0)


def test_an_overload_trips_within_its_trip_time(unit: Distribution, devices: tuple[Device, Device, Device]) -> None:
    """Ten milliseconds at the limit, then off, latched and counted; the device loses power."""
    unit.switch(1, on=True)
    devices[1].power_w = 100.0
    delivered = unit.draw(BUS_V, 1.0)
    line = unit.state.lines[1]
    assert delivered - 4.0 == pytest.approx(0.5 * BUS_V * 0.9 * 0.01)
    assert (line.closed, line.latched_off, line.trips) == (False, True, 1)
    assert not devices[1].on


def test_a_slow_limiter_holds_the_limit_first(unit: Distribution, devices: tuple[Device, Device, Device]) -> None:
    """With 2.5 s of trip time two steps are limited and the third is cut in its middle."""
    unit.switch(2, on=True)
    devices[2].power_w = 200.0
    limit_w = 1.0 * BUS_V * 0.9
    assert [unit.draw(BUS_V, 1.0) - 4.0 for _ in range(3)] == pytest.approx([limit_w, limit_w, 0.5 * limit_w])
    assert unit.state.lines[2].latched_off


def test_a_short_overload_is_forgiven(unit: Distribution, devices: tuple[Device, Device, Device]) -> None:
    """Time above the limit counts only without a break."""
    unit.switch(2, on=True)
    for power_w in (200.0, 200.0, 20.0, 200.0, 200.0):
        devices[2].power_w = power_w
        unit.draw(BUS_V, 1.0)
    assert unit.state.lines[2].closed


def test_only_a_retrigger_closes_a_latched_line(unit: Distribution, devices: tuple[Device, Device, Device]) -> None:
    """Switching on is refused and counted; retriggering closes, is counted, and on a healthy line only closes."""
    unit.switch(1, on=True)
    devices[1].power_w = 100.0
    unit.draw(BUS_V, 1.0)
    assert not unit.switch(1, on=True)
    assert unit.switch(1, on=False)
    assert unit.state.lines[1].refused == 1
    devices[1].power_w = 6.0
    unit.retrigger(1)
    assert unit.state.lines[1].closed
    assert devices[1].on
    unit.retrigger(2)
    assert unit.state.lines[2].closed
    assert [line.retriggers for line in unit.state.lines] == [0, 1, 0]


def test_a_retriggerable_line_comes_back_by_itself(unit: Distribution, devices: tuple[Device, Device, Device]) -> None:
    """After a trip, or a power cycle by command, it closes at the end of the step."""
    devices[0].power_w = 100.0
    unit.draw(BUS_V, 1.0)
    assert not devices[0].on
    unit.guard(BUS_V, 1.0)
    assert devices[0].on
    unit.switch(0, on=False)
    unit.guard(BUS_V, 1.0)
    assert unit.state.lines[0].closed
    assert unit.state.lines[0].retriggers == 2


def test_undervoltage_opens_tier_by_tier(unit: Distribution, devices: tuple[Device, Device, Device]) -> None:
    """The first tier sheds the payload after its hold time, the second everything; a shorter dip does nothing."""
    unit.switch(1, on=True)
    unit.switch(2, on=True)
    for voltage in (25.0, 25.0, 26.0, 25.0, 25.0):
        unit.guard(voltage, 1.0)
    assert [device.on for device in devices] == [True, True, True]
    unit.guard(25.0, 1.0)
    assert [device.on for device in devices] == [True, False, False]
    for _ in range(3):
        unit.guard(23.5, 1.0)
    assert [device.on for device in devices] == [False, False, False]
    assert [tier.activations for tier in unit.state.tiers] == [1, 1]


def test_recovery_brings_back_only_the_retriggerable(
    unit: Distribution, devices: tuple[Device, Device, Device]
) -> None:
    """Above its recovery voltage a tier lets the computer's line close; the payload waits for a command."""
    unit.switch(1, on=True)
    for _ in range(3):
        unit.guard(23.5, 1.0)
    unit.guard(26.0, 1.0)
    assert not devices[0].on
    unit.guard(26.5, 1.0)
    assert devices[0].on
    assert not devices[1].on
    assert [tier.active for tier in unit.state.tiers] == [True, False]
    unit.guard(28.1, 1.0)
    assert not unit.state.tiers[0].active


def test_a_brown_out_opens_everything_until_restart(unit: Distribution, devices: tuple[Device, Device, Device]) -> None:
    """What the battery cannot carry is not delivered; the computer comes back at the restart voltage."""
    unit.switch(1, on=True)
    unit.draw(BUS_V, 1.0)
    unit.interrupt()
    assert [device.on for device in devices] == [False, False, False]
    assert [line.power_w for line in unit.state.lines] == [0.0, 0.0, 0.0]
    unit.guard(26.0, 1.0)
    assert not devices[0].on
    unit.guard(26.5, 1.0)
    unit.guard(26.5, 1.0)
    assert [device.on for device in devices] == [True, False, False]
    assert unit.state.brownouts == 1


def test_lines_have_numbers_and_names(unit: Distribution) -> None:
    """A name gives its number; an unknown one is an error that lists the known ones."""
    assert unit.number("board") == 2
    with pytest.raises(UnknownNameError, match="no line is named 'oven'; there are: computer, camera, board"):
        unit.number("oven")


def test_contradictions_are_refused() -> None:
    """Names must be unique, and tiers must name lines that exist."""
    with pytest.raises(ParameterError, match="occurs twice"):
        unit_of(lines=(LINES[0], LINES[0]), tiers=())
    with pytest.raises(ParameterError, match="no line is named 'oven'") as caught:
        unit_of(tiers=(TierParameters(25.0, 26.0, 0.0, ("oven",)),))
    assert caught.value.path == "distribution.tiers[0].lines"
