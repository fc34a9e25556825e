"""The chains composed: from a packet to the octets of a link and back, for both ends."""
