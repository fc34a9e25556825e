"""The room that a frame leaves for data link security (CCSDS 355.0-B-2), whatever fills it.

A frame is a header, a data field and a trailer. Security puts a header of its own in front of the data and a trailer
behind them, may encrypt the data, and authenticates them together with the octets of the frame that come first:
primary header, secondary header or insert zone, and segment header. What follows, the operational control field and
the error control field, is no business of it; the error control is computed over what security has made.
"""

from collections.abc import Callable

from tlm_cmd.errors import LengthMismatchError

Protect = Callable[[bytes, bytes], bytes]
"""Takes the octets of a frame before the security header, and the data; returns what stands in the frame instead of
the data: security header, data and security trailer."""

Process = Callable[[bytes, bytes], bytes]
"""The way back: takes the octets before the security header, and all that stands between them and the trailer of the
frame; returns the data, or raises a `tlm_cmd.errors.ProtocolError` if they are not to be believed."""


def protected(protect: Protect, header: bytes, data: bytes, security_octets: int) -> bytes:
    """Return data as ``protect`` makes them, which must be longer by exactly ``security_octets``.

    Raises:
        LengthMismatchError: they are of another length: the frame would have the wrong one, or contradict its header.
    """
    field = protect(header, data)
    if len(field) != len(data) + security_octets:
        raise LengthMismatchError("protected frame data", len(data) + security_octets, len(field))
    return field
