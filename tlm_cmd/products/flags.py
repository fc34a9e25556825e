"""What every product must say about its origin."""

from enum import IntFlag, unique

from tlm_cmd.products.errors import UnknownValueError


@unique
class ProductFlag(IntFlag):
    """Bits of the flag octet; the other bits are reserved and zero."""

    SYNTHETIC_CLOUDS = 0x01
    """Clouds and shadows were added by a simulator: nothing here may be taken for an observation of weather."""


_KNOWN = 0x01


def flags_from(field: str, octet: int) -> ProductFlag:
    """The flags in `octet`.

    Raises:
        UnknownValueError: a reserved bit is set; it names ``field``.
    """
    if octet & ~_KNOWN:
        raise UnknownValueError(field, octet, tuple(range(_KNOWN + 1)))
    return ProductFlag(octet)
