"""The quantities that a spacecraft's file gives, each with the values that it can have.

Whatever flies in Earth orbit, from a picosatellite to a truck, is far inside; a slip of the exponent, an infinity or a
NaN is not. So every model begins with numbers that it can compute with.
"""

from typing import Annotated

from msgspec import Meta

Name = Annotated[str, Meta(min_length=1, max_length=64)]
"""What something is called."""

Fraction = Annotated[float, Meta(ge=0.0, le=1.0)]
PositiveFraction = Annotated[float, Meta(gt=0.0, le=1.0)]

Seconds = Annotated[float, Meta(ge=0.0, le=1.0e6)]
PositiveSeconds = Annotated[float, Meta(gt=0.0, le=1.0e6)]

Watts = Annotated[float, Meta(ge=0.0, le=10_000.0)]
PositiveWatts = Annotated[float, Meta(gt=0.0, le=10_000.0)]
"""Up to what an EPS can report (`flightsw.devices.eps.EpsStatus`)."""

BusVolts = Annotated[float, Meta(gt=0.0, le=100.0)]
"""Up to what an EPS can report."""
CellVolts = Annotated[float, Meta(gt=0.0, le=10.0)]
VoltsPerKelvin = Annotated[float, Meta(ge=-0.01, le=0.01)]
Amperes = Annotated[float, Meta(gt=0.0, le=1000.0)]
AmpereHours = Annotated[float, Meta(gt=0.0, le=10_000.0)]
Ohms = Annotated[float, Meta(gt=0.0, le=100.0)]
ActivationKelvins = Annotated[float, Meta(ge=0.0, le=10_000.0)]
"""Activation energy over the gas constant; lithium cells have 2000 to 6000 K."""

Celsius = Annotated[float, Meta(ge=-150.0, le=250.0)]
JoulesPerKelvin = Annotated[float, Meta(gt=0.0, le=1.0e8)]
WattsPerKelvin = Annotated[float, Meta(gt=0.0, le=10_000.0)]
SquareMetres = Annotated[float, Meta(gt=0.0, le=1000.0)]

Component = Annotated[float, Meta(ge=-1000.0, le=1000.0)]
Direction = tuple[Component, Component, Component]
"""A vector of any length but none."""

KilogramSquareMetres = Annotated[float, Meta(ge=1.0e-6, le=1.0e7)]
TorqueLimit = Annotated[float, Meta(gt=0.0, le=10.0)]
"""Newton metres about one axis, up to what can be commanded (`flightsw.devices.attitude_control.TorqueCommand`)."""
DisturbanceTorque = Annotated[float, Meta(ge=-0.1, le=0.1)]
"""Newton metres; drag and residual dipoles give a thousandth of it at most."""
WattsPerNewtonMetre = Annotated[float, Meta(ge=0.0, le=1.0e6)]

Degrees = Annotated[float, Meta(ge=0.0, le=180.0)]
PositiveDegrees = Annotated[float, Meta(gt=0.0, le=180.0)]
DegreesPerSecond = Annotated[float, Meta(ge=0.0, le=360.0)]
PositiveDegreesPerSecond = Annotated[float, Meta(gt=0.0, le=360.0)]
ArcSeconds = Annotated[float, Meta(ge=0.0, le=648_000.0)]
Metres = Annotated[float, Meta(ge=0.0, le=1.0e6)]
MetresPerSecond = Annotated[float, Meta(ge=0.0, le=10_000.0)]

Octets = Annotated[int, Meta(ge=1, le=2**30)]
"""Bound of a queue."""
MemoryOctets = Annotated[int, Meta(ge=1, le=2**44)]
Count = Annotated[int, Meta(ge=1, le=2**20)]
BitsPerSecond = Annotated[int, Meta(ge=1, le=2**32 - 1)]
