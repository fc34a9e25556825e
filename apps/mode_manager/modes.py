"""The spacecraft's mode machine."""

from __future__ import annotations

import msgspec

from apps.mode_manager.messages import SpacecraftMode
from flightsw.services.modes import ModeMachine, Transition

BOOT, DETUMBLE, SAFE = SpacecraftMode.BOOT, SpacecraftMode.DETUMBLE, SpacecraftMode.SAFE
NOMINAL, IMAGING, DOWNLINK = SpacecraftMode.NOMINAL, SpacecraftMode.IMAGING, SpacecraftMode.DOWNLINK
WORKING = (NOMINAL, IMAGING, DOWNLINK)
STEADY_REFUSAL = "still turning, attitude unknown, or battery low or unknown"


class Conditions(msgspec.Struct, frozen=True):
    """What transitions depend on.

    Attributes:
        attitude_known: the star tracker gives an attitude.
        rate_deg_s: rate of the body.
        damped_below_deg_s: rate under which detumbling is done.
        battery_good: no load is shed, as of lately.
        in_contact: a station sees the spacecraft.
    """

    attitude_known: bool
    rate_deg_s: float
    damped_below_deg_s: float
    battery_good: bool
    in_contact: bool


class SpacecraftModes(ModeMachine[SpacecraftMode]):
    """Boot, detumble, then work between imaging and downlink; safe mode from anywhere."""

    modes = SpacecraftMode
    initial, safe, fault = BOOT, SAFE, SAFE
    transitions = (
        Transition("booted", BOOT, DETUMBLE),
        Transition("damped", DETUMBLE, NOMINAL, "is_steady", STEADY_REFUSAL),
        Transition("recover", (SAFE, IMAGING, DOWNLINK), NOMINAL, "is_steady", STEADY_REFUSAL),
        Transition(
            "image", (NOMINAL, DOWNLINK), IMAGING, "battery_is_good", "loads are shed or the battery is unknown"
        ),
        Transition("imaged", IMAGING, NOMINAL),
        Transition("contact", NOMINAL, DOWNLINK, "is_in_contact", "no station sees the spacecraft"),
        Transition("contact_lost", DOWNLINK, NOMINAL),
        Transition("tumble", (SAFE, *WORKING), DETUMBLE),
        Transition("protect", (BOOT, DETUMBLE, *WORKING), SAFE),
    )

    def is_steady(self, conditions: Conditions) -> bool:
        """Attitude known, hardly turning, nothing shed."""
        slow = conditions.rate_deg_s < conditions.damped_below_deg_s
        return conditions.attitude_known and slow and conditions.battery_good

    def battery_is_good(self, conditions: Conditions) -> bool:
        """Nothing shed."""
        return conditions.battery_good

    def is_in_contact(self, conditions: Conditions) -> bool:
        """A station sees the spacecraft."""
        return conditions.in_contact
