"""What goes to the inference worker and what comes back; light enough for the flight process to import."""

import msgspec


class InferenceRequest(msgspec.Struct, frozen=True):
    """One image to be looked at."""

    image: bytes
    """An image file (`tlm_cmd.products.image_file`)."""
    model_id: str
    variant: str


class InferenceResult(msgspec.Struct, frozen=True, kw_only=True):
    """What was seen in one image."""

    target_id: int
    exposure_index: int
    synthetic_clouds: bool
    """The image was marked so; whatever is made of the result must be marked as well."""
    model_id: str
    model_version: str
    model_sha256: str
    """Of the octets that ran, as hexadecimal digits."""
    variant: str
    height: int
    width: int
    classes: bytes
    """One `MaskClass` per pixel, rows from the top."""
    cloud_fraction: float
    """Share of all pixels, 0 to 1; cloud, shadow and clear add up to 1."""
    shadow_fraction: float
    clear_fraction: float
    green_fraction: float | None
    """Share of the clear pixels with vegetation, 0 to 1; None without a clear pixel."""
    water_fraction: float | None
    """Share of the clear pixels with open water, 0 to 1; None without a clear pixel."""
    cpu_ns: int
    """Processor time really used on this host. It differs from run to run: for reports only, never for decisions."""
    cached: bool
    """Answered from memory, without running the network."""
