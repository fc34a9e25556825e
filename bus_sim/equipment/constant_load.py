"""Equipment whose draw does not depend on what it does, such as the on-board computer."""

import msgspec


class ConstantLoadState(msgspec.Struct):
    """Memory: whether the line is closed."""

    powered: bool = False


class ConstantLoad:
    """Draws ``power_w`` whenever it has power."""

    def __init__(self, power_w: float) -> None:
        self.power_w = power_w
        self.state = ConstantLoadState()

    def demand_w(self) -> float:
        """Power drawn [W]."""
        return self.power_w if self.state.powered else 0.0

    def set_power(self, *, on: bool) -> None:
        """The line closed or opened."""
        self.state.powered = on
